package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"maps"
	"sync"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// Check verifies the database from the ground up: its pages and indexes, its
// tables against those this program would make, its foreign keys, and the rules
// of package metadata. It sees one state throughout, and changes nothing.
func (s *Store) Check(ctx context.Context, report func(problem string)) error {
	return s.snapshot(ctx, func(q session) error {
		for _, check := range []func(context.Context, session, func(string)) error{checkPages, checkForeignKeys, checkSchema, checkRules} {
			if err := s.damage(ctx, check(ctx, q, report), report); err != nil {
				return err
			}
		}
		return nil
	})
}

// damage reports a failure that is itself a sign of damage, and passes others on.
func (s *Store) damage(ctx context.Context, err error, report func(string)) error {
	err = s.classify(ctx, err)
	if metadata.KindOf(err) == metadata.KindCorrupt {
		report(err.Error())
		return nil
	}
	return err
}

// lines reports every row of a query that has one column of text.
func lines(ctx context.Context, q session, report func(string), query string) error {
	return each(ctx, q, func(r scanner) error {
		var text string
		if err := r.Scan(&text); err != nil {
			return err
		}
		report(text)
		return nil
	}, query)
}

func checkPages(ctx context.Context, q session, report func(string)) error {
	return lines(ctx, q, func(text string) {
		if text != "ok" {
			report("the database file is damaged: " + text)
		}
	}, "PRAGMA integrity_check")
}

func checkForeignKeys(ctx context.Context, q session, report func(string)) error {
	return each(ctx, q, func(r scanner) error {
		var table, parent string
		var row sql.NullInt64 // null for tables without rowid
		var key int
		if err := r.Scan(&table, &row, &parent, &key); err != nil {
			return err
		}
		if row.Valid {
			report(fmt.Sprintf("row %d of table %s belongs to something in table %s that is not there", row.Int64, table, parent))
		} else {
			report(fmt.Sprintf("a row of table %s belongs to something in table %s that is not there", table, parent))
		}
		return nil
	}, "PRAGMA foreign_key_check")
}

const schemaQuery = "SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' ORDER BY 1"

// checkSchema compares the tables and indexes with those of a new database.
func checkSchema(ctx context.Context, q session, report func(string)) error {
	fresh, err := freshSchema()
	if err != nil {
		return err
	}
	lacking := maps.Clone(fresh)
	if err := each(ctx, q, func(r scanner) error {
		var name, text string
		if err := r.Scan(&name, &text); err != nil {
			return err
		}
		want, known := fresh[name]
		switch {
		case !known:
			report(fmt.Sprintf("the %s does not belong to a registry", name))
		case want != text:
			report(fmt.Sprintf("the %s is not defined as it should be", name))
		}
		delete(lacking, name)
		return nil
	}, schemaQuery); err != nil {
		return err
	}
	for name := range lacking {
		report(fmt.Sprintf("the %s is missing", name))
	}
	return nil
}

// freshSchema is the schema of a new database. It is found out once.
var freshSchema = sync.OnceValues(func() (map[string]string, error) {
	d, err := dialer()
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	db := sql.OpenDB(connector{d, "file::memory:"})
	defer db.Close()
	db.SetMaxOpenConns(1)
	if err := migrate(ctx, db, ":memory:", slog.New(slog.DiscardHandler)); err != nil {
		return nil, err
	}
	schema := map[string]string{}
	return schema, each(ctx, unprepared{db}, func(r scanner) error {
		var name, text string
		err := r.Scan(&name, &text)
		schema[name] = text
		return err
	}, schemaQuery)
})

// checkRules looks for what breaks the rules of package metadata. A rule that
// damage keeps from being looked at is reported and does not hide the others.
func checkRules(ctx context.Context, q session, report func(string)) error {
	for _, query := range rules() {
		if err := lines(ctx, q, report, query); err != nil {
			code, _, ok := resultCode(err)
			if !ok || code != codeCorrupt {
				return err
			}
			report(fmt.Sprintf("the database file is damaged where a rule is checked: %v", err))
		}
	}
	return nil
}

// rules are queries whose rows each describe a problem.
func rules() []string {
	const where = `e.name || '/' || p.name || '/' || c.name`
	const path = ` JOIN projects p ON p.id = c.project_id JOIN entities e ON e.id = p.entity_id `
	return []string{
		// Versions and their numbers.
		`SELECT ` + where + ` || ':v' || a.version_index || ' (artifact ' || a.id || ') is committed, but its collection does not hold it under that number'
			FROM artifacts a JOIN collections c ON c.id = a.sequence_id` + path + `
			WHERE a.state = 'COMMITTED' AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.artifact_id = a.id AND m.collection_id = a.sequence_id AND m.version_index = a.version_index AND m.removed_at IS NULL)`,
		`SELECT ` + where + `|| ':v' || m.version_index || ' is artifact ' || a.id || ', which is ' || a.state
			FROM memberships m JOIN artifacts a ON a.id = m.artifact_id JOIN collections c ON c.id = m.collection_id` + path + ` WHERE m.removed_at IS NULL AND a.state <> 'COMMITTED'`,
		`SELECT 'the deleted collection ' || c.id || ' (' || ` + where + ` || ') still holds v' || m.version_index
			FROM memberships m JOIN collections c ON c.id = m.collection_id` + path + ` WHERE m.removed_at IS NULL AND c.state = 'DELETED'`,
		`SELECT 'artifact ' || a.id || ' of the deleted collection ' || c.id || ' (' || ` + where + ` || ') is ' || a.state
			FROM artifacts a JOIN collections c ON c.id = a.sequence_id` + path + ` WHERE c.state = 'DELETED' AND a.state <> 'DELETED'`,
		`SELECT ` + where + ` || ' has given out ' || n.given || ' version numbers up to v' || (n.top - 1) || ', but would give out v' || c.next_version || ' next'
			FROM (SELECT collection_id, count(*) AS given, max(version_index) + 1 AS top FROM memberships GROUP BY collection_id) n JOIN collections c ON c.id = n.collection_id` + path + `
			WHERE n.given <> c.next_version OR n.top <> c.next_version`,
		`SELECT ` + where + ` || ' says that it holds ' || c.version_count || ' versions, but holds ' || (SELECT count(*) FROM memberships m WHERE m.collection_id = c.id AND m.removed_at IS NULL)
			FROM collections c` + path + ` WHERE c.version_count <> (SELECT count(*) FROM memberships m WHERE m.collection_id = c.id AND m.removed_at IS NULL)`,
		`SELECT ` + where + ` || ':v' || m.version_index || ' is sorted by another time than that of its artifact ' || a.id
			FROM memberships m JOIN artifacts a ON a.id = m.artifact_id JOIN collections c ON c.id = m.collection_id` + path + ` WHERE m.artifact_created_at <> a.created_at`,
		`SELECT 'the sequence ' || ` + where + ` || ' holds artifact ' || a.id || ', which belongs to another one'
			FROM memberships m JOIN artifacts a ON a.id = m.artifact_id JOIN collections c ON c.id = m.collection_id` + path + ` WHERE c.kind = 'SEQUENCE' AND a.sequence_id <> c.id`,
		// Aliases and tags.
		`SELECT 'the alias ' || ` + where + ` || ':' || l.alias || ' points into another collection'
			FROM aliases l JOIN memberships m ON m.id = l.membership_id JOIN collections c ON c.id = l.collection_id` + path + ` WHERE m.collection_id <> l.collection_id`,
		`SELECT 'the alias ' || ` + where + ` || ':' || l.alias || ' points at v' || m.version_index || ', which is not there any more'
			FROM aliases l JOIN memberships m ON m.id = l.membership_id JOIN collections c ON c.id = l.collection_id` + path + ` WHERE m.removed_at IS NOT NULL`,
		`SELECT e.name || '/' || p.name || ' protects the alias ' || x.alias || ', and is no registry' FROM protected_aliases x JOIN projects p ON p.id = x.project_id JOIN entities e ON e.id = p.entity_id
			WHERE p.name NOT LIKE 'wandb-registry-%'`,
		`SELECT ` + where + ` || ' has the tag ' || g.name || ' of another project'
			FROM collection_tags w JOIN tags g ON g.id = w.tag_id JOIN collections c ON c.id = w.collection_id` + path + ` WHERE g.project_id <> c.project_id`,
		`SELECT 'artifact ' || a.id || ' of ' || ` + where + ` || ' has the tag ' || g.name || ' of another project'
			FROM artifact_tags w JOIN tags g ON g.id = w.tag_id JOIN artifacts a ON a.id = w.artifact_id JOIN collections c ON c.id = a.sequence_id` + path + ` WHERE g.project_id <> c.project_id`,
		`SELECT ` + where + ` || ' has the artifact type ' || t.name || ' of another project'
			FROM collections c JOIN artifact_types t ON t.id = c.type_id` + path + ` WHERE t.project_id <> c.project_id`,
		// Files and manifests.
		`SELECT ` + where + ` || ':v' || a.version_index || ' lists ' || json_quote(f.path) || ', whose bytes artifact ' || f.birth_artifact_id || ' did not store'
			FROM files f JOIN artifacts a ON a.id = f.artifact_id JOIN collections c ON c.id = a.sequence_id` + path + `
			LEFT JOIN stored_files b ON b.artifact_id = f.birth_artifact_id AND b.digest = f.digest
			WHERE f.ref IS NULL AND (b.key IS NULL OR b.key <> f.key OR b.size <> f.size)`,
		`SELECT ` + where + ` || ':v' || a.version_index || ' lists ' || json_quote(f.path) || ' with bytes of another entity'
			FROM files f JOIN artifacts a ON a.id = f.artifact_id JOIN collections c ON c.id = a.sequence_id` + path + `
			JOIN stored_files b ON b.artifact_id = f.birth_artifact_id AND b.digest = f.digest WHERE b.entity_id <> p.entity_id`,
		`SELECT 'bytes that artifact ' || a.id || ' of ' || ` + where + ` || ' stored are filed under another entity'
			FROM stored_files b JOIN artifacts a ON a.id = b.artifact_id JOIN collections c ON c.id = a.sequence_id` + path + ` WHERE b.entity_id <> p.entity_id`,
		`SELECT ` + where + ` || ':v' || a.version_index || ' should have ' || a.file_count || ' files of ' || a.size || ' bytes, but lists ' || n.files || ' of ' || n.size
			FROM artifacts a JOIN (SELECT a.id, count(f.path) AS files, coalesce(sum(f.size), 0) AS size FROM artifacts a LEFT JOIN files f ON f.artifact_id = a.id WHERE a.version_index IS NOT NULL AND a.collected_at IS NULL AND NOT EXISTS (SELECT 1 FROM deletions d WHERE d.id = a.deletion_id AND d.collected_at IS NOT NULL) GROUP BY a.id) n ON n.id = a.id
			JOIN collections c ON c.id = a.sequence_id` + path + ` WHERE n.files <> a.file_count OR n.size <> a.size`,
		`SELECT 'artifact ' || a.id || ' of ' || ` + where + ` || ' lists files though it was never committed'
			FROM artifacts a JOIN collections c ON c.id = a.sequence_id` + path + ` WHERE a.version_index IS NULL AND EXISTS (SELECT 1 FROM files f WHERE f.artifact_id = a.id)`,
		`SELECT ` + where + ` || ':v' || a.version_index || ' has no manifest to serve'
			FROM artifacts a JOIN collections c ON c.id = a.sequence_id` + path + `
			WHERE a.state = 'COMMITTED' AND NOT coalesce((SELECT m.key IS NOT NULL AND m.type = 'FULL' FROM manifests m WHERE m.artifact_id = a.id ORDER BY m.id DESC LIMIT 1), FALSE)`,
		// Runs and accounts.
		`SELECT 'run ' || r.name || ' (' || r.id || ') has logged or used artifact ' || a.id || ', which was never committed'
			FROM run_artifacts x JOIN runs r ON r.id = x.run_id JOIN artifacts a ON a.id = x.artifact_id WHERE a.version_index IS NULL`,
		`SELECT 'the stream ' || s.name || ' of run ' || s.run_id || ' has ' || s.lines || ' lines, but holds line ' || (SELECT max(l.line) FROM run_lines l WHERE l.stream_id = s.id)
			FROM run_streams s WHERE (SELECT max(l.line) FROM run_lines l WHERE l.stream_id = s.id) >= s.lines`,
		// Deletions, moves of aliases and the audit log.
		`SELECT 'artifact ' || a.id || ' of ' || ` + where + ` || ' is deleted, but no deletion says so' FROM artifacts a JOIN collections c ON c.id = a.sequence_id` + path + `
			WHERE a.state = 'DELETED' AND NOT EXISTS (SELECT 1 FROM deletions d WHERE d.id = a.deletion_id AND d.restored_at IS NULL)`,
		`SELECT 'artifact ' || a.id || ' of ' || ` + where + ` || ' is ' || a.state || ', but deletion ' || a.deletion_id || ' says that it is deleted' FROM artifacts a JOIN collections c ON c.id = a.sequence_id` + path + `
			WHERE a.state <> 'DELETED' AND a.deletion_id IS NOT NULL`,
		`SELECT 'the collection ' || c.id || ' (' || ` + where + ` || ') is ' || c.state || ', which its deletion does not say' FROM collections c` + path + `
			WHERE (c.state = 'DELETED') <> EXISTS (SELECT 1 FROM deletions d WHERE d.id = c.deletion_id AND d.collection_id = c.id AND d.kind = 'COLLECTION' AND d.restored_at IS NULL)`,
		`SELECT ` + where + ` || ':v' || m.version_index || ' is there, but deletion ' || m.deletion_id || ' says that it was taken out'
			FROM memberships m JOIN collections c ON c.id = m.collection_id` + path + ` WHERE m.removed_at IS NULL AND m.deletion_id IS NOT NULL`,
		`SELECT 'artifact ' || a.id || ' of ' || ` + where + ` || ' was collected, but is not deleted for good' FROM artifacts a JOIN collections c ON c.id = a.sequence_id` + path + `
			WHERE a.collected_at IS NOT NULL AND (a.state <> 'DELETED' OR NOT EXISTS (SELECT 1 FROM deletions d WHERE d.id = a.deletion_id AND d.collected_at IS NOT NULL))`,
		`SELECT 'artifact ' || a.id || ' of ' || ` + where + ` || ' was collected, but still lists files' FROM artifacts a JOIN collections c ON c.id = a.sequence_id` + path + `
			WHERE a.collected_at IS NOT NULL AND EXISTS (SELECT 1 FROM files f WHERE f.artifact_id = a.id)`,
		`SELECT 'artifact ' || a.id || ' of ' || ` + where + ` || ' lists bytes that artifact ' || n.birth || ' brought, which nothing would keep'
			FROM (SELECT DISTINCT artifact_id, birth_artifact_id AS birth FROM files WHERE birth_artifact_id <> artifact_id) n JOIN artifacts a ON a.id = n.artifact_id JOIN collections c ON c.id = a.sequence_id` + path + `
			WHERE NOT EXISTS (SELECT 1 FROM borrowings w WHERE w.birth_artifact_id = n.birth AND w.artifact_id = n.artifact_id)`,
		`SELECT 'the alias ' || ` + where + ` || ':' || h.alias || ' was moved between versions that are not of its collection (move ' || h.id || ')'
			FROM alias_moves h JOIN collections c ON c.id = h.collection_id` + path + ` LEFT JOIN memberships f ON f.id = h.from_membership LEFT JOIN memberships o ON o.id = h.to_membership
			WHERE h.from_membership IS NOT NULL AND f.collection_id IS NOT h.collection_id OR h.to_membership IS NOT NULL AND o.collection_id IS NOT h.collection_id`,
		`SELECT 'the alias ' || ` + where + ` || ':' || n.alias || ' is not where its last move says'
			FROM (SELECT collection_id, alias, max(id) AS last FROM alias_moves GROUP BY collection_id, alias) n JOIN alias_moves h ON h.id = n.last JOIN collections c ON c.id = n.collection_id` + path + `
			LEFT JOIN aliases l ON l.collection_id = n.collection_id AND l.alias = n.alias WHERE h.to_membership IS NOT l.membership_id`,
		`SELECT 'no move says how the alias ' || ` + where + ` || ':' || l.alias || ' came where it is'
			FROM aliases l JOIN collections c ON c.id = l.collection_id` + path + ` WHERE NOT EXISTS (SELECT 1 FROM alias_moves h WHERE h.collection_id = l.collection_id AND h.alias = l.alias)`,
		`SELECT n.what || ' ' || n.id || ' is by user ' || n.user_id || ', who is not there' FROM (SELECT 'deletion' AS what, id, user_id FROM deletions
			UNION ALL SELECT 'alias move', id, user_id FROM alias_moves UNION ALL SELECT 'audit entry', id, user_id FROM audit_log) n
			WHERE n.user_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM users u WHERE u.id = n.user_id)`,
		`SELECT 'user ' || u.username || ' owns the entity ' || e.name || ', which is not theirs' FROM users u JOIN entities e ON e.id = u.entity_id WHERE e.name <> u.username OR e.kind <> 'USER'`,
	}
}
