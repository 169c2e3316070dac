package sqlite

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"log/slog"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/metadata/metadatatest"
)

// A recorder notes the statements that go through a session.
type recorder struct {
	session
	seen *sync.Map
}

func (r recorder) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	r.seen.Store(query, len(args))
	return r.session.query(ctx, query, args...)
}

func (r recorder) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	r.seen.Store(query, len(args))
	return r.session.exec(ctx, query, args...)
}

// plan asks how SQLite would run a statement.
func plan(t *testing.T, s *Store, query string, args []any) []string {
	t.Helper()
	rows, err := s.conn.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}

// wholeTables are the statements that have to read a whole table.
var wholeTables = regexp.MustCompile(`^(SELECT count\(\*\) FROM users$|SELECT key, max\(size\)|WITH )`)

// TestStore runs the suite, and then looks at the plan of every statement that
// was part of it: none reads a whole table.
func TestStore(t *testing.T) {
	var seen sync.Map
	empty := emptyFile(t)
	t.Run("suite", func(t *testing.T) {
		metadatatest.Run(t, func(t *testing.T, clock metadata.Clock) metadata.Store {
			path := filepath.Join(t.TempDir(), "metadata.db")
			write(t, path, empty)
			s, err := Open(t.Context(), path, Options{Clock: clock})
			if err != nil {
				t.Fatal(err)
			}
			s.reader, s.writer = recorder{s.reader, &seen}, recorder{s.writer, &seen}
			return s
		})
	})
	s := open(t, filepath.Join(t.TempDir(), "metadata.db"))
	defer s.Close()
	n := 0
	seen.Range(func(q, args any) bool {
		n++
		query := q.(string)
		if wholeTables.MatchString(query) {
			return true
		}
		for _, step := range plan(t, s, query, make([]any, args.(int))) {
			// A list that came as an argument is read as a whole, of course.
			if strings.HasPrefix(step, "SCAN ") && !strings.Contains(step, "VIRTUAL TABLE") && !strings.Contains(step, "CONSTANT ROW") {
				t.Errorf("%s\n\t%s", step, query)
			}
		}
		return true
	})
	if n < 100 && !t.Failed() && flag.Lookup("test.run").Value.String() == "" {
		t.Errorf("only %d statements were seen; the suite runs more", n)
	}
}

// TestListPlans holds that a page of each main list, also behind a cursor, is
// one search of an index that is in the right order already: no sorting, so
// that the middle of a long list costs what its beginning does.
func TestListPlans(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "metadata.db"))
	defer s.Close()
	files, err := fileList(1, metadata.FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	within, err := fileList(1, metadata.FileOptions{Prefix: "data/"})
	if err != nil {
		t.Fatal(err)
	}
	checkPlan(t, s, "versions", memberList(1), "", "memberships_by_version (collection_id=? AND removed_at=? AND ")
	checkPlan(t, s, "versions, oldest first", memberList(1), "+versionIndex", "memberships_by_version (collection_id=? AND removed_at=? AND ")
	checkPlan(t, s, "versions by creation", memberList(1), "-createdAt", "memberships_by_created_at (collection_id=? AND removed_at=? AND ")
	checkPlan(t, s, "collections", collectionList(1, ""), "", "collections_by_id (project_id=? AND state=? AND ")
	checkPlan(t, s, "collections of a type", collectionList(1, "dataset"), "", "collections_by_type (type_id=? AND state=? AND ")
	checkPlan(t, s, "collections by name", collectionList(1, ""), "+name", "collections_by_name (project_id=? AND ")
	checkPlan(t, s, "collections by creation", collectionList(1, ""), "-created_at", "collections_by_created_at (project_id=? AND state=? AND ")
	checkPlan(t, s, "types", typeList(1), "", "(project_id=? AND ")
	checkPlan(t, s, "projects", projectList(1), "", "projects_by_id (entity_id=? AND ")
	checkPlan(t, s, "runs", runList(1), "", "runs_by_created_at (project_id=? AND ")
	checkPlan(t, s, "runs, newest first", runList(1), "-created_at", "runs_by_created_at (project_id=? AND ")
	checkPlan(t, s, "aliases", aliasList(1), "", "(collection_id=? AND ")
	checkPlan(t, s, "outputs of a run", runArtifactList(1, metadata.Output), "", "run_artifacts_by_run (run_id=? AND direction=? AND ")
	checkPlan(t, s, "users of a version", usedByList(1), "", "run_artifacts_by_artifact (artifact_id=? AND direction=? AND ")
	if steps := plan(t, s, countUsedBy, []any{"[1,2]"}); !slices.ContainsFunc(steps, func(step string) bool {
		return strings.Contains(step, "run_artifacts_by_artifact (artifact_id=? AND direction=?")
	}) {
		t.Errorf("users are counted by\n\t%s", strings.Join(steps, "\n\t"))
	}
	checkPlan(t, s, "files of a run", runFileList(1), "", "PRIMARY KEY (run_id=? AND ")
	checkPlan(t, s, "files", files, "", "PRIMARY KEY (artifact_id=? AND ")
	checkPlan(t, s, "files of a folder", within, "", "PRIMARY KEY (artifact_id=? AND ")
}

// checkPlan holds the plan of a list's pages; search is a part of the step that
// finds the place, whose last condition narrows it down behind the cursor.
func checkPlan[T any](t *testing.T, s *Store, name string, l list[T], order, search string) {
	t.Helper()
	o, err := metadata.ParseOrder(order)
	if err != nil {
		t.Fatal(err)
	}
	_, place, err := l.statement(metadata.Page{Order: o}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range place.Key {
		place.Key[i] = int64(1)
	}
	for where, p := range map[string]metadata.Page{"the first page": {Order: o}, "a page behind a cursor": {Order: o, After: place.String()}} {
		b, _, err := l.statement(p, 51)
		if err != nil {
			t.Fatal(err)
		}
		steps := plan(t, s, b.String(), b.args)
		search := search
		if p.After == "" {
			search = strings.TrimSuffix(search, " AND ")
		}
		if !slices.ContainsFunc(steps, func(step string) bool { return strings.HasPrefix(step, "SEARCH ") && strings.Contains(step, search) }) {
			t.Errorf("%s of %s is not found by %q:\n\t%s\n\t%s", where, name, search, strings.Join(steps, "\n\t"), b.String())
		}
		for _, step := range steps {
			if strings.Contains(step, "TEMP B-TREE") || strings.HasPrefix(step, "SCAN ") {
				t.Errorf("%s of %s: %s", where, name, step)
			}
		}
	}
}

// BenchmarkPages reads pages of 50 versions at the beginning, in the middle and
// at the end of a million.
func BenchmarkPages(b *testing.B) {
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), "metadata.db"), Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	const n = 1_000_000
	for _, q := range []string{
		`PRAGMA synchronous = off`,
		`INSERT INTO entities VALUES (1, 'ann', 'USER', 1)`,
		`INSERT INTO projects VALUES (1, 1, 'p', '', 1, 1)`,
		`INSERT INTO artifact_types VALUES (1, 1, 'dataset', '', 1)`,
		fmt.Sprintf(`INSERT INTO collections VALUES (1, 1, 1, 'SEQUENCE', 'train', NULL, 'READY', %d, %d, 1, 1)`, n, n),
		fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			INSERT INTO artifacts SELECT i + 1, 1, i, 'COMMITTED', printf('%%032x', i), NULL, '{"acc":0.5}', NULL, NULL, '', 10, 3, NULL, NULL, '', '', '[]', i, i FROM n`, n-1),
		`INSERT INTO memberships SELECT id, 1, id, version_index, created_at, created_at, NULL FROM artifacts`,
		`PRAGMA wal_checkpoint(TRUNCATE)`,
	} {
		if _, err := s.conn.ExecContext(b.Context(), q); err != nil {
			b.Fatalf("%s: %v", q, err)
		}
	}
	for _, c := range []struct {
		name, order string
		at          int
	}{{"first", "", n - 1}, {"middle", "", n / 2}, {"last", "", 50}, {"middle by creation", "-createdAt", n / 2}} {
		o, err := metadata.ParseOrder(c.order)
		if err != nil {
			b.Fatal(err)
		}
		l := memberList(1)
		_, place, err := l.statement(metadata.Page{Order: o}, 1)
		if err != nil {
			b.Fatal(err)
		}
		place.Key = []any{int64(c.at), int64(c.at + 1)}
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				page, err := s.ListMemberships(b.Context(), 1, metadata.Page{Order: o, After: place.String()})
				if err != nil || len(page.Edges) != 50 {
					b.Fatal(len(page.Edges), err)
				}
			}
		})
	}
	b.Run("count", func(b *testing.B) {
		f := &metadata.Filter{Field: "state", Op: metadata.Eq, Value: "COMMITTED"}
		for b.Loop() {
			if got, err := s.CountMemberships(b.Context(), 1, f); err != nil || got != n {
				b.Fatal(got, err)
			}
		}
	})
}
