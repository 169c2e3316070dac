// Package directory is a registry on disk: one directory that holds metadata,
// file bytes, the secret that signs URLs, and the first user's key. It knows
// what lies where and how a directory comes to be, which formats it can read,
// and how to check that everything that was promised is still there.
//
//	reliquary.json     the marker: {"format": "reliquary registry", "version": 1,
//	                   "complete": true, "first_user": "local", "created_at": …}
//	reliquary.lock     flocked: shared by everyone who has the registry open,
//	                   exclusive while it is made
//	metadata.db        SQLite; see package sqlite (metadata.db-wal and -shm with it)
//	blobs/             file bytes by their SHA-256; see package dir
//	secret             signs upload and download URLs: 32 bytes in hex, mode 0600.
//	                   Whoever has it can fetch any file whose SHA-256 they know
//	credentials.json   {"username": …, "api_key": …}, mode 0600: the first user's
//	                   key, for the next serve and for our own client. The metadata
//	                   has its SHA-256 only. It may be removed
//
// The marker is written first and completed last, so that a directory whose
// making was interrupted is told from one that is not ours, and is finished by
// the next Open.
//
// Any number of processes may have one directory open.
package directory

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/blobs/dir"
	"github.com/reliquary/reliquary/artifacts/server/internal/flock"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/metadata/sqlite"
)

// What lies in a directory.
const (
	markerFile      = "reliquary.json"
	lockFile        = "reliquary.lock"
	metadataFile    = "metadata.db"
	blobsFolder     = "blobs"
	secretFile      = "secret"
	credentialsFile = "credentials.json"
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
	// unchanged refuses what could only be opened by writing something.
	unchanged bool
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

	firstUser string
	lock      *os.File
	log       *slog.Logger
}

// Open opens the registry at path. Where there is nothing, or an empty
// directory, it creates one, with its first user. Failures are
// *metadata.Error; errors.Is finds ErrNewer, ErrDamaged, ErrNotRegistry,
// ErrReadOnly, ErrNoSpace, ErrNotDirectory, ErrNoPermission or ErrMissing in
// them. Nothing is changed in a directory that is refused.
func Open(ctx context.Context, path string, o Options) (*Directory, error) {
	d, err := open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	// What killed processes have left. It does not matter to this one.
	if _, err := d.Blobs.CollectStale(ctx, dir.Ages{}); err != nil {
		d.log.WarnContext(ctx, "leftovers could not be removed", "path", path, "error", err)
	}
	return d, nil
}

func open(ctx context.Context, path string, o Options) (_ *Directory, err error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Username == "" {
		o.Username = DefaultUsername
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, pathError(path, err)
	}
	d := &Directory{Path: abs, log: o.Logger}
	if err := d.admit(o.MustExist); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			d.Close()
		}
	}()
	m, err := d.acquire(ctx)
	if err != nil {
		return nil, err
	}
	if !m.Complete && o.unchanged {
		return nil, fail(metadata.KindCorrupt, ErrDamaged,
			"the registry in %s was being made when that was interrupted. `reliquary serve --dir %s` finishes it", d.Path, d.Path)
	}
	if !m.Complete {
		if m, err = d.create(ctx, o); err != nil {
			return nil, err
		}
	}
	d.firstUser = m.FirstUser
	if err := d.whole(o.unchanged); err != nil {
		return nil, err
	}
	if d.Secret, err = readSecret(d.file(secretFile)); err != nil {
		return nil, err
	}
	if d.Blobs, err = dir.Open(d.file(blobsFolder), dir.Options{Logger: o.Logger, Clock: o.Clock}); err != nil {
		return nil, pathError(d.file(blobsFolder), err)
	}
	if d.Metadata == nil {
		if err := d.openMetadata(ctx, o); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// openMetadata keeps a nil *sqlite.Store from becoming a Metadata that is not nil.
func (d *Directory) openMetadata(ctx context.Context, o Options) error {
	s, err := sqlite.Open(ctx, d.file(metadataFile), sqlite.Options{Clock: o.Clock, Logger: o.Logger, Passive: o.unchanged})
	if err != nil {
		return err
	}
	d.Metadata = s
	return nil
}

func (d *Directory) file(name string) string { return filepath.Join(d.Path, name) }

// acquire takes the lock that this Directory keeps until Close: a shared one,
// or, for one that must be made, an exclusive one. It returns the marker as it
// is under the lock.
func (d *Directory) acquire(ctx context.Context) (m marker, err error) {
	d.lock, err = os.OpenFile(d.file(lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return m, pathError(d.Path, err)
	}
	for _, mode := range []flock.Mode{flock.Shared, flock.Exclusive} {
		if err := flock.Lock(ctx, d.lock, mode); err != nil {
			return m, d.lockError(ctx, err)
		}
		m, err = readMarker(d.file(markerFile))
		if err != nil && !errors.Is(err, ErrMissing) {
			return m, err
		}
		if m.Complete {
			if mode == flock.Exclusive { // another process was making it
				err = flock.Lock(ctx, d.lock, flock.Shared)
				return m, d.lockError(ctx, err)
			}
			return m, nil
		}
	}
	return m, nil
}

func (d *Directory) lockError(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fail(metadata.KindCanceled, ctx.Err(), "opening the registry in %s ended before another process let go of it", d.Path)
	}
	return pathError(d.Path, err)
}

// whole looks whether the parts of a complete registry are there. These may not
// be made anew: that would pass for a registry that is empty. The others may,
// but not by a check.
func (d *Directory) whole(unchanged bool) error {
	vital := []string{metadataFile, blobsFolder, filepath.Join(blobsFolder, "sha256")}
	others := []string{filepath.Join(blobsFolder, "tmp"), filepath.Join(blobsFolder, "uploads"), secretFile}
	if !unchanged {
		others = nil
	}
	for _, name := range slices.Concat(vital, others) {
		fi, err := os.Stat(d.file(name))
		switch {
		case errors.Is(err, os.ErrNotExist) && slices.Contains(others, name):
			return fail(metadata.KindCorrupt, ErrDamaged,
				"the registry in %s is damaged: its %s is gone. Nothing was changed; `reliquary serve --dir %s` makes another", d.Path, name, d.Path)
		case errors.Is(err, os.ErrNotExist), err == nil && name == metadataFile && fi.Size() == 0:
			return fail(metadata.KindCorrupt, ErrDamaged,
				"the registry in %s is damaged: its %s is gone. Nothing was changed; restore it from a backup", d.Path, name)
		case err != nil:
			return pathError(d.file(name), err)
		}
	}
	return nil
}

// Close releases the registry. What was stored stays.
func (d *Directory) Close() error {
	var errs []error
	if d.Metadata != nil {
		errs = append(errs, d.Metadata.Close())
	}
	if d.lock != nil {
		errs = append(errs, d.lock.Close())
	}
	return errors.Join(errs...)
}
