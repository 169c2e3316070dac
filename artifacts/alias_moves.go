package artifacts

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// NoVersion stands for no version where it is said which one has an alias.
const NoVersion = "none"

// An AliasMove is one change of what an alias names.
type AliasMove struct {
	Alias string `json:"alias"`
	// From and To are "v<N>", "" for none.
	From    string    `json:"from,omitempty"`
	To      string    `json:"to,omitempty"`
	MovedAt time.Time `json:"movedAt"`
	// Operation is what was asked for, as the mutation is called; "begin"
	// stands for what was so when the keeping of moves began.
	Operation string `json:"operation"`
	// Username is who moved it, "" for the registry itself or where this API
	// key is not to know. Actor and Reason are "" where the request did not say.
	Username string    `json:"username,omitempty"`
	Actor    ActorKind `json:"actor,omitempty"`
	Reason   string    `json:"reason,omitempty"`
}

// AliasMovesOptions say which moves to list. nil means all of the collection.
type AliasMovesOptions struct {
	PerPage int    // items per request; 0 means DefaultPerPage
	After   string // cursor to continue behind
	Alias   string // only this one's
}

// AliasMoves are the moves of a collection's aliases, the last one first. W&B
// keeps none: KindUnsupported on its servers.
type AliasMoves struct {
	*Pager[AliasMove]
	client                             *Client
	entity, project, collection, alias string
}

// AliasMoves lists the moves of a collection's aliases. An empty entity or
// project means the default one (see Config).
func (c *Client) AliasMoves(entity, project, collection string, opts *AliasMovesOptions) *AliasMoves {
	if opts == nil {
		opts = &AliasMovesOptions{}
	}
	l := &AliasMoves{client: c, entity: entity, project: project, collection: collection, alias: opts.Alias}
	l.Pager = newPager(list[AliasMove]{
		op: "list the moves of aliases", path: join(entity, project, collection), fetch: l.fetch,
	}, opts.PerPage, opts.After)
	return l
}

const keepsMoves = "keep the moves of aliases"

func (l *AliasMoves) fetch(ctx context.Context, after string, perPage int) ([]AliasMove, PageInfo, error) {
	c := l.client
	in, err := c.in(ctx, l.entity, l.project)
	if err != nil {
		return nil, PageInfo{}, err
	}
	if err := c.require(ctx, featureAliasMoves, l.op, l.path, keepsMoves); err != nil {
		return nil, PageInfo{}, err
	}
	conn, lacks, err := wire.AliasMoves(ctx, c.sender, in, l.collection, l.alias, "", wire.Page{First: perPage, After: after})
	if err != nil {
		return nil, PageInfo{}, c.fail(ctx, l.op, l.path, err)
	}
	if conn == nil {
		return nil, PageInfo{}, missing(l.op, lacks, in, "", l.collection, "")
	}
	items := make([]AliasMove, 0, len(conn.Edges))
	for _, e := range conn.Edges {
		if e.Node == nil {
			continue
		}
		m, err := toAliasMove(e.Node)
		if err != nil {
			return nil, PageInfo{}, located(l.op, l.path, err)
		}
		items = append(items, m)
	}
	return items, toPageInfo(conn.PageInfo, nil), nil
}

func toAliasMove(w *wire.AliasMove) (AliasMove, error) {
	at, err := moment("movedAt", w.MovedAt)
	return AliasMove{
		Alias: w.Alias, From: versionOrNone(w.FromVersionIndex), To: versionOrNone(w.ToVersionIndex), MovedAt: at, Operation: w.Operation,
		Username: text(w.Username), Actor: ActorKind(text(w.Actor)), Reason: text(w.Reason),
	}, err
}

// AliasAt is which version an alias named at a time.
type AliasAt struct {
	// Known is false where the registry did not keep moves yet at that time.
	Known bool `json:"known"`
	// Version is "v<N>", "" where no version had the alias.
	Version string `json:"version,omitempty"`
	// There says that the version is still in the collection.
	There bool `json:"there"`
	// Move is the one that made it so, nil if there was none.
	Move *AliasMove `json:"move,omitempty"`
}

// AliasAt asks which version an alias of a collection named at a time. An empty
// entity or project means the default one. KindUnsupported on W&B's servers.
func (c *Client) AliasAt(ctx context.Context, entity, project, collection, alias string, at time.Time) (AliasAt, error) {
	const op = "ask what an alias named"
	path := Path{Entity: entity, Project: project, Collection: collection, Alias: alias}.String()
	in, err := c.in(ctx, entity, project)
	if err != nil {
		return AliasAt{}, err
	}
	if err := c.require(ctx, featureAliasMoves, op, path, keepsMoves); err != nil {
		return AliasAt{}, err
	}
	got, lacks, err := wire.GetAliasAt(ctx, c.sender, in, collection, alias, wire.DateTime(at.UTC().Format(time.RFC3339Nano)))
	if err != nil {
		return AliasAt{}, c.fail(ctx, op, path, err)
	}
	if got == nil {
		return AliasAt{}, missing(op, lacks, in, "", collection, "")
	}
	out := AliasAt{Known: got.Known, Version: versionOrNone(got.VersionIndex), There: got.Membership != nil}
	if got.Move != nil {
		m, err := toAliasMove(got.Move)
		if err != nil {
			return AliasAt{}, located(op, path, err)
		}
		out.Move = &m
	}
	return out, nil
}

// AliasMoved is what MoveAlias did.
type AliasMoved struct {
	// From is the version that had the alias, as far as is known: "v<N>", or
	// NoVersion.
	From string
	// Atomic says that nobody can have moved the alias between the look and the
	// move. It is false on W&B's servers, whose protocol takes no condition.
	Atomic bool
}

// MoveAlias gives the version an alias in its collection, if it is where it is
// expected: a version of the collection ("v<N>"), NoVersion, or "" for
// wherever. Otherwise it is KindConflict, which says where the alias is and, of
// the embedded registry, who moved it there and when, and nothing is changed. An
// alias that the version has already is no conflict.
//
// The embedded registry looks and moves at once. On other servers the alias is
// looked up first and then moved, and AliasMoved says so.
func (a *Artifact) MoveAlias(ctx context.Context, alias, expected string) (AliasMoved, error) {
	const op = "move an alias"
	var moved AliasMoved
	if err := checkAliases([]string{alias}); err != nil {
		return moved, located(op, a.QualifiedName(), err)
	}
	if expected != "" && expected != NoVersion && !isVersion(expected) {
		return moved, located(op, a.QualifiedName(), invalid("the alias is expected on %q, which is neither a version such as v3 nor %q", expected, NoVersion))
	}
	c := a.client
	there := Path{Entity: a.Entity, Project: a.Project, Collection: a.Collection, Alias: alias}.String()
	holder, err := c.Artifact(ctx, there)
	switch {
	case err == nil:
		moved.From = holder.Version
	case errors.Is(err, ErrNotFound):
		moved.From = NoVersion
	default:
		return moved, err
	}
	if moved.Atomic, err = c.supports(ctx, featureAliasMoves); err != nil {
		return moved, err
	}
	if moved.From == a.Version {
		return moved, nil
	}
	in := wire.AddAliasesInput{ArtifactID: wire.ID(a.ID), Aliases: a.here([]string{alias})}
	switch {
	case moved.Atomic && expected != "":
		in.Aliases[0].ExpectedVersion = &expected
	case moved.Atomic:
		// Whoever moves it meanwhile is not overwritten unseen.
		in.Aliases[0].ExpectedVersion = &moved.From
	case expected != "" && expected != moved.From:
		return moved, &Error{
			Kind: KindConflict, Op: op, Path: there,
			Message: "it is on " + moved.From + ", and was expected on " + expected + "; nothing was changed",
			Next:    "find out who moved it: this server keeps no record",
		}
	}
	if err := wire.AddAliases(ctx, c.sender, in); err != nil {
		return moved, c.fail(ctx, op, there, err)
	}
	a.Aliases = once(append(slices.Clone(a.Aliases), alias))
	return moved, nil
}
