package crashtest

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// twoVersions is how many versions are written; the whole is 2,000:
//
//	go test ./artifacts/server/crashtest -run TestTwoRegistries -versions 2000 -v
var twoVersions = flag.Int("versions", 200, "`number` of versions that two registries on one directory take")

const (
	twoWriters     = 8
	twoCollections = 20
)

// TestTwoRegistries has two processes serve one directory, and eight writers
// log to both at once, into the same collections: version numbers have neither
// gap nor duplicate, latest is the last one, and nothing is lost.
func TestTwoRegistries(t *testing.T) {
	p := newProcess(t)
	p.start(t)
	other := p.beside(t)
	other.start(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience+time.Duration(*twoVersions)*time.Second/2)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: twoWriters}}
	doors := []driver{{url: p.url, key: p.key, http: client}, {url: other.url, key: p.key, http: client}}
	versionOf := func(i int) version {
		return version{sequence: fmt.Sprintf("c%02d", i%twoCollections), files: map[string][]byte{"number.txt": []byte(fmt.Sprint(i)), "shared.txt": []byte("the same in all")}}
	}
	began := time.Now()
	var next atomic.Int64
	var writers sync.WaitGroup
	for w := range twoWriters {
		writers.Go(func() {
			r := rand.New(rand.NewPCG(7, uint64(w)))
			d, run := doors[w%2], fmt.Sprint("writer", w)
			if err := d.startRun(ctx, run); err != nil {
				t.Errorf("writer %d: %v", w, err)
				return
			}
			for i := int(next.Add(1)) - 1; i < *twoVersions; i = int(next.Add(1)) - 1 {
				if err := d.log(ctx, run, versionOf(i), r); err != nil {
					t.Errorf("version %d: %v", i, err)
					return
				}
			}
		})
	}
	writers.Wait()
	took := time.Since(began)

	for c := range twoCollections {
		sequence := versionOf(c).sequence
		want := map[string]version{}
		for i := c; i < *twoVersions; i += twoCollections {
			want[versionOf(i).digest()] = versionOf(i)
		}
		for _, d := range doors {
			versions, err := d.list(ctx, sequence)
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			for i, v := range versions { // newest first
				if number := fmt.Sprintf("v%d", len(versions)-1-i); v.Version != number {
					t.Errorf("%s: %s stands where %s should", sequence, v.Version, number)
				}
				if _, ok := want[v.Node.Digest]; !ok || seen[v.Node.Digest] {
					t.Errorf("%s:%s is a version that nobody logged, or twice", sequence, v.Version)
					continue
				}
				seen[v.Node.Digest] = true
				if err := d.compare(ctx, want[v.Node.Digest], v); err != nil {
					t.Errorf("%s:%s: %v", sequence, v.Version, err)
				}
			}
			if len(seen) != len(want) {
				t.Errorf("%s has %d of %d versions", sequence, len(seen), len(want))
			}
			latest, err := d.latest(ctx, sequence)
			if err != nil || latest != len(want)-1 {
				t.Errorf("latest of %s is v%d (%v), want v%d", sequence, latest, err, len(want)-1)
			}
		}
	}
	p.kill(t)
	other.kill(t)
	t.Logf("%s", doctor(t, p.path))
	t.Logf("%d versions into %d collections by %d writers through 2 processes in %s: %.0f a second", *twoVersions, twoCollections, twoWriters, took.Round(time.Millisecond), float64(*twoVersions)/took.Seconds())
}

// latest is the number of the version that latest names.
func (d driver) latest(ctx context.Context, sequence string) (int, error) {
	var out struct {
		Project struct {
			ArtifactCollection struct {
				ArtifactMembership struct{ VersionIndex int }
			}
		}
	}
	err := d.graphql(ctx, "Latest", `query Latest($name: String!) { project(name: "crash", entityName: "local") { artifactCollection(name: $name) { artifactMembership(aliasName: "latest") { versionIndex } } } }`,
		map[string]any{"name": sequence}, &out)
	return out.Project.ArtifactCollection.ArtifactMembership.VersionIndex, err
}
