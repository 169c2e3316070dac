package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	got, err := parse(`goos: linux
BenchmarkListVersions/per_page=50-2         	       3	         0 ns/op	       812.5 reliquary-ms	         6.1 times-faster
BenchmarkPut/4_KiB         	      50	   2412345 ns/op	  1.70 MB/s
PASS
`)
	want := []line{
		{"ListVersions/per_page=50", []metric{{Value: 812.5, Unit: "reliquary-ms"}, {Value: 6.1, Unit: "times-faster"}}},
		{"Put/4_KiB", []metric{{Value: 2412345, Unit: "ns/op"}, {Value: 1.70, Unit: "MB/s"}}},
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if _, err := parse("BenchmarkX 1 many ns/op"); err == nil {
		t.Error("a number that is none was taken")
	}
}

func TestRender(t *testing.T) {
	runs := func(faster, pages float64) []line {
		return []line{
			{"ListVersions/per_page=50", []metric{{Value: faster, Unit: "times-faster"}, {Value: 812.5, Unit: "wandb-ms"}}},
			{"ListVersions/per_page=1000", []metric{{Value: pages, Unit: "times-faster"}, {Value: 12, Unit: "bytes-of-tools/list"}}},
		}
	}
	got := string(render([]result{{
		Row: "list", Machine: "a machine", Day: "24 November 2026", Runs: 3,
		Lines: medians([][]line{runs(12, 1), runs(11.5, 9), runs(1, 7)}),
	}}))
	for _, want := range []string{
		"Run 3 times (medians; in brackets the lowest and the highest), on 24 November 2026, on a machine.",
		"`go test -run '^$' -timeout 1h -bench '^BenchmarkListVersions$' -benchtime 3x ./artifacts`",
		"| list | per page=50 | at least 10 times faster | 11.5 (1 to 12) times faster | reached |",
		"| list | per page=1000 | at least 10 times faster | 7 (1 to 9) times faster | missed |",
		"| ListVersions/per_page=50 | 11.5 (1 to 12) times faster, wandb 812 ms |",
		"| ListVersions/per_page=1000 | 7 (1 to 9) times faster, 12 bytes of tools/list |",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing from:\n%s", want, got)
		}
	}
}

func TestChoose(t *testing.T) {
	got, err := choose("small|large")
	if err != nil || len(got) != 2 || got[0].name != "small" || got[1].name != "large" {
		t.Errorf("chosen %v, %v", got, err)
	}
	if _, err := choose("smal"); err == nil || !strings.Contains(err.Error(), "small") {
		t.Errorf("a row that is not there: %v", err)
	}
}

// TestRows_AreThere finds benchmarks that were renamed before somebody
// waits for `make bench`.
func TestRows_AreThere(t *testing.T) {
	for _, m := range rows {
		cmd := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.Dir}} {{join .TestGoFiles " "}} {{join .XTestGoFiles " "}}`, m.folder)
		cmd.Dir = "../../.."
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", m.folder, err)
		}
		fields := strings.Fields(string(out))
		name, _, _ := strings.Cut(strings.TrimPrefix(m.benchmark, "^"), "$")
		found := false
		for _, file := range fields[1:] {
			text, err := os.ReadFile(fields[0] + "/" + file)
			if err != nil {
				t.Fatal(err)
			}
			found = found || strings.Contains(string(text), "func "+name+"(b *testing.B)")
		}
		if !found {
			t.Errorf("%s has no %s", m.folder, name)
		}
	}
}
