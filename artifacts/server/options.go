package server

import (
	"log/slog"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// An AuthMode says how a request proves who sends it.
type AuthMode string

// AuthKeys knows users by their API keys. AuthOpen takes any key as the name of
// its user, who is created when first seen; it answers loopback addresses and
// the in-process transport only, and is meant for development.
const (
	AuthKeys AuthMode = "keys"
	AuthOpen AuthMode = "open"
)

// InternalURL is the base URL of requests that Transport serves in process.
// URLs that a reply holds begin with it too, so that they come back the same way.
const InternalURL = "http://reliquary.internal"

// Options are what New needs. Metadata, Blobs and Secret are required.
type Options struct {
	// Metadata and Blobs are the registry. The server does not close them.
	Metadata metadata.Store
	Blobs    blobs.Store
	// Secret signs upload and download URLs: at least 32 bytes, the same in
	// every process that serves this registry.
	Secret []byte
	// Auth is AuthKeys when empty.
	Auth AuthMode
	// BaseURL begins the URLs in replies. Empty, it is taken from the Host of
	// each request, which suits every server that is not behind a proxy.
	BaseURL string
	// Logger receives what an operator should know. Nil discards it.
	Logger *slog.Logger
	// Clock is time.Now when nil.
	Clock metadata.Clock
	// OnRequest, when not nil, is called once for each request that was
	// answered. It may be called from several goroutines at once.
	OnRequest func(Request)
	// MaxBody bounds the body of every request that is not an upload, in
	// bytes. Zero means 64 MiB.
	MaxBody int64
	// StallTime is how long a body may stand still in either direction before
	// its request is given up. Zero means two minutes. Requests that move may
	// take as long as they take.
	StallTime time.Duration
}

// A Request is one line of the request log.
type Request struct {
	Time      time.Time
	Method    string
	Path      string
	Operation string // the name of the GraphQL operation, if it was one
	User      string // who asked, if known
	Status    int
	Duration  time.Duration
	BytesIn   int64
	BytesOut  int64
	// Outcome is "" when the request was understood and done, and otherwise
	// says why not: the first GraphQL error or the refusal. The 404 that tells
	// clients to keep their telemetry is an answer like any other.
	Outcome string
	// UnknownOperation is set when the GraphQL schema did not know the
	// operation or something in it.
	UnknownOperation bool
}

// Understood reports whether the request was one that this server knows and
// that succeeded.
func (r Request) Understood() bool {
	return r.Outcome == "" && !r.UnknownOperation
}
