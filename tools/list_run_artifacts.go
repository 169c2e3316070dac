package tools

import (
	"context"

	"github.com/reliquary/reliquary/artifacts"
)

// ListRunArtifactsInput asks for what a run logged or used.
type ListRunArtifactsInput struct {
	// With the run's id, the last part of its URL.
	Run  string `json:"run" jsonschema:"example=team/vision/1a2b3c4d"`
	Mode string `json:"mode" jsonschema:"enum=logged,enum=used"`
	Showing
	Paging
}

// ListRunArtifactsOutput is a page of versions.
type ListRunArtifactsOutput struct {
	Run       string            `json:"run"`
	Mode      string            `json:"mode" jsonschema:"enum=logged,enum=used"`
	Artifacts []RunArtifactItem `json:"artifacts" detail:"items"`
	PageEnd
}

// RunArtifactItem is a version that a run logged or used.
type RunArtifactItem struct {
	Artifact    string   `json:"artifact" detail:"always"`
	Type        string   `json:"type"`
	Aliases     []string `json:"aliases"`
	MoreAliases int      `json:"more_aliases,omitempty" detail:"with=aliases"`
	SizeBytes   Bytes    `json:"size_bytes"`
	CreatedAt   Moment   `json:"created_at"`
	Files       int64    `json:"files" detail:"full"`
	Description string   `json:"description,omitempty" detail:"full"`
	// Equal digests mean equal contents.
	Digest string `json:"digest" detail:"full"`
}

func listRunArtifacts() Operation {
	return Define("list_run_artifacts", Reads, Words{
		Title:       "List the artifacts of a run",
		Description: "List the artifact versions that a run logged (its outputs) or used (its inputs). get_artifact tells the runs of an artifact, so that the two together walk lineage. Full adds description and digest.",
		Toolset:     ToolsetVersions,
	}, func(ctx context.Context, c *artifacts.Client, in ListRunArtifactsInput) (ListRunArtifactsOutput, error) {
		out := ListRunArtifactsOutput{Mode: in.Mode}
		at, err := readRun(ctx, c, "run", in.Run)
		if err != nil {
			return out, err
		}
		out.Run = at.place() + "/" + at.Run
		out.Artifacts, out.PageEnd, err = listing[*artifacts.Artifact, RunArtifactItem]{
			operation: "list_run_artifacts",
			parts:     []string{at.Entity, at.Project, at.Run, in.Mode},
			fetch: func(ctx context.Context, after string, perPage int) ([]*artifacts.Artifact, artifacts.PageInfo, error) {
				opts := &artifacts.RunArtifactsOptions{PerPage: perPage, After: after}
				return c.RunArtifacts(at.Entity, at.Project, at.Run, artifacts.RunArtifactsMode(in.Mode), opts).Page(ctx)
			},
			view: func(a *artifacts.Artifact) RunArtifactItem {
				item := RunArtifactItem{
					Artifact: a.QualifiedName(), Type: a.Type, SizeBytes: Bytes(a.Size), CreatedAt: moment(a.CreatedAt),
					Files: a.FileCount, Description: clipPointer(a.Description, clippedInLists), Digest: a.Digest,
				}
				item.Aliases, item.MoreAliases = some(a.Aliases, mostTagsInLists)
				return item
			},
		}.page(ctx, c, in.Paging)
		return out, suggest(ctx, c, at, err)
	})
}
