package session

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/reliquary/reliquary/tools"
)

// contain runs f and turns a panic into a failure of KindInternal. The stack
// goes to log, for whoever mends it; the failure says what the caller can do.
// What the Go runtime itself ends the process for (a map written by two
// goroutines at once, memory used up, a stack of a gigabyte) cannot be contained.
func contain(what string, log *slog.Logger, f func() error) (err error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		value := describe(recover())
		err = &tools.Error{
			Code:      KindInternal,
			Operation: what,
			Message:   "a mistake in the library stopped it: " + value,
			Next:      "other calls are not affected; report it, with the log line that holds the stack",
		}
		log.Error("contained a panic", "in", what, "panic", value, "stack", string(debug.Stack()))
	}()
	err = f()
	returned = true
	return err
}

// describe puts the value of a panic into words, even if its own method for
// that panics too.
func describe(value any) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("a %T that cannot be printed", value)
		}
	}()
	return fmt.Sprint(value)
}

// errEnded stands for a goroutine that runtime.Goexit ended.
var errEnded = errors.New("its goroutine ended before there was an answer")

// makeRoom makes the stack of a new goroutine as large as most operations need, at
// once. From the runtime's 2 KiB it would be doubled again and again on the way down,
// and be searched and copied each time with all that is on it.
//
//go:noinline
func makeRoom(at uint16) byte {
	var room [5 << 10]byte
	return room[at%uint16(len(room))]
}

// Go runs f in a goroutine of its own where a panic is contained. done is
// told once how it ended, whatever happened; it must not panic. A Core whose
// operations need goroutines starts them in this way too.
func Go(what string, log *slog.Logger, f func() error, done func(error)) {
	go func() {
		makeRoom(0)
		// Stays when runtime.Goexit skips the assignment.
		err := errEnded
		defer func() { done(err) }()
		err = contain(what, log, f)
	}()
}
