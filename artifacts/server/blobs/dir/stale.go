package dir

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/internal/flock"
)

// Ages says when leftovers are old enough to be collected. A zero field takes
// its default.
type Ages struct {
	// Temporary files that no process holds. Default: a day.
	Temporary time.Duration
	// Uploads to which no part was brought for this long. Default: 8 days, a
	// day more than the URLs for their parts are good.
	Uploads time.Duration
}

// The defaults of Ages.
const (
	DefaultTemporaryAge = 24 * time.Hour
	DefaultUploadAge    = 8 * 24 * time.Hour
)

// A Leftover is what a killed process or a client that went away has left.
type Leftover struct {
	Path string
	Age  time.Duration
	Size int64 // bytes
	// Upload tells multipart uploads from temporary files.
	Upload bool
}

// Leftovers lists the leftovers that are older than their age and not in use.
// It changes nothing.
func (s *Store) Leftovers(ctx context.Context, ages Ages) ([]Leftover, error) {
	return s.leftovers(ctx, ages, false)
}

// CollectStale removes the leftovers that are older than their age and not in
// use, and returns what it removed. It may run at any time.
func (s *Store) CollectStale(ctx context.Context, ages Ages) ([]Leftover, error) {
	return s.leftovers(ctx, ages, true)
}

func (s *Store) leftovers(ctx context.Context, ages Ages, remove bool) ([]Leftover, error) {
	if ages.Temporary == 0 {
		ages.Temporary = DefaultTemporaryAge
	}
	if ages.Uploads == 0 {
		ages.Uploads = DefaultUploadAge
	}
	var found []Leftover
	for _, kind := range []struct {
		folder string
		age    time.Duration
		upload bool
	}{{tempFolder, ages.Temporary, false}, {uploadsFolder, ages.Uploads, true}} {
		entries, err := os.ReadDir(filepath.Join(s.path, kind.folder))
		if err != nil {
			return found, failed("looking for leftovers", err)
		}
		for _, e := range entries {
			if err := ctx.Err(); err != nil {
				return found, err
			}
			l := Leftover{Path: filepath.Join(s.path, kind.folder, e.Name()), Upload: kind.upload}
			stale, err := s.examine(&l, kind.age, remove)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return found, failed("looking for leftovers", err)
			}
			if stale && err == nil {
				found = append(found, l)
			}
		}
	}
	return found, nil
}

// examine fills in a leftover, says whether it is stale, and removes it while
// its lock is held, so that no other process can be using it.
func (s *Store) examine(l *Leftover, age time.Duration, remove bool) (stale bool, err error) {
	fi, err := os.Lstat(l.Path)
	if err != nil {
		return false, err
	}
	newest := fi.ModTime()
	l.Size = fi.Size()
	if fi.IsDir() {
		if l.Size, newest, err = measure(l.Path, newest); err != nil {
			return false, err
		}
	}
	l.Age = s.now().Sub(newest)
	if l.Age < age {
		return false, nil
	}
	lockPath := l.Path
	if fi.IsDir() {
		lockPath = filepath.Join(l.Path, lockFile)
	}
	// A folder without a lock file is one that nobody has come to use.
	lock, err := os.Open(lockPath)
	if err == nil {
		defer lock.Close()
		if ok, err := flock.Try(lock, flock.Exclusive); err != nil || !ok {
			return false, err
		}
	} else if !errors.Is(err, fs.ErrNotExist) || !fi.IsDir() {
		return false, err
	}
	if !remove {
		return true, nil
	}
	s.log.Info("removing a leftover", "path", l.Path, "age", l.Age, "bytes", l.Size)
	if l.Upload {
		return true, s.removeUpload(l.Path)
	}
	return true, os.RemoveAll(l.Path)
}

// measure adds up a folder and finds its last sign of life.
func measure(path string, newest time.Time) (size int64, _ time.Time, err error) {
	err = filepath.WalkDir(path, func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := e.Info()
		if err != nil {
			return err
		}
		if !fi.IsDir() {
			size += fi.Size()
		}
		if fi.ModTime().After(newest) {
			newest = fi.ModTime()
		}
		return nil
	})
	return size, newest, err
}
