package sqlite

import (
	"context"
	"strings"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

const userColumns = "u.id, u.entity_id, u.username, u.email, u.admin, u.created_at, coalesce((SELECT name FROM entities WHERE id = u.default_entity_id), u.username)"

func scanUser(r scanner) (metadata.User, error) {
	var u metadata.User
	var created int64
	err := r.Scan(&u.ID, &u.EntityID, &u.Username, &u.Email, &u.Admin, &created, &u.DefaultEntity)
	u.CreatedAt = fromMicro(created)
	return u, err
}

const entityColumns = "e.id, e.name, e.kind, e.created_at, e.ttl_seconds, coalesce(e.organization_id, 0), coalesce((SELECT name FROM entities WHERE id = e.organization_id), '')"

func scanEntity(r scanner) (metadata.Entity, error) {
	var e metadata.Entity
	var created int64
	err := r.Scan(&e.ID, &e.Name, &e.Kind, &created, &e.TTLSeconds, &e.OrganizationID, &e.Organization)
	e.CreatedAt = fromMicro(created)
	return e, err
}

// CreateUser makes a user, its entity and its first key.
func (s *Store) CreateUser(ctx context.Context, n metadata.NewUser) (metadata.User, error) {
	if err := metadata.CheckEntityName(n.Username); err != nil {
		return metadata.User{}, err
	}
	ctx = acting(ctx, "createUser")
	var u metadata.User
	err := s.write(ctx, func(q session) error {
		now := s.now()
		var entity, id int64
		err := one(ctx, q, "INSERT INTO entities (name, kind, created_at) VALUES (?, 'USER', ?) RETURNING id", []any{n.Username, now}, &entity)
		if taken(err) {
			return conflict("the name %q is taken; choose another one", n.Username)
		}
		if err != nil {
			return err
		}
		if err := one(ctx, q, "INSERT INTO users (entity_id, username, email, admin, created_at) VALUES (?, ?, ?, ?, ?) RETURNING id",
			[]any{entity, n.Username, n.Email, n.Admin, now}, &id); err != nil {
			return err
		}
		if err := addKey(ctx, q, id, n.KeySHA256, now); err != nil {
			return err
		}
		if err := audit(ctx, q, entity, now, n.Username, "user made"); err != nil {
			return err
		}
		u = metadata.User{ID: id, EntityID: entity, Username: n.Username, Email: n.Email, Admin: n.Admin, CreatedAt: fromMicro(now), DefaultEntity: n.Username}
		return nil
	})
	return u, err
}

func addKey(ctx context.Context, q session, user int64, key [32]byte, now int64) error {
	var owner int64
	err := one(ctx, q, "SELECT user_id FROM user_keys WHERE sha256 = ?", []any{key[:]}, &owner)
	switch {
	case missing(err):
		return run(ctx, q, "INSERT INTO user_keys (sha256, user_id, created_at) VALUES (?, ?, ?)", key[:], user, now)
	case err != nil:
		return err
	case owner != user:
		return conflict("the key belongs to another user; make a new one")
	}
	return nil
}

// UserByKey finds the user that a key belongs to.
func (s *Store) UserByKey(ctx context.Context, key [32]byte) (metadata.User, error) {
	var u metadata.User
	err := s.read(ctx, func(q session) (err error) {
		u, err = first(ctx, q, scanUser, "SELECT "+userColumns+" FROM user_keys k JOIN users u ON u.id = k.user_id WHERE k.sha256 = ?", key[:])
		if missing(err) {
			return &metadata.Error{Kind: metadata.KindDenied, Message: "no user of this registry has this API key; see that it is complete, and of this registry"}
		}
		return err
	})
	return u, err
}

// UserByName finds a user by name.
func (s *Store) UserByName(ctx context.Context, username string) (metadata.User, error) {
	var u metadata.User
	err := s.read(ctx, func(q session) (err error) {
		u, err = first(ctx, q, scanUser, "SELECT "+userColumns+" FROM users u WHERE u.username = ?", username)
		if missing(err) {
			return notFound("user %q not found", username)
		}
		return err
	})
	return u, err
}

// UsersByID returns the users found.
func (s *Store) UsersByID(ctx context.Context, ids []int64) ([]metadata.User, error) {
	return byIDs(ctx, s, ids, scanUser, "SELECT "+userColumns+" FROM users u WHERE u.id IN (SELECT value FROM json_each(?))")
}

// ActiveUser finds a user who has a key.
func (s *Store) ActiveUser(ctx context.Context, id int64) (metadata.User, error) {
	var u metadata.User
	err := s.read(ctx, func(q session) (err error) {
		u, err = first(ctx, q, scanUser, "SELECT "+userColumns+" FROM users u WHERE u.id = ? AND EXISTS (SELECT 1 FROM user_keys k WHERE k.user_id = u.id)", id)
		if missing(err) {
			return &metadata.Error{Kind: metadata.KindDenied, Message: "the user may not use this registry any more"}
		}
		return err
	})
	return u, err
}

// AddKey lets a further key act as the user.
func (s *Store) AddKey(ctx context.Context, userID int64, key [32]byte) error {
	ctx = acting(ctx, "addKey")
	return s.write(ctx, func(q session) error {
		u, err := userByID(ctx, q, userID)
		if err != nil {
			return err
		}
		now := s.now()
		if err := audit(ctx, q, u.EntityID, now, u.Username, "key added"); err != nil {
			return err
		}
		return addKey(ctx, q, userID, key, now)
	})
}

// mustExist fails with KindNotFound unless the table has the id.
func mustExist(ctx context.Context, q session, table string, id int64, what string) error {
	var n int
	err := one(ctx, q, "SELECT 1 FROM "+table+" WHERE id = ?", []any{id}, &n)
	if missing(err) {
		return notFound("%s %d not found", what, id)
	}
	return err
}

// CountUsers says how many users there are.
func (s *Store) CountUsers(ctx context.Context) (int, error) {
	var n int
	err := s.read(ctx, func(q session) error {
		return one(ctx, q, "SELECT count(*) FROM users", nil, &n)
	})
	return n, err
}

// Entity finds an entity by name.
func (s *Store) Entity(ctx context.Context, name string) (metadata.Entity, error) {
	var e metadata.Entity
	err := s.read(ctx, func(q session) (err error) {
		e, err = entity(ctx, q, name)
		return err
	})
	return e, err
}

func userByID(ctx context.Context, q session, id int64) (metadata.User, error) {
	u, err := first(ctx, q, scanUser, "SELECT "+userColumns+" FROM users u WHERE u.id = ?", id)
	if missing(err) {
		return u, notFound("user %d not found", id)
	}
	return u, err
}

func entityByID(ctx context.Context, q session, id int64) (metadata.Entity, error) {
	e, err := first(ctx, q, scanEntity, "SELECT "+entityColumns+" FROM entities e WHERE e.id = ?", id)
	if missing(err) {
		return e, notFound("entity %d not found", id)
	}
	return e, err
}

func entity(ctx context.Context, q session, name string) (metadata.Entity, error) {
	e, err := first(ctx, q, scanEntity, "SELECT "+entityColumns+" FROM entities e WHERE e.name = ?", name)
	if missing(err) {
		return e, notFound("entity %q not found", name)
	}
	return e, err
}

// CreateTeam makes a team entity with members.
func (s *Store) CreateTeam(ctx context.Context, name string, memberIDs []int64) (metadata.Entity, error) {
	return s.createGroup(ctx, metadata.TeamEntity, name, memberIDs, metadata.MemberRole)
}

// CreateOrganization makes an organization with its administrators.
func (s *Store) CreateOrganization(ctx context.Context, name string, adminIDs []int64) (metadata.Entity, error) {
	return s.createGroup(ctx, metadata.OrganizationEntity, name, adminIDs, metadata.AdminRole)
}

func (s *Store) createGroup(ctx context.Context, kind metadata.EntityKind, name string, memberIDs []int64, role metadata.Role) (metadata.Entity, error) {
	if err := metadata.CheckEntityName(name); err != nil {
		return metadata.Entity{}, err
	}
	ctx = acting(ctx, "create"+string(kind[0])+strings.ToLower(string(kind[1:])))
	var e metadata.Entity
	err := s.write(ctx, func(q session) error {
		now := s.now()
		var id int64
		err := one(ctx, q, "INSERT INTO entities (name, kind, created_at) VALUES (?, ?, ?) RETURNING id", []any{name, kind, now}, &id)
		if taken(err) {
			return conflict("the name %q is taken; choose another one", name)
		}
		if err != nil {
			return err
		}
		for _, m := range memberIDs {
			if err := mustExist(ctx, q, "users", m, "user"); err != nil {
				return err
			}
			if err := run(ctx, q, "INSERT INTO team_members (user_id, entity_id, role) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", m, id, role); err != nil {
				return err
			}
		}
		if err := audit(ctx, q, id, now, name, strings.ToLower(string(kind))+" made"); err != nil {
			return err
		}
		e = metadata.Entity{ID: id, Name: name, Kind: kind, CreatedAt: fromMicro(now)}
		return nil
	})
	return e, err
}

// Teams lists the teams that a user belongs to, by name.
func (s *Store) Teams(ctx context.Context, userID int64) ([]metadata.Entity, error) {
	var list []metadata.Entity
	err := s.read(ctx, func(q session) (err error) {
		list, err = teams(ctx, q, userID)
		return err
	})
	return list, err
}

func teams(ctx context.Context, q session, userID int64) ([]metadata.Entity, error) {
	return all(ctx, q, scanEntity, "SELECT "+entityColumns+" FROM team_members m JOIN entities e ON e.id = m.entity_id WHERE m.user_id = ? AND e.kind = 'TEAM' ORDER BY e.name", userID)
}
