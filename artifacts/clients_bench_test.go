package artifacts_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// BenchmarkClients has 32 clients list and commit on one registry at once over
// HTTP, and one client alone before that. Each goes round and round: a page of
// the newest 50 versions, a version of one file logged, a page. The time for
// one measurement is RELIQUARY_BENCH_TIME (10s). No request may fail.
//
//	RELIQUARY_BENCH_TIME=60s go test -run '^$' -bench Clients -benchtime 1x ./artifacts
func BenchmarkClients(b *testing.B) {
	lasts := 10 * time.Second
	if text := os.Getenv("RELIQUARY_BENCH_TIME"); text != "" {
		var err error
		if lasts, err = time.ParseDuration(text); err != nil {
			b.Fatal(err)
		}
	}
	var alone float64
	for _, clients := range []int{1, 32} {
		b.Run(fmt.Sprint(clients), func(b *testing.B) {
			for b.Loop() {
				r := servertest.Start(b)
				fill(b, r, 1000)
				ends := time.Now().Add(lasts)
				all := make([][2][]time.Duration, clients) // pages and commits
				group, ctx := errgroup.WithContext(b.Context())
				for i := range clients {
					group.Go(func() error { return workUntil(ctx, b, r, i, ends, &all[i]) })
				}
				if err := group.Wait(); err != nil {
					b.Fatal(err)
				}
				var pages, commits []time.Duration
				for _, one := range all {
					pages, commits = append(pages, one[0]...), append(commits, one[1]...)
				}
				rate := float64(len(pages)+len(commits)) / lasts.Seconds()
				if clients == 1 {
					alone = rate
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(float64(len(pages))/lasts.Seconds(), "pages/s")
				b.ReportMetric(float64(len(commits))/lasts.Seconds(), "commits/s")
				b.ReportMetric(rate/alone, "times-the-throughput-of-one")
				b.ReportMetric(percentile(pages, 99), "page-p99-ms")
				b.ReportMetric(percentile(commits, 99), "commit-p99-ms")
			}
		})
	}
}

// workUntil lists and commits in turns, and notes how long each took.
func workUntil(ctx context.Context, b *testing.B, r *servertest.Registry, number int, ends time.Time, took *[2][]time.Duration) error {
	client, err := artifacts.New(artifacts.Config{BaseURL: r.URL, APIKey: r.Key, Project: "many"})
	if err != nil {
		return err
	}
	defer client.Close()
	run, err := client.NewRun(ctx, nil)
	if err != nil {
		return err
	}
	file := filepath.Join(b.TempDir(), "data.bin")
	for i := 0; time.Now().Before(ends); i++ {
		start := time.Now()
		if i%3 != 1 {
			items, _, err := client.Artifacts("", "", "model", "net", nil).Page(ctx)
			if err != nil || len(items) != artifacts.DefaultPerPage {
				return fmt.Errorf("%d versions: %w", len(items), err)
			}
			took[0] = append(took[0], time.Since(start))
			continue
		}
		if err := os.WriteFile(file, fmt.Appendf(nil, "version %d of client %d\n", i, number), 0o666); err != nil {
			return err
		}
		d, err := artifacts.NewArtifact("model", "net")
		if err == nil {
			err = d.AddFile(file, "")
		}
		if err != nil {
			return err
		}
		if _, err := client.LogArtifact(ctx, d, &artifacts.LogOptions{Run: run.ID}); err != nil {
			return err
		}
		took[1] = append(took[1], time.Since(start))
	}
	return nil
}

// percentile is in milliseconds.
func percentile(d []time.Duration, p int) float64 {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[min(len(d)*p/100, len(d)-1)].Seconds() * 1000
}
