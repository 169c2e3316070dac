package session_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/capi/session"
)

func TestCall(t *testing.T) {
	s := open(t, `{"limits":{"input_bytes":1000,"answer_bytes":1000}}`)
	big := `"` + strings.Repeat("b", 998) + `"`
	for _, c := range []struct {
		name, input, want string
		kind              artifacts.Kind
	}{
		{"fault_echo", `{"text":"€ 𝄞"}`, `{"text":"€ 𝄞"}`, ""},
		{"fault_echo", big, big, ""},
		{"fault_echo", big + " ", "", session.KindTooLarge},
		{"fault_echo", "\"\xc3\"", "", artifacts.KindInvalid},
		{"fault_echo", "{}\x00", "", artifacts.KindInvalid},
		{"fault_big", `{"bytes":1000}`, strings.Repeat("\x00", 1000), ""},
		{"fault_big", `{"bytes":1001}`, "", session.KindTooLarge},
		{"", `{}`, "", artifacts.KindInvalid},
		{"no_such", `{}`, "", artifacts.KindInvalid},
		{"fault_echo\x00", `{}`, "", artifacts.KindInvalid},
		{"fault_\xff", `{}`, "", artifacts.KindInvalid},
		{strings.Repeat("n", 1000), `{}`, "", session.KindTooLarge},
		{"fault_panic", `{}`, "", session.KindInternal},
		{"fault_nil", `{}`, "", session.KindInternal},
		{"fault_goroutine", `{}`, "", session.KindInternal},
		{"fault_late", `{"ms":1}`, "{}", ""},
	} {
		got, err := s.Call(c.name, []byte(c.input))
		what := fmt.Sprintf("Call(%.20q, %.20q)", c.name, c.input)
		wantKind(t, what, err, c.kind)
		if err == nil && string(got) != c.want {
			t.Errorf("%s = %.60q, want %.60q", what, got, c.want)
		}
		if err != nil {
			if got != nil {
				t.Errorf("%s failed and answered %q", what, got)
			}
			if !json.Valid(session.EncodeFailure(err)) {
				t.Errorf("%s: %q is not JSON", what, session.EncodeFailure(err))
			}
		}
	}
}

// TestPanic_Log: the stack of a panic is in the log, where it can be reported
// from, and neither the call's failure nor other calls show it.
func TestPanic_Log(t *testing.T) {
	for _, name := range []string{"fault_panic", "fault_goroutine", "fault_late"} {
		t.Run(name, func(t *testing.T) {
			s := open(t, `{"log":"error"}`)
			_, err := s.Call(name, nil)
			if err != nil && strings.Contains(string(session.EncodeFailure(err)), "goroutine 1") {
				t.Errorf("the failure holds a stack: %v", err)
			}
			events, err := s.Take(10, 10*time.Second)
			if err != nil || len(events) != 1 {
				t.Fatalf("%d events (%v), want one log line", len(events), err)
			}
			var line struct{ Level, Msg, Panic, Stack string }
			if err := json.Unmarshal(events[0].Data, &line); err != nil {
				t.Fatal(err)
			}
			if line.Level != "ERROR" || !strings.Contains(line.Stack, "faulty.go") || !strings.Contains(line.Panic, "panic") {
				t.Errorf("the log line is %s", events[0].Data)
			}
			if _, err := s.Call("fault_echo", []byte("{}")); err != nil {
				t.Errorf("the next call: %v", err)
			}
		})
	}
}

func TestSubmit_Take(t *testing.T) {
	s := open(t, `{}`)
	const n = 1000
	for i := range n {
		name, input := "fault_echo", fmt.Sprintf(`{"i":%d}`, i)
		if i%10 == 0 {
			name = "fault_panic"
		}
		if err := s.Submit(uint64(i+1), 0, name, []byte(input)); err != nil {
			t.Fatal(err)
		}
	}
	seen := make(map[uint64]bool)
	for len(seen) < n {
		events, err := s.Take(64, 10*time.Second)
		if err != nil || len(events) == 0 {
			t.Fatalf("Take after %d: %d events, %v", len(seen), len(events), err)
		}
		for _, e := range events {
			if seen[e.Token] || e.Kind != session.EventResult {
				t.Errorf("event %+v came twice or is of a wrong kind", e)
			}
			seen[e.Token] = true
			i := e.Token - 1
			if i%10 == 0 {
				wantKind(t, "a call that panics", e.Err, session.KindInternal)
			} else if want := fmt.Sprintf(`{"i":%d}`, i); string(e.Data) != want || e.Err != nil {
				t.Errorf("token %d: %q, %v; want %q", e.Token, e.Data, e.Err, want)
			}
		}
	}
	if events, err := s.Take(1, 0); err != nil || len(events) != 0 {
		t.Errorf("Take after everything was taken: %d events, %v", len(events), err)
	}
}

func TestSubmit_Refusals(t *testing.T) {
	s := open(t, `{"limits":{"calls":2,"input_bytes":10,"held_bytes":5}}`)
	wantKind(t, "token 0", s.Submit(0, 0, "fault_echo", nil), artifacts.KindInvalid)
	wantKind(t, "unknown flags", s.Submit(1, 8, "fault_echo", nil), artifacts.KindInvalid)
	wantKind(t, "a large input", s.Submit(1, 0, "fault_echo", make([]byte, 11)), session.KindTooLarge)
	wantKind(t, "a long name", s.Submit(1, 0, strings.Repeat("n", 1000), nil), session.KindTooLarge)
	wantKind(t, "one call", s.Submit(1, session.Held, "fault_sleep", []byte(`{"ms":90}`)), "")
	wantKind(t, "its token again", s.Submit(1, 0, "fault_echo", nil), artifacts.KindConflict)
	wantKind(t, "with as many bytes held as can be", s.Submit(2, 0, "fault_echo", nil), session.KindBusy)
	e, err := s.Wait(1, -1)
	if err != nil || e.Kind != session.EventResult || e.Err != nil {
		t.Fatalf("Wait: %+v, %v", e, err)
	}
	wantKind(t, "its token after its result", s.Submit(1, 0, "fault_echo", nil), "")
	wantKind(t, "a second call", s.Submit(2, 0, "fault_echo", nil), "")
	wantKind(t, "a third call", s.Submit(3, 0, "fault_echo", nil), session.KindBusy)
	for taken := 0; taken < 2; {
		events, err := s.Take(2, -1)
		if err != nil {
			t.Fatal(err)
		}
		taken += len(events)
	}
	wantKind(t, "a call when there is room again", s.Submit(3, 0, "fault_echo", []byte(`"123456"`)), "")
	// What is wrong with the content is told by the result.
	if events, err := s.Take(1, -1); err != nil || string(events[0].Data) != `"123456"` {
		t.Fatalf("Take: %v, %v", events, err)
	}
	wantKind(t, "bad UTF-8", s.Submit(4, 0, "fault_echo", []byte{0xff}), "")
	events, err := s.Take(1, -1)
	if err != nil {
		t.Fatal(err)
	}
	wantKind(t, "the result for bad UTF-8", events[0].Err, artifacts.KindInvalid)
}

func TestWait(t *testing.T) {
	s := open(t, `{}`)
	_, err := s.Wait(7, 0)
	wantKind(t, "Wait for no call", err, artifacts.KindNotFound)

	wantKind(t, "Submit", s.Submit(7, session.Held, "fault_sleep", []byte(`{"ms":50}`)), "")
	if e, err := s.Wait(7, 0); err != nil || e.Kind != session.EventNone || e.Token != 7 {
		t.Errorf("Wait that does not block: %+v, %v", e, err)
	}
	if e, err := s.Wait(7, time.Millisecond); err != nil || e.Kind != session.EventNone {
		t.Errorf("Wait for 1 ms: %+v, %v", e, err)
	}
	if e, err := s.Wait(7, 10*time.Second); err != nil || e.Kind != session.EventResult || string(e.Data) != "{}" {
		t.Errorf("Wait: %+v, %v", e, err)
	}
	if events, err := s.Take(1, 0); err != nil || len(events) > 0 {
		t.Errorf("a held call has events in the queue: %v, %v", events, err)
	}

	wantKind(t, "Submit", s.Submit(8, 0, "fault_echo", nil), "")
	_, err = s.Wait(8, 0)
	wantKind(t, "Wait for a call of the queue", err, artifacts.KindInvalid)
}

func TestWait_One(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := newLibrary(t)
		s, h := openIn(t, l, `{}`)
		wantKind(t, "Submit", s.Submit(1, session.Held, "fault_sleep", []byte(`{"ms":50}`)), "")
		first := make(chan session.Event)
		go func() { e, _ := s.Wait(1, -1); first <- e }()
		synctest.Wait()
		_, err := s.Wait(1, 0)
		wantKind(t, "a second Wait", err, artifacts.KindConflict)
		if e := <-first; e.Kind != session.EventResult {
			t.Errorf("the first Wait got %+v", e)
		}
		wantKind(t, "Close", l.Close(h, -1), "")
	})
}

// TestProgress_NewestWins: progress that nobody takes costs one event per call.
func TestProgress_NewestWins(t *testing.T) {
	s := open(t, `{}`)
	wantKind(t, "Submit", s.Submit(1, session.Progress, "fault_progress", []byte(`{"count":1000}`)), "")
	wantKind(t, "Submit", s.Submit(2, 0, "fault_progress", []byte(`{"count":1000}`)), "")
	wantKind(t, "Submit", s.Submit(3, session.Held|session.Progress, "fault_progress", []byte(`{"count":1000}`)), "")
	for _, want := range []string{`{"done":1000,"total":1000}`, "{}"} {
		// Both have happened before the first is looked at.
		time.Sleep(50 * time.Millisecond)
		if e, err := s.Wait(3, -1); err != nil || string(e.Data) != want {
			t.Errorf("Wait: %s, %v, want %s", e.Data, err, want)
		}
	}
	got := make(map[uint64]string)
	events, err := s.Take(100, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		got[e.Token] += fmt.Sprintf("%d %s;", e.Kind, e.Data)
	}
	if want := "2 {\"done\":1000,\"total\":1000};1 {};"; got[1] != want {
		t.Errorf("events of a call with progress: %s, want %s", got[1], want)
	}
	if want := "1 {};"; got[2] != want {
		t.Errorf("events of a call without: %s, want %s", got[2], want)
	}
}

// TestProgress_InOrder: a host that keeps up sees all of it, then the result.
func TestProgress_InOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := newLibrary(t)
		s, h := openIn(t, l, `{}`)
		wantKind(t, "Submit", s.Submit(1, session.Progress, "fault_progress", []byte(`{"count":5,"ms":1}`)), "")
		var got []string
		for len(got) < 6 {
			events, err := s.Take(1, -1)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(events[0].Data))
		}
		want := `{"done":1,"total":5} {"done":2,"total":5} {"done":3,"total":5} {"done":4,"total":5} {"done":5,"total":5} {}`
		if strings.Join(got, " ") != want {
			t.Errorf("events %s, want %s", got, want)
		}
		wantKind(t, "Close", l.Close(h, -1), "")
	})
}

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := newLibrary(t)
		s, h := openIn(t, l, `{}`)
		began := time.Now()
		wantKind(t, "Submit", s.Submit(1, 0, "fault_sleep", []byte(`{"ms":3600000}`)), "")
		wantKind(t, "Submit", s.Submit(2, 0, "fault_sleep", []byte(`{"ms":1000}`)), "")
		wantKind(t, "Cancel", s.Cancel(1), "")
		wantKind(t, "Cancel again", s.Cancel(1), "")
		events, err := s.Take(10, -1)
		if err != nil || len(events) != 1 || events[0].Token != 1 || time.Since(began) != 0 {
			t.Fatalf("Take: %v, %v after %v", events, err, time.Since(began))
		}
		wantKind(t, "the result", events[0].Err, artifacts.KindCanceled)
		if !strings.Contains(events[0].Err.Error(), "caller canceled") {
			t.Errorf("the result does not say who canceled: %v", events[0].Err)
		}
		wantKind(t, "Cancel after its result", s.Cancel(1), artifacts.KindNotFound)
		if events, err := s.Take(10, -1); err != nil || events[0].Token != 2 || events[0].Err != nil {
			t.Errorf("the other call: %v, %v", events, err)
		}
		wantKind(t, "Close", l.Close(h, -1), "")
	})
}

// TestCancel_Latency: the core sees it within a millisecond.
func TestCancel_Latency(t *testing.T) {
	s := open(t, `{}`)
	best := time.Hour
	for range 200 {
		wantKind(t, "Submit", s.Submit(1, session.Held, "fault_sleep", []byte(`{"ms":60000}`)), "")
		time.Sleep(time.Millisecond)
		began := time.Now()
		wantKind(t, "Cancel", s.Cancel(1), "")
		e, err := s.Wait(1, -1)
		if err != nil {
			t.Fatal(err)
		}
		wantKind(t, "the result", e.Err, artifacts.KindCanceled)
		best = min(best, time.Since(began))
	}
	if best > time.Millisecond {
		t.Errorf("the fastest cancellation of 200 took %v", best)
	}
}

// TestGoexit: an operation whose goroutine ends without an answer fails.
func TestGo_Goexit(t *testing.T) {
	ended := make(chan error)
	session.Go("test", discard, func() error { runtime.Goexit(); return nil }, func(err error) { ended <- err })
	wantKind(t, "a goroutine that exits", <-ended, session.KindInternal)
	session.Go("test", discard, func() error { return nil }, func(err error) { ended <- err })
	wantKind(t, "a goroutine that returns", <-ended, "")
	session.Go("test", discard, func() error { panic(unprintable{}) }, func(err error) { ended <- err })
	err := <-ended
	wantKind(t, "a panic that cannot be printed", err, session.KindInternal)
}

type unprintable struct{}

func (unprintable) Error() string { panic("no words") }

// TestThreads: many at once, with everything that a session can do.
func TestThreads(t *testing.T) {
	l, closed := newLibrary(t)
	s, h := openIn(t, l, `{"log":"info","limits":{"log_lines":16}}`)
	var wg sync.WaitGroup
	for g := range 64 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 50 {
				token := uint64(g*1000 + i + 1)
				switch i % 5 {
				case 0:
					if _, err := s.Call("fault_echo", []byte("{}")); err != nil {
						t.Error(err)
					}
				case 1:
					wantKind(t, "Submit", s.Submit(token, session.Held|session.Progress, "fault_progress", []byte(`{"count":3}`)), "")
					for {
						e, err := s.Wait(token, -1)
						if err != nil {
							t.Error(err)
							return
						}
						if e.Kind == session.EventResult {
							break
						}
					}
				case 2:
					wantKind(t, "Submit", s.Submit(token, session.Progress, "fault_progress", []byte(`{"count":3}`)), "")
				case 3:
					wantKind(t, "Submit", s.Submit(token, session.Held, "fault_sleep", []byte(`{"ms":60000}`)), "")
					wantKind(t, "Cancel", s.Cancel(token), "")
					if _, err := s.Wait(token, -1); err != nil {
						t.Error(err)
					}
				case 4:
					_, err := s.Call("fault_panic", nil)
					wantKind(t, "fault_panic", err, session.KindInternal)
					if _, err := s.Call("fault_log", []byte(`{"count":2}`)); err != nil {
						t.Error(err)
					}
				}
			}
		}()
	}
	results := make(chan int)
	go func() {
		n := 0
		for n < 64*10 {
			events, err := s.Take(7, -1)
			if err != nil {
				t.Error(err)
				break
			}
			for _, e := range events {
				if e.Kind == session.EventResult {
					n++
				}
			}
		}
		results <- n
	}()
	wg.Wait()
	if n := <-results; n != 64*10 {
		t.Errorf("%d results came by the queue, want %d", n, 64*10)
	}
	wantKind(t, "Close", l.Close(h, -1), "")
	if closed.Load() != 1 {
		t.Error("the core was not closed")
	}
}
