package tools

import (
	"context"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

// DeleteArtifactsInput applies a plan.
type DeleteArtifactsInput struct {
	ArtifactSelection
	// From plan_delete_artifacts with the same arguments.
	PlanID string `json:"plan_id"`
	Reasoned
}

// DeleteArtifactsOutput is what was deleted.
type DeleteArtifactsOutput struct {
	Deleted   int   `json:"deleted"`
	SizeBytes Bytes `json:"size_bytes"`
	// Still there, or not known to be gone.
	Failed []FailedDeletion `json:"failed,omitempty"`
}

// FailedDeletion is a version that could not be deleted.
type FailedDeletion struct {
	Artifact string `json:"artifact"`
	Why      string `json:"why"`
}

func deleteArtifacts() Operation { return applyArtifacts(time.Now) }

// applyArtifacts is deleteArtifacts by a given clock.
func applyArtifacts(now func() time.Time) Operation {
	return Define("delete_artifacts", Destroys, Words{
		Title:       "Delete artifact versions",
		Description: "Delete artifact versions as planned with plan_delete_artifacts, their aliases included. Refused if anything about them has changed since the plan. Ask the user before calling it.",
		Toolset:     ToolsetVersions,
	}, func(ctx context.Context, c *artifacts.Client, in DeleteArtifactsInput) (DeleteArtifactsOutput, error) {
		var out DeleteArtifactsOutput
		if err := in.check(); err != nil {
			return out, err
		}
		if _, err := openPlan(in.PlanID, planArtifactsName); err != nil {
			return out, err
		}
		s, err := in.read(ctx, c)
		if err != nil {
			return out, err
		}
		if err := checkPlan(in.PlanID, s, now()); err != nil {
			return out, err
		}
		return s.delete(in.reasoned(ctx), c)
	})
}

// delete deletes the versions.
func (s artifactsState) delete(ctx context.Context, c *artifacts.Client) (DeleteArtifactsOutput, error) {
	var out DeleteArtifactsOutput
	// W&B's deletion takes no condition. What was planned to go without an
	// alias is deleted so that the server refuses it if it has one by now.
	var bare, aliased []*artifacts.Artifact
	sizes := map[string]Bytes{}
	for i, v := range s.Versions {
		sizes[v.ID] = Bytes(v.Size)
		if len(v.Aliases) > 0 || len(v.Elsewhere) > 0 {
			aliased = append(aliased, s.versions[i])
		} else {
			bare = append(bare, s.versions[i])
		}
	}
	var first error
	for _, part := range []struct {
		versions []*artifacts.Artifact
		opts     artifacts.DeleteOptions
	}{{bare, artifacts.DeleteOptions{}}, {aliased, artifacts.DeleteOptions{DeleteAliases: true}}} {
		for _, d := range c.DeleteArtifacts(ctx, part.versions, part.opts) {
			switch {
			case d.Deleted:
				out.Deleted++
				out.SizeBytes += sizes[d.Artifact.ID]
			default:
				if first == nil {
					first = d.Err
				}
				out.Failed = append(out.Failed, FailedDeletion{d.Artifact.QualifiedName(), clip(d.Err.Error(), clippedInLists)})
			}
		}
	}
	if out.Deleted == 0 && first != nil {
		return out, first // nothing was done, and an error says so best
	}
	if len(out.Failed) > mostOmitted {
		out.Failed = append(out.Failed[:mostOmitted:mostOmitted], FailedDeletion{
			"and more", count(len(out.Failed)-mostOmitted, "version") + " failed too",
		})
	}
	return out, nil
}
