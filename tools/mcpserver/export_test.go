package mcpserver

import "github.com/mark3labs/mcp-go/server"

// Underlying is the library's server, for clients in the same process.
func (s *Server) Underlying() *server.MCPServer { return s.mcp }
