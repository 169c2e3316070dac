package metadatatest

import (
	"fmt"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// versions lists a collection's versions with a filter.
func (r *registry) versions(collectionID int64, filter string) []metadata.Membership {
	r.t.Helper()
	f, err := metadata.ParseFilter(filter)
	r.ok(err)
	return walk(r.t, 3, func(p metadata.Page) (metadata.Connection[metadata.Membership], error) {
		return r.ListMemberships(r.ctx, collectionID, p)
	}, metadata.Page{Filter: f})
}

func versionTests() map[string]func(*testing.T, *registry) {
	return map[string]func(*testing.T, *registry){
		"look up": func(t *testing.T, r *registry) {
			a, b := r.commit("train"), r.commit("train")
			several, err := r.ArtifactsByID(r.ctx, []int64{b.ID, 999, a.ID})
			r.ok(err)
			if len(several) != 2 {
				t.Errorf("%d versions, want 2", len(several))
			}
			_, err = r.ArtifactByID(r.ctx, 999)
			r.fails(err, metadata.KindNotFound, "999")
			for alias, want := range map[string]int{"v0": 0, "v1": 1, "latest": 1, "v2": -1, "v00": -1, "v": -1, "V0": -1, "none": -1, "": -1, "v99999999999999999999": -1} {
				if got := r.at(a.SequenceID, alias); got != want {
					t.Errorf("%q is version %d, want %d", alias, got, want)
				}
			}
			_, err = r.Membership(r.ctx, 999, "latest")
			r.fails(err, metadata.KindNotFound, "latest")
			for _, elsewhere := range []struct {
				projectID int64
				name      string
			}{{r.project.ID, "none"}, {r.project.ID, "Train"}, {999, "train"}} {
				_, err = r.MembershipByName(r.ctx, elsewhere.projectID, elsewhere.name, "latest")
				r.fails(err, metadata.KindNotFound, "latest")
			}
		},
		"every committed version, by id": func(t *testing.T, r *registry) {
			var want []string
			for _, name := range []string{"train", "test", "train"} {
				want = append(want, fmt.Sprint(r.commit(name).ID))
			}
			r.pending("train")
			gone := r.commit("train")
			_, err := r.DeleteArtifact(r.ctx, gone.ID, true)
			r.ok(err)
			var got []string
			for after := int64(0); ; {
				page, err := r.CommittedArtifacts(r.ctx, after, 2)
				r.ok(err)
				for _, a := range page {
					got = append(got, fmt.Sprint(a.ID))
					after = a.ID
				}
				if len(page) == 0 {
					break
				}
			}
			same(t, "committed versions", got, want)
		},
		"update": func(t *testing.T, r *registry) {
			a := r.commit("train", func(n *metadata.NewArtifact) { n.Tags = []string{"a", "b"} })
			b, err := r.UpdateArtifact(r.ctx, a.ID, metadata.ArtifactUpdate{Description: ptr("words"), Metadata: ptr(`{"k":[1]}`), AddTags: []string{"c", "a"}, RemoveTags: []string{"b", "none"}, TTLDurationSeconds: ptr(int64(3600))})
			r.ok(err)
			if *b.Description != "words" || *b.Metadata != `{"k":[1]}` || *b.TTLDurationSeconds != 3600 || b.UpdatedAt.Before(a.UpdatedAt) {
				t.Errorf("updated %+v", b)
			}
			tags, err := r.ArtifactTags(r.ctx, []int64{a.ID})
			r.ok(err)
			same(t, "tags", texts(tags[a.ID], tagName), "a c")
			c, err := r.UpdateArtifact(r.ctx, a.ID, metadata.ArtifactUpdate{})
			r.ok(err)
			b.UpdatedAt = c.UpdatedAt
			same(t, "after an empty update", c, b)
			for seconds, want := range map[int64]string{-1: "<nil>", -2: "-2", 5: "5"} {
				c, err := r.UpdateArtifact(r.ctx, a.ID, metadata.ArtifactUpdate{TTLDurationSeconds: &seconds})
				r.ok(err)
				got := "<nil>"
				if c.TTLDurationSeconds != nil {
					got = fmt.Sprint(*c.TTLDurationSeconds)
				}
				same(t, fmt.Sprint("ttl after ", seconds), got, want)
			}
			c, err = r.UpdateArtifact(r.ctx, a.ID, metadata.ArtifactUpdate{Description: ptr("")})
			r.ok(err)
			same(t, "a cleared description", *c.Description, "")
		},
		"bad updates change nothing": func(t *testing.T, r *registry) {
			a := r.commit("train")
			for what, u := range map[string]metadata.ArtifactUpdate{
				"metadata": {Description: ptr("no"), Metadata: ptr("7")},
				"-3":       {Description: ptr("no"), TTLDurationSeconds: ptr(int64(-3))},
				"bad/tag":  {Description: ptr("no"), AddTags: []string{"bad/tag"}},
			} {
				_, err := r.UpdateArtifact(r.ctx, a.ID, u)
				r.fails(err, metadata.KindInvalid, what)
			}
			got, err := r.ArtifactByID(r.ctx, a.ID)
			r.ok(err)
			same(t, "afterwards", got, a)
			_, err = r.UpdateArtifact(r.ctx, 999, metadata.ArtifactUpdate{})
			r.fails(err, metadata.KindNotFound)
		},
		"delete": func(t *testing.T, r *registry) {
			v0 := r.commit("train", aliases("old"))
			v1 := r.commit("train", aliases("best", "latest"))
			_, err := r.DeleteArtifact(r.ctx, v1.ID, false)
			r.fails(err, metadata.KindConflict, "train:v1", "train:best", "train:latest")
			got, err := r.ArtifactByID(r.ctx, v1.ID)
			r.ok(err)
			same(t, "after a refused delete", got, v1)
			gone, err := r.DeleteArtifact(r.ctx, v1.ID, true)
			r.ok(err)
			if gone.State != metadata.Deleted || *gone.VersionIndex != 1 {
				t.Errorf("deleted %+v", gone)
			}
			again, err := r.DeleteArtifact(r.ctx, v1.ID, false)
			r.ok(err)
			same(t, "deleted again", again, gone)
			kept, err := r.ArtifactByID(r.ctx, v1.ID)
			r.ok(err)
			same(t, "its row stays", kept, gone)
			for alias, want := range map[string]int{"latest": 0, "best": -1, "v1": -1, "v0": 0, "old": 0} {
				if got := r.at(v0.SequenceID, alias); got != want {
					t.Errorf("%s is v%d, want v%d", alias, got, want)
				}
			}
			newest, err := r.LatestArtifact(r.ctx, v0.SequenceID)
			r.ok(err)
			same(t, "newest", newest.ID, v0.ID)
			n, err := r.CountMemberships(r.ctx, v0.SequenceID, nil)
			r.ok(err)
			same(t, "count", n, 1)
			out, err := r.CountRunArtifacts(r.ctx, r.run.ID, metadata.Output)
			r.ok(err)
			same(t, "outputs of the run", total(out), 1)
			_, err = r.UpdateArtifact(r.ctx, v1.ID, metadata.ArtifactUpdate{Description: ptr("x")})
			r.fails(err, metadata.KindNotFound, "deleted")
			_, err = r.DeleteArtifact(r.ctx, 999, true)
			r.fails(err, metadata.KindNotFound)
		},
		"delete without aliases": func(t *testing.T, r *registry) {
			v0 := r.commit("train")
			r.commit("train")
			_, err := r.DeleteArtifact(r.ctx, v0.ID, false)
			r.ok(err)
			same(t, "left", texts(r.versions(v0.SequenceID, ""), versionOf), "v1")
			last := r.versions(v0.SequenceID, "")[0].Artifact
			_, err = r.DeleteArtifact(r.ctx, last.ID, true)
			r.ok(err)
			if got := r.at(v0.SequenceID, "latest"); got != -1 {
				t.Errorf("latest of an empty collection is v%d", got)
			}
			_, err = r.LatestArtifact(r.ctx, v0.SequenceID)
			r.fails(err, metadata.KindNotFound)
			v2 := r.commit("train")
			same(t, "the next number", *v2.VersionIndex, 2)
		},
		"a pending version can be given up": func(t *testing.T, r *registry) {
			a := r.pending("train", aliases("x"))
			gone, err := r.DeleteArtifact(r.ctx, a.ID, false)
			r.ok(err)
			same(t, "state", gone.State, metadata.Deleted)
			_, err = r.CommitArtifact(r.ctx, commitOf(a))
			r.fails(err, metadata.KindNotFound, "deleted")
			r.fails(r.RecordFile(r.ctx, metadata.StoredFile{ArtifactID: a.ID, Digest: "d", Key: keyOf("x")}), metadata.KindNotFound)
		},
		"batches": func(t *testing.T, r *registry) {
			a, b := r.commit("train", aliases("x")), r.commit("test")
			_, err := r.LinkArtifact(r.ctx, metadata.Link{ArtifactID: a.ID, Entity: "ann", Project: "vision", Portfolio: "best", Aliases: []string{"p"}})
			r.ok(err)
			ids := []int64{a.ID, b.ID, 999}
			of, err := r.MembershipsOf(r.ctx, ids)
			r.ok(err)
			same(t, "where they are", texts(of[a.ID], func(m metadata.Membership) string { return m.Collection })+"/"+texts(of[b.ID], func(m metadata.Membership) string { return m.Collection }), "train best/test")
			names, err := r.AliasesOf(r.ctx, ids)
			r.ok(err)
			same(t, "aliases", texts(names[a.ID], aliasName)+"/"+texts(names[b.ID], aliasName), "train:latest train:x best:latest best:p/test:latest")
			if l := names[a.ID][2]; l.Kind != metadata.Portfolio || l.ArtifactID != a.ID || l.Project != "vision" || l.ProjectID != r.project.ID || l.Entity != "ann" || l.EntityID != r.user.EntityID {
				t.Errorf("alias %+v", l)
			}
			empty, err := r.AliasesOf(r.ctx, nil)
			r.ok(err)
			if len(empty) != 0 || len(of[999]) != 0 {
				t.Errorf("aliases of nothing: %v", empty)
			}
		},
	}
}

func aliasName(a metadata.Alias) string { return a.Collection + ":" + a.Alias }
