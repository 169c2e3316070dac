package metadatatest

import (
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

func digest(d string) edit { return func(n *metadata.NewArtifact) { n.Digest = d } }

func aliases(names ...string) edit { return func(n *metadata.NewArtifact) { n.Aliases = names } }

func client(id string) edit { return func(n *metadata.NewArtifact) { n.ClientID = id } }

func distributed(id string) edit { return func(n *metadata.NewArtifact) { n.DistributedID = id } }

func deduplicated(n *metadata.NewArtifact) { n.Deduplicate = true }

func createTests() map[string]func(*testing.T, *registry) {
	return map[string]func(*testing.T, *registry){
		"a new version is pending": func(t *testing.T, r *registry) {
			a := r.pending("train", digest("d1"), func(n *metadata.NewArtifact) {
				n.Description, n.Metadata, n.TTLDurationSeconds, n.HistoryStep = ptr("words"), ptr(`{"a": 1}`), ptr(int64(60)), ptr(int64(7))
				n.Tags = []string{"z", "b"}
			})
			if a.Sequence != "train" || a.Project != "vision" || a.Entity != "ann" || a.Type != "dataset" || a.Digest != "d1" || *a.Description != "words" || *a.Metadata != `{"a": 1}` ||
				*a.TTLDurationSeconds != 60 || *a.HistoryStep != 7 || *a.RunID != r.run.ID || *a.UserID != r.user.ID || a.CreatedAt.IsZero() || a.ProjectID != r.project.ID || a.EntityID != r.user.EntityID {
				t.Errorf("artifact %+v", a)
			}
			got, err := r.ArtifactByID(r.ctx, a.ID)
			r.ok(err)
			same(t, "by id", got, a)
			tags, err := r.ArtifactTags(r.ctx, []int64{a.ID})
			r.ok(err)
			same(t, "tags", texts(tags[a.ID], tagName), "b z")
			same(t, "versions", texts(r.versions(a.SequenceID, ""), versionOf), "")
			_, err = r.LatestArtifact(r.ctx, a.SequenceID)
			r.fails(err, metadata.KindNotFound)
			out, err := r.RunArtifacts(r.ctx, r.run.ID, metadata.Output, metadata.Page{})
			r.ok(err)
			if len(out.Edges) != 0 {
				t.Error("a pending version is an output of its run")
			}
		},
		"without a run or a user": func(t *testing.T, r *registry) {
			a := r.pending("train", func(n *metadata.NewArtifact) { n.RunName, n.UserID = "", 0 })
			if a.RunID != nil || a.UserID != nil || a.Description != nil || a.Metadata != nil || a.TTLDurationSeconds != nil || a.HistoryStep != nil {
				t.Errorf("artifact %+v", a)
			}
			r.finish(a)
		},
		"what it needs must be there": func(t *testing.T, r *registry) {
			for what, e := range map[string]edit{
				"'speech'": func(n *metadata.NewArtifact) { n.Project = "speech" },
				"'bob'":    func(n *metadata.NewArtifact) { n.Entity = "bob" },
				"run9":     func(n *metadata.NewArtifact) { n.RunName = "run9" },
			} {
				_, err := r.CreateArtifact(r.ctx, r.fresh("train", e))
				r.fails(err, metadata.KindNotFound, what)
			}
			_, err := r.Collection(r.ctx, r.project.ID, "", "train")
			r.fails(err, metadata.KindNotFound)
			_, err = r.Type(r.ctx, r.project.ID, "dataset")
			r.fails(err, metadata.KindNotFound)
		},
		"what is malformed is refused": func(t *testing.T, r *registry) {
			for what, e := range map[string]edit{
				"metadata":    func(n *metadata.NewArtifact) { n.Metadata = ptr("[]") },
				"digest":      digest(""),
				"v7":          aliases("fine", "v7"),
				"a:b":         aliases("a:b"),
				"no/tag":      func(n *metadata.NewArtifact) { n.Tags = []string{"no/tag"} },
				"0 seconds":   func(n *metadata.NewArtifact) { n.TTLDurationSeconds = ptr(int64(0)) },
				"x/y":         func(n *metadata.NewArtifact) { n.Sequence = "x/y" },
				"data/set":    ofType("data/set"),
				"client":      client(strings.Repeat("c", 2000)),
				"distributed": distributed(strings.Repeat("c", 2000)),
			} {
				_, err := r.CreateArtifact(r.ctx, r.fresh("train", e))
				r.fails(err, metadata.KindInvalid, what)
			}
		},
		"a name belongs to one type and kind": func(t *testing.T, r *registry) {
			a := r.commit("train")
			_, err := r.CreateArtifact(r.ctx, r.fresh("train", ofType("model")))
			r.fails(err, metadata.KindConflict, "train", "dataset", "model")
			_, err = r.Type(r.ctx, r.project.ID, "model")
			r.fails(err, metadata.KindNotFound)
			_, err = r.LinkArtifact(r.ctx, metadata.Link{ArtifactID: a.ID, Entity: "ann", Project: "vision", Portfolio: "best"})
			r.ok(err)
			_, err = r.CreateArtifact(r.ctx, r.fresh("best"))
			r.fails(err, metadata.KindConflict, "best", "portfolio")
			_, err = r.LinkArtifact(r.ctx, metadata.Link{ArtifactID: a.ID, Entity: "ann", Project: "vision", Portfolio: "train"})
			r.fails(err, metadata.KindConflict, "train", "sequence")
		},
		"equal content is the same version": func(t *testing.T, r *registry) {
			v0 := r.commit("train", digest("same"), aliases("latest", "old"))
			v1 := r.commit("train", digest("other"), aliases("latest", "best"))
			second, _, err := r.UpsertRun(r.ctx, metadata.RunUpdate{Entity: "ann", Project: "vision", Name: "run2"})
			r.ok(err)
			a, err := r.CreateArtifact(r.ctx, r.fresh("train", digest("same"), deduplicated, aliases("latest", "best"), client("c-9"), func(n *metadata.NewArtifact) {
				n.RunName, n.Tags = "run2", []string{"seen"}
			}))
			r.ok(err)
			if a.ID != v0.ID || a.State != metadata.Committed {
				t.Errorf("got %+v, want v0", a)
			}
			for alias, want := range map[string]int{"latest": 0, "best": 0, "old": 0, "v0": 0, "v1": 1} {
				if got := r.at(a.SequenceID, alias); got != want {
					t.Errorf("%s is v%d, want v%d", alias, got, want)
				}
			}
			tags, err := r.ArtifactTags(r.ctx, []int64{a.ID})
			r.ok(err)
			same(t, "tags", texts(tags[a.ID], tagName), "seen")
			byClient, err := r.ArtifactByClientID(r.ctx, "c-9")
			r.ok(err)
			same(t, "by client id", byClient.ID, v0.ID)
			out, err := r.RunArtifacts(r.ctx, second.ID, metadata.Output, metadata.Page{})
			r.ok(err)
			if len(out.Edges) != 1 || out.Edges[0].Node.ID != v0.ID {
				t.Errorf("outputs of the second run: %+v", out)
			}
			newest, err := r.LatestArtifact(r.ctx, a.SequenceID)
			r.ok(err)
			same(t, "newest", newest.ID, v1.ID)
			// The latest alias goes to the next version again.
			v2 := r.commit("train")
			if got := r.at(a.SequenceID, "latest"); got != 2 || *v2.VersionIndex != 2 {
				t.Errorf("latest is v%d after v%d", got, *v2.VersionIndex)
			}
		},
		"equal content elsewhere is not": func(t *testing.T, r *registry) {
			v0 := r.commit("train", digest("same"))
			r.commit("test", digest("same"), deduplicated)
			asked := r.pending("train", digest("same"))
			_, err := r.DeleteArtifact(r.ctx, asked.ID, false)
			r.ok(err)
			_, err = r.DeleteArtifact(r.ctx, v0.ID, true)
			r.ok(err)
			r.pending("train", digest("same"), deduplicated)
		},
		"unfinished versions are not deduplicated": func(t *testing.T, r *registry) {
			a := r.pending("train", digest("same"), deduplicated)
			b := r.pending("train", digest("same"), deduplicated)
			if a.ID == b.ID {
				t.Error("two writers got one version")
			}
			a, b = r.finish(a), r.finish(b)
			same(t, "numbers", []int{*a.VersionIndex, *b.VersionIndex}, []int{0, 1})
		},
		"a client id names one version": func(t *testing.T, r *registry) {
			a := r.pending("train", client("c1"), digest("d"), aliases("x"))
			again, err := r.CreateArtifact(r.ctx, r.fresh("train", client("c1"), digest("d"), aliases("y")))
			r.ok(err)
			if again.ID != a.ID || again.State != metadata.Pending {
				t.Errorf("asked again: %+v", again)
			}
			found, err := r.ArtifactByClientID(r.ctx, "c1")
			r.ok(err)
			same(t, "by client id", found.ID, a.ID)
			a = r.finish(a)
			if r.at(a.SequenceID, "x") != 0 || r.at(a.SequenceID, "y") != 0 {
				t.Error("aliases of either request are missing")
			}
			done, err := r.CreateArtifact(r.ctx, r.fresh("train", client("c1"), digest("d"), aliases("z")))
			r.ok(err)
			if done.ID != a.ID || done.State != metadata.Committed || r.at(a.SequenceID, "z") != 0 {
				t.Errorf("asked after the commit: %+v", done)
			}
			_, err = r.CreateArtifact(r.ctx, r.fresh("train", client("c1"), digest("e")))
			r.fails(err, metadata.KindConflict, "client id")
			_, err = r.CreateArtifact(r.ctx, r.fresh("test", client("c1"), digest("d")))
			r.fails(err, metadata.KindConflict, "client id")
			_, err = r.ArtifactByClientID(r.ctx, "c2")
			r.fails(err, metadata.KindNotFound, "c2")
			_, err = r.DeleteArtifact(r.ctx, a.ID, true)
			r.ok(err)
			b := r.pending("train", client("c1"), digest("d"))
			if b.ID == a.ID {
				t.Error("a deleted version came back")
			}
		},
		"a distributed id joins writers": func(t *testing.T, r *registry) {
			a := r.pending("train", distributed("g"), client("c1"), aliases("x"))
			b, err := r.CreateArtifact(r.ctx, r.fresh("train", distributed("g"), client("c2"), aliases("y"), deduplicated))
			r.ok(err)
			if b.ID != a.ID || b.State != metadata.Pending {
				t.Errorf("the second writer got %+v", b)
			}
			other := r.pending("test", distributed("g"))
			if other.ID == a.ID {
				t.Error("one version in two sequences")
			}
			for _, id := range []string{"c1", "c2"} {
				found, err := r.ArtifactByClientID(r.ctx, id)
				r.ok(err)
				same(t, id, found.ID, a.ID)
			}
			a = r.finish(a)
			if r.at(a.SequenceID, "x") != 0 || r.at(a.SequenceID, "y") != 0 {
				t.Error("aliases of either writer are missing")
			}
			next := r.pending("train", distributed("g"))
			if next.ID == a.ID {
				t.Error("a committed version is written again")
			}
			// The digest is that of a part, which may equal a whole version.
			r.commit("train", digest("part"))
			r.pending("train", distributed("h"), digest("part"), deduplicated)
		},
	}
}
