package tools_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
	"github.com/reliquary/reliquary/tools"
)

// wandbVersion is the release of the wandb package that fills registries.
const wandbVersion = "0.31.0"

// A shop is a registry that the wandb package has filled, with testdata/fill.py.
type shop struct {
	*servertest.Registry
	runs map[string]string // ids by job
}

func openShop(t *testing.T) *shop {
	t.Helper()
	script, err := os.ReadFile("testdata/fill.py")
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{Registry: servertest.Start(t)}
	out := s.Wandb(t, wandbVersion, string(script), s.Username)
	if err := json.Unmarshal([]byte(out.Stdout), &s.runs); err != nil {
		t.Fatalf("fill.py printed %q: %v", out.Stdout, err)
	}
	return s
}

// client is a client of the registry. transport may be nil.
func (s *shop) client(t *testing.T, transport http.RoundTripper) *artifacts.Client {
	t.Helper()
	c, err := artifacts.New(artifacts.Config{
		BaseURL: s.URL, APIKey: s.Key, Project: "vision", Transport: transport,
		Retry: artifacts.Retry{Attempts: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// path is a path in the project.
func (s *shop) path(name string) string { return s.Username + "/vision/" + name }

// args are arguments by name.
type args map[string]any

// call calls an operation that has to succeed, holds the result against the
// output schema, and decodes it.
func call[Out any](t *testing.T, c *artifacts.Client, name string, a args) Out {
	t.Helper()
	return callIn[Out](t.Context(), t, c, name, a)
}

// callIn is call with what a front end says by the context.
func callIn[Out any](ctx context.Context, t *testing.T, c *artifacts.Client, name string, a args) Out {
	t.Helper()
	out, err := tryIn(ctx, t, c, name, a)
	if err != nil {
		t.Fatalf("%s(%v): %v", name, a, err)
	}
	text, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return decode[Out](t, text)
}

func decode[Out any](t *testing.T, text []byte) Out {
	t.Helper()
	var typed Out
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&typed); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return typed
}

// refuse calls an operation that has to fail, and returns how.
func refuse(t *testing.T, c *artifacts.Client, name string, a args) *tools.Error {
	t.Helper()
	return refuseIn(t.Context(), t, c, name, a)
}

// refuseIn is refuse with what a front end says by the context.
func refuseIn(ctx context.Context, t *testing.T, c *artifacts.Client, name string, a args) *tools.Error {
	t.Helper()
	out, err := tryIn(ctx, t, c, name, a)
	if err == nil {
		t.Fatalf("%s(%v) succeeded: %+v", name, a, out)
	}
	e, ok := errors.AsType[*tools.Error](err)
	if !ok {
		t.Fatalf("%s(%v) failed with a %T: %v", name, a, err, err)
	}
	if e.Operation != name {
		t.Errorf("the error names operation %q, not %q", e.Operation, name)
	}
	return e
}

// tryIn calls an operation. A result must fit the output schema.
func tryIn(ctx context.Context, t *testing.T, c *artifacts.Client, name string, a args) (any, error) {
	t.Helper()
	op, err := tools.Lookup(tools.All(), name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	out, err := op.Call(ctx, c, text)
	if err != nil {
		return nil, err
	}
	if text, err = json.Marshal(out); err != nil {
		t.Fatal(err)
	}
	fits(t, op.OutputSchema(), text)
	return out, nil
}

// fits holds a document against a schema, by a full implementation.
func fits(t *testing.T, schema, document []byte) {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	if err := compile(t, schema).Validate(value); err != nil {
		t.Errorf("%s does not fit its schema: %v", document, err)
	}
}

func compile(t testing.TB, schema []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}
