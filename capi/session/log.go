package session

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// A lineWriter makes events of the lines that a JSON log handler writes, one
// at a time.
type lineWriter struct{ s *Session }

// Write queues a line. A host that takes no events loses new lines, not the
// memory for them, and is told how many.
func (w lineWriter) Write(line []byte) (int, error) {
	s := w.s
	s.tell(func() func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.closed {
			return nil
		}
		if s.lines >= s.limits.LogLines {
			s.dropped++
			return nil
		}
		var notify func()
		if s.dropped > 0 && s.lines+1 < s.limits.LogLines {
			notify = s.pushLineLocked(droppedLine(s.dropped))
			s.dropped = 0
		}
		// One of the two is nil: only the first in an empty queue tells.
		if n := s.pushLineLocked(bytes.Clone(bytes.TrimRight(line, "\n"))); n != nil {
			notify = n
		}
		return notify
	}())
	return len(line), nil
}

func (s *Session) pushLineLocked(line []byte) func() {
	s.lines++
	return s.pushLocked(&Event{Kind: EventLog, Data: line})
}

// droppedLine is a log line about log lines.
func droppedLine(n int) []byte {
	line, err := json.Marshal(map[string]any{
		"level":   "WARN",
		"msg":     fmt.Sprintf("%d log lines were dropped: nobody took them", n),
		"dropped": n,
	})
	if err != nil { // strings and numbers: there is nothing that could be refused
		return []byte(`{"level":"WARN","msg":"log lines were dropped"}`)
	}
	return line
}
