// Package graph answers W&B's GraphQL operations from the registry's metadata.
//
// The schema in schema/ is this project's own; gqlgen makes the executor from
// it (*.generated.go). The types of the schema are Go types of this package,
// their fields methods, one file per subject. Every thing that a resolver
// returns was made by the request that asked for it, which knows the viewer:
// what the viewer may not see is null, what the viewer may not change is an
// error.
//
// The package knows the protocol of saving and reading artifacts (manifests,
// digests, upload and download addresses). What a commit or an alias means is
// the business of metadata; who is asking was found out by package server.
package graph

import (
	"context"
	"crypto/rand"
	"log/slog"
	"runtime/debug"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/lru"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/transfer"
)

//go:generate go tool gqlgen generate
//go:generate go run ./internal/lazyschema
//go:generate go run ./internal/plainfields

// Options are what New needs. Logger may be nil, all else is required.
type Options struct {
	Metadata metadata.Store
	Blobs    blobs.Store
	Signer   *transfer.Signer
	Uploads  Completer
	Logger   *slog.Logger
}

// A Completer joins the parts of a large file. A *transfer.Handler is one.
type Completer interface {
	Complete(ctx context.Context, c transfer.Completion) (blobs.Info, error)
}

// A Graph answers operations. It is safe for concurrent use.
type Graph struct {
	store   metadata.Store
	blobs   blobs.Store
	signer  *transfer.Signer
	uploads Completer
	log     *slog.Logger
	exec    func() *executor.Executor

	mu      sync.Mutex
	unknown map[string]bool // operations whose ignorance has been logged
}

// How many parsed and checked documents are kept, and how long one may be.
// Clients send the same few dozen documents again and again.
const (
	documentCache = 512
	tokenLimit    = 20_000
)

// New returns the graph of a registry. It is cheap: the schema is read when
// the first operation comes.
func New(o Options) *Graph {
	g := &Graph{
		store: o.Metadata, blobs: o.Blobs, signer: o.Signer, uploads: o.Uploads, log: o.Logger,
		unknown: make(map[string]bool),
	}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	g.exec = sync.OnceValue(func() *executor.Executor {
		e := executor.New(NewExecutableSchema(Config{Resolvers: g}))
		e.SetQueryCache(lru.New[*ast.QueryDocument](documentCache))
		e.SetParserTokenLimit(tokenLimit)
		e.AroundRootFields(acting)
		e.SetErrorPresenter(g.present)
		e.SetRecoverFunc(g.recovered)
		return e
	})
	return g
}

// Query and Mutation make a Graph the root of gqlgen's resolvers.
func (g *Graph) Query() QueryResolver       { return query{} }
func (g *Graph) Mutation() MutationResolver { return mutation{} }

// query and mutation hold the root fields. What they need is in the request.
type (
	query    struct{}
	mutation struct{}
)

// incident names one failure in the answer and in the log.
func (g *Graph) incident() string { return rand.Text()[:10] }

func stack() []byte { return debug.Stack() }
