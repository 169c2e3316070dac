package tools

import (
	"context"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

// ApplyPlanInput applies a plan.
type ApplyPlanInput struct {
	// From plan_change.
	PlanID string `json:"plan_id"`
	Reasoned
}

// ApplyPlanOutput is what was done.
type ApplyPlanOutput struct {
	Summary string `json:"summary"`
	// How many things were changed.
	Done      int    `json:"done"`
	SizeBytes *Bytes `json:"size_bytes,omitempty"`
	// As they were, or not known to be changed.
	Failed []PlannedThing `json:"failed,omitempty"`
	// All of the plan was done.
	Complete bool `json:"complete"`
}

// ApplyPlanName is the operation that does what was planned. A front end that
// asks a person first asks about this one: see PlanOf.
const ApplyPlanName = "apply_plan"

func applyPlan() Operation { return applyingPlan(time.Now) }

// applyingPlan is applyPlan by a given clock.
func applyingPlan(now func() time.Time) Operation {
	return Define(ApplyPlanName, Destroys, Words{
		Title:       "Apply a plan",
		Description: "Do what plan_change planned. Refused if anything about it has changed. Show the user the plan and ask them first.",
		Toolset:     ToolsetArtifacts,
	}, func(ctx context.Context, c *artifacts.Client, in ApplyPlanInput) (ApplyPlanOutput, error) {
		plan, err := openChange(in.PlanID)
		if err != nil {
			return ApplyPlanOutput{}, err
		}
		if !now().Before(plan.until) { // without asking the server anything
			return ApplyPlanOutput{}, plan.check(now(), [32]byte{})
		}
		change, err := plan.in.read(ctx, c)
		if err != nil {
			return ApplyPlanOutput{}, err
		}
		if err := plan.check(now(), change.state); err != nil {
			return ApplyPlanOutput{}, err
		}
		return change.apply(in.reasoned(ctx))
	})
}

// PlanOf reads again what a plan would do, for a front end that asks a person
// before it is applied. It changes nothing. A plan that is none, is over or saw
// another state is refused, as applying it would be.
func PlanOf(ctx context.Context, c *artifacts.Client, id string) (PlanChangeOutput, error) {
	plan, err := openChange(id)
	if err != nil {
		return PlanChangeOutput{}, err
	}
	change, err := plan.in.read(ctx, c)
	if err != nil {
		return PlanChangeOutput{}, err
	}
	change.shown.Destroys = plan.in.Action != "tag_collections"
	return change.shown, plan.check(time.Now(), change.state)
}
