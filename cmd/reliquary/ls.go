package main

import (
	"context"
	"fmt"
	"iter"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

type listOptions struct {
	long    bool
	types   bool
	deleted bool
	runs    bool
	typ     string
	tag     string
	limit   int
}

func newListCommand(s *shell) *cobra.Command {
	var o listOptions
	c := &cobra.Command{
		Use:     "ls [PATH [PREFIX]]",
		Aliases: []string{"list"},
		Short:   "List entities, projects, collections, versions or files",
		Long: "Ls lists what is in a place: your entities, the projects of an entity, the collections of a project, the\n" +
			"versions of a collection (newest first), or the files of a version, all of them or those below PREFIX.",
		Example: "  reliquary ls team/vision\n" +
			"  reliquary ls team/vision/flowers\n" +
			"  reliquary ls -l team/vision/flowers:latest labels/",
		Args: wantArguments(cobra.MaximumNArgs(2)),
		RunE: func(c *cobra.Command, args []string) error {
			args = append(args, "", "")
			return s.withClient(c.Context(), func(ctx context.Context, client *artifacts.Client) error {
				if o.deleted { // the place may be deleted, too
					p, err := readPlace(args[0])
					if err != nil {
						return err
					}
					return listDeleted(ctx, c, s, client, p, o)
				}
				p, err := findPlace(ctx, client, args[0])
				if err != nil {
					return err
				}
				return list(ctx, c, s, client, p, args[1], o)
			})
		},
	}
	c.Flags().BoolVarP(&o.long, "long", "l", false, "show more of each: digests, tags, descriptions")
	c.Flags().BoolVar(&o.types, "types", false, "list the artifact types of a project")
	c.Flags().BoolVar(&o.runs, "runs", false, "list the runs of a project, the last first")
	c.Flags().BoolVar(&o.deleted, "deleted", false, "list what was deleted in a project, or collection, and can be restored")
	c.Flags().StringVar(&o.typ, "type", "", "only collections of this artifact `type`")
	c.Flags().StringVar(&o.tag, "tag", "", "only collections, or versions, with this `tag`")
	c.Flags().IntVarP(&o.limit, "limit", "n", 0, "list `N` at most")
	return c
}

// listDeleted lists what was deleted in a place.
func listDeleted(ctx context.Context, c *cobra.Command, s *shell, client *artifacts.Client, p place, o listOptions) error {
	if p.Alias != "" || p.Project == "" && p.Entity != "" {
		return usagef(c, "--deleted is about a project or a collection: reliquary ls --deleted ENTITY/PROJECT")
	}
	if p.Entity == "" {
		entity, err := client.DefaultEntity(ctx)
		if err != nil {
			return err
		}
		p.Entity, p.Project = entity, client.DefaultProject()
	}
	return printDeleted(ctx, s, client, p, o)
}

// list lists what is in a place.
func list(ctx context.Context, c *cobra.Command, s *shell, client *artifacts.Client, p place, prefix string, o listOptions) error {
	switch {
	case prefix != "" && p.Alias == "":
		return usagef(c, "a prefix is about the files of a version, and %q names none", p.String())
	case o.types && (p.Project == "" || p.Collection != ""):
		return usagef(c, "--types is about a project: reliquary ls --types ENTITY/PROJECT")
	case p.Entity == "" && !o.runs:
		return printEntities(ctx, s, client)
	case o.runs && (p.Project == "" || p.Collection != ""):
		return usagef(c, "--runs is about a project: reliquary ls --runs ENTITY/PROJECT")
	case p.Project == "":
		return printProjects(ctx, s, client, p, o)
	case o.runs:
		return printRuns(ctx, s, client, p, o)
	case o.types:
		return printTypes(ctx, s, client, p, o)
	case p.Collection == "":
		return printCollections(ctx, s, client, p, o)
	case p.Alias == "":
		return printVersions(ctx, s, client, p, o)
	}
	return printFiles(ctx, s, client, p, prefix, o)
}

// perRequest is how many items one request asks for.
const perRequest = 1000

// take reads a list to its end, or to a limit.
func take[T any](list iter.Seq2[T, error], limit int) ([]T, error) {
	var items []T
	for item, err := range list {
		if err != nil {
			return nil, err
		}
		if items = append(items, item); limit > 0 && len(items) == limit {
			break
		}
	}
	return items, nil
}

// pageSize is how many to ask for at a time.
func (o listOptions) pageSize() int {
	if o.limit > 0 {
		return min(o.limit, perRequest)
	}
	return perRequest
}

// names prints one name in each line.
func (s *shell) names(names iter.Seq[string]) {
	for n := range names {
		s.printf("%s\n", clean(n))
	}
}

func printEntities(ctx context.Context, s *shell, client *artifacts.Client) error {
	entities, err := listEntities(ctx, client)
	if err != nil {
		return err
	}
	return s.print(map[string][]string{"entities": entities}, func() { s.names(slices.Values(entities)) })
}

// A projectItem is a project in a list.
type projectItem struct {
	Project     string       `json:"project"`
	Description string       `json:"description,omitempty"`
	CreatedAt   tools.Moment `json:"created_at"`
}

func printProjects(ctx context.Context, s *shell, client *artifacts.Client, p place, o listOptions) error {
	projects, err := take(client.Projects(p.Entity, &artifacts.ProjectsOptions{PerPage: o.pageSize()}).All(ctx), o.limit)
	if err != nil {
		return err
	}
	items := make([]projectItem, len(projects))
	for i, one := range projects {
		items[i] = projectItem{one.Entity + "/" + one.Name, text(one.Description), moment(one.CreatedAt)}
	}
	return s.print(map[string]any{"entity": p.Entity, "projects": items}, func() {
		now := time.Now()
		printItems(s, o, items, func(i projectItem) string { return i.Project }, []field[projectItem]{
			{column{title: "PROJECT"}, false, func(i projectItem) cell { return word(i.Project) }},
			{column{title: "CREATED"}, true, func(i projectItem) cell { return timeCell(i.CreatedAt.Time, now) }},
			{column{title: "DESCRIPTION", elastic: true}, true, func(i projectItem) cell { return word(i.Description) }},
		})
	})
}

func printTypes(ctx context.Context, s *shell, client *artifacts.Client, p place, o listOptions) error {
	types, err := take(client.ArtifactTypes(p.Entity, p.Project, &artifacts.TypesOptions{PerPage: o.pageSize()}).All(ctx), o.limit)
	if err != nil {
		return tools.Suggest(ctx, client, p.Path, err)
	}
	out := tools.ListArtifactTypesOutput{Project: p.Entity + "/" + p.Project, Types: []tools.ArtifactTypeItem{}}
	for _, t := range types {
		attrs, err := t.Attrs(ctx) // they came with the list
		if err != nil {
			return err
		}
		out.Types = append(out.Types, tools.ArtifactTypeItem{Name: attrs.Name, Description: text(attrs.Description), CreatedAt: moment(attrs.CreatedAt)})
	}
	return s.print(out, func() {
		now := time.Now()
		printItems(s, o, out.Types, func(i tools.ArtifactTypeItem) string { return i.Name }, []field[tools.ArtifactTypeItem]{
			{column{title: "TYPE"}, false, func(i tools.ArtifactTypeItem) cell { return word(i.Name) }},
			{column{title: "CREATED"}, true, func(i tools.ArtifactTypeItem) cell { return timeCell(i.CreatedAt.Time, now) }},
			{column{title: "DESCRIPTION", elastic: true}, true, func(i tools.ArtifactTypeItem) cell { return word(i.Description) }},
		})
	})
}

// A runItem is a run in a list.
type runItem struct {
	Run       string       `json:"run"`
	Name      string       `json:"name,omitempty"`
	State     string       `json:"state,omitempty"`
	JobType   string       `json:"job_type,omitempty"`
	User      string       `json:"user,omitempty"`
	CreatedAt tools.Moment `json:"created_at"`
}

func printRuns(ctx context.Context, s *shell, client *artifacts.Client, p place, o listOptions) error {
	runs, err := take(client.Runs(p.Entity, p.Project, &artifacts.RunsOptions{PerPage: o.pageSize(), Order: "-created_at"}).All(ctx), o.limit)
	if err != nil {
		return tools.Suggest(ctx, client, p.Path, err)
	}
	items := []runItem{}
	for _, r := range runs {
		items = append(items, runItem{r.String(), r.DisplayName, r.State, r.JobType, r.User, moment(r.CreatedAt)})
	}
	return s.print(map[string]any{"project": p.Entity + "/" + p.Project, "runs": items}, func() {
		now := time.Now()
		printItems(s, o, items, func(i runItem) string { return i.Run }, []field[runItem]{
			{column{title: "RUN"}, false, func(i runItem) cell { return word(i.Run) }},
			{column{title: "STATE"}, false, func(i runItem) cell { return word(i.State) }},
			{column{title: "CREATED"}, false, func(i runItem) cell { return timeCell(i.CreatedAt.Time, now) }},
			{column{title: "NAME", elastic: true}, true, func(i runItem) cell { return word(i.Name) }},
			{column{title: "JOB TYPE", elastic: true}, true, func(i runItem) cell { return word(i.JobType) }},
			{column{title: "USER"}, true, func(i runItem) cell { return word(i.User) }},
		})
	})
}

func printCollections(ctx context.Context, s *shell, client *artifacts.Client, p place, o listOptions) error {
	opts := artifacts.CollectionsOptions{PerPage: o.pageSize()}
	if o.tag != "" {
		opts.Filters = map[string]any{"tag": o.tag}
	}
	collections, err := take(client.ArtifactCollections(p.Entity, p.Project, o.typ, &opts).All(ctx), o.limit)
	if err != nil {
		return tools.Suggest(ctx, client, p.Path, err)
	}
	project := p.Entity + "/" + p.Project
	out := tools.ListArtifactCollectionsOutput{Project: project, Collections: []tools.CollectionItem{}}
	for _, one := range collections {
		a, err := one.Attrs(ctx) // they came with the list
		if err != nil {
			return err
		}
		item := tools.CollectionItem{
			Name: a.Name, Type: a.Type, Kind: strings.ToLower(string(a.Kind)), Description: text(a.Description),
			Tags: slices.Clone(a.Tags), CreatedAt: moment(a.CreatedAt),
		}
		if a.UpdatedAt != nil {
			updated := moment(*a.UpdatedAt)
			item.UpdatedAt = &updated
		}
		out.Collections = append(out.Collections, item)
	}
	return s.print(out, func() {
		now := time.Now()
		type item = tools.CollectionItem
		printItems(s, o, out.Collections, func(i item) string { return project + "/" + i.Name }, []field[item]{
			{column{title: "COLLECTION"}, false, func(i item) cell { return word(i.Name) }},
			{column{title: "TYPE"}, false, func(i item) cell { return word(i.Type) }},
			{column{title: "KIND"}, false, func(i item) cell { return word(i.Kind) }},
			{column{title: "CREATED"}, false, func(i item) cell { return timeCell(i.CreatedAt.Time, now) }},
			{column{title: "TAGS", elastic: true}, true, func(i item) cell { return word(strings.Join(i.Tags, ", ")) }},
			{column{title: "DESCRIPTION", elastic: true}, true, func(i item) cell { return word(i.Description) }},
		})
	})
}

func printVersions(ctx context.Context, s *shell, client *artifacts.Client, p place, o listOptions) error {
	opts := artifacts.ArtifactsOptions{PerPage: o.pageSize()}
	if o.tag != "" {
		opts.Tags = []string{o.tag}
	}
	versions, err := take(client.Artifacts(p.Entity, p.Project, "", p.Collection, &opts).All(ctx), o.limit)
	if err != nil {
		return tools.Suggest(ctx, client, p.Path, err)
	}
	out := tools.ListArtifactsOutput{Collection: p.String(), Artifacts: []tools.ArtifactItem{}}
	for _, a := range versions {
		out.Artifacts = append(out.Artifacts, versionItem(a))
	}
	return s.print(out, func() {
		now := time.Now()
		type item = tools.ArtifactItem
		printItems(s, o, out.Artifacts, func(i item) string { return p.String() + ":" + i.Version }, []field[item]{
			{column{title: "VERSION"}, false, func(i item) cell { return word(i.Version) }},
			{column{title: "ALIASES", elastic: true, style: green}, false, func(i item) cell { return word(strings.Join(i.Aliases, ", ")) }},
			{column{title: "SIZE", right: true}, false, func(i item) cell { return bytesCell(int64(i.SizeBytes)) }},
			{column{title: "FILES", right: true}, false, func(i item) cell { return word(number(i.Files)) }},
			{column{title: "CREATED"}, false, func(i item) cell { return timeCell(i.CreatedAt.Time, now) }},
			{column{title: "DIGEST"}, true, func(i item) cell { return cell{shown: i.Digest[:min(len(i.Digest), 12)], exact: i.Digest} }},
			{column{title: "TAGS", elastic: true}, true, func(i item) cell { return word(strings.Join(i.Tags, ", ")) }},
			{column{title: "DESCRIPTION", elastic: true}, true, func(i item) cell { return word(i.Description) }},
		})
	})
}

// versionItem is a version as the operation list_artifacts gives it, nothing
// left out.
func versionItem(a *artifacts.Artifact) tools.ArtifactItem {
	return tools.ArtifactItem{
		Version: a.Version, Aliases: append([]string{}, a.Aliases...), Tags: append([]string{}, a.Tags...), Description: text(a.Description),
		SizeBytes: tools.Bytes(a.Size), Files: a.FileCount, Digest: a.Digest, CreatedAt: moment(a.CreatedAt),
	}
}

// A fileItem is a file of a version as the operation list_artifact_files gives
// it, and where a reference leads.
type fileItem struct {
	tools.FileItem
	Reference string `json:"reference,omitempty"`
}

// A fileList is the files of a version.
type fileList struct {
	Artifact string     `json:"artifact"`
	Files    []fileItem `json:"files"`
}

// printFiles takes the files from the manifest: two requests for however many
// there are, and none if it was read before.
func printFiles(ctx context.Context, s *shell, client *artifacts.Client, p place, prefix string, o listOptions) error {
	a, err := findVersion(ctx, client, p.String())
	if err != nil {
		return err
	}
	m, err := a.Manifest(ctx)
	if err != nil {
		return err
	}
	out := fileList{Artifact: a.QualifiedName(), Files: []fileItem{}}
	for e := range m.All() {
		if !below(e.Path, prefix) {
			continue
		}
		item := fileItem{tools.FileItem{Path: e.Path, SizeBytes: tools.Bytes(e.Size), Digest: e.Digest}, e.Ref}
		if out.Files = append(out.Files, item); o.limit > 0 && len(out.Files) == o.limit {
			break
		}
	}
	if prefix != "" && len(out.Files) == 0 {
		return &artifacts.Error{
			Kind: artifacts.KindNotFound, Op: "list files", Path: out.Artifact,
			Message: fmt.Sprintf("the version has no file and no folder %q", prefix), Next: "see `reliquary ls " + out.Artifact + "`",
		}
	}
	return s.print(out, func() {
		printItems(s, o, out.Files, func(i fileItem) string { return i.Path }, []field[fileItem]{
			{column{title: "SIZE", right: true}, false, func(i fileItem) cell { return bytesCell(int64(i.SizeBytes)) }},
			{column{title: "FILE"}, false, func(i fileItem) cell { return word(i.Path) }},
			{column{title: "DIGEST", elastic: true}, true, func(i fileItem) cell { return word(i.Digest) }},
			{column{title: "REFERENCE", elastic: true}, true, func(i fileItem) cell { return word(i.Reference) }},
		})
	})
}

// below reports whether a file is the one that is named, or in the folder.
func below(file, name string) bool {
	if name == "" {
		return true
	}
	name = path.Clean(name)
	return file == name || strings.HasPrefix(file, name+"/") || name == "."
}

// A field is a column of a list of items.
type field[T any] struct {
	column
	long bool // shown with -l only
	of   func(T) cell
}

// printItems prints a list: the names alone with -q, otherwise a table.
func printItems[T any](s *shell, o listOptions, items []T, name func(T) string, fields []field[T]) {
	if s.quiet {
		for _, i := range items {
			s.printf("%s\n", clean(name(i)))
		}
		return
	}
	var columns []column
	rows := make([][]cell, len(items))
	for _, f := range fields {
		if f.long && !o.long {
			continue
		}
		columns = append(columns, f.column)
		for i, item := range items {
			rows[i] = append(rows[i], f.of(item))
		}
	}
	s.printTable(columns, rows)
}
