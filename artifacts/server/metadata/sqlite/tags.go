package sqlite

import (
	"context"
	"slices"
	"strings"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

func checkTags(names []string) error {
	for _, n := range names {
		if err := metadata.CheckTag(n); err != nil {
			return err
		}
	}
	return nil
}

// ensureTag finds a project's tag of a name or makes one.
func ensureTag(ctx context.Context, q session, projectID int64, name string) (int64, error) {
	var id int64
	err := one(ctx, q, "SELECT id FROM tags WHERE project_id = ? AND name = ?", []any{projectID, name}, &id)
	if missing(err) {
		err = one(ctx, q, "INSERT INTO tags (project_id, name) VALUES (?, ?) RETURNING id", []any{projectID, name}, &id)
	}
	return id, err
}

func scanTag(r scanner) (metadata.Tag, error) {
	var t metadata.Tag
	err := r.Scan(&t.ID, &t.Name)
	return t, err
}

// AddCollectionTags puts tags on a collection.
func (s *Store) AddCollectionTags(ctx context.Context, id int64, names []string) ([]metadata.Tag, error) {
	if err := checkTags(names); err != nil {
		return nil, err
	}
	return s.changeCollectionTags(acting(ctx, "createArtifactCollectionTagAssignments"), id, "tags added: "+listed(names), func(q session, c metadata.Collection) error {
		for _, n := range names {
			tag, err := ensureTag(ctx, q, c.ProjectID, n)
			if err != nil {
				return err
			}
			if err := run(ctx, q, "INSERT INTO collection_tags (collection_id, tag_id) VALUES (?, ?) ON CONFLICT DO NOTHING", id, tag); err != nil {
				return err
			}
		}
		return nil
	})
}

// RemoveCollectionTags takes tags off a collection.
func (s *Store) RemoveCollectionTags(ctx context.Context, id int64, names []string) ([]metadata.Tag, error) {
	return s.changeCollectionTags(acting(ctx, "deleteArtifactCollectionTagAssignments"), id, "tags taken off: "+listed(names), func(q session, c metadata.Collection) error {
		for _, n := range names {
			if err := run(ctx, q, "DELETE FROM collection_tags WHERE collection_id = ? AND tag_id = (SELECT id FROM tags WHERE project_id = ? AND name = ?)", id, c.ProjectID, n); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) changeCollectionTags(ctx context.Context, id int64, details string, f func(session, metadata.Collection) error) ([]metadata.Tag, error) {
	var tags []metadata.Tag
	err := s.write(ctx, func(q session) error {
		c, err := readyCollection(ctx, q, id)
		if err != nil {
			return err
		}
		if err := f(q, c); err != nil {
			return err
		}
		now := s.now()
		if err := run(ctx, q, "UPDATE collections SET updated_at = ? WHERE id = ?", now, id); err != nil {
			return err
		}
		if err := audit(ctx, q, c.EntityID, now, collectionSubject(c), details); err != nil {
			return err
		}
		tags, err = all(ctx, q, scanTag, "SELECT g.id, g.name FROM collection_tags w JOIN tags g ON g.id = w.tag_id WHERE w.collection_id = ? ORDER BY g.name", id)
		return err
	})
	return tags, err
}

// CollectionTags gives the tags of collections.
func (s *Store) CollectionTags(ctx context.Context, ids []int64) (map[int64][]metadata.Tag, error) {
	return tagsOf(ctx, s, ids, "SELECT w.collection_id, g.id, g.name FROM json_each(?) i CROSS JOIN collection_tags w ON w.collection_id = i.value JOIN tags g ON g.id = w.tag_id")
}

// ArtifactTags gives the tags of versions.
func (s *Store) ArtifactTags(ctx context.Context, ids []int64) (map[int64][]metadata.Tag, error) {
	return tagsOf(ctx, s, ids, "SELECT w.artifact_id, g.id, g.name FROM json_each(?) i CROSS JOIN artifact_tags w ON w.artifact_id = i.value JOIN tags g ON g.id = w.tag_id")
}

// tagsOf gives the tags of each owner by their names.
func tagsOf(ctx context.Context, s *Store, ids []int64, query string) (map[int64][]metadata.Tag, error) {
	var owners []int64
	var owner int64
	var tag metadata.Tag
	dest := []any{&owner, &tag.ID, &tag.Name}
	// The answer is in the order of the ids, and names each owner's tags together.
	tags, err := byIDs(ctx, s, slices.Compact(slices.Sorted(slices.Values(ids))), func(r scanner) (metadata.Tag, error) {
		err := r.Scan(dest...)
		owners = append(owners, owner)
		return tag, err
	}, query)
	of := make(map[int64][]metadata.Tag, len(ids))
	for from, to := 0, 0; from < len(tags); from = to {
		for to < len(tags) && owners[to] == owners[from] {
			to++
		}
		own := tags[from:to:to]
		slices.SortFunc(own, func(a, b metadata.Tag) int { return strings.Compare(a.Name, b.Name) })
		of[owners[from]] = own
	}
	return of, err
}

// addArtifactTags puts tags on a version.
func addArtifactTags(ctx context.Context, q session, projectID, artifactID int64, names []string) error {
	for _, n := range names {
		tag, err := ensureTag(ctx, q, projectID, n)
		if err != nil {
			return err
		}
		if err := run(ctx, q, "INSERT INTO artifact_tags (artifact_id, tag_id) VALUES (?, ?) ON CONFLICT DO NOTHING", artifactID, tag); err != nil {
			return err
		}
	}
	return nil
}
