package sqlite

import (
	"context"
	"fmt"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

const (
	collectionColumns = "c.id, c.project_id, p.name, p.entity_id, e.name, c.type_id, t.name, c.kind, c.name, c.description, c.state, c.created_at, c.updated_at"
	collectionJoins   = " JOIN projects p ON p.id = c.project_id JOIN entities e ON e.id = p.entity_id JOIN artifact_types t ON t.id = c.type_id"
	collectionFrom    = "collections c" + collectionJoins
)

func scanCollection(r scanner, more ...any) (metadata.Collection, error) {
	var c metadata.Collection
	var created, updated int64
	err := r.Scan(append([]any{&c.ID, &c.ProjectID, &c.Project, &c.EntityID, &c.Entity, &c.TypeID, &c.Type, &c.Kind, &c.Name, &c.Description, &c.State, &created, &updated}, more...)...)
	c.CreatedAt, c.UpdatedAt = fromMicro(created), fromMicro(updated)
	return c, err
}

// Collection finds a collection by name and, unless that is "", by type.
func (s *Store) Collection(ctx context.Context, projectID int64, typeName, name string) (metadata.Collection, error) {
	var c metadata.Collection
	err := s.read(ctx, func(q session) (err error) {
		c, err = collectionByName(ctx, q, projectID, name)
		if err == nil && typeName != "" && c.Type != typeName {
			return notFound("collection %q of type %q not found; the collection of that name has the type %q", name, typeName, c.Type)
		}
		return err
	})
	if err != nil {
		return metadata.Collection{}, err
	}
	return c, nil
}

func collectionByName(ctx context.Context, q session, projectID int64, name string) (metadata.Collection, error) {
	c, err := first(ctx, q, plainly(scanCollection), "SELECT "+collectionColumns+" FROM "+collectionFrom+" WHERE c.project_id = ? AND c.name = ? AND c.state = 'READY'", projectID, name)
	if missing(err) {
		return c, notFound("collection %q not found", name)
	}
	return c, err
}

// CollectionByID finds a collection, deleted or not.
func (s *Store) CollectionByID(ctx context.Context, id int64) (metadata.Collection, error) {
	var c metadata.Collection
	err := s.read(ctx, func(q session) (err error) {
		c, err = collectionByID(ctx, q, id)
		return err
	})
	return c, err
}

func collectionByID(ctx context.Context, q session, id int64) (metadata.Collection, error) {
	c, err := first(ctx, q, plainly(scanCollection), "SELECT "+collectionColumns+" FROM "+collectionFrom+" WHERE c.id = ?", id)
	if missing(err) {
		return c, notFound("collection %d not found", id)
	}
	return c, err
}

// readyCollection finds a collection that is to be changed.
func readyCollection(ctx context.Context, q session, id int64) (metadata.Collection, error) {
	c, err := collectionByID(ctx, q, id)
	if err == nil && c.State != metadata.Ready {
		return c, notFound("collection %q was deleted", c.Name)
	}
	return c, err
}

// CollectionsByID returns the collections found.
func (s *Store) CollectionsByID(ctx context.Context, ids []int64) ([]metadata.Collection, error) {
	return byIDs(ctx, s, ids, plainly(scanCollection), "SELECT "+collectionColumns+" FROM "+collectionFrom+" WHERE c.id IN (SELECT value FROM json_each(?))")
}

func collectionColumnsByField() columns {
	return columns{
		"id": {expr: "c.id"}, "name": {expr: "c.name"}, "type": {expr: "t.name"}, "kind": {expr: "c.kind"}, "state": {expr: "c.state"},
		"description": {expr: "c.description", nullable: true}, "created_at": {expr: "c.created_at"}, "updated_at": {expr: "c.updated_at"},
		"tags": {words: "SELECT 1 FROM collection_tags w JOIN tags g ON g.id = w.tag_id WHERE w.collection_id = c.id AND", word: "g.name"},
	}
}

func collectionList(projectID int64, typeName string) list[metadata.Collection] {
	l := list[metadata.Collection]{
		subject: metadata.CollectionSubject, owner: []any{projectID, typeName},
		sel: collectionColumns, from: collectionFrom, where: "c.project_id = ? AND c.state = 'READY'", args: []any{projectID},
		id: "c.id", order: []key{{expr: "c.id", desc: true}}, scan: scanCollection,
		columns: collectionColumnsByField(),
	}
	if typeName != "" {
		// A type belongs to one project.
		l.where = "c.type_id = (SELECT id FROM artifact_types WHERE project_id = ? AND name = ?) AND c.state = 'READY'"
		l.args = []any{projectID, typeName}
	}
	return l
}

// ListCollections lists the collections of a project, newest first.
func (s *Store) ListCollections(ctx context.Context, projectID int64, typeName string, p metadata.Page) (metadata.Connection[metadata.Collection], error) {
	return paged(ctx, s, collectionList(projectID, typeName), p)
}

// CountCollections counts the collections of a project that fit a filter.
func (s *Store) CountCollections(ctx context.Context, projectID int64, typeName string, f *metadata.Filter) (int, error) {
	return counted(ctx, s, collectionList(projectID, typeName), f)
}

// ensureCollection finds the collection of a name or makes one. The name must
// not belong to a collection of another kind or type.
func ensureCollection(ctx context.Context, q session, projectID int64, t metadata.ArtifactType, kind metadata.CollectionKind, name string, now int64) (metadata.Collection, error) {
	c, err := collectionByName(ctx, q, projectID, name)
	switch {
	case err == nil && c.Kind != kind:
		return c, conflict("the name %q belongs to a %s already; choose another name", name, kindWord(c.Kind))
	case err == nil && c.TypeID != t.ID:
		return c, conflict("the collection %q exists already with the type %q, so it cannot take artifacts of the type %q; use that type or another name", name, c.Type, t.Name)
	case err == nil || !metadata.IsNotFound(err):
		return c, err
	}
	if err := metadata.CheckCollectionName(name); err != nil {
		return c, err
	}
	var id int64
	if err := one(ctx, q, "INSERT INTO collections (project_id, type_id, kind, name, state, created_at, updated_at) VALUES (?, ?, ?, ?, 'READY', ?, ?) RETURNING id",
		[]any{projectID, t.ID, kind, name, now, now}, &id); err != nil {
		return c, err
	}
	return collectionByID(ctx, q, id)
}

func kindWord(k metadata.CollectionKind) string {
	if k == metadata.Portfolio {
		return "portfolio"
	}
	return "sequence"
}

// UpdateCollection renames and describes.
func (s *Store) UpdateCollection(ctx context.Context, id int64, u metadata.CollectionUpdate) (metadata.Collection, error) {
	if u.Name != nil {
		if err := metadata.CheckCollectionName(*u.Name); err != nil {
			return metadata.Collection{}, err
		}
	}
	return s.changeCollection(acting(ctx, "updateArtifactCollection"), id, func(q session, c metadata.Collection, now int64) (string, error) {
		err := run(ctx, q, "UPDATE collections SET name = coalesce(?, name), description = coalesce(?, description), updated_at = ? WHERE id = ?", u.Name, u.Description, now, id)
		if taken(err) {
			return "", conflict("the collection %q cannot be renamed to %q: another collection of project %q has that name", c.Name, *u.Name, c.Project)
		}
		var words []string
		if u.Name != nil && *u.Name != c.Name {
			words = append(words, fmt.Sprintf("renamed to %q", *u.Name))
		}
		if u.Description != nil {
			words = append(words, "description")
		}
		return listed(words), err
	})
}

// changeCollection changes a collection that is not deleted and returns it as
// it is afterwards. f says in words what it changed.
func (s *Store) changeCollection(ctx context.Context, id int64, f func(session, metadata.Collection, int64) (string, error)) (metadata.Collection, error) {
	var c metadata.Collection
	err := s.write(ctx, func(q session) error {
		old, err := readyCollection(ctx, q, id)
		if err != nil {
			return err
		}
		now := s.now()
		details, err := f(q, old, now)
		if err != nil {
			return err
		}
		if err := audit(ctx, q, old.EntityID, now, collectionSubject(old), details); err != nil {
			return err
		}
		c, err = collectionByID(ctx, q, id)
		return err
	})
	return c, err
}

// MoveCollection gives a sequence and its versions another type.
func (s *Store) MoveCollection(ctx context.Context, id int64, typeName string) (metadata.Collection, error) {
	return s.changeCollection(acting(ctx, "moveArtifactSequence"), id, func(q session, c metadata.Collection, now int64) (string, error) {
		if c.Kind != metadata.Sequence {
			return "", invalid("the type of the portfolio %q cannot be changed: only sequences can be moved to another type", c.Name)
		}
		t, err := ensureType(ctx, q, c.ProjectID, typeName, now)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("type %s -> %s", c.Type, t.Name), run(ctx, q, "UPDATE collections SET type_id = ?, updated_at = ? WHERE id = ?", t.ID, now, id)
	})
}
