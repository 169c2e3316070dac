package dir

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
)

// chunk is how much is read before it is hashed and written: large enough that
// hashing dwarfs handing it to another goroutine.
const chunk = 512 << 10

// writeBackStep is after how many bytes of a file the disk is to begin with
// them. Left alone, the system begins when memory fills, or after half a minute:
// all of a large file would be written when everything else is done.
const writeBackStep = 8 << 20

// Put implements blobs.Store.
func (s *Store) Put(ctx context.Context, r io.Reader, size int64, want blobs.Digests) (blobs.Info, error) {
	t, err := s.newTemp()
	if err != nil {
		return blobs.Info{}, failed("storing a blob", err)
	}
	defer t.discard()
	sums, n, err := s.receive(ctx, t, r, size)
	if err != nil {
		return blobs.Info{}, err
	}
	info := blobs.Info{Key: sums.sha256Hex(), MD5: sums.md5Hex(), Size: n}
	if err := matches(info, want); err != nil {
		return blobs.Info{}, err
	}
	if err := ctx.Err(); err != nil {
		return blobs.Info{}, err
	}
	if err := s.publish(t, info.Key, n); err != nil {
		return blobs.Info{}, failed("storing a blob", err)
	}
	return info, nil
}

// receive writes what r gives to t and hashes it. While one chunk is hashed
// and written, the next is read.
func (s *Store) receive(ctx context.Context, t *temp, r io.Reader, size int64) (*sums, int64, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	var (
		sums    = newSums()
		n       int64
		current = make([]byte, firstChunk(size))
		other   []byte
		pending chan error // of the chunk in work, if any
		begun   int64      // up to where the disk was told to begin
	)
	// finish waits for the chunk in work: nobody may use t or sums before that.
	finish := func() error {
		if pending == nil {
			return nil
		}
		err := <-pending
		pending = nil
		return err
	}
	for {
		got, readErr := fill(ctx, r, current)
		if err := finish(); err != nil {
			return nil, 0, failed("storing a blob", err)
		}
		n += int64(got)
		if size >= 0 && n > size {
			return nil, 0, fmt.Errorf("%w: more than the %d bytes announced", blobs.ErrMismatch, size)
		}
		p := current[:got]
		if readErr == nil {
			pending = make(chan error, 1)
			go func() {
				done := make(chan struct{})
				go func() {
					defer close(done)
					sums.md5.Write(p)
				}()
				sums.sha256.Write(p)
				_, err := s.sys.write(t.File, p)
				if end := n; err == nil && end-begun >= writeBackStep {
					s.sys.writeBack(t.File, begun, end-begun)
					begun = end
				}
				<-done
				pending <- err
			}()
			if other == nil {
				other = make([]byte, chunk)
				if len(current) < chunk {
					current = make([]byte, chunk)
				}
			}
			current, other = other, current
			continue
		}
		if readErr != io.EOF {
			if ctx.Err() != nil {
				return nil, 0, ctx.Err()
			}
			return nil, 0, fmt.Errorf("reading the bytes to store: %w", readErr)
		}
		sums.write(p)
		if _, err := s.sys.write(t.File, p); err != nil {
			return nil, 0, failed("storing a blob", err)
		}
		if size >= 0 && n != size {
			return nil, 0, fmt.Errorf("%w: %d bytes instead of the %d announced", blobs.ErrMismatch, n, size)
		}
		return sums, n, nil
	}
}

// firstChunk is the size of the first buffer: small files are many. One byte
// more than announced shows in the same read that there is no more.
func firstChunk(size int64) int64 {
	if size >= 0 && size < chunk {
		return size + 1
	}
	return chunk
}

// fill reads until p is full or r ends; io.EOF then comes with the last bytes.
func fill(ctx context.Context, r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		var m int
		m, err = r.Read(p[n:])
		n += m
	}
	if n == len(p) && errors.Is(err, io.EOF) {
		// A full buffer goes the ordinary way; the next Read says EOF again.
		return n, nil
	}
	return n, err
}

// matches compares what was stored with what was announced.
func matches(info blobs.Info, want blobs.Digests) error {
	if want.MD5 != "" && info.MD5 != want.MD5 {
		return fmt.Errorf("%w: MD5 %s instead of %s", blobs.ErrMismatch, info.MD5, want.MD5)
	}
	if want.SHA256 != "" && info.Key != want.SHA256 {
		return fmt.Errorf("%w: SHA-256 %s instead of %s", blobs.ErrMismatch, info.Key, want.SHA256)
	}
	return nil
}
