package sqlite

import (
	"context"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// acting names the operation of the context's actor where the request has not.
func acting(ctx context.Context, operation string) context.Context {
	a := metadata.ActorOf(ctx)
	if a.Operation != "" {
		return ctx
	}
	a.Operation = operation
	return metadata.WithActor(ctx, a)
}

// asRegistry is the context of what the registry does by itself, whoever's
// request it does that in.
func asRegistry(ctx context.Context, operation string) context.Context {
	return metadata.WithActor(ctx, metadata.Actor{Operation: operation})
}
