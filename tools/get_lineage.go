package tools

import (
	"context"

	"github.com/reliquary/reliquary/artifacts"
)

// GetLineageInput says from where to walk.
type GetLineageInput struct {
	Artifact string `json:"artifact" jsonschema:"example=team/vision/detector:latest"`
	// Upstream: what it was made from. Downstream: what was made from it.
	Direction string `json:"direction,omitempty" jsonschema:"enum=upstream,enum=downstream,enum=both,default=both"`
	// Runs between the version and the farthest one.
	Depth int `json:"depth,omitempty" jsonschema:"minimum=1,maximum=50,default=5"`
}

// GetLineageOutput is what was found. Each run says what it read and wrote.
type GetLineageOutput struct {
	Artifact  string            `json:"artifact"`
	Artifacts []LineageArtifact `json:"artifacts"`
	Runs      []LineageRun      `json:"runs"`
	Complete  bool              `json:"complete"`
	LeftOut   []string          `json:"left_out,omitempty"`
}

// LineageArtifact is a version in a lineage.
type LineageArtifact struct {
	Artifact string `json:"artifact"`
	Type     string `json:"type"`
	// Runs away from the start; below 0 upstream.
	Depth int    `json:"depth"`
	State string `json:"state,omitempty"`
}

// LineageRun is a run in a lineage, with those of its versions that are in it.
type LineageRun struct {
	Run    string   `json:"run"`
	Name   string   `json:"name,omitempty"`
	Used   []string `json:"used,omitempty"`
	Logged []string `json:"logged,omitempty"`
}

// mostLineage bounds an answer: some 6,000 tokens.
const mostLineage = 150

func getLineage() Operation {
	return Define("get_lineage", Reads, Words{
		Title:       "Get the lineage of an artifact",
		Description: "Follow an artifact version over many hops: the runs and versions that it was made from, and those made from it. Says whether that is all.",
		Toolset:     ToolsetVersions,
	}, func(ctx context.Context, c *artifacts.Client, in GetLineageInput) (GetLineageOutput, error) {
		var out GetLineageOutput
		at, err := readArtifact(ctx, c, "artifact", in.Artifact)
		if err != nil {
			return out, err
		}
		a, err := c.Artifact(ctx, at.Path.String())
		if err != nil {
			return out, suggest(ctx, c, at, err)
		}
		l, err := a.Lineage(ctx, &artifacts.LineageOptions{
			Direction: artifacts.LineageDirection(in.Direction), Depth: in.Depth, MaxNodes: mostLineage,
		})
		if err != nil {
			return out, err
		}
		out = showLineage(l)
		out.Artifact = a.QualifiedName()
		return out, nil
	})
}

func showLineage(l *artifacts.Lineage) GetLineageOutput {
	out := GetLineageOutput{Artifacts: []LineageArtifact{}, Runs: []LineageRun{}, Complete: l.Complete, LeftOut: l.Left}
	names := map[string]string{}
	for _, a := range l.Artifacts {
		names[a.ID] = a.Name
		shown := LineageArtifact{Artifact: a.Name, Type: a.Type, Depth: a.Depth}
		if a.State != artifacts.Committed {
			shown.State = string(a.State)
		}
		out.Artifacts = append(out.Artifacts, shown)
	}
	at := map[artifacts.RunPath]int{}
	for i, r := range l.Runs {
		at[r.RunPath] = i
		out.Runs = append(out.Runs, LineageRun{Run: r.String(), Name: clip(r.DisplayName, clippedInLists)})
	}
	for _, e := range l.Edges {
		r := &out.Runs[at[e.Run]]
		if e.Mode == artifacts.Used {
			r.Used = append(r.Used, names[e.Artifact])
		} else {
			r.Logged = append(r.Logged, names[e.Artifact])
		}
	}
	return out
}
