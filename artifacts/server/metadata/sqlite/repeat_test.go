package sqlite

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// TestRepeatVersion: what it makes cannot be told from what was logged, by the
// rules of the metadata or by asking for it.
func TestRepeatVersion(t *testing.T) {
	s := sample(t)
	ctx := t.Context()
	project, err := s.Project(ctx, "ann", "p")
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Collection(ctx, project.ID, "", "data")
	if err != nil {
		t.Fatal(err)
	}
	before, err := s.Membership(ctx, c.ID, "latest")
	if err != nil {
		t.Fatal(err)
	}
	had, err := s.CountMemberships(ctx, c.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	const n = repeatChunk + 7
	if err := s.RepeatVersion(ctx, before.Artifact.ID, n, time.Second); err != nil {
		t.Fatal(err)
	}
	after, err := s.Membership(ctx, c.ID, "latest")
	if err != nil {
		t.Fatal(err)
	}
	count, err := s.CountMemberships(ctx, c.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	if count != had+n {
		t.Errorf("the collection has %d versions, want %d", count, had+n)
	}
	page, err := s.ListFiles(ctx, after.Artifact.ID, metadata.FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if want := before.Artifact.CreatedAt.Add(time.Duration(after.VersionIndex-before.VersionIndex) * time.Second); !after.Artifact.CreatedAt.Equal(want) {
		t.Errorf("the last version was made at %s, want %s", after.Artifact.CreatedAt, want)
	}
	if got := *after.Artifact.Metadata; !strings.Contains(got, fmt.Sprintf(`"repeat":%d`, after.VersionIndex)) {
		t.Errorf("the last version has the metadata %s", got)
	}
	if after.Artifact.Digest != before.Artifact.Digest || after.Artifact.FileCount != before.Artifact.FileCount || len(page.Edges) != before.Artifact.FileCount || len(page.Edges) == 0 {
		t.Errorf("the last version is %+v with %d files, a copy of %+v", after.Artifact, len(page.Edges), before.Artifact)
	}
	if err := s.Check(ctx, func(problem string) { t.Error(problem) }); err != nil {
		t.Fatal(err)
	}
	next := logVersion(t, s, "ann", "data", "and on")
	if *next.VersionIndex != after.VersionIndex+1 {
		t.Errorf("the next version is v%d after v%d", *next.VersionIndex, after.VersionIndex)
	}
	if err := s.RepeatVersion(ctx, 1<<40, 1, 0); !metadata.IsNotFound(err) {
		t.Errorf("a version that is not there: %v", err)
	}
}
