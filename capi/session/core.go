package session

import (
	"context"
	"log/slog"
)

// A Core runs operations for one session. Its methods are called from many
// goroutines at once.
type Core interface {
	// Call runs the operation of that name: JSON in, JSON out. It returns soon
	// after ctx has ended. Progress, a JSON object each time, goes to report,
	// which keeps the slice, never blocks, may be called from any goroutine,
	// and does nothing once Call has returned. A failure is best a
	// *tools.Error or an *artifacts.Error.
	Call(ctx context.Context, name string, input []byte, report func(progress []byte)) ([]byte, error)
	// Columns is Call for an operation that gives pages: it walks them to the end,
	// and gives all as a block of package columns.
	Columns(ctx context.Context, name string, input []byte, report func(progress []byte)) ([]byte, error)
	// Close releases what the core holds. No call is running then.
	Close() error
}

// An Opener makes the Core of a new session, and a JSON object that tells the
// host where it leads. Log lines of the core go to log.
type Opener func(ctx context.Context, config Config, log *slog.Logger) (core Core, answer []byte, err error)
