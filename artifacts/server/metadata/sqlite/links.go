package sqlite

import (
	"context"
	"strings"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// LinkArtifact puts a committed version into a portfolio.
func (s *Store) LinkArtifact(ctx context.Context, l metadata.Link) (metadata.Membership, error) {
	for _, alias := range l.Aliases {
		if err := metadata.CheckAlias(alias); err != nil {
			return metadata.Membership{}, err
		}
	}
	ctx = acting(ctx, "linkArtifact")
	var m metadata.Membership
	err := s.write(ctx, func(q session) error {
		now := s.now()
		a, err := committedArtifact(ctx, q, l.ArtifactID)
		if err != nil {
			return err
		}
		p, err := linkProject(ctx, q, l.Entity, l.Project, now)
		if err != nil {
			return err
		}
		if !p.AllTypes {
			if _, err := typeByName(ctx, q, p.ID, a.Type); metadata.IsNotFound(err) {
				return invalid("artifacts of type %q cannot be linked into %q, which takes only the types that it lists; add the type to it, or link into another", a.Type, p.Name)
			} else if err != nil {
				return err
			}
		}
		t, err := ensureType(ctx, q, p.ID, a.Type, now)
		if err != nil {
			return err
		}
		c, err := ensureCollection(ctx, q, p.ID, t, metadata.Portfolio, l.Portfolio, now)
		if err != nil {
			return err
		}
		var member int64
		err = one(ctx, q, "SELECT id FROM memberships WHERE artifact_id = ? AND collection_id = ? AND removed_at IS NULL", []any{a.ID, c.ID}, &member)
		aliases := l.Aliases
		if missing(err) {
			member, _, err = addMember(ctx, q, c.ID, a.ID, a.CreatedAt.UnixMicro(), now)
			aliases = append([]string{latest}, aliases...)
		}
		if err != nil {
			return err
		}
		if err := setAliases(ctx, q, c.ID, member, unique(aliases), now); err != nil {
			return err
		}
		if err := s.registryLink(ctx, q, c, a.ID); err != nil {
			return err
		}
		if err := audit(ctx, q, c.EntityID, now, collectionSubject(c), "linked "+artifactSubject(a)); err != nil {
			return err
		}
		m, err = first(ctx, q, plainly(scanMembership), "SELECT "+memberColumns+" FROM "+memberFrom+" WHERE m.id = ?", member)
		return err
	})
	return m, err
}

// linkProject finds where to link. Registries are made on purpose, with the
// types that they take; other projects come into being when something is put
// into them.
func linkProject(ctx context.Context, q session, entityName, name string, now int64) (metadata.Project, error) {
	if strings.HasPrefix(name, metadata.RegistryPrefix) {
		return project(ctx, q, entityName, name)
	}
	p, _, err := ensureProject(ctx, q, entityName, name, now)
	return p, err
}

// UnlinkArtifact takes a version out of a portfolio.
func (s *Store) UnlinkArtifact(ctx context.Context, artifactID, portfolioID int64) error {
	ctx = acting(ctx, "unlinkArtifact")
	return s.write(ctx, func(q session) error {
		c, err := readyCollection(ctx, q, portfolioID)
		if err != nil {
			return err
		}
		if c.Kind != metadata.Portfolio {
			return invalid("the sequence %q holds its versions, not links to them; delete the version instead", c.Name)
		}
		var member int64
		err = one(ctx, q, "SELECT id FROM memberships WHERE artifact_id = ? AND collection_id = ? AND removed_at IS NULL", []any{artifactID, portfolioID}, &member)
		if missing(err) {
			return notFound("artifact %d is not linked to the portfolio %q", artifactID, c.Name)
		}
		if err != nil {
			return err
		}
		now := s.now()
		if err := removeMembers(ctx, q, portfolioID, []int64{member}, now, 0); err != nil {
			return err
		}
		if err := s.registryLink(ctx, q, c, artifactID); err != nil {
			return err
		}
		a, err := artifactByID(ctx, q, artifactID)
		if err != nil {
			return err
		}
		return audit(ctx, q, c.EntityID, now, collectionSubject(c), "unlinked "+artifactSubject(a))
	})
}

// registryLink works out anew when a version expires that was linked into a
// collection or taken out of it, where that is one of a registry.
func (s *Store) registryLink(ctx context.Context, q session, c metadata.Collection, artifactID int64) error {
	if !strings.HasPrefix(c.Project, metadata.RegistryPrefix) {
		return nil
	}
	return s.setExpiry(ctx, q, "?", artifactID)
}
