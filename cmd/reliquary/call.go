package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/connect"
	"github.com/reliquary/reliquary/tools"
)

type callOptions struct {
	dir     string
	verbose bool
}

func newCallCommand(t terminal) *cobra.Command {
	var o callOptions
	c := &cobra.Command{
		Use:   "call OPERATION [ARGUMENTS]",
		Short: "Call an operation, with its arguments in JSON",
		Long: "Call does what an agent's tool call does, and prints the result as JSON. ARGUMENTS is a JSON object\n" +
			"(- reads it from standard input); `reliquary schema OPERATION` says what may be in it.\n\n" +
			"The operations are " + strings.Join(operationNames(), ", ") + ".",
		Args: wantArguments(cobra.RangeArgs(1, 2)),
		RunE: func(c *cobra.Command, args []string) error {
			operation, err := lookup(c, args[0])
			if err != nil {
				return err
			}
			arguments := json.RawMessage("{}")
			if len(args) == 2 {
				if arguments, err = readArguments(t, args[1]); err != nil {
					return err
				}
			}
			return call(c.Context(), t, o, operation, arguments)
		},
	}
	addDirFlag(c, &o.dir)
	c.Flags().BoolVar(&o.verbose, "verbose", false, "log every request")
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

func call(ctx context.Context, t terminal, o callOptions, operation tools.Operation, arguments json.RawMessage) (err error) {
	conn, err := openConnection(ctx, t, o.dir, connect.Options{
		Logger:    newLogger(t, o.verbose),
		UserAgent: "reliquary-call/" + version(),
		// A person waits: what is down should show before they give up.
		Retry: artifacts.Retry{Attempts: 3, MaxElapsed: 15 * time.Second},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	// The person may do what the system lets them.
	ctx = tools.WithFiles(ctx, tools.AllFiles(t.Env.Dir))
	result, err := operation.Call(ctx, conn.Client, arguments)
	if err != nil {
		return err
	}
	return printJSON(t, result)
}

// openConnection opens what the person has configured, or the registry in dir
// when that is not "", and says on the error stream which it is.
func openConnection(ctx context.Context, t terminal, dir string, o connect.Options) (*connect.Connection, error) {
	settings, err := connect.ReadSettings(t.Env)
	if dir != "" {
		path, perr := registryDir(t, dir)
		if perr != nil {
			return nil, perr
		}
		// A directory that is asked for does not need the other settings.
		settings, err = settings.WithDir(path, "--dir"), nil
	}
	for _, w := range settings.Warnings {
		t.notef("warning: %s\n", w)
	}
	if err != nil {
		return nil, err
	}
	conn, err := connect.Open(ctx, settings, o)
	if err != nil {
		return nil, err
	}
	t.notef("on %s\n", conn.Description)
	return conn, nil
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

func operationNames() []string {
	var names []string
	for _, o := range tools.All() {
		names = append(names, o.Name)
	}
	return names
}
