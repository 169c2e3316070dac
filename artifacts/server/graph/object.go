package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"sync"

	"github.com/99designs/gqlgen/graphql"
)

// This file is what the generated code is made to call in place of parts of
// gqlgen's machinery: see internal/plainfields.

// A resolved object is the fields of one object.
type resolved struct {
	fields []graphql.CollectedField
	values []graphql.Marshaler
}

var (
	quoteColon = []byte(`":`)
	commaQuote = []byte(`,"`)
	openQuote  = []byte(`{"`)
	braces     = []byte(`{}`)
	closeBrace = []byte(`}`)
)

// MarshalGQL writes the object. Names and aliases of fields need no escapes.
func (o *resolved) MarshalGQL(w io.Writer) {
	if len(o.fields) == 0 {
		w.Write(braces)
		return
	}
	for i := range o.fields {
		if i == 0 {
			w.Write(openQuote)
		} else {
			w.Write(commaQuote)
		}
		io.WriteString(w, o.fields[i].Alias)
		w.Write(quoteColon)
		o.values[i].MarshalGQL(w)
	}
	w.Write(closeBrace)
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

// deferredGroup is the group of the fields of an object that are deferred. It
// is not used unless some are.
func deferredGroup(ctx context.Context, fields []graphql.CollectedField) graphql.DeferredGroup {
	for i := range fields {
		if fields[i].IsDeferred() {
			return graphql.NewDeferredGroup(ctx)
		}
	}
	return graphql.DeferredGroup{}
}

// marshalList resolves the elements of a list in turn.
func marshalList(ctx context.Context, n int, element func(context.Context, int) graphql.Marshaler) graphql.Array {
	out := make(graphql.Array, n)
	places := make([]graphql.FieldContext, n)
	at := make([]int, n)
	for i := range n {
		at[i] = i
		places[i].Index = &at[i]
		out[i] = marshalElement(graphql.WithFieldContext(ctx, &places[i]), i, element)
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
