package mcpserver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
	"github.com/reliquary/reliquary/tools/mcpserver"
)

// An echo operation answers what it was told to.
type (
	nothing struct{}
	echoed  struct {
		Text string `json:"text"`
	}
)

// operation makes an operation with schemas of its own.
func operation(f func(context.Context) (echoed, error)) tools.Operation {
	o := tools.Define("echo", tools.Reads, tools.Words{Title: "Echo"}, func(ctx context.Context, _ *artifacts.Client, _ nothing) (echoed, error) {
		return f(ctx)
	})
	// Define reads the schema when it is first needed.
	return o.WithSchemas(
		json.RawMessage(`{"type":"object","additionalProperties":false,"properties":{}}`),
		json.RawMessage(`{"type":"object","additionalProperties":false,"properties":{"text":{"type":"string"}},"required":["text"]}`))
}

// anyClient is a client that leads nowhere.
func anyClient(context.Context) (*artifacts.Client, error) {
	return artifacts.New(artifacts.Config{BaseURL: "http://127.0.0.1:1", Entity: "team"})
}

// called calls a tool in this process.
func called(t *testing.T, c *client.Client, name string, arguments any) *mcp.CallToolResult {
	t.Helper()
	var call mcp.CallToolRequest
	call.Params.Name, call.Params.Arguments = name, arguments
	result, err := c.CallTool(t.Context(), call)
	if err != nil {
		t.Fatalf("%s: a protocol error, which the model does not see: %v", name, err)
	}
	return result
}

// failureOf decodes the error of a failed call, and holds it to its form.
func failureOf(t *testing.T, r *mcp.CallToolResult) tools.Error {
	t.Helper()
	if !r.IsError || r.StructuredContent != nil || len(r.Content) != 1 {
		t.Fatalf("not a failure, or not in form: %+v", r)
	}
	var e tools.Error
	if err := json.Unmarshal([]byte(r.Content[0].(mcp.TextContent).Text), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestCall_TextIsTheStructuredContent(t *testing.T) {
	o := operation(func(context.Context) (echoed, error) { return echoed{`<a> & "b"`}, nil })
	r := called(t, connected(t, mcpserver.New(mcpserver.Options{Open: anyClient, Operations: []tools.Operation{o}})), "echo", nil)
	text := r.Content[0].(mcp.TextContent).Text
	if want := `{"text":"<a> & \"b\""}`; text != want {
		t.Errorf("the text is %s, want %s", text, want)
	}
	structured, err := json.Marshal(r.StructuredContent)
	if err != nil {
		t.Fatal(err)
	}
	var a, b any
	if json.Unmarshal(structured, &a) != nil || json.Unmarshal([]byte(text), &b) != nil {
		t.Fatalf("%s and %s are not JSON", structured, text)
	}
	if x, y := a.(map[string]any)["text"], b.(map[string]any)["text"]; x != y {
		t.Errorf("structured %v, text %v", x, y)
	}
}

func TestCall_TakesOutWhatCannotBeSeen(t *testing.T) {
	o := operation(func(context.Context) (echoed, error) {
		return echoed{"\x1b[31mred\x1b[0m \u202eevil\u202c\U000e0041!"}, nil
	})
	r := called(t, connected(t, mcpserver.New(mcpserver.Options{Open: anyClient, Operations: []tools.Operation{o}})), "echo", nil)
	if text := r.Content[0].(mcp.TextContent).Text; text != `{"text":"red evil!"}` {
		t.Errorf("the text is %q", text)
	}
	if note := r.Content[1].(mcp.TextContent).Text; !strings.Contains(note, "12 control or invisible characters") {
		t.Errorf("the note is %q", note)
	}
	failing := operation(func(context.Context) (echoed, error) {
		return echoed{}, &artifacts.Error{Kind: artifacts.KindNotFound, Message: "no \u202esuch thing"}
	})
	r = called(t, connected(t, mcpserver.New(mcpserver.Options{Open: anyClient, Operations: []tools.Operation{failing}})), "echo", nil)
	if e := failureOf(t, r); e.Message != "no such thing" {
		t.Errorf("the message is %q", e.Message)
	}
}

func TestCall_PanicsStayInside(t *testing.T) {
	var log bytes.Buffer
	o := operation(func(context.Context) (echoed, error) { panic("the secret is 42") })
	s := mcpserver.New(mcpserver.Options{Open: anyClient, Operations: []tools.Operation{o}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	c := connected(t, s)
	for range 3 { // the server lives on
		e := failureOf(t, called(t, c, "echo", nil))
		if e.Code != mcpserver.KindInternal || strings.Contains(e.Message, "secret") || e.Next == "" {
			t.Errorf("the client is told %+v", e)
		}
		_, incident, _ := strings.Cut(e.Message, "incident ")
		incident, _, _ = strings.Cut(incident, ")")
		if incident == "" || !strings.Contains(log.String(), incident) || !strings.Contains(log.String(), "the secret is 42") {
			t.Errorf("incident %q is not in the log: %s", incident, log.String())
		}
	}
}

func TestCall_RefusesTooLongAnswers(t *testing.T) {
	o := operation(func(context.Context) (echoed, error) { return echoed{strings.Repeat("x", 100_000)}, nil })
	r := called(t, connected(t, mcpserver.New(mcpserver.Options{Open: anyClient, Operations: []tools.Operation{o}})), "echo", nil)
	if e := failureOf(t, r); e.Code != artifacts.KindInvalid || !strings.Contains(e.Message, "100011 bytes") {
		t.Errorf("got %+v", e)
	}
}

func TestCall_OpensTheClientOnce(t *testing.T) {
	var opened atomic.Int64
	o := operation(func(context.Context) (echoed, error) { return echoed{"ok"}, nil })
	c := connected(t, mcpserver.New(mcpserver.Options{
		Open: func(ctx context.Context) (*artifacts.Client, error) {
			if opened.Add(1) == 1 {
				return nil, &artifacts.Error{Kind: artifacts.KindUnauthenticated, Message: "there is no API key", Next: "set WANDB_API_KEY"}
			}
			return anyClient(ctx)
		},
		Operations: []tools.Operation{o},
	}))
	// Wrong arguments need no client.
	if e := failureOf(t, called(t, c, "echo", map[string]any{"x": 1})); e.Code != artifacts.KindInvalid || opened.Load() != 0 {
		t.Errorf("got %+v after %d openings", e, opened.Load())
	}
	if e := failureOf(t, called(t, c, "echo", nil)); e.Code != artifacts.KindUnauthenticated || e.Next != "set WANDB_API_KEY" || e.Operation != "echo" {
		t.Errorf("got %+v", e)
	}
	for range 3 {
		if r := called(t, c, "echo", nil); r.IsError {
			t.Errorf("got %+v", r.Content)
		}
	}
	if n := opened.Load(); n != 2 {
		t.Errorf("opened %d times", n)
	}
}

func TestCall_CancelsWhileOpening(t *testing.T) {
	o := operation(func(context.Context) (echoed, error) { return echoed{"ok"}, nil })
	c := connected(t, mcpserver.New(mcpserver.Options{
		Open: func(ctx context.Context) (*artifacts.Client, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
		Operations: []tools.Operation{o},
	}))
	ctx, cancel := context.WithCancel(t.Context())
	go cancel()
	var call mcp.CallToolRequest
	call.Params.Name = "echo"
	if r, err := c.CallTool(ctx, call); err == nil {
		if e := failureOf(t, r); e.Code != artifacts.KindCanceled {
			t.Errorf("got %+v", e)
		}
	} else if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
