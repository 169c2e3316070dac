package mcpserver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
	"github.com/reliquary/reliquary/tools"
	"github.com/reliquary/reliquary/tools/mcpserver"
)

// logged logs a version of a collection of the project "world".
func logged(t *testing.T, c *artifacts.Client, typeName, name string, files map[string]string) {
	t.Helper()
	d, err := artifacts.NewArtifact(typeName, name)
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range files {
		if err := d.AddBytes(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.LogArtifact(t.Context(), d, nil); err != nil {
		t.Fatal(err)
	}
}

// worldClient is a client on a new registry, on which the project "world" is
// meant.
func worldClient(t *testing.T) (*servertest.Registry, *artifacts.Client) {
	t.Helper()
	r := servertest.Start(t)
	c, err := artifacts.New(artifacts.Config{BaseURL: r.URL, APIKey: r.Key, Project: "world", Retry: artifacts.Retry{Attempts: 1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return r, c
}

// What a client can ask, one of each kind.
func questions(user string) []question {
	place := user + "/world"
	address := "wandb-artifact://" + place
	tool := func(name string, arguments map[string]any) question {
		return question{"tools/call " + name, "tools/call", map[string]any{"name": name, "arguments": arguments}}
	}
	return []question{
		{"tools/list", "tools/list", nil},
		{"resources/list", "resources/list", nil},
		{"resources/templates/list", "resources/templates/list", nil},
		{"prompts/list", "prompts/list", nil},
		tool("list_artifact_types", map[string]any{}),
		tool("list_artifact_collections", map[string]any{"name_contains": "a"}),
		tool("list_artifacts", map[string]any{"collection": "table", "limit": 1}),
		tool("get_artifact", map[string]any{"artifact": "table:v0"}),
		tool("preview_artifact_file", map[string]any{"artifact": "table", "path": "t.csv"}),
		tool("preview_artifact_file", map[string]any{"artifact": "table", "path": "p.png"}),
		tool("compare_artifacts", map[string]any{"from": "table:v0", "to": "table:v1"}),
		tool("get_lineage", map[string]any{"artifact": "table"}),
		tool("get_storage_usage", map[string]any{}),
		tool("update_artifact", map[string]any{"artifact": "table:v0", "add_tags": []string{}}),
		tool("list_artifacts", map[string]any{"collection": "tabel"}),
		tool("list_artifacts", map[string]any{"colection": "table"}),
		tool("no_such_tool", nil),
		{"resources/read guide", "resources/read", map[string]any{"uri": "reliquary://guide"}},
		{"resources/read project", "resources/read", map[string]any{"uri": address}},
		{"resources/read collection", "resources/read", map[string]any{"uri": address + "/table"}},
		{"resources/read version", "resources/read", map[string]any{"uri": address + "/table:latest"}},
		{"resources/read file", "resources/read", map[string]any{"uri": address + "/table:v1/more/notes.md"}},
		{"resources/read binary file", "resources/read", map[string]any{"uri": address + "/table:v1/p.png"}},
		{"resources/read nothing", "resources/read", map[string]any{"uri": address + "/tabel:v1"}},
		{"prompts/get", "prompts/get", map[string]any{"name": "compare_versions", "arguments": map[string]string{"from": "a:v0", "to": "a:v1"}}},
		{"completion of a collection", "completion/complete", map[string]any{
			"ref":      map[string]any{"type": "ref/resource", "uri": "wandb-artifact://{entity}/{project}/{collection}:{alias}"},
			"argument": map[string]any{"name": "collection", "value": "t"},
			"context":  map[string]any{"arguments": map[string]string{"entity": user, "project": "world"}},
		}},
		{"completion of a path", "completion/complete", map[string]any{
			"ref":      map[string]any{"type": "ref/resource", "uri": "wandb-artifact://{entity}/{project}/{collection}:{alias}/{+path}"},
			"argument": map[string]any{"name": "path", "value": "mo"},
			"context":  map[string]any{"arguments": map[string]string{"entity": user, "project": "world", "collection": "table", "alias": "v1"}},
		}},
		{"completion of a version", "completion/complete", map[string]any{
			"ref":      map[string]any{"type": "ref/prompt", "name": "trace_lineage"},
			"argument": map[string]any{"name": "artifact", "value": "table:l"},
		}},
	}
}

type question struct {
	name, method string
	params       map[string]any
}

const picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

// TestWires_SameAnswers asks the same over stdio and HTTP, in the old and the new
// era of the protocol: the answers are the same, and those in testdata/answers.json.
// To accept a change, run with UPDATE_ANSWERS=true.
func TestWires_SameAnswers(t *testing.T) {
	r, c := worldClient(t)
	logged(t, c, "dataset", "table", map[string]string{"t.csv": "id,name\n1,a\n", "p.png": decodePicture(t)})
	logged(t, c, "dataset", "table", map[string]string{"t.csv": "id,score\n1,2\n2,3\n", "p.png": decodePicture(t), "more/notes.md": "# Notes\n"})
	logged(t, c, "model", "weights", map[string]string{"w.bin": "\x00\x01"})
	serverOf := func() *mcpserver.Server {
		return mcpserver.New(mcpserver.Options{
			Open:   func(context.Context) (*artifacts.Client, error) { return c, nil },
			OpenAs: func(context.Context, string) (*artifacts.Client, error) { return c, nil },
		})
	}
	var first map[string]json.RawMessage
	for _, e := range eras {
		for name, open := range map[string]func() wire{
			"stdio": func() wire { return overStdio(t, serverOf(), e) },
			"HTTP":  func() wire { return overHTTP(t, serverOf(), e, r.Key, mcpserver.HTTPOptions{}) },
		} {
			w := open()
			got := map[string]json.RawMessage{}
			for _, q := range questions(r.Username) {
				answers := w.ask(t, e.request(q.method, q.params))
				if len(answers) != 1 {
					t.Errorf("%s over %s, %s era: %d messages", q.name, name, e.name, len(answers))
				}
				key := q.name
				for n := 2; got[key] != nil; n++ {
					key = fmt.Sprint(q.name, " ", n)
				}
				got[key] = comparable(t, answers[len(answers)-1])
			}
			if first == nil {
				first = got
			} else if d := cmp.Diff(texts(first), texts(got)); d != "" {
				t.Errorf("over %s, %s era, the answers differ:\n%s", name, e.name, d)
			}
		}
	}
	const file = "testdata/answers.json"
	text, err := json.MarshalIndent(first, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if os.Getenv("UPDATE_ANSWERS") == "true" {
		if err := os.WriteFile(filepath.FromSlash(file), text, 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(filepath.FromSlash(file))
	if err != nil {
		t.Fatalf("%v; run the test with UPDATE_ANSWERS=true", err)
	}
	if d := cmp.Diff(string(want), string(text)); d != "" {
		t.Errorf("the answers have changed; if that is meant, run the test with UPDATE_ANSWERS=true (-want +got):\n%s", d)
	}
}

func texts(m map[string]json.RawMessage) map[string]string {
	out := map[string]string{}
	for k, v := range m {
		out[k] = string(v)
	}
	return out
}

// What is another each time: times, ids, cursors, and the names of runs.
var volatile = []struct {
	form *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`), "TIME"},
	{regexp.MustCompile(`"QXJ0aWZhY3Q6[A-Za-z0-9=]*"`), `"ID"`},
	{regexp.MustCompile(`/world/[a-z0-9]{8}(\\?")`), `/world/RUN$1`},
	{regexp.MustCompile(`(name\\?":\\?")[a-z0-9]{8}(\\?")`), `${1}RUN$2`},
	{regexp.MustCompile(`next_cursor(\\?)":\\?"[A-Za-z0-9_-]*\\?"`), `next_cursor$1":$1"CURSOR$1"`},
	{regexp.MustCompile(`\\"QXJ0aWZhY3Q6[A-Za-z0-9=]*\\"`), `\"ID\"`},
}

// comparable is an answer without what one era has and the other has not, and
// without what is another each time.
func comparable(t *testing.T, message json.RawMessage) json.RawMessage {
	t.Helper()
	var m struct {
		Result map[string]any `json:"result,omitempty"`
		Error  map[string]any `json:"error,omitempty"`
	}
	if err := json.Unmarshal(message, &m); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"_meta", "resultType", "ttlMs", "cacheScope"} {
		delete(m.Result, key)
	}
	if tools, ok := m.Result["tools"].([]any); ok { // which have snapshots of their own
		var names []any
		for _, tool := range tools {
			names = append(names, tool.(map[string]any)["name"])
		}
		m.Result["tools"] = names
	}
	delete(m.Error, "code") // the eras have codes of their own
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range volatile {
		text = v.form.ReplaceAll(text, []byte(v.with))
	}
	return bytes.TrimSpace(text)
}

// TestWires_NothingNeeded: everything can be listed without a client, and reading
// says what is missing.
func TestWires_NothingNeeded(t *testing.T) {
	missing := &tools.Error{Code: artifacts.KindUnauthenticated, Message: "there is no API key", Next: "set WANDB_API_KEY"}
	for _, e := range eras {
		s := mcpserver.New(mcpserver.Options{Open: func(context.Context) (*artifacts.Client, error) { return nil, missing }})
		w := overStdio(t, s, e)
		for _, q := range questions("team") {
			got := string(w.ask(t, e.request(q.method, q.params))[0])
			switch {
			case strings.HasSuffix(q.method, "/list"), q.method == "prompts/get", strings.HasSuffix(q.name, "guide"), strings.HasPrefix(q.name, "completion"):
				if !strings.Contains(got, `"result"`) {
					t.Errorf("%s: %s", q.name, got)
				}
			case q.params["name"] == "no_such_tool", strings.Contains(got, "no argument"):
			default:
				if !strings.Contains(got, "set WANDB_API_KEY") {
					t.Errorf("%s: %s", q.name, got)
				}
			}
		}
	}
}
