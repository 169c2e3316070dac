package artifacts_test

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts"
)

// answerWith makes a response of a server or of what stands before it.
func answerWith(req *http.Request, code int, body string) *http.Response {
	return &http.Response{
		StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)), Request: req, ProtoMajor: 1, ProtoMinor: 1,
	}
}

// isFile reports whether a request is for the bytes of a file.
func isFile(req *http.Request) bool {
	return req.Method == http.MethodGet && strings.HasPrefix(req.URL.Path, "/storage/") && !strings.Contains(req.URL.Path, "wandb_manifest")
}

func isPut(req *http.Request) bool {
	return req.Method == http.MethodPut && !strings.Contains(req.URL.Path, "wandb_manifest")
}

// firstTimes disturbs the first n requests that match.
func firstTimes(n int32, match func(*http.Request) bool, how func(*http.Request) (*http.Response, error)) func(*http.Request) (*http.Response, error) {
	var seen atomic.Int32
	return func(req *http.Request) (*http.Response, error) {
		if match(req) && seen.Add(1) <= n {
			return how(req)
		}
		return nil, nil
	}
}

// A cutBody ends in the middle, as a connection that breaks.
type cutBody struct {
	io.ReadCloser
	left int64
}

func (b *cutBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errors.New("connection reset by peer")
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// A silentBody stops in the middle and says nothing more.
type silentBody struct {
	io.ReadCloser
	left int64
	done <-chan struct{}
}

func (b *silentBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		<-b.done
		return 0, context.Canceled
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// TestDownload_Faults: what a server and the way to it can do wrong and be
// forgiven, and what the files are then.
func TestDownload_Faults(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	files := map[string]string{"a/noise.bin": noise(1, 3_000_000), "b": "b", "c/c": "c"}
	a := b.log("pets", files)
	status := func(code int) func(*http.Request) (*http.Response, error) {
		return func(req *http.Request) (*http.Response, error) {
			return answerWith(req, code, `{"errors":[{"message":"no"}]}`), nil
		}
	}
	var changed atomic.Int32
	once := func(n int32, how func(*http.Response)) func(*http.Request, *http.Response) {
		changed.Store(0)
		return func(req *http.Request, resp *http.Response) {
			if isFile(req) && resp.StatusCode/100 == 2 && resp.ContentLength > 1000 && changed.Add(1) <= n {
				how(resp)
			}
		}
	}
	cut := func(resp *http.Response) { resp.Body = &cutBody{resp.Body, 100_000} }
	for name, f := range map[string]struct {
		disturb func(*http.Request) (*http.Response, error)
		change  func(*http.Request, *http.Response)
	}{
		"expired":         {disturb: firstTimes(3, isFile, status(403))},
		"unauthorized":    {disturb: firstTimes(1, isFile, status(401))},
		"failing":         {disturb: firstTimes(3, isFile, status(500))},
		"busy":            {disturb: firstTimes(2, isFile, status(429))},
		"not there yet":   {disturb: firstTimes(1, isFile, status(404))},
		"refusing":        {disturb: firstTimes(2, isFile, func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") })},
		"cut":             {change: once(1, cut)},
		"cut again":       {change: once(10, cut)}, // each gets further
		"cut at its end":  {change: once(1, func(resp *http.Response) { resp.Body = &cutBody{resp.Body, 3_000_000} })},
		"truncated":       {change: once(1, func(resp *http.Response) { resp.Body = io.NopCloser(io.LimitReader(resp.Body, 5000)) })},
		"silent":          {change: once(1, func(resp *http.Response) { resp.Body = &silentBody{resp.Body, 5000, resp.Request.Context().Done()} })},
		"wrong bytes":     {change: once(1, flip)},
		"manifest failed": {disturb: firstTimes(2, func(r *http.Request) bool { return strings.Contains(r.URL.Path, "wandb_manifest") }, status(503))},
		"without ranges": {
			disturb: func(req *http.Request) (*http.Response, error) {
				req.Header.Del("Range")
				return nil, nil
			},
			change: once(1, cut),
		},
	} {
		t.Run(name, func(t *testing.T) {
			b.road.set(f.disturb, f.change)
			defer b.road.set(nil, nil)
			for _, cached := range []bool{true, false} {
				// A cache of its own: everything is fetched, the manifest too.
				c := b.newClient(func(cfg *artifacts.Config) {
					cfg.Transport, cfg.Files.CacheDir = b.road, t.TempDir()
					cfg.Files.Stall = 300 * time.Millisecond
				})
				v, err := c.ArtifactByID(ctx, a.ID)
				if err != nil {
					t.Fatal(err)
				}
				root := t.TempDir()
				res, err := v.Download(ctx, &artifacts.DownloadOptions{Root: root, SkipCache: !cached})
				if err != nil {
					t.Fatal(err)
				}
				if res.Fetched != len(files) || !sameFiles(t, root, files) {
					t.Errorf("%+v", res)
				}
				changed.Store(0)
			}
		})
	}
}

// flip changes a byte in the middle.
func flip(resp *http.Response) {
	body := resp.Body
	at := 0
	resp.Body = struct {
		io.Reader
		io.Closer
	}{readerFunc(func(p []byte) (int, error) {
		n, err := body.Read(p)
		if at <= 1000 && at+n > 1000 {
			p[1000-at] ^= 1
		}
		at += n
		return n, err
	}), body}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// sameFiles compares without printing what is large.
func sameFiles(t *testing.T, root string, want map[string]string) bool {
	t.Helper()
	diff := cmp.Diff(sums(want), sums(contents(t, root)))
	if diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	return diff == ""
}

// TestDownload_Hopeless: what cannot be forgiven has a kind, says what to do,
// and leaves nothing that looks like the file.
func TestDownload_Hopeless(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	files := map[string]string{"noise.bin": noise(1, 500_000)}
	a := b.log("pets", files)
	if err := os.MkdirAll(filepath.Join(b.cache, "obj"), 0o777); err != nil {
		t.Fatal(err)
	}
	always := func(code int) func(*http.Request) (*http.Response, error) {
		return firstTimes(1<<30, isFile, func(req *http.Request) (*http.Response, error) { return answerWith(req, code, ""), nil })
	}
	for name, f := range map[string]struct {
		disturb func(*http.Request) (*http.Response, error)
		change  func(*http.Request, *http.Response)
		want    artifacts.Kind
	}{
		"denied":      {disturb: always(403), want: artifacts.KindDenied},
		"gone":        {disturb: always(404), want: artifacts.KindNotFound},
		"broken":      {disturb: always(502), want: artifacts.KindUnavailable},
		"not offered": {disturb: always(501), want: artifacts.KindUnsupported},
		"wrong bytes": {change: func(req *http.Request, resp *http.Response) {
			if isFile(req) {
				flip(resp)
			}
		}, want: artifacts.KindCorrupt},
		"longer": {change: func(req *http.Request, resp *http.Response) {
			if isFile(req) {
				resp.ContentLength = -1
				resp.Body = io.NopCloser(io.MultiReader(resp.Body, strings.NewReader("more")))
			}
		}, want: artifacts.KindCorrupt},
		"other part": {disturb: nil, change: func(req *http.Request, resp *http.Response) {
			if isFile(req) {
				resp.StatusCode = http.StatusPartialContent
				resp.Header.Set("Content-Range", "bytes 7-9/10")
			}
		}, want: artifacts.KindCorrupt},
		"no web address": {change: func(req *http.Request, resp *http.Response) {
			if strings.HasSuffix(req.URL.Path, "/graphql") {
				rewrite(resp, func(s string) string { return strings.ReplaceAll(s, `"directUrl":"http://`, `"directUrl":"file:///`) })
			}
		}, want: artifacts.KindCorrupt},
		"not listed": {change: func(req *http.Request, resp *http.Response) {
			if strings.HasSuffix(req.URL.Path, "/graphql") {
				rewrite(resp, func(s string) string { return strings.ReplaceAll(s, `"name":"noise.bin"`, `"name":"other"`) })
			}
		}, want: artifacts.KindNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			// The manifest is at hand: it is the files that are disturbed.
			if _, err := a.Manifest(ctx); err != nil {
				t.Fatal(err)
			}
			b.road.set(f.disturb, f.change)
			defer b.road.set(nil, nil)
			for _, skip := range []bool{false, true} {
				root := t.TempDir()
				_, err := a.Download(ctx, &artifacts.DownloadOptions{Root: root, SkipCache: skip})
				if artifacts.KindOf(err) != f.want || !strings.Contains(err.Error(), "noise.bin") || strings.Contains(err.Error(), "?") {
					t.Errorf("got %s: %v", artifacts.KindOf(err), err)
				}
				if left := contents(t, root); len(left) != 0 {
					t.Errorf("left behind: %q", slices.Collect(mapKeys(left)))
				}
			}
			if left := contents(t, filepath.Join(b.cache, "obj")); len(left) != 0 {
				t.Errorf("left in the cache: %d objects", len(left))
			}
		})
	}
	// And once everything works again, nothing of that is in the way.
	root := t.TempDir()
	if _, err := a.Download(ctx, &artifacts.DownloadOptions{Root: root}); err != nil || !sameFiles(t, root, files) {
		t.Error(err)
	}
}

// rewrite changes the body of an answer.
func rewrite(resp *http.Response, f func(string) string) {
	data, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	text := f(string(data))
	resp.Body, resp.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader(text), errReader{err})), int64(len(text))
	resp.Header.Del("Content-Length")
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) {
	if r.err == nil {
		return 0, io.EOF
	}
	return 0, r.err
}

// TestDownload_Damaged: a cache whose objects are not what they should be does
// no harm, as it does to the wandb package.
func TestDownload_Damaged(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	files := map[string]string{"noise.bin": noise(1, 500_000), "b": "b"}
	a := b.log("pets", files)
	get := func(o artifacts.DownloadOptions) *artifacts.Downloaded {
		t.Helper()
		o.Root = t.TempDir()
		res, err := a.Download(ctx, &o)
		if err != nil || !sameFiles(t, o.Root, files) {
			t.Fatal(err)
		}
		return res
	}
	get(artifacts.DownloadOptions{})
	sum := md5.Sum([]byte(files["noise.bin"]))
	object := filepath.Join(b.cache, "obj", "md5", fmt.Sprintf("%x", sum[:1]), fmt.Sprintf("%x", sum[1:]))
	for _, place := range []artifacts.Placement{artifacts.PlaceCopy, artifacts.PlaceLink} {
		// The same size, another byte, the same time.
		info, err := os.Stat(object)
		if err != nil {
			t.Fatal(err)
		}
		other := []byte(files["noise.bin"])
		other[5] ^= 1
		if err := errors.Join(os.Remove(object), os.WriteFile(object, other, 0o666), os.Chtimes(object, info.ModTime(), info.ModTime())); err != nil {
			t.Fatal(err)
		}
		if res := get(artifacts.DownloadOptions{Place: place}); res.Fetched != 1 || res.FromCache != 1 {
			t.Errorf("%q: %+v", place, res)
		}
		if res := get(artifacts.DownloadOptions{Place: place}); res.FromCache != 2 {
			t.Errorf("%q, mended: %+v", place, res)
		}
	}
	// Damaged files of our own beside it are as if they were not there.
	err := filepath.WalkDir(filepath.Join(b.cache, "reliquary"), func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			err = os.WriteFile(path, []byte("damaged"), 0o666)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	fresh := b.newClient(nil)
	if a.Artifact, err = fresh.ArtifactByID(ctx, a.ID); err != nil {
		t.Fatal(err)
	}
	if res := get(artifacts.DownloadOptions{}); res.FromCache != 2 {
		t.Errorf("damaged ledgers: %+v", res)
	}
}

// TestDownload_Ledger: digests are written down where that saves more than it costs.
func TestDownload_Ledger(t *testing.T) {
	b := newBench(t)
	for _, want := range []struct {
		size  int
		files bool
	}{{1000, false}, {500_000, true}} {
		a := b.log(fmt.Sprint("of-", want.size), map[string]string{"noise.bin": noise(1, want.size)})
		root := t.TempDir()
		for i := range 2 {
			res, err := a.Download(t.Context(), &artifacts.DownloadOptions{Root: root})
			if err != nil || res.Unchanged != i {
				t.Errorf("%d bytes, time %d: %+v, %v", want.size, i, res, err)
			}
		}
		found, err := filepath.Glob(filepath.Join(b.cache, "reliquary", "digests", "*"))
		if err != nil || len(found) > 0 != want.files {
			t.Errorf("%d bytes: %q, %v", want.size, found, err)
		}
	}
}

// TestDownload_HostileFolder: what lies in the folder leads nowhere else.
func TestDownload_HostileFolder(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	files := map[string]string{"a/file": "file", "b": "b"}
	a := b.log("pets", files)
	outside := folder(t, map[string]string{"kept": "kept"})
	root := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(root, "a")); err != nil {
		t.Fatal(err)
	}
	_, err := a.Download(ctx, &artifacts.DownloadOptions{Root: root})
	if !errors.Is(err, artifacts.ErrDenied) || !strings.Contains(err.Error(), "a/file") {
		t.Errorf("a link as a folder: %v", err)
	}
	os.Remove(filepath.Join(root, "a"))
	// A link in the place of a file is replaced, not written through.
	if err := os.Symlink(filepath.Join(outside, "kept"), filepath.Join(root, "b")); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Download(ctx, &artifacts.DownloadOptions{Root: root}); err != nil || !sameFiles(t, root, files) {
		t.Errorf("a link as a file: %v", err)
	}
	if got := contents(t, outside); len(got) != 1 || got["kept"] != "kept" {
		t.Errorf("outside: %v", got)
	}
	for name, block := range map[string]func(string) error{
		"a file where a folder is needed": func(root string) error { return os.WriteFile(filepath.Join(root, "a"), nil, 0o666) },
		"a folder where a file is needed": func(root string) error { return os.MkdirAll(filepath.Join(root, "b", "x"), 0o777) },
	} {
		root := t.TempDir()
		if err := block(root); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Download(ctx, &artifacts.DownloadOptions{Root: root}); !errors.Is(err, artifacts.ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDownload_FolderLinks: links that stay in the folder are followed.
func TestDownload_FolderLinks(t *testing.T) {
	b := newBench(t)
	files := map[string]string{"a/1": "one", "a/2": "two", "b/c/3": "three"}
	a := b.log("pets", files)
	root := folder(t, map[string]string{"elsewhere/one": "one", "moved/kept": "kept"})
	for name, to := range map[string]string{"a/1": "../elsewhere/one", "b": "moved"} {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
	}
	got, err := a.Download(t.Context(), &artifacts.DownloadOptions{Root: root})
	if err != nil || got.Files != 3 || got.Unchanged != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	if to, err := os.Readlink(filepath.Join(root, "a", "1")); err != nil || to != "../elsewhere/one" {
		t.Errorf("the link to the right file: %q, %v", to, err)
	}
	for name, want := range map[string]string{"a/2": "two", "moved/c/3": "three", "moved/kept": "kept", "elsewhere/one": "one"} {
		if data, err := os.ReadFile(filepath.Join(root, name)); err != nil || string(data) != want {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
}

// TestHostileManifest: a server that names other files than those in the folder.
func TestHostileManifest(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	a := b.log("pets", map[string]string{"harmless": "x"})
	sum := md5.Sum([]byte("x"))
	for _, path := range []string{"../evil", "/tmp/evil", "a/../../evil", `..\evil`, "C:evil", "a\x00b", "", "./harmless"} {
		manifest := fmt.Sprintf(`{"version":1,"storagePolicyConfig":{"storageLayout":"V2"},"contents":{%s:{"digest":%q,"size":1}}}`,
			jsonText(path), base64.StdEncoding.EncodeToString(sum[:]))
		b.road.set(func(req *http.Request) (*http.Response, error) {
			if strings.Contains(req.URL.Path, "wandb_manifest") {
				return answerWith(req, 200, manifest), nil
			}
			return nil, nil
		}, nil)
		parent := t.TempDir()
		root := filepath.Join(parent, "deep", "root")
		c := b.newClient(func(cfg *artifacts.Config) { cfg.Transport, cfg.Files.CacheDir = b.road, t.TempDir() })
		v, err := c.ArtifactByID(ctx, a.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Download(ctx, &artifacts.DownloadOptions{Root: root}); !errors.Is(err, artifacts.ErrCorrupt) {
			t.Errorf("%q: %v", path, err)
		}
		if _, err := v.OpenFile(ctx, path); !errors.Is(err, artifacts.ErrCorrupt) {
			t.Errorf("%q: open: %v", path, err)
		}
		if left := contents(t, parent); len(left) != 0 {
			t.Errorf("%q wrote %v", path, left)
		}
	}
}

// TestHostileReferences: a version whose references lead to itself, however that
// is written, or to what nobody ever writes to, keeps nobody.
func TestHostileReferences(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	a := b.log("pets", map[string]string{"harmless": "x"})
	round, err := a.ReferenceTo("it")
	if err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := mkfifo(pipe); err != nil {
		t.Fatal(err)
	}
	sum := md5.Sum([]byte("x"))
	for ref, want := range map[string]error{
		round: artifacts.ErrCorrupt,
		strings.Replace(round, "wandb-artifact", "WANDB-Artifact", 1): artifacts.ErrCorrupt,
		"file://" + pipe: artifacts.ErrConflict,
	} {
		manifest := fmt.Sprintf(`{"version":1,"storagePolicyConfig":{"storageLayout":"V2"},"contents":{"it":{"digest":%q,"size":1,"ref":%q}}}`,
			base64.StdEncoding.EncodeToString(sum[:]), ref)
		b.road.set(func(req *http.Request) (*http.Response, error) {
			if strings.Contains(req.URL.Path, "wandb_manifest") {
				return answerWith(req, 200, manifest), nil
			}
			return nil, nil
		}, nil)
		c := b.newClient(func(cfg *artifacts.Config) { cfg.Transport, cfg.Files.CacheDir = b.road, t.TempDir() })
		v, err := c.ArtifactByID(ctx, a.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Download(ctx, &artifacts.DownloadOptions{Root: t.TempDir()}); !errors.Is(err, want) {
			t.Errorf("%s: %v", ref, err)
		}
		if f, err := v.OpenFile(ctx, "it"); !errors.Is(err, want) {
			t.Errorf("%s: open: %v, %v", ref, f, err)
		}
	}
}

// TestLog_Faults: what can go wrong while files are sent and is forgiven.
func TestLog_Faults(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	status := func(code int) func(*http.Request) (*http.Response, error) {
		return func(req *http.Request) (*http.Response, error) {
			if req.Body != nil { // some servers read before they refuse
				io.CopyN(io.Discard, req.Body, 1000)
			}
			return answerWith(req, code, ""), nil
		}
	}
	manifest := func(r *http.Request) bool {
		return r.Method == http.MethodPut && strings.Contains(r.URL.Path, "wandb_manifest")
	}
	n := 0
	for name, disturb := range map[string]func(*http.Request) (*http.Response, error){
		"expired":          firstTimes(3, isPut, status(403)),
		"expired, S3":      firstTimes(1, isPut, status(400)),
		"failing":          firstTimes(3, isPut, status(500)),
		"busy":             firstTimes(1, isPut, status(429)),
		"broken":           firstTimes(2, isPut, func(*http.Request) (*http.Response, error) { return nil, errors.New("connection reset") }),
		"manifest expired": firstTimes(1, manifest, status(403)),
		"manifest failing": firstTimes(2, manifest, status(503)),
		"silent": firstTimes(1, isPut, func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		}),
	} {
		t.Run(name, func(t *testing.T) {
			n++
			files := map[string]string{"noise.bin": noise(uint64(n), 300_000), "small": name, "empty": ""}
			c := b.newClient(func(cfg *artifacts.Config) {
				cfg.Transport = b.road
				cfg.Files.Stall = 300 * time.Millisecond
			})
			b.road.set(disturb, nil)
			defer b.road.set(nil, nil)
			a, err := c.LogArtifact(ctx, b.draft("pets", files), nil)
			if err != nil {
				t.Fatal(err)
			}
			root := t.TempDir()
			if _, err := a.Download(ctx, &artifacts.DownloadOptions{Root: root, SkipCache: true}); err != nil || !sameFiles(t, root, files) {
				t.Error(err)
			}
		})
	}
}

// TestLog_Hopeless: a version that could not be logged is not there.
func TestLog_Hopeless(t *testing.T) {
	b := newBench(t)
	b.log("pets", map[string]string{"a": "first"})
	always := func(match func(*http.Request) bool, code int) func(*http.Request) (*http.Response, error) {
		return firstTimes(1<<30, match, func(req *http.Request) (*http.Response, error) { return answerWith(req, code, ""), nil })
	}
	operation := func(name string) func(*http.Request) bool {
		return func(req *http.Request) bool {
			seen := b.road.last()
			return strings.HasSuffix(req.URL.Path, "/graphql") && seen == name
		}
	}
	for name, f := range map[string]struct {
		disturb func(*http.Request) (*http.Response, error)
		change  func(*http.Request, *http.Response)
		want    artifacts.Kind
	}{
		"denied":       {disturb: always(isPut, 403), want: artifacts.KindDenied},
		"full":         {disturb: always(isPut, 507), want: artifacts.KindUnavailable},
		"too large":    {disturb: always(isPut, 413), want: artifacts.KindInvalid},
		"no addresses": {disturb: always(operation("CreateArtifactFiles"), 422), want: artifacts.KindInvalid},
		"no commit":    {disturb: always(operation("CommitArtifact"), 409), want: artifacts.KindConflict},
		"unknown end":  {disturb: always(operation("CommitArtifact"), 500), want: artifacts.KindUnavailable},
		"fewer addresses": {change: func(req *http.Request, resp *http.Response) {
			if operation("CreateArtifactFiles")(req) {
				rewrite(resp, func(string) string { return `{"data":{"createArtifactFiles":{"files":{"edges":[]}}}}` })
			}
		}, want: artifacts.KindCorrupt},
		"nulls": {change: func(req *http.Request, resp *http.Response) {
			if operation("CreateArtifactFiles")(req) {
				rewrite(resp, func(string) string {
					return `{"data":{"createArtifactFiles":{"files":{"edges":[{"node":null},{"node":{"artifact":null}}]}}}}`
				})
			}
		}, want: artifacts.KindCorrupt},
	} {
		t.Run(name, func(t *testing.T) {
			c := b.newClient(func(cfg *artifacts.Config) {
				cfg.Transport = b.road
				cfg.Files.Workers = 1 // so that the last operation is this one's
			})
			b.road.set(f.disturb, f.change)
			a, err := c.LogArtifact(t.Context(), b.draft("pets", map[string]string{"a": name, "b": name + name}), nil)
			b.road.set(nil, nil)
			if artifacts.KindOf(err) != f.want || a != nil {
				t.Errorf("got %s: %v", artifacts.KindOf(err), err)
			}
			if (name == "unknown end") != strings.Contains(fmt.Sprint(err), "not known whether") {
				t.Errorf("got %v", err)
			}
			latest, err := b.client.Artifact(t.Context(), "pets")
			if err != nil || latest.Version != "v0" {
				t.Errorf("latest is %v, %v", latest, err)
			}
		})
	}
}

// last is the last thing that was asked for.
func (r *road) last() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.seen) == 0 {
		return ""
	}
	return r.seen[len(r.seen)-1]
}

// TestLog_Canceled: wherever the caller gives up, no version comes about and
// no goroutine stays behind; and then it can be logged.
func TestLog_Canceled(t *testing.T) {
	b := newBench(t)
	for _, at := range []string{"UpsertBucket", "CreateArtifact", "CreateArtifactManifest", "CreateArtifactFiles", "PUT", "manifest", "CommitArtifact"} {
		t.Run(at, func(t *testing.T) {
			ctx, cancel := canceledSoon(t)
			b.road.set(func(req *http.Request) (*http.Response, error) {
				if b.road.last() == at || (at == "PUT" && isPut(req)) || (at == "manifest" && req.Method == http.MethodPut && !isPut(req)) {
					cancel()
					return nil, ctx.Err()
				}
				return nil, nil
			}, nil)
			d := b.draft("pets", map[string]string{"a": noise(9, 200_000), "b": at})
			_, err := b.client.LogArtifact(ctx, d, nil)
			b.road.set(nil, nil)
			if !errors.Is(err, artifacts.ErrCanceled) {
				t.Errorf("got %v", err)
			}
			if _, err := b.client.Artifact(t.Context(), "pets"); !errors.Is(err, artifacts.ErrNotFound) {
				t.Errorf("there is a version: %v", err)
			}
		})
	}
	if a := b.log("pets", map[string]string{"a": "a"}); a.Version != "v0" {
		t.Errorf("then: %s", a.Version)
	}
}

// TestLog_ChangedFile: a version is what the files were, or is not.
func TestLog_ChangedFile(t *testing.T) {
	b := newBench(t)
	n := uint64(100)
	for name, change := range map[string]func(path string) error{
		"written":   func(path string) error { return os.WriteFile(path, []byte(noise(8, 300_000)), 0o666) },
		"truncated": func(path string) error { return os.Truncate(path, 1000) },
		"grown": func(path string) error {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err == nil {
				_, err = f.WriteString("more")
			}
			return errors.Join(err, f.Close())
		},
		"removed": os.Remove,
		"replaced": func(path string) error {
			return errors.Join(os.WriteFile(path+"2", []byte(noise(8, 300_000)), 0o666), os.Rename(path+"2", path))
		},
	} {
		for _, when := range []string{"before", "while"} {
			t.Run(name+" "+when+" sending", func(t *testing.T) {
				if when == "while" && (name == "removed" || name == "replaced") {
					return // what is open stays what it was
				}
				// Contents of its own: what the server has is not sent.
				n++
				path := filepath.Join(folder(t, map[string]string{"a": noise(n, 300_000)}), "a")
				d, err := artifacts.NewArtifact("dataset", "changing")
				if err == nil {
					err = d.AddFile(path, "")
				}
				if err != nil {
					t.Fatal(err)
				}
				var once atomic.Bool
				b.road.set(func(req *http.Request) (*http.Response, error) {
					before := when == "before" && b.road.last() == "CreateArtifactFiles"
					if (before || when == "while" && isPut(req)) && once.CompareAndSwap(false, true) {
						if err := change(path); err != nil {
							t.Error(err)
						}
					}
					return nil, nil
				}, nil)
				_, err = b.client.LogArtifact(t.Context(), d, nil)
				b.road.set(nil, nil)
				want := artifacts.ErrConflict
				if name == "removed" {
					want = artifacts.ErrNotFound
				}
				if !errors.Is(err, want) || !strings.Contains(err.Error(), path) {
					t.Errorf("got %v", err)
				}
				if _, err := b.client.Artifact(t.Context(), "changing"); !errors.Is(err, artifacts.ErrNotFound) {
					t.Errorf("there is a version: %v", err)
				}
			})
		}
	}
}

// TestReferences_Changed: what a reference leads to is what it was, or is an error.
func TestReferences_Changed(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	tag := "one"
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the API key went elsewhere")
		}
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/file", http.StatusFound)
			return
		case "/gone":
			http.NotFound(w, r)
			return
		}
		w.Header().Set("ETag", `"`+tag+`"`)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader("contents "+tag))
	}))
	defer web.Close()
	dir := folder(t, map[string]string{"f": "local"})
	draft := func(uri, name string, o *artifacts.ReferenceOptions) *artifacts.Draft {
		d, err := artifacts.NewArtifact("dataset", "refs")
		if err == nil {
			err = d.AddReference(uri, name, o)
		}
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := draft(web.URL+"/moved", "", nil)
	if err := errors.Join(d.AddReference(web.URL+"/file?x=1", "file.txt", nil), d.AddReference("file://"+dir+"/f", "", nil)); err != nil {
		t.Fatal(err)
	}
	a := b.logDraft(d, nil)
	root := t.TempDir()
	for _, want := range []artifacts.Downloaded{{Fetched: 3}, {Unchanged: 3}} {
		res, err := a.Download(ctx, &artifacts.DownloadOptions{Root: root})
		if err != nil || res.Fetched != want.Fetched || res.Unchanged != want.Unchanged {
			t.Errorf("%+v, %v", res, err)
		}
	}
	if diff := cmp.Diff(map[string]string{"moved": "contents one", "file.txt": "contents one", "f": "local"}, contents(t, root)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if res, err := a.Download(ctx, &artifacts.DownloadOptions{Root: t.TempDir()}); err != nil || res.FromCache != 2 {
		t.Errorf("out of the cache: %+v, %v", res, err)
	}
	f, err := a.OpenFile(ctx, "file.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(f); err != nil || string(got) != "contents one" {
		t.Errorf("opened: %q, %v", got, err)
	}
	f.Close()

	tag = "two"
	write(t, dir, map[string]string{"f": "LOCAL"})
	for _, path := range []string{"moved", "f"} {
		_, err := a.Download(ctx, &artifacts.DownloadOptions{Root: t.TempDir(), Paths: []string{path}, SkipCache: true})
		if !errors.Is(err, artifacts.ErrConflict) {
			t.Errorf("%s changed: %v", path, err)
		}
	}
	if res, err := a.Download(ctx, &artifacts.DownloadOptions{Root: t.TempDir(), SkipReferences: true}); err != nil || res.SkippedReferences != 3 || res.Files != 0 {
		t.Errorf("left out: %+v, %v", res, err)
	}
	for uri, want := range map[string]string{
		"s3://bucket/key?versionId=7": "aws s3 cp 's3://bucket/key'",
		"gs://bucket/key":             "gcloud storage cp",
	} {
		a := b.logDraft(draft(uri, "", nil), nil)
		_, err := a.Download(ctx, &artifacts.DownloadOptions{Root: t.TempDir()})
		if !errors.Is(err, artifacts.ErrUnsupported) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", uri, err)
		}
	}
	// A checksum that is given is the digest.
	a = b.logDraft(draft("s3://bucket/key?versionId=7", "k", &artifacts.ReferenceOptions{Checksum: "abc", Size: 9}), nil)
	m, err := a.Manifest(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if e, _ := m.Entry("k"); e.Digest != "abc" || e.Size != 9 || e.Ref != "s3://bucket/key" || !strings.Contains(string(e.Extra), `"versionID":"7"`) {
		t.Errorf("with a checksum: %+v", e)
	}
	for uri, want := range map[string]artifacts.Kind{
		web.URL + "/gone":       artifacts.KindNotFound,
		"file:///no/such/file":  artifacts.KindNotFound,
		"wandb-artifact://zz/a": artifacts.KindInvalid,
		"wandb-artifact://" + "41727469666163743a39393939" + "/a": artifacts.KindNotFound,
		"wandb-client-artifact://nobody/a":                        artifacts.KindNotFound,
	} {
		if _, err := b.client.LogArtifact(ctx, draft(uri, "r", nil), nil); artifacts.KindOf(err) != want {
			t.Errorf("%s: %v", uri, err)
		}
	}
	for _, uri := range []string{"", "/a/b", "azure://x", "http://h"} {
		d, err := artifacts.NewArtifact("dataset", "refs")
		if err == nil {
			err = d.AddReference(uri, "", nil)
		}
		if !errors.Is(err, artifacts.ErrInvalid) {
			t.Errorf("%q: %v", uri, err)
		}
	}
}

func jsonText(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(b)
}
