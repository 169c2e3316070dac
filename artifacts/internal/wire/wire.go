// Package wire holds the GraphQL operations that the client sends, as Go types
// from which go-graphql-client builds the documents: one file per subject, and
// nothing else in the project builds a query. It knows W&B's schema and neither
// the public classes nor how requests are retried.
//
// Answers are decoded by json/v2, so a field whose answer is not named
// like the Go field has a json tag beside its graphql tag. TestTagsAgree holds
// the two together.
package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	graphql "github.com/hasura/go-graphql-client"
)

// ID, JSONString and the input types of each subject carry GraphQL's type
// names: the library writes a variable's declaration from its Go type.
type (
	// ID is an opaque server id.
	ID string
	// JSONString is JSON text inside a JSON string.
	JSONString string
)

// Effect says what sending an operation twice would do.
type Effect int

// The effects, from harmless to not.
const (
	// Reads changes nothing.
	Reads Effect = iota
	// Sets changes something, and sending it twice is the same as once.
	Sets
	// Acts changes something, and its second sending can fail or do more.
	Acts
)

// An Op names an operation, as servers log it.
type Op struct {
	Name   string
	Effect Effect
}

// Vars are an operation's variables. A pointer is an optional one; the set of
// names and types belongs to the operation and never depends on values.
type Vars = map[string]any

// A Sender sends operations to one GraphQL endpoint. It is safe for concurrent use.
type Sender struct {
	// URL is the endpoint.
	URL string
	// Send carries one operation's request to the server and brings back the
	// body of an answer with status 200.
	Send func(Op, *http.Request) ([]byte, error)

	documents sync.Map // documentKey -> string
}

// documentKey tells documents apart: an operation can have variants, one Go type each.
type documentKey struct {
	op Op
	t  reflect.Type
}

// ErrNoData is what a server means that answers neither data nor errors.
var ErrNoData = errors.New("the answer has neither data nor errors")

// A DecodeError is an answer whose data does not have the type asked for.
type DecodeError struct{ Err error }

func (e *DecodeError) Error() string { return "the answer is not what was asked for: " + e.Err.Error() }

// Unwrap returns the decoder's error.
func (e *DecodeError) Unwrap() error { return e.Err }

// Do sends one operation and decodes its data into T, from which its document
// is built once per Sender. Errors are graphql.Errors (which carry what Send
// reported), ErrNoData or *DecodeError.
//
// go-graphql-client builds the document and the request; the answer is decoded
// here. Its decoder walks tokens by reflection and refuses unknown fields:
// json/v2 is 20 times as fast on a page of versions (2.5 times as fast as
// encoding/json, BenchmarkDecode) and lets a server answer more than was asked.
// Even its ExecRaw, which only cuts the data out of the answer, would take longer
// than all of this (BenchmarkAnswer).
func Do[T any](ctx context.Context, s *Sender, op Op, vars Vars) (*T, error) {
	return DoAs[T, T](ctx, s, op, vars)
}

// DoAs sends one operation whose document is built from Q, and decodes its data
// into T: one type for the answers to several variants of a question.
func DoAs[Q, T any](ctx context.Context, s *Sender, op Op, vars Vars) (*T, error) {
	doc, err := document[Q](s, op, vars)
	if err != nil {
		return nil, err
	}
	x := &exchange[T]{sender: s, op: op}
	client := graphql.NewClient(s.URL, x)
	if _, err := client.ExecRaw(ctx, doc, vars, graphql.OperationName(op.Name)); err != nil {
		return nil, err
	}
	switch {
	case len(x.answer.Errors) > 0:
		return nil, x.answer.Errors
	case x.answer.Data == nil:
		return nil, ErrNoData
	}
	return x.answer.Data, nil
}

// An exchange is the library's way to the server for one operation.
type exchange[T any] struct {
	sender *Sender
	op     Op
	answer struct {
		Data   *T             `json:"data"`
		Errors graphql.Errors `json:"errors"`
	}
}

// tolerant reads what servers in other languages may write: texts that are no
// UTF-8, and a name twice.
var tolerant = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

// Do sends the library's request, and keeps the answer: the library gets an
// empty one.
func (x *exchange[T]) Do(req *http.Request) (*http.Response, error) {
	body, err := x.sender.Send(x.op, req)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(body, &x.answer, tolerant); err != nil {
		return nil, &DecodeError{err}
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("{}"))}, nil
}

// document returns the text of an operation.
func document[T any](s *Sender, op Op, vars Vars) (string, error) {
	key := documentKey{op, reflect.TypeFor[T]()}
	if doc, ok := s.documents.Load(key); ok {
		return doc.(string), nil
	}
	doc, err := Document[T](op, vars)
	if err != nil {
		return "", err
	}
	s.documents.Store(key, doc)
	return doc, nil
}

// Document builds the text of an operation from T and the types of vars.
func Document[T any](op Op, vars Vars) (string, error) {
	construct := graphql.ConstructQuery
	if op.Effect != Reads {
		construct = graphql.ConstructMutation
	}
	doc, err := construct(new(T), vars, graphql.OperationName(op.Name))
	if err != nil {
		return "", fmt.Errorf("building %s: %w", op.Name, err)
	}
	return doc, nil
}

// optional makes an optional variable: nil for "".
func optional[S ~string](s S) *S {
	if s == "" {
		return nil
	}
	return &s
}
