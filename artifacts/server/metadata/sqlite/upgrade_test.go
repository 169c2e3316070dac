package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// older opens a registry that an older program made: testdata/format<n>.sql is
// what that program left of the registry of sample, dumped.
func older(t *testing.T, format int) *Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "metadata.db")
	dump, err := os.ReadFile(fmt.Sprintf("testdata/format%d.sql", format))
	if err != nil {
		t.Fatal(err)
	}
	execAt(t, path, "PRAGMA application_id = 1380733273", fmt.Sprintf("PRAGMA user_version = %d", format), string(dump))
	s := open(t, path)
	t.Cleanup(func() { s.Close() })
	for _, p := range problems(t, s) {
		t.Error(p)
	}
	return s
}

// TestUpgrade_Protected opens a registry in which no alias could be protected:
// none is, and the one that a version has already can be from now on.
func TestUpgrade_Protected(t *testing.T) {
	s := older(t, 3)
	ctx := t.Context()
	p, err := s.Project(ctx, "ann", "wandb-registry-models")
	if err != nil {
		t.Fatal(err)
	}
	if list, err := s.ProtectedAliases(ctx, p.ID); err != nil || len(list) != 0 {
		t.Errorf("protected: %q, %v", list, err)
	}
	shelf, err := s.Collection(ctx, p.ID, "", "shelf")
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.Membership(ctx, shelf.ID, "production")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.UpsertProject(ctx, metadata.ProjectUpdate{Entity: "ann", Name: p.Name, ProtectedAliases: &[]string{"production"}}); err != nil {
		t.Fatal(err)
	}
	eve, err := s.UserByName(ctx, "eve")
	if err != nil {
		t.Fatal(err)
	}
	err = s.RemoveAliases(metadata.WithActor(ctx, metadata.Actor{UserID: eve.ID}), m.Artifact.ID, []metadata.CollectionAlias{{Entity: "ann", Project: p.Name, Collection: "shelf", Alias: "production"}})
	if metadata.KindOf(err) != metadata.KindDenied {
		t.Errorf("eve took the alias off: %v", err)
	}
	for _, p := range problems(t, s) {
		t.Error(p)
	}
}

// TestUpgrade opens a registry from before deletions were kept. What its program
// could not say is found out from what it did.
func TestUpgrade(t *testing.T) {
	s := older(t, 2)
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
