package session_test

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/capi/session"
)

var discard = slog.New(slog.DiscardHandler)

// TestClose_Stops: what runs is canceled, who waits returns.
func TestClose_Stops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, closed := newLibrary(t)
		s, h := openIn(t, l, `{}`)
		began := time.Now()
		wantKind(t, "Submit", s.Submit(1, session.Held, "fault_sleep", []byte(`{"ms":3600000}`)), "")
		wantKind(t, "Submit", s.Submit(2, 0, "fault_sleep", []byte(`{"ms":3600000}`)), "")
		errs := make(map[string]chan error)
		for name, f := range map[string]func() error{
			"Call": func() error { _, err := s.Call("fault_sleep", []byte(`{"ms":3600000}`)); return err },
			"Wait": func() error { _, err := s.Wait(1, -1); return err },
			"Take": func() error { _, err := s.Take(1, -1); return err },
		} {
			ended := make(chan error, 1)
			errs[name] = ended
			go func() { ended <- f() }()
		}
		synctest.Wait()
		wantKind(t, "Close", l.Close(h, -1), "")
		if closed.Load() != 1 || time.Since(began) != 0 {
			t.Errorf("closed %d cores after %v", closed.Load(), time.Since(began))
		}
		wantKind(t, "Wait", <-errs["Wait"], session.KindClosed)
		wantKind(t, "Take", <-errs["Take"], session.KindClosed)
		err := <-errs["Call"]
		wantKind(t, "Call", err, artifacts.KindCanceled)
		if !strings.Contains(err.Error(), "session was closed") {
			t.Errorf("the call does not say why: %v", err)
		}
	})
}

// TestClose_Stubborn: an operation that does not end is not waited for longer
// than was asked, and the core outlives it.
func TestClose_Stubborn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, closed := newLibrary(t)
		s, h := openIn(t, l, `{}`)
		wantKind(t, "Submit", s.Submit(1, 0, "fault_stubborn", []byte(`{"ms":10000}`)), "")
		began := time.Now()
		wantKind(t, "Close", l.Close(h, time.Second), session.KindPending)
		if took := time.Since(began); took != time.Second {
			t.Errorf("Close with a second took %v", took)
		}
		_, err := l.Session(h)
		wantKind(t, "its handle", err, session.KindClosed)
		wantKind(t, "Close again", l.Close(h, -1), session.KindClosed)
		if closed.Load() != 0 {
			t.Error("the core was closed under a running call")
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if closed.Load() != 1 {
			t.Error("the core was not closed when the call had ended")
		}
	})
}

func TestClose_Panic(t *testing.T) {
	l, closed := newLibrary(t)
	_, h := openIn(t, l, `{"entity":"unclosable"}`)
	wantKind(t, "Close", l.Close(h, -1), session.KindInternal)
	_, err := l.Session(h)
	wantKind(t, "the session", err, session.KindClosed)
	if closed.Load() != 1 {
		t.Error("the core was not closed")
	}
}

// TestClose_Race: closing while everything goes on harms nobody.
func TestClose_Race(t *testing.T) {
	for range 50 {
		l, closed := newLibrary(t)
		s, h := openIn(t, l, `{"log":"debug"}`)
		if err := s.Notify(func() {}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.EventFD(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		for g := range 4 {
			go func() {
				defer func() { ended <- struct{}{} }()
				for i := uint64(1); ; i++ {
					err := s.Submit(uint64(g)<<32|i, session.Flags(i%4), "fault_progress", []byte(`{"count":2}`))
					if session.KindOf(err) == session.KindClosed && err != nil {
						return
					}
					_, _ = s.Call("fault_log", []byte(`{"count":1}`))
					_, _ = s.Take(3, 0)
				}
			}()
		}
		time.Sleep(time.Millisecond)
		wantKind(t, "Close", l.Close(h, -1), "")
		for range 4 {
			<-ended
		}
		if closed.Load() != 1 {
			t.Fatalf("%d cores closed", closed.Load())
		}
	}
}
