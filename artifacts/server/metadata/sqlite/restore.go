package sqlite

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// Restore undoes a deletion.
func (s *Store) Restore(ctx context.Context, r metadata.Restore) (metadata.Restored, error) {
	if r.Name != "" {
		if err := metadata.CheckCollectionName(r.Name); err != nil {
			return metadata.Restored{}, err
		}
	}
	ctx = acting(ctx, "restoreArtifact")
	var out metadata.Restored
	err := s.writeAlone(ctx, func(q session) error {
		d, err := deletionByID(ctx, q, r.DeletionID)
		if err != nil {
			return err
		}
		u := &restoring{s: s, q: q, d: d, now: s.now(), newName: r.Name}
		if err := u.all(ctx); err != nil {
			return err
		}
		u.out.Deletion, err = deletionByID(ctx, q, d.ID)
		out = u.out
		return err
	})
	return out, err
}

// A restoring is one undoing of a deletion.
type restoring struct {
	s       *Store
	q       session
	d       metadata.Deletion
	now     int64
	newName string
	out     metadata.Restored
}

func (u *restoring) keep(format string, args ...any) {
	u.out.Kept = append(u.out.Kept, fmt.Sprintf(format, args...))
}

func (u *restoring) all(ctx context.Context) error {
	d := u.d
	switch {
	case d.RestoredAt != nil:
		return nil
	case d.CollectedAt != nil:
		return notFound("%s cannot be restored: its contents were collected at %s and are gone", deletionName(d), d.CollectedAt.Format(time.RFC3339))
	case d.Kind == metadata.UploadDeletion:
		return conflict("%s cannot be restored: it was never whole; log it again", deletionName(d))
	case d.Kind == metadata.VersionDeletion && u.newName != "":
		return invalid("a version keeps its name; only a collection can be restored under another one")
	}
	if _, err := projectByID(ctx, u.q, d.ProjectID); err != nil {
		if metadata.IsNotFound(err) {
			return conflict("%s cannot be restored: its project was deleted", deletionName(d))
		}
		return err
	}
	steps := []func(context.Context) error{u.collection, u.versions, u.blocked, u.members, u.times, u.aliases, u.finish}
	if d.Kind == metadata.VersionDeletion {
		steps[0] = u.sequence
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// sequence sees that the sequence of a version is there.
func (u *restoring) sequence(ctx context.Context) error {
	c, err := collectionByID(ctx, u.q, u.d.CollectionID)
	if err == nil && c.State == metadata.Deleted {
		return conflict("%s cannot be restored: its collection was deleted afterwards; restore the collection first", deletionName(u.d))
	}
	return err
}

// collection brings the collection itself back.
func (u *restoring) collection(ctx context.Context) error {
	name := u.d.Collection
	if u.newName != "" {
		name = u.newName
	}
	err := run(ctx, u.q, "UPDATE collections SET state = 'READY', name = ?, deletion_id = NULL, updated_at = ? WHERE id = ? AND state = 'DELETED'", name, u.now, u.d.CollectionID)
	if taken(err) {
		return conflict("%s cannot be restored as %q: another collection of the project has that name by now; restore it under another name, or rename or delete that one first", deletionName(u.d), name)
	}
	return err
}

// versions brings the deleted versions back.
func (u *restoring) versions(ctx context.Context) error {
	n, err := changed(ctx, u.q, "UPDATE artifacts SET state = 'COMMITTED', deletion_id = NULL, updated_at = ? WHERE deletion_id = ? AND collected_at IS NULL AND version_index IS NOT NULL", u.now, u.d.ID)
	if err != nil {
		return err
	}
	u.out.Versions = int(n)
	return nil
}

// times works out when what is back expires. A time to live that is over would
// delete it again at once, so it is taken off.
func (u *restoring) times(ctx context.Context) error {
	back, id := "SELECT artifact_id FROM memberships WHERE collection_id = ? AND removed_at IS NULL", u.d.CollectionID
	if u.d.Kind == metadata.VersionDeletion {
		back, id = "?", u.d.ArtifactID
	}
	if err := u.s.setExpiry(ctx, u.q, back, id); err != nil {
		return err
	}
	n, err := changed(ctx, u.q, "UPDATE artifacts SET ttl_seconds = -2, expires_at = NULL WHERE id IN ("+back+") AND expires_at <= ?", id, u.now)
	if n > 0 {
		versions := fmt.Sprintf("of %d versions", n)
		if n == 1 {
			versions = "of 1 version"
		}
		u.keep("the time to live %s is over, so it was taken off; set another one if it is to be deleted again", versions)
	}
	return err
}

// blocked finds the places that cannot be taken again: of versions in portfolios
// that are deleted, and in a portfolio of versions that are. They belong to
// those deletions from now on, and come back with them.
func (u *restoring) blocked(ctx context.Context) error {
	type place struct {
		member, collection int64
		name, version      string
		heir               *int64
		collectionGone     bool
	}
	places, err := all(ctx, u.q, func(r scanner) (place, error) {
		var p place
		var index int
		err := r.Scan(&p.member, &p.collection, &p.name, &index, &p.heir, &p.collectionGone)
		p.version = p.name + ":" + versionName(index)
		return p, err
	}, `SELECT m.id, m.collection_id, e.name || '/' || p.name || '/' || c.name, m.version_index, coalesce(c.deletion_id, a.deletion_id), c.state = 'DELETED'
		FROM memberships m JOIN collections c ON c.id = m.collection_id JOIN projects p ON p.id = c.project_id JOIN entities e ON e.id = p.entity_id JOIN artifacts a ON a.id = m.artifact_id
		WHERE m.deletion_id = ? AND (c.state = 'DELETED' OR a.state <> 'COMMITTED') ORDER BY m.id`, u.d.ID)
	if err != nil {
		return err
	}
	for _, p := range places {
		if p.collectionGone {
			u.keep("the link %s is not there: the portfolio was deleted; restoring the portfolio brings it back", p.version)
		} else {
			u.keep("the link %s is not there: the version that it led to was deleted; restoring the version brings it back", p.version)
		}
		if err := run(ctx, u.q, "UPDATE memberships SET deletion_id = ? WHERE id = ?", p.heir, p.member); err != nil {
			return err
		}
		if err := run(ctx, u.q, "UPDATE alias_moves SET deletion_id = ? WHERE deletion_id = ? AND from_membership = ?", p.heir, u.d.ID, p.member); err != nil {
			return err
		}
	}
	return nil
}

// members puts the versions back into their places.
func (u *restoring) members(ctx context.Context) error {
	if err := run(ctx, u.q, `UPDATE collections SET updated_at = ?1, version_count = version_count + (SELECT count(*) FROM memberships m WHERE m.deletion_id = ?2 AND m.collection_id = collections.id)
		WHERE id IN (SELECT collection_id FROM memberships WHERE deletion_id = ?2)`, u.now, u.d.ID); err != nil {
		return err
	}
	return run(ctx, u.q, "UPDATE memberships SET removed_at = NULL, deletion_id = NULL WHERE deletion_id = ?", u.d.ID)
}

// aliases gives aliases back that nobody else has by now. "latest" goes back to
// a version that is newer than the one that has it.
func (u *restoring) aliases(ctx context.Context) error {
	type lost struct {
		alias              string
		member, collection int64
		name               string
		index              int
	}
	moves, err := all(ctx, u.q, func(r scanner) (lost, error) {
		var l lost
		err := r.Scan(&l.alias, &l.member, &l.collection, &l.name, &l.index)
		return l, err
	}, `SELECT h.alias, h.from_membership, h.collection_id, c.name, m.version_index FROM alias_moves h JOIN memberships m ON m.id = h.from_membership JOIN collections c ON c.id = h.collection_id
		WHERE h.deletion_id = ? AND m.removed_at IS NULL ORDER BY h.id`, u.d.ID)
	if err != nil {
		return err
	}
	for _, l := range moves {
		holder, err := aliasHolder(ctx, u.q, l.collection, l.alias)
		if err != nil {
			return err
		}
		if holder != 0 {
			var at int
			if err := one(ctx, u.q, "SELECT version_index FROM memberships WHERE id = ?", []any{holder}, &at); err != nil {
				return err
			}
			if l.alias != latest {
				u.keep("the alias %q of %s stays on %s, where it is by now; it was on %s", l.alias, l.name, versionName(at), versionName(l.index))
				continue
			}
			if at > l.index {
				continue // what is newer is the latest
			}
		}
		if err := moveAlias(ctx, u.q, l.collection, l.member, l.alias, u.now, 0); metadata.KindOf(err) == metadata.KindDenied {
			u.keep("the alias %q of %s is not back on %s: it is protected, and only administrators of the registry may put it there", l.alias, l.name, versionName(l.index))
			continue
		} else if err != nil {
			return err
		}
		u.out.Aliases = append(u.out.Aliases, l.name+":"+l.alias)
	}
	return nil
}

func (u *restoring) finish(ctx context.Context) error {
	// Uploads that were under way when the collection was deleted do not go on.
	uploads, err := all(ctx, u.q, scanID, "SELECT id FROM artifacts WHERE deletion_id = ? AND collected_at IS NULL", u.d.ID)
	if err != nil {
		return err
	}
	for _, id := range uploads {
		own, err := openDeletion(ctx, u.q, newDeletion{
			kind: metadata.UploadDeletion, project: u.d.ProjectID, collection: u.d.CollectionID, artifact: id, cause: metadata.AbandonedCause, versions: 1, at: u.d.DeletedAt.UnixMicro(),
		})
		if err != nil {
			return err
		}
		if err := run(ctx, u.q, "UPDATE artifacts SET deletion_id = ? WHERE id = ?", own, id); err != nil {
			return err
		}
	}
	if err := run(ctx, u.q, "UPDATE deletions SET restored_at = ? WHERE id = ?", u.now, u.d.ID); err != nil {
		return err
	}
	details := "restored"
	if len(u.out.Aliases) > 0 {
		details += " with " + listed(u.out.Aliases)
	}
	if len(u.out.Kept) > 0 {
		details += "; " + strings.Join(u.out.Kept[:min(len(u.out.Kept), 3)], "; ")
	}
	subject := strings.TrimPrefix(deletionName(u.d), "the collection ")
	return audit(ctx, u.q, u.d.EntityID, u.now, subject, details)
}
