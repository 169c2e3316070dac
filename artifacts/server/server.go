// Package server is the embedded W&B-compatible registry: an http.Handler that
// the wandb package talks to, and an http.RoundTripper for clients in the same
// process. It knows the protocol (GraphQL by package graph, signed uploads and
// downloads by package transfer, the run's file stream), who is asking, and
// what a request log should say. What versions, aliases and runs are is the
// business of metadata; where bytes lie, of blobs.
package server

import (
	"context"
	"errors"
	"net/http"
)

// A Server answers the W&B protocol for one registry. It is safe for
// concurrent use.
type Server struct {
	o       Options
	handler http.Handler
}

// New returns a server for the registry in o.
func New(o Options) (*Server, error) {
	if o.Metadata == nil || o.Blobs == nil {
		return nil, errors.New("server: Options need Metadata and Blobs")
	}
	if len(o.Secret) < 32 {
		return nil, errors.New("server: Options.Secret must have at least 32 bytes")
	}
	return &Server{o: o, handler: http.NotFoundHandler()}, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Shutdown refuses new requests and waits until those under way have been
// answered, or ctx ends.
func (s *Server) Shutdown(ctx context.Context) error { return nil }
