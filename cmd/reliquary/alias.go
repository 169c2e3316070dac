package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

type aliasOptions struct {
	remove bool
	expect string
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
			case o.remove && len(args) == 1:
				return usagef(c, "which aliases are to be removed?")
			case o.expect != "" && (o.remove || len(args) == 1):
				return usagef(c, "--expect is about aliases that are to move")
			case len(args) > 1 && !o.remove && p.Alias == "":
				return usagef(c, "%s names no version; to which one is the alias to move, as in %s:v3?", args[0], args[0])
			}
			return s.withClient(c.Context(), func(ctx context.Context, client *artifacts.Client) error {
				switch {
				case len(args) == 1:
					return printAliases(ctx, s, client, p)
				case o.remove:
					return removeAliases(ctx, s, client, p, args[1:])
				}
				return updateVersion(ctx, s, client, tools.UpdateArtifactInput{Artifact: args[0], AddAliases: args[1:], Expected: o.expect})
			})
		},
	}
	c.Flags().BoolVarP(&o.remove, "remove", "r", false, "take the aliases off")
	c.Flags().StringVar(&o.expect, "expect", "", "`version` that has the aliases now, as in v11, or none; else nothing is done")
	return c
}

// removeAliases takes aliases off whichever version of a collection has them,
// or off one version.
func removeAliases(ctx context.Context, s *shell, client *artifacts.Client, p artifacts.Path, aliases []string) error {
	if p.Alias != "" {
		return updateVersion(ctx, s, client, tools.UpdateArtifactInput{Artifact: p.String(), RemoveAliases: aliases})
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
		if err := updateVersion(ctx, s, client, tools.UpdateArtifactInput{Artifact: name, RemoveAliases: holders[name]}); err != nil {
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
