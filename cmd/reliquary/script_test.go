package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		// The program itself, so that scripts run it as a process, with its
		// signals, streams and exit code.
		"reliquary": main,
	})
}

// TestScripts runs the scripts in testdata/script, which read like a terminal.
// Each has a home directory of its own, and in $ADDR an address that is free.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			addr, err := freeAddress()
			if err != nil {
				return err
			}
			home := filepath.Join(env.WorkDir, "home")
			if err := os.Mkdir(home, 0o755); err != nil {
				return err
			}
			env.Setenv("HOME", home)
			env.Setenv("ADDR", addr)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"await":        await,
			"damage":       damage,
			"exits":        exits,
			"mode":         mode,
			"setenvfile":   setEnvFile,
			"wandb":        wandb,
			"wandb-python": wandbPython,
		},
	})
}

// freeAddress is a loopback address that nothing listens on. Another program
// may take it before the script does; that has to be lived with, since scripts
// must know the address beforehand.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// await waits until a registry answers on an address: await ADDR. It listens
// before it has opened its directory, so a connection alone says little.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await ADDR")
	}
	poll(ts, func() error {
		reply, err := http.Get("http://" + args[0] + "/")
		if err != nil {
			return err
		}
		return reply.Body.Close()
	})
}

// poll tries until it succeeds: another process is at work, which tells nobody
// when it is done.
func poll(ts *testscript.TestScript, try func() error) {
	deadline := time.Now().Add(20 * time.Second)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("waited in vain: %v", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// mode wants a file to have certain permissions: mode 0600 FILE.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode PERMISSIONS FILE")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%#o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

// exits runs a program and wants an exit code of it, which exec does not look
// at: exits CODE PROGRAM ARG...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG...")
	}
	got := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		got = strings.TrimPrefix(fmt.Sprint(err), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("%s exited with %s, want %s", strings.Join(args[1:], " "), got, args[0])
	}
}

// setEnvFile sets a variable to what a file holds, without its last newline,
// as export NAME=$(cat FILE) does: setenvfile NAME FILE.
func setEnvFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: setenvfile NAME FILE")
	}
	ts.Setenv(args[0], strings.TrimSuffix(ts.ReadFile(args[1]), "\n"))
}

// damage turns over the last byte of every file in a folder: damage FOLDER.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: damage FOLDER")
	}
	damaged := 0
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil || len(text) == 0 {
			return err
		}
		text[len(text)-1] ^= 1
		damaged++
		// Kept files are read-only.
		return errors.Join(os.Chmod(path, 0o600), os.WriteFile(path, text, 0o600))
	}))
	if damaged == 0 {
		ts.Fatalf("there are no files in %s", args[0])
	}
}

// wandb runs the command line of the wandb package: wandb ARG...
func wandb(ts *testscript.TestScript, neg bool, args []string) {
	if err := ts.Exec(wandbProgram(ts, "wandb"), args...); (err != nil) != neg {
		ts.Fatalf("wandb %s ended with %v", strings.Join(args, " "), err)
	}
}

// wandbProgram is a program of the environment that has the wandb package.
func wandbProgram(ts *testscript.TestScript, name string) string {
	program, err := filepath.Abs("../../.venv/wandb-0.31.0/bin/" + name)
	ts.Check(err)
	if _, err := os.Stat(program); err != nil {
		ts.Fatalf("%v: run make test-env", err)
	}
	return program
}

// wandbPython runs a Python program with the wandb package: wandb-python FILE.
// It has nothing configured but what the script has set.
func wandbPython(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: wandb-python FILE")
	}
	if err := ts.Exec(wandbProgram(ts, "python"), args[0]); (err != nil) != neg {
		ts.Fatalf("%s ended with %v", args[0], err)
	}
}
