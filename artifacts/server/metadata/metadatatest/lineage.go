package metadatatest

import (
	"fmt"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

func lineageTests() map[string]func(*testing.T, *registry) {
	return map[string]func(*testing.T, *registry){
		"inputs and outputs in the order of use": func(t *testing.T, r *registry) {
			a, b, c := r.commit("a"), r.commit("b"), r.commit("c")
			reader, _, err := r.UpsertRun(r.ctx, metadata.RunUpdate{Entity: "ann", Project: "vision", Name: "reader"})
			r.ok(err)
			for _, x := range []metadata.Artifact{c, a, c, b} {
				r.ok(r.UseArtifact(r.ctx, reader.ID, x.ID, ""))
			}
			list := func(run int64, d metadata.Direction) string {
				return texts(walk(t, 2, func(p metadata.Page) (metadata.Connection[metadata.Artifact], error) {
					return r.RunArtifacts(r.ctx, run, d, p)
				}, metadata.Page{}), func(a metadata.Artifact) string { return a.Sequence })
			}
			same(t, "inputs of the reader", list(reader.ID, metadata.Input), "c a b")
			same(t, "outputs of the reader", list(reader.ID, metadata.Output), "")
			same(t, "outputs of the writer", list(r.run.ID, metadata.Output), "a b c")
			for d, want := range map[metadata.Direction]int{metadata.Input: 3, metadata.Output: 0} {
				n, err := r.CountRunArtifacts(r.ctx, reader.ID, d)
				r.ok(err)
				same(t, "count", total(n), want)
			}
			_, err = r.DeleteArtifact(r.ctx, a.ID, true)
			r.ok(err)
			same(t, "inputs after a delete", list(reader.ID, metadata.Input), "c b")
		},
		"who used it": func(t *testing.T, r *registry) {
			a := r.commit("a")
			for i := range 5 {
				run, _, err := r.UpsertRun(r.ctx, metadata.RunUpdate{Entity: "ann", Project: "other", Name: fmt.Sprint("u", 4-i)})
				r.ok(err)
				r.ok(r.UseArtifact(r.ctx, run.ID, a.ID, "train"))
				r.ok(r.UseArtifact(r.ctx, run.ID, a.ID, "again"))
			}
			list := walk(t, 2, func(p metadata.Page) (metadata.Connection[metadata.Run], error) { return r.UsedBy(r.ctx, a.ID, p) }, metadata.Page{})
			same(t, "users", texts(list, func(r metadata.Run) string { return r.Name }), "u4 u3 u2 u1 u0")
			unused := r.commit("unused")
			r.ok(r.UseArtifact(r.ctx, r.run.ID, a.ID, ""))
			n, err := r.CountUsedBy(r.ctx, []int64{unused.ID, a.ID, 999})
			r.ok(err)
			other, err := r.Project(r.ctx, "ann", "other")
			r.ok(err)
			same(t, "count", n, map[int64][]metadata.Tally{a.ID: {
				{EntityID: r.run.EntityID, ProjectID: r.run.ProjectID, Count: 1}, {EntityID: other.EntityID, ProjectID: other.ID, Count: 5},
			}})
		},
		"only what is committed can be used": func(t *testing.T, r *registry) {
			p := r.pending("a")
			r.fails(r.UseArtifact(r.ctx, r.run.ID, p.ID, ""), metadata.KindConflict, "committed")
			r.fails(r.UseArtifact(r.ctx, r.run.ID, 999, ""), metadata.KindNotFound, "999")
			a := r.commit("b")
			r.fails(r.UseArtifact(r.ctx, 999, a.ID, ""), metadata.KindNotFound, "run")
			r.ok(r.UseArtifact(r.ctx, r.run.ID, a.ID, ""))
			_, err := r.DeleteArtifact(r.ctx, a.ID, true)
			r.ok(err)
			r.fails(r.UseArtifact(r.ctx, r.run.ID, a.ID, ""), metadata.KindNotFound, "deleted")
		},
	}
}

func manifestTests() map[string]func(*testing.T, *registry) {
	name := func(m metadata.Manifest) string { return m.Name }
	return map[string]func(*testing.T, *registry){
		"two records, the last is current": func(t *testing.T, r *registry) {
			a := r.pending("train")
			first, err := r.CreateManifest(r.ctx, metadata.Manifest{ArtifactID: a.ID, Type: metadata.FullManifest, Name: "first"})
			r.ok(err)
			c := commitOf(a)
			second, err := r.CreateManifest(r.ctx, metadata.Manifest{ArtifactID: a.ID, Type: metadata.FullManifest, Name: "second", Digest: c.ManifestDigest})
			r.ok(err)
			if first.ID == second.ID || second.Key != "" || second.Size != 0 || second.CreatedAt.IsZero() {
				t.Errorf("manifests %+v and %+v", first, second)
			}
			for range 2 {
				r.ok(r.SetManifestKey(r.ctx, second.ID, c.ManifestKey, c.ManifestSize))
			}
			a, err = r.CommitArtifact(r.ctx, c)
			r.ok(err)
			list, err := r.ListManifests(r.ctx, a.ID)
			r.ok(err)
			same(t, "manifests", texts(list, name), "first second")
			got, err := r.ManifestByID(r.ctx, second.ID)
			r.ok(err)
			same(t, "the current one", got, list[1])
			if got.Key != c.ManifestKey || got.Size != c.ManifestSize || got.Digest != c.ManifestDigest {
				t.Errorf("manifest %+v", got)
			}
			// The upload may be repeated, but not with something else.
			r.ok(r.SetManifestKey(r.ctx, second.ID, c.ManifestKey, c.ManifestSize))
			r.fails(r.SetManifestKey(r.ctx, second.ID, keyOf("other"), 5), metadata.KindConflict, "committed")
			_, err = r.UpdateManifest(r.ctx, second.ID, "other", nil)
			r.fails(err, metadata.KindConflict, "committed")
			_, err = r.CreateManifest(r.ctx, metadata.Manifest{ArtifactID: a.ID, Type: metadata.FullManifest, Name: "third"})
			r.fails(err, metadata.KindConflict, "committed")
		},
		"what the server merged becomes the current one": func(t *testing.T, r *registry) {
			base := r.commit("train")
			a := r.pending("train")
			m, err := r.CreateManifest(r.ctx, metadata.Manifest{ArtifactID: a.ID, Type: metadata.IncrementalManifest, Name: "wandb_manifest.incremental.json", Digest: "i", BaseArtifactID: &base.ID})
			r.ok(err)
			same(t, "base", *m.BaseArtifactID, base.ID)
			r.ok(r.SetManifestKey(r.ctx, m.ID, keyOf("increment"), 9))
			a = r.finish(a)
			list, err := r.ListManifests(r.ctx, a.ID)
			r.ok(err)
			if len(list) != 2 || list[0].Key != keyOf("increment") || list[1].Type != metadata.FullManifest || list[1].Key != commitOf(a).ManifestKey {
				t.Errorf("manifests %+v", list)
			}
		},
		"a commit without any": func(t *testing.T, r *registry) {
			a := r.commit("train")
			list, err := r.ListManifests(r.ctx, a.ID)
			r.ok(err)
			if len(list) != 1 || list[0].Type != metadata.FullManifest || list[0].Key == "" {
				t.Errorf("manifests %+v", list)
			}
		},
		"updating": func(t *testing.T, r *registry) {
			base := r.commit("base")
			a := r.pending("train")
			m, err := r.CreateManifest(r.ctx, metadata.Manifest{ArtifactID: a.ID, Type: metadata.PatchManifest, Name: "p", Digest: "d1"})
			r.ok(err)
			r.ok(r.SetManifestKey(r.ctx, m.ID, keyOf("x"), 1))
			u, err := r.UpdateManifest(r.ctx, m.ID, "d1", &base.ID)
			r.ok(err)
			if u.Key != keyOf("x") || *u.BaseArtifactID != base.ID {
				t.Errorf("updated %+v", u)
			}
			u, err = r.UpdateManifest(r.ctx, m.ID, "d2", nil)
			r.ok(err)
			if u.Key != "" || u.Digest != "d2" || u.BaseArtifactID != nil {
				t.Errorf("bytes of another digest still count: %+v", u)
			}
			r.finish(a)
		},
		"what is refused": func(t *testing.T, r *registry) {
			a := r.pending("train")
			_, err := r.CreateManifest(r.ctx, metadata.Manifest{ArtifactID: 999, Type: metadata.FullManifest, Name: "m"})
			r.fails(err, metadata.KindNotFound)
			_, err = r.CreateManifest(r.ctx, metadata.Manifest{ArtifactID: a.ID, Type: "HALF", Name: "m"})
			r.fails(err, metadata.KindInvalid, "HALF")
			_, err = r.CreateManifest(r.ctx, metadata.Manifest{ArtifactID: a.ID, Type: metadata.FullManifest})
			r.fails(err, metadata.KindInvalid)
			_, err = r.CreateManifest(r.ctx, metadata.Manifest{ArtifactID: a.ID, Type: metadata.FullManifest, Name: "m", BaseArtifactID: ptr(int64(999))})
			r.fails(err, metadata.KindNotFound, "999")
			_, err = r.ManifestByID(r.ctx, 999)
			r.fails(err, metadata.KindNotFound)
			_, err = r.UpdateManifest(r.ctx, 999, "d", nil)
			r.fails(err, metadata.KindNotFound)
			r.fails(r.SetManifestKey(r.ctx, 999, keyOf("x"), 1), metadata.KindNotFound)
			r.fails(r.SetManifestKey(r.ctx, 999, "x", 1), metadata.KindInvalid)
			r.fails(r.SetManifestKey(r.ctx, 999, keyOf("x"), -1), metadata.KindInvalid)
			list, err := r.ListManifests(r.ctx, 999)
			r.ok(err)
			if len(list) != 0 {
				t.Errorf("manifests of nothing: %v", list)
			}
		},
	}
}

// total is the count over all projects.
func total(list []metadata.Tally) int {
	n := 0
	for _, t := range list {
		n += t.Count
	}
	return n
}
