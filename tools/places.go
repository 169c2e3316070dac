package tools

import (
	"context"
	"fmt"
	"strings"

	"github.com/reliquary/reliquary/artifacts"
)

// How places are written, for messages.
const (
	projectForm    = `write it as "entity/project"; the entity, or both, can be left out where a default is configured`
	collectionForm = `write it as "entity/project/collection"; entity and project can be left out where defaults are configured`
	artifactForm   = `write it as "entity/project/collection:alias", with an alias such as latest or a version such as v3`
	runForm        = `write it as "entity/project/run", with the run's id, which is the last part of its URL`
)

// asked is what a call was about: the parts that are known of it, and the
// arguments that they came in.
type asked struct {
	artifacts.Path
	Type, Run string
	// Argument is the one that holds the path, TypeArgument the one with the type.
	Argument, TypeArgument string
}

// place is "entity/project".
func (a asked) place() string { return a.Entity + "/" + a.Project }

// readProject reads "entity/project", "project" or "".
func readProject(ctx context.Context, c *artifacts.Client, argument, s string) (asked, error) {
	var p artifacts.Path
	if s != "" {
		parts, err := split(argument, s, 2, projectForm)
		if err != nil {
			return asked{}, err
		}
		p.Project = parts[len(parts)-1]
		if len(parts) == 2 {
			p.Entity = parts[0]
		}
	}
	return resolve(ctx, c, asked{Path: p, Argument: argument})
}

// readCollection reads "[[entity/]project/]collection".
func readCollection(ctx context.Context, c *artifacts.Client, argument, s string) (asked, error) {
	p, err := artifacts.ParsePath(s)
	switch {
	case err != nil:
		meant, _, _ := strings.Cut(inURL(s), ":")
		return asked{}, badPath(argument, collectionForm, meant, err)
	case p.Alias != "":
		return asked{}, invalid(argument, "leave the colon and what follows it out, or ask about the version with get_artifact",
			"%s is %q, which names a version rather than its collection", argument, clip(s, clippedInLists))
	}
	return resolve(ctx, c, asked{Path: p, Argument: argument})
}

// readArtifact reads "[[entity/]project/]collection[:alias]".
func readArtifact(ctx context.Context, c *artifacts.Client, argument, s string) (asked, error) {
	p, err := artifacts.ParsePath(s)
	if err != nil {
		return asked{}, badPath(argument, artifactForm, inURL(s), err)
	}
	if alias, file, ok := strings.Cut(p.Alias, "/"); ok {
		p.Alias = alias
		e := invalid(argument, "name the version alone, and the file as path of preview_artifact_file",
			"%s is %q, which names the file %q of a version", argument, clip(s, clippedInLists), clip(file, clippedInLists))
		e.Candidates = []string{p.String()}
		return asked{}, e
	}
	if p.Alias == "" {
		p.Alias = "latest"
	}
	return resolve(ctx, c, asked{Path: p, Argument: argument})
}

// readRun reads "[[entity/]project/]run".
func readRun(ctx context.Context, c *artifacts.Client, argument, s string) (asked, error) {
	parts, err := split(argument, s, 3, runForm)
	if err != nil {
		return asked{}, err
	}
	n := len(parts)
	a := asked{Run: parts[n-1], Argument: argument}
	if n > 1 {
		a.Project = parts[n-2]
	}
	if n > 2 {
		a.Entity = parts[n-3]
	}
	return resolve(ctx, c, a)
}

// split cuts a path into at most n parts, none of them empty.
func split(argument, s string, n int, form string) ([]string, error) {
	parts := strings.Split(s, "/")
	bad := ""
	switch {
	case len(parts) > n:
		bad = "has too many parts"
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == ':' }):
		bad = "holds a colon or control characters"
	}
	for _, p := range parts {
		if strings.TrimSpace(p) == "" {
			bad = "has an empty part"
		}
	}
	if bad != "" {
		return nil, invalid(argument, form, "%s is %q, which %s", argument, clip(s, clippedInLists), bad)
	}
	return parts, nil
}

// badPath tells of a path that cannot be read, in the words of this operation.
// meant is the path that it probably is, or "".
func badPath(argument, form, meant string, err error) error {
	e := explained(context.Background(), err)
	e.Argument, e.Next = argument, form
	if meant != "" {
		e.Candidates = []string{meant}
		e.Next = fmt.Sprintf("if %q is meant, call again with it; else %s", meant, form)
	}
	return e
}

// inURL is the path of the version or collection that an address names: a page of
// W&B, or a resource of `reliquary mcp`. "" if it names none.
func inURL(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return ""
	}
	rest, _, _ = strings.Cut(rest, "?")
	parts := strings.Split(strings.Trim(rest, "/"), "/")
	switch {
	case scheme == "wandb-artifact" && len(parts) >= 3:
		return strings.Join(parts[:3], "/")
	case (scheme == "https" || scheme == "http") && len(parts) >= 6 && parts[3] == "artifacts":
		path := parts[1] + "/" + parts[2] + "/" + parts[5]
		if len(parts) > 6 {
			path += ":" + parts[6]
		}
		return path
	}
	return ""
}

// resolve fills in the default entity and project.
func resolve(ctx context.Context, c *artifacts.Client, a asked) (asked, error) {
	var err error
	if a.Path, err = c.Resolve(ctx, a.Path); err != nil {
		return a, err
	}
	return a, checkAllowed(ctx, a.Argument, a.Entity, a.Project)
}
