package artifacts_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/server"
)

// TestLog_Options: what LogOptions say.
func TestLog_Options(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	fsys := fstest.MapFS{"x/y": {Data: []byte("1")}, "z": {Data: []byte(noise(3, 100_000))}}
	newDraft := func(fsys fs.FS) *artifacts.Draft {
		t.Helper()
		d, err := artifacts.NewArtifact("dataset", "options")
		if err == nil {
			err = d.AddFS(fsys, "in", nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if _, err := b.client.NewRun(ctx, nil); err != nil { // makes the project
		t.Fatal(err)
	}
	a := b.logDraft(newDraft(fsys), &artifacts.LogOptions{WithoutRun: true})
	if run, err := a.LoggedBy(ctx); err != nil || run != nil || a.Run.ID != "" {
		t.Errorf("without a run: %v, %v, %v", run, a.Run, err)
	}
	root := t.TempDir()
	if _, err := a.Download(ctx, &artifacts.DownloadOptions{Root: root, Durable: true}); err != nil || !sameFiles(t, root, map[string]string{"in/x/y": "1", "in/z": noise(3, 100_000)}) {
		t.Error(err)
	}

	d := newDraft(fsys)
	if err := d.AddFS(fsys, "in", nil); !errors.Is(err, artifacts.ErrConflict) { // nobody can tell that it is the same
		t.Errorf("the same file system twice: %v", err)
	}
	if err := errors.Join(d.AddBytes("note.txt", []byte("in memory")), d.AddBytes("none", nil)); err != nil {
		t.Fatal(err)
	}
	root = t.TempDir()
	if _, err := b.logDraft(d, nil).Download(ctx, &artifacts.DownloadOptions{Root: root, Paths: []string{"note.txt", "none"}}); err != nil || !sameFiles(t, root, map[string]string{"note.txt": "in memory", "none": ""}) {
		t.Error(err)
	}

	run, err := b.client.NewRun(ctx, &artifacts.RunOptions{ID: "mine"})
	if err != nil {
		t.Fatal(err)
	}
	step := int64(7)
	fsys["z"] = &fstest.MapFile{Data: []byte("2")}
	d = newDraft(fsys)
	d.TTL = artifacts.KeepForever
	a = b.logDraft(d, &artifacts.LogOptions{Run: run.ID, HistoryStep: &step})
	if by, err := a.LoggedBy(ctx); err != nil || by == nil || *by != run || a.HistoryStep == nil || *a.HistoryStep != 7 || a.TTL != nil {
		t.Errorf("by a run: %v, %+v, %v", by, a.Artifact, err)
	}

	// What was sent is in the cache, if that is wanted.
	files := map[string]string{"a": noise(4, 50_000), "b": "b"}
	a = b.logDraft(b.draft("options", files), &artifacts.LogOptions{FillCache: true})
	b.road.took()
	root = t.TempDir()
	res, err := a.Download(ctx, &artifacts.DownloadOptions{Root: root})
	if took := b.road.took(); err != nil || res.FromCache != 2 || len(took) != 0 || !sameFiles(t, root, files) {
		t.Errorf("cache filled: %+v, asked %q, %v", res, took, err)
	}
}

// TestAskedAgain: many versions that are on disk cost a few requests, not some
// for each.
func TestAskedAgain(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	run, err := b.client.NewRun(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	var names, roots []string
	for i := range 40 {
		a := b.logDraft(b.draft("many", map[string]string{"f": fmt.Sprint(i)}), &artifacts.LogOptions{WithoutRun: true})
		root := t.TempDir()
		if _, err := a.Download(ctx, &artifacts.DownloadOptions{Root: root}); err != nil {
			t.Fatal(err)
		}
		names, roots = append(names, a.QualifiedName()), append(roots, root)
	}
	// A new program, with nothing in its memory.
	c := b.newClient(func(cfg *artifacts.Config) { cfg.Transport = b.road })
	b.road.took()
	found, err := c.FindArtifacts(ctx, names)
	if err != nil {
		t.Fatal(err)
	}
	var versions []*artifacts.Artifact
	for i, l := range found {
		if l.Err != nil {
			t.Fatal(l.Err)
		}
		versions = append(versions, l.Artifact)
		res, err := l.Artifact.Download(ctx, &artifacts.DownloadOptions{Root: roots[i]})
		if err != nil || res.Unchanged != 1 {
			t.Fatalf("%s: %+v, %v", l.Path, res, err)
		}
	}
	if err := c.UseArtifact(ctx, run, versions...); err != nil {
		t.Fatal(err)
	}
	if took := b.road.took(); len(took) > 3 {
		t.Errorf("it took %d requests: %q", len(took), took)
	}
}

// TestInProcess: bytes move without a network too, and end when they end.
func TestInProcess(t *testing.T) {
	b := newBench(t)
	c := b.newClient(func(cfg *artifacts.Config) {
		cfg.BaseURL, cfg.Transport = server.InternalURL, b.Server.Transport()
		cfg.Retry.Attempts = 1
	})
	files := map[string]string{"large.bin": noise(5, artifacts.LargeFile+1000), "empty": "", "a/b": "b"}
	for i := range 20 {
		files[fmt.Sprint("many/", i)] = noise(uint64(i), 1000+i)
	}
	began := time.Now()
	a, err := c.LogArtifact(t.Context(), b.draft("inside", files), nil)
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	if _, err := a.Download(t.Context(), &artifacts.DownloadOptions{Root: root}); err != nil || !sameFiles(t, root, files) {
		t.Error(err)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %s: something waited", took)
	}
}

// TestForms: what bindings and tools pass on has the names they expect.
func TestForms(t *testing.T) {
	for _, c := range []struct {
		v    any
		want string
	}{
		{artifacts.Progress{Phase: artifacts.PhaseUpload, Files: 1, TotalFiles: 2, Bytes: 3, TotalBytes: 4}, `{"phase":"upload","files":1,"totalFiles":2,"bytes":3,"totalBytes":4}`},
		{artifacts.Downloaded{Root: "r", Files: 1}, `{"root":"r","files":1,"bytes":0,"unchanged":0,"fromCache":0,"fetched":0,"fetchedBytes":0,"skippedReferences":0}`},
		{artifacts.ManifestEntry{Path: "p", Digest: "d"}, `{"path":"p","digest":"d","size":0}`},
	} {
		got, err := json.Marshal(c.v)
		if err != nil || string(got) != c.want {
			t.Errorf("%s, %v", got, err)
		}
	}
	if _, err := artifacts.NewArtifact("dataset", filepath.Join("a", "b")); err == nil {
		t.Error("a path was taken for a name")
	}
}
