package mcpserver

import (
	"bytes"
	"net/http"
	"strings"
	"sync"
)

// An eventStream is the response to one POST. It is what the library makes of
// it, JSON or a stream of events, until somebody sends a message: then it is a
// stream of events, with whatever the library answers as the last one.
type eventStream struct {
	http.ResponseWriter
	mu      sync.Mutex
	state   streamState
	answer  bytes.Buffer // the JSON that comes as the last event
	flusher http.Flusher
	acked   acknowledgements
}

func (e *eventStream) acknowledgements() *acknowledgements { return &e.acked }

type streamState int

const (
	untouched streamState = iota
	plain                 // the library answers with something that is no stream
	events                // the library writes events
	wrapping              // we write events, and the library's answer at the end
	ended
)

const eventType = "text/event-stream"

func (e *eventStream) WriteHeader(status int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.begin(status)
}

// begin does what the library's WriteHeader means. The lock is held.
func (e *eventStream) begin(status int) {
	isEvents := strings.HasPrefix(e.Header().Get("Content-Type"), eventType)
	switch e.state {
	case untouched:
		e.state = plain
		if isEvents {
			e.state = events
		}
		e.ResponseWriter.WriteHeader(status)
	case wrapping:
		if isEvents { // it asks the client something
			e.state = events
		}
	}
}

func (e *eventStream) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.state == untouched {
		e.begin(http.StatusOK)
	}
	if e.state == wrapping {
		return e.answer.Write(p)
	}
	n, err := e.ResponseWriter.Write(p)
	e.acked.wrote(p)
	return n, err
}

// Flush implements http.Flusher.
func (e *eventStream) Flush() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.flusher != nil && e.state != ended {
		e.flusher.Flush()
	}
}

func (e *eventStream) send(message []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch e.state {
	case plain, ended:
		return nil // the answer is under way already
	case untouched:
		header := e.Header()
		header.Set("Content-Type", eventType)
		header.Set("Cache-Control", "no-cache")
		// What the library says of its answer is about JSON.
		header.Del("Content-Length")
		e.ResponseWriter.WriteHeader(http.StatusOK)
		e.state = wrapping
	}
	return e.event(message)
}

// event writes one event. The lock is held.
func (e *eventStream) event(message []byte) error {
	// JSON has no line breaks of its own; one that stands between its parts
	// would end the event.
	message = bytes.ReplaceAll(bytes.TrimSpace(message), []byte("\n"), []byte(" "))
	text := make([]byte, 0, len(message)+32)
	text = append(append(append(text, "event: message\ndata: "...), message...), "\n\n"...)
	if _, err := e.ResponseWriter.Write(text); err != nil {
		return err
	}
	if e.flusher != nil {
		e.flusher.Flush()
	}
	return nil
}

// end writes what is left when the library is done with the response.
func (e *eventStream) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.state == wrapping && e.answer.Len() > 0 {
		_ = e.event(e.answer.Bytes()) // the client has gone if it fails
	}
	e.state = ended
}
