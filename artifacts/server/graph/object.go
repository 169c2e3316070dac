package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/99designs/gqlgen/graphql"
)

// This file is what the generated code is made to call in place of parts of
// gqlgen's machinery: see internal/plainfields.

// An object is one object of an answer while its fields are resolved, and then
// what is written of it: names and scalars are text at once, and what has fields
// of its own is put between.
type object struct {
	fields []graphql.CollectedField
	// Invalids counts fields that are null and must not be: the object is null then.
	Invalids int

	written []byte // `,"alias":scalar` for every field, without the scalar where a value is
	values  []value
}

// A value is a field that is not text, and the place in the text where it goes.
type value struct {
	at int
	graphql.Marshaler
}

func newObject(fields []graphql.CollectedField) *object { return &object{fields: fields} }

// usualScalar is about how long a scalar is, with its name.
const usualScalar = 32

// begin writes the name of a field. Names and aliases need no escapes.
func (o *object) begin(i int) []byte {
	if o.written == nil {
		o.written = make([]byte, 0, usualScalar*len(o.fields))
	}
	return append(append(append(o.written, `,"`...), o.fields[i].Alias...), `":`...)
}

// required and optional put a value that is resolved already. A required one
// that is null makes the object null.
func (o *object) required(i int, v graphql.Marshaler) {
	if v == graphql.Null {
		o.Invalids++
	}
	o.put(i, v)
}

func (o *object) optional(i int, v graphql.Marshaler) {
	if v == graphql.RequiredNull {
		o.Invalids++
	}
	o.put(i, v)
}

func (o *object) put(i int, v graphql.Marshaler) {
	o.written = o.begin(i)
	o.values = append(o.values, value{len(o.written), v})
}

func (o *object) text(i int, s string)    { o.written = appendText(o.begin(i), s) }
func (o *object) number(i int, n int64)   { o.written = strconv.AppendInt(o.begin(i), n, 10) }
func (o *object) boolean(i int, v bool)   { o.written = strconv.AppendBool(o.begin(i), v) }
func (o *object) time(i int, t time.Time) { o.written = appendTime(o.begin(i), t) }
func (o *object) null(i int)              { o.written = append(o.begin(i), "null"...) }

func (o *object) textOrNull(i int, s *string) {
	if s == nil {
		o.null(i)
	} else {
		o.text(i, *s)
	}
}

func (o *object) numberOrNull(i int, n *int64) {
	if n == nil {
		o.null(i)
	} else {
		o.number(i, *n)
	}
}

func (o *object) booleanOrNull(i int, v *bool) {
	if v == nil {
		o.null(i)
	} else {
		o.boolean(i, *v)
	}
}

func (o *object) timeOrNull(i int, t *time.Time) {
	if t == nil {
		o.null(i)
	} else {
		o.time(i, *t)
	}
}

// MarshalGQL writes the object.
func (o *object) MarshalGQL(w io.Writer) {
	if len(o.written) == 0 {
		w.Write(braces)
		return
	}
	o.written[0] = '{' // in place of the first comma
	from := 0
	for _, v := range o.values {
		w.Write(o.written[from:v.at])
		v.MarshalGQL(w)
		from = v.at
	}
	w.Write(o.written[from:])
	w.Write(closeBrace)
}

var (
	braces     = []byte(`{}`)
	closeBrace = []byte(`}`)
)

const hexDigits = "0123456789ABCDEF"

// appendText writes a string as gqlgen does: what JSON wants escaped, and nothing more.
func appendText(to []byte, s string) []byte {
	to = append(to, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		to = append(to, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			to = append(to, '\\', c)
		case '\n':
			to = append(to, `\n`...)
		case '\r':
			to = append(to, `\r`...)
		case '\t':
			to = append(to, `\t`...)
		default:
			to = append(to, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
		}
	}
	return append(append(to, s[from:]...), '"')
}

// buffers hold answers while they are made and sent, so that not each of them
// grows anew. Very small and very large ones are not kept.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const (
	minKeptBuffer = 1 << 10
	maxKeptBuffer = 4 << 20
)

// marshaled is the text of an answer's data, until it is handed to release.
func marshaled(data graphql.Marshaler) json.RawMessage {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	data.MarshalGQL(b)
	return b.Bytes()
}

func release(data []byte) {
	if cap(data) >= minKeptBuffer && cap(data) <= maxKeptBuffer {
		buffers.Put(bytes.NewBuffer(data[:0]))
	}
}

// below is the context of what a field selects.
func below(ctx context.Context, object string, field graphql.CollectedField) context.Context {
	return graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: object, Field: field, IsMethod: true})
}

// resolve resolves a field that can fail.
func resolve[O, T any](
	ctx context.Context, ec *executionContext, in string, field graphql.CollectedField, obj O,
	get func(O, context.Context) (T, error),
	marshal func(*executionContext, context.Context, ast.SelectionSet, T) graphql.Marshaler,
	nonNull bool,
) (m graphql.Marshaler) {
	ctx = below(ctx, in, field)
	defer func() {
		if cause := recover(); cause != nil {
			ec.Error(ctx, ec.Recover(ctx, cause))
			m = graphql.Null
		}
	}()
	v, err := get(obj, ctx)
	switch {
	case err != nil:
		ec.Error(ctx, graphql.AddFieldLocationToError(ctx, err))
		return graphql.Null
	case any(v) == nil:
		if nonNull {
			graphql.AddInvalidNullError(ctx, "")
		}
		return graphql.Null
	}
	return marshal(ec, ctx, field.Selections, v)
}

// marshalList resolves the elements of a list in turn. They share one place in
// the paths of errors, which moves on with them.
func marshalList(ctx context.Context, n int, element func(context.Context, int) graphql.Marshaler) graphql.Array {
	if n == 0 {
		return nil // is written as []
	}
	out := make(graphql.Array, n)
	var place struct {
		graphql.FieldContext
		at int
	}
	place.Index = &place.at
	ctx = graphql.WithFieldContext(ctx, &place.FieldContext)
	for i := range n {
		place.at = i
		out[i] = marshalElement(ctx, i, element)
	}
	return out
}

// marshalElement resolves one element. That it panics is no failure of the others.
func marshalElement(ctx context.Context, i int, element func(context.Context, int) graphql.Marshaler) (m graphql.Marshaler) {
	defer func() {
		if cause := recover(); cause != nil {
			graphql.AddError(ctx, graphql.Recover(ctx, cause))
			m = graphql.Null
		}
	}()
	return element(ctx, i)
}
