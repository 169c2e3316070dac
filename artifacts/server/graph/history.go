package graph

import (
	"context"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// An ArtifactAliasMove is one change of what an alias names.
type ArtifactAliasMove struct {
	m    metadata.AliasMove
	told bool // the viewer learns who and why
}

func (m *ArtifactAliasMove) ID() string               { return aliasMoveID.globalID(m.m.ID) }
func (m *ArtifactAliasMove) Alias() string            { return m.m.Alias }
func (m *ArtifactAliasMove) FromVersionIndex() *int64 { return indexOrNull(m.m.From) }
func (m *ArtifactAliasMove) ToVersionIndex() *int64   { return indexOrNull(m.m.To) }
func (m *ArtifactAliasMove) MovedAt() time.Time       { return m.m.At }
func (m *ArtifactAliasMove) Operation() string        { return m.m.Operation }
func (m *ArtifactAliasMove) Username() *string        { return toldOnly(m.told, m.m.Username) }
func (m *ArtifactAliasMove) Actor() *ActorKind        { return actorOrNull(m.m.Actor) }
func (m *ArtifactAliasMove) Reason() *string          { return toldOnly(m.told, m.m.Reason) }

// toldOnly is null for those who are not to learn a word.
func toldOnly(told bool, word string) *string {
	if !told {
		return nil
	}
	return textOrNull(word)
}

// tellsWho reports whether the viewer may learn who changes things of an entity,
// and why: those who belong to it may. Guests of one project learn what changed.
func (rq *request) tellsWho(ctx context.Context, entityID int64) (bool, error) {
	role, err := rq.viewer.Role(ctx, entityID)
	return role != "", err
}

// AliasMoves lists the moves of the collection's aliases, the last one first.
func (c *collection) AliasMoves(ctx context.Context, alias *string, first *int64, after, filters *string) (*ArtifactAliasMoveConnection, error) {
	out := &ArtifactAliasMoveConnection{PageInfo: &PageInfo{}, Edges: []*ArtifactAliasMoveEdge{}}
	if hidden, err := c.hidden(ctx); err != nil || hidden {
		return out, err
	}
	told, err := c.rq.tellsWho(ctx, c.known.EntityID)
	if err != nil {
		return nil, err
	}
	con, err := fetch(ctx, pageArgs{first: first, after: after, filters: filters},
		func(ctx context.Context, page metadata.Page) (metadata.Connection[metadata.AliasMove], error) {
			return c.rq.store.ListAliasMoves(ctx, c.known.ID, textOf(alias), page)
		}, nil,
		func(edges []metadata.Edge[metadata.AliasMove]) error {
			for _, e := range edges {
				out.Edges = append(out.Edges, &ArtifactAliasMoveEdge{Cursor: e.Cursor, Node: &ArtifactAliasMove{e.Node, told}})
			}
			return nil
		})
	out.PageInfo = con.PageInfo()
	return out, err
}

// AliasAt says which version an alias named at a time.
func (c *collection) AliasAt(ctx context.Context, alias string, at time.Time) (*ArtifactAliasAt, error) {
	if hidden, err := c.hidden(ctx); err != nil || hidden {
		return &ArtifactAliasAt{}, err
	}
	got, err := c.rq.store.AliasAt(ctx, c.known.ID, alias, at)
	if err != nil {
		return nil, err
	}
	out := &ArtifactAliasAt{Known: got.Known, VersionIndex: indexOrNull(got.VersionIndex)}
	if got.Move != nil {
		told, err := c.rq.tellsWho(ctx, c.known.EntityID)
		if err != nil {
			return nil, err
		}
		out.Move = &ArtifactAliasMove{*got.Move, told}
	}
	if got.VersionIndex != nil {
		out.ArtifactMembership, err = c.ArtifactMembership(ctx, versionName(*got.VersionIndex))
	}
	return out, err
}

// An AuditLogEntry is one change that was made.
type AuditLogEntry struct{ e metadata.AuditEntry }

func (e *AuditLogEntry) ID() string          { return auditEntryID.globalID(e.e.ID) }
func (e *AuditLogEntry) LoggedAt() time.Time { return e.e.At }
func (e *AuditLogEntry) Username() *string   { return textOrNull(e.e.Username) }
func (e *AuditLogEntry) Actor() *ActorKind   { return actorOrNull(e.e.Actor) }
func (e *AuditLogEntry) Operation() string   { return e.e.Operation }
func (e *AuditLogEntry) Subject() string     { return e.e.Subject }
func (e *AuditLogEntry) Details() string     { return e.e.Details }
func (e *AuditLogEntry) Reason() *string     { return textOrNull(e.e.Reason) }

// AuditLog lists who changed what in the entity, for its administrators.
func (e *Entity) AuditLog(ctx context.Context, first *int64, after, filters *string) (*AuditLogConnection, error) {
	if err := e.rq.mayManageEntity(ctx, e.id, e.name, "read the audit log of"); err != nil {
		return nil, err
	}
	out := &AuditLogConnection{Edges: []*AuditLogEdge{}}
	con, err := fetch(ctx, pageArgs{first: first, after: after, filters: filters},
		func(ctx context.Context, page metadata.Page) (metadata.Connection[metadata.AuditEntry], error) {
			return e.rq.store.ListAudit(ctx, e.id, page)
		}, nil,
		func(edges []metadata.Edge[metadata.AuditEntry]) error {
			for _, edge := range edges {
				out.Edges = append(out.Edges, &AuditLogEdge{Cursor: edge.Cursor, Node: &AuditLogEntry{edge.Node}})
			}
			return nil
		})
	out.PageInfo = con.PageInfo()
	return out, err
}
