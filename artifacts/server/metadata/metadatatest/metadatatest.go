// Package metadatatest is the suite that every implementation of
// metadata.Store must pass. It knows the interface and W&B's rules about
// versions, aliases and collections, and nothing of any implementation.
package metadatatest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// Run runs the suite. open returns a store that holds nothing and goes by a
// clock; the suite closes it, and asks its Check afterwards whether what the test left is whole.
func Run(t *testing.T, open func(t *testing.T, clock metadata.Clock) metadata.Store) {
	for _, group := range []struct {
		name  string
		tests map[string]func(*testing.T, *registry)
	}{
		{"Accounts", accountTests()},
		{"Projects", projectTests()},
		{"Runs", runTests()},
		{"Streams", streamTests()},
		{"Collections", collectionTests()},
		{"Create", createTests()},
		{"Commit", commitTests()},
		{"Versions", versionTests()},
		{"Aliases", aliasTests()},
		{"Links", linkTests()},
		{"Expiry", expiryTests()},
		{"Restore", restoreTests()},
		{"Moves", moveTests()},
		{"Protected", protectedTests()},
		{"Audit", auditTests()},
		{"Collect", collectTests()},
		{"Lineage", lineageTests()},
		{"Manifests", manifestTests()},
		{"Files", fileTests()},
		{"Filters", filterTests()},
		{"Pages", pageTests()},
		{"Names", nameTests()},
		{"Concurrency", concurrencyTests()},
		{"Endings", endingTests()},
	} {
		t.Run(group.name, func(t *testing.T) {
			for name, test := range group.tests {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					clock := &clock{}
					test(t, newRegistry(t, open(t, clock.now), clock))
				})
			}
		})
	}
}

// A registry is a store with a user, a project and a run in it, and the steps
// that many tests begin with.
type registry struct {
	metadata.Store
	clock   *clock
	t       *testing.T
	ctx     context.Context
	user    metadata.User
	project metadata.Project
	run     metadata.Run
	digests int
}

func newRegistry(t *testing.T, s metadata.Store, c *clock) *registry {
	t.Helper()
	r := &registry{Store: s, clock: c, t: t, ctx: t.Context()}
	t.Cleanup(func() {
		// The test's own context has ended by now.
		if err := s.Check(context.Background(), func(p string) { t.Errorf("after the test: %s", p) }); err != nil && metadata.KindOf(err) != metadata.KindUnavailable {
			t.Errorf("check after the test: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	var err error
	r.user, err = s.CreateUser(r.ctx, metadata.NewUser{Username: "ann", Email: "ann@example.com", Admin: true, KeySHA256: sha256.Sum256([]byte("ann's key"))})
	r.ok(err)
	r.run, _, err = s.UpsertRun(r.ctx, metadata.RunUpdate{Entity: "ann", Project: "vision", Name: "run1", UserID: r.user.ID})
	r.ok(err)
	r.project, err = s.Project(r.ctx, "ann", "vision")
	r.ok(err)
	return r
}

// A clock goes by the real one, and can be put forward.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// pass lets time go by.
func (c *clock) pass(d time.Duration) { c.ahead.Add(int64(d)) }

// ok ends the test when something failed that should not.
func (r *registry) ok(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// fails checks that an error has a kind and speaks of what it should.
func (r *registry) fails(err error, kind metadata.Kind, words ...string) {
	r.t.Helper()
	var e *metadata.Error
	switch {
	case err == nil:
		r.t.Fatalf("got no error, want %s", kind)
	case !errors.As(err, &e):
		r.t.Fatalf("got %T (%v), want *metadata.Error", err, err)
	case e.Kind != kind:
		r.t.Fatalf("got %s (%v), want %s", e.Kind, err, kind)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			r.t.Errorf("the message %q does not mention %q", err, w)
		}
	}
}

// An edit changes a request before it is sent.
type edit func(*metadata.NewArtifact)

// fresh is a request for a new version with content that nothing else has.
func (r *registry) fresh(sequence string, edits ...edit) metadata.NewArtifact {
	r.digests++
	n := metadata.NewArtifact{
		Entity: "ann", Project: "vision", Type: "dataset", Sequence: sequence, RunName: "run1", UserID: r.user.ID,
		Digest: fmt.Sprintf("%032x", r.digests),
	}
	for _, e := range edits {
		e(&n)
	}
	return n
}

// pending starts a version.
func (r *registry) pending(sequence string, edits ...edit) metadata.Artifact {
	r.t.Helper()
	a, err := r.CreateArtifact(r.ctx, r.fresh(sequence, edits...))
	r.ok(err)
	if a.State != metadata.Pending || a.VersionIndex != nil {
		r.t.Fatalf("a new version is %s with number %v, want PENDING without one", a.State, a.VersionIndex)
	}
	return a
}

// store records bytes that a version brought and returns their manifest entry.
func (r *registry) store(a metadata.Artifact, path, content string) metadata.File {
	r.t.Helper()
	f := metadata.StoredFile{ArtifactID: a.ID, Digest: digestOf(content), MD5: digestOf(content), Key: keyOf(content), Size: int64(len(content))}
	r.ok(r.RecordFile(r.ctx, f))
	return metadata.File{Path: path, Digest: f.Digest, Size: f.Size, BirthArtifactID: a.ID, Key: f.Key}
}

func keyOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// digestOf stands for a digest in a manifest, which stores do not look into.
func digestOf(content string) string { return "md5-" + keyOf(content)[:20] + "==" }

// finish commits a version with files.
func (r *registry) finish(a metadata.Artifact, files ...metadata.File) metadata.Artifact {
	r.t.Helper()
	a, err := r.CommitArtifact(r.ctx, commitOf(a, files...))
	r.ok(err)
	if a.State != metadata.Committed || a.VersionIndex == nil {
		r.t.Fatalf("a committed version is %s with number %v", a.State, a.VersionIndex)
	}
	return a
}

func commitOf(a metadata.Artifact, files ...metadata.File) metadata.Commit {
	manifest := fmt.Sprint("manifest of ", a.ID)
	return metadata.Commit{ArtifactID: a.ID, Files: files, ManifestKey: keyOf(manifest), ManifestSize: int64(len(manifest)), ManifestDigest: digestOf(manifest)}
}

// commit makes a whole version of one file.
func (r *registry) commit(sequence string, edits ...edit) metadata.Artifact {
	r.t.Helper()
	a := r.pending(sequence, edits...)
	return r.finish(a, r.store(a, "data.txt", fmt.Sprint("content ", a.ID)))
}

// collection finds a collection of the project.
func (r *registry) collection(name string) metadata.Collection {
	r.t.Helper()
	c, err := r.Collection(r.ctx, r.project.ID, "", name)
	r.ok(err)
	return c
}

// at resolves an alias or version, in the collection of that id and in that of
// its name, and returns the version's number, or -1.
func (r *registry) at(collectionID int64, alias string) int {
	r.t.Helper()
	m, err := r.Membership(r.ctx, collectionID, alias)
	c, cerr := r.CollectionByID(r.ctx, collectionID)
	r.ok(cerr)
	named, nerr := r.MembershipByName(r.ctx, c.ProjectID, c.Name, alias)
	same(r.t, "the version by its collection's name", named, m)
	if metadata.KindOf(nerr) != metadata.KindOf(err) {
		r.t.Errorf("%q is %v by the collection's id, and by its name %v", alias, err, nerr)
	}
	if metadata.IsNotFound(err) {
		return -1
	}
	r.ok(err)
	return m.VersionIndex
}

// same compares what was got with what is wanted.
func same[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// walk reads a list page by page to its end.
func walk[T any](t *testing.T, first int, page func(metadata.Page) (metadata.Connection[T], error), p metadata.Page) []T {
	t.Helper()
	var items []T
	p.First = first
	for range 10_000 {
		c, err := page(p)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Edges) > first {
			t.Fatalf("a page of %d has %d items", first, len(c.Edges))
		}
		for _, e := range c.Edges {
			items = append(items, e.Node)
		}
		if !c.HasNextPage {
			return items
		}
		if len(c.Edges) == 0 {
			t.Fatal("an empty page says that there is another one")
		}
		p.After = c.EndCursor()
	}
	t.Fatal("the list does not end")
	return nil
}

// texts picks a text out of each item.
func texts[T any](items []T, pick func(T) string) string {
	words := make([]string, len(items))
	for i, item := range items {
		words[i] = pick(item)
	}
	return strings.Join(words, " ")
}

func versionOf(m metadata.Membership) string { return fmt.Sprint("v", m.VersionIndex) }

func ptr[T any](v T) *T { return &v }
