package tools

import (
	"context"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

// ListAuditLogInput asks who changed what.
type ListAuditLogInput struct {
	// A user or team. Default: the configured one.
	Entity string `json:"entity,omitempty" jsonschema:"example=team"`
	// Only this and what is in it: entity/project, entity/project/collection, or a version.
	Subject string `json:"subject,omitempty" jsonschema:"example=team/vision/detector"`
	User    string `json:"user,omitempty"`
	// As the log calls it, such as deleteArtifact.
	Operation string `json:"operation,omitempty"`
	// RFC 3339, or a date.
	Since string `json:"since,omitempty" jsonschema:"example=2026-11-24T00:00:00Z"`
	Until string `json:"until,omitempty"`
	Paging
}

// ListAuditLogOutput is a page of changes, the last one first.
type ListAuditLogOutput struct {
	Entries []AuditLogItem `json:"entries"`
	PageEnd
}

// AuditLogItem is one change.
type AuditLogItem struct {
	At Moment `json:"at"`
	// Absent: the registry itself.
	User      string `json:"user,omitempty"`
	Actor     string `json:"actor,omitempty" jsonschema:"enum=person,enum=agent,enum=program"`
	Operation string `json:"operation"`
	Subject   string `json:"subject"`
	Details   string `json:"details"`
	Reason    string `json:"reason,omitempty"`
}

func listAuditLog() Operation {
	return Define("list_audit_log", Reads, Words{
		Title:       "List the audit log",
		Description: "List who changed what in an entity, when and why: versions logged, deleted and restored, aliases moved, links, tags, settings and members. For administrators of the entity, where the server is a Reliquary registry. get_alias_history is for one alias.",
		Toolset:     ToolsetHistory,
	}, func(ctx context.Context, c *artifacts.Client, in ListAuditLogInput) (ListAuditLogOutput, error) {
		if isLimited(ctx) {
			return ListAuditLogOutput{}, &Error{
				Code: artifacts.KindDenied, Message: "the audit log is about more than what this server may be asked about",
				Next: "see get_alias_history and list_deleted_artifacts, or ask the user to start `reliquary mcp` without --allow",
			}
		}
		var out ListAuditLogOutput
		opts := artifacts.AuditOptions{Subject: in.Subject, Username: in.User, Operation: in.Operation}
		for _, bound := range []struct {
			argument, text string
			into           *time.Time
		}{{"since", in.Since, &opts.Since}, {"until", in.Until, &opts.Until}} {
			if bound.text == "" {
				continue
			}
			t, err := readTime(bound.argument, bound.text)
			if err != nil {
				return out, err
			}
			*bound.into = t
		}
		var err error
		out.Entries, out.PageEnd, err = listing[artifacts.AuditEntry, AuditLogItem]{
			operation: "list_audit_log",
			parts:     []string{in.Entity, in.Subject, in.User, in.Operation, in.Since, in.Until},
			fetch: func(ctx context.Context, after string, perPage int) ([]artifacts.AuditEntry, artifacts.PageInfo, error) {
				o := opts
				o.PerPage, o.After = perPage, after
				return c.AuditLog(in.Entity, &o).Page(ctx)
			},
			view: func(e artifacts.AuditEntry) AuditLogItem {
				return AuditLogItem{
					At: moment(e.LoggedAt), User: e.Username, Actor: actorName(e.Actor), Operation: e.Operation,
					Subject: e.Subject, Details: clip(e.Details, clippedInLists), Reason: clip(e.Reason, clippedInLists),
				}
			},
			narrower: "name a subject, a user or a time",
		}.page(ctx, c, in.Paging)
		if err != nil {
			return out, blame("entity", err)
		}
		return out, nil
	})
}
