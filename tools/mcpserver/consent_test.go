package mcpserver_test

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"sync"
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
	options   mcpserver.Options
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
	s.options = mcpserver.Options{
		Open: anyClient, Operations: []tools.Operation{o}, Confirm: confirm,
		ShowPerson: func(text string) (string, error) {
			s.shown = append(s.shown, text)
			return "on the wall", nil
		},
	}
	s.server = mcpserver.New(s.options)
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

const sharedKey = "a-key-that-nobody-guesses"

// TestConsent_ShowingHoldsUpNobody: while one person's code is being shown, on
// whatever takes its time, others are asked and agree.
func TestConsent_ShowingHoldsUpNobody(t *testing.T) {
	s := newSite("")
	o := s.options
	showing, goOn := make(chan struct{}), make(chan struct{})
	shown := make(chan string, 10)
	o.ShowPerson = func(text string) (string, error) {
		if strings.Contains(text, "slow") {
			close(showing)
			<-goOn
			return "", errors.New("the wall fell down")
		}
		shown <- text
		return "on the wall", nil
	}
	server := mcpserver.New(o)
	e := eras[1]
	slow, quick := overHTTP(t, server, e, sharedKey, mcpserver.HTTPOptions{Key: sharedKey}), overHTTP(t, server, e, sharedKey, mcpserver.HTTPOptions{Key: sharedKey})
	release := sync.OnceFunc(func() { close(goOn) })
	t.Cleanup(release)
	ended := make(chan string, 1)
	go func() { ended <- destroy(t, slow, e, map[string]any{"what": "slow"}, nil) }()
	select {
	case <-showing:
	case got := <-ended:
		t.Fatal(got)
	}
	if got := destroy(t, quick, e, map[string]any{"what": "quick"}, nil); !strings.Contains(got, "on the wall") {
		t.Errorf("another got %s", got)
	}
	if len(shown) == 0 {
		t.Fatal("the person was shown nothing")
	}
	code := codeForm.FindString(<-shown)
	if got := destroy(t, quick, e, map[string]any{"what": "quick", "confirmation": code}, nil); !strings.Contains(got, "destroyed") || s.destroyed != 1 {
		t.Errorf("another agreed and got %s", got)
	}
	release()
	if got := <-ended; !strings.Contains(got, "the wall fell down") || !strings.Contains(got, "DENIED") {
		t.Errorf("who could not be shown a code got %s", got)
	}
}

// TestConsent_OtherProcess: what one process asked, another does not know. It
// destroys nothing, and asks anew.
func TestConsent_OtherProcess(t *testing.T) {
	one, other := newSite(""), newSite("")
	e := eras[1]
	asked := overHTTP(t, one.server, e, sharedKey, mcpserver.HTTPOptions{Key: sharedKey})
	answered := overHTTP(t, other.server, e, sharedKey, mcpserver.HTTPOptions{Key: sharedKey})
	destroy(t, asked, e, map[string]any{"what": "this"}, nil)
	right := map[string]any{"what": "this", "confirmation": one.code(t)}
	if got := destroy(t, answered, e, right, nil); !strings.Contains(got, "DENIED") || other.destroyed > 0 || len(other.shown) != 1 || other.code(t) == one.code(t) {
		t.Errorf("another process answered %s", got)
	}
	if got := destroy(t, asked, e, right, nil); !strings.Contains(got, "destroyed") {
		t.Errorf("the process that asked answered %s", got)
	}
}
