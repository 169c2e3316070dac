package main

import (
	"fmt"
	"io"

	"github.com/reliquary/reliquary/artifacts/connect"
)

// A terminal is what a command talks to: its three streams and the environment
// that it was started in. `reliquary mcp` speaks its protocol on In and Out, so
// anything meant for a person goes to Err there.
type terminal struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
	Env connect.Environment
	// ErrIsTerminal says that a person watches Err, and may be shown progress.
	ErrIsTerminal bool
}

// printf writes to the output. A failed write is not reported: the reader has
// gone away, and there is nobody left to tell.
func (t terminal) printf(format string, a ...any) {
	_, _ = fmt.Fprintf(t.Out, format, a...)
}

// notef writes to the error stream, for the person rather than the pipe.
func (t terminal) notef(format string, a ...any) {
	_, _ = fmt.Fprintf(t.Err, format, a...)
}
