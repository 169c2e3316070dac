package tools

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools/internal/nearest"
)

// SaveArtifactCollectionInput says what to change in a collection.
type SaveArtifactCollectionInput struct {
	Collection string `json:"collection" jsonschema:"example=team/vision/detector"`
	NewName    string `json:"new_name,omitempty" jsonschema:"maxLength=128"`
	// "" removes it.
	Description *string `json:"description,omitempty" jsonschema:"maxLength=100000"`
	// Moves it, with its versions, to this type.
	Type string `json:"type,omitempty" jsonschema:"maxLength=128"`
	// Allows a type that does not exist yet.
	CreateType bool `json:"create_type,omitempty"`
	// Replaces all tags.
	Tags       []string `json:"tags,omitempty" jsonschema:"maxItems=100"`
	AddTags    []string `json:"add_tags,omitempty" jsonschema:"maxItems=100"`
	RemoveTags []string `json:"remove_tags,omitempty" jsonschema:"maxItems=100"`
}

// SaveArtifactCollectionOutput is what was changed.
type SaveArtifactCollectionOutput struct {
	Collection string `json:"collection"`
	// Empty if all was so already.
	Changed []Change `json:"changed"`
}

// Change is one changed property.
type Change struct {
	Field   string   `json:"field" jsonschema:"enum=name,enum=description,enum=type,enum=tags"`
	From    string   `json:"from,omitempty"`
	To      string   `json:"to,omitempty"`
	Added   []string `json:"added,omitempty"`
	Removed []string `json:"removed,omitempty"`
}

func saveArtifactCollection() Operation {
	return Define("save_artifact_collection", Writes, Words{
		Title:       "Change an artifact collection",
		Description: "Rename or describe an artifact collection, change its tags, or move it to another type. Tells what changed, with the old values.",
		Toolset:     ToolsetArtifacts,
	}, func(ctx context.Context, c *artifacts.Client, in SaveArtifactCollectionInput) (SaveArtifactCollectionOutput, error) {
		var out SaveArtifactCollectionOutput
		if err := in.check(); err != nil {
			return out, err
		}
		at, err := readCollection(ctx, c, "collection", in.Collection)
		if err != nil {
			return out, err
		}
		a := c.ArtifactCollection(at.Entity, at.Project, "", at.Collection)
		before, err := a.Attrs(ctx)
		if err != nil {
			return out, suggest(ctx, c, at, err)
		}
		if err := in.checkType(ctx, c, before); err != nil {
			return out, err
		}
		if err := in.set(a, before); err != nil {
			return out, err
		}
		if err := a.Save(ctx); err != nil {
			return out, in.taken(ctx, err)
		}
		after, err := a.Attrs(ctx)
		if err != nil {
			return out, err
		}
		out.Collection, out.Changed = a.Path(), differences(before, after)
		return out, nil
	})
}

// taken says which argument a name is of that another collection has.
func (in SaveArtifactCollectionInput) taken(ctx context.Context, err error) error {
	e := explained(ctx, err)
	if e.Code == artifacts.KindConflict && in.NewName != "" && e.Argument == "" && e.Next == "" {
		e.Argument, e.Next = "new_name", "choose another name; list_artifact_collections shows those that are taken"
	}
	return e
}

// check refuses what the schema cannot.
func (in SaveArtifactCollectionInput) check() error {
	switch {
	case in.Tags != nil && (in.AddTags != nil || in.RemoveTags != nil):
		return invalid("tags", "give all tags that it shall have with tags, or the differences with add_tags and remove_tags",
			"tags cannot be replaced and changed in one call")
	case in.NewName == "" && in.Description == nil && in.Type == "" && in.Tags == nil && in.AddTags == nil && in.RemoveTags == nil:
		return invalid("", "give one or more of new_name, description, type, tags, add_tags, remove_tags", "nothing to change was given")
	}
	for _, tag := range in.AddTags {
		if slices.Contains(in.RemoveTags, tag) {
			return invalid("remove_tags", "name each tag once", "the tag %q is to be both added and removed", clip(tag, clippedInLists))
		}
	}
	return nil
}

// checkType refuses a type that does not exist unless it is meant to be made:
// W&B makes any type that it is given, the misspelt ones too.
func (in SaveArtifactCollectionInput) checkType(ctx context.Context, c *artifacts.Client, before artifacts.ArtifactCollectionAttrs) error {
	if in.Type == "" || in.Type == before.Type || in.CreateType {
		return nil
	}
	_, err := c.ArtifactType(before.Entity, before.Project, in.Type).Attrs(ctx)
	if !errors.Is(err, artifacts.ErrNotFound) {
		return err
	}
	var names []string
	for t, err := range c.ArtifactTypes(before.Entity, before.Project, nil).All(ctx) {
		if err != nil {
			return err
		}
		if names = append(names, t.Name()); len(names) == suggestionsFrom {
			break
		}
	}
	e := invalid("type", "call again with one of the types, or with create_type true if a new one is meant",
		"project %q has no artifact type %q; nothing was changed", before.Entity+"/"+before.Project, in.Type)
	e.Code = artifacts.KindNotFound
	if e.Candidates = nearest.Names(in.Type, names, suggestionsAtMost); len(e.Candidates) == 0 {
		e.Candidates, _ = some(names, 20)
	}
	return e
}

// set gives the collection the values that differ from those it has.
func (in SaveArtifactCollectionInput) set(a *artifacts.ArtifactCollection, before artifacts.ArtifactCollectionAttrs) error {
	if in.Description != nil && *in.Description != text(before.Description) {
		a.SetDescription(*in.Description)
	}
	if in.NewName != "" && in.NewName != before.Name {
		if err := a.SetName(in.NewName); err != nil {
			return blame("new_name", err)
		}
	}
	if in.Type != "" && in.Type != before.Type {
		if err := a.SetType(in.Type); err != nil {
			return blame("type", err)
		}
	}
	argument, tags := "tags", in.Tags
	if tags == nil {
		argument, tags = "add_tags", without(append(slices.Clone(before.Tags), in.AddTags...), in.RemoveTags)
	}
	if sameWords(tags, before.Tags) {
		return nil
	}
	if err := a.SetTags(tags); err != nil {
		return blame(argument, err)
	}
	return nil
}

// blame says which argument an error is about.
func blame(argument string, err error) error {
	e := explained(context.Background(), err)
	e.Argument = argument
	if e.Next == "" {
		e.Next = fmt.Sprintf("correct %s and call again; nothing was changed", argument)
	}
	return e
}

// differences are what changed between two states of a collection.
func differences(before, after artifacts.ArtifactCollectionAttrs) []Change {
	changed := []Change{}
	add := func(field, from, to string) {
		if from != to {
			changed = append(changed, Change{Field: field, From: clip(from, clippedAlone), To: clip(to, clippedAlone)})
		}
	}
	add("name", before.Name, after.Name)
	add("type", before.Type, after.Type)
	add("description", text(before.Description), text(after.Description))
	added, removed := without(after.Tags, before.Tags), without(before.Tags, after.Tags)
	if len(added)+len(removed) > 0 {
		changed = append(changed, Change{Field: "tags", Added: added, Removed: removed})
	}
	return changed
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// without are the words that are not among others, each once.
func without(words, others []string) []string {
	out := []string{}
	for _, w := range words {
		if !slices.Contains(others, w) && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

func sameWords(a, b []string) bool { return len(without(a, b))+len(without(b, a)) == 0 }
