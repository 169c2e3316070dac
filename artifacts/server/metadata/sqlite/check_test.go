package sqlite

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// sample opens a copy of a registry in which there is one of everything.
func sample(t *testing.T) *Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "metadata.db")
	write(t, path, sampleFile(t))
	s := open(t, path)
	t.Cleanup(func() { s.Close() })
	return s
}

var samples struct {
	sync.Mutex
	file string
}

// sampleFile makes the registry of sample, the first time that it is asked.
func sampleFile(t *testing.T) string {
	t.Helper()
	samples.Lock()
	defer samples.Unlock()
	if samples.file != "" {
		return samples.file
	}
	ctx := t.Context()
	s := open(t, filepath.Join(t.TempDir(), "metadata.db"))
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range []string{"ann", "eve"} {
		u, err := s.CreateUser(ctx, metadata.NewUser{Username: name, KeySHA256: [32]byte{byte(i)}})
		ok(err)
		run, _, err := s.UpsertRun(ctx, metadata.RunUpdate{Entity: name, Project: "p", Name: "run", UserID: u.ID})
		ok(err)
		ok(s.AppendRunLines(ctx, run.ID, "output.log", 0, []string{"a", "b"}))
		var a metadata.Artifact
		for _, content := range []string{"one", "two", "three"} {
			a = logVersion(t, s, name, "data", content)
		}
		_, err = s.AddCollectionTags(ctx, a.SequenceID, []string{"hot"})
		ok(err)
		_, err = s.LinkArtifact(ctx, metadata.Link{ArtifactID: a.ID, Entity: name, Project: "p", Portfolio: "best"})
		ok(err)
		gone := logVersion(t, s, name, "data", "four")
		_, err = s.DeleteArtifact(ctx, gone.ID, true)
		ok(err)
		_, err = s.CreateArtifact(ctx, metadata.NewArtifact{Entity: name, Project: "p", Type: "t", Sequence: "data", Digest: "pending", Tags: []string{"new"}})
		ok(err)
		logVersion(t, s, name, "empty", "five")
		c, err := s.Collection(ctx, run.ProjectID, "", "empty")
		ok(err)
		_, err = s.DeleteCollection(ctx, c.ID)
		ok(err)
	}
	ok(s.Close())
	b, err := os.ReadFile(s.path)
	ok(err)
	samples.file = string(b)
	return samples.file
}

func keyOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

func logVersion(t testing.TB, s *Store, entity, sequence, content string) metadata.Artifact {
	t.Helper()
	a, err := logTo(t.Context(), s, entity, sequence, content)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// logTo logs a version with one file.
func logTo(ctx context.Context, s *Store, entity, sequence, content string) (metadata.Artifact, error) {
	a, err := s.CreateArtifact(ctx, metadata.NewArtifact{Entity: entity, Project: "p", Type: "t", Sequence: sequence, Digest: content, RunName: "run", Tags: []string{"new"}})
	if err != nil {
		return a, err
	}
	if err := s.RecordFile(ctx, metadata.StoredFile{ArtifactID: a.ID, Digest: content, MD5: content, Key: keyOf(content), Size: int64(len(content))}); err != nil {
		return a, err
	}
	return s.CommitArtifact(ctx, metadata.Commit{ArtifactID: a.ID, ManifestKey: keyOf("m" + content), ManifestSize: 3, ManifestDigest: "m",
		Files: []metadata.File{{Path: "data.txt", Digest: content, BirthArtifactID: a.ID}, {Path: "far", Digest: "etag", Ref: "s3://bucket/far", Size: 5}}})
}

func problems(t *testing.T, s *Store) []string {
	t.Helper()
	var found []string
	if err := s.Check(t.Context(), func(p string) { found = append(found, p) }); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestCheckFindsNothingInAWholeRegistry(t *testing.T) {
	for _, p := range problems(t, sample(t)) {
		t.Error(p)
	}
}

// TestCheckFindsDamage plants each kind of damage and wants it reported, and
// nothing else with it unless that is damaged too.
func TestCheckFindsDamage(t *testing.T) {
	const first = `(SELECT min(id) FROM artifacts)`
	for want, damage := range map[string][]string{
		"v0 (artifact 1) is committed, but":              {`DELETE FROM aliases`, `UPDATE memberships SET removed_at = 1 WHERE artifact_id = ` + first},
		"data:v0 is artifact 1, which is DELETED":        {`UPDATE artifacts SET state = 'DELETED' WHERE id = ` + first},
		"the deleted collection 1 (ann/p/data) still":    {`UPDATE collections SET state = 'DELETED' WHERE id = 1`},
		"artifact 1 of the deleted collection 1":         {`UPDATE collections SET state = 'DELETED' WHERE id = 1`},
		"would give out v2 next":                         {`UPDATE collections SET next_version = 2, version_count = 2 WHERE id = 1`},
		"would give out v9 next":                         {`UPDATE collections SET next_version = 9 WHERE id = 1`},
		"says that it holds 1 versions, but holds 3":     {`UPDATE collections SET version_count = 1 WHERE id = 1`},
		"is sorted by another time":                      {`UPDATE memberships SET artifact_created_at = 1 WHERE id = 1`},
		"which belongs to another one":                   {`UPDATE artifacts SET sequence_id = 2, version_index = 77 WHERE id = ` + first},
		"ann/p/data:latest points into another":          {`UPDATE aliases SET membership_id = (SELECT max(id) FROM memberships) WHERE alias = 'latest' AND collection_id = 1`},
		"ann/p/data:latest points at v3, which is not":   {`UPDATE aliases SET membership_id = (SELECT id FROM memberships WHERE collection_id = 1 AND removed_at IS NOT NULL) WHERE alias = 'latest' AND collection_id = 1`},
		"has the tag hot of another project":             {`UPDATE tags SET project_id = 2, name = 'hot' WHERE id = (SELECT tag_id FROM collection_tags WHERE collection_id = 1) AND 0`, `INSERT INTO collection_tags SELECT 1, id FROM tags WHERE project_id = 2 AND name = 'hot'`},
		"artifact 1 of ann/p/data has the tag hot":       {`INSERT INTO artifact_tags SELECT 1, id FROM tags WHERE project_id = 2 AND name = 'hot'`},
		"ann/p protects the alias best, and is no":       {`INSERT INTO protected_aliases SELECT project_id, 'best' FROM collections WHERE id = 1`},
		"has the artifact type t of another project":     {`UPDATE collections SET type_id = (SELECT max(id) FROM artifact_types) WHERE id = 1`},
		`lists "data.txt", whose bytes artifact 1 did`:   {`DELETE FROM stored_files WHERE artifact_id = 1`},
		`v1 lists "data.txt", whose bytes artifact 2`:    {`UPDATE files SET key = zeroblob(32) WHERE artifact_id = 2 AND ref IS NULL`},
		`lists "data.txt" with bytes of another entity`:  {`UPDATE files SET (birth_artifact_id, digest, key, size) = (SELECT artifact_id, digest, key, size FROM stored_files WHERE entity_id = 2 LIMIT 1) WHERE artifact_id = 1 AND ref IS NULL`},
		"stored are filed under another entity":          {`UPDATE stored_files SET entity_id = 2 WHERE artifact_id = 1`},
		"should have 2 files of 8 bytes, but lists 1":    {`DELETE FROM files WHERE artifact_id = 1 AND ref IS NOT NULL`},
		"should have 2 files of 9 bytes, but lists 2":    {`UPDATE artifacts SET size = 9 WHERE id = 1`},
		"lists files though it was never committed":      {`UPDATE files SET artifact_id = (SELECT id FROM artifacts WHERE state = 'PENDING' LIMIT 1) WHERE artifact_id = 1`},
		"data:v0 has no manifest to serve":               {`UPDATE manifests SET key = NULL WHERE artifact_id = 1`},
		"data:v1 has no manifest to serve":               {`DELETE FROM manifests WHERE artifact_id = 2`},
		"which was never committed":                      {`UPDATE run_artifacts SET artifact_id = (SELECT id FROM artifacts WHERE state = 'PENDING' LIMIT 1) WHERE id = 1`},
		"has 1 lines, but holds line 1":                  {`UPDATE run_streams SET lines = 1 WHERE id = 1`},
		"owns the entity ann, which is not theirs":       {`UPDATE users SET username = 'bob' WHERE id = 1`},
		"is deleted, but no deletion says so":            {`UPDATE artifacts SET deletion_id = NULL WHERE state = 'DELETED' AND sequence_id = 1`},
		"says that it is deleted":                        {`UPDATE artifacts SET deletion_id = 1 WHERE id = 1`},
		"is DELETED, which its deletion does not say":    {`UPDATE collections SET deletion_id = NULL WHERE state = 'DELETED'`},
		"says that it was taken out":                     {`UPDATE memberships SET deletion_id = 1 WHERE id = 1`},
		"was collected, but is not deleted for good":     {`UPDATE artifacts SET collected_at = 1 WHERE state = 'DELETED' AND sequence_id = 1`},
		"was collected, but still lists files":           {`UPDATE artifacts SET collected_at = 1 WHERE state = 'DELETED' AND sequence_id = 1`},
		"brought, which nothing would keep":              {`UPDATE files SET (birth_artifact_id, digest, key, size) = (SELECT artifact_id, digest, key, size FROM stored_files WHERE artifact_id = 2 LIMIT 1) WHERE artifact_id = 1 AND ref IS NULL`},
		"between versions that are not of its":           {`UPDATE alias_moves SET from_membership = (SELECT max(id) FROM memberships) WHERE id = 2`},
		"ann/p/data:latest is not where its last move":   {`UPDATE aliases SET membership_id = 1 WHERE alias = 'latest' AND collection_id = 1`},
		"no move says how the alias ann/p/data:latest":   {`DELETE FROM alias_moves WHERE collection_id = 1`},
		"audit entry 1 is by user 99, who is not":        {`UPDATE audit_log SET user_id = 99 WHERE id = 1`},
		"of table manifests belongs to something in":     {`UPDATE manifests SET artifact_id = 999 WHERE artifact_id = 1`},
		"a row of table files belongs to something":      {`UPDATE files SET artifact_id = 999 WHERE artifact_id = 1`},
		"the index memberships_by_version is missing":    {`DROP INDEX memberships_by_version`},
		"the table strangers does not belong":            {`CREATE TABLE strangers (x)`},
		"the index files_new does not belong":            {`CREATE INDEX files_new ON files (size)`},
		"the index user_keys_user is not defined as":     {`DROP INDEX user_keys_user`, `CREATE INDEX user_keys_user ON user_keys (created_at)`},
		"the database file is damaged: CHECK constraint": {`PRAGMA ignore_check_constraints = on`, `UPDATE artifacts SET metadata = '{' WHERE id = 1`},
		"the database file is damaged: NULL value in":    {`PRAGMA writable_schema = on`, `UPDATE sqlite_schema SET sql = replace(sql, 'used_as     TEXT NOT NULL', 'used_as     TEXT') WHERE name = 'run_artifacts'`, `PRAGMA writable_schema = reset`, `UPDATE run_artifacts SET used_as = NULL WHERE id = 1`, `PRAGMA writable_schema = on`, `UPDATE sqlite_schema SET sql = replace(sql, 'used_as     TEXT', 'used_as     TEXT NOT NULL') WHERE name = 'run_artifacts'`, `PRAGMA writable_schema = reset`},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			s := sample(t)
			for _, q := range append([]string{`PRAGMA foreign_keys = off`}, damage...) {
				if _, err := s.conn.ExecContext(t.Context(), q); err != nil {
					t.Fatalf("%s: %v", q, err)
				}
			}
			found := problems(t, s)
			if !strings.Contains(strings.Join(found, "\n"), want) {
				t.Errorf("not reported; reported were:\n%s", strings.Join(found, "\n"))
			}
			t.Logf("reported:\n%s", strings.Join(found, "\n"))
		})
	}
}

// TestCheckFindsDamagedPages overwrites pages of the file, one after the other.
func TestCheckFindsDamagedPages(t *testing.T) {
	s := sample(t)
	path := s.path
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	found := 0
	for at := page; at < len(whole); at += page {
		broken := append([]byte{}, whole...)
		for i := range page {
			broken[at+i] ^= 0x5a
		}
		copied := filepath.Join(t.TempDir(), "metadata.db")
		if err := os.WriteFile(copied, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), copied, Options{})
		if err != nil {
			if metadata.KindOf(err) != metadata.KindCorrupt {
				t.Errorf("page %d: opening fails with %s: %v", at/page, metadata.KindOf(err), err)
			}
			found++
			continue
		}
		if len(problems(t, s)) > 0 {
			found++
		} else {
			t.Errorf("damage of page %d is not found", at/page)
		}
		s.Close()
	}
	if found < 20 {
		t.Errorf("only %d damaged pages were tried", found)
	}
}

func TestCheckEndsWithItsContext(t *testing.T) {
	s := sample(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Check(ctx, func(string) {}); metadata.KindOf(err) != metadata.KindCanceled {
		t.Errorf("got %v, want CANCELED", err)
	}
}
