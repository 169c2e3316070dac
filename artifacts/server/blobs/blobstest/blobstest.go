// Package blobstest is the suite that every blobs.Store passes.
package blobstest

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
)

// A Place is where stores of the implementation under test lie.
type Place struct {
	// Open opens the same place each time it is called, as another process would.
	Open func(t *testing.T) blobs.Store
	// Plant changes the stored bytes of a blob behind the store's back.
	Plant func(t *testing.T, key string, bytes []byte)
	// Leftovers counts what failed Puts have left: temporary files and the like.
	Leftovers func(t *testing.T) int
}

// Run runs the suite. newPlace gives a new, empty place each time.
func Run(t *testing.T, newPlace func(t *testing.T) Place) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Place)
	}{
		{"what is put can be read", testPut},
		{"many are put together", testPutMany},
		{"digests and sizes are checked", testMismatch},
		{"a sender that fails leaves nothing", testFailingReader},
		{"a context that ends stops a put", testCancel},
		{"a put reads around its context", testCancelled},
		{"the same bytes are kept once", testSameBytes},
		{"many at once", testConcurrent},
		{"ranges", testRanges},
		{"listing goes by key", testAll},
		{"deleting", testDelete},
		{"damage is found", testVerify},
		{"a blob that was cut short is mended by another put", testMend},
		{"keys that are none", testInvalidKeys},
		{"parts become a whole", testMultipart},
		{"parts survive the process", testMultipartReopen},
		{"an upload can be completed again", testCompleteAgain},
		{"many complete at once", testCompleteConcurrently},
		{"parts in any order and at once", testPartsConcurrently},
		{"a part can be replaced", testReplacePart},
		{"parts that were not asked for are left out", testSomeParts},
		{"what does not fit is refused and can be mended", testCompleteMismatch},
		{"a join that was interrupted goes on", testCompleteCancelled},
		{"uploads that are not there", testUnknownUpload},
		{"aborting", testAbort},
		{"small pieces, large pieces", testSizes},
		{"collecting", testCollect},
		{"many are kept", testKeepMany},
		{"kept while others collect", testKeepSlowly},
		{"kept or collected", testKeepOrCollect},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, newPlace(t))
		})
	}
}

// Bytes gives n reproducible bytes.
func Bytes(seed uint64, n int) []byte {
	b := make([]byte, n)
	var key [32]byte
	key[0], key[1], key[2] = byte(seed), byte(seed>>8), byte(seed>>16)
	rand.NewChaCha8(key).Read(b)
	return b
}

// SHA256 and MD5 are lower-case hex digests.
func SHA256(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:]) }

// MD5 is the lower-case hex digest.
func MD5(b []byte) string { s := md5.Sum(b); return hex.EncodeToString(s[:]) }

func infoOf(b []byte) blobs.Info {
	return blobs.Info{Key: SHA256(b), MD5: MD5(b), Size: int64(len(b))}
}

func put(t *testing.T, s blobs.Store, b []byte) blobs.Info {
	t.Helper()
	info, err := s.Put(t.Context(), bytes.NewReader(b), int64(len(b)), blobs.Digests{})
	if err != nil {
		t.Fatalf("Put of %d bytes: %v", len(b), err)
	}
	if want := infoOf(b); info != want {
		t.Fatalf("Put of %d bytes: got %+v, want %+v", len(b), info, want)
	}
	return info
}

func wantBytes(t *testing.T, s blobs.Store, key string, want []byte) {
	t.Helper()
	b, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	defer b.Close()
	got, err := io.ReadAll(b)
	if err != nil {
		t.Fatalf("reading %s: %v", key, err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%s: got %d bytes, which are not the %d that were put", key, len(got), len(want))
	}
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got the error %v, want one that is %q", err, want)
	}
}

// wantNothing checks that no blob is there and that nothing was left behind.
func wantNothing(t *testing.T, p Place, s blobs.Store) {
	t.Helper()
	if got := keys(t, s); len(got) != 0 {
		t.Errorf("blobs are there: %v", got)
	}
	if n := p.Leftovers(t); n != 0 {
		t.Errorf("%d leftovers", n)
	}
}

func keys(t *testing.T, s blobs.Store) []string {
	t.Helper()
	got := []string{}
	for info, err := range s.All(context.Background()) {
		if err != nil {
			t.Fatalf("All: %v", err)
		}
		got = append(got, info.Key)
	}
	if !slices.IsSorted(got) {
		t.Errorf("All does not go by key: %v", got)
	}
	return got
}

// errSender is what failing senders fail with.
var errSender = errors.New("the sender went away")

// failing gives b and then fails.
func failing(b []byte) io.Reader { return io.MultiReader(bytes.NewReader(b), errReader{}) }

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errSender }
