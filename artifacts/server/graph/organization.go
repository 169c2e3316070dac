package graph

import (
	"context"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// An Organization is above teams. Its entity, which has the same name, owns
// registries.
type Organization struct{ e *Entity }

func (o *Organization) ID() string         { return organizationID.globalID(o.e.id) }
func (o *Organization) Name() string       { return o.e.name }
func (o *Organization) OrgEntity() *Entity { return o.e }

// CoreWeaveOrganizationID is never there: see the schema.
func (o *Organization) CoreWeaveOrganizationID() *string { return nil }

// FeatureFlags are W&B's switches for an organization. None is known here.
func (o *Organization) FeatureFlags(rampIDType *RampIDType) []*RampFeatureFlag {
	return []*RampFeatureFlag{}
}

// AdvancedRegistryFeatures says which ways of searching there are.
func (o *Organization) AdvancedRegistryFeatures() *AdvancedRegistryFeatures {
	return &AdvancedRegistryFeatures{}
}

// Organization finds an organization that the viewer knows. Clients have their
// own words for one that is null.
func (query) Organization(ctx context.Context, name string) (*Organization, error) {
	rq := requestOf(ctx)
	e, err := rq.store.Entity(ctx, name)
	if err == nil {
		err = rq.known(ctx, e)
	}
	if err == nil && e.Kind != metadata.OrganizationEntity {
		return nil, nil
	}
	return orNull(&Organization{rq.entity(e)}, err)
}

// Users finds a user by name, if the viewer shares an entity with them.
func (query) Users(ctx context.Context, query *string) (*UserConnection, error) {
	rq := requestOf(ctx)
	out := &UserConnection{Edges: []*UserEdge{}}
	u, err := rq.acquaintance(ctx, textOf(query))
	if metadata.IsNotFound(err) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	out.Edges = append(out.Edges, &UserEdge{Node: &User{rq: rq, u: u}})
	return out, nil
}

// acquaintance finds a user whom the viewer may know of: KindNotFound otherwise.
func (rq *request) acquaintance(ctx context.Context, name string) (metadata.User, error) {
	u, err := rq.store.UserByName(ctx, name)
	if err != nil {
		return u, err
	}
	ok, err := rq.acquainted(ctx, u)
	if err == nil && !ok {
		err = fail(metadata.KindNotFound, "user '%s' not found", name)
	}
	return u, err
}

// acquainted reports whether the viewer shares a team, an organization or a
// registry with a user. Restricted viewers of a registry share it with nobody.
func (rq *request) acquainted(ctx context.Context, u metadata.User) (bool, error) {
	if rq.viewer.User.Admin || u.ID == rq.viewer.User.ID {
		return true, nil
	}
	g, err := rq.store.GrantsOf(ctx, u.ID)
	if err != nil {
		return false, err
	}
	for id := range g.Entities {
		if role, err := rq.viewer.Role(ctx, id); err != nil || role != "" {
			return err == nil, err
		}
	}
	for id := range g.Projects {
		if ok, err := rq.viewer.MayFetch(ctx, g.Parents[id], id); err != nil || ok {
			return ok, err
		}
	}
	return false, nil
}

// Members are the members of a team or an organization; of a user's own entity,
// the user.
func (e *Entity) Members(ctx context.Context) ([]*Member, error) {
	out := []*Member{}
	if role, err := e.rq.viewer.Role(ctx, e.id); err != nil || role == "" {
		return out, err
	}
	more, err := e.load(ctx)
	if err != nil {
		return nil, err
	}
	list, kind := []metadata.Member{}, "MEMBER"
	if more.Kind == metadata.UserEntity {
		var u metadata.User
		u, err = e.rq.store.UserByName(ctx, e.name)
		list, kind = append(list, metadata.Member{User: u, Role: metadata.AdminRole}), "USER"
	} else {
		list, err = e.rq.store.Members(ctx, e.id)
	}
	if err != nil {
		return nil, err
	}
	for _, m := range list {
		role, admin := string(m.Role), m.Role == metadata.AdminRole
		no := false
		out = append(out, &Member{
			ID: userID.globalID(m.User.ID), Username: &m.User.Username, Name: m.User.Username, Email: textOrNull(m.User.Email),
			Role: &role, Admin: &admin, Pending: &no, AccountType: &kind,
		})
	}
	return out, nil
}

// Available says whether the name could be taken.
func (e *Entity) Available() *bool { no := false; return &no }

// PhotoURL is never there.
func (e *Entity) PhotoURL() *string { return nil }

// ReadOnly says whether the viewer may not change things of the entity.
func (e *Entity) ReadOnly(ctx context.Context) (*bool, error) {
	ok, err := e.rq.viewer.MayWrite(ctx, e.id, 0)
	ok = !ok
	return &ok, err
}

// ReadOnlyAdmin is for accounts that have been closed.
func (e *Entity) ReadOnlyAdmin() bool { return false }

// PrivateOnly: projects are not shown to those who were not let in.
func (e *Entity) PrivateOnly() bool { return true }

// CodeSavingEnabled: what clients save is kept.
func (e *Entity) CodeSavingEnabled() bool { return true }

// DefaultAccess is the access of a new project.
func (e *Entity) DefaultAccess() string { return string(metadata.PrivateAccess) }

// IsPaid is for accounts of W&B's own site.
func (e *Entity) IsPaid() *bool { no := false; return &no }

// Limits are for accounts of W&B's own site.
func (e *Entity) Limits() map[string]any { return nil }

// StorageBytes is what the entity's versions brought, for its members.
func (e *Entity) StorageBytes(ctx context.Context) (*int64, error) {
	if role, err := e.rq.viewer.Role(ctx, e.id); err != nil || role == "" {
		return nil, err
	}
	n, err := e.rq.store.StorageBytes(ctx, e.id)
	return &n, err
}

// UpdateUser changes the viewer's own settings.
func (mutation) UpdateUser(ctx context.Context, in UpdateUserInput) (*UpdateUserPayload, error) {
	rq := requestOf(ctx)
	if in.DefaultEntity != nil {
		e, err := rq.store.Entity(ctx, *in.DefaultEntity)
		if err == nil {
			err = rq.known(ctx, e)
		}
		if err == nil {
			err = rq.store.SetDefaultEntity(ctx, rq.viewer.User.ID, e.ID)
		}
		if err != nil {
			return nil, err
		}
	}
	u, err := rq.store.UserByName(ctx, rq.viewer.User.Username)
	if err != nil {
		return nil, err
	}
	return &UpdateUserPayload{User: &User{rq: rq, u: u}, ClientMutationID: in.ClientMutationID}, nil
}

// CreateTeam makes a team.
func (mutation) CreateTeam(ctx context.Context, in CreateTeamInput) (*CreateTeamPayload, error) {
	rq := requestOf(ctx)
	admin := rq.viewer.User
	if name := textOf(in.TeamAdminUserName); name != "" && name != admin.Username {
		if !admin.Admin {
			return nil, fail(metadata.KindDenied, "permission denied: '%s' does not administer this registry, and so may make teams only for themselves", admin.Username)
		}
		u, err := rq.store.UserByName(ctx, name)
		if err != nil {
			return nil, err
		}
		admin = u
	}
	team, err := rq.store.CreateTeam(ctx, in.TeamName, []int64{admin.ID})
	if err != nil {
		return nil, err
	}
	if err := rq.store.SetMember(ctx, team.ID, admin.ID, metadata.AdminRole); err != nil {
		return nil, err
	}
	return &CreateTeamPayload{Entity: rq.entity(team), ClientMutationID: in.ClientMutationID}, nil
}

// CreateOrganization makes an organization.
func (mutation) CreateOrganization(ctx context.Context, in CreateOrganizationInput) (*CreateOrganizationPayload, error) {
	rq := requestOf(ctx)
	e, err := rq.store.CreateOrganization(ctx, in.Name, []int64{rq.viewer.User.ID})
	if err != nil {
		return nil, err
	}
	return &CreateOrganizationPayload{Organization: &Organization{rq.entity(e)}, ClientMutationID: in.ClientMutationID}, nil
}

// groupToManage finds a team or an organization whose members the viewer may change.
func (rq *request) groupToManage(ctx context.Context, name string) (metadata.Entity, error) {
	e, err := rq.store.Entity(ctx, name)
	if err == nil {
		err = rq.known(ctx, e)
	}
	if err != nil {
		return e, err
	}
	role, err := rq.viewer.Role(ctx, e.ID)
	if err == nil && role != metadata.AdminRole {
		err = fail(metadata.KindDenied, "permission denied: '%s' may not change the members of '%s'", rq.viewer.User.Username, e.Name)
	}
	return e, err
}

// CreateInvite makes a user a member of a team.
func (mutation) CreateInvite(ctx context.Context, in CreateInviteInput) (*CreateInvitePayload, error) {
	rq := requestOf(ctx)
	e, err := rq.groupToManage(ctx, in.EntityName)
	if err != nil {
		return nil, err
	}
	name := textOf(in.Username)
	if name == "" {
		name = textOf(in.Email)
	}
	u, err := rq.store.UserByName(ctx, name)
	if err != nil {
		return nil, err
	}
	role := metadata.MemberRole
	if in.Admin != nil && *in.Admin {
		role = metadata.AdminRole
	}
	if err := rq.store.SetMember(ctx, e.ID, u.ID, role); err != nil {
		return nil, err
	}
	return &CreateInvitePayload{Invite: &Invite{
		ID: userID.globalID(u.ID), Name: u.Username, Email: textOrNull(u.Email), CreatedAt: u.CreatedAt, ToUser: &User{rq: rq, u: u},
	}, ClientMutationID: in.ClientMutationID}, nil
}

// DeleteInvite takes a member out of a team.
func (mutation) DeleteInvite(ctx context.Context, in DeleteInviteInput) (*DeleteInvitePayload, error) {
	rq := requestOf(ctx)
	e, err := rq.groupToManage(ctx, textOf(in.EntityName))
	if err != nil {
		return nil, err
	}
	n, err := userID.number(textOf(in.ID))
	if err != nil {
		return nil, err
	}
	if err := rq.store.RemoveMember(ctx, e.ID, n); err != nil {
		return nil, err
	}
	return &DeleteInvitePayload{Success: true, ClientMutationID: in.ClientMutationID}, nil
}
