package session

import (
	"context"
	"errors"
	"time"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// Flags say how the events of a submitted call reach the host. The numbers are
// part of the ABI.
type Flags uint32

// The flags of Submit.
const (
	// Held keeps the events of a call for Wait: they do not go to the queue.
	Held Flags = 1 << iota
	// Progress asks for events of how far the call is.
	Progress
	// Columns asks for the whole list of an operation that gives pages, as a
	// block of package columns, in place of its JSON.
	Columns

	allFlags = Held | Progress | Columns
)

// A call is one that was submitted and whose result nobody has taken yet. Its
// fields are guarded by the session's lock.
type call struct {
	token    uint64
	flags    Flags
	cancel   context.CancelCauseFunc
	progress *Event        // the newest that nobody has taken
	result   *Event        // of a held call that has ended
	changed  chan struct{} // one signal for who waits for a held call
	waiting  bool
	input    int64 // bytes
}

// Submit runs an operation in the background. token is the host's name for
// it, not 0, and free again once its result was taken.
//
// A call that Submit refuses has no events. Whatever is wrong with name and
// input beside their sizes is told by the result.
func (s *Session) Submit(token uint64, flags Flags, name string, input []byte) error {
	if token == 0 {
		return invalid("0 is not a token")
	}
	if flags&^allFlags != 0 {
		return invalid("flags %#x are unknown", uint32(flags&^allFlags))
	}
	if err := errors.Join(s.CheckName(uint64(len(name))), s.CheckInput(uint64(len(input)))); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(s.ctx)
	c := &call{token: token, flags: flags, cancel: cancel, input: int64(len(input))}
	if flags&Held != 0 {
		c.changed = make(chan struct{}, 1)
	}
	if err := s.admit(c); err != nil {
		cancel(nil)
		return err
	}
	var answer []byte
	Go(name, s.log, func() (err error) {
		if err := s.check(name, input); err != nil {
			return err
		}
		work := s.core.Call
		if flags&Columns != 0 {
			work = s.core.Columns
		}
		answer, err = s.run(ctx, work, name, input, func(p []byte) { s.report(c, p) })
		return err
	}, func(err error) {
		cancel(nil)
		s.finish(c, &Event{Token: c.token, Kind: EventResult, Data: answer, Err: err})
	})
	return nil
}

// admit makes a call one of the session's.
func (s *Session) admit(c *call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return closed()
	case s.calls[c.token] != nil:
		return &tools.Error{
			Code:    artifacts.KindConflict,
			Message: "another call has that token",
			Next:    "take its result first, or choose another token",
		}
	case len(s.calls) >= s.limits.Calls:
		return busy("that many calls running or waiting to be taken", int64(s.limits.Calls))
	case s.running >= s.limits.Calls:
		return busy("that many calls running", int64(s.limits.Calls))
	case s.held > s.limits.HeldBytes:
		return busy("more bytes in running calls and in answers waiting to be taken", s.limits.HeldBytes)
	}
	s.calls[c.token] = c
	s.running++
	s.held += c.input
	return nil
}

// report tells the host how far a call is. The newest wins: what was not taken
// yet is replaced where it stands.
func (s *Session) report(c *call, progress []byte) {
	if c.flags&Progress == 0 {
		return
	}
	s.tell(func() func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.closed || s.calls[c.token] != c || c.result != nil {
			return nil
		}
		if c.progress != nil {
			c.progress.Data = progress
			return nil
		}
		c.progress = &Event{Token: c.token, Kind: EventProgress, Data: progress}
		if c.flags&Held != 0 {
			c.wake()
			return nil
		}
		return s.pushLocked(c.progress)
	}())
}

// finish delivers the result of a call.
func (s *Session) finish(c *call, result *Event) {
	s.tell(func() func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		defer s.endLocked()
		if s.closed {
			return nil
		}
		s.held += int64(len(result.Data)) - c.input
		c.result = result
		if c.flags&Held != 0 {
			c.wake()
			return nil
		}
		return s.pushLocked(result)
	}())
}

// wake lets the one who waits for a held call look again.
func (c *call) wake() {
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// Cancel asks a call to stop; its result comes soon, as KindCanceled unless it
// was done before. KindNotFound: there is no such call, or its result was
// taken.
func (s *Session) Cancel(token uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return closed()
	}
	c := s.calls[token]
	if c == nil {
		return noCall()
	}
	c.cancel(context.Canceled)
	return nil
}

func noCall() error {
	return &tools.Error{Code: artifacts.KindNotFound, Message: "no call has that token, or its result was taken"}
}

// Wait returns the next event of a held call: its newest progress, or its
// result, after which the token is free. It waits up to timeout, without end
// if that is negative, and returns an event of EventNone when time is up. One
// at a time may wait for a call.
func (s *Session) Wait(token uint64, timeout time.Duration) (Event, error) {
	c, err := s.waitFor(token)
	if err != nil {
		return Event{}, err
	}
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		c.waiting = false
	}()
	var expired <-chan time.Time
	for {
		event, err := s.nextOf(c)
		if err != nil || event.Kind != EventNone || timeout == 0 {
			return event, err
		}
		if timeout > 0 && expired == nil {
			timer := time.NewTimer(timeout)
			defer timer.Stop()
			expired = timer.C
		}
		select {
		case <-c.changed:
		case <-s.done:
		case <-expired:
			return Event{Token: token}, nil
		}
	}
}

// waitFor finds the call to wait for and makes the caller the one who does.
func (s *Session) waitFor(token uint64) (*call, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, closed()
	}
	c := s.calls[token]
	switch {
	case c == nil:
		return nil, noCall()
	case c.flags&Held == 0:
		return nil, invalid("the call was not submitted to be waited for: its events go to the queue")
	case c.waiting:
		return nil, &tools.Error{Code: artifacts.KindConflict, Message: "somebody waits for that call already"}
	}
	c.waiting = true
	return c, nil
}

// nextOf removes the next event of a held call, EventNone if there is none.
func (s *Session) nextOf(c *call) (Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return Event{}, closed()
	}
	if e := c.progress; e != nil {
		c.progress = nil
		return *e, nil
	}
	if e := c.result; e != nil {
		s.held -= int64(len(e.Data))
		delete(s.calls, c.token)
		return *e, nil
	}
	return Event{Token: c.token}, nil
}
