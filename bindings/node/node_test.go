package node

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A program is a Node process that tests run in: a folder with the packages
// installed, and what it is told in its environment.
type program struct {
	folder string
	env    []string
}

// newProgram is one with a home of its own, and nothing configured.
func newProgram(t testing.TB, folder string, env ...string) *program {
	t.Helper()
	home := t.TempDir()
	return &program{folder: folder, env: append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + t.TempDir()}, env...)}
}

// limit is how long a process may take.
const limit = 3 * time.Minute

// output runs node and returns what it printed. It is killed when it hangs.
func (p *program) output(t testing.TB, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", args...)
	cmd.Dir, cmd.Env = p.folder, p.env
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	return out.String(), problems.String(), errors.Join(err, ctx.Err())
}

// An outcome is what report.mjs prints of a test.
type outcome struct {
	Name    string   `json:"name"`
	Path    []string `json:"path"` // of the tests that it is part of
	Passed  bool     `json:"passed"`
	Skipped bool     `json:"skipped"`
	Error   string   `json:"error"`
	Notes   []string `json:"notes"`
}

// run runs one file of tests, each of which becomes a subtest. None may be
// skipped, and a file without tests has failed.
func (p *program) run(t *testing.T, file string, flags ...string) {
	t.Helper()
	reporter, err := filepath.Abs("test/report.mjs")
	if err != nil {
		t.Fatal(err)
	}
	args := append(flags, "--test-reporter="+reporter, "--test-reporter-destination=stdout", p.copy(t, file))
	stdout, stderr, err := p.output(t, args...)
	ran, failed := 0, 0
	lines := bufio.NewScanner(strings.NewReader(stdout))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var o outcome
		if json.Unmarshal(lines.Bytes(), &o) != nil || o.Name == "" {
			t.Logf("%s", lines.Text())
			continue
		}
		ran++
		t.Run(strings.Join(append(o.Path, o.Name), "/"), func(t *testing.T) {
			for _, note := range o.Notes {
				t.Log(note)
			}
			if !o.Passed || o.Skipped {
				failed++
				t.Errorf("skipped: %v\n%s", o.Skipped, o.Error)
			}
		})
	}
	if ran == 0 {
		t.Errorf("%s has run no test: %v\n%s", file, err, stderr)
	} else if err != nil && failed == 0 {
		t.Errorf("%s: %v\n%s", file, err, stderr)
	}
}

// copy puts a file of test/ where the packages are installed, and returns
// its path there: what a program imports is looked for beside it.
func (p *program) copy(t testing.TB, file string) string {
	t.Helper()
	to := filepath.Join(p.folder, file)
	if err := os.WriteFile(to, []byte(read(t, filepath.Join("test", file))), 0o644); err != nil {
		t.Fatal(err)
	}
	return to
}

// read returns a file's text.
func read(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
