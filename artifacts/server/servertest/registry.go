// Package servertest starts registries for tests and runs the real wandb
// package against them. It is for tests only: everything that fails, fails the
// test.
package servertest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server"
	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/directory"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/metadata/sqlite"
)

// A Registry is a registry in a directory of its own that listens on a
// loopback port until the test ends.
type Registry struct {
	URL      string // http://127.0.0.1:port
	Dir      string // the registry directory
	Key      string // the first user's API key
	Username string // the first user, who is an administrator, and the default entity
	Server   *server.Server
	Metadata metadata.Store
	Blobs    blobs.Store

	mu       sync.Mutex
	requests []server.Request
}

// An Option changes how Start sets a registry up.
type Option func(*config)

type config struct {
	dir     string
	clock   metadata.Clock
	options func(*server.Options)
}

// WithOptions lets f change the server's options before it starts. Its
// OnRequest is called besides the one that records requests.
func WithOptions(f func(*server.Options)) Option {
	return func(c *config) { c.options = f }
}

// WithDir has the registry in a directory that is there already, or is to be made.
func WithDir(dir string) Option {
	return func(c *config) { c.dir = dir }
}

// WithClock has the registry go by a clock of the test's.
func WithClock(clock metadata.Clock) Option {
	return func(c *config) { c.clock = clock }
}

// Start starts a registry with one user. It ends with the test.
func Start(t testing.TB, opts ...Option) *Registry {
	t.Helper()
	c := config{dir: filepath.Join(t.TempDir(), "registry")}
	for _, o := range opts {
		o(&c)
	}
	logger := slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	ctx := context.Background()
	dir, err := directory.Open(ctx, c.dir, directory.Options{Logger: logger, Clock: c.clock})
	if err != nil {
		t.Fatalf("opening the registry: %v", err)
	}
	t.Cleanup(func() {
		if err := dir.Close(); err != nil {
			t.Errorf("closing the registry: %v", err)
		}
	})
	first, err := dir.Credentials()
	if err != nil {
		t.Fatalf("the first user's key: %v", err)
	}
	r := &Registry{Dir: c.dir, Key: first.APIKey, Username: first.Username, Metadata: dir.Metadata, Blobs: dir.Blobs}

	o := server.Options{Metadata: dir.Metadata, Blobs: dir.Blobs, Secret: dir.Secret, Logger: logger, Clock: c.clock}
	if c.options != nil {
		c.options(&o)
	}
	more := o.OnRequest
	o.OnRequest = func(q server.Request) {
		r.mu.Lock()
		r.requests = append(r.requests, q)
		r.mu.Unlock()
		if more != nil {
			more(q)
		}
	}
	if r.Server, err = server.New(o); err != nil {
		t.Fatalf("making the server: %v", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listening: %v", err)
	}
	r.URL = "http://" + listener.Addr().String()
	front := &http.Server{Handler: r.Server, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn)}
	ended := make(chan error, 1)
	go func() { ended <- front.Serve(listener) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		err := errors.Join(front.Shutdown(ctx), r.Server.Shutdown(ctx))
		if err != nil {
			t.Errorf("ending the server: %v", err)
			front.Close()
		}
		<-ended
	})
	return r
}

// AddUser makes a further user, who is no administrator, and returns the user's key.
func (r *Registry) AddUser(t testing.TB, username string) (key string) {
	t.Helper()
	var b [20]byte
	rand.Read(b[:])
	key = hex.EncodeToString(b[:])
	_, err := r.Metadata.CreateUser(context.Background(), metadata.NewUser{Username: username, KeySHA256: sha256.Sum256([]byte(key))})
	if err != nil {
		t.Fatalf("making user %s: %v", username, err)
	}
	return key
}

// Requests returns the requests answered so far, in the order of their answers.
func (r *Registry) Requests() []server.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

// ClearRequests forgets the requests answered so far.
func (r *Registry) ClearRequests() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = nil
}

// A testWriter writes what the server logs into the test's log, until it ends.
type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Helper()
	w.t.Logf("server: %s", p)
	return len(p), nil
}

// Repeat commits a version, by its number in the metadata, n more times, a second
// after each other: see sqlite.Store.RepeatVersion.
func (r *Registry) Repeat(t testing.TB, artifactID int64, n int) {
	t.Helper()
	store, ok := r.Metadata.(*sqlite.Store)
	if !ok {
		t.Fatalf("a %T cannot repeat versions", r.Metadata)
	}
	if err := store.RepeatVersion(context.Background(), artifactID, n, time.Second); err != nil {
		t.Fatalf("repeating a version: %v", err)
	}
}
