package sqlite

import (
	"context"
	"strings"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// DeleteArtifact marks a version deleted.
func (s *Store) DeleteArtifact(ctx context.Context, id int64, deleteAliases bool) (metadata.Artifact, error) {
	ctx = acting(ctx, "deleteArtifact")
	var a metadata.Artifact
	err := s.write(ctx, func(q session) (err error) {
		a, err = artifactByID(ctx, q, id)
		if err != nil || a.State == metadata.Deleted {
			return err
		}
		if !deleteAliases {
			if err := refuseAliases(ctx, q, a); err != nil {
				return err
			}
		}
		if err := deleteVersion(ctx, q, a, s.now(), metadata.DeletedCause); err != nil {
			return err
		}
		a, err = artifactByID(ctx, q, id)
		return err
	})
	return a, err
}

// refuseAliases fails while a version has aliases in any collection.
func refuseAliases(ctx context.Context, q session, a metadata.Artifact) error {
	names, err := all(ctx, q, scanText, "SELECT c.name || ':' || l.alias FROM memberships m JOIN aliases l ON l.membership_id = m.id JOIN collections c ON c.id = l.collection_id WHERE m.artifact_id = ? AND m.removed_at IS NULL ORDER BY c.name, l.alias LIMIT 11", a.ID)
	if err != nil || len(names) == 0 {
		return err
	}
	if len(names) > 10 {
		names[10] = "..."
	}
	return conflict("%s cannot be deleted while it has aliases (%s); remove them first, or delete it together with its aliases", artifactName(a), strings.Join(names, ", "))
}

// deleteVersion marks a version deleted, takes it out of every collection, and
// records how it was, so that it can be restored.
func deleteVersion(ctx context.Context, q session, a metadata.Artifact, now int64, cause metadata.DeletionCause) error {
	kind := metadata.VersionDeletion
	if a.State == metadata.Pending {
		kind = metadata.UploadDeletion
	}
	deletion, err := openDeletion(ctx, q, newDeletion{
		kind: kind, project: a.ProjectID, collection: a.SequenceID, artifact: a.ID, cause: cause, versions: 1, size: a.Size, at: now,
	})
	if err != nil {
		return err
	}
	type member struct{ id, collection int64 }
	members, err := all(ctx, q, func(r scanner) (member, error) {
		var m member
		err := r.Scan(&m.id, &m.collection)
		return m, err
	}, "SELECT id, collection_id FROM memberships WHERE artifact_id = ? AND removed_at IS NULL", a.ID)
	if err != nil {
		return err
	}
	for _, m := range members {
		if err := removeMembers(ctx, q, m.collection, []int64{m.id}, now, deletion); err != nil {
			return err
		}
	}
	if err := run(ctx, q, "UPDATE artifacts SET state = 'DELETED', expires_at = NULL, deletion_id = ?, updated_at = ? WHERE id = ?", deletion, now, a.ID); err != nil {
		return err
	}
	if kind == metadata.UploadDeletion {
		return nil
	}
	details := "version deleted"
	if cause == metadata.ExpiredCause {
		details = "version deleted: its time to live has ended"
	}
	return audit(ctx, q, a.EntityID, now, artifactSubject(a), details)
}

// DeleteCollection deletes a collection, and a sequence's versions with it.
func (s *Store) DeleteCollection(ctx context.Context, id int64) (metadata.Collection, error) {
	ctx = acting(ctx, "deleteArtifactCollection")
	var c metadata.Collection
	err := s.writeAlone(ctx, func(q session) (err error) {
		c, err = s.deleteCollection(ctx, q, id, s.now())
		return err
	})
	return c, err
}

func (s *Store) deleteCollection(ctx context.Context, q session, id int64, now int64) (metadata.Collection, error) {
	c, err := collectionByID(ctx, q, id)
	if err != nil || c.State == metadata.Deleted {
		return c, err
	}
	d := newDeletion{kind: metadata.CollectionDeletion, project: c.ProjectID, collection: id, cause: metadata.DeletedCause, at: now}
	if err := one(ctx, q, "SELECT count(*), coalesce(sum(a.size), 0) FROM memberships m JOIN artifacts a ON a.id = m.artifact_id WHERE m.collection_id = ? AND m.removed_at IS NULL", []any{id}, &d.versions, &d.size); err != nil {
		return c, err
	}
	deletion, err := openDeletion(ctx, q, d)
	if err != nil {
		return c, err
	}
	if err := dropAllAliases(ctx, q, id, now, deletion); err != nil {
		return c, err
	}
	if c.Kind == metadata.Sequence {
		if err := emptySequence(ctx, q, id, now, deletion); err != nil {
			return c, err
		}
	}
	if err := run(ctx, q, "UPDATE memberships SET removed_at = ?, deletion_id = ? WHERE collection_id = ? AND removed_at IS NULL", now, deletion, id); err != nil {
		return c, err
	}
	if err := run(ctx, q, "UPDATE collections SET state = 'DELETED', version_count = 0, deletion_id = ?, updated_at = ? WHERE id = ?", deletion, now, id); err != nil {
		return c, err
	}
	if c.Kind == metadata.Portfolio && strings.HasPrefix(c.Project, metadata.RegistryPrefix) {
		if err := s.setExpiry(ctx, q, "SELECT m.artifact_id FROM memberships m WHERE m.deletion_id = ?", deletion); err != nil {
			return c, err
		}
	}
	if err := audit(ctx, q, c.EntityID, now, collectionSubject(c), kindWord(c.Kind)+" deleted"); err != nil {
		return c, err
	}
	return collectionByID(ctx, q, id)
}

// emptySequence marks a sequence's versions deleted and takes them out of the
// portfolios that link to them.
func emptySequence(ctx context.Context, q session, id, now, deletion int64) error {
	// The portfolios first, while their memberships can still be told.
	portfolios, err := all(ctx, q, scanID, `SELECT DISTINCT o.collection_id FROM memberships m JOIN memberships o ON o.artifact_id = m.artifact_id AND o.removed_at IS NULL AND o.collection_id <> m.collection_id
		WHERE m.collection_id = ? AND m.removed_at IS NULL`, id)
	if err != nil {
		return err
	}
	for _, p := range portfolios {
		members, err := all(ctx, q, scanID, `SELECT o.id FROM memberships o JOIN artifacts a ON a.id = o.artifact_id WHERE o.collection_id = ? AND o.removed_at IS NULL AND a.sequence_id = ?`, p, id)
		if err != nil {
			return err
		}
		if err := removeMembers(ctx, q, p, members, now, deletion); err != nil {
			return err
		}
	}
	return run(ctx, q, "UPDATE artifacts SET state = 'DELETED', expires_at = NULL, deletion_id = ?, updated_at = ? WHERE sequence_id = ? AND state <> 'DELETED'", deletion, now, id)
}

func scanID(r scanner) (int64, error) {
	var id int64
	err := r.Scan(&id)
	return id, err
}
