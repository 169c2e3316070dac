package tools

import (
	"context"
	"fmt"

	"github.com/reliquary/reliquary/artifacts"
)

// GetArtifactsInput names many versions.
type GetArtifactsInput struct {
	// Paths or ids.
	Artifacts []string `json:"artifacts,omitempty" jsonschema:"maxItems=1000,example=team/vision/detector:v3"`
	// Digests of contents, looked for in all collections of the project.
	Digests []string `json:"digests,omitempty" jsonschema:"maxItems=100"`
	// For digests.
	Project string `json:"project,omitempty" jsonschema:"example=team/vision"`
	Showing
}

// GetArtifactsOutput is what became of each name, in the order asked.
type GetArtifactsOutput struct {
	Artifacts []LookedUpArtifact `json:"artifacts"`
	NotFound  int                `json:"not_found"`
}

// LookedUpArtifact is a version, or why there is none.
type LookedUpArtifact struct {
	// The path, id or digest that was given.
	Asked    string             `json:"asked"`
	Artifact *NamedArtifactItem `json:"artifact,omitempty" detail:"items"`
	// Absent if artifact is there.
	Error *LookupError `json:"error,omitempty"`
}

// NamedArtifactItem is a version with its whole name.
type NamedArtifactItem struct {
	Artifact string `json:"artifact" detail:"always"`
	ID       string `json:"id" detail:"full"`
	Type     string `json:"type"`
	State    string `json:"state" jsonschema:"enum=PENDING,enum=COMMITTED,enum=DELETED"`
	// Where it was logged, if reached through a portfolio.
	Source      string   `json:"source,omitempty"`
	Aliases     []string `json:"aliases"`
	MoreAliases int      `json:"more_aliases,omitempty" detail:"with=aliases"`
	Tags        []string `json:"tags"`
	SizeBytes   Bytes    `json:"size_bytes"`
	Files       int64    `json:"files"`
	CreatedAt   Moment   `json:"created_at"`
	Digest      string   `json:"digest" detail:"full"`
}

// LookupError says why one of many was not found.
type LookupError struct {
	Code    artifacts.Kind `json:"code"`
	Message string         `json:"message"`
}

func getArtifacts() Operation {
	return Define("get_artifacts", Reads, Words{
		Title:       "Get many artifact versions",
		Description: "Get many artifact versions at once, by path, id or digest of their contents. One that is not there does not keep the others away. Use get_artifact for metadata and runs of one of them. Full adds ids and digests.",
		Toolset:     ToolsetVersions,
	}, func(ctx context.Context, c *artifacts.Client, in GetArtifactsInput) (GetArtifactsOutput, error) {
		out := GetArtifactsOutput{Artifacts: []LookedUpArtifact{}}
		switch {
		case len(in.Artifacts)+len(in.Digests) == 0:
			return out, invalid("artifacts", "name versions in artifacts, or contents in digests", "no version was named")
		case in.Project != "" && len(in.Digests) == 0:
			return out, invalid("project", "leave it out, and write whole paths", "project says where to look for digests, and there are none")
		}
		found, err := findArtifacts(ctx, c, "artifacts", in.Artifacts)
		if err != nil {
			return out, err
		}
		for _, f := range found {
			item := LookedUpArtifact{Asked: f.Path}
			if f.Err != nil {
				e := explained(ctx, f.Err)
				item.Error = &LookupError{e.Code, e.Message}
			} else {
				item.Artifact = viewNamed(f.Artifact)
			}
			out.Artifacts = append(out.Artifacts, item)
		}
		if len(in.Digests) > 0 {
			more, err := in.byDigest(ctx, c)
			if err != nil {
				return out, err
			}
			out.Artifacts = append(out.Artifacts, more...)
		}
		for _, a := range out.Artifacts {
			if a.Error != nil {
				out.NotFound++
			}
		}
		return out, nil
	})
}

// byDigest finds the versions of a project that have some contents: several
// where several collections hold them, the newest of each.
func (in GetArtifactsInput) byDigest(ctx context.Context, c *artifacts.Client) ([]LookedUpArtifact, error) {
	at, err := readProject(ctx, c, "project", in.Project)
	if err != nil {
		return nil, err
	}
	found := map[string][]*artifacts.Artifact{}
	opts := &artifacts.SearchOptions{
		PerPage: suggestionsFrom, PerCollection: max(10, len(in.Digests)),
		Filters: map[string]any{"digest": map[string]any{"$in": in.Digests}, "state": string(artifacts.Committed)},
	}
	for r, err := range c.Search(at.Entity, at.Project, opts).All(ctx) {
		if err != nil {
			return nil, suggest(ctx, c, at, err)
		}
		seen := map[string]bool{}
		for _, a := range r.Artifacts {
			if !seen[a.Digest] { // newest first
				seen[a.Digest] = true
				found[a.Digest] = append(found[a.Digest], a)
			}
		}
	}
	var out []LookedUpArtifact
	for _, digest := range in.Digests {
		for _, a := range found[digest] {
			out = append(out, LookedUpArtifact{Asked: digest, Artifact: viewNamed(a)})
		}
		if found[digest] == nil {
			out = append(out, LookedUpArtifact{Asked: digest, Error: &LookupError{
				artifacts.KindNotFound, fmt.Sprintf("no version in project %q has these contents", at.place()),
			}})
		}
	}
	return out, nil
}

func viewNamed(a *artifacts.Artifact) *NamedArtifactItem {
	item := &NamedArtifactItem{
		Artifact: a.QualifiedName(), ID: a.ID, Type: a.Type, State: string(a.State),
		SizeBytes: Bytes(a.Size), Files: a.FileCount, Digest: a.Digest, CreatedAt: moment(a.CreatedAt),
	}
	item.Aliases, item.MoreAliases = some(a.Aliases, mostTagsInLists)
	item.Tags, _ = some(a.Tags, mostTagsInLists)
	if a.IsLink() {
		item.Source = a.SourceQualifiedName()
	}
	return item
}
