package sqlite

import (
	"context"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

const typeColumns = "t.id, t.project_id, t.name, t.description, t.created_at"

func scanType(r scanner, more ...any) (metadata.ArtifactType, error) {
	var t metadata.ArtifactType
	var created int64
	err := r.Scan(append([]any{&t.ID, &t.ProjectID, &t.Name, &t.Description, &created}, more...)...)
	t.CreatedAt = fromMicro(created)
	return t, err
}

// Type finds an artifact type of a project.
func (s *Store) Type(ctx context.Context, projectID int64, name string) (metadata.ArtifactType, error) {
	var t metadata.ArtifactType
	err := s.read(ctx, func(q session) (err error) {
		t, err = typeByName(ctx, q, projectID, name)
		return err
	})
	return t, err
}

func typeByName(ctx context.Context, q session, projectID int64, name string) (metadata.ArtifactType, error) {
	t, err := first(ctx, q, plainly(scanType), "SELECT "+typeColumns+" FROM artifact_types t WHERE t.project_id = ? AND t.name = ?", projectID, name)
	if missing(err) {
		return t, notFound("artifact type %q not found", name)
	}
	return t, err
}

func ensureType(ctx context.Context, q session, projectID int64, name string, now int64) (metadata.ArtifactType, error) {
	t, err := typeByName(ctx, q, projectID, name)
	if err == nil || !metadata.IsNotFound(err) {
		return t, err
	}
	if err := metadata.CheckTypeName(name); err != nil {
		return t, err
	}
	t = metadata.ArtifactType{ProjectID: projectID, Name: name, CreatedAt: fromMicro(now)}
	err = one(ctx, q, "INSERT INTO artifact_types (project_id, name, description, created_at) VALUES (?, ?, '', ?) RETURNING id", []any{projectID, name, now}, &t.ID)
	return t, err
}

func typeList(projectID int64) list[metadata.ArtifactType] {
	return list[metadata.ArtifactType]{
		subject: metadata.TypeSubject, owner: []any{projectID},
		sel: typeColumns, from: "artifact_types t", where: "t.project_id = ?", args: []any{projectID},
		id: "t.id", order: []key{{expr: "t.name"}}, scan: scanType,
		columns: columns{"id": {expr: "t.id"}, "name": {expr: "t.name"}, "description": {expr: "t.description"}, "created_at": {expr: "t.created_at"}},
	}
}

// ListTypes lists the artifact types of a project by name.
func (s *Store) ListTypes(ctx context.Context, projectID int64, p metadata.Page) (metadata.Connection[metadata.ArtifactType], error) {
	return paged(ctx, s, typeList(projectID), p)
}

// CountTypes counts the artifact types of a project.
func (s *Store) CountTypes(ctx context.Context, projectID int64) (int, error) {
	return counted(ctx, s, typeList(projectID), nil)
}
