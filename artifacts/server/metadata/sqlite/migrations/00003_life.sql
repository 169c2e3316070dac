-- What becomes of versions in time: when they expire, what was deleted and can
-- be restored, which version an alias named when, and who changed what.
--
-- Users are never removed, nor are deletions and memberships: where a column
-- names one without a foreign key, an index for that key would cost each commit
-- more than it is worth. The checker looks at these columns instead.

-- +goose Up

PRAGMA user_version = 3;

-- The time to live, from their creation, of versions that have none of their own.
ALTER TABLE entities ADD COLUMN ttl_seconds INTEGER CHECK (ttl_seconds > 0);

-- Acts of deleting a version, a collection with all that is in it, or an upload
-- that came to nothing. What is neither restored nor collected can be restored.
CREATE TABLE deletions (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  kind          TEXT NOT NULL CHECK (kind IN ('VERSION', 'COLLECTION', 'UPLOAD')),
  project_id    INTEGER NOT NULL REFERENCES projects (id),
  collection_id INTEGER NOT NULL REFERENCES collections (id),
  artifact_id   INTEGER REFERENCES artifacts (id),
  cause         TEXT NOT NULL CHECK (cause IN ('DELETED', 'EXPIRED', 'ABANDONED')),
  user_id       INTEGER,
  actor         TEXT NOT NULL,
  reason        TEXT NOT NULL,
  versions      INTEGER NOT NULL CHECK (versions >= 0),
  size          INTEGER NOT NULL CHECK (size >= 0),
  deleted_at    INTEGER NOT NULL,
  restored_at   INTEGER,
  collected_at  INTEGER,
  CHECK ((kind = 'COLLECTION') = (artifact_id IS NULL)),
  CHECK (restored_at IS NULL OR collected_at IS NULL)
) STRICT;
CREATE INDEX deletions_open ON deletions (project_id, id) WHERE restored_at IS NULL AND collected_at IS NULL;
CREATE INDEX deletions_due ON deletions (deleted_at) WHERE restored_at IS NULL AND collected_at IS NULL;
CREATE INDEX deletions_project ON deletions (project_id);
CREATE INDEX deletions_collection ON deletions (collection_id);
CREATE INDEX deletions_artifact ON deletions (artifact_id) WHERE artifact_id IS NOT NULL;

-- expires_at is when the time to live of a committed version ends, kept so that
-- finding what has expired is one search. deletion_id is the act that deleted
-- it. The contents of a collected version are gone; its number stays.
ALTER TABLE artifacts ADD COLUMN expires_at INTEGER;
ALTER TABLE artifacts ADD COLUMN deletion_id INTEGER;
ALTER TABLE artifacts ADD COLUMN collected_at INTEGER;
CREATE INDEX artifacts_expiring ON artifacts (expires_at) WHERE state = 'COMMITTED' AND expires_at IS NOT NULL;
CREATE INDEX artifacts_uncollected ON artifacts (deletion_id) WHERE deletion_id IS NOT NULL AND collected_at IS NULL;

ALTER TABLE collections ADD COLUMN deletion_id INTEGER REFERENCES deletions (id);
CREATE INDEX collections_deletion ON collections (deletion_id) WHERE deletion_id IS NOT NULL;

-- The act that took the version out of the collection; null where it was unlinked.
ALTER TABLE memberships ADD COLUMN deletion_id INTEGER REFERENCES deletions (id);
CREATE INDEX memberships_deletion ON memberships (deletion_id) WHERE deletion_id IS NOT NULL;

-- Every move of an alias. from_membership is null where no version had it
-- before, to_membership where none has it afterwards. 'begin' stands for what was
-- so when the keeping of moves began.
CREATE TABLE alias_moves (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  collection_id   INTEGER NOT NULL REFERENCES collections (id),
  alias           TEXT NOT NULL,
  from_membership INTEGER,
  to_membership   INTEGER,
  moved_at        INTEGER NOT NULL,
  operation       TEXT NOT NULL,
  user_id         INTEGER,
  actor           TEXT NOT NULL,
  reason          TEXT NOT NULL,
  deletion_id     INTEGER REFERENCES deletions (id)
) STRICT;
CREATE INDEX alias_moves_by_alias ON alias_moves (collection_id, alias, id);
CREATE INDEX alias_moves_by_collection ON alias_moves (collection_id, id);
CREATE INDEX alias_moves_deletion ON alias_moves (deletion_id) WHERE deletion_id IS NOT NULL;

-- Which versions list files whose bytes another version brought: those bytes
-- outlive it. (An index on files.birth_artifact_id would say the same and be as
-- large as the table.)
CREATE TABLE borrowings (
  birth_artifact_id INTEGER NOT NULL REFERENCES artifacts (id),
  artifact_id       INTEGER NOT NULL REFERENCES artifacts (id),
  PRIMARY KEY (birth_artifact_id, artifact_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX borrowings_by_artifact ON borrowings (artifact_id);

-- Who changed what, and why. subject is entity/project/collection:version, or
-- as much of it as there is.
CREATE TABLE audit_log (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  entity_id  INTEGER NOT NULL REFERENCES entities (id),
  logged_at  INTEGER NOT NULL,
  user_id    INTEGER,
  actor      TEXT NOT NULL,
  operation  TEXT NOT NULL,
  subject    TEXT NOT NULL,
  details    TEXT NOT NULL,
  reason     TEXT NOT NULL
) STRICT;
CREATE INDEX audit_log_by_entity ON audit_log (entity_id, id);

-- What older formats did not say is taken from what they did.

INSERT INTO borrowings (birth_artifact_id, artifact_id)
  SELECT DISTINCT birth_artifact_id, artifact_id FROM files WHERE birth_artifact_id <> artifact_id;

UPDATE artifacts SET expires_at = created_at + min(ttl_seconds, 10000000000) * 1000000
  WHERE state = 'COMMITTED' AND ttl_seconds > 0 AND NOT EXISTS (
    SELECT 1 FROM memberships m JOIN collections c ON c.id = m.collection_id JOIN projects p ON p.id = c.project_id
    WHERE m.artifact_id = artifacts.id AND m.removed_at IS NULL AND p.name LIKE 'wandb-registry-%');

INSERT INTO alias_moves (collection_id, alias, to_membership, moved_at, operation, actor, reason)
  SELECT collection_id, alias, membership_id, CAST(unixepoch('subsec') * 1000000 AS INTEGER), 'begin', '', '' FROM aliases ORDER BY id;

INSERT INTO deletions (kind, project_id, collection_id, cause, actor, reason, versions, size, deleted_at)
  SELECT 'COLLECTION', c.project_id, c.id, 'DELETED', '', '',
    (SELECT count(*) FROM artifacts a WHERE a.sequence_id = c.id AND a.version_index IS NOT NULL AND a.updated_at = c.updated_at),
    (SELECT coalesce(sum(a.size), 0) FROM artifacts a WHERE a.sequence_id = c.id AND a.version_index IS NOT NULL AND a.updated_at = c.updated_at),
    c.updated_at
  FROM collections c WHERE c.state = 'DELETED';
UPDATE collections SET deletion_id = (SELECT d.id FROM deletions d WHERE d.collection_id = collections.id) WHERE state = 'DELETED';
UPDATE artifacts SET deletion_id = (SELECT c.deletion_id FROM collections c WHERE c.id = artifacts.sequence_id AND c.updated_at = artifacts.updated_at)
  WHERE state = 'DELETED';

INSERT INTO deletions (kind, project_id, collection_id, artifact_id, cause, actor, reason, versions, size, deleted_at)
  SELECT iif(a.version_index IS NULL, 'UPLOAD', 'VERSION'), c.project_id, c.id, a.id, 'DELETED', '', '', 1, a.size, a.updated_at
  FROM artifacts a JOIN collections c ON c.id = a.sequence_id WHERE a.state = 'DELETED' AND a.deletion_id IS NULL;
UPDATE artifacts SET deletion_id = (SELECT d.id FROM deletions d WHERE d.artifact_id = artifacts.id) WHERE state = 'DELETED' AND deletion_id IS NULL;

UPDATE memberships SET deletion_id = coalesce(
    (SELECT a.deletion_id FROM artifacts a WHERE a.id = memberships.artifact_id AND a.updated_at = memberships.removed_at),
    (SELECT c.deletion_id FROM collections c WHERE c.id = memberships.collection_id AND c.updated_at = memberships.removed_at))
  WHERE removed_at IS NOT NULL;
