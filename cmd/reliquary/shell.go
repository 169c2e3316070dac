package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/connect"
	"github.com/reliquary/reliquary/tools"
)

// A shell is what every command has: the terminal, and the flags that are the
// same for all of them.
type shell struct {
	terminal
	dir     string // the registry in this directory
	server  string // this W&B server
	json    bool   // results, and errors, are JSON
	quiet   bool   // names only, no notes
	verbose bool   // log every request
	// ifInterrupted says what became of a command that was interrupted.
	ifInterrupted string
}

// addFlags gives the root command the flags that are the same for all.
func (s *shell) addFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVar(&s.dir, "dir", "", "registry `directory` to work on (default $RELIQUARY_DIR, or reliquary in your data directory)")
	f.StringVar(&s.server, "server", "", "`address` of the W&B server to work on (default $WANDB_BASE_URL)")
	f.BoolVar(&s.json, "json", false, "print the result as JSON, and an error as JSON on stderr")
	f.BoolVarP(&s.quiet, "quiet", "q", false, "print names only, and no notes and progress")
	f.BoolVar(&s.verbose, "verbose", false, "log every request to stderr")
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error {
		if s.dir != "" && s.server != "" {
			return usagef(c, "--dir and --server name two places to work on; give one of them")
		}
		return nil
	}
}

// patient is how a person waits: what is down should show before they give up.
var patient = artifacts.Retry{Attempts: 3, MaxElapsed: 15 * time.Second}

// withClient opens what the person works on, calls f with a client on it, and
// closes it. It says on the error stream what that is.
func (s *shell) withClient(ctx context.Context, f func(context.Context, *artifacts.Client) error) error {
	return s.withConnection(ctx, patient, func(ctx context.Context, conn *connect.Connection) error { return f(ctx, conn.Client) })
}

func (s *shell) withConnection(ctx context.Context, retry artifacts.Retry, f func(context.Context, *connect.Connection) error) (err error) {
	settings, err := s.settings()
	for _, w := range settings.Warnings {
		s.commentf("warning: %s\n", w)
	}
	if err != nil {
		return err
	}
	conn, err := connect.Open(ctx, settings, connect.Options{
		Logger:    newLogger(s.terminal, s.verbose),
		UserAgent: "reliquary-cli/" + version(),
		Retry:     retry,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	s.commentf("on %s\n", s.atHome(conn.Description.String()))
	actor := artifacts.ProgramActor
	if s.InIsTerminal || s.ErrIsTerminal {
		actor = artifacts.PersonActor
	}
	ctx = artifacts.WithActor(ctx, actor)
	// The person may do what the system lets them.
	return f(tools.WithFiles(ctx, tools.AllFiles(s.Env.Dir)), conn)
}

// settings are the person's, with what the flags say.
func (s *shell) settings() (connect.Settings, error) {
	env := s.Env
	if s.server != "" {
		// A server that is asked for comes before a directory that is configured.
		env.Vars = maps.Clone(env.Vars)
		delete(env.Vars, "RELIQUARY_DIR")
		env.Vars["WANDB_BASE_URL"] = s.server
	}
	settings, err := connect.ReadSettings(env)
	if s.dir != "" {
		path, perr := registryDir(s.terminal, s.dir)
		if perr != nil {
			return settings, perr
		}
		// A directory that is asked for does not need the other settings.
		settings, err = settings.WithDir(path, "--dir"), nil
	}
	if s.server != "" {
		settings.BaseURLSource = "--server"
	}
	return settings, err
}

// atHome writes the person's home directory as they do, on a terminal.
func (s *shell) atHome(text string) string {
	if home := s.Env.Home; s.ErrIsTerminal && len(home) > 1 {
		return strings.ReplaceAll(text, " "+home+"/", " ~/")
	}
	return text
}

// commentf tells the person what a script does not need to know.
func (s *shell) commentf(format string, a ...any) {
	if !s.quiet && !s.json {
		s.notef(format, a...)
	}
}

// print prints a result: as JSON if that is asked for, otherwise as text does.
func (s *shell) print(result any, text func()) error {
	if s.json {
		return printJSON(s.terminal, result)
	}
	text()
	return nil
}

// operate calls an operation by its name: what it does is written once, for all
// front ends.
func operate[Out any](ctx context.Context, c *artifacts.Client, name string, in any) (Out, error) {
	var out Out
	operation, err := tools.Lookup(tools.All(), name)
	if err != nil {
		return out, err
	}
	arguments, err := json.Marshal(in)
	if err != nil {
		return out, err
	}
	result, err := operation.Call(ctx, c, arguments)
	if err != nil {
		return out, err
	}
	out, ok := result.(Out)
	if !ok {
		return out, fmt.Errorf("%s gave a %T rather than a %T", name, result, out)
	}
	return out, nil
}

// operateWatched is operate, with a bar on the terminal while it lasts.
func operateWatched[Out any](ctx context.Context, s *shell, c *artifacts.Client, name string, in any) (Out, error) {
	bar := s.progress()
	defer bar.end()
	return operate[Out](tools.WithProgress(ctx, bar.report), c, name, in)
}
