package mcpserver

import (
	"context"
	"io"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// Notifications of a call (how far it is, what it logs) must reach the client,
// and before the call's result: clients drop those that come later. The library
// hands them to a channel that another goroutine empties, which loses some over
// HTTP and is late with most over stdio. So we write them ourselves, to the very
// stream that the result will be written to.

// A stream takes messages for the client that a request came from.
type stream interface {
	// send returns when the message is written. It may be used at any time, by
	// several at once; what comes after the request's answer goes nowhere.
	send(message []byte) error
}

type streamKey struct{}

func withStream(ctx context.Context, s stream) context.Context {
	return context.WithValue(ctx, streamKey{}, s)
}

// notify sends a notification that belongs to the request of ctx. Clients in
// the same process have no stream, and get it the library's way.
func (s *Server) notify(ctx context.Context, method mcp.MCPMethod, params map[string]any) error {
	to, ok := ctx.Value(streamKey{}).(stream)
	if !ok {
		return s.mcp.SendNotificationToClient(ctx, string(method), params)
	}
	message, err := compact(struct {
		JSONRPC string         `json:"jsonrpc"`
		Method  mcp.MCPMethod  `json:"method"`
		Params  map[string]any `json:"params"`
	}{mcp.JSONRPC_VERSION, method, params})
	if err != nil {
		return err
	}
	return to.send(message)
}

// logToClient tells the client of the request something about it, if the client
// wants to know of things of this level.
func (s *Server) logToClient(ctx context.Context, level mcp.LoggingLevel, data any) {
	wanted := mcp.LoggingLevel("")
	if server.IsModernRequest(ctx) {
		wanted = server.RequestProtocolInfoFromContext(ctx).LogLevel // "" wants nothing
	} else if session, ok := server.ClientSessionFromContext(ctx).(server.SessionWithLogging); ok {
		wanted = session.GetLogLevel()
	}
	if wanted == "" || !level.ShouldSendTo(wanted) {
		return
	}
	if err := s.notify(ctx, mcp.MethodNotificationMessage, map[string]any{"level": level, "logger": "reliquary", "data": data}); err != nil {
		s.log.Debug("a client was not told", "error", err)
	}
}

// A lineWriter writes messages, one a line, for several at once. It is the
// stream of a client on stdio. The library writes a line with one Write.
type lineWriter struct {
	mu  sync.Mutex
	out io.Writer
}

func (l *lineWriter) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(line)
}

func (l *lineWriter) send(message []byte) error {
	_, err := l.Write(append(message, '\n'))
	return err
}
