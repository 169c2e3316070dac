package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

type moveOptions struct {
	typ         string
	createType  bool
	description string
}

func newMoveCommand(s *shell) *cobra.Command {
	var o moveOptions
	c := &cobra.Command{
		Use:     "mv COLLECTION [NAME]",
		Aliases: []string{"rename"},
		Short:   "Rename a collection, change its type or describe it",
		Long: "Mv gives a collection another name, or moves it, with its versions, to another artifact type. Its versions " +
			"keep their numbers, aliases and files.",
		Example: "  reliquary mv team/vision/flowers blossoms\n" +
			"  reliquary mv team/vision/detector --type model",
		Args: wantArguments(cobra.RangeArgs(1, 2)),
		RunE: func(c *cobra.Command, args []string) error {
			in := tools.SaveArtifactCollectionInput{Collection: args[0], Type: o.typ, CreateType: o.createType}
			if c.Flags().Changed("description") {
				in.Description = &o.description
			}
			if len(args) == 1 && in.Type == "" && in.Description == nil {
				return usagef(c, "nothing to change was given: a new name, --type or --description")
			}
			return s.withClient(c.Context(), func(ctx context.Context, client *artifacts.Client) error {
				if len(args) == 2 {
					var err error
					if in.NewName, err = newName(ctx, c, client, args[0], args[1]); err != nil {
						return err
					}
				}
				return saveCollection(ctx, s, client, in)
			})
		},
	}
	c.Flags().StringVarP(&o.typ, "type", "t", "", "artifact `type` to move it to")
	c.Flags().BoolVar(&o.createType, "create-type", false, "allow a type that does not exist yet")
	c.Flags().StringVarP(&o.description, "description", "d", "", "`text` about it; \"\" takes it away")
	return c
}

// newName is the name that a collection is to have: alone, or as a path in the
// same project.
func newName(ctx context.Context, c *cobra.Command, client *artifacts.Client, from, to string) (string, error) {
	old, err := readPath(from)
	if err != nil {
		return "", err
	}
	p, err := readPath(to)
	switch {
	case err != nil:
		return "", err
	case p.Alias != "":
		return "", usagef(c, "%s names a version; versions keep their names", to)
	case p.Project == "":
		return p.Collection, nil
	}
	if old, err = client.Resolve(ctx, old); err != nil {
		return "", err
	}
	if p, err = client.Resolve(ctx, p); err != nil {
		return "", err
	}
	if p.Entity != old.Entity || p.Project != old.Project {
		return "", usagef(c, "a collection cannot move from %s/%s to %s/%s; download its versions and put them there, or link them", old.Entity, old.Project, p.Entity, p.Project)
	}
	return p.Collection, nil
}

// saveCollection changes a collection and tells what changed.
func saveCollection(ctx context.Context, s *shell, client *artifacts.Client, in tools.SaveArtifactCollectionInput) error {
	out, err := operate[tools.SaveArtifactCollectionOutput](ctx, client, "save_artifact_collection", in)
	if err != nil {
		return err
	}
	changes := make([]tools.ArtifactChange, len(out.Changed))
	for i, ch := range out.Changed {
		changes[i] = tools.ArtifactChange{Field: ch.Field, From: ch.From, To: ch.To, Added: ch.Added, Removed: ch.Removed}
	}
	return s.print(out, func() { s.printChanges(out.Collection, changes) })
}
