package artifacts_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

// TestRestore deletes a version for a reason, finds it among the deleted, and
// has it back: what is downloaded then is what was logged.
func TestRestore(t *testing.T) {
	b := newBench(t)
	ctx := artifacts.WithReason(artifacts.WithActor(t.Context(), artifacts.AgentActor), "zu groß: 90 % zu viel")
	a := b.log("pets", map[string]string{"cat.txt": "meow", "dog.txt": "woof"})
	if err := a.Delete(ctx, artifacts.DeleteOptions{DeleteAliases: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.client.Artifact(t.Context(), "pets:v0"); !errors.Is(err, artifacts.ErrNotFound) {
		t.Errorf("deleted, it is %v", err)
	}
	list := b.client.ArtifactDeletions("", "", &artifacts.DeletionsOptions{Collection: "pets"})
	n, err := list.Len(t.Context())
	if err != nil || n != 1 {
		t.Fatalf("%d deletions, %v", n, err)
	}
	d, err := list.At(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if d.QualifiedName() != b.Username+"/vision/pets:v0" || d.Kind != artifacts.VersionDeletion || d.Username != b.Username || d.Actor != artifacts.AgentActor ||
		d.Reason != "zu groß: 90 % zu viel" || d.Expired || d.Size != 8 || d.RestoredAt != nil || time.Since(d.DeletedAt) > time.Hour {
		t.Errorf("the deletion is %+v", d)
	}
	got, err := d.Restore(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.Versions != 1 || strings.Join(got.Aliases, " ") != "pets:latest" || len(got.Kept) > 0 || d.RestoredAt == nil {
		t.Errorf("restored: %+v", got)
	}
	back, err := b.client.Artifact(t.Context(), "pets:latest")
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(t.TempDir(), "copy")
	if _, err := back.Download(t.Context(), &artifacts.DownloadOptions{Root: root}); err != nil {
		t.Fatal(err)
	}
	if report, err := back.Verify(t.Context(), root, nil); err != nil || !report.OK() || report.Files != 2 {
		t.Errorf("verify: %+v, %v", report, err)
	}
	again, err := b.client.ArtifactDeletion(t.Context(), d.ID)
	if err != nil || again.RestoredAt == nil {
		t.Errorf("asked for by its id: %+v, %v", again, err)
	}
	for entry, err := range b.client.AuditLog("", &artifacts.AuditOptions{Subject: b.Username + "/vision/pets", Operation: "deleteArtifact", Since: time.Now().Add(-time.Hour)}).All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if entry.Reason != "zu groß: 90 % zu viel" || entry.Actor != artifacts.AgentActor || entry.Subject != b.Username+"/vision/pets:v0" {
			t.Errorf("the audit log says %+v", entry)
		}
	}
}

// TestMoveAlias promotes versions, and asks afterwards who did.
func TestMoveAlias(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	v0, v1 := b.log("net", map[string]string{"w": "0"}), b.log("net", map[string]string{"w": "1"})
	moved, err := v0.MoveAlias(artifacts.WithReason(ctx, "the first"), "production", artifacts.NoVersion)
	if err != nil || !moved.Atomic || moved.From != artifacts.NoVersion {
		t.Fatalf("moved: %+v, %v", moved, err)
	}
	before := time.Now()
	if moved, err = v1.MoveAlias(ctx, "production", "v0"); err != nil || moved.From != "v0" {
		t.Fatalf("moved: %+v, %v", moved, err)
	}
	if moved, err = v1.MoveAlias(ctx, "production", "v0"); err != nil || moved.From != "v1" {
		t.Errorf("there already: %+v, %v", moved, err)
	}
	_, err = v0.MoveAlias(ctx, "production", artifacts.NoVersion)
	if !errors.Is(err, artifacts.ErrConflict) || !strings.Contains(err.Error(), "on v1") || !strings.Contains(err.Error(), b.Username) {
		t.Errorf("from elsewhere: %v", err)
	}
	if _, err = v0.MoveAlias(ctx, "production", "latest"); !errors.Is(err, artifacts.ErrInvalid) {
		t.Errorf("expected nonsense: %v", err)
	}
	var story []string
	for m, err := range b.client.AliasMoves("", "", "net", &artifacts.AliasMovesOptions{Alias: "production", PerPage: 1}).All(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		story = append(story, m.From+">"+m.To+" "+m.Reason)
	}
	if got := strings.Join(story, "|"); got != "v0>v1 |>v0 the first" {
		t.Errorf("the moves are %q", got)
	}
	at, err := b.client.AliasAt(ctx, "", "", "net", "production", before)
	if err != nil || !at.Known || at.Version != "v0" || !at.There || at.Move.Reason != "the first" {
		t.Errorf("before the last move it was %+v, %v", at, err)
	}
	if at, err = b.client.AliasAt(ctx, "", "", "net", "production", before.Add(-time.Hour)); err != nil || !at.Known || at.Version != "" || at.Move != nil {
		t.Errorf("at the beginning it was %+v, %v", at, err)
	}
	if _, err := b.client.AliasAt(ctx, "", "", "nets", "production", before); !errors.Is(err, artifacts.ErrNotFound) {
		t.Errorf("of no collection: %v", err)
	}
}

// plain is a server without this registry's own features, as W&B's are.
type plain struct{ next http.RoundTripper }

func (p plain) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var q struct{ OperationName string }
	if err := json.Unmarshal(body, &q); err == nil && q.OperationName == "ServerFeaturesQuery" {
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(`{"data":{"serverInfo":{"features":[]}}}`))}, nil
	}
	if strings.Contains(string(body), "expectedVersion") {
		return nil, errors.New("W&B's servers do not know expectedVersion")
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	return p.next.RoundTrip(r)
}

// TestOnOtherServers holds that what only this registry has is said to be
// missing elsewhere, and that an alias moves there all the same.
func TestOnOtherServers(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	b.log("net", map[string]string{"w": "0"})
	b.log("net", map[string]string{"w": "1"})
	c := b.newClient(func(cfg *artifacts.Config) { cfg.Transport = plain{http.DefaultTransport} })
	v0, err := c.Artifact(ctx, "net:v0")
	if err != nil {
		t.Fatal(err)
	}
	_, _, deletions := c.ArtifactDeletions("", "", nil).Page(ctx)
	_, _, moves := c.AliasMoves("", "", "net", nil).Page(ctx)
	_, _, audit := c.AuditLog("", nil).Page(ctx)
	_, at := c.AliasAt(ctx, "", "", "net", "latest", time.Now())
	_, freed := c.BytesFreed(ctx, []*artifacts.Artifact{v0})
	for what, err := range map[string]error{"deletions": deletions, "moves": moves, "audit log": audit, "alias at": at, "bytes freed": freed, "ttl": c.SetEntityTTL(ctx, b.Username, nil)} {
		if !errors.Is(err, artifacts.ErrUnsupported) || !strings.Contains(err.Error(), "W&B") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := v0.MoveAlias(ctx, "production", "v1"); !errors.Is(err, artifacts.ErrConflict) || !strings.Contains(err.Error(), "none") {
		t.Errorf("expected elsewhere: %v", err)
	}
	moved, err := v0.MoveAlias(ctx, "production", artifacts.NoVersion)
	if err != nil || moved.Atomic {
		t.Errorf("moved: %+v, %v", moved, err)
	}
}

// TestBytesFreed asks what deleting versions that share files would free.
func TestBytesFreed(t *testing.T) {
	b := newBench(t)
	v0 := b.log("pets", map[string]string{"shared": "12345678", "own": "123"})
	v1 := b.log("pets", map[string]string{"shared": "12345678", "other": "1234"})
	for want, versions := range map[int64][]*artifacts.Artifact{3: {v0.Artifact}, 4: {v1.Artifact}, 15: {v0.Artifact, v1.Artifact}} {
		if n, err := b.client.BytesFreed(t.Context(), versions); err != nil || n != want {
			t.Errorf("%d bytes are freed by %d versions (%v), want %d", n, len(versions), err, want)
		}
	}
	day := 24 * time.Hour
	if err := b.client.SetEntityTTL(t.Context(), b.Username, &day); err != nil {
		t.Fatal(err)
	}
	again, err := b.client.Artifact(t.Context(), "pets:v0")
	if err != nil || again.TTL == nil || *again.TTL != day || !again.TTLIsInherited {
		t.Errorf("it inherits %v (%v), %v", again.TTL, again.TTLIsInherited, err)
	}
}
