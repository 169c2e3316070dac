package session_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/capi/session"
)

// TestNotify_OncePerBatch: a host is woken once for all that it has not taken.
func TestNotify_OncePerBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := newLibrary(t)
		s, h := openIn(t, l, `{}`)
		wakes := make(chan struct{}, 100)
		wantKind(t, "Notify", s.Notify(func() { wakes <- struct{}{} }), "")
		wantKind(t, "Notify again", s.Notify(func() {}), artifacts.KindConflict)
		token := uint64(0)
		for round := range 3 {
			for range 10 {
				token++
				wantKind(t, "Submit", s.Submit(token, 0, "fault_echo", nil), "")
			}
			synctest.Wait()
			if n := len(wakes); n != 1 {
				t.Errorf("round %d: %d wakes for 10 results, want 1", round, n)
			}
			<-wakes
			// The rest of a batch is the host's to take; it is not told again.
			for _, want := range []int{4, 4, 2} {
				if events, err := s.Take(4, 0); err != nil || len(events) != want {
					t.Errorf("Take: %d events (%v), want %d", len(events), err, want)
				}
			}
		}
		if len(wakes) != 0 {
			t.Error("woken with nothing to take")
		}
		wantKind(t, "Close", l.Close(h, -1), "")
	})
}

// TestNotify_Waiting: who comes late is told of what is there.
func TestNotify_Waiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := newLibrary(t)
		s, h := openIn(t, l, `{}`)
		wantKind(t, "Submit", s.Submit(1, 0, "fault_echo", nil), "")
		synctest.Wait()
		woken := 0
		wantKind(t, "Notify", s.Notify(func() { woken++ }), "")
		if woken != 1 {
			t.Errorf("woken %d times, want once", woken)
		}
		wantKind(t, "Close", l.Close(h, -1), "")
	})
}

// TestNotify_Close: Close waits for the host's function, which is not called
// after that.
func TestNotify_Close(t *testing.T) {
	l, _ := newLibrary(t)
	s, h := openIn(t, l, `{}`)
	entered, leave := make(chan struct{}), make(chan struct{})
	wantKind(t, "Notify", s.Notify(func() { entered <- struct{}{}; <-leave }), "")
	wantKind(t, "Submit", s.Submit(1, 0, "fault_echo", nil), "")
	<-entered
	closed := make(chan error)
	go func() { closed <- l.Close(h, -1) }()
	select {
	case err := <-closed:
		t.Fatalf("Close returned (%v) while the host's function was running", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(leave)
	wantKind(t, "Close", <-closed, "")
}

// TestTake_Many: several who wait share what comes, and all of it arrives.
func TestTake_Many(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := newLibrary(t)
		s, h := openIn(t, l, `{}`)
		counts := make(chan int)
		for range 4 {
			go func() {
				n := 0
				for {
					events, err := s.Take(3, time.Minute)
					if err != nil || len(events) == 0 {
						counts <- n
						return
					}
					n += len(events)
				}
			}()
		}
		synctest.Wait()
		for i := range 100 {
			wantKind(t, "Submit", s.Submit(uint64(i+1), 0, "fault_echo", nil), "")
		}
		total := 0
		for range 4 {
			total += <-counts
		}
		if total != 100 {
			t.Errorf("%d events were taken, want 100", total)
		}
		wantKind(t, "Close", l.Close(h, -1), "")
	})
}

func TestTake_Refusals(t *testing.T) {
	s := open(t, `{}`)
	for _, room := range []int{0, -1} {
		_, err := s.Take(room, 0)
		wantKind(t, fmt.Sprintf("Take(%d)", room), err, artifacts.KindInvalid)
	}
}

// TestLog_Bounded: a host that takes nothing loses log lines and is told so.
func TestLog_Bounded(t *testing.T) {
	s := open(t, `{"log":"info","limits":{"log_lines":10}}`)
	if _, err := s.Call("fault_log", []byte(`{"count":1000}`)); err != nil {
		t.Fatal(err)
	}
	events, err := s.Take(2000, 0)
	if err != nil || len(events) != 10 {
		t.Fatalf("%d events (%v), want 10", len(events), err)
	}
	for i, e := range events {
		var line struct {
			Msg  string
			Line int
		}
		if err := json.Unmarshal(e.Data, &line); err != nil || line.Line != i || e.Kind != session.EventLog || e.Token != 0 {
			t.Errorf("event %d is %+v: %s", i, e, e.Data)
		}
	}
	if _, err := s.Call("fault_log", []byte(`{"count":1}`)); err != nil {
		t.Fatal(err)
	}
	events, err = s.Take(2000, 0)
	if err != nil || len(events) != 2 || !strings.Contains(string(events[0].Data), `"dropped":990`) {
		t.Errorf("the next lines are %s (%v), want one that tells of 990", texts(events), err)
	}
}

func texts(events []*session.Event) (all []string) {
	for _, e := range events {
		all = append(all, string(e.Data))
	}
	return all
}
