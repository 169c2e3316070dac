package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"

	"github.com/reliquary/reliquary/artifacts/server/access"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// A Caller is who asks, and the base URL under which they reach the registry.
type Caller struct {
	User    metadata.User
	BaseURL string
	// Actor and Reason are what the headers of that name say.
	Actor  metadata.ActorKind
	Reason string
}

// A Report says what became of an operation, for the request log.
type Report struct {
	Operation string // its name
	Err       string // the first error, "" if there was none
	Unknown   bool   // the schema does not know the operation, or something in it
}

// Serve answers one POST of {"query", "variables", "operationName"}.
//
// What a resolver refuses is reported with status 200, as GraphQL has it:
// clients show the errors and do not repeat the request. What is no operation
// of this registry gets a 4xx that clients do not repeat either.
func (g *Graph) Serve(w http.ResponseWriter, r *http.Request, c Caller) Report {
	ctx := context.WithValue(r.Context(), requestKey{}, &request{
		Graph: g, viewer: access.NewViewer(g.store, c.User), base: c.BaseURL, actor: c.Actor, reason: c.Reason,
	})
	ctx = graphql.StartOperationTrace(ctx)

	params, err := readParams(r)
	if err != nil {
		status := http.StatusBadRequest
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			status = http.StatusRequestEntityTooLarge
		}
		return refuse(w, status, Report{}, gqlerror.List{invalid("", err)})
	}
	exec := g.exec()
	op, errs := exec.CreateOperationContext(ctx, params)
	if errs != nil {
		if op.Doc != nil {
			return refuseVariables(w, op.Operation, params, errs)
		}
		return g.refuseOperation(ctx, w, params, errs)
	}
	report := Report{Operation: op.Operation.Name}
	op.OperationName = op.Operation.Name
	if op.Operation.Operation == ast.Subscription {
		return refuse(w, http.StatusBadRequest, report, gqlerror.List{invalid(report.Operation, errors.New("subscriptions are not served"))})
	}
	responses, ctx := exec.DispatchOperation(ctx, op)
	resp := responses(ctx)
	if resp == nil { // the client has gone
		report.Err = "canceled"
		return report
	}
	if len(resp.Errors) > 0 {
		report.Err = resp.Errors[0].Message
	}
	write(w, http.StatusOK, resp.Data, resp.Errors)
	release(resp.Data)
	return report
}

func readParams(r *http.Request) (*graphql.RawParams, error) {
	dec := json.NewDecoder(r.Body)
	dec.UseNumber()
	var p graphql.RawParams
	if err := dec.Decode(&p); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, errors.Join(errors.New("the request is too large"), err)
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("it ends too early")
		}
		return nil, errors.New(`the body is not {"query": ..., "variables": ..., "operationName": ...}: ` + err.Error())
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON of the request")
	}
	now := graphql.Now()
	p.ReadTime = graphql.TraceTiming{Start: now, End: now}
	return &p, nil
}

func invalid(operation string, err error) *gqlerror.Error {
	e := &gqlerror.Error{Message: err.Error(), Err: err, Extensions: map[string]any{"code": string(metadata.KindInvalid)}}
	if operation != "" {
		e.Extensions["operation"] = operation
	}
	return e
}

// unknownLogged bounds how many names of unknown operations are remembered.
const unknownLogged = 1000

// maxErrors bounds the errors of an operation that does not fit the schema: a
// document in a newer form can have hundreds, and the first few tell enough.
const maxErrors = 8

// refuseOperation answers what could not be parsed or does not fit the schema.
// A client that is newer than this registry ends here, so the answer names the
// operation and what in it is unknown, and the log does so once per operation.
func (g *Graph) refuseOperation(ctx context.Context, w http.ResponseWriter, p *graphql.RawParams, errs gqlerror.List) Report {
	report := Report{Operation: nameOf(p)}
	status := http.StatusUnprocessableEntity
	seen := make(map[string]bool)
	var out gqlerror.List
	for _, e := range errs {
		switch e.Extensions["code"] {
		case errcode.ParseFailed:
			status = http.StatusBadRequest
		case errcode.ValidationFailed:
			report.Unknown = true
		}
		if seen[e.Message] || len(out) == maxErrors {
			continue // fragments are checked wherever they are used
		}
		seen[e.Message] = true
		e.Extensions = map[string]any{"code": string(metadata.KindInvalid), "operation": report.Operation}
		out = append(out, e)
	}
	name := report.Operation
	if name == "" {
		name = "without a name"
	}
	// Some clients look for the words that follow, so they stay as they are.
	out[0].Message = "operation " + name + " is not understood by this registry: " + out[0].Message
	if report.Unknown && g.firstTime(report.Operation) {
		g.log.WarnContext(ctx, "a client sent an operation that this registry does not know", "operation", report.Operation, "problem", out[0].Message)
	}
	return refuse(w, status, report, out)
}

// refuseVariables answers an operation that is known, with variables that do
// not fit it; or a document without the operation that was asked for.
func refuseVariables(w http.ResponseWriter, op *ast.OperationDefinition, p *graphql.RawParams, errs gqlerror.List) Report {
	report := Report{Operation: p.OperationName}
	if op != nil {
		report.Operation = op.Name
	}
	for _, e := range errs {
		where := "operation " + report.Operation + ": "
		if len(e.Path) > 0 {
			where += e.Path.String() + ": "
		}
		e.Message, e.Path = where+e.Message, nil
		e.Extensions = map[string]any{"code": string(metadata.KindInvalid), "operation": report.Operation}
	}
	return refuse(w, http.StatusUnprocessableEntity, report, errs)
}

// nameOf is the name of the operation that a document holds. Most clients send
// it in the document only.
func nameOf(p *graphql.RawParams) string {
	if p.OperationName != "" {
		return p.OperationName
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: p.Query}, tokenLimit)
	if err != nil || len(doc.Operations) == 0 {
		return ""
	}
	return doc.Operations[0].Name
}

func (g *Graph) firstTime(operation string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.unknown[operation] || len(g.unknown) >= unknownLogged {
		return false
	}
	g.unknown[operation] = true
	return true
}

func refuse(w http.ResponseWriter, status int, report Report, errs gqlerror.List) Report {
	report.Err = errs[0].Message
	write(w, status, nil, errs)
	return report
}

// write sends an answer. The data is written as it is: passing it through an
// encoder once more would cost as much as making it.
func write(w http.ResponseWriter, status int, data []byte, errs gqlerror.List) {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	b.Grow(len(data) + 64)
	b.WriteByte('{')
	if data != nil {
		b.WriteString(`"data":`)
		b.Write(data)
	}
	if len(errs) > 0 {
		if data != nil {
			b.WriteByte(',')
		}
		text, err := json.Marshal(errs)
		if err != nil { // extensions hold only strings
			text = []byte(`[{"message":"an error could not be written"}]`)
		}
		b.WriteString(`"errors":`)
		b.Write(text)
	}
	b.WriteString("}\n")
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	w.Write(b.Bytes())
	release(b.Bytes())
}
