package tools

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

// UpdateArtifactInput says what to change in a version.
type UpdateArtifactInput struct {
	Artifact string `json:"artifact" jsonschema:"example=team/vision/detector:v12"`
	// "" removes it.
	Description *string `json:"description,omitempty" jsonschema:"maxLength=100000"`
	// Sets entries; null takes one out. The others stay.
	Metadata *Object `json:"metadata,omitempty"`
	// Takes out all entries that metadata does not name.
	ReplaceMetadata bool `json:"replace_metadata,omitempty"`
	// Move here from the version that has them.
	AddAliases    []string `json:"add_aliases,omitempty" jsonschema:"maxItems=50"`
	RemoveAliases []string `json:"remove_aliases,omitempty" jsonschema:"maxItems=50"`
	// Where add_aliases must be now: a version such as v11, or none. Else nothing is done.
	Expected   string   `json:"expected,omitempty" jsonschema:"pattern=^(v[0-9]+|none)$,example=v11"`
	AddTags    []string `json:"add_tags,omitempty" jsonschema:"maxItems=100"`
	RemoveTags []string `json:"remove_tags,omitempty" jsonschema:"maxItems=100"`
	// Deleted so long after its creation; 0: never.
	TTLSeconds *int64 `json:"ttl_seconds,omitempty" jsonschema:"minimum=0"`
	Reasoned
}

// UpdateArtifactOutput is what was changed.
type UpdateArtifactOutput struct {
	Artifact string `json:"artifact"`
	// Empty if all was so already.
	Changed []ArtifactChange `json:"changed"`
}

// ArtifactChange is one changed property of a version.
type ArtifactChange struct {
	Field   string   `json:"field"`
	From    string   `json:"from,omitempty"`
	To      string   `json:"to,omitempty"`
	Added   []string `json:"added,omitempty"`
	Removed []string `json:"removed,omitempty"`
	// Aliases that were on another version, as alias (v3).
	Moved []string `json:"moved,omitempty"`
}

func updateArtifact() Operation {
	return Define("update_artifact", Writes, Words{
		Title:       "Change an artifact version",
		Description: "Describe or tag an artifact version, move or remove its aliases (to promote it), change metadata or time to live. Tells what changed.",
		Toolset:     ToolsetArtifacts,
	}, func(ctx context.Context, c *artifacts.Client, in UpdateArtifactInput) (UpdateArtifactOutput, error) {
		var out UpdateArtifactOutput
		if err := in.check(); err != nil {
			return out, err
		}
		a, err := artifactAt(ctx, c, "artifact", in.Artifact)
		if err != nil {
			return out, err
		}
		holders, err := in.holders(ctx, c, a)
		if err != nil {
			return out, err
		}
		ctx = in.reasoned(ctx)
		before := *a
		if in.Expected != "" {
			// Looked at above, and once more by a server that can do both at once.
			for _, alias := range in.AddAliases {
				if _, err := a.MoveAlias(ctx, alias, in.Expected); err != nil {
					return out, blameMove(err, "expected")
				}
			}
		}
		if err := in.set(a); err != nil {
			return out, err
		}
		if err := a.Save(ctx); err != nil {
			return out, err
		}
		out.Artifact, out.Changed = a.QualifiedName(), artifactDifferences(before, *a, holders)
		return out, nil
	})
}

// check refuses what the schema cannot.
func (in UpdateArtifactInput) check() error {
	switch {
	case in.Description == nil && in.Metadata == nil && in.AddAliases == nil && in.RemoveAliases == nil && in.AddTags == nil && in.RemoveTags == nil && in.TTLSeconds == nil:
		return invalid("", "give one or more of description, metadata, add_aliases, remove_aliases, add_tags, remove_tags, ttl_seconds", "nothing to change was given")
	case in.Expected != "" && len(in.AddAliases) == 0:
		return invalid("expected", "leave it out, or name the aliases in add_aliases", "expected is about aliases to add, and there are none")
	case in.ReplaceMetadata && in.Metadata == nil:
		return invalid("replace_metadata", "give the new metadata, {} for none", "replace_metadata says nothing without metadata")
	}
	for _, pair := range []struct {
		argument string
		add, rid []string
	}{{"remove_aliases", in.AddAliases, in.RemoveAliases}, {"remove_tags", in.AddTags, in.RemoveTags}} {
		for _, w := range pair.add {
			if slices.Contains(pair.rid, w) {
				return invalid(pair.argument, "name each once", "%q is to be both added and removed", clip(w, clippedInLists))
			}
		}
	}
	return nil
}

// holders finds which versions have the aliases that are to be added, "" for
// none, and refuses if they are not where they are expected. W&B's protocol
// takes no condition: what changes between this and the change is seen by the
// embedded registry only (see artifacts.Artifact.MoveAlias).
func (in UpdateArtifactInput) holders(ctx context.Context, c *artifacts.Client, a *artifacts.Artifact) (map[string]string, error) {
	holders := map[string]string{}
	if len(in.AddAliases) == 0 {
		return holders, nil
	}
	paths := make([]string, len(in.AddAliases))
	for i, alias := range in.AddAliases {
		paths[i] = artifacts.Path{Entity: a.Entity, Project: a.Project, Collection: a.Collection, Alias: alias}.String()
	}
	found, err := c.FindArtifacts(ctx, paths)
	if err != nil {
		return nil, err
	}
	for i, f := range found {
		switch alias := in.AddAliases[i]; {
		case f.Err == nil:
			holders[alias] = f.Artifact.Version
		case !errors.Is(f.Err, artifacts.ErrNotFound):
			return nil, blame("add_aliases", f.Err)
		}
	}
	if in.Expected == "" {
		return holders, nil
	}
	for _, alias := range in.AddAliases {
		now := holders[alias]
		if now == "" {
			now = "none"
		}
		if now == a.Version || now == in.Expected {
			continue // there already, or where it was said to be
		}
		where := "on version " + now
		if now == "none" {
			where = "on no version"
		}
		return nil, &Error{
			Code: artifacts.KindConflict, Argument: "expected",
			Message: "the alias " + strconv.Quote(alias) + " is " + where + " and was expected on " + in.Expected + "; nothing was changed",
			Next:    "find out who moved it, and call again with expected " + now + " if it is still to be moved",
		}
	}
	return holders, nil
}

// set gives the version what differs from what it has.
func (in UpdateArtifactInput) set(a *artifacts.Artifact) error {
	if in.Description != nil {
		a.SetDescription(*in.Description)
	}
	if in.Metadata != nil {
		change := a.MergeMetadata
		if in.ReplaceMetadata {
			change = a.SetMetadata
		}
		if err := change(in.Metadata.RawMessage); err != nil {
			return blame("metadata", err)
		}
	}
	if err := a.AddAliases(in.AddAliases...); err != nil {
		return blame("add_aliases", err)
	}
	a.RemoveAliases(in.RemoveAliases...)
	if err := a.AddTags(in.AddTags...); err != nil {
		return blame("add_tags", err)
	}
	a.RemoveTags(in.RemoveTags...)
	if in.TTLSeconds == nil || *in.TTLSeconds == ttlSeconds(a.TTL) {
		return nil
	}
	var ttl *time.Duration
	if *in.TTLSeconds > 0 {
		if *in.TTLSeconds > mostSeconds {
			return tooLongToKeep(*in.TTLSeconds)
		}
		d := time.Duration(*in.TTLSeconds) * time.Second
		if ends := a.CreatedAt.Add(d); time.Until(ends) < soonestExpiry {
			return invalid("ttl_seconds",
				"give more (it counts from when the version was made), or delete the version by plan_change and apply_plan",
				"with ttl_seconds %d the version would be deleted at %s", *in.TTLSeconds, moment(ends).Format(time.RFC3339))
		}
		ttl = &d
	}
	if err := a.SetTTL(ttl); err != nil {
		return blame("ttl_seconds", err)
	}
	return nil
}

// soonestExpiry is what a new time to live has to leave of a version's life: to
// let it expire at once would be to delete it without a plan.
const soonestExpiry = 15 * time.Minute

// mostSeconds is as long as a time.Duration can be.
const mostSeconds = int64(1<<63-1) / int64(time.Second)

func tooLongToKeep(seconds int64) *Error {
	return invalid("ttl_seconds", "give fewer, or 0 for ever", "ttl_seconds is %d, which is longer than 292 years", seconds)
}

// ttlSeconds is 0 for ever.
func ttlSeconds(ttl *time.Duration) int64 {
	if ttl == nil {
		return 0
	}
	return int64(ttl.Seconds())
}

// artifactDifferences are what changed between two states of a version.
func artifactDifferences(before, after artifacts.Artifact, holders map[string]string) []ArtifactChange {
	changed := []ArtifactChange{}
	texts := func(field, from, to string) {
		if from != to {
			changed = append(changed, ArtifactChange{Field: field, From: clip(from, clippedAlone), To: clip(to, clippedAlone)})
		}
	}
	words := func(field string, was, is []string) {
		c := ArtifactChange{Field: field, Added: without(is, was), Removed: without(was, is)}
		if field == "aliases" {
			for _, alias := range c.Added {
				if from := holders[alias]; from != "" {
					c.Moved = append(c.Moved, alias+" ("+from+")")
				}
			}
		}
		if len(c.Added)+len(c.Removed) > 0 {
			changed = append(changed, c)
		}
	}
	texts("description", text(before.Description), text(after.Description))
	words("aliases", before.Aliases, after.Aliases)
	words("tags", before.Tags, after.Tags)
	texts("ttl_seconds", strconv.FormatInt(ttlSeconds(before.TTL), 10), strconv.FormatInt(ttlSeconds(after.TTL), 10))
	var was, is map[string]json.RawMessage
	if json.Unmarshal(before.Metadata, &was) != nil {
		was = nil // it had none
	}
	if json.Unmarshal(after.Metadata, &is) != nil {
		is = nil
	}
	c := ArtifactChange{Field: "metadata"}
	for k, v := range is {
		if old, ok := was[k]; !ok || string(old) != string(v) {
			c.Added = append(c.Added, clip(k, clippedInLists))
		}
	}
	for k := range was {
		if _, ok := is[k]; !ok {
			c.Removed = append(c.Removed, clip(k, clippedInLists))
		}
	}
	if len(c.Added)+len(c.Removed) > 0 {
		slices.Sort(c.Added)
		slices.Sort(c.Removed)
		changed = append(changed, c)
	}
	return changed
}
