package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

type aliasOptions struct {
	remove  bool
	history bool
	expect  string
	reason  string
}

func newAliasCommand(s *shell) *cobra.Command {
	var o aliasOptions
	c := &cobra.Command{
		Use:   "alias PATH [ALIAS...]",
		Short: "List, move or remove aliases",
		Long: "Alias gives a version aliases, which it takes from the version of the collection that had them: that is " +
			"how a version is promoted. With --expect they move only from where you saw them. Without aliases it lists " +
			"those of a collection, or of a version.",
		Example: "  reliquary alias team/vision/detector\n" +
			"  reliquary alias team/vision/detector:v12 production --expect v11\n" +
			"  reliquary alias team/vision/detector --remove candidate",
		Args: wantArguments(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := readPath(args[0])
			switch {
			case err != nil:
				return err
			case o.history && (p.Alias != "" || len(args) > 2 || o.remove || o.expect != ""):
				return usagef(c, "--history is about a collection, and one alias of it at most: reliquary alias --history COLLECTION [ALIAS]")
			case o.history:
			case o.remove && len(args) == 1:
				return usagef(c, "which aliases are to be removed?")
			case o.expect != "" && (o.remove || len(args) == 1):
				return usagef(c, "--expect is about aliases that are to move")
			case len(args) > 1 && !o.remove && p.Alias == "":
				return usagef(c, "%s names no version; to which one is the alias to move, as in %s:v3?", args[0], args[0])
			}
			return s.withClient(c.Context(), func(ctx context.Context, client *artifacts.Client) error {
				switch {
				case o.history:
					return printAliasHistory(ctx, s, client, p, append(args, "")[1])
				case len(args) == 1:
					return printAliases(ctx, s, client, p)
				case o.remove:
					return removeAliases(ctx, s, client, p, args[1:], o.reason)
				}
				return updateVersion(ctx, s, client, tools.UpdateArtifactInput{Artifact: args[0], AddAliases: args[1:], Expected: o.expect, Reasoned: tools.Reasoned{Reason: o.reason}})
			})
		},
	}
	c.Flags().BoolVarP(&o.remove, "remove", "r", false, "take the aliases off")
	c.Flags().BoolVar(&o.history, "history", false, "list how aliases of the collection, or one of them, have moved")
	c.Flags().StringVar(&o.reason, "reason", "", "`why`, for the audit log")
	c.Flags().StringVar(&o.expect, "expect", "", "`version` that has the aliases now, as in v11, or none; else nothing is done")
	return c
}

// removeAliases takes aliases off whichever version of a collection has them,
// or off one version.
func removeAliases(ctx context.Context, s *shell, client *artifacts.Client, p artifacts.Path, aliases []string, reason string) error {
	if p.Alias != "" {
		return updateVersion(ctx, s, client, tools.UpdateArtifactInput{Artifact: p.String(), RemoveAliases: aliases, Reasoned: tools.Reasoned{Reason: reason}})
	}
	paths := make([]string, len(aliases))
	for i, alias := range aliases {
		p.Alias = alias
		paths[i] = p.String()
	}
	found, err := client.FindArtifacts(ctx, paths)
	if err != nil {
		return err
	}
	// All of them must be there before any is taken off.
	var order []string
	holders := map[string][]string{}
	for i, f := range found {
		if f.Err != nil {
			p.Alias = aliases[i]
			return tools.Suggest(ctx, client, p, f.Err)
		}
		name := f.Artifact.QualifiedName()
		if !slices.Contains(order, name) {
			order = append(order, name)
		}
		holders[name] = append(holders[name], aliases[i])
	}
	for _, name := range order {
		if err := updateVersion(ctx, s, client, tools.UpdateArtifactInput{Artifact: name, RemoveAliases: holders[name], Reasoned: tools.Reasoned{Reason: reason}}); err != nil {
			return err
		}
	}
	return nil
}

// An aliasItem is an alias and the version that has it.
type aliasItem struct {
	Alias    string `json:"alias"`
	Artifact string `json:"artifact"`
}

func printAliases(ctx context.Context, s *shell, client *artifacts.Client, p artifacts.Path) error {
	var versions []*artifacts.Artifact
	if p.Alias != "" {
		a, err := findVersion(ctx, client, p.String())
		if err != nil {
			return err
		}
		versions = append(versions, a)
	} else {
		full, err := client.Resolve(ctx, p)
		if err != nil {
			return err
		}
		versions, err = take(client.Artifacts(full.Entity, full.Project, "", full.Collection, &artifacts.ArtifactsOptions{PerPage: perRequest}).All(ctx), 0)
		if err != nil {
			return tools.Suggest(ctx, client, full, err)
		}
	}
	items := []aliasItem{}
	for _, v := range versions {
		for _, alias := range v.Aliases {
			items = append(items, aliasItem{alias, v.QualifiedName()})
		}
	}
	slices.SortFunc(items, func(a, b aliasItem) int { return strings.Compare(a.Alias, b.Alias) })
	return s.print(map[string]any{"aliases": items}, func() {
		printItems(s, listOptions{}, items, func(i aliasItem) string { return i.Alias }, []field[aliasItem]{
			{column{title: "ALIAS", style: green}, false, func(i aliasItem) cell { return word(i.Alias) }},
			{column{title: "VERSION"}, false, func(i aliasItem) cell { return word(i.Artifact) }},
		})
	})
}

// printAliasHistory lists moves of aliases, the last first.
func printAliasHistory(ctx context.Context, s *shell, client *artifacts.Client, p artifacts.Path, alias string) error {
	full, err := client.Resolve(ctx, p)
	if err != nil {
		return err
	}
	moves, err := take(client.AliasMoves(full.Entity, full.Project, full.Collection, &artifacts.AliasMovesOptions{PerPage: perRequest, Alias: alias}).All(ctx), 0)
	if err != nil {
		return tools.Suggest(ctx, client, full, err)
	}
	type item = tools.AliasMoveItem
	out := tools.GetAliasHistoryOutput{Collection: full.String(), Moves: []item{}}
	for _, m := range moves {
		out.Moves = append(out.Moves, item{
			Alias: m.Alias, From: m.From, To: m.To, MovedAt: moment(m.MovedAt), MovedBy: m.Username,
			Actor: strings.ToLower(string(m.Actor)), Reason: m.Reason, By: m.Operation,
		})
	}
	return s.print(out, func() {
		now := time.Now()
		printItems(s, listOptions{}, out.Moves, func(i item) string { return i.Alias }, []field[item]{
			{column{title: "ALIAS", style: green}, false, func(i item) cell { return word(i.Alias) }},
			{column{title: "FROM"}, false, func(i item) cell { return word(i.From) }},
			{column{title: "TO"}, false, func(i item) cell { return word(i.To) }},
			{column{title: "WHEN"}, false, func(i item) cell { return timeCell(i.MovedAt.Time, now) }},
			{column{title: "BY"}, false, func(i item) cell { return word(i.MovedBy) }},
			{column{title: "REASON", elastic: true}, false, func(i item) cell { return word(i.Reason) }},
		})
	})
}
