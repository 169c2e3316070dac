package tools

import (
	"context"

	"github.com/reliquary/reliquary/artifacts"
)

// UnlinkArtifactInput names a version in a portfolio.
type UnlinkArtifactInput struct {
	Artifact string `json:"artifact" jsonschema:"example=team/vision/released-models:v3"`
}

// UnlinkArtifactOutput is what was unlinked.
type UnlinkArtifactOutput struct {
	Unlinked string `json:"unlinked"`
	// Where the version stays.
	Source string `json:"source"`
	// That it had in the portfolio, and that are gone.
	Aliases []string `json:"aliases"`
}

func unlinkArtifact() Operation {
	return Define("unlink_artifact", Writes, Words{
		Title:       "Unlink an artifact version",
		Description: "Take an artifact version out of a portfolio or registry collection. The version stays in the sequence that it was logged to; link_artifact puts it back, under a new number.",
		Toolset:     ToolsetVersions,
	}, func(ctx context.Context, c *artifacts.Client, in UnlinkArtifactInput) (UnlinkArtifactOutput, error) {
		var out UnlinkArtifactOutput
		a, err := artifactAt(ctx, c, "artifact", in.Artifact)
		if err != nil {
			return out, err
		}
		if !a.IsLink() {
			return out, invalid("artifact", "name it as it is called in the portfolio, or delete it with plan_delete_artifacts",
				"%s was logged there and is no link; nothing was changed", a.QualifiedName())
		}
		if err := a.Unlink(ctx); err != nil {
			return out, err
		}
		return UnlinkArtifactOutput{Unlinked: a.QualifiedName(), Source: a.SourceQualifiedName(), Aliases: append([]string{}, a.Aliases...)}, nil
	})
}
