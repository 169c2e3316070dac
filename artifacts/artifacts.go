package artifacts

import (
	"context"
	"errors"
	"slices"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// ArtifactsOptions say which versions to list, and how. nil means every
// committed one, newest first.
type ArtifactsOptions struct {
	PerPage int    // items per request; 0 means DefaultPerPage
	After   string // cursor to continue behind
	// Filters are MongoDB-like conditions on a version's fields, as W&B takes
	// them. nil means {"state": "COMMITTED"}; other filters replace that.
	Filters map[string]any
	// Order is a field name ("createdAt", "versionIndex"), with "-" before it
	// for descending ("+" or nothing for ascending).
	Order string
	// Tags keeps only versions that have all of them. It is applied to pages
	// after they arrive, as in W&B: a page can come out short, and Len, which
	// counts what All would give, walks the list.
	Tags []string
	VersionDetails
}

// VersionDetails say what a list brings of each version beside, or without, what
// every list brings. It takes no more requests.
type VersionDetails struct {
	// CreatedBy brings who logged it: Artifact.CreatedBy.
	CreatedBy bool
	// UseCount brings how many runs used it (Artifact.UseCount), where the server
	// tells.
	UseCount bool
	// NoMetadata leaves out Artifact.Metadata, which can be long.
	NoMetadata bool
}

func (d VersionDetails) shape() wire.ListShape {
	return wire.ListShape{NoMetadata: d.NoMetadata, CreatedBy: d.CreatedBy, UseCount: d.UseCount}
}

// shaped sends a list, and again without the number of uses where the server
// refuses: W&B's own client never asks for it.
func shaped(shape wire.ListShape, send func(wire.ListShape) error) error {
	err := send(shape)
	if shape.UseCount && (errors.Is(err, ErrUnsupported) || errors.Is(err, ErrInvalid)) {
		shape.UseCount = false
		err = send(shape)
	}
	return err
}

// Artifacts are the versions of one collection (W&B: ProjectArtifacts).
type Artifacts struct {
	*Pager[*Artifact]
	client                                *Client
	entity, project, typeName, collection string
	filters                               map[string]any
	tags                                  []string
	choice                                wire.Choice
	shape                                 wire.ListShape
	invalid                               error
}

// Artifacts lists the versions of a collection. typeName may be "" where the
// caller does not know it; an empty entity or project means the default one
// (see Config).
func (c *Client) Artifacts(entity, project, typeName, collection string, opts *ArtifactsOptions) *Artifacts {
	if opts == nil {
		opts = &ArtifactsOptions{}
	}
	l := &Artifacts{
		client: c, entity: entity, project: project, typeName: typeName, collection: collection,
		filters: opts.Filters,
		tags:    slices.Clone(opts.Tags),
		shape:   opts.shape(),
	}
	if l.filters == nil {
		l.filters = map[string]any{"state": string(Committed)}
	}
	given := list[*Artifact]{
		op:    "list artifact versions",
		path:  join(entity, project, collection),
		check: func() error { return located(l.op, l.path, l.invalid) },
		fetch: l.fetch,
		count: l.count,
	}
	if len(l.tags) > 0 {
		given.count = nil // the server does not know about them
	}
	l.Pager = newPager(given, opts.PerPage, opts.After)
	l.choice, l.invalid = choose(l.filters, opts.Order)
	return l
}

func (l *Artifacts) fetch(ctx context.Context, after string, perPage int) ([]*Artifact, PageInfo, error) {
	c := l.client
	in, err := c.in(ctx, l.entity, l.project)
	if err != nil {
		return nil, PageInfo{}, err
	}
	of := wire.Collection{In: in, Type: l.typeName, Name: l.collection}
	page := wire.Page{First: perPage, After: after, WithTotal: after == "" && len(l.tags) == 0}
	var got *wire.Versions
	var lacks wire.Missing
	err = shaped(l.shape, func(shape wire.ListShape) (err error) {
		if got, lacks, err = wire.ProjectArtifacts(ctx, c.sender, of, l.choice, shape, page); err != nil {
			return c.fail(ctx, l.op, l.path, err)
		}
		return nil
	})
	if err != nil {
		return nil, PageInfo{}, err
	}
	if got == nil {
		return nil, PageInfo{}, missing(l.op, lacks, in, l.typeName, l.collection, "")
	}
	// The server's spelling, where it says: names can differ in case.
	here := seat{entity: in.Entity, project: in.Project, collection: l.collection}
	if got.Project != nil {
		here.entity, here.project = within(&got.Place)
	}
	if got.Name != "" {
		here.collection = got.Name
	}
	var items []*Artifact
	var info PageInfo
	if own := got.Own; own != nil {
		info = toPageInfo(own.PageInfo, own.TotalCount)
		items, err = keep(own.Edges, l.tags, func(version string, w *wire.SequenceVersion) (*Artifact, error) {
			at, err := here.number(version)
			if err != nil {
				return nil, err
			}
			a, err := c.toArtifact(&w.Facts, got.DefaultArtifactType.Name, at, at, aliasesIn(got.ID, w.Aliases))
			return withOrigin(a, &w.Origin), err
		})
	} else {
		info = toPageInfo(got.Linked.PageInfo, got.Linked.TotalCount)
		items, err = keep(got.Linked.Edges, l.tags, func(version string, w *wire.PortfolioVersion) (*Artifact, error) {
			at, err := here.number(version)
			if err != nil {
				return nil, err
			}
			own, err := ownSeat(&w.Artifact)
			if err != nil {
				return nil, err
			}
			a, err := c.toArtifact(&w.Facts, w.ArtifactType.Name, own, at, aliasesIn(got.ID, w.Aliases))
			return withOrigin(a, &w.Origin), err
		})
	}
	if err != nil {
		return nil, PageInfo{}, located(l.op, l.path, err)
	}
	return items, info, nil
}

// keep makes versions of edges and keeps those that have all tags.
func keep[N any](edges []wire.VersionedEdge[N], tags []string, to func(string, *N) (*Artifact, error)) ([]*Artifact, error) {
	items := make([]*Artifact, 0, len(edges))
	for i := range edges {
		if edges[i].Node == nil {
			continue
		}
		a, err := to(edges[i].Version, edges[i].Node)
		if err != nil {
			return nil, err
		}
		if hasAll(a.Tags, tags) {
			items = append(items, a)
		}
	}
	return items, nil
}

func (l *Artifacts) count(ctx context.Context) (int, error) {
	c := l.client
	in, err := c.in(ctx, l.entity, l.project)
	if err != nil {
		return 0, err
	}
	of := wire.Collection{In: in, Type: l.typeName, Name: l.collection}
	total, lacks, err := wire.CountProjectArtifacts(ctx, c.sender, of, l.choice.Filters)
	return c.total(ctx, l.op, l.path, total, err, func() error {
		return missing(l.op, lacks, in, l.typeName, l.collection, "")
	})
}

func hasAll(have, want []string) bool {
	for _, w := range want {
		if !slices.Contains(have, w) {
			return false
		}
	}
	return true
}

// Entity owns the project.
func (l *Artifacts) Entity() string { return l.entity }

// Project holds the collection.
func (l *Artifacts) Project() string { return l.project }

// Type is the type of the versions, "" if it was not given.
func (l *Artifacts) Type() string { return l.typeName }

// CollectionName is the collection whose versions are listed.
func (l *Artifacts) CollectionName() string { return l.collection }

// Filters are the conditions that versions are listed by.
func (l *Artifacts) Filters() map[string]any { return l.filters }

// Order is the order that the list was made with, signed, or "".
func (l *Artifacts) Order() string { return l.choice.Order }

// Tags are those that every listed version has.
func (l *Artifacts) Tags() []string { return slices.Clone(l.tags) }
