package tools

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

// PlanDeleteArtifactsInput says which versions are to be deleted.
type PlanDeleteArtifactsInput struct{ ArtifactSelection }

// PlanDeleteArtifactsOutput is what would be deleted.
type PlanDeleteArtifactsOutput struct {
	// For delete_artifacts with the same arguments, until expires_at and while nothing changes.
	PlanID    string `json:"plan_id,omitempty"`
	ExpiresAt Moment `json:"expires_at"`
	Summary   string `json:"summary"`
	// To be shown to the user.
	Warnings []string `json:"warnings"`
	Versions int      `json:"versions"`
	// Versions of the collection that stay.
	Kept int `json:"kept,omitempty"`
	// Sum of the versions. Less is freed where they share files.
	SizeBytes Bytes `json:"size_bytes"`
	// What is truly freed, once collected. Absent: the server does not tell.
	FreedBytes *Bytes `json:"freed_bytes,omitempty"`
	// Those that could be missed, then the largest.
	VersionsShown []PlannedVersion `json:"versions_shown"`
	// Runs.
	UsedBy         []string `json:"used_by"`
	UsedByComplete bool     `json:"used_by_complete"`
}

const planArtifactsName = "plan_delete_artifacts"

func planDeleteArtifacts() Operation { return planArtifacts(time.Now) }

// planArtifacts is planDeleteArtifacts by a given clock.
func planArtifacts(now func() time.Time) Operation {
	return Define(planArtifactsName, Reads, Words{
		Title:       "Plan to delete artifact versions",
		Description: "Show what deleting artifact versions would take away: sizes, aliases, and the runs and portfolios that use them. Deletes nothing; gives the plan_id that delete_artifacts needs. Show the result to the user before deleting.",
		Toolset:     ToolsetVersions,
	}, func(ctx context.Context, c *artifacts.Client, in PlanDeleteArtifactsInput) (PlanDeleteArtifactsOutput, error) {
		var out PlanDeleteArtifactsOutput
		if err := in.check(); err != nil {
			return out, err
		}
		s, err := in.read(ctx, c)
		if err != nil {
			return out, err
		}
		until := now().Add(planLasts).Truncate(time.Second)
		out = showArtifactsPlan(s)
		out.ExpiresAt = moment(until)
		if out.FreedBytes, err = freedBytes(ctx, c, s.versions); err != nil {
			return out, err
		}
		if len(s.Versions) > 0 {
			out.PlanID, err = sealPlan(s, until)
		}
		return out, err
	})
}

// freedBytes is what deleting versions frees; nil where the server does not tell.
func freedBytes(ctx context.Context, c *artifacts.Client, versions []*artifacts.Artifact) (*Bytes, error) {
	n, err := c.BytesFreed(ctx, versions)
	switch {
	case errors.Is(err, artifacts.ErrUnsupported):
		return nil, nil
	case err != nil:
		return nil, err
	}
	freed := Bytes(n)
	return &freed, nil
}

// showArtifactsPlan describes versions as what would go.
func showArtifactsPlan(s artifactsState) PlanDeleteArtifactsOutput {
	out := PlanDeleteArtifactsOutput{Versions: len(s.Versions), Kept: s.kept, Warnings: []string{}, VersionsShown: []PlannedVersion{}}
	runs, complete := map[string]bool{}, s.UsesKnown
	var aliases, links []string
	for _, v := range s.Versions {
		out.SizeBytes += Bytes(v.Size)
		for _, r := range v.UsedBy {
			runs[r] = true
		}
		complete = complete && v.UsedByComplete
		for _, a := range v.Aliases {
			aliases = append(aliases, said(a)+" ("+v.Artifact+")")
		}
		links = append(links, allSaid(v.Elsewhere)...)
	}
	out.Summary = fmt.Sprintf("deletes %s, and all files that no other version shares", count(len(s.Versions), "version"))
	if len(s.Versions) == 0 {
		out.Summary = "deletes nothing: every version of the collection has an alias or a link, was used, or is being written"
	}
	all := slices.Sorted(maps.Keys(runs))
	var more int
	out.UsedBy, more = some(all, mostUsersShown)
	out.UsedByComplete = complete && more == 0
	for _, w := range []struct {
		of, what string
		names    []string
	}{{"alias", " would go with the versions: ", aliases}, {"run", " used the versions: ", allSaid(all)}, {"link", " from other collections would be lost: ", links}} {
		if len(w.names) > 0 {
			out.Warnings = append(out.Warnings, count(len(w.names), w.of)+w.what+list(w.names))
		}
	}
	switch {
	case !s.UsesKnown:
		out.Warnings = append(out.Warnings, "this server does not tell who uses the versions: there may be runs and links that are not shown")
	case !complete:
		out.Warnings = append(out.Warnings, "the server names only some of the runs that used the versions")
	}
	shown := slices.Clone(s.Versions)
	slices.SortStableFunc(shown, func(a, b namedState) int {
		return cmp.Or(cmp.Compare(missedness(b), missedness(a)), cmp.Compare(b.Size, a.Size))
	})
	size := 0
	for _, v := range shown[:min(len(shown), mostVersionsShown)] {
		p := PlannedVersion{Version: v.Artifact, SizeBytes: Bytes(v.Size), Runs: len(v.UsedBy)}
		p.Aliases, _ = some(v.Aliases, mostNamesShown)
		p.LinkedIn, _ = some(v.Elsewhere, mostNamesShown)
		if size += 100 + len(list(p.Aliases)) + len(list(p.LinkedIn)) + len(v.Artifact); size > versionsBytes && len(out.VersionsShown) > 0 {
			break
		}
		out.VersionsShown = append(out.VersionsShown, p)
	}
	return out
}

// missedness is how many reasons there are to miss a version.
func missedness(v namedState) int { return len(v.Aliases) + len(v.Elsewhere) + len(v.UsedBy) }
