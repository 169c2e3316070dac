package node

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestWorkers: every worker_thread has the package to itself.
func TestWorkers(t *testing.T) {
	newProgram(t, withFaults(t)).run(t, "workers.test.mjs")
}

// TestPipe: calls that go to a process, as on musl, are the same to a program.
func TestPipe(t *testing.T) {
	for _, file := range []string{"session.test.mjs", "workers.test.mjs", "load.test.mjs", "pipe.test.mjs"} {
		t.Run(file, func(t *testing.T) {
			newProgram(t, withFaults(t), overPipe(t), "PART=0.1").run(t, file, "--expose-gc")
		})
	}
	t.Run("exit", func(t *testing.T) { checkExit(t, overPipe(t)) })
	t.Run("signals", func(t *testing.T) { checkSignals(t, overPipe(t)) })
}

// TestLoad has many calls in flight, and many after each other.
func TestLoad(t *testing.T) {
	p := newProgram(t, withFaults(t))
	p.run(t, "load.test.mjs", "--expose-gc")
}

// TestExit: a process ends by itself when nothing is pending, and at once when
// it is told to.
func TestExit(t *testing.T) { checkExit(t) }

func checkExit(t *testing.T, env ...string) {
	folder := withFaults(t)
	for _, tt := range []struct {
		name, script, want string
		code               int
	}{
		{"nothing was called", `new Api({ dir })`, "", 0},
		{"not closed", `new Api({ dir }).call("fault_echo", { a: 1 }).then((v) => console.log(v.a))`, "1\n", 0},
		{"pending calls are waited for", `new Api({ dir }).call("fault_sleep", { ms: 300 }).then(() => console.log("done"))`, "done\n", 0},
		{"pending log lines are not", `const api = new Api({ dir, onLog() {} }); api.call("fault_echo", {}).then(() => console.log("done"))`, "done\n", 0},
		{"process.exit does not wait for calls", `const api = new Api({ dir }); api.call("fault_sleep", { ms: 60000 }); setTimeout(() => process.exit(3), 300)`, "", 3},
		{"process.exit while it opens", `new Api({ dir }).destination(); process.exit(4)`, "", 4},
		{"an exception", `const api = new Api({ dir }); api.call("fault_echo", {}).then(() => { throw new Error("own") })`, "", 1},
		{"a failure that nobody catches", `new Api({ dir }).artifact("nothing:v0")`, "", 1},
		{"closed and left", `const api = new Api({ dir });
			api.destination().then(() => { api.call("fault_sleep", { ms: 60000 }).catch((e) => console.log(e.code)); api.close(); })`, "CANCELED\n", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newProgram(t, folder, append(env, "DIR="+t.TempDir())...)
			start := time.Now()
			stdout, stderr, err := p.output(t, "-e", `const { Api } = require("reliquary"); const dir = process.env.DIR; `+tt.script)
			code := 0
			if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
				code = exit.ExitCode()
			} else if err != nil {
				t.Fatal(err)
			}
			if code != tt.code || stdout != tt.want || time.Since(start) > 30*time.Second {
				t.Errorf("after %v: code %d, stdout %q; want %d and %q\n%s", time.Since(start), code, stdout, tt.code, tt.want, stderr)
			}
		})
	}
}

// TestThrow: an exception of the function that takes events is an uncaught one,
// and takes no other events with it.
func TestThrow(t *testing.T) {
	p := newProgram(t, withFaults(t), "DIR="+t.TempDir())
	stdout, stderr, err := p.output(t, "-e", `
		let thrown = 0, seen = 0;
		process.on("uncaughtException", () => thrown++);
		process.on("exit", () => console.log(seen, thrown > 0));
		const native = require("@reliquary/linux-" + process.arch + "-gnu");
		native.open(JSON.stringify({ dir: process.env.DIR }), (batch) => {
			seen += batch.length / 4;
			throw new Error("own");
		}).then(([, , session]) => {
			for (let token = 1; token <= 5000; token++) native.submit(session, token, 0, "fault_echo", "{}");
		});`)
	if err != nil || stdout != "5000 true\n" {
		t.Errorf("%v: it printed %q\n%s", err, stdout, stderr)
	}
}

// TestSignals: Ctrl-C ends a program, or runs its handler, while calls are pending.
func TestSignals(t *testing.T) { checkSignals(t) }

func checkSignals(t *testing.T, env ...string) {
	folder := withFaults(t)
	for name, script := range map[string]string{
		"default": ``,
		"handler": `process.on("SIGINT", () => { console.log("heard"); process.exit(130) });`,
	} {
		t.Run(name, func(t *testing.T) {
			p := newProgram(t, folder, append(env, "DIR="+t.TempDir())...)
			cmd := exec.CommandContext(t.Context(), "node", "-e", `const { Api } = require("reliquary"); `+script+`
				const api = new Api({ dir: process.env.DIR });
				api.destination().then(() => { api.call("fault_sleep", { ms: 60000 }); console.log("ready"); });`)
			cmd.Dir, cmd.Env, cmd.Stderr = p.folder, p.env, os.Stderr
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			said := make([]byte, 100)
			if n, err := stdout.Read(said); err != nil || string(said[:n]) != "ready\n" {
				t.Fatalf("it said %q (%v)", said[:n], err)
			}
			start := time.Now()
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			n, _ := stdout.Read(said)
			err = cmd.Wait()
			took := time.Since(start)
			t.Logf("it ended %v after the signal", took)
			exit := (*exec.ExitError)(nil)
			if !errors.As(err, &exit) || took > 5*time.Second {
				t.Fatalf("after %v: %v", took, err)
			}
			status := exit.Sys().(syscall.WaitStatus)
			if name == "default" && status.Signal() != syscall.SIGINT ||
				name == "handler" && (status.ExitStatus() != 130 || !strings.HasPrefix(string(said[:n]), "heard")) {
				t.Errorf("%v, and it said %q", err, said[:n])
			}
		})
	}
}
