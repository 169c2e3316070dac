package artifacts

import (
	"bytes"
	"io/fs"
	"path"
	"reflect"
	"slices"
	"time"
)

// AddBytes adds a small file that is in memory, under a path in the artifact.
func (d *Draft) AddBytes(name string, data []byte) error {
	return d.put(name, &localSource{fsys: &bytesFS{name: name, data: slices.Clone(data)}, name: name}, false)
}

// A bytesFS holds one file.
type bytesFS struct {
	name string
	data []byte
}

// Open opens the file.
func (f *bytesFS) Open(name string) (fs.File, error) {
	if name != f.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &bytesFile{Reader: bytes.NewReader(f.data), name: path.Base(name)}, nil
}

// A bytesFile is the file, and what is said of it.
type bytesFile struct {
	*bytes.Reader
	name string
}

func (f *bytesFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *bytesFile) Close() error               { return nil }
func (f *bytesFile) Name() string               { return f.name }
func (f *bytesFile) Mode() fs.FileMode          { return 0o444 }
func (f *bytesFile) ModTime() time.Time         { return time.Time{} }
func (f *bytesFile) IsDir() bool                { return false }
func (f *bytesFile) Sys() any                   { return nil }

// same reports whether two sources are the same file. Of file systems that
// cannot be compared nobody knows.
func (s *localSource) same(other *localSource) bool {
	if s.dir != other.dir || s.name != other.name {
		return false
	}
	if s.fsys == nil || other.fsys == nil {
		return s.fsys == nil && other.fsys == nil
	}
	return reflect.TypeOf(s.fsys).Comparable() && reflect.TypeOf(other.fsys).Comparable() && s.fsys == other.fsys
}
