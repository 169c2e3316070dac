package tools

import (
	"context"

	"github.com/reliquary/reliquary/artifacts"
)

// RegistryMemberNode is a user or a team with a role in a registry.
type RegistryMemberNode struct {
	ID string `json:"id"`
	// As in ids: a team is an entity.
	Kind string `json:"kind" jsonschema:"enum=User,enum=Entity"`
	// Left out for a team.
	Username string `json:"username,omitempty"`
	// The name that people see.
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
	// admin, member, viewer, restricted_viewer, or another of the server's own.
	Role string `json:"role"`
}

// RegistryMembersOutput are the members of a registry, users before teams.
type RegistryMembersOutput struct {
	Members []RegistryMemberNode `json:"members"`
}

func registryMembers() Operation {
	return Define("registry_members", Reads, Words{
		Title:       "Members of a registry",
		Description: "Get the users and teams that are members of a registry, with their roles.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in RegistryPlace) (RegistryMembersOutput, error) {
		out := RegistryMembersOutput{Members: []RegistryMemberNode{}}
		r, err := in.class(c)
		if err != nil {
			return out, err
		}
		members, err := r.Members(ctx)
		for _, m := range members {
			node := RegistryMemberNode{ID: m.ID, Kind: "User", Username: m.Name, Name: m.FullName, Email: m.Email, Role: string(m.Role)}
			if m.Team {
				node.Kind, node.Username, node.Name = "Entity", "", m.Name
			}
			out.Members = append(out.Members, node)
		}
		return out, err
	})
}

// RegistryMembersInput names members.
type RegistryMembersInput struct {
	RegistryPlace
	// Ids of users and teams.
	Members []string `json:"members"`
}

func registryAddMembers() Operation {
	return Define("registry_add_members", Writes, Words{
		Title:       "Add members to a registry",
		Description: "Make users and teams members of a registry, with the server's usual role.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in RegistryMembersInput) (Done, error) {
		r, err := in.class(c)
		if err == nil {
			err = r.AddMembers(ctx, in.Members...)
		}
		return Done{err == nil}, err
	})
}

func registryRemoveMembers() Operation {
	return Define("registry_remove_members", Writes, Words{
		Title:       "Remove members from a registry",
		Description: "Take users and teams out of the members of a registry.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in RegistryMembersInput) (Done, error) {
		r, err := in.class(c)
		if err == nil {
			err = r.RemoveMembers(ctx, in.Members...)
		}
		return Done{err == nil}, err
	})
}

// RegistryUpdateMemberInput gives a member a role.
type RegistryUpdateMemberInput struct {
	RegistryPlace
	// The id of a user or team.
	Member string `json:"member"`
	// restricted_viewer is not on every server.
	Role string `json:"role" jsonschema:"enum=admin,enum=member,enum=viewer,enum=restricted_viewer"`
}

func registryUpdateMember() Operation {
	return Define("registry_update_member", Writes, Words{
		Title:       "Change the role of a member of a registry",
		Description: "Give a user or team that is a member of a registry another role.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in RegistryUpdateMemberInput) (Done, error) {
		r, err := in.class(c)
		if err == nil {
			err = r.SetMemberRole(ctx, in.Member, artifacts.RegistryRole(in.Role))
		}
		return Done{err == nil}, err
	})
}

// OrganizationName names an organization.
type OrganizationName struct {
	// As people see it. Default: that of the settings, or the only one of the API key's user.
	Organization string `json:"organization,omitempty"`
}

// OrganizationNode is an organization: what owns registries.
type OrganizationNode struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Its own, which holds the registries.
	Entity string `json:"entity"`
}

func organizationLoad() Operation {
	return Define("organization_load", Reads, Words{
		Title:       "Load an organization",
		Description: "Get an organization, and the entity that holds its registries.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in OrganizationName) (OrganizationNode, error) {
		o, err := c.Organization(ctx, in.Organization)
		return OrganizationNode(o), err
	})
}

// OrganizationCreateInput names a new organization.
type OrganizationCreateInput struct {
	// Also of its entity, so that it has to be new among users and teams too.
	Organization string `json:"organization"`
}

func organizationCreate() Operation {
	return Define("organization_create", Writes, Words{
		Title:       "Make an organization",
		Description: "Make an organization for registries, in a registry of one's own: whoever runs a server of W&B's makes them there.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in OrganizationCreateInput) (OrganizationNode, error) {
		o, err := c.CreateOrganization(ctx, in.Organization)
		return OrganizationNode(o), err
	})
}

// UsersSearchInput says which users are meant.
type UsersSearchInput struct {
	// The username or email address.
	Query string `json:"query"`
}

// UserNode is a user.
type UserNode struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	// The name that people see.
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

// UsersSearchOutput are users.
type UsersSearchOutput struct {
	Users []UserNode `json:"users"`
}

func usersSearch() Operation {
	return Define("users_search", Reads, Words{
		Title:       "Search users",
		Description: "Find users by username or email address. W&B's own servers show administrators all, and others none.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in UsersSearchInput) (UsersSearchOutput, error) {
		out := UsersSearchOutput{Users: []UserNode{}}
		found, err := c.Users(ctx, in.Query)
		for _, u := range found {
			out.Users = append(out.Users, UserNode(u))
		}
		return out, err
	})
}

// TeamLoadInput names a team.
type TeamLoadInput struct {
	Team string `json:"team"`
}

// TeamNode is a team: an entity with members.
type TeamNode struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func teamLoad() Operation {
	return Define("team_load", Reads, Words{
		Title:       "Load a team",
		Description: "Get a team's id, which members of registries are named by.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in TeamLoadInput) (TeamNode, error) {
		t, err := c.Team(ctx, in.Team)
		return TeamNode(t), err
	})
}
