package dir

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/blobs/blobstest"
)

// disk is a system that fails on its nth step.
type disk struct {
	mu     sync.Mutex
	steps  int // done so far
	failAt int
	err    error
	// syncAll is that of its system.
	syncAll func(*os.File) error
}

func (d *disk) step() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.steps++
	if d.steps == d.failAt {
		return d.err
	}
	return nil
}

func (d *disk) system() system {
	return system{
		write: func(f *os.File, p []byte) (int, error) {
			if err := d.step(); err != nil {
				// A full disk takes the first part of what is written.
				n, _ := f.Write(p[:len(p)/2])
				return n, err
			}
			return f.Write(p)
		},
		copy: func(dst, src *os.File, n int64) (int64, error) {
			if err := d.step(); err != nil {
				done, _ := realSystem.copy(dst, src, n/2)
				return done, err
			}
			return realSystem.copy(dst, src, n)
		},
		sync: func(f *os.File) error {
			if err := d.step(); err != nil {
				return err
			}
			return f.Sync()
		},
		writeBack: realSystem.writeBack,
		rename: func(from, to string) error {
			if err := d.step(); err != nil {
				return err
			}
			return os.Rename(from, to)
		},
		syncAll: d.syncAll,
	}
}

// TestWriteBack: the disk begins with a large file while more of it comes, in
// order and with nothing left out but the end; small ones it is left to collect.
func TestWriteBack(t *testing.T) {
	for size, least := range map[int]int64{writeBackStep / 2: 0, 3*writeBackStep + 1: 3 * writeBackStep} {
		s, err := Open(filepath.Join(t.TempDir(), "blobs"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		var end int64
		s.sys.writeBack = func(f *os.File, from, n int64) {
			if fi, err := f.Stat(); from != end || n < 1 || err != nil || fi.Size() < from+n {
				t.Errorf("%d bytes from %d on, behind %d (%v)", n, from, end, err)
			}
			end = from + n
			realSystem.writeBack(f, from, n)
		}
		b := blobstest.Bytes(1, size)
		info, err := s.Put(t.Context(), bytes.NewReader(b), int64(size), blobs.Digests{})
		if err != nil || info.Key != blobstest.SHA256(b) {
			t.Errorf("%+v, %v", info, err)
		}
		if end < least || least == 0 && end != 0 {
			t.Errorf("of %d bytes, the disk began with %d", size, end)
		}
	}
}

// TestEveryStepFails stores a blob and joins an upload while the disk fails at
// each of the steps in turn: full, over quota, broken. Every try must fail
// with the error that belongs to it, leave no temporary file and no part of a
// blob, and succeed when it is repeated on a disk that works.
func TestEveryStepFails(t *testing.T) {
	b := blobstest.Bytes(1, 3*chunk/2)
	parts := [][]byte{blobstest.Bytes(2, 70_000), blobstest.Bytes(3, 50_000), blobstest.Bytes(4, 10)}
	whole := bytes.Join(parts, nil)
	var named []blobs.Part
	for i, p := range parts {
		named = append(named, blobs.Part{Number: i + 1, MD5: blobstest.MD5(p)})
	}
	put := func(s *Store) error {
		_, err := s.Put(t.Context(), bytes.NewReader(b), -1, blobs.Digests{})
		return err
	}
	// The order leaves work to Complete, for which errors of joining ahead are lost.
	upload := func(s *Store, id *string) (err error) {
		if *id == "" {
			if *id, err = s.CreateUpload(t.Context()); err != nil {
				return err
			}
		}
		for _, i := range []int{2, 0, 1} {
			if _, err := s.PutPart(t.Context(), *id, i+1, bytes.NewReader(parts[i]), -1, blobs.Digests{}); err != nil {
				return err
			}
		}
		_, err = s.Complete(t.Context(), *id, named, blobs.Digests{MD5: blobstest.MD5(whole)})
		return err
	}

	many := func(s *Store, _ *string) error {
		var pieces []*blobs.Piece
		for _, p := range parts {
			pieces = append(pieces, &blobs.Piece{Data: p})
		}
		s.PutMany(t.Context(), pieces)
		for _, p := range pieces[1:] {
			if p.Err != pieces[0].Err {
				t.Errorf("got the errors %v and %v", pieces[0].Err, p.Err)
			}
		}
		return pieces[0].Err
	}

	for _, cause := range []struct{ err, want error }{
		{unix.ENOSPC, blobs.ErrNoSpace}, {unix.EDQUOT, blobs.ErrNoSpace}, {unix.EIO, unix.EIO},
	} {
		for _, work := range []struct {
			name string
			run  func(s *Store, id *string) error
			key  string
		}{
			{"put", func(s *Store, _ *string) error { return put(s) }, blobstest.SHA256(b)},
			{"upload", upload, blobstest.SHA256(whole)},
			{"put many", many, blobstest.SHA256(parts[0])},
			{"put many, synced together", many, blobstest.SHA256(parts[0])},
		} {
			s, err := Open(filepath.Join(t.TempDir(), "blobs"), Options{})
			if err != nil {
				t.Fatal(err)
			}
			for failAt := 1; ; failAt++ {
				if err := s.Delete(t.Context(), work.key); err != nil {
					t.Fatal(err)
				}
				for _, p := range parts {
					if err := s.Delete(t.Context(), blobstest.SHA256(p)); err != nil {
						t.Fatal(err)
					}
				}
				d := &disk{failAt: failAt, err: cause.err}
				if strings.HasSuffix(work.name, "together") {
					d.syncAll = func(*os.File) error { return d.step() }
				}
				s.sys = d.system()
				var id string
				err := work.run(s, &id)
				s.sys = realSystem
				if d.steps < failAt {
					if failAt < 4 {
						t.Errorf("%s: only %d steps can fail", work.name, d.steps)
					}
					break // it took fewer steps than that
				}
				// Joining ahead may fail and be made up for by Complete.
				if err != nil && !errors.Is(err, cause.want) || err == nil && work.name != "upload" {
					t.Errorf("%s, step %d: got the error %v, want %v", work.name, failAt, err, cause.want)
				}
				for info, err := range s.All(t.Context()) {
					if err != nil {
						t.Fatal(err)
					}
					if err := s.Verify(t.Context(), info.Key); err != nil {
						t.Errorf("%s, step %d: %v", work.name, failAt, err)
					}
				}
				if left, err := os.ReadDir(filepath.Join(s.path, tempFolder)); err != nil || len(left) > 0 {
					t.Errorf("%s, step %d: left %v, %v", work.name, failAt, left, err)
				}
				err = work.run(s, &id)
				if errors.Is(err, blobs.ErrNotFound) {
					// The result was written and the first try failed after that: a client
					// goes on with Complete.
					_, err = s.Complete(t.Context(), id, named, blobs.Digests{MD5: blobstest.MD5(whole)})
				}
				if err != nil {
					t.Errorf("%s, after a failure in step %d: %v", work.name, failAt, err)
				}
				if err := s.Verify(t.Context(), work.key); err != nil {
					t.Errorf("%s, after a failure in step %d: %v", work.name, failAt, err)
				}
			}
		}
	}
}
