package metadatatest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// filterRegistry has one collection with versions whose fields differ.
func filterRegistry(r *registry) int64 {
	docs := []*string{
		ptr(`{"acc":0.5,"epoch":1,"name":"alpha","ok":true,"tags":["x","y"],"deep":{"er":{"n":1}},"a.b":"dotted","é":1,"none":null}`),
		ptr(`{"acc":0.75,"epoch":2,"name":"beta","ok":false,"tags":["y"],"deep":{"er":{"n":2}}}`),
		ptr(`{"acc":"high","epoch":10,"name":"Alphabet","ok":1,"tags":"x"}`),
		nil,
	}
	var id int64
	for i, doc := range docs {
		a := r.pending("train", func(n *metadata.NewArtifact) {
			n.Metadata, n.Aliases = doc, []string{fmt.Sprint("a", i)}
			n.Digest = fmt.Sprint("digest", i)
			if i < 2 {
				n.Description, n.Tags = ptr(fmt.Sprint("text ", i)), []string{"early", fmt.Sprint("t", i)}
			}
		})
		f := r.store(a, "", fmt.Sprint("content", i))
		var files []metadata.File
		for j := range i {
			f.Path = fmt.Sprint(j)
			files = append(files, f)
		}
		id = r.finish(a, files...).SequenceID
	}
	return id
}

func filterTests() map[string]func(*testing.T, *registry) {
	return map[string]func(*testing.T, *registry){
		"what they select": func(t *testing.T, r *registry) {
			id := filterRegistry(r)
			for _, c := range []struct{ filter, want string }{
				{``, "v3 v2 v1 v0"},
				{`{}`, "v3 v2 v1 v0"},
				{`{"state":"COMMITTED"}`, "v3 v2 v1 v0"},
				{`{"state":"committed"}`, "v3 v2 v1 v0"},
				{`{"state":"DELETED"}`, ""},
				{`{"state":{"$in":["COMMITTED","PENDING"]}}`, "v3 v2 v1 v0"},
				{`{"versionIndex":2}`, "v2"},
				{`{"version":"v2"}`, "v2"},
				{`{"version_index":{"$gte":1,"$lt":3}}`, "v2 v1"},
				{`{"version":{"$in":["v0","v3"]}}`, "v3 v0"},
				{`{"digest":"digest1"}`, "v1"},
				{`{"name":"train"}`, "v3 v2 v1 v0"},
				{`{"collection":{"$ne":"train"}}`, ""},
				{`{"type":"dataset","fileCount":{"$gt":1}}`, "v3 v2"},
				{`{"size":0}`, "v0"},
				{`{"description":null}`, "v3 v2"},
				{`{"description":{"$ne":null}}`, "v1 v0"},
				{`{"description":{"$ne":"text 0"}}`, "v3 v2 v1"},
				{`{"description":{"$exists":true}}`, "v1 v0"},
				{`{"description":{"$exists":false}}`, "v3 v2"},
				{`{"description":{"$in":["text 1",null]}}`, "v3 v2 v1"},
				{`{"description":{"$nin":["text 1",null]}}`, "v0"},
				{`{"description":{"$nin":["text 1"]}}`, "v3 v2 v0"},
				{`{"description":{"$not":{"$eq":"text 0"}}}`, "v3 v2 v1"},
				{`{"description":{"$not":{"$gt":"text 0"}}}`, "v3 v2 v0"},
				{`{"description":{"$contains":"1"}}`, "v1"},
				{`{"description":{"$not":{"$contains":"1"}}}`, "v3 v2 v0"},
				{`{"description":{"$regex":"^text [01]$"}}`, "v1 v0"},
				{`{"description":{"$not":{"$regex":"1"}}}`, "v3 v2 v0"},
				{`{"description":{"$regex":"^TEXT","$options":"i"}}`, "v1 v0"},
				{`{"tag":"early"}`, "v1 v0"},
				{`{"tags":"t1"}`, "v1"},
				{`{"tags":{"$ne":"t1"}}`, "v3 v2 v0"},
				{`{"tags":{"$in":["t0","t1","zzz"]}}`, "v1 v0"},
				{`{"tags":{"$nin":["t0"]}}`, "v3 v2 v1"},
				{`{"tags":null}`, "v3 v2"},
				{`{"tags":{"$ne":null}}`, "v1 v0"},
				{`{"tags":{"$in":["t0",null]}}`, "v3 v2 v0"},
				{`{"tags":{"$exists":true}}`, "v1 v0"},
				{`{"tags":{"$regex":"^t[1-9]$"}}`, "v1"},
				{`{"tags":{"$contains":"t0"}}`, "v0"},
				{`{"$or":[{"tags":null},{"tags":{"$ne":"early"}}]}`, "v3 v2"},
				{`{"alias":"a2"}`, "v2"},
				{`{"aliases":{"$in":["a0","latest"]}}`, "v3 v0"},
				{`{"aliases":{"$gt":"a1"}}`, "v3 v2"},
				{`{"metadata.acc":{"$gt":0.6}}`, "v1"},
				{`{"metadata.acc":"high"}`, "v2"},
				{`{"metadata.acc":{"$gte":"a"}}`, "v2"},
				{`{"metadata.epoch":{"$lte":2}}`, "v1 v0"},
				{`{"metadata.epoch":2.0}`, "v1"},
				{`{"metadata.epoch":"2"}`, ""},
				{`{"metadata.epoch":{"$ne":2}}`, "v3 v2 v0"},
				{`{"metadata.epoch":{"$in":[1,10,"2"]}}`, "v2 v0"},
				{`{"metadata.epoch":{"$nin":[1,10]}}`, "v3 v1"},
				{`{"metadata.epoch":null}`, "v3"},
				{`{"metadata.none":null}`, "v3 v2 v1 v0"},
				{`{"metadata.none":{"$exists":true}}`, "v0"},
				{`{"metadata.ok":true}`, "v0"},
				{`{"metadata.ok":{"$ne":true}}`, "v3 v2 v1"},
				{`{"metadata.ok":1}`, "v2"},
				{`{"metadata.ok":{"$in":[false]}}`, "v1"},
				{`{"metadata.name":{"$regex":"^(?i)alpha"}}`, "v2 v0"},
				{`{"metadata.name":{"$contains":"lpha"}}`, "v2 v0"},
				{`{"metadata.tags":{"$contains":"x"}}`, "v2 v0"},
				{`{"metadata.tags":{"$contains":"y"}}`, "v1 v0"},
				{`{"metadata.deep.er.n":2}`, "v1"},
				{`{"metadata.a.b":"dotted"}`, "v0"},
				{`{"metadata.é":1}`, "v0"},
				{`{"metadata":null}`, "v3"},
				{`{"metadata":{"$exists":true}}`, "v2 v1 v0"},
				{`{"createdAt":{"$gt":"2020-01-02T03:04:05Z"}}`, "v3 v2 v1 v0"},
				{`{"created_at":{"$lt":1577934245}}`, ""},
				{`{"$and":[{"version":"v1"},{"tags":"early"}]}`, "v1"},
				{`{"$and":[]}`, "v3 v2 v1 v0"},
				{`{"$or":[{"version":"v1"},{"version":"v3"}]}`, "v3 v1"},
				{`{"$or":[]}`, ""},
				{`{"$or":[{},{"version":"v1"}]}`, "v3 v2 v1 v0"},
				{`{"$nor":[{"version":"v1"},{"tags":"t0"}]}`, "v3 v2"},
				{`{"$nor":[{"description":"text 0"}]}`, "v3 v2 v1"},
				{`{"$not":{"version":{"$lt":2}}}`, "v3 v2"},
				{`{"$not":{}}`, ""},
				{`{"version":{"$gt":0},"$or":[{"tags":"t1"},{"metadata.epoch":10}],"$nor":[{"alias":"latest"}]}`, "v2 v1"},
				{`{"version":{"$in":[]}}`, ""},
				{`{"version":{"$nin":[]}}`, "v3 v2 v1 v0"},
				{`{"tags":{"$in":[]}}`, ""},
				{`{"description":"' OR 1=1 --"}`, ""},
				{`{"metadata.x') OR 1=1 --":1}`, ""},
			} {
				got := r.versions(id, c.filter)
				same(t, c.filter, texts(got, versionOf), c.want)
				f, err := metadata.ParseFilter(c.filter)
				r.ok(err)
				n, err := r.CountMemberships(r.ctx, id, f)
				r.ok(err)
				same(t, "count with "+c.filter, n, len(got))
			}
		},
		"what they cannot mean": func(t *testing.T, r *registry) {
			id := filterRegistry(r)
			for filter, word := range map[string]string{
				`{"versionIdx":1}`:                   "version_index",
				`{"creatdAt":1}`:                     "created_at",
				`{"metdata.a":1}`:                    "metadata",
				`{"version":"three"}`:                "v3",
				`{"size":"big"}`:                     "number",
				`{"name":5}`:                         "text",
				`{"tags":true}`:                      "text",
				`{"createdAt":"yesterday"}`:          "2026",
				`{"size":{"$regex":"1"}}`:            "not a text",
				`{"metadata":1}`:                     "metadata.key",
				`{"metadata.a\"b":1}`:                "quotes",
				`{"metadata..a":1}`:                  "empty",
				`{"name.x":1}`:                       "no parts",
				`{"size":{"$gt":null}}`:              "$exists",
				`{"$or":[{"a":1}]}`:                  "known",
				`{"$not":{"tag":{"$gte":["a"]}}}`:    "list",
				`{"description":{"$contains":null}}`: "null",
			} {
				f, err := metadata.ParseFilter(filter)
				if err == nil {
					_, err = r.ListMemberships(r.ctx, id, metadata.Page{Filter: f})
				}
				r.fails(err, metadata.KindInvalid)
				if word != "known" {
					r.fails(err, metadata.KindInvalid, word)
				}
				if f != nil {
					_, err := r.CountMemberships(r.ctx, id, f)
					r.fails(err, metadata.KindInvalid)
				}
			}
		},
		"as large as they may be": func(t *testing.T, r *registry) {
			id := filterRegistry(r)
			values := strings.Repeat(`1,"x",`, 2000) + `2,"high",true,null`
			for filter, want := range map[string]string{
				`{"metadata.epoch":{"$in":[` + values + `]}}`:                                                           "v3 v1 v0",
				`{"metadata.acc":{"$nin":[` + values + `]}}`:                                                            "v1 v0",
				`{"description":{"$in":[` + strings.Repeat(`"x",`, 4999) + `"text 1"]}}`:                                "v1",
				`{"tags":{"$in":[` + strings.Repeat(`"x",`, 4999) + `"t0"]}}`:                                           "v0",
				`{"$or":[` + strings.Repeat(`{"metadata.a.b":5},`, 240) + `{"version":3}]}`:                             "v3",
				`{"$and":[` + strings.Repeat(`{"tags":{"$ne":"x"}},`, 240) + `{"version":3}]}`:                          "v3",
				strings.Repeat(`{"$or":[{"version":9},`, 15) + `{"version":2}` + strings.Repeat(`]}`, 15):               "v2",
				strings.Repeat(`{"$not":`, 30) + `{"version":2}` + strings.Repeat(`}`, 30):                              "v2",
				`{"description":` + strings.Repeat(`{"$not":`, 28) + `{"$eq":"text 1"}` + strings.Repeat(`}`, 28) + `}`: "v1",
			} {
				same(t, fmt.Sprintf("%.60s", filter), texts(r.versions(id, filter), versionOf), want)
			}
		},
		"orders": func(t *testing.T, r *registry) {
			id := filterRegistry(r)
			for order, want := range map[string]string{
				"":                     "v3 v2 v1 v0",
				"+versionIndex":        "v0 v1 v2 v3",
				"-version":             "v3 v2 v1 v0",
				"createdAt":            "v0 v1 v2 v3",
				"-created_at":          "v3 v2 v1 v0",
				"+size":                "v0 v1 v2 v3",
				"-file_count":          "v3 v2 v1 v0",
				"+description":         "v2 v3 v0 v1",
				"-description":         "v1 v0 v3 v2",
				"+metadata.acc":        "v3 v0 v1 v2",
				"-metadata.acc":        "v2 v1 v0 v3",
				"metadata.deep.er.n":   "v2 v3 v0 v1",
				"type,-description":    "v1 v0 v3 v2",
				"-type,+description":   "v2 v3 v0 v1",
				"+name,-metadata.name": "v1 v0 v2 v3",
				"history_step,-size":   "v3 v2 v1 v0",
			} {
				o, err := metadata.ParseOrder(order)
				r.ok(err)
				for size := 1; size <= 5; size++ {
					list := walk(t, size, func(p metadata.Page) (metadata.Connection[metadata.Membership], error) {
						return r.ListMemberships(r.ctx, id, p)
					}, metadata.Page{Order: o})
					same(t, fmt.Sprintf("by %q in pages of %d", order, size), texts(list, versionOf), want)
				}
			}
			for order, word := range map[string]string{"tags": "many values", "metadata": "many values", "sise": "size", "+size,size": "twice"} {
				o, err := metadata.ParseOrder(order)
				r.ok(err)
				_, err = r.ListMemberships(r.ctx, id, metadata.Page{Order: o})
				r.fails(err, metadata.KindInvalid, word)
			}
		},
		"of the outputs of a run": func(t *testing.T, r *registry) {
			filterRegistry(r)
			f, err := metadata.ParseFilter(`{"version":{"$gt":0},"alias":{"$ne":"latest"},"state":"COMMITTED"}`)
			r.ok(err)
			list := walk(t, 1, func(p metadata.Page) (metadata.Connection[metadata.Artifact], error) {
				return r.RunArtifacts(r.ctx, r.run.ID, metadata.Output, p)
			}, metadata.Page{Filter: f})
			same(t, "outputs", texts(list, func(a metadata.Artifact) string { return fmt.Sprint("v", *a.VersionIndex) }), "v1 v2")
		},
	}
}
