package tools

import (
	"context"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

// RegistryPlace names a registry.
type RegistryPlace struct {
	// As people see it. Default: that of the settings, or the only one of the API key's user.
	Organization string `json:"organization,omitempty"`
	// With or without the prefix wandb-registry-.
	Registry string `json:"registry"`
}

func (in RegistryPlace) class(c *artifacts.Client) (*artifacts.Registry, error) {
	if in.Registry == "" {
		return nil, invalid("registry", "name the registry", "registry is empty")
	}
	return c.Registry(in.Organization, in.Registry), nil
}

// RegistryNode is a registry with all its attributes.
type RegistryNode struct {
	ID string `json:"id"`
	// Left out where the server has none.
	InternalID   string `json:"internal_id,omitempty"`
	Organization string `json:"organization"`
	// The organization's own, which holds the registry.
	Entity string `json:"entity"`
	// Without the prefix wandb-registry-.
	Name string `json:"name"`
	// Of the project that the registry is.
	FullName    string  `json:"full_name"`
	Description *string `json:"description,omitempty"`
	Visibility  string  `json:"visibility" jsonschema:"enum=organization,enum=restricted"`
	// False: only those of artifact_types can be linked.
	AllowAllArtifactTypes bool       `json:"allow_all_artifact_types"`
	ArtifactTypes         []string   `json:"artifact_types"`
	CreatedAt             time.Time  `json:"created_at"`
	UpdatedAt             *time.Time `json:"updated_at,omitempty"`
}

func registryNode(ctx context.Context, r *artifacts.Registry) (RegistryNode, error) {
	a, err := r.Attrs(ctx)
	if err != nil {
		return RegistryNode{}, err
	}
	return RegistryNode{
		ID: a.ID, InternalID: a.InternalID, Organization: a.Organization, Entity: a.Entity, Name: a.Name, FullName: a.FullName(),
		Description: a.Description, Visibility: string(a.Visibility), AllowAllArtifactTypes: a.AllowAllTypes,
		ArtifactTypes: listed(a.ArtifactTypes), CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt,
	}, nil
}

func registryLoad() Operation {
	return Define("registry_load", Reads, Words{
		Title:       "Load a registry",
		Description: "Get a registry with all attributes.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in RegistryPlace) (RegistryNode, error) {
		r, err := in.class(c)
		if err != nil {
			return RegistryNode{}, err
		}
		return registryNode(ctx, r)
	})
}

// RegistryCreateInput says what registry to make.
type RegistryCreateInput struct {
	RegistryPlace
	// Who sees it: everybody in the organization, or members only.
	Visibility  string `json:"visibility" jsonschema:"enum=organization,enum=restricted"`
	Description string `json:"description,omitempty"`
	// That can be linked. Default: all. None can be taken back.
	ArtifactTypes []string `json:"artifact_types,omitempty"`
}

func registryCreate() Operation {
	return Define("registry_create", Writes, Words{
		Title:       "Make a registry",
		Description: "Make a registry, whose name must be new in its organization, and get it with all attributes.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in RegistryCreateInput) (RegistryNode, error) {
		r, err := c.CreateRegistry(ctx, artifacts.RegistryDraft{
			Organization: in.Organization, Name: in.Registry, Description: in.Description,
			Visibility: artifacts.Visibility(in.Visibility), ArtifactTypes: in.ArtifactTypes,
		})
		if err != nil {
			return RegistryNode{}, blameFor("registry", err)
		}
		return registryNode(ctx, r)
	})
}

// RegistrySaveInput changes a registry. What is left out stays.
type RegistrySaveInput struct {
	RegistryPlace
	NewName string `json:"new_name,omitempty"`
	// "" removes it.
	Description           *string `json:"description,omitempty"`
	Visibility            *string `json:"visibility,omitempty" jsonschema:"enum=organization,enum=restricted"`
	AllowAllArtifactTypes *bool   `json:"allow_all_artifact_types,omitempty"`
	// That can be linked from now on. None can be taken back.
	AddArtifactTypes []string `json:"add_artifact_types,omitempty"`
}

func registrySave() Operation {
	return Define("registry_save", Writes, Words{
		Title:       "Save a registry",
		Description: "Change the name, description, visibility or artifact types of a registry, and get it as it is then.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in RegistrySaveInput) (RegistryNode, error) {
		var none RegistryNode
		r, err := in.class(c)
		if err != nil {
			return none, err
		}
		if in.NewName != "" {
			if err := r.SetName(in.NewName); err != nil {
				return none, blame("new_name", err)
			}
		}
		if in.Description != nil {
			r.SetDescription(*in.Description)
		}
		if in.Visibility != nil {
			if err := r.SetVisibility(artifacts.Visibility(*in.Visibility)); err != nil {
				return none, blame("visibility", err)
			}
		}
		if in.AllowAllArtifactTypes != nil {
			r.SetAllowAllTypes(*in.AllowAllArtifactTypes)
		}
		if err := r.AddArtifactTypes(in.AddArtifactTypes...); err != nil {
			return none, blame("add_artifact_types", err)
		}
		if err := r.Save(ctx); err != nil {
			return none, err
		}
		return registryNode(ctx, r)
	})
}

func registryDelete() Operation {
	return Define("registry_delete", Destroys, Words{
		Title:       "Delete a registry with its links",
		Description: "Delete a registry at once, with its collections and links. The versions stay where they were logged.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in RegistryPlace) (Done, error) {
		r, err := in.class(c)
		if err == nil {
			err = r.Delete(ctx)
		}
		return Done{err == nil}, err
	})
}

// RegistriesPageInput asks for registries of an organization.
type RegistriesPageInput struct {
	// As people see it. Default: that of the settings, or the only one of the API key's user.
	Organization string `json:"organization,omitempty"`
	// As W&B takes them, on name, description, created_at, updated_at.
	Filters map[string]any `json:"filters,omitempty"`
	// name, created_at or updated_at, with - before it for descending.
	Order string `json:"order,omitempty"`
	Slice
}

// RegistryConnection is a page of registries.
type RegistryConnection struct {
	Nodes []RegistryNode `json:"nodes"`
	ConnectionEnd
}

func registriesPage() Operation {
	return Define("registries_page", Reads, Words{
		Title:       "Page of registries",
		Description: "Get a page of the registries of an organization, with all attributes.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in RegistriesPageInput) (out RegistryConnection, err error) {
		l := c.Registries(in.Organization, &artifacts.RegistriesOptions{PerPage: in.First, Filters: in.Filters, Order: in.Order})
		out.Nodes, out.ConnectionEnd, err = connection(ctx, l.Pager, in.Slice, func(r *artifacts.Registry) (RegistryNode, error) {
			return registryNode(ctx, r) // the attributes came with the list
		})
		return out, err
	})
}

// RegistryCollectionsPageInput asks for collections in registries.
type RegistryCollectionsPageInput struct {
	// As people see it. Default: that of the settings, or the only one of the API key's user.
	Organization string `json:"organization,omitempty"`
	// Conditions on the registries, as filters of registries_page.
	Registries map[string]any `json:"registries,omitempty"`
	// As W&B takes them, on name, tag, description, created_at, updated_at.
	Filters map[string]any `json:"filters,omitempty"`
	// name, created_at or updated_at, with - before it for descending.
	Order string `json:"order,omitempty"`
	Slice
}

func registryCollectionsPage() Operation {
	return Define("registry_collections_page", Reads, Words{
		Title:       "Page of collections in registries",
		Description: "Get a page of the collections in an organization's registries, with all attributes but aliases.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in RegistryCollectionsPageInput) (out ArtifactCollectionConnection, err error) {
		l := c.RegistryCollections(in.Organization, &artifacts.RegistryCollectionsOptions{
			PerPage: in.First, Registries: in.Registries, Filters: in.Filters, Order: in.Order,
		})
		out.Nodes, out.ConnectionEnd, err = connection(ctx, l.Pager, in.Slice, func(a *artifacts.ArtifactCollection) (ArtifactCollectionNode, error) {
			attrs, err := a.Attrs(ctx) // came with the list
			return collectionNode(attrs), err
		})
		return out, err
	})
}

// RegistryVersionsPageInput asks for versions that are linked in registries.
type RegistryVersionsPageInput struct {
	// As people see it. Default: that of the settings, or the only one of the API key's user.
	Organization string `json:"organization,omitempty"`
	// Conditions on the registries, as filters of registries_page.
	Registries map[string]any `json:"registries,omitempty"`
	// Conditions on the collections, as filters of registry_collections_page.
	Collections map[string]any `json:"collections,omitempty"`
	// As W&B takes them, on version, tag, alias, created_at, updated_at, metadata.<key>.
	Filters map[string]any `json:"filters,omitempty"`
	// created_at, artifact_size or linked_at, with - before it for descending. Not on servers without W&B's advanced search.
	Order string `json:"order,omitempty"`
	Slice
	AsColumns
}

func registryVersionsPage() Operation {
	return Define("registry_versions_page", Reads, Words{
		Title:       "Page of versions in registries",
		Description: "Get a page of the versions that are linked in an organization's registries, with all attributes, as seen there.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in RegistryVersionsPageInput) (ArtifactConnection, error) {
		l := c.RegistryVersions(in.Organization, &artifacts.RegistryVersionsOptions{
			PerPage: in.First, Registries: in.Registries, Collections: in.Collections, Filters: in.Filters, Order: in.Order,
		})
		return artifactConnection(ctx, l.Pager, in.Slice, in.AsColumns)
	})
}
