package artifacts

import (
	"context"
	"regexp"
	"time"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// An AuditEntry is one change that was made in an entity.
type AuditEntry struct {
	ID       string    `json:"id"`
	LoggedAt time.Time `json:"loggedAt"`
	// Username is who made it, "" for the registry itself. Actor and Reason are
	// "" where the request did not say.
	Username string    `json:"username,omitempty"`
	Actor    ActorKind `json:"actor,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	// Operation is what was asked for, as the mutation is called, or what the
	// registry does by itself.
	Operation string `json:"operation"`
	// Subject is entity/project/collection:version, or as much of it as there is.
	Subject string `json:"subject"`
	// Details says in words what was changed.
	Details string `json:"details"`
}

// AuditOptions say which entries to list. nil means all.
type AuditOptions struct {
	PerPage int    // items per request; 0 means DefaultPerPage
	After   string // cursor to continue behind
	// Subject lists only what was done to this path and to what is below it:
	// a project, a collection or a version.
	Subject   string
	Username  string
	Operation string
	// Since and Until bound the time of the change; zero: no bound.
	Since, Until time.Time
}

// AuditLog lists who changed what in an entity, and why, the last change first.
// W&B keeps no such log that programs can read: KindUnsupported on its servers.
// It is for the entity's administrators: KindDenied for others.
type AuditLog struct {
	*Pager[AuditEntry]
	client  *Client
	entity  string
	filters wire.JSONString
}

// AuditLog lists what was changed in an entity; "" means the default one.
func (c *Client) AuditLog(entity string, opts *AuditOptions) *AuditLog {
	if opts == nil {
		opts = &AuditOptions{}
	}
	l := &AuditLog{client: c, entity: entity}
	conditions := map[string]any{}
	for field, value := range map[string]string{"username": opts.Username, "operation": opts.Operation} {
		if value != "" {
			conditions[field] = value
		}
	}
	if opts.Subject != "" {
		conditions["subject"] = map[string]any{"$regex": "^" + regexp.QuoteMeta(opts.Subject) + "($|[/:])"}
	}
	bounds := map[string]any{}
	if !opts.Since.IsZero() {
		bounds["$gte"] = opts.Since.UTC().Format(time.RFC3339Nano)
	}
	if !opts.Until.IsZero() {
		bounds["$lte"] = opts.Until.UTC().Format(time.RFC3339Nano)
	}
	if len(bounds) > 0 {
		conditions["logged_at"] = bounds
	}
	l.filters = jsonFilter(conditions)
	l.Pager = newPager(list[AuditEntry]{op: "read the audit log", path: entity, fetch: l.fetch}, opts.PerPage, opts.After)
	return l
}

func (l *AuditLog) fetch(ctx context.Context, after string, perPage int) ([]AuditEntry, PageInfo, error) {
	c, entity := l.client, l.entity
	if entity == "" {
		var err error
		if entity, err = c.DefaultEntity(ctx); err != nil {
			return nil, PageInfo{}, err
		}
	}
	if err := c.require(ctx, featureAuditLog, l.op, entity, "keep a log of changes that programs can read"); err != nil {
		return nil, PageInfo{}, err
	}
	conn, err := wire.AuditLog(ctx, c.sender, entity, l.filters, wire.Page{First: perPage, After: after})
	if err != nil {
		return nil, PageInfo{}, c.fail(ctx, l.op, entity, err)
	}
	if conn == nil {
		return nil, PageInfo{}, &Error{
			Kind: KindNotFound, Op: l.op, Path: entity,
			Message: "there is no such entity", Next: "check the name, and that this API key may see the entity",
		}
	}
	items := make([]AuditEntry, 0, len(conn.Edges))
	for _, e := range conn.Edges {
		if e.Node == nil {
			continue
		}
		n := e.Node
		at, err := moment("loggedAt", n.LoggedAt)
		if err != nil {
			return nil, PageInfo{}, located(l.op, entity, err)
		}
		items = append(items, AuditEntry{
			ID: string(n.ID), LoggedAt: at, Username: text(n.Username), Actor: ActorKind(text(n.Actor)), Reason: text(n.Reason),
			Operation: n.Operation, Subject: n.Subject, Details: n.Details,
		})
	}
	return items, toPageInfo(conn.PageInfo, nil), nil
}
