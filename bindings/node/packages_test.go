package node

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// built is where packages are made and installed.
var built = filepath.Join("..", "..", "build", "node")

// TestMain names what the tests depend on, so that their results are not kept
// when it changes: programs that they run read it, which go test cannot see.
func TestMain(m *testing.M) {
	flag.Parse()
	for _, pattern := range []string{"build", "pack", "*.mjs", "*.json", "README.md", "addon/*", "src/*", "test/*", "testdata/*", "../testdata/*"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			panic("nothing matches " + pattern)
		}
		for _, file := range files {
			if _, err := os.ReadFile(file); err != nil {
				panic(err)
			}
		}
	}
	os.Exit(m.Run())
}

// command runs a program for its effect; the error holds what it said.
func command(dir string, env []string, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, env
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
	}
	return nil
}

// tarballs are the packages as they are published, made once.
var tarballs = sync.OnceValues(func() ([]string, error) {
	folder, err := filepath.Abs(filepath.Join(built, "packages"))
	if err != nil {
		return nil, err
	}
	if err := os.RemoveAll(folder); err != nil {
		return nil, err
	}
	if err := command("", nil, "./pack", folder); err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.tgz"))
	if err == nil && len(files) != 3 {
		err = fmt.Errorf("pack made %q, want three packages", files)
	}
	return files, err
})

// shipped is a folder in which the packages were installed as anybody would.
func shipped(t testing.TB) string { return installed(t, shippedOnce) }

// withFaults is one whose library has the operations that go wrong.
func withFaults(t testing.TB) string { return installed(t, withFaultsOnce) }

func installed(t testing.TB, once func() (string, error)) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the packages are for Linux")
	}
	folder, err := once()
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

var shippedOnce = sync.OnceValues(func() (string, error) { return install("shipped") })

var withFaultsOnce = sync.OnceValues(func() (string, error) {
	folder, err := install("faults")
	if err != nil {
		return "", err
	}
	native, err := filepath.Glob(filepath.Join(folder, "node_modules", "@reliquary", "*", "reliquary.node"))
	if err != nil || len(native) != 1 {
		return "", fmt.Errorf("the installed libraries are %q (%v), want one", native, err)
	}
	return folder, command("", nil, "./build", "-tags", "faults", filepath.Dir(native[0]))
})

// overPipe has calls go to a process, which has the operations that go wrong.
func overPipe(t testing.TB) string {
	t.Helper()
	folder, err := pipeOnce()
	if err != nil {
		t.Fatal(err)
	}
	return "RELIQUARY_PIPE=" + filepath.Join(folder, "reliquary-pipe")
}

var pipeOnce = sync.OnceValues(func() (string, error) {
	folder, err := filepath.Abs(filepath.Join(built, "pipe-faults"))
	if err != nil {
		return "", err
	}
	return folder, command("", nil, "../../capi/build", "-tags", "faults", "-pipe", folder)
})

// install makes a folder with the packages installed: from the tarballs
// alone, without a network, a compiler or a cache.
func install(name string) (string, error) {
	packages, err := tarballs()
	if err != nil {
		return "", err
	}
	folder, err := filepath.Abs(filepath.Join(built, name))
	if err != nil {
		return "", err
	}
	if err := os.RemoveAll(folder); err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Join(folder, "bin"), 0o755); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(folder, "package.json"), []byte(`{"private": true}`), 0o644); err != nil {
		return "", err
	}
	// Nothing but node and npm in PATH: whoever needs make, a compiler or a
	// shell would not find them.
	for _, tool := range []string{"node", "npm"} {
		path, err := exec.LookPath(tool)
		if err == nil {
			path, err = filepath.EvalSymlinks(path)
		}
		if err == nil {
			err = os.Symlink(path, filepath.Join(folder, "bin", tool))
		}
		if err != nil {
			return "", err
		}
	}
	env := []string{"PATH=" + filepath.Join(folder, "bin"), "HOME=" + folder, "npm_config_cache=" + filepath.Join(folder, "cache")}
	args := []string{"install", "--offline", "--no-audit", "--no-fund"}
	for _, file := range packages {
		// npm refuses what is not for this machine, when it is named.
		if !strings.Contains(filepath.Base(file), "-musl-") {
			args = append(args, file)
		}
	}
	return folder, command(folder, env, filepath.Join(folder, "bin", "npm"), args...)
}
