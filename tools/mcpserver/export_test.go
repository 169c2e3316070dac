package mcpserver

import (
	"context"

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
