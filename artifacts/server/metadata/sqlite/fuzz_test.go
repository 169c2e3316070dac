package sqlite

import (
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// FuzzLists holds that whatever filter, order and cursor a client sends, the
// lists answer or refuse it as invalid: no text of theirs becomes a statement
// that SQLite does not understand.
func FuzzLists(f *testing.F) {
	s, err := Open(f.Context(), filepath.Join(f.TempDir(), "metadata.db"), Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	if _, err := s.CreateUser(f.Context(), metadata.NewUser{Username: "ann"}); err != nil {
		f.Fatal(err)
	}
	config := `{"a":{"value":[1]}}`
	if _, _, err := s.UpsertRun(f.Context(), metadata.RunUpdate{Entity: "ann", Project: "p", Name: "run", Config: &config}); err != nil {
		f.Fatal(err)
	}
	for _, content := range []string{"one", "two"} {
		logVersion(f, s, "ann", "data", content)
	}
	page, err := s.ListMemberships(f.Context(), 1, metadata.Page{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(`{"state":"COMMITTED"}`, "-createdAt", "")
	f.Add(`{"metadata.a.b":{"$gt":1,"$not":{"$in":[null,true,"x"]}}}`, "+metadata.a,size", "")
	f.Add(`{"$or":[{"tags":{"$regex":"^x"}},{"aliases":{"$nin":[]}},{"config.a":{"$contains":1}}]}`, "", page.EndCursor())
	f.Add(`{"createdAt":{"$lte":"2026-01-01"},"version":{"$in":["v1",2]},"description":{"$exists":false}}`, "-name,-id", page.EndCursor())
	f.Fuzz(func(t *testing.T, filter, order, after string) {
		parsed, err := metadata.ParseFilter(filter)
		if err != nil {
			return
		}
		orders, err := metadata.ParseOrder(order)
		if err != nil {
			return
		}
		p := metadata.Page{First: 1, After: after, Filter: parsed, Order: orders}
		ctx := t.Context()
		check := func(what string, cursor string, err error) {
			if err != nil && metadata.KindOf(err) != metadata.KindInvalid {
				t.Errorf("%s: %v", what, err)
			}
			if cursor != "" && err == nil {
				if _, err := metadata.ParseCursor(cursor); err != nil {
					t.Errorf("%s gave a cursor that is none: %v", what, err)
				}
			}
		}
		versions, err := s.ListMemberships(ctx, 1, p)
		check("versions", versions.EndCursor(), err)
		runs, err := s.ListRuns(ctx, 1, p)
		check("runs", runs.EndCursor(), err)
		collections, err := s.ListCollections(ctx, 1, "", p)
		check("collections", collections.EndCursor(), err)
		outputs, err := s.RunArtifacts(ctx, 1, metadata.Output, p)
		check("outputs", outputs.EndCursor(), err)
		files, err := s.ListFiles(ctx, 1, metadata.FileOptions{Page: p})
		check("files", files.EndCursor(), err)
		_, err = s.CountMemberships(ctx, 1, parsed)
		check("count", "", err)
	})
}
