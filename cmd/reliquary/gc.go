package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts/server/directory"
)

type gcOptions struct {
	yes       bool
	retention time.Duration
}

func newGCCommand(s *shell) *cobra.Command {
	var o gcOptions
	c := &cobra.Command{
		Use:   "gc",
		Short: "Free what a registry holds and nobody can ask for any more",
		Long: "GC says what it would take away, and takes it away with --yes: the contents of versions and collections that " +
			"were deleted (or have expired) longer ago than they can be restored, uploads that nobody went on with, stored " +
			"bytes that nothing needs, and entries of the audit log from more than 400 days ago.\n\n" +
			"It may run while the registry is served and used. What it has taken away cannot be restored.",
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.retention <= 0 {
				return usagef(c, "--keep %s is no time to keep deleted versions for; 1s keeps none", o.retention)
			}
			return gc(c.Context(), s, o)
		},
	}
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "take it away")
	c.Flags().DurationVar(&o.retention, "keep", directory.DefaultRetention, "for how long what was deleted can be restored, as 168h")
	return c
}

func gc(ctx context.Context, s *shell, o gcOptions) (err error) {
	path, err := registryDir(s.terminal, s.dir)
	if err != nil {
		return err
	}
	d, err := directory.Open(ctx, path, directory.Options{MustExist: true, Logger: newLogger(s.terminal, s.verbose)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	options := directory.CollectOptions{DryRun: !o.yes, Retention: o.retention}
	if s.ErrIsTerminal && !s.quiet {
		options.Progress = func(what string) { s.notef("\r\x1b[K%s", what) }
		defer s.notef("\r\x1b[K")
	}
	got, err := d.Collect(ctx, options)
	if err != nil {
		return err
	}
	return s.print(got, func() { printCollection(s.terminal, got) })
}

func printCollection(t terminal, c directory.Collection) {
	verb, bytes := "Freed", c.Bytes+c.LeftoverBytes
	if c.DryRun {
		verb = "Would free"
	}
	lines := c.Text()
	t.printf("%s\n", c.Path)
	for _, line := range lines {
		t.printf("  %s\n", line)
	}
	switch {
	case c.Waiting == 1:
		t.printf("  1 deleted version waits for an upload under way\n")
	case c.Waiting > 1:
		t.printf("  %d deleted versions wait for uploads under way\n", c.Waiting)
	}
	t.printf("%s %s.", verb, size(bytes))
	if c.DryRun && len(lines) > 0 {
		t.printf(" Run `reliquary gc --yes` to do it; what was deleted before %s cannot be restored then.", c.RestorableSince.Format(time.RFC3339))
	}
	t.printf("\n")
}
