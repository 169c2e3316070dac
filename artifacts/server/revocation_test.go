package server_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
	"github.com/reliquary/reliquary/artifacts/server/transfer"
)

// A movingClock stands still until it is moved.
type movingClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *movingClock) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *movingClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Mia has addresses of files in her pocket when her rights change. What they
// are good for changes with them, within the time that is stated.
func TestRevocation(t *testing.T) {
	clock := &movingClock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	c := newCommunity(t, servertest.WithOptions(func(o *server.Options) { o.Clock = clock.time }))
	store, ctx := c.r.Metadata, t.Context()
	mia := writer{t: t, url: c.r.URL, key: c.keys[member], entity: "secret-team", name: "secret-project"}

	var file, manifest, runFile string
	p := must(t, c.r.URL, mia.key, `query Q($id: ID!) { artifact(id: $id) { currentManifest { file { directUrl } } files { edges { node { directUrl } } } } }`, map[string]any{"id": c.version})
	p.into(t, &manifest, "artifact", "currentManifest", "file", "directUrl")
	var files []struct{ Node struct{ DirectURL string } }
	p.into(t, &files, "artifact", "files", "edges")
	file = files[0].Node.DirectURL
	var runFiles []struct {
		Node struct{ DirectURL, URL string }
	}
	must(t, c.r.URL, mia.key, `{ project(name: "secret-project", entityName: "secret-team") { run(name: "secret-run") { files { edges { node { directUrl url(upload: true) } } } } } }`, nil).
		into(t, &runFiles, "project", "run", "files", "edges")
	runFile = runFiles[0].Node.DirectURL
	pending := mia.create("more", versionDigest("b.txt", "more text"))
	upload := mia.file(pending, "b.txt", "more text")

	check := func(when string, download, store int) {
		t.Helper()
		for what, url := range map[string]string{"file": file, "manifest": manifest, "run's file": runFile} {
			resp := send(t, http.MethodGet, url, "", nil)
			text, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode != download {
				t.Errorf("%s the %s: %d %s, want %d", when, what, resp.StatusCode, text, download)
			}
		}
		if got := put(t, *upload.UploadURL, "more text", upload.UploadHeaders); got != store {
			t.Errorf("%s an upload: %d, want %d", when, got, store)
		}
		if got := put(t, runFiles[0].Node.URL, "secret", nil); got != store {
			t.Errorf("%s an upload of a run's file: %d, want %d", when, got, store)
		}
	}
	asked := func() string {
		t.Helper()
		return string(must(t, c.r.URL, mia.key, `query Q($id: ID!) { artifact(id: $id) { id } }`, map[string]any{"id": c.hidden}).Data)
	}
	become := func(role metadata.Role) {
		t.Helper()
		if err := store.SetMember(ctx, c.team.ID, c.ids[member], role); err != nil {
			t.Fatal(err)
		}
		clock.advance(server.RevocationTime)
	}
	check("as a member", 200, 200)
	become(metadata.ViewerRole)
	check("as a viewer", 200, 403)

	if err := store.RemoveMember(ctx, c.team.ID, c.ids[member]); err != nil {
		t.Fatal(err)
	}
	if got := asked(); got != `{"artifact":null}` {
		t.Errorf("a moment after leaving: %s", got)
	}
	clock.advance(server.RevocationTime)
	check("after leaving", 403, 403)
	resp := send(t, http.MethodGet, file, "", nil)
	text, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if !strings.Contains(string(text), "has lost the right") {
		t.Errorf("the refusal says %s", text)
	}

	become(metadata.MemberRole)
	check("back again", 200, 200)
	// The address is not for whoever else has more rights: it is hers.
	become(metadata.AdminRole)
	check("as an administrator", 200, 200)
	if err := store.RetireUser(ctx, c.ids[member]); err != nil {
		t.Fatal(err)
	}
	clock.advance(server.RevocationTime)
	check("after her keys were taken", 403, 403)

	if err := store.AddKey(ctx, c.ids[member], [32]byte{7}); err != nil {
		t.Fatal(err)
	}
	become(metadata.MemberRole)
	check("with a new key", 200, 200)
	clock.advance(transfer.DefaultDownloadTime)
	check("a day later", 403, 403)
}

// Somebody who may fetch from a registry uses a version of it in a run of their
// own. The run shows it, and the version shows the runs that they may know of.
func TestLineageOfGuests(t *testing.T) {
	c := newCommunity(t)
	vars := map[string]any{"id": c.version}
	newWriter(t, c.r, c.keys[patron], patron, "own")
	must(t, c.r.URL, c.keys[patron], `mutation U($id: ID!) { useArtifact(input: {artifactID: $id, entityName: "`+patron+`", projectName: "own", runName: "run1"}) { artifact { id } } }`, vars)
	const used = `query Q($id: ID!) { artifact(id: $id) { usedBy { totalCount edges { node { name } } } } }`
	for who, want := range map[string]string{
		patron: `{"artifact":{"usedBy":{"totalCount":1,"edges":[{"node":{"name":"run1"}}]}}}`,
		guest:  `{"artifact":{"usedBy":{"totalCount":0,"edges":[]}}}`,
		owner:  `{"artifact":{"usedBy":{"totalCount":2,"edges":[{"node":{"name":"secret-run"}},{"node":{"name":"run1"}}]}}}`,
	} {
		if p := must(t, c.r.URL, c.keys[who], used, vars); string(p.Data) != want {
			t.Errorf("used by, for %s: %s, want %s", who, p.Data, want)
		}
	}
	inputs := `{ project(name: "own", entityName: "` + patron + `") { run(name: "run1") { inputArtifacts { totalCount edges { node { artifactSequence { name project { name } } } } } } } }`
	want := `{"project":{"run":{"inputArtifacts":{"totalCount":1,"edges":[{"node":{"artifactSequence":{"name":"shared-model","project":null}}}]}}}}`
	if p := must(t, c.r.URL, c.keys[patron], inputs, nil); string(p.Data) != want {
		t.Errorf("the run used %s, want %s", p.Data, want)
	}
	// Out of the registry it is out of sight, and out of the count.
	must(t, c.r.URL, c.keys[owner], `mutation U($id: ID!, $p: ID!) { unlinkArtifact(input: {artifactID: $id, artifactPortfolioID: $p}) { success } }`, map[string]any{"id": c.version, "p": c.portfolio})
	if p := must(t, c.r.URL, c.keys[patron], inputs, nil); string(p.Data) != `{"project":{"run":{"inputArtifacts":{"totalCount":0,"edges":[]}}}}` {
		t.Errorf("after unlinking the run used %s", p.Data)
	}
}

// A guest sees what is in a registry and lists its files, but nobody's address
// for them comes with it; the ones that do come say why they are refused.
func TestRestrictedViewer(t *testing.T) {
	c := newCommunity(t)
	p := ask(t, c.r.URL, c.keys[guest], `query Q($id: ID!) { artifact(id: $id) { files { totalCount edges { node { name sizeBytes digest directUrl } } } } }`, map[string]any{"id": c.version})
	var files []struct {
		Node struct{ Name, DirectURL string }
	}
	p.into(t, &files, "artifact", "files", "edges")
	if len(files) != 1 || files[0].Node.Name != "shared.txt" {
		t.Fatalf("the files: %s %v", p.Data, p.Errors)
	}
	address := files[0].Node.DirectURL
	for _, who := range []string{guest, nobody, stranger, patron} {
		resp := send(t, http.MethodGet, address, c.keys[who], nil)
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		want := map[string]int{guest: 403, nobody: 401, stranger: 404, patron: 200}[who]
		if resp.StatusCode != want || who == guest && !strings.Contains(string(text), "may see this") {
			t.Errorf("%q at %s: %d %s, want %d", who, address, resp.StatusCode, text, want)
		}
	}
	for _, q := range []string{
		`mutation L($id: ID!) { linkArtifact(input: {artifactID: $id, artifactPortfolioName: "mine", entityName: "guest", projectName: "own"}) { versionIndex } }`,
		`mutation U($id: ID!) { useArtifact(input: {artifactID: $id, entityName: "guest", projectName: "own", runName: "run1"}) { artifact { id } } }`,
		`mutation U { useArtifactByName(input: {artifactEntityName: "acme", artifactProjectName: "wandb-registry-shared", artifactName: "shared-portfolio:shared", entityName: "guest", projectName: "own", runName: "run1"}) { artifactMembership { id } } }`,
		`query M($id: ID!) { artifact(id: $id) { currentManifest { file { directUrl } } } }`,
	} {
		must(t, c.r.URL, c.keys[guest], upsertRun, map[string]any{"entity": "guest", "project": "own", "name": "run1"})
		if p := ask(t, c.r.URL, c.keys[guest], q, map[string]any{"id": c.version}); p.code() != "DENIED" {
			t.Errorf("%s: %s %v, want DENIED", q, p.Data, p.Errors)
		}
	}
	// Building upon it is another way to its files.
	w := newWriter(t, c.r, c.keys[guest], "guest", "own")
	copied := w.create("copy", versionDigest("shared.txt", "shared text"))
	if n := w.file(copied, "shared.txt", "shared text"); n.UploadURL == nil {
		t.Error("the registry says that it has bytes which the guest may not fetch")
	}
	w.manifest(copied, map[string]string{"shared.txt": c.version}, "shared.txt", "shared text")
	if p := ask(t, c.r.URL, w.key, commitArtifact, map[string]any{"id": copied}); p.code() != "CONFLICT" {
		t.Errorf("a commit with another's file: %s %+v", p.Data, p.Errors)
	}
	if p := ask(t, c.r.URL, w.key, createManifest, map[string]any{"in": map[string]any{
		"artifactID": copied, "baseArtifactID": c.version, "name": "wandb_manifest.incremental.json", "digest": "", "entityName": "guest", "projectName": "own", "runName": "", "type": "INCREMENTAL",
	}}); p.code() != "DENIED" {
		t.Errorf("building upon a version: %s %v", p.Data, p.Errors)
	}
}
