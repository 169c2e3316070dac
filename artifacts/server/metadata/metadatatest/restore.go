package metadatatest

import (
	"strings"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// deletions lists what can be restored.
func (r *registry) deletions() []metadata.Deletion {
	r.t.Helper()
	return walk(r.t, 2, func(p metadata.Page) (metadata.Connection[metadata.Deletion], error) {
		return r.ListDeletions(r.ctx, r.project.ID, p)
	}, metadata.Page{})
}

// restore undoes the last deletion.
func (r *registry) restore() metadata.Restored {
	r.t.Helper()
	out, err := r.Restore(r.ctx, metadata.Restore{DeletionID: r.deletions()[0].ID})
	r.ok(err)
	return out
}

func (r *registry) link(a metadata.Artifact, portfolio string, names ...string) metadata.Membership {
	r.t.Helper()
	m, err := r.LinkArtifact(r.ctx, metadata.Link{ArtifactID: a.ID, Entity: "ann", Project: "vision", Portfolio: portfolio, Aliases: names})
	r.ok(err)
	return m
}

func (r *registry) delete(a metadata.Artifact) {
	r.t.Helper()
	_, err := r.DeleteArtifact(r.ctx, a.ID, true)
	r.ok(err)
}

func restoreTests() map[string]func(*testing.T, *registry) {
	return map[string]func(*testing.T, *registry){
		"a version comes back as it was": func(t *testing.T, r *registry) {
			v0, v1 := r.commit("train"), r.commit("train", aliases("best"), func(n *metadata.NewArtifact) { n.Tags = []string{"hot"} })
			m := r.link(v1, "links", "prod")
			ctx := metadata.WithActor(r.ctx, metadata.Actor{UserID: r.user.ID, Kind: metadata.AgentActor, Reason: "too large"})
			_, err := r.DeleteArtifact(ctx, v1.ID, true)
			r.ok(err)
			list := r.deletions()
			if len(list) != 1 {
				t.Fatalf("%d deletions", len(list))
			}
			d := list[0]
			if d.Kind != metadata.VersionDeletion || d.Cause != metadata.DeletedCause || d.ArtifactID != v1.ID || *d.VersionIndex != 1 || d.Collection != "train" ||
				d.Entity != "ann" || d.Type != "dataset" || d.Username != "ann" || d.Actor != metadata.AgentActor || d.Reason != "too large" || d.Versions != 1 || d.Size != v1.Size || d.Digest != v1.Digest {
				t.Errorf("deletion %+v", d)
			}
			out := r.restore()
			same(t, "aliases", strings.Join(out.Aliases, " "), "train:best train:latest links:prod links:latest")
			same(t, "kept", out.Kept, nil)
			same(t, "versions", out.Versions, 1)
			if out.Deletion.RestoredAt == nil {
				t.Error("it is not said to be restored")
			}
			for alias, want := range map[string]int{"best": 1, "latest": 1, "v1": 1, "v0": 0} {
				if got := r.at(v0.SequenceID, alias); got != want {
					t.Errorf("%s is v%d, want v%d", alias, got, want)
				}
			}
			if r.at(m.CollectionID, "prod") != 0 || r.at(m.CollectionID, "latest") != 0 {
				t.Error("the link is not as it was")
			}
			n, err := r.CountMemberships(r.ctx, v0.SequenceID, nil)
			r.ok(err)
			same(t, "count", n, 2)
			tags, err := r.ArtifactTags(r.ctx, []int64{v1.ID})
			r.ok(err)
			same(t, "tags", len(tags[v1.ID]), 1)
			same(t, "left to restore", len(r.deletions()), 0)
			again, err := r.Restore(r.ctx, metadata.Restore{DeletionID: d.ID})
			r.ok(err)
			same(t, "restored again", again.Versions, 0)
			// It can be deleted and restored once more.
			r.delete(v1)
			r.restore()
			same(t, "state", r.state(v1), metadata.Committed)
		},
		"what others have by now stays theirs": func(t *testing.T, r *registry) {
			v0 := r.commit("train", aliases("best", "mine"))
			r.delete(v0)
			v1 := r.commit("train", aliases("best"))
			out := r.restore()
			if len(out.Kept) != 1 || !strings.Contains(out.Kept[0], `"best"`) || !strings.Contains(out.Kept[0], "v1") {
				t.Errorf("kept %q", out.Kept)
			}
			for alias, want := range map[string]int{"best": 1, "latest": 1, "mine": 0} {
				if got := r.at(v1.SequenceID, alias); got != want {
					t.Errorf("%s is v%d, want v%d", alias, got, want)
				}
			}
		},
		"a collection comes back with its versions": func(t *testing.T, r *registry) {
			gone, v1, v2 := r.commit("train"), r.commit("train", aliases("best")), r.commit("train")
			r.delete(gone)
			link := r.link(v1, "links", "prod")
			writing := r.pending("train")
			r.delete(r.commit("other"))
			_, err := r.AddCollectionTags(r.ctx, v1.SequenceID, []string{"hot"})
			r.ok(err)
			_, err = r.DeleteCollection(r.ctx, v1.SequenceID)
			r.ok(err)
			d := r.deletions()[0]
			if d.Kind != metadata.CollectionDeletion || d.Versions != 2 || d.Size != v1.Size+v2.Size || d.ArtifactID != 0 || d.VersionIndex != nil {
				t.Errorf("deletion %+v", d)
			}
			// Its versions and those deleted before cannot come back without it.
			for _, other := range r.deletions()[1:] {
				if other.Collection != "train" {
					continue
				}
				_, err = r.Restore(r.ctx, metadata.Restore{DeletionID: other.ID})
				r.fails(err, metadata.KindConflict, "collection first")
			}
			fresh := r.commit("train")
			_, err = r.Restore(r.ctx, metadata.Restore{DeletionID: d.ID})
			r.fails(err, metadata.KindConflict, "train", "another name")
			_, err = r.Restore(r.ctx, metadata.Restore{DeletionID: d.ID, Name: "a/b"})
			r.fails(err, metadata.KindInvalid)
			out, err := r.Restore(r.ctx, metadata.Restore{DeletionID: d.ID, Name: "train-2"})
			r.ok(err)
			same(t, "versions", out.Versions, 2)
			c := r.collection("train-2")
			same(t, "id", c.ID, v1.SequenceID)
			same(t, "versions", texts(r.versions(c.ID, ""), versionOf), "v2 v1")
			for alias, want := range map[string]int{"best": 1, "latest": 2, "v0": -1} {
				if got := r.at(c.ID, alias); got != want {
					t.Errorf("%s is v%d, want v%d", alias, got, want)
				}
			}
			same(t, "prod", r.at(link.CollectionID, "prod"), 0)
			same(t, "the upload", r.state(writing), metadata.Deleted)
			same(t, "the other", r.state(fresh), metadata.Committed)
			tags, err := r.CollectionTags(r.ctx, []int64{c.ID})
			r.ok(err)
			same(t, "tags", len(tags[c.ID]), 1)
			next := r.commit("train-2")
			same(t, "the next number", *next.VersionIndex, 3)
			_, err = r.Restore(r.ctx, metadata.Restore{DeletionID: r.deletionOf(gone).ID})
			r.ok(err)
			same(t, "versions", texts(r.versions(c.ID, ""), versionOf), "v3 v2 v1 v0")
		},
		"a portfolio and the versions in it": func(t *testing.T, r *registry) {
			a, b := r.commit("train"), r.commit("train")
			p := r.link(a, "links", "prod")
			r.link(b, "links")
			_, err := r.DeleteCollection(r.ctx, p.CollectionID)
			r.ok(err)
			r.delete(a)
			// The link of a belongs to a's deletion from now on.
			portfolio := r.deletions()[1]
			out, err := r.Restore(r.ctx, metadata.Restore{DeletionID: portfolio.ID})
			r.ok(err)
			if len(out.Kept) != 1 || !strings.Contains(out.Kept[0], "links:v0") {
				t.Errorf("kept %q", out.Kept)
			}
			same(t, "links", texts(r.versions(p.CollectionID, ""), versionOf), "v1")
			out = r.restore()
			same(t, "kept", out.Kept, nil)
			same(t, "links", texts(r.versions(p.CollectionID, ""), versionOf), "v1 v0")
			same(t, "prod", r.at(p.CollectionID, "prod"), 0)

			// The other way round: the version first, while the portfolio is gone.
			r.delete(a)
			_, err = r.DeleteCollection(r.ctx, p.CollectionID)
			r.ok(err)
			out, err = r.Restore(r.ctx, metadata.Restore{DeletionID: r.deletionOf(a).ID})
			r.ok(err)
			if len(out.Kept) != 1 || !strings.Contains(out.Kept[0], "portfolio was deleted") {
				t.Errorf("kept %q", out.Kept)
			}
			r.restore()
			same(t, "links", texts(r.versions(p.CollectionID, ""), versionOf), "v1 v0")
			same(t, "prod", r.at(p.CollectionID, "prod"), 0)
		},
		"what had expired lives for ever": func(t *testing.T, r *registry) {
			a := r.commit("train", living(60))
			r.clock.pass(time.Hour)
			same(t, "state", r.state(a), metadata.Deleted)
			if d := r.deletions()[0]; d.Cause != metadata.ExpiredCause || d.Username != "" {
				t.Errorf("deletion %+v", d)
			}
			out := r.restore()
			if len(out.Kept) != 1 || !strings.Contains(out.Kept[0], "time to live") {
				t.Errorf("kept %q", out.Kept)
			}
			r.clock.pass(time.Hour)
			got, err := r.ArtifactByID(r.ctx, a.ID)
			r.ok(err)
			if got.State != metadata.Committed || *got.TTLDurationSeconds != -2 {
				t.Errorf("it is %s with a time to live of %d", got.State, *got.TTLDurationSeconds)
			}
			// One that is not over yet counts on.
			b := r.commit("train", living(7200))
			r.delete(b)
			r.restore()
			same(t, "restored", r.state(b), metadata.Committed)
			r.clock.pass(2 * time.Hour)
			same(t, "expired", r.state(b), metadata.Deleted)
		},
		"what cannot come back": func(t *testing.T, r *registry) {
			_, err := r.Restore(r.ctx, metadata.Restore{DeletionID: 999})
			r.fails(err, metadata.KindNotFound)
			p := r.pending("train")
			r.delete(p)
			same(t, "uploads are not listed", len(r.deletions()), 0)
			_, err = r.Restore(r.ctx, metadata.Restore{DeletionID: 1})
			r.fails(err, metadata.KindConflict, "never whole")
			a := r.commit("train")
			r.delete(a)
			d := r.deletions()[0]
			_, err = r.Restore(r.ctx, metadata.Restore{DeletionID: d.ID, Name: "x"})
			r.fails(err, metadata.KindInvalid)
			r.ok(r.DeleteProject(r.ctx, r.project.ID))
			_, err = r.Restore(r.ctx, metadata.Restore{DeletionID: d.ID})
			r.fails(err, metadata.KindConflict, "project")
		},
		"filters": func(t *testing.T, r *registry) {
			for _, name := range []string{"a", "b", "a"} {
				r.delete(r.commit(name))
			}
			f, err := metadata.ParseFilter(`{"collection": "a", "cause": "DELETED"}`)
			r.ok(err)
			n, err := r.CountDeletions(r.ctx, r.project.ID, f)
			r.ok(err)
			same(t, "deletions in a", n, 2)
		},
	}
}

// deletionOf finds the deletion of a version.
func (r *registry) deletionOf(a metadata.Artifact) metadata.Deletion {
	r.t.Helper()
	for _, d := range r.deletions() {
		if d.ArtifactID == a.ID {
			return d
		}
	}
	r.t.Fatalf("no deletion of artifact %d is listed", a.ID)
	return metadata.Deletion{}
}
