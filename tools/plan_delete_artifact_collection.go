package tools

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

// PlanDeleteArtifactCollectionInput names the collection to be deleted.
type PlanDeleteArtifactCollectionInput struct {
	Collection string `json:"collection" jsonschema:"example=team/vision/detector"`
}

// PlanDeleteArtifactCollectionOutput is what would be deleted.
type PlanDeleteArtifactCollectionOutput struct {
	// For delete_artifact_collection, until expires_at and while nothing changes.
	PlanID     string `json:"plan_id"`
	ExpiresAt  Moment `json:"expires_at"`
	Collection string `json:"collection"`
	Type       string `json:"type"`
	Kind       string `json:"kind" jsonschema:"enum=sequence,enum=portfolio"`
	Summary    string `json:"summary"`
	// To be shown to the user.
	Warnings []string `json:"warnings"`
	Versions int      `json:"versions"`
	// Sum of the versions. Less is freed where they share files.
	SizeBytes Bytes `json:"size_bytes"`
	// Those that could be missed, then the newest.
	VersionsShown []PlannedVersion `json:"versions_shown"`
	// Runs.
	UsedBy         []string `json:"used_by"`
	UsedByComplete bool     `json:"used_by_complete"`
}

// PlannedVersion is a version that would be deleted.
type PlannedVersion struct {
	Version   string   `json:"version"`
	SizeBytes Bytes    `json:"size_bytes"`
	Aliases   []string `json:"aliases,omitempty"`
	Runs      int      `json:"runs,omitempty"`
	LinkedIn  []string `json:"linked_in,omitempty"`
}

// How much of a large plan is shown.
const (
	mostVersionsShown = 30
	mostNamesShown    = 10
	versionsBytes     = 12_000
)

const planCollectionName = "plan_delete_artifact_collection"

func planDeleteArtifactCollection() Operation { return planDelete(time.Now) }

// planDelete is planDeleteArtifactCollection by a given clock.
func planDelete(now func() time.Time) Operation {
	return Define(planCollectionName, Reads, Words{
		Title:       "Plan to delete an artifact collection",
		Description: "Show what deleting an artifact collection would take away: versions, aliases, sizes, and the runs and portfolios that use them. Deletes nothing; gives the plan_id that delete_artifact_collection needs. Show the result to the user before deleting.",
		Toolset:     ToolsetVersions,
	}, func(ctx context.Context, c *artifacts.Client, in PlanDeleteArtifactCollectionInput) (PlanDeleteArtifactCollectionOutput, error) {
		var out PlanDeleteArtifactCollectionOutput
		at, err := readCollection(ctx, c, "collection", in.Collection)
		if err != nil {
			return out, err
		}
		_, s, err := readState(ctx, c, at)
		if err != nil {
			return out, err
		}
		until := now().Add(planLasts).Truncate(time.Second)
		out = showPlan(s)
		out.ExpiresAt = moment(until)
		out.PlanID, err = sealPlan(s, until)
		return out, err
	})
}

// showPlan describes a state as what would go.
func showPlan(s collectionState) PlanDeleteArtifactCollectionOutput {
	out := PlanDeleteArtifactCollectionOutput{
		Collection: s.Path,
		Type:       s.Type,
		Kind:       kindName(s.Kind),
		Versions:   len(s.Versions),
		SizeBytes:  s.size(),
		Warnings:   []string{},
	}
	out.Summary = fmt.Sprintf("deletes the sequence with %s, and all files that no other version shares", count(len(s.Versions), "version"))
	if s.Kind == artifacts.Portfolio {
		out.Summary = fmt.Sprintf("deletes the portfolio with %s; the versions stay in the sequences that they were logged to", count(len(s.Versions), "link"))
		out.SizeBytes = 0
	}
	runs, complete := map[string]bool{}, s.UsesKnown
	var aliases, links []string
	pending := 0
	for _, v := range s.Versions {
		for _, r := range v.UsedBy {
			runs[r] = true
		}
		complete = complete && v.UsedByComplete
		for _, a := range v.Aliases {
			if a != "latest" { // every collection has it
				aliases = append(aliases, said(a)+" ("+v.Version+")")
			}
		}
		links = append(links, allSaid(v.Elsewhere)...)
		if v.State == artifacts.Pending {
			pending++
		}
	}
	all := slices.Sorted(maps.Keys(runs))
	var more int
	out.UsedBy, more = some(all, mostUsersShown)
	out.UsedByComplete = complete && more == 0
	warn := func(n int, of, what string, names []string) {
		if n > 0 {
			out.Warnings = append(out.Warnings, count(n, of)+what+list(names))
		}
	}
	warn(len(aliases), "alias", " given to its versions: ", aliases)
	warn(len(all), "run", " used its versions: ", allSaid(all))
	if s.Kind == artifacts.Sequence {
		warn(len(links), "link", " from other collections would be lost: ", links)
	}
	warn(pending, "version", " being written at this moment", nil)
	switch {
	case !s.UsesKnown:
		out.Warnings = append(out.Warnings, "this server does not tell who uses the versions: there may be runs and links that are not shown")
	case !complete:
		out.Warnings = append(out.Warnings, "the server names only some of the runs that used the versions")
	}
	out.VersionsShown = showVersions(s)
	return out
}

// count is "1 version", "2 versions".
func count(n int, of string) string {
	switch {
	case n == 1:
		return "1 " + of
	case strings.HasSuffix(of, "s"):
		of += "e"
	}
	return fmt.Sprintf("%d %ss", n, of)
}

// list joins names, the first of many.
func list(names []string) string {
	first, more := some(names, mostNamesShown)
	text := ""
	for i, n := range first {
		if i > 0 {
			text += ", "
		}
		text += n
	}
	if more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// showVersions are those that somebody could miss first, then the others.
func showVersions(s collectionState) []PlannedVersion {
	versions := slices.Clone(s.Versions)
	slices.SortStableFunc(versions, func(a, b versionState) int { return b.missed(s.Kind) - a.missed(s.Kind) })
	shown, size := []PlannedVersion{}, 0
	for _, v := range versions[:min(len(versions), mostVersionsShown)] {
		p := PlannedVersion{Version: v.Version, SizeBytes: Bytes(v.Size), Runs: len(v.UsedBy)}
		p.Aliases, _ = some(v.Aliases, mostNamesShown)
		if s.Kind == artifacts.Sequence { // a portfolio's versions are all held elsewhere
			p.LinkedIn, _ = some(v.Elsewhere, mostNamesShown)
		}
		// An estimate of its JSON that is never too small for names in ASCII.
		size += 100 + len(strings.Join(p.Aliases, `","`)) + len(strings.Join(p.LinkedIn, `","`))
		if size > versionsBytes && len(shown) > 0 {
			break
		}
		shown = append(shown, p)
	}
	return shown
}

// missed is 1 if somebody could miss the version.
func (v versionState) missed(kind artifacts.CollectionKind) int {
	named := slices.ContainsFunc(v.Aliases, func(a string) bool { return a != "latest" })
	if named || len(v.UsedBy) > 0 || kind == artifacts.Sequence && len(v.Elsewhere) > 0 {
		return 1
	}
	return 0
}
