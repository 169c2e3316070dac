package artifacts_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

// filesOf makes a folder of n files of a size, all different.
func filesOf(b *testing.B, n, size int) string {
	b.Helper()
	dir := b.TempDir()
	old := time.Now().Add(-time.Hour)
	for i := range n {
		path := filepath.Join(dir, fmt.Sprintf("%03d/%06d.bin", i%100, i))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			b.Fatal(err)
		}
		data := []byte(noise(uint64(i%60000), size))
		copy(data, fmt.Sprintf("%d %s", i, b.Name()))
		if err := os.WriteFile(path, data, 0o666); err != nil {
			b.Fatal(err)
		}
		os.Chtimes(path, old, old)
	}
	return dir
}

func dirDraft(b *testing.B, dir string) *artifacts.Draft {
	b.Helper()
	d, err := artifacts.NewArtifact("dataset", "bench")
	if err == nil {
		err = d.AddDir(dir, "", nil)
	}
	if err != nil {
		b.Fatal(err)
	}
	return d
}

// BenchmarkFiles is the life of a version: logged, downloaded, downloaded
// again, and a second version of which 1 % changed.
func BenchmarkFiles(b *testing.B) {
	for _, kind := range []struct{ n, size int }{{10_000, 10 << 10}, {1, 1 << 30}} {
		b.Run(fmt.Sprintf("%dx%d", kind.n, kind.size), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				dir := filesOf(b, kind.n, kind.size)
				r := newBench(b)
				ctx := b.Context()
				step := func(name string, f func() error) {
					b.Helper()
					b.StartTimer()
					began := time.Now()
					if err := f(); err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(time.Since(began).Seconds(), name+"-s")
					b.StopTimer()
				}
				var a *artifacts.LoggedArtifact
				log := func() (err error) { a, err = r.client.LogArtifact(ctx, dirDraft(b, dir), nil); return err }
				get := func(root string, o artifacts.DownloadOptions) func() error {
					o.Root = root
					return func() error { _, err := a.Download(ctx, &o); return err }
				}
				step("log", log)
				root := b.TempDir()
				step("cold", get(root, artifacts.DownloadOptions{}))
				step("again", get(root, artifacts.DownloadOptions{}))
				step("cache", get(b.TempDir(), artifacts.DownloadOptions{}))
				step("link", get(b.TempDir(), artifacts.DownloadOptions{Place: artifacts.PlaceLink}))
				step("uncached", get(b.TempDir(), artifacts.DownloadOptions{SkipCache: true}))
				for i := range max(1, kind.n/100) {
					path := filepath.Join(dir, fmt.Sprintf("%03d/%06d.bin", i%100, i))
					if err := os.WriteFile(path, []byte("changed"+path), 0o666); err != nil {
						b.Fatal(err)
					}
				}
				step("second", log)
				b.StartTimer()
			}
		})
	}
}
