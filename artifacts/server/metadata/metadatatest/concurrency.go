package metadatatest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

func concurrencyTests() map[string]func(*testing.T, *registry) {
	return map[string]func(*testing.T, *registry){
		"many writers number without gaps": func(t *testing.T, r *registry) {
			const writers, each = 8, 12
			names := []string{"a", "b", "c"}
			var wg sync.WaitGroup
			errs := make(chan error, writers)
			for w := range writers {
				wg.Go(func() {
					for i := range each {
						if err := logVersion(r.ctx, r.Store, names[(w+i)%len(names)], fmt.Sprint("w", w, "-", i)); err != nil {
							errs <- err
							return
						}
					}
				})
			}
			// Readers work meanwhile, and never see a list with a hole.
			stop := make(chan struct{})
			var reading sync.WaitGroup
			reading.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					c, err := r.Collection(r.ctx, r.project.ID, "", "a")
					if metadata.IsNotFound(err) {
						continue
					}
					if err != nil {
						t.Error(err)
						return
					}
					page, err := r.ListMemberships(r.ctx, c.ID, metadata.Page{First: 1000})
					if err != nil {
						t.Error(err)
						return
					}
					for i, e := range page.Edges {
						if e.Node.VersionIndex != len(page.Edges)-1-i {
							t.Errorf("a reader saw v%d at place %d of %d", e.Node.VersionIndex, i, len(page.Edges))
							return
						}
					}
				}
			})
			wg.Wait()
			close(stop)
			reading.Wait()
			close(errs)
			for err := range errs {
				t.Fatal(err)
			}
			total := 0
			for _, name := range names {
				c := r.collection(name)
				var got []int
				for _, m := range r.versions(c.ID, "") {
					got = append(got, m.VersionIndex)
				}
				slices.Reverse(got)
				for i, v := range got {
					if v != i {
						t.Fatalf("%s has the versions %v", name, got)
					}
				}
				if latest := r.at(c.ID, "latest"); latest != len(got)-1 {
					t.Errorf("latest of %s is v%d of %d", name, latest, len(got))
				}
				total += len(got)
			}
			same(t, "versions in all", total, writers*each)
		},
		"many uploads at once, some of them refused": func(t *testing.T, r *registry) {
			a := r.pending("train")
			taken := r.store(a, "taken", "first")
			var wg sync.WaitGroup
			for i := range 60 {
				wg.Go(func() {
					content := fmt.Sprint("content ", i)
					good := metadata.StoredFile{ArtifactID: a.ID, Digest: digestOf(content), MD5: digestOf(content), Key: keyOf(content), Size: int64(i)}
					switch i % 4 {
					case 0:
						forged := good
						forged.Digest = taken.Digest
						if err := r.RecordFile(r.ctx, forged); metadata.KindOf(err) != metadata.KindConflict {
							t.Errorf("forged: %v", err)
						}
					case 1:
						nowhere := good
						nowhere.ArtifactID = 999
						if err := r.RecordFile(r.ctx, nowhere); metadata.KindOf(err) != metadata.KindNotFound {
							t.Errorf("for no artifact: %v", err)
						}
					case 2:
						ctx, cancel := context.WithTimeout(r.ctx, time.Duration(i*10)*time.Microsecond)
						defer cancel()
						if err := r.RecordFile(ctx, good); err != nil && metadata.KindOf(err) != metadata.KindCanceled {
							t.Errorf("called off: %v", err)
						}
					}
					if err := r.RecordFile(r.ctx, good); err != nil {
						t.Error(err)
						return
					}
					got, err := r.StoredFile(r.ctx, a.ID, good.Digest)
					if err != nil || got != good {
						t.Errorf("acknowledged %+v, stored %+v (%v)", good, got, err)
					}
				})
			}
			wg.Wait()
			got, err := r.StoredFile(r.ctx, a.ID, taken.Digest)
			r.ok(err)
			same(t, "what was stored first", got.Key, taken.Key)
		},
		"one alias, many movers": func(t *testing.T, r *registry) {
			var made []metadata.Artifact
			for range 6 {
				made = append(made, r.commit("train"))
			}
			var wg sync.WaitGroup
			for _, a := range made {
				wg.Go(func() {
					for range 10 {
						if err := r.AddAliases(r.ctx, a.ID, in("train", "best")); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			list, err := r.ListAliases(r.ctx, made[0].SequenceID, metadata.Page{})
			r.ok(err)
			if len(list.Edges) != 2 {
				t.Errorf("%d aliases, want best and latest", len(list.Edges))
			}
		},
		"the same things made at once": func(t *testing.T, r *registry) {
			var wg sync.WaitGroup
			projects, artifacts := make([]int64, 8), make([]int64, 8)
			for i := range projects {
				wg.Go(func() {
					p, _, err := r.EnsureProject(r.ctx, "ann", "shared")
					if err != nil {
						t.Error(err)
					}
					projects[i] = p.ID
					a, err := r.CreateArtifact(r.ctx, metadata.NewArtifact{Entity: "ann", Project: "vision", Type: "dataset", Sequence: "shared", Digest: fmt.Sprint(i), DistributedID: "g", ClientID: fmt.Sprint("c", i)})
					if err != nil {
						t.Error(err)
					}
					artifacts[i] = a.ID
				})
			}
			wg.Wait()
			if len(slices.Compact(projects)) != 1 || len(slices.Compact(artifacts)) != 1 {
				t.Errorf("projects %v, artifacts %v", projects, artifacts)
			}
		},
		"a version committed and deleted at once": func(t *testing.T, r *registry) {
			for i := range 10 {
				a := r.pending("train")
				var wg sync.WaitGroup
				wg.Go(func() {
					if _, err := r.CommitArtifact(r.ctx, commitOf(a)); err != nil && !metadata.IsNotFound(err) {
						t.Error(i, err)
					}
				})
				wg.Go(func() {
					if _, err := r.DeleteArtifact(r.ctx, a.ID, true); err != nil {
						t.Error(i, err)
					}
				})
				wg.Wait()
				got, err := r.ArtifactByID(r.ctx, a.ID)
				r.ok(err)
				same(t, "state", got.State, metadata.Deleted)
			}
		},
	}
}

// logVersion does what a client does to log a version with one file.
func logVersion(ctx context.Context, s metadata.Store, sequence, content string) error {
	a, err := s.CreateArtifact(ctx, metadata.NewArtifact{Entity: "ann", Project: "vision", Type: "dataset", Sequence: sequence, Digest: content, Aliases: []string{"latest"}, Deduplicate: true})
	if err != nil {
		return err
	}
	f := metadata.StoredFile{ArtifactID: a.ID, Digest: digestOf(content), MD5: digestOf(content), Key: keyOf(content), Size: 1}
	if err := s.RecordFile(ctx, f); err != nil {
		return err
	}
	_, err = s.CommitArtifact(ctx, commitOf(a, metadata.File{Path: "data", Digest: f.Digest, BirthArtifactID: a.ID}))
	return err
}
