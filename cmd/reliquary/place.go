package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// readPath reads a path as W&B does.
func readPath(text string) (artifacts.Path, error) {
	p, err := artifacts.ParsePath(text)
	if e, ok := errors.AsType[*artifacts.Error](err); ok {
		e.Next = "write it as entity/project/collection:alias, see `reliquary help paths`"
	}
	return p, err
}

// A place is what a path names, read from the left: an entity, a project, a
// collection or a version. The empty one is everything there is.
type place struct{ artifacts.Path }

// readPlace reads ENTITY, ENTITY/PROJECT, ENTITY/PROJECT/COLLECTION, or a path
// with a version.
func readPlace(text string) (place, error) {
	trimmed := strings.TrimRight(text, "/")
	if text == "" {
		return place{}, nil
	}
	if strings.Contains(text, ":") || strings.Count(trimmed, "/") >= 2 {
		p, err := readPath(trimmed)
		return place{p}, err
	}
	entity, project, both := strings.Cut(trimmed, "/")
	if entity == "" || both && project == "" {
		return place{}, &artifacts.Error{
			Kind: artifacts.KindInvalid, Op: "read a path", Path: text, Message: "part of it is empty",
			Next: "see `reliquary help paths`",
		}
	}
	return place{artifacts.Path{Entity: entity, Project: project}}, nil
}

// collection reads the same text as the name of a collection, in the default
// entity and project.
func (p place) collection(ctx context.Context, c *artifacts.Client) (place, error) {
	parts := artifacts.Path{Collection: p.Entity}
	if p.Project != "" {
		parts = artifacts.Path{Project: p.Entity, Collection: p.Project}
	}
	full, err := c.Resolve(ctx, parts)
	return place{full}, err
}

// findPlace finds out what is meant by a path without a version: what it names
// from the left, or else a collection where the defaults lead.
func findPlace(ctx context.Context, c *artifacts.Client, text string) (place, error) {
	p, err := readPlace(text)
	if err != nil || text == "" || p.Collection != "" {
		if err == nil && p.Collection != "" {
			p.Path, err = c.Resolve(ctx, p.Path)
		}
		return p, err
	}
	if p.Project == "" {
		_, _, err = c.Projects(p.Entity, &artifacts.ProjectsOptions{PerPage: 1}).Page(ctx)
	} else {
		_, _, err = c.ArtifactTypes(p.Entity, p.Project, &artifacts.TypesOptions{PerPage: 1}).Page(ctx)
	}
	if !errors.Is(err, artifacts.ErrNotFound) {
		return p, err
	}
	as, aerr := p.collection(ctx, c)
	if aerr != nil {
		return p, err
	}
	if _, aerr := c.ArtifactCollection(as.Entity, as.Project, "", as.Collection).Attrs(ctx); aerr == nil {
		return as, nil
	}
	return p, missingPlace(ctx, c, p, err)
}

// missingPlace says what there is instead of an entity or project.
func missingPlace(ctx context.Context, c *artifacts.Client, p place, err error) error {
	if p.Project != "" {
		return tools.Suggest(ctx, c, p.Path, err)
	}
	entities, verr := listEntities(ctx, c)
	if verr != nil {
		return err
	}
	return &tools.Error{
		Code:       artifacts.KindNotFound,
		Message:    fmt.Sprintf("there is no entity %q that this API key may see, and no such collection in your default project", p.Entity),
		Candidates: tools.Nearest(p.Entity, entities),
		Next:       "your entities are " + strings.Join(entities, ", "),
	}
}

// listEntities are those that the API key belongs to.
func listEntities(ctx context.Context, c *artifacts.Client) ([]string, error) {
	viewer, err := c.Viewer(ctx)
	if err != nil {
		return nil, err
	}
	var entities []string
	seen := map[string]bool{"": true}
	for _, e := range append([]string{viewer.Entity}, viewer.Teams...) {
		if !seen[e] {
			seen[e] = true
			entities = append(entities, e)
		}
	}
	return entities, nil
}

// findVersion finds one version; what is misspelt gets the nearest names.
func findVersion(ctx context.Context, c *artifacts.Client, text string) (*artifacts.Artifact, error) {
	p, err := readPath(text)
	if err != nil {
		return nil, err
	}
	if p.Alias == "" {
		p.Alias = "latest"
	}
	a, err := c.Artifact(ctx, p.String())
	if err != nil {
		return nil, tools.Suggest(ctx, c, p, err)
	}
	return a, nil
}
