package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// manyFiles are so many that committing them takes longer than waiting for the disk.
const manyFiles = 1000

// CommitArtifact makes a pending version whole in one transaction.
func (s *Store) CommitArtifact(ctx context.Context, c metadata.Commit) (metadata.Artifact, error) {
	if err := checkCommit(c); err != nil {
		return metadata.Artifact{}, err
	}
	key, err := blobKey("the manifest", c.ManifestKey)
	if err != nil {
		return metadata.Artifact{}, err
	}
	ctx = acting(ctx, "commitArtifact")
	write := s.write
	if len(c.Files) > manyFiles {
		write = s.writeAlone
	}
	var a metadata.Artifact
	err = write(ctx, func(q session) (err error) {
		a, err = artifactByID(ctx, q, c.ArtifactID)
		if err != nil || a.State == metadata.Committed {
			return err
		}
		if a.State == metadata.Deleted {
			return notFound("%s was deleted while it was written; log it again", artifactName(a))
		}
		now := s.now()
		if c.Base != nil {
			if err := takeOver(ctx, q, a, c.Base); err != nil {
				return err
			}
		}
		if err := insertFiles(ctx, q, a, c.Files); err != nil {
			return err
		}
		if c.Base != nil {
			if err := run(ctx, q, `INSERT INTO borrowings (birth_artifact_id, artifact_id)
				SELECT DISTINCT birth_artifact_id, ?1 FROM files WHERE artifact_id = ?1 AND birth_artifact_id <> ?1 ON CONFLICT DO NOTHING`, a.ID); err != nil {
				return err
			}
		}
		if err := setCurrentManifest(ctx, q, a.ID, c, key, now); err != nil {
			return err
		}
		if err := publish(ctx, q, a, c.Digest, now); err != nil {
			return err
		}
		if a.TTLDurationSeconds != nil || a.EntityTTLSeconds != nil {
			if err := s.setExpiry(ctx, q, "?", a.ID); err != nil {
				return err
			}
		}
		if a, err = artifactByID(ctx, q, a.ID); err != nil {
			return err
		}
		return audit(ctx, q, a.EntityID, now, artifactSubject(a), "version logged")
	})
	return a, err
}

func checkCommit(c metadata.Commit) error {
	if c.ManifestSize < 0 {
		return invalid("a manifest cannot have %d bytes", c.ManifestSize)
	}
	if len(c.Digest) > metadata.MaxName {
		return invalid("the digest %.40q... is too long", c.Digest)
	}
	for _, f := range c.Files {
		if err := checkPath(f.Path); err != nil {
			return err
		}
		if f.Size < 0 {
			return invalid("the file %q cannot have %d bytes", f.Path, f.Size)
		}
		if f.Extra != "" && !json.Valid([]byte(f.Extra)) {
			return invalid("the extra of the file %q is not JSON", f.Path)
		}
		if !utf8.ValidString(f.Digest) || !utf8.ValidString(f.Ref) || !utf8.ValidString(f.Extra) {
			return invalid("the entry of the file %q is not valid UTF-8", f.Path)
		}
	}
	return nil
}

// checkPath refuses what is not the name of a file in a manifest. Where a path
// leads on somebody's disk is for whoever writes there to judge.
func checkPath(path string) error {
	switch {
	case path == "":
		return invalid("a file has no name")
	case !utf8.ValidString(path):
		return invalid("the file name %q is not valid UTF-8", path)
	case strings.ContainsRune(path, 0):
		return invalid("the file name %q contains a zero byte", path)
	}
	return nil
}

// takeOver lists files of another version in this one. That version is whole,
// so their bytes are there and belong to its entity.
func takeOver(ctx context.Context, q session, a metadata.Artifact, from *metadata.CommitBase) error {
	differs := func(why string) error {
		return &metadata.Error{Kind: metadata.KindConflict, Message: artifactName(a) + " cannot be committed on top of another version: " + why + "; commit it again", Err: metadata.ErrBase}
	}
	base, err := artifactByID(ctx, q, from.ArtifactID)
	switch {
	case metadata.IsNotFound(err):
		return differs("that is gone")
	case err != nil:
		return err
	case base.State != metadata.Committed || base.EntityID != a.EntityID || base.ID == a.ID:
		return differs("that is not a committed one of the same entity")
	}
	without, err := json.Marshal(append([]string{}, from.Without...))
	if err != nil {
		return err
	}
	n, err := changed(ctx, q, `INSERT INTO files (artifact_id, path, digest, size, ref, birth_artifact_id, key, extra)
		SELECT ?1, path, digest, size, ref, birth_artifact_id, key, extra FROM files
		WHERE artifact_id = ?2 AND path NOT IN (SELECT value FROM json_each(?3)) ORDER BY path`, a.ID, base.ID, string(without))
	if err != nil {
		return err
	}
	if n != int64(from.Files) {
		return differs(fmt.Sprintf("%d of its files stay, not %d", n, from.Files))
	}
	return nil
}

// insertFiles writes a version's files. A file's size and key are those of the
// stored bytes that its birth artifact and digest name, so that nothing can be
// listed whose bytes are not there, or belong to another entity.
func insertFiles(ctx context.Context, q session, a metadata.Artifact, files []metadata.File) error {
	// Watching a context costs more than inserting a row does.
	quick := context.WithoutCancel(ctx)
	var lacking []string
	lacks := 0
	births := map[int64]bool{} // other versions, whose bytes this one lists
	for i, f := range files {
		if i%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		extra := any(nil)
		if f.Extra != "" {
			extra = f.Extra
		}
		var n int64
		var err error
		if f.Ref != "" {
			n, err = changed(quick, q, "INSERT INTO files (artifact_id, path, digest, size, ref, extra) VALUES (?, ?, ?, ?, ?, ?)", a.ID, f.Path, f.Digest, f.Size, f.Ref, extra)
		} else {
			birth := f.BirthArtifactID
			if birth == 0 {
				birth = a.ID
			}
			if birth != a.ID {
				births[birth] = true
			}
			n, err = changed(quick, q, `INSERT INTO files (artifact_id, path, digest, size, birth_artifact_id, key, extra)
				SELECT ?1, ?2, b.digest, b.size, b.artifact_id, b.key, ?3 FROM stored_files b WHERE b.artifact_id = ?4 AND b.digest = ?5 AND b.entity_id = ?6`,
				a.ID, f.Path, extra, birth, f.Digest, a.EntityID)
		}
		if taken(err) {
			return invalid("the manifest of %s lists %q twice", artifactName(a), f.Path)
		}
		if err != nil {
			return err
		}
		if n == 0 {
			if lacks++; len(lacking) < 5 {
				lacking = append(lacking, fmt.Sprintf("%q", f.Path))
			}
		}
	}
	if lacks == 0 {
		for birth := range births {
			if err := run(ctx, q, "INSERT INTO borrowings (birth_artifact_id, artifact_id) VALUES (?, ?)", birth, a.ID); err != nil {
				return err
			}
		}
		return nil
	}
	more := ""
	if lacks > len(lacking) {
		more = fmt.Sprintf(" and %d more", lacks-len(lacking))
	}
	return conflict("%s cannot be committed: the bytes of %s%s were not uploaded; upload them and commit again", artifactName(a), strings.Join(lacking, ", "), more)
}

// publish gives a pending version its number, its aliases and its place among
// the outputs of its run.
func publish(ctx context.Context, q session, a metadata.Artifact, digest string, now int64) error {
	var text string
	if err := one(ctx, q, "SELECT pending_aliases FROM artifacts WHERE id = ?", []any{a.ID}, &text); err != nil {
		return err
	}
	var aliases []string
	if err := json.Unmarshal([]byte(text), &aliases); err != nil {
		return corrupt(err, "the aliases of %s are damaged: %v; run `reliquary doctor`", artifactName(a), err)
	}
	member, version, err := addMember(ctx, q, a.SequenceID, a.ID, a.CreatedAt.UnixMicro(), now)
	if err != nil {
		return err
	}
	if err := setAliases(ctx, q, a.SequenceID, member, unique(append(aliases, latest)), now); err != nil {
		return err
	}
	if digest == "" {
		digest = a.Digest
	}
	if err := run(ctx, q, `UPDATE artifacts SET state = 'COMMITTED', version_index = ?2, digest = ?3, updated_at = ?4, pending_aliases = '[]',
		file_count = (SELECT count(*) FROM files WHERE artifact_id = ?1), size = (SELECT coalesce(sum(size), 0) FROM files WHERE artifact_id = ?1) WHERE id = ?1`,
		a.ID, version, digest, now); err != nil {
		return err
	}
	if a.RunID == nil {
		return nil
	}
	return recordRunArtifact(ctx, q, *a.RunID, metadata.Output, a.ID, "", now)
}
