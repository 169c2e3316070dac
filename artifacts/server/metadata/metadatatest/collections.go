package metadatatest

import (
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

func (r *registry) listCollections(typeName string) func(metadata.Page) (metadata.Connection[metadata.Collection], error) {
	return func(p metadata.Page) (metadata.Connection[metadata.Collection], error) {
		return r.ListCollections(r.ctx, r.project.ID, typeName, p)
	}
}

func collectionName(c metadata.Collection) string { return c.Name }

func tagName(t metadata.Tag) string { return t.Name }

func ofType(name string) edit { return func(n *metadata.NewArtifact) { n.Type = name } }

func collectionTests() map[string]func(*testing.T, *registry) {
	return map[string]func(*testing.T, *registry){
		"types come with the first artifact": func(t *testing.T, r *registry) {
			r.commit("a", ofType("model"))
			r.commit("b")
			got, err := r.Type(r.ctx, r.project.ID, "model")
			r.ok(err)
			if got.Name != "model" || got.ProjectID != r.project.ID || got.CreatedAt.IsZero() {
				t.Errorf("type %+v", got)
			}
			_, err = r.Type(r.ctx, r.project.ID, "nope")
			r.fails(err, metadata.KindNotFound, "nope")
			list := walk(t, 1, func(p metadata.Page) (metadata.Connection[metadata.ArtifactType], error) {
				return r.ListTypes(r.ctx, r.project.ID, p)
			}, metadata.Page{})
			same(t, "types", texts(list, func(t metadata.ArtifactType) string { return t.Name }), "dataset model")
			n, err := r.CountTypes(r.ctx, r.project.ID)
			r.ok(err)
			if n != 2 {
				t.Errorf("%d types, want 2", n)
			}
		},
		"look up": func(t *testing.T, r *registry) {
			a := r.commit("train")
			c := r.collection("train")
			if c.ID != a.SequenceID || c.Kind != metadata.Sequence || c.State != metadata.Ready || c.Type != "dataset" || c.Project != "vision" || c.Entity != "ann" || c.EntityID != r.user.EntityID || c.Description != nil {
				t.Errorf("collection %+v", c)
			}
			typed, err := r.Collection(r.ctx, r.project.ID, "dataset", "train")
			r.ok(err)
			same(t, "with its type", typed, c)
			byID, err := r.CollectionByID(r.ctx, c.ID)
			r.ok(err)
			same(t, "by id", byID, c)
			several, err := r.CollectionsByID(r.ctx, []int64{999, c.ID})
			r.ok(err)
			same(t, "by ids", several, []metadata.Collection{c})
			_, err = r.Collection(r.ctx, r.project.ID, "model", "train")
			r.fails(err, metadata.KindNotFound, "train", "dataset")
			_, err = r.Collection(r.ctx, r.project.ID, "", "nope")
			r.fails(err, metadata.KindNotFound, "nope")
			_, err = r.CollectionByID(r.ctx, 999)
			r.fails(err, metadata.KindNotFound, "999")
		},
		"list, filter, order and count": func(t *testing.T, r *registry) {
			for _, name := range []string{"b", "c", "a"} {
				r.commit(name)
			}
			m := r.commit("m", ofType("model"))
			_, err := r.AddCollectionTags(r.ctx, m.SequenceID, []string{"hot"})
			r.ok(err)
			for _, c := range []struct{ typeName, filter, order, want string }{
				{"", "", "", "m a c b"},
				{"dataset", "", "", "a c b"},
				{"nope", "", "", ""},
				{"dataset", "", "name", "a b c"},
				{"dataset", "", "-name", "c b a"},
				{"", "", "+type,-name", "c b a m"},
				{"", "", "-createdAt", "m a c b"},
				{"", "", "description", "b c a m"},
				{"", `{"name":{"$regex":"^[ab]$"}}`, "", "a b"},
				{"", `{"name":{"$contains":"m"}}`, "", "m"},
				{"", `{"tag":"hot"}`, "", "m"},
				{"", `{"tags":{"$nin":["hot"]}}`, "name", "a b c"},
				{"", `{"type":"model"}`, "", "m"},
				{"", `{"state":"READY","name":{"$gt":"b"}}`, "name", "c m"},
				{"", `{"collectionType":"portfolio"}`, "", ""},
			} {
				f, err := metadata.ParseFilter(c.filter)
				r.ok(err)
				o, err := metadata.ParseOrder(c.order)
				r.ok(err)
				for size := 1; size <= 5; size++ {
					list := walk(t, size, r.listCollections(c.typeName), metadata.Page{Filter: f, Order: o})
					same(t, c.typeName+c.filter+c.order, texts(list, collectionName), c.want)
				}
				n, err := r.CountCollections(r.ctx, r.project.ID, c.typeName, f)
				r.ok(err)
				if want := len(walk(t, 9, r.listCollections(c.typeName), metadata.Page{Filter: f})); n != want {
					t.Errorf("%s%s: counted %d, listed %d", c.typeName, c.filter, n, want)
				}
			}
		},
		"rename and describe": func(t *testing.T, r *registry) {
			r.commit("old")
			r.commit("taken")
			c := r.collection("old")
			c2, err := r.UpdateCollection(r.ctx, c.ID, metadata.CollectionUpdate{Description: ptr("words")})
			r.ok(err)
			if c2.Name != "old" || c2.Description == nil || *c2.Description != "words" {
				t.Errorf("described %+v", c2)
			}
			c3, err := r.UpdateCollection(r.ctx, c.ID, metadata.CollectionUpdate{Name: ptr("new")})
			r.ok(err)
			if c3.Name != "new" || *c3.Description != "words" || c3.ID != c.ID {
				t.Errorf("renamed %+v", c3)
			}
			_, err = r.Collection(r.ctx, r.project.ID, "", "old")
			r.fails(err, metadata.KindNotFound, "old")
			_, err = r.UpdateCollection(r.ctx, c.ID, metadata.CollectionUpdate{Name: ptr("taken")})
			r.fails(err, metadata.KindConflict, "new", "taken")
			same(t, "after a refused rename", r.collection("new"), c3)
			_, err = r.UpdateCollection(r.ctx, c.ID, metadata.CollectionUpdate{Name: ptr("new")})
			r.ok(err)
			_, err = r.UpdateCollection(r.ctx, 999, metadata.CollectionUpdate{Name: ptr("x")})
			r.fails(err, metadata.KindNotFound)
			a := r.commit("new")
			if *a.VersionIndex != 1 || a.SequenceID != c.ID {
				t.Errorf("the next version after a rename is %+v", a)
			}
		},
		"move to another type": func(t *testing.T, r *registry) {
			a := r.commit("train")
			c, err := r.MoveCollection(r.ctx, a.SequenceID, "raw data")
			r.ok(err)
			if c.Type != "raw data" {
				t.Errorf("moved %+v", c)
			}
			a, err = r.ArtifactByID(r.ctx, a.ID)
			r.ok(err)
			if a.Type != "raw data" {
				t.Errorf("the version has the type %s", a.Type)
			}
			same(t, "of the new type", texts(walk(t, 5, r.listCollections("raw data"), metadata.Page{}), collectionName), "train")
			same(t, "of the old type", texts(walk(t, 5, r.listCollections("dataset"), metadata.Page{}), collectionName), "")
			_, err = r.CreateArtifact(r.ctx, r.fresh("train"))
			r.fails(err, metadata.KindConflict, "train", "raw data", "dataset")
			_, err = r.MoveCollection(r.ctx, a.SequenceID, "a/b")
			r.fails(err, metadata.KindInvalid, "a/b")
		},
		"tags": func(t *testing.T, r *registry) {
			c := r.collection(r.commit("a").Sequence)
			d := r.collection(r.commit("b").Sequence)
			for range 2 {
				tags, err := r.AddCollectionTags(r.ctx, c.ID, []string{"z", "m", "z"})
				r.ok(err)
				same(t, "tags after adding", texts(tags, tagName), "m z")
			}
			_, err := r.AddCollectionTags(r.ctx, d.ID, []string{"m"})
			r.ok(err)
			tags, err := r.RemoveCollectionTags(r.ctx, c.ID, []string{"m", "unknown"})
			r.ok(err)
			same(t, "tags after removing", texts(tags, tagName), "z")
			byID, err := r.CollectionTags(r.ctx, []int64{c.ID, d.ID, 999})
			r.ok(err)
			same(t, "tags by collection", texts(byID[c.ID], tagName)+"/"+texts(byID[d.ID], tagName)+"/"+texts(byID[999], tagName), "z/m/")
			_, err = r.AddCollectionTags(r.ctx, c.ID, []string{"fine", "bad/tag"})
			r.fails(err, metadata.KindInvalid, "bad/tag")
			byID, err = r.CollectionTags(r.ctx, []int64{c.ID})
			r.ok(err)
			same(t, "after a refused change", texts(byID[c.ID], tagName), "z")
			_, err = r.AddCollectionTags(r.ctx, 999, []string{"x"})
			r.fails(err, metadata.KindNotFound)
			_, err = r.RemoveCollectionTags(r.ctx, 999, []string{"x"})
			r.fails(err, metadata.KindNotFound)
		},
		"deleting takes versions, aliases and links": func(t *testing.T, r *registry) {
			v0 := r.commit("train")
			v1 := r.commit("train")
			other := r.commit("other")
			unfinished := r.pending("train")
			for _, a := range []metadata.Artifact{other, v0, v1} {
				_, err := r.LinkArtifact(r.ctx, metadata.Link{ArtifactID: a.ID, Entity: "ann", Project: "vision", Portfolio: "best"})
				r.ok(err)
			}
			best := r.collection("best")
			c, err := r.DeleteCollection(r.ctx, v0.SequenceID)
			r.ok(err)
			if c.State != metadata.Deleted || c.Name != "train" {
				t.Errorf("deleted %+v", c)
			}
			again, err := r.DeleteCollection(r.ctx, v0.SequenceID)
			r.ok(err)
			same(t, "deleted again", again, c)
			for _, id := range []int64{v0.ID, v1.ID, unfinished.ID} {
				a, err := r.ArtifactByID(r.ctx, id)
				r.ok(err)
				if a.State != metadata.Deleted {
					t.Errorf("version %d is %s", id, a.State)
				}
			}
			_, err = r.CommitArtifact(r.ctx, commitOf(unfinished))
			r.fails(err, metadata.KindNotFound, "deleted")
			_, err = r.Collection(r.ctx, r.project.ID, "", "train")
			r.fails(err, metadata.KindNotFound)
			kept, err := r.CollectionByID(r.ctx, c.ID)
			r.ok(err)
			same(t, "its row stays", kept, c)
			same(t, "the portfolio", texts(r.versions(best.ID, ""), versionOf), "v0")
			if got := r.at(best.ID, "latest"); got != 0 {
				t.Errorf("latest of the portfolio is v%d, want v0", got)
			}
			same(t, "the sequence", texts(r.versions(c.ID, ""), versionOf), "")
			if got := r.at(c.ID, "latest"); got != -1 {
				t.Errorf("latest of a deleted collection is v%d", got)
			}
			fresh := r.commit("train")
			if fresh.SequenceID == c.ID || *fresh.VersionIndex != 0 {
				t.Errorf("the name is not free again: %+v", fresh)
			}
			_, err = r.UpdateCollection(r.ctx, c.ID, metadata.CollectionUpdate{Name: ptr("x")})
			r.fails(err, metadata.KindNotFound, "deleted")
			_, err = r.DeleteCollection(r.ctx, 999)
			r.fails(err, metadata.KindNotFound)
		},
		"deleting a portfolio leaves the versions": func(t *testing.T, r *registry) {
			a := r.commit("train")
			m, err := r.LinkArtifact(r.ctx, metadata.Link{ArtifactID: a.ID, Entity: "ann", Project: "vision", Portfolio: "best"})
			r.ok(err)
			_, err = r.MoveCollection(r.ctx, m.CollectionID, "model")
			r.fails(err, metadata.KindInvalid, "best")
			_, err = r.DeleteCollection(r.ctx, m.CollectionID)
			r.ok(err)
			same(t, "the sequence", texts(r.versions(a.SequenceID, ""), versionOf), "v0")
			of, err := r.MembershipsOf(r.ctx, []int64{a.ID})
			r.ok(err)
			same(t, "where it is", texts(of[a.ID], func(m metadata.Membership) string { return m.Collection }), "train")
		},
	}
}
