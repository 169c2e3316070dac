package blobstest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
)

// putMany puts pieces of these bytes and fails the test if one is refused.
func putMany(t *testing.T, s blobs.Store, data ...[]byte) {
	t.Helper()
	pieces := make([]*blobs.Piece, len(data))
	for i, b := range data {
		pieces[i] = &blobs.Piece{Data: b, Want: blobs.Digests{MD5: MD5(b)}}
	}
	s.PutMany(t.Context(), pieces)
	for i, p := range pieces {
		if want := infoOf(data[i]); p.Err != nil || p.Info != want {
			t.Errorf("piece %d: got %+v, %v; want %+v", i, p.Info, p.Err, want)
		}
	}
}

func testPutMany(t *testing.T, p Place) {
	s := p.Open(t)
	s.PutMany(t.Context(), nil)
	there := put(t, s, []byte("there before"))
	cut := put(t, s, []byte("cut short"))
	p.Plant(t, cut.Key, []byte("cut"))
	b, large := Bytes(1, 1000), Bytes(2, 1<<20)
	putMany(t, s, b, nil, []byte("there before"), []byte("cut short"), large, b)
	for _, want := range [][]byte{b, {}, []byte("there before"), []byte("cut short"), large} {
		wantBytes(t, s, SHA256(want), want)
	}
	if got := keys(t, s); len(got) != 5 || !slices.Contains(got, there.Key) {
		t.Errorf("%d blobs are there, want 5", len(got))
	}

	// One that is refused leaves the others alone.
	good, forged := &blobs.Piece{Data: []byte("good")}, &blobs.Piece{Data: []byte("forged"), Want: blobs.Digests{MD5: MD5(b)}}
	s.PutMany(t.Context(), []*blobs.Piece{forged, good})
	wantError(t, forged.Err, blobs.ErrMismatch)
	if forged.Info != (blobs.Info{}) || good.Err != nil || good.Info != infoOf(good.Data) {
		t.Errorf("got %+v and %+v", forged, good)
	}
	if _, err := s.Stat(t.Context(), SHA256(forged.Data)); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("a piece that was refused is there: %v", err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	late := &blobs.Piece{Data: []byte("late")}
	s.PutMany(ctx, []*blobs.Piece{late})
	wantError(t, late.Err, context.Canceled)
	if n := p.Leftovers(t); n != 0 {
		t.Errorf("%d leftovers", n)
	}

	// Several at once bring some of the same bytes.
	stores := []blobs.Store{s, p.Open(t)}
	var putters sync.WaitGroup
	for i := range 8 {
		putters.Go(func() {
			var data [][]byte
			for j := range 20 {
				data = append(data, []byte(fmt.Sprint("shared ", (i+j)%25)))
			}
			putMany(t, stores[i%2], data...)
		})
	}
	putters.Wait()
	for i := range 25 {
		b := []byte(fmt.Sprint("shared ", i))
		wantBytes(t, s, SHA256(b), b)
	}
	if n := p.Leftovers(t); n != 0 {
		t.Errorf("%d leftovers", n)
	}
}

func testKeepMany(t *testing.T, p Place) {
	s := p.Open(t)
	here, gone := put(t, s, []byte("here")), infoOf([]byte("gone"))
	refused := errors.New("refused")
	for _, want := range []error{nil, refused} {
		ran := false
		err := s.KeepMany(t.Context(), []string{gone.Key, here.Key}, func(missing map[string]bool) error {
			ran = true
			if len(missing) != 1 || !missing[gone.Key] {
				t.Errorf("missing are %v", missing)
			}
			return want
		})
		if !ran || !errors.Is(err, want) {
			t.Errorf("ran %t, %v", ran, err)
		}
	}
	wantError(t, s.KeepMany(t.Context(), []string{"../x"}, func(map[string]bool) error { return nil }), blobs.ErrInvalid)

	// What is kept while others collect is there afterwards.
	all := blobs.Collection{Age: -time.Hour, Needed: asking(func(string) bool { return false })}
	started := make(chan struct{})
	collected := make(chan error, 1)
	err := s.KeepMany(t.Context(), []string{here.Key}, func(map[string]bool) error {
		go func() {
			close(started)
			_, err := p.Open(t).Collect(t.Context(), all)
			collected <- err
		}()
		<-started
		if _, err := s.Stat(t.Context(), here.Key); err != nil {
			t.Errorf("while it is kept: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := <-collected; err != nil {
		t.Error(err)
	}
	if got := keys(t, s); len(got) != 0 {
		t.Errorf("%d blobs are there after collecting", len(got))
	}
}
