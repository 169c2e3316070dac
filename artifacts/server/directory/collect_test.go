package directory_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/directory"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// A clock that the test puts forward. Files get their times from it too, as far
// as the registry sets them.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time       { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) pass(d time.Duration) { c.ahead.Add(int64(d)) }

func collectIn(t *testing.T, d *directory.Directory, o directory.CollectOptions) directory.Collection {
	t.Helper()
	got, err := d.Collect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestCollect deletes versions that share files, and has what is left of them
// collected once they can no longer be restored.
func TestCollect(t *testing.T) {
	c := &clock{}
	d := open(t, t.TempDir(), directory.Options{Clock: c.now})
	a := log(t, d, "train", map[string]string{"shared": "both have it", "own": "a's own"})
	log(t, d, "test", map[string]string{"shared": "both have it"})
	pending, err := d.Metadata.CreateArtifact(t.Context(), metadata.NewArtifact{Entity: "local", Project: "vision", Type: "dataset", Sequence: "never", Digest: "d"})
	if err != nil {
		t.Fatal(err)
	}
	half := put(t, d, []byte("an upload that ends here"))
	if err := d.Metadata.RecordFile(t.Context(), metadata.StoredFile{ArtifactID: pending.ID, Digest: "x", MD5: "x", Key: half, Size: 24}); err != nil {
		t.Fatal(err)
	}
	orphan := put(t, d, []byte("nobody knows of this"))
	if _, err := d.Metadata.DeleteArtifact(t.Context(), a.ID, true); err != nil {
		t.Fatal(err)
	}

	o := directory.CollectOptions{Clock: c.now}
	if got := collectIn(t, d, o); got.Versions+got.Blobs+got.Uploads != 0 || len(got.Text()) != 0 {
		t.Errorf("at once: %+v", got)
	}
	c.pass(2 * time.Hour)
	if got := collectIn(t, d, o); got.Blobs != 1 || got.Bytes != 20 {
		t.Errorf("after two hours: %+v", got)
	}
	if _, err := d.Blobs.Stat(t.Context(), orphan); err == nil {
		t.Error("the orphan is still there")
	}
	c.pass(8 * 24 * time.Hour)
	before := files(t, d.Path)
	dry := o
	dry.DryRun = true
	would := collectIn(t, d, dry)
	for name, was := range files(t, d.Path) {
		if !strings.HasPrefix(name, "/metadata.db") && before[name] != was {
			t.Errorf("a dry run changed %s", name)
		}
	}
	got := collectIn(t, d, o)
	would.DryRun, would.RestorableSince = false, got.RestorableSince
	if got != would {
		t.Errorf("collected %+v, announced %+v", got, would)
	}
	if got.Versions != 1 || got.Uploads != 1 || got.Blobs != 3 || got.Bytes < 31 {
		t.Errorf("after eight days: %+v\n%s", got, strings.Join(got.Text(), "\n"))
	}
	if text, err := json.Marshal(got); err != nil || !strings.Contains(string(text), `"versions":1,`) || !strings.Contains(string(text), `"dry_run":false`) {
		t.Errorf("as JSON: %s, %v", text, err)
	}
	r := check(t, d.Path, directory.CheckOptions{Deep: true})
	if len(r.Problems) > 0 || r.Versions != 1 || r.FreeBytes != 0 {
		t.Errorf("afterwards: %+v", r)
	}
	if again := collectIn(t, d, o); again.Blobs+again.Versions != 0 {
		t.Errorf("again: %+v", again)
	}
}

// TestCollectBeside has two processes' worth of registries on one directory: one
// collects, the other goes on as if nothing had been.
func TestCollectBeside(t *testing.T) {
	c := &clock{}
	path := t.TempDir()
	d, other := open(t, path, directory.Options{Clock: c.now}), open(t, path, directory.Options{Clock: c.now})
	v := log(t, d, "train", map[string]string{"f": "bytes"})
	if _, err := d.Metadata.DeleteArtifact(t.Context(), v.ID, true); err != nil {
		t.Fatal(err)
	}
	c.pass(30 * 24 * time.Hour)
	if got := collectIn(t, other, directory.CollectOptions{Clock: c.now}); got.Versions != 1 {
		t.Errorf("collected %+v", got)
	}
	// The same bytes again are as good as new.
	again := log(t, d, "train", map[string]string{"f": "bytes"})
	if *again.VersionIndex != 1 {
		t.Errorf("it is v%d", *again.VersionIndex)
	}
	if r := check(t, path, directory.CheckOptions{Deep: true}); r.Errors() > 0 || r.Versions != 1 {
		t.Errorf("the report is %+v", r)
	}
	if _, err := os.Stat(filepath.Join(path, "blobs", "collect.lock")); err != nil {
		t.Error(err)
	}
}
