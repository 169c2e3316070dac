package dir

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/blobs/blobstest"
)

// TestRounds: whoever waits for a sync waits for one that began afterwards, and
// those who wait at the same time wait for the same one.
func TestRounds(t *testing.T) {
	var r rounds
	var written, runs atomic.Int64
	refused := errors.New("the disk failed")
	sync1 := func(seen *atomic.Int64) func() error {
		return func() error {
			runs.Add(1)
			seen.Store(written.Load())
			return nil
		}
	}
	const writers, each = 8, 200
	var seen atomic.Int64 // by the last sync
	var tasks sync.WaitGroup
	for range writers {
		tasks.Go(func() {
			for range each {
				mine := written.Add(1)
				if err := r.join(sync1(&seen)); err != nil {
					t.Error(err)
				}
				if got := seen.Load(); got < mine {
					t.Errorf("write %d was acknowledged after a sync of the first %d", mine, got)
				}
			}
		})
	}
	tasks.Wait()
	if n := runs.Load(); n > writers*each {
		t.Errorf("%d syncs of %d writes", n, writers*each)
	}

	// One is under way. The two that come meanwhile share the next, and its error.
	begun, goOn := make(chan struct{}), make(chan struct{})
	first := make(chan error, 1)
	go func() {
		first <- r.join(func() error {
			close(begun)
			<-goOn
			return nil
		})
	}()
	<-begun
	later := make(chan error, 2)
	shared := 0
	for range 2 {
		go func() {
			later <- r.join(func() error {
				shared++
				return refused
			})
		}()
	}
	for { // until somebody waits for the next
		r.mu.Lock()
		waiting := r.next != nil
		r.mu.Unlock()
		if waiting {
			break
		}
	}
	close(goOn)
	if err := <-first; err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := <-later; !errors.Is(err, refused) {
			t.Errorf("got the error %v", err)
		}
	}
	if shared < 1 || shared > 2 { // the second may have come after the first had begun
		t.Errorf("%d syncs", shared)
	}
}

// TestPutMany_Alone stores the same way where a whole file system cannot be
// waited for, and where that has become slow.
func TestPutMany_Alone(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "blobs"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	together := 0
	s.sys.syncAll = func(*os.File) error { together++; return nil }
	put := func(seed uint64) {
		t.Helper()
		pieces := []*blobs.Piece{{Data: blobstest.Bytes(seed, 1000)}, {Data: blobstest.Bytes(seed+1, 10)}}
		s.PutMany(t.Context(), pieces)
		for _, p := range pieces {
			if p.Err != nil {
				t.Error(p.Err)
			} else if err := s.Verify(t.Context(), p.Info.Key); err != nil {
				t.Error(err)
			}
		}
	}
	put(1)
	if together != 2 { // for the bytes and for the names
		t.Errorf("%d syncs of the file system", together)
	}
	s.rounds.loneUntil.Store(1 << 62)
	put(3)
	s.rounds.loneUntil.Store(0)
	s.sys.syncAll = nil
	put(5)
	if together != 2 {
		t.Errorf("%d syncs of the file system", together)
	}
}
