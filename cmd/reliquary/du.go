package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

func newUsageCommand(s *shell) *cobra.Command {
	var byName bool
	c := &cobra.Command{
		Use:   "du [PATH]",
		Short: "Show how much space artifacts take, shared files counted once",
		Long: "Du adds up the versions of a collection, the collections of a project, or the projects of an entity. SIZE is " +
			"the sum of the versions. STORED counts each content once, as it is kept. ALONE is what nothing else in the " +
			"list holds: deleting that one frees so much. References are not counted: what they lead to is elsewhere.",
		Example: "  reliquary du team/vision\n" +
			"  reliquary du team/vision/checkpoints",
		Args: wantArguments(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			path := ""
			if len(args) == 1 {
				path = args[0]
			}
			return s.withClient(c.Context(), func(ctx context.Context, client *artifacts.Client) error {
				u, err := measure(ctx, s, client, path)
				if err != nil {
					return err
				}
				if !byName {
					slices.SortStableFunc(u.Items, func(a, b usageItem) int { return int(min(1, max(-1, b.StoredBytes-a.StoredBytes))) })
				}
				return s.print(u, func() { s.printUsage(u) })
			})
		},
	}
	c.Flags().BoolVar(&byName, "unsorted", false, "in the order of `ls`, rather than the largest first")
	return c
}

// A usageReport says how much space a place takes.
type usageReport struct {
	Path        string      `json:"path"`
	Versions    int         `json:"versions"`
	SizeBytes   tools.Bytes `json:"size_bytes"`
	StoredBytes tools.Bytes `json:"stored_bytes"`
	Items       []usageItem `json:"items"`
}

// A usageItem is one thing in the place: a version, a collection or a project.
type usageItem struct {
	Name        string      `json:"name"`
	Versions    int         `json:"versions"`
	SizeBytes   tools.Bytes `json:"size_bytes"`
	StoredBytes tools.Bytes `json:"stored_bytes"`
	AloneBytes  tools.Bytes `json:"alone_bytes"`

	contents map[content]bool
}

// A content is what a file holds.
type content struct {
	digest string
	size   int64
}

// measure reads the lists of files of all versions in a place. That takes one
// request for a hundred versions and one for each that was never read here.
func measure(ctx context.Context, s *shell, client *artifacts.Client, path string) (*usageReport, error) {
	p, err := findPlace(ctx, client, path)
	if err != nil {
		return nil, err
	}
	if p.Entity == "" {
		if p.Entity, err = client.DefaultEntity(ctx); err != nil {
			return nil, err
		}
	}
	u := &usageReport{Path: strings.Trim(p.String(), "/"), Items: []usageItem{}}
	if p.Collection == "" {
		u.Path = p.Entity
		if p.Project != "" {
			u.Path += "/" + p.Project
		}
	}
	owners := map[*artifacts.Artifact]int{}
	var versions []*artifacts.Artifact
	add := func(item int, all ...*artifacts.Artifact) {
		for _, a := range all {
			owners[a] = item
			versions = append(versions, a)
		}
	}
	if err := u.list(ctx, client, p, add); err != nil {
		return nil, err
	}
	bar := s.progress()
	done := 0
	err = client.Manifests(ctx, versions, func(a *artifacts.Artifact, m *artifacts.Manifest) error {
		done++
		bar.count("reading lists of files", done, len(versions))
		u.count(&u.Items[owners[a]], m)
		return nil
	})
	bar.end()
	if err != nil {
		return nil, err
	}
	u.share()
	return u, nil
}

// list makes the items, and finds the versions that each has.
func (u *usageReport) list(ctx context.Context, client *artifacts.Client, p place, add func(int, ...*artifacts.Artifact)) error {
	item := func(name string) int {
		u.Items = append(u.Items, usageItem{Name: name, contents: map[content]bool{}})
		return len(u.Items) - 1
	}
	switch {
	case p.Alias != "":
		a, err := findVersion(ctx, client, p.String())
		if err != nil {
			return err
		}
		u.Path = a.QualifiedName()
		add(item(a.QualifiedName()), a)
		return nil
	case p.Collection != "":
		versions, err := versionsOf(ctx, client, p.Path)
		for _, a := range versions {
			add(item(a.QualifiedName()), a)
		}
		return err
	case p.Project != "":
		return u.collections(ctx, client, p, func(c *artifacts.ArtifactCollection, versions []*artifacts.Artifact) {
			add(item(c.Path()), versions...)
		})
	}
	projects, err := take(client.Projects(p.Entity, &artifacts.ProjectsOptions{PerPage: perRequest}).All(ctx), 0)
	if err != nil {
		return err
	}
	for _, project := range projects {
		at := item(p.Entity + "/" + project.Name)
		p.Project = project.Name
		if err := u.collections(ctx, client, p, func(_ *artifacts.ArtifactCollection, versions []*artifacts.Artifact) {
			add(at, versions...)
		}); err != nil {
			return err
		}
	}
	return nil
}

// versionsAtOnce is how many versions of one collection come with those of
// others; collections with more of them are asked for these alone.
const versionsAtOnce = 100

// collections finds the versions of the sequences of a project, many sequences
// with one request. Portfolios hold links, which take no space.
func (u *usageReport) collections(ctx context.Context, client *artifacts.Client, p place, add func(*artifacts.ArtifactCollection, []*artifacts.Artifact)) error {
	search := client.Search(p.Entity, p.Project, &artifacts.SearchOptions{PerPage: perRequest, PerCollection: versionsAtOnce})
	for found, err := range search.All(ctx) {
		if err != nil {
			return tools.Suggest(ctx, client, p.Path, err)
		}
		sequence, err := found.Collection.IsSequence(ctx) // it came with the list
		if err != nil {
			return err
		}
		if !sequence {
			continue
		}
		versions := found.Artifacts
		if found.Total > len(versions) {
			at := artifacts.Path{Entity: found.Collection.Entity(), Project: found.Collection.Project(), Collection: found.Collection.Name()}
			if versions, err = versionsOf(ctx, client, at); err != nil {
				return err
			}
		}
		add(found.Collection, versions)
	}
	return nil
}

// versionsOf are all committed versions of a collection.
func versionsOf(ctx context.Context, client *artifacts.Client, p artifacts.Path) ([]*artifacts.Artifact, error) {
	versions, err := take(client.Artifacts(p.Entity, p.Project, "", p.Collection, &artifacts.ArtifactsOptions{PerPage: perRequest}).All(ctx), 0)
	return versions, tools.Suggest(ctx, client, p, err)
}

// count adds a version to an item.
func (u *usageReport) count(item *usageItem, m *artifacts.Manifest) {
	item.Versions++
	u.Versions++
	for e := range m.All() {
		if e.IsReference() || e.Size < 0 {
			continue
		}
		item.SizeBytes += tools.Bytes(e.Size)
		u.SizeBytes += tools.Bytes(e.Size)
		if c := (content{e.Digest, e.Size}); !item.contents[c] {
			item.contents[c] = true
			item.StoredBytes += tools.Bytes(e.Size)
		}
	}
}

// share finds what items have alone.
func (u *usageReport) share() {
	holders := map[content]int{}
	for _, item := range u.Items {
		for c := range item.contents {
			if holders[c]++; holders[c] == 1 {
				u.StoredBytes += tools.Bytes(c.size)
			}
		}
	}
	for i := range u.Items {
		for c := range u.Items[i].contents {
			if holders[c] == 1 {
				u.Items[i].AloneBytes += tools.Bytes(c.size)
			}
		}
	}
}

func (s *shell) printUsage(u *usageReport) {
	if s.quiet {
		for _, i := range u.Items {
			s.printf("%s\n", clean(i.Name))
		}
		return
	}
	columns := []column{{title: "SIZE", right: true}, {title: "STORED", right: true}, {title: "ALONE", right: true}, {title: "VERSIONS", right: true}, {title: "NAME"}}
	var rows [][]cell
	for _, i := range u.Items {
		rows = append(rows, []cell{bytesCell(int64(i.SizeBytes)), bytesCell(int64(i.StoredBytes)), bytesCell(int64(i.AloneBytes)), word(number(int64(i.Versions))), word(i.Name)})
	}
	if s.OutIsTerminal {
		rows = append(rows, []cell{bytesCell(int64(u.SizeBytes)), bytesCell(int64(u.StoredBytes)), {}, word(number(int64(u.Versions))), styled(bold, u.Path)})
	}
	s.printTable(columns, rows)
}
