package artifacts

import (
	"context"
	"fmt"
	"iter"
	"sync"
)

// DefaultPerPage is how many items a list asks for at a time unless told otherwise.
const DefaultPerPage = 50

// walkPerPage is how many items a list asks for when it walks only to count.
const walkPerPage = 1000

// PageInfo says where a page ends and whether another follows.
type PageInfo struct {
	// EndCursor continues behind the page: pass it as After. It is opaque, and
	// good only for the same list with the same filters and order.
	EndCursor string `json:"endCursor,omitempty"`
	// HasNextPage says whether there is more.
	HasNextPage bool `json:"hasNextPage"`
	// TotalCount is the length of the whole list. It comes with the first page
	// of a list that the server can count; otherwise it is nil.
	TotalCount *int `json:"totalCount,omitempty"`
}

// A Pager walks one list of the server, page by page (Relay connections). All
// plural classes are Pagers. Making one sends nothing. It is safe for
// concurrent use.
type Pager[T any] struct {
	list[T]
	perPage int
	after   string

	mu     sync.Mutex
	cursor string // behind the page last delivered
	total  *int

	loading gate // for the fields below
	items   []T  // kept for At
	next    string
	seen    cursors
	whole   bool
}

// A list is what a plural class gives its Pager.
type list[T any] struct {
	// op is what using the list does, in words; path is whose list it is.
	op, path string
	// fetch gets the page behind after. It asks for the total at the start of a list.
	fetch func(ctx context.Context, after string, perPage int) ([]T, PageInfo, error)
	// count asks for the length alone; nil means that only walking tells.
	count func(ctx context.Context) (int, error)
	// check, if not nil, is run before anything is sent: options that cannot be used.
	check func() error
}

func newPager[T any](l list[T], perPage int, after string) *Pager[T] {
	if perPage == 0 {
		perPage = DefaultPerPage
	}
	return &Pager[T]{list: l, perPage: perPage, after: after, cursor: after, next: after, loading: newGate()}
}

// PerPage is how many items each request asks for.
func (p *Pager[T]) PerPage() int { return p.perPage }

// All walks the list from its start (or from the After it was made with), each
// time it is ranged over. The next page is fetched while the present one is
// used, at most one ahead, and not before the second item of the first page is
// asked for; leaving the loop cancels it. The first error is yielded once, with the
// zero T, and ends the walk; so does the end of ctx, and a server whose cursors
// go in circles (KindCorrupt).
func (p *Pager[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		var seen cursors
		var ahead *prefetch[T]
		// Whoever leaves the loop, by break or panic, leaves no goroutine behind.
		defer func() { ahead.stop() }()
		got := p.get(ctx, p.after, p.perPage)
		for {
			if got.err != nil {
				yield(zero, got.err)
				return
			}
			p.deliver(got.info)
			circle := p.follow(&seen, got.info)
			more := got.info.HasNextPage && circle == nil
			for i, item := range got.items {
				if ctx.Err() != nil {
					yield(zero, located(p.op, p.path, canceled(ctx)))
					return
				}
				if i == 1 && more && ahead == nil {
					ahead = p.prefetch(ctx, got.info.EndCursor)
				}
				if !yield(item, nil) {
					return
				}
			}
			switch {
			case circle != nil:
				yield(zero, circle)
				return
			case !more:
				return
			case ahead != nil:
				got, ahead = p.wait(ctx, ahead)
			default:
				got = p.get(ctx, got.info.EndCursor, p.perPage)
			}
		}
	}
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
	var seen cursors
	seen.add(cursor)
	return p.page(ctx, cursor, &seen)
}

// page fetches and delivers one page of a walk that has followed seen.
func (p *Pager[T]) page(ctx context.Context, cursor string, seen *cursors) ([]T, PageInfo, error) {
	got := p.get(ctx, cursor, p.perPage)
	if got.err != nil {
		return nil, PageInfo{}, got.err
	}
	if err := p.follow(seen, got.info); err != nil {
		return nil, PageInfo{}, err
	}
	p.deliver(got.info)
	return got.items, got.info, nil
}

// Len is the number of items in the whole list (not only behind After). If no
// page was loaded yet it asks for the count alone; a list that the server
// cannot count is walked, or is KindUnsupported where W&B's client says so.
func (p *Pager[T]) Len(ctx context.Context) (int, error) {
	p.mu.Lock()
	total := p.total
	p.mu.Unlock()
	if total != nil {
		return *total, nil
	}
	if err := p.ready(); err != nil {
		return 0, err
	}
	if p.count != nil {
		n, err := p.count(ctx)
		if err == nil {
			p.learn(n)
		}
		return n, err
	}
	n := 0
	var seen cursors
	for after := ""; ; {
		got := p.get(ctx, after, max(p.perPage, walkPerPage))
		if got.err != nil {
			return 0, got.err
		}
		n += len(got.items)
		if err := p.follow(&seen, got.info); err != nil {
			return 0, err
		}
		if !got.info.HasNextPage {
			p.learn(n)
			return n, nil
		}
		after = got.info.EndCursor
	}
}

// At returns item i, counted from 0 at the start of the list (or behind After),
// loading pages as needed and keeping them. KindNotFound behind the end,
// KindInvalid for a negative i.
func (p *Pager[T]) At(ctx context.Context, i int) (T, error) {
	var zero T
	if i < 0 {
		return zero, &Error{Kind: KindInvalid, Op: p.op, Path: p.path, Message: fmt.Sprintf("item %d does not exist: items are counted from 0", i)}
	}
	if err := p.loading.enter(ctx); err != nil {
		return zero, located(p.op, p.path, err)
	}
	defer p.loading.leave()
	for len(p.items) <= i && !p.whole {
		items, info, err := p.page(ctx, p.next, &p.seen)
		if err != nil {
			return zero, err
		}
		p.items = append(p.items, items...)
		p.next, p.whole = info.EndCursor, !info.HasNextPage
	}
	if len(p.items) <= i {
		return zero, &Error{
			Kind: KindNotFound, Op: p.op, Path: p.path,
			Message: fmt.Sprintf("there is no item %d: the list has %d", i, len(p.items)),
			Next:    "ask for a smaller index",
		}
	}
	return p.items[i], nil
}

// Cursor continues behind the page that was last delivered by All, Page or At;
// it is the After that the list was made with while none was. A page that was
// only fetched ahead does not count.
func (p *Pager[T]) Cursor() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cursor
}

// A result is one fetched page, or why there is none.
type result[T any] struct {
	items []T
	info  PageInfo
	err   error
}

// get fetches one page.
func (p *Pager[T]) get(ctx context.Context, after string, perPage int) result[T] {
	if err := p.ready(); err != nil {
		return result[T]{err: err}
	}
	if ctx.Err() != nil {
		return result[T]{err: located(p.op, p.path, canceled(ctx))}
	}
	items, info, err := p.fetch(ctx, after, perPage)
	return result[T]{items, info, err}
}

// ready reports options that cannot be used.
func (p *Pager[T]) ready() error {
	if p.perPage < 0 {
		return &Error{Kind: KindInvalid, Op: p.op, Path: p.path, Message: fmt.Sprintf("%d items per page make no page", p.perPage), Next: "ask for 1 or more"}
	}
	if p.check != nil {
		return p.check()
	}
	return nil
}

// deliver notes that the caller has a page.
func (p *Pager[T]) deliver(info PageInfo) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if info.EndCursor != "" {
		p.cursor = info.EndCursor
	}
	if info.TotalCount != nil {
		p.total = info.TotalCount
	}
}

// learn notes the list's length.
func (p *Pager[T]) learn(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total = &n
}

// follow checks that the cursor to go on with is a new one.
func (p *Pager[T]) follow(seen *cursors, info PageInfo) error {
	if !info.HasNextPage || (info.EndCursor != "" && seen.add(info.EndCursor)) {
		return nil
	}
	return &Error{
		Kind: KindCorrupt, Op: p.op, Path: p.path,
		Message: "the server says that more follows and gives a cursor that leads nowhere new",
		Next:    "use the items so far, and report it to whoever runs the server",
	}
}

// cursors are those that a walk has followed.
type cursors map[string]struct{}

// add reports whether c is new.
func (s *cursors) add(c string) bool {
	if *s == nil {
		*s = cursors{}
	}
	if _, ok := (*s)[c]; ok {
		return false
	}
	(*s)[c] = struct{}{}
	return true
}

// A prefetch is one page on its way.
type prefetch[T any] struct {
	cancel context.CancelFunc
	early  chan string // gets where the page ends, if that is known before the page is
	done   chan result[T]
}

func (p *Pager[T]) prefetch(ctx context.Context, after string) *prefetch[T] {
	ctx, cancel := context.WithCancel(ctx)
	f := &prefetch[T]{cancel, make(chan string, 1), make(chan result[T], 1)}
	go func() {
		f.done <- p.get(WithPageEnd(ctx, func(cursor string) { f.early <- cursor }), after, p.perPage)
	}()
	return f
}

// wait returns the page, and the prefetch of the one behind it if that could
// begin already: while the caller has nothing to do but to wait, the server
// answers the next question and this program still reads the last answer.
func (p *Pager[T]) wait(ctx context.Context, f *prefetch[T]) (got result[T], next *prefetch[T]) {
	defer f.cancel()
	select {
	case got = <-f.done:
		return got, nil
	case cursor := <-f.early:
		next = p.prefetch(ctx, cursor)
		got = <-f.done
		if got.err != nil || !got.info.HasNextPage || got.info.EndCursor != cursor {
			next.stop()
			next = nil
		}
		return got, next
	}
}

// stop gives up the page and waits until its goroutine has ended.
func (f *prefetch[T]) stop() {
	if f != nil {
		f.cancel()
		<-f.done
	}
}
