package mcpserver

import (
	"container/list"
	"context"
	"errors"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/server"
)

// What the library remembers of a session (clients of protocols before 2026-07-28
// have one) takes some ten kilobytes, for as long as sessionIdle says. Anybody
// can begin sessions where callers bring keys of their own, so their number is
// bounded: in all, and for one address.
const (
	mostSessions            = 4096
	mostSessionsFromAddress = 1024
)

// sessions are those that the library remembers something of. One too many has
// the one forgotten that has been idle for longest: of the same address, where
// that has too many. A forgotten session works on, without what its handshake
// said: see sessionIdle.
type sessions struct {
	most, mostFromAddress int
	forget                func(id string) // has the library forget one
	now                   func() time.Time

	mu      sync.Mutex
	byID    map[string]*list.Element // guarded by mu
	lately  *list.List               // of *session, the one used last in front; guarded by mu
	holders map[netip.Prefix]int     // how many each address has; guarded by mu
}

type session struct {
	id     string
	from   netip.Prefix
	calls  int // under way
	used   time.Time
	passes bool // nothing is to be remembered of it, once no call is under way
}

func newSessions(forget func(id string)) *sessions {
	return &sessions{
		most: mostSessions, mostFromAddress: mostSessionsFromAddress, forget: forget, now: time.Now,
		byID: map[string]*list.Element{}, lately: list.New(), holders: map[netip.Prefix]int{},
	}
}

var (
	errSessions            = errors.New("this server is serving as many clients as it can; try again soon")
	errSessionsFromAddress = errors.New("too many clients of this address are being served; try again soon")
)

// begin notes that a request of a session begins, and returns what notes its end.
// It is refused where there is no room, and no session is idle.
func (s *sessions) begin(id, remote string) (end func(keep bool), err error) {
	one, forgotten, err := s.enter(id, addressOf(remote))
	for _, f := range forgotten {
		s.forget(f)
	}
	if err != nil {
		return nil, err
	}
	return func(keep bool) {
		if s.leave(one, keep) {
			s.forget(id)
		}
	}, nil
}

func (s *sessions) enter(id string, from netip.Prefix) (one *session, forgotten []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.byID[id]; known != nil {
		one = known.Value.(*session)
		one.calls++
		s.lately.MoveToFront(known)
		return one, nil, nil
	}
	for e := s.lately.Back(); e != nil; e = s.lately.Back() {
		if old := e.Value.(*session); old.calls > 0 || s.now().Sub(old.used) <= sessionIdle {
			break
		}
		s.remove(e) // the library forgets it by itself
	}
	makeRoom := func(full bool, of func(*session) bool, refusal error) {
		if err != nil || !full {
			return
		}
		for e := s.lately.Back(); e != nil; e = e.Prev() {
			if old := e.Value.(*session); old.calls == 0 && of(old) {
				forgotten = append(forgotten, old.id)
				s.remove(e)
				return
			}
		}
		err = refusal
	}
	makeRoom(s.holders[from] >= s.mostFromAddress, func(old *session) bool { return old.from == from }, errSessionsFromAddress)
	makeRoom(s.lately.Len() >= s.most, func(*session) bool { return true }, errSessions)
	if err != nil {
		return nil, forgotten, err
	}
	one = &session{id: id, from: from, calls: 1, used: s.now()}
	s.byID[id] = s.lately.PushFront(one)
	s.holders[from]++
	return one, forgotten, nil
}

// leave reports whether nothing is to be remembered of the session.
func (s *sessions) leave(one *session, keep bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	one.calls--
	one.used = s.now()
	one.passes = one.passes || !keep
	e := s.byID[one.id] // it is there while calls are under way
	if !one.passes || one.calls > 0 {
		s.lately.MoveToFront(e)
		return false
	}
	s.remove(e)
	return true
}

// remove takes a session out. The lock is held.
func (s *sessions) remove(e *list.Element) {
	one := s.lately.Remove(e).(*session)
	delete(s.byID, one.id)
	if s.holders[one.from]--; s.holders[one.from] == 0 {
		delete(s.holders, one.from)
	}
}

// addressOf is the address that a request comes from; of IPv6 the network, for
// that is what a single caller has.
func addressOf(remote string) netip.Prefix {
	at, err := netip.ParseAddrPort(remote)
	if err != nil { // no TCP: all are one
		return netip.Prefix{}
	}
	bits := 64
	if at.Addr().Unmap().Is4() {
		bits = 32
	}
	network, err := at.Addr().Unmap().WithZone("").Prefix(bits)
	if err != nil { // an address has that many bits
		return netip.Prefix{}
	}
	return network
}

// retryAfter is how long who is refused is to wait, in seconds.
const retryAfter = "5"

// refuseSession answers a request that there is no room for.
func refuseSession(w http.ResponseWriter, err error) {
	status := http.StatusServiceUnavailable
	if errors.Is(err, errSessionsFromAddress) {
		status = http.StatusTooManyRequests
	}
	w.Header().Set("Retry-After", retryAfter)
	http.Error(w, err.Error(), status)
}

// forgetSession has the library forget what it remembers of a session, as when
// the client ends it.
func (g *httpGate) forgetSession(id string) {
	ctx := context.WithValue(context.Background(), tidyingKey{}, true)
	r, err := http.NewRequestWithContext(ctx, http.MethodDelete, "/", http.NoBody)
	if err != nil {
		g.server.log.Error("forgetting a session", "error", err)
		return
	}
	r.Header.Set(server.HeaderKeySessionID, id)
	g.protocol.ServeHTTP(&nowhere{header: http.Header{}}, r)
}

// nowhere is a response that nobody reads.
type nowhere struct{ header http.Header }

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n *nowhere) WriteHeader(int)             {}
