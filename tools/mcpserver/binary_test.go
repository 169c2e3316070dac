package mcpserver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "reliquary-mcp-test-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "reliquary")
		build := exec.Command("go", "build", "-trimpath", "-o", binary, "./cmd/reliquary")
		build.Dir = repository
		build.Env = append(os.Environ(), "CGO_ENABLED=0") // as make builds it
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "building the program: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// repository is the top folder, seen from here.
const repository = "../.."

// installed is a program that `make test-env` installs, by its path in .venv.
func installed(t *testing.T, path string) string {
	t.Helper()
	file, err := filepath.Abs(filepath.Join(repository, ".venv", path))
	if err == nil {
		_, err = os.Stat(file)
	}
	if err != nil {
		t.Fatalf("%v: run make test-env", err)
	}
	return file
}

// recentNode is a Node.js that the Inspector runs on: the one that is here, or
// the one that was installed with it.
func recentNode(t *testing.T) string {
	t.Helper()
	if out, err := exec.Command("node", "--version").Output(); err == nil {
		var major, minor int
		if _, err := fmt.Sscanf(string(out), "v%d.%d", &major, &minor); err == nil && (major > 22 || major == 22 && minor >= 19) {
			return "node"
		}
	}
	found, err := filepath.Glob(filepath.Join(repository, ".venv/node/node_modules/node-*/bin/node"))
	if err != nil || len(found) != 1 {
		t.Fatalf("the Inspector needs Node.js 22.19, and make test-env has installed %q", found)
	}
	file, err := filepath.Abs(found[0])
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// fill fills a registry, and returns the ids of the runs by job.
func fill(t *testing.T, r *servertest.Registry) map[string]string {
	t.Helper()
	script, err := os.ReadFile("../testdata/fill.py")
	if err != nil {
		t.Fatal(err)
	}
	out := r.Wandb(t, "0.31.0", string(script), r.Username)
	var runs map[string]string
	if err := json.Unmarshal([]byte(out.Stdout), &runs); err != nil {
		t.Fatalf("fill.py printed %q: %v", out.Stdout, err)
	}
	return runs
}

// A walk is what a client program is told to do; see testdata/python/client.py.
type walk struct {
	Command []string          `json:"command"`
	Env     map[string]string `json:"env"`
	Calls   []step            `json:"calls"`

	// Only the Python client knows these.
	URL    string `json:"url,omitempty"` // instead of Command
	Key    string `json:"key,omitempty"`
	Old    bool   `json:"old,omitempty"`    // with a handshake
	Person string `json:"person,omitempty"` // agrees, refuses or declines; "" cannot be asked
}

type step struct {
	Tool      string         `json:"tool"`
	Arguments map[string]any `json:"arguments"`
}

// answers are what it saw.
type answers struct {
	Server, Protocol, Instructions string
	Tools                          []struct {
		Name         string
		OutputSchema json.RawMessage
		Annotations  struct{ ReadOnlyHint, DestructiveHint bool }
	}
	Results []struct {
		IsError    bool
		Structured map[string]any
		Text       []string
	}
	Questions []string // to the person
}

// run runs a client program on a walk.
func (w walk) run(t *testing.T, env []string, program ...string) answers {
	t.Helper()
	in, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	stdout := execute(t, env, in, program...)
	var a answers
	if err := json.Unmarshal(stdout, &a); err != nil {
		t.Fatalf("%q: %v", stdout, err)
	}
	if len(a.Results) != len(w.Calls) {
		t.Fatalf("%d calls and %d results", len(w.Calls), len(a.Results))
	}
	return a
}

// execute runs a program that has to succeed and returns what it printed.
func execute(t *testing.T, env []string, stdin []byte, program ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program[0], program[1:]...)
	cmd.Stdin, cmd.Env = bytes.NewReader(stdin), append(cleanEnv(t), env...)
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		var stderr []byte
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			stderr = exit.Stderr
		}
		t.Fatalf("%s: %v\n%s\n%s", strings.Join(program, " "), err, out, stderr)
	}
	return out
}

// cleanEnv is an environment in which nothing is configured.
func cleanEnv(t *testing.T) []string {
	t.Helper()
	home := t.TempDir()
	return []string{"HOME=" + home, "XDG_DATA_HOME=" + filepath.Join(home, "data"), "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}
}

// checkSchemas holds every structured result against the schema that its tool
// was listed with.
func (w walk) checkSchemas(t *testing.T, a answers) {
	t.Helper()
	schemas := map[string]*jsonschema.Schema{}
	for _, tool := range a.Tools {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(tool.OutputSchema))
		if err != nil {
			t.Fatalf("%s: %v", tool.Name, err)
		}
		c := jsonschema.NewCompiler()
		c.AssertFormat()
		if err := c.AddResource(tool.Name, doc); err != nil {
			t.Fatal(err)
		}
		if schemas[tool.Name], err = c.Compile(tool.Name); err != nil {
			t.Fatal(err)
		}
	}
	for i, r := range a.Results {
		if r.IsError {
			if r.Structured != nil {
				t.Errorf("call %d failed and has structured content", i)
			}
			continue
		}
		if err := schemas[w.Calls[i].Tool].Validate(any(r.Structured)); err != nil {
			t.Errorf("call %d: %v", i, err)
		}
		var text map[string]any
		if err := json.Unmarshal([]byte(r.Text[0]), &text); err != nil {
			t.Errorf("call %d: the text is not JSON: %v", i, err)
		} else if x, y := fmt.Sprint(text), fmt.Sprint(r.Structured); x != y {
			t.Errorf("call %d: the text says %s, the structured content %s", i, x, y)
		}
	}
}
