package sqlite

import (
	"context"
	"encoding/hex"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

const manifestColumns = "id, artifact_id, type, name, digest, base_artifact_id, key, size, created_at"

func scanManifest(r scanner) (metadata.Manifest, error) {
	var m metadata.Manifest
	var key []byte
	var created int64
	err := r.Scan(&m.ID, &m.ArtifactID, &m.Type, &m.Name, &m.Digest, &m.BaseArtifactID, &key, &m.Size, &created)
	m.Key, m.CreatedAt = hex.EncodeToString(key), fromMicro(created)
	return m, err
}

// CreateManifest records a manifest of a pending artifact.
func (s *Store) CreateManifest(ctx context.Context, m metadata.Manifest) (metadata.Manifest, error) {
	switch m.Type {
	case metadata.FullManifest, metadata.PatchManifest, metadata.IncrementalManifest:
	default:
		return metadata.Manifest{}, invalid("the manifest type %q is unknown; it is FULL, PATCH or INCREMENTAL", m.Type)
	}
	if err := checkPath(m.Name); err != nil {
		return metadata.Manifest{}, err
	}
	var made metadata.Manifest
	err := s.write(ctx, func(q session) error {
		a, err := liveArtifact(ctx, q, m.ArtifactID)
		if err != nil {
			return err
		}
		if a.State != metadata.Pending {
			return conflict("%s is committed; it takes no more manifests", artifactName(a))
		}
		if err := checkBase(ctx, q, a, m.BaseArtifactID); err != nil {
			return err
		}
		made, err = first(ctx, q, scanManifest, "INSERT INTO manifests (artifact_id, type, name, digest, base_artifact_id, created_at) VALUES (?, ?, ?, ?, ?, ?) RETURNING "+manifestColumns,
			m.ArtifactID, m.Type, m.Name, m.Digest, m.BaseArtifactID, s.now())
		return err
	})
	return made, err
}

// checkBase lets a manifest build on versions of its own entity only.
func checkBase(ctx context.Context, q session, a metadata.Artifact, base *int64) error {
	if base == nil {
		return nil
	}
	b, err := artifactByID(ctx, q, *base)
	if err != nil {
		return err
	}
	if b.EntityID != a.EntityID {
		return notFound("artifact %d not found", *base)
	}
	return nil
}

// UpdateManifest replaces the digest and base of a pending artifact's manifest.
// Bytes stored for another digest no longer count.
func (s *Store) UpdateManifest(ctx context.Context, id int64, digest string, base *int64) (metadata.Manifest, error) {
	var m metadata.Manifest
	err := s.write(ctx, func(q session) error {
		old, a, err := pendingManifest(ctx, q, id)
		if err != nil {
			return err
		}
		if err := checkBase(ctx, q, a, base); err != nil {
			return err
		}
		if old.Digest != digest {
			if err := run(ctx, q, "UPDATE manifests SET key = NULL, size = 0 WHERE id = ?", id); err != nil {
				return err
			}
		}
		m, err = first(ctx, q, scanManifest, "UPDATE manifests SET digest = ?, base_artifact_id = ? WHERE id = ? RETURNING "+manifestColumns, digest, base, id)
		return err
	})
	return m, err
}

func manifestByID(ctx context.Context, q session, id int64) (metadata.Manifest, error) {
	m, err := first(ctx, q, scanManifest, "SELECT "+manifestColumns+" FROM manifests WHERE id = ?", id)
	if missing(err) {
		return m, notFound("manifest %d not found", id)
	}
	return m, err
}

func pendingManifest(ctx context.Context, q session, id int64) (metadata.Manifest, metadata.Artifact, error) {
	m, err := manifestByID(ctx, q, id)
	if err != nil {
		return m, metadata.Artifact{}, err
	}
	a, err := liveArtifact(ctx, q, m.ArtifactID)
	if err == nil && a.State != metadata.Pending {
		err = conflict("%s is committed; its manifest cannot be changed", artifactName(a))
	}
	return m, a, err
}

// ManifestByID finds a manifest.
func (s *Store) ManifestByID(ctx context.Context, id int64) (metadata.Manifest, error) {
	var m metadata.Manifest
	err := s.read(ctx, func(q session) (err error) {
		m, err = manifestByID(ctx, q, id)
		return err
	})
	return m, err
}

// SetManifestKey says that a manifest's bytes are durable. Saying the same
// again changes nothing, also after the commit: an upload may be repeated.
func (s *Store) SetManifestKey(ctx context.Context, id int64, key string, size int64) error {
	k, err := blobKey("the manifest", key)
	if err != nil {
		return err
	}
	if size < 0 {
		return invalid("a manifest cannot have %d bytes", size)
	}
	return s.write(ctx, func(q session) error {
		old, err := manifestByID(ctx, q, id)
		if err != nil || old.Key == key && old.Size == size {
			return err
		}
		if _, _, err := pendingManifest(ctx, q, id); err != nil {
			return err
		}
		return run(ctx, q, "UPDATE manifests SET key = ?, size = ? WHERE id = ?", k, size, id)
	})
}

// ListManifests lists an artifact's manifests, oldest first.
func (s *Store) ListManifests(ctx context.Context, artifactID int64) ([]metadata.Manifest, error) {
	var list []metadata.Manifest
	err := s.read(ctx, func(q session) (err error) {
		list, err = all(ctx, q, scanManifest, "SELECT "+manifestColumns+" FROM manifests WHERE artifact_id = ? ORDER BY id", artifactID)
		return err
	})
	return list, err
}

// setCurrentManifest makes the manifest to serve the artifact's last one: it is
// the last one already when a client wrote it in full, and a new one when the
// server merged it from parts.
func setCurrentManifest(ctx context.Context, q session, artifactID int64, c metadata.Commit, key []byte, now int64) error {
	last, err := first(ctx, q, scanManifest, "SELECT "+manifestColumns+" FROM manifests WHERE artifact_id = ? ORDER BY id DESC LIMIT 1", artifactID)
	if err != nil && !missing(err) {
		return err
	}
	if err == nil && last.Type == metadata.FullManifest && (last.Key == c.ManifestKey || last.Key == "" && last.Digest == c.ManifestDigest) {
		return run(ctx, q, "UPDATE manifests SET key = ?, size = ?, digest = ? WHERE id = ?", key, c.ManifestSize, c.ManifestDigest, last.ID)
	}
	return run(ctx, q, "INSERT INTO manifests (artifact_id, type, name, digest, key, size, created_at) VALUES (?, 'FULL', 'wandb_manifest.json', ?, ?, ?, ?)",
		artifactID, c.ManifestDigest, key, c.ManifestSize, now)
}
