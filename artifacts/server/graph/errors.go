package graph

import (
	"context"
	"errors"
	"fmt"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/99designs/gqlgen/graphql"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// fail makes an error of a kind with words for the person who asked.
func fail(kind metadata.Kind, format string, args ...any) error {
	return &metadata.Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// present turns whatever a resolver returned into the error that is sent:
// failures of the registry keep their words and get their kind as
// extensions.code; what nobody foresaw is logged in full and sent without its
// details.
func (g *Graph) present(ctx context.Context, err error) *gqlerror.Error {
	var known *metadata.Error
	var gql *gqlerror.Error
	out := &gqlerror.Error{Path: graphql.GetPath(ctx), Err: err}
	switch {
	case errors.As(err, &known):
		out.Message = known.Message
		out.Extensions = map[string]any{"code": string(known.Kind)}
		if known.Kind == metadata.KindUnavailable || known.Kind == metadata.KindCorrupt {
			g.log.ErrorContext(ctx, "a request failed", "operation", operationName(ctx), "kind", string(known.Kind), "error", known.Message, "cause", known.Err)
		}
	case errors.As(err, &gql) && (gql.Err == nil || badArguments(ctx)):
		// From gqlgen itself; it wraps what resolvers return as well.
		out.Message, out.Locations, out.Rule = gql.Message, gql.Locations, gql.Rule
		if len(gql.Path) > 0 {
			out.Path = gql.Path
		}
		out.Extensions = map[string]any{"code": string(metadata.KindInvalid)}
	case ctx.Err() != nil:
		out.Message = "the request was canceled"
		out.Extensions = map[string]any{"code": string(metadata.KindCanceled)}
	default:
		id := g.incident()
		out.Message = "the registry failed to answer (incident " + id + "); its log says why"
		out.Extensions = map[string]any{"code": string(metadata.KindUnavailable)}
		g.log.ErrorContext(ctx, "a resolver failed", "incident", id, "operation", operationName(ctx), "path", out.Path.String(), "error", err)
	}
	return out
}

// badArguments reports whether a field failed because its arguments could not
// be read: then the resolver was not called.
func badArguments(ctx context.Context) bool {
	fc := graphql.GetFieldContext(ctx)
	return fc != nil && fc.Args == nil && fc.Field.Field != nil && fc.Field.Definition != nil && len(fc.Field.Definition.Arguments) > 0
}

// recovered is called by gqlgen with what a resolver panicked with.
func (g *Graph) recovered(ctx context.Context, cause any) error {
	return fmt.Errorf("panic: %v\n%s", cause, stack())
}

// blobError words a failure of the blob store.
func blobError(doing string, err error) error {
	var known *metadata.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &metadata.Error{Kind: metadata.KindCanceled, Message: doing + ": the request was canceled", Err: err}
	case errors.Is(err, blobs.ErrNotFound):
		return &metadata.Error{Kind: metadata.KindCorrupt, Message: doing + ": the bytes are not in the registry any more; run `reliquary doctor`", Err: err}
	case errors.Is(err, blobs.ErrNoSpace):
		return &metadata.Error{Kind: metadata.KindUnavailable, Message: doing + ": no space is left where the registry keeps its files", Err: err}
	case errors.Is(err, blobs.ErrCorrupt):
		return &metadata.Error{Kind: metadata.KindCorrupt, Message: doing + ": the stored bytes are damaged; run `reliquary doctor`", Err: err}
	case errors.Is(err, blobs.ErrMismatch), errors.Is(err, blobs.ErrInvalid):
		return &metadata.Error{Kind: metadata.KindInvalid, Message: doing + ": " + err.Error(), Err: err}
	default:
		return &metadata.Error{Kind: metadata.KindUnavailable, Message: doing + ": " + err.Error(), Err: err}
	}
}

// orNull turns "not found" into null, which is how W&B answers a question about
// something that is not there.
func orNull[T any](v *T, err error) (*T, error) {
	if metadata.IsNotFound(err) {
		return nil, nil
	}
	return v, err
}

func operationName(ctx context.Context) string {
	if !graphql.HasOperationContext(ctx) {
		return ""
	}
	return graphql.GetOperationContext(ctx).OperationName
}
