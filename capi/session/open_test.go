package session_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/capi/session"
	"github.com/reliquary/reliquary/capi/session/faulty"
)

// A core knows no operation but those of package faulty, and counts.
type core struct {
	closed *atomic.Int32
	panics bool
}

func (core) Call(_ context.Context, name string, _ []byte, _ func([]byte)) ([]byte, error) {
	return nil, &artifacts.Error{Kind: artifacts.KindInvalid, Op: "call", Message: fmt.Sprintf("there is no operation %q", name), Next: "choose another"}
}

func (c core) Close() error {
	c.closed.Add(1)
	if c.panics {
		panic("the core cannot be closed")
	}
	return nil
}

// openQuick opens a core without state.
func (c core) Columns(ctx context.Context, name string, input []byte, report func([]byte)) ([]byte, error) {
	return c.Call(ctx, name, input, report)
}

func openQuick(_ context.Context, _ session.Config, log *slog.Logger) (session.Core, []byte, error) {
	return faulty.New(core{closed: new(atomic.Int32)}, log), nil, nil
}

// newLibrary is one whose cores have faults; closed counts the cores that were.
func newLibrary(t *testing.T) (l *session.Library, closed *atomic.Int32) {
	t.Helper()
	closed = new(atomic.Int32)
	return session.NewLibrary(func(_ context.Context, c session.Config, log *slog.Logger) (session.Core, []byte, error) {
		switch c.Entity {
		case "panics":
			panic("open")
		case "refused":
			return nil, nil, &artifacts.Error{Kind: artifacts.KindDenied, Op: "open", Message: "no"}
		}
		return faulty.New(core{closed, c.Entity == "unclosable"}, log), []byte(`{"why":"a test"}`), nil
	}), closed
}

// open opens a session with config.
func open(t *testing.T, config string) *session.Session {
	t.Helper()
	l, _ := newLibrary(t)
	s, _ := openIn(t, l, config)
	return s
}

func openIn(t *testing.T, l *session.Library, config string) (*session.Session, session.Handle) {
	t.Helper()
	h, answer, err := l.Open([]byte(config))
	if err != nil {
		t.Fatalf("Open(%s): %v", config, err)
	}
	if string(answer) != `{"why":"a test"}` {
		t.Errorf("Open answered %s", answer)
	}
	s, err := l.Session(h)
	if err != nil {
		t.Fatalf("Session(%#x): %v", h, err)
	}
	return s, h
}

// wantKind checks what kind of failure err is; "" is none.
func wantKind(t *testing.T, what string, err error, want artifacts.Kind) {
	t.Helper()
	if err == nil {
		if want != "" {
			t.Errorf("%s succeeded, want %s", what, want)
		}
		return
	}
	if got := session.KindOf(err); got != want {
		t.Errorf("%s: %v: kind %s, want %q", what, err, got, want)
	}
}

func TestOpen_Refusals(t *testing.T) {
	l, closed := newLibrary(t)
	for _, c := range []struct {
		name, config string
		want         artifacts.Kind
	}{
		{"no JSON", `{"dir"`, artifacts.KindInvalid},
		{"no object", `["dir"]`, artifacts.KindInvalid},
		{"two objects", `{} {}`, artifacts.KindInvalid},
		{"a rest", `{} x`, artifacts.KindInvalid},
		{"an unknown field", `{"directory":"/d"}`, artifacts.KindInvalid},
		{"a wrong type", `{"env":["A=b"]}`, artifacts.KindInvalid},
		{"an unknown level", `{"log":"loud"}`, artifacts.KindInvalid},
		{"a negative limit", `{"limits":{"calls":-1}}`, artifacts.KindInvalid},
		{"more than 2 GiB", `{"limits":{"answer_bytes":2147483647}}`, artifacts.KindInvalid},
		{"bad UTF-8", "{\"dir\":\"\xff\"}", artifacts.KindInvalid},
		{"a NUL byte", "{\"dir\":\"\x00\"}", artifacts.KindInvalid},
		{"too much", `{"dir":"` + strings.Repeat("d", 5<<20) + `"}`, session.KindTooLarge},
		{"refused by the core", `{"entity":"refused"}`, artifacts.KindDenied},
		{"a core that panics", `{"entity":"panics"}`, session.KindInternal},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, answer, err := l.Open([]byte(c.config))
			wantKind(t, "Open", err, c.want)
			if h != 0 || answer != nil {
				t.Errorf("a session that was refused has handle %#x and answer %q", h, answer)
			}
			if err != nil && c.want == artifacts.KindInvalid && !strings.Contains(string(session.EncodeFailure(err)), `"message":"`) {
				t.Errorf("%s says nothing", session.EncodeFailure(err))
			}
		})
	}
	if n := closed.Load(); n != 0 {
		t.Errorf("%d cores were closed that were never opened", n)
	}
}

// TestOpen_HidesKeys: what is told about a configuration does not repeat it.
func TestOpen_HidesKeys(t *testing.T) {
	l, _ := newLibrary(t)
	for _, config := range []string{
		`{"api_key":"sekrit"`, `{"api_key":["sekrit"]}`, `{"env":{"WANDB_API_KEY":"sekrit"},"x":1}`, `{"api_key":"sekrit","limits":"sekrit"}`,
	} {
		_, _, err := l.Open([]byte(config))
		wantKind(t, config, err, artifacts.KindInvalid)
		if err != nil && strings.Contains(string(session.EncodeFailure(err)), "sekrit") {
			t.Errorf("%s: the failure repeats the key: %v", config, err)
		}
	}
}

func TestHandles(t *testing.T) {
	l, closed := newLibrary(t)
	_, first := openIn(t, l, `{}`)
	_, second := openIn(t, l, ``)
	wantKind(t, "Close", l.Close(first, -1), "")
	s, third := openIn(t, l, `{}`)
	if first == third || first == second || uint32(first) != uint32(third) {
		t.Errorf("handles %#x, %#x, %#x: the third should be in the place of the first, and another", first, second, third)
	}
	for _, stale := range []session.Handle{0, first, second + 1, third | 1<<63, 1 << 32, ^session.Handle(0), 1, third &^ 0xffffffff} {
		_, err := l.Session(stale)
		wantKind(t, fmt.Sprintf("Session(%#x)", stale), err, session.KindClosed)
		wantKind(t, fmt.Sprintf("Close(%#x)", stale), l.Close(stale, 0), session.KindClosed)
	}
	if _, err := s.Call("fault_echo", []byte(`{}`)); err != nil {
		t.Errorf("a session was harmed by wrong handles: %v", err)
	}
	wantKind(t, "Close", l.Close(second, -1), "")
	wantKind(t, "Close", l.Close(third, -1), "")
	if n := closed.Load(); n != 3 {
		t.Errorf("%d cores were closed, want 3", n)
	}
	for name, f := range map[string]func() error{
		"Call":    func() error { _, err := s.Call("fault_echo", nil); return err },
		"Submit":  func() error { return s.Submit(1, 0, "fault_echo", nil) },
		"Cancel":  func() error { return s.Cancel(1) },
		"Wait":    func() error { _, err := s.Wait(1, -1); return err },
		"Take":    func() error { _, err := s.Take(1, -1); return err },
		"EventFD": func() error { _, err := s.EventFD(); return err },
		"Notify":  func() error { return s.Notify(func() {}) },
	} {
		wantKind(t, name+" of a closed session", f(), session.KindClosed)
	}
}

func TestOpen_TooMany(t *testing.T) {
	l, closed := newLibrary(t)
	var last session.Handle
	for range 1 << 16 {
		h, _, err := l.Open(nil)
		if err != nil {
			t.Fatal(err)
		}
		last = h
	}
	_, _, err := l.Open(nil)
	wantKind(t, "one session more", err, session.KindBusy)
	if closed.Load() != 1 {
		t.Error("the core of the refused session was not closed")
	}
	wantKind(t, "Close", l.Close(last, -1), "")
	if _, _, err := l.Open(nil); err != nil {
		t.Errorf("there is no place where one was left: %v", err)
	}
}

func TestEncodeFailure(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{
			&artifacts.Error{Kind: artifacts.KindNotFound, Op: "get version", Path: "e/p/c:v1", Message: "there is none", Next: "list them"},
			`{"code":"NOT_FOUND","operation":"","message":"get version \"e/p/c:v1\": there is none","next":"list them"}`,
		},
		{
			fmt.Errorf("wrapped: %w", &artifacts.Error{Kind: artifacts.KindUnavailable, Op: "list", Message: "busy", RetryAfter: 1500 * time.Millisecond}),
			`{"code":"UNAVAILABLE","operation":"","message":"list: busy","retryable":true,"retry_after_seconds":2}`,
		},
		{context.Canceled, `{"code":"CANCELED","operation":"","message":"context canceled"}`},
		{errors.New("bytes \xff\x00"), `{"code":"INTERNAL","operation":"","message":"bytes \ufffd\u0000"}`},
	} {
		got := session.EncodeFailure(c.err)
		if string(got) != c.want {
			t.Errorf("EncodeFailure(%v)\n got %s\nwant %s", c.err, got, c.want)
		}
		if !json.Valid(got) {
			t.Errorf("%s is not JSON", got)
		}
	}
}
