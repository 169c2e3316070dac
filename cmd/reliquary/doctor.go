package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts/server/directory"
)

type doctorOptions struct {
	dir  string
	deep bool
	json bool
}

func newDoctorCommand(t terminal) *cobra.Command {
	var o doctorOptions
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check that a registry holds everything that it promised",
		Long: "Doctor looks at everything in a registry directory and changes nothing. It may run while the\n" +
			"registry is served. It exits with 0 when the registry is whole, 3 when something is missing or\n" +
			"damaged, and 1 when the registry cannot be looked at.",
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return doctor(c.Context(), t, o) },
	}
	addDirFlag(c, &o.dir)
	c.Flags().BoolVar(&o.deep, "deep", false, "read and hash every file instead of trusting its size")
	c.Flags().BoolVar(&o.json, "json", false, "print the report as JSON")
	return c
}

func doctor(ctx context.Context, t terminal, o doctorOptions) error {
	path, err := registryDir(t, o.dir)
	if err != nil {
		return err
	}
	options := directory.CheckOptions{Deep: o.deep}
	if t.ErrIsTerminal {
		// The line is written over by the next one, and by nothing at the end.
		options.Progress = func(what string) { t.notef("\r\x1b[K%s", what) }
		defer t.notef("\r\x1b[K")
	}
	report, err := directory.Check(ctx, path, options)
	if err != nil {
		return err
	}
	if o.json {
		err = printJSON(t, report)
	} else {
		printReport(t, report)
	}
	if err == nil && report.Errors() > 0 {
		err = &exitError{code: exitProblem}
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

// printJSON prints a value as indented JSON.
func printJSON(t terminal, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	t.printf("%s\n", text)
	return nil
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// size is a number of bytes as people read it.
func size(n int64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	f, unit := float64(n), -1
	for f >= 1024 && unit < len(units)-1 {
		f /= 1024
		unit++
	}
	return fmt.Sprintf("%.1f %ciB", f, units[unit])
}
