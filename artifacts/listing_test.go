package artifacts_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/server"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// fill commits n versions of one model: logging them would take the wandb
// package an hour. They have what logged ones have: metadata, a tag, aliases,
// a manifest.
func fill(t testing.TB, r *servertest.Registry, n int) {
	t.Helper()
	ctx := context.Background()
	client, err := artifacts.New(artifacts.Config{BaseURL: r.URL, APIKey: r.Key, Project: "many"})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	draft, err := artifacts.NewArtifact("model", "net")
	if err == nil {
		err = draft.AddBytes("weights.bin", []byte("weights"))
	}
	if err != nil {
		t.Fatal(err)
	}
	draft.Metadata = []byte(`{"epoch": 12, "loss": 0.25, "note": "nightly"}`)
	draft.Tags = []string{"nightly"}
	if _, err := client.LogArtifact(ctx, draft, nil); err != nil {
		t.Fatal(err)
	}
	project, err := r.Metadata.Project(ctx, r.Username, "many")
	if err != nil {
		t.Fatal(err)
	}
	c, err := r.Metadata.Collection(ctx, project.ID, "", "net")
	if err != nil {
		t.Fatal(err)
	}
	first, err := r.Metadata.Membership(ctx, c.ID, "latest")
	if err != nil {
		t.Fatal(err)
	}
	r.Repeat(t, first.Artifact.ID, n-1)
}

// listAll walks the versions that fill made and says how long it took.
func listAll(t testing.TB, c *artifacts.Client, entity string, perPage, want int) time.Duration {
	t.Helper()
	start := time.Now()
	n := 0
	for a, err := range c.Artifacts(entity, "many", "model", "net", &artifacts.ArtifactsOptions{PerPage: perPage}).All(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		if a.VersionIndex != want-1-n {
			t.Fatalf("item %d is %s", n, a)
		}
		n++
	}
	if n != want {
		t.Fatalf("%d versions, want %d", n, want)
	}
	return time.Since(start)
}

// BenchmarkListVersions lists 10,000 versions with our client, over HTTP and
// in process, and with wandb.Api() of the newest release, from one registry in
// one run, in turns. "times-faster" is wandb's time over ours over HTTP. Neither
// start-up is counted.
//
//	go test -run '^$' -bench ListVersions -benchtime 5x ./artifacts/
func BenchmarkListVersions(b *testing.B) {
	const versions = 10_000
	registry := servertest.Start(b)
	fill(b, registry, versions)
	releases := servertest.Versions()
	newest := releases[len(releases)-1]
	py := startPython(b, registry.Python(b, newest), newest)
	b.Cleanup(py.close)
	theirs := func(perPage int) time.Duration {
		var got struct {
			N       int     `json:"n"`
			Seconds float64 `json:"seconds"`
		}
		if err := py.python(`
import time, wandb
api = wandb.Api()
api.default_entity
start = time.perf_counter()
n = sum(1 for _ in api.artifacts("model", f"{entity}/many/net", per_page=per_page))
result = {"n": n, "seconds": time.perf_counter() - start}`, map[string]any{"entity": registry.Username, "per_page": perPage}, &got); err != nil {
			b.Fatal(err)
		}
		if got.N != versions {
			b.Fatalf("wandb.Api() listed %d versions", got.N)
		}
		return time.Duration(got.Seconds * float64(time.Second))
	}
	overHTTP := connect(b, registry)
	inProcess, err := artifacts.New(artifacts.Config{BaseURL: server.InternalURL, APIKey: registry.Key, Transport: registry.Server.Transport()})
	if err != nil {
		b.Fatal(err)
	}
	for _, perPage := range []int{50, 1000} {
		b.Run(fmt.Sprint("per_page=", perPage), func(b *testing.B) {
			listAll(b, overHTTP, registry.Username, perPage, versions) // statements, connections, caches
			theirs(perPage)
			var ours, within, wandb []time.Duration
			for b.Loop() {
				ours = append(ours, listAll(b, overHTTP, registry.Username, perPage, versions))
				within = append(within, listAll(b, inProcess, registry.Username, perPage, versions))
				wandb = append(wandb, theirs(perPage))
			}
			report(b, middle(ours), middle(wandb))
			b.ReportMetric(middle(within).Seconds()*1000, "in-process-ms")
		})
	}
}

// A pageCounter counts the pages of versions that are asked for.
type pageCounter struct {
	http.RoundTripper
	asked atomic.Int64
}

func (c *pageCounter) RoundTrip(req *http.Request) (*http.Response, error) {
	if body, err := req.GetBody(); err == nil {
		if text, err := io.ReadAll(body); err == nil && bytes.Contains(text, []byte("query ProjectArtifacts")) {
			c.asked.Add(1)
		}
	}
	return c.RoundTripper.RoundTrip(req)
}

// TestArtifacts_Many: a long list comes whole and in order, by small pages and
// large ones, over HTTP and in process.
func TestArtifacts_Many(t *testing.T) {
	const versions = 1200
	registry := servertest.Start(t)
	fill(t, registry, versions)
	for url, way := range map[string]http.RoundTripper{registry.URL: http.DefaultTransport, server.InternalURL: registry.Server.Transport()} {
		pages := &pageCounter{RoundTripper: way}
		c, err := artifacts.New(artifacts.Config{BaseURL: url, APIKey: registry.Key, Transport: pages})
		if err != nil {
			t.Fatal(err)
		}
		for perPage, want := range map[int]int64{50: 24, 1000: 2} {
			pages.asked.Store(0)
			listAll(t, c, registry.Username, perPage, versions)
			same(t, "requests", pages.asked.Load(), want) // each page once, though the next is asked for early
		}
		l := c.Artifacts(registry.Username, "many", "model", "net", nil)
		same(t, "length", value[int](t)(l.Len(t.Context())), versions)
		same(t, "item 1100", value[*artifacts.Artifact](t)(l.At(t.Context(), 1100)).VersionIndex, versions-1-1100)
	}
}
