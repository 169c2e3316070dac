package metadatatest

import (
	"encoding/base64"
	"fmt"
	"slices"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

func pageTests() map[string]func(*testing.T, *registry) {
	return map[string]func(*testing.T, *registry){
		"sizes": func(t *testing.T, r *registry) {
			var id int64
			for range 7 {
				id = r.commit("train").SequenceID
			}
			for first, want := range map[int]int{0: 7, 1: 1, 3: 3, 7: 7, 8: 7, metadata.MaxFirst + 5: 7} {
				c, err := r.ListMemberships(r.ctx, id, metadata.Page{First: first})
				r.ok(err)
				if len(c.Edges) != want || c.HasNextPage != (want < 7) {
					t.Errorf("a page of %d has %d items, next page: %v", first, len(c.Edges), c.HasNextPage)
				}
			}
			_, err := r.ListMemberships(r.ctx, id, metadata.Page{First: -1})
			r.fails(err, metadata.KindInvalid, "-1")
			c, err := r.ListMemberships(r.ctx, 999, metadata.Page{})
			r.ok(err)
			if len(c.Edges) != 0 || c.HasNextPage || c.EndCursor() != "" {
				t.Errorf("a list of nothing: %+v", c)
			}
		},
		"every edge has its own cursor": func(t *testing.T, r *registry) {
			var id int64
			for range 5 {
				id = r.commit("train").SequenceID
			}
			c, err := r.ListMemberships(r.ctx, id, metadata.Page{})
			r.ok(err)
			for i, e := range c.Edges {
				rest, err := r.ListMemberships(r.ctx, id, metadata.Page{After: e.Cursor})
				r.ok(err)
				if len(rest.Edges) != len(c.Edges)-i-1 {
					t.Errorf("%d items behind the item %d of %d", len(rest.Edges), i, len(c.Edges))
				}
			}
		},
		"a cursor belongs to its list, filter and order": func(t *testing.T, r *registry) {
			a, b := r.commit("train"), r.commit("test")
			r.commit("train")
			c, err := r.ListMemberships(r.ctx, a.SequenceID, metadata.Page{First: 1})
			r.ok(err)
			f, err := metadata.ParseFilter(`{"size":{"$gte":0}}`)
			r.ok(err)
			for word, list := range map[string]func() error{
				"another list": func() error {
					_, err := r.ListMemberships(r.ctx, b.SequenceID, metadata.Page{After: c.EndCursor()})
					return err
				},
				"collections": func() error {
					_, err := r.ListCollections(r.ctx, r.project.ID, "", metadata.Page{After: c.EndCursor()})
					return err
				},
				"runs": func() error {
					_, err := r.ListRuns(r.ctx, r.project.ID, metadata.Page{After: c.EndCursor()})
					return err
				},
				"filter": func() error {
					_, err := r.ListMemberships(r.ctx, a.SequenceID, metadata.Page{After: c.EndCursor(), Filter: f})
					return err
				},
				"order": func() error {
					_, err := r.ListMemberships(r.ctx, a.SequenceID, metadata.Page{After: c.EndCursor(), Order: []metadata.Order{{Field: "size"}}})
					return err
				},
			} {
				r.fails(list(), metadata.KindInvalid, "cursor", word)
			}
			files, err := r.ListFiles(r.ctx, a.ID, metadata.FileOptions{})
			r.ok(err)
			_, err = r.ListFiles(r.ctx, a.ID, metadata.FileOptions{Prefix: "d", Page: metadata.Page{After: files.EndCursor()}})
			r.fails(err, metadata.KindInvalid, "cursor")
		},
		"what is no cursor": func(t *testing.T, r *registry) {
			a := r.commit("train")
			c, err := r.ListMemberships(r.ctx, a.SequenceID, metadata.Page{})
			r.ok(err)
			good := c.EndCursor()
			b64 := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
			for _, bad := range []string{"x", "!!!", good + "x", good[:len(good)-3], good + "=", b64("[1]"), b64("{}"), b64(`[1,"a","b",[{}]]`), b64(`[2,"a","b",[]]`), b64(`[1,"a","b",[true]]`), b64("[1,\"a\",\"b\",[]] x")} {
				_, err := r.ListMemberships(r.ctx, a.SequenceID, metadata.Page{After: bad})
				r.fails(err, metadata.KindInvalid, "cursor")
			}
		},
		"equal keys are told apart by id": func(t *testing.T, r *registry) {
			var id int64
			for range 9 {
				id = r.commit("train").SequenceID
			}
			for _, order := range []string{"+type", "-type", "name,-type", "+state", "-metadata.x"} {
				o, err := metadata.ParseOrder(order)
				r.ok(err)
				list := walk(t, 2, func(p metadata.Page) (metadata.Connection[metadata.Membership], error) {
					return r.ListMemberships(r.ctx, id, p)
				}, metadata.Page{Order: o})
				slices.SortFunc(list, func(a, b metadata.Membership) int { return a.VersionIndex - b.VersionIndex })
				same(t, order, texts(list, versionOf), "v0 v1 v2 v3 v4 v5 v6 v7 v8")
			}
		},
		"infinities can be sorted by": func(t *testing.T, r *registry) {
			var id int64
			for _, x := range []string{"-1e999", "1e999", "0", "-1e999", "1e999"} {
				id = r.commit("train", func(n *metadata.NewArtifact) { n.Metadata = ptr(`{"x":` + x + `}`) }).SequenceID
			}
			list := walk(t, 1, func(p metadata.Page) (metadata.Connection[metadata.Membership], error) {
				return r.ListMemberships(r.ctx, id, p)
			}, metadata.Page{Order: []metadata.Order{{Field: "metadata.x"}}})
			same(t, "by x", texts(list, versionOf), "v0 v3 v2 v1 v4")
		},
		"a walk while versions come and go": func(t *testing.T, r *registry) {
			var id int64
			var made []metadata.Artifact
			for range 10 {
				made = append(made, r.commit("train"))
			}
			id = made[0].SequenceID
			var seen []string
			p := metadata.Page{First: 3}
			for i := 0; ; i++ {
				c, err := r.ListMemberships(r.ctx, id, p)
				r.ok(err)
				for _, e := range c.Edges {
					seen = append(seen, versionOf(e.Node))
				}
				if !c.HasNextPage {
					break
				}
				p.After = c.EndCursor()
				if i == 0 {
					// What was seen and what is to come may both go, the last one seen among them.
					for _, v := range []int{9, 7, 5} {
						_, err := r.DeleteArtifact(r.ctx, made[v].ID, true)
						r.ok(err)
					}
				}
				r.commit("train")
			}
			same(t, "seen", fmt.Sprint(seen), "[v9 v8 v7 v6 v4 v3 v2 v1 v0]")
		},
	}
}
