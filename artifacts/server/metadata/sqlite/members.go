package sqlite

import (
	"context"
	"strconv"
)

// latest is the alias that every commit moves to its version.
const latest = "latest"

func versionName(n int) string { return "v" + strconv.Itoa(n) }

// addMember puts a version into a collection under the collection's next
// number. The number is taken inside the transaction that commits or links, so
// numbers have neither gaps nor duplicates, and none is used again.
func addMember(ctx context.Context, q session, collectionID, artifactID, artifactCreatedAt, now int64) (id int64, version int, err error) {
	if err := one(ctx, q, "UPDATE collections SET next_version = next_version + 1, version_count = version_count + 1, updated_at = ? WHERE id = ? RETURNING next_version - 1", []any{now, collectionID}, &version); err != nil {
		return 0, 0, err
	}
	err = one(ctx, q, "INSERT INTO memberships (collection_id, artifact_id, version_index, artifact_created_at, created_at) VALUES (?, ?, ?, ?, ?) RETURNING id",
		[]any{collectionID, artifactID, version, artifactCreatedAt, now}, &id)
	return id, version, err
}

// removeMembers takes versions out of one collection, their aliases with them,
// for a deletion or, where that is 0, because they are unlinked. If "latest" was
// among the aliases, it goes to the newest version left.
func removeMembers(ctx context.Context, q session, collectionID int64, members []int64, now, deletion int64) error {
	var lost int64 // the member that had latest
	for _, m := range members {
		names, err := all(ctx, q, scanText, "SELECT alias FROM aliases WHERE membership_id = ? ORDER BY alias", m)
		if err != nil {
			return err
		}
		for _, name := range names {
			if name == latest {
				lost = m
				continue
			}
			if _, err := dropAlias(ctx, q, collectionID, m, name, now, deletion); err != nil {
				return err
			}
		}
		if err := run(ctx, q, "UPDATE memberships SET removed_at = ?, deletion_id = ? WHERE id = ?", now, optional(deletion), m); err != nil {
			return err
		}
	}
	if err := run(ctx, q, "UPDATE collections SET version_count = version_count - ?, updated_at = ? WHERE id = ?", len(members), now, collectionID); err != nil {
		return err
	}
	if lost == 0 {
		return nil
	}
	var newest int64
	err := one(ctx, q, "SELECT id FROM memberships WHERE collection_id = ? AND removed_at IS NULL ORDER BY version_index DESC LIMIT 1", []any{collectionID}, &newest)
	if missing(err) {
		_, err = dropAlias(ctx, q, collectionID, lost, latest, now, deletion)
		return err
	}
	if err != nil {
		return err
	}
	return moveAlias(ctx, q, collectionID, newest, latest, now, deletion)
}

func scanText(r scanner) (string, error) {
	var text string
	err := r.Scan(&text)
	return text, err
}

// setAliases moves aliases to a version's place in a collection, each from
// wherever in that collection it is.
func setAliases(ctx context.Context, q session, collectionID, membershipID int64, aliases []string, now int64) error {
	for _, a := range aliases {
		if err := moveAlias(ctx, q, collectionID, membershipID, a, now, 0); err != nil {
			return err
		}
	}
	return nil
}
