package tools

import (
	"context"

	"github.com/reliquary/reliquary/artifacts"
)

// ListArtifactsInput asks for versions of a collection.
type ListArtifactsInput struct {
	Collection string `json:"collection" jsonschema:"example=team/vision/detector"`
	Order      string `json:"order,omitempty" jsonschema:"enum=newest,enum=oldest,default=newest"`
	Showing
	Paging
}

// ListArtifactsOutput is a page of versions.
type ListArtifactsOutput struct {
	Collection string         `json:"collection"`
	Artifacts  []ArtifactItem `json:"artifacts" detail:"items"`
	PageEnd
}

// ArtifactItem is a version in a list.
type ArtifactItem struct {
	Version     string   `json:"version" detail:"always"`
	Aliases     []string `json:"aliases"`
	MoreAliases int      `json:"more_aliases,omitempty" detail:"with=aliases"`
	Tags        []string `json:"tags,omitempty"`
	SizeBytes   Bytes    `json:"size_bytes"`
	Files       int64    `json:"files"`
	CreatedAt   Moment   `json:"created_at"`
	Creator
	// Runs that used it. Absent: the server does not tell.
	UsedByRuns  *int   `json:"used_by_runs,omitempty"`
	Description string `json:"description,omitempty" detail:"full"`
	// Equal digests mean equal contents.
	Digest   string         `json:"digest" detail:"full"`
	Metadata map[string]any `json:"metadata,omitempty" detail:"full"`
	// Too long for a list: see get_artifact.
	MetadataOmitted []OmittedEntry `json:"metadata_omitted,omitempty" detail:"with=metadata"`
}

// Creator is who logged a version.
type Creator struct {
	// Run.
	LoggedBy string `json:"logged_by,omitempty"`
	// Who started the run, or logged the version without one.
	LoggedByUser string `json:"logged_by_user,omitempty"`
	// The run's display name, if it has one of its own.
	LoggedByName string `json:"logged_by_name,omitempty" detail:"full"`
}

// creator shows who logged a version.
func creator(c *artifacts.Creator) Creator {
	if c == nil {
		return Creator{}
	}
	out := Creator{LoggedByUser: c.Username}
	if c.Run != nil {
		out.LoggedBy, out.LoggedByName = c.Run.String(), ownName(*c.Run, c.RunName)
	}
	return out
}

// showsCreator reports whether anything of Creator is shown.
func showsCreator(ctx context.Context) bool {
	return shows(ctx, "logged_by", "logged_by_user", "logged_by_name")
}

// shownDetails are what to ask the server for.
func shownDetails(ctx context.Context) artifacts.VersionDetails {
	return artifacts.VersionDetails{CreatedBy: showsCreator(ctx), UseCount: shows(ctx, "used_by_runs"), NoMetadata: !shows(ctx, "metadata")}
}

// metadataInLists is how much of each version's metadata a list shows.
const metadataInLists = 1_000

func listArtifacts() Operation {
	return Define("list_artifacts", Reads, Words{
		Title:       "List artifact versions",
		Description: "List the versions of an artifact collection, newest first: aliases, size, files, who logged each and how many runs used it. Full adds description, digest and metadata.",
		Toolset:     ToolsetArtifacts,
	}, func(ctx context.Context, c *artifacts.Client, in ListArtifactsInput) (ListArtifactsOutput, error) {
		var out ListArtifactsOutput
		at, err := readCollection(ctx, c, "collection", in.Collection)
		if err != nil {
			return out, err
		}
		out.Collection = at.Path.String()
		opts := artifacts.ArtifactsOptions{VersionDetails: shownDetails(ctx)}
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
		Creator:     creator(a.CreatedBy),
		UsedByRuns:  a.UseCount,
		Description: clipPointer(a.Description, clippedInLists),
		SizeBytes:   Bytes(a.Size),
		Files:       a.FileCount,
		Digest:      a.Digest,
		CreatedAt:   moment(a.CreatedAt),
	}
	item.Aliases, item.MoreAliases = some(a.Aliases, mostTagsInLists)
	item.Tags, _ = some(a.Tags, mostTagsInLists)
	// What came from the server is an object.
	item.Metadata, item.MetadataOmitted, _ = showMetadata(a.Metadata, nil, metadataInLists)
	return item
}
