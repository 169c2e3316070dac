package blobstest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
)

func testPut(t *testing.T, p Place) {
	s := p.Open(t)
	for _, b := range [][]byte{{}, []byte("hello"), Bytes(1, 3<<20+1)} {
		info := put(t, s, b)
		got, err := s.Stat(t.Context(), info.Key)
		if want := (blobs.Info{Key: info.Key, Size: info.Size}); err != nil || got != want {
			t.Errorf("Stat: %+v, %v; want %+v", got, err, want)
		}
		wantBytes(t, s, info.Key, b)
		wantBytes(t, p.Open(t), info.Key, b)
		if err := s.Verify(t.Context(), info.Key); err != nil {
			t.Errorf("Verify: %v", err)
		}
	}
	b := []byte("of unknown size")
	info, err := s.Put(t.Context(), bytes.NewReader(b), -1, blobs.Digests{SHA256: SHA256(b), MD5: MD5(b)})
	if err != nil || info != infoOf(b) {
		t.Errorf("Put: %+v, %v; want %+v", info, err, infoOf(b))
	}
	_, err = s.Stat(t.Context(), SHA256([]byte("another")))
	wantError(t, err, blobs.ErrNotFound)
	_, err = s.Open(t.Context(), SHA256([]byte("another")))
	wantError(t, err, blobs.ErrNotFound)
	if n := p.Leftovers(t); n != 0 {
		t.Errorf("%d leftovers", n)
	}
}

// testSizes puts sizes around powers of two, where buffers end, as they come
// from a network: byte by byte, in halves, with EOF beside the last bytes.
func testSizes(t *testing.T, p Place) {
	s := p.Open(t)
	for _, size := range []int{1, 4095, 4096, 4097, 1 << 16, 512<<10 - 1, 512 << 10, 512<<10 + 1, 1<<20 - 1, 1 << 20, 1<<20 + 1, 3 << 19} {
		b := Bytes(uint64(size), size)
		senders := map[string]func(io.Reader) io.Reader{
			"whole":         func(r io.Reader) io.Reader { return r },
			"half":          iotest.HalfReader,
			"EOF with data": iotest.DataErrReader,
		}
		if size < 5000 {
			senders["byte by byte"] = iotest.OneByteReader
		}
		for name, sender := range senders {
			for _, announced := range []int64{-1, int64(size)} {
				info, err := s.Put(t.Context(), sender(bytes.NewReader(b)), announced, blobs.Digests{})
				if err != nil || info != infoOf(b) {
					t.Errorf("%d bytes, %s, announced %d: got %+v, %v", size, name, announced, info, err)
				}
			}
		}
		wantBytes(t, s, SHA256(b), b)
	}
}

func testMismatch(t *testing.T, p Place) {
	s := p.Open(t)
	small, large := []byte("hello"), Bytes(2, 2<<20)
	for _, b := range [][]byte{small, large} {
		n := int64(len(b))
		for name, try := range map[string]struct {
			size int64
			want blobs.Digests
		}{
			"MD5":     {n, blobs.Digests{MD5: MD5([]byte("other"))}},
			"SHA-256": {-1, blobs.Digests{SHA256: SHA256([]byte("other"))}},
			"short":   {n + 1, blobs.Digests{}},
			"long":    {n - 1, blobs.Digests{}},
			"empty":   {0, blobs.Digests{}},
		} {
			_, err := s.Put(t.Context(), bytes.NewReader(b), try.size, try.want)
			t.Run(fmt.Sprintf("%s of %d", name, n), func(t *testing.T) { wantError(t, err, blobs.ErrMismatch) })
		}
	}
	wantNothing(t, p, s)
}

func testFailingReader(t *testing.T, p Place) {
	s := p.Open(t)
	for _, n := range []int{0, 1, 600 << 10, 3 << 20} {
		b := Bytes(3, n)
		_, err := s.Put(t.Context(), failing(b), int64(n)+1, blobs.Digests{})
		wantError(t, err, errSender)
		_, err = s.Put(t.Context(), failing(b), -1, blobs.Digests{})
		wantError(t, err, errSender)
	}
	wantNothing(t, p, s)
}

// testCancel ends the context between two reads of a slow sender.
func testCancel(t *testing.T, p Place) {
	s := p.Open(t)
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	defer w.Close()
	go func() {
		w.Write(Bytes(4, 1<<20))
		cancel()
		for { // the pipe's writer goes on until the reader has gone
			if _, err := w.Write([]byte("more")); err != nil {
				return
			}
		}
	}()
	start := time.Now()
	_, err := s.Put(ctx, r, -1, blobs.Digests{})
	r.Close()
	wantError(t, err, context.Canceled)
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("Put took %v", d)
	}
	wantNothing(t, p, s)
}

// testCancelled has a context that ended before anything, and one that ends
// with the last byte.
func testCancelled(t *testing.T, p Place) {
	s := p.Open(t)
	ctx, cancel := context.WithCancel(t.Context())
	last := readerFunc(func([]byte) (int, error) { cancel(); return 0, io.EOF })
	_, err := s.Put(ctx, io.MultiReader(bytes.NewReader([]byte("hello")), last), -1, blobs.Digests{})
	wantError(t, err, context.Canceled)
	_, err = s.Put(ctx, bytes.NewReader([]byte("hello")), 5, blobs.Digests{})
	wantError(t, err, context.Canceled)
	wantNothing(t, p, s)

	info := put(t, s, []byte("hello"))
	_, err = s.Open(ctx, info.Key)
	wantError(t, err, context.Canceled)
	_, err = s.Stat(ctx, info.Key)
	wantError(t, err, context.Canceled)
	wantError(t, s.Verify(ctx, info.Key), context.Canceled)
	wantError(t, s.Delete(ctx, info.Key), context.Canceled)
	for _, err := range s.All(ctx) {
		wantError(t, err, context.Canceled)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func testSameBytes(t *testing.T, p Place) {
	s := p.Open(t)
	b := Bytes(5, 100_000)
	first, second := put(t, s, b), put(t, p.Open(t), b)
	if first != second {
		t.Errorf("got %+v and %+v", first, second)
	}
	if got := keys(t, s); !slices.Equal(got, []string{first.Key}) {
		t.Errorf("got the keys %v, want %v", got, first.Key)
	}
}

// testConcurrent has writers of the same and of different bytes, in two
// stores on one place, with readers beside them who see all or nothing.
func testConcurrent(t *testing.T, p Place) {
	stores := []blobs.Store{p.Open(t), p.Open(t)}
	contents := make([][]byte, 8)
	for i := range contents {
		contents[i] = Bytes(uint64(100+i), 200_000*i+i)
	}
	var wg sync.WaitGroup
	for worker := range 16 {
		wg.Go(func() {
			s := stores[worker%2]
			for i := range contents {
				b := contents[(i+worker)%len(contents)]
				info, err := s.Put(context.Background(), bytes.NewReader(b), int64(len(b)), blobs.Digests{MD5: MD5(b)})
				if err != nil || info != infoOf(b) {
					t.Errorf("Put: %+v, %v", info, err)
				}
				if err := stores[(worker+1)%2].Verify(context.Background(), info.Key); err != nil {
					t.Errorf("Verify after Put: %v", err)
				}
			}
		})
		wg.Go(func() {
			for info, err := range stores[worker%2].All(context.Background()) {
				if err != nil {
					t.Errorf("All: %v", err)
					return
				}
				if err := stores[worker%2].Verify(context.Background(), info.Key); err != nil {
					t.Errorf("a listed blob is not whole: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if got := keys(t, stores[0]); len(got) != len(contents) {
		t.Errorf("%d blobs, want %d", len(got), len(contents))
	}
	if n := p.Leftovers(t); n != 0 {
		t.Errorf("%d leftovers", n)
	}
}

func testRanges(t *testing.T, p Place) {
	s := p.Open(t)
	b := Bytes(6, 1<<20)
	info := put(t, s, b)
	blob, err := s.Open(t.Context(), info.Key)
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Close()
	part := make([]byte, 1000)
	for _, off := range []int64{0, 1, 4095, 1<<20 - 1000} {
		if n, err := blob.ReadAt(part, off); n != len(part) || err != nil && err != io.EOF || !bytes.Equal(part, b[off:off+1000]) {
			t.Errorf("ReadAt %d: %d bytes, %v", off, n, err)
		}
	}
	if n, err := blob.ReadAt(part, 1<<20-10); n != 10 || err != io.EOF {
		t.Errorf("ReadAt across the end: %d bytes, %v; want 10, EOF", n, err)
	}
	if n, err := blob.ReadAt(part, 1<<20); n != 0 || err != io.EOF {
		t.Errorf("ReadAt at the end: %d bytes, %v; want 0, EOF", n, err)
	}
	if n, err := blob.Seek(-10, io.SeekEnd); n != 1<<20-10 || err != nil {
		t.Errorf("Seek: %d, %v", n, err)
	}
	if rest, err := io.ReadAll(blob); err != nil || !bytes.Equal(rest, b[1<<20-10:]) {
		t.Errorf("reading after Seek: %d bytes, %v", len(rest), err)
	}
}

func testAll(t *testing.T, p Place) {
	s := p.Open(t)
	if got := keys(t, s); len(got) != 0 {
		t.Fatalf("a new place has %v", got)
	}
	var want []string
	sizes := map[string]int64{}
	for i := range 300 {
		info := put(t, s, fmt.Appendf(nil, "blob %d", i))
		want = append(want, info.Key)
		sizes[info.Key] = info.Size
	}
	slices.Sort(want)
	if got := keys(t, s); !slices.Equal(got, want) {
		t.Errorf("All gave %d keys, want %d in order", len(got), len(want))
	}
	n := 0
	for info, err := range s.All(t.Context()) {
		if err != nil || info.Size != sizes[info.Key] || info.MD5 != "" {
			t.Errorf("All: %+v, %v; want the size %d", info, err, sizes[info.Key])
		}
		if n++; n == 10 {
			break
		}
	}
	// What is listed may go while it is listed.
	for info, err := range s.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Delete(t.Context(), info.Key); err != nil {
			t.Fatal(err)
		}
	}
	wantNothing(t, p, s)
}

func testDelete(t *testing.T, p Place) {
	s := p.Open(t)
	info := put(t, s, []byte("hello"))
	open, err := s.Open(t.Context(), info.Key)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	for range 2 {
		if err := s.Delete(t.Context(), info.Key); err != nil {
			t.Fatalf("Delete: %v", err)
		}
	}
	_, err = s.Stat(t.Context(), info.Key)
	wantError(t, err, blobs.ErrNotFound)
	wantError(t, s.Verify(t.Context(), info.Key), blobs.ErrNotFound)
	put(t, s, []byte("hello"))
	wantBytes(t, s, info.Key, []byte("hello"))
}

func testVerify(t *testing.T, p Place) {
	s := p.Open(t)
	b := Bytes(7, 1<<20)
	sound := put(t, s, []byte("sound"))
	for name, damaged := range map[string][]byte{
		"a flipped bit": append(append([]byte{}, b[:len(b)-1]...), b[len(b)-1]^1),
		"cut short":     b[:len(b)-1],
		"empty":         {},
		"longer":        append(slices.Clone(b), 0),
	} {
		info := put(t, s, b)
		p.Plant(t, info.Key, damaged)
		t.Run(name, func(t *testing.T) { wantError(t, s.Verify(t.Context(), info.Key), blobs.ErrCorrupt) })
		if err := s.Delete(t.Context(), info.Key); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Verify(t.Context(), sound.Key); err != nil {
		t.Errorf("Verify of a sound blob: %v", err)
	}
}

func testMend(t *testing.T, p Place) {
	s := p.Open(t)
	b := Bytes(8, 10_000)
	info := put(t, s, b)
	p.Plant(t, info.Key, b[:5000])
	put(t, s, b)
	wantBytes(t, s, info.Key, b)
}

func testInvalidKeys(t *testing.T, p Place) {
	s := p.Open(t)
	good := put(t, s, []byte("hello")).Key
	for _, key := range []string{"", "x", "../../etc/passwd", good[:63], good + "0", "A" + good[1:], good[:10] + "/" + good[11:], good[:62] + "..", "\x00" + good[1:]} {
		_, err := s.Open(t.Context(), key)
		wantError(t, err, blobs.ErrInvalid)
		_, err = s.Stat(t.Context(), key)
		wantError(t, err, blobs.ErrInvalid)
		wantError(t, s.Delete(t.Context(), key), blobs.ErrInvalid)
		wantError(t, s.Verify(t.Context(), key), blobs.ErrInvalid)
	}
}
