package artifacts

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// An ActorKind says what kind of actor makes a change in a user's name.
type ActorKind string

// The kinds of actors.
const (
	PersonActor  ActorKind = "PERSON"
	AgentActor   ActorKind = "AGENT"
	ProgramActor ActorKind = "PROGRAM"
)

// An actor is who changes something and why.
type actor struct {
	kind   ActorKind
	reason string
}

type actorKey struct{}

func actorOf(ctx context.Context) actor {
	a, _ := ctx.Value(actorKey{}).(actor)
	return a
}

// WithActor returns a context whose changes are made by an actor of a kind. The
// embedded registry records it with each change; W&B's servers take no notice.
func WithActor(ctx context.Context, kind ActorKind) context.Context {
	a := actorOf(ctx)
	a.kind = kind
	return context.WithValue(ctx, actorKey{}, a)
}

// WithReason returns a context whose changes are made for a reason, in at most
// 1,000 bytes. The embedded registry records it with each change and gives it
// back in AliasMove, ArtifactDeletion and AuditEntry; W&B's servers take no
// notice.
func WithReason(ctx context.Context, reason string) context.Context {
	a := actorOf(ctx)
	a.reason = reason
	return context.WithValue(ctx, actorKey{}, a)
}

// announce says in a request who acts and why.
func (a actor) announce(h http.Header) {
	if a.kind != "" {
		h.Set("Reliquary-Actor", strings.ToLower(string(a.kind)))
	}
	if a.reason != "" {
		h.Set("Reliquary-Reason", url.PathEscape(a.reason))
	}
}
