package tools

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/reliquary/reliquary/artifacts"
)

// mostTagged bounds how many collections one plan tags.
const mostTagged = 1000

// checkTags refuses what the schema cannot.
func (in PlanChangeInput) checkTags() error {
	switch {
	case len(in.AddTags)+len(in.RemoveTags) == 0:
		return invalid("add_tags", "give add_tags, remove_tags or both", "no tag was named")
	case in.NameContains == "" && in.Type == "":
		return invalid("name_contains", "give name_contains, type or both", "nothing says which collections are meant")
	}
	for _, tag := range in.AddTags {
		if slices.Contains(in.RemoveTags, tag) {
			return invalid("remove_tags", "name each tag once", "the tag %s is to be both added and removed", quote(tag))
		}
	}
	return nil
}

// A taggedState is a collection that is to be tagged.
type taggedState struct {
	ID, Path, Type string
	Tags           []string
	collection     *artifacts.ArtifactCollection
	want           []string
}

// readTagging reads the collections that are to be tagged.
func (in PlanChangeInput) readTagging(ctx context.Context, c *artifacts.Client) (*change, error) {
	at, err := readProject(ctx, c, "project", in.Project)
	if err != nil {
		return nil, err
	}
	at.Type, at.TypeArgument = in.Type, "type"
	opts := &artifacts.CollectionsOptions{Filters: collectionFilters(ListArtifactCollectionsInput{NameContains: in.NameContains}), PerPage: statePerPage}
	var all []taggedState
	for a, err := range c.ArtifactCollections(at.Entity, at.Project, in.Type, opts).All(ctx) {
		if err != nil {
			return nil, suggest(ctx, c, at, err)
		}
		attrs, err := a.Attrs(ctx)
		if err != nil {
			return nil, err
		}
		if len(all) == mostTagged {
			return nil, invalid("name_contains", "say more of the name, or give the type", "more than %d collections fit, too many for one plan", mostTagged)
		}
		s := taggedState{ID: attrs.ID, Path: a.Path(), Type: attrs.Type, Tags: slices.Sorted(slices.Values(attrs.Tags)), collection: a}
		s.want = without(append(slices.Clone(attrs.Tags), in.AddTags...), in.RemoveTags)
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b taggedState) int { return strings.Compare(a.Path, b.Path) })
	var items, kept []PlannedThing
	var todo []taggedState
	for _, s := range all {
		if sameWords(s.want, s.Tags) {
			kept = append(kept, PlannedThing{Name: s.Path, Why: "has these tags already"})
			continue
		}
		why := s.Type
		if in.NameContains != "" {
			why += fmt.Sprintf(", its name contains %s", quote(in.NameContains))
		}
		items = append(items, PlannedThing{Name: s.Path, Why: why})
		todo = append(todo, s)
	}
	words := "tags " + count(len(todo), "collection")
	if len(in.AddTags) > 0 {
		words += ", adding " + list(in.AddTags)
	}
	if len(in.RemoveTags) > 0 {
		words += ", removing " + list(in.RemoveTags)
	}
	out := PlanChangeOutput{Summary: words, UsesComplete: true}
	out.show(items, kept)
	state, err := stateOf(struct {
		Server string
		All    []taggedState
	}{c.BaseURL(), all})
	return &change{state: state, shown: out, things: len(todo), apply: func(ctx context.Context) (ApplyPlanOutput, error) {
		return tagAll(ctx, todo)
	}}, err
}

// tagAll gives each collection the tags that it is to have.
func tagAll(ctx context.Context, todo []taggedState) (ApplyPlanOutput, error) {
	var mu sync.Mutex
	var out ApplyPlanOutput
	var first error
	var g errgroup.Group
	g.SetLimit(6)
	for _, s := range todo {
		g.Go(func() error {
			err := s.collection.SetTags(s.want)
			if err == nil {
				err = s.collection.Save(ctx)
			}
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				out.Done++
				return nil
			}
			if first == nil {
				first = err
			}
			out.Failed = append(out.Failed, PlannedThing{Name: s.Path, Why: clip(err.Error(), clippedInLists)})
			return nil
		})
	}
	_ = g.Wait() // they report for themselves
	if out.Done == 0 && first != nil {
		return out, first
	}
	slices.SortFunc(out.Failed, func(a, b PlannedThing) int { return strings.Compare(a.Name, b.Name) })
	out.Summary, out.Complete = "tagged "+count(out.Done, "collection"), len(out.Failed) == 0
	return out, nil
}
