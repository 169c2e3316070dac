package dir_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/blobs/blobstest"
	"github.com/reliquary/reliquary/artifacts/server/blobs/dir"
)

// TestKill kills a writing process at random moments. Whatever it had said to
// be stored is whole; nothing else is there in part; an upload it was in the
// middle of can be finished by bringing its parts again; and what it left
// lying can be collected and was in nobody's way.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "blobs")
	s := open(t, path)
	random := rand.New(rand.NewPCG(20, 26))
	stored := map[string]bool{}
	resumed, torn := 0, 0
	for round := range 12 {
		uploads := killed(t, path, round, stored, time.Duration(random.IntN(200))*time.Millisecond)
		torn += len(names(t, filepath.Join(path, "tmp")))
		for id, n := range uploads {
			b := content(n)
			if left := names(t, filepath.Join(path, "uploads", id)); slices.Contains(left, "result") {
				continue
			} else if slices.Contains(left, "joined") {
				resumed++
			}
			info, err := upload(s, id, b)
			if err != nil || info.Key != blobstest.SHA256(b) {
				t.Errorf("finishing the upload of a killed process: %+v, %v", info, err)
			}
			stored[info.Key] = true
		}
	}
	t.Logf("%d blobs stored, %d uploads resumed in the middle of joining", len(stored), resumed)
	if resumed == 0 || torn == 0 {
		t.Errorf("no kill hit a put (%d) or a join (%d): the test shows nothing", torn, resumed)
	}

	for key := range stored {
		if err := s.Verify(t.Context(), key); err != nil {
			t.Errorf("a blob that was reported as stored: %v", err)
		}
	}
	for info, err := range s.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Verify(t.Context(), info.Key); err != nil {
			t.Errorf("a blob that is there: %v", err)
		}
	}

	later, err := dir.Open(path, dir.Options{Clock: func() time.Time { return time.Now().Add(9 * 24 * time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := later.CollectStale(t.Context(), dir.Ages{}); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"tmp", "uploads"} {
		if left := names(t, filepath.Join(path, folder)); len(left) > 0 {
			t.Errorf("after collecting, %s still has %v", folder, left)
		}
	}
	for key := range stored {
		if _, err := s.Stat(t.Context(), key); err != nil {
			t.Errorf("after collecting: %v", err)
		}
	}
}

// killed runs a writer and kills it some time after it has stored something
// (a slow machine would show nothing otherwise). It returns the uploads begun.
func killed(t *testing.T, path string, round int, stored map[string]bool, after time.Duration) map[string]int {
	t.Helper()
	c := child(t, "put", path, round)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	uploads := map[string]int{}
	var kill *time.Timer
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var key, id string
		var n int
		if _, err := fmt.Sscanf(lines.Text(), "stored %s", &key); err == nil {
			stored[key] = true
			if kill == nil {
				kill = time.AfterFunc(after, func() { c.Process.Kill() })
			}
		} else if _, err := fmt.Sscanf(lines.Text(), "upload %s %d", &id, &n); err == nil {
			uploads[id] = n
		} else {
			t.Errorf("the child says %q", lines.Text())
		}
	}
	if err := c.Wait(); err == nil || c.ProcessState.Exited() {
		t.Fatalf("the child ended by itself: %v", err)
	}
	return uploads
}

// TestCollectLive leaves alone what is in use, however old it looks.
func TestCollectLive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "blobs")
	s := open(t, path)
	later, err := dir.Open(path, dir.Options{Clock: func() time.Time { return time.Now().Add(1000 * time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	reading := make(chan struct{})
	goOn := make(chan struct{})
	b := blobstest.Bytes(1, 1000)
	done := make(chan error, 1)
	go func() {
		_, err := s.Put(t.Context(), &gated{b: b, reading: reading, goOn: goOn}, 1000, blobs.Digests{SHA256: blobstest.SHA256(b)})
		done <- err
	}()
	<-reading
	for _, collect := range []func() ([]dir.Leftover, error){
		func() ([]dir.Leftover, error) { return later.Leftovers(t.Context(), dir.Ages{}) },
		func() ([]dir.Leftover, error) { return later.CollectStale(t.Context(), dir.Ages{}) },
	} {
		if found, err := collect(); err != nil || len(found) != 0 {
			t.Errorf("a file in use is a leftover: %v, %v", found, err)
		}
	}
	close(goOn)
	if err := <-done; err != nil {
		t.Errorf("Put: %v", err)
	}

	// What is young is left alone too, and what is listed is not removed.
	id, err := s.CreateUpload(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if found, err := s.CollectStale(t.Context(), dir.Ages{}); err != nil || len(found) != 0 {
		t.Errorf("a new upload is a leftover: %v, %v", found, err)
	}
	if found, err := later.Leftovers(t.Context(), dir.Ages{}); err != nil || len(found) != 1 || !found[0].Upload {
		t.Errorf("got the leftovers %v, %v; want the upload", found, err)
	}
	if _, err := upload(s, id, b); err != nil {
		t.Errorf("an upload that was listed: %v", err)
	}
	if found, err := later.CollectStale(t.Context(), dir.Ages{}); err != nil || len(found) != 1 {
		t.Errorf("collected %v, %v; want the finished upload", found, err)
	}
	if _, err := upload(s, id, b); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("a collected upload: got %v, want %v", err, blobs.ErrNotFound)
	}
	if err := s.Verify(t.Context(), blobstest.SHA256(b)); err != nil {
		t.Errorf("what the upload became: %v", err)
	}
}

// gated says that it is read, and then waits.
type gated struct {
	b             []byte
	reading, goOn chan struct{}
	begun         bool
}

func (g *gated) Read(p []byte) (int, error) {
	if !g.begun {
		g.begun = true
		close(g.reading)
		<-g.goOn
		return copy(p, g.b), nil
	}
	return 0, io.EOF
}
