package metadatatest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

func living(seconds int64) edit {
	return func(n *metadata.NewArtifact) { n.TTLDurationSeconds = &seconds }
}

// state is that of a version as it is now.
func (r *registry) state(a metadata.Artifact) metadata.State {
	r.t.Helper()
	a, err := r.ArtifactByID(r.ctx, a.ID)
	r.ok(err)
	return a.State
}

func expiryTests() map[string]func(*testing.T, *registry) {
	return map[string]func(*testing.T, *registry){
		"what has expired is gone for every question": func(t *testing.T, r *registry) {
			v0 := r.commit("train")
			v1 := r.commit("train", living(60), aliases("best"))
			_, err := r.LinkArtifact(r.ctx, metadata.Link{ArtifactID: v1.ID, Entity: "ann", Project: "vision", Portfolio: "links"})
			r.ok(err)
			r.ok(r.UseArtifact(r.ctx, r.run.ID, v1.ID, ""))
			r.clock.pass(59 * time.Second)
			if got := r.at(v0.SequenceID, "best"); got != 1 {
				t.Errorf("best is v%d before its time", got)
			}
			r.clock.pass(time.Second)
			for alias, want := range map[string]int{"best": -1, "v1": -1, "latest": 0} {
				if got := r.at(v0.SequenceID, alias); got != want {
					t.Errorf("%s is v%d, want v%d", alias, got, want)
				}
			}
			same(t, "versions", texts(r.versions(v0.SequenceID, ""), versionOf), "v0")
			n, err := r.CountMemberships(r.ctx, v0.SequenceID, nil)
			r.ok(err)
			same(t, "count", n, 1)
			newest, err := r.LatestArtifact(r.ctx, v0.SequenceID)
			r.ok(err)
			same(t, "latest", newest.ID, v0.ID)
			same(t, "links", len(r.versions(r.collection("links").ID, "")), 0)
			used, err := r.CountRunArtifacts(r.ctx, r.run.ID, metadata.Input)
			r.ok(err)
			same(t, "used", total(used), 0)
			same(t, "state", r.state(v1), metadata.Deleted)
			n, err = r.Expire(r.ctx)
			r.ok(err)
			same(t, "expired again", n, 0)
		},
		"an expired version does not stand for a new one": func(t *testing.T, r *registry) {
			n := r.fresh("train", living(60), func(n *metadata.NewArtifact) { n.Deduplicate = true })
			a, err := r.CreateArtifact(r.ctx, n)
			r.ok(err)
			r.finish(a)
			r.clock.pass(time.Minute)
			b, err := r.CreateArtifact(r.ctx, n)
			r.ok(err)
			if b.ID == a.ID || b.State != metadata.Pending {
				t.Errorf("logged again, it is %+v", b)
			}
		},
		"a time to live that was set later counts from the creation": func(t *testing.T, r *registry) {
			a := r.commit("train")
			r.clock.pass(time.Hour)
			_, err := r.UpdateArtifact(r.ctx, a.ID, metadata.ArtifactUpdate{TTLDurationSeconds: ptr(int64(7200))})
			r.ok(err)
			r.clock.pass(59 * time.Minute)
			same(t, "before", r.state(a), metadata.Committed)
			_, err = r.UpdateArtifact(r.ctx, a.ID, metadata.ArtifactUpdate{TTLDurationSeconds: ptr(int64(-2))})
			r.ok(err)
			r.clock.pass(time.Hour)
			same(t, "for ever", r.state(a), metadata.Committed)
			_, err = r.UpdateArtifact(r.ctx, a.ID, metadata.ArtifactUpdate{TTLDurationSeconds: ptr(int64(1))})
			r.ok(err)
			same(t, "at once", r.state(a), metadata.Deleted)
		},
		"of the entity": func(t *testing.T, r *registry) {
			old, own, never := r.commit("train"), r.commit("train", living(600)), r.commit("train", living(-2))
			_, err := r.SetEntityTTL(r.ctx, r.user.EntityID, ptr(int64(0)))
			r.fails(err, metadata.KindInvalid)
			_, err = r.SetEntityTTL(r.ctx, 999, nil)
			r.fails(err, metadata.KindNotFound)
			e, err := r.SetEntityTTL(r.ctx, r.user.EntityID, ptr(int64(300)))
			r.ok(err)
			same(t, "ttl", *e.TTLSeconds, 300)
			fresh := r.commit("train")
			a, err := r.ArtifactByID(r.ctx, fresh.ID)
			r.ok(err)
			if a.TTLDurationSeconds != nil || a.EntityTTLSeconds == nil || *a.EntityTTLSeconds != 300 {
				t.Errorf("inherited: %v, of the entity %v", a.TTLDurationSeconds, a.EntityTTLSeconds)
			}
			history := r.commit("history", ofType("wandb-history"))
			r.clock.pass(5 * time.Minute)
			for name, want := range map[string]struct {
				a     metadata.Artifact
				state metadata.State
			}{
				"from before": {old, metadata.Deleted}, "from after": {fresh, metadata.Deleted}, "with its own": {own, metadata.Committed},
				"for ever": {never, metadata.Committed}, "W&B's own": {history, metadata.Committed},
			} {
				same(t, name, r.state(want.a), want.state)
			}
			_, err = r.SetEntityTTL(r.ctx, r.user.EntityID, nil)
			r.ok(err)
			r.clock.pass(5 * time.Minute)
			same(t, "with its own", r.state(own), metadata.Deleted)
		},
		"not while a registry links to it": func(t *testing.T, r *registry) {
			_, _, err := r.EnsureProject(r.ctx, "ann", "wandb-registry-models")
			r.ok(err)
			a := r.commit("train", living(60))
			m, err := r.LinkArtifact(r.ctx, metadata.Link{ArtifactID: a.ID, Entity: "ann", Project: "wandb-registry-models", Portfolio: "best"})
			r.ok(err)
			r.clock.pass(time.Hour)
			same(t, "linked", r.state(a), metadata.Committed)
			r.ok(r.UnlinkArtifact(r.ctx, a.ID, m.CollectionID))
			same(t, "unlinked", r.state(a), metadata.Deleted)

			b := r.commit("train", living(60))
			m, err = r.LinkArtifact(r.ctx, metadata.Link{ArtifactID: b.ID, Entity: "ann", Project: "wandb-registry-models", Portfolio: "best"})
			r.ok(err)
			r.clock.pass(time.Hour)
			_, err = r.DeleteCollection(r.ctx, m.CollectionID)
			r.ok(err)
			same(t, "its portfolio deleted", r.state(b), metadata.Deleted)
		},
		"many at once, while others ask": func(t *testing.T, r *registry) {
			const n = 210 // more than one transaction's
			for i := range n {
				a := r.pending(fmt.Sprint("c", i%3), living(60))
				r.finish(a)
			}
			r.clock.pass(time.Minute)
			var wg sync.WaitGroup
			for w := range 4 {
				wg.Go(func() {
					c, err := r.Collection(r.ctx, r.project.ID, "", fmt.Sprint("c", w%3))
					if err != nil {
						t.Error(err)
						return
					}
					count, err := r.CountMemberships(r.ctx, c.ID, nil)
					if err != nil || count != 0 {
						t.Errorf("%d versions are shown, %v", count, err)
					}
				})
			}
			wg.Wait()
			count, err := r.CountDeletions(r.ctx, r.project.ID, nil)
			r.ok(err)
			same(t, "deletions", count, n)
		},
	}
}
