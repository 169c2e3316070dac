package main

import (
	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/capi/pipe"
)

func newPipeCommand(s *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "pipe",
		Short: "Serve the Python or Node package that started it",
		Long: "Pipe answers calls of one program on standard input and output, and ends with it. The Python and Node\n" +
			"packages start it where they cannot load the C library (on musl), or where RELIQUARY_PIPE names this\n" +
			"program; the program tells it what to open.",
		Hidden: true, // for programs: there is nothing that a person could type into it
		Args:   noArguments,
		RunE:   func(*cobra.Command, []string) error { return pipe.Process(s.terminal.In, s.terminal.Out) },
	}
}
