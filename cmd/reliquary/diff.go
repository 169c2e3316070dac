package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

type diffOptions struct {
	exitCode bool
	stat     bool
}

func newDiffCommand(s *shell) *cobra.Command {
	var o diffOptions
	c := &cobra.Command{
		Use:   "diff VERSION VERSION",
		Short: "Show which files two versions differ in",
		Long: "Diff shows which files were added (A), removed (D) and changed (M) from the first version to the second, and " +
			"which metadata. Nothing is downloaded but the two lists of files. The second can be written as an alias alone " +
			"where it is of the same collection.",
		Example: "  reliquary diff team/vision/flowers:v3 team/vision/flowers:v4\n" +
			"  reliquary diff team/vision/detector:production latest",
		Args: wantArguments(cobra.ExactArgs(2)),
		RunE: func(c *cobra.Command, args []string) error {
			from, err := readPath(args[0])
			if err != nil {
				return err
			}
			to := artifacts.Path{Entity: from.Entity, Project: from.Project, Collection: from.Collection, Alias: args[1]}.String()
			if strings.ContainsAny(args[1], ":/") {
				to = args[1]
			}
			return s.withClient(c.Context(), func(ctx context.Context, client *artifacts.Client) error {
				return diff(ctx, s, client, args[0], to, o)
			})
		},
	}
	c.Flags().BoolVar(&o.exitCode, "exit-code", false, "end with 7 if they differ")
	c.Flags().BoolVar(&o.stat, "stat", false, "only the sums")
	return c
}

// A comparison is what the operation compare_artifacts gives, whole, and what
// became of the metadata.
type comparison struct {
	tools.CompareArtifactsOutput
	Metadata []metadataDifference `json:"metadata"`
}

// A metadataDifference is an entry of the metadata that differs; what is not
// there is null.
type metadataDifference struct {
	Key  string          `json:"key"`
	From json.RawMessage `json:"from"`
	To   json.RawMessage `json:"to"`
}

func diff(ctx context.Context, s *shell, client *artifacts.Client, from, to string, o diffOptions) error {
	old, err := findVersion(ctx, client, from)
	if err != nil {
		return err
	}
	young, err := findVersion(ctx, client, to)
	if err != nil {
		return err
	}
	before, err := old.Manifest(ctx)
	if err != nil {
		return err
	}
	after, err := young.Manifest(ctx)
	if err != nil {
		return err
	}
	out := comparison{tools.Compare(old, before, young, after), metadataDifferences(old.Metadata, young.Metadata)}
	err = s.print(out, func() { s.printDiff(out, o) })
	if err == nil && o.exitCode && (!out.SameContents || len(out.Metadata) > 0) {
		err = &exitError{code: exitDifferent}
	}
	return err
}

// metadataDifferences are in the order of their keys.
func metadataDifferences(from, to json.RawMessage) []metadataDifference {
	was, is := entries(from), entries(to)
	keys := maps.Clone(was)
	maps.Copy(keys, is)
	out := []metadataDifference{}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if string(was[k]) != string(is[k]) {
			out = append(out, metadataDifference{k, orNull(was[k]), orNull(is[k])})
		}
	}
	return out
}

// entries are those of metadata, each written one way.
func entries(object json.RawMessage) map[string]json.RawMessage {
	raw := map[string]any{}
	d := json.NewDecoder(strings.NewReader(string(object)))
	d.UseNumber() // numbers stay as they were written
	out := map[string]json.RawMessage{}
	if d.Decode(&raw) != nil {
		return out // it has none
	}
	for k, v := range raw {
		if text, err := json.Marshal(v); err == nil {
			out[k] = text
		}
	}
	return out
}

func orNull(v json.RawMessage) json.RawMessage {
	if v == nil {
		return json.RawMessage("null")
	}
	return v
}

// signs are how git says it, and colours.
var signs = map[string]struct {
	letter string
	style  style
}{"added": {"A", green}, "removed": {"D", red}, "changed": {"M", yellow}}

func (s *shell) printDiff(out comparison, o diffOptions) {
	if s.quiet {
		for _, f := range out.Files {
			s.printf("%s\n", clean(f.Path))
		}
		return
	}
	if !o.stat {
		var rows [][]cell
		for _, f := range out.Files {
			sign := signs[f.Change]
			rows = append(rows, []cell{styled(sign.style, sign.letter), word(f.Path), word(s.sizeChange(f))})
		}
		for _, m := range out.Metadata {
			rows = append(rows, []cell{styled(yellow, "metadata"), word(m.Key), word(s.valueChange(m))})
		}
		s.printTable([]column{{}, {elastic: true}, {}}, rows)
	}
	if !s.OutIsTerminal && !o.stat {
		return
	}
	if out.SameContents {
		s.printf("%s and %s have the same files\n", clean(out.From), clean(out.To))
		return
	}
	s.printf("%d added, %d removed, %d changed, %d the same; %s -> %s\n", out.Added, out.Removed, out.Changed, out.Same,
		size(int64(out.SizeBytesFrom)), size(int64(out.SizeBytesTo)))
}

// sizeChange is the size, or both.
func (s *shell) sizeChange(f tools.FileDifference) string {
	shown := func(n *tools.Bytes) string {
		switch {
		case n == nil:
			return "?"
		case s.OutIsTerminal:
			return size(int64(*n))
		}
		return number(int64(*n))
	}
	switch f.Change {
	case "added":
		return shown(f.SizeBytesTo)
	case "removed":
		return shown(f.SizeBytesFrom)
	}
	return shown(f.SizeBytesFrom) + " -> " + shown(f.SizeBytesTo)
}

// valueChange shows values as far as they fit a line.
func (s *shell) valueChange(m metadataDifference) string {
	short := func(v json.RawMessage) string {
		if s.OutIsTerminal {
			return cut(string(v), 30)
		}
		return string(v)
	}
	return fmt.Sprintf("%s -> %s", short(m.From), short(m.To))
}
