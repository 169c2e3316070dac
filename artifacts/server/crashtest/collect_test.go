package crashtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/directory"
)

// collectVariable makes this program one that collects in a directory, over and
// over, until it is killed.
const collectVariable = "RELIQUARY_CRASH_TEST_COLLECT"

// atOnce collects whatever is deleted, without any time of grace, and gives up
// uploads after a moment: clients that gave up have left many, and what is
// deleted waits for them.
var atOnce = directory.CollectOptions{Retention: 1, BlobAge: 1, UploadAge: 3 * time.Second}

func collectForever(path string) error {
	d, err := directory.Open(context.Background(), path, directory.Options{})
	if err != nil {
		return err
	}
	for {
		if _, err := d.Collect(context.Background(), atOnce); err != nil {
			return err
		}
	}
}

// collector starts a process that collects.
func collector(t *testing.T, path string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe)
	c.Env = append(os.Environ(), collectVariable+"="+path)
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

const (
	collectUploads = 120
	collectKills   = 12
)

// TestCollect uploads versions that share files, and deletes every other one,
// while two processes collect without any time of grace and all of them are
// killed now and then. What was acknowledged and not deleted is there, byte by
// byte, and what was deleted is not, and leaves nothing behind.
func TestCollect(t *testing.T) {
	p := newProcess(t)
	p.start(t)
	l := &ledger{tried: map[string]version{}, acknowledged: map[string]bool{}, checked: map[string]bool{}}
	d := driver{url: p.url, key: p.key, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers + 1}}}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()

	collectors := []*exec.Cmd{collector(t, p.path), collector(t, p.path)}
	end := func(c *exec.Cmd) {
		c.Process.Kill()
		if err := c.Wait(); err == nil || c.ProcessState.Exited() {
			t.Errorf("a collector ended by itself: %v", err)
		}
	}
	var refused atomic.Int32
	var clients sync.WaitGroup
	next := make(chan int)
	for w := range workers {
		clients.Go(func() {
			r := rand.New(rand.NewPCG(5, uint64(w)))
			run := fmt.Sprint("run", w)
			if err := d.startRun(ctx, run); err != nil {
				t.Errorf("starting a run: %v", err)
			}
			for i := range next {
				// An upload that was given up is begun again, as its client is told.
				err := l.upload(ctx, d, run, newVersion(i), r)
				for errors.Is(err, errRefused) && refused.Add(1) < collectUploads {
					err = l.upload(ctx, d, run, newVersion(i), r)
				}
				if err != nil {
					t.Errorf("upload %d: %v", i, err)
				}
			}
		})
	}
	uploaded := make(chan struct{})
	go func() {
		defer close(uploaded)
		for i := range collectUploads {
			select {
			case next <- i:
			case <-ctx.Done():
			}
		}
		close(next)
		clients.Wait()
	}()
	deleted := 0
	var deleting sync.WaitGroup
	deleting.Go(func() {
		for last := false; !last && ctx.Err() == nil; {
			select {
			case <-uploaded:
				last = true
			default:
			}
			n, err := l.deleteOdd(ctx, d)
			if err != nil {
				t.Errorf("deleting: %v", err)
				return
			}
			deleted += n
		}
	})

	moments := rand.New(rand.NewPCG(6, *seed))
	for range collectKills {
		select {
		case <-uploaded:
		case <-time.After(time.Duration(50+moments.IntN(400)) * time.Millisecond):
		}
		if i := moments.IntN(3); i < len(collectors) {
			end(collectors[i])
			collectors[i] = collector(t, p.path)
		} else {
			p.kill(t)
			p.start(t)
		}
	}
	<-uploaded
	deleting.Wait()
	for _, c := range collectors {
		end(c)
	}
	left := l.read(ctx, t, d)
	p.kill(t)
	registry, err := directory.Open(t.Context(), p.path, directory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rest, err := registry.Collect(t.Context(), directory.CollectOptions{Retention: 1, BlobAge: 1, UploadAge: 1})
	if err != nil {
		t.Errorf("the last collection: %v", err)
	}
	if err := registry.Close(); err != nil {
		t.Error(err)
	}
	report := l.examine(t, p.path)
	if report.Versions != left || left != l.count() || deleted == 0 {
		t.Errorf("%d versions are left, %d acknowledged; doctor counts %d; %d were deleted", left, l.count(), report.Versions, deleted)
	}
	for _, problem := range report.Problems {
		if problem.Severity == directory.Note && report.FreeBytes > 0 {
			t.Errorf("after collecting: %s: %s", problem.Subject, problem.Message)
		}
	}
	t.Logf("%s", doctor(t, p.path))
	t.Logf("%d uploads, %d kills: %d deleted, %d left; %d uploads had to begin again; the last collection took %d versions, %d uploads and %d stored files", collectUploads, collectKills, deleted, left, refused.Load(), rest.Versions, rest.Uploads, rest.Blobs)
}

// deleteOdd deletes the versions with odd numbers that are acknowledged by now.
func (l *ledger) deleteOdd(ctx context.Context, d driver) (n int, err error) {
	for _, sequence := range sequences {
		versions, err := d.list(ctx, sequence)
		if err != nil {
			return n, err
		}
		for _, found := range versions {
			key := sequence + " " + found.Node.Digest
			l.mu.Lock()
			number, _ := strconv.Atoi(string(l.tried[key].files["number.txt"]))
			due := l.acknowledged[key] && number%2 == 1
			if due {
				delete(l.acknowledged, key)
			}
			l.mu.Unlock()
			if !due {
				continue
			}
			var out any
			if err := d.graphql(ctx, "DeleteArtifact", `mutation DeleteArtifact($id: ID!) { deleteArtifact(input: {artifactID: $id, deleteAliases: true}) { artifact { id } } }`,
				map[string]any{"id": found.Node.ID}, &out); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}
