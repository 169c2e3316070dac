// Package directory is a registry on disk: one directory that holds metadata,
// file bytes, the secret that signs URLs, and the first user's key. It knows
// what lies where and how a directory comes to be, which formats it can read,
// and how to check that everything that was promised is still there.
//
// Any number of processes may have one directory open.
package directory

import (
	"context"
	"log/slog"

	"github.com/reliquary/reliquary/artifacts/server/blobs/dir"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// Options are what Open may be told. The zero value is good.
type Options struct {
	// Username names the first user of a new registry. Empty, it is DefaultUsername.
	Username string
	// MustExist refuses a path where there is no registry yet instead of
	// creating one.
	MustExist bool
	Logger    *slog.Logger   // nil: discarded
	Clock     metadata.Clock // nil: time.Now
}

// DefaultUsername is the first user of a registry that was not told another name.
const DefaultUsername = "local"

// A Directory is an open registry. Metadata, Blobs and Secret are what
// server.Options needs. It is safe for concurrent use.
type Directory struct {
	Path     string // absolute
	Metadata metadata.Store
	Blobs    *dir.Store
	Secret   []byte
	// Created says that this Open made the registry.
	Created bool
}

// Credentials are a user's API key, as kept in the credentials file.
type Credentials struct {
	Username string `json:"username"`
	APIKey   string `json:"api_key"`
}

// Open opens the registry at path. Where there is nothing, or an empty
// directory, it creates one, with its first user. Failures are
// *metadata.Error; errors.Is finds ErrNewer, ErrDamaged, ErrNotRegistry,
// ErrReadOnly, ErrNoSpace, ErrNotDirectory, ErrNoPermission or ErrMissing in them.
func Open(ctx context.Context, path string, o Options) (*Directory, error) {
	return nil, &metadata.Error{Kind: metadata.KindUnavailable, Message: "registries cannot be opened yet"}
}

// Credentials returns the key that the directory keeps for its first user.
// Use CredentialsPath to tell a person where it is. KindNotFound when the file
// has been removed; NewCredentials makes another key.
func (d *Directory) Credentials() (Credentials, error) { return Credentials{}, nil }

// CredentialsPath is the file that holds the first user's key, mode 0600.
func (d *Directory) CredentialsPath() string { return "" }

// NewCredentials makes a further key for the first user and keeps it in the
// credentials file in place of the one there. Earlier keys stay good.
func (d *Directory) NewCredentials(ctx context.Context) (Credentials, error) {
	return Credentials{}, nil
}

// Close releases the registry. What was stored stays.
func (d *Directory) Close() error { return nil }
