// Package access decides who may see and change what. It is the only place
// that does: resolvers and handlers ask it about the entity of each thing that
// they are about to show or change.
package access

import (
	"context"
	"sync"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// A Store is what the rules need to know about users.
type Store interface {
	Teams(ctx context.Context, userID int64) ([]metadata.Entity, error)
}

// A Viewer is a user for the length of one request. What it learns about the
// user it keeps, so that a page of things costs one question. It is safe for
// concurrent use.
//
// A user may read and write in the entity of the same name and in those of the
// user's teams; administrators may everywhere.
type Viewer struct {
	User  metadata.User
	store Store

	mu    sync.Mutex
	teams []metadata.Entity
	known bool
}

// NewViewer returns the viewer for one request of u.
func NewViewer(store Store, u metadata.User) *Viewer {
	return &Viewer{User: u, store: store}
}

// MayRead reports whether the viewer may see what belongs to an entity.
func (v *Viewer) MayRead(ctx context.Context, entityID int64) (bool, error) {
	return v.belongs(ctx, entityID)
}

// MayWrite reports whether the viewer may change what belongs to an entity.
func (v *Viewer) MayWrite(ctx context.Context, entityID int64) (bool, error) {
	return v.belongs(ctx, entityID)
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

func (v *Viewer) belongs(ctx context.Context, entityID int64) (bool, error) {
	if v.User.Admin || entityID == v.User.EntityID {
		return true, nil
	}
	teams, err := v.Teams(ctx)
	if err != nil {
		return false, err
	}
	for _, t := range teams {
		if t.ID == entityID {
			return true, nil
		}
	}
	return false, nil
}
