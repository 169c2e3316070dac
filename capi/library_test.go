package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	_ "github.com/reliquary/reliquary/capi/session/faulty" // part of the libraries that tests build
)

// soak makes the tests that look for what grows or happens rarely run as long
// as it takes to be sure: go test ./capi -soak
var soak = flag.Bool("soak", false, "run long tests in full")

// A build is one way in which capi/build makes the library.
type build struct {
	flags  []string
	folder string
}

// The libraries that tests load.
var (
	withFaultsBuild = &build{[]string{"-tags", "faults"}, "faults"}
	checkedBuild    = &build{[]string{"-asan", "-tags", "faults"}, "asan"}
	shippedBuild    = &build{[]string{"-portable"}, "portable"}
)

// built holds what was built by this run of the tests.
var built sync.Map // *build -> func() error

// library builds the library, once, and returns the folder that it and its
// header are in.
func library(t testing.TB, b *build) string {
	t.Helper()
	folder := filepath.Join("..", "build", "capi", b.folder)
	once, _ := built.LoadOrStore(b, sync.OnceValue(func() error {
		return run("./build", append(b.flags, folder)...)
	}))
	if err := once.(func() error)(); err != nil {
		t.Fatalf("capi/build: %v", err)
	}
	folder, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// run runs a program for its effect; the error holds what it said.
func run(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return &failed{cmd, string(out), err}
	}
	return nil
}

type failed struct {
	cmd *exec.Cmd
	out string
	err error
}

func (f *failed) Error() string {
	return strings.Join(f.cmd.Args, " ") + ": " + f.err.Error() + "\n" + f.out
}

func (f *failed) Unwrap() error { return f.err }

// TestMain names what the tests depend on, so that their results are not kept
// when it changes: programs that they run read it, which go test cannot see.
func TestMain(m *testing.M) {
	flag.Parse()
	for _, pattern := range []string{"build", "*.map", "*.c", "*.h", "testdata/c/*"} {
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

// read returns a file's text.
func read(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// needLinux says why a test has nothing to look at elsewhere.
func needLinux(t testing.TB) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("libreliquary.so is Linux's")
	}
}
