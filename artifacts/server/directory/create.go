package directory

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/reliquary/reliquary/artifacts/server/blobs/dir"
	"github.com/reliquary/reliquary/artifacts/server/internal/flock"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// admit refuses a path that a registry is not and cannot be made at, before
// anything is written there.
func (d *Directory) admit(mustExist bool) error {
	missing := func() error {
		return fail(metadata.KindNotFound, ErrMissing,
			"there is no registry in %s. `reliquary serve --dir %s` makes one", d.Path, d.Path)
	}
	entries, err := os.ReadDir(d.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if mustExist {
			return missing()
		}
		if err := mkdirAll(d.Path); err != nil {
			return pathError(d.Path, err)
		}
		return nil
	case err != nil:
		return pathError(d.Path, err)
	}
	begun := true // only what is there before the marker is
	for _, e := range entries {
		if e.Name() == markerFile {
			_, err := readMarker(d.file(markerFile))
			return err
		}
		begun = begun && (e.Name() == lockFile || strings.HasPrefix(e.Name(), freshPrefix))
	}
	switch {
	case !begun:
		return fail(metadata.KindCorrupt, ErrNotRegistry,
			"%s has files in it but is not a registry (it has no %s). Nothing was changed; name an empty or a new directory", d.Path, markerFile)
	case mustExist:
		return missing()
	}
	return nil
}

// create makes the registry, or finishes making it: each step finds out what
// an earlier try has done. The lock is held exclusively, and shared afterwards.
func (d *Directory) create(ctx context.Context, o Options) (m marker, err error) {
	m = marker{Format: formatName, Version: formatVersion, FirstUser: o.Username, CreatedAt: o.Clock().UTC()}
	earlier, err := readMarker(d.file(markerFile))
	switch {
	case err == nil:
		m = earlier
	case errors.Is(err, ErrMissing):
		err = writeMarker(d.file(markerFile), m)
	}
	if err != nil {
		return m, err
	}
	if err := ensureSecret(d.file(secretFile)); err != nil {
		return m, err
	}
	if _, err := dir.Open(d.file(blobsFolder), dir.Options{Logger: o.Logger, Clock: o.Clock}); err != nil {
		return m, pathError(d.Path, err)
	}
	if err := d.openMetadata(ctx, o); err != nil {
		return m, err
	}
	if err := d.ensureFirstUser(ctx, m.FirstUser); err != nil {
		return m, err
	}
	m.Complete = true
	if err := writeMarker(d.file(markerFile), m); err != nil {
		return m, err
	}
	d.Created = true
	return m, d.lockError(ctx, flock.Lock(ctx, d.lock, flock.Shared))
}

// ensureFirstUser makes the first user. The key is in its file before the
// metadata knows it: a key that only the metadata knew would be nobody's.
func (d *Directory) ensureFirstUser(ctx context.Context, username string) error {
	c, err := d.Credentials()
	if metadata.IsNotFound(err) {
		c = Credentials{Username: username, APIKey: newKey()}
		err = writeCredentials(d.file(credentialsFile), c)
	}
	if err != nil {
		return err
	}
	hash := sha256.Sum256([]byte(c.APIKey))
	_, err = d.Metadata.CreateUser(ctx, metadata.NewUser{Username: username, Admin: true, KeySHA256: hash})
	if metadata.KindOf(err) != metadata.KindConflict {
		return err
	}
	// An earlier try came this far.
	u, err := d.Metadata.UserByName(ctx, username)
	if err != nil {
		return err
	}
	return d.Metadata.AddKey(ctx, u.ID, hash)
}

// newKey makes an API key. The wandb package wants 40 characters or more, and
// its older versions exactly 40.
func newKey() string {
	var b [20]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func ensureSecret(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return nil
	}
	var b [32]byte
	rand.Read(b[:])
	return writeFile(path, []byte(hex.EncodeToString(b[:])+"\n"))
}

func readSecret(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// Every URL that was made with it is void; nothing else was lost.
		if err := ensureSecret(path); err != nil {
			return nil, err
		}
		if b, err = os.ReadFile(path); err != nil {
			return nil, pathError(path, err)
		}
	case err != nil:
		return nil, pathError(path, err)
	}
	secret, err := hex.DecodeString(strings.TrimSpace(string(b)))
	if err != nil || len(secret) < 32 {
		return nil, fail(metadata.KindCorrupt, ErrDamaged,
			"%s is damaged: it should hold 32 bytes in hex. Remove it and open the registry again: a new one is made, and only uploads and downloads under way have to begin again", path)
	}
	return secret, nil
}

// freshPrefix begins the names of files that are being written.
const freshPrefix = ".reliquary-"

// writeFile writes a file that only its owner can read: whole or not at all,
// and durable when it returns.
func writeFile(path string, data []byte) (err error) {
	defer func() {
		if err != nil {
			err = pathError(filepath.Dir(path), err)
		}
	}()
	f, err := os.CreateTemp(filepath.Dir(path), freshPrefix+"*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone after the rename
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// mkdirAll makes a directory and those above it, durably.
func mkdirAll(path string) error {
	err := os.Mkdir(path, 0o700)
	if errors.Is(err, fs.ErrNotExist) {
		parent := filepath.Dir(path)
		if parent == path {
			return err
		}
		if err := mkdirAll(parent); err != nil {
			return err
		}
		err = os.Mkdir(path, 0o700)
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		fi, err := os.Stat(path)
		if err == nil && !fi.IsDir() {
			err = fmt.Errorf("%s: %w", path, ErrNotDirectory)
		}
		return err
	case err != nil:
		return err
	}
	return syncDir(filepath.Dir(path))
}
