package tools

import (
	"context"
	"errors"

	"github.com/reliquary/reliquary/artifacts"
)

// ListArtifactUsersInput names a version.
type ListArtifactUsersInput struct {
	// With an alias or a version such as v3 (default: latest), or its id.
	Artifact string `json:"artifact" jsonschema:"example=team/vision/detector:v3"`
	Paging
}

// ListArtifactUsersOutput is a page of runs that used a version, and with the
// first page the places that it is linked to.
type ListArtifactUsersOutput struct {
	Artifact string `json:"artifact"`
	// Runs.
	UsedBy []string `json:"used_by"`
	// False: this server gives the first runs only.
	UsedByComplete bool `json:"used_by_complete"`
	// Places in portfolios and registries. On the first page only.
	Links     []LinkItem `json:"links,omitempty"`
	MoreLinks int        `json:"more_links,omitempty"`
	// False: this server gives the first links only. On the first page only.
	LinksComplete *bool `json:"links_complete,omitempty"`
	PageEnd
}

// LinkItem is a place of a version in a portfolio.
type LinkItem struct {
	Artifact string   `json:"artifact"`
	Aliases  []string `json:"aliases"`
}

const mostLinksShown = 100

func listArtifactUsers() Operation {
	return Define("list_artifact_users", Reads, Words{
		Title:       "List who depends on an artifact",
		Description: "List all runs that used an artifact version, page by page, and all portfolios and registries that it is linked to. Says so where the server does not tell all.",
		Toolset:     ToolsetVersions,
	}, func(ctx context.Context, c *artifacts.Client, in ListArtifactUsersInput) (ListArtifactUsersOutput, error) {
		var out ListArtifactUsersOutput
		a, err := findArtifact(ctx, c, "artifact", in.Artifact)
		if err != nil {
			return out, err
		}
		out.Artifact, out.UsedByComplete = a.QualifiedName(), true
		out.UsedBy, out.PageEnd, err = listing[artifacts.RunPath, string]{
			operation: "list_artifact_users",
			parts:     []string{a.ID},
			fetch: func(ctx context.Context, after string, perPage int) ([]artifacts.RunPath, artifacts.PageInfo, error) {
				runs, info, err := a.Users(&artifacts.UsersOptions{PerPage: perPage, After: after}).Page(ctx)
				if errors.Is(err, artifacts.ErrUnsupported) && after == "" {
					// One list, as long as the server makes it.
					runs, out.UsedByComplete, err = a.UsedBy(ctx)
				}
				return runs, info, err
			},
			view: artifacts.RunPath.String,
		}.page(ctx, c, in.Paging)
		if err != nil || in.Cursor != "" {
			return out, err
		}
		if !out.UsedByComplete {
			out.Total = nil
		}
		source, err := a.SourceArtifact(ctx)
		if err != nil {
			return out, err
		}
		links, complete, err := source.LinkedArtifacts(ctx)
		if err != nil {
			return out, err
		}
		out.LinksComplete = &complete
		if len(links) > mostLinksShown {
			out.MoreLinks, links = len(links)-mostLinksShown, links[:mostLinksShown]
		}
		for _, l := range links {
			out.Links = append(out.Links, LinkItem{Artifact: l.QualifiedName(), Aliases: l.Aliases})
		}
		return out, nil
	})
}
