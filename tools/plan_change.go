package tools

import (
	"context"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

// PlanChangeInput says what is to be done, and to what.
type PlanChangeInput struct {
	Action string `json:"action" jsonschema:"enum=delete_artifacts,enum=delete_collection,enum=tag_collections"`
	// delete_artifacts: these versions.
	Artifacts []string `json:"artifacts,omitempty" jsonschema:"maxItems=100"`
	// delete_collection: this one. delete_artifacts, instead of artifacts: all its versions without alias, link and use by a run.
	Collection string `json:"collection,omitempty"`
	// With that: those that runs used, too.
	IncludeUsed bool `json:"include_used,omitempty"`
	// tag_collections: in this project, whose name contains this, of this type.
	Project      string   `json:"project,omitempty"`
	NameContains string   `json:"name_contains,omitempty"`
	Type         string   `json:"type,omitempty"`
	AddTags      []string `json:"add_tags,omitempty" jsonschema:"maxItems=50"`
	RemoveTags   []string `json:"remove_tags,omitempty" jsonschema:"maxItems=50"`
}

// PlanChangeOutput is what would be done. Show it to the user.
type PlanChangeOutput struct {
	// For apply_plan, until expires_at and while nothing changes. Absent: there is nothing to do.
	PlanID    string   `json:"plan_id,omitempty"`
	ExpiresAt Moment   `json:"expires_at"`
	Summary   string   `json:"summary"`
	Warnings  []string `json:"warnings"`
	// What would be changed, and why; the rest is counted.
	Items     []PlannedThing `json:"items"`
	MoreItems int            `json:"more_items,omitempty"`
	// What stays, and why.
	Kept     []PlannedThing `json:"kept,omitempty"`
	MoreKept int            `json:"more_kept,omitempty"`
	// Sum of the versions.
	SizeBytes *Bytes `json:"size_bytes,omitempty"`
	// Of that: what no version that stays in the collection shares. Absent: not worked out.
	FreedBytes *Bytes `json:"freed_bytes,omitempty"`
	// Runs that used what would go, and what was made from it further on.
	UsedBy   []string `json:"used_by,omitempty"`
	Indirect []string `json:"indirect,omitempty"`
	// Nothing that uses it is left out.
	UsesComplete bool `json:"uses_complete"`
	// No other call can undo it.
	Destroys bool `json:"destroys"`
}

// PlannedThing is one thing in a plan.
type PlannedThing struct {
	Name      string `json:"name"`
	Why       string `json:"why"`
	SizeBytes *Bytes `json:"size_bytes,omitempty"`
}

const planChangeName = "plan_change"

func planChange() Operation { return planningChange(time.Now) }

// planningChange is planChange by a given clock.
func planningChange(now func() time.Time) Operation {
	return Define(planChangeName, Reads, Words{
		Title:       "Plan a change",
		Description: "Plan what destroys or touches many: delete versions (named ones, or all of a collection that nobody would miss), delete a collection, or tag all collections that fit. Changes nothing; lists each thing and why, and gives the plan_id for apply_plan.",
		Toolset:     ToolsetArtifacts,
	}, func(ctx context.Context, c *artifacts.Client, in PlanChangeInput) (PlanChangeOutput, error) {
		if err := in.check(); err != nil {
			return PlanChangeOutput{}, err
		}
		change, err := in.read(ctx, c)
		if err != nil {
			return PlanChangeOutput{}, err
		}
		until := now().Add(planLasts).Truncate(time.Second)
		out := change.shown
		out.Destroys = in.Action != "tag_collections"
		out.ExpiresAt = moment(until)
		if change.things > 0 {
			out.PlanID, err = sealChange(in, change.state, until)
		} else {
			out.Warnings = append(out.Warnings, "nothing fits, so that there is no plan to apply")
		}
		return out, err
	})
}

// check refuses what the schema cannot.
func (in PlanChangeInput) check() error {
	given := map[string]bool{
		"artifacts": in.Artifacts != nil, "collection": in.Collection != "", "include_used": in.IncludeUsed,
		"project": in.Project != "", "name_contains": in.NameContains != "", "type": in.Type != "",
		"add_tags": in.AddTags != nil, "remove_tags": in.RemoveTags != nil,
	}
	takes := map[string][]string{
		"delete_artifacts":  {"artifacts", "collection", "include_used"},
		"delete_collection": {"collection"},
		"tag_collections":   {"project", "name_contains", "type", "add_tags", "remove_tags"},
	}[in.Action]
	for _, name := range takes {
		delete(given, name)
	}
	for _, name := range []string{"artifacts", "collection", "include_used", "project", "name_contains", "type", "add_tags", "remove_tags"} {
		if given[name] {
			return invalid(name, in.Action+" takes "+list(takes), "%s says nothing about %s; nothing was planned", name, in.Action)
		}
	}
	switch in.Action {
	case "delete_artifacts":
		return in.selection().check()
	case "delete_collection":
		if in.Collection == "" {
			return invalid("collection", collectionForm, "collection is missing")
		}
	case "tag_collections":
		return in.checkTags()
	}
	return nil
}

func (in PlanChangeInput) selection() ArtifactSelection {
	return ArtifactSelection{Artifacts: in.Artifacts, Collection: in.Collection, IncludeUsed: in.IncludeUsed}
}

// read reads what the change is about.
func (in PlanChangeInput) read(ctx context.Context, c *artifacts.Client) (*change, error) {
	switch in.Action {
	case "delete_collection":
		return in.readCollection(ctx, c)
	case "tag_collections":
		return in.readTagging(ctx, c)
	}
	return in.readDeletion(ctx, c)
}

// show fills in things, as many as an answer may hold.
func (out *PlanChangeOutput) show(items, kept []PlannedThing) {
	out.Items, out.MoreItems = someThings(items, planItemBytes)
	out.Kept, out.MoreKept = someThings(kept, planKeptBytes)
	if out.Warnings == nil {
		out.Warnings = []string{}
	}
}

// How much of a plan is shown, as JSON.
const (
	planItemBytes = 10_000
	planKeptBytes = 5_000
)

// someThings are the first of many things, and how many more there are.
func someThings(all []PlannedThing, bytes int) (first []PlannedThing, more int) {
	first = []PlannedThing{}
	for i, t := range all {
		if bytes -= len(t.Name) + len(t.Why) + 40; bytes < 0 {
			return first, len(all) - i
		}
		first = append(first, t)
	}
	return first, 0
}
