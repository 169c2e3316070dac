package tools

import (
	"context"
	"slices"

	"github.com/reliquary/reliquary/artifacts"
)

// GetLineageInput says from where to walk.
type GetLineageInput struct {
	Artifact string `json:"artifact,omitempty" jsonschema:"example=team/vision/detector:latest"`
	// Instead of artifact: what this run used and logged, and who used that since.
	Run string `json:"run,omitempty" jsonschema:"example=team/vision/1a2b3c4d"`
	// Upstream: what it was made from. Downstream: what was made from it.
	Direction string `json:"direction,omitempty" jsonschema:"enum=upstream,enum=downstream,enum=both,default=both"`
	// Runs between the version and the farthest one.
	Depth int `json:"depth,omitempty" jsonschema:"minimum=1,maximum=50,default=5"`
}

// GetLineageOutput is what was found. Each run says what it read and wrote.
type GetLineageOutput struct {
	// Where the walk began; or run.
	Artifact  string            `json:"artifact,omitempty"`
	Run       string            `json:"run,omitempty"`
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
		Description: "Follow a version or a run over many hops: what it was made from (which data a model's run used), and what used it or was made from it. Depth 1 is the nearest.",
		Toolset:     ToolsetArtifacts,
	}, func(ctx context.Context, c *artifacts.Client, in GetLineageInput) (GetLineageOutput, error) {
		var out GetLineageOutput
		switch {
		case in.Run != "" && in.Artifact != "":
			return out, invalid("run", "give one of them", "artifact and run were both given")
		case in.Run != "":
			return in.ofRun(ctx, c)
		case in.Artifact == "":
			return out, invalid("artifact", artifactForm+"; or give run", "neither artifact nor run was given")
		}
		a, err := artifactAt(ctx, c, "artifact", in.Artifact)
		if err != nil {
			return out, err
		}
		l, err := a.Lineage(ctx, &artifacts.LineageOptions{
			Direction: artifacts.LineageDirection(in.Direction), Depth: in.Depth, MaxNodes: mostLineage,
		})
		if err != nil {
			return out, err
		}
		out = showLineage(ctx, l)
		out.Artifact = a.QualifiedName()
		return out, nil
	})
}

func showLineage(ctx context.Context, l *artifacts.Lineage) GetLineageOutput {
	out := GetLineageOutput{Artifacts: []LineageArtifact{}, Runs: []LineageRun{}, Complete: l.Complete, LeftOut: l.Left}
	names := map[string]string{}
	hidden := 0
	for _, a := range l.Artifacts {
		if entity, project, _ := splitPath(a.Name); !IsAllowed(ctx, entity, project) {
			hidden++
			continue
		}
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
	if hidden > 0 {
		out.Complete = false
		out.LeftOut = append(slices.Clone(l.Left), count(hidden, "version")+" outside of what this server may be asked about")
	}
	for _, e := range l.Edges {
		if names[e.Artifact] == "" {
			continue
		}
		r := &out.Runs[at[e.Run]]
		if e.Mode == artifacts.Used {
			r.Used = append(r.Used, names[e.Artifact])
		} else {
			r.Logged = append(r.Logged, names[e.Artifact])
		}
	}
	return out
}

// ofRun walks from the versions that a run used and logged. Its own depth is 0,
// so that what it logged is 0 runs away and who used that is 1.
func (in GetLineageInput) ofRun(ctx context.Context, c *artifacts.Client) (GetLineageOutput, error) {
	at, err := readRun(ctx, c, "run", in.Run)
	if err != nil {
		return GetLineageOutput{}, err
	}
	all := &artifacts.Lineage{Complete: true}
	run := artifacts.RunPath{Entity: at.Entity, Project: at.Project, ID: at.Run}
	all.Runs = append(all.Runs, artifacts.LineageRun{RunPath: run})
	for _, part := range []struct {
		mode      artifacts.RunArtifactsMode
		direction artifacts.LineageDirection
	}{{artifacts.Used, artifacts.Upstream}, {artifacts.Logged, artifacts.Downstream}} {
		if in.Direction != "both" && in.Direction != string(part.direction) {
			continue
		}
		for a, err := range c.RunArtifacts(at.Entity, at.Project, at.Run, part.mode, nil).All(ctx) {
			if err != nil {
				return GetLineageOutput{}, suggest(ctx, c, at, err)
			}
			if len(all.Artifacts) >= mostLineage {
				all.Complete = false
				all.Left = append(all.Left, "more of what the run "+string(part.mode)+": see list_run_artifacts")
				break
			}
			l, err := a.Lineage(ctx, &artifacts.LineageOptions{Direction: part.direction, Depth: in.Depth, MaxNodes: mostLineage})
			if err != nil {
				return GetLineageOutput{}, err
			}
			mergeLineage(all, l, part.mode, run, a.ID)
		}
	}
	out := showLineage(ctx, all)
	out.Run = run.String()
	return out, nil
}

// mergeLineage adds what was found from a version that a run used or logged.
func mergeLineage(all, found *artifacts.Lineage, mode artifacts.RunArtifactsMode, run artifacts.RunPath, id string) {
	for _, a := range found.Artifacts {
		if !slices.ContainsFunc(all.Artifacts, func(b artifacts.LineageArtifact) bool { return a.ID == b.ID }) {
			all.Artifacts = append(all.Artifacts, a)
		}
	}
	for _, r := range found.Runs {
		i := slices.IndexFunc(all.Runs, func(b artifacts.LineageRun) bool { return r.RunPath == b.RunPath })
		if i < 0 {
			all.Runs = append(all.Runs, r)
		} else if all.Runs[i].DisplayName == "" {
			all.Runs[i] = r
		}
	}
	for _, e := range append(found.Edges, artifacts.LineageEdge{Run: run, Artifact: id, Mode: mode}) {
		if !slices.Contains(all.Edges, e) {
			all.Edges = append(all.Edges, e)
		}
	}
	all.Complete = all.Complete && found.Complete
	for _, why := range found.Left {
		if !slices.Contains(all.Left, why) {
			all.Left = append(all.Left, why)
		}
	}
}
