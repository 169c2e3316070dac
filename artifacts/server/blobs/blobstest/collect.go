package blobstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
)

// asking answers what is needed.
func asking(needed func(key string) bool) func(context.Context) (func(string) bool, error) {
	return func(context.Context) (func(string) bool, error) { return needed, nil }
}

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
	// Less than no time: also what has been put at this moment.
	all := blobs.Collection{Age: -time.Hour, Needed: asking(func(key string) bool { return key == needed.Key })}
	young := all
	young.Age = time.Hour
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

// testKeepSlowly has somebody collect while a blob is being kept that was put
// long before: what is needed is not asked until that is recorded.
func testKeepSlowly(t *testing.T, p Place) {
	s, other := p.Open(t), p.Open(t)
	info, err := s.Put(t.Context(), bytes.NewReader([]byte("kept slowly")), -1, blobs.Digests{})
	if err != nil {
		t.Fatal(err)
	}
	var recorded atomic.Bool
	asked, ended := make(chan struct{}), make(chan error, 1)
	err = s.Keep(t.Context(), info.Key, func() error {
		go func() {
			_, err := other.Collect(t.Context(), blobs.Collection{Age: -time.Hour, Needed: func(context.Context) (func(string) bool, error) {
				close(asked)
				known := recorded.Load()
				return func(string) bool { return known }, nil
			}})
			ended <- err
		}()
		select {
		case <-asked:
			t.Error("it was asked what is needed while that was being recorded")
		case <-time.After(50 * time.Millisecond):
		}
		recorded.Store(true)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(t.Context(), info.Key); err != nil {
		t.Errorf("it was kept, and is now: %v", err)
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
				if _, err := other.Collect(t.Context(), blobs.Collection{Needed: func(context.Context) (func(string) bool, error) {
					needed := snapshot()
					return func(k string) bool { return needed[k] }, nil
				}}); err != nil {
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
