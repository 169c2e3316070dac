package graph

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// PageInfo says where a page ends and whether more follow.
type PageInfo struct {
	EndCursor   *string
	HasNextPage bool
}

// A connection is one page of a list: the part that all connections share.
type connection struct {
	info  PageInfo
	count func(context.Context) (int, error)
}

// nothing is the page of a list that the viewer may not see.
func nothing() connection {
	return connection{count: func(context.Context) (int, error) { return 0, nil }}
}

// PageInfo is the page's place in the list.
func (c *connection) PageInfo() *PageInfo { return &c.info }

// TotalCount is the length of the whole list. It is counted only when asked for.
func (c *connection) TotalCount(ctx context.Context) (int64, error) {
	n, err := c.count(ctx)
	return int64(n), err
}

// pageArgs are the arguments that connections take.
type pageArgs struct {
	first          *int64
	after          *string
	filters, order *string
}

// page reads the arguments.
func (a pageArgs) page() (metadata.Page, error) {
	var p metadata.Page
	if a.first != nil {
		if *a.first < 0 {
			return p, fail(metadata.KindInvalid, "first is %d: a page cannot have fewer than 0 items", *a.first)
		}
		p.First = int(min(*a.first, metadata.MaxFirst))
	}
	p.After = textOf(a.after)
	var err error
	if p.Filter, err = metadata.ParseFilter(textOf(a.filters)); err != nil {
		return p, err
	}
	p.Order, err = metadata.ParseOrder(textOf(a.order))
	return p, err
}

// fetch reads one page with list, unless nothing but the count was selected,
// and hands each edge to add.
func fetch[T any](
	ctx context.Context, a pageArgs,
	list func(context.Context, metadata.Page) (metadata.Connection[T], error),
	count func(context.Context, *metadata.Filter) (int, error),
	add func(edges []metadata.Edge[T]) error,
) (connection, error) {
	p, err := a.page()
	if err != nil {
		return connection{}, err
	}
	c := connection{count: func(ctx context.Context) (int, error) { return count(ctx, p.Filter) }}
	if !selected(ctx, "edges", "pageInfo") {
		return c, nil
	}
	p.OnlyEndCursor = !selectedOf(ctx, "edges", "cursor")
	none := a.first != nil && *a.first == 0
	if none {
		p.First = 1 // to know whether there is any
	}
	got, err := list(ctx, p)
	if err != nil {
		return connection{}, err
	}
	if none {
		c.info = PageInfo{EndCursor: a.after, HasNextPage: len(got.Edges) > 0}
		return c, nil
	}
	c.info = PageInfo{EndCursor: textOrNull(got.EndCursor()), HasNextPage: got.HasNextPage}
	return c, add(got.Edges)
}

// onlyVisible leaves out what belongs to projects that the viewer may not see.
// The page that remains may be shorter than asked for; where it ends is not
// changed by it.
func onlyVisible[T any](ctx context.Context, rq *request, edges []metadata.Edge[T], place func(T) (entityID, projectID int64)) ([]metadata.Edge[T], error) {
	out := edges[:0:0]
	for _, e := range edges {
		entityID, projectID := place(e.Node)
		ok, err := rq.viewer.MayRead(ctx, entityID, projectID)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, e)
		}
	}
	return out, nil
}

// visibleOf adds up what is in projects that the viewer may see, and reports
// whether that is all.
func (rq *request) visibleOf(ctx context.Context, list []metadata.Tally) (n int, all bool, err error) {
	all = true
	for _, t := range list {
		ok, err := rq.viewer.MayRead(ctx, t.EntityID, t.ProjectID)
		if err != nil {
			return 0, false, err
		}
		if ok {
			n += t.Count
		}
		all = all && ok
	}
	return n, all, nil
}

// visibleVersions leaves out versions that the viewer may see neither in their
// own project nor in a portfolio.
func (rq *request) visibleVersions(ctx context.Context, edges []metadata.Edge[metadata.Artifact]) ([]metadata.Edge[metadata.Artifact], error) {
	seen := make(map[int64]bool, len(edges))
	var rest []int64
	for _, e := range edges {
		ok, err := rq.viewer.MayRead(ctx, e.Node.EntityID, e.Node.ProjectID)
		if err != nil {
			return nil, err
		}
		if seen[e.Node.ID] = ok; !ok {
			rest = append(rest, e.Node.ID)
		}
	}
	if len(rest) == 0 {
		return edges, nil
	}
	members, err := rq.store.MembershipsOf(ctx, rest)
	if err != nil {
		return nil, err
	}
	for id, list := range members {
		for _, m := range list {
			ok, err := rq.viewer.MayRead(ctx, m.EntityID, m.ProjectID)
			if err != nil {
				return nil, err
			}
			seen[id] = seen[id] || ok
		}
	}
	return slices.DeleteFunc(slices.Clone(edges), func(e metadata.Edge[metadata.Artifact]) bool { return !seen[e.Node.ID] }), nil
}

// selected reports whether the query selects one of these fields of what is
// being resolved.
func selected(ctx context.Context, names ...string) bool {
	return slices.ContainsFunc(graphql.CollectFieldsCtx(ctx, nil), func(f graphql.CollectedField) bool { return slices.Contains(names, f.Name) })
}

// selectedOf reports whether the query selects a field of a field.
func selectedOf(ctx context.Context, of, name string) bool {
	operation := graphql.GetOperationContext(ctx)
	for _, f := range graphql.CollectFieldsCtx(ctx, nil) {
		if f.Name != of {
			continue
		}
		for _, below := range graphql.CollectFields(operation, f.Selections, nil) {
			if below.Name == name {
				return true
			}
		}
	}
	return false
}
