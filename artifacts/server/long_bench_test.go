package server_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server"
	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// A reader asks for pages of the versions of one collection.
type reader struct {
	client *http.Client
	url    string
	key    string
	name   string // of the collection
}

const longQuery = `query Page($name: String!, $after: String, $first: Int) { project(name: "long") { artifactType(name: "model") { artifactCollection(name: $name) {
	artifacts(first: $first, after: $after, filters: "{\"state\":\"COMMITTED\"}") { totalCount pageInfo { endCursor hasNextPage } edges { version node {
		id description metadata tags { name } state size digest commitHash fileCount createdAt updatedAt aliases { alias artifactCollection { id } }
	} } } } } } }`

// page reads 50 versions behind a cursor and returns the next one.
func (r reader) page(b *testing.B, after string) (cursor string) {
	b.Helper()
	body, err := json.Marshal(map[string]any{"query": longQuery, "variables": map[string]any{"name": r.name, "first": 50, "after": after}})
	if err != nil {
		b.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, r.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	req.SetBasicAuth("api", r.key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := r.client.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || bytes.Count(text, []byte(`"version"`)) != 50 {
		b.Fatal(resp.StatusCode, err, string(text[:min(len(text), 300)]))
	}
	const mark = `"endCursor":"`
	rest := string(text[bytes.Index(text, []byte(mark))+len(mark):])
	return rest[:strings.IndexByte(rest, '"')]
}

// BenchmarkLongCollection asks for pages of 50 versions at the start, in the
// middle and at the end of a million, and in the middle of a thousand, in
// turns, in process and over HTTP. The ratios are of medians.
//
//	go test -run '^$' -bench LongCollection -benchtime 300x ./artifacts/server
func BenchmarkLongCollection(b *testing.B) {
	const long, short = 1_000_000, 1_000
	r := servertest.Start(b)
	began := time.Now()
	lists := map[string]int{"long": long, "short": short}
	for name, n := range lists {
		r.Repeat(b, versionOf(b, r, name), n-1)
	}
	loaded := time.Since(began)
	// Where the pages begin: cursors are found by walking, in pages of 1000.
	places := []struct {
		title, list string
		before      int // pages of 1000
	}{{"start", "long", 0}, {"middle", "long", long / 2000}, {"end", "long", long/1000 - 1}, {"of-1000", "short", 0}}
	for _, way := range []struct {
		name   string
		client *http.Client
		url    string
	}{{"in_process", &http.Client{Transport: r.Server.Transport()}, server.InternalURL}, {"over_HTTP", http.DefaultClient, r.URL}} {
		b.Run(way.name, func(b *testing.B) {
			cursors := make([]string, len(places))
			readers := make([]reader, len(places))
			for i, p := range places {
				readers[i] = reader{way.client, way.url, r.Key, p.list}
				cursors[i] = cursorAt(b, r, p.list, p.before*1000)
			}
			took := make([][]time.Duration, len(places))
			for b.Loop() {
				for i := range places {
					start := time.Now()
					readers[i].page(b, cursors[i])
					took[i] = append(took[i], time.Since(start))
				}
			}
			b.ReportMetric(0, "ns/op")
			var middle []float64
			for i, p := range places {
				slices.Sort(took[i])
				m := took[i][len(took[i])/2].Seconds() * 1000
				middle = append(middle, m)
				b.ReportMetric(m, p.title+"-ms")
			}
			b.ReportMetric(slices.Max(middle[:3])/slices.Min(middle[:3]), "slowest/fastest")
			b.ReportMetric(slices.Max(middle[:3])/middle[3], "slowest/of-1000")
			b.ReportMetric(loaded.Seconds(), "s-to-load")
		})
	}
}

// versionOf commits one version of a new collection, with metadata, tags and
// aliases as people have them, whose manifest is there, and says its id.
func versionOf(b *testing.B, r *servertest.Registry, collection string) int64 {
	b.Helper()
	ctx := context.Background()
	u, err := r.Metadata.UserByName(ctx, r.Username)
	if err != nil {
		b.Fatal(err)
	}
	if _, _, err := r.Metadata.EnsureProject(ctx, r.Username, "long"); err != nil {
		b.Fatal(err)
	}
	about := `{"epoch": 3, "loss": 0.25, "note": "nightly"}`
	const manifest = `{"version":1,"storagePolicy":"wandb-storage-policy-v1","storagePolicyConfig":{"storageLayout":"V2"},"contents":{}}`
	info, err := r.Blobs.Put(ctx, strings.NewReader(manifest), int64(len(manifest)), blobs.Digests{})
	if err != nil {
		b.Fatal(err)
	}
	a, err := r.Metadata.CreateArtifact(ctx, metadata.NewArtifact{
		Entity: r.Username, Project: "long", Type: "model", Sequence: collection, UserID: u.ID,
		Digest: "64e7a61456fe2b8ae5fc04a9d2d5e5ee", Metadata: &about, Aliases: []string{"latest"}, Tags: []string{"nightly"},
	})
	if err != nil {
		b.Fatal(err)
	}
	_, err = r.Metadata.CommitArtifact(ctx, metadata.Commit{ArtifactID: a.ID, ManifestKey: info.Key, ManifestSize: info.Size, ManifestDigest: base64MD5(manifest)})
	if err != nil {
		b.Fatal(err)
	}
	return a.ID
}

// cursorAt walks to a place in a collection and returns the cursor of it.
func cursorAt(b *testing.B, r *servertest.Registry, collection string, at int) string {
	b.Helper()
	ctx := context.Background()
	p, err := r.Metadata.Project(ctx, r.Username, "long")
	if err != nil {
		b.Fatal(err)
	}
	c, err := r.Metadata.Collection(ctx, p.ID, "", collection)
	if err != nil {
		b.Fatal(err)
	}
	after := ""
	filter, err := metadata.ParseFilter(`{"state":"COMMITTED"}`)
	if err != nil {
		b.Fatal(err)
	}
	for ; at > 0; at -= 1000 {
		page, err := r.Metadata.ListMemberships(ctx, c.ID, metadata.Page{First: 1000, After: after, Filter: filter})
		if err != nil {
			b.Fatal(err)
		}
		after = page.EndCursor()
	}
	return after
}

// BenchmarkCommit commits versions of 10,000 and of 100,000 files, all of them
// different, whose bytes have been uploaded: the manifest is read, the bytes
// of every entry are found and everything is written in one transaction.
// Besides the time per file it tells how far the heap rose.
//
//	go test -run '^$' -bench Commit -benchtime 1x ./artifacts/server
func BenchmarkCommit(b *testing.B) {
	perFile := map[int]float64{}
	for _, files := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(files, "_files"), func(b *testing.B) {
			r := servertest.Start(b)
			var took []time.Duration
			var rose uint64
			for b.Loop() {
				b.StopTimer()
				commit := pending(b, r, files)
				peak := watchHeap()
				start := time.Now()
				commit()
				took = append(took, time.Since(start))
				rose = max(rose, peak())
				b.StartTimer()
			}
			slices.Sort(took)
			m := took[len(took)/2]
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(m.Seconds()*1000, "ms")
			perFile[files] = m.Seconds() * 1e6 / float64(files)
			b.ReportMetric(perFile[files], "µs-per-file")
			b.ReportMetric(float64(rose)/(1<<20), "MiB-of-heap")
			if first, ok := perFile[10_000]; ok && files > 10_000 {
				b.ReportMetric(perFile[files]/first, "times-the-cost-per-file")
			}
		})
	}
}

// pending makes a version that only has to be committed.
func pending(b *testing.B, r *servertest.Registry, files int) (commit func()) {
	b.Helper()
	ctx := context.Background()
	u, err := r.Metadata.UserByName(ctx, r.Username)
	if err != nil {
		b.Fatal(err)
	}
	if _, _, err := r.Metadata.EnsureProject(ctx, r.Username, "long"); err != nil {
		b.Fatal(err)
	}
	type entry struct {
		Digest string `json:"digest"`
		Size   int    `json:"size"`
	}
	contents := make(map[string]entry, files)
	digests := make([]string, files)
	var texts []string
	for i := range files {
		// The paths are in the order that the digest wants.
		path, text := fmt.Sprintf("data/part-%04d/file-%06d.bin", i/100, i), fmt.Sprint("content ", i)
		digests[i] = base64MD5(text)
		texts = append(texts, path, text)
		contents[path] = entry{digests[i], 10}
	}
	a, err := r.Metadata.CreateArtifact(ctx, metadata.NewArtifact{
		Entity: r.Username, Project: "long", Type: "dataset", Sequence: "files", UserID: u.ID, Digest: versionDigest(texts...),
	})
	if err != nil {
		b.Fatal(err)
	}
	// As many uploads at a time as clients make.
	var next atomic.Int64
	failed := make(chan error, 64)
	for range cap(failed) {
		go func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= files {
					failed <- nil
					return
				}
				f := metadata.StoredFile{ArtifactID: a.ID, Digest: digests[i], MD5: digests[i], Key: strings.Repeat("0", 64), Size: 10}
				if err := r.Metadata.RecordFile(ctx, f); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	for range cap(failed) {
		if err := <-failed; err != nil {
			b.Fatal(err)
		}
	}
	text, err := json.Marshal(map[string]any{
		"version": 1, "storagePolicy": "wandb-storage-policy-v1", "storagePolicyConfig": map[string]any{"storageLayout": "V2"}, "contents": contents,
	})
	if err != nil {
		b.Fatal(err)
	}
	info, err := r.Blobs.Put(ctx, bytes.NewReader(text), int64(len(text)), blobs.Digests{})
	if err != nil {
		b.Fatal(err)
	}
	m, err := r.Metadata.CreateManifest(ctx, metadata.Manifest{ArtifactID: a.ID, Type: metadata.FullManifest, Name: "wandb_manifest.json", Digest: base64MD5(string(text))})
	if err != nil {
		b.Fatal(err)
	}
	if err := r.Metadata.SetManifestKey(ctx, m.ID, info.Key, info.Size); err != nil {
		b.Fatal(err)
	}
	id := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "Artifact:%d", a.ID))
	return func() {
		must(b, r.URL, r.Key, `mutation C($id: ID!) { commitArtifact(input: {artifactID: $id}) { artifact { id } } }`, map[string]any{"id": id})
	}
}

// watchHeap looks at the heap every few milliseconds until it is asked how far
// it rose.
func watchHeap() (rose func() uint64) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before := m.HeapAlloc
	stop, top := make(chan struct{}), make(chan uint64)
	go func() {
		highest := before
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			runtime.ReadMemStats(&m)
			highest = max(highest, m.HeapAlloc)
			select {
			case <-tick.C:
			case <-stop:
				top <- highest - before
				return
			}
		}
	}()
	return func() uint64 { close(stop); return <-top }
}
