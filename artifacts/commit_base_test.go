package artifacts_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/server"
	"github.com/reliquary/reliquary/artifacts/server/directory"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// commits are a registry's metadata, and notes which commits had a base.
type commits struct {
	metadata.Store
	mu     sync.Mutex
	bases  []*metadata.CommitBase
	before func(metadata.Commit)
}

func (c *commits) CommitArtifact(ctx context.Context, commit metadata.Commit) (metadata.Artifact, error) {
	c.mu.Lock()
	c.bases = append(c.bases, commit.Base)
	before := c.before
	c.mu.Unlock()
	if before != nil {
		before(commit)
	}
	return c.Store.CommitArtifact(ctx, commit)
}

// took is what was committed since the last time: "" or how many files a base had.
func (c *commits) took() (list []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range c.bases {
		if b == nil {
			list = append(list, "")
		} else {
			list = append(list, fmt.Sprint(b.Files))
		}
	}
	c.bases = nil
	return list
}

// TestCommit_OnBase: a version that has most files in common with the one before
// it is what it would be without that, whatever changed, and a registry that
// has it is whole.
func TestCommit_OnBase(t *testing.T) {
	c := &commits{}
	r := servertest.Start(t, servertest.WithOptions(func(o *server.Options) {
		c.Store = o.Metadata
		o.Metadata = c
	}))
	b := &bench{Registry: r, t: t, cache: t.TempDir(), project: "vision"}
	b.client = b.newClient(nil)
	ctx := t.Context()
	files := map[string]string{}
	for i := range 150 {
		files[fmt.Sprintf("%d/é%d \"q\".txt", i%7, i)] = fmt.Sprint("content ", i)
	}
	check := func(a *artifacts.LoggedArtifact, want map[string]string, commits ...string) {
		t.Helper()
		if took := c.took(); !slices.Equal(took, commits) {
			t.Errorf("committed %q, want %q", took, commits)
		}
		root := t.TempDir()
		if _, err := a.Download(ctx, &artifacts.DownloadOptions{Root: root}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, contents(t, root)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		var listed []string
		for f, err := range a.Files(nil).All(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			listed = append(listed, f.Name)
		}
		slices.Sort(listed)
		if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), listed); diff != "" {
			t.Errorf("(-want +listed)\n%s", diff)
		}
	}
	check(b.log("pets", files), files, "")

	next := maps.Clone(files)
	delete(next, "0/é0 \"q\".txt")
	next["1/é1 \"q\".txt"] = "changed"
	next["2/é2 \"q\".txt"] = "content 3" // known by another path
	next["new"] = "new"
	v1 := b.log("pets", next)
	check(v1, next, "147")

	// A base that is deleted before the commit is none.
	c.mu.Lock()
	c.before = func(commit metadata.Commit) {
		if commit.Base != nil {
			if _, err := c.DeleteArtifact(ctx, commit.Base.ArtifactID, true); err != nil {
				t.Error(err)
			}
		}
	}
	c.mu.Unlock()
	next["newer"] = "newer"
	check(b.log("pets", next), next, "150", "")
	c.mu.Lock()
	c.before = nil
	c.mu.Unlock()

	// Little in common is not worth it.
	few := map[string]string{}
	for i := range 150 {
		few[fmt.Sprint("other/", i)] = fmt.Sprint("other ", i)
	}
	few["new"] = "new"
	check(b.log("pets", few), few, "")

	report, err := directory.Check(ctx, r.Dir, directory.CheckOptions{Deep: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range report.Problems {
		if p.Severity != directory.Note {
			t.Errorf("%s: %s", p.Subject, p.Message)
		}
	}
}
