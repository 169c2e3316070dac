package tools

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// Showing says how much of each item to give. An operation whose input embeds it
// tells by tags of its output what that means:
//
//	detail:"items"     on a field: it holds the items. Where no field of the
//	                   output does, the output itself is the one item.
//	detail:"always"    on a field of an item: it names the item, and is never left out.
//	detail:"full"      only with detail full, or where fields names it.
//	detail:"with=NAME" wherever NAME is: it says how complete that is.
//
// All other fields of items are left out only where fields names others.
type Showing struct {
	Detail string   `json:"detail,omitempty" jsonschema:"enum=concise,enum=full,default=concise"`
	Fields []string `json:"fields,omitempty"`
}

func (s Showing) showing() Showing { return s }

// An itemShape is what can be left out of an operation's output.
type itemShape struct {
	items  map[reflect.Type]bool
	fields []shownField // of all items, in their order
}

// A shownField is a field of an item.
type shownField struct{ name, tag string }

// itemShapeOf reads the tags of an output; nil where the input does not say how much
// to show.
func itemShapeOf(in, out reflect.Type) *itemShape {
	if !in.Implements(reflect.TypeFor[interface{ showing() Showing }]()) {
		return nil
	}
	s := &itemShape{items: map[reflect.Type]bool{}}
	s.find(out)
	if len(s.items) == 0 {
		s.add(out)
	}
	return s
}

// find looks for items in a type.
func (s *itemShape) find(t reflect.Type) {
	if t = bare(t); t.Kind() != reflect.Struct {
		return
	}
	for _, f := range jsonFields(t) {
		if f.detail == "items" {
			s.add(bare(f.Type))
		} else if inner := bare(f.Type); inner.Kind() == reflect.Struct && inner.PkgPath() == t.PkgPath() {
			s.find(inner)
		}
	}
}

func (s *itemShape) add(t reflect.Type) {
	if s.items[t] {
		return
	}
	s.items[t] = true
	for _, f := range jsonFields(t) {
		if f.name != "" && !slices.ContainsFunc(s.fields, func(g shownField) bool { return g.name == f.name }) {
			s.fields = append(s.fields, shownField{f.name, f.detail})
		}
	}
}

// Items are the types of an operation's items, and the names of their fields;
// none where its input does not say how much to show.
func (o Operation) Items() (types map[reflect.Type]bool, fields []string) {
	s := o.items()
	if s == nil {
		return nil, nil
	}
	for _, f := range s.fields {
		fields = append(fields, f.name)
	}
	return s.items, fields
}

// items is what can be left out of the output, nil for nothing. It is found out
// when it is first asked for.
func (o Operation) items() *itemShape {
	o.shape.find.Do(func() { o.shape.items = itemShapeOf(o.in, o.out) })
	return o.shape.items
}

// choose says what of items is shown.
func (s *itemShape) choose(asked Showing) *selection {
	chosen := &selection{itemShape: s, shown: map[string]bool{}}
	for _, f := range s.fields {
		switch {
		case f.tag == "always", slices.Contains(asked.Fields, f.name):
			chosen.shown[f.name] = true
		case len(asked.Fields) == 0:
			chosen.shown[f.name] = f.tag == "" || asked.Detail == "full"
		}
	}
	for _, f := range s.fields {
		// What says how complete something is tells the truth beside it.
		if of, ok := strings.CutPrefix(f.tag, "with="); ok && slices.Contains(asked.Fields, f.name) {
			chosen.shown[of] = true
		}
	}
	chosen.complete()
	return chosen
}

// A selection is what one call shows of items.
type selection struct {
	*itemShape
	shown map[string]bool
}

// complete shows, with each field, what says how complete that is.
func (s *selection) complete() {
	for _, f := range s.fields {
		if of, ok := strings.CutPrefix(f.tag, "with="); ok && s.shown[of] {
			s.shown[f.name] = true
		}
	}
}

type selectionKey struct{}

// selectionOf is what the call that ctx belongs to shows; nil: everything.
func selectionOf(ctx context.Context) *selection {
	s, _ := ctx.Value(selectionKey{}).(*selection)
	return s
}

// shows reports whether any of some fields of items is shown: what is not need
// not be asked of the server.
func shows(ctx context.Context, fields ...string) bool {
	s := selectionOf(ctx)
	return s == nil || slices.ContainsFunc(fields, func(name string) bool { return s.shown[name] })
}

// show has the call that ctx belongs to show a field after all, and what says how
// complete it is.
func show(ctx context.Context, field string) {
	s := selectionOf(ctx)
	if s == nil {
		return
	}
	s.shown[field] = true
	s.complete()
}

// of is v with nothing in its items that is not shown. It is there to be made JSON.
func (s *selection) of(v any) any {
	if s == nil {
		return v
	}
	return s.cut(reflect.ValueOf(v))
}

func (s *selection) cut(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice:
		if v.IsNil() || !s.holdsItems(bare(v.Type())) {
			return v.Interface()
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		return s.cut(v.Elem())
	case reflect.Slice:
		out := make([]any, v.Len())
		for i := range out {
			out[i] = s.cut(v.Index(i))
		}
		return out
	case reflect.Struct:
		if s.holdsItems(v.Type()) {
			return s.cutObject(v)
		}
	}
	return v.Interface()
}

func (s *selection) cutObject(v reflect.Value) any {
	item := s.items[v.Type()]
	var out object
	for _, f := range jsonFields(v.Type()) {
		value := v.FieldByIndex(f.Index)
		if item && !s.shown[f.name] || f.omitEmpty && emptyJSON(value) {
			continue
		}
		out = append(out, member{f.name, s.cut(value)})
	}
	return out
}

// holdsItems reports whether there are items in a type, or it is one.
func (s *selection) holdsItems(t reflect.Type) bool {
	if s.items[t] {
		return true
	}
	if t.Kind() != reflect.Struct {
		return false
	}
	return slices.ContainsFunc(jsonFields(t), func(f jsonField) bool {
		inner := bare(f.Type)
		return s.items[inner] || inner.Kind() == reflect.Struct && inner.PkgPath() == t.PkgPath() && s.holdsItems(inner)
	})
}

// bare is the type behind pointers and in slices.
func bare(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t
}

// A jsonField is a field of a struct as JSON has it.
type jsonField struct {
	reflect.StructField
	name, detail string
	omitEmpty    bool
}

// jsonFields are those of a struct, those of embedded structs among them. They are
// looked for once a type: every item of a list is asked for them.
func jsonFields(t reflect.Type) []jsonField {
	if known, ok := fieldsByType.Load(t); ok {
		return known.([]jsonField)
	}
	known, _ := fieldsByType.LoadOrStore(t, findJSONFields(t))
	return known.([]jsonField)
}

var fieldsByType sync.Map // reflect.Type to []jsonField, which are not changed

func findJSONFields(t reflect.Type) []jsonField {
	var out []jsonField
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || !f.IsExported() || name == "" || name == "-" {
			continue
		}
		out = append(out, jsonField{f, name, f.Tag.Get("detail"), strings.Contains(options, "omitempty")})
	}
	return out
}

// emptyJSON is what omitempty leaves out.
func emptyJSON(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct, reflect.Array:
		return false
	}
	return v.IsZero()
}

// An object is a JSON object whose fields keep their order.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes it.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // whoever encodes the whole says whether to
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := e.Encode(m.name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := e.Encode(m.value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
