package rules

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// top is all that may lie at the top of the repository, beside dot-files.
var top = []string{
	"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md",
	"artifacts", "bindings", "capi", "cmd", "go.mod", "go.sum", "schemas", "tools",
}

func TestTopLevel(t *testing.T) {
	for _, file := range projectFiles(t) {
		first, _, _ := strings.Cut(file, "/")
		if !strings.HasPrefix(first, ".") && !slices.Contains(top, first) {
			t.Errorf("%s: what lies at the top is fixed; find it a room (CONTRIBUTING.md names them)", file)
		}
	}
}

// projectFiles are the files of the project, new ones included, by their paths
// from the top.
func projectFiles(t *testing.T) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
	cmd.Dir = "../../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	files := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	if len(files) < 10 {
		t.Fatalf("git lists only %d files", len(files))
	}
	return files
}
