package tools

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/reliquary/reliquary/artifacts"
)

// readDeletion reads versions that are to be deleted.
func (in PlanChangeInput) readDeletion(ctx context.Context, c *artifacts.Client) (*change, error) {
	s, err := in.selection().read(ctx, c)
	if err != nil {
		return nil, err
	}
	why := "named"
	if s.Rule != "" {
		why = "no alias, no link, no run used it"
		if in.IncludeUsed {
			why = "no alias, no link"
		}
	}
	out := PlanChangeOutput{UsesComplete: s.UsesKnown}
	var items []PlannedThing
	var size Bytes
	for _, v := range s.Versions {
		size += Bytes(v.Size)
		items = append(items, PlannedThing{Name: v.Artifact, Why: strings.Join(append([]string{why}, v.reasons()...), "; "), SizeBytes: sizeOf(v.versionState)})
	}
	out.show(items, s.keptWhy)
	out.SizeBytes = &size
	out.Summary = fmt.Sprintf("deletes %s", count(len(items), "version"))
	if len(items) == 0 {
		out.Summary = "deletes nothing: every version has an alias or a link, was used, or is being written"
	}
	out.warn(s.Versions, s.UsesKnown)
	if err := out.consumers(ctx, s.versions, s.Versions); err != nil {
		return nil, err
	}
	if out.FreedBytes, err = freed(ctx, c, s.versions, s.keptIDs); err != nil {
		return nil, err
	}
	state, err := stateOf(s)
	return &change{state: state, shown: out, things: len(items), apply: func(ctx context.Context) (ApplyPlanOutput, error) {
		done, err := s.delete(ctx, c)
		if err != nil {
			return ApplyPlanOutput{}, err
		}
		applied := ApplyPlanOutput{Summary: "deleted " + count(done.Deleted, "version"), Done: done.Deleted, SizeBytes: &done.SizeBytes, Complete: len(done.Failed) == 0}
		for _, f := range done.Failed {
			applied.Failed = append(applied.Failed, PlannedThing{Name: f.Artifact, Why: f.Why})
		}
		return applied, nil
	}}, err
}

// readCollection reads a collection that is to be deleted.
func (in PlanChangeInput) readCollection(ctx context.Context, c *artifacts.Client) (*change, error) {
	at, err := readCollection(ctx, c, "collection", in.Collection)
	if err != nil {
		return nil, err
	}
	a, s, err := readState(ctx, c, at)
	if err != nil {
		return nil, err
	}
	plan := showPlan(s)
	out := PlanChangeOutput{Summary: plan.Summary, Warnings: plan.Warnings, UsedBy: plan.UsedBy, UsesComplete: plan.UsedByComplete}
	if s.Kind == artifacts.Sequence {
		out.SizeBytes = &plan.SizeBytes
	}
	var items []PlannedThing
	for _, v := range s.Versions {
		items = append(items, PlannedThing{Name: s.Path + ":" + v.Version, Why: strings.Join(append([]string{"in the collection"}, v.reasons()...), "; "), SizeBytes: sizeOf(v)})
	}
	out.show(items, nil)
	state, err := s.digest()
	return &change{state: state, shown: out, things: 1, apply: func(ctx context.Context) (ApplyPlanOutput, error) {
		if err := a.Delete(ctx); err != nil {
			if err := stillThere(ctx, c, at, err); err != nil {
				return ApplyPlanOutput{}, err
			}
		}
		return ApplyPlanOutput{
			Summary: "deleted the " + plan.Kind + " " + s.Path + " with " + count(len(s.Versions), "version"),
			Done:    1, SizeBytes: out.SizeBytes, Complete: true,
		}, nil
	}}, err
}

func sizeOf(v versionState) *Bytes {
	b := Bytes(v.Size)
	return &b
}

// reasons are those to miss a version.
func (v versionState) reasons() []string {
	var out []string
	if len(v.Aliases) > 0 {
		out = append(out, "alias "+list(allSaid(v.Aliases)))
	}
	if len(v.Elsewhere) > 0 {
		out = append(out, "linked in "+list(allSaid(v.Elsewhere)))
	}
	if len(v.UsedBy) > 0 {
		out = append(out, "used by "+list(allSaid(v.UsedBy)))
	}
	if v.State == artifacts.Pending {
		out = append(out, "being written at this moment")
	}
	return out
}

// warn says what somebody would miss.
func (out *PlanChangeOutput) warn(versions []namedState, known bool) {
	var aliases, links []string
	runs, complete := map[string]bool{}, known
	for _, v := range versions {
		for _, a := range v.Aliases {
			aliases = append(aliases, said(a)+" ("+v.Artifact+")")
		}
		links = append(links, allSaid(v.Elsewhere)...)
		for _, r := range v.UsedBy {
			runs[r] = true
		}
		complete = complete && v.UsedByComplete
	}
	all := slices.Sorted(maps.Keys(runs))
	for _, w := range []struct {
		of, what string
		names    []string
	}{{"alias", " would go with the versions: ", aliases}, {"link", " from other collections would be lost: ", links}, {"run", " used the versions: ", allSaid(all)}} {
		if len(w.names) > 0 {
			out.Warnings = append(out.Warnings, count(len(w.names), w.of)+w.what+list(w.names))
		}
	}
	var more int
	out.UsedBy, more = some(all, mostUsersShown)
	out.UsesComplete = complete && more == 0
	if !known {
		out.Warnings = append(out.Warnings, "this server does not tell who uses the versions: there may be runs and links that are not shown")
	}
}

// Bounds of walking downstream from what would go.
const (
	mostWalked   = 10
	mostIndirect = 40
)

// consumers fills in what was made further on from what would go.
func (out *PlanChangeOutput) consumers(ctx context.Context, versions []*artifacts.Artifact, states []namedState) error {
	found := map[string]bool{}
	walked := 0
	for i, a := range versions {
		if len(states[i].UsedBy) == 0 {
			continue
		}
		if walked++; walked > mostWalked {
			out.UsesComplete = false
			break
		}
		l, err := a.Lineage(ctx, &artifacts.LineageOptions{Direction: artifacts.Downstream, Depth: 10, MaxNodes: mostLineage})
		if errors.Is(err, artifacts.ErrUnsupported) {
			out.UsesComplete = false
			break
		}
		if err != nil {
			return err
		}
		out.UsesComplete = out.UsesComplete && l.Complete
		for _, made := range l.Artifacts {
			if made.Depth > 0 {
				found[made.Name] = true
			}
		}
	}
	var more int
	out.Indirect, more = some(slices.Sorted(maps.Keys(found)), mostIndirect)
	if len(out.Indirect) == 0 {
		out.Indirect = nil
	}
	out.UsesComplete = out.UsesComplete && more == 0
	return nil
}

// mostManifests bounds how many lists of files are read to work out what would
// be freed.
const mostManifests = 200

// freed is the size of the files of versions that none of the others shares,
// nil where that is too much to work out.
func freed(ctx context.Context, c *artifacts.Client, going []*artifacts.Artifact, stayingIDs []string) (*Bytes, error) {
	if stayingIDs == nil || len(going)+len(stayingIDs) > mostManifests {
		return nil, nil
	}
	found, err := c.FindArtifacts(ctx, stayingIDs)
	if err != nil {
		return nil, err
	}
	var staying []*artifacts.Artifact
	for _, f := range found {
		if f.Err == nil {
			staying = append(staying, f.Artifact)
		}
	}
	manifests := make([]*artifacts.Manifest, len(going)+len(staying))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(6)
	for i, a := range slices.Concat(staying, going) {
		if a.State != artifacts.Committed {
			continue
		}
		g.Go(func() (err error) {
			manifests[i], err = a.Manifest(ctx)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	seen, sum := map[string]bool{}, Bytes(0)
	for i, m := range manifests {
		if m == nil {
			continue
		}
		for e := range m.All() {
			if e.IsReference() || seen[e.Digest] {
				continue
			}
			seen[e.Digest] = true
			if i >= len(staying) {
				sum += Bytes(e.Size)
			}
		}
	}
	return &sum, nil
}
