package mcpserver_test

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
	"github.com/reliquary/reliquary/tools/mcpserver"
)

// A site has one tool, which destroys, and a person who is shown texts.
type site struct {
	destroyed int
	shown     []string
	server    *mcpserver.Server
}

type victim struct {
	What string `json:"what"`
	Why  string `json:"why,omitempty"`
}

func newSite(confirm mcpserver.Confirm) *site {
	s := &site{}
	o := tools.Define("destroy", tools.Destroys, tools.Words{Title: "Destroy"}, func(context.Context, *artifacts.Client, victim) (echoed, error) {
		s.destroyed++
		return echoed{"destroyed"}, nil
	}).WithSchemas(
		json.RawMessage(`{"type":"object","additionalProperties":false,"properties":{"what":{"type":"string"},"why":{"type":"string"}},"required":["what"]}`),
		json.RawMessage(`{"type":"object","properties":{"text":{"type":"string"}}}`))
	s.server = mcpserver.New(mcpserver.Options{
		Open: anyClient, Operations: []tools.Operation{o}, Confirm: confirm,
		ShowPerson: func(text string) (string, error) {
			s.shown = append(s.shown, text)
			return "on the wall", nil
		},
	})
	return s
}

var codeForm = regexp.MustCompile(`[A-Z2-7]{4}-[A-Z2-7]{4}`)

func (s *site) code(t *testing.T) string {
	t.Helper()
	if len(s.shown) == 0 {
		t.Fatal("the person was shown nothing")
	}
	return codeForm.FindString(s.shown[len(s.shown)-1])
}

// destroy calls the tool and returns the answer.
func destroy(t *testing.T, w wire, e era, arguments map[string]any, more map[string]any) string {
	t.Helper()
	params := map[string]any{"name": "destroy", "arguments": arguments}
	for k, v := range more {
		params[k] = v
	}
	got := w.ask(t, e.request("tools/call", params))
	return string(got[len(got)-1])
}

// TestConsent_ByCode: without the code that only the person was shown, nothing is
// destroyed; it is good for one deed, once.
func TestConsent_ByCode(t *testing.T) {
	for _, e := range eras {
		t.Run(e.name, func(t *testing.T) {
			s := newSite("")
			w := overStdio(t, s.server, e)
			first := destroy(t, w, e, map[string]any{"what": "this"}, nil)
			code := s.code(t)
			if !strings.Contains(first, "DENIED") || !strings.Contains(first, "on the wall") || strings.Contains(first, code) {
				t.Fatalf("the model was told %s", first)
			}
			if !strings.Contains(s.shown[0], `"what":"this"`) {
				t.Errorf("the person was shown %q", s.shown[0])
			}
			for _, wrong := range []map[string]any{
				{"what": "this", "confirmation": "AAAA-AAAA"},
				{"what": "that", "confirmation": code},
			} {
				if got := destroy(t, w, e, wrong, nil); !strings.Contains(got, "DENIED") || s.destroyed > 0 {
					t.Errorf("%v: %s", wrong, got)
				}
			}
			right := map[string]any{"what": "this", "confirmation": strings.ToLower(code)}
			if got := destroy(t, w, e, right, nil); !strings.Contains(got, "destroyed") || s.destroyed != 1 {
				t.Errorf("with the code: %s", got)
			}
			if got := destroy(t, w, e, right, nil); !strings.Contains(got, "DENIED") || s.destroyed != 1 {
				t.Errorf("with the code again: %s", got)
			}
		})
	}
}

// TestConsent_HoweverArgumentsAreWritten: clients write the same arguments in an
// order, with spaces and with escapes of their own.
func TestConsent_HoweverArgumentsAreWritten(t *testing.T) {
	s := newSite(mcpserver.ConfirmPerson)
	w := overStdio(t, s.server, eras[0])
	call := func(arguments string) string {
		request := eras[0].request("tools/call", map[string]any{"name": "destroy", "arguments": json.RawMessage(arguments)})
		got := w.ask(t, request)
		return string(got[len(got)-1])
	}
	call(`{"why":"a < b","what":"this"}`)
	if got := call(`{"why": "a < b", "what": "this", "confirmation": "` + s.code(t) + `"}`); !strings.Contains(got, "destroyed") || s.destroyed != 1 {
		t.Errorf("with the code: %s", got)
	}
}

// TestConsent_CodesCannotBeGuessed: after three wrong ones, there is another.
func TestConsent_CodesCannotBeGuessed(t *testing.T) {
	s := newSite(mcpserver.ConfirmPerson)
	w := overStdio(t, s.server, eras[1])
	destroy(t, w, eras[1], map[string]any{"what": "this"}, nil)
	code := s.code(t)
	for range 3 {
		destroy(t, w, eras[1], map[string]any{"what": "this", "confirmation": "AAAA-AAAA"}, nil)
	}
	if got := destroy(t, w, eras[1], map[string]any{"what": "this", "confirmation": code}, nil); !strings.Contains(got, "DENIED") || s.destroyed > 0 {
		t.Errorf("the old code: %s", got)
	}
	if s.code(t) == code {
		t.Error("the code is the same")
	}
}

// TestConsent_ByClient: a client that can ask the person does, and its answer is
// good for the question that it was asked.
func TestConsent_ByClient(t *testing.T) {
	e := eras[1]
	able := map[string]any{mcp.MetaKeyClientCapabilities: map[string]any{"elicitation": map[string]any{"form": map[string]any{}}}}
	answer := func(action string, agree bool) map[string]any {
		return map[string]any{"consent": map[string]any{"action": action, "content": map[string]any{"agree": agree}}}
	}
	for _, tt := range []struct {
		name, what, want string
		responses        map[string]any
		forge            bool
		destroyed        int
	}{
		{"agrees", "this", "destroyed", answer("accept", true), false, 1},
		{"accepts without agreeing", "this", "DENIED", answer("accept", false), false, 0},
		{"declines", "this", "DENIED", answer("decline", true), false, 0},
		{"agreed to something else", "that", "CONFLICT", answer("accept", true), false, 0},
		{"was never asked", "this", "CONFLICT", answer("accept", true), true, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite("")
			w := overStdio(t, s.server, e)
			question := destroy(t, w, e, map[string]any{"what": "this"}, map[string]any{"_meta": able})
			var asked struct {
				Result struct {
					ResultType, RequestState string
					InputRequests            map[string]struct {
						Method string
						Params struct{ Message string }
					}
				}
			}
			if err := json.Unmarshal([]byte(question), &asked); err != nil {
				t.Fatal(err)
			}
			r := asked.Result
			if r.ResultType != "input_required" || r.InputRequests["consent"].Method != "elicitation/create" || !strings.Contains(r.InputRequests["consent"].Params.Message, "this") {
				t.Fatalf("asked %s", question)
			}
			if tt.forge {
				r.RequestState = "9999999999.AAAA"
			}
			got := destroy(t, w, e, map[string]any{"what": tt.what}, map[string]any{"_meta": able, "inputResponses": tt.responses, "requestState": r.RequestState})
			if !strings.Contains(got, tt.want) || s.destroyed != tt.destroyed {
				t.Errorf("destroyed %d: %s", s.destroyed, got)
			}
			if len(s.shown) > 0 {
				t.Error("a code was shown too")
			}
		})
	}
}

func TestConsent_NotAsked(t *testing.T) {
	for _, confirm := range []mcpserver.Confirm{mcpserver.ConfirmPlan, mcpserver.ConfirmNever} {
		s := newSite(confirm)
		w := overStdio(t, s.server, eras[0])
		if got := destroy(t, w, eras[0], map[string]any{"what": "this"}, nil); !strings.Contains(got, "destroyed") || len(s.shown) > 0 {
			t.Errorf("%s: %s", confirm, got)
		}
		list := w.ask(t, eras[0].request("tools/list", nil))
		if strings.Contains(string(list[0]), "confirmation") {
			t.Errorf("%s: the tool takes a code", confirm)
		}
	}
}
