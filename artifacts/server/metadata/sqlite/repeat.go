package sqlite

import (
	"context"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// repeatChunk is how many versions one transaction of RepeatVersion makes: a
// write-ahead log of some 50 MB.
const repeatChunk = 50_000

// RepeatVersion commits a version n more times, as if a run had logged the same
// contents again and again without being told that they are there: each has a
// number, a manifest, files, tags and a client's id of its own, its number as
// "repeat" in its metadata, and was made some time after the one before; the last
// is "latest". The bytes are those of the version itself. It is for tests and
// measurements that need a long list: a million take a minute or two rather than
// a day.
//
// Nothing but the rows distinguishes such a registry from one that was filled
// through the front door: Check finds nothing to complain about.
func (s *Store) RepeatVersion(ctx context.Context, id int64, n int, every time.Duration) error {
	for n > 0 {
		chunk := min(n, repeatChunk)
		if err := s.writeAlone(ctx, func(q session) error { return repeatVersion(ctx, q, id, chunk, every) }); err != nil {
			return err
		}
		n -= chunk
	}
	return nil
}

func repeatVersion(ctx context.Context, q session, id int64, n int, every time.Duration) error {
	a, err := artifactByID(ctx, q, id)
	if err != nil {
		return err
	}
	if a.State != metadata.Committed {
		return conflict("%s is not committed and cannot be repeated", artifactName(a))
	}
	var first int
	if err := one(ctx, q, "SELECT next_version FROM collections WHERE id = ?", []any{a.SequenceID}, &first); err != nil {
		return err
	}
	// Everything that follows the first statement finds what it made by its numbers.
	const made = "a.sequence_id = ?1 AND a.version_index >= ?2"
	for _, st := range []struct {
		text string
		args []any
	}{
		{`WITH RECURSIVE n (i) AS (SELECT ?2 UNION ALL SELECT i + 1 FROM n WHERE i < ?2 + ?3 - 1)
			INSERT INTO artifacts (sequence_id, version_index, state, digest, description, metadata, ttl_seconds, history_step, commit_hash, size, file_count, run_id, user_id, distributed_id, sequence_client_id, created_at, updated_at)
			SELECT a.sequence_id, n.i, a.state, a.digest, a.description, json_set(coalesce(a.metadata, '{}'), '$.repeat', n.i), a.ttl_seconds, a.history_step, a.commit_hash, a.size, a.file_count, a.run_id, a.user_id, '', '',
				a.created_at + ?4 * (n.i - a.version_index), a.created_at + ?4 * (n.i - a.version_index)
			FROM n CROSS JOIN artifacts a WHERE a.id = ?1 ORDER BY n.i`, []any{a.ID, first, n, every.Microseconds()}},
		{`INSERT INTO memberships (collection_id, artifact_id, version_index, artifact_created_at, created_at)
			SELECT a.sequence_id, a.id, a.version_index, a.created_at, a.created_at FROM artifacts a WHERE ` + made + ` ORDER BY a.id`, []any{a.SequenceID, first}},
		{`INSERT INTO client_ids (client_id, artifact_id) SELECT 'repeated-' || a.id, a.id FROM artifacts a WHERE ` + made, []any{a.SequenceID, first}},
		{`INSERT INTO manifests (artifact_id, type, name, digest, base_artifact_id, key, size, created_at)
			SELECT a.id, m.type, m.name, m.digest, m.base_artifact_id, m.key, m.size, a.created_at
			FROM artifacts a CROSS JOIN manifests m WHERE m.id = (SELECT max(id) FROM manifests WHERE artifact_id = ?3) AND ` + made + ` ORDER BY a.id`, []any{a.SequenceID, first, a.ID}},
		{`INSERT INTO files (artifact_id, path, digest, size, ref, birth_artifact_id, key, extra)
			SELECT a.id, f.path, f.digest, f.size, f.ref, f.birth_artifact_id, f.key, f.extra
			FROM artifacts a CROSS JOIN files f WHERE f.artifact_id = ?3 AND ` + made + ` ORDER BY a.id, f.path`, []any{a.SequenceID, first, a.ID}},
		{`INSERT INTO borrowings (birth_artifact_id, artifact_id)
			SELECT DISTINCT f.birth_artifact_id, f.artifact_id FROM artifacts a CROSS JOIN files f ON f.artifact_id = a.id WHERE f.birth_artifact_id <> f.artifact_id AND ` + made, []any{a.SequenceID, first}},
		{`INSERT INTO artifact_tags (artifact_id, tag_id)
			SELECT a.id, g.tag_id FROM artifacts a CROSS JOIN artifact_tags g WHERE g.artifact_id = ?3 AND ` + made + ` ORDER BY a.id, g.tag_id`, []any{a.SequenceID, first, a.ID}},
		{`INSERT INTO run_artifacts (run_id, direction, artifact_id, used_as, created_at)
			SELECT a.run_id, 'OUTPUT', a.id, '', a.created_at FROM artifacts a WHERE a.run_id IS NOT NULL AND ` + made + ` ORDER BY a.id`, []any{a.SequenceID, first}},
		{`UPDATE collections SET next_version = ?2 + ?3, version_count = version_count + ?3 WHERE id = ?1`, []any{a.SequenceID, first, n}},
		// One move for all, which is where the alias comes from and goes to in the end.
		{`INSERT INTO alias_moves (collection_id, alias, from_membership, to_membership, moved_at, operation, actor, reason)
			SELECT l.collection_id, l.alias, l.membership_id, m.id, m.created_at, 'commitArtifact', '', ''
			FROM aliases l JOIN memberships m ON m.collection_id = l.collection_id AND m.version_index = ?2 WHERE l.collection_id = ?1 AND l.alias = ?3`, []any{a.SequenceID, first + n - 1, latest}},
		{`UPDATE aliases SET membership_id = (SELECT id FROM memberships WHERE collection_id = ?1 AND version_index = ?2)
			WHERE collection_id = ?1 AND alias = ?3`, []any{a.SequenceID, first + n - 1, latest}},
	} {
		if err := run(ctx, q, st.text, st.args...); err != nil {
			return err
		}
	}
	return nil
}
