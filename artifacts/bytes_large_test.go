package artifacts_test

import (
	"bufio"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

// parts counts requests for parts of files.
func parts(n *atomic.Int32) func(*http.Request) (*http.Response, error) {
	return func(req *http.Request) (*http.Response, error) {
		if isFile(req) && req.Header.Get("Range") != "" {
			n.Add(1)
		}
		return nil, nil
	}
}

// TestDownload_Large: over several connections, through faults, into the cache
// and past it.
func TestDownload_Large(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	files := map[string]string{"in/large.bin": noise(1, 3*artifacts.LargeFile+12345)}
	a := b.log("large", files)
	type disturbing = func(*http.Request) (*http.Response, error)
	type changing = func(*http.Request, *http.Response)
	first := func(code int) func() (disturbing, changing) {
		return func() (disturbing, changing) {
			return firstTimes(3, isFile, func(req *http.Request) (*http.Response, error) { return answerWith(req, code, ""), nil }), nil
		}
	}
	var n atomic.Int32
	for name, fault := range map[string]func() (disturbing, changing){
		"undisturbed": func() (disturbing, changing) { n.Store(0); return parts(&n), nil },
		"expired":     first(403),
		"failing":     first(500),
		"cut": func() (disturbing, changing) {
			var cuts atomic.Int32
			return nil, func(req *http.Request, resp *http.Response) {
				if isFile(req) && cuts.Add(1) < 10 {
					resp.Body = &cutBody{resp.Body, 1_000_000}
				}
			}
		},
		"without ranges": func() (disturbing, changing) {
			return func(req *http.Request) (*http.Response, error) {
				req.Header.Del("Range")
				return nil, nil
			}, nil
		},
		"wrong bytes": func() (disturbing, changing) {
			var once atomic.Bool
			return nil, func(req *http.Request, resp *http.Response) {
				if isFile(req) && once.CompareAndSwap(false, true) {
					flip(resp)
				}
			}
		},
	} {
		for _, skip := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, skip cache %v", name, skip), func(t *testing.T) {
				cache := t.TempDir()
				v, err := b.newClient(func(cfg *artifacts.Config) { cfg.Transport, cfg.Files.CacheDir = b.road, cache }).ArtifactByID(ctx, a.ID)
				if err != nil {
					t.Fatal(err)
				}
				b.road.set(fault())
				defer b.road.set(nil, nil)
				root := t.TempDir()
				var last artifacts.Progress
				_, err = v.Download(ctx, &artifacts.DownloadOptions{
					Root: root, SkipCache: skip,
					Progress: func(p artifacts.Progress) { last = p },
				})
				if err != nil || !sameFiles(t, root, files) {
					t.Fatal(err)
				}
				if last.Bytes != a.Size || last.Files != 1 {
					t.Errorf("progress ended with %+v", last)
				}
				if name == "undisturbed" && n.Load() != 4 {
					t.Errorf("%d parts", n.Load())
				}
				kept := objects(t, cache)
				if want := map[bool]int{true: 0, false: 1}[skip]; len(kept) != want {
					t.Errorf("the cache has %q, want %d files", kept, want)
				}
				for _, object := range kept {
					if got, err := os.ReadFile(object); err != nil || string(got) != files["in/large.bin"] {
						t.Errorf("the cache has other bytes (%v)", err)
					}
				}
				if left := leftovers(t, filepath.Join(cache, "reliquary", "parts")); left != 0 {
					t.Errorf("%d files are left over", left)
				}
			})
		}
	}
}

// TestDownload_LargeDamaged: bytes that are not right are neither placed nor
// kept, though they are copied while they come.
func TestDownload_LargeDamaged(t *testing.T) {
	b := newBench(t)
	a := b.log("large", map[string]string{"large.bin": noise(1, artifacts.LargeFile+artifacts.LargeFile/2)})
	b.road.set(nil, func(req *http.Request, resp *http.Response) {
		if isFile(req) {
			flip(resp)
		}
	})
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "large.bin"), []byte("before"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Download(t.Context(), &artifacts.DownloadOptions{Root: root}); !errors.Is(err, artifacts.ErrCorrupt) {
		t.Errorf("damaged: %v", err)
	}
	sameFiles(t, root, map[string]string{"large.bin": "before"})
	if kept := objects(t, b.cache); len(kept) != 0 {
		t.Errorf("the cache has %q", kept)
	}
	if left := leftovers(t, filepath.Join(b.cache, "reliquary", "parts")); left != 0 {
		t.Errorf("%d files are left over", left)
	}
}

// TestDownload_LargeOutOfOrder: a download ends while its first part is missing
// and later ones are there; the next ends on a disk that takes no more of the
// file where it is wanted; the third fetches nothing that came before.
func TestDownload_LargeOutOfOrder(t *testing.T) {
	b := newBench(t)
	files := map[string]string{"large.bin": noise(1, 4*artifacts.LargeFile)}
	a := b.log("large", files)
	root := t.TempDir()
	ctx, cancel := canceledSoon(t)
	var moved atomic.Int64
	b.road.set(func(req *http.Request) (*http.Response, error) {
		if isFile(req) && strings.HasPrefix(req.Header.Get("Range"), "bytes=0-") {
			<-req.Context().Done()
			return nil, req.Context().Err()
		}
		return nil, nil
	}, counting(&moved, func(n int64) {
		if n == 3*artifacts.LargeFile {
			cancel()
		}
	}))
	o := &artifacts.DownloadOptions{Root: root}
	nothing := func(what string) {
		t.Helper()
		if got := contents(t, root); len(got) != 0 {
			t.Errorf("%s: %d files are in the folder", what, len(got))
		}
		if kept := objects(t, b.cache); len(kept) != 0 {
			t.Errorf("%s: the cache has %q", what, kept)
		}
	}
	if _, err := a.Download(ctx, o); !errors.Is(err, artifacts.ErrCanceled) {
		t.Fatalf("canceled: %v", err)
	}
	nothing("canceled")

	moved.Store(0)
	b.road.set(nil, counting(&moved))
	whole := limitFiles(t, 2*artifacts.LargeFile)
	_, err := a.Download(t.Context(), o)
	whole()
	if !errors.Is(err, artifacts.ErrUnavailable) {
		t.Errorf("on a full disk: %v", err)
	}
	nothing("on a full disk")

	if _, err := a.Download(t.Context(), o); err != nil || !sameFiles(t, root, files) {
		t.Fatal(err)
	}
	if got := moved.Load(); got > artifacts.LargeFile+1<<20 || got == 0 {
		t.Errorf("%d bytes were fetched after the first time", got)
	}
	if left := leftovers(t, root) + leftovers(t, filepath.Join(b.cache, "reliquary", "parts")); left != 0 {
		t.Errorf("%d files are left over", left)
	}
}

// TestDownload_LargeDamagedSince: what an interrupted download left is damaged
// when the next goes on, which a server without ranges makes begin again.
func TestDownload_LargeDamagedSince(t *testing.T) {
	b := newBench(t)
	files := map[string]string{"large.bin": noise(1, 2*artifacts.LargeFile)}
	a := b.log("large", files)
	for _, c := range []struct {
		ranges bool
		at     int64 // where it is damaged
	}{{true, 1000}, {false, 1000}, {true, 2 * artifacts.LargeFile}} {
		ctx, cancel := canceledSoon(t)
		var moved atomic.Int64
		b.road.set(func(req *http.Request) (*http.Response, error) {
			if isFile(req) && !strings.HasPrefix(req.Header.Get("Range"), "bytes=0-") {
				<-req.Context().Done()
				return nil, req.Context().Err()
			}
			return nil, nil
		}, counting(&moved, func(n int64) {
			if n == artifacts.LargeFile {
				cancel()
			}
		}))
		cache, root := t.TempDir(), t.TempDir()
		v, err := b.newClient(func(cfg *artifacts.Config) { cfg.Transport, cfg.Files.CacheDir = b.road, cache }).ArtifactByID(t.Context(), a.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Download(ctx, &artifacts.DownloadOptions{Root: root}); !errors.Is(err, artifacts.ErrCanceled) {
			t.Fatalf("canceled: %v", err)
		}
		left, err := filepath.Glob(filepath.Join(cache, "reliquary", "parts", ".reliquary-*.part"))
		if err != nil || len(left) != 1 {
			t.Fatalf("left are %q, %v", left, err)
		}
		f, err := os.OpenFile(left[0], os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.WriteAt([]byte("damage"), c.at)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		b.road.set(func(req *http.Request) (*http.Response, error) {
			if !c.ranges {
				req.Header.Del("Range")
			}
			return nil, nil
		}, nil)
		if _, err := v.Download(t.Context(), &artifacts.DownloadOptions{Root: root}); err != nil || !sameFiles(t, root, files) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestDownload_Resume: what a canceled download brought is not fetched again,
// with the cache and without.
func TestDownload_Resume(t *testing.T) {
	b := newBench(t)
	files := map[string]string{"large.bin": noise(1, 4*artifacts.LargeFile)}
	a := b.log("large", files)
	for _, skip := range []bool{false, true} {
		root := t.TempDir()
		ctx, cancel := canceledSoon(t)
		o := &artifacts.DownloadOptions{Root: root, SkipCache: skip, Progress: func(p artifacts.Progress) {
			if p.Bytes > 2*artifacts.LargeFile {
				cancel()
			}
		}}
		b.road.set(nil, slowly(5*time.Millisecond))
		_, err := a.Download(ctx, o)
		if !errors.Is(err, artifacts.ErrCanceled) {
			t.Fatalf("canceled: %v", err)
		}
		if _, err := os.Stat(filepath.Join(root, "large.bin")); err == nil {
			t.Error("the file is there before it is whole")
		}
		if left := leftovers(t, root); !skip && left != 0 { // what came is in the cache
			t.Errorf("%d files are left over of a canceled download", left)
		}
		var moved atomic.Int64
		b.road.set(nil, counting(&moved))
		o.Progress = nil
		if _, err := a.Download(t.Context(), o); err != nil || !sameFiles(t, root, files) {
			t.Fatal(err)
		}
		b.road.set(nil, nil)
		if got := moved.Load(); got > 3*artifacts.LargeFile || got == 0 {
			t.Errorf("skip %v: %d bytes were fetched again of %d", skip, got, a.Size)
		}
		if left := leftovers(t, root) + leftovers(t, filepath.Join(b.cache, "reliquary", "parts")); left != 0 {
			t.Errorf("%d files are left over", left)
		}
	}
}

// leftovers counts files of transfers.
func leftovers(t *testing.T, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	n := 0
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".reliquary") {
			n++
		}
	}
	return n
}

// slowly has every read of a file's bytes take a while.
func slowly(pause time.Duration) func(*http.Request, *http.Response) {
	return func(req *http.Request, resp *http.Response) {
		if isFile(req) {
			body := resp.Body
			resp.Body = struct {
				io.Reader
				io.Closer
			}{readerFunc(func(p []byte) (int, error) {
				time.Sleep(pause)
				return io.ReadFull(body, p)
			}), body}
		}
	}
}

// objects are the files in a cache.
func objects(t *testing.T, cache string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(cache, "obj", "*", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// counting counts the bytes of files, and tells how many there were.
func counting(n *atomic.Int64, tell ...func(int64)) func(*http.Request, *http.Response) {
	return func(req *http.Request, resp *http.Response) {
		if isFile(req) {
			body := resp.Body
			resp.Body = struct {
				io.Reader
				io.Closer
			}{readerFunc(func(p []byte) (int, error) {
				k, err := body.Read(p)
				sum := n.Add(int64(k))
				for _, told := range tell {
					told(sum)
				}
				return k, err
			}), body}
		}
	}
}

// A killing is what a process is to do until it is killed.
type killing struct{ URL, Key, Name, Root, Cache string }

// TestKilledProcess is no test of its own: it is what the process does that
// TestDownload_Killed kills.
func TestKilledProcess(t *testing.T) {
	var k killing
	if os.Getenv("KILLED_PROCESS") == "" {
		return
	}
	if err := json.Unmarshal([]byte(os.Getenv("KILLED_PROCESS")), &k); err != nil {
		t.Fatal(err)
	}
	c, err := artifacts.New(artifacts.Config{
		BaseURL: k.URL, APIKey: k.Key, Files: artifacts.FileConfig{CacheDir: k.Cache},
		Transport: &road{next: http.DefaultTransport, change: slowly(3 * time.Millisecond)},
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := c.Artifact(t.Context(), k.Name)
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Download(t.Context(), &artifacts.DownloadOptions{Root: k.Root, Progress: func(p artifacts.Progress) {
		fmt.Println(p.Bytes)
	}})
	t.Errorf("it was not killed: %v", err)
}

// TestDownload_Killed: a process that is killed leaves no file that is not
// whole, and the next goes on behind it.
func TestDownload_Killed(t *testing.T) {
	b := newBench(t)
	files := map[string]string{"large.bin": noise(1, 5*artifacts.LargeFile), "small": "small"}
	a := b.log("large", files)
	root := t.TempDir()
	work, err := json.Marshal(killing{b.URL, b.Key, a.QualifiedName(), root, b.cache})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledProcess$")
	cmd.Env = append(os.Environ(), "KILLED_PROCESS="+string(work))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said = append(said, lines.Text())
		var n int64
		if _, err := fmt.Sscan(lines.Text(), &n); err == nil && n > 3*artifacts.LargeFile {
			cmd.Process.Kill()
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatalf("it was not killed: %q", said)
	}
	if _, err := os.Stat(filepath.Join(root, "large.bin")); err == nil {
		t.Fatal("the file is there before it is whole")
	}
	var moved atomic.Int64
	b.road.set(nil, counting(&moved))
	if _, err := a.Download(t.Context(), &artifacts.DownloadOptions{Root: root}); err != nil || !sameFiles(t, root, files) {
		t.Fatal(err)
	}
	if got := moved.Load(); got > 4*artifacts.LargeFile || got == 0 {
		t.Errorf("%d bytes were fetched again of %d", got, a.Size)
	}
	if left := leftovers(t, root) + leftovers(t, filepath.Join(b.cache, "reliquary", "parts")); left != 0 {
		t.Errorf("%d files are left over of the process that was killed", left)
	}
}

// TestDownload_Leftovers: whatever has the names under which an interrupted
// download would be found is in no later one's way, and is not written to.
func TestDownload_Leftovers(t *testing.T) {
	b := newBench(t)
	files := map[string]string{"large.bin": noise(1, artifacts.LargeFile+1)}
	a := b.log("large", files)
	sum := md5.Sum([]byte(files["large.bin"]))
	name := ".reliquary-" + hex.EncodeToString(sum[:])
	const other = "a file of somebody's"
	for what, leave := range map[string]func(path string) error{
		"a folder":         func(path string) error { return os.Mkdir(path, 0o777) },
		"a file of before": func(path string) error { return os.WriteFile(path, []byte("junk"), 0o600) },
		"a second name": func(path string) error {
			return os.Link(filepath.Join(filepath.Dir(path), "other"), path)
		},
		"a link": func(path string) error { return os.Symlink("other", path) },
	} {
		t.Run(what, func(t *testing.T) {
			cache, root := t.TempDir(), t.TempDir()
			parts := filepath.Join(cache, "reliquary", "parts")
			if err := os.MkdirAll(parts, 0o777); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(os.WriteFile(filepath.Join(root, "other"), []byte(other), 0o666), leave(filepath.Join(root, name+".tmp"))); err != nil {
				t.Fatal(err)
			}
			if what == "a folder" {
				if err := leave(filepath.Join(parts, name+".part")); err != nil {
					t.Fatal(err)
				}
			}
			v, err := b.newClient(func(cfg *artifacts.Config) { cfg.Files.CacheDir = cache }).ArtifactByID(t.Context(), a.ID)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := v.Download(t.Context(), &artifacts.DownloadOptions{Root: root}); err != nil {
				t.Fatal(err)
			}
			got := contents(t, root)
			if got["other"] != other {
				t.Errorf("the other file has %d bytes", len(got["other"]))
			}
			if got["large.bin"] != files["large.bin"] {
				t.Error("the file is not right")
			}
			if info, err := os.Stat(filepath.Join(root, "large.bin")); err != nil || info.Mode().Perm() != umasked(t) {
				t.Errorf("%v, %v: not the permissions of a new file", info.Mode(), err)
			}
		})
	}
}

// umasked are the permissions that new files get.
func umasked(t *testing.T) os.FileMode {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "new"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

// TestDownload_Together: several at once with one cache, none in the others' way.
func TestDownload_Together(t *testing.T) {
	b := newBench(t)
	files := map[string]string{"large.bin": noise(1, artifacts.LargeFile+1), "small": "small"}
	a := b.log("large", files)
	same := t.TempDir()
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			c := b.newClient(nil)
			v, err := c.ArtifactByID(t.Context(), a.ID)
			if err != nil {
				t.Error(err)
				return
			}
			root := same
			if i%2 == 0 {
				root = filepath.Join(b.t.TempDir(), fmt.Sprint(i))
			}
			if _, err := v.Download(t.Context(), &artifacts.DownloadOptions{Root: root}); err != nil {
				t.Error(err)
				return
			}
			if i%2 == 0 {
				sameFiles(t, root, files)
			}
		})
	}
	all.Wait()
	sameFiles(t, same, files)
}

// TestLog_Parts: a large file is sent in parts, which are joined in order
// whatever happens to them.
func TestLog_Parts(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	const from, part = 4 << 20, 1 << 20
	isPart := func(req *http.Request) bool { return isPut(req) && req.ContentLength == part }
	answer := func(code int) func(*http.Request) (*http.Response, error) {
		return func(req *http.Request) (*http.Response, error) {
			io.CopyN(io.Discard, req.Body, 70_000)
			return answerWith(req, code, ""), nil
		}
	}
	seed := uint64(20)
	for name, disturb := range map[string]func(*http.Request) (*http.Response, error){
		"undisturbed": nil,
		"failing":     firstTimes(3, isPart, answer(500)),
		"expired":     firstTimes(2, isPart, answer(403)),
		"broken":      firstTimes(2, isPart, func(*http.Request) (*http.Response, error) { return nil, errors.New("connection reset") }),
		"joined twice": func() func(*http.Request) (*http.Response, error) {
			var once atomic.Bool
			return func(req *http.Request) (*http.Response, error) {
				if b.road.last() != "CompleteMultipartUploadArtifact" || !once.CompareAndSwap(false, true) {
					return nil, nil
				}
				resp, err := b.road.next.RoundTrip(req)
				if err == nil {
					resp.Body.Close()
				}
				return answerWith(req, 502, ""), err
			}
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			c := b.newClient(func(cfg *artifacts.Config) { cfg.Transport = b.road })
			artifacts.SendInParts(c, from, part)
			seed++
			files := map[string]string{"large.bin": noise(seed, 9*part+17), "exact.bin": noise(seed+100, 5*part), "below.bin": noise(seed+200, from-1)}
			b.road.set(disturb, nil)
			defer b.road.set(nil, nil)
			b.road.took()
			var last artifacts.Progress
			a, err := c.LogArtifact(ctx, b.draft("parts", files), &artifacts.LogOptions{Progress: func(p artifacts.Progress) { last = p }})
			if err != nil {
				t.Fatal(err)
			}
			if took := b.road.took(); count(took, "CompleteMultipartUploadArtifact") < 2 {
				t.Errorf("asked %q", took)
			}
			if a.SentFiles != 3 || a.SentBytes != a.Size || last.Bytes != a.Size {
				t.Errorf("sent %d files, %d bytes of %d; %+v", a.SentFiles, a.SentBytes, a.Size, last)
			}
			root := t.TempDir()
			if _, err := a.Download(ctx, &artifacts.DownloadOptions{Root: root, SkipCache: true}); err != nil {
				t.Fatal(err)
			}
			sameFiles(t, root, files)
		})
	}
}

// TestMemory: memory does not grow with the size of files, on neither way.
// The registry is in the same process and is held to it too.
func TestMemory(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	const size = 256 << 20
	dir := t.TempDir()
	// Holes: nothing of it is on the disk before it is downloaded.
	f, err := os.Create(filepath.Join(dir, "holes.bin"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(size), f.Close()); err != nil {
		t.Fatal(err)
	}
	d, err := artifacts.NewArtifact("dataset", "holes")
	if err == nil {
		err = d.AddDir(dir, "", nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	peak, stop := watchHeap()
	artifacts.SendInParts(b.client, 64<<20, 16<<20)
	a := b.logDraft(d, nil)
	if _, err := a.Download(ctx, &artifacts.DownloadOptions{Root: t.TempDir(), SkipCache: true}); err != nil {
		t.Fatal(err)
	}
	stop()
	if grown := int64(peak.Load()) - int64(before.HeapAlloc); grown > 64<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
}

// watchHeap notes the largest heap until it is stopped.
func watchHeap() (*atomic.Uint64, func()) {
	var peak atomic.Uint64
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak.Store(max(peak.Load(), m.HeapAlloc))
			time.Sleep(10 * time.Millisecond)
		}
	}()
	return &peak, func() { cancel(); <-done }
}
