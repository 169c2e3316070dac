package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

func newTagCommand(s *shell) *cobra.Command {
	var remove bool
	c := &cobra.Command{
		Use:   "tag PATH [TAG...]",
		Short: "List, add or remove tags of a version or collection",
		Long: "Tag gives a version (a PATH with a colon) or a collection tags, or takes them off with --remove. Without " +
			"tags it lists those that there are.",
		Example: "  reliquary tag team/vision/flowers:v3 reviewed\n" +
			"  reliquary tag team/vision/flowers --remove draft",
		Args: wantArguments(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if remove && len(args) == 1 {
				return usagef(c, "which tags are to be removed?")
			}
			p, err := readPath(args[0])
			if err != nil {
				return err
			}
			return s.withClient(c.Context(), func(ctx context.Context, client *artifacts.Client) error {
				if len(args) == 1 {
					return printTags(ctx, s, client, p)
				}
				return changeTags(ctx, s, client, p, args[1:], remove)
			})
		},
	}
	c.Flags().BoolVarP(&remove, "remove", "r", false, "take the tags off")
	return c
}

func changeTags(ctx context.Context, s *shell, client *artifacts.Client, p artifacts.Path, tags []string, remove bool) error {
	add, gone := tags, []string(nil)
	if remove {
		add, gone = nil, tags
	}
	if p.Alias != "" {
		return updateVersion(ctx, s, client, tools.UpdateArtifactInput{Artifact: p.String(), AddTags: add, RemoveTags: gone})
	}
	return saveCollection(ctx, s, client, tools.SaveArtifactCollectionInput{Collection: p.String(), AddTags: add, RemoveTags: gone})
}

func printTags(ctx context.Context, s *shell, client *artifacts.Client, p artifacts.Path) error {
	var tags []string
	if p.Alias != "" {
		a, err := findVersion(ctx, client, p.String())
		if err != nil {
			return err
		}
		tags = a.Tags
	} else {
		full, err := client.Resolve(ctx, p)
		if err != nil {
			return err
		}
		if tags, err = client.ArtifactCollection(full.Entity, full.Project, "", full.Collection).Tags(ctx); err != nil {
			return tools.Suggest(ctx, client, full, err)
		}
	}
	tags = append([]string{}, tags...)
	return s.print(map[string][]string{"tags": tags}, func() { s.names(slices.Values(tags)) })
}
