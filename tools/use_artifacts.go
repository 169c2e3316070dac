package tools

import (
	"context"

	"github.com/reliquary/reliquary/artifacts"
)

// UseArtifactsInput says which run read which versions.
type UseArtifactsInput struct {
	// With the run's id, the last part of its URL.
	Run       string   `json:"run" jsonschema:"example=team/vision/1a2b3c4d"`
	Artifacts []string `json:"artifacts" jsonschema:"minItems=1,maxItems=1000,example=team/vision/detector:v3"`
}

// UseArtifactsOutput is what was recorded.
type UseArtifactsOutput struct {
	Run string `json:"run"`
	// With their version numbers.
	Used []string `json:"used"`
}

func useArtifacts() Operation {
	return Define("use_artifacts", Writes, Words{
		Title:       "Record that a run uses artifacts",
		Description: "Record that a run read artifact versions, so that lineage shows it. All of them or, if one is not there, none.",
		Toolset:     ToolsetVersions,
	}, func(ctx context.Context, c *artifacts.Client, in UseArtifactsInput) (UseArtifactsOutput, error) {
		var out UseArtifactsOutput
		at, err := readRun(ctx, c, "run", in.Run)
		if err != nil {
			return out, err
		}
		found, err := findArtifacts(ctx, c, "artifacts", in.Artifacts)
		if err != nil {
			return out, err
		}
		versions := make([]*artifacts.Artifact, len(found))
		for i, f := range found {
			if f.Err != nil {
				if at, err := readArtifact(ctx, c, "artifacts", f.Path); err == nil && !artifacts.IsArtifactID(f.Path) {
					return out, suggest(ctx, c, at, f.Err)
				}
				return out, blame("artifacts", f.Err)
			}
			versions[i] = f.Artifact
			out.Used = append(out.Used, f.Artifact.QualifiedName())
		}
		run := artifacts.RunPath{Entity: at.Entity, Project: at.Project, ID: at.Run}
		if err := c.UseArtifact(ctx, run, versions...); err != nil {
			return out, suggest(ctx, c, at, err)
		}
		out.Run = run.String()
		return out, nil
	})
}
