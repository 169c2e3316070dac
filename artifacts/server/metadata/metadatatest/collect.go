package metadatatest

import (
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// week is how long what was deleted can be restored in these tests.
const week = 7 * 24 * time.Hour

// retention is what has become old enough by now.
func (r *registry) retention() metadata.Retention {
	now := r.clock.now()
	return metadata.Retention{Deleted: now.Add(-week), Uploads: now.Add(-week - 24*time.Hour), Audit: now.Add(-50 * week)}
}

// keys are the contents that are needed, of those named.
func (r *registry) keys(contents ...string) map[string]bool {
	r.t.Helper()
	found, named := map[string]bool{}, map[string]string{}
	for _, c := range contents {
		named[keyOf(c)] = c
	}
	r.ok(r.Keys(r.ctx, func(key string, _ int64) error {
		if c, ok := named[key]; ok {
			found[c] = true
		}
		return nil
	}))
	return found
}

// collect collects, after it has seen that what was said in advance is so.
func (r *registry) collect() metadata.Collected {
	r.t.Helper()
	ret := r.retention()
	want, err := r.Collectable(r.ctx, ret)
	r.ok(err)
	after := map[string]bool{}
	r.ok(r.KeysAfter(r.ctx, ret, func(key string, _ int64) error {
		after[key] = true
		return nil
	}))
	got, err := r.Collect(r.ctx, ret)
	r.ok(err)
	want.AuditEntries, got.AuditEntries = 0, 0 // collecting adds some
	same(r.t, "collected", got, want)
	left := map[string]bool{}
	r.ok(r.Keys(r.ctx, func(key string, _ int64) error {
		left[key] = true
		return nil
	}))
	same(r.t, "keys afterwards", left, after)
	return got
}

func collectTests() map[string]func(*testing.T, *registry) {
	return map[string]func(*testing.T, *registry){
		"after the time of grace": func(t *testing.T, r *registry) {
			a := r.pending("train")
			a = r.finish(a, r.store(a, "f", "deleted"))
			r.commit("train")
			r.delete(a)
			d := r.deletions()[0]
			same(t, "at once", r.collect(), metadata.Collected{})
			r.clock.pass(week + time.Hour)
			same(t, "a week later", r.collect(), metadata.Collected{Versions: 1})
			same(t, "keys", r.keys("deleted"), map[string]bool{})
			same(t, "listed", len(r.deletions()), 0)
			_, err := r.Restore(r.ctx, metadata.Restore{DeletionID: d.ID})
			r.fails(err, metadata.KindNotFound, "train:v0", "collected")
			next := r.commit("train")
			same(t, "its number is not given again", *next.VersionIndex, 2)
			same(t, "again", r.collect(), metadata.Collected{})
		},
		"bytes that others list outlive the version that brought them": func(t *testing.T, r *registry) {
			a := r.pending("train")
			shared := r.store(a, "shared", "shared")
			a = r.finish(a, shared, r.store(a, "own", "own"))
			b := r.pending("test")
			b = r.finish(b, metadata.File{Path: "copy", Digest: shared.Digest, BirthArtifactID: a.ID})
			r.delete(a)
			r.clock.pass(week + time.Hour)
			r.collect()
			same(t, "keys", r.keys("shared", "own"), map[string]bool{"shared": true})
			files, err := r.ListFiles(r.ctx, b.ID, metadata.FileOptions{})
			r.ok(err)
			same(t, "files", files.Edges[0].Node.Key, shared.Key)
			// The last that lists them takes them along.
			r.delete(b)
			r.clock.pass(week + time.Hour)
			r.collect()
			same(t, "keys", r.keys("shared", "own"), map[string]bool{})
		},
		"a collection": func(t *testing.T, r *registry) {
			a := r.commit("train")
			r.commit("train")
			_, err := r.DeleteCollection(r.ctx, a.SequenceID)
			r.ok(err)
			r.clock.pass(week + time.Hour)
			same(t, "collected", r.collect(), metadata.Collected{Collections: 1, Versions: 2})
		},
		"uploads that came to nothing": func(t *testing.T, r *registry) {
			a := r.pending("train")
			r.store(a, "f", "given up")
			m, err := r.CreateManifest(r.ctx, metadata.Manifest{ArtifactID: a.ID, Type: metadata.FullManifest, Name: "m", Digest: "d"})
			r.ok(err)
			r.ok(r.SetManifestKey(r.ctx, m.ID, keyOf("its manifest"), 5))
			r.clock.pass(week)
			same(t, "after a week", r.collect(), metadata.Collected{})
			r.clock.pass(25 * time.Hour)
			same(t, "later", r.collect(), metadata.Collected{Uploads: 1})
			same(t, "keys", r.keys("given up", "its manifest"), map[string]bool{})
			_, err = r.CommitArtifact(r.ctx, commitOf(a))
			r.fails(err, metadata.KindNotFound, "deleted")
		},
		"not while an upload may count on it": func(t *testing.T, r *registry) {
			a := r.pending("train")
			f := r.store(a, "f", "offered")
			a = r.finish(a, f)
			r.clock.pass(time.Second)
			b := r.pending("test") // is told that the bytes of f are there
			r.clock.pass(time.Second)
			r.delete(a)
			r.clock.pass(week + time.Hour)
			got, err := r.CreateArtifact(r.ctx, metadata.NewArtifact{Entity: "ann", Project: "vision", Type: "dataset", Sequence: "other", Digest: "later"})
			r.ok(err) // is not
			r.clock.pass(time.Second)
			// b is as good as dead a day from now, not yet.
			same(t, "meanwhile", r.collect(), metadata.Collected{Waiting: 1})
			r.finish(b, metadata.File{Path: "f", Digest: f.Digest, BirthArtifactID: a.ID})
			same(t, "afterwards", r.collect(), metadata.Collected{Versions: 1})
			same(t, "keys", r.keys("offered"), map[string]bool{"offered": true})
			_, err = r.CommitArtifact(r.ctx, commitOf(got, metadata.File{Path: "f", Digest: f.Digest, BirthArtifactID: a.ID}))
			r.ok(err) // b keeps them for everybody
		},
		"the audit log": func(t *testing.T, r *registry) {
			r.commit("train")
			r.clock.pass(51 * week)
			r.commit("train")
			n, err := r.Collectable(r.ctx, r.retention())
			r.ok(err)
			got, err := r.Collect(r.ctx, r.retention())
			r.ok(err)
			same(t, "dropped", got.AuditEntries, n.AuditEntries)
			page, err := r.ListAudit(r.ctx, r.user.EntityID, metadata.Page{})
			r.ok(err)
			same(t, "left", len(page.Edges), 1)
		},
		"bytes that would be freed": func(t *testing.T, r *registry) {
			a := r.pending("train")
			shared := r.store(a, "shared", "shared bytes")
			a = r.finish(a, shared, r.store(a, "own", "own"), r.store(a, "twice", "both have brought it"))
			b := r.pending("test")
			b = r.finish(b, metadata.File{Path: "x", Digest: shared.Digest, BirthArtifactID: a.ID}, r.store(b, "twice", "both have brought it"))
			freed := func(what string, want int, versions ...metadata.Artifact) {
				t.Helper()
				ids := make([]int64, len(versions))
				for i, v := range versions {
					ids[i] = v.ID
				}
				n, err := r.Freed(r.ctx, ids, nil)
				r.ok(err)
				same(t, what, n, int64(want))
			}
			own, twice, both := len("own"), len("both have brought it"), len("shared bytes")
			freed("the one that brought it", own, a)
			freed("the one that borrows", 0, b)
			freed("both", own+twice+both, a, b)
			freed("none", 0)
			eve, err := r.CreateUser(r.ctx, metadata.NewUser{Username: "eve", KeySHA256: [32]byte{1}})
			r.ok(err)
			_, _, err = r.EnsureProject(r.ctx, "eve", "p")
			r.ok(err)
			c, err := r.CreateArtifact(r.ctx, metadata.NewArtifact{Entity: "eve", Project: "p", Type: "t", Sequence: "s", Digest: "e", UserID: eve.ID})
			r.ok(err)
			r.store(c, "own", "own")
			freed("with another entity's", twice+both, a, b)
			n, err := r.Freed(r.ctx, []int64{a.ID, b.ID}, []int64{r.user.EntityID})
			r.ok(err)
			same(t, "as far as ann knows", n, int64(own+twice+both))
			r.delete(a)
			freed("the last one left", twice+both, b)
			r.delete(c)
			freed("and that gone too", twice+both, b)
		},
	}
}
