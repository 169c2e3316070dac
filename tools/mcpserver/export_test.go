package mcpserver

import (
	"context"
	"net/http"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// Underlying is the library's server, for clients in the same process and for
// tools that only tests have.
func (s *Server) Underlying() *server.MCPServer { return s.mcp }

// NewWith is New with options of the library, for what only tests serve.
func NewWith(o Options, more ...server.ServerOption) *Server { return newServer(o, more...) }

// Notify is how calls notify.
func (s *Server) Notify(ctx context.Context, method mcp.MCPMethod, params map[string]any) error {
	return s.notify(ctx, method, params)
}

// LogToClient is how calls log to the client.
func (s *Server) LogToClient(ctx context.Context, level mcp.LoggingLevel, data any) {
	s.logToClient(ctx, level, data)
}

// Hooks are the library's, for tests to count with.
func (s *Server) Hooks() *server.Hooks { return s.hooks }

// Bound has a handler remember no more sessions than so many, in all and for an
// address, by a clock, and returns how many it remembers.
func Bound(h http.Handler, most, fromAddress int, now func() time.Time) (remembered func() int) {
	s := h.(*httpGate).sessions
	s.most, s.mostFromAddress, s.now = most, fromAddress, now
	return func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.byID) != s.lately.Len() {
			panic("a session is half remembered")
		}
		return len(s.byID)
	}
}
