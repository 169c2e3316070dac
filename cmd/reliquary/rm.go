package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

type removeOptions struct {
	yes     bool
	dryRun  bool
	unused  bool
	aliases bool
	used    bool
	reason  string
}

func newRemoveCommand(s *shell) *cobra.Command {
	var o removeOptions
	c := &cobra.Command{
		Use:     "rm PATH...",
		Aliases: []string{"delete"},
		Short:   "Delete versions and collections, after showing what would go",
		Long: "Rm deletes versions (a PATH with a colon) and whole collections. It shows first what would go, and asks on " +
			"a terminal; a script has to say --yes. What has an alias, was used by a run or is linked from another " +
			"collection is not deleted unless you say so. Nothing is deleted if anything about it changes meanwhile.",
		Example: "  reliquary rm team/vision/flowers:v3 team/vision/flowers:v4\n" +
			"  reliquary rm --unused team/vision/checkpoints --yes\n" +
			"  reliquary rm team/vision/scratch --dry-run",
		Args: wantArguments(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			s.ifInterrupted = "`reliquary ls` shows what is left"
			return s.withClient(c.Context(), func(ctx context.Context, client *artifacts.Client) error {
				return remove(ctx, s, client, args, o)
			})
		},
	}
	f := c.Flags()
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	f.BoolVar(&o.dryRun, "dry-run", false, "show what would go, and delete nothing")
	f.BoolVar(&o.unused, "unused", false, "of each collection, delete only the versions without alias, link and use")
	f.BoolVar(&o.aliases, "delete-aliases", false, "delete what has aliases, too, and these with it")
	f.StringVar(&o.reason, "reason", "", "`why`, for the audit log")
	f.BoolVar(&o.used, "delete-used", false, "delete what runs used or other collections link to, too")
	return c
}

// A removal is one plan, and what applies it.
type removal struct {
	plan     any
	title    string
	warnings []string
	shown    []tools.PlannedVersion
	versions int
	size     int64
	// reasons are why it is not deleted unless somebody says so.
	reasons []string
	apply   func(context.Context) (any, error)
}

func remove(ctx context.Context, s *shell, client *artifacts.Client, paths []string, o removeOptions) error {
	removals, err := planRemovals(ctx, client, paths, o)
	if err != nil {
		return err
	}
	if o.dryRun {
		plans := make([]any, len(removals))
		for i, r := range removals {
			plans[i] = r.plan
		}
		return s.print(map[string]any{"plans": plans}, func() {
			for _, r := range removals {
				s.printf("%s", r.text(s.terminal))
			}
		})
	}
	for _, r := range removals {
		if len(r.reasons) > 0 {
			return &tools.Error{Code: artifacts.KindConflict, Message: strings.Join(r.reasons, "; ") + "; nothing was deleted"}
		}
	}
	if err := s.confirm(ctx, removals, o); err != nil {
		return err
	}
	if err := applyRemovals(ctx, s, removals); err != nil {
		return err
	}
	// W&B's servers cannot bring it back; whoever cannot be asked says nothing.
	if f, err := client.ServerFeatures(ctx); err == nil && f.Has("RELIQUARY_ARTIFACT_DELETIONS") {
		s.commentf("`reliquary restore` brings it back, until its files are collected\n")
	}
	return nil
}

// planRemovals makes the plans: one for all versions, one for each collection.
func planRemovals(ctx context.Context, client *artifacts.Client, paths []string, o removeOptions) ([]removal, error) {
	var removals []removal
	var versions []string
	for _, text := range paths {
		p, err := readPath(text)
		if err != nil {
			return nil, err
		}
		switch {
		case p.Alias != "":
			versions = append(versions, text)
			continue
		case o.unused:
			removals, err = planVersions(ctx, client, removals, tools.ArtifactSelection{Collection: text, IncludeUsed: o.used}, o)
		default:
			removals, err = planCollection(ctx, client, removals, text, o)
		}
		if err != nil {
			return nil, err
		}
	}
	for part := range slices.Chunk(versions, 200) { // what one call takes
		var err error
		if removals, err = planVersions(ctx, client, removals, tools.ArtifactSelection{Artifacts: part}, o); err != nil {
			return nil, err
		}
	}
	return removals, nil
}

func planVersions(ctx context.Context, client *artifacts.Client, before []removal, which tools.ArtifactSelection, o removeOptions) ([]removal, error) {
	plan, err := operate[tools.PlanDeleteArtifactsOutput](ctx, client, "plan_delete_artifacts", tools.PlanDeleteArtifactsInput{ArtifactSelection: which})
	if err != nil {
		return nil, err
	}
	r := removal{plan: plan, title: plan.Summary, warnings: plan.Warnings, shown: plan.VersionsShown, versions: plan.Versions, size: int64(plan.SizeBytes)}
	r.refuse(plan.UsedBy, o, "")
	r.apply = func(ctx context.Context) (any, error) {
		if plan.Versions == 0 {
			return tools.DeleteArtifactsOutput{}, nil
		}
		return operate[tools.DeleteArtifactsOutput](ctx, client, "delete_artifacts", tools.DeleteArtifactsInput{ArtifactSelection: which, PlanID: plan.PlanID, Reasoned: tools.Reasoned{Reason: o.reason}})
	}
	return append(before, r), nil
}

func planCollection(ctx context.Context, client *artifacts.Client, before []removal, name string, o removeOptions) ([]removal, error) {
	plan, err := operate[tools.PlanDeleteArtifactCollectionOutput](ctx, client, "plan_delete_artifact_collection", tools.PlanDeleteArtifactCollectionInput{Collection: name})
	if err != nil {
		return nil, err
	}
	r := removal{plan: plan, title: plan.Collection + ": " + plan.Summary, warnings: plan.Warnings, versions: plan.Versions, size: int64(plan.SizeBytes)}
	for _, v := range plan.VersionsShown {
		v.Version = plan.Collection + ":" + v.Version
		r.shown = append(r.shown, v)
	}
	// Every collection has a latest version: that alone is no reason to keep it.
	r.refuse(plan.UsedBy, o, "latest")
	r.apply = func(ctx context.Context) (any, error) {
		return operate[tools.DeleteArtifactCollectionOutput](ctx, client, "delete_artifact_collection", tools.DeleteArtifactCollectionInput{Collection: name, PlanID: plan.PlanID, Reasoned: tools.Reasoned{Reason: o.reason}})
	}
	return append(before, r), nil
}

// refuse finds what there is to miss, which plans show first. One alias can be
// of no account.
func (r *removal) refuse(users []string, o removeOptions, ignored string) {
	for _, v := range r.shown {
		aliases := slices.DeleteFunc(slices.Clone(v.Aliases), func(a string) bool { return a == ignored })
		if len(aliases) > 0 && !o.aliases {
			r.reasons = append(r.reasons, fmt.Sprintf("%s has the alias %s: say --delete-aliases to delete it all the same", v.Version, strings.Join(aliases, ", ")))
			break
		}
	}
	for _, v := range r.shown {
		if len(v.LinkedIn) > 0 && !o.used {
			r.reasons = append(r.reasons, fmt.Sprintf("%s is linked as %s: say --delete-used to delete it all the same", v.Version, strings.Join(v.LinkedIn, ", ")))
			break
		}
	}
	if len(users) > 0 && !o.used {
		who := users[0]
		if len(users) > 1 {
			who += fmt.Sprintf(" and %d more", len(users)-1)
		}
		r.reasons = append(r.reasons, "it was used by "+who+": say --delete-used to delete it all the same")
	}
}

// text shows a plan to a person.
func (r removal) text(t terminal) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n", clean(r.title), size(r.size))
	for _, v := range r.shown {
		fmt.Fprintf(&b, "  %s, %s", clean(v.Version), size(int64(v.SizeBytes)))
		if len(v.Aliases) > 0 {
			fmt.Fprintf(&b, ", alias %s", clean(strings.Join(v.Aliases, ", ")))
		}
		if v.Runs > 0 {
			fmt.Fprintf(&b, ", used by %s", count(v.Runs, "run"))
		}
		if len(v.LinkedIn) > 0 {
			fmt.Fprintf(&b, ", linked as %s", clean(strings.Join(v.LinkedIn, ", ")))
		}
		b.WriteString("\n")
	}
	if more := r.versions - len(r.shown); more > 0 {
		fmt.Fprintf(&b, "  and %s more\n", count(more, "version"))
	}
	for _, w := range r.warnings {
		fmt.Fprintf(&b, "  %s %s\n", t.paint(yellow, "warning:"), clean(w))
	}
	return b.String()
}

// confirm shows the plans and asks.
func (s *shell) confirm(ctx context.Context, removals []removal, o removeOptions) error {
	if o.yes {
		return nil
	}
	if !s.InIsTerminal {
		return &usageError{command: "reliquary rm", err: errors.New("nobody can be asked here, so nothing was deleted: say --yes, or --dry-run to see what would go")}
	}
	for _, r := range removals {
		s.notef("%s", r.text(s.terminal))
	}
	yes, err := s.ask(ctx, "Delete? [y/N] ")
	if err != nil {
		return err
	}
	if !yes {
		return &tools.Error{Code: artifacts.KindConflict, Message: "nothing was deleted"}
	}
	return nil
}

// ask asks a question that is answered with y or n.
func (s *shell) ask(ctx context.Context, question string) (bool, error) {
	s.notef("%s", question)
	answers := make(chan string, 1)
	// It may wait for ever: nothing but the end of the process can take back
	// the reading of a terminal.
	go func() {
		line, _ := bufio.NewReader(s.In).ReadString('\n')
		answers <- line
	}()
	select {
	case <-ctx.Done():
		s.notef("\n")
		return false, ctx.Err()
	case line := <-answers:
		answer := strings.ToLower(strings.TrimSpace(line))
		return answer == "y" || answer == "yes", nil
	}
}

// applyRemovals deletes what was planned. What is not deleted is told, and no
// reason not to go on with the rest.
func applyRemovals(ctx context.Context, s *shell, removals []removal) error {
	var results []any
	var failed error
	for _, r := range removals {
		result, err := r.apply(ctx)
		if err != nil {
			if failed != nil {
				s.notef("reliquary: %s\n", sentence(firstOf(explain(failed))))
			}
			failed = err
			continue
		}
		results = append(results, result)
		if s.json {
			continue
		}
		s.printRemoved(r, result)
		if out, ok := result.(tools.DeleteArtifactsOutput); ok && len(out.Failed) > 0 {
			for _, f := range out.Failed {
				s.notef("%s was not deleted: %s\n", clean(f.Artifact), clean(f.Why))
			}
			failed = &tools.Error{Code: artifacts.KindConflict, Message: count(len(out.Failed), "version") + " could not be deleted"}
		}
	}
	if s.json {
		failed = errors.Join(failed, printJSON(s.terminal, map[string]any{"deleted": results}))
	}
	return failed
}

func firstOf(e *tools.Error, _ int) *tools.Error { return e }

func (s *shell) printRemoved(r removal, result any) {
	switch out := result.(type) {
	case tools.DeleteArtifactsOutput:
		if s.quiet {
			for _, v := range r.shown {
				s.printf("%s\n", clean(v.Version))
			}
			return
		}
		if r.versions == 0 {
			s.printf("%s\n", clean(r.title))
			return
		}
		s.printf("deleted %s, %s\n", count(out.Deleted, "version"), size(int64(out.SizeBytes)))
	case tools.DeleteArtifactCollectionOutput:
		if s.quiet {
			s.printf("%s\n", clean(out.Deleted))
			return
		}
		s.printf("deleted %s, a %s with %s, %s\n", clean(out.Deleted), out.Kind, count(out.Versions, "version"), size(int64(out.SizeBytes)))
	}
}
