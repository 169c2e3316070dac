//go:build unix

package session_test

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/capi/session"
)

// readable reports whether a file descriptor is, within timeout.
func readable(t *testing.T, fd int, timeout time.Duration) bool {
	t.Helper()
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, int(timeout.Milliseconds()))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		return n == 1
	}
}

func TestEventFD(t *testing.T) {
	l, _ := newLibrary(t)
	s, h := openIn(t, l, `{}`)
	// Events from before anybody asked for the descriptor count.
	wantKind(t, "Submit", s.Submit(1, 0, "fault_echo", nil), "")
	for {
		time.Sleep(time.Millisecond)
		if err := s.Cancel(1); err != nil {
			t.Fatal(err)
		}
		if err := s.Submit(1, 0, "fault_echo", nil); session.KindOf(err) == artifacts.KindConflict {
			break
		}
	}
	fd, err := s.EventFD()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.EventFD(); again != fd || err != nil {
		t.Errorf("EventFD returns %d (%v) and before %d", again, err, fd)
	}
	for round := range 3 {
		for i := range 4 {
			wantKind(t, "Submit", s.Submit(uint64(round*4+i+2), 0, "fault_echo", nil), "")
		}
		taken := 0
		for want := 4; taken < want; {
			if round == 0 {
				want = 5
			}
			if !readable(t, fd, 10*time.Second) {
				t.Fatal("the descriptor is not readable while there are events to come")
			}
			events, err := s.Take(2, 0)
			if err != nil {
				t.Fatal(err)
			}
			taken += len(events)
		}
		if readable(t, fd, 0) {
			t.Errorf("round %d: the descriptor is readable when everything was taken", round)
		}
	}
	wantKind(t, "Close", l.Close(h, -1), "")
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != unix.EBADF {
		t.Errorf("the descriptor is open after Close: %v", err)
	}
}
