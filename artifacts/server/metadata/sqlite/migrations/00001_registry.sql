-- The registry's metadata. Times are microseconds since 1970 in UTC; digests of
-- blobs ("key") are the 32 bytes of a SHA-256. Ids are never given out twice
-- (AUTOINCREMENT): clients keep them, and a reused id would name another thing.

-- +goose Up

-- The number of the newest migration, readable from the file's header.
PRAGMA user_version = 1;

CREATE TABLE entities (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT NOT NULL UNIQUE,
  kind       TEXT NOT NULL CHECK (kind IN ('USER', 'TEAM', 'ORGANIZATION')),
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  entity_id  INTEGER NOT NULL UNIQUE REFERENCES entities (id),
  username   TEXT NOT NULL UNIQUE,
  email      TEXT NOT NULL,
  admin      INTEGER NOT NULL CHECK (admin IN (0, 1)),
  created_at INTEGER NOT NULL
) STRICT;

-- Keys themselves are never stored.
CREATE TABLE user_keys (
  sha256     BLOB NOT NULL PRIMARY KEY CHECK (length(sha256) = 32),
  user_id    INTEGER NOT NULL REFERENCES users (id),
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX user_keys_user ON user_keys (user_id);

CREATE TABLE team_members (
  user_id   INTEGER NOT NULL REFERENCES users (id),
  entity_id INTEGER NOT NULL REFERENCES entities (id),
  PRIMARY KEY (user_id, entity_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX team_members_entity ON team_members (entity_id);

CREATE TABLE projects (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  entity_id   INTEGER NOT NULL REFERENCES entities (id),
  name        TEXT NOT NULL,
  description TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL,
  UNIQUE (entity_id, name)
) STRICT;
CREATE INDEX projects_by_id ON projects (entity_id, id);

CREATE TABLE runs (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id      INTEGER NOT NULL REFERENCES projects (id),
  user_id         INTEGER REFERENCES users (id),
  name            TEXT NOT NULL,
  display_name    TEXT NOT NULL,
  description     TEXT NOT NULL,
  notes           TEXT NOT NULL,
  run_group       TEXT NOT NULL,
  job_type        TEXT NOT NULL,
  sweep           TEXT NOT NULL,
  state           TEXT NOT NULL,
  host            TEXT NOT NULL,
  program         TEXT NOT NULL,
  repo            TEXT NOT NULL,
  commit_hash     TEXT NOT NULL,
  tags            TEXT NOT NULL CHECK (json_valid(tags)),
  config          TEXT NOT NULL CHECK (json_valid(config)),
  summary_metrics TEXT NOT NULL CHECK (json_valid(summary_metrics)),
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER NOT NULL,
  heartbeat_at    INTEGER NOT NULL,
  UNIQUE (project_id, name)
) STRICT;
CREATE INDEX runs_by_created_at ON runs (project_id, created_at, id);
CREATE INDEX runs_user ON runs (user_id);

-- lines is one past the highest line stored, so that it need not be counted.
CREATE TABLE run_streams (
  id     INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES runs (id),
  name   TEXT NOT NULL,
  lines  INTEGER NOT NULL,
  UNIQUE (run_id, name)
) STRICT;

CREATE TABLE run_lines (
  stream_id INTEGER NOT NULL REFERENCES run_streams (id),
  line      INTEGER NOT NULL CHECK (line >= 0),
  text      TEXT NOT NULL,
  PRIMARY KEY (stream_id, line)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_files (
  run_id     INTEGER NOT NULL REFERENCES runs (id),
  name       TEXT NOT NULL,
  key        BLOB NOT NULL CHECK (length(key) = 32),
  md5        TEXT NOT NULL,
  size       INTEGER NOT NULL CHECK (size >= 0),
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (run_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE artifact_types (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id  INTEGER NOT NULL REFERENCES projects (id),
  name        TEXT NOT NULL,
  description TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  UNIQUE (project_id, name)
) STRICT;

-- next_version is the number the next version gets. version_count is how many
-- versions the collection holds now, kept so that a page that wants the total
-- does not count a million rows.
CREATE TABLE collections (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id    INTEGER NOT NULL REFERENCES projects (id),
  type_id       INTEGER NOT NULL REFERENCES artifact_types (id),
  kind          TEXT NOT NULL CHECK (kind IN ('SEQUENCE', 'PORTFOLIO')),
  name          TEXT NOT NULL,
  description   TEXT,
  state         TEXT NOT NULL CHECK (state IN ('READY', 'DELETED')),
  next_version  INTEGER NOT NULL DEFAULT 0 CHECK (next_version >= 0),
  version_count INTEGER NOT NULL DEFAULT 0 CHECK (version_count BETWEEN 0 AND next_version),
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX collections_by_name ON collections (project_id, name) WHERE state = 'READY';
CREATE INDEX collections_by_id ON collections (project_id, state, id);
CREATE INDEX collections_by_type ON collections (type_id, state, id);
CREATE INDEX collections_by_created_at ON collections (project_id, state, created_at, id);

-- A version's type is its sequence's, so that moving a sequence is one row.
CREATE TABLE artifacts (
  id                 INTEGER PRIMARY KEY AUTOINCREMENT,
  sequence_id        INTEGER NOT NULL REFERENCES collections (id),
  version_index      INTEGER CHECK (version_index >= 0),
  state              TEXT NOT NULL CHECK (state IN ('PENDING', 'COMMITTED', 'DELETED')),
  digest             TEXT NOT NULL,
  description        TEXT,
  metadata           TEXT CHECK (metadata IS NULL OR json_valid(metadata)),
  ttl_seconds        INTEGER,
  history_step       INTEGER,
  commit_hash        TEXT NOT NULL,
  size               INTEGER NOT NULL DEFAULT 0 CHECK (size >= 0),
  file_count         INTEGER NOT NULL DEFAULT 0 CHECK (file_count >= 0),
  run_id             INTEGER REFERENCES runs (id),
  user_id            INTEGER REFERENCES users (id),
  distributed_id     TEXT NOT NULL,
  sequence_client_id TEXT NOT NULL,
  pending_aliases    TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(pending_aliases)),
  created_at         INTEGER NOT NULL,
  updated_at         INTEGER NOT NULL,
  CHECK (state <> 'COMMITTED' OR version_index IS NOT NULL),
  CHECK (state <> 'PENDING' OR version_index IS NULL)
) STRICT;
CREATE UNIQUE INDEX artifacts_by_version ON artifacts (sequence_id, version_index);
CREATE INDEX artifacts_by_digest ON artifacts (sequence_id, digest, version_index) WHERE state = 'COMMITTED';
CREATE UNIQUE INDEX artifacts_by_distributed_id ON artifacts (sequence_id, distributed_id)
  WHERE state = 'PENDING' AND distributed_id <> '';
CREATE INDEX artifacts_pending ON artifacts (sequence_id) WHERE state = 'PENDING';
CREATE INDEX artifacts_run ON artifacts (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX artifacts_user ON artifacts (user_id) WHERE user_id IS NOT NULL;

-- The ids that clients make up before they know ours.
CREATE TABLE client_ids (
  client_id   TEXT NOT NULL PRIMARY KEY,
  artifact_id INTEGER NOT NULL REFERENCES artifacts (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX client_ids_artifact ON client_ids (artifact_id);

-- A version's place in a collection. Rows stay when the version is taken out
-- (removed_at): they say which number a version had.
-- artifact_created_at repeats artifacts.created_at, which never changes, so
-- that pages in that order come from an index.
CREATE TABLE memberships (
  id                  INTEGER PRIMARY KEY AUTOINCREMENT,
  collection_id       INTEGER NOT NULL REFERENCES collections (id),
  artifact_id         INTEGER NOT NULL REFERENCES artifacts (id),
  version_index       INTEGER NOT NULL CHECK (version_index >= 0),
  artifact_created_at INTEGER NOT NULL,
  created_at          INTEGER NOT NULL,
  removed_at          INTEGER,
  UNIQUE (collection_id, version_index)
) STRICT;
CREATE INDEX memberships_by_version ON memberships (collection_id, removed_at, version_index, id);
CREATE INDEX memberships_by_created_at ON memberships (collection_id, removed_at, artifact_created_at, id);
CREATE UNIQUE INDEX memberships_by_artifact ON memberships (artifact_id, collection_id) WHERE removed_at IS NULL;
CREATE INDEX memberships_artifact ON memberships (artifact_id);

CREATE TABLE aliases (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  collection_id INTEGER NOT NULL REFERENCES collections (id),
  alias         TEXT NOT NULL,
  membership_id INTEGER NOT NULL REFERENCES memberships (id),
  UNIQUE (collection_id, alias)
) STRICT;
CREATE INDEX aliases_by_membership ON aliases (membership_id, alias);

CREATE TABLE tags (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id INTEGER NOT NULL REFERENCES projects (id),
  name       TEXT NOT NULL,
  UNIQUE (project_id, name)
) STRICT;

CREATE TABLE collection_tags (
  collection_id INTEGER NOT NULL REFERENCES collections (id),
  tag_id        INTEGER NOT NULL REFERENCES tags (id),
  PRIMARY KEY (collection_id, tag_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX collection_tags_tag ON collection_tags (tag_id);

CREATE TABLE artifact_tags (
  artifact_id INTEGER NOT NULL REFERENCES artifacts (id),
  tag_id      INTEGER NOT NULL REFERENCES tags (id),
  PRIMARY KEY (artifact_id, tag_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX artifact_tags_tag ON artifact_tags (tag_id);

-- The last manifest of an artifact is its current one. key is NULL until the
-- manifest's bytes are durable.
CREATE TABLE manifests (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  artifact_id      INTEGER NOT NULL REFERENCES artifacts (id),
  type             TEXT NOT NULL CHECK (type IN ('FULL', 'PATCH', 'INCREMENTAL')),
  name             TEXT NOT NULL,
  digest           TEXT NOT NULL,
  base_artifact_id INTEGER REFERENCES artifacts (id),
  key              BLOB CHECK (key IS NULL OR length(key) = 32),
  size             INTEGER NOT NULL DEFAULT 0 CHECK (size >= 0),
  created_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX manifests_by_artifact ON manifests (artifact_id, id);
CREATE INDEX manifests_base ON manifests (base_artifact_id) WHERE base_artifact_id IS NOT NULL;

-- What committed manifests list. References have neither key nor birth artifact.
-- birth_artifact_id comes from stored_files and has no foreign key of its own,
-- which would take an index as large as the table.
CREATE TABLE files (
  artifact_id       INTEGER NOT NULL REFERENCES artifacts (id),
  path              TEXT NOT NULL,
  digest            TEXT NOT NULL,
  size              INTEGER NOT NULL CHECK (size >= 0),
  ref               TEXT,
  birth_artifact_id INTEGER,
  key               BLOB CHECK (key IS NULL OR length(key) = 32),
  extra             TEXT,
  PRIMARY KEY (artifact_id, path),
  CHECK ((ref IS NULL) = (key IS NOT NULL) AND (ref IS NULL) = (birth_artifact_id IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- Bytes that artifacts have brought, whether or not they were committed. The
-- entity stands here so that looking bytes up by digest never leaves it.
CREATE TABLE stored_files (
  artifact_id INTEGER NOT NULL REFERENCES artifacts (id),
  digest      TEXT NOT NULL,
  entity_id   INTEGER NOT NULL REFERENCES entities (id),
  md5         TEXT NOT NULL,
  key         BLOB NOT NULL CHECK (length(key) = 32),
  size        INTEGER NOT NULL CHECK (size >= 0),
  PRIMARY KEY (artifact_id, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX stored_files_by_digest ON stored_files (entity_id, digest, artifact_id);

-- What runs wrote (OUTPUT) and read (INPUT), in the order of the ids.
CREATE TABLE run_artifacts (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id      INTEGER NOT NULL REFERENCES runs (id),
  direction   TEXT NOT NULL CHECK (direction IN ('OUTPUT', 'INPUT')),
  artifact_id INTEGER NOT NULL REFERENCES artifacts (id),
  used_as     TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  UNIQUE (run_id, direction, artifact_id)
) STRICT;
CREATE INDEX run_artifacts_by_run ON run_artifacts (run_id, direction, id);
CREATE INDEX run_artifacts_by_artifact ON run_artifacts (artifact_id, direction, id);
