package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// begun is the operation of moves that stand for what was so when the keeping of
// moves began: see the migration that made the table.
const begun = "begin"

// moveAlias makes an alias name a version's place in its collection and records
// the move. Where it does so already, nothing is done. KindDenied if the alias
// is protected from the actor.
func moveAlias(ctx context.Context, q session, collectionID, membershipID int64, alias string, now int64, deletion int64) error {
	from, err := aliasHolder(ctx, q, collectionID, alias)
	if err != nil || from == membershipID {
		return err
	}
	if err := refuseProtected(ctx, q, collectionID, alias); err != nil {
		return err
	}
	if err := run(ctx, q, "INSERT INTO aliases (collection_id, alias, membership_id) VALUES (?, ?, ?) ON CONFLICT (collection_id, alias) DO UPDATE SET membership_id = excluded.membership_id", collectionID, alias, membershipID); err != nil {
		return err
	}
	return recordMove(ctx, q, collectionID, alias, from, membershipID, now, deletion)
}

// dropAlias takes an alias off a version's place, if it is there, and records
// that. KindDenied if the alias is protected from the actor.
func dropAlias(ctx context.Context, q session, collectionID, membershipID int64, alias string, now int64, deletion int64) (bool, error) {
	n, err := changed(ctx, q, "DELETE FROM aliases WHERE membership_id = ? AND alias = ?", membershipID, alias)
	if err != nil || n == 0 {
		return false, err
	}
	if err := refuseProtected(ctx, q, collectionID, alias); err != nil {
		return false, err
	}
	return true, recordMove(ctx, q, collectionID, alias, membershipID, 0, now, deletion)
}

// aliasHolder is the membership that an alias names, 0 for none.
func aliasHolder(ctx context.Context, q session, collectionID int64, alias string) (int64, error) {
	var member int64
	err := one(ctx, q, "SELECT membership_id FROM aliases WHERE collection_id = ? AND alias = ?", []any{collectionID, alias}, &member)
	if missing(err) {
		return 0, nil
	}
	return member, err
}

func recordMove(ctx context.Context, q session, collectionID int64, alias string, from, to, now, deletion int64) error {
	a := metadata.ActorOf(ctx)
	return run(ctx, q, "INSERT INTO alias_moves (collection_id, alias, from_membership, to_membership, moved_at, operation, user_id, actor, reason, deletion_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		collectionID, alias, optional(from), optional(to), now, a.Operation, optional(a.UserID), string(a.Kind), a.Reason, optional(deletion))
}

// dropAllAliases takes every alias of a collection off and records that.
func dropAllAliases(ctx context.Context, q session, collectionID, now, deletion int64) error {
	names, err := all(ctx, q, scanText, "SELECT alias FROM aliases WHERE collection_id = ? ORDER BY alias", collectionID)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := refuseProtected(ctx, q, collectionID, name); err != nil {
			return err
		}
	}
	a := metadata.ActorOf(ctx)
	if err := run(ctx, q, `INSERT INTO alias_moves (collection_id, alias, from_membership, moved_at, operation, user_id, actor, reason, deletion_id)
		SELECT collection_id, alias, membership_id, ?2, ?3, ?4, ?5, ?6, ?7 FROM aliases WHERE collection_id = ?1 ORDER BY alias`,
		collectionID, now, a.Operation, optional(a.UserID), string(a.Kind), a.Reason, deletion); err != nil {
		return err
	}
	return run(ctx, q, "DELETE FROM aliases WHERE collection_id = ?", collectionID)
}

// expectAlias refuses a move of an alias that is not where it is expected.
func expectAlias(ctx context.Context, q session, c metadata.Collection, alias string, expected *int) error {
	if expected == nil {
		return nil
	}
	member, err := aliasHolder(ctx, q, c.ID, alias)
	if err != nil {
		return err
	}
	now := metadata.NoVersion
	if member != 0 {
		if err := one(ctx, q, "SELECT version_index FROM memberships WHERE id = ?", []any{member}, &now); err != nil {
			return err
		}
	}
	if now == *expected {
		return nil
	}
	m, err := first(ctx, q, plainly(scanMove), "SELECT "+moveColumns+" FROM "+moveFrom+" WHERE h.collection_id = ? AND h.alias = ? ORDER BY h.id DESC LIMIT 1", c.ID, alias)
	story := ""
	switch {
	case missing(err):
	case err != nil:
		return err
	default:
		story = "; " + tell(m)
	}
	return conflict("the alias %q of %s is on %s, and was expected on %s%s. Nothing was changed; look again before moving it", alias, collectionSubject(c), placeName(now), placeName(*expected), story)
}

func placeName(version int) string {
	if version == metadata.NoVersion {
		return "no version"
	}
	return versionName(version)
}

// tell says in words who moved an alias and when.
func tell(m metadata.AliasMove) string {
	if m.Operation == begun {
		return "who put it there is not known"
	}
	who := m.Username
	switch {
	case who == "":
		who = "the registry"
	case m.Actor != "":
		who += " (" + actorWord(m.Actor) + ")"
	}
	from := ""
	if m.From != nil {
		from = " from " + versionName(*m.From)
	}
	did := fmt.Sprintf("moved it there%s", from)
	if m.To == nil {
		did = "took it off" + from[min(len(from), len(" from")):]
	}
	why := ""
	if m.Reason != "" {
		why = fmt.Sprintf(" (%q)", m.Reason)
	}
	return fmt.Sprintf("%s %s by %s at %s%s", who, did, m.Operation, m.At.Format(time.RFC3339), why)
}

func actorWord(k metadata.ActorKind) string {
	switch k {
	case metadata.PersonActor:
		return "in person"
	case metadata.AgentActor:
		return "by an agent"
	default:
		return "by a program"
	}
}

const (
	moveColumns = "h.id, h.collection_id, h.alias, f.version_index, o.version_index, h.moved_at, h.operation, coalesce(h.user_id, 0), coalesce(u.username, ''), h.actor, h.reason"
	moveFrom    = "alias_moves h LEFT JOIN memberships f ON f.id = h.from_membership LEFT JOIN memberships o ON o.id = h.to_membership LEFT JOIN users u ON u.id = h.user_id"
)

func scanMove(r scanner, more ...any) (metadata.AliasMove, error) {
	var m metadata.AliasMove
	var from, to sql.NullInt64
	var at int64
	err := r.Scan(append([]any{&m.ID, &m.CollectionID, &m.Alias, &from, &to, &at, &m.Operation, &m.UserID, &m.Username, &m.Actor, &m.Reason}, more...)...)
	m.From, m.To, m.At = maybeInt(from), maybeInt(to), fromMicro(at)
	return m, err
}

func maybeInt(n sql.NullInt64) *int {
	if !n.Valid {
		return nil
	}
	i := int(n.Int64)
	return &i
}

func moveList(collectionID int64, alias string) list[metadata.AliasMove] {
	l := list[metadata.AliasMove]{
		subject: metadata.AliasMoveSubject, owner: []any{collectionID, alias},
		sel: moveColumns, from: moveFrom, where: "h.collection_id = ?", args: []any{collectionID},
		id: "h.id", order: []key{{expr: "h.id", desc: true}}, scan: scanMove,
		columns: columns{
			"id": {expr: "h.id"}, "alias": {expr: "h.alias"}, "username": {expr: "u.username", nullable: true}, "actor": {expr: "h.actor"},
			"operation": {expr: "h.operation"}, "moved_at": {expr: "h.moved_at"},
		},
	}
	if alias != "" {
		l.where, l.args = "h.collection_id = ? AND h.alias = ?", []any{collectionID, alias}
	}
	return l
}

// ListAliasMoves lists the moves of the aliases of a collection, the last one first.
func (s *Store) ListAliasMoves(ctx context.Context, collectionID int64, alias string, p metadata.Page) (metadata.Connection[metadata.AliasMove], error) {
	return paged(ctx, s, moveList(collectionID, alias), p)
}

// AliasAt says which version an alias named at a time. Before the first move
// that was recorded no version had it, unless that move found it somewhere: then
// what was before is not known.
func (s *Store) AliasAt(ctx context.Context, collectionID int64, alias string, at time.Time) (metadata.AliasAt, error) {
	var found metadata.AliasAt
	err := s.readTogether(ctx, func(q session) error {
		m, err := first(ctx, q, plainly(scanMove), "SELECT "+moveColumns+" FROM "+moveFrom+" WHERE h.collection_id = ? AND h.alias = ? AND h.moved_at <= ? ORDER BY h.id DESC LIMIT 1", collectionID, alias, at.UnixMicro())
		if err == nil {
			found = metadata.AliasAt{Known: true, VersionIndex: m.To, Move: &m}
			return nil
		}
		if !missing(err) {
			return err
		}
		m, err = first(ctx, q, plainly(scanMove), "SELECT "+moveColumns+" FROM "+moveFrom+" WHERE h.collection_id = ? AND h.alias = ? ORDER BY h.id LIMIT 1", collectionID, alias)
		switch {
		case missing(err):
			found.Known = true
			return nil
		case err != nil:
			return err
		}
		found.Known = m.From == nil && m.Operation != begun
		return nil
	})
	return found, err
}
