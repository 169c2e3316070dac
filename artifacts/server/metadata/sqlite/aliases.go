package sqlite

import (
	"context"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

const (
	aliasColumns = "l.id, l.alias, l.membership_id, m.artifact_id, l.collection_id, c.name, c.kind, c.project_id, p.name, p.entity_id, e.name"
	aliasFrom    = "aliases l JOIN memberships m ON m.id = l.membership_id JOIN collections c ON c.id = l.collection_id JOIN projects p ON p.id = c.project_id JOIN entities e ON e.id = p.entity_id"
)

func scanAlias(r scanner, more ...any) (metadata.Alias, error) {
	var a metadata.Alias
	err := r.Scan(append([]any{&a.ID, &a.Alias, &a.MembershipID, &a.ArtifactID, &a.CollectionID, &a.Collection, &a.Kind, &a.ProjectID, &a.Project, &a.EntityID, &a.Entity}, more...)...)
	return a, err
}

func aliasList(collectionID int64) list[metadata.Alias] {
	return list[metadata.Alias]{
		subject: metadata.AliasSubject, owner: []any{collectionID},
		sel: aliasColumns, from: aliasFrom, where: "l.collection_id = ?", args: []any{collectionID},
		id: "l.id", order: []key{{expr: "l.alias"}}, scan: scanAlias,
		columns: columns{"id": {expr: "l.id"}, "alias": {expr: "l.alias"}},
	}
}

// ListAliases lists the aliases of one collection by name.
func (s *Store) ListAliases(ctx context.Context, collectionID int64, p metadata.Page) (metadata.Connection[metadata.Alias], error) {
	return paged(ctx, s, aliasList(collectionID), p)
}

// AliasesOf gives the aliases of versions in all collections: those of the
// version's own sequence first, each collection's by name.
func (s *Store) AliasesOf(ctx context.Context, artifactIDs []int64) (map[int64][]metadata.Alias, error) {
	rows, err := byIDs(ctx, s, artifactIDs, plainly(scanAlias), "SELECT "+aliasColumns+" FROM json_each(?) i CROSS JOIN memberships m ON m.artifact_id = i.value AND m.removed_at IS NULL "+
		"CROSS JOIN aliases l ON l.membership_id = m.id JOIN collections c ON c.id = l.collection_id JOIN projects p ON p.id = c.project_id JOIN entities e ON e.id = p.entity_id "+
		"ORDER BY c.kind DESC, c.id, l.alias")
	found := map[int64][]metadata.Alias{}
	for _, a := range rows {
		found[a.ArtifactID] = append(found[a.ArtifactID], a)
	}
	return found, err
}

// AddAliases moves each alias to the artifact's place in the named collection.
func (s *Store) AddAliases(ctx context.Context, artifactID int64, in []metadata.CollectionAlias) error {
	for _, a := range in {
		if err := metadata.CheckAlias(a.Alias); err != nil {
			return err
		}
	}
	return s.write(ctx, func(q session) error {
		return eachAlias(ctx, q, artifactID, in, func(c metadata.Collection, member int64, alias string) error {
			return setAliases(ctx, q, c.ID, member, []string{alias})
		})
	})
}

// RemoveAliases takes aliases off the artifact, if they are there.
func (s *Store) RemoveAliases(ctx context.Context, artifactID int64, in []metadata.CollectionAlias) error {
	return s.write(ctx, func(q session) error {
		return eachAlias(ctx, q, artifactID, in, func(_ metadata.Collection, member int64, alias string) error {
			return run(ctx, q, "DELETE FROM aliases WHERE membership_id = ? AND alias = ?", member, alias)
		})
	})
}

// eachAlias finds the place of a version in each of the collections named.
func eachAlias(ctx context.Context, q session, artifactID int64, in []metadata.CollectionAlias, f func(c metadata.Collection, member int64, alias string) error) error {
	a, err := committedArtifact(ctx, q, artifactID)
	if err != nil {
		return err
	}
	for _, alias := range in {
		p, err := project(ctx, q, alias.Entity, alias.Project)
		if err != nil {
			return err
		}
		c, err := collectionByName(ctx, q, p.ID, alias.Collection)
		if err != nil {
			return err
		}
		var member int64
		err = one(ctx, q, "SELECT id FROM memberships WHERE artifact_id = ? AND collection_id = ? AND removed_at IS NULL", []any{artifactID, c.ID}, &member)
		if missing(err) {
			return notFound("%s is not in the collection %s/%s/%s; link it there first", artifactName(a), alias.Entity, alias.Project, alias.Collection)
		}
		if err != nil {
			return err
		}
		if err := f(c, member, alias.Alias); err != nil {
			return err
		}
	}
	return nil
}
