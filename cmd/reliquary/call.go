package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

func newCallCommand(s *shell) *cobra.Command {
	c := &cobra.Command{
		Use:   "call OPERATION [ARGUMENTS]",
		Short: "Call an operation, with its arguments in JSON",
		Long: "Call does what an agent's tool call does, and prints the result as JSON. ARGUMENTS is a JSON object\n" +
			"(- reads it from standard input); `reliquary schema OPERATION` says what may be in it.",
		Args: wantArguments(cobra.RangeArgs(1, 2)),
		RunE: func(c *cobra.Command, args []string) error {
			operation, err := lookup(c, args[0])
			if err != nil {
				return err
			}
			arguments := json.RawMessage("{}")
			if len(args) == 2 {
				if arguments, err = readArguments(s.terminal, args[1]); err != nil {
					return err
				}
			}
			return s.withClient(c.Context(), func(ctx context.Context, client *artifacts.Client) error {
				result, err := operation.Call(ctx, client, arguments)
				if err != nil {
					return err
				}
				return printJSON(s.terminal, result)
			})
		},
	}
	// All operations are named to those who ask, and defined for them alone.
	c.SetHelpFunc(func(c *cobra.Command, args []string) {
		c.Long += "\n\nThe operations are " + strings.Join(operationNames(), ", ") + "."
		c.Root().HelpFunc()(c, args)
	})
	return c
}

func readArguments(t terminal, arg string) (json.RawMessage, error) {
	if arg != "-" {
		return json.RawMessage(arg), nil
	}
	text, err := io.ReadAll(t.In)
	if err != nil {
		return nil, fmt.Errorf("reading the arguments: %w", err)
	}
	return text, nil
}

// lookup finds an operation by the name that a person typed.
func lookup(c *cobra.Command, name string) (tools.Operation, error) {
	operation, err := tools.Lookup(tools.All(), name)
	if err == nil {
		return operation, nil
	}
	problem := fmt.Sprintf("there is no operation %q", name)
	if e, ok := errors.AsType[*tools.Error](err); ok && len(e.Candidates) > 0 {
		problem += "; did you mean " + strings.Join(e.Candidates, " or ") + "?"
	}
	return operation, &usageError{command: c.CommandPath(), err: errors.New(problem)}
}
