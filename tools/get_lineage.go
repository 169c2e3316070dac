package tools

import (
	"context"
	"errors"
	"slices"

	"github.com/reliquary/reliquary/artifacts"
)

// GetLineageInput says from where to walk.
type GetLineageInput struct {
	Artifact string `json:"artifact,omitempty" jsonschema:"example=team/vision/detector:latest"`
	// Instead of artifact: what this run used and logged, and who used that since.
	Run       string `json:"run,omitempty" jsonschema:"example=team/vision/1a2b3c4d"`
	Direction string `json:"direction,omitempty" jsonschema:"enum=upstream,enum=downstream,enum=both,default=both"`
	// In runs; 1 is the nearest.
	Depth int `json:"depth,omitempty" jsonschema:"minimum=1,maximum=50,default=5"`
	Showing
}

// GetLineageOutput is what was found. Each run says what it read and wrote.
type GetLineageOutput struct {
	// Where the walk began; or run.
	Artifact  string            `json:"artifact,omitempty"`
	Run       string            `json:"run,omitempty"`
	Artifacts []LineageArtifact `json:"artifacts" detail:"items"`
	Runs      []LineageRun      `json:"runs" detail:"items"`
	Complete  bool              `json:"complete"`
	LeftOut   []string          `json:"left_out,omitempty"`
}

// LineageArtifact is a version in a lineage.
type LineageArtifact struct {
	Artifact string `json:"artifact" detail:"always"`
	Type     string `json:"type"`
	// Runs away from the start; below 0 upstream.
	Depth       int      `json:"depth"`
	State       string   `json:"state,omitempty"`
	Aliases     []string `json:"aliases,omitempty" detail:"full"`
	MoreAliases int      `json:"more_aliases,omitempty" detail:"with=aliases"`
	SizeBytes   *Bytes   `json:"size_bytes,omitempty" detail:"full"`
	CreatedAt   *Moment  `json:"created_at,omitempty" detail:"full"`
	// Equal digests mean equal contents.
	Digest string `json:"digest,omitempty" detail:"full"`

	id string
}

// LineageRun is a run in a lineage, with those of its versions that are in it.
type LineageRun struct {
	Run string `json:"run" detail:"always"`
	// Display name, if it has one of its own.
	Name   string   `json:"name,omitempty"`
	Used   []string `json:"used,omitempty"`
	Logged []string `json:"logged,omitempty"`
}

// mostLineage bounds an answer: some 6,000 tokens.
const mostLineage = 150

// nodesShown is how much of a lineage to look at. What is shown in full takes
// more tokens each.
func nodesShown(ctx context.Context) int {
	if shows(ctx, lineageDetails...) {
		return mostLineage / 2
	}
	return mostLineage
}

// lineageDetails are the fields of LineageArtifact that a walk does not meet.
var lineageDetails = []string{"aliases", "size_bytes", "created_at", "digest"}

func getLineage() Operation {
	return Define("get_lineage", Reads, Words{
		Title:       "Get the lineage of an artifact",
		Description: "Follow a version or a run over many hops: upstream what it was made from (which data a model's run used), downstream what used it or was made from it. Full adds aliases, size and digest of versions.",
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
			Direction: artifacts.LineageDirection(in.Direction), Depth: in.Depth, MaxNodes: nodesShown(ctx),
		})
		if err != nil {
			return out, err
		}
		out, err = showLineage(ctx, c, l)
		out.Artifact = a.QualifiedName()
		return out, err
	})
}

func showLineage(ctx context.Context, c *artifacts.Client, l *artifacts.Lineage) (GetLineageOutput, error) {
	out := GetLineageOutput{Artifacts: []LineageArtifact{}, Runs: []LineageRun{}, Complete: l.Complete, LeftOut: l.Left}
	names := map[string]string{}
	hidden := 0
	for _, a := range l.Artifacts {
		if entity, project, _ := splitPath(a.Name); !IsAllowed(ctx, entity, project) {
			hidden++
			continue
		}
		names[a.ID] = a.Name
		shown := LineageArtifact{Artifact: a.Name, Type: a.Type, Depth: a.Depth, id: a.ID}
		if a.State != artifacts.Committed {
			shown.State = string(a.State)
		}
		out.Artifacts = append(out.Artifacts, shown)
	}
	at := map[artifacts.RunPath]int{}
	for i, r := range l.Runs {
		at[r.RunPath] = i
		out.Runs = append(out.Runs, LineageRun{Run: r.String(), Name: ownName(r.RunPath, r.DisplayName)})
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
	if shows(ctx, lineageDetails...) {
		return out, out.describe(ctx, c)
	}
	return out, nil
}

// describe fills in what the walk did not meet of its versions.
func (out *GetLineageOutput) describe(ctx context.Context, c *artifacts.Client) error {
	ids := make([]string, len(out.Artifacts))
	for i, a := range out.Artifacts {
		ids[i] = a.id
	}
	found, err := c.FindArtifacts(ctx, ids)
	if err != nil {
		return err
	}
	for i, f := range found {
		switch a := &out.Artifacts[i]; {
		case f.Err == nil:
			size, created := Bytes(f.Artifact.Size), moment(f.Artifact.CreatedAt)
			a.SizeBytes, a.CreatedAt, a.Digest = &size, &created, f.Artifact.Digest
			a.Aliases, a.MoreAliases = some(f.Artifact.Aliases, mostTagsInLists)
		case errors.Is(f.Err, artifacts.ErrNotFound):
			out.Complete = false
			out.LeftOut = append(out.LeftOut, "size and aliases of "+a.Artifact+", which is deleted")
		default:
			return f.Err
		}
	}
	return nil
}

// ownName is the name that people gave a run, "" where its id is all it has.
func ownName(run artifacts.RunPath, name string) string {
	if name == run.ID {
		return ""
	}
	return clip(name, clippedInLists)
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
			if len(all.Artifacts) >= nodesShown(ctx) {
				all.Complete = false
				all.Left = append(all.Left, "more of what the run "+string(part.mode)+": see list_run_artifacts")
				break
			}
			l, err := a.Lineage(ctx, &artifacts.LineageOptions{Direction: part.direction, Depth: in.Depth, MaxNodes: nodesShown(ctx)})
			if err != nil {
				return GetLineageOutput{}, err
			}
			mergeLineage(all, l, part.mode, run, a.ID)
		}
	}
	out, err := showLineage(ctx, c, all)
	out.Run = run.String()
	return out, err
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
