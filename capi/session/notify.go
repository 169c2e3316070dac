package session

import "sync"

// A signal tells the host, from outside of its own threads, that there is
// something to take: by a file descriptor that is readable until everything
// was taken, by a function, or by both. It is raised once per batch: again
// only after it was lowered.
//
// Its methods but call and forget are used under the session's lock.
type signal struct {
	raised bool
	wake   *waker // nil until the host asks for a file descriptor
	notify func() // nil until the host gives a function

	// calling is held while notify runs, so that forget can wait for it.
	calling sync.Mutex
	silent  bool
}

// raise makes the descriptor readable. It returns whether the function is to
// be called, which happens without the session's lock.
func (s *signal) raise() bool {
	if s.raised {
		return false
	}
	s.raised = true
	if s.wake != nil {
		s.wake.set()
	}
	return s.notify != nil
}

// lower makes the descriptor unreadable.
func (s *signal) lower() {
	if !s.raised {
		return
	}
	s.raised = false
	if s.wake != nil {
		s.wake.clear()
	}
}

// call runs the host's function.
func (s *signal) call(notify func()) {
	s.calling.Lock()
	defer s.calling.Unlock()
	if !s.silent {
		notify()
	}
}

// forget returns once the host's function is not running, and will not again.
func (s *signal) forget() {
	s.calling.Lock()
	defer s.calling.Unlock()
	s.silent = true
}
