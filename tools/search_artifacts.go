package tools

import (
	"context"

	"github.com/reliquary/reliquary/artifacts"
)

// SearchArtifactsInput says what to look for in a project.
type SearchArtifactsInput struct {
	Project string `json:"project,omitempty" jsonschema:"example=team/vision"`
	Type    string `json:"type,omitempty"`
	// Part of a collection's name.
	Name  string `json:"name,omitempty"`
	Tag   string `json:"tag,omitempty"`
	Alias string `json:"alias,omitempty"`
	// MongoDB-like conditions on versions, such as {"metadata.rows": {"$gt": 1000}}.
	Filters *Object `json:"filters,omitempty"`
	Showing
	Paging
}

// SearchArtifactsOutput is a page of what was found, by collection.
type SearchArtifactsOutput struct {
	Found []FoundArtifacts `json:"found"`
	PageEnd
}

// FoundArtifacts are versions of one collection.
type FoundArtifacts struct {
	Collection string `json:"collection"`
	Type       string `json:"type"`
	// All that fit; the newest of them are shown.
	Versions int            `json:"versions"`
	Newest   []ArtifactItem `json:"newest" detail:"items"`
}

// newestShown is how many versions of each collection a search shows.
const newestShown = 3

func searchArtifacts() Operation {
	return Define("search_artifacts", Reads, Words{
		Title:       "Search artifact versions",
		Description: "Find artifact versions in all collections of a project by type, name, tag, alias or metadata. Tells how many versions of each collection fit and shows the newest; full adds their description, digest and metadata. A page can be empty and still not be the last.",
		Toolset:     ToolsetVersions,
	}, func(ctx context.Context, c *artifacts.Client, in SearchArtifactsInput) (SearchArtifactsOutput, error) {
		var out SearchArtifactsOutput
		at, err := readProject(ctx, c, "project", in.Project)
		if err != nil {
			return out, err
		}
		opts := in.options()
		opts.VersionDetails = shownDetails(ctx)
		at.Type, at.TypeArgument = in.Type, "type"
		given := ""
		if in.Filters != nil {
			given = string(in.Filters.RawMessage)
		}
		out.Found, out.PageEnd, err = listing[artifacts.SearchResult, FoundArtifacts]{
			operation: "search_artifacts",
			parts:     []string{at.Entity, at.Project, in.Type, in.Name, in.Tag, in.Alias, given},
			fetch: func(ctx context.Context, after string, perPage int) ([]artifacts.SearchResult, artifacts.PageInfo, error) {
				opts.PerPage, opts.After = perPage, after
				return c.Search(at.Entity, at.Project, &opts).Page(ctx)
			},
			view:     viewFound,
			narrower: "search by more",
		}.page(ctx, c, in.Paging)
		return out, suggest(ctx, c, at, err)
	})
}

// options are what to ask the server for.
func (in SearchArtifactsInput) options() artifacts.SearchOptions {
	opts := artifacts.SearchOptions{Type: in.Type, PerCollection: newestShown}
	if in.Name != "" {
		opts.Collections = map[string]any{"name": map[string]any{"$regex": anyCase(in.Name)}}
	}
	conditions := []any{map[string]any{"state": string(artifacts.Committed)}}
	if in.Tag != "" {
		conditions = append(conditions, map[string]any{"tag": in.Tag})
	}
	if in.Alias != "" {
		conditions = append(conditions, map[string]any{"alias": in.Alias})
	}
	if in.Filters != nil {
		conditions = append(conditions, in.Filters.RawMessage)
	}
	opts.Filters = map[string]any{"$and": conditions}
	return opts
}

func viewFound(r artifacts.SearchResult) FoundArtifacts {
	f := FoundArtifacts{Collection: r.Collection.Path(), Versions: r.Total, Newest: []ArtifactItem{}}
	for _, a := range r.Artifacts {
		f.Type = a.Type
		f.Newest = append(f.Newest, viewArtifact(a))
	}
	return f
}
