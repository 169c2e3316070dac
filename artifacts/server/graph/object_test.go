package graph

import (
	"bytes"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/99designs/gqlgen/graphql"
)

// An object is written whatever its fields are, and in their order.
func TestObject(t *testing.T) {
	fields := func(aliases ...string) []graphql.CollectedField {
		var out []graphql.CollectedField
		for _, a := range aliases {
			out = append(out, graphql.CollectedField{Field: &ast.Field{Alias: a}})
		}
		return out
	}
	s, n, yes := "say \"hi\"", int64(-7), true
	moment := time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600))
	for want, make := range map[string]func() *object{
		`{}`:                 func() *object { return newObject(nil) },
		`{"a":"say \"hi\""}`: func() *object { o := newObject(fields("a")); o.text(0, s); return o },
		`{"a":{},"b":{}}`: func() *object {
			o := newObject(fields("a", "b"))
			o.put(0, newObject(nil))
			o.put(1, newObject(nil))
			return o
		},
		`{"a":null,"b":-7}`: func() *object {
			o := newObject(fields("a", "b"))
			o.optional(0, graphql.Null)
			o.number(1, n)
			return o
		},
		`{"a":-7,"b":[]}`: func() *object {
			o := newObject(fields("a", "b"))
			o.number(0, n)
			o.required(1, graphql.Array(nil))
			return o
		},
		`{"a":1,"b":{},"c":2}`: func() *object {
			o := newObject(fields("a", "b", "c"))
			o.number(0, 1)
			o.put(1, newObject(nil))
			o.number(2, 2)
			return o
		},
		`{"a":"say \"hi\"","b":-7,"c":true,"d":"2026-01-02T02:04:05Z","e":null,"f":null,"g":null,"h":null}`: func() *object {
			o := newObject(fields("a", "b", "c", "d", "e", "f", "g", "h"))
			o.textOrNull(0, &s)
			o.numberOrNull(1, &n)
			o.booleanOrNull(2, &yes)
			o.timeOrNull(3, &moment)
			o.textOrNull(4, nil)
			o.numberOrNull(5, nil)
			o.booleanOrNull(6, nil)
			o.timeOrNull(7, nil)
			return o
		},
	} {
		var b bytes.Buffer
		o := make()
		o.MarshalGQL(&b)
		if b.String() != want || o.Invalids != 0 {
			t.Errorf("%s with %d invalid fields, want %s", &b, o.Invalids, want)
		}
	}
	o := newObject(fields("a", "b"))
	o.required(0, graphql.Null)
	o.optional(1, graphql.RequiredNull)
	if o.Invalids != 2 {
		t.Errorf("%d invalid fields, want 2", o.Invalids)
	}
}

// A text is written as gqlgen writes it.
func FuzzAppendText(f *testing.F) {
	for _, s := range []string{"", "plain", `"`, `a\b"c`, "tab\tline\nreturn\r", "\x00\x1f\x7f", "ä € 🙂 \u2028", "\xff\xfe", "<>&"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var want bytes.Buffer
		graphql.MarshalString(s).MarshalGQL(&want)
		if got := appendText([]byte("before"), s); string(got) != "before"+want.String() {
			t.Errorf("%q is written %q, want %q", s, got[len("before"):], &want)
		}
	})
}
