package mcpserver_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
	"github.com/reliquary/reliquary/tools/mcpserver"
)

func echoing() []tools.Operation {
	return []tools.Operation{operation(func(context.Context) (echoed, error) { return echoed{"ok"}, nil })}
}

// TestHTTP_LetsIn holds who may use the server: by the name that it is called,
// the page that a request comes from, and the key that it bears.
func TestHTTP_LetsIn(t *testing.T) {
	const key = "a-key-that-nobody-guesses"
	for _, tt := range []struct {
		name   string
		o      mcpserver.HTTPOptions
		set    func(*http.Request)
		status int
	}{
		{"no key wanted, none borne", mcpserver.HTTPOptions{}, nil, 200},
		{"own name", mcpserver.HTTPOptions{Hosts: []string{"mcp.example.com"}}, func(r *http.Request) { r.Host = "MCP.example.com:80" }, 200},
		{"another name", mcpserver.HTTPOptions{}, func(r *http.Request) { r.Host = "evil.example" }, 403},
		{"another name that begins well", mcpserver.HTTPOptions{}, func(r *http.Request) { r.Host = "localhost.evil.example" }, 403},
		{"page of this computer", mcpserver.HTTPOptions{}, func(r *http.Request) { r.Header.Set("Origin", "http://localhost:6274") }, 200},
		{"page of elsewhere", mcpserver.HTTPOptions{}, func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }, 403},
		{"page of nowhere", mcpserver.HTTPOptions{}, func(r *http.Request) { r.Header.Set("Origin", "null") }, 403},
		{"page that is allowed", mcpserver.HTTPOptions{Origins: []string{"https://agents.example"}}, func(r *http.Request) { r.Header.Set("Origin", "https://agents.example") }, 200},
		{"two origins", mcpserver.HTTPOptions{}, func(r *http.Request) {
			r.Header.Set("Origin", "http://localhost")
			r.Header.Add("Origin", "http://evil.example")
		}, 403},
		{"key wanted, none borne", mcpserver.HTTPOptions{Key: key}, nil, 401},
		{"key wanted, another borne", mcpserver.HTTPOptions{Key: key}, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+key+"x") }, 401},
		{"key wanted and borne", mcpserver.HTTPOptions{Key: key}, func(r *http.Request) { r.Header.Set("Authorization", "bearer "+key) }, 200},
		{"key in another scheme", mcpserver.HTTPOptions{}, func(r *http.Request) { r.SetBasicAuth("api", key) }, 401},
		{"too long", mcpserver.HTTPOptions{}, func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(strings.Repeat(" ", 5<<20)))
			r.ContentLength = 5 << 20
		}, 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := mcpserver.New(mcpserver.Options{Open: unopened(t), Operations: echoing()})
			protocol, err := s.HTTPHandler(tt.o)
			if err != nil {
				t.Fatal(err)
			}
			w := &httpWire{url: serve(t, protocol), era: eras[1]}
			response := w.post(t, eras[1].request("tools/list", nil), tt.set)
			defer response.Body.Close()
			text, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != tt.status {
				t.Errorf("%s: %s", response.Status, text)
			}
			if response.StatusCode == http.StatusUnauthorized && response.Header.Get("WWW-Authenticate") == "" {
				t.Error("nothing says how to authenticate")
			}
			if strings.Contains(string(text), key) {
				t.Errorf("the key is told: %s", text)
			}
		})
	}
	if _, err := mcpserver.New(mcpserver.Options{Open: anyClient}).HTTPHandler(mcpserver.HTTPOptions{Key: "short"}); err == nil {
		t.Error("a short key is taken")
	}
}

// TestHTTP_Silence: a client that goes silent in the middle of a request does not
// hold its connection for ever, whether it is let in or not; one that is slow may
// finish, and a call may take longer than silence is borne.
func TestHTTP_Silence(t *testing.T) {
	const stall, key = 500 * time.Millisecond, "a-key-that-nobody-guesses"
	took := tools.Define("echo", tools.Reads, tools.Words{Title: "Echo"}, func(ctx context.Context, _ *artifacts.Client, _ nothing) (echoed, error) {
		select {
		case <-time.After(2 * stall):
			return echoed{"ok"}, nil
		case <-ctx.Done():
			return echoed{}, ctx.Err()
		}
	}).WithSchemas(echoing()[0].InputSchema(), echoing()[0].OutputSchema())
	protocol, err := mcpserver.New(mcpserver.Options{Open: anyClient, Operations: []tools.Operation{took}}).HTTPHandler(mcpserver.HTTPOptions{Key: key, StallTime: stall})
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimSuffix(strings.TrimPrefix(serve(t, protocol), "http://"), "/mcp")
	body := eras[1].request("tools/call", map[string]any{"name": "echo", "arguments": map[string]any{}})
	begin := func(t *testing.T, host string) net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		_, err = fmt.Fprintf(c, "POST /mcp HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"+
			"Mcp-Protocol-Version: %s\r\nMcp-Method: tools/call\r\nMcp-Name: echo\r\nAuthorization: Bearer %s\r\n\r\n", host, len(body), eras[1].version, key)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	t.Run("slow", func(t *testing.T) {
		c := begin(t, "localhost")
		for _, b := range body {
			if _, err := c.Write([]byte{b}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * stall / time.Duration(len(body))) // longer than stall in all
		}
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if text, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(text), `"ok"`) {
			t.Errorf("%s: %s, %v", resp.Status, text, err)
		}
	})
	for name, host := range map[string]string{"silent": "localhost", "silent and not let in": "evil.example"} {
		t.Run(name, func(t *testing.T) {
			c := begin(t, host)
			if _, err := c.Write(body[:10]); err != nil {
				t.Fatal(err)
			}
			// To the end of the connection.
			if _, err := io.Copy(io.Discard, c); err != nil {
				t.Errorf("the connection was held: %v", err)
			}
		})
	}
}

// TestHTTP_CallersWorkWithTheirOwnKeys: each key opens a client of its own, once.
func TestHTTP_CallersWorkWithTheirOwnKeys(t *testing.T) {
	for _, e := range eras {
		t.Run(e.name, func(t *testing.T) {
			opened := map[string]int{} // calls come one at a time here
			whose := tools.Define("echo", tools.Reads, tools.Words{Title: "Echo"}, func(_ context.Context, c *artifacts.Client, _ nothing) (echoed, error) {
				return echoed{c.BaseURL()}, nil
			}).WithSchemas(echoing()[0].InputSchema(), echoing()[0].OutputSchema())
			s := mcpserver.New(mcpserver.Options{
				Open: unopened(t),
				OpenAs: func(_ context.Context, key string) (*artifacts.Client, error) {
					opened[key]++
					return artifacts.New(artifacts.Config{BaseURL: "http://" + key + ".example", Entity: "team"})
				},
				Operations: []tools.Operation{whose},
			})
			protocol, err := s.HTTPHandler(mcpserver.HTTPOptions{})
			if err != nil {
				t.Fatal(err)
			}
			url := serve(t, protocol)
			call := func(w *httpWire) string {
				answers := w.ask(t, e.request("tools/call", map[string]any{"name": "echo", "arguments": map[string]any{}}))
				return string(answers[len(answers)-1])
			}
			clients := map[string]*httpWire{}
			for _, key := range []string{"alice", "bob", ""} {
				clients[key] = &httpWire{url: url, key: key, era: e}
				e.handshake(t, clients[key])
			}
			for range 3 {
				for _, key := range []string{"alice", "bob"} {
					if got := call(clients[key]); !strings.Contains(got, "http://"+key+".example") {
						t.Errorf("%s got %s", key, got)
					}
				}
			}
			if opened["alice"] != 1 || opened["bob"] != 1 {
				t.Errorf("opened %v", opened)
			}
			if got := call(clients[""]); !strings.Contains(got, "UNAUTHENTICATED") || !strings.Contains(got, "Authorization: Bearer") {
				t.Errorf("nobody got %s", got)
			}
			if e.modern {
				return
			}
			thief := &httpWire{url: url, key: "bob", era: e, session: clients["alice"].session}
			response := thief.post(t, e.request("tools/list", nil), nil)
			defer response.Body.Close()
			if response.StatusCode != http.StatusNotFound {
				t.Errorf("a session was used by another caller: %s", response.Status)
			}
		})
	}
}

func TestHTTP_ForgetsCallersThatAreGone(t *testing.T) {
	open := 0
	s := mcpserver.New(mcpserver.Options{
		Open: unopened(t),
		OpenAs: func(ctx context.Context, _ string) (*artifacts.Client, error) {
			open++
			return anyClient(ctx)
		},
		Operations: echoing(),
	})
	protocol, err := s.HTTPHandler(mcpserver.HTTPOptions{})
	if err != nil {
		t.Fatal(err)
	}
	url := serve(t, protocol)
	call := func(n int) {
		w := &httpWire{url: url, key: fmt.Sprint("caller-", n), era: eras[1]}
		if got := w.ask(t, eras[1].request("tools/call", map[string]any{"name": "echo"})); !strings.Contains(string(got[0]), "ok") {
			t.Fatalf("got %s", got)
		}
	}
	for n := range 100 {
		call(n)
	}
	call(99) // still known
	if open != 100 {
		t.Errorf("opened %d clients for 100 callers", open)
	}
	call(0) // forgotten
	if open != 101 {
		t.Errorf("opened %d clients", open)
	}
}
