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

func endingTests() map[string]func(*testing.T, *registry) {
	return map[string]func(*testing.T, *registry){
		"a context that ended": func(t *testing.T, r *registry) {
			a := r.pending("train")
			ctx, cancel := context.WithCancel(r.ctx)
			cancel()
			for what, err := range everyMethod(ctx, r.Store, a) {
				if k := metadata.KindOf(err); k != metadata.KindCanceled {
					t.Errorf("%s: %s (%v), want CANCELED", what, k, err)
				}
			}
			got, err := r.ArtifactByID(r.ctx, a.ID)
			r.ok(err)
			same(t, "afterwards", got, a)
		},
		"a deadline in the middle of a commit": func(t *testing.T, r *registry) {
			a := r.pending("train")
			f := r.store(a, "", "x")
			c := commitOf(a)
			for i := range 20_000 {
				f.Path = fmt.Sprint(i)
				c.Files = append(c.Files, f)
			}
			ctx, cancel := context.WithTimeout(r.ctx, 20*time.Millisecond)
			defer cancel()
			_, err := r.CommitArtifact(ctx, c)
			r.fails(err, metadata.KindCanceled)
			n, err := r.CountFiles(r.ctx, a.ID, metadata.FileOptions{})
			r.ok(err)
			same(t, "files left", n, 0)
			got, err := r.ArtifactByID(r.ctx, a.ID)
			r.ok(err)
			same(t, "afterwards", got, a)
			same(t, "number", *r.commit("train").VersionIndex, 0)
		},
		"writers that are called off leave the way free": func(t *testing.T, r *registry) {
			var wg sync.WaitGroup
			for w := range 4 {
				wg.Go(func() {
					for i := range 300 {
						// From none to some writes fit in.
						ctx, cancel := context.WithTimeout(r.ctx, time.Duration((i*7+w*13)%400)*time.Microsecond)
						_, _, err := r.EnsureProject(ctx, "ann", fmt.Sprint("p", w, "-", i))
						cancel()
						if err != nil && metadata.KindOf(err) != metadata.KindCanceled {
							t.Errorf("called off: %v", err)
						}
						if _, _, err := r.EnsureProject(r.ctx, "ann", "after"); err != nil {
							t.Errorf("the next: %v", err)
							return
						}
					}
				})
			}
			wg.Wait()
		},
		"a closed store": func(t *testing.T, r *registry) {
			a := r.pending("train")
			r.ok(r.Close())
			r.ok(r.Close())
			for what, err := range everyMethod(r.ctx, r.Store, a) {
				if k := metadata.KindOf(err); k != metadata.KindUnavailable {
					t.Errorf("%s: %s (%v), want UNAVAILABLE", what, k, err)
				}
			}
		},
	}
}

// everyMethod calls each method and gives what it failed with.
func everyMethod(ctx context.Context, s metadata.Store, a metadata.Artifact) map[string]error {
	errs := map[string]error{}
	keep := func(name string, err error) { errs[name] = err }
	_, err := s.CreateUser(ctx, metadata.NewUser{Username: "x"})
	keep("CreateUser", err)
	_, err = s.UserByKey(ctx, [32]byte{})
	keep("UserByKey", err)
	_, err = s.UserByName(ctx, "ann")
	keep("UserByName", err)
	_, err = s.UsersByID(ctx, []int64{1})
	keep("UsersByID", err)
	keep("AddKey", s.AddKey(ctx, 1, [32]byte{1}))
	_, err = s.CountUsers(ctx)
	keep("CountUsers", err)
	_, err = s.Entity(ctx, "ann")
	keep("Entity", err)
	_, err = s.CreateTeam(ctx, "t", nil)
	keep("CreateTeam", err)
	_, err = s.Teams(ctx, 1)
	keep("Teams", err)
	_, err = s.Project(ctx, "ann", "vision")
	keep("Project", err)
	_, err = s.ProjectByID(ctx, 1)
	keep("ProjectByID", err)
	_, _, err = s.EnsureProject(ctx, "ann", "new")
	keep("EnsureProject", err)
	_, err = s.ListProjects(ctx, 1, metadata.Page{})
	keep("ListProjects", err)
	_, _, err = s.UpsertRun(ctx, metadata.RunUpdate{Entity: "ann", Project: "vision", Name: "x"})
	keep("UpsertRun", err)
	_, err = s.Run(ctx, 1, "run1")
	keep("Run", err)
	_, err = s.RunByID(ctx, 1)
	keep("RunByID", err)
	_, err = s.RunsByID(ctx, []int64{1})
	keep("RunsByID", err)
	_, err = s.ListRuns(ctx, 1, metadata.Page{})
	keep("ListRuns", err)
	_, err = s.CountRuns(ctx, 1, nil)
	keep("CountRuns", err)
	keep("AppendRunLines", s.AppendRunLines(ctx, 1, "h", 0, []string{"x"}))
	_, err = s.RunLineCounts(ctx, 1)
	keep("RunLineCounts", err)
	_, err = s.RunTail(ctx, 1, "h", 1)
	keep("RunTail", err)
	keep("PutRunFile", s.PutRunFile(ctx, 1, metadata.RunFile{Name: "f", Key: keyOf("x")}))
	_, err = s.RunFile(ctx, 1, "f")
	keep("RunFile", err)
	_, err = s.ListRunFiles(ctx, 1, metadata.Page{})
	keep("ListRunFiles", err)
	_, err = s.CountRunFiles(ctx, 1)
	keep("CountRunFiles", err)
	keep("UseArtifact", s.UseArtifact(ctx, 1, a.ID, ""))
	_, err = s.RunArtifacts(ctx, 1, metadata.Input, metadata.Page{})
	keep("RunArtifacts", err)
	_, err = s.CountRunArtifacts(ctx, 1, metadata.Input)
	keep("CountRunArtifacts", err)
	_, err = s.UsedBy(ctx, a.ID, metadata.Page{})
	keep("UsedBy", err)
	_, err = s.CountUsedBy(ctx, a.ID)
	keep("CountUsedBy", err)
	_, err = s.Type(ctx, 1, "dataset")
	keep("Type", err)
	_, err = s.ListTypes(ctx, 1, metadata.Page{})
	keep("ListTypes", err)
	_, err = s.CountTypes(ctx, 1)
	keep("CountTypes", err)
	_, err = s.Collection(ctx, 1, "", "train")
	keep("Collection", err)
	_, err = s.CollectionByID(ctx, a.SequenceID)
	keep("CollectionByID", err)
	_, err = s.CollectionsByID(ctx, []int64{a.SequenceID})
	keep("CollectionsByID", err)
	_, err = s.ListCollections(ctx, 1, "", metadata.Page{})
	keep("ListCollections", err)
	_, err = s.CountCollections(ctx, 1, "", nil)
	keep("CountCollections", err)
	_, err = s.UpdateCollection(ctx, a.SequenceID, metadata.CollectionUpdate{Name: ptr("x")})
	keep("UpdateCollection", err)
	_, err = s.MoveCollection(ctx, a.SequenceID, "x")
	keep("MoveCollection", err)
	_, err = s.DeleteCollection(ctx, a.SequenceID)
	keep("DeleteCollection", err)
	_, err = s.AddCollectionTags(ctx, a.SequenceID, []string{"x"})
	keep("AddCollectionTags", err)
	_, err = s.RemoveCollectionTags(ctx, a.SequenceID, []string{"x"})
	keep("RemoveCollectionTags", err)
	_, err = s.CollectionTags(ctx, []int64{a.SequenceID})
	keep("CollectionTags", err)
	_, err = s.ListAliases(ctx, a.SequenceID, metadata.Page{})
	keep("ListAliases", err)
	_, err = s.CreateArtifact(ctx, metadata.NewArtifact{Entity: "ann", Project: "vision", Type: "dataset", Sequence: "x", Digest: "d"})
	keep("CreateArtifact", err)
	_, err = s.ArtifactByID(ctx, a.ID)
	keep("ArtifactByID", err)
	_, err = s.ArtifactsByID(ctx, []int64{a.ID})
	keep("ArtifactsByID", err)
	_, err = s.ArtifactByClientID(ctx, "c")
	keep("ArtifactByClientID", err)
	_, err = s.CommittedArtifacts(ctx, 0, 1)
	keep("CommittedArtifacts", err)
	_, err = s.LatestArtifact(ctx, a.SequenceID)
	keep("LatestArtifact", err)
	_, err = s.CreateManifest(ctx, metadata.Manifest{ArtifactID: a.ID, Type: metadata.FullManifest, Name: "m"})
	keep("CreateManifest", err)
	_, err = s.UpdateManifest(ctx, 1, "d", nil)
	keep("UpdateManifest", err)
	_, err = s.ManifestByID(ctx, 1)
	keep("ManifestByID", err)
	keep("SetManifestKey", s.SetManifestKey(ctx, 1, keyOf("x"), 1))
	_, err = s.ListManifests(ctx, a.ID)
	keep("ListManifests", err)
	_, err = s.CommitArtifact(ctx, commitOf(a))
	keep("CommitArtifact", err)
	_, err = s.UpdateArtifact(ctx, a.ID, metadata.ArtifactUpdate{Description: ptr("x")})
	keep("UpdateArtifact", err)
	_, err = s.DeleteArtifact(ctx, a.ID, true)
	keep("DeleteArtifact", err)
	keep("AddAliases", s.AddAliases(ctx, a.ID, in("train", "x")))
	keep("RemoveAliases", s.RemoveAliases(ctx, a.ID, in("train", "x")))
	_, err = s.LinkArtifact(ctx, metadata.Link{ArtifactID: a.ID, Entity: "ann", Project: "vision", Portfolio: "p"})
	keep("LinkArtifact", err)
	keep("UnlinkArtifact", s.UnlinkArtifact(ctx, a.ID, 1))
	_, err = s.Membership(ctx, a.SequenceID, "latest")
	keep("Membership", err)
	_, err = s.ListMemberships(ctx, a.SequenceID, metadata.Page{})
	keep("ListMemberships", err)
	_, err = s.CountMemberships(ctx, a.SequenceID, nil)
	keep("CountMemberships", err)
	_, err = s.MembershipsOf(ctx, []int64{a.ID})
	keep("MembershipsOf", err)
	_, err = s.AliasesOf(ctx, []int64{a.ID})
	keep("AliasesOf", err)
	_, err = s.ArtifactTags(ctx, []int64{a.ID})
	keep("ArtifactTags", err)
	keep("RecordFile", s.RecordFile(ctx, metadata.StoredFile{ArtifactID: a.ID, Digest: "d", Key: keyOf("x")}))
	_, err = s.StoredFile(ctx, a.ID, "d")
	keep("StoredFile", err)
	_, err = s.StoredFiles(ctx, 1, []string{"d"})
	keep("StoredFiles", err)
	_, err = s.StoredFilesOf(ctx, a.ID, []string{"d"})
	keep("StoredFilesOf", err)
	_, err = s.ListFiles(ctx, a.ID, metadata.FileOptions{})
	keep("ListFiles", err)
	_, err = s.CountFiles(ctx, a.ID, metadata.FileOptions{})
	keep("CountFiles", err)
	keep("Keys", s.Keys(ctx, func(string, int64) error { return nil }))
	keep("Check", s.Check(ctx, func(string) {}))
	return errs
}
