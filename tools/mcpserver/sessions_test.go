package mcpserver_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/server"

	"github.com/reliquary/reliquary/tools/mcpserver"
)

// A hall is a handler that remembers few sessions.
type hall struct {
	t          *testing.T
	handler    http.Handler
	remembered func() int
	registered atomic.Int64 // with the library
	now        time.Time
}

const (
	hallHolds, addressHolds = 5, 3
	alice, bob, carol       = "192.0.2.1:4000", "[2001:db8:0:1::2]:4000", "[2001:db8:0:2::2]:4000"
)

func newHall(t *testing.T) *hall {
	t.Helper()
	h := &hall{t: t, now: time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)}
	s := mcpserver.New(mcpserver.Options{Open: unopened(t), Operations: echoing()})
	s.Hooks().AddOnRegisterSession(func(context.Context, server.ClientSession) { h.registered.Add(1) })
	s.Hooks().AddOnUnregisterSession(func(context.Context, server.ClientSession) { h.registered.Add(-1) })
	var err error
	if h.handler, err = s.HTTPHandler(mcpserver.HTTPOptions{}); err != nil {
		t.Fatal(err)
	}
	h.remembered = mcpserver.Bound(h.handler, hallHolds, addressHolds, func() time.Time { return h.now })
	return h
}

// do makes a request of the old era.
func (h *hall) do(ctx context.Context, method, from, session, key string, body []byte) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, method, "http://localhost/mcp", strings.NewReader(string(body)))
	r.RemoteAddr = from
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	if session != "" {
		r.Header.Set("Mcp-Session-Id", session)
	}
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w
}

func (h *hall) initialize(from, session, key string) *httptest.ResponseRecorder {
	return h.do(h.t.Context(), http.MethodPost, from, session, key, fmt.Appendf(nil, `{"jsonrpc":"2.0","id":1,"method":"initialize","params":%s}`, hello))
}

func (h *hall) enter(from string) (session string) {
	h.t.Helper()
	w := h.initialize(from, "", "")
	session = w.Header().Get("Mcp-Session-Id")
	if w.Code != http.StatusOK || session == "" {
		h.t.Fatalf("%s: %d %s", from, w.Code, w.Body)
	}
	return session
}

// holds fails the test unless so many sessions are remembered, by us and by the
// library.
func (h *hall) holds(want int) {
	h.t.Helper()
	if got := h.remembered(); got != want || h.registered.Load() != int64(want) {
		h.t.Errorf("%d sessions are remembered, and %d by the library; not %d", got, h.registered.Load(), want)
	}
}

// listen holds a session open until its end is called.
func (h *hall) listen(from, session string) (end func()) {
	ctx, cancel := context.WithCancel(h.t.Context())
	listening, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/mcp", nil)
		r.RemoteAddr = from
		r.Header.Set("Accept", "text/event-stream")
		r.Header.Set("Mcp-Session-Id", session)
		h.handler.ServeHTTP(&listener{ResponseRecorder: httptest.NewRecorder(), begun: listening}, r)
	}()
	select {
	case <-listening:
	case <-ended:
		h.t.Errorf("%s cannot listen", from)
	}
	return func() {
		cancel()
		<-ended
	}
}

type listener struct {
	*httptest.ResponseRecorder
	begun chan struct{}
}

func (l *listener) WriteHeader(status int) {
	l.ResponseRecorder.WriteHeader(status)
	close(l.begun)
}

func list() []byte { return eras[0].request("tools/list", nil) }

// TestHTTP_BoundsSessions: however many sessions are begun, few are remembered;
// those that are forgotten work on.
func TestHTTP_BoundsSessions(t *testing.T) {
	h := newHall(t)
	first := h.enter(alice)
	for range 50 {
		h.enter(alice)
	}
	h.holds(addressHolds)
	for range 50 {
		h.enter(bob)
	}
	h.holds(hallHolds)
	if w := h.do(t.Context(), http.MethodPost, alice, first, "", list()); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"echo"`) {
		t.Errorf("a forgotten session is answered %d %s", w.Code, w.Body)
	}
	// It counts again, and pushes another out; the library remembers nothing more.
	if h.remembered() != hallHolds || h.registered.Load() > hallHolds {
		t.Errorf("%d sessions are remembered, and %d by the library", h.remembered(), h.registered.Load())
	}
	h.now = h.now.Add(61 * time.Minute)
	h.enter(carol)
	if h.remembered() != 1 {
		t.Errorf("%d sessions are remembered after an hour", h.remembered())
	}
}

// TestHTTP_ForgetsWhatEnds: requests without a session, and those that end one,
// leave nothing behind.
func TestHTTP_ForgetsWhatEnds(t *testing.T) {
	h := newHall(t)
	for range 20 {
		if w := h.do(t.Context(), http.MethodPost, alice, "", "", list()); w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	h.holds(0)
	session := h.enter(alice)
	again := h.initialize(alice, session, "").Header().Get("Mcp-Session-Id")
	h.holds(2)
	for _, s := range []string{session, again} {
		if w := h.do(t.Context(), http.MethodDelete, alice, s, "", nil); w.Code != http.StatusOK {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	h.holds(0)
}

// TestHTTP_RefusesWhenAllAreBusy: who comes when every session is in use is told
// when to come again. The new era has no sessions, and is served all the same.
func TestHTTP_RefusesWhenAllAreBusy(t *testing.T) {
	h := newHall(t)
	refused := func(from string, status int) {
		t.Helper()
		if w := h.initialize(from, "", ""); w.Code != status || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: %d, Retry-After %q: %s", from, w.Code, w.Header().Get("Retry-After"), w.Body)
		}
	}
	var ends []func()
	for range addressHolds {
		ends = append(ends, h.listen(alice, h.enter(alice)))
	}
	refused(alice, http.StatusTooManyRequests)
	for range hallHolds - addressHolds {
		ends = append(ends, h.listen(bob, h.enter(bob)))
	}
	refused(bob, http.StatusServiceUnavailable)
	refused(strings.Replace(bob, "::2", "::3", 1), http.StatusServiceUnavailable)
	h.holds(hallHolds)
	modern := &httpWire{url: serve(t, h.handler), era: eras[1]}
	if got := modern.ask(t, eras[1].request("tools/list", nil)); !strings.Contains(string(got[0]), `"echo"`) {
		t.Errorf("the new era got %s", got)
	}
	for _, end := range ends {
		end()
	}
	h.enter(bob)
	h.holds(hallHolds)
}

// TestHTTP_SessionsAreTheirCallers: a session that was given to one caller is of
// no use to another, by no method.
func TestHTTP_SessionsAreTheirCallers(t *testing.T) {
	h := newHall(t)
	session := h.initialize(alice, "", "key-of-alice").Header().Get("Mcp-Session-Id")
	for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodDelete} {
		for _, key := range []string{"", "key-of-mallory"} {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			if w := h.do(ctx, method, bob, session, key, list()); w.Code != http.StatusNotFound {
				t.Errorf("%s with the key %q: %d %s", method, key, w.Code, w.Body)
			}
			cancel()
		}
	}
	h.holds(1)
	if w := h.do(t.Context(), http.MethodPost, alice, session, "key-of-alice", list()); w.Code != http.StatusOK {
		t.Errorf("its own caller is answered %d %s", w.Code, w.Body)
	}
}
