package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	got, err := parse(`goos: linux
BenchmarkListVersions/per_page=50-2         	       3	         0 ns/op	       812.5 reliquary-ms	         6.1 times-faster
BenchmarkPut/4_KiB         	      50	   2412345 ns/op	  1.70 MB/s
PASS
`)
	want := []line{
		{"ListVersions/per_page=50", []metric{{812.5, "reliquary-ms"}, {6.1, "times-faster"}}},
		{"Put/4_KiB", []metric{{2412345, "ns/op"}, {1.70, "MB/s"}}},
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(line{}, metric{})); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if _, err := parse("BenchmarkX 1 many ns/op"); err == nil {
		t.Error("a number that is none was taken")
	}
}

func TestRender(t *testing.T) {
	got := string(render([]result{{
		measurement{"Storing", "./blobs", "^BenchmarkPut$", "50x"},
		[]line{{"Put", []metric{{2412345, "ns/op"}, {1.7, "MB/s"}, {812.5, "wandb-ms"}, {12, "bytes-of-tools/list"}}}},
	}}, "a machine", time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)))
	for _, want := range []string{
		"on 24 November 2026, on a machine.",
		"`go test -run '^$' -bench '^BenchmarkPut$' -benchtime 50x ./blobs`",
		"| Put | 2.41 ms, 1.7 MB/s, wandb 812 ms, 12 bytes of tools/list |",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing from:\n%s", want, got)
		}
	}
}

// TestMeasurements_AreThere finds benchmarks that were renamed before somebody
// waits for `make bench`.
func TestMeasurements_AreThere(t *testing.T) {
	for _, m := range measurements {
		cmd := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.Dir}} {{join .TestGoFiles " "}} {{join .XTestGoFiles " "}}`, m.folder)
		cmd.Dir = "../../.."
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", m.folder, err)
		}
		fields := strings.Fields(string(out))
		name := strings.Trim(m.benchmark, "^$")
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
