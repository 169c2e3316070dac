package tools

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools/internal/nearest"
)

// How hard to look for what was meant: one page of each list, in a time that
// nobody minds waiting for an error.
const (
	suggestionsWithin = 5 * time.Second
	suggestionsFrom   = 500
	suggestionsAtMost = 5
)

// Suggest gives an error that a front end met while it worked with package
// artifacts what errors of operations have: which part of the path is missing,
// and which existing names are nearest to it. Errors other than those of
// KindNotFound are returned as they are. The path may name a project, a
// collection or a version.
func Suggest(ctx context.Context, c *artifacts.Client, p artifacts.Path, err error) error {
	if !errors.Is(err, artifacts.ErrNotFound) {
		return err
	}
	at, rerr := resolve(ctx, c, asked{Path: p})
	if rerr != nil {
		return err
	}
	return suggest(ctx, c, at, err)
}

// Nearest are those of the known names that somebody who wrote name probably
// meant, the likeliest first; none if it has little in common with any.
func Nearest(name string, known []string) []string {
	return nearest.Names(name, known, suggestionsAtMost)
}

// suggest adds to an error of KindNotFound which part is missing and which
// existing names are nearest to it. Other errors, and those whose cause cannot
// be found out, are returned as they are.
func suggest(ctx context.Context, c *artifacts.Client, a asked, err error) error {
	if !errors.Is(err, artifacts.ErrNotFound) {
		return err
	}
	e := explained(ctx, err)
	if e.Argument == "" {
		e.Argument = a.Argument
	}
	ctx, cancel := context.WithTimeout(ctx, suggestionsWithin)
	defer cancel()
	for _, look := range []func(context.Context, *artifacts.Client, asked, *Error) bool{
		suggestPlace, suggestType, suggestCollection, suggestVersion,
	} {
		if look(ctx, c, a, e) {
			break
		}
	}
	return e
}

// suggestPlace reports whether the project, or the entity, is what is missing.
func suggestPlace(ctx context.Context, c *artifacts.Client, a asked, e *Error) bool {
	_, _, err := c.ArtifactTypes(a.Entity, a.Project, &artifacts.TypesOptions{PerPage: 1}).Page(ctx)
	if !errors.Is(err, artifacts.ErrNotFound) {
		return err != nil // it cannot be found out
	}
	e.Message = fmt.Sprintf("there is no project %q in entity %q that this API key may see", a.Project, a.Entity)
	e.Next = "ask the user for the entity and project, which stand in the address of its page"
	projects, info, err := c.Projects(a.Entity, &artifacts.ProjectsOptions{PerPage: suggestionsFrom}).Page(ctx)
	if err == nil && len(projects) > 0 {
		names := make([]string, len(projects))
		for i, p := range projects {
			names[i] = p.Name
		}
		propose(e, a.Project, names, !info.HasNextPage, func(name string) string { return a.elsewhere(a.Entity, name) }, "projects of "+a.Entity, "")
		return true
	}
	suggestEntity(ctx, c, a, e)
	return true
}

// suggestEntity offers the entities that the API key knows.
func suggestEntity(ctx context.Context, c *artifacts.Client, a asked, e *Error) {
	viewer, err := c.Viewer(ctx)
	if err != nil {
		return
	}
	entities := viewer.Teams
	if viewer.Entity != "" && !slices.Contains(entities, viewer.Entity) {
		entities = append([]string{viewer.Entity}, entities...)
	}
	if slices.Contains(entities, a.Entity) {
		return // it is there, and has no projects
	}
	for _, entity := range nearest.Names(a.Entity, entities, suggestionsAtMost) {
		e.Candidates = append(e.Candidates, a.elsewhere(entity, a.Project))
	}
	e.Next = "the entities of this API key are " + strings.Join(some20(allSaid(entities)), ", ") + "; call again with one of them"
}

// elsewhere is the path that was asked for, in another project.
func (a asked) elsewhere(entity, project string) string {
	path := entity + "/" + project
	switch {
	case a.Run != "":
		path += "/" + a.Run
	case a.Collection != "":
		path += "/" + a.Name()
	}
	return path
}

// suggestType reports whether the type is what is missing.
func suggestType(ctx context.Context, c *artifacts.Client, a asked, e *Error) bool {
	if a.Type == "" {
		return false
	}
	types, info, err := c.ArtifactTypes(a.Entity, a.Project, &artifacts.TypesOptions{PerPage: suggestionsFrom}).Page(ctx)
	if err != nil {
		return true
	}
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.Name()
	}
	if slices.Contains(names, a.Type) {
		return false
	}
	e.Argument = a.TypeArgument
	e.Message = fmt.Sprintf("project %q has no artifact type %q", a.place(), a.Type)
	propose(e, a.Type, names, !info.HasNextPage, func(name string) string { return name }, "types", "list_artifact_types")
	return true
}

// suggestCollection reports whether the collection is what is missing.
func suggestCollection(ctx context.Context, c *artifacts.Client, a asked, e *Error) bool {
	if a.Collection == "" {
		return true // it was about something else in the project, as a run
	}
	attrs, err := c.ArtifactCollection(a.Entity, a.Project, "", a.Collection).Attrs(ctx)
	if err == nil && a.Type != "" && attrs.Type != a.Type {
		e.Message = fmt.Sprintf("collection %q is of type %q, not %q", a.place()+"/"+a.Collection, attrs.Type, a.Type)
		e.Argument, e.Candidates = a.TypeArgument, []string{attrs.Type}
		e.Next = "leave the type out, or give the right one"
		return true
	}
	if !errors.Is(err, artifacts.ErrNotFound) {
		return err != nil
	}
	e.Message = fmt.Sprintf("project %q has no collection %q", a.place(), a.Collection)
	found, info, err := c.ArtifactCollections(a.Entity, a.Project, "", &artifacts.CollectionsOptions{PerPage: suggestionsFrom}).Page(ctx)
	if err != nil {
		return true
	}
	names := make([]string, len(found))
	for i, f := range found {
		names[i] = f.Name()
	}
	if versionForm.MatchString(a.Collection) && len(names) > 0 {
		e.Next = fmt.Sprintf("name a version with its collection, as in %q; the collections are %s",
			a.place()+"/"+names[0]+":"+a.Collection, strings.Join(some20(names), ", "))
		return true
	}
	propose(e, a.Collection, names, !info.HasNextPage, func(name string) string {
		return artifacts.Path{Entity: a.Entity, Project: a.Project, Collection: name, Alias: a.Alias}.String()
	}, "collections", "list_artifact_collections")
	return true
}

// versionForm is what the server calls versions.
var versionForm = regexp.MustCompile(`^v[0-9]+$`)

// suggestVersion reports whether the alias or version is what is missing.
func suggestVersion(ctx context.Context, c *artifacts.Client, a asked, e *Error) bool {
	if a.Alias == "" {
		return true
	}
	collection := c.ArtifactCollection(a.Entity, a.Project, "", a.Collection)
	aliases, err := collection.Aliases(ctx)
	if err != nil {
		return true
	}
	versions, info, err := collection.Artifacts(&artifacts.ArtifactsOptions{PerPage: suggestionsFrom}).Page(ctx)
	if err != nil {
		return true
	}
	path := a.place() + "/" + a.Collection
	e.Message = fmt.Sprintf("collection %q has no version or alias %q", path, a.Alias)
	if len(versions) == 0 {
		e.Next = "the collection has no versions; log one first"
		return true
	}
	names := aliases
	for _, v := range versions {
		names = append(names, v.Version)
	}
	propose(e, a.Alias, names, !info.HasNextPage, func(name string) string { return path + ":" + name }, "aliases and versions", "list_artifacts")
	return true
}

// propose puts the nearest names into e, in full; all of them where they are
// few. list is the operation that lists them, or "".
func propose(e *Error, name string, names []string, whole bool, full func(string) string, what, list string) {
	for _, n := range nearest.Names(name, names, suggestionsAtMost) {
		e.Candidates = append(e.Candidates, full(n))
	}
	switch {
	case len(e.Candidates) > 0:
		e.Next = fmt.Sprintf("if %q is meant, call again with it", e.Candidates[0])
		if list != "" {
			e.Next += "; otherwise see " + list
		}
	case whole && len(names) == 0:
		e.Next = "there are no " + what + " at all"
	case whole && len(names) <= 20 || list == "":
		e.Next = "the " + what + " are " + strings.Join(some20(allSaid(names)), ", ")
	default:
		e.Next = fmt.Sprintf("see %s for the %s that there are", list, what)
	}
}

func some20(values []string) []string {
	first, more := some(values, 20)
	if more > 0 {
		first = append(first, fmt.Sprintf("%d more", more))
	}
	return first
}
