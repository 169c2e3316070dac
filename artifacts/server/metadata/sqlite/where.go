package sqlite

import (
	"slices"
	"strings"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// columns say where the fields of a subject are found in a list's statement.
type columns map[string]column

// A column is where one field is found. Columns hold text of this package only.
type column struct {
	expr     string
	nullable bool
	// words, for lists of words, is a subquery without its last condition,
	// which compares word with a value: "SELECT 1 FROM ... WHERE ... AND".
	words, word string
	// wrapped, for JSON, is the member that W&B puts between a key and its
	// value: config is {"key": {"value": ...}}.
	wrapped string
}

func (c columns) of(s metadata.Subject, f metadata.Field) (column, error) {
	col, ok := c[f.Name]
	if !ok {
		return col, invalid("%s cannot be listed by %s here", s, f.Name)
	}
	return col, nil
}

// paths are the places in a document where a field may be: a.b is the member b
// of a, or else the member "a.b".
func (c column) paths(f metadata.Field) []any {
	quote := func(parts ...string) string { return `$."` + strings.Join(parts, `"."`) + `"` }
	var paths []any
	if c.wrapped != "" && (len(f.Path) == 1 || f.Path[1] != c.wrapped) {
		paths = append(paths, quote(append([]string{f.Path[0], c.wrapped}, f.Path[1:]...)...))
	}
	paths = append(paths, quote(f.Path...))
	if len(f.Path) > 1 {
		paths = append(paths, quote(strings.Join(f.Path, ".")))
	}
	return paths
}

// value is the field as an expression to sort by and compare.
func (c column) value(f metadata.Field) (string, []any) {
	if f.Path == nil {
		return c.expr, nil
	}
	return c.json("json_extract", f)
}

// json applies a JSON function at the first of the field's paths that is there.
func (c column) json(function string, f metadata.Field) (string, []any) {
	paths := c.paths(f)
	call := function + "(" + c.expr + ", ?)"
	if len(paths) == 1 {
		return call, paths
	}
	return "coalesce(" + call + strings.Repeat(", "+call, len(paths)-1) + ")", paths
}

// filter writes the condition that a bound filter stands for.
func (b *statement) filter(c columns, s metadata.Subject, f *metadata.Filter) error {
	join := func(list []metadata.Filter, word, none string) error {
		if len(list) == 0 {
			b.write(none, nil)
			return nil
		}
		b.write("(", nil)
		for i := range list {
			if i > 0 {
				b.write(word, nil)
			}
			if err := b.filter(c, s, &list[i]); err != nil {
				return err
			}
		}
		b.write(")", nil)
		return nil
	}
	switch {
	case f.And != nil:
		return join(f.And, " AND ", "TRUE")
	case f.Or != nil:
		return join(f.Or, " OR ", "FALSE")
	case f.Not != nil:
		// IS NOT TRUE: what is unknown (null) does not hold, so its opposite does.
		b.write("(", nil)
		if err := b.filter(c, s, f.Not); err != nil {
			return err
		}
		b.write(") IS NOT TRUE", nil)
		return nil
	case f.Field == "":
		b.write("TRUE", nil)
		return nil
	}
	field, err := s.Field(f.Field)
	if err != nil {
		return err
	}
	col, err := c.of(s, field)
	if err != nil {
		return err
	}
	switch {
	case field.Type == metadata.WordsField:
		b.words(col, f)
	case field.Path != nil:
		b.document(col, field, f)
	default:
		b.plain(col, f)
	}
	return nil
}

// sqlValue is how a value of a filter is stored.
func sqlValue(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.UnixMicro()
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	}
	return v
}

func comparison(op metadata.Op) string {
	switch op {
	case metadata.Gt:
		return " > ?"
	case metadata.Gte:
		return " >= ?"
	case metadata.Lt:
		return " < ?"
	default:
		return " <= ?"
	}
}

// plain compares a column.
func (b *statement) plain(c column, f *metadata.Filter) {
	switch f.Op {
	case metadata.Eq:
		b.write(c.expr+" IS ?", []any{sqlValue(f.Value)})
	case metadata.Ne:
		b.write(c.expr+" IS NOT ?", []any{sqlValue(f.Value)})
	case metadata.In, metadata.NotIn:
		b.in(c.expr, nil, f)
	case metadata.Exists:
		b.write("("+c.expr+" IS NOT NULL) = ?", []any{sqlValue(f.Value)})
	case metadata.Regex:
		b.write("matches(?, "+c.expr+")", []any{f.Value})
	case metadata.Contains:
		b.write("coalesce(instr("+c.expr+", ?), 0) > 0", []any{f.Value})
	default:
		b.write(c.expr+comparison(f.Op), []any{sqlValue(f.Value)})
	}
}

// in writes $in and $nin. Null in the list stands for a field that is not there.
func (b *statement) in(expr string, args []any, f *metadata.Filter) {
	values, null := []any{}, false
	for _, v := range f.Value.([]any) {
		if v == nil {
			null = true
			continue
		}
		values = append(values, sqlValue(v))
	}
	b.write("(", nil)
	if len(values) == 0 {
		b.write("FALSE", nil)
	} else {
		b.write("coalesce("+expr, args)
		b.write(" IN (?"+strings.Repeat(", ?", len(values)-1)+"), FALSE)", values)
	}
	if null {
		b.write(" OR "+expr, args)
		b.write(" IS NULL", nil)
	}
	b.write(")", nil)
	if f.Op == metadata.NotIn {
		b.write(" = FALSE", nil)
	}
}

// words compares the elements of a list: one that fits is enough, and for the
// negative operators none may be equal.
func (b *statement) words(c column, f *metadata.Filter) {
	some := func(condition string, args ...any) { b.write("EXISTS ("+c.words+" "+condition+")", args) }
	switch f.Op {
	case metadata.Eq, metadata.Ne:
		if f.Op == metadata.Ne {
			b.write("NOT ", nil)
		}
		if f.Value == nil {
			b.write("NOT ", nil)
			some("TRUE")
			return
		}
		some(c.word+" = ?", f.Value)
	case metadata.In, metadata.NotIn:
		if f.Op == metadata.NotIn {
			b.write("NOT ", nil)
		}
		values, null := []any{}, false
		for _, v := range f.Value.([]any) {
			if v == nil {
				null = true
				continue
			}
			values = append(values, v)
		}
		b.write("(", nil)
		if len(values) == 0 {
			b.write("FALSE", nil)
		} else {
			some(c.word+" IN (?"+strings.Repeat(", ?", len(values)-1)+")", values...)
		}
		if null {
			b.write(" OR NOT ", nil)
			some("TRUE")
		}
		b.write(")", nil)
	case metadata.Exists:
		some("TRUE")
		b.write(" = ?", []any{sqlValue(f.Value)})
	case metadata.Regex:
		some("matches(?, "+c.word+")", f.Value)
	case metadata.Contains:
		some(c.word+" = ?", f.Value)
	default:
		some(c.word+comparison(f.Op), f.Value)
	}
}

// document compares a part of a JSON document. SQLite gives true and false as 1
// and 0 and sorts every text behind every number; the type tells them apart.
func (b *statement) document(c column, field metadata.Field, f *metadata.Filter) {
	value, args := c.json("json_extract", field)
	kind, kindArgs := c.json("json_type", field)
	typed := func(v any) {
		b.write(kind, kindArgs)
		switch v.(type) {
		case string:
			b.write(" IS 'text' AND ", nil)
		default:
			b.write(" IN ('integer', 'real') AND ", nil)
		}
	}
	equal := func(v any) {
		b.write("(", nil)
		switch v := v.(type) {
		case nil:
			b.write(value, args)
			b.write(" IS NULL", nil)
		case bool:
			b.write(kind, kindArgs)
			if v {
				b.write(" IS 'true'", nil)
			} else {
				b.write(" IS 'false'", nil)
			}
		default:
			typed(v)
			b.write(value, args)
			b.write(" = ?", []any{v})
		}
		b.write(") IS TRUE", nil)
	}
	switch f.Op {
	case metadata.Eq:
		equal(f.Value)
	case metadata.Ne:
		b.write("(", nil)
		equal(f.Value)
		b.write(") = FALSE", nil)
	case metadata.In, metadata.NotIn:
		// One list for each type: a term for each value would grow the
		// statement beyond the depth that SQLite takes.
		var texts, numbers, others []any
		for _, v := range f.Value.([]any) {
			switch v.(type) {
			case string:
				texts = append(texts, v)
			case int64, float64:
				numbers = append(numbers, v)
			default:
				if !slices.Contains(others, v) {
					others = append(others, v)
				}
			}
		}
		b.write("(FALSE", nil)
		for _, list := range [][]any{texts, numbers} {
			if len(list) == 0 {
				continue
			}
			b.write(" OR (", nil)
			typed(list[0])
			b.write(value, args)
			b.write(" IN (?"+strings.Repeat(", ?", len(list)-1)+")) IS TRUE", list)
		}
		for _, v := range others {
			b.write(" OR ", nil)
			equal(v)
		}
		b.write(")", nil)
		if f.Op == metadata.NotIn {
			b.write(" = FALSE", nil)
		}
	case metadata.Exists:
		b.write("(", nil)
		b.write(kind, kindArgs)
		b.write(" IS NOT NULL) = ?", []any{sqlValue(f.Value)})
	case metadata.Regex:
		b.write("(", nil)
		typed("")
		b.write("matches(?, ", []any{f.Value})
		b.write(value, args)
		b.write("))", nil)
	case metadata.Contains:
		b.contains(c, field, f, value, args, kind, kindArgs)
	default:
		if v, ok := f.Value.(bool); ok {
			// There is nothing between false and true.
			f = &metadata.Filter{Op: f.Op, Value: sqlValue(v)}
		}
		b.write("(", nil)
		typed(f.Value)
		b.write(value, args)
		b.write(comparison(f.Op)+")", []any{f.Value})
	}
}

// contains holds when a text has the value as a part, or a list as an element.
func (b *statement) contains(c column, field metadata.Field, f *metadata.Filter, value string, args []any, kind string, kindArgs []any) {
	b.write("(", nil)
	if text, ok := f.Value.(string); ok {
		b.write("(", nil)
		b.write(kind, kindArgs)
		b.write(" IS 'text' AND instr(", nil)
		b.write(value, args)
		b.write(", ?) > 0) OR ", []any{text})
	}
	for i, path := range c.paths(field) {
		if i > 0 {
			b.write(" OR ", nil)
		}
		b.write("(json_type("+c.expr+", ?) IS 'array' AND EXISTS (SELECT 1 FROM json_each("+c.expr+", ?) WHERE value IS ?", []any{path, path, sqlValue(f.Value)})
		if v, ok := f.Value.(bool); ok {
			if v {
				b.write(" AND type = 'true'", nil)
			} else {
				b.write(" AND type = 'false'", nil)
			}
		} else {
			b.write(" AND type NOT IN ('true', 'false')", nil)
		}
		b.write("))", nil)
	}
	b.write(")", nil)
}
