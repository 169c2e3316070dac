package artifacts

import (
	"context"
	"fmt"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// SearchOptions say what to look for in a project. nil means everything.
type SearchOptions struct {
	PerPage int    // collections looked through with one page; 0 means DefaultPerPage
	After   string // cursor to continue behind
	// Type is the artifact type of the collections, "" for any.
	Type string
	// Collections are conditions on a collection's fields, as in
	// CollectionsOptions: {"name": {"$regex": "eval"}}, {"tag": "release"}.
	Collections map[string]any
	// Filters are conditions on a version's fields, as in ArtifactsOptions:
	// {"metadata.rows": {"$gt": 1000}}, {"alias": "prod"}. nil means every
	// committed version.
	Filters map[string]any
	// Order is that of the versions of one collection, as in ArtifactsOptions.
	Order string
	// PerCollection is how many versions of each collection are given. 0 means 10.
	PerCollection int
	VersionDetails
}

const defaultPerCollection = 10

// A SearchResult is a collection in which something was found.
type SearchResult struct {
	Collection *ArtifactCollection
	// Total is how many of its versions were found; Artifacts has the first of
	// them, and Artifacts of the collection with the same filters has all.
	Total     int
	Artifacts []*Artifact
}

// Search is what was found in a project, collection by collection; collections
// in which nothing was found are left out, so that a page can be shorter than
// PerPage, even empty, and still not be the last.
type Search struct {
	*Pager[SearchResult]
	client          *Client
	entity, project string
	opts            SearchOptions
	choice          wire.Choice
	invalid         error
}

// Search looks for versions in all collections of a project, or some of them,
// by names, tags, aliases, metadata and whatever else the server filters by. A
// page takes two requests, however many collections it looks through (W&B:
// ProjectArtifactCollections, and ProjectArtifacts many times in one operation).
func (c *Client) Search(entity, project string, opts *SearchOptions) *Search {
	if opts == nil {
		opts = &SearchOptions{}
	}
	l := &Search{client: c, entity: entity, project: project, opts: *opts}
	l.opts.PerCollection = orDefault(opts.PerCollection, defaultPerCollection)
	if l.opts.Filters == nil {
		l.opts.Filters = map[string]any{"state": string(Committed)}
	}
	l.choice, l.invalid = choose(l.opts.Filters, opts.Order)
	l.Pager = newPager(list[SearchResult]{
		op: "search artifacts", path: join(entity, project),
		check: func() error { return located(l.op, l.path, l.invalid) },
		fetch: l.fetch,
	}, opts.PerPage, opts.After)
	return l
}

func (l *Search) fetch(ctx context.Context, after string, perPage int) ([]SearchResult, PageInfo, error) {
	c := l.client
	collections, info, err := c.ArtifactCollections(l.entity, l.project, l.opts.Type, &CollectionsOptions{
		PerPage: min(perPage, wire.MaxBatch), After: after, Filters: l.opts.Collections,
	}).Page(ctx)
	if err != nil || len(collections) == 0 {
		return nil, info, err
	}
	info.TotalCount = nil // that of the collections, not of those with something in them
	ids := make([]wire.ID, len(collections))
	for i, a := range collections {
		saved, _ := a.peek() // it came with its attributes
		ids[i] = wire.ID(saved.ID)
	}
	var got []*wire.Matches
	err = shaped(l.opts.shape(), func(shape wire.ListShape) (err error) {
		if got, err = wire.SearchCollections(ctx, c.sender, ids, l.choice, shape, l.opts.PerCollection); err != nil {
			return c.fail(ctx, l.op, l.path, err)
		}
		return nil
	})
	if err != nil {
		return nil, PageInfo{}, err
	}
	var items []SearchResult
	for i, m := range got {
		if m == nil || len(m.Versions.Edges) == 0 {
			continue
		}
		r, err := l.result(collections[i], m)
		if err != nil {
			return nil, PageInfo{}, located(l.op, l.path, err)
		}
		items = append(items, r)
	}
	return items, info, nil
}

// result makes what was found in one collection.
func (l *Search) result(a *ArtifactCollection, m *wire.Matches) (SearchResult, error) {
	r := SearchResult{Collection: a, Total: len(m.Versions.Edges)}
	switch {
	case m.Versions.TotalCount != nil:
		r.Total = *m.Versions.TotalCount
	case m.Versions.PageInfo.HasNextPage:
		return r, corrupt("the number of versions found in %q is missing", a.Path())
	}
	here := seat{entity: a.Entity(), project: a.Project(), collection: a.Name()}
	var err error
	r.Artifacts, err = keep(m.Versions.Edges, nil, func(version string, w *wire.PortfolioVersion) (*Artifact, error) {
		at, err := here.number(version)
		if err != nil {
			return nil, err
		}
		own, err := ownSeat(&w.Artifact)
		if err != nil {
			return nil, err
		}
		found, err := l.client.toArtifact(&w.Facts, w.ArtifactType.Name, own, at, aliasesIn(m.ID, w.Aliases))
		return withOrigin(found, &w.Origin), err
	})
	return r, err
}

// String says what is searched.
func (l *Search) String() string { return fmt.Sprintf("search in %s", l.path) }
