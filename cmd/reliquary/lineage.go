package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

type lineageOptions struct {
	up, down bool
	depth    int
	limit    int
}

func newLineageCommand(s *shell) *cobra.Command {
	var o lineageOptions
	c := &cobra.Command{
		Use:   "lineage VERSION",
		Short: "Show what a version was made from, and what was made from it",
		Long: "Lineage follows a version over the runs that logged and used it. On a terminal it draws a tree; in a pipe " +
			"each line is one step: a run, whether it used or logged, and a version. It says so where it left anything out.",
		Example: "  reliquary lineage team/vision/detector:production\n" +
			"  reliquary lineage team/vision/flowers:v3 --down --depth 1",
		Args: wantArguments(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			return s.withClient(c.Context(), func(ctx context.Context, client *artifacts.Client) error {
				a, err := findVersion(ctx, client, args[0])
				if err != nil {
					return err
				}
				l, err := a.Lineage(ctx, o.options())
				if err != nil {
					return err
				}
				return printLineage(s, a, l)
			})
		},
	}
	c.Flags().BoolVar(&o.up, "up", false, "only what it was made from")
	c.Flags().BoolVar(&o.down, "down", false, "only what was made from it")
	c.Flags().IntVar(&o.depth, "depth", 10, "follow it over so many `runs`")
	c.Flags().IntVarP(&o.limit, "limit", "n", 1000, "find `N` versions and runs at most")
	return c
}

func (o lineageOptions) options() *artifacts.LineageOptions {
	opts := artifacts.LineageOptions{Direction: artifacts.BothWays, Depth: o.depth, MaxNodes: o.limit}
	switch {
	case o.up && !o.down:
		opts.Direction = artifacts.Upstream
	case o.down && !o.up:
		opts.Direction = artifacts.Downstream
	}
	return &opts
}

func printLineage(s *shell, a *artifacts.Artifact, l *artifacts.Lineage) error {
	t := newLineageTree(s, l)
	return s.print(t.output(a, l), func() {
		switch {
		case s.quiet:
			for _, one := range l.Artifacts {
				s.printf("%s\n", clean(one.Name))
			}
		case s.OutIsTerminal:
			t.draw(a)
		default:
			for _, e := range l.Edges {
				s.printf("%s\t%s\t%s\n", clean(e.Run.String()), e.Mode, clean(t.versions[e.Artifact].Name))
			}
		}
		for _, left := range l.Left {
			s.notef("warning: not shown: %s\n", clean(left))
		}
	})
}

// A lineageTree is a lineage that can be walked.
type lineageTree struct {
	shell    *shell
	versions map[string]artifacts.LineageArtifact
	runs     map[artifacts.RunPath]artifacts.LineageRun
	// logged and used are the runs of a version; outputs and inputs are the
	// versions of a run.
	logged, used    map[string][]artifacts.RunPath
	outputs, inputs map[artifacts.RunPath][]string
	drawn           map[string]bool
}

func newLineageTree(s *shell, l *artifacts.Lineage) *lineageTree {
	t := &lineageTree{
		shell: s, versions: map[string]artifacts.LineageArtifact{}, runs: map[artifacts.RunPath]artifacts.LineageRun{},
		logged: map[string][]artifacts.RunPath{}, used: map[string][]artifacts.RunPath{},
		outputs: map[artifacts.RunPath][]string{}, inputs: map[artifacts.RunPath][]string{},
		drawn: map[string]bool{},
	}
	for _, a := range l.Artifacts {
		t.versions[a.ID] = a
	}
	for _, r := range l.Runs {
		t.runs[r.RunPath] = r
	}
	for _, e := range l.Edges {
		if e.Mode == artifacts.Logged {
			t.logged[e.Artifact] = append(t.logged[e.Artifact], e.Run)
			t.outputs[e.Run] = append(t.outputs[e.Run], e.Artifact)
		} else {
			t.used[e.Artifact] = append(t.used[e.Artifact], e.Run)
			t.inputs[e.Run] = append(t.inputs[e.Run], e.Artifact)
		}
	}
	return t
}

// output is the lineage as the operation get_lineage gives it.
func (t *lineageTree) output(a *artifacts.Artifact, l *artifacts.Lineage) tools.GetLineageOutput {
	out := tools.GetLineageOutput{Artifact: a.QualifiedName(), Artifacts: []tools.LineageArtifact{}, Runs: []tools.LineageRun{}, Complete: l.Complete, LeftOut: l.Left}
	for _, v := range l.Artifacts {
		shown := tools.LineageArtifact{Artifact: v.Name, Type: v.Type, Depth: v.Depth}
		if v.State != artifacts.Committed {
			shown.State = string(v.State)
		}
		out.Artifacts = append(out.Artifacts, shown)
	}
	for _, r := range l.Runs {
		shown := tools.LineageRun{Run: r.String(), Name: r.DisplayName}
		for _, id := range t.inputs[r.RunPath] {
			shown.Used = append(shown.Used, t.versions[id].Name)
		}
		for _, id := range t.outputs[r.RunPath] {
			shown.Logged = append(shown.Logged, t.versions[id].Name)
		}
		out.Runs = append(out.Runs, shown)
	}
	return out
}

// draw draws the tree: the version, above it what it was made from, below it
// what was made from it.
func (t *lineageTree) draw(a *artifacts.Artifact) {
	s := t.shell
	s.printf("%s  %s\n", s.paint(bold, clean(t.versions[a.ID].Name)), s.paint(faint, a.Type))
	var branches []branch
	for _, r := range t.logged[a.ID] {
		branches = append(branches, branch{r, "logged by", t.inputs, t.logged, "logged by", "from"})
	}
	for _, r := range t.used[a.ID] {
		branches = append(branches, branch{r, "used by", t.outputs, t.used, "used by", "made"})
	}
	if len(branches) == 0 {
		s.printf("  no run logged it, and none used it\n")
	}
	t.drawn[a.ID] = true
	t.drawBranches(branches, "")
}

// A branch is a run, and the way on from it.
type branch struct {
	run     artifacts.RunPath
	words   string
	next    map[artifacts.RunPath][]string
	runs    map[string][]artifacts.RunPath
	runWord string
	verWord string
}

func (t *lineageTree) drawBranches(branches []branch, indent string) {
	s := t.shell
	for i, b := range branches {
		here, below := "├─ ", "│  "
		if i == len(branches)-1 {
			here, below = "└─ ", "   "
		}
		name := b.run.String()
		if shown := t.runs[b.run].DisplayName; shown != "" && shown != b.run.ID {
			name += " (" + shown + ")"
		}
		t.line(indent+here, s.paint(faint, b.words+" ")+clean(name))
		ids := b.next[b.run]
		for j, id := range ids {
			here, deeper := "├─ ", "│  "
			if j == len(ids)-1 {
				here, deeper = "└─ ", "   "
			}
			v := t.versions[id]
			text := s.paint(faint, b.verWord+" ") + clean(v.Name) + "  " + s.paint(faint, v.Type)
			if v.State != artifacts.Committed {
				text += s.paint(red, " "+strings.ToLower(string(v.State)))
			}
			if t.drawn[id] {
				t.line(indent+below+here, text+s.paint(faint, "  (above)"))
				continue
			}
			t.drawn[id] = true
			t.line(indent+below+here, text)
			var on []branch
			for _, r := range b.runs[id] {
				on = append(on, branch{r, b.runWord, b.next, b.runs, b.runWord, b.verWord})
			}
			t.drawBranches(on, indent+below+deeper)
		}
	}
}

func (t *lineageTree) line(indent, text string) {
	t.shell.printf("%s%s\n", t.shell.paint(faint, indent), text)
}
