package dir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
)

// system is the part of the operating system that a store's promises rest on.
// Tests put a full or failing disk in its place.
type system struct {
	write func(f *os.File, p []byte) (int, error)
	copy  func(dst, src *os.File, n int64) (int64, error)
	sync  func(f *os.File) error
	// writeBack has the disk begin with some of the bytes of a file. Whether it
	// could is for sync to say, which waits for them.
	writeBack func(f *os.File, from, n int64)
	rename    func(from, to string) error
	// syncAll makes everything durable that was written to the file system that
	// f is in: both bytes and names. Nil where that cannot be relied on.
	syncAll func(f *os.File) error
}

var realSystem = system{
	write: (*os.File).Write,
	// Between two files the kernel copies, and shares blocks where it can.
	copy:      func(dst, src *os.File, n int64) (int64, error) { return io.CopyN(dst, src, n) },
	sync:      (*os.File).Sync,
	writeBack: writeBack,
	rename:    os.Rename,
}

// syncDir makes the names in a folder durable, or the bytes of a file.
func (s system) syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return s.sync(d)
}

// failed gives an error of the operating system the meaning that callers of a
// blobs.Store know. It returns nil for nil.
func failed(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case noSpace(err):
		return fmt.Errorf("%s: %w: %w", doing, blobs.ErrNoSpace, err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: %w", doing, blobs.ErrNotFound)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
