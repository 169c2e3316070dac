package metadata_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

func leaf(field string, op metadata.Op, value any) metadata.Filter {
	return metadata.Filter{Field: field, Op: op, Value: value}
}

func TestParseFilter(t *testing.T) {
	a, b := leaf("a", metadata.Eq, int64(1)), leaf("b", metadata.Eq, "x")
	for text, want := range map[string]*metadata.Filter{
		``:                                    nil,
		` `:                                   nil,
		`null`:                                nil,
		`{}`:                                  nil,
		`{"$and":[]}`:                         nil,
		`{"$and":[{},{}]}`:                    nil,
		`{"a":1}`:                             &a,
		` {"a" : 1 } `:                        &a,
		`{"a":{"$eq":1}}`:                     &a,
		`{"a":1,"b":"x"}`:                     {And: []metadata.Filter{a, b}},
		`{"b":"x","a":1}`:                     {And: []metadata.Filter{b, a}},
		`{"a":1,"a":1}`:                       {And: []metadata.Filter{a, a}},
		`{"$and":[{"a":1}]}`:                  &a,
		`{"$or":[{"a":1},{"b":"x"}]}`:         {Or: []metadata.Filter{a, b}},
		`{"$or":{"a":1}}`:                     &a,
		`{"$or":[]}`:                          {Not: &metadata.Filter{}},
		`{"$nor":[{"a":1},{"b":"x"}]}`:        {Not: &metadata.Filter{Or: []metadata.Filter{a, b}}},
		`{"$not":{"a":1}}`:                    {Not: &a},
		`{"a":{"$not":{"$eq":1}}}`:            {Not: &a},
		`{"a":{"$gte":1,"$lt":2.5}}`:          {And: []metadata.Filter{leaf("a", metadata.Gte, int64(1)), leaf("a", metadata.Lt, 2.5)}},
		`{"a":{"$in":[1,"x",null,true]}}`:     ptr(leaf("a", metadata.In, []any{int64(1), "x", nil, true})),
		`{"a":{"$regex":"x","$options":"i"}}`: ptr(leaf("a", metadata.Regex, "(?i)x")),
		`{"a":{"$exists":false}}`:             ptr(leaf("a", metadata.Exists, false)),
		`{"a":9223372036854775807}`:           ptr(leaf("a", metadata.Eq, int64(9223372036854775807))),
		`{"a":9223372036854775808}`:           ptr(leaf("a", metadata.Eq, 9223372036854775808.0)),
		`{"metadata.x y":"$dollar"}`:          ptr(leaf("metadata.x y", metadata.Eq, "$dollar")),
	} {
		got, err := metadata.ParseFilter(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", text, d)
		}
	}
}

func ptr[T any](v T) *T { return &v }

func TestParseFilterRefuses(t *testing.T) {
	for text, word := range map[string]string{
		`{`:                                   "not JSON",
		`x`:                                   "not JSON",
		`{"a":1}x`:                            "one JSON object",
		`{"a":1} {}`:                          "one JSON object",
		`[]`:                                  "a list",
		`"state"`:                             `the text "state"`,
		`5`:                                   "is 5",
		`{"a":1e400}`:                         "too large",
		`{"$adn":[]}`:                         "did you mean $and",
		`{"a":{"$gtt":1}}`:                    "did you mean $gt",
		`{"a":{"$regx":"x"}}`:                 "did you mean $regex",
		`{"$gt":1}`:                           "behind a field name",
		`{"a":{"$or":[{"$eq":1}]}}`:           "beside field names",
		`{"a":{"$gt":1,"b":2}}`:               "unknown operator",
		`{"":1}`:                              "empty field name",
		`{"$and":[1]}`:                        "one of its items is 1",
		`{"$or":"x"}`:                         "list of objects",
		`{"$not":[{"a":1}]}`:                  "$not takes",
		`{"a":{"$not":1}}`:                    "$not on a",
		`{"a":{"$not":{"x":1}}}`:              "$not on a",
		`{"a":{"$in":"x"}}`:                   "takes a list",
		`{"a":{"$in":[{}]}}`:                  "an object",
		`{"a":[1]}`:                           "a list",
		`{"a":{"b":1}}`:                       "an object",
		`{"a":{"$gt":[1]}}`:                   "a list",
		`{"a":{"$exists":1}}`:                 "true or false",
		`{"a":{"$regex":5}}`:                  "takes a text",
		`{"a":{"$regex":"("}}`:                "RE2",
		`{"a":{"$regex":"(?=x)"}}`:            "RE2",
		`{"a":{"$regex":"x","$options":"q"}}`: "i, m and s",
		`{"a":{"$options":"i"}}`:              "without $regex",
		`{"a":{"$contains":["x"]}}`:           "a list",
		`{"a":{"$regex":"` + strings.Repeat("x", 1001) + `"}}`:                                 "longer than",
		strings.Repeat(`{"$not":`, 40) + `{}` + strings.Repeat(`}`, 40):                        "deep",
		`{"a":` + strings.Repeat(`{"$not":`, 40) + `{"$eq":1}` + strings.Repeat(`}`, 40) + `}`: "deep",
		strings.Repeat(`{"$and":[`, 1000):                                                      "deep",
		`{"$or":[` + strings.Repeat(`{"a":1},`, 600) + `{"a":1}]}`:                             "comparisons",
		`{"$or":[` + strings.Repeat(`{},`, 600) + `{}]}`:                                       "comparisons",
		`{"a":{"$in":[` + strings.Repeat(`1,`, 6000) + `1]}}`:                                  "values",
		`{"a":"` + strings.Repeat("x", 300<<10) + `"}`:                                         "bytes long",
	} {
		f, err := metadata.ParseFilter(text)
		if f != nil || metadata.KindOf(err) != metadata.KindInvalid {
			t.Errorf("%.80s: got %v, %v", text, f, err)
		} else if !strings.Contains(err.Error(), word) {
			t.Errorf("%.80s: the message %q does not mention %q", text, err, word)
		} else if len(err.Error()) > 400 {
			t.Errorf("%.80s: a message of %d bytes", text, len(err.Error()))
		}
	}
}

func TestParseOrder(t *testing.T) {
	asc := func(f string) metadata.Order { return metadata.Order{Field: f} }
	desc := func(f string) metadata.Order { return metadata.Order{Field: f, Desc: true} }
	for text, want := range map[string][]metadata.Order{
		"":                   nil,
		"  ":                 nil,
		"name":               {asc("name")},
		"+name":              {asc("name")},
		"-name":              {desc("name")},
		"-a,+b, c":           {desc("a"), asc("b"), asc("c")},
		"-metadata.acc.best": {desc("metadata.acc.best")},
	} {
		got, err := metadata.ParseOrder(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		} else if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", text, d)
		}
	}
	for _, text := range []string{"+", "-", "--a", "++a", "a,", ",a", "a b", "a+", "a,b,c,d,e"} {
		if got, err := metadata.ParseOrder(text); metadata.KindOf(err) != metadata.KindInvalid {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
}

func TestFieldNames(t *testing.T) {
	for _, c := range []struct {
		s          metadata.Subject
		name, want string
	}{
		{metadata.VersionSubject, "created_at", "created_at"},
		{metadata.VersionSubject, "createdAt", "created_at"},
		{metadata.VersionSubject, "versionIndex", "version_index"},
		{metadata.VersionSubject, "version", "version_index"},
		{metadata.VersionSubject, "alias", "aliases"},
		{metadata.VersionSubject, "tag", "tags"},
		{metadata.VersionSubject, "artifact_size", "size"},
		{metadata.VersionSubject, "artifactCreatedAt", "created_at"},
		{metadata.VersionSubject, "metadata.A.b", "metadata A/b"},
		{metadata.CollectionSubject, "artifactCollectionId", "id"},
		{metadata.CollectionSubject, "collection_name", "name"},
		{metadata.RunSubject, "config.lr.value", "config lr/value"},
		{metadata.RunSubject, "summaryMetrics.loss", "summary_metrics loss"},
		{metadata.RunSubject, "displayName", "display_name"},
		{metadata.FileSubject, "name", "path"},
		{metadata.FileSubject, "displayName", "path"},
		{metadata.RunFileSubject, "displayName", "name"},
	} {
		f, err := c.s.Field(c.name)
		got := strings.TrimSpace(f.Name + " " + strings.Join(f.Path, "/"))
		if err != nil || got != c.want {
			t.Errorf("%s of %s: got %q, %v; want %q", c.name, c.s, got, err, c.want)
		}
	}
	_, err := metadata.VersionSubject.Field("creatdAt")
	var e *metadata.Error
	if !errors.As(err, &e) || e.Kind != metadata.KindInvalid || !strings.Contains(e.Message, "did you mean created_at") {
		t.Errorf("a misspelt field: %v", err)
	}
}

func TestParseVersion(t *testing.T) {
	for text, want := range map[string]int{"v0": 0, "v7": 7, "v123456789": 123456789, "v": -1, "7": -1, "v07": -1, "v-1": -1, "V1": -1, "v1 ": -1, "v1234567890": -1, "latest": -1, "": -1} {
		got, ok := metadata.ParseVersion(text)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}

func TestCursorRoundTrip(t *testing.T) {
	for _, key := range [][]any{{}, {nil}, {"a\x00é", int64(-5)}, {1.5, 1e300, 5e-324}, {int64(9223372036854775807), "x"}, {inf(1), inf(-1)}} {
		c := metadata.Cursor{List: "l", Shape: "s", Key: key}
		got, err := metadata.ParseCursor(c.String())
		if err != nil {
			t.Errorf("%v: %v", key, err)
		} else if d := cmp.Diff(c, got); d != "" {
			t.Errorf("%v (-want +got):\n%s", key, d)
		}
	}
}

func inf(sign float64) float64 {
	big := 1e308
	return sign * big * 10
}

func FuzzParseFilter(f *testing.F) {
	for _, seed := range []string{``, `{}`, `{"a":1}`, `{"$or":[{"state":"COMMITTED"},{"tags":{"$in":["x",null]}}]}`, `{"metadata.a.b":{"$not":{"$gte":1.5}}}`, `{"name":{"$regex":"^a","$options":"i"}}`, `{"$nor":[{"createdAt":{"$lt":"2026-01-01"}}]}`, `{"a":{"$gt":1,"$lt":2},"b":null}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := metadata.ParseFilter(text)
		if err != nil {
			if metadata.KindOf(err) != metadata.KindInvalid || filter != nil {
				t.Fatalf("got %v, %v", filter, err)
			}
			return
		}
		again, err := metadata.ParseFilter(text)
		if err != nil || cmp.Diff(filter, again) != "" {
			t.Fatalf("parsed twice: %v, %v, %v", filter, again, err)
		}
		for s := metadata.ProjectSubject; s <= metadata.FileSubject; s++ {
			bound, err := s.Bind(filter)
			if err != nil {
				if metadata.KindOf(err) != metadata.KindInvalid {
					t.Fatal(err)
				}
				continue
			}
			// What is bound stays as it is, and can be fingerprinted.
			twice, err := s.Bind(bound)
			if err == nil && cmp.Diff(bound, twice) != "" {
				t.Fatalf("bound twice: %s", cmp.Diff(bound, twice))
			}
			metadata.Fingerprint(bound)
		}
	})
}

func FuzzParseCursor(f *testing.F) {
	f.Add("")
	f.Add(metadata.Cursor{List: "a", Shape: "b", Key: []any{int64(1), "x", nil, 1.5, inf(1)}}.String())
	f.Fuzz(func(t *testing.T, text string) {
		c, err := metadata.ParseCursor(text)
		if err != nil {
			if metadata.KindOf(err) != metadata.KindInvalid {
				t.Fatal(err)
			}
			return
		}
		again, err := metadata.ParseCursor(c.String())
		if err != nil || cmp.Diff(c, again) != "" {
			t.Fatalf("%v became %v (%v)", c, again, err)
		}
	})
}

func FuzzParseOrder(f *testing.F) {
	f.Add("-a,+b,c")
	f.Fuzz(func(t *testing.T, text string) {
		orders, err := metadata.ParseOrder(text)
		if err != nil {
			return
		}
		var again []string
		for _, o := range orders {
			sign := "+"
			if o.Desc {
				sign = "-"
			}
			again = append(again, sign+o.Field)
		}
		got, err := metadata.ParseOrder(strings.Join(again, ","))
		if err != nil || cmp.Diff(orders, got) != "" {
			t.Fatalf("%q became %q: %v", text, again, err)
		}
		if _, err := json.Marshal(orders); err != nil {
			t.Fatal(err)
		}
	})
}
