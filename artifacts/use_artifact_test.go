package artifacts_test

import (
	"errors"
	"net/http"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/reliquary/reliquary/artifacts"
)

// used are the ids of the versions that a run used, in order.
func (b *bench) used(run artifacts.RunPath) []string {
	b.t.Helper()
	var ids []string
	for a, err := range b.client.RunArtifacts(run.Entity, run.Project, run.ID, artifacts.Used, nil).All(b.t.Context()) {
		if err != nil {
			b.t.Fatal(err)
		}
		ids = append(ids, a.ID)
	}
	return ids
}

// TestUseArtifactByName_Requests: a version whose files are in the cache costs
// one request to use and to download, and two on servers that cannot look it up
// and record it at once; by its id it is one on all.
func TestUseArtifactByName_Requests(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	run, err := b.client.NewRun(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, text := range []string{"0", "1", "2"} {
		a := b.logDraft(b.draft("pets", map[string]string{"a": text}), &artifacts.LogOptions{FillCache: true})
		ids = append(ids, a.ID)
	}
	for _, server := range []struct {
		name string
		road http.RoundTripper
		want []string
	}{
		{"this", http.DefaultTransport, []string{"UseArtifactByName"}},
		{"another", plain{http.DefaultTransport}, []string{"ArtifactMembershipByName", "UseArtifact"}},
	} {
		t.Run(server.name, func(t *testing.T) {
			count := &road{next: server.road}
			c := b.newClient(func(cfg *artifacts.Config) { cfg.Transport = count })
			if _, err := c.Artifact(ctx, "pets:v0"); err != nil {
				t.Fatal(err)
			}
			if _, err := c.ServerFeatures(ctx); err != nil {
				t.Fatal(err)
			}
			count.took()
			for name, want := range map[string]struct {
				id   string
				took []string
			}{
				"pets:v0":                      {ids[0], server.want},
				"pets":                         {ids[2], server.want},
				b.Username + "/vision/pets:v1": {ids[1], server.want},
				ids[1]:                         {ids[1], []string{"UseArtifact"}},
			} {
				a, err := c.UseArtifactByName(ctx, run, name)
				if err != nil || a.ID != want.id {
					t.Fatalf("%s: %+v, %v", name, a, err)
				}
				res, err := a.Download(ctx, &artifacts.DownloadOptions{Root: filepath.Join(t.TempDir(), "new")})
				if err != nil || res.FromCache != 1 {
					t.Fatalf("%s: %+v, %v", name, res, err)
				}
				if took := count.took(); !slices.Equal(took, want.took) {
					t.Errorf("%s took %q, want %q", name, took, want.took)
				}
				// What it gives is what Artifact gives.
				same, err := c.Artifact(ctx, name)
				if err != nil || !reflect.DeepEqual(asJSON(t, a), asJSON(t, same)) {
					t.Errorf("%s: %+v, and found alone %+v, %v", name, a, same, err)
				}
				count.took()
			}
		})
	}
	got := b.used(run)
	slices.Sort(got)
	slices.Sort(ids)
	if !slices.Equal(got, ids) {
		t.Errorf("%q were used, want %q", got, ids)
	}
}

// TestUseArtifactByName_Changes: an alias that was moved, and a version that was
// deleted, are noticed although everything is on this computer; and what cannot
// be used is not on record.
func TestUseArtifactByName_Changes(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	logged := func(text string) *artifacts.LoggedArtifact {
		return b.logDraft(b.draft("pets", map[string]string{"a": text}), &artifacts.LogOptions{FillCache: true})
	}
	v0, v1 := logged("0"), logged("1")
	for name, transport := range map[string]http.RoundTripper{"this": http.DefaultTransport, "another": plain{http.DefaultTransport}} {
		t.Run(name, func(t *testing.T) {
			c := b.newClient(func(cfg *artifacts.Config) { cfg.Transport = transport })
			run, err := c.NewRun(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			use := func(path, want string) {
				t.Helper()
				if a, err := c.UseArtifactByName(ctx, run, path); err != nil || a.ID != want {
					t.Fatalf("%s: %+v, %v", path, a, err)
				}
			}
			move := func(to *artifacts.Artifact) {
				t.Helper()
				if _, err := to.MoveAlias(ctx, "best", ""); err != nil {
					t.Fatal(err)
				}
			}
			gone := logged("gone " + name)
			move(v0.Artifact)
			use("pets:best", v0.ID)
			move(v1.Artifact)
			use("pets:best", v1.ID)
			if err := gone.Delete(ctx, artifacts.DeleteOptions{DeleteAliases: true}); err != nil {
				t.Fatal(err)
			}
			other := artifacts.RunPath{Entity: run.Entity, Project: run.Project, ID: "nosuchrun"}
			for _, bad := range []struct {
				run  artifacts.RunPath
				path string
				want error
			}{
				{run, gone.Name(), artifacts.ErrNotFound},
				{run, gone.ID, artifacts.ErrNotFound},
				{run, "pets:v99", artifacts.ErrNotFound},
				{run, "nothing:v0", artifacts.ErrNotFound},
				{run, "none/such/pets:v0", artifacts.ErrNotFound},
				{run, "a:", artifacts.ErrInvalid},
				{other, "pets:v0", artifacts.ErrNotFound},
				{other, v0.ID, artifacts.ErrNotFound},
			} {
				if a, err := c.UseArtifactByName(ctx, bad.run, bad.path); a != nil || !errors.Is(err, bad.want) {
					t.Errorf("%s by %s: %+v, %v, want %v", bad.path, bad.run, a, err, bad.want)
				}
			}
			// The words are those of a look-up alone.
			_, want := c.Artifact(ctx, "pets:v99")
			if _, err := c.UseArtifactByName(ctx, run, "pets:v99"); err == nil || err.Error() != want.Error() {
				t.Errorf("%v, want %v", err, want)
			}
			if got := b.used(run); !slices.Equal(got, []string{v0.ID, v1.ID}) {
				t.Errorf("%q were used, want v0 and v1", got)
			}
		})
	}
}

// TestUseArtifactByName_Denied: what this API key may not do any more is an
// error, whatever is in the cache.
func TestUseArtifactByName_Denied(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	b.logDraft(b.draft("pets", map[string]string{"a": "a"}), &artifacts.LogOptions{FillCache: true})
	run, err := b.client.NewRun(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := b.newClient(func(cfg *artifacts.Config) { cfg.APIKey = b.AddUser(t, "mallory") })
	if a, err := c.UseArtifactByName(ctx, run, b.Username+"/vision/pets:v0"); a != nil || !errors.Is(err, artifacts.ErrNotFound) {
		t.Errorf("a stranger got %+v, %v", a, err)
	}
	own, err := c.NewRun(ctx, &artifacts.RunOptions{Entity: "mallory", Project: "own"})
	if err != nil {
		t.Fatal(err)
	}
	if a, err := c.UseArtifactByName(ctx, own, b.Username+"/vision/pets:v0"); a != nil || !errors.Is(err, artifacts.ErrNotFound) {
		t.Errorf("a stranger's run got %+v, %v", a, err)
	}
	if got := b.used(run); len(got) != 0 {
		t.Errorf("%q were used", got)
	}
}
