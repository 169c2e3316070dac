package sqlite

import (
	"context"
	"encoding/json"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// Contents of deleted versions are collected under two rules that keep what an
// upload under way may count on.
//
// Bytes that a version brought stay while another version that is not collected
// lists them (see borrowings), whatever became of the version that brought them.
//
// A version is not collected while an upload of its entity is under way that
// began before the version was deleted: the upload may have been told that the
// bytes are there. One that began afterwards is not told so (see package graph),
// and what it lists all the same is looked for once more by its commit.

// How much is done in one transaction, so that others come to write in between.
const (
	collectVersions = 50
	collectRows     = 20_000
)

// collectable begins statements about what Collect takes away. ?1 is
// Retention.Deleted, ?2 Retention.Uploads.
const collectable = `WITH busy (entity_id, since) AS MATERIALIZED (
		SELECT p.entity_id, min(a.created_at) FROM artifacts a JOIN collections c ON c.id = a.sequence_id JOIN projects p ON p.id = c.project_id
		WHERE a.state = 'PENDING' AND a.sequence_id > 0 AND a.updated_at >= ?2 GROUP BY p.entity_id),
	dead (id, entity_id) AS MATERIALIZED (
		SELECT a.id, p.entity_id FROM artifacts a JOIN collections c ON c.id = a.sequence_id JOIN projects p ON p.id = c.project_id
		WHERE a.state = 'PENDING' AND a.sequence_id > 0 AND a.updated_at < ?2),
	old (deletion_id, kind, id, waits) AS MATERIALIZED (
		SELECT d.id, d.kind, a.id, EXISTS (SELECT 1 FROM busy b WHERE b.entity_id = p.entity_id AND b.since <= a.updated_at)
		FROM deletions d JOIN projects p ON p.id = d.project_id LEFT JOIN artifacts a ON a.deletion_id = d.id AND a.collected_at IS NULL
		WHERE d.restored_at IS NULL AND d.collected_at IS NULL AND d.deleted_at < ?1),
	waiting (deletion_id) AS MATERIALIZED (SELECT DISTINCT deletion_id FROM old WHERE waits) `

func retention(r metadata.Retention) []any {
	return []any{micro(r.Deleted), micro(r.Uploads)}
}

// micro is a time as it is stored; the zero time is before everything.
func micro(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Collectable says what Collect would take away.
func (s *Store) Collectable(ctx context.Context, r metadata.Retention) (metadata.Collected, error) {
	var c metadata.Collected
	err := s.readTogether(ctx, func(q session) error {
		if err := one(ctx, q, collectable+`SELECT
			(SELECT count(DISTINCT deletion_id) FROM old WHERE kind = 'COLLECTION' AND deletion_id NOT IN (SELECT deletion_id FROM waiting)),
			(SELECT count(*) FROM old o JOIN artifacts a ON a.id = o.id WHERE a.version_index IS NOT NULL AND o.deletion_id NOT IN (SELECT deletion_id FROM waiting)),
			(SELECT count(*) FROM dead WHERE entity_id NOT IN (SELECT entity_id FROM busy)) + (SELECT count(*) FROM old o JOIN artifacts a ON a.id = o.id WHERE a.version_index IS NULL AND o.deletion_id NOT IN (SELECT deletion_id FROM waiting)),
			(SELECT count(*) FROM old WHERE deletion_id IN (SELECT deletion_id FROM waiting)) + (SELECT count(*) FROM dead WHERE entity_id IN (SELECT entity_id FROM busy))`,
			retention(r), &c.Collections, &c.Versions, &c.Uploads, &c.Waiting); err != nil {
			return err
		}
		end, err := auditEnd(ctx, q, r)
		if err != nil {
			return err
		}
		return one(ctx, q, "SELECT count(*) FROM audit_log WHERE id < ?", []any{end}, &c.AuditEntries)
	})
	return c, err
}

// auditEnd is the id of the first audit entry that stays.
func auditEnd(ctx context.Context, q session, r metadata.Retention) (int64, error) {
	if r.Audit.IsZero() {
		return 0, nil
	}
	var id int64
	err := one(ctx, q, "SELECT id FROM audit_log WHERE id > 0 AND logged_at >= ? ORDER BY id LIMIT 1", []any{micro(r.Audit)}, &id)
	if missing(err) {
		err = one(ctx, q, "SELECT coalesce(max(id), 0) + 1 FROM audit_log", nil, &id)
	}
	return id, err
}

// Collect takes away what is old enough.
func (s *Store) Collect(ctx context.Context, r metadata.Retention) (metadata.Collected, error) {
	ctx = asRegistry(ctx, "collect")
	var done metadata.Collected
	if err := s.giveUpUploads(ctx, r); err != nil {
		return done, err
	}
	if err := s.closeDeletions(ctx, r, &done); err != nil {
		return done, err
	}
	for {
		n, err := s.collectSome(ctx, &done)
		if err != nil {
			return done, err
		}
		if n == 0 {
			break
		}
	}
	return done, s.dropAudit(ctx, r, &done)
}

// giveUpUploads deletes pending versions that nobody has gone on with.
func (s *Store) giveUpUploads(ctx context.Context, r metadata.Retention) error {
	for {
		n := 0
		err := s.writeAlone(ctx, func(q session) error {
			dead, err := all(ctx, q, plainly(scanArtifact), "SELECT "+artifactColumns+" FROM "+artifactFrom+" WHERE a.state = 'PENDING' AND a.sequence_id > 0 AND a.updated_at < ? LIMIT ?", micro(r.Uploads), collectVersions)
			if err != nil {
				return err
			}
			n = len(dead)
			for _, a := range dead {
				if err := deleteVersion(ctx, q, a, s.now(), metadata.AbandonedCause); err != nil {
					return err
				}
				// What nobody went on with for so long need not wait once more.
				if err := run(ctx, q, "UPDATE deletions SET deleted_at = ? WHERE artifact_id = ? AND kind = 'UPLOAD'", a.UpdatedAt.UnixMicro(), a.ID); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || n < collectVersions {
			return err
		}
	}
}

// closeDeletions says of what is old enough that it can no longer be restored.
func (s *Store) closeDeletions(ctx context.Context, r metadata.Retention, done *metadata.Collected) error {
	return s.writeAlone(ctx, func(q session) error {
		if err := one(ctx, q, collectable+"SELECT count(*) FROM old WHERE deletion_id IN (SELECT deletion_id FROM waiting)", retention(r), &done.Waiting); err != nil {
			return err
		}
		kinds, err := all(ctx, q, scanText, collectable+"UPDATE deletions SET collected_at = ?3 WHERE id IN (SELECT deletion_id FROM old WHERE deletion_id NOT IN (SELECT deletion_id FROM waiting)) RETURNING kind", append(retention(r), s.now())...)
		for _, kind := range kinds {
			if kind == string(metadata.CollectionDeletion) {
				done.Collections++
			}
		}
		return err
	})
}

// collectSome takes the contents of some versions away whose deletion is closed.
// A version with many files takes several transactions.
func (s *Store) collectSome(ctx context.Context, done *metadata.Collected) (n int, err error) {
	err = s.writeAlone(ctx, func(q session) error {
		type version struct {
			id     int64
			number *int64
		}
		due, err := all(ctx, q, func(r scanner) (version, error) {
			var v version
			err := r.Scan(&v.id, &v.number)
			return v, err
		}, "SELECT a.id, a.version_index FROM artifacts a CROSS JOIN deletions d ON d.id = a.deletion_id WHERE a.deletion_id > 0 AND a.collected_at IS NULL AND d.collected_at IS NOT NULL LIMIT ?", collectVersions)
		if err != nil {
			return err
		}
		for _, v := range due {
			if err := ctx.Err(); err != nil {
				return err
			}
			n++
			rows, err := changed(ctx, q, "DELETE FROM files WHERE artifact_id = ?1 AND path IN (SELECT path FROM files WHERE artifact_id = ?1 ORDER BY path LIMIT ?2)", v.id, collectRows)
			if err != nil {
				return err
			}
			if rows == collectRows {
				return nil // the rest in the next transaction
			}
			if err := s.collectVersion(ctx, q, v.id); err != nil {
				return err
			}
			if v.number != nil {
				done.Versions++
			} else {
				done.Uploads++
			}
		}
		return nil
	})
	return n, err
}

// collectVersion takes away what a version without files still has.
func (s *Store) collectVersion(ctx context.Context, q session, id int64) error {
	for _, statement := range []string{
		"DELETE FROM manifests WHERE artifact_id = ?",
		"DELETE FROM artifact_tags WHERE artifact_id = ?",
		"DELETE FROM client_ids WHERE artifact_id = ?",
		"DELETE FROM run_artifacts WHERE artifact_id = ?",
	} {
		if err := run(ctx, q, statement, id); err != nil {
			return err
		}
	}
	if err := run(ctx, q, "UPDATE artifacts SET collected_at = ?, description = NULL, metadata = NULL, pending_aliases = '[]' WHERE id = ?", s.now(), id); err != nil {
		return err
	}
	births, err := all(ctx, q, scanID, "SELECT w.birth_artifact_id FROM borrowings w JOIN artifacts a ON a.id = w.birth_artifact_id WHERE w.artifact_id = ? AND a.collected_at IS NOT NULL", id)
	if err != nil {
		return err
	}
	if err := run(ctx, q, "DELETE FROM borrowings WHERE artifact_id = ?", id); err != nil {
		return err
	}
	// Its own bytes, and those that were kept for it alone.
	for _, birth := range append(births, id) {
		if err := run(ctx, q, `DELETE FROM stored_files WHERE artifact_id = ?1 AND digest NOT IN (
			SELECT f.digest FROM borrowings w CROSS JOIN files f ON f.artifact_id = w.artifact_id WHERE w.birth_artifact_id = ?1 AND f.birth_artifact_id = ?1)`, birth); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) dropAudit(ctx context.Context, r metadata.Retention, done *metadata.Collected) error {
	for {
		n := int64(0)
		err := s.writeAlone(ctx, func(q session) error {
			end, err := auditEnd(ctx, q, r)
			if err != nil {
				return err
			}
			n, err = changed(ctx, q, "DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log WHERE id < ? ORDER BY id LIMIT ?)", end, collectRows)
			return err
		})
		if err != nil {
			return err
		}
		done.AuditEntries += int(n)
		if n < collectRows {
			return nil
		}
	}
}

// KeysAfter gives each blob key that the registry will need after Collect.
func (s *Store) KeysAfter(ctx context.Context, r metadata.Retention, yield func(key string, size int64) error) error {
	return s.read(ctx, func(q session) error {
		return each(ctx, q, keyTo(yield), collectable+`, gone (id) AS MATERIALIZED (
				SELECT id FROM old WHERE id IS NOT NULL AND deletion_id NOT IN (SELECT deletion_id FROM waiting)
				UNION SELECT a.id FROM artifacts a JOIN deletions d ON d.id = a.deletion_id WHERE a.deletion_id > 0 AND a.collected_at IS NULL AND d.collected_at IS NOT NULL
				UNION SELECT id FROM artifacts WHERE collected_at IS NOT NULL
				UNION SELECT id FROM dead WHERE entity_id NOT IN (SELECT entity_id FROM busy))
			SELECT key, max(size) FROM (SELECT key, size FROM stored_files WHERE artifact_id NOT IN (SELECT id FROM gone)
			UNION ALL SELECT key, size FROM files WHERE key IS NOT NULL AND artifact_id NOT IN (SELECT id FROM gone)
			UNION ALL SELECT key, size FROM manifests WHERE key IS NOT NULL AND artifact_id NOT IN (SELECT id FROM gone)
			UNION ALL SELECT key, size FROM run_files) GROUP BY key`, retention(r)...)
	})
}

// Freed says how many bytes of files deleting versions would free in the end.
// Contents are found by their digests, in every entity: the index on these is
// what there is, and equal bytes have equal digests.
func (s *Store) Freed(ctx context.Context, artifactIDs, entityIDs []int64) (int64, error) {
	ids, err := json.Marshal(artifactIDs)
	if err != nil {
		return 0, err
	}
	var within any
	if entityIDs != nil {
		text, err := json.Marshal(entityIDs)
		if err != nil {
			return 0, err
		}
		within = string(text)
	}
	var n int64
	err = s.read(ctx, func(q session) error {
		return one(ctx, q, `WITH gone (id) AS MATERIALIZED (SELECT value FROM json_each(?1)),
			mine (key, digest, size) AS MATERIALIZED (
				SELECT b.key, b.digest, b.size FROM gone g CROSS JOIN stored_files b ON b.artifact_id = g.id
				UNION SELECT f.key, f.digest, f.size FROM gone g CROSS JOIN files f ON f.artifact_id = g.id WHERE f.key IS NOT NULL)
			SELECT coalesce(sum(size), 0) FROM (SELECT m.key, max(m.size) AS size FROM mine m WHERE NOT EXISTS (
				SELECT 1 FROM entities e CROSS JOIN stored_files o ON o.entity_id = e.id AND o.digest = m.digest CROSS JOIN artifacts h ON h.id = o.artifact_id
				WHERE o.key = m.key AND (?2 IS NULL OR e.id IN (SELECT value FROM json_each(?2))) AND (h.state <> 'DELETED' AND h.id NOT IN (SELECT id FROM gone) OR EXISTS (
					SELECT 1 FROM borrowings w CROSS JOIN artifacts v ON v.id = w.artifact_id CROSS JOIN files f ON f.artifact_id = v.id
					WHERE w.birth_artifact_id = h.id AND v.state <> 'DELETED' AND v.id NOT IN (SELECT id FROM gone) AND f.birth_artifact_id = h.id AND f.digest = m.digest)))
			GROUP BY m.key)`, []any{string(ids), within}, &n)
	})
	return n, err
}
