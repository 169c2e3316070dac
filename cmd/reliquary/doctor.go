package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts/server/directory"
)

func newDoctorCommand(s *shell) *cobra.Command {
	var deep bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check that a registry holds everything that it promised",
		Long: "Doctor looks at everything in a registry directory and changes nothing. It may run while the\n" +
			"registry is served. It exits with 0 when the registry is whole, and with 7 when something is missing\n" +
			"or damaged.",
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return doctor(c.Context(), s, deep) },
	}
	c.Flags().BoolVar(&deep, "deep", false, "read and hash every file instead of trusting its size")
	return c
}

func doctor(ctx context.Context, s *shell, deep bool) error {
	path, err := registryDir(s.terminal, s.dir)
	if err != nil {
		return err
	}
	options := directory.CheckOptions{Deep: deep}
	if s.ErrIsTerminal && !s.quiet {
		// The line is written over by the next one, and by nothing at the end.
		options.Progress = func(what string) { s.notef("\r\x1b[K%s", what) }
		defer s.notef("\r\x1b[K")
	}
	report, err := directory.Check(ctx, path, options)
	if err != nil {
		return err
	}
	err = s.print(report, func() { printReport(s.terminal, report) })
	if err == nil && report.Errors() > 0 {
		err = &exitError{code: exitDifferent}
	}
	return err
}

func printReport(t terminal, r directory.Report) {
	t.printf("%s\n  %s, %s, %s (%s)\n", r.Path,
		count(r.Versions, "version"), count(r.Files, "file"), count(r.Blobs, "blob"), size(r.Bytes))
	for _, p := range r.Problems {
		t.printf("\n%s  %s\n       %s\n", p.Severity, p.Subject, p.Message)
		if p.Advice != "" {
			t.printf("       %s\n", p.Advice)
		}
	}
	t.printf("\n")
	if r.FreeBytes > 0 {
		t.printf("%s are held by nothing.\n", size(r.FreeBytes))
	}
	checked := "every file is there with its size (--deep reads them too)"
	if r.Deep {
		checked = "every file was read and has its digest"
	}
	switch n := r.Errors(); n {
	case 0:
		t.printf("The registry is whole: %s.\n", checked)
	default:
		t.printf("The registry is damaged: %s.\n", count(n, "error"))
	}
}
