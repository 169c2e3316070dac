package tools

import (
	"context"
	"strings"

	"github.com/reliquary/reliquary/artifacts"
)

type allowedKey struct{}

// WithAllowed limits calls made with the context to some entities and projects,
// written "entity" or "entity/project": they ask about nothing elsewhere and
// change nothing there. What an allowed place itself says of others, as that a
// run elsewhere used a version, is not hidden.
func WithAllowed(ctx context.Context, places []string) context.Context {
	return context.WithValue(ctx, allowedKey{}, places)
}

// IsAllowed reports whether a call may be about a project.
func IsAllowed(ctx context.Context, entity, project string) bool {
	places, limited := ctx.Value(allowedKey{}).([]string)
	if !limited {
		return true
	}
	for _, p := range places {
		e, of, one := strings.Cut(p, "/")
		if e == entity && (!one || of == project) {
			return true
		}
	}
	return false
}

// isLimited reports whether a call may be about some places only.
func isLimited(ctx context.Context) bool {
	_, limited := ctx.Value(allowedKey{}).([]string)
	return limited
}

// checkAllowed refuses what is outside.
func checkAllowed(ctx context.Context, argument, entity, project string) error {
	if IsAllowed(ctx, entity, project) {
		return nil
	}
	places, _ := ctx.Value(allowedKey{}).([]string)
	return &Error{
		Code: artifacts.KindDenied, Argument: argument,
		Message: quote(entity+"/"+project) + " is outside of what this server may be asked about; nothing was done",
		Next:    "ask about " + list(places) + ", or ask the user to start `reliquary mcp` with another --allow",
	}
}

// findArtifacts finds versions by path or id, as far as they are allowed.
func findArtifacts(ctx context.Context, c *artifacts.Client, argument string, names []string) ([]artifacts.Lookup, error) {
	found, err := c.FindArtifacts(ctx, names)
	for i, f := range found {
		if f.Err != nil {
			continue
		}
		if err := checkAllowed(ctx, argument, f.Artifact.Entity, f.Artifact.Project); err != nil {
			found[i].Artifact, found[i].Err = nil, err
		}
	}
	return found, err
}
