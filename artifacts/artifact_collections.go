package artifacts

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// CollectionsOptions say which collections to list, and how. nil means all,
// newest first.
type CollectionsOptions struct {
	PerPage int    // items per request; 0 means DefaultPerPage
	After   string // cursor to continue behind
	// Filters are MongoDB-like conditions on a collection's fields, as W&B
	// takes them: {"name": {"$regex": "^det"}}. KindUnsupported on servers
	// without ARTIFACT_COLLECTIONS_FILTERING_SORTING.
	Filters map[string]any
	// Order is a field name, with "-" before it for descending ("+" or nothing
	// for ascending). Needs the same feature.
	Order string
	// Newest has each collection bring its newest version along, in the same
	// request: see ArtifactCollectionAttrs.Newest.
	Newest bool
	// NewestDetails has it bring size, time and creator of that version, too.
	NewestDetails bool
}

// ArtifactCollections are the collections of one type in a project (W&B:
// ArtifactTypeArtifactCollections), or of all types (ProjectArtifactCollections,
// whose Len is KindUnsupported on servers without
// ARTIFACT_COLLECTIONS_FILTERING_SORTING).
type ArtifactCollections struct {
	*Pager[*ArtifactCollection]
	client                    *Client
	entity, project, typeName string
	filters                   map[string]any
	choice                    wire.Choice
	newest                    wire.Newest
	invalid                   error
}

// ArtifactCollections lists the collections of a project. typeName "" means
// those of all types; an empty entity or project means the default one (see
// Config).
func (c *Client) ArtifactCollections(entity, project, typeName string, opts *CollectionsOptions) *ArtifactCollections {
	if opts == nil {
		opts = &CollectionsOptions{}
	}
	l := &ArtifactCollections{client: c, entity: entity, project: project, typeName: typeName, filters: opts.Filters}
	l.Pager = newPager(list[*ArtifactCollection]{
		op:    "list artifact collections",
		path:  join(entity, project, typeName),
		check: func() error { return located(l.op, l.path, l.invalid) },
		fetch: l.fetch,
		count: l.count,
	}, opts.PerPage, opts.After)
	l.choice, l.invalid = choose(opts.Filters, opts.Order)
	if opts.Newest || opts.NewestDetails {
		l.newest = wire.Newest{Filters: newestCommitted, Details: opts.NewestDetails}
	}
	return l
}

func (l *ArtifactCollections) fetch(ctx context.Context, after string, perPage int) ([]*ArtifactCollection, PageInfo, error) {
	c := l.client
	in, err := c.in(ctx, l.entity, l.project)
	if err != nil {
		return nil, PageInfo{}, err
	}
	choosing, err := l.choosing(ctx)
	if err != nil {
		return nil, PageInfo{}, err
	}
	page := wire.Page{First: perPage, After: after, WithTotal: after == ""}
	conn, lacks, err := wire.ArtifactCollections(ctx, c.sender, in, l.typeName, l.choice, l.newest, choosing, page)
	if err != nil {
		return nil, PageInfo{}, c.fail(ctx, l.op, l.path, err)
	}
	if conn == nil {
		return nil, PageInfo{}, missing(l.op, lacks, in, l.typeName, "", "")
	}
	items := make([]*ArtifactCollection, 0, len(conn.Edges))
	for _, e := range conn.Edges {
		if e.Node == nil || e.Node.Project == nil { // not for this viewer
			continue
		}
		attrs, err := toCollectionAttrs(&e.Node.ArtifactCollection)
		if err == nil {
			attrs.Newest, err = newestOf(e.Node)
		}
		if err != nil {
			return nil, PageInfo{}, located(l.op, l.path, err)
		}
		items = append(items, NewArtifactCollection(c, attrs.Entity, attrs.Project, attrs.Name, attrs.Type, "", &attrs))
	}
	return items, toPageInfo(conn.PageInfo, conn.TotalCount), nil
}

// newestCommitted leaves out versions that are not complete, as lists of
// versions do.
const newestCommitted wire.JSONString = `{"state":"COMMITTED"}`

func newestOf(c *wire.ListedCollection) (*NewestVersion, error) {
	if c.Newest == nil || len(c.Newest.Edges) == 0 || c.Newest.Edges[0].Node == nil {
		return nil, nil
	}
	e := c.Newest.Edges[0]
	n := &NewestVersion{Version: e.Version, Aliases: aliasesIn(c.ID, e.Node.Aliases)}
	if e.Node.CreatedAt == nil { // it always has one
		return n, nil
	}
	created, err := moment("createdAt", *e.Node.CreatedAt)
	n.Details = &NewestDetails{Size: e.Node.Size, FileCount: e.Node.FileCount, CreatedAt: created, CreatedBy: toCreator(e.Node.CreatedBy)}
	return n, err
}

func (l *ArtifactCollections) count(ctx context.Context) (int, error) {
	c := l.client
	in, err := c.in(ctx, l.entity, l.project)
	if err != nil {
		return 0, err
	}
	choosing, err := l.choosing(ctx)
	if err != nil {
		return 0, err
	}
	if l.typeName == "" && !choosing {
		return 0, l.unsupported("count the collections of a project")
	}
	total, lacks, err := wire.CountArtifactCollections(ctx, c.sender, in, l.typeName, l.choice.Filters)
	return c.total(ctx, l.op, l.path, total, err, func() error {
		return missing(l.op, lacks, in, l.typeName, "", "")
	})
}

// choosing reports whether the server can filter, sort and count. It asks only
// where that makes a difference, and fails where it is needed and not there.
func (l *ArtifactCollections) choosing(ctx context.Context) (bool, error) {
	wanted := l.choice != (wire.Choice{})
	if l.typeName != "" && !wanted {
		return false, nil
	}
	can, err := l.client.supports(ctx, featureChoosing)
	if err == nil && wanted && !can {
		err = l.unsupported("filter and sort collections")
	}
	return can, err
}

func (l *ArtifactCollections) unsupported(what string) error {
	return &Error{
		Kind: KindUnsupported, Op: l.op, Path: l.path,
		Message: "this server cannot " + what + " (it lacks " + featureChoosing + ")",
		Next:    "list them without that and choose among them, or update the server",
	}
}

// Entity owns the project.
func (l *ArtifactCollections) Entity() string { return l.entity }

// Project is the project whose collections are listed.
func (l *ArtifactCollections) Project() string { return l.project }

// TypeName is the type that the collections have, "" for any.
func (l *ArtifactCollections) TypeName() string { return l.typeName }

// Filters are the conditions that the list was made with.
func (l *ArtifactCollections) Filters() map[string]any { return l.filters }

// Order is the order that the list was made with, signed, or "".
func (l *ArtifactCollections) Order() string { return l.choice.Order }

var orderForm = regexp.MustCompile(`^[+-]?[a-zA-Z_][a-zA-Z0-9_]*$`)

// choose makes the wire's form of filters and order.
func choose(filters map[string]any, order string) (wire.Choice, error) {
	var c wire.Choice
	if filters != nil {
		text, err := json.Marshal(filters)
		if err != nil {
			return c, &Error{Kind: KindInvalid, Message: "the filters cannot be written as JSON: " + err.Error(), Err: err}
		}
		c.Filters = wire.JSONString(text)
	}
	if order != "" {
		if !orderForm.MatchString(order) {
			return c, &Error{
				Kind:    KindInvalid,
				Message: fmt.Sprintf("%q is no order", order),
				Next:    `give a field name, with "-" before it for descending, like "-createdAt"`,
			}
		}
		if order[0] != '+' && order[0] != '-' {
			order = "+" + order
		}
		c.Order = order
	}
	return c, nil
}

// total reads the answer to a question for a list's length.
func (c *Client) total(ctx context.Context, op, path string, t *wire.Total, err error, lacks func() error) (int, error) {
	switch {
	case err != nil:
		return 0, c.fail(ctx, op, path, err)
	case t == nil:
		return 0, lacks()
	case t.TotalCount == nil || *t.TotalCount < 0:
		return 0, located(op, path, corrupt("the length of the list is missing"))
	}
	return *t.TotalCount, nil
}
