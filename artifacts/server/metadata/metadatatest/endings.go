package metadatatest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

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
	_, err = s.ActiveUser(ctx, 1)
	keep("ActiveUser", err)
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
	_, err = s.CountUsedBy(ctx, []int64{a.ID})
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
	_, err = s.MembershipByName(ctx, 1, "train", "latest")
	keep("MembershipByName", err)
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
	_, err = s.SetEntityTTL(ctx, 1, nil)
	keep("SetEntityTTL", err)
	_, err = s.Expire(ctx)
	keep("Expire", err)
	_, err = s.ListDeletions(ctx, 1, metadata.Page{})
	keep("ListDeletions", err)
	_, err = s.CountDeletions(ctx, 1, nil)
	keep("CountDeletions", err)
	_, err = s.DeletionByID(ctx, 1)
	keep("DeletionByID", err)
	_, err = s.Restore(ctx, metadata.Restore{DeletionID: 1})
	keep("Restore", err)
	_, err = s.ListAliasMoves(ctx, a.SequenceID, "", metadata.Page{})
	keep("ListAliasMoves", err)
	_, err = s.AliasAt(ctx, a.SequenceID, "latest", time.Now())
	keep("AliasAt", err)
	_, err = s.ListAudit(ctx, 1, metadata.Page{})
	keep("ListAudit", err)
	_, err = s.Freed(ctx, []int64{a.ID}, nil)
	keep("Freed", err)
	_, err = s.Collectable(ctx, metadata.Retention{})
	keep("Collectable", err)
	_, err = s.Collect(ctx, metadata.Retention{})
	keep("Collect", err)
	keep("KeysAfter", s.KeysAfter(ctx, metadata.Retention{}, func(string, int64) error { return nil }))
	keep("Keys", s.Keys(ctx, func(string, int64) error { return nil }))
	keep("Check", s.Check(ctx, func(string) {}))
	return errs
}
