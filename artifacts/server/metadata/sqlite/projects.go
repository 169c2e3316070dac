package sqlite

import (
	"context"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

const (
	projectColumns = "p.id, p.entity_id, e.name, p.name, p.description, p.created_at, p.updated_at, p.access, p.all_types, p.described"
	projectFrom    = "projects p JOIN entities e ON e.id = p.entity_id"
)

func scanProject(r scanner, more ...any) (metadata.Project, error) {
	var p metadata.Project
	var created, updated int64
	err := r.Scan(append([]any{&p.ID, &p.EntityID, &p.Entity, &p.Name, &p.Description, &created, &updated, &p.Access, &p.AllTypes, &p.Described}, more...)...)
	p.CreatedAt, p.UpdatedAt = fromMicro(created), fromMicro(updated)
	return p, err
}

// plainly makes a scan for queries that select nothing more.
func plainly[T any](scan func(scanner, ...any) (T, error)) func(scanner) (T, error) {
	return func(r scanner) (T, error) { return scan(r) }
}

// Project finds a project by entity and name.
func (s *Store) Project(ctx context.Context, entityName, name string) (metadata.Project, error) {
	var p metadata.Project
	err := s.read(ctx, func(q session) (err error) {
		p, err = project(ctx, q, entityName, name)
		return err
	})
	return p, err
}

func project(ctx context.Context, q session, entityName, name string) (metadata.Project, error) {
	p, err := first(ctx, q, plainly(scanProject), "SELECT "+projectColumns+" FROM "+projectFrom+" WHERE e.name = ? AND p.name = ? AND p.deleted_at IS NULL", entityName, name)
	if missing(err) {
		// Clients look for this wording.
		return p, notFound("project '%s' not found under entity '%s'", name, entityName)
	}
	return p, err
}

// ProjectByID finds a project.
func (s *Store) ProjectByID(ctx context.Context, id int64) (metadata.Project, error) {
	var p metadata.Project
	err := s.read(ctx, func(q session) (err error) {
		p, err = first(ctx, q, plainly(scanProject), "SELECT "+projectColumns+" FROM "+projectFrom+" WHERE p.id = ? AND p.deleted_at IS NULL", id)
		if missing(err) {
			return notFound("project %d not found", id)
		}
		return err
	})
	return p, err
}

// EnsureProject returns the project, creating it when it is not there.
func (s *Store) EnsureProject(ctx context.Context, entityName, name string) (metadata.Project, bool, error) {
	p, err := s.Project(ctx, entityName, name)
	if err == nil || !metadata.IsNotFound(err) {
		return p, false, err
	}
	ctx = acting(ctx, "upsertModel")
	var created bool
	err = s.write(ctx, func(q session) (err error) {
		p, created, err = ensureProject(ctx, q, entityName, name, s.now())
		return err
	})
	return p, created, err
}

func ensureProject(ctx context.Context, q session, entityName, name string, now int64) (metadata.Project, bool, error) {
	p, err := project(ctx, q, entityName, name)
	if err == nil || !metadata.IsNotFound(err) {
		return p, false, err
	}
	if err := metadata.CheckProjectName(name); err != nil {
		return p, false, err
	}
	e, err := entity(ctx, q, entityName)
	if err != nil {
		return p, false, err
	}
	p = metadata.Project{EntityID: e.ID, Entity: e.Name, Name: name, CreatedAt: fromMicro(now), UpdatedAt: fromMicro(now), Access: metadata.PrivateAccess, AllTypes: true}
	err = one(ctx, q, "INSERT INTO projects (entity_id, name, description, created_at, updated_at) VALUES (?, ?, '', ?, ?) RETURNING id", []any{e.ID, name, now, now}, &p.ID)
	if err != nil {
		return p, true, err
	}
	return p, true, audit(ctx, q, e.ID, now, projectSubject(p), "project made")
}

func projectColumnsByField() columns {
	return columns{
		"id": {expr: "p.id"}, "entity_id": {expr: "p.entity_id"}, "name": {expr: "p.name"}, "description": {expr: "p.description"},
		"created_at": {expr: "p.created_at"}, "updated_at": {expr: "p.updated_at"},
	}
}

func projectList(entityID int64) list[metadata.Project] {
	return list[metadata.Project]{
		subject: metadata.ProjectSubject, owner: []any{entityID},
		sel: projectColumns, from: projectFrom, where: "p.entity_id = ? AND p.deleted_at IS NULL", args: []any{entityID},
		id: "p.id", order: []key{{expr: "p.id", desc: true}}, scan: scanProject,
		columns: projectColumnsByField(),
	}
}

// ListProjects lists the projects of an entity, newest first.
func (s *Store) ListProjects(ctx context.Context, entityID int64, p metadata.Page) (metadata.Connection[metadata.Project], error) {
	return paged(ctx, s, projectList(entityID), p)
}

// paged reads a page on any reading connection.
func paged[T any](ctx context.Context, s *Store, l list[T], p metadata.Page) (metadata.Connection[T], error) {
	var c metadata.Connection[T]
	err := s.read(ctx, func(q session) (err error) {
		c, err = page(ctx, q, l, p)
		return err
	})
	return c, err
}

// counted counts on any reading connection.
func counted[T any](ctx context.Context, s *Store, l list[T], f *metadata.Filter) (int, error) {
	var n int
	err := s.read(ctx, func(q session) (err error) {
		n, err = count(ctx, q, l, f)
		return err
	})
	return n, err
}
