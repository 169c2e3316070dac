package tools

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/reliquary/reliquary/artifacts"
)

// Paging says which part of a list to give.
type Paging struct {
	Limit int `json:"limit,omitempty" jsonschema:"minimum=1,maximum=100,default=20"`
	// next_cursor; all else unchanged.
	Cursor string `json:"cursor,omitempty"`
}

// PageEnd says what follows behind a page.
type PageEnd struct {
	// Length of the whole list, on its first page, where known.
	Total      *int   `json:"total,omitempty"`
	HasMore    bool   `json:"has_more"`
	NextCursor string `json:"next_cursor,omitempty"`
	Hint       string `json:"hint,omitempty"`
}

// pageBytes bounds the items of one page, as JSON: some 6,000 tokens. A page
// that would be larger is cut, and its cursor goes on where it was cut.
const pageBytes = 24_000

// A listing is one list of a server, as an operation shows it.
type listing[T, O any] struct {
	operation string
	// parts tell this list from all others of the same operation.
	parts []string
	fetch func(ctx context.Context, after string, perPage int) ([]T, artifacts.PageInfo, error)
	view  func(T) O
	// narrower says how to get a shorter list.
	narrower string
}

// page fetches one page.
func (l listing[T, O]) page(ctx context.Context, c *artifacts.Client, p Paging) ([]O, PageEnd, error) {
	key := l.key(c)
	after, err := openCursor(key, p.Cursor)
	if err != nil {
		return nil, PageEnd{}, err
	}
	items, info, err := l.fetch(ctx, after, p.Limit)
	if err != nil {
		return nil, PageEnd{}, err
	}
	total := info.TotalCount
	views, fit, err := l.views(ctx, items)
	if err != nil {
		return nil, PageEnd{}, err
	}
	cut := fit < len(views)
	if cut {
		// Only the server can say where a shorter page ends.
		if items, info, err = l.fetch(ctx, after, fit); err != nil {
			return nil, PageEnd{}, err
		}
		if views, _, err = l.views(ctx, items); err != nil {
			return nil, PageEnd{}, err
		}
	}
	end := PageEnd{HasMore: info.HasNextPage}
	if after == "" {
		end.Total = total
		if total == nil && !info.HasNextPage {
			n := len(views)
			end.Total = &n
		}
	}
	if end.HasMore {
		end.NextCursor = sealCursor(key, info.EndCursor)
		end.Hint = "call again with cursor for the next page"
		if cut {
			end.Hint = "the page was cut short because its items are long; " + end.Hint
		}
		if l.narrower != "" {
			end.Hint += ", or " + l.narrower
		}
	}
	return views, end, nil
}

// views shows items, and counts how many of them make a page that is not too large.
func (l listing[T, O]) views(ctx context.Context, items []T) (views []O, fit int, err error) {
	views = make([]O, len(items))
	size := 0
	for i, item := range items {
		views[i] = l.view(item)
		text, err := json.Marshal(selectionOf(ctx).of(views[i]))
		if err != nil {
			return nil, 0, err
		}
		if size += len(text) + 1; size <= pageBytes || i == 0 {
			fit = i + 1
		}
	}
	return views, fit, nil
}

// keyBytes are enough to tell lists apart; a cursor is no secret.
const keyBytes = 6

// key tells the list from others, on other servers too.
func (l listing[T, O]) key(c *artifacts.Client) []byte {
	sum := sha256.Sum256([]byte(strings.Join(append([]string{c.BaseURL(), l.operation}, l.parts...), "\x00")))
	return sum[:keyBytes]
}

// sealCursor binds a server's cursor to its list.
func sealCursor(key []byte, cursor string) string {
	return base64.RawURLEncoding.EncodeToString(append(bytes.Clone(key), cursor...))
}

// openCursor returns the server's cursor in one of ours.
func openCursor(key []byte, cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) <= keyBytes {
		return "", invalid("cursor", "give the next_cursor of an answer unchanged, or leave cursor out to begin at the start",
			"cursor is %q, which is no cursor of this list", clip(cursor, clippedInLists))
	}
	if !bytes.Equal(raw[:keyBytes], key) {
		return "", invalid("cursor", "repeat the arguments of the call that gave the cursor, or leave cursor out to begin at the start",
			"the cursor belongs to another list: it was given for other arguments, by another operation or by another server")
	}
	return string(raw[keyBytes:]), nil
}
