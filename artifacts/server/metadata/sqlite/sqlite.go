// Package sqlite keeps a registry's metadata in one SQLite file.
package sqlite

import (
	"context"
	"log/slog"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// Options are what Open may be told. The zero value is good.
type Options struct {
	Clock  metadata.Clock // nil: time.Now
	Logger *slog.Logger   // nil: slog.Default
}

// A Store is a metadata.Store in a SQLite file.
type Store struct {
	metadata.Store
}

var _ metadata.Store = (*Store)(nil)

// Open opens the database at path, and creates it when there is none.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	return nil, &metadata.Error{Kind: metadata.KindUnavailable, Message: "the SQLite store cannot open " + path + " yet"}
}
