package sqlite

import (
	"context"
	"database/sql"
	"sync/atomic"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// Versions whose time to live has ended are deleted before anything is looked
// at or changed, so that nothing else has to know of times to live. That costs
// reads nothing as long as nothing expires: when the next version does is known
// for a quarter of a second at a time, which is also how late a time to live
// can be noticed that another process sets on a version older than it.
const (
	expiryKnown = 250 * time.Millisecond
	// expiryBatch is how many versions are deleted in one transaction.
	expiryBatch = 200
	// expiryPatience is how long a request waits for what has expired to be
	// deleted, by it or by others; then it goes on all the same.
	expiryPatience = 5 * time.Second
	// expiryPause follows a failure, as of a full disk.
	expiryPause = time.Second
)

// An expiry knows when nothing expires.
type expiry struct {
	turn chan struct{} // holds a token while somebody deletes what has expired
	// changes counts the transactions that set a time.
	changes atomic.Int64
	setting bool // by the writer's transaction
	quiet   atomic.Pointer[quiet]
}

// A quiet is a stretch of time in which nothing expires.
type quiet struct {
	changes     int64 // it holds while these are all
	from, until int64
}

func (e *expiry) isQuiet(now int64) bool {
	q := e.quiet.Load()
	return q != nil && q.changes == e.changes.Load() && q.from <= now && now < q.until
}

// expireDue deletes what has expired. When that cannot be done now, the log
// says so and the caller goes on: what it shows too long does less harm than an
// answer that fails.
func (s *Store) expireDue(ctx context.Context) {
	if s.passive || s.expiry.isQuiet(s.now()) || s.isClosed() {
		return
	}
	patient, cancel := context.WithTimeout(ctx, expiryPatience)
	defer cancel()
	if _, err := s.expire(patient); err != nil && ctx.Err() == nil && !s.isClosed() {
		s.log.WarnContext(ctx, "versions whose time to live has ended could not be deleted; they are for now still shown", "error", err)
		now := s.now()
		s.expiry.quiet.Store(&quiet{s.expiry.changes.Load(), now, now + expiryPause.Microseconds()})
	}
}

// Expire deletes what has expired.
func (s *Store) Expire(ctx context.Context) (int, error) {
	n, err := s.expire(ctx)
	return n, s.classify(ctx, err)
}

func (s *Store) expire(ctx context.Context) (int, error) {
	select {
	case s.expiry.turn <- struct{}{}:
		defer func() { <-s.expiry.turn }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	for deleted := 0; ; {
		changes, now := s.expiry.changes.Load(), s.now()
		var next sql.NullInt64
		if err := one(ctx, s.reader, "SELECT min(expires_at) FROM artifacts WHERE state = 'COMMITTED' AND expires_at IS NOT NULL", nil, &next); err != nil {
			return deleted, err
		}
		if !next.Valid || next.Int64 > now {
			until := now + expiryKnown.Microseconds()
			if next.Valid {
				until = min(until, next.Int64)
			}
			s.expiry.quiet.Store(&quiet{changes, now, until})
			return deleted, nil
		}
		n, err := s.expireSome(ctx, now)
		deleted += n
		if err != nil {
			return deleted, err
		}
	}
}

// expireSome deletes some of what has expired in one transaction.
func (s *Store) expireSome(ctx context.Context, now int64) (n int, err error) {
	ctx = asRegistry(ctx, "expire")
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.leave()
	err = s.transact(ctx, func(q session) error {
		due, err := all(ctx, q, plainly(scanArtifact), "SELECT "+artifactColumns+" FROM "+artifactFrom+" WHERE a.state = 'COMMITTED' AND a.expires_at IS NOT NULL AND a.expires_at <= ? ORDER BY a.expires_at LIMIT ?", now, expiryBatch)
		if err != nil {
			return err
		}
		for _, a := range due {
			if err := deleteVersion(ctx, q, a, now, metadata.ExpiredCause); err != nil {
				return err
			}
		}
		n = len(due)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// expiresAt is the moment at which a version a of an entity e expires: never
// while a registry links to it (as in W&B, where what is in production must not
// vanish), nor for what W&B keeps for itself.
const expiresAt = `CASE WHEN coalesce(a.ttl_seconds, e.ttl_seconds) > 0 AND (a.ttl_seconds IS NOT NULL OR t.name <> 'wandb-history') AND NOT EXISTS (
		SELECT 1 FROM memberships m JOIN collections rc ON rc.id = m.collection_id JOIN projects rp ON rp.id = rc.project_id
		WHERE m.artifact_id = a.id AND m.removed_at IS NULL AND rp.name LIKE 'wandb-registry-%')
	THEN a.created_at + min(coalesce(a.ttl_seconds, e.ttl_seconds), 10000000000) * 1000000 END`

// setExpiry works out when committed versions expire, in the writer's
// transaction. ids is a query for the ids of the versions.
func (s *Store) setExpiry(ctx context.Context, q session, ids string, args ...any) error {
	s.expiry.setting = true
	return run(ctx, q, `UPDATE artifacts AS a SET expires_at = (SELECT `+expiresAt+` FROM collections c JOIN projects p ON p.id = c.project_id JOIN entities e ON e.id = p.entity_id
		JOIN artifact_types t ON t.id = c.type_id WHERE c.id = a.sequence_id) WHERE a.id IN (`+ids+`) AND a.state = 'COMMITTED'`, args...)
}

// SetEntityTTL sets the time to live that an entity's versions inherit.
func (s *Store) SetEntityTTL(ctx context.Context, entityID int64, seconds *int64) (metadata.Entity, error) {
	if seconds != nil && *seconds <= 0 {
		return metadata.Entity{}, invalid("a time to live of %d seconds means nothing; give more than 0, or none for ever", *seconds)
	}
	ctx = acting(ctx, "updateEntityTTL")
	var e metadata.Entity
	err := s.writeAlone(ctx, func(q session) error {
		n, err := changed(ctx, q, "UPDATE entities SET ttl_seconds = ? WHERE id = ?", seconds, entityID)
		if err != nil {
			return err
		}
		if n == 0 {
			return notFound("entity %d not found", entityID)
		}
		if err := s.setExpiry(ctx, q, "SELECT x.id FROM projects xp JOIN collections xc ON xc.project_id = xp.id JOIN artifacts x ON x.sequence_id = xc.id WHERE xp.entity_id = ? AND xc.state = 'READY' AND x.ttl_seconds IS NULL", entityID); err != nil {
			return err
		}
		if e, err = first(ctx, q, scanEntity, "SELECT "+entityColumns+" FROM entities e WHERE e.id = ?", entityID); err != nil {
			return err
		}
		details := "versions live for ever"
		if seconds != nil {
			details = "versions live for " + (time.Duration(min(*seconds, 1e9)) * time.Second).String()
		}
		return audit(ctx, q, e.ID, s.now(), e.Name, details)
	})
	return e, err
}
