package sqlite

import (
	"context"
	"fmt"
	"strings"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// A list describes one of the registry's lists: how to select its items, and
// what its filters and orders may speak of.
type list[T any] struct {
	subject metadata.Subject
	owner   []any // what the list belongs to; with the subject, its identity
	columns columns
	sel     string // what scan reads
	from    string // with joins
	where   string
	args    []any
	id      string // an expression that is unique in the list
	order   []key  // the list's own order
	scan    func(scanner, ...any) (T, error)
	// complete, if not nil, adds to the items of a page what they have in common.
	complete func(context.Context, session, []metadata.Edge[T]) error
}

// A key is an expression that a list is sorted by.
type key struct {
	expr     string
	args     []any
	desc     bool
	nullable bool
}

// page reads one page. The place to continue is found through the values of the
// sort keys, never by counting rows, so a page in the middle of a million costs
// what the first one costs, and items that come and go do not shift it.
func page[T any](ctx context.Context, q session, l list[T], p metadata.Page) (metadata.Connection[T], error) {
	var c metadata.Connection[T]
	limit := p.First
	switch {
	case limit < 0:
		return c, invalid("a page cannot have %d items; ask for 1 to %d", limit, metadata.MaxFirst)
	case limit == 0:
		limit = metadata.DefaultFirst
	}
	limit = min(limit, metadata.MaxFirst)
	b, place, err := l.statement(p, limit+1)
	if err != nil {
		return c, err
	}
	into := make([]any, len(place.Key))
	for i := range place.Key {
		into[i] = &place.Key[i]
	}
	c.Edges = make([]metadata.Edge[T], 0, min(limit, 1000))
	err = each(ctx, q, func(r scanner) error {
		if len(c.Edges) == limit {
			c.HasNextPage = true
			return nil
		}
		node, err := l.scan(r, into...)
		if err != nil {
			return err
		}
		c.Edges = append(c.Edges, metadata.Edge[T]{Node: node})
		if !p.OnlyEndCursor {
			c.Edges[len(c.Edges)-1].Cursor = place.String()
		}
		return nil
	}, b.String(), b.args...)
	if n := len(c.Edges); p.OnlyEndCursor && n > 0 {
		c.Edges[n-1].Cursor = place.String() // its key is still that of the last edge
	}
	if err == nil && l.complete != nil && len(c.Edges) > 0 {
		err = l.complete(ctx, q, c.Edges)
	}
	return c, err
}

// statement makes the query for a page, and a cursor of the list whose key is
// still to be filled in with the values that stand behind each item.
func (l list[T]) statement(p metadata.Page, limit int) (statement, metadata.Cursor, error) {
	var b statement
	var place metadata.Cursor
	filter, err := l.subject.Bind(p.Filter)
	if err != nil {
		return b, place, err
	}
	keys, orders, err := l.keys(p.Order)
	if err != nil {
		return b, place, err
	}
	place = metadata.Cursor{List: metadata.Fingerprint(l.subject, l.owner), Shape: metadata.Fingerprint(filter, orders), Key: make([]any, len(keys))}
	b.write("SELECT "+l.sel, nil)
	for _, k := range keys {
		b.write(", "+k.expr, k.args)
	}
	b.write(" FROM "+l.from+" WHERE "+l.where, l.args)
	if filter != nil {
		b.write(" AND ", nil)
		if err := b.filter(l.columns, l.subject, filter); err != nil {
			return b, place, err
		}
	}
	if p.After != "" {
		after, err := metadata.ParseCursor(p.After)
		if err != nil {
			return b, place, err
		}
		if after.List != place.List {
			return b, place, invalid("the cursor belongs to another list than these %s; use the endCursor of this list's page before, or none for its first page", l.subject)
		}
		if after.Shape != place.Shape || len(after.Key) != len(keys) {
			return b, place, invalid("the cursor was given out for another filter or order of these %s; keep filter and order while paging, or start without a cursor", l.subject)
		}
		b.write(" AND ", nil)
		b.behind(keys, after.Key)
	}
	b.write(" ORDER BY ", nil)
	for i, k := range keys {
		if i > 0 {
			b.write(", ", nil)
		}
		b.write(k.expr, k.args)
		if k.desc {
			b.write(" DESC", nil)
		}
	}
	b.write(" LIMIT ?", []any{limit})
	return b, place, nil
}

// keys gives the sort keys for an order, with the id behind them so that the
// order is total, and a canonical form of the order to put into cursors.
func (l list[T]) keys(orders []metadata.Order) ([]key, []string, error) {
	keys, names := l.order, []string{}
	if len(orders) > 0 {
		fields, err := l.subject.BindOrder(orders)
		if err != nil {
			return nil, nil, err
		}
		keys = make([]key, 0, len(fields)+1)
		for i, f := range fields {
			c, err := l.columns.of(l.subject, f)
			if err != nil {
				return nil, nil, err
			}
			expr, args := c.value(f)
			keys = append(keys, key{expr: expr, args: args, desc: orders[i].Desc, nullable: c.nullable})
			names = append(names, fmt.Sprint(f.Name, f.Path, orders[i].Desc))
		}
	}
	last := keys[len(keys)-1]
	if last.expr == l.id {
		return keys, names, nil
	}
	return append(keys[:len(keys):len(keys)], key{expr: l.id, desc: last.desc}), names, nil
}

// count counts the items that fit a filter.
func count[T any](ctx context.Context, q session, l list[T], f *metadata.Filter) (int, error) {
	filter, err := l.subject.Bind(f)
	if err != nil {
		return 0, err
	}
	var b statement
	b.write("SELECT count(*) FROM "+l.from+" WHERE "+l.where, l.args)
	if filter != nil {
		b.write(" AND ", nil)
		if err := b.filter(l.columns, l.subject, filter); err != nil {
			return 0, err
		}
	}
	var n int
	err = one(ctx, q, b.String(), b.args, &n)
	return n, err
}

// A statement grows as text and arguments together, so that no value is ever
// part of the text.
type statement struct {
	text []byte
	args []any
}

func (b *statement) String() string { return string(b.text) }

func (b *statement) write(text string, args []any) {
	b.text = append(b.text, text...)
	b.args = append(b.args, args...)
}

// behind restricts a statement to what lies behind a place in the order.
func (b *statement) behind(keys []key, at []any) {
	if uniform(keys) {
		// Row values are what SQLite turns into one search of an index.
		b.write("(", nil)
		for i, k := range keys {
			if i > 0 {
				b.write(", ", nil)
			}
			b.write(k.expr, k.args)
		}
		if keys[0].desc {
			b.write(") < (", nil)
		} else {
			b.write(") > (", nil)
		}
		b.write("?"+strings.Repeat(", ?", len(at)-1)+")", at)
		return
	}
	// (a > A) OR (a = A AND b > B) OR ...: null sorts before everything.
	b.write("(", nil)
	for i, k := range keys {
		if i > 0 {
			b.write(" OR ", nil)
		}
		b.write("(", nil)
		for j, before := range keys[:i] {
			b.write(before.expr, before.args)
			b.write(" IS ? AND ", []any{at[j]})
		}
		switch {
		case at[i] == nil && k.desc:
			b.write("FALSE", nil)
		case at[i] == nil:
			b.write(k.expr, k.args)
			b.write(" IS NOT NULL", nil)
		case k.desc:
			b.write("(", nil)
			b.write(k.expr, k.args)
			b.write(" < ?", []any{at[i]})
			if k.nullable {
				b.write(" OR ", nil)
				b.write(k.expr, k.args)
				b.write(" IS NULL", nil)
			}
			b.write(")", nil)
		default:
			b.write(k.expr, k.args)
			b.write(" > ?", []any{at[i]})
		}
		b.write(")", nil)
	}
	b.write(")", nil)
}

// uniform reports whether all keys go in one direction and are never null.
func uniform(keys []key) bool {
	for _, k := range keys {
		if k.nullable || k.desc != keys[0].desc {
			return false
		}
	}
	return true
}
