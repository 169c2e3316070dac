package tools

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/reliquary/reliquary/artifacts"
)

// GetStorageUsageInput asks what takes the space of a project.
type GetStorageUsageInput struct {
	Project string `json:"project,omitempty" jsonschema:"example=team/vision"`
	Type    string `json:"type,omitempty"`
	// Largest to show.
	Limit      int  `json:"limit,omitempty" jsonschema:"minimum=1,maximum=50,default=10"`
	UnusedOnly bool `json:"unused_only,omitempty"`
}

// GetStorageUsageOutput is what takes the space. Versions that share files count
// them once each.
type GetStorageUsageOutput struct {
	Project     string `json:"project"`
	SizeBytes   Bytes  `json:"size_bytes"`
	Collections int    `json:"collections"`
	Versions    int    `json:"versions"`
	// Without alias, link and use by a run.
	UnusedVersions  int   `json:"unused_versions"`
	UnusedSizeBytes Bytes `json:"unused_size_bytes"`
	// The largest.
	LargestCollections []StorageCollection `json:"largest_collections"`
	LargestVersions    []StorageVersion    `json:"largest_versions"`
	// Everything was looked at; the sums are of the whole project.
	Complete bool   `json:"complete"`
	Hint     string `json:"hint,omitempty"`
}

// StorageCollection is a collection by its size.
type StorageCollection struct {
	Collection string `json:"collection"`
	Type       string `json:"type"`
	Versions   int    `json:"versions"`
	SizeBytes  Bytes  `json:"size_bytes"`
}

// StorageVersion is a version by its size.
type StorageVersion struct {
	Artifact  string   `json:"artifact"`
	SizeBytes Bytes    `json:"size_bytes"`
	Aliases   []string `json:"aliases,omitempty"`
	LinkedIn  []string `json:"linked_in,omitempty"`
	// Runs.
	UsedBy []string `json:"used_by,omitempty"`
	Unused bool     `json:"unused"`
}

// Bounds of looking at a project.
const (
	mostStorageCollections = 2000
	storageAtOnce          = 6
)

func getStorageUsage() Operation {
	return Define("get_storage_usage", Reads, Words{
		Title:       "Get what takes the space",
		Description: "Tell which collections and versions of a project take the most space, and which versions are unused: no alias, no link, no run used them.",
		Toolset:     ToolsetArtifacts,
	}, func(ctx context.Context, c *artifacts.Client, in GetStorageUsageInput) (GetStorageUsageOutput, error) {
		out := GetStorageUsageOutput{Complete: true, LargestCollections: []StorageCollection{}, LargestVersions: []StorageVersion{}}
		at, err := readProject(ctx, c, "project", in.Project)
		if err != nil {
			return out, err
		}
		at.Type, at.TypeArgument = in.Type, "type"
		out.Project = at.place()
		var all []*artifacts.ArtifactCollection
		for a, err := range c.ArtifactCollections(at.Entity, at.Project, in.Type, &artifacts.CollectionsOptions{PerPage: statePerPage}).All(ctx) {
			if err != nil {
				return out, suggest(ctx, c, at, err)
			}
			if len(all) == mostStorageCollections {
				out.Complete, out.Hint = false, "only the first collections were looked at; give type for others"
				break
			}
			all = append(all, a)
		}
		states := make([]collectionState, len(all))
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(storageAtOnce)
		for i, a := range all {
			g.Go(func() error { return states[i].readForSize(gctx, a) })
		}
		if err := g.Wait(); err != nil {
			return out, err
		}
		out.sum(states, in)
		return out, nil
	})
}

// readForSize reads the versions of a sequence and what uses them. Portfolios
// hold none of their own.
func (s *collectionState) readForSize(ctx context.Context, a *artifacts.ArtifactCollection) error {
	attrs, err := a.Attrs(ctx)
	if err != nil {
		if errors.Is(err, artifacts.ErrNotFound) {
			return nil // deleted meanwhile
		}
		return err
	}
	s.Path, s.Type, s.Kind, s.UsesKnown = a.Path(), attrs.Type, attrs.Kind, true
	if s.Kind != artifacts.Sequence {
		return nil
	}
	err = s.readUses(ctx, a)
	if asksTooMuch(err) {
		s.Versions, s.UsesKnown = nil, false
		err = s.readVersions(ctx, a)
	}
	return err
}

func (out *GetStorageUsageOutput) sum(states []collectionState, in GetStorageUsageInput) {
	for _, s := range states {
		if s.Kind != artifacts.Sequence {
			continue
		}
		out.Collections++
		c := StorageCollection{Collection: s.Path, Type: s.Type}
		for _, v := range s.Versions {
			if v.State != artifacts.Committed {
				continue
			}
			c.Versions++
			c.SizeBytes += Bytes(v.Size)
			unused := s.UsesKnown && len(v.Aliases) == 0 && len(v.Elsewhere) == 0 && len(v.UsedBy) == 0
			if unused {
				out.UnusedVersions++
				out.UnusedSizeBytes += Bytes(v.Size)
			} else if in.UnusedOnly {
				continue
			}
			shown := StorageVersion{Artifact: s.Path + ":" + v.Version, SizeBytes: Bytes(v.Size), Unused: unused}
			shown.Aliases, _ = some(v.Aliases, mostNamesShown)
			shown.LinkedIn, _ = some(v.Elsewhere, mostNamesShown)
			shown.UsedBy, _ = some(v.UsedBy, mostNamesShown)
			out.LargestVersions = append(out.LargestVersions, shown)
		}
		if !s.UsesKnown {
			out.Complete, out.Hint = false, "this server does not tell who uses versions, so none is said to be unused"
		}
		out.Versions += c.Versions
		out.SizeBytes += c.SizeBytes
		out.LargestCollections = append(out.LargestCollections, c)
	}
	slices.SortStableFunc(out.LargestCollections, func(a, b StorageCollection) int { return cmp.Compare(b.SizeBytes, a.SizeBytes) })
	slices.SortStableFunc(out.LargestVersions, func(a, b StorageVersion) int { return cmp.Compare(b.SizeBytes, a.SizeBytes) })
	out.LargestCollections = out.LargestCollections[:min(in.Limit, len(out.LargestCollections))]
	out.LargestVersions = out.LargestVersions[:min(in.Limit, len(out.LargestVersions))]
}
