//go:build modernc || ncruces || mattn

// Command probe measures one SQLite driver on the registry's own schema and
// queries. The build tag chooses the driver; driverbench builds and runs it.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const versions = 100_000

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("usage: probe seed|work|cold DATABASE [SCHEMA]")
	}
	ctx := context.Background()
	out := map[string]float64{}
	var err error
	switch args[0] {
	case "seed":
		err = seed(ctx, args[1], args[2])
	case "work":
		err = work(ctx, args[1], out)
	case "cold":
		err = cold(ctx, args[1], out)
	}
	if err != nil {
		return err
	}
	out["peak RSS MB"], err = peakRSS()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

// seed makes a registry with one sequence of 100,000 versions.
func seed(ctx context.Context, path, schema string) error {
	db, err := open(path, "off")
	if err != nil {
		return err
	}
	defer db.Close()
	ddl, err := os.ReadFile(schema)
	if err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, string(ddl)); err != nil {
		return err
	}
	for _, q := range []string{
		`INSERT INTO entities VALUES (1, 'ann', 'USER', 1)`,
		`INSERT INTO projects VALUES (1, 1, 'p', '', 1, 1)`,
		`INSERT INTO artifact_types VALUES (1, 1, 'dataset', '', 1)`,
		`INSERT INTO collections VALUES (1, 1, 1, 'SEQUENCE', 'train', NULL, 'READY', 100000, 100000, 1, 1)`,
		`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99999)
		 INSERT INTO artifacts SELECT i + 1, 1, i, 'COMMITTED', printf('%032x', i), NULL, '{"acc":0.5}', NULL, NULL, '', 10, 3, NULL, NULL, '', '', '[]', i, i FROM n`,
		`INSERT INTO memberships SELECT id, 1, id, version_index, created_at, created_at, NULL FROM artifacts`,
		`INSERT INTO aliases SELECT id, 1, 'a' || id, id FROM artifacts WHERE id % 10 = 0`,
		`PRAGMA wal_checkpoint(TRUNCATE)`,
	} {
		if _, err := db.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("%s: %w", q, err)
		}
	}
	return nil
}

const page = `SELECT m.id, m.collection_id, c.name, c.kind, p.id, p.name, e.id, e.name, m.version_index, m.created_at,
  a.id, a.sequence_id, s.name, a.version_index, a.state, a.digest, a.description, a.metadata, a.size, a.file_count, a.created_at, a.updated_at, t.name
FROM memberships m JOIN artifacts a ON a.id = m.artifact_id
JOIN collections c ON c.id = m.collection_id JOIN projects p ON p.id = c.project_id JOIN entities e ON e.id = p.entity_id
JOIN collections s ON s.id = a.sequence_id JOIN artifact_types t ON t.id = s.type_id
WHERE m.collection_id = ? AND m.removed_at IS NULL AND (m.version_index, m.id) < (?, ?)
ORDER BY m.version_index DESC, m.id DESC LIMIT 51`

func readPage(ctx context.Context, q *sql.Stmt, from int) error {
	rows, err := q.QueryContext(ctx, 1, from, 1<<60)
	if err != nil {
		return err
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var i [10]int64
		var s [8]string
		var d, m sql.NullString
		if err := rows.Scan(&i[0], &i[1], &s[0], &s[1], &i[2], &s[2], &i[3], &s[3], &i[4], &i[5], &i[6], &i[7], &s[4], &i[8], &s[5], &s[6], &d, &m, &i[9], &i[0], &i[1], &i[2], &s[7]); err != nil {
			return err
		}
		n++
	}
	if n != 51 {
		return fmt.Errorf("page of %d", n)
	}
	return rows.Err()
}

const byAlias = `SELECT m.id, m.version_index, a.id, a.digest FROM aliases l JOIN memberships m ON m.id = l.membership_id
JOIN artifacts a ON a.id = m.artifact_id WHERE l.collection_id = ? AND l.alias = ?`

// timed runs f n times and returns microseconds for one.
func timed(n int, f func(i int) error) (float64, error) {
	start := time.Now()
	for i := range n {
		if err := f(i); err != nil {
			return 0, err
		}
	}
	return float64(time.Since(start).Microseconds()) / float64(n), nil
}

func work(ctx context.Context, path string, out map[string]float64) error {
	db, err := open(path, "full")
	if err != nil {
		return err
	}
	defer db.Close()
	q, err := db.PrepareContext(ctx, page)
	if err != nil {
		return err
	}
	defer q.Close()
	if out["page of 50 at the middle of 100k, us"], err = timed(2000, func(i int) error { return readPage(ctx, q, versions/2+i) }); err != nil {
		return err
	}
	if out["the same from 4 goroutines, us"], err = timed(1, func(int) error {
		var wg sync.WaitGroup
		errs := make(chan error, 4)
		for range 4 {
			wg.Go(func() {
				for i := range 500 {
					if err := readPage(ctx, q, versions/2+i); err != nil {
						errs <- err
						return
					}
				}
			})
		}
		wg.Wait()
		close(errs)
		return <-errs
	}); err != nil {
		return err
	}
	out["the same from 4 goroutines, us"] /= 2000
	l, err := db.PrepareContext(ctx, byAlias)
	if err != nil {
		return err
	}
	defer l.Close()
	if out["lookup by alias, us"], err = timed(20000, func(i int) error {
		var a, b, c int64
		var d string
		return l.QueryRowContext(ctx, 1, "a"+strconv.Itoa((i%1000+1)*10)).Scan(&a, &b, &c, &d)
	}); err != nil {
		return err
	}
	if out["count of 100k, us"], err = timed(20, func(int) error {
		var n int
		return db.QueryRowContext(ctx, `SELECT count(*) FROM memberships m JOIN artifacts a ON a.id = m.artifact_id WHERE m.collection_id = 1 AND m.removed_at IS NULL AND a.size > 5`).Scan(&n)
	}); err != nil {
		return err
	}
	if out["commit of a version with 3 files, us"], err = timed(300, func(i int) error { return commit(ctx, db, i, 3, false) }); err != nil {
		return err
	}
	if out["commit with 10k files, row by row, ms"], err = timed(5, func(i int) error { return commit(ctx, db, 1000+i, 10000, false) }); err != nil {
		return err
	}
	if out["commit with 10k files, json batches, ms"], err = timed(5, func(i int) error { return commit(ctx, db, 2000+i, 10000, true) }); err != nil {
		return err
	}
	out["commit with 10k files, row by row, ms"] /= 1000
	out["commit with 10k files, json batches, ms"] /= 1000
	fast, err := open(path, "off")
	if err != nil {
		return err
	}
	defer fast.Close()
	out["the same without fsync, us"], err = timed(300, func(i int) error { return commit(ctx, fast, 3000+i, 3, false) })
	return err
}

// commit does what CommitArtifact does: create, store and check files, number, alias.
func commit(ctx context.Context, db *sql.DB, n, files int, batches bool) (err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var id, version, membership int64
	if err := tx.QueryRowContext(ctx, `INSERT INTO artifacts (sequence_id, state, digest, commit_hash, distributed_id, sequence_client_id, created_at, updated_at) VALUES (1, 'PENDING', ?, '', '', '', ?, ?) RETURNING id`, fmt.Sprintf("x%d", n), n, n).Scan(&id); err != nil {
		return err
	}
	if err := insertFiles(ctx, tx, id, files, batches); err != nil {
		return err
	}
	if err := tx.QueryRowContext(ctx, `UPDATE collections SET next_version = next_version + 1, version_count = version_count + 1 WHERE id = 1 RETURNING next_version - 1`).Scan(&version); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE artifacts SET state = 'COMMITTED', version_index = ?, size = ?, file_count = ? WHERE id = ?`, version, files*10, files, id); err != nil {
		return err
	}
	if err := tx.QueryRowContext(ctx, `INSERT INTO memberships (collection_id, artifact_id, version_index, artifact_created_at, created_at) VALUES (1, ?, ?, ?, ?) RETURNING id`, id, version, n, n).Scan(&membership); err != nil {
		return err
	}
	for _, alias := range []string{"latest", "best"} {
		if _, err := tx.ExecContext(ctx, `INSERT INTO aliases (collection_id, alias, membership_id) VALUES (1, ?, ?) ON CONFLICT (collection_id, alias) DO UPDATE SET membership_id = excluded.membership_id`, alias, membership); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func insertFiles(ctx context.Context, tx *sql.Tx, id int64, files int, batches bool) error {
	if batches {
		for at := 0; at < files; at += 1000 {
			var b strings.Builder
			b.WriteByte('[')
			for i := at; i < min(at+1000, files); i++ {
				if i > at {
					b.WriteByte(',')
				}
				fmt.Fprintf(&b, `["data/file-%06d.bin","digest-%06d==",10,"%064x"]`, i, i, i)
			}
			b.WriteByte(']')
			if _, err := tx.ExecContext(ctx, `INSERT INTO stored_files SELECT ?1, value ->> 1, 1, 'md5', unhex(value ->> 3), value ->> 2 FROM json_each(?2)`, id, b.String()); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO files SELECT ?1, value ->> 0, s.digest, s.size, NULL, s.artifact_id, s.key, NULL FROM json_each(?2) CROSS JOIN stored_files s ON s.artifact_id = ?1 AND s.digest = value ->> 1`, id, b.String()); err != nil {
				return err
			}
		}
		return nil
	}
	store, err := tx.PrepareContext(ctx, `INSERT INTO stored_files VALUES (?, ?, 1, 'md5', ?, ?)`)
	if err != nil {
		return err
	}
	defer store.Close()
	list, err := tx.PrepareContext(ctx, `INSERT INTO files SELECT ?1, ?2, s.digest, s.size, NULL, s.artifact_id, s.key, NULL FROM stored_files s WHERE s.artifact_id = ?1 AND s.digest = ?3`)
	if err != nil {
		return err
	}
	defer list.Close()
	for i := range files {
		digest := fmt.Sprintf("digest-%06d==", i)
		if _, err := store.ExecContext(ctx, id, digest, make([]byte, 32), 10); err != nil {
			return err
		}
		if _, err := list.ExecContext(ctx, id, fmt.Sprintf("data/file-%06d.bin", i), digest); err != nil {
			return err
		}
	}
	return nil
}

// cold is what a short-lived process does: open, one page, exit.
func cold(ctx context.Context, path string, out map[string]float64) error {
	start := time.Now()
	db, err := open(path, "full")
	if err != nil {
		return err
	}
	defer db.Close()
	q, err := db.PrepareContext(ctx, page)
	if err != nil {
		return err
	}
	defer q.Close()
	if err := readPage(ctx, q, versions/2); err != nil {
		return err
	}
	out["open and first page, us"] = float64(time.Since(start).Microseconds())
	return nil
}

func peakRSS() (float64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmHWM:" {
			kb, err := strconv.ParseFloat(f[1], 64)
			return kb / 1024, err
		}
	}
	return 0, fmt.Errorf("no VmHWM in /proc/self/status")
}
