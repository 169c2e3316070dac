// Package blobs keeps file bytes by their SHA-256. It knows nothing of
// artifacts: who may read a blob, and under which other digests it is known,
// is decided above it. The suite in blobstest runs on every implementation.
package blobs

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"
)

// A Store holds the bytes of one registry, once per content. It is safe for
// concurrent use, and several processes may use the same place.
type Store interface {
	// Put stores what r gives until EOF and returns its Info. The bytes are
	// durable when Put returns without error, and no part of them is visible
	// before. size is what the sender announced, or -1; want, when it has an
	// MD5 or SHA-256, is what they must hash to. A mismatch is ErrMismatch; a
	// full place is ErrNoSpace; in each error case nothing is left behind.
	// Put looks at ctx around each Read; a Read that blocks is the caller's to
	// interrupt.
	Put(ctx context.Context, r io.Reader, size int64, want Digests) (Info, error)
	// PutMany stores blobs that are in memory, each as Put would, and waits for
	// the disk once for all of them: that is most of what storing a small blob
	// takes. What became of each is in its Piece.
	PutMany(ctx context.Context, pieces []*Piece)
	// Open opens a blob for reading. ErrNotFound if it is not there. The
	// caller closes it.
	Open(ctx context.Context, key string) (Blob, error)
	// Stat says how long a blob is. ErrNotFound if it is not there.
	Stat(ctx context.Context, key string) (Info, error)
	// Delete removes a blob. Removing one that is not there is no error.
	Delete(ctx context.Context, key string) error
	// All lists every blob, in the order of keys. The first error ends it.
	All(ctx context.Context) iter.Seq2[Info, error]
	// Verify reads a blob and compares it with its key: ErrCorrupt if it
	// differs, ErrNotFound if it is not there.
	Verify(ctx context.Context, key string) error

	Multipart
	Collector
}

// A Collector takes away what nobody needs. Who needs what is not known here;
// what keeps a blob that is put from being taken before it is needed is.
type Collector interface {
	// Keep runs record, which makes it known that a blob is needed, at a time
	// at which no Collect takes the blob away. The blob is as if it had been put
	// just now. ErrNotFound, and record is not run, if it is not there: it was
	// put long ago, was needed by nobody, and has been collected.
	Keep(ctx context.Context, key string, record func() error) error
	// KeepMany is Keep for several blobs. Those that are not there are left out:
	// record, which is told which they are, makes the others known.
	KeepMany(ctx context.Context, keys []string, record func(gone map[string]bool) error) error
	// Collect deletes every blob that is not needed and was neither put nor kept
	// for c.Age. Others may put, keep and read meanwhile: what is kept after
	// c.Needed was asked stays.
	Collect(ctx context.Context, c Collection) (Collected, error)
}

// A Collection says what to collect.
type Collection struct {
	Age time.Duration
	// Needed finds out which blobs are needed. It is asked once, when everything
	// that was kept before has been recorded.
	Needed func(ctx context.Context) (func(key string) bool, error)
	// DryRun only looks what would be deleted.
	DryRun bool
}

// Collected is what was deleted.
type Collected struct {
	Blobs int
	Bytes int64
}

// Multipart takes a large blob in numbered parts. Parts survive the process,
// not necessarily in order, until Complete or Abort, or until they are stale.
type Multipart interface {
	// CreateUpload starts an upload and returns its id.
	CreateUpload(ctx context.Context) (id string, err error)
	// PutPart stores one part (numbered from 1), replacing an earlier try.
	// Its Info has the part's MD5, which is its ETag, and no Key: a part is
	// not a blob. ErrNotFound if there is no such upload.
	PutPart(ctx context.Context, id string, number int, r io.Reader, size int64, want Digests) (Info, error)
	// Complete joins the parts in the order of their numbers; each part named
	// must be there with the MD5 (hex) given, and the whole must hash to want,
	// or it is ErrMismatch and the upload stays as it was. Completing again
	// with the same parts returns the same Info; several at once wait for one
	// join; one that was interrupted is continued by the next.
	Complete(ctx context.Context, id string, parts []Part, want Digests) (Info, error)
	// Abort forgets an upload. Forgetting an unknown one is no error.
	Abort(ctx context.Context, id string) error
}

// A Blob is the bytes of one key, open for reading at any offset.
type Blob interface {
	io.ReadSeekCloser
	io.ReaderAt
}

// Info describes stored bytes.
type Info struct {
	Key  string // SHA-256, lower-case hex
	MD5  string // lower-case hex; "" from Stat and All
	Size int64
}

// A Piece is one blob of PutMany: Data and Want go in, Info or Err come out.
type Piece struct {
	Data []byte
	Want Digests
	Info Info
	Err  error
}

// Digests are what bytes must hash to, in lower-case hex; empty ones are not checked.
type Digests struct {
	SHA256 string
	MD5    string
}

// A Part names one stored part of an upload.
type Part struct {
	Number int
	MD5    string // lower-case hex
}

// The failures that callers act on.
var (
	ErrNotFound = errors.New("no such blob")
	ErrMismatch = errors.New("bytes do not have the digest or size that was announced")
	ErrNoSpace  = errors.New("no space left where blobs are kept")
	ErrCorrupt  = errors.New("stored bytes do not have their digest")
	ErrInvalid  = errors.New("not a valid key or upload id")
)
