package session

import "time"

// close ends the session: it cancels what runs, forgets what nobody took,
// waits for calls to return and then closes the core. It reports whether all
// that was done within timeout (without end if negative); if not, it goes on
// behind. The error is the core's.
func (s *Session) close(timeout time.Duration) (finished bool, err error) {
	s.mu.Lock()
	s.closed = true
	s.cancel(closed())
	close(s.done)
	if s.running == 0 {
		close(s.idle)
	}
	s.calls, s.queue, s.held = nil, queue{}, 0
	if s.signal.wake != nil {
		// Under the lock: nobody may write to a number that is somebody else's by then.
		s.signal.wake.close()
		s.signal.wake = nil
	}
	s.mu.Unlock()
	s.signal.forget()

	ended := make(chan error, 1)
	Go("close the session", s.log, func() error {
		<-s.idle
		return s.core.Close()
	}, func(err error) { ended <- err })

	var expired <-chan time.Time
	if timeout >= 0 {
		timer := time.NewTimer(timeout)
		defer timer.Stop()
		expired = timer.C
	}
	select {
	case err = <-ended:
		return true, err
	case <-expired:
	}
	// A call that returned in the same moment is no reason to report failure.
	select {
	case err = <-ended:
		return true, err
	default:
		return false, nil
	}
}
