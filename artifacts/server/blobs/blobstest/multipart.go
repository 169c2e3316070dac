package blobstest

import (
	"bytes"
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
)

// an upload under test: its id and the parts that make it whole.
type upload struct {
	id    string
	parts [][]byte
	named []blobs.Part
	whole []byte
}

func newUpload(t *testing.T, s blobs.Store, sizes ...int) *upload {
	t.Helper()
	id, err := s.CreateUpload(t.Context())
	if err != nil {
		t.Fatalf("CreateUpload: %v", err)
	}
	u := &upload{id: id}
	for i, size := range sizes {
		b := Bytes(uint64(1000+i), size)
		u.parts = append(u.parts, b)
		u.named = append(u.named, blobs.Part{Number: i + 1, MD5: MD5(b)})
		u.whole = append(u.whole, b...)
	}
	return u
}

// put stores part i, counted from 0.
func (u *upload) put(t *testing.T, s blobs.Store, i int) {
	t.Helper()
	b := u.parts[i]
	info, err := s.PutPart(context.Background(), u.id, i+1, bytes.NewReader(b), int64(len(b)), blobs.Digests{MD5: MD5(b)})
	if want := (blobs.Info{MD5: MD5(b), Size: int64(len(b))}); err != nil || info != want {
		t.Errorf("PutPart %d: %+v, %v; want %+v", i+1, info, err, want)
	}
}

func (u *upload) putAll(t *testing.T, s blobs.Store) {
	t.Helper()
	for i := range u.parts {
		u.put(t, s, i)
	}
}

// complete completes with the given parts and checks what came of it.
func (u *upload) complete(t *testing.T, s blobs.Store, named []blobs.Part, whole []byte) {
	t.Helper()
	info, err := s.Complete(context.Background(), u.id, named, blobs.Digests{MD5: MD5(whole)})
	if err != nil || info != infoOf(whole) {
		t.Errorf("Complete: %+v, %v; want %+v", info, err, infoOf(whole))
		return
	}
	wantBytes(t, s, info.Key, whole)
}

func testMultipart(t *testing.T, p Place) {
	s := p.Open(t)
	u := newUpload(t, s, 1<<20, 1<<20+3, 5)
	u.putAll(t, s)
	if got := keys(t, s); len(got) != 0 {
		t.Errorf("parts are visible as blobs: %v", got)
	}
	reversed := slices.Clone(u.named)
	slices.Reverse(reversed)
	u.complete(t, s, reversed, u.whole)
	if got := keys(t, s); !slices.Equal(got, []string{SHA256(u.whole)}) {
		t.Errorf("blobs %v, want the whole alone", got)
	}
	if n := p.Leftovers(t); n != 0 {
		t.Errorf("%d leftovers", n)
	}
	// The same bytes put in one piece are the same blob.
	put(t, s, u.whole)

	// And the other way about: a whole that is there already.
	v := newUpload(t, s, 1<<20, 1<<20+3, 5)
	v.putAll(t, s)
	v.complete(t, s, v.named, v.whole)

	one := newUpload(t, s, 7)
	one.putAll(t, s)
	one.complete(t, s, one.named, one.whole)
}

func testMultipartReopen(t *testing.T, p Place) {
	u := newUpload(t, p.Open(t), 300_000, 10, 0, 70_000)
	for _, i := range []int{0, 2, 3, 1} {
		u.put(t, p.Open(t), i)
	}
	u.complete(t, p.Open(t), u.named, u.whole)
}

func testCompleteAgain(t *testing.T, p Place) {
	s := p.Open(t)
	u := newUpload(t, s, 100, 200)
	u.putAll(t, s)
	for range 3 {
		u.complete(t, s, u.named, u.whole)
		u.complete(t, p.Open(t), u.named, u.whole)
	}
	_, err := s.Complete(t.Context(), u.id, u.named[:1], blobs.Digests{})
	wantError(t, err, blobs.ErrMismatch)
	_, err = s.Complete(t.Context(), u.id, u.named, blobs.Digests{MD5: MD5([]byte("other"))})
	wantError(t, err, blobs.ErrMismatch)
	// A part that comes late does no harm.
	_, err = s.PutPart(t.Context(), u.id, 1, bytes.NewReader(u.parts[0]), 100, blobs.Digests{})
	wantError(t, err, blobs.ErrNotFound)
	u.complete(t, s, u.named, u.whole)
}

func testCompleteConcurrently(t *testing.T, p Place) {
	stores := []blobs.Store{p.Open(t), p.Open(t)}
	u := newUpload(t, stores[0], 1<<20, 1<<20, 1<<20, 1<<20)
	u.putAll(t, stores[0])
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() { u.complete(t, stores[i%2], u.named, u.whole) })
	}
	wg.Wait()
}

func testPartsConcurrently(t *testing.T, p Place) {
	stores := []blobs.Store{p.Open(t), p.Open(t)}
	sizes := make([]int, 40)
	for i := range sizes {
		sizes[i] = 50_000 + 1000*i
	}
	u := newUpload(t, stores[0], sizes...)
	order := rand.New(rand.NewPCG(1, 2)).Perm(len(sizes))
	var wg sync.WaitGroup
	next := make(chan int)
	for worker := range 8 {
		wg.Go(func() {
			for i := range next {
				u.put(t, stores[worker%2], i)
			}
		})
	}
	for _, i := range order {
		next <- i
	}
	// Some come twice, as when an answer was lost.
	for _, i := range order[:10] {
		next <- i
	}
	close(next)
	wg.Wait()
	u.complete(t, stores[1], u.named, u.whole)
	if n := p.Leftovers(t); n != 0 {
		t.Errorf("%d leftovers", n)
	}
}

func testReplacePart(t *testing.T, p Place) {
	s := p.Open(t)
	u := newUpload(t, s, 1000, 2000, 3000, 4000)
	u.putAll(t, s)
	// The replaced part has another length, so that everything behind it moves.
	u.parts[1] = Bytes(77, 5555)
	u.named[1].MD5 = MD5(u.parts[1])
	u.put(t, s, 1)
	u.complete(t, s, u.named, slices.Concat(u.parts...))
}

func testSomeParts(t *testing.T, p Place) {
	s := p.Open(t)
	u := newUpload(t, s, 1000, 2000, 3000, 4000, 5000)
	u.putAll(t, s)
	// The first attempt names a part that is not there, and must not spoil the second.
	_, err := s.Complete(t.Context(), u.id, append(slices.Clone(u.named[:2]), blobs.Part{Number: 9, MD5: MD5(nil)}), blobs.Digests{})
	wantError(t, err, blobs.ErrMismatch)
	u.complete(t, s, []blobs.Part{u.named[0], u.named[2], u.named[4]}, slices.Concat(u.parts[0], u.parts[2], u.parts[4]))

	v := newUpload(t, s, 10, 20, 30)
	v.put(t, s, 1)
	v.put(t, s, 2)
	v.complete(t, s, v.named[1:], slices.Concat(v.parts[1:]...))
}

func testCompleteMismatch(t *testing.T, p Place) {
	s := p.Open(t)
	u := newUpload(t, s, 100, 200, 300)
	u.put(t, s, 0)
	u.put(t, s, 2)
	try := func(parts []blobs.Part, want blobs.Digests) error {
		_, err := s.Complete(t.Context(), u.id, parts, want)
		return err
	}
	wantError(t, try(u.named, blobs.Digests{}), blobs.ErrMismatch) // part 2 is missing
	u.put(t, s, 1)
	wrong := slices.Clone(u.named)
	wrong[1].MD5 = MD5([]byte("other"))
	wantError(t, try(wrong, blobs.Digests{}), blobs.ErrMismatch)
	wantError(t, try(u.named, blobs.Digests{MD5: MD5([]byte("other"))}), blobs.ErrMismatch)
	wantError(t, try(u.named, blobs.Digests{SHA256: SHA256([]byte("other"))}), blobs.ErrMismatch)
	wantError(t, try(nil, blobs.Digests{}), blobs.ErrInvalid)
	wantError(t, try([]blobs.Part{u.named[0], u.named[0]}, blobs.Digests{}), blobs.ErrInvalid)
	wantError(t, try([]blobs.Part{{Number: 1, MD5: "../x"}}, blobs.Digests{}), blobs.ErrInvalid)
	if got := keys(t, s); len(got) != 0 {
		t.Errorf("a refused whole is a blob: %v", got)
	}
	u.complete(t, s, u.named, u.whole)
}

func testCompleteCancelled(t *testing.T, p Place) {
	s := p.Open(t)
	u := newUpload(t, s, 1<<20, 1<<20, 1<<20)
	// From the last to the first, so that Complete finds parts to join.
	for i := len(u.parts) - 1; i > 0; i-- {
		u.put(t, s, i)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Complete(ctx, u.id, u.named[1:], blobs.Digests{})
	wantError(t, err, context.Canceled)
	u.put(t, s, 0)
	u.complete(t, s, u.named, u.whole)
}

func testUnknownUpload(t *testing.T, p Place) {
	s := p.Open(t)
	other := newUpload(t, s, 10)
	if err := s.Abort(t.Context(), other.id); err != nil {
		t.Fatalf("Abort: %v", err)
	}
	for range 2 {
		_, err := s.PutPart(t.Context(), other.id, 1, bytes.NewReader(nil), 0, blobs.Digests{})
		wantError(t, err, blobs.ErrNotFound)
		_, err = s.Complete(t.Context(), other.id, other.named, blobs.Digests{})
		wantError(t, err, blobs.ErrNotFound)
		if err := s.Abort(t.Context(), other.id); err != nil {
			t.Errorf("Abort of an unknown upload: %v", err)
		}
	}
	for _, id := range []string{"", "..", "../" + other.id, "x/y", other.id + "0"} {
		_, err := s.PutPart(t.Context(), id, 1, bytes.NewReader(nil), 0, blobs.Digests{})
		wantError(t, err, blobs.ErrInvalid)
		_, err = s.Complete(t.Context(), id, other.named, blobs.Digests{})
		wantError(t, err, blobs.ErrInvalid)
		wantError(t, s.Abort(t.Context(), id), blobs.ErrInvalid)
	}
	u := newUpload(t, s, 10)
	for _, number := range []int{0, -1, 10_001} {
		_, err := s.PutPart(t.Context(), u.id, number, bytes.NewReader(nil), 0, blobs.Digests{})
		wantError(t, err, blobs.ErrInvalid)
	}
	_, err := s.PutPart(t.Context(), u.id, 1, bytes.NewReader(u.parts[0]), 10, blobs.Digests{MD5: MD5(nil)})
	wantError(t, err, blobs.ErrMismatch)
	_, err = s.PutPart(t.Context(), u.id, 1, failing(u.parts[0]), 20, blobs.Digests{})
	wantError(t, err, errSender)
	wantNothing(t, p, s)
}

func testAbort(t *testing.T, p Place) {
	s := p.Open(t)
	u := newUpload(t, s, 1000, 2000)
	u.putAll(t, s)
	for range 2 {
		if err := p.Open(t).Abort(t.Context(), u.id); err != nil {
			t.Fatalf("Abort: %v", err)
		}
	}
	_, err := s.Complete(t.Context(), u.id, u.named, blobs.Digests{})
	wantError(t, err, blobs.ErrNotFound)
	wantNothing(t, p, s)

	// What a finished upload became stays.
	v := newUpload(t, s, 1000, 2000)
	v.putAll(t, s)
	v.complete(t, s, v.named, v.whole)
	if err := s.Abort(t.Context(), v.id); err != nil {
		t.Fatalf("Abort: %v", err)
	}
	wantBytes(t, s, SHA256(v.whole), v.whole)
}
