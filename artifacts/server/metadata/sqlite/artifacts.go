package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

const (
	artifactColumns = "a.id, a.sequence_id, s.name, s.project_id, sp.name, sp.entity_id, se.name, s.type_id, st.name, a.version_index, a.state, a.digest, a.description, a.metadata, " +
		"a.ttl_seconds, se.ttl_seconds, a.history_step, a.commit_hash, a.size, a.file_count, a.run_id, a.user_id, a.distributed_id, a.created_at, a.updated_at"
	artifactJoins = " JOIN collections s ON s.id = a.sequence_id JOIN projects sp ON sp.id = s.project_id JOIN entities se ON se.id = sp.entity_id JOIN artifact_types st ON st.id = s.type_id"
	artifactFrom  = "artifacts a" + artifactJoins
)

func scanArtifact(r scanner, more ...any) (metadata.Artifact, error) {
	var a metadata.Artifact
	var version sql.NullInt64
	var created, updated int64
	err := r.Scan(append([]any{&a.ID, &a.SequenceID, &a.Sequence, &a.ProjectID, &a.Project, &a.EntityID, &a.Entity, &a.TypeID, &a.Type, &version, &a.State, &a.Digest,
		&a.Description, &a.Metadata, &a.TTLDurationSeconds, &a.EntityTTLSeconds, &a.HistoryStep, &a.CommitHash, &a.Size, &a.FileCount, &a.RunID, &a.UserID, &a.DistributedID, &created, &updated}, more...)...)
	if version.Valid {
		n := int(version.Int64)
		a.VersionIndex = &n
	}
	a.CreatedAt, a.UpdatedAt = fromMicro(created), fromMicro(updated)
	return a, err
}

// ArtifactByID finds a version in any state.
func (s *Store) ArtifactByID(ctx context.Context, id int64) (metadata.Artifact, error) {
	var a metadata.Artifact
	err := s.read(ctx, func(q session) (err error) {
		a, err = artifactByID(ctx, q, id)
		return err
	})
	return a, err
}

func artifactByID(ctx context.Context, q session, id int64) (metadata.Artifact, error) {
	a, err := first(ctx, q, plainly(scanArtifact), "SELECT "+artifactColumns+" FROM "+artifactFrom+" WHERE a.id = ?", id)
	if missing(err) {
		return a, notFound("artifact %d not found", id)
	}
	return a, err
}

// liveArtifact finds a version that is to be changed.
func liveArtifact(ctx context.Context, q session, id int64) (metadata.Artifact, error) {
	a, err := artifactByID(ctx, q, id)
	if err == nil && a.State == metadata.Deleted {
		return a, notFound("%s was deleted", artifactName(a))
	}
	return a, err
}

// committedArtifact finds a version that is whole.
func committedArtifact(ctx context.Context, q session, id int64) (metadata.Artifact, error) {
	a, err := liveArtifact(ctx, q, id)
	if err == nil && a.State != metadata.Committed {
		return a, conflict("%s is not committed yet; commit it first", artifactName(a))
	}
	return a, err
}

// artifactName names a version for people.
func artifactName(a metadata.Artifact) string {
	if a.VersionIndex == nil {
		return "the unfinished version of " + a.Entity + "/" + a.Project + "/" + a.Sequence
	}
	return a.Entity + "/" + a.Project + "/" + a.Sequence + ":" + versionName(*a.VersionIndex)
}

// ArtifactsByID returns the versions found.
func (s *Store) ArtifactsByID(ctx context.Context, ids []int64) ([]metadata.Artifact, error) {
	return byIDs(ctx, s, ids, plainly(scanArtifact), "SELECT "+artifactColumns+" FROM "+artifactFrom+" WHERE a.id IN (SELECT value FROM json_each(?))")
}

// ArtifactByClientID resolves the id that a client made up.
func (s *Store) ArtifactByClientID(ctx context.Context, clientID string) (metadata.Artifact, error) {
	var a metadata.Artifact
	err := s.read(ctx, func(q session) (err error) {
		a, err = artifactByClientID(ctx, q, clientID)
		if missing(err) {
			return notFound("no artifact has the client id %.40q", clientID)
		}
		return err
	})
	return a, err
}

func artifactByClientID(ctx context.Context, q session, clientID string) (metadata.Artifact, error) {
	return first(ctx, q, plainly(scanArtifact), "SELECT "+artifactColumns+" FROM client_ids i JOIN artifacts a ON a.id = i.artifact_id"+artifactJoins+" WHERE i.client_id = ?", clientID)
}

// LatestArtifact is the newest committed version of a sequence.
func (s *Store) LatestArtifact(ctx context.Context, sequenceID int64) (metadata.Artifact, error) {
	var a metadata.Artifact
	err := s.read(ctx, func(q session) (err error) {
		a, err = first(ctx, q, plainly(scanArtifact), "SELECT "+artifactColumns+" FROM memberships m JOIN artifacts a ON a.id = m.artifact_id"+artifactJoins+" WHERE m.collection_id = ? AND m.removed_at IS NULL AND a.sequence_id = m.collection_id ORDER BY m.version_index DESC LIMIT 1", sequenceID)
		if missing(err) {
			return notFound("the collection %d has no committed version", sequenceID)
		}
		return err
	})
	return a, err
}

// UpdateArtifact changes description, metadata, tags and time to live.
func (s *Store) UpdateArtifact(ctx context.Context, id int64, u metadata.ArtifactUpdate) (metadata.Artifact, error) {
	if err := checkTags(u.AddTags); err != nil {
		return metadata.Artifact{}, err
	}
	if err := checkJSON("metadata", u.Metadata); err != nil {
		return metadata.Artifact{}, err
	}
	if err := checkTTL(u.TTLDurationSeconds); err != nil {
		return metadata.Artifact{}, err
	}
	ctx = acting(ctx, "updateArtifact")
	var a metadata.Artifact
	err := s.write(ctx, func(q session) error {
		old, err := liveArtifact(ctx, q, id)
		if err != nil {
			return err
		}
		now := s.now()
		ttl := old.TTLDurationSeconds
		if u.TTLDurationSeconds != nil {
			if ttl = u.TTLDurationSeconds; *ttl == -1 {
				ttl = nil
			}
		}
		if err := run(ctx, q, "UPDATE artifacts SET description = coalesce(?, description), metadata = coalesce(?, metadata), ttl_seconds = ?, updated_at = ? WHERE id = ?",
			u.Description, u.Metadata, ttl, now, id); err != nil {
			return err
		}
		for _, n := range u.RemoveTags {
			if err := run(ctx, q, "DELETE FROM artifact_tags WHERE artifact_id = ? AND tag_id = (SELECT id FROM tags WHERE project_id = ? AND name = ?)", id, old.ProjectID, n); err != nil {
				return err
			}
		}
		if err := addArtifactTags(ctx, q, old.ProjectID, id, u.AddTags); err != nil {
			return err
		}
		if u.TTLDurationSeconds != nil {
			if err := s.setExpiry(ctx, q, "?", id); err != nil {
				return err
			}
		}
		if old.State == metadata.Committed {
			if err := audit(ctx, q, old.EntityID, now, artifactSubject(old), updateWords(u)); err != nil {
				return err
			}
		}
		a, err = artifactByID(ctx, q, id)
		return err
	})
	return a, err
}

// updateWords says what an update changes.
func updateWords(u metadata.ArtifactUpdate) string {
	var words []string
	if u.Description != nil {
		words = append(words, "description")
	}
	if u.Metadata != nil {
		words = append(words, "metadata")
	}
	if u.TTLDurationSeconds != nil {
		words = append(words, fmt.Sprintf("time to live %d", *u.TTLDurationSeconds))
	}
	for _, t := range u.AddTags {
		words = append(words, "tag +"+t)
	}
	for _, t := range u.RemoveTags {
		words = append(words, "tag -"+t)
	}
	return listed(words)
}

// checkTTL refuses times to live that mean nothing: -1 inherits, -2 is never.
func checkTTL(seconds *int64) error {
	if seconds != nil && *seconds <= 0 && *seconds != -1 && *seconds != -2 {
		return invalid("a time to live of %d seconds means nothing; give more than 0, -1 to inherit or -2 for never", *seconds)
	}
	return nil
}
