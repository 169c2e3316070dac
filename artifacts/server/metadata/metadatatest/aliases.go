package metadatatest

import (
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

func in(collection string, names ...string) []metadata.CollectionAlias {
	list := make([]metadata.CollectionAlias, len(names))
	for i, n := range names {
		list[i] = metadata.CollectionAlias{Entity: "ann", Project: "vision", Collection: collection, Alias: n}
	}
	return list
}

func aliasTests() map[string]func(*testing.T, *registry) {
	return map[string]func(*testing.T, *registry){
		"an alias moves": func(t *testing.T, r *registry) {
			v0, v1 := r.commit("train", aliases("best")), r.commit("train")
			r.ok(r.AddAliases(r.ctx, v1.ID, in("train", "best", "new")))
			r.ok(r.AddAliases(r.ctx, v1.ID, in("train", "best")))
			for alias, want := range map[string]int{"best": 1, "new": 1, "latest": 1} {
				if got := r.at(v0.SequenceID, alias); got != want {
					t.Errorf("%s is v%d, want v%d", alias, got, want)
				}
			}
			list := walk(t, 2, func(p metadata.Page) (metadata.Connection[metadata.Alias], error) {
				return r.ListAliases(r.ctx, v0.SequenceID, p)
			}, metadata.Page{})
			same(t, "aliases", texts(list, aliasName), "train:best train:latest train:new")
		},
		"the aliases of a commit move": func(t *testing.T, r *registry) {
			v0 := r.commit("train", aliases("best", "first"))
			r.commit("train", aliases("best"))
			for alias, want := range map[string]int{"best": 1, "first": 0, "latest": 1} {
				if got := r.at(v0.SequenceID, alias); got != want {
					t.Errorf("%s is v%d, want v%d", alias, got, want)
				}
			}
		},
		"removing": func(t *testing.T, r *registry) {
			v0, v1 := r.commit("train", aliases("a")), r.commit("train", aliases("b"))
			r.ok(r.RemoveAliases(r.ctx, v1.ID, in("train", "b", "a", "never")))
			if r.at(v0.SequenceID, "b") != -1 || r.at(v0.SequenceID, "a") != 0 {
				t.Error("removed from the wrong version")
			}
			r.ok(r.RemoveAliases(r.ctx, v1.ID, in("train", "latest")))
			if got := r.at(v0.SequenceID, "latest"); got != -1 {
				t.Errorf("latest is v%d", got)
			}
			r.commit("train")
			if got := r.at(v0.SequenceID, "latest"); got != 2 {
				t.Errorf("latest is v%d after a commit", got)
			}
		},
		"all or none": func(t *testing.T, r *registry) {
			v0, v1 := r.commit("train", aliases("a")), r.commit("train")
			r.fails(r.AddAliases(r.ctx, v1.ID, append(in("train", "a"), in("nope", "b")...)), metadata.KindNotFound, "nope")
			r.fails(r.AddAliases(r.ctx, v1.ID, in("train", "a", "v3")), metadata.KindInvalid, "v3")
			r.fails(r.AddAliases(r.ctx, 999, in("train", "a")), metadata.KindNotFound)
			if got := r.at(v0.SequenceID, "a"); got != 0 {
				t.Errorf("a is v%d", got)
			}
		},
		"only where the version is": func(t *testing.T, r *registry) {
			a := r.commit("train")
			r.commit("test")
			r.fails(r.AddAliases(r.ctx, a.ID, in("test", "x")), metadata.KindNotFound, "train:v0", "test")
			p := r.pending("train")
			r.fails(r.AddAliases(r.ctx, p.ID, in("train", "x")), metadata.KindConflict, "committed")
			_, err := r.DeleteArtifact(r.ctx, a.ID, true)
			r.ok(err)
			r.fails(r.AddAliases(r.ctx, a.ID, in("train", "x")), metadata.KindNotFound, "deleted")
			r.finish(p)
		},
		"collections do not share aliases": func(t *testing.T, r *registry) {
			a, b := r.commit("train", aliases("best")), r.commit("test", aliases("best"))
			if r.at(a.SequenceID, "best") != 0 || r.at(b.SequenceID, "best") != 0 {
				t.Error("one of them lost its alias")
			}
		},
	}
}

func linkTests() map[string]func(*testing.T, *registry) {
	return map[string]func(*testing.T, *registry){
		"a portfolio counts for itself": func(t *testing.T, r *registry) {
			r.commit("train")
			a, b := r.commit("train"), r.commit("test")
			m, err := r.LinkArtifact(r.ctx, metadata.Link{ArtifactID: a.ID, Entity: "ann", Project: "vision", Portfolio: "best", Aliases: []string{"prod"}})
			r.ok(err)
			if m.VersionIndex != 0 || m.Kind != metadata.Portfolio || m.Collection != "best" || m.Artifact.ID != a.ID || *m.Artifact.VersionIndex != 1 || m.Artifact.Sequence != "train" {
				t.Errorf("membership %+v", m)
			}
			n, err := r.LinkArtifact(r.ctx, metadata.Link{ArtifactID: b.ID, Entity: "ann", Project: "vision", Portfolio: "best", Aliases: []string{"prod"}})
			r.ok(err)
			same(t, "second number", n.VersionIndex, 1)
			again, err := r.LinkArtifact(r.ctx, metadata.Link{ArtifactID: a.ID, Entity: "ann", Project: "vision", Portfolio: "best", Aliases: []string{"old"}})
			r.ok(err)
			if again.ID != m.ID || again.VersionIndex != 0 {
				t.Errorf("linked again: %+v", again)
			}
			for alias, want := range map[string]int{"prod": 1, "old": 0, "latest": 1, "v0": 0, "v1": 1} {
				if got := r.at(m.CollectionID, alias); got != want {
					t.Errorf("%s is v%d, want v%d", alias, got, want)
				}
			}
			c := r.collection("best")
			if c.Kind != metadata.Portfolio || c.Type != "dataset" {
				t.Errorf("portfolio %+v", c)
			}
			same(t, "versions", texts(r.versions(c.ID, ""), versionOf), "v1 v0")
			count, err := r.CountMemberships(r.ctx, c.ID, nil)
			r.ok(err)
			same(t, "count", count, 2)
			r.ok(r.AddAliases(r.ctx, a.ID, in("best", "prod")))
			if got := r.at(c.ID, "prod"); got != 0 {
				t.Errorf("prod is v%d", got)
			}
			if got := r.at(a.SequenceID, "prod"); got != -1 {
				t.Errorf("prod of the sequence is v%d", got)
			}
		},
		"into another project and entity": func(t *testing.T, r *registry) {
			a := r.commit("train")
			_, err := r.LinkArtifact(r.ctx, metadata.Link{ArtifactID: a.ID, Entity: "ann", Project: "wandb-registry-models", Portfolio: "best"})
			r.fails(err, metadata.KindNotFound, "wandb-registry-models")
			made, err := r.LinkArtifact(r.ctx, metadata.Link{ArtifactID: a.ID, Entity: "ann", Project: "model-registry", Portfolio: "best"})
			r.ok(err)
			same(t, "project made by the link", made.Project, "model-registry")
			team, err := r.CreateTeam(r.ctx, "acme", []int64{r.user.ID})
			r.ok(err)
			_, _, err = r.EnsureProject(r.ctx, "acme", "model-registry")
			r.ok(err)
			m, err := r.LinkArtifact(r.ctx, metadata.Link{ArtifactID: a.ID, Entity: "acme", Project: "model-registry", Portfolio: "best"})
			r.ok(err)
			if m.Entity != "acme" || m.EntityID != team.ID || m.Project != "model-registry" || m.Artifact.Entity != "ann" || m.Artifact.Project != "vision" {
				t.Errorf("membership %+v", m)
			}
		},
		"what cannot be linked": func(t *testing.T, r *registry) {
			_, err := r.LinkArtifact(r.ctx, metadata.Link{ArtifactID: 999, Entity: "ann", Project: "vision", Portfolio: "best"})
			r.fails(err, metadata.KindNotFound, "999")
			p := r.pending("train")
			_, err = r.LinkArtifact(r.ctx, metadata.Link{ArtifactID: p.ID, Entity: "ann", Project: "vision", Portfolio: "best"})
			r.fails(err, metadata.KindConflict, "committed")
			a := r.finish(p)
			for word, l := range map[string]metadata.Link{
				"v1":  {ArtifactID: a.ID, Entity: "ann", Project: "vision", Portfolio: "best", Aliases: []string{"v1"}},
				"a/b": {ArtifactID: a.ID, Entity: "ann", Project: "vision", Portfolio: "a/b"},
			} {
				_, err = r.LinkArtifact(r.ctx, l)
				r.fails(err, metadata.KindInvalid, word)
			}
			_, err = r.LinkArtifact(r.ctx, metadata.Link{ArtifactID: a.ID, Entity: "ann", Project: "vision", Portfolio: "best"})
			r.ok(err)
			model := r.commit("net", ofType("model"))
			_, err = r.LinkArtifact(r.ctx, metadata.Link{ArtifactID: model.ID, Entity: "ann", Project: "vision", Portfolio: "best"})
			r.fails(err, metadata.KindConflict, "best", "dataset", "model")
		},
		"unlinking": func(t *testing.T, r *registry) {
			a, b := r.commit("train"), r.commit("train")
			var c int64
			for _, x := range []metadata.Artifact{a, b} {
				m, err := r.LinkArtifact(r.ctx, metadata.Link{ArtifactID: x.ID, Entity: "ann", Project: "vision", Portfolio: "best", Aliases: []string{"mine"}})
				r.ok(err)
				c = m.CollectionID
			}
			r.ok(r.UnlinkArtifact(r.ctx, b.ID, c))
			for alias, want := range map[string]int{"latest": 0, "mine": -1, "v1": -1} {
				if got := r.at(c, alias); got != want {
					t.Errorf("%s is v%d, want v%d", alias, got, want)
				}
			}
			r.fails(r.UnlinkArtifact(r.ctx, b.ID, c), metadata.KindNotFound, "best")
			r.fails(r.UnlinkArtifact(r.ctx, a.ID, a.SequenceID), metadata.KindInvalid, "train")
			r.fails(r.UnlinkArtifact(r.ctx, a.ID, 999), metadata.KindNotFound)
			m, err := r.LinkArtifact(r.ctx, metadata.Link{ArtifactID: b.ID, Entity: "ann", Project: "vision", Portfolio: "best"})
			r.ok(err)
			same(t, "a number is not used again", m.VersionIndex, 2)
			same(t, "the sequence", texts(r.versions(a.SequenceID, ""), versionOf), "v1 v0")
		},
		"deleting a version takes it out of portfolios": func(t *testing.T, r *registry) {
			a, b := r.commit("train"), r.commit("train")
			var c int64
			for _, x := range []metadata.Artifact{a, b} {
				m, err := r.LinkArtifact(r.ctx, metadata.Link{ArtifactID: x.ID, Entity: "ann", Project: "vision", Portfolio: "best"})
				r.ok(err)
				c = m.CollectionID
			}
			_, err := r.DeleteArtifact(r.ctx, a.ID, false)
			r.ok(err)
			_, err = r.DeleteArtifact(r.ctx, b.ID, false)
			r.fails(err, metadata.KindConflict, "best:latest", "train:latest")
			_, err = r.DeleteArtifact(r.ctx, b.ID, true)
			r.ok(err)
			same(t, "versions", texts(r.versions(c, ""), versionOf), "")
		},
	}
}
