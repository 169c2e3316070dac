package metadatatest

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

func expecting(version int, in []metadata.CollectionAlias) []metadata.CollectionAlias {
	for i := range in {
		in[i].Expected = &version
	}
	return in
}

// moves lists those of one alias, oldest first, as "from>to".
func (r *registry) moves(collectionID int64, alias string) string {
	r.t.Helper()
	list := walk(r.t, 2, func(p metadata.Page) (metadata.Connection[metadata.AliasMove], error) {
		return r.ListAliasMoves(r.ctx, collectionID, alias, p)
	}, metadata.Page{})
	words := make([]string, len(list))
	for i, m := range list {
		words[len(list)-1-i] = placeOf(m.From) + ">" + placeOf(m.To)
	}
	return strings.Join(words, " ")
}

func placeOf(n *int) string {
	if n == nil {
		return ""
	}
	return fmt.Sprint(*n)
}

func moveTests() map[string]func(*testing.T, *registry) {
	return map[string]func(*testing.T, *registry){
		"every move is kept": func(t *testing.T, r *registry) {
			v0, v1 := r.commit("train", aliases("prod")), r.commit("train")
			c := v0.SequenceID
			ctx := metadata.WithActor(r.ctx, metadata.Actor{UserID: r.user.ID, Kind: metadata.PersonActor, Reason: "better", Operation: "addAliases"})
			r.ok(r.AddAliases(ctx, v1.ID, in("train", "prod")))
			r.ok(r.AddAliases(ctx, v1.ID, in("train", "prod"))) // changes nothing
			r.ok(r.RemoveAliases(r.ctx, v1.ID, in("train", "prod", "never")))
			r.ok(r.AddAliases(r.ctx, v0.ID, in("train", "prod")))
			r.delete(v0)
			r.restore()
			same(t, "prod", r.moves(c, "prod"), ">0 0>1 1> >0 0> >0")
			same(t, "latest", r.moves(c, "latest"), ">0 0>1")
			page, err := r.ListAliasMoves(r.ctx, c, "prod", metadata.Page{})
			r.ok(err)
			m := page.Edges[4].Node
			if m.Username != "ann" || m.UserID != r.user.ID || m.Actor != metadata.PersonActor || m.Reason != "better" || m.Operation != "addAliases" || m.Alias != "prod" || m.At.IsZero() {
				t.Errorf("the second move is %+v", m)
			}
			operations := texts(page.Edges, func(e metadata.Edge[metadata.AliasMove]) string { return e.Node.Operation })
			same(t, "operations", operations, "restoreArtifact deleteArtifact addAliases deleteAliases addAliases commitArtifact")
			all := walk(t, 3, func(p metadata.Page) (metadata.Connection[metadata.AliasMove], error) {
				return r.ListAliasMoves(r.ctx, c, "", p)
			}, metadata.Page{})
			same(t, "of all aliases", len(all), 8)
		},
		"which version an alias named when": func(t *testing.T, r *registry) {
			before := r.clock.now()
			r.clock.pass(time.Hour)
			v0 := r.commit("train", aliases("prod"))
			r.clock.pass(time.Hour)
			first := r.clock.now()
			r.clock.pass(time.Hour)
			v1 := r.commit("train", aliases("prod"))
			r.clock.pass(time.Hour)
			second := r.clock.now()
			r.clock.pass(time.Hour)
			r.ok(r.RemoveAliases(r.ctx, v1.ID, in("train", "prod")))
			for _, c := range []struct {
				alias string
				at    time.Time
				want  string
			}{
				{"prod", before, ""}, {"prod", first, "0"}, {"prod", second, "1"}, {"prod", r.clock.now(), ""},
				{"latest", first, "0"}, {"never", first, ""},
			} {
				got, err := r.AliasAt(r.ctx, v0.SequenceID, c.alias, c.at)
				r.ok(err)
				if !got.Known || placeOf(got.VersionIndex) != c.want {
					t.Errorf("%s was %q (known %v), want %q", c.alias, placeOf(got.VersionIndex), got.Known, c.want)
				}
			}
		},
		"links and deleted collections": func(t *testing.T, r *registry) {
			a := r.commit("train")
			m := r.link(a, "links", "prod")
			r.ok(r.UnlinkArtifact(r.ctx, a.ID, m.CollectionID))
			r.link(a, "links", "prod")
			_, err := r.DeleteCollection(r.ctx, m.CollectionID)
			r.ok(err)
			same(t, "prod", r.moves(m.CollectionID, "prod"), ">0 0> >1 1>")
		},
		"only from where it is expected": func(t *testing.T, r *registry) {
			v0, v1, v2 := r.commit("train", aliases("prod")), r.commit("train"), r.commit("train")
			ctx := metadata.WithActor(r.ctx, metadata.Actor{UserID: r.user.ID, Kind: metadata.AgentActor, Reason: "better by far"})
			r.ok(r.AddAliases(ctx, v1.ID, expecting(0, in("train", "prod"))))
			err := r.AddAliases(ctx, v2.ID, expecting(0, in("train", "prod")))
			r.fails(err, metadata.KindConflict, "prod", "v1", "v0", "ann (by an agent)", "better by far")
			r.fails(r.AddAliases(ctx, v2.ID, expecting(metadata.NoVersion, in("train", "prod"))), metadata.KindConflict, "no version")
			r.fails(r.AddAliases(ctx, v2.ID, append(in("train", "extra"), expecting(0, in("train", "prod"))...)), metadata.KindConflict)
			same(t, "none of them was moved", r.at(v0.SequenceID, "extra"), -1)
			r.ok(r.AddAliases(ctx, v2.ID, expecting(metadata.NoVersion, in("train", "extra"))))
			r.fails(r.RemoveAliases(ctx, v2.ID, expecting(1, in("train", "extra"))), metadata.KindConflict, "v2")
			r.ok(r.RemoveAliases(ctx, v2.ID, expecting(2, in("train", "extra"))))
			r.fails(r.AddAliases(ctx, v2.ID, expecting(2, in("train", "extra"))), metadata.KindConflict, "no version", "took it off")
			same(t, "prod", r.at(v0.SequenceID, "prod"), 1)
		},
		"of many who expect the same, one moves it": func(t *testing.T, r *registry) {
			made := []metadata.Artifact{r.commit("train", aliases("prod"))}
			for range 8 {
				made = append(made, r.commit("train"))
			}
			var wg sync.WaitGroup
			var moved atomic.Int32
			for _, a := range made[1:] {
				wg.Go(func() {
					switch err := r.AddAliases(r.ctx, a.ID, expecting(0, in("train", "prod"))); {
					case err == nil:
						moved.Add(1)
					case metadata.KindOf(err) != metadata.KindConflict:
						t.Error(err)
					}
				})
			}
			wg.Wait()
			same(t, "moves", moved.Load(), 1)
		},
	}
}

func auditTests() map[string]func(*testing.T, *registry) {
	return map[string]func(*testing.T, *registry){
		"who changed what, and why": func(t *testing.T, r *registry) {
			v0, v1 := r.commit("train"), r.commit("train")
			ctx := metadata.WithActor(r.ctx, metadata.Actor{UserID: r.user.ID, Kind: metadata.AgentActor, Reason: "because", Operation: "theirs"})
			r.ok(r.AddAliases(ctx, v0.ID, in("train", "prod")))
			_, err := r.UpdateArtifact(r.ctx, v1.ID, metadata.ArtifactUpdate{Description: ptr("x"), AddTags: []string{"hot"}})
			r.ok(err)
			_, err = r.UpdateCollection(r.ctx, v0.SequenceID, metadata.CollectionUpdate{Name: ptr("renamed")})
			r.ok(err)
			r.delete(v1)
			r.restore()
			_, err = r.DeleteCollection(r.ctx, v0.SequenceID)
			r.ok(err)
			list := walk(t, 3, func(p metadata.Page) (metadata.Connection[metadata.AuditEntry], error) {
				return r.ListAudit(r.ctx, r.user.EntityID, p)
			}, metadata.Page{})
			got := texts(list, func(e metadata.AuditEntry) string { return e.Operation + " " + e.Subject + "\n" })
			want := []string{
				"deleteArtifactCollection ann/vision/renamed", "restoreArtifact ann/vision/renamed:v1", "deleteArtifact ann/vision/renamed:v1",
				"updateArtifactCollection ann/vision/train", "updateArtifact ann/vision/train:v1", "theirs ann/vision/train",
				"commitArtifact ann/vision/train:v1", "commitArtifact ann/vision/train:v0", "upsertBucket ann/vision", "createUser ann",
			}
			same(t, "the log", strings.ReplaceAll(got, "\n ", "\n"), strings.Join(want, "\n")+"\n")
			e := list[5]
			if e.Username != "ann" || e.UserID != r.user.ID || e.Actor != metadata.AgentActor || e.Reason != "because" || e.Details != "alias prod: no version -> v0" || e.EntityID != r.user.EntityID || e.At.IsZero() {
				t.Errorf("the entry is %+v", e)
			}
			same(t, "details", list[4].Details, "description, tag +hot")
			f, err := metadata.ParseFilter(`{"user": "ann", "subject": {"$regex": "^ann/vision/train"}}`)
			r.ok(err)
			page, err := r.ListAudit(r.ctx, r.user.EntityID, metadata.Page{Filter: f})
			r.ok(err)
			same(t, "by ann", len(page.Edges), 1)
		},
		"what is refused is not in it": func(t *testing.T, r *registry) {
			a := r.commit("train")
			before, err := r.ListAudit(r.ctx, r.user.EntityID, metadata.Page{})
			r.ok(err)
			_, err = r.DeleteArtifact(r.ctx, a.ID, false)
			r.fails(err, metadata.KindConflict)
			r.fails(r.AddAliases(r.ctx, a.ID, in("nope", "x")), metadata.KindNotFound)
			after, err := r.ListAudit(r.ctx, r.user.EntityID, metadata.Page{})
			r.ok(err)
			same(t, "entries", len(after.Edges), len(before.Edges))
		},
		"entities have logs of their own": func(t *testing.T, r *registry) {
			eve, err := r.CreateUser(r.ctx, metadata.NewUser{Username: "eve", KeySHA256: [32]byte{1}})
			r.ok(err)
			r.commit("train")
			page, err := r.ListAudit(r.ctx, eve.EntityID, metadata.Page{})
			r.ok(err)
			same(t, "eve's", len(page.Edges), 1)
		},
	}
}
