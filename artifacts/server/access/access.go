// Package access decides who may see and change what. It is the only place
// that does: resolvers and handlers ask it about the entity and the project of
// each thing that they are about to show or change.
//
// Rights are had in a project, by the role that somebody has there or in the
// entity that owns it:
//
//	restricted viewer   sees collections, versions, lists of files, lineage
//	viewer              fetches files, uses, links elsewhere and builds upon versions; sees who else is invited
//	member              logs, changes, deletes, links into it, moves aliases that are not protected, writes runs
//	administrator       describes, renames and deletes the project, invites, gives roles, protects aliases and moves these
//
// A version is seen and fetched by the rights in any project that holds it: its
// own, or that of a portfolio it was linked into. Whoever sees it through a
// portfolio only is told the name of the sequence it comes from, and nothing
// else of that project. It is changed by the rights in its own project.
//
// What somebody may not see is not there for them: it is null, or not found, in
// the same words as what never was. What they see and may not change is denied.
//
// A change of rights counts from the next request on. Only signed addresses of
// files, which come without a key, are good for a few seconds more
// (server.RevocationTime).
package access

import (
	"context"
	"slices"
	"sync"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// A Store is what the rules need to know about users.
type Store interface {
	Teams(ctx context.Context, userID int64) ([]metadata.Entity, error)
	GrantsOf(ctx context.Context, userID int64) (metadata.Grants, error)
}

// A Viewer is a user for the length of one request. What it learns about the
// user it keeps, so that a page of things costs one question. It is safe for
// concurrent use.
//
// A user is the administrator of the entity of the same name, and has the role
// that was given in teams and organizations. In an organization's projects,
// its members are viewers unless a project's members say more; a restricted
// project is for its members and the entity's administrators. Administrators
// of the registry may do everything.
type Viewer struct {
	User  metadata.User
	store Store

	mu     sync.Mutex
	grants *metadata.Grants
	teams  []metadata.Entity
	known  bool
}

// NewViewer returns the viewer for one request of u.
func NewViewer(store Store, u metadata.User) *Viewer {
	return &Viewer{User: u, store: store}
}

// MayRead reports whether the viewer may see what belongs to a project of an entity.
func (v *Viewer) MayRead(ctx context.Context, entityID, projectID int64) (bool, error) {
	r, err := v.ProjectRole(ctx, entityID, projectID)
	return r.Rank() > 0, err
}

// MayFetch reports whether the viewer may have the bytes of files in a project.
func (v *Viewer) MayFetch(ctx context.Context, entityID, projectID int64) (bool, error) {
	r, err := v.ProjectRole(ctx, entityID, projectID)
	return r.Rank() >= metadata.ViewerRole.Rank(), err
}

// MayWrite reports whether the viewer may change what belongs to a project of an entity.
func (v *Viewer) MayWrite(ctx context.Context, entityID, projectID int64) (bool, error) {
	r, err := v.ProjectRole(ctx, entityID, projectID)
	return r.Rank() >= metadata.MemberRole.Rank(), err
}

// MayManage reports whether the viewer may invite to a project, rename and delete it.
func (v *Viewer) MayManage(ctx context.Context, entityID, projectID int64) (bool, error) {
	r, err := v.ProjectRole(ctx, entityID, projectID)
	return r == metadata.AdminRole, err
}

// Role is the viewer's role in an entity, "" for none.
func (v *Viewer) Role(ctx context.Context, entityID int64) (metadata.Role, error) {
	if v.User.Admin || entityID == v.User.EntityID {
		return metadata.AdminRole, nil
	}
	g, err := v.given(ctx)
	return g.Entities[entityID], err
}

// ProjectRole is the viewer's role in a project of an entity, "" for none.
func (v *Viewer) ProjectRole(ctx context.Context, entityID, projectID int64) (metadata.Role, error) {
	role, err := v.Role(ctx, entityID)
	if err != nil || role == metadata.AdminRole {
		return role, err
	}
	g, err := v.given(ctx)
	switch {
	case err != nil:
		return "", err
	case g.Restricted[projectID]:
		role = ""
	case g.Organizations[entityID] && role != "":
		role = metadata.ViewerRole
	}
	return role.Higher(g.Projects[projectID]), nil
}

// Knows reports whether the viewer may know that an entity exists: members do,
// and whoever was invited to one of its projects.
func (v *Viewer) Knows(ctx context.Context, entityID int64) (bool, error) {
	role, err := v.Role(ctx, entityID)
	if err != nil || role != "" {
		return err == nil, err
	}
	g, err := v.given(ctx)
	for _, parent := range g.Parents {
		if parent == entityID {
			return true, nil
		}
	}
	return false, err
}

// Scope is what the viewer may see of an entity's projects.
func (v *Viewer) Scope(ctx context.Context, entityID int64) (metadata.RegistryScope, error) {
	sc := metadata.RegistryScope{EntityID: entityID}
	role, err := v.Role(ctx, entityID)
	if err != nil || role == metadata.AdminRole {
		return sc, err
	}
	g, err := v.given(ctx)
	if err != nil {
		return sc, err
	}
	if role == "" {
		sc.Only = []int64{}
		for id, parent := range g.Parents {
			if parent == entityID {
				sc.Only = append(sc.Only, id)
			}
		}
		slices.Sort(sc.Only)
		return sc, nil
	}
	for id := range g.Restricted {
		if g.Projects[id] == "" {
			sc.Except = append(sc.Except, id)
		}
	}
	slices.Sort(sc.Except)
	return sc, nil
}

// Teams lists the teams of the user, by name.
func (v *Viewer) Teams(ctx context.Context) ([]metadata.Entity, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.known {
		teams, err := v.store.Teams(ctx, v.User.ID)
		if err != nil {
			return nil, err
		}
		v.teams, v.known = teams, true
	}
	return v.teams, nil
}

func (v *Viewer) given(ctx context.Context) (metadata.Grants, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.grants == nil {
		g, err := v.store.GrantsOf(ctx, v.User.ID)
		if err != nil {
			return g, err
		}
		v.grants = &g
	}
	return *v.grants, nil
}
