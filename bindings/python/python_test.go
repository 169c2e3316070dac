package python

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// limit is how long a program may take.
const limit = 5 * time.Minute

// root is the top of the repository.
var root = func() string {
	dir, err := filepath.Abs("../..")
	if err != nil {
		panic(err)
	}
	return dir
}()

// TestMain names what the tests depend on, so that their results are not kept
// when it changes: programs that they run read it, which go test cannot see.
func TestMain(m *testing.M) {
	for _, pattern := range []string{"build", "headers", "*.py", "*.toml", "README.md", "native/*", "src/reliquary/*", "tests/*", "testdata/*.py", "testdata/scripts/*", "testdata/bench/*"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			panic("nothing matches " + pattern)
		}
		for _, file := range files {
			if info, err := os.Stat(file); err == nil && info.IsDir() {
				continue // caches
			}
			if _, err := os.ReadFile(file); err != nil {
				panic(err)
			}
		}
	}
	os.Exit(m.Run())
}

// wheel builds the wheel, once, and returns its path.
func wheel(t testing.TB) string {
	t.Helper()
	path, err := builtWheel()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var builtWheel = sync.OnceValues(func() (string, error) {
	out, err := run(nil, "./build", filepath.Join(root, "build", "python"))
	lines := strings.Fields(out)
	if err != nil || len(lines) == 0 {
		return "", errors.Join(err, errors.New("build printed no wheel"))
	}
	return lines[len(lines)-1], nil
})

// installed is a folder with the wheel's packages in it, for PYTHONPATH: as pip
// would have it in an environment, without making one for each test.
func installed(t testing.TB) string {
	t.Helper()
	file := wheel(t)
	folder := filepath.Join(root, "build", "python", "site")
	unpack.Do(func() {
		if unpackErr = os.RemoveAll(folder); unpackErr == nil {
			_, unpackErr = run(nil, python("bindings"), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
				"--disable-pip-version-check", "--target", folder, file)
		}
	})
	if unpackErr != nil {
		t.Fatal(unpackErr)
	}
	return folder
}

var (
	unpack    sync.Once
	unpackErr error
)

// python is the interpreter of an environment that make test-env has made.
func python(env string) string { return filepath.Join(root, ".venv", env, "bin", "python") }

// clean is an environment in which nothing is configured.
func clean(t testing.TB, more ...string) []string {
	home := t.TempDir()
	return append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + t.TempDir(), "LANG=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1"}, more...)
}

// run runs a program and returns what it printed. It is killed when it hangs.
func run(env []string, name string, args ...string) (string, error) {
	return runIn("", env, name, args...)
}

func runIn(dir string, env []string, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	if err != nil || ctx.Err() != nil {
		return stdout.String(), &failed{strings.Join(cmd.Args, " "), stdout.String() + stderr.String(), errors.Join(err, ctx.Err())}
	}
	return stdout.String(), nil
}

type failed struct {
	command, out string
	err          error
}

func (f *failed) Error() string { return f.command + ": " + f.err.Error() + "\n" + f.out }

func (f *failed) Unwrap() error { return f.err }

// read returns a file's text.
func read(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
