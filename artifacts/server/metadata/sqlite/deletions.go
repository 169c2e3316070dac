package sqlite

import (
	"context"
	"database/sql"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// A newDeletion is what is recorded of an act of deleting.
type newDeletion struct {
	kind                          metadata.DeletionKind
	project, collection, artifact int64 // artifact is 0 for a collection
	cause                         metadata.DeletionCause
	versions                      int
	size                          int64
	at                            int64
}

// openDeletion records a deletion that can be undone, by the context's actor.
func openDeletion(ctx context.Context, q session, d newDeletion) (id int64, err error) {
	a := metadata.ActorOf(ctx)
	err = one(ctx, q, "INSERT INTO deletions (kind, project_id, collection_id, artifact_id, cause, user_id, actor, reason, versions, size, deleted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
		[]any{d.kind, d.project, d.collection, optional(d.artifact), d.cause, optional(a.UserID), string(a.Kind), a.Reason, d.versions, d.size, d.at}, &id)
	return id, err
}

const (
	deletionColumns = "d.id, d.kind, d.project_id, p.name, p.entity_id, e.name, d.collection_id, c.name, t.name, coalesce(d.artifact_id, 0), a.version_index, coalesce(a.digest, ''), " +
		"d.versions, d.size, d.cause, coalesce(d.user_id, 0), coalesce(u.username, ''), d.actor, d.reason, d.deleted_at, d.restored_at, d.collected_at"
	deletionFrom = "deletions d JOIN projects p ON p.id = d.project_id JOIN entities e ON e.id = p.entity_id JOIN collections c ON c.id = d.collection_id JOIN artifact_types t ON t.id = c.type_id" +
		" LEFT JOIN artifacts a ON a.id = d.artifact_id LEFT JOIN users u ON u.id = d.user_id"
	// openOnly are the deletions that can be undone.
	openOnly = "d.restored_at IS NULL AND d.collected_at IS NULL"
)

func scanDeletion(r scanner, more ...any) (metadata.Deletion, error) {
	var d metadata.Deletion
	var version, restored, collected sql.NullInt64
	var at int64
	err := r.Scan(append([]any{&d.ID, &d.Kind, &d.ProjectID, &d.Project, &d.EntityID, &d.Entity, &d.CollectionID, &d.Collection, &d.Type, &d.ArtifactID, &version, &d.Digest,
		&d.Versions, &d.Size, &d.Cause, &d.UserID, &d.Username, &d.Actor, &d.Reason, &at, &restored, &collected}, more...)...)
	d.VersionIndex, d.DeletedAt = maybeInt(version), fromMicro(at)
	if restored.Valid {
		t := fromMicro(restored.Int64)
		d.RestoredAt = &t
	}
	if collected.Valid {
		t := fromMicro(collected.Int64)
		d.CollectedAt = &t
	}
	return d, err
}

func deletionList(projectID int64) list[metadata.Deletion] {
	return list[metadata.Deletion]{
		subject: metadata.DeletionSubject, owner: []any{projectID},
		sel: deletionColumns, from: deletionFrom, where: "d.project_id = ? AND " + openOnly + " AND d.kind <> 'UPLOAD'", args: []any{projectID},
		id: "d.id", order: []key{{expr: "d.id", desc: true}}, scan: scanDeletion,
		columns: columns{
			"id": {expr: "d.id"}, "kind": {expr: "d.kind"}, "collection": {expr: "c.name"}, "type": {expr: "t.name"}, "cause": {expr: "d.cause"},
			"username": {expr: "u.username", nullable: true}, "size": {expr: "d.size"}, "deleted_at": {expr: "d.deleted_at"},
		},
	}
}

// ListDeletions lists what was deleted in a project and can be restored.
func (s *Store) ListDeletions(ctx context.Context, projectID int64, p metadata.Page) (metadata.Connection[metadata.Deletion], error) {
	return paged(ctx, s, deletionList(projectID), p)
}

// CountDeletions counts what was deleted in a project and can be restored.
func (s *Store) CountDeletions(ctx context.Context, projectID int64, f *metadata.Filter) (int, error) {
	return counted(ctx, s, deletionList(projectID), f)
}

// DeletionByID finds a deletion, also one that was undone or collected.
func (s *Store) DeletionByID(ctx context.Context, id int64) (metadata.Deletion, error) {
	var d metadata.Deletion
	err := s.read(ctx, func(q session) (err error) {
		d, err = deletionByID(ctx, q, id)
		return err
	})
	return d, err
}

func deletionByID(ctx context.Context, q session, id int64) (metadata.Deletion, error) {
	d, err := first(ctx, q, plainly(scanDeletion), "SELECT "+deletionColumns+" FROM "+deletionFrom+" WHERE d.id = ?", id)
	if missing(err) {
		return d, notFound("deletion %d not found", id)
	}
	return d, err
}

// deletionName names for people what was deleted.
func deletionName(d metadata.Deletion) string {
	name := d.Entity + "/" + d.Project + "/" + d.Collection
	if d.Kind == metadata.CollectionDeletion {
		return "the collection " + name
	}
	if d.VersionIndex == nil {
		return "the unfinished version of " + name
	}
	return name + ":" + versionName(*d.VersionIndex)
}
