package mcpserver

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/mark3labs/mcp-go/server"
)

const (
	// callsAtOnce is how many tool calls run at a time; further ones queue.
	callsAtOnce = 16
	// The library runs calls on its read loop when the queue is full, and then
	// sees no cancellation; so the queue is long.
	callsQueued = 1000

	// finishing is how long calls may still run when the input has ended: a
	// script that pipes its requests in wants their answers.
	finishing = 300 * time.Millisecond
	// ending is how long they then have to notice that they are canceled.
	ending = 300 * time.Millisecond
)

// ServeStdio serves one client that writes to in and reads from out. It returns
// nil when the input ends, and soon after ctx ends with its error: calls under
// way are canceled then, and it does not wait for those that do not heed it.
//
// The library keeps one session for the process, so only one ServeStdio may run
// at a time.
func (s *Server) ServeStdio(ctx context.Context, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	input := &endingReader{Reader: in, server: s, ended: make(chan struct{})}
	lines := &lineWriter{out: out}
	stdio := server.NewStdioServer(s.mcp)
	for _, set := range []server.StdioOption{
		server.WithWorkerPoolSize(callsAtOnce),
		server.WithQueueSize(callsQueued),
		server.WithStdioContextFunc(func(ctx context.Context) context.Context { return withStream(ctx, lines) }),
		server.WithErrorLogger(slog.NewLogLogger(s.log.Handler(), slog.LevelWarn)),
	} {
		set(stdio)
	}
	done := make(chan error, 1)
	go func() { done <- stdio.Listen(ctx, input, lines) }()
	select {
	case err := <-done:
		return outcome(ctx, err)
	case <-ctx.Done():
	case <-input.ended:
	}
	select {
	case err := <-done:
		return outcome(ctx, err)
	case <-time.After(ending):
		s.log.Warn("calls that were canceled did not end", "calls", s.running.Load())
		return ctx.Err()
	}
}

// outcome is ctx's error where that is what ended the serving.
func outcome(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.Is(err, context.Canceled) {
		return ctx.Err()
	}
	return err
}

// An endingReader passes the end of the input on when the calls that came
// before it are done, or have had time enough.
type endingReader struct {
	io.Reader
	server *Server
	ended  chan struct{}
}

func (r *endingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err == nil {
		return n, nil
	}
	if n > 0 { // the error comes again
		return n, nil
	}
	const step = 10 * time.Millisecond
	for waited := time.Duration(0); waited < finishing; waited += step {
		time.Sleep(step) // calls just read have to begin first
		if r.server.running.Load() == 0 {
			break
		}
	}
	select {
	case <-r.ended:
	default:
		close(r.ended)
	}
	return 0, err
}
