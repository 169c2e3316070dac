package mcpserver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
	"github.com/reliquary/reliquary/tools/mcpserver"
)

// TestNotifications_InOrder: in a thousand calls over every wire and in both eras,
// of which several run at once, each call's progress arrives whole, in order, and
// before its answer.
func TestNotifications_InOrder(t *testing.T) {
	const calls, atOnce = 1000, 10
	for _, e := range eras {
		t.Run("stdio "+e.name, func(t *testing.T) {
			w := overStdio(t, conformanceServer(), e)
			wrong := 0
			for n := 0; n < calls; n += atOnce {
				// They share the one stream that there is.
				var requests [][]byte
				for i := range atOnce {
					requests = append(requests, e.request("tools/call", progressing(n+i)))
				}
				got := w.askAll(t, requests)
				for i := range atOnce {
					if !inOrder(t, got, requests[i], token(n+i)) {
						wrong++
					}
				}
				if len(got) != atOnce*4 {
					wrong++
				}
			}
			if wrong > 0 {
				t.Errorf("%d of %d calls lost progress, or got it late", wrong, calls)
			}
		})
		t.Run("HTTP "+e.name, func(t *testing.T) {
			protocol, err := conformanceServer().HTTPHandler(mcpserver.HTTPOptions{})
			if err != nil {
				t.Fatal(err)
			}
			url := serve(t, protocol)
			var wrong atomic.Int64
			var clients sync.WaitGroup
			for c := range atOnce {
				w := &httpWire{url: url, era: e}
				e.handshake(t, w)
				clients.Go(func() {
					for n := c; n < calls; n += atOnce {
						request := e.request("tools/call", progressing(n))
						if got := w.ask(t, request); len(got) != 4 || !inOrder(t, got, request, token(n)) {
							wrong.Add(1)
						}
					}
				})
			}
			clients.Wait()
			if wrong.Load() > 0 {
				t.Errorf("%d of %d calls lost progress, or got it late", wrong.Load(), calls)
			}
		})
	}
}

func token(n int) string { return fmt.Sprint("call-", n) }

func progressing(n int) map[string]any {
	return map[string]any{"name": "test_tool_with_progress", "arguments": map[string]any{}, "_meta": map[string]any{"progressToken": token(n)}}
}

// inOrder reports whether among messages those of one call are progress 0, 50 and
// 100, and then the answer.
func inOrder(t *testing.T, got []json.RawMessage, request []byte, token string) bool {
	type message struct {
		ID     *int64
		Method string
		Params struct {
			ProgressToken string
			Progress      float64
		}
		Result json.RawMessage
	}
	var asked message
	if err := json.Unmarshal(request, &asked); err != nil {
		t.Error(err)
		return false
	}
	var seen []string
	for _, text := range got {
		var m message
		if err := json.Unmarshal(text, &m); err != nil {
			t.Errorf("%s: %v", text, err)
			return false
		}
		switch {
		case m.Method == "notifications/progress" && m.Params.ProgressToken == token:
			seen = append(seen, fmt.Sprint(m.Params.Progress))
		case m.ID != nil && *m.ID == *asked.ID && strings.Contains(string(m.Result), "progress reported"):
			seen = append(seen, "answer")
		}
	}
	return slices.Equal(seen, []string{"0", "50", "100", "answer"})
}

// TestNotifications_OfOperations: an operation that moves bytes tells how far it
// is in the same way, in numbers that only grow.
func TestNotifications_OfOperations(t *testing.T) {
	r, c := worldClient(t)
	logged(t, c, "dataset", "table", map[string]string{"a.bin": strings.Repeat("a", 1<<20), "b.bin": strings.Repeat("b", 1<<20)})
	serverOf := func() *mcpserver.Server {
		return mcpserver.New(mcpserver.Options{
			Open: openerOf(c), Toolsets: tools.Toolsets(),
			OpenAs: func(context.Context, string) (*artifacts.Client, error) { return c, nil },
		})
	}
	for _, e := range eras {
		for name, w := range map[string]wire{"stdio": overStdio(t, serverOf(), e), "HTTP": overHTTP(t, serverOf(), e, r.Key, mcpserver.HTTPOptions{})} {
			got := w.ask(t, e.request("tools/call", map[string]any{
				"name": "verify_artifact", "arguments": map[string]any{"artifact": "table", "server": true}, "_meta": map[string]any{"progressToken": 7},
			}))
			last := 0.0
			for _, text := range got[:len(got)-1] {
				var m struct {
					Method string
					Params struct {
						ProgressToken int
						Progress      float64
						Message       string
					}
				}
				if err := json.Unmarshal(text, &m); err != nil || m.Method != "notifications/progress" || m.Params.ProgressToken != 7 || m.Params.Progress <= last || !strings.Contains(m.Params.Message, "2 files") {
					t.Errorf("%s, %s era: %s, %v", name, e.name, text, err)
				}
				last = m.Params.Progress
			}
			if last == 0 || !strings.Contains(string(got[len(got)-1]), `"ok":true`) {
				t.Errorf("%s, %s era: %s", name, e.name, got)
			}
		}
	}
}

// TestSubscription_IsAcknowledgedFirst: over every wire a client is told what it
// is subscribed to, which is nothing here, before its subscription ends.
func TestSubscription_IsAcknowledgedFirst(t *testing.T) {
	const subscriptions = 300
	e := eras[1] // only the new era has them
	for name, w := range map[string]wire{
		"stdio": overStdio(t, mcpserver.New(mcpserver.Options{Open: unopened(t)}), e),
		"HTTP":  overHTTP(t, mcpserver.New(mcpserver.Options{Open: unopened(t)}), e, "", mcpserver.HTTPOptions{}),
	} {
		t.Run(name, func(t *testing.T) {
			wrong := 0
			for range subscriptions {
				got := w.ask(t, e.request("subscriptions/listen", map[string]any{"notifications": map[string]any{"toolsListChanged": true}}))
				if len(got) != 2 || !strings.Contains(string(got[0]), `"notifications/subscriptions/acknowledged"`) || !strings.Contains(string(got[1]), `"result"`) {
					wrong++
				}
			}
			if wrong > 0 {
				t.Errorf("%d of %d subscriptions were not acknowledged first", wrong, subscriptions)
			}
		})
	}
}
