package tools

import (
	"context"
	"encoding/json"

	"github.com/reliquary/reliquary/artifacts"
)

// ListRegistryCollectionsInput asks for collections of registries.
type ListRegistryCollectionsInput struct {
	// Default: the one of the API key's user.
	Organization string `json:"organization,omitempty"`
	// Name of one. Default: all of the organization.
	Registry string `json:"registry,omitempty"`
	// Part of the name.
	Name string `json:"name,omitempty"`
	Tag  string `json:"tag,omitempty"`
	Showing
	Paging
}

// ListRegistryCollectionsOutput is a page of collections.
type ListRegistryCollectionsOutput struct {
	Collections []RegistryCollectionItem `json:"collections" detail:"items"`
	PageEnd
}

// RegistryCollectionItem is a collection in a registry.
type RegistryCollectionItem struct {
	Collection  string   `json:"collection" detail:"always"`
	Type        string   `json:"type"`
	Tags        []string `json:"tags"`
	Description string   `json:"description,omitempty" detail:"full"`
	CreatedAt   Moment   `json:"created_at" detail:"full"`
}

func listRegistryCollections() Operation {
	return Define("list_registry_collections", Reads, Words{
		Title:       "Search the collections of registries",
		Description: "Find collections in all registries of an organization, or in one, by name or tag. Full adds descriptions.",
		Toolset:     ToolsetRegistries,
	}, func(ctx context.Context, c *artifacts.Client, in ListRegistryCollectionsInput) (ListRegistryCollectionsOutput, error) {
		var out ListRegistryCollectionsOutput
		opts := artifacts.RegistryCollectionsOptions{Registries: oneRegistry(in.Registry), Filters: collectionFilter(in.Name, in.Tag)}
		var err error
		out.Collections, out.PageEnd, err = listing[*artifacts.ArtifactCollection, RegistryCollectionItem]{
			operation: "list_registry_collections",
			parts:     []string{in.Organization, in.Registry, in.Name, in.Tag},
			fetch: func(ctx context.Context, after string, perPage int) ([]*artifacts.ArtifactCollection, artifacts.PageInfo, error) {
				opts.PerPage, opts.After = perPage, after
				return c.RegistryCollections(in.Organization, &opts).Page(ctx)
			},
			view: func(a *artifacts.ArtifactCollection) RegistryCollectionItem {
				attrs, _ := a.Attrs(ctx) // it came with them
				item := RegistryCollectionItem{
					Collection: a.Path(), Type: attrs.Type, Description: clipPointer(attrs.Description, clippedInLists), CreatedAt: moment(attrs.CreatedAt),
				}
				item.Tags, _ = some(attrs.Tags, mostTagsInLists)
				return item
			},
		}.page(ctx, c, in.Paging)
		return out, blameOrganization(err)
	})
}

// ListRegistryVersionsInput asks for versions that are linked in registries.
type ListRegistryVersionsInput struct {
	// Default: the one of the API key's user.
	Organization string `json:"organization,omitempty"`
	// Name of one. Default: all of the organization.
	Registry string `json:"registry,omitempty"`
	// Part of the collection's name.
	Collection string `json:"collection,omitempty"`
	Alias      string `json:"alias,omitempty"`
	Tag        string `json:"tag,omitempty"`
	// More conditions, as MongoDB has them, on version, tag, alias, created_at, "metadata.<key>".
	Filters *Object `json:"filters,omitempty"`
	Showing
	Paging
}

// ListRegistryVersionsOutput is a page of versions, each as seen in its registry.
type ListRegistryVersionsOutput struct {
	Artifacts []NamedArtifactItem `json:"artifacts" detail:"items"`
	PageEnd
}

func listRegistryVersions() Operation {
	return Define("list_registry_versions", Reads, Words{
		Title:       "Search the versions in registries",
		Description: "Find artifact versions that are linked in all registries of an organization, or in one, by collection, alias, tag or metadata. source tells where each was logged. Full adds ids and digests.",
		Toolset:     ToolsetRegistries,
	}, func(ctx context.Context, c *artifacts.Client, in ListRegistryVersionsInput) (ListRegistryVersionsOutput, error) {
		var out ListRegistryVersionsOutput
		filters := map[string]any{}
		var given string
		if in.Filters != nil {
			given = string(in.Filters.RawMessage)
			if err := json.Unmarshal(in.Filters.RawMessage, &filters); err != nil {
				return out, invalid("filters", "give an object", "filters cannot be read: %v", err)
			}
		}
		for field, value := range map[string]string{"alias": in.Alias, "tag": in.Tag} {
			if value == "" {
				continue
			}
			if _, twice := filters[field]; twice {
				return out, invalid(field, "give one of them", "%s is given, and stands in filters too", field)
			}
			filters[field] = value
		}
		if len(filters) == 0 {
			filters = nil
		}
		opts := artifacts.RegistryVersionsOptions{Registries: oneRegistry(in.Registry), Collections: collectionFilter(in.Collection, ""), Filters: filters}
		var err error
		out.Artifacts, out.PageEnd, err = listing[*artifacts.Artifact, NamedArtifactItem]{
			operation: "list_registry_versions",
			parts:     []string{in.Organization, in.Registry, in.Collection, in.Alias, in.Tag, given},
			fetch: func(ctx context.Context, after string, perPage int) ([]*artifacts.Artifact, artifacts.PageInfo, error) {
				opts.PerPage, opts.After = perPage, after
				return c.RegistryVersions(in.Organization, &opts).Page(ctx)
			},
			view: func(a *artifacts.Artifact) NamedArtifactItem { return *viewNamed(a) },
		}.page(ctx, c, in.Paging)
		return out, blameOrganization(err)
	})
}

// oneRegistry is the condition for a registry, nil for all.
func oneRegistry(name string) map[string]any {
	if name == "" {
		return nil
	}
	return map[string]any{"name": name}
}

// collectionFilter are conditions on a collection, nil for none.
func collectionFilter(name, tag string) map[string]any {
	out := map[string]any{}
	if name != "" {
		out["name"] = map[string]any{"$regex": anyCase(name)}
	}
	if tag != "" {
		out["tag"] = tag
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// blameOrganization: it is what a search does not find.
func blameOrganization(err error) error {
	if err == nil {
		return nil
	}
	e := explained(context.Background(), err)
	if e.Code == artifacts.KindNotFound && e.Argument == "" {
		e.Argument = "organization"
	}
	return e
}
