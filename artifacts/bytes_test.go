package artifacts_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// A bench is a registry of one test, a client of it whose transport can be
// disturbed, and folders.
type bench struct {
	*servertest.Registry
	t       testing.TB
	client  *artifacts.Client
	cache   string
	project string
	road    *road
}

// A road is a transport that counts requests and can be disturbed.
type road struct {
	next    http.RoundTripper
	disturb func(*http.Request) (*http.Response, error) // both nil: go on
	change  func(*http.Request, *http.Response)

	mu   sync.Mutex
	seen []string // operation, or method and the first element of the path
}

func (r *road) RoundTrip(req *http.Request) (*http.Response, error) {
	what := req.Method + " " + strings.SplitN(strings.TrimPrefix(req.URL.Path, "/"), "/", 2)[0]
	if strings.HasSuffix(req.URL.Path, "/graphql") {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		req.Body.Close()
		req.Body = io.NopCloser(bytes.NewReader(body))
		_, after, _ := bytes.Cut(body, []byte(`"operationName":"`))
		name, _, _ := bytes.Cut(after, []byte(`"`))
		what = string(name)
	} else if auth := req.Header.Get("Authorization"); auth != "" {
		return nil, errors.New("the API key went to " + req.URL.String())
	}
	r.mu.Lock()
	r.seen = append(r.seen, what)
	disturb, change := r.disturb, r.change
	r.mu.Unlock()
	if (disturb != nil || change != nil) && strings.Contains(req.URL.Path, "/storage/batch") {
		// What is disturbed is the way of single files: that of every server.
		io.Copy(io.Discard, req.Body)
		req.Body.Close()
		return answerWith(req, http.StatusNotFound, ""), nil
	}
	if disturb != nil {
		resp, err := disturb(req)
		if resp != nil || err != nil {
			if req.Body != nil {
				req.Body.Close()
			}
			return resp, err
		}
	}
	resp, err := r.next.RoundTrip(req)
	if err == nil && change != nil {
		change(req, resp)
	}
	return resp, err
}

// set replaces what disturbs.
func (r *road) set(disturb func(*http.Request) (*http.Response, error), change func(*http.Request, *http.Response)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.disturb, r.change = disturb, change
}

// took returns what was asked since it was called before.
func (r *road) took() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.seen
	r.seen = nil
	return out
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{Registry: servertest.Start(t), t: t, cache: t.TempDir(), project: "vision"}
	b.road = &road{next: http.DefaultTransport.(*http.Transport).Clone()}
	b.client = b.newClient(func(cfg *artifacts.Config) { cfg.Transport = b.road })
	return b
}

// newClient makes a client that retries quickly.
func (b *bench) newClient(change func(*artifacts.Config)) *artifacts.Client {
	b.t.Helper()
	cfg := artifacts.Config{
		BaseURL: b.URL, APIKey: b.Key, Project: b.project,
		Retry: artifacts.Retry{Attempts: 4, MinWait: time.Millisecond, MaxWait: 10 * time.Millisecond},
		Files: artifacts.FileConfig{CacheDir: b.cache, Stall: 2 * time.Second},
	}
	if change != nil {
		change(&cfg)
	}
	c, err := artifacts.New(cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { c.Close() })
	return c
}

// draft makes a draft of files in a new folder.
func (b *bench) draft(name string, files map[string]string) *artifacts.Draft {
	b.t.Helper()
	d, err := artifacts.NewArtifact("dataset", name)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := d.AddDir(folder(b.t, files), "", nil); err != nil {
		b.t.Fatal(err)
	}
	return d
}

// log logs files as a version.
func (b *bench) log(name string, files map[string]string) *artifacts.LoggedArtifact {
	b.t.Helper()
	return b.logDraft(b.draft(name, files), nil)
}

func (b *bench) logDraft(d *artifacts.Draft, o *artifacts.LogOptions) *artifacts.LoggedArtifact {
	b.t.Helper()
	a, err := b.client.LogArtifact(b.t.Context(), d, o)
	if err != nil {
		b.t.Fatal(err)
	}
	return a
}

// folder makes a folder with files.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, files)
	return dir
}

func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// contents are the files in a folder.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		out[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// noise is text that nothing compresses, always the same.
func noise(seed uint64, size int) string {
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	out := make([]byte, size)
	rand.NewChaCha8(key).Read(out)
	return string(out)
}

var sample = map[string]string{
	"train.csv":         "a,b\n1,2\n",
	"images/cat.png":    "cat",
	"images/ä/dög.png":  "dog",
	"empty":             "",
	".hidden":           "hidden",
	"same/as/train.csv": "a,b\n1,2\n",
	"noise.bin":         noise(1, 300_000),
}

// TestLogAndDownload: what goes in comes out, with as few requests as it takes.
func TestLogAndDownload(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	d := b.draft("pets", sample)
	d.Description, d.Metadata = "pets", []byte(`{"rows": 1}`)
	d.Aliases, d.Tags, d.TTL = []string{"best"}, []string{"small"}, 24*time.Hour
	a := b.logDraft(d, nil)
	if a.Existed || a.Version != "v0" || a.FileCount != int64(len(sample)) || a.Run.ID == "" {
		t.Errorf("logged: %+v", a)
	}
	if a.SentFiles < 6 || a.SentBytes < 300_000 {
		t.Errorf("sent %d files, %d bytes", a.SentFiles, a.SentBytes)
	}
	got, err := b.client.Artifact(ctx, "pets:best")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got.Aliases)
	if *got.Description != "pets" || string(got.Metadata) != `{"rows":1}` && string(got.Metadata) != `{"rows": 1}` ||
		!slices.Equal(got.Aliases, []string{"best", "latest"}) || !slices.Equal(got.Tags, []string{"small"}) ||
		got.TTL == nil || *got.TTL != 24*time.Hour {
		t.Errorf("found: %+v", got)
	}

	// Logged again: nothing is sent.
	b.road.took()
	again := b.logDraft(b.draft("pets", sample), &artifacts.LogOptions{Run: a.Run.ID})
	if !again.Existed || again.ID != a.ID || again.SentFiles != 0 {
		t.Errorf("logged again: %+v", again)
	}
	if got := b.road.took(); !slices.Equal(got, []string{"CreateArtifact", "ArtifactByID"}) {
		t.Errorf("logging again asked %q", got)
	}
	if again := b.logDraft(b.draft("pets", sample), &artifacts.LogOptions{AlwaysNew: true}); again.Existed || again.Version != "v1" {
		t.Errorf("always new: %+v", again)
	}

	// Downloaded: everything, and nothing else.
	b.road.took()
	root := filepath.Join(t.TempDir(), "root")
	res, err := got.Download(ctx, &artifacts.DownloadOptions{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample, contents(t, root)); diff != "" {
		t.Errorf("(-logged +downloaded)\n%s", diff)
	}
	if res.Files != len(sample) || res.Bytes != got.Size || res.Fetched+res.FromCache != len(sample) || res.Unchanged != 0 {
		t.Errorf("result: %+v, size %d", res, got.Size)
	}
	// Downloaded again: not a single request.
	b.road.took()
	res, err = got.Download(ctx, &artifacts.DownloadOptions{Root: root})
	if err != nil || res.Unchanged != len(sample) || len(b.road.took()) != 0 {
		t.Errorf("again: %+v, %v", res, err)
	}
	// Elsewhere: out of the cache.
	root2 := filepath.Join(t.TempDir(), "root")
	res, err = got.Download(ctx, &artifacts.DownloadOptions{Root: root2})
	if took := b.road.took(); err != nil || res.FromCache != len(sample) || len(took) != 0 {
		t.Errorf("elsewhere: %+v, %v, asked %q", res, err, took)
	}
	if diff := cmp.Diff(sample, contents(t, root2)); diff != "" {
		t.Errorf("(-logged +from the cache)\n%s", diff)
	}
	// What was changed or removed comes back, the rest stays as it is.
	write(t, root2, map[string]string{"train.csv": "a,b\n1,3\n", "other": "mine"})
	os.Remove(filepath.Join(root2, "empty"))
	res, err = got.Download(ctx, &artifacts.DownloadOptions{Root: root2})
	if err != nil || res.FromCache != 2 || res.Unchanged != len(sample)-2 {
		t.Errorf("repair: %+v, %v", res, err)
	}
	if c := contents(t, root2); c["train.csv"] != sample["train.csv"] || c["other"] != "mine" || len(c) != len(sample)+1 {
		t.Errorf("repaired: %q", slices.Sorted(mapKeys(c)))
	}
}

func mapKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// TestDownload_Selection: by prefix, by path, and what is not there.
func TestDownload_Selection(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	a := b.log("pets", sample)
	root := t.TempDir()
	if _, err := a.Download(ctx, &artifacts.DownloadOptions{Root: root, PathPrefix: "images/"}); err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(mapKeys(contents(t, root))); !slices.Equal(got, []string{"images/cat.png", "images/ä/dög.png"}) {
		t.Errorf("by prefix: %q", got)
	}
	root = t.TempDir()
	if _, err := a.Download(ctx, &artifacts.DownloadOptions{Root: root, Paths: []string{"empty", "train.csv", "empty"}, SkipCache: true}); err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(mapKeys(contents(t, root))); !slices.Equal(got, []string{"empty", "train.csv"}) {
		t.Errorf("by path: %q", got)
	}
	for want, o := range map[string]*artifacts.DownloadOptions{
		`did you mean "images/cat.png"`: {Root: root, Paths: []string{"cat.png"}},
		`with the prefix "images/"`:     {Root: root, Paths: []string{"images"}},
		`begins with "nothing"`:         {Root: root, PathPrefix: "nothing"},
	} {
		if _, err := a.Download(ctx, o); !errors.Is(err, artifacts.ErrNotFound) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
	// No cache at all.
	bare := b.newClient(func(cfg *artifacts.Config) { cfg.Files.CacheDir = "" })
	got, err := bare.Artifact(ctx, a.QualifiedName())
	if err != nil {
		t.Fatal(err)
	}
	root = t.TempDir()
	for i, want := range []artifacts.Downloaded{{Fetched: 6, FromCache: 1}, {Unchanged: 7}} {
		res, err := got.Download(ctx, &artifacts.DownloadOptions{Root: root})
		if err != nil || res.Fetched != want.Fetched || res.Unchanged != want.Unchanged || res.FromCache != want.FromCache {
			t.Errorf("without a cache, time %d: %+v, %v", i, res, err)
		}
	}
	if diff := cmp.Diff(sample, contents(t, root)); diff != "" {
		t.Errorf("without a cache: (-want +got)\n%s", diff)
	}
}

// TestOffline: what is on disk is usable when the server is not there.
func TestOffline(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	a := b.log("pets", sample)
	root := t.TempDir()
	if _, err := a.Download(ctx, &artifacts.DownloadOptions{Root: root}); err != nil {
		t.Fatal(err)
	}
	gone := b.newClient(func(cfg *artifacts.Config) {
		cfg.Entity = a.Entity
		cfg.Transport = &road{disturb: noConnection}
	})
	// One that refers to it, too.
	album := b.draft("album", map[string]string{"cover": "cover"})
	uri, err := a.ReferenceTo("noise.bin")
	if err != nil {
		t.Fatal(err)
	}
	if err := album.AddReference(uri, "", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := b.logDraft(album, nil).Download(ctx, &artifacts.DownloadOptions{Root: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	k, _, err := gone.KeptArtifact(ctx, "album:v0")
	if err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	if res, err := k.Download(ctx, &artifacts.DownloadOptions{Root: to}); err != nil || res.FromCache != 2 || contents(t, to)["noise.bin"] != sample["noise.bin"] {
		t.Errorf("what refers to it: %+v, %v", res, err)
	}
	// A client that has no entity configured knows the user's by heart.
	homeless := b.newClient(func(cfg *artifacts.Config) { cfg.Transport = &road{disturb: noConnection} })
	for _, tt := range []struct {
		c    *artifacts.Client
		name string
	}{{gone, "pets:v0"}, {gone, "pets"}, {gone, a.QualifiedName()}, {gone, a.ID}, {gone, "@" + a.Digest}, {homeless, "pets:v0"}, {homeless, "@" + a.Digest}} {
		c, name := tt.c, tt.name
		k, seen, err := c.KeptArtifact(ctx, name)
		if digest, ok := strings.CutPrefix(name, "@"); ok {
			k, seen, err = c.KeptArtifactByDigest(ctx, artifacts.Path{Collection: "pets"}, digest)
		}
		if err != nil || k.ID != a.ID || k.Digest != a.Digest || time.Since(seen) > time.Hour {
			t.Fatalf("%s: %+v, %v", name, k, err)
		}
		v, err := k.Verify(ctx, root, nil)
		if err != nil || !v.OK() || v.Files != len(sample) {
			t.Errorf("%s: verified %+v, %v", name, v, err)
		}
		if res, err := k.Download(ctx, &artifacts.DownloadOptions{Root: filepath.Join(t.TempDir(), "x")}); err != nil || res.FromCache != len(sample) {
			t.Errorf("%s: downloaded %+v, %v", name, res, err)
		}
		f, err := k.OpenFile(ctx, "noise.bin")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(f); err != nil || string(got) != sample["noise.bin"] {
			t.Errorf("%s: read %d bytes, %v", name, len(got), err)
		}
		f.Close()
	}
	for _, name := range []string{"pets:v7", "QXJ0aWZhY3Q6NzAw"} {
		if _, _, err := gone.KeptArtifact(ctx, name); !errors.Is(err, artifacts.ErrNotFound) {
			t.Errorf("unknown %s: %v", name, err)
		}
	}
	// What is kept of one server is not another's at the same address.
	other := b.newClient(func(cfg *artifacts.Config) { cfg.Entity, cfg.Files.Origin = a.Entity, "elsewhere" })
	if _, _, err := other.KeptArtifact(ctx, "pets:v0"); !errors.Is(err, artifacts.ErrNotFound) {
		t.Errorf("of another server: %v", err)
	}
}

// noConnection fails every request.
func noConnection(req *http.Request) (*http.Response, error) {
	return nil, errors.New("asked " + req.URL.Path + " without a connection")
}

func TestVerify(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	a := b.log("pets", sample)
	root := t.TempDir()
	if _, err := a.Download(ctx, &artifacts.DownloadOptions{Root: root}); err != nil {
		t.Fatal(err)
	}
	// The same size and time, other bytes: no ledger may hide that.
	info, err := os.Stat(filepath.Join(root, "train.csv"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, root, map[string]string{"train.csv": "a,b\n1,9\n", "new/file": "", "images/cat.png": "dogs"})
	os.Chtimes(filepath.Join(root, "train.csv"), time.Time{}, info.ModTime())
	os.Remove(filepath.Join(root, "empty"))
	v, err := a.Verify(ctx, root, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := &artifacts.Verification{
		Root: root, Files: 4, Bytes: v.Bytes,
		Missing: []string{"empty"}, Changed: []string{"images/cat.png", "train.csv"}, Extra: []string{"new/file"}, Unchecked: []string{},
	}
	if diff := cmp.Diff(want, v); diff != "" || v.OK() {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if _, err := a.Verify(ctx, filepath.Join(root, "nowhere"), nil); !errors.Is(err, artifacts.ErrNotFound) {
		t.Errorf("no folder: %v", err)
	}
}

// TestOpenFile reads from the server and from the cache.
func TestOpenFile(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	a := b.log("pets", sample)
	want := sample["noise.bin"]
	read := func(t *testing.T) {
		f, err := a.OpenFile(ctx, "noise.bin")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if f.Size() != int64(len(want)) {
			t.Errorf("size %d", f.Size())
		}
		if got, err := io.ReadAll(f); err != nil || string(got) != want {
			t.Fatalf("read %d bytes, %v", len(got), err)
		}
		part := make([]byte, 1000)
		if n, err := f.ReadAt(part, 70_000); err != nil || string(part[:n]) != want[70_000:71_000] {
			t.Errorf("ReadAt: %d, %v", n, err)
		}
		if n, err := f.ReadAt(part, int64(len(want)-10)); err != io.EOF || string(part[:n]) != want[len(want)-10:] {
			t.Errorf("ReadAt the end: %d, %v", n, err)
		}
		if n, err := f.ReadAt(part, int64(len(want)+5)); err != io.EOF || n != 0 {
			t.Errorf("ReadAt behind the end: %d, %v", n, err)
		}
		if _, err := f.Seek(-100, io.SeekEnd); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(f); err != nil || string(got) != want[len(want)-100:] {
			t.Errorf("after Seek: %d bytes, %v", len(got), err)
		}
		if n, err := f.Read(part); n != 0 || err != io.EOF {
			t.Errorf("at the end: %d, %v", n, err)
		}
		r, err := a.OpenRange(ctx, "noise.bin", 5, 7)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if got, err := io.ReadAll(r); err != nil || string(got) != want[5:12] {
			t.Errorf("range: %q, %v", got, err)
		}
	}
	b.road.took()
	t.Run("server", read)
	if took := b.road.took(); !slices.Contains(took, "GetArtifactMembershipFileUrls") {
		t.Errorf("asked %q", took)
	}
	if _, err := a.Download(ctx, &artifacts.DownloadOptions{Root: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	b.road.took()
	t.Run("cache", read)
	if took := b.road.took(); len(took) != 0 {
		t.Errorf("from the cache, asked %q", took)
	}
	empty, err := a.OpenFile(ctx, "empty")
	if err != nil {
		t.Fatal(err)
	}
	defer empty.Close()
	if got, err := io.ReadAll(empty); err != nil || len(got) != 0 {
		t.Errorf("empty: %d bytes, %v", len(got), err)
	}
	if _, err := a.OpenFile(ctx, "cat.png"); !errors.Is(err, artifacts.ErrNotFound) || !strings.Contains(err.Error(), "images/cat.png") {
		t.Errorf("wrong path: %v", err)
	}
}

// TestIncremental: a version of which little changed costs what changed.
func TestIncremental(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	a := b.log("pets", sample)
	d, err := a.NewDraft(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.Remove("images"), d.AddFile(filepath.Join(folder(t, map[string]string{"x": "new"}), "x"), "train.csv")); err != nil {
		t.Fatal(err)
	}
	next := b.logDraft(d, nil)
	if next.Version != "v1" || next.SentFiles != 1 || next.SentBytes != 3 {
		t.Errorf("%s: sent %d files, %d bytes", next.Version, next.SentFiles, next.SentBytes)
	}
	root := t.TempDir()
	if _, err := next.Download(ctx, &artifacts.DownloadOptions{Root: root}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for k, v := range sample {
		if !strings.HasPrefix(k, "images/") {
			want[k] = v
		}
	}
	want["train.csv"] = "new"
	if diff := cmp.Diff(want, contents(t, root)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if err := d.Remove("images"); !errors.Is(err, artifacts.ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
	// Elsewhere its files are not known.
	if _, err := b.client.LogArtifact(ctx, d, &artifacts.LogOptions{Project: "elsewhere"}); !errors.Is(err, artifacts.ErrInvalid) {
		t.Errorf("elsewhere: %v", err)
	}

	// The same folder with one file more: what is known is neither hashed nor asked about.
	dir := folder(t, sample)
	old := time.Now().Add(-time.Hour)
	for name := range sample {
		os.Chtimes(filepath.Join(dir, name), old, old)
	}
	logDir := func() *artifacts.LoggedArtifact {
		d, err := artifacts.NewArtifact("dataset", "grows")
		if err == nil {
			err = d.AddDir(dir, "", nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		return b.logDraft(d, nil)
	}
	logDir()
	write(t, dir, map[string]string{"one.more": "1"})
	b.road.took()
	if a := logDir(); a.SentFiles != 1 || a.FileCount != int64(len(sample)+1) {
		t.Errorf("one more: sent %d files of %d", a.SentFiles, a.FileCount)
	}
	if took := b.road.took(); count(took, "CreateArtifactFiles") != 1 || count(took, "PUT artifacts-data")+count(took, "PUT files-data") > 2 {
		t.Errorf("one more asked %q", took)
	}
}

func count(list []string, s string) int {
	n := 0
	for _, x := range list {
		if x == s {
			n++
		}
	}
	return n
}

// TestAddDir: links, folders that cannot be, what is left out.
func TestAddDir(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1", "sub/b": "2", "sub/deep/c": "3", ".git/x": "4"})
	elsewhere := folder(t, map[string]string{"linked": "5"})
	for link, to := range map[string]string{"file": filepath.Join(dir, "a"), "folder": elsewhere} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	c, err := artifacts.New(artifacts.Config{BaseURL: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	paths := func(d *artifacts.Draft) []string {
		t.Helper()
		m, err := c.DraftManifest(t.Context(), d, nil)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for e := range m.All() {
			out = append(out, e.Path)
		}
		return out
	}
	newDraft := func() *artifacts.Draft {
		d, err := artifacts.NewArtifact("dataset", "x")
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := newDraft()
	if err := d.AddDir(dir, "p", nil); err != nil {
		t.Fatal(err)
	}
	if got := paths(d); !slices.Equal(got, []string{"p/.git/x", "p/a", "p/file", "p/folder/linked", "p/sub/b", "p/sub/deep/c"}) {
		t.Errorf("got %q", got)
	}
	d = newDraft()
	err = d.AddDir(dir, "", &artifacts.DirOptions{Ignore: func(path string, e fs.DirEntry) bool {
		return path == ".git" || path == "sub/b" || e.Type() == fs.ModeSymlink
	}})
	if got := paths(d); err != nil || !slices.Equal(got, []string{"a", "sub/deep/c"}) {
		t.Errorf("some ignored: %q, %v", got, err)
	}
	d = newDraft()
	if err := d.AddFS(fstest.MapFS{"x/y": {Data: []byte("1")}, "z": {Data: []byte("2")}}, "in", nil); err != nil {
		t.Fatal(err)
	}
	if got := paths(d); !slices.Equal(got, []string{"in/x/y", "in/z"}) {
		t.Errorf("fs.FS: %q", got)
	}

	// What downloads have left is nobody's; what only looks so is the user's.
	const random, sum = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789abcdef0123456789abcdef"
	d = newDraft()
	leftovers := fstest.MapFS{}
	for _, name := range []string{random + ".tmp", sum + ".tmp", random + ".part", sum + ".part", sum + ".part.at", random[1:] + ".tmp", "notes.tmp", sum, sum[1:] + "-.tmp"} {
		leftovers["x/.reliquary-"+name] = &fstest.MapFile{Data: []byte("1")}
	}
	if err := d.AddFS(leftovers, "", nil); err != nil {
		t.Fatal(err)
	}
	if got := paths(d); !slices.Equal(got, []string{"x/.reliquary-" + sum, "x/.reliquary-" + sum[1:] + "-.tmp", "x/.reliquary-" + random[1:] + ".tmp", "x/.reliquary-notes.tmp"}) {
		t.Errorf("beside leftovers: %q", got)
	}

	// The same thing twice is once; two things under one path are a conflict.
	d = newDraft()
	if err := errors.Join(d.AddDir(dir, "", nil), d.AddDir(dir, "", nil), d.AddFile(filepath.Join(dir, "a"), "")); err != nil {
		t.Error(err)
	}
	if err := d.AddFile(filepath.Join(elsewhere, "linked"), "a"); !errors.Is(err, artifacts.ErrConflict) {
		t.Errorf("two under one path: %v", err)
	}
	if err := d.AddDir(elsewhere, "", nil); err != nil {
		t.Error(err)
	}
	if err := d.AddFile(filepath.Join(elsewhere, "linked"), "a/b"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.DraftManifest(t.Context(), d, nil); !errors.Is(err, artifacts.ErrConflict) {
		t.Errorf("file and folder under one path: %v", err)
	}

	for name, broken := range map[string]func(dir string) error{
		"loop":     func(dir string) error { return os.Symlink(dir, filepath.Join(dir, "again")) },
		"dangling": func(dir string) error { return os.Symlink("nowhere", filepath.Join(dir, "link")) },
		"pipe":     func(dir string) error { return mkfifo(filepath.Join(dir, "pipe")) },
		"not text": func(dir string) error { return os.WriteFile(filepath.Join(dir, "a\xffb"), nil, 0o666) },
	} {
		dir := folder(t, map[string]string{"a": ""})
		if err := broken(dir); err != nil {
			t.Fatal(err)
		}
		if err := newDraft().AddDir(dir, "", nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := newDraft().AddFile(dir, ""); !errors.Is(err, artifacts.ErrInvalid) {
		t.Errorf("a folder as a file: %v", err)
	}
	if err := newDraft().AddFile(filepath.Join(dir, "a"), "../a"); !errors.Is(err, artifacts.ErrInvalid) {
		t.Errorf("a path upwards: %v", err)
	}
}

// TestDraft_Refuses: what is wrong with a version is said before anything is sent.
func TestDraft_Refuses(t *testing.T) {
	for _, c := range [][2]string{{"dataset", ""}, {"dataset", "a/b"}, {"dataset", "a b"}, {"", "a"}, {"wandb-x", "a"}, {"job", "a"}} {
		if _, err := artifacts.NewArtifact(c[0], c[1]); !errors.Is(err, artifacts.ErrInvalid) {
			t.Errorf("%q: %v", c, err)
		}
	}
	client, err := artifacts.New(artifacts.Config{BaseURL: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*artifacts.Draft){
		"metadata":       func(d *artifacts.Draft) { d.Metadata = []byte(`[1]`) },
		"null":           func(d *artifacts.Draft) { d.Metadata = []byte(`null`) },
		"alias":          func(d *artifacts.Draft) { d.Aliases = []string{"a:b"} },
		"version alias":  func(d *artifacts.Draft) { d.Aliases = []string{"v3"} },
		"tag":            func(d *artifacts.Draft) { d.Tags = []string{"a!b"} },
		"ttl":            func(d *artifacts.Draft) { d.TTL = time.Millisecond },
		"negative ttl":   func(d *artifacts.Draft) { d.TTL = -time.Hour },
		"metadata count": func(d *artifacts.Draft) { d.Metadata = manyKeys(101) },
	} {
		d, err := artifacts.NewArtifact("dataset", "x")
		if err != nil {
			t.Fatal(err)
		}
		change(d)
		if _, err := client.LogArtifact(t.Context(), d, nil); !errors.Is(err, artifacts.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func manyKeys(n int) []byte {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"k%d":1`, i)
	}
	return []byte("{" + b.String()[1:] + "}")
}

// TestFindArtifacts: many names in few requests, and each its own answer.
func TestFindArtifacts(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	a0 := b.log("pets", map[string]string{"a": "0"})
	a1 := b.log("pets", map[string]string{"a": "1"})
	var names []string
	for range 70 {
		names = append(names, "pets:v0", "pets", a1.QualifiedName(), "pets:v9")
	}
	names = append(names, "no/such/project:v0", "a:", a0.ID)
	b.road.took()
	found, err := b.client.FindArtifacts(ctx, names)
	if err != nil {
		t.Fatal(err)
	}
	if took := b.road.took(); len(took) > 5 {
		t.Errorf("%d names took %d requests: %q", len(names), len(took), took)
	}
	for i, l := range found[:280] {
		want := []string{a0.ID, a1.ID, a1.ID, ""}[i%4]
		switch {
		case l.Path != names[i]:
			t.Fatalf("answer %d is for %q", i, l.Path)
		case want == "" && !errors.Is(l.Err, artifacts.ErrNotFound):
			t.Fatalf("%q: %v", l.Path, l.Err)
		case want != "" && (l.Err != nil || l.Artifact.ID != want):
			t.Fatalf("%q: %+v", l.Path, l)
		}
	}
	if !errors.Is(found[280].Err, artifacts.ErrNotFound) || !errors.Is(found[281].Err, artifacts.ErrInvalid) || found[282].Artifact.ID != a0.ID {
		t.Errorf("the last: %+v", found[280:])
	}

	run, err := b.client.NewRun(ctx, &artifacts.RunOptions{JobType: "train"})
	if err != nil {
		t.Fatal(err)
	}
	b.road.took()
	if err := b.client.UseArtifact(ctx, run, found[0].Artifact, found[1].Artifact); err != nil {
		t.Fatal(err)
	}
	if took := b.road.took(); count(took, "UseArtifact") != 1 {
		t.Errorf("using took %q", took)
	}
	if err := b.client.FinishRun(ctx, run, false); err != nil {
		t.Error(err)
	}
	runs, complete, err := found[0].Artifact.UsedBy(ctx)
	if err != nil || !complete || !slices.Equal(runs, []artifacts.RunPath{run}) {
		t.Errorf("used by %v, %v, %v", runs, complete, err)
	}
}

// TestProgress: reports come in order, not too often, and end complete.
func TestProgress(t *testing.T) {
	b := newBench(t)
	var got []artifacts.Progress
	report := func(p artifacts.Progress) { got = append(got, p) }
	a := b.logDraft(b.draft("pets", sample), &artifacts.LogOptions{Progress: report})
	if _, err := a.Download(t.Context(), &artifacts.DownloadOptions{Root: t.TempDir(), Progress: report}); err != nil {
		t.Fatal(err)
	}
	ends := map[artifacts.Phase]artifacts.Progress{}
	for _, p := range got {
		ends[p.Phase] = p
	}
	for _, phase := range []artifacts.Phase{artifacts.PhaseHash, artifacts.PhaseUpload, artifacts.PhaseDownload} {
		p := ends[phase]
		if p.Files != p.TotalFiles || p.Bytes != p.TotalBytes || p.TotalFiles != len(sample) || p.TotalBytes != a.Size {
			t.Errorf("%s ended with %+v, size %d", phase, p, a.Size)
		}
	}
}

// TestPlaceLink: hard links cannot be written to by accident.
func TestPlaceLink(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	a := b.log("pets", sample)
	for range 2 { // the second time over the first
		root := t.TempDir()
		for range 2 {
			if _, err := a.Download(ctx, &artifacts.DownloadOptions{Root: root, Place: artifacts.PlaceLink}); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(sample, contents(t, root)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		info, err := os.Stat(filepath.Join(root, "noise.bin"))
		if err != nil || info.Mode().Perm()&0o222 != 0 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
		if n := links(info); n < 2 {
			t.Errorf("%d links", n)
		}
	}
}

// sumOf tells large contents apart in messages.
func sumOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}

// canceledSoon is a context that ends when f is called.
func canceledSoon(t testing.TB) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return ctx, cancel
}
