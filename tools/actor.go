package tools

import (
	"context"
	"strings"

	"github.com/reliquary/reliquary/artifacts"
)

// Reasoned is the input of operations whose reason is recorded.
type Reasoned struct {
	// Why, for the audit log.
	Reason string `json:"reason,omitempty" jsonschema:"maxLength=500"`
}

// reasoned is the context of a change that is made for a reason.
func (r Reasoned) reasoned(ctx context.Context) context.Context {
	if r.Reason == "" {
		return ctx
	}
	return artifacts.WithReason(ctx, r.Reason)
}

// actorName is "person", "agent", "program", or "" where the request did not say.
func actorName(k artifacts.ActorKind) string { return strings.ToLower(string(k)) }
