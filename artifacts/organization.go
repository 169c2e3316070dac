package artifacts

import (
	"context"
	"fmt"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// An Organization owns registries.
type Organization struct {
	// ID is "" where the organization was found through an entity.
	ID string `json:"id,omitempty"`
	// Name is the one that people see, and that lists of registries go by.
	Name string `json:"name"`
	// Entity is the one that holds the registries.
	Entity string `json:"entity"`
}

// Organization finds an organization by its name (W&B: FetchOrganization); ""
// means Config.Organization or the one that the default entity belongs to.
func (c *Client) Organization(ctx context.Context, name string) (Organization, error) {
	const op = "get organization"
	name, err := c.organizationName(ctx, name)
	if err != nil {
		return Organization{}, err
	}
	got, err := wire.GetOrganization(ctx, c.sender, name)
	switch {
	case err != nil:
		return Organization{}, c.fail(ctx, op, name, err)
	case got == nil || got.OrgEntity == nil:
		return Organization{}, noOrganization(op, name)
	}
	return Organization{ID: string(got.ID), Name: got.Name, Entity: got.OrgEntity.Name}, nil
}

const featureOrganizations = "RELIQUARY_ORGANIZATIONS"

// CreateOrganization makes an organization, which the API key's user
// administers; its name is that of its entity, and new on the server. On W&B's
// servers they are made by whoever runs the server: KindUnsupported.
func (c *Client) CreateOrganization(ctx context.Context, name string) (Organization, error) {
	const op = "create organization"
	if err := c.require(ctx, featureOrganizations, op, name, "let clients make organizations"); err != nil {
		return Organization{}, err
	}
	got, err := wire.CreateOrganization(ctx, c.sender, wire.CreateOrganizationInput{Name: name})
	switch {
	case err != nil:
		return Organization{}, c.fail(ctx, op, name, err)
	case got == nil || got.OrgEntity == nil:
		return Organization{}, located(op, name, corrupt("an organization was made and left out of the answer"))
	}
	return Organization{ID: string(got.ID), Name: got.Name, Entity: got.OrgEntity.Name}, nil
}

// Organizations are those that an entity belongs to: a team to one, a user's
// own entity to those of the user (W&B: FetchOrgInfoFromEntity). "" means the
// default entity.
func (c *Client) Organizations(ctx context.Context, entity string) ([]Organization, error) {
	const op = "list organizations"
	if entity == "" {
		var err error
		if entity, err = c.DefaultEntity(ctx); err != nil {
			return nil, err
		}
	}
	orgs, found, err := wire.OrganizationsOfEntity(ctx, c.sender, entity)
	if err != nil {
		return nil, c.fail(ctx, op, entity, err)
	}
	if !found {
		return nil, &Error{
			Kind: KindNotFound, Op: op, Path: entity,
			Message: fmt.Sprintf("there is no entity %q", entity),
			Next:    "check the name, and that this API key may see the entity",
		}
	}
	out := make([]Organization, len(orgs))
	for i, o := range orgs {
		out[i] = Organization{Name: o.Name, Entity: o.OrgEntity.Name}
	}
	return out, nil
}

// organizationName fills in the organization that is meant where none is named.
func (c *Client) organizationName(ctx context.Context, name string) (string, error) {
	if name == "" {
		name = c.organization
	}
	if name != "" {
		return name, nil
	}
	o, err := c.organizationOf(ctx, "", "")
	return o.Name, err
}

func noOrganization(op, name string) *Error {
	return &Error{
		Kind: KindNotFound, Op: op, Path: name,
		Message: fmt.Sprintf("there is no organization %q", name),
		Next:    "use the organization's display name, and check that this API key belongs to a member",
	}
}
