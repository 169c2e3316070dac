package main

import (
	"bytes"
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/tools"
)

func newSchemaCommand(s *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "schema [OPERATION]",
		Short: "Print what an operation takes and gives, as JSON Schema",
		Long: "Schema prints the JSON Schemas of an operation's arguments and result. Without an operation it lists\n" +
			"them all, with what they do.",
		Args: wantArguments(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				listOperations(s.terminal)
				return nil
			}
			operation, err := lookup(c, args[0])
			if err != nil {
				return err
			}
			return printSchemas(s.terminal, operation)
		},
	}
}

func listOperations(t terminal) {
	for _, o := range tools.All() {
		t.printf("%s (%s)\n  %s\n", o.Name, o.Effect, o.Title)
	}
}

func printSchemas(t terminal, o tools.Operation) error {
	text, err := json.Marshal(struct {
		Name   string          `json:"name"`
		Effect tools.Effect    `json:"effect"`
		Input  json.RawMessage `json:"input"`
		Output json.RawMessage `json:"output"`
	}{o.Name, o.Effect, o.InputSchema(), o.OutputSchema()})
	if err != nil {
		return err
	}
	// Indented as text: the order of keys in a schema is part of how it reads.
	var out bytes.Buffer
	if err := json.Indent(&out, text, "", "  "); err != nil {
		return err
	}
	t.printf("%s\n", &out)
	return nil
}
