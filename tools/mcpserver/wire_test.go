package mcpserver_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools/mcpserver"
)

// A wire carries one client's requests, written by hand: what clients of the
// library would hide is what these tests are about.
type wire interface {
	// ask returns everything that comes until the answer, the answer last.
	ask(t *testing.T, request []byte) []json.RawMessage
}

// An era is one way of speaking the protocol.
type era struct {
	name    string
	version string
	modern  bool
}

var eras = []era{
	{"old", "2025-11-25", false},
	{"new", "2026-07-28", true},
}

var lastID atomic.Int64

// request makes a request in the form of the era.
func (e era) request(method string, params map[string]any) []byte {
	all := map[string]any{}
	for k, v := range params {
		all[k] = v
	}
	if e.modern {
		meta := map[string]any{
			mcp.MetaKeyProtocolVersion:    e.version,
			mcp.MetaKeyClientCapabilities: map[string]any{},
		}
		if given, ok := all["_meta"].(map[string]any); ok {
			for k, v := range given {
				meta[k] = v
			}
		}
		all["_meta"] = meta
	}
	text, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": lastID.Add(1), "method": method, "params": all})
	if err != nil {
		panic(err)
	}
	return text
}

// handshake is what the old era begins with.
func (e era) handshake(t *testing.T, w wire) {
	t.Helper()
	if e.modern {
		return
	}
	answer := w.ask(t, []byte(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"initialize","params":%s}`, lastID.Add(1), hello)))
	if !bytes.Contains(answer[len(answer)-1], []byte(e.version)) {
		t.Fatalf("the handshake ended with %s", answer)
	}
}

// httpWire posts requests.
type httpWire struct {
	url, key string
	era      era
	session  string
}

func (h *httpWire) post(t *testing.T, request []byte, set func(*http.Request)) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.url, bytes.NewReader(request))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	r.Header.Set(mcp.HeaderProtocolVersion, h.era.version)
	if h.key != "" {
		r.Header.Set("Authorization", "Bearer "+h.key)
	}
	if h.session != "" {
		r.Header.Set("Mcp-Session-Id", h.session)
	}
	if h.era.modern {
		var m struct {
			Method string
			Params struct{ Name, URI string }
		}
		if err := json.Unmarshal(request, &m); err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Mcp-Method", m.Method)
		if name := m.Params.Name + m.Params.URI; name != "" {
			r.Header.Set("Mcp-Name", name)
		}
	}
	if set != nil {
		set(r)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func (h *httpWire) ask(t *testing.T, request []byte) []json.RawMessage {
	t.Helper()
	response := h.post(t, request, nil)
	defer response.Body.Close()
	if id := response.Header.Get("Mcp-Session-Id"); id != "" {
		h.session = id
	}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		var out []json.RawMessage
		lines := bufio.NewScanner(response.Body)
		lines.Buffer(nil, 1<<22)
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				out = append(out, json.RawMessage(data))
			}
		}
		return out
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(text) {
		t.Fatalf("%s: %s", response.Status, text)
	}
	return []json.RawMessage{bytes.TrimSpace(text)}
}

// overHTTP serves a server and returns a client of it.
func overHTTP(t *testing.T, s *mcpserver.Server, e era, key string, o mcpserver.HTTPOptions) *httpWire {
	t.Helper()
	protocol, err := s.HTTPHandler(o)
	if err != nil {
		t.Fatal(err)
	}
	w := &httpWire{url: serve(t, protocol), key: key, era: e}
	e.handshake(t, w)
	return w
}

// stdioWire writes lines.
type stdioWire struct {
	in  io.Writer
	out *bufio.Scanner
}

func (s *stdioWire) ask(t *testing.T, request []byte) []json.RawMessage {
	t.Helper()
	return s.askAll(t, [][]byte{request})
}

// askAll writes all requests at once and returns what comes until all are
// answered.
func (s *stdioWire) askAll(t *testing.T, requests [][]byte) []json.RawMessage {
	t.Helper()
	open := map[int64]bool{}
	for _, request := range requests {
		var asked struct{ ID int64 }
		if err := json.Unmarshal(request, &asked); err != nil {
			t.Fatal(err)
		}
		open[asked.ID] = true
	}
	if _, err := s.in.Write(append(bytes.Join(requests, []byte("\n")), '\n')); err != nil {
		t.Fatal(err)
	}
	var out []json.RawMessage
	for len(open) > 0 && s.out.Scan() {
		line := bytes.Clone(s.out.Bytes())
		out = append(out, line)
		var got struct{ ID *int64 }
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if got.ID != nil {
			delete(open, *got.ID)
		}
	}
	if len(open) > 0 {
		t.Fatalf("the server ended: %v", s.out.Err())
	}
	return out
}

// overStdio serves a server over pipes and returns its client.
func overStdio(t *testing.T, s *mcpserver.Server, e era) *stdioWire {
	t.Helper()
	inRead, inWrite := io.Pipe()
	outRead, outWrite := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- s.ServeStdio(context.WithoutCancel(t.Context()), inRead, outWrite) }()
	t.Cleanup(func() {
		_ = inWrite.Close()
		_ = outRead.Close()
		<-ended
	})
	w := &stdioWire{in: inWrite, out: bufio.NewScanner(outRead)}
	w.out.Buffer(nil, 1<<22)
	e.handshake(t, w)
	return w
}

// serve serves a handler and returns the endpoint's address.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	front := httptest.NewServer(h)
	t.Cleanup(front.Close)
	return front.URL + "/mcp"
}

func decodePicture(t *testing.T) string {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(picture)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// openerOf always opens the same client.
func openerOf(c *artifacts.Client) func(context.Context) (*artifacts.Client, error) {
	return func(context.Context) (*artifacts.Client, error) { return c, nil }
}
