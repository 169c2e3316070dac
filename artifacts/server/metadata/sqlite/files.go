package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

const storedColumns = "artifact_id, digest, md5, key, size"

func scanStored(r scanner) (metadata.StoredFile, error) {
	var f metadata.StoredFile
	var key []byte
	err := r.Scan(&f.ArtifactID, &f.Digest, &f.MD5, &key, &f.Size)
	f.Key = hex.EncodeToString(key)
	return f, err
}

// StoredFile finds bytes by birth artifact and digest.
func (s *Store) StoredFile(ctx context.Context, birthArtifactID int64, digest string) (metadata.StoredFile, error) {
	var f metadata.StoredFile
	err := s.read(ctx, func(q session) (err error) {
		f, err = first(ctx, q, scanStored, "SELECT "+storedColumns+" FROM stored_files WHERE artifact_id = ? AND digest = ?", birthArtifactID, digest)
		if missing(err) {
			return notFound("no file with the digest %.80q was uploaded for artifact %d", digest, birthArtifactID)
		}
		return err
	})
	return f, err
}

// StoredFilesOf finds bytes by birth artifact and many digests.
func (s *Store) StoredFilesOf(ctx context.Context, birthArtifactID int64, digests []string) (map[string]metadata.StoredFile, error) {
	return storedFiles(ctx, s, digests, `SELECT b.artifact_id, b.digest, b.md5, b.key, b.size FROM json_each(?) d
		CROSS JOIN stored_files b ON b.artifact_id = ? AND b.digest = d.value`, birthArtifactID)
}

// StoredFiles finds bytes of one entity for each digest: the ones stored first.
func (s *Store) StoredFiles(ctx context.Context, entityID int64, digests []string) (map[string]metadata.StoredFile, error) {
	return storedFiles(ctx, s, digests, `SELECT b.artifact_id, b.digest, b.md5, b.key, b.size FROM json_each(?) d
		CROSS JOIN stored_files b ON b.digest = d.value AND b.artifact_id = (SELECT min(o.artifact_id) FROM stored_files o WHERE o.entity_id = ? AND o.digest = d.value)`, entityID)
}

// storedFiles runs a query whose arguments are a list of digests and an id.
func storedFiles(ctx context.Context, s *Store, digests []string, query string, id int64) (map[string]metadata.StoredFile, error) {
	found := map[string]metadata.StoredFile{}
	if len(digests) == 0 {
		return found, nil
	}
	text, err := json.Marshal(digests)
	if err != nil {
		return nil, err
	}
	err = s.read(ctx, func(q session) error {
		return each(ctx, q, func(r scanner) error {
			f, err := scanStored(r)
			found[f.Digest] = f
			return err
		}, query, string(text), id)
	})
	return found, err
}

const fileColumns = "f.path, f.digest, f.size, f.ref, f.birth_artifact_id, f.key, f.extra"

func scanFile(r scanner, more ...any) (metadata.File, error) {
	var f metadata.File
	var ref, extra sql.NullString
	var birth sql.NullInt64
	var key []byte
	err := r.Scan(append([]any{&f.Path, &f.Digest, &f.Size, &ref, &birth, &key, &extra}, more...)...)
	f.Ref, f.BirthArtifactID, f.Key, f.Extra = ref.String, birth.Int64, hex.EncodeToString(key), extra.String
	return f, err
}

func fileList(artifactID int64, o metadata.FileOptions) (list[metadata.File], error) {
	l := list[metadata.File]{
		subject: metadata.FileSubject, owner: []any{artifactID, o.Names, o.Prefix},
		sel: fileColumns, from: "files f", where: "f.artifact_id = ?", args: []any{artifactID},
		id: "f.path", order: []key{{expr: "f.path"}}, scan: scanFile,
		columns: columns{"path": {expr: "f.path"}, "digest": {expr: "f.digest"}, "size": {expr: "f.size"}, "ref": {expr: "f.ref", nullable: true}},
	}
	if o.Names != nil {
		names, err := json.Marshal(o.Names)
		if err != nil {
			return l, err
		}
		l.where += " AND f.path IN (SELECT value FROM json_each(?))"
		l.args = append(l.args, string(names))
	}
	if o.Prefix != "" {
		// Bytes of UTF-8 are below 0xFF, so the last byte can be counted up.
		past := []byte(o.Prefix)
		past[len(past)-1]++
		l.where += " AND f.path >= ? AND f.path < ?"
		l.args = append(l.args, o.Prefix, string(past))
	}
	return l, nil
}

// ListFiles lists a version's files in byte order of their paths.
func (s *Store) ListFiles(ctx context.Context, artifactID int64, o metadata.FileOptions) (metadata.Connection[metadata.File], error) {
	l, err := fileList(artifactID, o)
	if err != nil {
		return metadata.Connection[metadata.File]{}, s.classify(ctx, err)
	}
	return paged(ctx, s, l, o.Page)
}

// CountFiles counts a version's files.
func (s *Store) CountFiles(ctx context.Context, artifactID int64, o metadata.FileOptions) (int, error) {
	l, err := fileList(artifactID, o)
	if err != nil {
		return 0, s.classify(ctx, err)
	}
	return counted(ctx, s, l, o.Filter)
}

// keyTo gives the key and size in a row to yield.
func keyTo(yield func(key string, size int64) error) func(scanner) error {
	return func(r scanner) error {
		var key []byte
		var size int64
		if err := r.Scan(&key, &size); err != nil {
			return err
		}
		return yield(hex.EncodeToString(key), size)
	}
}

// Keys gives each blob key that the registry needs.
func (s *Store) Keys(ctx context.Context, yield func(key string, size int64) error) error {
	return s.read(ctx, func(q session) error {
		return each(ctx, q, keyTo(yield), `SELECT key, max(size) FROM (SELECT key, size FROM stored_files UNION ALL SELECT key, size FROM files WHERE key IS NOT NULL
			UNION ALL SELECT key, size FROM manifests WHERE key IS NOT NULL UNION ALL SELECT key, size FROM run_files) GROUP BY key`)
	})
}
