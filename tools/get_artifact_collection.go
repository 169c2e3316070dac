package tools

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/reliquary/reliquary/artifacts"
)

// GetArtifactCollectionInput names a collection.
type GetArtifactCollectionInput struct {
	Collection string `json:"collection" jsonschema:"example=team/vision/detector"`
}

// GetArtifactCollectionOutput is a collection.
type GetArtifactCollectionOutput struct {
	Collection  string   `json:"collection"`
	Type        string   `json:"type"`
	Kind        string   `json:"kind" jsonschema:"enum=sequence,enum=portfolio"`
	Description string   `json:"description,omitempty"`
	Tags        []string `json:"tags"`
	Aliases     []string `json:"aliases"`
	// Not shown.
	MoreAliases int     `json:"more_aliases,omitempty"`
	Versions    int     `json:"versions"`
	CreatedAt   Moment  `json:"created_at"`
	UpdatedAt   *Moment `json:"updated_at,omitempty"`
}

// mostAliases bounds the aliases that are shown of one thing.
const mostAliases = 100

func getArtifactCollection() Operation {
	return Define("get_artifact_collection", Reads, Words{
		Title:       "Get an artifact collection",
		Description: "Get one artifact collection: type, description, tags, all aliases and the number of versions. Use list_artifacts for the versions themselves.",
		Toolset:     ToolsetVersions,
	}, func(ctx context.Context, c *artifacts.Client, in GetArtifactCollectionInput) (GetArtifactCollectionOutput, error) {
		at, err := readCollection(ctx, c, "collection", in.Collection)
		if err != nil {
			return GetArtifactCollectionOutput{}, err
		}
		a := c.ArtifactCollection(at.Entity, at.Project, "", at.Collection)
		out, err := describeCollection(ctx, a)
		return out, suggest(ctx, c, at, err)
	})
}

// describeCollection loads and shows a collection.
func describeCollection(ctx context.Context, a *artifacts.ArtifactCollection) (GetArtifactCollectionOutput, error) {
	var out GetArtifactCollectionOutput
	attrs, err := a.Attrs(ctx)
	if err != nil {
		return out, err
	}
	out = GetArtifactCollectionOutput{
		Collection:  a.Path(),
		Type:        attrs.Type,
		Kind:        kindName(attrs.Kind),
		Description: clipPointer(attrs.Description, clippedAlone),
		CreatedAt:   moment(attrs.CreatedAt),
		UpdatedAt:   maybeMoment(attrs.UpdatedAt),
	}
	out.Tags, _ = some(attrs.Tags, mostAliases)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		aliases, err := a.Aliases(ctx)
		out.Aliases, out.MoreAliases = some(aliases, mostAliases)
		return err
	})
	g.Go(func() (err error) {
		out.Versions, err = a.Artifacts(nil).Len(ctx)
		return err
	})
	err = g.Wait()
	return out, err
}
