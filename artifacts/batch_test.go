package artifacts_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/reliquary/reliquary/artifacts"
)

// A batchRoad counts requests that move files, and can lose batches.
type batchRoad struct {
	lose func(*http.Request, *http.Response) // changes an answer to a batch

	mu   sync.Mutex
	seen map[string]int
}

func (r *batchRoad) RoundTrip(req *http.Request) (*http.Response, error) {
	what := ""
	switch {
	case strings.HasPrefix(req.URL.Path, "/storage/batch"):
		what = req.URL.Path
	case strings.HasPrefix(req.URL.Path, "/storage/") && !strings.Contains(req.URL.Path, "manifest"):
		what = req.Method
	}
	r.mu.Lock()
	r.seen[what]++
	r.mu.Unlock()
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err == nil && r.lose != nil && strings.HasPrefix(what, "/storage/batch") {
		r.lose(req, resp)
	}
	return resp, err
}

// TestBatches: small files go and come in few requests; whatever a batch does
// not bring about is done one by one; and what is logged and downloaded is the
// same.
func TestBatches(t *testing.T) {
	for name, f := range map[string]struct {
		lose   func(*http.Request, *http.Response)
		single int // least requests for single files, each way
	}{
		"whole":   {nil, 0},
		"refused": {func(_ *http.Request, resp *http.Response) { resp.StatusCode = http.StatusServiceUnavailable }, 300},
		"cut": {func(_ *http.Request, resp *http.Response) {
			resp.Body = struct {
				io.Reader
				io.Closer
			}{io.LimitReader(resp.Body, 40_000), resp.Body}
		}, 0},
		"damaged": {func(req *http.Request, resp *http.Response) {
			rewrite(resp, func(text string) string {
				if strings.HasSuffix(req.URL.Path, "/get") {
					return strings.Replace(text, "file 1", "life 1", 1)
				}
				return `{"refused":[{"part":1},{"part":-4},{"part":100000}]}`
			})
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			r := &batchRoad{lose: f.lose, seen: map[string]int{}}
			c := b.newClient(func(cfg *artifacts.Config) { cfg.Transport = r })
			files := map[string]string{"large.bin": noise(1, 400_000), "same/a": "file 1\n", "same/b": "file 1\n", "empty": ""}
			for i := range 300 {
				files[fmt.Sprintf("many/%03d.txt", i)] = fmt.Sprintf("file %d\n%s", i, noise(uint64(i), 200))
			}
			a, err := c.LogArtifact(t.Context(), b.draft("pets", files), nil)
			if err != nil {
				t.Fatal(err)
			}
			if a.SentFiles != len(files) {
				t.Errorf("sent %d files", a.SentFiles)
			}
			for _, o := range []artifacts.DownloadOptions{{}, {SkipCache: true}, {Place: artifacts.PlaceLink}} {
				o.Root = t.TempDir()
				got, err := a.Download(t.Context(), &o)
				if err != nil || !sameFiles(t, o.Root, files) {
					t.Fatal(err)
				}
				if got.Files != len(files) || got.Fetched+got.FromCache != len(files) {
					t.Errorf("got %+v", got)
				}
			}
			if r.seen["/storage/batch"] == 0 || r.seen["/storage/batch/get"] == 0 {
				t.Errorf("there were no batches: %v", r.seen)
			}
			if f.lose == nil && (r.seen["/storage/batch"] > 8 || r.seen["PUT"] != 1 || r.seen["GET"] != 2) {
				t.Errorf("the requests were %v", r.seen)
			}
			if r.seen["PUT"] <= f.single || r.seen["GET"] <= f.single {
				t.Errorf("the requests were %v", r.seen)
			}
		})
	}
}
