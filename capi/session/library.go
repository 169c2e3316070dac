package session

import (
	"context"
	"sync"
	"time"

	"github.com/reliquary/reliquary/tools"
)

// A Handle names a session to a host: the place of the session in a table, and
// which of the sessions that were there in turn it is. A handle that has been
// closed never leads to another session. 0 is none.
type Handle uint64

// A Library is the sessions of one process. It is safe for concurrent use.
type Library struct {
	open Opener

	mu    sync.RWMutex
	slots []slot
	free  []uint32
}

// A slot is one place in the table. generation counts its sessions, the
// present one included.
type slot struct {
	generation uint32
	session    *Session
}

// maxSessions bounds the table: a host that opens so many has lost track.
const maxSessions = 1 << 16

// NewLibrary makes a library whose sessions have the cores that open makes.
func NewLibrary(open Opener) *Library { return &Library{open: open} }

// Open opens a session as config, a JSON object, asks for. The answer is a
// JSON object that tells where it leads.
func (l *Library) Open(config []byte) (Handle, []byte, error) {
	c, err := ParseConfig(config)
	if err != nil {
		return 0, nil, err
	}
	s, err := newSession(c)
	if err != nil {
		return 0, nil, err
	}
	var answer []byte
	err = contain("open a session", s.log, func() (err error) {
		s.core, answer, err = l.open(s.ctx, c, s.log)
		return err
	})
	if err != nil {
		s.cancel(context.Canceled)
		return 0, nil, err
	}
	h, err := l.add(s)
	if err != nil {
		_, _ = s.close(-1) // nothing runs yet; the table being full is what to tell
		return 0, nil, err
	}
	return h, answer, nil
}

// add finds a session a place in the table.
func (l *Library) add(s *Session) (Handle, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var i uint32
	if n := len(l.free); n > 0 {
		i, l.free = l.free[n-1], l.free[:n-1]
	} else if len(l.slots) < maxSessions {
		i = uint32(len(l.slots))
		l.slots = append(l.slots, slot{})
	} else {
		return 0, &tools.Error{
			Code:    KindBusy,
			Message: "too many sessions are open",
			Next:    "close sessions that are not used; one serves any number of threads",
		}
	}
	at := &l.slots[i]
	at.generation++
	at.session = s
	return Handle(at.generation)<<32 | Handle(i+1), nil
}

// find returns the slot that a handle leads to, nil if it leads nowhere.
func (l *Library) find(h Handle) (*slot, uint32) {
	i := uint32(h) - 1 // of 0: far behind the table's end
	if uint64(i) >= uint64(len(l.slots)) {
		return nil, 0
	}
	at := &l.slots[i]
	if at.session == nil || at.generation != uint32(h>>32) {
		return nil, 0
	}
	return at, i
}

// Session returns the session that a handle leads to, or KindClosed.
func (l *Library) Session(h Handle) (*Session, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if at, _ := l.find(h); at != nil {
		return at.session, nil
	}
	return nil, closed()
}

// Close closes a session. Its handle leads nowhere from the first moment.
// Everything that runs is canceled and waited for up to timeout, without end
// if that is negative. KindPending says that time was up: the rest happens
// without anybody waiting.
func (l *Library) Close(h Handle, timeout time.Duration) error {
	s, err := l.remove(h)
	if err != nil {
		return err
	}
	finished, err := s.close(timeout)
	if !finished {
		return &tools.Error{Code: KindPending, Message: "the session is closed; some of its calls have not ended yet"}
	}
	return err
}

func (l *Library) remove(h Handle) (*Session, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, i := l.find(h)
	if at == nil {
		return nil, closed()
	}
	s := at.session
	at.session = nil
	// A place whose generations are used up is left empty: the next session
	// there would answer to the handle of its first.
	if at.generation != 1<<32-1 {
		l.free = append(l.free, i)
	}
	return s, nil
}
