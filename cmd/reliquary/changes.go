package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// updateVersion changes a version and tells what changed.
func updateVersion(ctx context.Context, s *shell, client *artifacts.Client, in tools.UpdateArtifactInput) error {
	out, err := operate[tools.UpdateArtifactOutput](ctx, client, "update_artifact", in)
	if err != nil {
		return err
	}
	return s.print(out, func() { s.printChanges(out.Artifact, out.Changed) })
}

// printChanges tells what became of a version or a collection.
func (s *shell) printChanges(name string, changes []tools.ArtifactChange) {
	switch {
	case s.quiet:
		s.printf("%s\n", clean(name))
		return
	case len(changes) == 0:
		s.printf("%s was so already: nothing changed\n", clean(name))
		return
	}
	for _, ch := range changes {
		var what []string
		if ch.From != "" || ch.To != "" {
			what = append(what, fmt.Sprintf("was %s, is %s", quoted(ch.From), quoted(ch.To)))
		}
		for _, alias := range ch.Added {
			added := "+" + alias
			for _, moved := range ch.Moved {
				// "alias (v3)"
				if from, ok := strings.CutPrefix(moved, alias+" "); ok {
					added += ", which was on " + strings.Trim(from, "()")
				}
			}
			what = append(what, added)
		}
		for _, gone := range ch.Removed {
			what = append(what, "-"+gone)
		}
		s.printf("%s: %s %s\n", clean(name), ch.Field, clean(strings.Join(what, ", ")))
	}
}

func quoted(text string) string {
	if text == "" {
		return "none"
	}
	return text
}
