package sqlite

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// TestUpgrade opens a registry that an older program made: testdata/format2.sql
// is what that program left of the registry of sample, dumped. What it could
// not say is found out from what it did.
func TestUpgrade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metadata.db")
	dump, err := os.ReadFile("testdata/format2.sql")
	if err != nil {
		t.Fatal(err)
	}
	execAt(t, path, "PRAGMA application_id = 1380733273", "PRAGMA user_version = 2", string(dump))
	s := open(t, path)
	defer s.Close()
	for _, p := range problems(t, s) {
		t.Error(p)
	}
	ctx := t.Context()
	p, err := s.Project(ctx, "ann", "p")
	if err != nil {
		t.Fatal(err)
	}
	data, err := s.Collection(ctx, p.ID, "", "data")
	if err != nil {
		t.Fatal(err)
	}
	page, err := s.ListDeletions(ctx, p.ID, metadata.Page{})
	if err != nil || len(page.Edges) != 2 {
		t.Fatalf("%d deletions, %v; want a version and a collection", len(page.Edges), err)
	}
	for _, e := range page.Edges {
		out, err := s.Restore(ctx, metadata.Restore{DeletionID: e.Node.ID})
		if err != nil || out.Versions != 1 {
			t.Errorf("%s: %+v, %v", e.Node.Kind, out, err)
		}
	}
	versions, err := s.ListMemberships(ctx, data.ID, metadata.Page{})
	if err != nil || len(versions.Edges) != 4 {
		t.Errorf("%d versions are in data (%v), want 4", len(versions.Edges), err)
	}
	if _, err := s.Collection(ctx, p.ID, "", "empty"); err != nil {
		t.Error(err)
	}
	latest, err := s.ListAliasMoves(ctx, data.ID, "latest", metadata.Page{})
	if err != nil || len(latest.Edges) == 0 || latest.Edges[len(latest.Edges)-1].Node.Operation != begun {
		t.Errorf("moves of latest: %+v, %v", latest, err)
	}
	before, err := s.AliasAt(ctx, data.ID, "latest", p.CreatedAt)
	if err != nil || before.Known {
		t.Errorf("before moves were kept: %+v, %v", before, err)
	}
	logVersion(t, s, "ann", "data", "after the upgrade")
	for _, p := range problems(t, s) {
		t.Error(p)
	}
}
