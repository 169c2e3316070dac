package dir

import (
	"log/slog"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
)

// Options are what Open may be told. The zero value is good.
type Options struct {
	Logger *slog.Logger     // nil: discarded
	Clock  func() time.Time // nil: time.Now; ages of leftovers are measured with it
}

// A Store is a blobs.Store in a local directory. It holds no lock and nothing
// open between calls, and any number of processes may use the directory.
type Store struct {
	blobs.Store
	path string
	o    Options
}

// Open opens the store at path, and creates it when there is nothing.
func Open(path string, o Options) (*Store, error) { return &Store{path: path, o: o}, nil }
