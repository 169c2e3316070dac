package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

func newLinkCommand(s *shell) *cobra.Command {
	var aliases []string
	c := &cobra.Command{
		Use:   "link VERSION PORTFOLIO",
		Short: "Put a version into a portfolio or registry",
		Long: "Link puts a version into a portfolio, which is made if it is not there, or into a collection of a " +
			"registry. The version stays where it was logged.",
		Example: "  reliquary link team/vision/detector:v12 team/vision/released --alias stable\n" +
			"  reliquary link team/vision/detector:v12 acme/wandb-registry-model/detector",
		Args: wantArguments(cobra.ExactArgs(2)),
		RunE: func(c *cobra.Command, args []string) error {
			return s.withClient(c.Context(), func(ctx context.Context, client *artifacts.Client) error {
				out, err := operate[tools.LinkArtifactOutput](ctx, client, "link_artifact",
					tools.LinkArtifactInput{Artifact: args[0], Portfolio: args[1], Aliases: aliases})
				if err != nil {
					return err
				}
				return s.print(out, func() {
					if s.quiet {
						s.printf("%s\n", clean(out.Linked))
						return
					}
					s.printf("%s is %s now (%s)\n", clean(out.Source), clean(out.Linked), clean(strings.Join(out.Aliases, ", ")))
				})
			})
		},
	}
	c.Flags().StringSliceVarP(&aliases, "alias", "a", nil, "`alias` to give it there")
	return c
}

func newUnlinkCommand(s *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "unlink VERSION...",
		Short: "Take versions out of a portfolio or registry",
		Long:  "Unlink takes versions out of a portfolio, or a collection of a registry. They stay where they were logged.",
		Example: "  reliquary unlink team/vision/released:v3\n" +
			"  reliquary unlink acme/wandb-registry-model/detector:stable",
		Args: wantArguments(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			return s.withClient(c.Context(), func(ctx context.Context, client *artifacts.Client) error {
				outs := make([]tools.UnlinkArtifactOutput, 0, len(args))
				for _, name := range args {
					out, err := operate[tools.UnlinkArtifactOutput](ctx, client, "unlink_artifact", tools.UnlinkArtifactInput{Artifact: name})
					if err != nil {
						return err
					}
					outs = append(outs, out)
					if s.json {
						continue
					}
					if s.quiet {
						s.printf("%s\n", clean(out.Unlinked))
						continue
					}
					s.printf("%s is there no more; it stays %s\n", clean(out.Unlinked), clean(out.Source))
				}
				if s.json {
					return printJSON(s.terminal, map[string]any{"unlinked": outs})
				}
				return nil
			})
		},
	}
}
