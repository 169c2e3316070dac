package sqlite

import (
	"context"
	"fmt"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// SetOrganization puts a team under an organization.
func (s *Store) SetOrganization(ctx context.Context, teamID, organizationID int64) error {
	ctx = acting(ctx, "setOrganization")
	return s.write(ctx, func(q session) error {
		var n int
		err := one(ctx, q, "SELECT 1 FROM entities WHERE id = ? AND kind = 'ORGANIZATION'", []any{organizationID}, &n)
		if missing(err) {
			return notFound("organization %d not found", organizationID)
		}
		if err != nil {
			return err
		}
		done, err := changed(ctx, q, "UPDATE entities SET organization_id = ? WHERE id = ? AND kind = 'TEAM'", organizationID, teamID)
		if err != nil {
			return err
		}
		if done == 0 {
			return notFound("team %d not found", teamID)
		}
		team, err := entityByID(ctx, q, teamID)
		if err != nil {
			return err
		}
		return audit(ctx, q, organizationID, s.now(), team.Name, "team put under the organization")
	})
}

// SetMember makes a user a member of a team or an organization, in a role.
func (s *Store) SetMember(ctx context.Context, entityID, userID int64, role metadata.Role) error {
	if role.Rank() < metadata.ViewerRole.Rank() {
		return invalid("%q is not a role in a team or an organization; use admin, member or viewer", string(role))
	}
	ctx = acting(ctx, "setMember")
	return s.write(ctx, func(q session) error {
		user, err := userByID(ctx, q, userID)
		if err != nil {
			return err
		}
		e, err := entityByID(ctx, q, entityID)
		if err != nil {
			return err
		}
		if e.Kind == metadata.UserEntity {
			return invalid("a user's own entity has no members; make a team")
		}
		if err := audit(ctx, q, entityID, s.now(), e.Name, fmt.Sprintf("%s is %s", user.Username, role)); err != nil {
			return err
		}
		return run(ctx, q, "INSERT INTO team_members (user_id, entity_id, role) VALUES (?, ?, ?) ON CONFLICT (user_id, entity_id) DO UPDATE SET role = excluded.role", userID, entityID, role)
	})
}

// RemoveMember takes a user out of a team or an organization, and out of those
// of its projects that the user was invited to.
func (s *Store) RemoveMember(ctx context.Context, entityID, userID int64) error {
	ctx = acting(ctx, "removeMember")
	return s.write(ctx, func(q session) error {
		if err := run(ctx, q, "UPDATE users SET default_entity_id = NULL WHERE id = ? AND default_entity_id = ?", userID, entityID); err != nil {
			return err
		}
		if err := run(ctx, q, "DELETE FROM project_members WHERE project_id IN (SELECT id FROM projects WHERE entity_id = ?) AND entity_id = (SELECT entity_id FROM users WHERE id = ?)", entityID, userID); err != nil {
			return err
		}
		n, err := changed(ctx, q, "DELETE FROM team_members WHERE entity_id = ? AND user_id = ?", entityID, userID)
		if err != nil || n == 0 {
			return err
		}
		user, err := userByID(ctx, q, userID)
		if err != nil {
			return err
		}
		e, err := entityByID(ctx, q, entityID)
		if err != nil {
			return err
		}
		return audit(ctx, q, entityID, s.now(), e.Name, user.Username+" is no member any more")
	})
}

// Members lists the members of a team or an organization, by name.
func (s *Store) Members(ctx context.Context, entityID int64) ([]metadata.Member, error) {
	var list []metadata.Member
	err := s.read(ctx, func(q session) (err error) {
		list, err = all(ctx, q, func(r scanner) (m metadata.Member, err error) {
			m.User, err = scanUser(shifted{r, []any{&m.Role}})
			return m, err
		}, "SELECT m.role, "+userColumns+" FROM team_members m JOIN users u ON u.id = m.user_id WHERE m.entity_id = ? ORDER BY u.username", entityID)
		return err
	})
	return list, err
}

// OrganizationsOf lists the organizations that a user belongs to, by name.
func (s *Store) OrganizationsOf(ctx context.Context, userID int64) ([]metadata.Entity, error) {
	var list []metadata.Entity
	err := s.read(ctx, func(q session) (err error) {
		list, err = all(ctx, q, scanEntity, "SELECT "+entityColumns+" FROM team_members m JOIN entities e ON e.id = m.entity_id WHERE m.user_id = ? AND e.kind = 'ORGANIZATION' ORDER BY e.name", userID)
		return err
	})
	return list, err
}

// GrantsOf reads what was given to a user, all from one state.
func (s *Store) GrantsOf(ctx context.Context, userID int64) (metadata.Grants, error) {
	var g metadata.Grants
	err := s.readTogether(ctx, func(q session) (err error) {
		g, err = grantsOf(ctx, q, userID)
		return err
	})
	return g, err
}

func grantsOf(ctx context.Context, q session, userID int64) (metadata.Grants, error) {
	g := metadata.Grants{
		Entities: map[int64]metadata.Role{}, Organizations: map[int64]bool{}, Projects: map[int64]metadata.Role{},
		Parents: map[int64]int64{}, Restricted: map[int64]bool{},
	}
	err := each(ctx, q, func(r scanner) error {
		var id int64
		var kind metadata.EntityKind
		var role metadata.Role
		err := r.Scan(&id, &kind, &role)
		g.Entities[id] = role
		if kind == metadata.OrganizationEntity {
			g.Organizations[id] = true
		}
		return err
	}, "SELECT e.id, e.kind, m.role FROM team_members m JOIN entities e ON e.id = m.entity_id WHERE m.user_id = ?", userID)
	if err != nil {
		return g, err
	}
	err = each(ctx, q, func(r scanner) error {
		var id, parent int64
		var role metadata.Role
		err := r.Scan(&id, &parent, &role)
		g.Projects[id], g.Parents[id] = g.Projects[id].Higher(role), parent
		return err
	}, `SELECT p.id, p.entity_id, m.role FROM project_members m JOIN projects p ON p.id = m.project_id WHERE p.deleted_at IS NULL
		AND m.entity_id IN (SELECT entity_id FROM users WHERE id = ? UNION ALL SELECT entity_id FROM team_members WHERE user_id = ?)`, userID, userID)
	if err != nil {
		return g, err
	}
	return g, each(ctx, q, func(r scanner) error {
		id, err := scanID(r)
		g.Restricted[id] = true
		return err
	}, "SELECT p.id FROM projects p JOIN team_members m ON m.entity_id = p.entity_id WHERE m.user_id = ? AND p.access = 'RESTRICTED'", userID)
}

// SetDefaultEntity chooses what clients take when a path names no entity.
func (s *Store) SetDefaultEntity(ctx context.Context, userID, entityID int64) error {
	return s.write(ctx, func(q session) error {
		if err := mustExist(ctx, q, "entities", entityID, "entity"); err != nil {
			return err
		}
		return run(ctx, q, "UPDATE users SET default_entity_id = ? WHERE id = ?", entityID, userID)
	})
}

// RetireUser takes away a user's keys and memberships.
func (s *Store) RetireUser(ctx context.Context, userID int64) error {
	ctx = acting(ctx, "retireUser")
	return s.write(ctx, func(q session) error {
		u, err := userByID(ctx, q, userID)
		if metadata.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := audit(ctx, q, u.EntityID, s.now(), u.Username, "keys and memberships taken away"); err != nil {
			return err
		}
		if err := run(ctx, q, "DELETE FROM user_keys WHERE user_id = ?", userID); err != nil {
			return err
		}
		if err := run(ctx, q, "UPDATE users SET default_entity_id = NULL WHERE id = ?", userID); err != nil {
			return err
		}
		if err := run(ctx, q, "DELETE FROM project_members WHERE entity_id = (SELECT entity_id FROM users WHERE id = ?)", userID); err != nil {
			return err
		}
		return run(ctx, q, "DELETE FROM team_members WHERE user_id = ?", userID)
	})
}

// RetireOrganization takes every member out of an organization and its teams.
func (s *Store) RetireOrganization(ctx context.Context, entityID int64) error {
	ctx = acting(ctx, "retireOrganization")
	return s.write(ctx, func(q session) error {
		e, err := entityByID(ctx, q, entityID)
		if err != nil {
			return err
		}
		if err := audit(ctx, q, entityID, s.now(), e.Name, "every member taken out"); err != nil {
			return err
		}
		const these = "(SELECT id FROM entities WHERE id = ? OR organization_id = ?)"
		if err := run(ctx, q, "UPDATE users SET default_entity_id = NULL WHERE default_entity_id IN "+these, entityID, entityID); err != nil {
			return err
		}
		if err := run(ctx, q, "DELETE FROM project_members WHERE project_id IN (SELECT id FROM projects WHERE entity_id = ?)", entityID); err != nil {
			return err
		}
		return run(ctx, q, "DELETE FROM team_members WHERE entity_id IN "+these, entityID, entityID)
	})
}
