package session_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/capi/session"
)

// kinds are all that a host may meet.
var kinds = map[artifacts.Kind]bool{
	artifacts.KindInvalid: true, session.KindTooLarge: true, session.KindInternal: true, artifacts.KindDenied: true,
}

// checkFailure: a failure is of a known kind and says so in JSON.
func checkFailure(t *testing.T, err error) {
	t.Helper()
	var f struct{ Code, Message string }
	if e := json.Unmarshal(session.EncodeFailure(err), &f); e != nil {
		t.Fatalf("%q: %v", session.EncodeFailure(err), e)
	}
	if !kinds[artifacts.Kind(f.Code)] || f.Message == "" {
		t.Errorf("the failure is %s", session.EncodeFailure(err))
	}
}

// FuzzCall: no name and no input does more than fail, and what is not text
// never reaches an operation.
func FuzzCall(f *testing.F) {
	f.Add("fault_echo", []byte(`{"a":[1,2,{"b":null}]}`))
	f.Add("fault_panic", []byte{})
	f.Add("fault_log", []byte(`{"count":2}`))
	f.Add("", []byte("\x00"))
	f.Add("fault_echo", []byte("\xff\xfe"))
	f.Add(strings.Repeat("n", 300), []byte(strings.Repeat("[", 10000)))
	l := session.NewLibrary(openQuick)
	h, _, err := l.Open([]byte(`{"limits":{"input_bytes":65536,"answer_bytes":65536}}`))
	if err != nil {
		f.Fatal(err)
	}
	s, err := l.Session(h)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name string, input []byte) {
		answer, err := s.Call(name, input)
		if err != nil {
			checkFailure(t, err)
		}
		if name == "fault_echo" && utf8.Valid(input) && !strings.Contains(string(input), "\x00") && len(input) <= 65536 {
			if err != nil || string(answer) != string(input) {
				t.Errorf("echo of %q: %q, %v", input, answer, err)
			}
		} else if err == nil && !utf8.Valid(input) {
			t.Errorf("%q with %q: %q", name, input, answer)
		}
		// By the queue it is the same.
		if e := s.Submit(1, session.Held|session.Progress, name, input); e != nil {
			checkFailure(t, e)
			return
		}
		for {
			e, waitErr := s.Wait(1, -1)
			if waitErr != nil {
				t.Fatal(waitErr)
			}
			if e.Kind != session.EventResult {
				continue
			}
			if (e.Err == nil) != (err == nil) || string(e.Data) != string(answer) {
				t.Errorf("%q with %q: by the queue %q, %v; before %q, %v", name, input, e.Data, e.Err, answer, err)
			}
			return
		}
	})
}

// FuzzOpen: no configuration does more than fail.
func FuzzOpen(f *testing.F) {
	f.Add([]byte(`{"env":{"A":"b"},"home":"/h","cwd":"/c","dir":"/d","log":"debug","limits":{"calls":3}}`))
	f.Add([]byte(`{"limits":{"calls":1e30}}`))
	f.Add([]byte("{\"\xff\":0}"))
	f.Add([]byte(nil))
	l := session.NewLibrary(openQuick)
	f.Fuzz(func(t *testing.T, config []byte) {
		h, _, err := l.Open(config)
		if err != nil {
			checkFailure(t, err)
			return
		}
		if err := l.Close(h, -1); err != nil {
			t.Error(err)
		}
		if err := l.Close(h, -1); session.KindOf(err) != session.KindClosed {
			t.Errorf("closed twice: %v", err)
		}
	})
}

// FuzzHandle: only a handle that Open gave leads anywhere.
func FuzzHandle(f *testing.F) {
	l := session.NewLibrary(openQuick)
	given := make(map[session.Handle]bool)
	for range 5 {
		h, _, err := l.Open(nil)
		if err != nil {
			f.Fatal(err)
		}
		given[h] = true
		f.Add(uint64(h))
	}
	f.Fuzz(func(t *testing.T, n uint64) {
		h := session.Handle(n)
		if _, err := l.Session(h); (err == nil) != given[h] {
			t.Errorf("handle %#x: %v", n, err)
		}
	})
}
