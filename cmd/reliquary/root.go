package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// Exit codes, for scripts. They are part of the command line's contract.
const (
	exitOK      = 0
	exitFailed  = 1   // the command ran and did not succeed
	exitUsage   = 2   // the command line was wrong; nothing was done
	exitProblem = 3   // doctor found damage
	exitSignal  = 130 // interrupted
)

// run runs one command line and returns the exit code.
func run(ctx context.Context, args []string, t terminal) int {
	root := newRootCommand(t)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var exit *exitError
	if errors.As(err, &exit) {
		return exit.code
	}
	t.notef("reliquary: %v\n", err)
	var usage *usageError
	switch {
	case errors.As(err, &usage):
		t.notef("Run `%s --help` for how to use it.\n", usage.command)
		return exitUsage
	case ctx.Err() != nil:
		return exitSignal
	}
	return exitFailed
}

func newRootCommand(t terminal) *cobra.Command {
	root := &cobra.Command{
		Use:   "reliquary",
		Short: "Keep, serve and walk W&B artifacts",
		Long: "Reliquary is a W&B-compatible artifact registry and a client for W&B artifacts.\n" +
			"`reliquary serve` serves a registry to the wandb package; `reliquary mcp` gives an agent tools on one.",
		// Messages are printed in one place, run; usage only when asked for.
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
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
	root.AddCommand(
		newServeCommand(t),
		newKeyCommand(t),
		newMCPCommand(t),
		newDoctorCommand(t),
		newCallCommand(t),
		newSchemaCommand(t),
		newVersionCommand(t),
	)
	return root
}

// noArguments is for commands that take none. At the root, an argument is the
// name of a command that there is not.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("unexpected argument %q", args[0])
	if c.HasSubCommands() {
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

// A usageError says that a command line was wrong.
type usageError struct {
	command string
	err     error
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// An exitError ends the program with a code of its own, after the command has
// printed what there was to say.
type exitError struct{ code int }

func (e *exitError) Error() string { return "exit" }
