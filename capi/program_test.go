package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A sanitizer is a way to compile and run a C program.
type sanitizer struct {
	library *build
	compile []string // flags
	command []string // what runs the program
	env     []string
}

var (
	plain = sanitizer{library: withFaultsBuild}
	asan  = sanitizer{
		library: checkedBuild,
		compile: []string{"-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"},
		// detect_stack_use_after_return keeps a second stack, which Go cannot know of.
		env: []string{"ASAN_OPTIONS=detect_leaks=1:exitcode=99:allocator_may_return_null=1:detect_stack_use_after_return=0"},
	}
	valgrind = sanitizer{
		library: withFaultsBuild,
		command: []string{
			"valgrind", "--quiet", "--error-exitcode=99", "--suppressions=testdata/c/valgrind.supp",
			"--leak-check=full", "--show-leak-kinds=definite,indirect", "--errors-for-leak-kinds=definite,indirect",
		},
	}
)

// compile makes a program of testdata/c/NAME.c and returns its path.
func (s sanitizer) compileC(t testing.TB, name string) string {
	t.Helper()
	lib := library(t, s.library)
	program := filepath.Join(t.TempDir(), name)
	args := []string{
		"-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-I", lib,
		filepath.Join("testdata", "c", name+".c"), "-o", program,
		"-L", lib, "-lreliquary", "-Wl,-rpath," + lib, "-ldl",
	}
	if err := run("gcc", append(args, s.compile...)...); err != nil {
		t.Fatal(err)
	}
	return program
}

// output runs a program and returns what it said. It is killed when it hangs.
func (s sanitizer) output(t testing.TB, program string, args ...string) (string, error) {
	t.Helper()
	limit := 2 * time.Minute
	if *soak {
		limit = 20 * time.Minute
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	command := append(append([]string{}, s.command...), program)
	if _, err := exec.LookPath(command[0]); err != nil {
		t.Fatalf("%v; run make test-env", err)
	}
	cmd := exec.CommandContext(ctx, command[0], append(command[1:], args...)...)
	// The environment of the tests has no part in it, LD_LIBRARY_PATH least of all.
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, s.env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		err = errors.Join(err, ctx.Err())
	}
	return out.String(), err
}

// runC compiles and runs a program that says "ok" in the end.
func (s sanitizer) runC(t *testing.T, name string, args ...string) {
	t.Helper()
	needLinux(t)
	t.Parallel()
	out, err := s.output(t, s.compileC(t, name), args...)
	if err != nil || !strings.HasSuffix(out, "ok\n") {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	if said := strings.TrimSuffix(out, "ok\n"); said != "" {
		t.Log(said)
	}
}

// long is the argument of a program: short in a test, long when soaking.
func long(short, long string) string {
	if *soak {
		return long
	}
	return short
}

func TestC_Walk(t *testing.T)    { plain.runC(t, "walk", t.TempDir()) }
func TestC_Hostile(t *testing.T) { plain.runC(t, "hostile") }
func TestC_Threads(t *testing.T) { plain.runC(t, "threads", "64", long("20", "2000")) }
func TestC_Fork(t *testing.T)    { plain.runC(t, "fork", "200") }
func TestC_Flight(t *testing.T)  { plain.runC(t, "flight", "1000", long("10", "200")) }

func TestC_Columns(t *testing.T) { plain.runC(t, "columns", t.TempDir()) }

func TestC_NoMemory(t *testing.T) { plain.runC(t, "nomem", t.TempDir()) }

func TestC_Late(t *testing.T) {
	needLinux(t)
	plain.runC(t, "late", filepath.Join(library(t, withFaultsBuild), "libreliquary.so"))
}

func TestC_Signals(t *testing.T) {
	needLinux(t)
	plain.runC(t, "signals", filepath.Join(library(t, withFaultsBuild), "libreliquary.so"))
}

func TestC_Relocations(t *testing.T) {
	needLinux(t)
	plain.runC(t, "relocations", filepath.Join(library(t, shippedBuild), "libreliquary.so"))
}

// TestC_Memory: 10,000 sessions and 1,000,000 calls add nothing when soaking,
// a tenth of them in every test. With the garbage collector's usual setting the
// heap may double before it is looked at, and resident memory then swings by
// 16 MiB around what is in use; at 10 % it says what is kept.
func TestC_Memory(t *testing.T) {
	frugal := plain
	frugal.env = []string{"GOGC=10"}
	frugal.runC(t, "memory", long("2000", "10000"), long("200", "1000"), long("100000", "1000000"), t.TempDir())
}

// TestC_Big: an answer as long as can be arrives whole.
func TestC_Big(t *testing.T) {
	if !*soak {
		plain.runC(t, "big", "300000000")
		return
	}
	plain.runC(t, "big", "2147483646")
}

func TestASan_Walk(t *testing.T)    { asan.runC(t, "walk", t.TempDir()) }
func TestASan_Columns(t *testing.T) { asan.runC(t, "columns", t.TempDir()) }
func TestASan_Hostile(t *testing.T) { asan.runC(t, "hostile") }
func TestASan_Threads(t *testing.T) { asan.runC(t, "threads", "64", long("10", "200")) }

func TestValgrind_Walk(t *testing.T)    { valgrind.runC(t, "walk", t.TempDir()) }
func TestValgrind_Hostile(t *testing.T) { valgrind.runC(t, "hostile") }
func TestValgrind_Threads(t *testing.T) { valgrind.runC(t, "threads", "64", long("2", "40")) }

// TestSanitizers makes sure that they see mistakes with the library's memory.
func TestSanitizers(t *testing.T) {
	needLinux(t)
	t.Parallel()
	for name, s := range map[string]sanitizer{"asan": asan, "valgrind": valgrind} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program := s.compileC(t, "wrong")
			if out, err := s.output(t, program, "none"); err != nil {
				t.Errorf("without a mistake: %v\n%s", err, out)
			}
			for _, mistake := range []string{"leak", "twice", "after", "beyond"} {
				out, err := s.output(t, program, mistake)
				if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 99 {
					t.Errorf("%s was not seen: %v\n%s", mistake, err, out)
				}
			}
		})
	}
}
