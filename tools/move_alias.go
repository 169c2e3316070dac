package tools

import (
	"context"
	"errors"

	"github.com/reliquary/reliquary/artifacts"
)

// MoveAliasInput says which version an alias is to name.
type MoveAliasInput struct {
	// The version that gets the alias.
	Artifact string `json:"artifact" jsonschema:"example=team/vision/detector:v12"`
	Alias    string `json:"alias" jsonschema:"example=production"`
	// Where the alias must be now: a version such as v11, or none. Else nothing is done.
	Expected string `json:"expected" jsonschema:"pattern=^(v[0-9]+|none)$"`
	Reasoned
}

// MoveAliasOutput is what was moved.
type MoveAliasOutput struct {
	Artifact string `json:"artifact"`
	Alias    string `json:"alias"`
	// Where it was: a version, or none.
	From string `json:"from"`
	// False: the server cannot look and move at once, so that a move by others in between would not have been seen.
	Atomic bool `json:"atomic"`
}

func moveAlias() Operation {
	return Define("move_alias", Writes, Words{
		Title:       "Move an alias",
		Description: "Promote an artifact version: move an alias such as production to it, only if the alias is still where you saw it (expected). A conflict tells who moved it and when. get_alias_history tells where it has been.",
		Toolset:     ToolsetHistory,
	}, func(ctx context.Context, c *artifacts.Client, in MoveAliasInput) (MoveAliasOutput, error) {
		var out MoveAliasOutput
		a, err := artifactAt(ctx, c, "artifact", in.Artifact)
		if err != nil {
			return out, err
		}
		moved, err := a.MoveAlias(in.reasoned(ctx), in.Alias, in.Expected)
		if err != nil {
			return out, blameMove(err, "expected")
		}
		return MoveAliasOutput{Artifact: a.QualifiedName(), Alias: in.Alias, From: moved.From, Atomic: moved.Atomic}, nil
	})
}

// blameMove says which argument a move of an alias failed for.
func blameMove(err error, expected string) error {
	if errors.Is(err, artifacts.ErrConflict) {
		e := explained(context.Background(), err)
		e.Argument, e.Next = expected, "see where it is and who moved it, and call again with that as expected if it is still to be moved"
		return e
	}
	return err
}
