package dir

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
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
	path string
	log  *slog.Logger
	now  func() time.Time
	sys  system

	rounds rounds
}

var _ blobs.Store = (*Store)(nil)

// The folders of a store.
const (
	keysFolder    = "sha256"
	tempFolder    = "tmp"
	uploadsFolder = "uploads"
	gateFile      = "collect.gate"
	collectFile   = "collect.lock"
)

// Open opens the store at path, and creates it when there is nothing.
func Open(path string, o Options) (*Store, error) {
	s := &Store{path: path, log: o.Logger, now: o.Clock, sys: realSystem}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if err := s.create(); err != nil {
		return nil, failed("opening the blobs in "+path, err)
	}
	s.sys.syncAll = syncAllOf(path)
	return s, nil
}

// create makes the folders that are not there. The 256 key folders appear all
// at once, so that finding one means that all of them are durable.
func (s *Store) create() error {
	if err := os.MkdirAll(s.path, 0o700); err != nil {
		return err
	}
	made := false
	for _, name := range []string{tempFolder, uploadsFolder} {
		switch err := os.Mkdir(filepath.Join(s.path, name), 0o700); {
		case err == nil:
			made = true
		case !errors.Is(err, fs.ErrExist):
			return err
		}
	}
	keys := filepath.Join(s.path, keysFolder)
	if _, err := os.Stat(keys); errors.Is(err, fs.ErrNotExist) {
		made = true
		if err := s.createKeys(keys); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	if made {
		return s.sys.syncDir(s.path)
	}
	return nil
}

func (s *Store) createKeys(keys string) (err error) {
	fresh, err := os.MkdirTemp(filepath.Join(s.path, tempFolder), "keys-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(fresh)
		}
	}()
	for i := range 256 {
		if err := os.Mkdir(filepath.Join(fresh, hex.EncodeToString([]byte{byte(i)})), 0o700); err != nil {
			return err
		}
	}
	if err := s.sys.syncDir(fresh); err != nil {
		return err
	}
	err = s.sys.rename(fresh, keys)
	if _, there := os.Stat(keys); err != nil && there == nil {
		os.RemoveAll(fresh) // another process was first
		return nil
	}
	return err
}

// keyPath is where a blob lies. Keys are checked before they become paths.
func (s *Store) keyPath(key string) (string, error) {
	if !lowerHex(key, sha256.Size) {
		return "", fmt.Errorf("%w: %q", blobs.ErrInvalid, key)
	}
	return filepath.Join(s.path, keysFolder, key[:2], key), nil
}

// lowerHex reports whether s is the lower-case hex form of n bytes.
func lowerHex(s string, n int) bool {
	if len(s) != 2*n {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Open implements blobs.Store. What it returns is an *os.File, so that it can
// be sent without passing through the process.
func (s *Store) Open(ctx context.Context, key string) (blobs.Blob, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path, err := s.keyPath(key)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, failed("opening the blob "+key, err)
	}
	return f, nil
}

// Stat implements blobs.Store.
func (s *Store) Stat(ctx context.Context, key string) (blobs.Info, error) {
	if err := ctx.Err(); err != nil {
		return blobs.Info{}, err
	}
	path, err := s.keyPath(key)
	if err != nil {
		return blobs.Info{}, err
	}
	fi, err := os.Lstat(path)
	if err != nil {
		return blobs.Info{}, failed("looking at the blob "+key, err)
	}
	if !fi.Mode().IsRegular() {
		return blobs.Info{}, fmt.Errorf("%w: %s is not a regular file", blobs.ErrCorrupt, path)
	}
	return blobs.Info{Key: key, Size: fi.Size()}, nil
}

// Delete implements blobs.Store.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	path, err := s.keyPath(key)
	if err != nil {
		return err
	}
	switch err := os.Remove(path); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return failed("deleting the blob "+key, err)
	}
	return failed("deleting the blob "+key, s.sys.syncDir(filepath.Dir(path)))
}

// All implements blobs.Store. Files that do not have the name of a key are
// left out, and one folder's names are in memory at a time.
func (s *Store) All(ctx context.Context) iter.Seq2[blobs.Info, error] {
	return func(yield func(blobs.Info, error) bool) {
		for i := range 256 {
			prefix := hex.EncodeToString([]byte{byte(i)})
			entries, err := os.ReadDir(filepath.Join(s.path, keysFolder, prefix)) // sorted
			if err != nil {
				yield(blobs.Info{}, fmt.Errorf("listing blobs: %w", err))
				return
			}
			for _, e := range entries {
				if err := ctx.Err(); err != nil {
					yield(blobs.Info{}, err)
					return
				}
				if !lowerHex(e.Name(), sha256.Size) || e.Name()[:2] != prefix {
					continue
				}
				fi, err := e.Info()
				if errors.Is(err, fs.ErrNotExist) {
					continue // deleted since
				}
				if err != nil {
					yield(blobs.Info{}, fmt.Errorf("listing blobs: %w", err))
					return
				}
				if !yield(blobs.Info{Key: e.Name(), Size: fi.Size()}, nil) {
					return
				}
			}
		}
	}
}

// Verify implements blobs.Store.
func (s *Store) Verify(ctx context.Context, key string) error {
	b, err := s.Open(ctx, key)
	if err != nil {
		return err
	}
	defer b.Close()
	h := sha256.New()
	if _, err := io.CopyBuffer(h, untilDone{ctx, b}, make([]byte, 256<<10)); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		// A disk that cannot give the bytes back has lost them.
		return fmt.Errorf("%w: reading %s: %w", blobs.ErrCorrupt, key, err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != key {
		return fmt.Errorf("%w: %s holds bytes whose SHA-256 is %s", blobs.ErrCorrupt, key, got)
	}
	return nil
}

// untilDone is a reader that ends with its context.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}
