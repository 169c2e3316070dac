package session

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// A Session is one place that operations are run on, and the calls that a host
// has made there. It is safe for concurrent use. Methods of a closed session
// fail with KindClosed.
type Session struct {
	core   Core
	limits Limits
	log    *slog.Logger
	ctx    context.Context // what calls run under; ends when the session closes
	cancel context.CancelCauseFunc
	done   chan struct{} // closed when the session is

	mu      sync.Mutex
	closed  bool
	running int           // calls that have not returned
	idle    chan struct{} // closed when closed and nothing is running
	calls   map[uint64]*call
	queue   queue
	held    int64         // bytes of inputs in running calls, and of results
	ready   chan struct{} // one signal for one of those who block in Take
	signal  signal
	lines   int // log lines in queue
	dropped int // log lines for which there was no room since the last one
}

// newSession makes a session without a core: its log is needed to make one.
func newSession(c Config) (*Session, error) {
	level, wanted, err := c.level()
	if err != nil {
		return nil, err
	}
	s := &Session{
		limits: c.Limits,
		done:   make(chan struct{}),
		idle:   make(chan struct{}),
		calls:  make(map[uint64]*call),
		ready:  make(chan struct{}, 1),
	}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	s.log = slog.New(slog.DiscardHandler)
	if wanted {
		s.log = slog.New(slog.NewJSONHandler(lineWriter{s}, &slog.HandlerOptions{Level: level}))
	}
	return s, nil
}

// begin counts a call that is about to run.
func (s *Session) begin() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return closed()
	}
	if s.running >= s.limits.Calls {
		return busy("that many calls running", int64(s.limits.Calls))
	}
	s.running++
	return nil
}

// endLocked counts a call that has returned.
func (s *Session) endLocked() {
	s.running--
	if s.closed && s.running == 0 {
		close(s.idle)
	}
}

// Call runs an operation and returns its answer: it blocks until then. It can
// be stopped by closing the session; what is to be canceled by itself is
// submitted.
func (s *Session) Call(name string, input []byte) ([]byte, error) {
	if err := s.begin(); err != nil {
		return nil, err
	}
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.endLocked()
	}()
	if err := s.check(name, input); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	return s.run(ctx, s.core.Call, name, input, func([]byte) {})
}

// CheckName fails if no operation's name can be that long, and CheckInput if no
// input may be: for those who would have to copy it to ask.
func (s *Session) CheckName(size uint64) error {
	if size > maxName {
		return tooLarge("the name of an operation", size, maxName)
	}
	return nil
}

// CheckInput is described with CheckName.
func (s *Session) CheckInput(size uint64) error {
	if size > uint64(s.limits.InputBytes) {
		return tooLarge("an input", size, uint64(s.limits.InputBytes))
	}
	return nil
}

// check refuses what no operation could use.
func (s *Session) check(name string, input []byte) error {
	if name == "" {
		return invalid("no operation is named")
	}
	if err := s.CheckName(uint64(len(name))); err != nil {
		return err
	}
	if err := s.CheckInput(uint64(len(input))); err != nil {
		return err
	}
	if err := checkText("the name of the operation", []byte(name)); err != nil {
		return err
	}
	return checkText("the input", input)
}

// work is a method of Core.
type work = func(ctx context.Context, name string, input []byte, report func([]byte)) ([]byte, error)

// run runs an operation, whatever it does.
func (s *Session) run(ctx context.Context, work work, name string, input []byte, report func([]byte)) (answer []byte, err error) {
	err = contain(name, s.log, func() (err error) {
		answer, err = work(ctx, name, input, report)
		return err
	})
	if err == nil && int64(len(answer)) > s.limits.AnswerBytes {
		err = tooLarge("an answer", uint64(len(answer)), uint64(s.limits.AnswerBytes))
	}
	if err != nil {
		return nil, because(ctx, name, err)
	}
	return answer, nil
}

// because says why a call was cut off, in place of what the cut looked like
// from where it was noticed.
func because(ctx context.Context, name string, err error) error {
	if ctx.Err() == nil || KindOf(err) != artifacts.KindCanceled {
		return err
	}
	message := "the caller canceled it"
	if KindOf(context.Cause(ctx)) == KindClosed {
		message = "the session was closed before it was done"
	}
	return &tools.Error{Code: artifacts.KindCanceled, Operation: name, Message: message}
}

// Take removes events, at most max of them, and waits up to timeout for the
// first; a negative timeout has no end. It returns none when time is up.
func (s *Session) Take(limit int, timeout time.Duration) ([]*Event, error) {
	if limit <= 0 {
		return nil, invalid("there is no room for an event")
	}
	var expired <-chan time.Time
	for {
		events, err := s.takeNow(limit)
		if err != nil || len(events) > 0 || timeout == 0 {
			return events, err
		}
		if timeout > 0 && expired == nil {
			timer := time.NewTimer(timeout)
			defer timer.Stop()
			expired = timer.C
		}
		select {
		case <-s.ready:
		case <-s.done:
		case <-expired:
			return nil, nil
		}
	}
}

func (s *Session) takeNow(limit int) ([]*Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, closed()
	}
	events := make([]*Event, min(limit, s.queue.len()))
	for i := range events {
		e := s.queue.pop()
		events[i] = e
		switch e.Kind {
		case EventLog:
			s.lines--
		case EventProgress:
			// What the call reports from now on is a new event.
			if c := s.calls[e.Token]; c != nil {
				c.progress = nil
			}
		case EventResult:
			s.held -= int64(len(e.Data))
			delete(s.calls, e.Token)
		}
	}
	if s.queue.len() == 0 {
		s.signal.lower()
	} else if len(events) > 0 {
		s.wakeTaker()
	}
	return events, nil
}

// wakeTaker lets one of those who block in Take look again.
func (s *Session) wakeTaker() {
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// pushLocked puts an event into the queue. It returns the host's function if
// it is to be called once the lock is free, else nil.
func (s *Session) pushLocked(e *Event) func() {
	s.queue.push(e)
	s.wakeTaker()
	if s.signal.raise() {
		return s.signal.notify
	}
	return nil
}

// tell calls the function that pushLocked returned.
func (s *Session) tell(notify func()) {
	if notify != nil {
		s.signal.call(notify)
	}
}

// EventFD returns a file descriptor that is readable while there are events to
// take, always the same one. It is the session's: hosts only wait on it, and
// stop doing so before they close the session.
func (s *Session) EventFD() (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return -1, closed()
	}
	if s.signal.wake == nil {
		w, err := newWaker()
		if err != nil {
			if own, ok := errors.AsType[*tools.Error](err); ok {
				return -1, own
			}
			return -1, &tools.Error{Code: artifacts.KindUnavailable, Message: "no file descriptor can be had: " + err.Error(), Next: "close some files"}
		}
		s.signal.wake = w
		if s.signal.raised {
			w.set()
		}
	}
	return s.signal.wake.fd, nil
}

// Notify has notify called, from any goroutine, when there is something to
// take where there was nothing; again only after everything was taken. It must
// not block and not close the session. It can be set once; it is called at
// once if something is waiting. Close returns only when it is not running.
func (s *Session) Notify(notify func()) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return closed()
	}
	if s.signal.notify != nil {
		s.mu.Unlock()
		return &tools.Error{Code: artifacts.KindConflict, Message: "the session has a function to call already"}
	}
	s.signal.notify = notify
	waiting := s.signal.raised
	s.mu.Unlock()
	if waiting {
		s.tell(notify)
	}
	return nil
}
