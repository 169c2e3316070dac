package session

// An EventKind says what an Event tells. The numbers are part of the ABI.
type EventKind int32

// The kinds of events.
const (
	// EventNone: nothing happened in the time given.
	EventNone EventKind = iota
	// EventResult: a call has ended. It is the last event of its token.
	EventResult
	// EventProgress: a call tells how far it is. Data is a JSON object; only
	// the newest of each call is kept.
	EventProgress
	// EventLog: a log line, a JSON object. Its token is 0.
	EventLog
)

// An Event is one thing that a host is told.
type Event struct {
	// Token names the call, as the host chose when it submitted it.
	Token uint64
	Kind  EventKind
	// Data is JSON: the answer of a call that ended well.
	Data []byte
	// Err is why a call failed, nil for one that did not.
	Err error
}

// A queue holds events in the order in which they happened. It has no lock of
// its own.
type queue struct {
	events []*Event
	head   int
}

func (q *queue) len() int { return len(q.events) - q.head }

func (q *queue) push(e *Event) { q.events = append(q.events, e) }

// pop removes the oldest event; there must be one.
func (q *queue) pop() *Event {
	e := q.events[q.head]
	q.events[q.head] = nil
	q.head++
	switch {
	case q.head == len(q.events) && cap(q.events) <= keptEvents:
		q.events, q.head = q.events[:0], 0
	case q.head == len(q.events):
		// A burst does not keep its memory for the life of the session.
		q.events, q.head = nil, 0
	case q.head >= keptEvents && q.head > len(q.events)/2:
		// What is left moves down, or a queue that never runs empty would grow.
		n := copy(q.events, q.events[q.head:])
		clear(q.events[n:])
		q.events, q.head = q.events[:n], 0
	}
	return e
}

// keptEvents is how much room an empty queue keeps.
const keptEvents = 1 << 10
