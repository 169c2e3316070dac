package node

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// example is a program of the README and, behind it, what it prints.
var example = regexp.MustCompile("(?s)```(js|cjs)\n(.*?)```\n(?:```text\n(.*?)```\n)?")

// TestReadme runs the examples one after the other, as a reader would: in a
// folder where the packages were installed, with nothing configured.
func TestReadme(t *testing.T) {
	p := newProgram(t, shipped(t))
	examples := example.FindAllStringSubmatch(read(t, "README.md"), -1)
	if len(examples) < 7 {
		t.Fatalf("the README has %d examples", len(examples))
	}
	// They write into their working directory.
	work, err := os.MkdirTemp(p.folder, "readme-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(work) })
	p.folder = work
	for i, e := range examples {
		file := fmt.Sprintf("example-%d.%s", i+1, map[string]string{"js": "mjs", "cjs": "cjs"}[e[1]])
		if err := os.WriteFile(filepath.Join(work, file), []byte(e[2]), 0o644); err != nil {
			t.Fatal(err)
		}
		stdout, stderr, err := p.output(t, file)
		if err != nil {
			t.Errorf("%v\n%s\n%s", err, e[2], stderr)
		}
		if diff := cmp.Diff(e[3], stdout); diff != "" {
			t.Errorf("%s(-said to print +prints):\n%s", e[2], diff)
		}
	}
}
