package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// run runs one command line and returns the exit code.
func run(ctx context.Context, args []string, t terminal) int {
	s := &shell{terminal: t}
	root := newRootCommand(s)
	root.SetArgs(args)
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	return s.fail(ctx, command.Name(), err)
}

// The groups that the commands are listed in.
const (
	groupArtifacts = "artifacts"
	groupRegistry  = "registry"
	groupPrograms  = "programs"
)

func newRootCommand(s *shell) *cobra.Command {
	t := s.terminal
	root := &cobra.Command{
		Use:   "reliquary",
		Short: "Keep, serve and walk W&B artifacts",
		Long: "Reliquary is a W&B-compatible artifact registry and a client for W&B artifacts.\n" +
			"`reliquary serve` serves a registry to the wandb package; `reliquary mcp` gives an agent tools on one.",
		// Messages are printed in one place, fail; usage only when asked for.
		SilenceErrors: true,
		SilenceUsage:  true,
		// How far from its name a mistyped command may be.
		SuggestionsMinimumDistance: 2,
		Args:                       noArguments,
		RunE:                       func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetIn(t.In)
	root.SetOut(t.Out)
	root.SetErr(t.Err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return &usageError{command: c.CommandPath(), err: err}
	})
	s.addFlags(root)
	for _, g := range []struct {
		id, title string
		commands  []*cobra.Command
	}{
		{groupArtifacts, "Artifacts:", []*cobra.Command{
			s.completing(newListCommand(s), anyPlace, aFile),
			s.completing(newGetCommand(s), aVersion, aFile),
			s.completing(newPutCommand(s), aCollection, aLocalFile),
			s.completing(newCatCommand(s), aVersion, aFile),
			s.completing(newDiffCommand(s), aVersion, aVersion),
			s.completing(newVerifyCommand(s), aVersion, aLocalFile),
			s.completing(newUsageCommand(s), anyPlace),
			s.completing(newLineageCommand(s), aVersion),
			s.completing(newAliasCommand(s), aPath, anAlias),
			s.completing(newTagCommand(s), aPath, aWord),
			s.completing(newLinkCommand(s), aVersion, aCollection),
			s.completing(newUnlinkCommand(s), aVersion),
			s.completing(newMoveCommand(s), aCollection),
			s.completing(newRemoveCommand(s), aPath),
			s.completing(newRestoreCommand(s), aPath),
		}},
		{groupRegistry, "Your registry:", []*cobra.Command{
			newServeCommand(s),
			newKeyCommand(s),
			newDoctorCommand(s),
			newGCCommand(s),
		}},
		{groupPrograms, "Agents and programs:", []*cobra.Command{
			newMCPCommand(s),
			s.completing(newCallCommand(s), anOperation),
			s.completing(newSchemaCommand(s), anOperation),
			newPipeCommand(s),
			newVersionCommand(s),
		}},
	} {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
		for _, c := range g.commands {
			c.GroupID = g.id
			root.AddCommand(c)
		}
	}
	root.SetHelpCommandGroupID(groupPrograms)
	root.SetCompletionCommandGroupID(groupPrograms)
	root.AddCommand(helpTopics()...)
	fitHelp(root, min(t.columns(), 100)-1)
	return root
}

// noArguments is for commands that take none. At the root, an argument is the
// name of a command that there is not.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("unexpected argument %q", args[0])
	if !c.HasParent() {
		err = fmt.Errorf("there is no command %q", args[0])
		if near := c.SuggestionsFor(args[0]); len(near) > 0 {
			err = fmt.Errorf("%w; did you mean %s?", err, strings.Join(near, " or "))
		}
	}
	return &usageError{command: c.CommandPath(), err: err}
}

// wantArguments makes what a positional-argument check refuses wrong usage.
func wantArguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return &usageError{command: c.CommandPath(), err: err}
		}
		return nil
	}
}

// usagef is wrong usage of a command.
func usagef(c *cobra.Command, format string, a ...any) error {
	return &usageError{command: c.CommandPath(), err: fmt.Errorf(format, a...)}
}
