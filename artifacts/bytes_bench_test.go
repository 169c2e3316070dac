package artifacts_test

import (
	"crypto/md5"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/reliquary/reliquary/artifacts"
)

// filesOf makes a folder of n files of a size, all different and an hour old.
func filesOf(b *testing.B, seed uint64, n, size int) string {
	b.Helper()
	dir := b.TempDir()
	old := time.Now().Add(-time.Hour)
	var key [32]byte
	key[0] = byte(seed)
	random := rand.NewChaCha8(key)
	buf := make([]byte, min(size, 1<<20))
	for i := range n {
		path := filepath.Join(dir, fmt.Sprintf("%03d/%06d.bin", i%100, i))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			b.Fatal(err)
		}
		f, err := os.Create(path)
		if err != nil {
			b.Fatal(err)
		}
		for left := size; left > 0; left -= min(left, len(buf)) {
			random.Read(buf)
			if _, err := f.Write(buf[:min(left, len(buf))]); err != nil {
				b.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
		if err := os.Chtimes(path, old, old); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

func dirDraft(b *testing.B, dir string) *artifacts.Draft {
	b.Helper()
	d, err := artifacts.NewArtifact("dataset", "ours")
	if err == nil {
		err = d.AddDir(dir, "", nil)
	}
	if err != nil {
		b.Fatal(err)
	}
	return d
}

// What the wandb package does in a contest about files.
const (
	wandbPut = `
def work():
    a = wandb.Artifact("theirs", "dataset")
    a.add_dir(dir, skip_cache=True, policy="immutable")
    run.log_artifact(a)
    a.wait()
result = timed(work)`
	wandbGet = `
api = wandb.Api()
api.default_entity
result = timed(lambda: api.artifact(f"{run.entity}/{project}/theirs:latest").download(root=root, skip_cache=skip_cache))`
)

// BenchmarkFiles is the life of a version of many small files, and of one large
// file, with our client and with the wandb package beside each other: logged,
// downloaded into an empty folder with and without filling the cache, out of
// the cache, and a second version of which 1 % changed.
//
// wandb gets its best settings: it neither copies the files it adds nor caches
// them, while ours is as it comes.
//
//	go test -run '^$' -bench Files -benchtime 1x ./artifacts
func BenchmarkFiles(b *testing.B) {
	for _, kind := range []struct {
		name    string
		n, size int
	}{{"10000_files_of_10KiB", 10_000, 10 << 10}, {"one_file_of_1GiB", 1, 1 << 30}} {
		b.Run(kind.name, func(b *testing.B) {
			c := newContest(b)
			ctx := b.Context()
			ours, theirs := filesOf(b, 1, kind.n, kind.size), filesOf(b, 2, kind.n, kind.size)
			cache, get := b.TempDir(), b.TempDir()
			logger := c.client(b.TempDir())

			// At most two copies: in the cache, or as a blob, and in place.
			var writes int64
			if kind.size >= 1<<30 {
				writes = 2 * int64(kind.n) * int64(kind.size)
			}
			var logged time.Duration
			put := round{
				name: "put",
				ours: func() time.Duration {
					logged = c.timed(func() error { _, err := logger.LogArtifact(ctx, dirDraft(c.b, ours), nil); return err })
					return logged
				},
				theirs: func() time.Duration { return c.wandb(wandbPut, map[string]any{"dir": theirs}) },
				writes: writes,
			}
			download := func(name string, skipCache bool) round {
				root := filepath.Join(get, name)
				return round{
					name: name,
					ours: func() time.Duration {
						client := c.client(cache)
						return c.timed(func() error {
							a, err := client.Artifact(ctx, "ours:latest")
							if err == nil {
								_, err = a.Download(ctx, &artifacts.DownloadOptions{Root: root + "-ours", SkipCache: skipCache})
							}
							return err
						})
					},
					theirs: func() time.Duration {
						c.ClearRequests()
						took := c.wandb(wandbGet, map[string]any{"root": root + "-theirs", "skip_cache": skipCache})
						// What it has by other ways is no download.
						if fetched := fileFetches(c.Registry); fetched >= kind.n == (name == "get_from_cache") {
							c.b.Fatalf("the wandb package fetched %d files", fetched)
						}
						return took
					},
					writes: writes,
				}
			}
			second := put
			second.name = "second_version"
			c.play(put, download("get_cold", false), download("get_from_cache", false), download("get_uncached", true))
			if kind.n == 1 {
				bound(b, filepath.Join(ours, "000/000000.bin"), writes, logged)
				return
			}
			for i := range kind.n / 100 {
				name := fmt.Sprintf("%03d/%06d.bin", i%100, i)
				for _, dir := range []string{ours, theirs} {
					if err := os.WriteFile(filepath.Join(dir, name), []byte("changed "+dir+name), 0o666); err != nil {
						b.Fatal(err)
					}
				}
			}
			c.play(second)
		})
	}
}

// bound measures what the hardware allows for a large file that is logged:
// reading it, its MD5 and SHA-256, and writing it durably, all beside each
// other. It is what put, which took so long, is compared with.
func bound(b *testing.B, file string, writes int64, put time.Duration) {
	b.Run("put_bound", func(b *testing.B) {
		syscall.Sync()
		haveMemory(b, writes)
		start := time.Now()
		if err := copyHashed(file, filepath.Join(b.TempDir(), "copy")); err != nil {
			b.Fatal(err)
		}
		took := time.Since(start)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(took.Seconds()*1000, "bound-ms")
		b.ReportMetric(100*took.Seconds()/put.Seconds(), "%-of-the-bound")
	})
}

// copyHashed reads a file once, and hashes it twice and writes it meanwhile.
func copyHashed(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.Create(to)
	if err != nil {
		return err
	}
	defer dst.Close()
	var group errgroup.Group
	var lines []chan []byte
	for _, use := range []func([]byte) error{hashing(md5.New()), hashing(sha256.New()), func(p []byte) error { _, err := dst.Write(p); return err }} {
		in := make(chan []byte, 8)
		lines = append(lines, in)
		group.Go(func() error {
			var failed error
			for p := range in {
				if failed == nil {
					failed = use(p)
				}
			}
			return failed
		})
	}
	for {
		p := make([]byte, 1<<20)
		n, err := io.ReadFull(src, p)
		for _, in := range lines {
			in <- p[:n]
		}
		if err != nil {
			break
		}
	}
	for _, in := range lines {
		close(in)
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return dst.Sync()
}

func hashing(h hash.Hash) func([]byte) error {
	return func(p []byte) error { _, err := h.Write(p); return err }
}

// BenchmarkCached asks again for 300 versions that are in the cache: each is
// used by a run and downloaded into a new folder, one after the other.
//
//	go test -run '^$' -bench Cached -benchtime 1x ./artifacts
func BenchmarkCached(b *testing.B) {
	const versions = 300
	c := newContest(b)
	ctx := b.Context()
	cache := b.TempDir()
	logger := c.client(b.TempDir())
	dir := b.TempDir()
	file := filepath.Join(dir, "data.bin")
	for i := range versions {
		if err := os.WriteFile(file, []byte(strings.Repeat(fmt.Sprintln("version", i), 1000)), 0o666); err != nil {
			b.Fatal(err)
		}
		if _, err := logger.LogArtifact(ctx, dirDraft(b, dir), nil); err != nil {
			b.Fatal(err)
		}
	}
	run, err := logger.NewRun(ctx, nil)
	if err != nil {
		b.Fatal(err)
	}
	// One by one, as the wandb package does, and together, which it cannot.
	ours := func(root string) time.Duration {
		client := c.client(cache)
		return c.timed(func() error {
			for i := range versions {
				a, err := client.UseArtifactByName(ctx, run, fmt.Sprint("ours:v", i))
				if err == nil {
					_, err = a.Download(ctx, &artifacts.DownloadOptions{Root: filepath.Join(root, a.Version)})
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	together := func(root string) time.Duration {
		client := c.client(cache)
		return c.timed(func() error {
			paths := make([]string, versions)
			for i := range paths {
				paths[i] = fmt.Sprint("ours:v", i)
			}
			found, err := client.FindArtifacts(ctx, paths)
			if err != nil {
				return err
			}
			all := make([]*artifacts.Artifact, versions)
			for i, f := range found {
				if all[i] = f.Artifact; f.Err != nil {
					return f.Err
				}
			}
			if err := client.UseArtifact(ctx, run, all...); err != nil {
				return err
			}
			for _, a := range all {
				if _, err := a.Download(ctx, &artifacts.DownloadOptions{Root: filepath.Join(root, a.Version)}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	theirs := func(root string) time.Duration {
		return c.wandb(`
def work():
    for i in range(versions):
        run.use_artifact(f"ours:v{i}").download(root=f"{root}/v{i}")
result = timed(work)`, map[string]any{"versions": versions, "root": root})
	}
	ours(b.TempDir())
	theirs(b.TempDir())
	peer := func() time.Duration { return theirs(b.TempDir()) }
	c.play(
		round{name: "one_by_one", ours: func() time.Duration { return ours(b.TempDir()) }, theirs: peer},
		round{name: "together", ours: func() time.Duration { return together(b.TempDir()) }, theirs: peer},
	)
}
