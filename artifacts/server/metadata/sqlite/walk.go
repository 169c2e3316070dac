package sqlite

import (
	"context"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// CommittedArtifacts lists the committed versions of the whole registry by id.
func (s *Store) CommittedArtifacts(ctx context.Context, after int64, n int) (list []metadata.Artifact, err error) {
	err = s.read(ctx, func(q session) (err error) {
		list, err = all(ctx, q, plainly(scanArtifact), "SELECT "+artifactColumns+" FROM "+artifactFrom+" WHERE a.id > ? AND a.state = 'COMMITTED' ORDER BY a.id LIMIT ?", after, n)
		return err
	})
	return list, err
}
