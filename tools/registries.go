package tools

import (
	"context"
	"strings"

	"github.com/reliquary/reliquary/artifacts"
)

// RegistryName names a registry.
type RegistryName struct {
	// The organization can be left out where there is only one.
	Registry string `json:"registry" jsonschema:"example=Acme Inc/model"`
}

// registry reads "[organization/]name". It asks nobody.
func (in RegistryName) registry(c *artifacts.Client) (*artifacts.Registry, error) {
	organization, name := "", in.Registry
	if at := strings.LastIndexByte(name, '/'); at >= 0 {
		organization, name = name[:at], name[at+1:]
	}
	if strings.TrimSpace(name) == "" || strings.Contains(name, ":") || organization == "" && strings.Contains(in.Registry, "/") {
		return nil, invalid("registry", `write it as "organization/name"; the organization can be left out where there is only one`,
			"registry is %s, which names none", quote(in.Registry))
	}
	return c.Registry(organization, name), nil
}

// RegistryDetails are all that is known of a registry.
type RegistryDetails struct {
	Organization string `json:"organization"`
	RegistryItem
	// That only administrators of the registry may add, move or remove; absent where the server does not tell.
	ProtectedAliases []string `json:"protected_aliases,omitempty"`
	UpdatedAt        *Moment  `json:"updated_at,omitempty"`
}

func registryDetails(ctx context.Context, r *artifacts.Registry) (RegistryDetails, error) {
	a, err := r.Attrs(ctx)
	if err != nil {
		return RegistryDetails{}, err
	}
	out := RegistryDetails{Organization: a.Organization, RegistryItem: viewRegistry(ctx, r), UpdatedAt: maybeMoment(a.UpdatedAt)}
	out.Description = clipPointer(a.Description, clippedAlone)
	out.ProtectedAliases, err = r.ProtectedAliases(ctx)
	return out, unlessUnsupported(err)
}

// GetRegistryInput names a registry.
type GetRegistryInput struct{ RegistryName }

// GetRegistryOutput is a registry and who may do what in it.
type GetRegistryOutput struct {
	RegistryDetails
	Collections *int             `json:"collections,omitempty"`
	Members     []RegistryMember `json:"members"`
	MoreMembers int              `json:"more_members,omitempty"`
}

// RegistryMember is a user or team with a role.
type RegistryMember struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Kind string `json:"kind" jsonschema:"enum=user,enum=team"`
	Role string `json:"role"`
}

// mostMembersShown is how many members an answer names.
const mostMembersShown = 200

func getRegistry() Operation {
	return Define("get_registry", Reads, Words{
		Title:       "Get a registry",
		Description: "Get one registry: description, who sees it, the artifact types that it takes, and its members with their roles.",
		Toolset:     ToolsetRegistries,
	}, func(ctx context.Context, c *artifacts.Client, in GetRegistryInput) (GetRegistryOutput, error) {
		var out GetRegistryOutput
		r, err := in.registry(c)
		if err != nil {
			return out, err
		}
		if out.RegistryDetails, err = registryDetails(ctx, r); err != nil {
			return out, blameFor("registry", err)
		}
		if n, err := r.Collections(nil).Len(ctx); err == nil {
			out.Collections = &n
		} else if err := unlessUnsupported(err); err != nil {
			return out, err
		}
		members, err := r.Members(ctx)
		if err != nil {
			return out, err
		}
		out.Members, out.MoreMembers = viewMembers(members)
		return out, nil
	})
}

// blameFor names the argument of an error that says itself what to do.
func blameFor(argument string, err error) error {
	e := explained(context.Background(), err)
	if e.Code == artifacts.KindNotFound || e.Code == artifacts.KindInvalid {
		e.Argument = argument
	}
	return e
}

func viewMembers(members []artifacts.RegistryMember) (shown []RegistryMember, more int) {
	shown = []RegistryMember{}
	for _, m := range members[:min(len(members), mostMembersShown)] {
		kind := "user"
		if m.Team {
			kind = "team"
		}
		shown = append(shown, RegistryMember{ID: m.ID, Name: m.Name, Kind: kind, Role: string(m.Role)})
	}
	return shown, len(members) - len(shown)
}

// CreateRegistryInput says what registry to make.
type CreateRegistryInput struct {
	RegistryName
	Description string `json:"description,omitempty" jsonschema:"maxLength=100000"`
	// Who sees it: everybody in the organization, or members only.
	Visibility string `json:"visibility,omitempty" jsonschema:"enum=organization,enum=restricted,default=organization"`
	// That can be linked. Default: all.
	Types []string `json:"types,omitempty" jsonschema:"maxItems=100"`
	// That only administrators may add, move or remove.
	ProtectedAliases []string `json:"protected_aliases,omitempty" jsonschema:"maxItems=100"`
}

func createRegistry() Operation {
	return Define("create_registry", Writes, Words{
		Title:       "Create a registry",
		Description: "Make a registry in an organization, for versions to be linked to. Fails if there is one of that name.",
		Toolset:     ToolsetRegistries,
	}, func(ctx context.Context, c *artifacts.Client, in CreateRegistryInput) (RegistryDetails, error) {
		r, err := in.registry(c)
		if err != nil {
			return RegistryDetails{}, err
		}
		organization := strings.TrimSuffix(strings.TrimSuffix(r.Path(), r.Name()), "/")
		made, err := c.CreateRegistry(ctx, artifacts.RegistryDraft{
			Organization: organization, Name: r.Name(), Description: in.Description,
			Visibility: artifacts.Visibility(in.Visibility), ArtifactTypes: in.Types,
			ProtectedAliases: in.ProtectedAliases,
		})
		if err != nil {
			return RegistryDetails{}, blameFor("registry", err)
		}
		return registryDetails(ctx, made)
	})
}

// UpdateRegistryInput says what to change.
type UpdateRegistryInput struct {
	RegistryName
	// Its new name.
	Name        *string `json:"name,omitempty"`
	Description *string `json:"description,omitempty" jsonschema:"maxLength=100000"`
	Visibility  *string `json:"visibility,omitempty" jsonschema:"enum=organization,enum=restricted"`
	// Types that can be linked from now on. None can be taken back.
	AddTypes []string `json:"add_types,omitempty" jsonschema:"maxItems=100"`
	// Whether versions of every type can be linked.
	AllowAllTypes *bool `json:"allow_all_types,omitempty"`
	// The whole list of aliases that only administrators may add, move or remove.
	ProtectedAliases *[]string `json:"protected_aliases,omitempty" jsonschema:"maxItems=100"`
}

func updateRegistry() Operation {
	return Define("update_registry", Writes, Words{
		Title:       "Change a registry",
		Description: "Rename or describe a registry, change who sees it or which artifact types it takes and which aliases are protected.",
		Toolset:     ToolsetRegistries,
	}, func(ctx context.Context, c *artifacts.Client, in UpdateRegistryInput) (RegistryDetails, error) {
		r, err := in.registry(c)
		if err != nil {
			return RegistryDetails{}, err
		}
		if in.Name == nil && in.Description == nil && in.Visibility == nil && in.AddTypes == nil && in.AllowAllTypes == nil && in.ProtectedAliases == nil {
			return RegistryDetails{}, invalid("", "give one or more of name, description, visibility, add_types, allow_all_types, protected_aliases", "nothing to change was given")
		}
		if in.Name != nil {
			if err := r.SetName(*in.Name); err != nil {
				return RegistryDetails{}, blame("name", err)
			}
		}
		if in.Description != nil {
			r.SetDescription(*in.Description)
		}
		if in.Visibility != nil {
			if err := r.SetVisibility(artifacts.Visibility(*in.Visibility)); err != nil {
				return RegistryDetails{}, blame("visibility", err)
			}
		}
		if in.AllowAllTypes != nil {
			r.SetAllowAllTypes(*in.AllowAllTypes)
		}
		if in.ProtectedAliases != nil {
			if err := r.SetProtectedAliases(*in.ProtectedAliases...); err != nil {
				return RegistryDetails{}, blame("protected_aliases", err)
			}
		}
		if err := r.AddArtifactTypes(in.AddTypes...); err != nil {
			return RegistryDetails{}, blame("add_types", err)
		}
		if err := r.Save(ctx); err != nil {
			return RegistryDetails{}, err
		}
		return registryDetails(ctx, r)
	})
}

// ChangeRegistryMembersInput says who may do what.
type ChangeRegistryMembersInput struct {
	RegistryName
	// Ids of users and teams.
	Add []string `json:"add,omitempty" jsonschema:"maxItems=100"`
	// Ids or names of members.
	Remove []string `json:"remove,omitempty" jsonschema:"maxItems=100"`
	// After adding.
	Roles []MemberRole `json:"roles,omitempty" jsonschema:"maxItems=100"`
}

// MemberRole gives a member a role.
type MemberRole struct {
	// Id or name.
	Member string `json:"member"`
	Role   string `json:"role" jsonschema:"enum=admin,enum=member,enum=viewer,enum=restricted_viewer"`
}

// ChangeRegistryMembersOutput are the members as they are then.
type ChangeRegistryMembersOutput struct {
	Registry    string           `json:"registry"`
	Members     []RegistryMember `json:"members"`
	MoreMembers int              `json:"more_members,omitempty"`
}

func changeRegistryMembers() Operation {
	return Define("change_registry_members", Writes, Words{
		Title:       "Change the members of a registry",
		Description: "Add users and teams to a registry, take them out, or change their roles. get_registry tells the present ones.",
		Toolset:     ToolsetRegistries,
	}, func(ctx context.Context, c *artifacts.Client, in ChangeRegistryMembersInput) (ChangeRegistryMembersOutput, error) {
		var out ChangeRegistryMembersOutput
		r, err := in.registry(c)
		if err != nil {
			return out, err
		}
		if len(in.Add)+len(in.Remove)+len(in.Roles) == 0 {
			return out, invalid("", "give one or more of add, remove, roles", "nothing to change was given")
		}
		members, err := r.Members(ctx)
		if err != nil {
			return out, blameFor("registry", err)
		}
		// All of it is looked up before anything is changed.
		remove := make([]string, len(in.Remove))
		for i, m := range in.Remove {
			if remove[i], err = memberID("remove", m, members, nil); err != nil {
				return out, err
			}
		}
		roles := make([]string, len(in.Roles))
		for i, m := range in.Roles {
			if roles[i], err = memberID("roles", m.Member, members, in.Add); err != nil {
				return out, err
			}
		}
		if len(in.Add) > 0 {
			if err := r.AddMembers(ctx, in.Add...); err != nil {
				return out, blame("add", err)
			}
		}
		for i, m := range in.Roles {
			if err := r.SetMemberRole(ctx, roles[i], artifacts.RegistryRole(m.Role)); err != nil {
				return out, halfDone(ctx, err, len(in.Add), i)
			}
		}
		if len(remove) > 0 {
			if err := r.RemoveMembers(ctx, remove...); err != nil {
				return out, halfDone(ctx, err, len(in.Add), len(roles))
			}
		}
		if members, err = r.Members(ctx); err != nil {
			return out, err
		}
		out.Registry = r.Path()
		out.Members, out.MoreMembers = viewMembers(members)
		return out, nil
	})
}

// halfDone says what was changed before something failed.
func halfDone(ctx context.Context, err error, added, roles int) error {
	if added+roles == 0 {
		return err
	}
	e := explained(ctx, err)
	e.Message += "; before that " + count(added, "member") + " were added and " + count(roles, "role") + " changed"
	return e
}

// memberID is the id of a member, by id or name, or of one that is added.
func memberID(argument, s string, members []artifacts.RegistryMember, added []string) (string, error) {
	var names []string
	for _, id := range added {
		if id == s {
			return id, nil
		}
	}
	for _, m := range members {
		if m.ID == s || m.Name == s {
			return m.ID, nil
		}
		names = append(names, m.Name)
	}
	e := &Error{Code: artifacts.KindNotFound, Argument: argument, Message: "the registry has no member " + quote(s) + "; nothing was changed"}
	propose(e, s, names, true, func(name string) string { return name }, "members", "get_registry")
	return "", e
}
