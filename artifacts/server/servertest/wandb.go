package servertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var versions = [...]string{"0.28.2", "0.31.0"}

// Versions returns the releases of the wandb package that tests run.
func Versions() []string { return slices.Clone(versions[:]) }

// timeout is how long a program may take. It is far more than any should need:
// a server that a client does not understand makes it wait for quarter hours.
const timeout = 3 * time.Minute

// An Output is what a program printed.
type Output struct {
	Stdout, Stderr string
	Duration       time.Duration
}

// A Python is a clean environment for one release of the wandb package: a home
// directory, caches and a working directory that no other has, and nothing but
// this registry configured. It lasts as long as the test.
type Python struct {
	Home string // also the parent of the caches
	Work string // the working directory
	Env  []string

	bin string // of the virtual environment
}

// Python makes a clean environment with the key of the first user, or with
// another key where one is given.
func (r *Registry) Python(t testing.TB, version string, key ...string) *Python {
	t.Helper()
	root, err := repositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(root, ".venv", "wandb-"+version, "bin")
	if _, err := os.Stat(filepath.Join(bin, "python")); err != nil {
		t.Fatalf("the Python environment with wandb %s is missing: run `make test-env` (%v)", version, err)
	}
	home := t.TempDir()
	p := &Python{Home: home, Work: filepath.Join(home, "work"), bin: bin}
	dirs := map[string]string{
		"WANDB_DIR": "wandb", "WANDB_CACHE_DIR": "cache", "WANDB_CONFIG_DIR": "config",
		"WANDB_DATA_DIR": "data", "WANDB_ARTIFACT_DIR": "artifacts", "TMPDIR": "tmp",
		"XDG_CACHE_HOME": "xdg-cache", "XDG_CONFIG_HOME": "xdg-config", "XDG_DATA_HOME": "xdg-data",
	}
	for _, d := range append(valuesOf(dirs), "work") {
		if err := os.MkdirAll(filepath.Join(home, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	p.Env = []string{
		"HOME=" + home,
		"PATH=" + bin + ":/usr/local/bin:/usr/bin:/bin",
		"LANG=C.UTF-8",
		"PYTHONDONTWRITEBYTECODE=1",
		"WANDB_BASE_URL=" + r.URL,
		"WANDB_API_KEY=" + append(key, r.Key)[0],
		"WANDB_ERROR_REPORTING=false",
	}
	for name, d := range dirs {
		p.Env = append(p.Env, name+"="+filepath.Join(home, d))
	}
	return p
}

func valuesOf(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for _, v := range m {
		out = append(out, v)
	}
	return out
}

// Run runs a Python script and fails the test if the script fails. The
// arguments are sys.argv[1:].
func (p *Python) Run(t testing.TB, script string, args ...string) Output {
	t.Helper()
	out, err := p.Try(t, script, args...)
	if err != nil {
		t.Fatalf("the script failed: %v\n--- stdout\n%s\n--- stderr\n%s", err, out.Stdout, out.Stderr)
	}
	return out
}

// Try is Run for scripts that are expected to fail.
func (p *Python) Try(t testing.TB, script string, args ...string) (Output, error) {
	t.Helper()
	// A file, not -c: the wandb package looks at the program that it runs in.
	file := filepath.Join(p.Home, "script.py")
	if err := os.WriteFile(file, []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	return p.exec(filepath.Join(p.bin, "python"), append([]string{file}, args...)...)
}

// CLI runs the wandb command and fails the test if it fails.
func (p *Python) CLI(t testing.TB, args ...string) Output {
	t.Helper()
	out, err := p.TryCLI(t, args...)
	if err != nil {
		t.Fatalf("wandb %s failed: %v\n--- stdout\n%s\n--- stderr\n%s", strings.Join(args, " "), err, out.Stdout, out.Stderr)
	}
	return out
}

// TryCLI is CLI for commands that are expected to fail.
func (p *Python) TryCLI(t testing.TB, args ...string) (Output, error) {
	t.Helper()
	return p.exec(filepath.Join(p.bin, "python"), append([]string{"-m", "wandb"}, args...)...)
}

func (p *Python) exec(name string, args ...string) (Output, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = p.Work, p.Env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = 5 * time.Second // the package's own helper may hold the pipes
	start := time.Now()
	err := cmd.Run()
	if ctx.Err() != nil {
		err = fmt.Errorf("it did not end within %s: %w", timeout, err)
	}
	return Output{Stdout: stdout.String(), Stderr: stderr.String(), Duration: time.Since(start)}, err
}

// Wandb runs a Python script with a release of the wandb package in a clean
// environment against the registry, and fails the test if the script fails.
func (r *Registry) Wandb(t testing.TB, version, script string, args ...string) Output {
	t.Helper()
	return r.Python(t, version).Run(t, script, args...)
}

// repositoryRoot is the folder of go.mod above the test.
func repositoryRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod above the working directory of the test")
		}
		dir = parent
	}
}
