package sqlite

import (
	"context"
	"strings"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// audit records a change, in the transaction that makes it.
func audit(ctx context.Context, q session, entityID, now int64, subject, details string) error {
	a := metadata.ActorOf(ctx)
	return run(ctx, q, "INSERT INTO audit_log (entity_id, logged_at, user_id, actor, operation, subject, details, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		entityID, now, optional(a.UserID), string(a.Kind), a.Operation, subject, details, a.Reason)
}

// The subjects of audit entries.

func artifactSubject(a metadata.Artifact) string {
	s := a.Entity + "/" + a.Project + "/" + a.Sequence
	if a.VersionIndex != nil {
		s += ":" + versionName(*a.VersionIndex)
	}
	return s
}

func collectionSubject(c metadata.Collection) string {
	return c.Entity + "/" + c.Project + "/" + c.Name
}

func projectSubject(p metadata.Project) string { return p.Entity + "/" + p.Name }

// listed joins words for a detail, the first of many.
func listed(words []string) string {
	const most = 10
	if len(words) > most {
		words = append(words[:most:most], "...")
	}
	return strings.Join(words, ", ")
}

func scanAudit(r scanner, more ...any) (metadata.AuditEntry, error) {
	var e metadata.AuditEntry
	var at int64
	err := r.Scan(append([]any{&e.ID, &e.EntityID, &at, &e.UserID, &e.Username, &e.Actor, &e.Operation, &e.Subject, &e.Details, &e.Reason}, more...)...)
	e.At = fromMicro(at)
	return e, err
}

func auditList(entityID int64) list[metadata.AuditEntry] {
	return list[metadata.AuditEntry]{
		subject: metadata.AuditSubject, owner: []any{entityID},
		sel:  "l.id, l.entity_id, l.logged_at, coalesce(l.user_id, 0), coalesce(u.username, ''), l.actor, l.operation, l.subject, l.details, l.reason",
		from: "audit_log l LEFT JOIN users u ON u.id = l.user_id", where: "l.entity_id = ?", args: []any{entityID},
		id: "l.id", order: []key{{expr: "l.id", desc: true}}, scan: scanAudit,
		columns: columns{
			"id": {expr: "l.id"}, "subject": {expr: "l.subject"}, "username": {expr: "u.username", nullable: true}, "actor": {expr: "l.actor"},
			"operation": {expr: "l.operation"}, "reason": {expr: "l.reason"}, "logged_at": {expr: "l.logged_at"},
		},
	}
}

// ListAudit lists what was changed in an entity, the last change first.
func (s *Store) ListAudit(ctx context.Context, entityID int64, p metadata.Page) (metadata.Connection[metadata.AuditEntry], error) {
	return paged(ctx, s, auditList(entityID), p)
}
