package artifacts

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// A RegistryRole is what a member may do in a registry.
type RegistryRole string

// The roles, from most to least.
const (
	RoleAdmin            RegistryRole = "admin"
	RoleMember           RegistryRole = "member"
	RoleViewer           RegistryRole = "viewer"
	RoleRestrictedViewer RegistryRole = "restricted_viewer" // not on every server
)

// A RegistryMember is a user or team with a role in a registry.
type RegistryMember struct {
	// ID is what members are added, changed and removed by.
	ID string `json:"id"`
	// Team says that it is a team.
	Team bool `json:"team"`
	// Name is the user's username, or the team's name.
	Name string `json:"name"`
	// FullName is the name that people see of a user, "" for a team.
	FullName string       `json:"fullName,omitempty"`
	Email    string       `json:"email,omitempty"`
	Role     RegistryRole `json:"role"`
}

// Members are the users and teams of the registry (W&B: RegistryUserMembers and
// RegistryTeamMembers, in one operation).
func (r *Registry) Members(ctx context.Context) ([]RegistryMember, error) {
	const op = "list the members of a registry"
	saved, err := r.loaded(ctx)
	if err != nil {
		return nil, err
	}
	got, err := wire.RegistryMembers(ctx, r.client.sender, wire.In{Entity: saved.Entity, Project: saved.FullName()})
	switch {
	case err != nil:
		return nil, r.client.fail(ctx, op, r.Path(), err)
	case got == nil:
		return nil, &Error{Kind: KindNotFound, Op: op, Path: r.Path(), Message: "the registry is not there any more"}
	}
	out := make([]RegistryMember, 0, len(got.Members)+len(got.TeamMembers))
	for _, m := range got.Members {
		name := text(m.Username)
		if name == "" {
			name = text(m.Name)
		}
		out = append(out, RegistryMember{ID: string(m.ID), Name: name, FullName: text(m.Name), Email: text(m.Email), Role: RegistryRole(m.Role.Name)})
	}
	for _, m := range got.TeamMembers {
		out = append(out, RegistryMember{ID: string(m.Team.ID), Team: true, Name: m.Team.Name, Role: RegistryRole(m.Role.Name)})
	}
	return out, nil
}

// memberIDs tells the ids of users from those of teams: they are base64 of
// "User:<number>" and "Entity:<number>".
func memberIDs(ids []string) (users, teams []wire.ID, err error) {
	for _, id := range ids {
		plain, _ := base64.StdEncoding.DecodeString(id)
		kind, _, _ := strings.Cut(string(plain), ":")
		switch kind {
		case "User":
			users = append(users, wire.ID(id))
		case "Entity":
			teams = append(teams, wire.ID(id))
		default:
			e := invalid("%q is the id of neither a user nor a team", id)
			e.Next = "use the id of a member, a user or a team"
			return nil, nil, e
		}
	}
	if len(ids) == 0 {
		err = invalid("no member was named")
	}
	return users, teams, err
}

// AddMembers adds users and teams by their ids (W&B: CreateRegistryMembers). The
// server gives them its usual role.
func (r *Registry) AddMembers(ctx context.Context, ids ...string) error {
	return r.changeMembers(ctx, "add members to a registry", ids, func(project wire.ID, users, teams []wire.ID) (bool, error) {
		return wire.CreateRegistryMembers(ctx, r.client.sender, wire.CreateProjectMembersInput{ProjectID: project, UserIDs: users, TeamIDs: teams})
	})
}

// RemoveMembers takes users and teams out (W&B: DeleteRegistryMembers).
func (r *Registry) RemoveMembers(ctx context.Context, ids ...string) error {
	return r.changeMembers(ctx, "remove members from a registry", ids, func(project wire.ID, users, teams []wire.ID) (bool, error) {
		return wire.DeleteRegistryMembers(ctx, r.client.sender, wire.DeleteProjectMembersInput{ProjectID: project, UserIDs: users, TeamIDs: teams})
	})
}

// SetMemberRole gives a member another role (W&B: UpdateUserRegistryRole,
// UpdateTeamRegistryRole).
func (r *Registry) SetMemberRole(ctx context.Context, id string, role RegistryRole) error {
	const op = "change the role of a member of a registry"
	switch role {
	case RoleAdmin, RoleMember, RoleViewer, RoleRestrictedViewer:
	default:
		return located(op, r.Path(), invalid("there is no role %q; there are admin, member, viewer and restricted_viewer", role))
	}
	return r.changeMembers(ctx, op, []string{id}, func(project wire.ID, users, teams []wire.ID) (bool, error) {
		if len(users) > 0 {
			return wire.UpdateUserRegistryRole(ctx, r.client.sender, wire.UpdateProjectMemberInput{ProjectID: project, UserID: users[0], UserProjectRole: string(role)})
		}
		return wire.UpdateTeamRegistryRole(ctx, r.client.sender, wire.UpdateProjectTeamMemberInput{ProjectID: project, TeamID: teams[0], TeamProjectRole: string(role)})
	})
}

func (r *Registry) changeMembers(ctx context.Context, op string, ids []string, change func(project wire.ID, users, teams []wire.ID) (bool, error)) error {
	users, teams, err := memberIDs(ids)
	if err != nil {
		return located(op, r.Path(), err)
	}
	saved, err := r.loaded(ctx)
	if err != nil {
		return err
	}
	done, err := change(wire.ID(saved.ID), users, teams)
	switch {
	case err != nil:
		return r.client.fail(ctx, op, r.Path(), err)
	case !done:
		return &Error{Kind: KindConflict, Op: op, Path: r.Path(), Message: fmt.Sprintf("the server refused %d members, and does not say why", len(ids))}
	}
	return nil
}
