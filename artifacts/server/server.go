// Package server is the embedded W&B-compatible registry: an http.Handler that
// the wandb package talks to, and an http.RoundTripper for clients in the same
// process. It knows the protocol (GraphQL by package graph, signed uploads and
// downloads by package transfer, the run's file stream), who is asking, and
// what a request log should say. What versions, aliases and runs are is the
// business of metadata; where bytes lie, of blobs.
//
//	POST /graphql                                              GraphQL
//	POST /files/{entity}/{project}/{run}/file_stream           a live run
//	PUT, GET /storage/...                                      signed uploads and downloads
//	POST /storage/batch[/get]                                  several small files of these at once
//	GET  /artifactsV2/{region}/{entity}/{project}/{collection}[/{artifact}]/{birth artifact}/{hex digest}/{name}
//	GET  /artifacts/{entity}/{hex digest}                      downloads by digest
//	GET  /healthz                                              200 while the registry can be read
//	ANY  /sdk/otel/...                                         404: clients then keep their telemetry
//
// Everything but the signed addresses, the health check and telemetry needs a
// key, as HTTP Basic (user api) or Bearer.
package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/graph"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/transfer"
)

// A Server answers the W&B protocol for one registry. It is safe for
// concurrent use.
type Server struct {
	o        Options
	graph    *graph.Graph
	signer   *transfer.Signer
	transfer *transfer.Handler

	mu       sync.Mutex
	closed   bool
	underWay int
	idle     chan struct{} // closed when the last request ends after Shutdown
}

const (
	defaultMaxBody   = 64 << 20
	defaultStallTime = 2 * time.Minute
)

// New returns a server for the registry in o.
func New(o Options) (*Server, error) {
	if o.Metadata == nil || o.Blobs == nil {
		return nil, errors.New("server: Options need Metadata and Blobs")
	}
	switch o.Auth {
	case "":
		o.Auth = AuthKeys
	case AuthKeys, AuthOpen:
	default:
		return nil, errors.New("server: Options.Auth is " + string(o.Auth) + ", not " + string(AuthKeys) + " or " + string(AuthOpen))
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.MaxBody <= 0 {
		o.MaxBody = defaultMaxBody
	}
	if o.StallTime <= 0 {
		o.StallTime = defaultStallTime
	}
	o.BaseURL = strings.TrimSuffix(o.BaseURL, "/")
	signer, err := transfer.NewSigner(o.Secret, o.Clock)
	if err != nil {
		return nil, err
	}
	s := &Server{o: o, signer: signer, idle: make(chan struct{})}
	s.transfer = transfer.NewHandler(o.Blobs, signer, o.Metadata, transfer.HandlerOptions{
		Logger: o.Logger, Permit: newPermits(o.Metadata, o.Clock).check,
	})
	s.graph = graph.New(graph.Options{
		Metadata: o.Metadata, Blobs: o.Blobs, Signer: signer, Uploads: s.transfer, Logger: o.Logger,
	})
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		w.Header().Set("Connection", "close")
		refuse(w, http.StatusServiceUnavailable, "the registry is shutting down")
		return
	}
	defer s.end()
	s.logged(w, r, s.route)
}

// route finds the handler for a path. It does not use http.ServeMux, which
// redirects paths with empty elements; addresses of old files have them.
func (s *Server) route(w *response, r *http.Request) {
	path := r.URL.Path
	switch {
	case path == "/graphql":
		s.serveGraphQL(w, r)
	case strings.HasPrefix(path, transfer.Prefix):
		s.serveTransfer(w, r)
	case strings.HasPrefix(path, "/files/") && strings.HasSuffix(path, "/file_stream"):
		s.serveFileStream(w, r)
	case strings.HasPrefix(path, "/artifactsV2/"), strings.HasPrefix(path, "/artifacts/"):
		s.serveDownload(w, r)
	case strings.HasPrefix(path, "/sdk/otel/"):
		// Part of the protocol: a client that reads 404 or 405 here sends no telemetry.
		http.Error(w, "telemetry is not taken", http.StatusNotFound)
	case path == "/healthz":
		s.serveHealth(w, r)
	default:
		w.refuse(http.StatusNotFound, "there is nothing at "+path)
	}
}

func (s *Server) serveGraphQL(w *response, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		w.refuse(http.StatusMethodNotAllowed, "GraphQL is asked by POST, not by "+r.Method)
		return
	}
	user, ok := s.authenticated(w, r)
	if !ok {
		return
	}
	// Pages in a browser can send other types to this port without asking.
	if t, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.TrimSpace(t) != "application/json" {
		w.refuse(http.StatusBadRequest, "GraphQL is asked with Content-Type application/json")
		return
	}
	caller := graph.Caller{User: user, BaseURL: s.baseURL(r)}
	var err error
	if caller.Actor, caller.Reason, err = actor(r.Header); err != nil {
		w.refuse(http.StatusBadRequest, err.Error())
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, s.o.MaxBody)
	out, done := compressed(w, r)
	report := s.graph.Serve(out, r, caller)
	if err := done(); err != nil {
		report.Err = err.Error()
	}
	w.log.Operation, w.log.Outcome, w.log.UnknownOperation = report.Operation, report.Err, report.Unknown
}

// serveTransfer hands over to the signed addresses, which need no key.
func (s *Server) serveTransfer(w *response, r *http.Request) {
	s.transfer.ServeHTTP(w, r)
}

// serveHealth says whether the registry can be read.
func (s *Server) serveHealth(w *response, r *http.Request) {
	if _, err := s.o.Metadata.CountUsers(r.Context()); err != nil {
		s.o.Logger.ErrorContext(r.Context(), "the registry cannot be read", "error", err)
		w.refuse(http.StatusServiceUnavailable, "the registry cannot be read; its log says why")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write([]byte(`{"status":"ok"}` + "\n"))
}

// baseURL begins the URLs in an answer to r.
func (s *Server) baseURL(r *http.Request) string {
	switch {
	case inProcess(r.Context()):
		return "http://" + r.Host
	case s.o.BaseURL != "":
		return s.o.BaseURL
	case r.TLS != nil:
		return "https://" + r.Host
	default:
		return "http://" + r.Host
	}
}

// Shutdown refuses new requests and waits until those under way have been
// answered, or ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		if s.underWay == 0 {
			close(s.idle)
		}
	}
	s.mu.Unlock()
	select {
	case <-s.idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.underWay++
	return true
}

func (s *Server) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.underWay--
	if s.closed && s.underWay == 0 {
		close(s.idle)
	}
}

// statusOf is the HTTP status for a failure outside of GraphQL. Clients repeat
// 5xx, so that those are for what may pass.
func statusOf(err error) int {
	switch metadata.KindOf(err) {
	case metadata.KindNotFound:
		return http.StatusNotFound
	case metadata.KindDenied:
		return http.StatusForbidden
	case metadata.KindConflict:
		return http.StatusConflict
	case metadata.KindInvalid:
		return http.StatusBadRequest
	case metadata.KindCorrupt:
		return http.StatusGone
	default:
		return http.StatusServiceUnavailable
	}
}
