package node

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// compareWithGo calls the operations of bindings/testdata/cases.json from Go and
// from Node: what they give, and how they fail, is the same. env is more of Node's
// environment.
func (s *shop) compareWithGo(t *testing.T, env ...string) {
	file, err := filepath.Abs("../testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Operation string
		Input     json.RawMessage
	}
	if err := json.Unmarshal([]byte(read(t, file)), &cases); err != nil {
		t.Fatal(err)
	}
	client, err := artifacts.New(artifacts.Config{BaseURL: s.URL, APIKey: s.Key, Entity: s.Username, Project: "vision"})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()

	p := s.program(t, "server")
	p.env = append(p.env, env...)
	stdout, stderr, err := p.output(t, p.copy(t, "cases.mjs"), file)
	if err != nil {
		t.Fatalf("cases.mjs: %v\n%s", err, stderr)
	}
	got := parsed(t, stdout).([]any)
	failed := 0
	for i, c := range cases {
		want := make(map[string]any)
		o, err := tools.Lookup(tools.All(), c.Operation)
		if err == nil {
			want["output"], err = o.Call(t.Context(), client, c.Input)
		}
		if err != nil {
			failed++
			want = map[string]any{"error": failure(t, err)}
		}
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(parsed(t, string(text)), got[i]); diff != "" {
			t.Errorf("%s %s (-Go +Node):\n%s", c.Operation, c.Input, diff)
		}
	}
	if len(got) != len(cases) || failed < 5 || failed > len(cases)/2 {
		t.Errorf("of %d cases, %d were answered, and %d fail", len(cases), len(got), failed)
	}
}

// failure is an error as JavaScript has it.
func failure(t *testing.T, err error) map[string]any {
	t.Helper()
	e, ok := errors.AsType[*tools.Error](err)
	if !ok {
		t.Fatalf("%v is no error of an operation", err)
	}
	f := map[string]any{"code": e.Code, "operation": e.Operation, "message": e.Message, "candidates": append([]string{}, e.Candidates...), "retryable": e.Retryable}
	if e.Argument != "" {
		f["argument"] = e.Argument
	}
	if e.Next != "" {
		f["next"] = e.Next
	}
	return f
}
