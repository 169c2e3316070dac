package tools

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

// A registryState is all that a plan to delete a registry depends on.
type registryState struct {
	Server string
	Attrs  artifacts.RegistryAttrs
	// Links are the versions that are linked in it, as "collection:v3 = source:v7 (aliases)".
	Links []string
	// Collections are those that hold the links, and those that hold none.
	Collections []string

	registry *artifacts.Registry
}

// readRegistryState reads a registry and everything that would go with it.
func readRegistryState(ctx context.Context, c *artifacts.Client, name RegistryName) (registryState, error) {
	s := registryState{Server: c.BaseURL()}
	var err error
	if s.registry, err = name.registry(c); err != nil {
		return s, err
	}
	if s.Attrs, err = s.registry.Attrs(ctx); err != nil {
		return s, blameFor("registry", err)
	}
	for a, err := range s.registry.Collections(&artifacts.RegistryCollectionsOptions{PerPage: statePerPage}).All(ctx) {
		if err != nil {
			return s, err
		}
		s.Collections = append(s.Collections, a.Name())
	}
	for a, err := range s.registry.Versions(&artifacts.RegistryVersionsOptions{PerPage: statePerPage}).All(ctx) {
		if err != nil {
			return s, err
		}
		if len(s.Links) == stateVersions {
			return s, &Error{
				Code: artifacts.KindInvalid, Argument: "registry",
				Message: "the registry has more than 20,000 linked versions, too many for one plan",
				Next:    "delete its collections first, with plan_delete_artifact_collection",
			}
		}
		link := a.Name() + " = " + a.SourceQualifiedName()
		if len(a.Aliases) > 0 {
			link += " (" + strings.Join(allSaid(slices.Sorted(slices.Values(a.Aliases))), ", ") + ")"
		}
		s.Links = append(s.Links, link)
	}
	slices.Sort(s.Collections)
	slices.Sort(s.Links)
	return s, nil
}

// path is "organization/name".
func (s registryState) path() string { return s.Attrs.Organization + "/" + s.Attrs.Name }

// plan is what a plan to delete the registry is bound to.
func (s registryState) plan() (planSubject, error) {
	text, err := json.Marshal(s)
	return planSubject{
		doing: "delete registry", place: s.Server + "\x00" + s.path(), state: sha256.Sum256(text),
		planner: planRegistryName,
		other:   "the plan was made for another registry than " + s.path(),
		changed: "registry " + s.path() + " is no longer as the plan saw it: links, aliases or attributes have changed since",
	}, err
}

// PlanDeleteRegistryInput names a registry.
type PlanDeleteRegistryInput struct{ RegistryName }

// PlanDeleteRegistryOutput is what would be deleted.
type PlanDeleteRegistryOutput struct {
	// For delete_registry with the same registry, until expires_at and while nothing changes.
	PlanID    string `json:"plan_id"`
	ExpiresAt Moment `json:"expires_at"`
	Summary   string `json:"summary"`
	// To be shown to the user.
	Warnings    []string `json:"warnings"`
	Collections int      `json:"collections"`
	Links       int      `json:"links"`
	// The first of the links.
	LinksShown []string `json:"links_shown"`
}

const planRegistryName = "plan_delete_registry"

func planDeleteRegistry() Operation { return planRegistry(time.Now) }

// planRegistry is planDeleteRegistry by a given clock.
func planRegistry(now func() time.Time) Operation {
	return Define(planRegistryName, Reads, Words{
		Title:       "Plan to delete a registry",
		Description: "Show what deleting a registry would take away: its collections, links and aliases. Deletes nothing; gives the plan_id that delete_registry needs. Show the result to the user before deleting.",
		Toolset:     ToolsetRegistries,
	}, func(ctx context.Context, c *artifacts.Client, in PlanDeleteRegistryInput) (PlanDeleteRegistryOutput, error) {
		var out PlanDeleteRegistryOutput
		s, err := readRegistryState(ctx, c, in.RegistryName)
		if err != nil {
			return out, err
		}
		until := now().Add(planLasts).Truncate(time.Second)
		out = PlanDeleteRegistryOutput{
			ExpiresAt: moment(until), Warnings: []string{}, Collections: len(s.Collections), Links: len(s.Links),
			Summary: fmt.Sprintf("deletes the registry with its %s and %s; the versions stay where they were logged",
				count(len(s.Collections), "collection"), count(len(s.Links), "link")),
		}
		out.LinksShown, _ = some(s.Links, mostVersionsShown)
		if len(s.Links) > 0 {
			out.Warnings = append(out.Warnings, "whoever finds versions by their place or alias in the registry will not find them any more")
		}
		out.PlanID, err = sealPlan(s, until)
		return out, err
	})
}

// DeleteRegistryInput applies a plan.
type DeleteRegistryInput struct {
	RegistryName
	// From plan_delete_registry for this registry.
	PlanID string `json:"plan_id"`
}

// DeleteRegistryOutput is what was deleted.
type DeleteRegistryOutput struct {
	Deleted     string `json:"deleted"`
	Collections int    `json:"collections"`
	Links       int    `json:"links"`
}

func deleteRegistry() Operation { return applyRegistry(time.Now) }

// applyRegistry is deleteRegistry by a given clock.
func applyRegistry(now func() time.Time) Operation {
	return Define("delete_registry", Destroys, Words{
		Title:       "Delete a registry",
		Description: "Delete a registry as planned with plan_delete_registry. Refused if anything has changed since the plan. Ask the user before calling it.",
		Toolset:     ToolsetRegistries,
	}, func(ctx context.Context, c *artifacts.Client, in DeleteRegistryInput) (DeleteRegistryOutput, error) {
		var out DeleteRegistryOutput
		if _, err := openPlan(in.PlanID, planRegistryName); err != nil {
			return out, err
		}
		s, err := readRegistryState(ctx, c, in.RegistryName)
		if err != nil {
			return out, err
		}
		if err := checkPlan(in.PlanID, s, now()); err != nil {
			return out, err
		}
		if err := s.registry.Delete(ctx); err != nil {
			return out, err
		}
		return DeleteRegistryOutput{Deleted: s.path(), Collections: len(s.Collections), Links: len(s.Links)}, nil
	})
}
