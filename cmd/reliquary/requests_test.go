package main

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// TestRequests: what is asked about many versions takes a few requests, not
// one for each.
func TestRequests(t *testing.T) {
	t.Parallel()
	r := servertest.Start(t)
	c, err := artifacts.New(artifacts.Config{BaseURL: r.URL, APIKey: r.Key})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	run, err := c.NewRun(t.Context(), &artifacts.RunOptions{Project: "vision"})
	if err != nil {
		t.Fatal(err)
	}
	const versions = 40
	for i := range versions {
		d, err := artifacts.NewArtifact("dataset", "many")
		if err == nil {
			err = d.AddBytes("n.txt", fmt.Append(nil, i))
		}
		if err == nil {
			_, err = c.LogArtifact(t.Context(), d, &artifacts.LogOptions{Project: "vision", Run: run.ID})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	for _, tt := range []struct {
		args []string
		most int
	}{
		{[]string{"ls", "-l", r.Username + "/vision/many"}, 2},
		{[]string{"alias", r.Username + "/vision/many"}, 2},
		{[]string{"du", r.Username + "/vision/many"}, 3}, // addresses of 100 lists of files come at once
		{[]string{"du", r.Username + "/vision"}, 4},
		{[]string{"rm", "--unused", "--dry-run", r.Username + "/vision/many"}, 8},
		{[]string{"lineage", r.Username + "/vision/many:v3"}, 4},
	} {
		p := exec.Command("reliquary", append([]string{"--verbose"}, tt.args...)...)
		p.Dir = dir
		p.Env = []string{"HOME=" + dir, "WANDB_BASE_URL=" + r.URL, "WANDB_API_KEY=" + r.Key}
		var stderr strings.Builder
		p.Stderr = &stderr
		if out, err := p.Output(); err != nil || len(out) == 0 {
			t.Fatalf("%q: %v\n%s", tt.args, err, stderr.String())
		}
		if n := strings.Count(stderr.String(), `msg="asked the server"`); n == 0 || n > tt.most {
			t.Errorf("%q asked %d times, want %d at most:\n%s", tt.args, n, tt.most, stderr.String())
		}
	}
}
