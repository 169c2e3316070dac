package sqlite

import (
	"context"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

const (
	memberColumns = "m.id, m.collection_id, c.name, c.kind, c.project_id, p.name, p.entity_id, e.name, m.version_index, m.created_at, " + artifactColumns
	memberFrom    = "memberships m" + memberJoins
	memberJoins   = " JOIN artifacts a ON a.id = m.artifact_id" + artifactJoins +
		" JOIN collections c ON c.id = m.collection_id JOIN projects p ON p.id = c.project_id JOIN entities e ON e.id = p.entity_id"
)

func scanMembership(r scanner, more ...any) (metadata.Membership, error) {
	var m metadata.Membership
	var created int64
	a, err := scanArtifact(shifted{r, []any{&m.ID, &m.CollectionID, &m.Collection, &m.Kind, &m.ProjectID, &m.Project, &m.EntityID, &m.Entity, &m.VersionIndex, &created}}, more...)
	m.CreatedAt, m.Artifact = fromMicro(created), a
	return m, err
}

// shifted reads some columns before those that another scan wants.
type shifted struct {
	scanner
	before []any
}

func (s shifted) Scan(dest ...any) error { return s.scanner.Scan(append(s.before, dest...)...) }

// Membership resolves an alias or "v<N>" in a collection.
func (s *Store) Membership(ctx context.Context, collectionID int64, alias string) (metadata.Membership, error) {
	return s.membership(ctx, alias, notFound("the collection has no version %q", alias), "?", collectionID)
}

// MembershipByName resolves an alias or "v<N>" in the collection of a name.
func (s *Store) MembershipByName(ctx context.Context, projectID int64, collection, alias string) (metadata.Membership, error) {
	return s.membership(ctx, alias, notFound("there is no version %q of a collection %q", alias, collection),
		"(SELECT id FROM collections WHERE project_id = ? AND name = ? AND state = 'READY')", projectID, collection)
}

// membership resolves an alias or "v<N>" in the collection whose id an
// expression gives. none is the error if there is none.
func (s *Store) membership(ctx context.Context, alias string, none error, id string, args ...any) (metadata.Membership, error) {
	query := "SELECT " + memberColumns + " FROM aliases l JOIN memberships m ON m.id = l.membership_id" + memberJoins + " WHERE l.collection_id = " + id + " AND l.alias = ?"
	named := any(alias)
	if n, ok := metadata.ParseVersion(alias); ok {
		query = "SELECT " + memberColumns + " FROM " + memberFrom + " WHERE m.collection_id = " + id + " AND m.version_index = ? AND m.removed_at IS NULL"
		named = n
	}
	var m metadata.Membership
	err := s.read(ctx, func(q session) (err error) {
		if m, err = first(ctx, q, plainly(scanMembership), query, append(args, named)...); missing(err) {
			return none
		}
		return err
	})
	return m, err
}

func memberColumnsByField() columns {
	c := artifactColumnsByField()
	c["version_index"] = column{expr: "m.version_index"}
	c["created_at"] = column{expr: "m.artifact_created_at"} // the same, from an index
	// What is in a collection is committed: see removeMembers.
	c["state"] = column{expr: "'COMMITTED'"}
	c["aliases"] = column{words: "SELECT 1 FROM aliases w WHERE w.membership_id = m.id AND", word: "w.alias"}
	return c
}

func artifactColumnsByField() columns {
	return columns{
		"id": {expr: "a.id"}, "version_index": {expr: "a.version_index", nullable: true}, "name": {expr: "s.name"}, "type": {expr: "st.name"}, "state": {expr: "a.state"},
		"digest": {expr: "a.digest"}, "description": {expr: "a.description", nullable: true}, "metadata": {expr: "a.metadata", nullable: true},
		"size": {expr: "a.size"}, "file_count": {expr: "a.file_count"}, "commit_hash": {expr: "a.commit_hash"}, "history_step": {expr: "a.history_step", nullable: true},
		"ttl_duration_seconds": {expr: "a.ttl_seconds", nullable: true}, "created_at": {expr: "a.created_at"}, "updated_at": {expr: "a.updated_at"},
		"tags":    {words: "SELECT 1 FROM artifact_tags w JOIN tags g ON g.id = w.tag_id WHERE w.artifact_id = a.id AND", word: "g.name"},
		"aliases": {words: "SELECT 1 FROM memberships v JOIN aliases w ON w.membership_id = v.id WHERE v.artifact_id = a.id AND v.collection_id = a.sequence_id AND", word: "w.alias"},
	}
}

func memberList(collectionID int64) list[metadata.Membership] {
	return list[metadata.Membership]{
		subject: metadata.VersionSubject, owner: []any{"collection", collectionID},
		sel: listedColumns, from: listedFrom, where: "m.collection_id = ? AND m.removed_at IS NULL", args: []any{collectionID},
		id: "m.id", order: []key{{expr: "m.version_index", desc: true}}, scan: listedScan(), columns: memberColumnsByField(), complete: placeMembers,
	}
}

// The versions of a page are in one collection, and mostly of one sequence, so
// that where these lie is asked once a page and not once a version. Filters and
// orders may speak of the sequence and its type; SQLite leaves out those joins
// that nothing speaks of.
const (
	listedColumns = "m.id, m.collection_id, m.version_index, m.created_at, a.id, a.sequence_id, a.version_index, a.state, a.digest, a.description, a.metadata, " +
		"a.ttl_seconds, a.history_step, a.commit_hash, a.size, a.file_count, a.run_id, a.user_id, a.distributed_id, a.created_at, a.updated_at"
	listedFrom = "memberships m JOIN artifacts a ON a.id = m.artifact_id LEFT JOIN collections s ON s.id = a.sequence_id LEFT JOIN artifact_types st ON st.id = s.type_id"
)

// listedScan returns a scan of listedColumns. All rows go through the same
// places, and what can be NULL is taken as it comes: database/sql would make new
// places for each by reflection.
func listedScan() func(scanner, ...any) (metadata.Membership, error) {
	var m metadata.Membership
	var linked, created, updated int64
	var version, description, document, ttl, step, run, user any
	a := &m.Artifact
	dest := []any{&m.ID, &m.CollectionID, &m.VersionIndex, &linked, &a.ID, &a.SequenceID, &version, &a.State, &a.Digest, &description, &document,
		&ttl, &step, &a.CommitHash, &a.Size, &a.FileCount, &run, &user, &a.DistributedID, &created, &updated}
	own := len(dest)
	return func(r scanner, more ...any) (metadata.Membership, error) {
		dest = append(dest[:own], more...)
		if err := r.Scan(dest...); err != nil {
			return m, err
		}
		a.VersionIndex = nil
		if n, ok := version.(int64); ok {
			index := int(n)
			a.VersionIndex = &index
		}
		a.Description, a.Metadata = pointer[string](description), pointer[string](document)
		a.TTLDurationSeconds, a.HistoryStep, a.RunID, a.UserID = pointer[int64](ttl), pointer[int64](step), pointer[int64](run), pointer[int64](user)
		m.CreatedAt, a.CreatedAt, a.UpdatedAt = fromMicro(linked), fromMicro(created), fromMicro(updated)
		return m, nil
	}
}

// pointer is what a column holds that can be NULL. The tables are STRICT: it
// holds nothing else.
func pointer[T any](v any) *T {
	if v, ok := v.(T); ok {
		return &v
	}
	return nil
}

// placeMembers says of the versions of a page where they lie.
func placeMembers(ctx context.Context, q session, edges []metadata.Edge[metadata.Membership]) error {
	places := map[int64]*place{}
	var ids []int64
	for i := range edges {
		m := &edges[i].Node
		for _, id := range []int64{m.CollectionID, m.Artifact.SequenceID} {
			if places[id] == nil {
				places[id] = &place{}
				ids = append(ids, id)
			}
		}
	}
	text, err := idList(ids)
	if err != nil {
		return err
	}
	err = each(context.WithoutCancel(ctx), q, func(r scanner) error {
		var p place
		err := r.Scan(&p.ID, &p.Name, &p.Kind, &p.ProjectID, &p.Project, &p.EntityID, &p.Entity, &p.ttl, &p.TypeID, &p.Type)
		places[p.ID] = &p
		return err
	}, "SELECT c.id, c.name, c.kind, c.project_id, p.name, p.entity_id, e.name, e.ttl_seconds, c.type_id, t.name FROM json_each(?) i CROSS JOIN collections c ON c.id = i.value "+
		"JOIN projects p ON p.id = c.project_id JOIN entities e ON e.id = p.entity_id JOIN artifact_types t ON t.id = c.type_id", text)
	if err != nil {
		return err
	}
	for i := range edges {
		m := &edges[i].Node
		c, s, a := places[m.CollectionID], places[m.Artifact.SequenceID], &m.Artifact
		m.Collection, m.Kind, m.ProjectID, m.Project, m.EntityID, m.Entity = c.Name, c.Kind, c.ProjectID, c.Project, c.EntityID, c.Entity
		a.Sequence, a.ProjectID, a.Project, a.EntityID, a.Entity, a.TypeID, a.Type, a.EntityTTLSeconds = s.Name, s.ProjectID, s.Project, s.EntityID, s.Entity, s.TypeID, s.Type, s.ttl
	}
	return nil
}

// A place is a collection and where it lies.
type place struct {
	metadata.Collection
	ttl *int64 // of the entity
}

// ListMemberships lists the versions of a collection, newest first.
func (s *Store) ListMemberships(ctx context.Context, collectionID int64, p metadata.Page) (metadata.Connection[metadata.Membership], error) {
	return paged(ctx, s, memberList(collectionID), p)
}

// CountMemberships counts the versions of a collection that fit a filter.
// Without one, or with the clients' usual filter for committed versions, the
// collection knows the number.
func (s *Store) CountMemberships(ctx context.Context, collectionID int64, f *metadata.Filter) (int, error) {
	bound, err := metadata.VersionSubject.Bind(f)
	if err != nil {
		return 0, err
	}
	if bound != nil && !(bound.Field == "state" && bound.Op == metadata.Eq && bound.Value == string(metadata.Committed)) {
		return counted(ctx, s, memberList(collectionID), f)
	}
	var n int
	err = s.read(ctx, func(q session) error {
		err := one(ctx, q, "SELECT version_count FROM collections WHERE id = ?", []any{collectionID}, &n)
		if missing(err) {
			return nil // as a list of nothing
		}
		return err
	})
	return n, err
}

// MembershipsOf gives every collection that holds a version, its own sequence first.
func (s *Store) MembershipsOf(ctx context.Context, artifactIDs []int64) (map[int64][]metadata.Membership, error) {
	rows, err := byIDs(ctx, s, artifactIDs, plainly(scanMembership), "SELECT "+memberColumns+" FROM json_each(?) i CROSS JOIN "+memberFrom+" WHERE m.artifact_id = i.value AND m.removed_at IS NULL ORDER BY c.kind DESC, m.id")
	found := map[int64][]metadata.Membership{}
	for _, m := range rows {
		found[m.Artifact.ID] = append(found[m.Artifact.ID], m)
	}
	return found, err
}
