package tools

import (
	"context"
	"fmt"

	"github.com/reliquary/reliquary/artifacts"
)

// RunLoadInput names a run.
type RunLoadInput struct {
	Place
	Run string `json:"run"`
}

func runLoad() Operation {
	return Define("run_load", Reads, Words{
		Title:       "Load a run",
		Description: "Get a run with its attributes as lists of runs show them.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in RunLoadInput) (RunNode, error) {
		at, err := resolve(ctx, c, asked{Path: artifacts.Path{Entity: in.Entity, Project: in.Project}})
		if err != nil {
			return RunNode{}, err
		}
		runs, _, err := c.Runs(at.Entity, at.Project, &artifacts.RunsOptions{PerPage: 1, Filters: map[string]any{"name": in.Run}}).Page(ctx)
		if err != nil {
			return RunNode{}, err
		}
		if len(runs) == 0 {
			return RunNode{}, &Error{
				Code: artifacts.KindNotFound, Argument: "run",
				Message: fmt.Sprintf("there is no run %q in project %q", in.Run, at.place()),
				Next:    "use the run's id, which is the last part of its URL",
			}
		}
		return runNode(runs[0]), nil
	})
}

// RunUseArtifactInput says which run used which version.
type RunUseArtifactInput struct {
	RunLoadInput
	ArtifactName
}

func runUseArtifact() Operation {
	return Define("run_use_artifact", Writes, Words{
		Title:       "Use an artifact version in a run",
		Description: "Record that a run used an artifact version, so that lineage shows it.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in RunUseArtifactInput) (Done, error) {
		at, err := resolve(ctx, c, asked{Path: artifacts.Path{Entity: in.Entity, Project: in.Project}})
		if err != nil {
			return Done{}, err
		}
		version, err := readArtifact(ctx, c, "artifact", in.Artifact)
		if err == nil {
			_, err = c.UseArtifactByName(ctx, artifacts.RunPath{Entity: at.Entity, Project: at.Project, ID: in.Run}, version.Path.String())
		}
		return Done{err == nil}, err
	})
}

// RunLogArtifactInput says which run logged which version.
type RunLogArtifactInput struct {
	RunLoadInput
	ArtifactName
	// Given to the version. latest is only if it is among them.
	Aliases []string `json:"aliases,omitempty"`
	Tags    []string `json:"tags,omitempty"`
}

func runLogArtifact() Operation {
	return Define("run_log_artifact", Writes, Words{
		Title:       "Record what a run logged",
		Description: "Record that a run logged an artifact version that is there, in the run's own project, and give it aliases and tags.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in RunLogArtifactInput) (Done, error) {
		at, err := resolve(ctx, c, asked{Path: artifacts.Path{Entity: in.Entity, Project: in.Project}})
		if err != nil {
			return Done{}, err
		}
		a, err := loadArtifact(ctx, c, in.Artifact)
		if err == nil {
			err = c.RecordLogged(ctx, artifacts.RunPath{Entity: at.Entity, Project: at.Project, ID: in.Run}, a, in.Aliases, in.Tags)
		}
		return Done{err == nil}, err
	})
}

// None takes no arguments.
type None struct{}

// ViewerNode is the user that the API key belongs to.
type ViewerNode struct {
	ID       string   `json:"id"`
	Username string   `json:"username"`
	Email    string   `json:"email,omitempty"`
	Entity   string   `json:"entity"`
	Teams    []string `json:"teams"`
	// What is meant where a path names none.
	DefaultEntity  string `json:"default_entity"`
	DefaultProject string `json:"default_project"`
}

func viewerLoad() Operation {
	return Define("viewer_load", Reads, Words{
		Title:       "Load the viewer",
		Description: "Get the user that the API key belongs to, and what is meant where a path names no entity or project.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, _ None) (ViewerNode, error) {
		v, err := c.Viewer(ctx)
		if err != nil {
			return ViewerNode{}, err
		}
		out := ViewerNode{ID: v.ID, Username: v.Username, Email: v.Email, Entity: v.Entity, Teams: listed(v.Teams), DefaultProject: c.DefaultProject()}
		if out.DefaultEntity, err = c.DefaultEntity(ctx); err != nil {
			out.DefaultEntity = "" // a user without one can still name it
		}
		return out, nil
	})
}
