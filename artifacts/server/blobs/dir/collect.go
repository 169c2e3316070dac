package dir

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/internal/flock"
)

// touch makes a blob one that was put just now.
func (s *Store) touch(path string) error { return os.Chtimes(path, time.Time{}, s.now()) }

// Keep implements blobs.Collector.
func (s *Store) Keep(ctx context.Context, key string, record func() error) error {
	path, err := s.keyPath(key)
	if err != nil {
		return err
	}
	lock, err := s.lockCollection(ctx, flock.Shared)
	if err != nil {
		return failed("keeping the blob "+key, err)
	}
	defer lock.Close()
	if err := s.touch(path); err != nil {
		return failed("keeping the blob "+key, err)
	}
	return record()
}

// KeepMany implements blobs.Collector.
func (s *Store) KeepMany(ctx context.Context, keys []string, record func(gone map[string]bool) error) error {
	const doing = "keeping blobs"
	paths := make([]string, len(keys))
	for i, key := range keys {
		var err error
		if paths[i], err = s.keyPath(key); err != nil {
			return err
		}
	}
	lock, err := s.lockCollection(ctx, flock.Shared)
	if err != nil {
		return failed(doing, err)
	}
	defer lock.Close()
	gone := map[string]bool{}
	for i, path := range paths {
		switch err := s.touch(path); {
		case errors.Is(err, fs.ErrNotExist):
			gone[keys[i]] = true
		case err != nil:
			return failed(doing, err)
		}
	}
	return record(gone)
}

// lockCollection takes the lock between those who keep blobs and those who
// delete them. There are many of the former, each for a moment, so that the
// latter would never find the lock free: they close the gate behind the last
// one instead and wait for those who are inside.
func (s *Store) lockCollection(ctx context.Context, m flock.Mode) (*os.File, error) {
	gate, err := os.OpenFile(filepath.Join(s.path, gateFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer gate.Close()
	if err := flock.Lock(ctx, gate, m); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(s.path, collectFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := flock.Lock(ctx, lock, m); err != nil {
		lock.Close()
		return nil, err
	}
	return lock, nil
}

// deletedAtOnce is how many blobs are deleted while nobody can keep one.
const deletedAtOnce = 200

// Collect implements blobs.Collector. It looks through one folder of keys after
// the other, and keeps others waiting only where something is to be deleted.
func (s *Store) Collect(ctx context.Context, c blobs.Collection) (blobs.Collected, error) {
	var done blobs.Collected
	before := s.now().Add(-c.Age)
	// Whoever is keeping a blob that is older than this goes on to record it;
	// what is needed is asked when that is done.
	lock, err := s.lockCollection(ctx, flock.Exclusive)
	if err != nil {
		return done, failed("collecting blobs", err)
	}
	lock.Close()
	needed, err := c.Needed(ctx)
	if err != nil {
		return done, err
	}
	for i := range 256 {
		folder := filepath.Join(s.path, keysFolder, hex.EncodeToString([]byte{byte(i)}))
		entries, err := os.ReadDir(folder)
		if err != nil {
			return done, failed("collecting blobs", err)
		}
		var unneeded []string
		for _, e := range entries {
			if path, err := s.keyPath(e.Name()); err == nil && filepath.Dir(path) == folder && !needed(e.Name()) {
				unneeded = append(unneeded, path)
			}
		}
		for len(unneeded) > 0 {
			n := min(len(unneeded), deletedAtOnce)
			if err := s.collectSome(ctx, c.DryRun, before, unneeded[:n], &done); err != nil {
				return done, err
			}
			unneeded = unneeded[n:]
		}
	}
	return done, nil
}

// collectSome deletes blobs of one folder unless they are young.
func (s *Store) collectSome(ctx context.Context, dryRun bool, before time.Time, paths []string, done *blobs.Collected) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !dryRun {
		lock, err := s.lockCollection(ctx, flock.Exclusive)
		if err != nil {
			return fmt.Errorf("collecting blobs: %w", err)
		}
		defer lock.Close()
	}
	deleted := false
	for _, path := range paths {
		fi, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // another process was faster
		}
		if err != nil {
			return failed("collecting blobs", err)
		}
		if !fi.ModTime().Before(before) {
			continue
		}
		if !dryRun {
			if err := os.Remove(path); err != nil {
				return failed("collecting blobs", err)
			}
			deleted = true
		}
		done.Blobs++
		done.Bytes += fi.Size()
	}
	if deleted {
		return failed("collecting blobs", s.sys.syncDir(filepath.Dir(paths[0])))
	}
	return nil
}
