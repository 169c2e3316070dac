package dir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/reliquary/reliquary/artifacts/server/internal/flock"
)

// A temp is a file on its way in. It is locked for as long as it is open, which
// tells it from what a killed process left behind.
type temp struct {
	*os.File
	s *Store
}

func (s *Store) newTemp() (*temp, error) {
	f, err := os.CreateTemp(filepath.Join(s.path, tempFolder), "put-")
	if err != nil {
		return nil, err
	}
	t := &temp{File: f, s: s}
	if _, err := flock.Try(f, flock.Exclusive); err != nil {
		t.discard()
		return nil, err
	}
	return t, nil
}

// discard removes the file. After place it does nothing.
func (t *temp) discard() {
	if t.File == nil {
		return
	}
	os.Remove(t.Name())
	t.Close()
	t.File = nil
}

// place makes the bytes durable and then gives them the name path, in place of
// what may be there. The caller syncs the folder.
func (t *temp) place(path string, mode fs.FileMode) error {
	if err := t.s.sys.sync(t.File); err != nil {
		return err
	}
	if err := t.s.sys.rename(t.Name(), path); err != nil {
		return err
	}
	// Not every file system has modes. This one guards against slips only.
	_ = t.Chmod(mode)
	t.Close()
	t.File = nil
	return nil
}

// publish gives a file the name of its key, unless the same bytes are there
// already. from is removed in any case.
func (s *Store) publish(t *temp, key string, size int64) error {
	path, err := s.keyPath(key)
	if err != nil {
		return err
	}
	if s.present(path, size) && s.touch(path) == nil {
		t.discard()
	} else if err := t.place(path, 0o444); err != nil {
		return err
	}
	// Also for bytes that were there: whoever put them may not have come to this yet.
	return s.sys.syncDir(filepath.Dir(path))
}

// present reports whether a sound blob is at path, as far as its length tells.
// One that was cut short is to be replaced.
func (s *Store) present(path string, size int64) bool {
	fi, err := os.Lstat(path)
	if err != nil || !fi.Mode().IsRegular() {
		return false
	}
	if fi.Size() != size {
		s.log.Warn("replacing a damaged blob with the same bytes, which were uploaded again", "path", path, "size", fi.Size(), "want", size)
		return false
	}
	return true
}

// writeFile stores a small file whole: it is there with all its bytes or not at all.
func (s *Store) writeFile(path string, data []byte) error {
	t, err := s.newTemp()
	if err != nil {
		return err
	}
	defer t.discard()
	if _, err := s.sys.write(t.File, data); err != nil {
		return err
	}
	if err := t.place(path, 0o600); err != nil {
		return err
	}
	return s.sys.syncDir(filepath.Dir(path))
}

func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
