package tools_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/schemas"
	"github.com/reliquary/reliquary/tools"
)

func TestAll_IsWellDescribed(t *testing.T) {
	name := regexp.MustCompile(`^[a-z]+(_[a-z]+)+$`)
	seen := map[string]bool{}
	for _, o := range tools.All() {
		if !name.MatchString(o.Name) || seen[o.Name] {
			t.Errorf("%q is no name, or not the only one", o.Name)
		}
		seen[o.Name] = true
		if o.Title == "" || o.Toolset == "" || !strings.HasSuffix(o.Description, ".") || len(o.Description) > 300 {
			t.Errorf("%s: title %q, toolset %q, description %q", o.Name, o.Title, o.Toolset, o.Description)
		}
		if !slices.Contains([]tools.Effect{tools.Reads, tools.Writes, tools.Destroys}, o.Effect) {
			t.Errorf("%s has effect %q", o.Name, o.Effect)
		}
		for kind, schema := range map[string]json.RawMessage{"input": o.InputSchema(), "output": o.OutputSchema()} {
			if schema == nil {
				t.Fatalf("%s has no %s schema: run make generate", o.Name, kind)
			}
			compile(t, schema)
			for _, word := range []string{`"$ref"`, `"null"`, `"number"`, `"anyOf"`, `"oneOf"`, `"$schema"`} {
				if strings.Contains(string(schema), word) {
					t.Errorf("the %s schema of %s holds %s, which not all readers know", kind, o.Name, word)
				}
			}
		}
		if o.Effect == tools.Destroys && o.Toolset != tools.ToolsetClasses && !strings.Contains(string(o.InputSchema()), "plan_id") {
			t.Errorf("%s destroys and asks for no plan", o.Name)
		}
	}
}

func TestLookup(t *testing.T) {
	all := tools.All()
	if o, err := tools.Lookup(all, "get_artifact"); err != nil || o.Name != "get_artifact" {
		t.Errorf("get_artifact: %v, %v", o.Name, err)
	}
	_, err := tools.Lookup(all, "list_artifact")
	e, ok := errors.AsType[*tools.Error](err)
	if !ok || !errors.Is(err, artifacts.ErrInvalid) || len(e.Candidates) == 0 || e.Candidates[0] != "list_artifacts" {
		t.Errorf("a misspelt operation: %+v", err)
	}
}

// TestCall_RefusesBadArguments shows what an agent reads who calls wrongly.
func TestCall_RefusesBadArguments(t *testing.T) {
	for _, tt := range []struct {
		operation, arguments, argument, message string
	}{
		{"list_artifacts", `{}`, "collection",
			`collection is missing; write it like {"collection": "team/vision/detector"}`},
		{"list_artifacts", ``, "collection",
			`collection is missing; write it like {"collection": "team/vision/detector"}`},
		{"list_artifacts", `{"collection": null}`, "collection",
			`collection is null and must be text; write it like {"collection": "team/vision/detector"}`},
		{"list_artifacts", `{"collection": "c", "limit": "20"}`, "limit",
			`limit is the text "20" and must be a whole number from 1 to 100; write it like {"limit": 20}`},
		{"list_artifacts", `{"collection": "c", "limit": 2.5}`, "limit",
			`limit is 2.5 and must be a whole number from 1 to 100; write it like {"limit": 20}`},
		{"list_artifacts", `{"collection": "c", "limit": 500}`, "limit",
			`limit is 500 and must be from 1 to 100; write it like {"limit": 20}`},
		{"list_artifacts", `{"colection": "c"}`, "colection",
			`there is no argument "colection"; did you mean "collection"? collection is missing; write it like {"collection": "team/vision/detector"}`},
		{"list_artifacts", `{"collection": "c", "verbose": true}`, "verbose",
			`there is no argument "verbose"; there are collection, order, detail, fields, limit, cursor`},
		{"list_artifacts", `{"collection": "c", "order": "newst"}`, "order",
			`order is "newst" and must be "newest" or "oldest"`},
		{"list_artifacts", `["c"]`, "",
			`the arguments are a list and must be an object, as in {"collection": "team/vision/detector"}`},
		{"list_artifacts", `{"collection": "c"`, "",
			`the arguments are not JSON: they end too early`},
		{"list_artifacts", `{"collection": "c"} {}`, "",
			`the arguments are not JSON: something follows behind the first value`},
		{"list_artifacts", "{\"collection\": \"\xff\"}", "",
			`the arguments are not JSON: they are not UTF-8`},
		{"save_artifact_collection", `{"collection": "c", "tags": "a"}`, "tags",
			`tags is the text "a" and must be a list; write it like {"tags": ["..."]}`},
		{"save_artifact_collection", `{"collection": "c", "tags": ["a", 1]}`, "tags[1]",
			`tags[1] is 1 and must be text; write it like {"tags": ["..."]}`},
		{"save_artifact_collection", `{"collection": "c", "create_type": "yes"}`, "create_type",
			`create_type is the text "yes" and must be true or false; write it like {"create_type": true}`},
		{"save_artifact_collection", `{"collection": "c", "new_name": "` + strings.Repeat("n", 200) + `"}`, "new_name",
			`new_name has 200 characters and must have at most 128`},
		{"list_run_artifacts", `{"run": {"id": 1}, "mode": "loged"}`, "mode",
			`mode is "loged" and must be "logged" or "used". run is an object and must be text; write it like {"run": "team/vision/1a2b3c4d"}`},
	} {
		o, err := tools.Lookup(tools.All(), tt.operation)
		if err != nil {
			t.Fatal(err)
		}
		// No client: bad arguments are refused before one is needed.
		_, err = o.Call(context.Background(), nil, json.RawMessage(tt.arguments))
		e, ok := errors.AsType[*tools.Error](err)
		if !ok {
			t.Errorf("%s(%s): %v", tt.operation, tt.arguments, err)
			continue
		}
		if e.Message != tt.message || e.Argument != tt.argument || e.Code != artifacts.KindInvalid || e.Next == "" {
			t.Errorf("%s(%s):\n got %s (%s, %s)\nwant %s (%s)", tt.operation, tt.arguments, e.Message, e.Argument, e.Code, tt.message, tt.argument)
		}
		if err := o.Check(json.RawMessage(tt.arguments)); err == nil || err.Error() != e.Error() {
			t.Errorf("Check(%s) says %v", tt.arguments, err)
		}
	}
}

// TestCall_TellsWhatServersSay holds the codes and next steps of failures that
// have nothing to do with the arguments.
func TestCall_TellsWhatServersSay(t *testing.T) {
	answer := func(status int, header, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if header != "" {
				w.Header().Set("Retry-After", header)
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	hang := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or the end of the connection is not noticed
		<-r.Context().Done()
	}
	const errorBody = `{"errors":[{"message":"no"}]}`
	for _, tt := range []struct {
		name      string
		handler   http.HandlerFunc
		code      artifacts.Kind
		retryable bool
		after     int
	}{
		{"wrong key", answer(401, "", errorBody), artifacts.KindUnauthenticated, false, 0},
		{"forbidden", answer(403, "", errorBody), artifacts.KindDenied, false, 0},
		{"busy", answer(429, "7", errorBody), artifacts.KindUnavailable, true, 7},
		{"broken", answer(500, "", errorBody), artifacts.KindUnavailable, true, 0},
		{"no W&B", answer(200, "", "<html>hello</html>"), artifacts.KindCorrupt, false, 0},
		{"hangs", hang, artifacts.KindUnavailable, true, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			front := httptest.NewServer(tt.handler)
			defer front.Close()
			c, err := artifacts.New(artifacts.Config{
				BaseURL: front.URL, APIKey: strings.Repeat("k", 40), Entity: "team", Project: "vision",
				Timeout: 200 * time.Millisecond, Retry: artifacts.Retry{Attempts: 1},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			e := refuse(t, c, "list_artifact_types", args{})
			if e.Code != tt.code || e.Retryable != tt.retryable || e.RetryAfterSeconds != tt.after || e.Next == "" {
				t.Errorf("got %+v", e)
			}
			if strings.Contains(e.Message, "kkkk") {
				t.Errorf("the message holds the key: %s", e.Message)
			}
		})
	}
	t.Run("unreachable", func(t *testing.T) {
		front := httptest.NewServer(nil)
		front.Close()
		c, err := artifacts.New(artifacts.Config{BaseURL: front.URL, Entity: "team", Retry: artifacts.Retry{Attempts: 1}})
		if err != nil {
			t.Fatal(err)
		}
		e := refuse(t, c, "list_artifact_types", args{})
		if e.Code != artifacts.KindUnavailable || !e.Retryable || !strings.Contains(e.Message, front.URL) {
			t.Errorf("got %+v", e)
		}
	})
	t.Run("canceled", func(t *testing.T) {
		c, err := artifacts.New(artifacts.Config{BaseURL: "http://127.0.0.1:1", Entity: "team"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		o, _ := tools.Lookup(tools.All(), "list_artifact_types")
		if _, err := o.Call(ctx, c, nil); !errors.Is(err, artifacts.ErrCanceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestIndex_ListsAllOperations(t *testing.T) {
	var index struct {
		Operations []struct {
			Name, Input, Output string
			Effect              tools.Effect
		}
	}
	if err := json.Unmarshal(schemas.Index(), &index); err != nil {
		t.Fatal(err)
	}
	all := tools.All()
	if len(index.Operations) != len(all) {
		t.Fatalf("the index has %d operations, and there are %d: run make generate", len(index.Operations), len(all))
	}
	for i, o := range index.Operations {
		if o.Name != all[i].Name || o.Effect != all[i].Effect || o.Input != o.Name+".input.json" || o.Output != o.Name+".output.json" {
			t.Errorf("%d: %+v", i, o)
		}
	}
}

// BenchmarkCheck is the cost of checking arguments, first call left out.
func BenchmarkCheck(b *testing.B) {
	o, err := tools.Lookup(tools.All(), "list_artifacts")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := o.Check(json.RawMessage(`{"collection": "team/vision/detector", "limit": 5}`)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFirstCheck is the same with the schema read, as the first call does.
func BenchmarkFirstCheck(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		o, _ := tools.Lookup(tools.All(), "list_artifacts")
		_ = o.Check(json.RawMessage(`{"collection": "team/vision/detector", "limit": 5}`))
	}
}

// TestWalk_Panic: a mistake in an operation ends the walk, not the process.
func TestWalk_Panic(t *testing.T) {
	o := tools.Define("projects_page", tools.Reads, tools.Words{}, func(context.Context, *artifacts.Client, tools.ProjectsPageInput) (tools.ProjectConnection, error) {
		panic("a mistake")
	})
	var last error
	for _, last = range o.Walk(t.Context(), nil, nil) {
	}
	if last == nil || !strings.Contains(last.Error(), "a mistake") || !strings.Contains(last.Error(), "report it") {
		t.Errorf("the walk ended with %v", last)
	}
}
