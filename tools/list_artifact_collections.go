package tools

import (
	"context"
	"regexp"
	"strings"
	"unicode"

	"github.com/reliquary/reliquary/artifacts"
)

// ListArtifactCollectionsInput asks for collections of a project.
type ListArtifactCollectionsInput struct {
	Project string `json:"project,omitempty" jsonschema:"example=team/vision"`
	Type    string `json:"type,omitempty" jsonschema:"example=dataset"`
	// Ignores case.
	NameContains string `json:"name_contains,omitempty" jsonschema:"maxLength=128"`
	Tag          string `json:"tag,omitempty"`
	Order        string `json:"order,omitempty" jsonschema:"enum=newest,enum=oldest,enum=name,default=newest"`
	Showing
	Paging
}

// ListArtifactCollectionsOutput is a page of collections.
type ListArtifactCollectionsOutput struct {
	Project     string           `json:"project"`
	Collections []CollectionItem `json:"collections" detail:"items"`
	PageEnd
}

// CollectionItem is a collection in a list.
type CollectionItem struct {
	Name string `json:"name" detail:"always"`
	Type string `json:"type"`
	// A sequence holds versions logged under its name, a portfolio links to them.
	Kind string   `json:"kind" jsonschema:"enum=sequence,enum=portfolio"`
	Tags []string `json:"tags,omitempty"`
	// Newest version, and its aliases. Absent: there is none.
	LatestVersion   string   `json:"latest_version,omitempty"`
	LatestAliases   []string `json:"latest_aliases,omitempty"`
	LatestSizeBytes *Bytes   `json:"latest_size_bytes,omitempty" detail:"full"`
	LatestFiles     *int64   `json:"latest_files,omitempty" detail:"full"`
	LatestCreatedAt *Moment  `json:"latest_created_at,omitempty" detail:"full"`
	// Run, its display name, and who started it or logged the version without one.
	LatestLoggedBy     string  `json:"latest_logged_by,omitempty" detail:"full"`
	LatestLoggedByName string  `json:"latest_logged_by_name,omitempty" detail:"full"`
	LatestLoggedByUser string  `json:"latest_logged_by_user,omitempty" detail:"full"`
	Description        string  `json:"description,omitempty" detail:"full"`
	CreatedAt          Moment  `json:"created_at" detail:"full"`
	UpdatedAt          *Moment `json:"updated_at,omitempty" detail:"full"`
}

// latestDetails are the fields of CollectionItem that cost the server more.
var latestDetails = []string{
	"latest_size_bytes", "latest_files", "latest_created_at", "latest_logged_by", "latest_logged_by_name", "latest_logged_by_user",
}

// mostTagsInLists bounds a list within a list.
const mostTagsInLists = 20

func listArtifactCollections() Operation {
	return Define("list_artifact_collections", Reads, Words{
		Title:       "List artifact collections",
		Description: "List the artifact collections (sequences and portfolios) of a project with their latest version. Full adds description, times, and the latest's size and who logged it.",
		Toolset:     ToolsetArtifacts,
	}, func(ctx context.Context, c *artifacts.Client, in ListArtifactCollectionsInput) (ListArtifactCollectionsOutput, error) {
		var out ListArtifactCollectionsOutput
		at, err := readProject(ctx, c, "project", in.Project)
		if err != nil {
			return out, err
		}
		at.Type, at.TypeArgument = in.Type, "type"
		out.Project = at.place()
		opts := artifacts.CollectionsOptions{Filters: collectionFilters(in), Order: collectionOrder(in.Order), Newest: shows(ctx, "latest_version", "latest_aliases"), NewestDetails: shows(ctx, latestDetails...)}
		out.Collections, out.PageEnd, err = listing[*artifacts.ArtifactCollection, CollectionItem]{
			operation: "list_artifact_collections",
			parts:     []string{at.Entity, at.Project, in.Type, in.NameContains, in.Tag, in.Order},
			fetch: func(ctx context.Context, after string, perPage int) ([]*artifacts.ArtifactCollection, artifacts.PageInfo, error) {
				opts.PerPage, opts.After = perPage, after
				return c.ArtifactCollections(at.Entity, at.Project, in.Type, &opts).Page(ctx)
			},
			view: func(a *artifacts.ArtifactCollection) CollectionItem {
				item := CollectionItem{Name: a.Name(), Tags: []string{}}
				// Listed collections bring their attributes along.
				if attrs, err := a.Attrs(ctx); err == nil {
					item.Type, item.Kind = attrs.Type, kindName(attrs.Kind)
					item.Description = clipPointer(attrs.Description, clippedInLists)
					item.Tags, _ = some(attrs.Tags, mostTagsInLists)
					item.CreatedAt, item.UpdatedAt = moment(attrs.CreatedAt), maybeMoment(attrs.UpdatedAt)
					if attrs.Newest != nil {
						item.LatestVersion = attrs.Newest.Version
						item.LatestAliases, _ = some(attrs.Newest.Aliases, mostTagsInLists)
						item.latest(attrs.Newest.Details)
					}
				}
				return item
			},
			narrower: "narrow it with type, name_contains or tag",
		}.page(ctx, c, in.Paging)
		return out, suggest(ctx, c, at, err)
	})
}

// latest fills in what is known of the newest version.
func (item *CollectionItem) latest(d *artifacts.NewestDetails) {
	if d == nil {
		return
	}
	size, files, created, by := Bytes(d.Size), d.FileCount, moment(d.CreatedAt), creator(d.CreatedBy)
	item.LatestSizeBytes, item.LatestFiles, item.LatestCreatedAt = &size, &files, &created
	item.LatestLoggedBy, item.LatestLoggedByName, item.LatestLoggedByUser = by.LoggedBy, by.LoggedByName, by.LoggedByUser
}

func kindName(k artifacts.CollectionKind) string { return strings.ToLower(string(k)) }

// collectionFilters are the conditions in W&B's form; nil for none, which old
// servers understand too.
func collectionFilters(in ListArtifactCollectionsInput) map[string]any {
	f := map[string]any{}
	if in.NameContains != "" {
		f["name"] = map[string]any{"$regex": anyCase(in.NameContains)}
	}
	if in.Tag != "" {
		f["tag"] = in.Tag
	}
	if len(f) == 0 {
		return nil
	}
	return f
}

// collectionOrder is the order in W&B's form; "" for the server's own.
func collectionOrder(order string) string {
	switch order {
	case "oldest":
		return "+created_at"
	case "name":
		return "+name"
	}
	return ""
}

// anyCase makes a pattern that finds text in capitals or not. Classes of
// letters mean the same in every dialect that a server may speak; (?i) does not.
func anyCase(text string) string {
	var b strings.Builder
	for _, r := range text {
		lower, upper := unicode.ToLower(r), unicode.ToUpper(r)
		if lower == upper {
			b.WriteString(regexp.QuoteMeta(string(r)))
			continue
		}
		b.WriteRune('[')
		b.WriteRune(lower)
		b.WriteRune(upper)
		b.WriteRune(']')
	}
	return b.String()
}
