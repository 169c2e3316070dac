package tools

import (
	"context"

	"github.com/reliquary/reliquary/artifacts"
)

// ListRegistriesInput asks for the registries of an organization.
type ListRegistriesInput struct {
	// Default: the one of the API key's user.
	Organization string `json:"organization,omitempty"`
	// Part of the name.
	Name string `json:"name,omitempty"`
	Paging
}

// ListRegistriesOutput is a page of registries.
type ListRegistriesOutput struct {
	Registries []RegistryItem `json:"registries"`
	PageEnd
}

// RegistryItem is a registry in a list.
type RegistryItem struct {
	Name string `json:"name"`
	// As a project, in paths.
	Project     string `json:"project"`
	Description string `json:"description,omitempty"`
	Visibility  string `json:"visibility" jsonschema:"enum=organization,enum=restricted"`
	// That it takes; absent: all.
	Types     []string `json:"types,omitempty"`
	CreatedAt Moment   `json:"created_at"`
}

func listRegistries() Operation {
	return Define("list_registries", Reads, Words{
		Title:       "List registries",
		Description: "List the registries of an organization: its curated projects of linked artifact versions. Use list_artifact_collections with a registry's project for what it holds, and link_artifact to add to it.",
		Toolset:     ToolsetRegistries,
	}, func(ctx context.Context, c *artifacts.Client, in ListRegistriesInput) (ListRegistriesOutput, error) {
		var out ListRegistriesOutput
		var opts artifacts.RegistriesOptions
		if in.Name != "" {
			opts.Filters = map[string]any{"name": map[string]any{"$regex": "^" + artifacts.RegistryPrefix + ".*" + anyCase(in.Name)}}
		}
		var err error
		out.Registries, out.PageEnd, err = listing[*artifacts.Registry, RegistryItem]{
			operation: "list_registries",
			parts:     []string{in.Organization, in.Name},
			fetch: func(ctx context.Context, after string, perPage int) ([]*artifacts.Registry, artifacts.PageInfo, error) {
				opts.PerPage, opts.After = perPage, after
				return c.Registries(in.Organization, &opts).Page(ctx)
			},
			view: func(r *artifacts.Registry) RegistryItem { return viewRegistry(ctx, r) },
		}.page(ctx, c, in.Paging)
		return out, err
	})
}

func viewRegistry(ctx context.Context, r *artifacts.Registry) RegistryItem {
	a, _ := r.Attrs(ctx) // it came with them
	item := RegistryItem{
		Name: a.Name, Project: a.Entity + "/" + a.FullName(), Description: clipPointer(a.Description, clippedInLists),
		Visibility: string(a.Visibility), CreatedAt: moment(a.CreatedAt),
	}
	if !a.AllowAllTypes {
		item.Types = a.ArtifactTypes
	}
	return item
}
