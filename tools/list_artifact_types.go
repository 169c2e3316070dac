package tools

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/reliquary/reliquary/artifacts"
)

// ListArtifactTypesInput asks for the types of a project.
type ListArtifactTypesInput struct {
	Project string `json:"project,omitempty" jsonschema:"example=team/vision"`
	Showing
	Paging
}

// ListArtifactTypesOutput is a page of types.
type ListArtifactTypesOutput struct {
	Project string             `json:"project"`
	Types   []ArtifactTypeItem `json:"types" detail:"items"`
	PageEnd
}

// ArtifactTypeItem is a type in a list.
type ArtifactTypeItem struct {
	Name        string `json:"name" detail:"always"`
	Collections *int   `json:"collections,omitempty"`
	Description string `json:"description,omitempty" detail:"full"`
	CreatedAt   Moment `json:"created_at" detail:"full"`
}

// countsAtOnce bounds the requests that one call has under way.
const countsAtOnce = 8

func listArtifactTypes() Operation {
	return Define("list_artifact_types", Reads, Words{
		Title:       "List artifact types",
		Description: "List the artifact types (dataset, model, ...) of a project, with the number of collections of each. Start here.",
		Toolset:     ToolsetArtifacts,
	}, func(ctx context.Context, c *artifacts.Client, in ListArtifactTypesInput) (ListArtifactTypesOutput, error) {
		var out ListArtifactTypesOutput
		at, err := readProject(ctx, c, "project", in.Project)
		if err != nil {
			return out, err
		}
		out.Project = at.place()
		var found []*artifacts.ArtifactType
		out.Types, out.PageEnd, err = listing[*artifacts.ArtifactType, ArtifactTypeItem]{
			operation: "list_artifact_types",
			parts:     []string{at.Entity, at.Project},
			fetch: func(ctx context.Context, after string, perPage int) ([]*artifacts.ArtifactType, artifacts.PageInfo, error) {
				items, info, err := c.ArtifactTypes(at.Entity, at.Project, &artifacts.TypesOptions{PerPage: perPage, After: after}).Page(ctx)
				found = items
				return items, info, err
			},
			view: func(t *artifacts.ArtifactType) ArtifactTypeItem {
				item := ArtifactTypeItem{Name: t.Name()}
				// Listed types bring their attributes along.
				if attrs, err := t.Attrs(ctx); err == nil {
					item.Description, item.CreatedAt = clipPointer(attrs.Description, clippedInLists), moment(attrs.CreatedAt)
				}
				return item
			},
		}.page(ctx, c, in.Paging)
		if err != nil {
			return out, suggest(ctx, c, at, err)
		}
		if shows(ctx, "collections") {
			err = countCollections(ctx, found, out.Types)
		}
		return out, err
	})
}

// countCollections fills in how many collections each type has.
func countCollections(ctx context.Context, types []*artifacts.ArtifactType, items []ArtifactTypeItem) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(countsAtOnce)
	for i, t := range types {
		g.Go(func() error {
			n, err := t.Collections(nil).Len(ctx)
			switch {
			case errors.Is(err, artifacts.ErrNotFound), errors.Is(err, artifacts.ErrUnsupported):
				return nil // gone meanwhile, or not known
			case err == nil:
				items[i].Collections = &n
			}
			return err
		})
	}
	return g.Wait()
}
