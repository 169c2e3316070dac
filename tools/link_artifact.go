package tools

import (
	"cmp"
	"context"

	"github.com/reliquary/reliquary/artifacts"
)

// LinkArtifactInput says which version to link where.
type LinkArtifactInput struct {
	Artifact string `json:"artifact" jsonschema:"example=team/vision/detector:v12"`
	// A portfolio, made if it is new. In a registry: organization/wandb-registry-name/collection.
	Portfolio string   `json:"portfolio" jsonschema:"example=team/vision/released-models"`
	Aliases   []string `json:"aliases,omitempty" jsonschema:"maxItems=50"`
}

// LinkArtifactOutput is a version as seen in a portfolio.
type LinkArtifactOutput struct {
	Linked  string   `json:"linked"`
	Source  string   `json:"source"`
	Aliases []string `json:"aliases"`
}

func linkArtifact() Operation {
	return Define("link_artifact", Writes, Words{
		Title:       "Link an artifact version",
		Description: "Put an artifact version into a portfolio, or into a collection of a registry, with aliases there. The version itself stays where it is. The portfolio is created if it does not exist.",
		Toolset:     ToolsetVersions,
	}, func(ctx context.Context, c *artifacts.Client, in LinkArtifactInput) (LinkArtifactOutput, error) {
		var out LinkArtifactOutput
		at, err := readArtifact(ctx, c, "artifact", in.Artifact)
		if err != nil {
			return out, err
		}
		to, err := artifacts.ParsePath(in.Portfolio)
		switch {
		case err != nil:
			return out, badPath("portfolio", collectionForm, "", err)
		case to.Alias != "":
			return out, invalid("portfolio", "leave the colon and what follows it out, and give aliases in aliases",
				"portfolio is %q, which names a version rather than a collection", clip(in.Portfolio, clippedInLists))
		}
		a, err := c.Artifact(ctx, at.Path.String())
		if err != nil {
			return out, suggest(ctx, c, at, err)
		}
		if to.Project == "" {
			to.Project = a.SourceProject
		}
		if err := checkAllowed(ctx, "portfolio", cmp.Or(to.Entity, a.SourceEntity), to.Project); err != nil {
			return out, err
		}
		linked, err := a.Link(ctx, to.String(), in.Aliases...)
		if err != nil {
			return out, err
		}
		return LinkArtifactOutput{Linked: linked.QualifiedName(), Source: linked.SourceQualifiedName(), Aliases: linked.Aliases}, nil
	})
}
