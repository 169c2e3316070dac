package input_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/reliquary/reliquary/tools/internal/input"
)

// everything is a schema with every keyword that is known here.
const everything = `{
	"type": "object", "additionalProperties": false, "required": ["name"],
	"properties": {
		"name": {"type": "string", "minLength": 2, "maxLength": 5, "pattern": "^[a-zé]*$", "description": "d", "title": "t", "examples": ["abc"]},
		"kind": {"type": "string", "enum": ["one", "two"], "default": "two"},
		"count": {"type": "integer", "minimum": -1, "maximum": 100, "default": 7},
		"least": {"type": "integer", "minimum": 0},
		"most": {"type": "integer", "maximum": 9},
		"flag": {"type": "boolean"},
		"list": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"type": "string", "minLength": 1}},
		"deep": {"type": "object", "additionalProperties": false, "required": ["x"], "properties": {"x": {"type": "integer"}}}
	}
}`

func TestRead_FillsInDefaults(t *testing.T) {
	s, err := input.Parse([]byte(everything))
	if err != nil {
		t.Fatal(err)
	}
	for raw, want := range map[string]string{
		`{"name": "abc"}`: `{"count":7,"kind":"two","name":"abc"}`,
		`{"name": "abc", "kind": null, "deep": {"x": 2e1}}`: `{"count":7,"deep":{"x":20},"kind":"two","name":"abc"}`,
		`{"name": "abc", "count": 3.0, "kind": "one"}`:      `{"count":3,"kind":"one","name":"abc"}`,
	} {
		got, problems := s.Read([]byte(raw))
		if string(got) != want || len(problems) > 0 {
			t.Errorf("%s: got %s, %v; want %s", raw, got, problems, want)
		}
	}
}

func TestRead_Words(t *testing.T) {
	s, err := input.Parse([]byte(everything))
	if err != nil {
		t.Fatal(err)
	}
	for raw, want := range map[string]string{
		`{"name": "a"}`:                             `name has 1 characters and must have at least 2`,
		`{"name": ""}`:                              `name is empty; write it like {"name": "abc"}`,
		`{"name": "AB"}`:                            `name is "AB" and must look like "abc" (the pattern is ^[a-zé]*$)`,
		`{"name": "abc", "least": -1}`:              `least is -1 and must be of at least 0; write it like {"least": 0}`,
		`{"name": "abc", "most": 10}`:               `most is 10 and must be of at most 9; write it like {"most": 1}`,
		`{"name": "abc", "list": []}`:               `list has 0 items and must have at least 1`,
		`{"name": "abc", "list": [1,2,3,4]}`:        `list has 4 items and must have at most 3`,
		`{"name": "abc", "list": ["a", ""]}`:        `list[1] is empty; write it like {"list": ["..."]}`,
		`{"name": "abc", "deep": {}}`:               `deep.x is missing; write it like {"deep.x": 1}`,
		`{"name": "abc", "deep": {"x": 1, "y": 1}}`: `deep has no field "y"; there are x`,
		`{"name": "abc", "deep": 1}`:                `deep is 1 and must be an object; write it like {"deep": {}}`,
		`{"name": "abc", "count": 1e400}`:           `count is 1e400 and must be a whole number from -1 to 100; write it like {"count": 7}`,
	} {
		_, problems := s.Read([]byte(raw))
		if len(problems) != 1 || problems[0].Message != want {
			t.Errorf("%s:\n got %v\nwant %s", raw, problems, want)
		}
	}
	long := `{"name": "` + strings.Repeat("x", input.MaxBytes) + `"}`
	if _, problems := s.Read([]byte(long)); len(problems) != 1 || !strings.Contains(problems[0].Message, "bytes") {
		t.Errorf("too long: %v", problems)
	}
}

func TestParse_RefusesWhatItWouldNotCheck(t *testing.T) {
	for _, schema := range []string{
		`{"type": "array", "items": {"type": "string"}}`,
		`{"type": "object", "properties": {}}`,
		`{"type": "object", "additionalProperties": true}`,
		`{"type": "object", "additionalProperties": false, "properties": {"x": {"type": "number"}}}`,
		`{"type": "object", "additionalProperties": false, "properties": {"x": {"type": ["string", "null"]}}}`,
		`{"type": "object", "additionalProperties": false, "properties": {"x": {"type": "string", "format": "uri"}}}`,
		`{"type": "object", "additionalProperties": false, "properties": {"x": {"type": "array"}}}`,
		`{"type": "object", "additionalProperties": false, "properties": {"x": {"type": "string", "pattern": "("}}}`,
		`{"type": "object", "additionalProperties": false, "oneOf": []}`,
		`{`,
	} {
		if _, err := input.Parse([]byte(schema)); err == nil {
			t.Errorf("%s is taken", schema)
		}
	}
}

// judges are a schema as two implementations see it.
type judges struct {
	name string
	ours *input.Schema
	full *jsonschema.Schema
}

// allJudges are those of every operation's arguments, and of everything.
func allJudges(t testing.TB) []judges {
	t.Helper()
	texts := map[string][]byte{"everything": []byte(everything)}
	files, err := filepath.Glob("../../../schemas/*.input.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no schemas: %v", err)
	}
	for _, f := range files {
		if texts[f], err = os.ReadFile(f); err != nil {
			t.Fatal(err)
		}
	}
	var all []judges
	for name, text := range texts {
		ours, err := input.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		c := jsonschema.NewCompiler()
		if err := c.AddResource(name, doc); err != nil {
			t.Fatal(err)
		}
		full, err := c.Compile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, judges{name, ours, full})
	}
	return all
}

// FuzzRead holds our verdicts to those of a full implementation. The one
// difference is meant: null counts as left out.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"name":"abc"}`, `{"name":"abc","count":3.0}`, `{"name":"abc","list":["a"]}`, `{"collection":"a/b/c","limit":100}`,
		`{"collection":"c","tags":["a","b"]}`, `{"run":"r","mode":"used"}`, `{"name":"é","deep":{"x":1e2}}`, `[]`, `1`, `{"collection":1}`,
		`{"name":"abc","count":1e400}`, `{"name":"abc","most":-0}`, `{"artifact":"a:b","metadata_keys":[]}`, `{"name":"abc","count":99999999999999999999}`,
	} {
		f.Add([]byte(seed))
	}
	all := allJudges(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		if bytes.Contains(raw, []byte("null")) || !utf8.Valid(raw) || len(bytes.TrimSpace(raw)) == 0 || len(raw) > 10_000 {
			return
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		for _, j := range all {
			got, problems := j.ours.Read(raw)
			if err != nil {
				if len(problems) == 0 {
					t.Errorf("%s: not JSON, and taken: %s", j.name, raw)
				}
				continue
			}
			verdict := j.full.Validate(value)
			if len(problems) == 0 && verdict != nil {
				t.Errorf("%s: we take %s, which %v", j.name, raw, verdict)
			}
			if len(problems) > 0 && verdict == nil && !beyondInt64(problems) {
				t.Errorf("%s: we refuse %s: %v", j.name, raw, problems)
			}
			if len(problems) > 0 {
				continue
			}
			again, problems := j.ours.Read(got)
			if len(problems) > 0 || !bytes.Equal(again, got) {
				t.Errorf("%s: %s reads as %s, and that as %s, %v", j.name, raw, got, again, problems)
			}
			if !json.Valid(got) {
				t.Errorf("%s: %s reads as %s", j.name, raw, got)
			}
		}
	})
}

// beyondInt64 reports whether a number was refused that is whole, and too large
// for Go's.
func beyondInt64(problems []input.Problem) bool {
	for _, p := range problems {
		if !strings.Contains(p.Message, "whole number") {
			return false
		}
	}
	return true
}
