package tools

import (
	"context"
	"errors"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

// DeleteArtifactCollectionInput applies a plan.
type DeleteArtifactCollectionInput struct {
	Collection string `json:"collection" jsonschema:"example=team/vision/detector"`
	// From plan_delete_artifact_collection for this collection.
	PlanID string `json:"plan_id"`
	Reasoned
}

// DeleteArtifactCollectionOutput is what was deleted.
type DeleteArtifactCollectionOutput struct {
	Deleted   string `json:"deleted"`
	Kind      string `json:"kind" jsonschema:"enum=sequence,enum=portfolio"`
	Versions  int    `json:"versions"`
	SizeBytes Bytes  `json:"size_bytes"`
}

func deleteArtifactCollection() Operation { return applyDelete(time.Now) }

// applyDelete is deleteArtifactCollection by a given clock.
func applyDelete(now func() time.Time) Operation {
	return Define("delete_artifact_collection", Destroys, Words{
		Title:       "Delete an artifact collection",
		Description: "Delete an artifact collection as planned with plan_delete_artifact_collection. Refused if anything has changed since the plan. Ask the user before calling it.",
		Toolset:     ToolsetVersions,
	}, func(ctx context.Context, c *artifacts.Client, in DeleteArtifactCollectionInput) (DeleteArtifactCollectionOutput, error) {
		var out DeleteArtifactCollectionOutput
		if _, err := openPlan(in.PlanID, planCollectionName); err != nil {
			return out, err
		}
		at, err := readCollection(ctx, c, "collection", in.Collection)
		if err != nil {
			return out, err
		}
		a, s, err := readState(ctx, c, at)
		if err != nil {
			return out, err
		}
		if err := checkPlan(in.PlanID, s, now()); err != nil {
			return out, err
		}
		// W&B's deletion takes no condition: what changes between reading the
		// state and this request is not seen. It is one request's time.
		if err := a.Delete(in.reasoned(ctx)); err != nil {
			if err := stillThere(ctx, c, at, err); err != nil {
				return out, err
			}
		}
		shown := showPlan(s)
		return DeleteArtifactCollectionOutput{Deleted: s.Path, Kind: shown.Kind, Versions: shown.Versions, SizeBytes: shown.SizeBytes}, nil
	})
}

// stillThere looks whether a deletion took effect whose answer was lost. It
// returns nil if the collection is gone.
func stillThere(ctx context.Context, c *artifacts.Client, at asked, err error) error {
	if !errors.Is(err, artifacts.ErrUnavailable) && !errors.Is(err, artifacts.ErrCorrupt) {
		return err
	}
	_, found := c.ArtifactCollection(at.Entity, at.Project, "", at.Collection).Attrs(ctx)
	if errors.Is(found, artifacts.ErrNotFound) {
		return nil
	}
	e := explained(ctx, err)
	if found == nil {
		e.Message += "; the collection is still there"
	} else {
		e.Message += "; whether it was deleted is not known"
		e.Next = "see get_artifact_collection before trying again"
	}
	return e
}
