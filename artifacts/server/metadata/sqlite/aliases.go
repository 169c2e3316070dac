package sqlite

import (
	"context"
	"fmt"

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
	return s.changeAliases(acting(ctx, "addAliases"), artifactID, in, func(ctx context.Context, q session, p aliasPlace, now int64) (string, error) {
		from, err := aliasHolder(ctx, q, p.collection.ID, p.alias)
		if err != nil || from == p.member {
			return "", err
		}
		was, is := metadata.NoVersion, 0
		if from != 0 {
			if err := one(ctx, q, "SELECT version_index FROM memberships WHERE id = ?", []any{from}, &was); err != nil {
				return "", err
			}
		}
		if err := one(ctx, q, "SELECT version_index FROM memberships WHERE id = ?", []any{p.member}, &is); err != nil {
			return "", err
		}
		return fmt.Sprintf("alias %s: %s -> %s", p.alias, placeName(was), placeName(is)), moveAlias(ctx, q, p.collection.ID, p.member, p.alias, now, 0)
	})
}

// RemoveAliases takes aliases off the artifact, if they are there.
func (s *Store) RemoveAliases(ctx context.Context, artifactID int64, in []metadata.CollectionAlias) error {
	return s.changeAliases(acting(ctx, "deleteAliases"), artifactID, in, func(ctx context.Context, q session, p aliasPlace, now int64) (string, error) {
		done, err := dropAlias(ctx, q, p.collection.ID, p.member, p.alias, now, 0)
		if err != nil || !done {
			return "", err
		}
		return fmt.Sprintf("alias %s: taken off", p.alias), nil
	})
}

// An aliasPlace is an alias, and a version's place in the collection that it is of.
type aliasPlace struct {
	collection metadata.Collection
	member     int64
	alias      string
}

// changeAliases changes aliases of a version, and none if one of them is not
// where it is expected. f says in words what it changed, "" for nothing.
func (s *Store) changeAliases(ctx context.Context, artifactID int64, in []metadata.CollectionAlias, f func(context.Context, session, aliasPlace, int64) (string, error)) error {
	return s.write(ctx, func(q session) error {
		a, err := committedArtifact(ctx, q, artifactID)
		if err != nil {
			return err
		}
		places := make([]aliasPlace, len(in))
		for i, alias := range in {
			if places[i], err = aliasPlaceOf(ctx, q, a, alias); err != nil {
				return err
			}
		}
		now := s.now()
		for _, p := range places {
			words, err := f(ctx, q, p, now)
			if err != nil {
				return err
			}
			if words == "" {
				continue
			}
			if err := audit(ctx, q, p.collection.EntityID, now, collectionSubject(p.collection), words); err != nil {
				return err
			}
		}
		return nil
	})
}

// aliasPlaceOf finds the place of a version in the collection that an alias is of.
func aliasPlaceOf(ctx context.Context, q session, a metadata.Artifact, alias metadata.CollectionAlias) (aliasPlace, error) {
	place := aliasPlace{alias: alias.Alias}
	p, err := project(ctx, q, alias.Entity, alias.Project)
	if err != nil {
		return place, err
	}
	if place.collection, err = collectionByName(ctx, q, p.ID, alias.Collection); err != nil {
		return place, err
	}
	err = one(ctx, q, "SELECT id FROM memberships WHERE artifact_id = ? AND collection_id = ? AND removed_at IS NULL", []any{a.ID, place.collection.ID}, &place.member)
	if missing(err) {
		return place, notFound("%s is not in the collection %s/%s/%s; link it there first", artifactName(a), alias.Entity, alias.Project, alias.Collection)
	}
	if err != nil {
		return place, err
	}
	return place, expectAlias(ctx, q, place.collection, alias.Alias, alias.Expected)
}
