package blobstest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
)

// later is a time by which everything that is there has been put.
func later() time.Time { return time.Now().Add(time.Hour) }

func collect(t *testing.T, s blobs.Store, c blobs.Collection) blobs.Collected {
	t.Helper()
	got, err := s.Collect(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func testCollect(t *testing.T, p Place) {
	s := p.Open(t)
	old, err := s.Put(t.Context(), bytes.NewReader([]byte("needed by nobody")), -1, blobs.Digests{})
	if err != nil {
		t.Fatal(err)
	}
	needed, err := s.Put(t.Context(), bytes.NewReader([]byte("needed")), -1, blobs.Digests{})
	if err != nil {
		t.Fatal(err)
	}
	all := blobs.Collection{Before: later(), Needed: func(key string) bool { return key == needed.Key }}
	young := all
	young.Before = time.Now().Add(-time.Hour)
	if got := collect(t, s, young); got != (blobs.Collected{}) {
		t.Errorf("what was just put: %+v", got)
	}
	dry := all
	dry.DryRun = true
	want := blobs.Collected{Blobs: 1, Bytes: old.Size}
	if got := collect(t, s, dry); got != want {
		t.Errorf("would be collected: %+v, want %+v", got, want)
	}
	if got := collect(t, s, all); got != want {
		t.Errorf("collected: %+v, want %+v", got, want)
	}
	if got := collect(t, s, all); got != (blobs.Collected{}) {
		t.Errorf("collected again: %+v", got)
	}
	if _, err := s.Stat(t.Context(), old.Key); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("it is still there: %v", err)
	}
	if err := s.Verify(t.Context(), needed.Key); err != nil {
		t.Errorf("what was needed: %v", err)
	}
	ran := false
	err = s.Keep(t.Context(), old.Key, func() error { ran = true; return nil })
	if !errors.Is(err, blobs.ErrNotFound) || ran {
		t.Errorf("keeping what is gone: %v, recorded %v", err, ran)
	}
	refused := errors.New("refused")
	if err := s.Keep(t.Context(), needed.Key, func() error { return refused }); !errors.Is(err, refused) {
		t.Errorf("keeping fails with %v", err)
	}
	if err := s.Keep(t.Context(), "../x", func() error { return nil }); !errors.Is(err, blobs.ErrInvalid) {
		t.Errorf("keeping what is no key: %v", err)
	}
}

// testKeepOrCollect has blobs put and kept while others collect everything that
// is not known to be needed: what could be kept is there.
func testKeepOrCollect(t *testing.T, p Place) {
	s, other := p.Open(t), p.Open(t)
	var mu sync.Mutex
	known := map[string]bool{}
	snapshot := func() map[string]bool {
		mu.Lock()
		defer mu.Unlock()
		copied := map[string]bool{}
		for k := range known {
			copied[k] = true
		}
		return copied
	}
	stop := make(chan struct{})
	var collecting, writing sync.WaitGroup
	for range 2 {
		collecting.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				before := time.Now()
				needed := snapshot()
				if _, err := other.Collect(t.Context(), blobs.Collection{Before: before, Needed: func(k string) bool { return needed[k] }}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	again := 0
	for w := range 4 {
		writing.Go(func() {
			for i := range 50 {
				content := fmt.Sprint("content ", (w+i)%60) // several write the same
				for {
					info, err := s.Put(t.Context(), bytes.NewReader([]byte(content)), -1, blobs.Digests{})
					if err != nil {
						t.Error(err)
						return
					}
					err = s.Keep(t.Context(), info.Key, func() error {
						mu.Lock()
						defer mu.Unlock()
						known[info.Key] = true
						return nil
					})
					if err == nil {
						break
					}
					if !errors.Is(err, blobs.ErrNotFound) {
						t.Error(err)
						return
					}
					mu.Lock()
					again++
					mu.Unlock()
				}
			}
		})
	}
	writing.Wait()
	close(stop)
	collecting.Wait()
	for key := range known {
		if err := s.Verify(t.Context(), key); err != nil {
			t.Errorf("it was kept, and is now: %v", err)
		}
	}
	t.Logf("%d blobs, put again %d times", len(known), again)
}
