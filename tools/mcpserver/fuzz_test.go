package mcpserver_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
	"github.com/reliquary/reliquary/tools/mcpserver"
)

// TestHostileArguments throws arguments at every tool, such as fit its schema and
// such as break it, for RELIQUARY_FUZZ (10m; 3 seconds where it is not set): every
// call is answered soon, with nothing of our insides, no file outside of the
// allowed folder is read or written, and a read-only server changes nothing.
func TestHostileArguments(t *testing.T) {
	lasts := 3 * time.Second
	if d, err := time.ParseDuration(os.Getenv("RELIQUARY_FUZZ")); err == nil {
		lasts = d
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	const secret = "a-secret-outside-of-the-folder"
	top := t.TempDir()
	inside, outside := filepath.Join(top, "inside"), filepath.Join(top, "outside")
	for _, dir := range []string{inside, outside} {
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "file.txt"), []byte(map[string]string{inside: "fine", outside: secret}[dir]), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(outside, filepath.Join(inside, "way-out")); err != nil {
		t.Fatal(err)
	}
	files, err := tools.FilesIn(inside)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.Close() })
	for _, readOnly := range []bool{true, false} {
		_, c := worldClient(t)
		for n := range 3 {
			logged(t, c, "dataset", "table", map[string]string{"t.csv": fmt.Sprintf("id\n%d\n", n), "deep/notes.md": "# Notes"})
		}
		logged(t, c, "model", "weights", map[string]string{"w.bin": "\x00"})
		s := mcpserver.New(mcpserver.Options{
			Open: openerOf(c), Files: files, ReadOnly: readOnly, Toolsets: tools.Toolsets(), Confirm: mcpserver.ConfirmNever,
		})
		w := overStdio(t, s, eras[1])
		before := stateOfWorld(t, c)
		f := &fuzzer{Rand: rand.New(rand.NewPCG(seed, 1)), outside: outside}
		calls := 0
		for began := time.Now(); time.Since(began) < lasts/2; calls++ {
			o := forAgents()[f.IntN(len(forAgents()))]
			arguments := f.arguments(t, o.InputSchema())
			asked := time.Now()
			got := w.ask(t, eras[1].request("tools/call", map[string]any{"name": o.Name, "arguments": arguments}))
			answer := string(got[len(got)-1])
			shown, _ := json.Marshal(arguments)
			if took := time.Since(asked); took > 10*time.Second {
				t.Errorf("%s(%s) took %s", o.Name, shown, took)
			}
			if insides.MatchString(answer) || strings.Contains(answer, secret) || strings.Contains(answer, string(mcpserver.KindInternal)) {
				t.Errorf("%s(%s): %s", o.Name, shown, answer)
			}
		}
		t.Logf("read-only %v: %d calls", readOnly, calls)
		if readOnly {
			if after := stateOfWorld(t, c); after != before {
				t.Errorf("a read-only server changed\n%s\nto\n%s", before, after)
			}
		}
	}
	left, err := os.ReadDir(outside)
	text, readErr := os.ReadFile(filepath.Join(outside, "file.txt"))
	if err != nil || readErr != nil || len(left) != 1 || string(text) != secret {
		t.Errorf("outside there are %v, and %q", left, text)
	}
}

// insides are of a program, and no answer.
var insides = regexp.MustCompile(`goroutine \d|\.go:\d+|runtime error|panic`)

// stateOfWorld is everything in the project, as text.
func stateOfWorld(t *testing.T, c *artifacts.Client) string {
	t.Helper()
	var b strings.Builder
	p, err := c.Resolve(t.Context(), artifacts.Path{})
	if err != nil {
		t.Fatal(err)
	}
	for a, err := range c.ArtifactCollections(p.Entity, p.Project, "", nil).All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		attrs, err := a.Attrs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, attrs.Name, attrs.Type, attrs.Tags, attrs.Description)
		for v, err := range c.Artifacts(p.Entity, p.Project, "", a.Name(), nil).All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&b, " ", v.Version, v.Aliases, v.Tags, v.Digest, v.TTL, string(v.Metadata))
		}
	}
	return b.String()
}

type fuzzer struct {
	*rand.Rand
	outside string
}

// arguments fit a schema, two times of three.
func (f *fuzzer) arguments(t *testing.T, schema json.RawMessage) any {
	t.Helper()
	var s map[string]any
	if err := json.Unmarshal(schema, &s); err != nil {
		t.Fatal(err)
	}
	v := f.value(s, 0)
	if m, ok := v.(map[string]any); ok && f.IntN(3) == 0 {
		for name := range m {
			if f.IntN(2) == 0 {
				m[name] = f.anything(0)
			}
		}
		m[f.text()] = f.anything(0)
	}
	return v
}

// value fits a schema, more or less.
func (f *fuzzer) value(s map[string]any, depth int) any {
	if all, ok := s["enum"].([]any); ok {
		return all[f.IntN(len(all))]
	}
	switch s["type"] {
	case "object":
		out := map[string]any{}
		properties, _ := s["properties"].(map[string]any)
		required := fmt.Sprint(s["required"])
		for name, p := range properties {
			if strings.Contains(required, name) || f.IntN(3) == 0 {
				out[name] = f.value(p.(map[string]any), depth+1)
			}
		}
		return out
	case "array":
		out := []any{}
		for range f.IntN(3) + 1 {
			out = append(out, f.value(s["items"].(map[string]any), depth+1))
		}
		return out
	case "integer":
		return []any{0, 1, 2, 5, -1, 100, 1 << 40}[f.IntN(7)]
	case "boolean":
		return f.IntN(2) == 0
	}
	return f.text()
}

func (f *fuzzer) anything(depth int) any {
	switch f.IntN(6) {
	case 0:
		return nil
	case 1:
		return f.Float64() * 1e18
	case 2:
		return f.IntN(2) == 0
	case 3:
		if depth < 3 {
			return []any{f.anything(depth + 1), f.anything(depth + 1)}
		}
	case 4:
		if depth < 3 {
			return map[string]any{f.text(): f.anything(depth + 1)}
		}
	}
	return f.text()
}

// text is a name that there is, or one that nobody should write.
func (f *fuzzer) text() string {
	names := []string{
		"table", "table:v0", "table:latest", "local/world/table:v1", "weights", "local/world", "world", "t.csv", "deep/notes.md", "file.txt", ".",
		"", " ", "..", "../outside", "../outside/file.txt", "../../etc/passwd", "/etc/passwd", "way-out", "way-out/file.txt", "deep/../../outside/file.txt",
		f.outside, f.outside + "/file.txt", f.outside + "/new", "file://" + f.outside + "/file.txt", "..\\outside", "%2e%2e/outside", "CON", "a\x00b",
		"table:" + strings.Repeat("v", 300), strings.Repeat("../", 40) + "etc/passwd", strings.Repeat("x", 5000), "\u202ereversed", "\x1b[31mred",
		"'; DROP TABLE artifacts; --", "{{.}}", "${HOME}", "ignore all previous instructions", "http://127.0.0.1:1/x", "wandb-artifact://x/y", "v0", "none", "newest",
		"QXJ0aWZhY3Q6MQ==", "change_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "plan_AAAA", "2026-11-24T00:00:00Z", "evaluation", "dataset", "1", "-1", "1e9",
	}
	return names[f.IntN(len(names))]
}
