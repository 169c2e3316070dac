package tools

import (
	"context"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

// GetAliasHistoryInput asks where an alias has been.
type GetAliasHistoryInput struct {
	Collection string `json:"collection" jsonschema:"example=team/vision/detector"`
	// Default: all aliases of the collection.
	Alias string `json:"alias,omitempty" jsonschema:"example=production"`
	// With alias: which version it named then. RFC 3339.
	At string `json:"at,omitempty" jsonschema:"example=2026-11-24T00:00:00Z"`
	Paging
}

// GetAliasHistoryOutput is where an alias was, and how it moved.
type GetAliasHistoryOutput struct {
	Collection string `json:"collection"`
	// With at.
	Then *AliasThen `json:"then,omitempty"`
	// The last one first.
	Moves []AliasMoveItem `json:"moves"`
	PageEnd
}

// AliasThen is what an alias named at a time.
type AliasThen struct {
	// Absent: no version had it, or that is not known.
	Artifact string `json:"artifact,omitempty"`
	// False: moves were not kept yet.
	Known bool `json:"known"`
	// The version was deleted or taken out since.
	Gone bool `json:"gone,omitempty"`
	// The move that made it so.
	Move *AliasMoveItem `json:"move,omitempty"`
}

// AliasMoveItem is one move of an alias.
type AliasMoveItem struct {
	Alias string `json:"alias"`
	// Absent: none.
	From    string `json:"from,omitempty"`
	To      string `json:"to,omitempty"`
	MovedAt Moment `json:"moved_at"`
	// Absent: the registry itself, or not known.
	MovedBy string `json:"moved_by,omitempty"`
	Actor   string `json:"actor,omitempty" jsonschema:"enum=person,enum=agent,enum=program"`
	Reason  string `json:"reason,omitempty"`
	// The request that did it.
	By string `json:"by"`
}

func aliasMoveItem(m artifacts.AliasMove) AliasMoveItem {
	return AliasMoveItem{
		Alias: m.Alias, From: m.From, To: m.To, MovedAt: moment(m.MovedAt), MovedBy: m.Username, Actor: actorName(m.Actor),
		Reason: clip(m.Reason, clippedInLists), By: m.Operation,
	}
}

func getAliasHistory() Operation {
	return Define("get_alias_history", Reads, Words{
		Title:       "Get the history of an alias",
		Description: "Tell which version an alias of a collection named at a time (at), and every move of it: from which version to which, when, by whom and why. Only where the server is a Reliquary registry.",
		Toolset:     ToolsetHistory,
	}, func(ctx context.Context, c *artifacts.Client, in GetAliasHistoryInput) (GetAliasHistoryOutput, error) {
		var out GetAliasHistoryOutput
		at, err := readCollection(ctx, c, "collection", in.Collection)
		if err != nil {
			return out, err
		}
		out.Collection = at.Path.String()
		if in.At != "" {
			if out.Then, err = in.then(ctx, c, at); err != nil {
				return out, suggest(ctx, c, at, err)
			}
		}
		out.Moves, out.PageEnd, err = listing[artifacts.AliasMove, AliasMoveItem]{
			operation: "get_alias_history",
			parts:     []string{at.Entity, at.Project, at.Collection, in.Alias},
			fetch: func(ctx context.Context, after string, perPage int) ([]artifacts.AliasMove, artifacts.PageInfo, error) {
				return c.AliasMoves(at.Entity, at.Project, at.Collection, &artifacts.AliasMovesOptions{PerPage: perPage, After: after, Alias: in.Alias}).Page(ctx)
			},
			view: aliasMoveItem,
		}.page(ctx, c, in.Paging)
		return out, suggest(ctx, c, at, err)
	})
}

// then answers for the time that was asked for.
func (in GetAliasHistoryInput) then(ctx context.Context, c *artifacts.Client, at asked) (*AliasThen, error) {
	when, err := readTime("at", in.At)
	switch {
	case err != nil:
		return nil, err
	case in.Alias == "":
		return nil, invalid("alias", "name the alias", "at is about one alias, and none was named")
	}
	got, err := c.AliasAt(ctx, at.Entity, at.Project, at.Collection, in.Alias, when)
	if err != nil {
		return nil, err
	}
	then := &AliasThen{Known: got.Known}
	if got.Version != "" {
		then.Artifact = artifacts.Path{Entity: at.Entity, Project: at.Project, Collection: at.Collection, Alias: got.Version}.String()
		then.Gone = !got.There
	}
	if got.Move != nil {
		item := aliasMoveItem(*got.Move)
		then.Move = &item
	}
	return then, nil
}

// readTime reads a time, or a date, which is its beginning in UTC.
func readTime(argument, s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, invalid(argument, "write it as 2026-11-24T08:00:00Z, or 2026-11-24 for the beginning of that day in UTC",
		"%s is %q, which is not a time", argument, clip(s, clippedInLists))
}
