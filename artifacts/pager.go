package artifacts

import (
	"context"
	"iter"
)

// DefaultPerPage is how many items a list asks for at a time unless told otherwise.
const DefaultPerPage = 50

// PageInfo says where a page ends and whether another follows.
type PageInfo struct {
	// EndCursor continues behind the page: pass it as After. It is opaque, and
	// good only for the same list with the same filters and order.
	EndCursor string `json:"endCursor,omitempty"`
	// HasNextPage says whether there is more.
	HasNextPage bool `json:"hasNextPage"`
	// TotalCount is the length of the whole list; nil if the server did not say.
	TotalCount *int `json:"totalCount,omitempty"`
}

// A Pager walks one list of the server, page by page (Relay connections). All
// plural classes are Pagers. Making one sends nothing. It is safe for
// concurrent use.
type Pager[T any] struct {
	perPage int
	after   string
}

// PerPage is how many items each request asks for.
func (p *Pager[T]) PerPage() int { return p.perPage }

// All walks the list from its start (or from the After it was made with), each
// time it is ranged over. The next page is fetched while the present one is
// used, at most one ahead and never before the second item of a page is asked
// for; leaving the loop cancels it. The first error is yielded once, with the
// zero T, and ends the walk; so does the end of ctx, and a server whose cursors
// go in circles (KindCorrupt).
func (p *Pager[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {}
}

// Page fetches one page: the first, or the one behind the After that the list
// was made with. To go on, use PageAfter with PageInfo.EndCursor, or make the
// list again with that as After. A page can be shorter than PerPage, even
// empty, and still not be the last.
func (p *Pager[T]) Page(ctx context.Context) ([]T, PageInfo, error) {
	return p.PageAfter(ctx, p.after)
}

// PageAfter fetches the page behind cursor; "" means the start of the list.
func (p *Pager[T]) PageAfter(ctx context.Context, cursor string) ([]T, PageInfo, error) {
	return nil, PageInfo{}, nil
}

// Len is the number of items in the whole list (not only behind After). If no
// page was loaded yet it asks for the count alone. KindUnsupported if the
// server cannot count this list.
func (p *Pager[T]) Len(ctx context.Context) (int, error) {
	return 0, nil
}

// At returns item i, counted from 0 at the start of the list (or behind After),
// loading pages as needed and keeping them. KindNotFound behind the end,
// KindInvalid for a negative i.
func (p *Pager[T]) At(ctx context.Context, i int) (T, error) {
	var zero T
	return zero, nil
}

// Cursor continues behind the page that was last delivered by All, Page or At;
// it is the After that the list was made with while none was. A page that was
// only fetched ahead does not count.
func (p *Pager[T]) Cursor() string { return p.after }
