package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

type restoreOptions struct {
	as     string
	reason string
}

func newRestoreCommand(s *shell) *cobra.Command {
	var o restoreOptions
	c := &cobra.Command{
		Use:   "restore PATH...",
		Short: "Bring back what was deleted",
		Long: "Restore brings back versions and collections that were deleted or have expired, under their old numbers, with " +
			"aliases, tags and links as far as nothing else has taken them. `reliquary ls --deleted` lists what can be " +
			"restored. W&B servers cannot do it.",
		Example: "  reliquary restore team/vision/flowers:v3\n" +
			"  reliquary restore team/vision/scratch --as rescued",
		Args: wantArguments(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if o.as != "" && len(args) > 1 {
				return usagef(c, "--as is for one collection, and %d were named", len(args))
			}
			return s.withClient(c.Context(), func(ctx context.Context, client *artifacts.Client) error {
				return restore(ctx, s, client, args, o)
			})
		},
	}
	c.Flags().StringVar(&o.as, "as", "", "another `name` for a collection whose name was taken meanwhile")
	c.Flags().StringVar(&o.reason, "reason", "", "`why`, for the audit log")
	return c
}

func restore(ctx context.Context, s *shell, client *artifacts.Client, paths []string, o restoreOptions) error {
	in := tools.RestoreArtifactsInput{NewName: o.as, Reasoned: tools.Reasoned{Reason: o.reason}}
	for _, path := range paths {
		d, err := findDeletion(ctx, client, path)
		if err != nil {
			return err
		}
		in.DeletionIDs = append(in.DeletionIDs, d.ID)
	}
	out, err := operate[tools.RestoreArtifactsOutput](ctx, client, "restore_artifacts", in)
	if err != nil {
		return err
	}
	err = s.print(out, func() {
		for _, r := range out.Restored {
			if s.quiet {
				s.printf("%s\n", clean(r.Restored))
				continue
			}
			s.printf("%s is back%s\n", clean(r.Restored), backWith(r))
			for _, n := range r.NotAsBefore {
				s.notef("warning: %s\n", clean(n))
			}
		}
	})
	for _, f := range out.Failed {
		s.notef("reliquary: %s was not restored: %s\n", f.DeletionID, clean(f.Why))
	}
	if err == nil && len(out.Failed) > 0 {
		err = &exitError{code: exitConflict}
	}
	return err
}

// backWith says what came back with it.
func backWith(r tools.RestoredItem) string {
	var with []string
	if r.Versions != 1 {
		with = append(with, count(r.Versions, "version"))
	}
	if len(r.Aliases) > 0 {
		with = append(with, "alias "+clean(strings.Join(r.Aliases, ", ")))
	}
	if len(with) == 0 {
		return ""
	}
	return ", with " + strings.Join(with, " and ")
}

// findDeletion finds the last deletion of a version or collection.
func findDeletion(ctx context.Context, client *artifacts.Client, path string) (*artifacts.ArtifactDeletion, error) {
	p, err := readPath(path)
	if err != nil {
		return nil, err
	}
	if p, err = client.Resolve(ctx, p); err != nil {
		return nil, err
	}
	var others []string
	deletions := client.ArtifactDeletions(p.Entity, p.Project, &artifacts.DeletionsOptions{PerPage: perRequest, Collection: p.Collection})
	for d, err := range deletions.All(ctx) {
		if err != nil {
			return nil, tools.Suggest(ctx, client, artifacts.Path{Entity: p.Entity, Project: p.Project}, err)
		}
		if d.QualifiedName() == p.String() {
			return d, nil
		}
		others = append(others, d.QualifiedName())
	}
	e := &tools.Error{
		Code:    artifacts.KindNotFound,
		Message: fmt.Sprintf("there is nothing deleted named %s that can be restored", p),
		Next:    "see `reliquary ls --deleted " + p.Entity + "/" + p.Project + "`",
	}
	if len(others) > 0 {
		e.Candidates = others[:min(len(others), 5)]
	}
	return nil, e
}

// printDeleted lists what was deleted in a project, the last first.
func printDeleted(ctx context.Context, s *shell, client *artifacts.Client, p place, o listOptions) error {
	deletions, err := take(client.ArtifactDeletions(p.Entity, p.Project, &artifacts.DeletionsOptions{PerPage: o.pageSize(), Collection: p.Collection}).All(ctx), o.limit)
	if err != nil {
		return tools.Suggest(ctx, client, artifacts.Path{Entity: p.Entity, Project: p.Project}, err)
	}
	type item = tools.DeletedArtifactItem
	out := tools.ListDeletedArtifactsOutput{Project: p.Entity + "/" + p.Project, Deletions: []item{}}
	for _, d := range deletions {
		i := item{
			DeletionID: d.ID, Deleted: d.QualifiedName(), Kind: "version", Type: d.Type, Versions: d.Versions, SizeBytes: tools.Bytes(d.Size),
			DeletedAt: moment(d.DeletedAt), DeletedBy: d.Username, Actor: strings.ToLower(string(d.Actor)), Reason: d.Reason, Expired: d.Expired,
		}
		if d.Kind == artifacts.CollectionDeletion {
			i.Kind = "collection"
		}
		out.Deletions = append(out.Deletions, i)
	}
	return s.print(out, func() {
		now := time.Now()
		printItems(s, o, out.Deletions, func(i item) string { return i.Deleted }, []field[item]{
			{column{title: "DELETED"}, false, func(i item) cell { return word(i.Deleted) }},
			{column{title: "VERSIONS", right: true}, false, func(i item) cell { return word(number(int64(i.Versions))) }},
			{column{title: "SIZE", right: true}, false, func(i item) cell { return bytesCell(int64(i.SizeBytes)) }},
			{column{title: "WHEN"}, false, func(i item) cell { return timeCell(i.DeletedAt.Time, now) }},
			{column{title: "BY", elastic: true}, false, func(i item) cell { return word(deleter(i)) }},
			{column{title: "TYPE"}, true, func(i item) cell { return word(i.Type) }},
			{column{title: "REASON", elastic: true}, true, func(i item) cell { return word(i.Reason) }},
		})
	})
}

// deleter is who deleted it.
func deleter(i tools.DeletedArtifactItem) string {
	if i.Expired {
		return "expired"
	}
	return i.DeletedBy
}
