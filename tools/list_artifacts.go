package tools

import (
	"context"

	"github.com/reliquary/reliquary/artifacts"
)

// ListArtifactsInput asks for versions of a collection.
type ListArtifactsInput struct {
	Collection string `json:"collection" jsonschema:"example=team/vision/detector"`
	Order      string `json:"order,omitempty" jsonschema:"enum=newest,enum=oldest,default=newest"`
	Paging
}

// ListArtifactsOutput is a page of versions.
type ListArtifactsOutput struct {
	Collection string         `json:"collection"`
	Artifacts  []ArtifactItem `json:"artifacts"`
	PageEnd
}

// ArtifactItem is a version in a list.
type ArtifactItem struct {
	Version     string   `json:"version"`
	Aliases     []string `json:"aliases"`
	MoreAliases int      `json:"more_aliases,omitempty"`
	Tags        []string `json:"tags"`
	Description string   `json:"description,omitempty"`
	SizeBytes   Bytes    `json:"size_bytes"`
	Files       int64    `json:"files"`
	// Equal digests mean equal contents.
	Digest    string `json:"digest"`
	CreatedAt Moment `json:"created_at"`
}

func listArtifacts() Operation {
	return Define("list_artifacts", Reads, Words{
		Title:       "List artifact versions",
		Description: "List the versions of an artifact collection, newest first, with aliases, tags, size and digest. Use get_artifact for metadata and lineage of one of them.",
		Toolset:     ToolsetArtifacts,
	}, func(ctx context.Context, c *artifacts.Client, in ListArtifactsInput) (ListArtifactsOutput, error) {
		var out ListArtifactsOutput
		at, err := readCollection(ctx, c, "collection", in.Collection)
		if err != nil {
			return out, err
		}
		out.Collection = at.Path.String()
		var opts artifacts.ArtifactsOptions
		if in.Order == "oldest" {
			opts.Order = "+created_at"
		}
		out.Artifacts, out.PageEnd, err = listing[*artifacts.Artifact, ArtifactItem]{
			operation: "list_artifacts",
			parts:     []string{at.Entity, at.Project, at.Collection, in.Order},
			fetch: func(ctx context.Context, after string, perPage int) ([]*artifacts.Artifact, artifacts.PageInfo, error) {
				opts.PerPage, opts.After = perPage, after
				return c.Artifacts(at.Entity, at.Project, "", at.Collection, &opts).Page(ctx)
			},
			view: viewArtifact,
		}.page(ctx, c, in.Paging)
		return out, suggest(ctx, c, at, err)
	})
}

func viewArtifact(a *artifacts.Artifact) ArtifactItem {
	item := ArtifactItem{
		Version:     a.Version,
		Description: clipPointer(a.Description, clippedInLists),
		SizeBytes:   Bytes(a.Size),
		Files:       a.FileCount,
		Digest:      a.Digest,
		CreatedAt:   moment(a.CreatedAt),
	}
	item.Aliases, item.MoreAliases = some(a.Aliases, mostTagsInLists)
	item.Tags, _ = some(a.Tags, mostTagsInLists)
	return item
}
