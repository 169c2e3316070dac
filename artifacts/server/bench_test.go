package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// pageQuery asks what clients ask of a page of versions.
const pageQuery = `query Page($after: String, $first: Int) { project(name: "bench") { artifactType(name: "dataset") { artifactCollection(name: "c") {
	artifacts(first: $first, after: $after, filters: "{\"state\":\"COMMITTED\"}") { totalCount pageInfo { __typename endCursor hasNextPage } edges { version node {
		__typename id artifactSequence { __typename name project { id internalId name entity { name } } } versionIndex artifactType { name } description metadata
		ttlDurationSeconds ttlIsInherited tags { __typename id name } historyStep state size digest commitHash fileCount createdAt updatedAt
		aliases { __typename id alias artifactCollection { __typename name project { id internalId name entity { name } } } }
	} } } } } } }`

// seed commits versions without files straight into the metadata.
func seed(tb testing.TB, r *servertest.Registry, n int) {
	tb.Helper()
	ctx := context.Background()
	u, err := r.Metadata.UserByName(ctx, r.Username)
	if err != nil {
		tb.Fatal(err)
	}
	if _, _, err := r.Metadata.EnsureProject(ctx, r.Username, "bench"); err != nil {
		tb.Fatal(err)
	}
	text := `{"epoch": 3}`
	for i := range n {
		a, err := r.Metadata.CreateArtifact(ctx, metadata.NewArtifact{
			Entity: r.Username, Project: "bench", Type: "dataset", Sequence: "c", UserID: u.ID,
			Digest: fmt.Sprintf("%032x", i), Metadata: &text, Aliases: []string{fmt.Sprintf("a%d", i)}, Tags: []string{"t1", "t2"},
		})
		if err != nil {
			tb.Fatal(err)
		}
		_, err = r.Metadata.CommitArtifact(ctx, metadata.Commit{
			ArtifactID: a.ID, ManifestKey: strings.Repeat("0", 64), ManifestSize: 1, ManifestDigest: base64MD5(""),
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
}

// counting counts the calls of those methods that a page of versions needs.
type counting struct {
	metadata.Store
	calls *atomic.Int64
}

func (c counting) AliasesOf(ctx context.Context, ids []int64) (map[int64][]metadata.Alias, error) {
	c.calls.Add(1)
	return c.Store.AliasesOf(ctx, ids)
}

func (c counting) ArtifactTags(ctx context.Context, ids []int64) (map[int64][]metadata.Tag, error) {
	c.calls.Add(1)
	return c.Store.ArtifactTags(ctx, ids)
}

func (c counting) MembershipsOf(ctx context.Context, ids []int64) (map[int64][]metadata.Membership, error) {
	c.calls.Add(1)
	return c.Store.MembershipsOf(ctx, ids)
}

func (c counting) RunsByID(ctx context.Context, ids []int64) ([]metadata.Run, error) {
	c.calls.Add(1)
	return c.Store.RunsByID(ctx, ids)
}

func (c counting) UsersByID(ctx context.Context, ids []int64) ([]metadata.User, error) {
	c.calls.Add(1)
	return c.Store.UsersByID(ctx, ids)
}

func (c counting) CollectionsByID(ctx context.Context, ids []int64) ([]metadata.Collection, error) {
	c.calls.Add(1)
	return c.Store.CollectionsByID(ctx, ids)
}

func (c counting) CountMemberships(ctx context.Context, id int64, f *metadata.Filter) (int, error) {
	c.calls.Add(1)
	return c.Store.CountMemberships(ctx, id, f)
}

func (c counting) ListMemberships(ctx context.Context, id int64, p metadata.Page) (metadata.Connection[metadata.Membership], error) {
	c.calls.Add(1)
	return c.Store.ListMemberships(ctx, id, p)
}

func (c counting) CollectionByID(ctx context.Context, id int64) (metadata.Collection, error) {
	c.calls.Add(1)
	return c.Store.CollectionByID(ctx, id)
}

func (c counting) ProjectByID(ctx context.Context, id int64) (metadata.Project, error) {
	c.calls.Add(1)
	return c.Store.ProjectByID(ctx, id)
}

// A page costs the same questions whether it holds two versions or fifty, and
// what is not selected is not asked.
func TestPageIsNotAskedPerVersion(t *testing.T) {
	var calls atomic.Int64
	r := servertest.Start(t, servertest.WithOptions(func(o *server.Options) { o.Metadata = counting{o.Metadata, &calls} }))
	seed(t, r, 50)
	count := func(query string, first int) int64 {
		calls.Store(0)
		must(t, r.URL, r.Key, query, map[string]any{"first": first})
		return calls.Load()
	}
	if n := count(pageQuery, 50); n != 4 { // the page, its length, aliases, tags
		t.Errorf("a page of 50 asked the store %d times, want 4", n)
	}
	if n := count(pageQuery, 2); n != 4 {
		t.Errorf("a page of 2 asked the store %d times, want 4", n)
	}
	const more = `query More($first: Int) { project(name: "bench") { artifactCollection(name: "c") { artifacts(first: $first) { edges { node {
		createdBy { ... on User { username } ... on Run { name } } artifactSequence { description createdAt } artifactMemberships { edges { node { versionIndex } } } } } } } } }`
	if n := count(more, 50); n != 4 { // the page, users, sequences, memberships
		t.Errorf("the other things about 50 versions asked the store %d times, want 4", n)
	}
	if n := count(`query Count { project(name: "bench") { artifactCollection(name: "c") { artifacts { totalCount } } } }`, 50); n != 1 {
		t.Errorf("the length alone asked the store %d times, want once", n)
	}
	if n := count(`query Names($first: Int) { project(name: "bench") { artifactCollection(name: "c") { artifacts(first: $first) { edges { version } } } } }`, 50); n != 1 {
		t.Errorf("the versions alone asked the store %d times, want once", n)
	}
}

// BenchmarkPage asks for a page of 50 versions with everything that clients
// select: what an operation costs the server, in process and over HTTP.
func BenchmarkPage(b *testing.B) {
	r := servertest.Start(b)
	seed(b, r, 50)
	body, err := json.Marshal(map[string]any{"query": pageQuery, "variables": map[string]any{"first": 50}})
	if err != nil {
		b.Fatal(err)
	}
	for _, way := range []struct {
		name   string
		client *http.Client
		url    string
	}{{"in_process", &http.Client{Transport: r.Server.Transport()}, server.InternalURL}, {"over_HTTP", http.DefaultClient, r.URL}} {
		b.Run(way.name, func(b *testing.B) {
			var size int64
			b.ReportAllocs()
			for b.Loop() {
				req, err := http.NewRequest(http.MethodPost, way.url+"/graphql", strings.NewReader(string(body)))
				if err != nil {
					b.Fatal(err)
				}
				req.SetBasicAuth("api", r.Key)
				req.Header.Set("Content-Type", "application/json")
				resp, err := way.client.Do(req)
				if err != nil {
					b.Fatal(err)
				}
				size, err = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if err != nil || resp.StatusCode != http.StatusOK {
					b.Fatal(resp.StatusCode, err)
				}
			}
			b.ReportMetric(float64(size), "B/answer")
		})
	}
}

// BenchmarkFileAddresses asks for a page of 5000 files with their addresses,
// as every download does.
func BenchmarkFileAddresses(b *testing.B) {
	r := servertest.Start(b)
	ctx := context.Background()
	seed(b, r, 0)
	u, err := r.Metadata.UserByName(ctx, r.Username)
	if err != nil {
		b.Fatal(err)
	}
	a, err := r.Metadata.CreateArtifact(ctx, metadata.NewArtifact{Entity: r.Username, Project: "bench", Type: "dataset", Sequence: "files", UserID: u.ID, Digest: "d"})
	if err != nil {
		b.Fatal(err)
	}
	files := make([]metadata.File, 5000)
	for i := range files {
		files[i] = metadata.File{Path: fmt.Sprintf("dir/file%05d.bin", i), Digest: base64MD5("x"), Key: strings.Repeat("0", 64), Size: 1}
	}
	if err := r.Metadata.RecordFile(ctx, metadata.StoredFile{ArtifactID: a.ID, Digest: base64MD5("x"), MD5: base64MD5("x"), Key: strings.Repeat("0", 64), Size: 1}); err != nil {
		b.Fatal(err)
	}
	if _, err := r.Metadata.CommitArtifact(ctx, metadata.Commit{ArtifactID: a.ID, Files: files, ManifestKey: strings.Repeat("0", 64), ManifestSize: 1, ManifestDigest: base64MD5("")}); err != nil {
		b.Fatal(err)
	}
	client := &http.Client{Transport: r.Server.Transport()}
	body := `{"query":"query U { project(name: \"bench\") { artifactCollection(name: \"files\") { artifactMembership(aliasName: \"v0\") { files(first: 5000) { pageInfo { endCursor hasNextPage } edges { node { __typename name directUrl } } } } } } }"}`
	b.ReportAllocs()
	for b.Loop() {
		req, err := http.NewRequest(http.MethodPost, server.InternalURL+"/graphql", strings.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		req.SetBasicAuth("api", r.Key)
		req.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if err != nil || n < 1<<20 {
			b.Fatal(n, err)
		}
	}
}
