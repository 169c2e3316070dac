package crashtest

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/directory"
)

const (
	uploads = 200
	kills   = 16
	workers = 4
	// patience is how long all of it may take on a busy machine.
	patience = 8 * time.Minute
)

// seed chooses the moments. The same seed does not give the same run, as the
// processes' own timing is part of it.
var seed = flag.Uint64("seed", 4, "`number` that chooses the moments of the kills")

// sequences are what the versions are logged to.
var sequences = []string{"images", "labels", "weights"}

// A ledger knows what was ever tried, and what was acknowledged.
type ledger struct {
	mu           sync.Mutex
	tried        map[string]version // by sequence and digest
	acknowledged map[string]bool
	checked      map[string]bool // ids of versions whose bytes were compared
}

func (v version) key() string { return v.sequence + " " + v.digest() }

func (l *ledger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acknowledged)
}

// newVersion makes up version i: a few files of all sizes, some of which other
// versions have too, and now and then one that is sent in parts.
func newVersion(i int) version {
	r := rand.New(rand.NewPCG(1, uint64(i)))
	v := version{sequence: sequences[i%len(sequences)], together: i%2 == 1, files: map[string][]byte{"number.txt": []byte(fmt.Sprint(i))}}
	for j := range 1 + r.IntN(3) {
		v.files[fmt.Sprintf("data/%d.bin", j)] = random(r, r.IntN(200_000))
	}
	v.files["shared.bin"] = random(rand.New(rand.NewPCG(2, uint64(i/4))), 50_000)
	if i%7 == 0 {
		v.files["empty"] = nil
	}
	if i%3 == 0 {
		v.parts = 2 + r.IntN(4)
	}
	return v
}

func random(r *rand.Rand, n int) []byte {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], r.Uint64())
	b := make([]byte, n)
	rand.NewChaCha8(key).Read(b)
	return b
}

// TestKill is the promise of the registry: a server that is killed at any
// moment has, after it is started again, every version that it acknowledged,
// and none of which a part is missing.
func TestKill(t *testing.T) {
	p := newProcess(t)
	p.start(t)
	l := &ledger{tried: map[string]version{}, acknowledged: map[string]bool{}, checked: map[string]bool{}}
	d := driver{url: p.url, key: p.key, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers}}}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()

	var clients sync.WaitGroup
	next := make(chan int)
	for w := range workers {
		clients.Go(func() {
			r := rand.New(rand.NewPCG(3, uint64(w)))
			run := fmt.Sprint("run", w)
			if err := d.startRun(ctx, run); err != nil {
				t.Errorf("starting a run: %v", err)
			}
			for i := range next {
				if err := l.upload(ctx, d, run, newVersion(i), r); err != nil {
					t.Errorf("upload %d: %v", i, err)
				}
			}
		})
	}
	go func() {
		defer close(next)
		for i := range uploads {
			select {
			case next <- i:
			case <-ctx.Done():
				return
			}
		}
	}()

	moments := rand.New(rand.NewPCG(4, *seed))
	for k := range kills {
		for l.count() < (k+1)*uploads/(kills+2) && ctx.Err() == nil && !t.Failed() {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Duration(moments.IntN(60_000)) * time.Microsecond)
		p.kill(t)
		l.examine(t, p.path)
		p.start(t)
		l.read(ctx, t, d)
	}
	clients.Wait()
	if n := l.count(); n != uploads {
		t.Errorf("%d versions were acknowledged, want %d", n, uploads)
	}
	versions := l.read(ctx, t, d)
	p.kill(t)
	report := l.examine(t, p.path)
	if report.Versions != versions {
		t.Errorf("doctor counts %d versions, the server lists %d", report.Versions, versions)
	}
	t.Logf("reliquary doctor --deep\n%s", doctor(t, p.path))
	t.Logf("%d uploads, %d kills: %d versions, %d files, %d stored files, %d notes", uploads, kills+1, report.Versions, report.Files, report.Blobs, report.Notes())
}

// upload logs a version as a client that gives up now and then and is started
// again by its user: what it had begun stays behind.
func (l *ledger) upload(ctx context.Context, d driver, run string, v version, r *rand.Rand) error {
	l.mu.Lock()
	l.tried[v.key()] = v
	l.mu.Unlock()
	for {
		try, cancel := ctx, context.CancelFunc(func() {})
		if r.IntN(4) == 0 {
			try, cancel = context.WithTimeout(ctx, time.Duration(5+r.IntN(50))*time.Millisecond)
		}
		err := d.log(try, run, v, r)
		gaveUp := try.Err() != nil && ctx.Err() == nil
		cancel()
		if err == nil {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.acknowledged[v.key()] = true
			return nil
		}
		if !gaveUp || errors.Is(err, errRefused) {
			return err
		}
	}
}

// examine asks the doctor about a registry that nobody serves.
func (l *ledger) examine(t *testing.T, path string) directory.Report {
	t.Helper()
	report, err := directory.Check(t.Context(), path, directory.CheckOptions{Deep: true})
	if err != nil {
		t.Fatalf("doctor: %v", err)
	}
	for _, p := range report.Problems {
		if p.Severity == directory.Error {
			t.Errorf("doctor: %s: %s", p.Subject, p.Message)
		}
	}
	return report
}

// read asks the server for everything that it lists and compares it, byte by
// byte, with what was sent. It returns the number of versions.
func (l *ledger) read(ctx context.Context, t *testing.T, d driver) int {
	t.Helper()
	l.mu.Lock()
	due := map[string]bool{} // acknowledged before the server was asked
	for key := range l.acknowledged {
		due[key] = true
	}
	l.mu.Unlock()
	n := 0
	for _, sequence := range sequences {
		versions, err := d.list(ctx, sequence)
		if err != nil {
			t.Fatalf("listing %s: %v", sequence, err)
		}
		for _, found := range versions {
			n++
			key := sequence + " " + found.Node.Digest
			delete(due, key)
			if l.checked[found.Node.ID] {
				continue
			}
			l.checked[found.Node.ID] = true
			l.mu.Lock()
			v, ok := l.tried[key]
			l.mu.Unlock()
			if !ok {
				t.Errorf("%s:%s has the digest %s, which nobody sent", sequence, found.Version, found.Node.Digest)
				continue
			}
			if err := d.compare(ctx, v, found); err != nil {
				t.Errorf("%s:%s: %v", sequence, found.Version, err)
			}
		}
	}
	for key := range due {
		t.Errorf("%s was acknowledged and is not there", key)
	}
	return n
}

// compare downloads a version.
func (d driver) compare(ctx context.Context, want version, got listed) error {
	if got.Node.State != "COMMITTED" || got.Node.FileCount != len(want.files) || len(got.Node.Files.Edges) != len(want.files) || got.Node.CurrentManifest == nil {
		return fmt.Errorf("it is %+v, but should have %d files", got.Node, len(want.files))
	}
	b, _, err := d.send(ctx, "GET", got.Node.CurrentManifest.File.DirectURL, nil, nil)
	if err != nil {
		return err
	}
	var manifest struct {
		Contents map[string]struct{ Digest string }
	}
	if err := json.Unmarshal(b, &manifest); err != nil || len(manifest.Contents) != len(want.files) {
		return fmt.Errorf("its manifest has %d entries, %v", len(manifest.Contents), err)
	}
	for _, e := range got.Node.Files.Edges {
		expected, ok := want.files[e.Node.Name]
		if !ok {
			return fmt.Errorf("it has the file %q", e.Node.Name)
		}
		b, _, err := d.send(ctx, "GET", e.Node.DirectURL, nil, nil)
		if err != nil {
			return err
		}
		if !bytes.Equal(b, expected) || manifest.Contents[e.Node.Name].Digest != md5Base64(b) {
			return fmt.Errorf("%s has %d bytes, which are not the %d that were sent", e.Node.Name, len(b), len(expected))
		}
	}
	return nil
}
