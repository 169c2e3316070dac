package graph

import (
	"context"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// A User is somebody with a key.
type User struct {
	rq *request
	u  metadata.User
}

func (u *User) ID() string       { return userID.globalID(u.u.ID) }
func (u *User) Username() string { return u.u.Username }
func (u *User) Name() string     { return u.u.Username }
func (u *User) Admin() bool      { return u.u.Admin }

// Email is told to those who share something with the user.
func (u *User) Email(ctx context.Context) (*string, error) {
	if ok, err := u.rq.acquainted(ctx, u.u); err != nil || !ok {
		return nil, err
	}
	return textOrNull(u.u.Email), nil
}

// Entity is what clients take when a path names none. Which other users have
// chosen is their business: for them it is the entity of their name.
func (u *User) Entity() string {
	if u.u.ID == u.rq.viewer.User.ID {
		return u.u.DefaultEntity
	}
	return u.u.Username
}

// Flags are W&B's switches for a user, as JSON text. None is set here.
func (u *User) Flags() *string { return textOrNull("{}") }

// DeletedAt is never set: users are not deleted here.
func (u *User) DeletedAt() *time.Time { return nil }

// APIKeys are not told: keys are kept as hashes only.
func (u *User) APIKeys() *APIKeyConnection { return nil }

// Teams are the teams that the user belongs to.
func (u *User) Teams(ctx context.Context) (*EntityConnection, error) {
	var teams []metadata.Entity
	var err error
	if u.u.ID == u.rq.viewer.User.ID {
		teams, err = u.rq.viewer.Teams(ctx)
	} else {
		teams, err = u.rq.store.Teams(ctx, u.u.ID)
	}
	if err != nil {
		return nil, err
	}
	c := &EntityConnection{Edges: []*EntityEdge{}}
	for _, t := range teams {
		// Of other users' teams, those that the viewer shares.
		if ok, err := u.rq.viewer.Knows(ctx, t.ID); err != nil {
			return nil, err
		} else if ok {
			c.Edges = append(c.Edges, &EntityEdge{Node: u.rq.entity(t)})
		}
	}
	return c, nil
}

// Organizations are those that the user belongs to, and that the viewer knows.
func (u *User) Organizations(ctx context.Context) ([]*Organization, error) {
	list, err := u.rq.store.OrganizationsOf(ctx, u.u.ID)
	out := []*Organization{}
	for _, e := range list {
		if err = u.rq.known(ctx, e); metadata.IsNotFound(err) {
			err = nil
			continue
		} else if err != nil {
			break
		}
		out = append(out, &Organization{u.rq.entity(e)})
	}
	return out, err
}

// An Entity owns projects. Where it came with something else, only its id and
// name are known until more is asked for.
type Entity struct {
	rq   *request
	id   int64
	name string
	more lazy[metadata.Entity]
}

func (rq *request) entity(e metadata.Entity) *Entity {
	out := &Entity{rq: rq, id: e.ID, name: e.Name}
	out.more.set(e)
	return out
}

func (e *Entity) ID() string   { return entityID.globalID(e.id) }
func (e *Entity) Name() string { return e.name }

func (e *Entity) load(ctx context.Context) (metadata.Entity, error) {
	return e.more.get(func() (metadata.Entity, error) { return e.rq.store.Entity(ctx, e.name) })
}

// IsTeam tells teams from users.
func (e *Entity) IsTeam(ctx context.Context) (bool, error) {
	m, err := e.load(ctx)
	return m.Kind == metadata.TeamEntity, err
}

// EntityType is "user", "team" or "organization".
func (e *Entity) EntityType(ctx context.Context) (string, error) {
	m, err := e.load(ctx)
	switch m.Kind {
	case metadata.TeamEntity:
		return "team", err
	case metadata.OrganizationEntity:
		return "organization", err
	default:
		return "user", err
	}
}

// User is the user, where the entity is one.
func (e *Entity) User(ctx context.Context) (*User, error) {
	m, err := e.load(ctx)
	if err != nil || m.Kind != metadata.UserEntity {
		return nil, err
	}
	if e.id == e.rq.viewer.User.EntityID {
		return &User{rq: e.rq, u: e.rq.viewer.User}, nil
	}
	u, err := e.rq.store.UserByName(ctx, e.name)
	return orNull(&User{rq: e.rq, u: u}, err)
}

// Organization is the organization above the entity, for those who belong to
// one of the two; an organization's own entity names the organization itself.
func (e *Entity) Organization(ctx context.Context) (*Organization, error) {
	m, err := e.load(ctx)
	if err != nil {
		return nil, err
	}
	if role, err := e.rq.viewer.Role(ctx, e.id); err != nil {
		return nil, err
	} else if role == "" {
		above := m.OrganizationID
		if above == 0 {
			above = e.id
		}
		ok, err := e.rq.viewer.Knows(ctx, above)
		if err != nil || !ok {
			return nil, err
		}
	}
	switch {
	case err != nil:
		return nil, err
	case m.Kind == metadata.OrganizationEntity:
		return &Organization{e}, nil
	case m.OrganizationID == 0:
		return nil, nil
	}
	o, err := e.rq.store.Entity(ctx, m.Organization)
	if err != nil {
		return nil, err
	}
	return &Organization{e.rq.entity(o)}, nil
}

// Project is one of the entity's projects.
func (e *Entity) Project(ctx context.Context, name *string) (*Project, error) {
	return e.rq.projectOrNull(ctx, e.name, textOf(name))
}

// Viewer is who is asking.
func (query) Viewer(ctx context.Context) (*User, error) {
	rq := requestOf(ctx)
	return &User{rq: rq, u: rq.viewer.User}, nil
}

// Entity finds an entity that the viewer may see.
func (query) Entity(ctx context.Context, name *string) (*Entity, error) {
	rq := requestOf(ctx)
	e, err := rq.store.Entity(ctx, rq.entityName(textOf(name)))
	if err == nil {
		err = rq.known(ctx, e)
	}
	return orNull(rq.entity(e), err)
}
