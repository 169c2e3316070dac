BEGIN TRANSACTION;
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
INSERT INTO "alias_moves" VALUES(1,1,'latest',NULL,1,1795845499991239,'commitArtifact',NULL,'','',NULL);
INSERT INTO "alias_moves" VALUES(2,1,'latest',1,2,1795845499995951,'commitArtifact',NULL,'','',NULL);
INSERT INTO "alias_moves" VALUES(3,1,'latest',2,3,1795845499998218,'commitArtifact',NULL,'','',NULL);
INSERT INTO "alias_moves" VALUES(4,2,'latest',NULL,4,1795845499999878,'linkArtifact',NULL,'','',NULL);
INSERT INTO "alias_moves" VALUES(5,1,'latest',3,5,1795845500002489,'commitArtifact',NULL,'','',NULL);
INSERT INTO "alias_moves" VALUES(6,1,'latest',5,3,1795845500004154,'deleteArtifact',NULL,'','',1);
INSERT INTO "alias_moves" VALUES(7,3,'latest',NULL,6,1795845500009797,'commitArtifact',NULL,'','',NULL);
INSERT INTO "alias_moves" VALUES(8,3,'latest',6,NULL,1795845500012184,'deleteArtifactCollection',NULL,'','',2);
INSERT INTO "alias_moves" VALUES(9,4,'latest',NULL,7,1795845500023965,'commitArtifact',NULL,'','',NULL);
INSERT INTO "alias_moves" VALUES(10,4,'latest',7,8,1795845500029497,'commitArtifact',NULL,'','',NULL);
INSERT INTO "alias_moves" VALUES(11,4,'latest',8,9,1795845500040359,'commitArtifact',NULL,'','',NULL);
INSERT INTO "alias_moves" VALUES(12,5,'latest',NULL,10,1795845500044450,'linkArtifact',NULL,'','',NULL);
INSERT INTO "alias_moves" VALUES(13,4,'latest',9,11,1795845500048418,'commitArtifact',NULL,'','',NULL);
INSERT INTO "alias_moves" VALUES(14,4,'latest',11,9,1795845500051217,'deleteArtifact',NULL,'','',3);
INSERT INTO "alias_moves" VALUES(15,6,'latest',NULL,12,1795845500061433,'commitArtifact',NULL,'','',NULL);
INSERT INTO "alias_moves" VALUES(16,6,'latest',12,NULL,1795845500062672,'deleteArtifactCollection',NULL,'','',4);
INSERT INTO "alias_moves" VALUES(17,7,'latest',NULL,13,1795845500100846,'linkArtifact',NULL,'','',NULL);
INSERT INTO "alias_moves" VALUES(18,7,'production',NULL,13,1795845500100846,'linkArtifact',NULL,'','',NULL);
CREATE TABLE aliases (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  collection_id INTEGER NOT NULL REFERENCES collections (id),
  alias         TEXT NOT NULL,
  membership_id INTEGER NOT NULL REFERENCES memberships (id),
  UNIQUE (collection_id, alias)
) STRICT;
INSERT INTO "aliases" VALUES(1,1,'latest',3);
INSERT INTO "aliases" VALUES(4,2,'latest',4);
INSERT INTO "aliases" VALUES(8,4,'latest',9);
INSERT INTO "aliases" VALUES(11,5,'latest',10);
INSERT INTO "aliases" VALUES(15,7,'latest',13);
INSERT INTO "aliases" VALUES(16,7,'production',13);
CREATE TABLE artifact_tags (
  artifact_id INTEGER NOT NULL REFERENCES artifacts (id),
  tag_id      INTEGER NOT NULL REFERENCES tags (id),
  PRIMARY KEY (artifact_id, tag_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "artifact_tags" VALUES(1,1);
INSERT INTO "artifact_tags" VALUES(2,1);
INSERT INTO "artifact_tags" VALUES(3,1);
INSERT INTO "artifact_tags" VALUES(4,1);
INSERT INTO "artifact_tags" VALUES(5,1);
INSERT INTO "artifact_tags" VALUES(6,1);
INSERT INTO "artifact_tags" VALUES(7,3);
INSERT INTO "artifact_tags" VALUES(8,3);
INSERT INTO "artifact_tags" VALUES(9,3);
INSERT INTO "artifact_tags" VALUES(10,3);
INSERT INTO "artifact_tags" VALUES(11,3);
INSERT INTO "artifact_tags" VALUES(12,3);
CREATE TABLE artifact_types (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id  INTEGER NOT NULL REFERENCES projects (id),
  name        TEXT NOT NULL,
  description TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  UNIQUE (project_id, name)
) STRICT;
INSERT INTO "artifact_types" VALUES(1,1,'t','',1795845499987605);
INSERT INTO "artifact_types" VALUES(2,2,'t','',1795845500018968);
INSERT INTO "artifact_types" VALUES(3,3,'t','',1795845500100846);
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
  updated_at         INTEGER NOT NULL, expires_at INTEGER, deletion_id INTEGER, collected_at INTEGER,
  CHECK (state <> 'COMMITTED' OR version_index IS NOT NULL),
  CHECK (state <> 'PENDING' OR version_index IS NULL)
) STRICT;
INSERT INTO "artifacts" VALUES(1,1,0,'COMMITTED','one',NULL,NULL,NULL,NULL,'',8,2,1,NULL,'','','[]',1795845499987605,1795845499991239,NULL,NULL,NULL);
INSERT INTO "artifacts" VALUES(2,1,1,'COMMITTED','two',NULL,NULL,NULL,NULL,'',8,2,1,NULL,'','','[]',1795845499993927,1795845499995951,NULL,NULL,NULL);
INSERT INTO "artifacts" VALUES(3,1,2,'COMMITTED','three',NULL,NULL,NULL,NULL,'',10,2,1,NULL,'','','[]',1795845499997340,1795845499998218,NULL,NULL,NULL);
INSERT INTO "artifacts" VALUES(4,1,3,'DELETED','four',NULL,NULL,NULL,NULL,'',9,2,1,NULL,'','','[]',1795845500001197,1795845500004154,NULL,1,NULL);
INSERT INTO "artifacts" VALUES(5,1,NULL,'PENDING','pending',NULL,NULL,NULL,NULL,'',0,0,NULL,NULL,'','','[]',1795845500006626,1795845500006626,NULL,NULL,NULL);
INSERT INTO "artifacts" VALUES(6,3,0,'DELETED','five',NULL,NULL,NULL,NULL,'',9,2,1,NULL,'','','[]',1795845500008050,1795845500012184,NULL,2,NULL);
INSERT INTO "artifacts" VALUES(7,4,0,'COMMITTED','one',NULL,NULL,NULL,NULL,'',8,2,2,NULL,'','','[]',1795845500018968,1795845500023965,NULL,NULL,NULL);
INSERT INTO "artifacts" VALUES(8,4,1,'COMMITTED','two',NULL,NULL,NULL,NULL,'',8,2,2,NULL,'','','[]',1795845500024836,1795845500029497,NULL,NULL,NULL);
INSERT INTO "artifacts" VALUES(9,4,2,'COMMITTED','three',NULL,NULL,NULL,NULL,'',10,2,2,NULL,'','','[]',1795845500032800,1795845500040359,NULL,NULL,NULL);
INSERT INTO "artifacts" VALUES(10,4,3,'DELETED','four',NULL,NULL,NULL,NULL,'',9,2,2,NULL,'','','[]',1795845500047171,1795845500051217,NULL,3,NULL);
INSERT INTO "artifacts" VALUES(11,4,NULL,'PENDING','pending',NULL,NULL,NULL,NULL,'',0,0,NULL,NULL,'','','[]',1795845500053223,1795845500053223,NULL,NULL,NULL);
INSERT INTO "artifacts" VALUES(12,6,0,'DELETED','five',NULL,NULL,NULL,NULL,'',9,2,2,NULL,'','','[]',1795845500059765,1795845500062672,NULL,4,NULL);
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
INSERT INTO "audit_log" VALUES(1,1,1795845499982827,NULL,'','createUser','ann','user made','');
INSERT INTO "audit_log" VALUES(2,1,1795845499984828,NULL,'','upsertBucket','ann/p','project made','');
INSERT INTO "audit_log" VALUES(3,1,1795845499991239,NULL,'','commitArtifact','ann/p/data:v0','version logged','');
INSERT INTO "audit_log" VALUES(4,1,1795845499995951,NULL,'','commitArtifact','ann/p/data:v1','version logged','');
INSERT INTO "audit_log" VALUES(5,1,1795845499998218,NULL,'','commitArtifact','ann/p/data:v2','version logged','');
INSERT INTO "audit_log" VALUES(6,1,1795845499999059,NULL,'','createArtifactCollectionTagAssignments','ann/p/data','tags added: hot','');
INSERT INTO "audit_log" VALUES(7,1,1795845499999878,NULL,'','linkArtifact','ann/p/best','linked ann/p/data:v2','');
INSERT INTO "audit_log" VALUES(8,1,1795845500002489,NULL,'','commitArtifact','ann/p/data:v3','version logged','');
INSERT INTO "audit_log" VALUES(9,1,1795845500004154,NULL,'','deleteArtifact','ann/p/data:v3','version deleted','');
INSERT INTO "audit_log" VALUES(10,1,1795845500009797,NULL,'','commitArtifact','ann/p/empty:v0','version logged','');
INSERT INTO "audit_log" VALUES(11,1,1795845500012184,NULL,'','deleteArtifactCollection','ann/p/empty','sequence deleted','');
INSERT INTO "audit_log" VALUES(12,2,1795845500014912,NULL,'','createUser','eve','user made','');
INSERT INTO "audit_log" VALUES(13,2,1795845500015605,NULL,'','upsertBucket','eve/p','project made','');
INSERT INTO "audit_log" VALUES(14,2,1795845500023965,NULL,'','commitArtifact','eve/p/data:v0','version logged','');
INSERT INTO "audit_log" VALUES(15,2,1795845500029497,NULL,'','commitArtifact','eve/p/data:v1','version logged','');
INSERT INTO "audit_log" VALUES(16,2,1795845500040359,NULL,'','commitArtifact','eve/p/data:v2','version logged','');
INSERT INTO "audit_log" VALUES(17,2,1795845500043702,NULL,'','createArtifactCollectionTagAssignments','eve/p/data','tags added: hot','');
INSERT INTO "audit_log" VALUES(18,2,1795845500044450,NULL,'','linkArtifact','eve/p/best','linked eve/p/data:v2','');
INSERT INTO "audit_log" VALUES(19,2,1795845500048418,NULL,'','commitArtifact','eve/p/data:v3','version logged','');
INSERT INTO "audit_log" VALUES(20,2,1795845500051217,NULL,'','deleteArtifact','eve/p/data:v3','version deleted','');
INSERT INTO "audit_log" VALUES(21,2,1795845500061433,NULL,'','commitArtifact','eve/p/empty:v0','version logged','');
INSERT INTO "audit_log" VALUES(22,2,1795845500062672,NULL,'','deleteArtifactCollection','eve/p/empty','sequence deleted','');
INSERT INTO "audit_log" VALUES(23,1,1795845500099009,NULL,'','upsertModel','ann/wandb-registry-models','project made','');
INSERT INTO "audit_log" VALUES(24,1,1795845500099009,NULL,'','upsertModel','ann/wandb-registry-models','project settings','');
INSERT INTO "audit_log" VALUES(25,1,1795845500100846,NULL,'','linkArtifact','ann/wandb-registry-models/shelf','linked ann/p/data:v2','');
CREATE TABLE borrowings (
  birth_artifact_id INTEGER NOT NULL REFERENCES artifacts (id),
  artifact_id       INTEGER NOT NULL REFERENCES artifacts (id),
  PRIMARY KEY (birth_artifact_id, artifact_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE client_ids (
  client_id   TEXT NOT NULL PRIMARY KEY,
  artifact_id INTEGER NOT NULL REFERENCES artifacts (id)
) STRICT, WITHOUT ROWID;
CREATE TABLE collection_tags (
  collection_id INTEGER NOT NULL REFERENCES collections (id),
  tag_id        INTEGER NOT NULL REFERENCES tags (id),
  PRIMARY KEY (collection_id, tag_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "collection_tags" VALUES(1,2);
INSERT INTO "collection_tags" VALUES(4,4);
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
, deletion_id INTEGER REFERENCES deletions (id)) STRICT;
INSERT INTO "collections" VALUES(1,1,1,'SEQUENCE','data',NULL,'READY',4,3,1795845499987605,1795845500004154,NULL);
INSERT INTO "collections" VALUES(2,1,1,'PORTFOLIO','best',NULL,'READY',1,1,1795845499999878,1795845499999878,NULL);
INSERT INTO "collections" VALUES(3,1,1,'SEQUENCE','empty',NULL,'DELETED',1,0,1795845500008050,1795845500012184,2);
INSERT INTO "collections" VALUES(4,2,2,'SEQUENCE','data',NULL,'READY',4,3,1795845500018968,1795845500051217,NULL);
INSERT INTO "collections" VALUES(5,2,2,'PORTFOLIO','best',NULL,'READY',1,1,1795845500044450,1795845500044450,NULL);
INSERT INTO "collections" VALUES(6,2,2,'SEQUENCE','empty',NULL,'DELETED',1,0,1795845500059765,1795845500062672,4);
INSERT INTO "collections" VALUES(7,3,3,'PORTFOLIO','shelf',NULL,'READY',1,1,1795845500100846,1795845500100846,NULL);
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
INSERT INTO "deletions" VALUES(1,'VERSION',1,1,4,'DELETED',NULL,'','',1,9,1795845500004154,NULL,NULL);
INSERT INTO "deletions" VALUES(2,'COLLECTION',1,3,NULL,'DELETED',NULL,'','',1,9,1795845500012184,NULL,NULL);
INSERT INTO "deletions" VALUES(3,'VERSION',2,4,10,'DELETED',NULL,'','',1,9,1795845500051217,NULL,NULL);
INSERT INTO "deletions" VALUES(4,'COLLECTION',2,6,NULL,'DELETED',NULL,'','',1,9,1795845500062672,NULL,NULL);
CREATE TABLE entities (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT NOT NULL UNIQUE,
  kind       TEXT NOT NULL CHECK (kind IN ('USER', 'TEAM', 'ORGANIZATION')),
  created_at INTEGER NOT NULL
, organization_id INTEGER REFERENCES entities (id), ttl_seconds INTEGER CHECK (ttl_seconds > 0)) STRICT;
INSERT INTO "entities" VALUES(1,'ann','USER',1795845499982827,NULL,NULL);
INSERT INTO "entities" VALUES(2,'eve','USER',1795845500014912,NULL,NULL);
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
INSERT INTO "files" VALUES(1,'data.txt','one',3,NULL,1,X'7692C3AD3540BB803C020B3AEE66CD8887123234EA0C6E7143C0ADD73FF431ED',NULL);
INSERT INTO "files" VALUES(1,'far','etag',5,'s3://bucket/far',NULL,NULL,NULL);
INSERT INTO "files" VALUES(2,'data.txt','two',3,NULL,2,X'3FC4CCFE745870E2C0D99F71F30FF0656C8DEDD41CC1D7D3D376B0DBE685E2F3',NULL);
INSERT INTO "files" VALUES(2,'far','etag',5,'s3://bucket/far',NULL,NULL,NULL);
INSERT INTO "files" VALUES(3,'data.txt','three',5,NULL,3,X'8B5B9DB0C13DB24256C829AA364AA90C6D2EBA318B9232A4AB9313B954D3555F',NULL);
INSERT INTO "files" VALUES(3,'far','etag',5,'s3://bucket/far',NULL,NULL,NULL);
INSERT INTO "files" VALUES(4,'data.txt','four',4,NULL,4,X'04EFAF080F5A3E74E1C29D1CA6A48569382CBBCD324E8D59D2B83EF21C039F00',NULL);
INSERT INTO "files" VALUES(4,'far','etag',5,'s3://bucket/far',NULL,NULL,NULL);
INSERT INTO "files" VALUES(6,'data.txt','five',4,NULL,6,X'222B0BD51FCEF7E65C2E62DB2ED65457013BAB56BE6FAFEB19EE11D453153C80',NULL);
INSERT INTO "files" VALUES(6,'far','etag',5,'s3://bucket/far',NULL,NULL,NULL);
INSERT INTO "files" VALUES(7,'data.txt','one',3,NULL,7,X'7692C3AD3540BB803C020B3AEE66CD8887123234EA0C6E7143C0ADD73FF431ED',NULL);
INSERT INTO "files" VALUES(7,'far','etag',5,'s3://bucket/far',NULL,NULL,NULL);
INSERT INTO "files" VALUES(8,'data.txt','two',3,NULL,8,X'3FC4CCFE745870E2C0D99F71F30FF0656C8DEDD41CC1D7D3D376B0DBE685E2F3',NULL);
INSERT INTO "files" VALUES(8,'far','etag',5,'s3://bucket/far',NULL,NULL,NULL);
INSERT INTO "files" VALUES(9,'data.txt','three',5,NULL,9,X'8B5B9DB0C13DB24256C829AA364AA90C6D2EBA318B9232A4AB9313B954D3555F',NULL);
INSERT INTO "files" VALUES(9,'far','etag',5,'s3://bucket/far',NULL,NULL,NULL);
INSERT INTO "files" VALUES(10,'data.txt','four',4,NULL,10,X'04EFAF080F5A3E74E1C29D1CA6A48569382CBBCD324E8D59D2B83EF21C039F00',NULL);
INSERT INTO "files" VALUES(10,'far','etag',5,'s3://bucket/far',NULL,NULL,NULL);
INSERT INTO "files" VALUES(12,'data.txt','five',4,NULL,12,X'222B0BD51FCEF7E65C2E62DB2ED65457013BAB56BE6FAFEB19EE11D453153C80',NULL);
INSERT INTO "files" VALUES(12,'far','etag',5,'s3://bucket/far',NULL,NULL,NULL);
CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);
INSERT INTO "goose_db_version" VALUES(1,0,1,'2026-11-28 05:58:19');
INSERT INTO "goose_db_version" VALUES(2,1,1,'2026-11-28 05:58:19');
INSERT INTO "goose_db_version" VALUES(3,2,1,'2026-11-28 05:58:19');
INSERT INTO "goose_db_version" VALUES(4,3,1,'2026-11-28 05:58:19');
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
INSERT INTO "manifests" VALUES(1,1,'FULL','wandb_manifest.json','m',NULL,X'FA3560E1DFFB3FDDBB5E51B45F4477BCD9CBF18C2EBAA33C6ADED55970493380',3,1795845499991239);
INSERT INTO "manifests" VALUES(2,2,'FULL','wandb_manifest.json','m',NULL,X'A679759D9097E832B10636317A4E70BB5E9ABB83EC1431DF71C44A1FEEDAC87B',3,1795845499995951);
INSERT INTO "manifests" VALUES(3,3,'FULL','wandb_manifest.json','m',NULL,X'AD36A7DC96F87799699940CCF444697BC6D7BB02E6196596E4A70FD34B7CBAF5',3,1795845499998218);
INSERT INTO "manifests" VALUES(4,4,'FULL','wandb_manifest.json','m',NULL,X'EBC51826A3DECB68427FF706261C54C539B5444F3D4279D72956016F1B2FCF43',3,1795845500002489);
INSERT INTO "manifests" VALUES(5,6,'FULL','wandb_manifest.json','m',NULL,X'662609F1193F2A994D67A07D2252C41671D1C5B1179EC58796F766F37E17AC6F',3,1795845500009797);
INSERT INTO "manifests" VALUES(6,7,'FULL','wandb_manifest.json','m',NULL,X'FA3560E1DFFB3FDDBB5E51B45F4477BCD9CBF18C2EBAA33C6ADED55970493380',3,1795845500023965);
INSERT INTO "manifests" VALUES(7,8,'FULL','wandb_manifest.json','m',NULL,X'A679759D9097E832B10636317A4E70BB5E9ABB83EC1431DF71C44A1FEEDAC87B',3,1795845500029497);
INSERT INTO "manifests" VALUES(8,9,'FULL','wandb_manifest.json','m',NULL,X'AD36A7DC96F87799699940CCF444697BC6D7BB02E6196596E4A70FD34B7CBAF5',3,1795845500040359);
INSERT INTO "manifests" VALUES(9,10,'FULL','wandb_manifest.json','m',NULL,X'EBC51826A3DECB68427FF706261C54C539B5444F3D4279D72956016F1B2FCF43',3,1795845500048418);
INSERT INTO "manifests" VALUES(10,12,'FULL','wandb_manifest.json','m',NULL,X'662609F1193F2A994D67A07D2252C41671D1C5B1179EC58796F766F37E17AC6F',3,1795845500061433);
CREATE TABLE memberships (
  id                  INTEGER PRIMARY KEY AUTOINCREMENT,
  collection_id       INTEGER NOT NULL REFERENCES collections (id),
  artifact_id         INTEGER NOT NULL REFERENCES artifacts (id),
  version_index       INTEGER NOT NULL CHECK (version_index >= 0),
  artifact_created_at INTEGER NOT NULL,
  created_at          INTEGER NOT NULL,
  removed_at          INTEGER, deletion_id INTEGER REFERENCES deletions (id),
  UNIQUE (collection_id, version_index)
) STRICT;
INSERT INTO "memberships" VALUES(1,1,1,0,1795845499987605,1795845499991239,NULL,NULL);
INSERT INTO "memberships" VALUES(2,1,2,1,1795845499993927,1795845499995951,NULL,NULL);
INSERT INTO "memberships" VALUES(3,1,3,2,1795845499997340,1795845499998218,NULL,NULL);
INSERT INTO "memberships" VALUES(4,2,3,0,1795845499997340,1795845499999878,NULL,NULL);
INSERT INTO "memberships" VALUES(5,1,4,3,1795845500001197,1795845500002489,1795845500004154,1);
INSERT INTO "memberships" VALUES(6,3,6,0,1795845500008050,1795845500009797,1795845500012184,2);
INSERT INTO "memberships" VALUES(7,4,7,0,1795845500018968,1795845500023965,NULL,NULL);
INSERT INTO "memberships" VALUES(8,4,8,1,1795845500024836,1795845500029497,NULL,NULL);
INSERT INTO "memberships" VALUES(9,4,9,2,1795845500032800,1795845500040359,NULL,NULL);
INSERT INTO "memberships" VALUES(10,5,9,0,1795845500032800,1795845500044450,NULL,NULL);
INSERT INTO "memberships" VALUES(11,4,10,3,1795845500047171,1795845500048418,1795845500051217,3);
INSERT INTO "memberships" VALUES(12,6,12,0,1795845500059765,1795845500061433,1795845500062672,4);
INSERT INTO "memberships" VALUES(13,7,3,0,1795845499997340,1795845500100846,NULL,NULL);
CREATE TABLE project_members (
  project_id INTEGER NOT NULL REFERENCES projects (id),
  entity_id  INTEGER NOT NULL REFERENCES entities (id),
  role       TEXT NOT NULL CHECK (role IN ('admin', 'member', 'viewer', 'restricted_viewer')),
  PRIMARY KEY (project_id, entity_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE projects (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  entity_id   INTEGER NOT NULL REFERENCES entities (id),
  name        TEXT NOT NULL,
  description TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL, access TEXT NOT NULL DEFAULT 'PRIVATE' CHECK (access IN ('PRIVATE', 'RESTRICTED')), all_types INTEGER NOT NULL DEFAULT 1 CHECK (all_types IN (0, 1)), described INTEGER NOT NULL DEFAULT 0 CHECK (described IN (0, 1)), deleted_at INTEGER,
  UNIQUE (entity_id, name)
) STRICT;
INSERT INTO "projects" VALUES(1,1,'p','',1795845499984828,1795845499984828,'PRIVATE',1,0,NULL);
INSERT INTO "projects" VALUES(2,2,'p','',1795845500015605,1795845500015605,'PRIVATE',1,0,NULL);
INSERT INTO "projects" VALUES(3,1,'wandb-registry-models','',1795845500099009,1795845500099009,'PRIVATE',1,0,NULL);
CREATE TABLE run_artifacts (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id      INTEGER NOT NULL REFERENCES runs (id),
  direction   TEXT NOT NULL CHECK (direction IN ('OUTPUT', 'INPUT')),
  artifact_id INTEGER NOT NULL REFERENCES artifacts (id),
  used_as     TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  UNIQUE (run_id, direction, artifact_id)
) STRICT;
INSERT INTO "run_artifacts" VALUES(1,1,'OUTPUT',1,'',1795845499991239);
INSERT INTO "run_artifacts" VALUES(2,1,'OUTPUT',2,'',1795845499995951);
INSERT INTO "run_artifacts" VALUES(3,1,'OUTPUT',3,'',1795845499998218);
INSERT INTO "run_artifacts" VALUES(4,1,'OUTPUT',4,'',1795845500002489);
INSERT INTO "run_artifacts" VALUES(5,1,'OUTPUT',6,'',1795845500009797);
INSERT INTO "run_artifacts" VALUES(6,2,'OUTPUT',7,'',1795845500023965);
INSERT INTO "run_artifacts" VALUES(7,2,'OUTPUT',8,'',1795845500029497);
INSERT INTO "run_artifacts" VALUES(8,2,'OUTPUT',9,'',1795845500040359);
INSERT INTO "run_artifacts" VALUES(9,2,'OUTPUT',10,'',1795845500048418);
INSERT INTO "run_artifacts" VALUES(10,2,'OUTPUT',12,'',1795845500061433);
CREATE TABLE run_files (
  run_id     INTEGER NOT NULL REFERENCES runs (id),
  name       TEXT NOT NULL,
  key        BLOB NOT NULL CHECK (length(key) = 32),
  md5        TEXT NOT NULL,
  size       INTEGER NOT NULL CHECK (size >= 0),
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (run_id, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE run_lines (
  stream_id INTEGER NOT NULL REFERENCES run_streams (id),
  line      INTEGER NOT NULL CHECK (line >= 0),
  text      TEXT NOT NULL,
  PRIMARY KEY (stream_id, line)
) STRICT, WITHOUT ROWID;
INSERT INTO "run_lines" VALUES(1,0,'a');
INSERT INTO "run_lines" VALUES(1,1,'b');
INSERT INTO "run_lines" VALUES(2,0,'a');
INSERT INTO "run_lines" VALUES(2,1,'b');
CREATE TABLE run_streams (
  id     INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES runs (id),
  name   TEXT NOT NULL,
  lines  INTEGER NOT NULL,
  UNIQUE (run_id, name)
) STRICT;
INSERT INTO "run_streams" VALUES(1,1,'output.log',2);
INSERT INTO "run_streams" VALUES(2,2,'output.log',2);
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
INSERT INTO "runs" VALUES(1,1,1,'run','','','','','','','running','','','','','[]','{}','{}',1795845499984828,1795845499984828,1795845499986689);
INSERT INTO "runs" VALUES(2,2,2,'run','','','','','','','running','','','','','[]','{}','{}',1795845500015605,1795845500015605,1795845500017955);
CREATE TABLE stored_files (
  artifact_id INTEGER NOT NULL REFERENCES artifacts (id),
  digest      TEXT NOT NULL,
  entity_id   INTEGER NOT NULL REFERENCES entities (id),
  md5         TEXT NOT NULL,
  key         BLOB NOT NULL CHECK (length(key) = 32),
  size        INTEGER NOT NULL CHECK (size >= 0),
  PRIMARY KEY (artifact_id, digest)
) STRICT, WITHOUT ROWID;
INSERT INTO "stored_files" VALUES(1,'one',1,'one',X'7692C3AD3540BB803C020B3AEE66CD8887123234EA0C6E7143C0ADD73FF431ED',3);
INSERT INTO "stored_files" VALUES(2,'two',1,'two',X'3FC4CCFE745870E2C0D99F71F30FF0656C8DEDD41CC1D7D3D376B0DBE685E2F3',3);
INSERT INTO "stored_files" VALUES(3,'three',1,'three',X'8B5B9DB0C13DB24256C829AA364AA90C6D2EBA318B9232A4AB9313B954D3555F',5);
INSERT INTO "stored_files" VALUES(4,'four',1,'four',X'04EFAF080F5A3E74E1C29D1CA6A48569382CBBCD324E8D59D2B83EF21C039F00',4);
INSERT INTO "stored_files" VALUES(6,'five',1,'five',X'222B0BD51FCEF7E65C2E62DB2ED65457013BAB56BE6FAFEB19EE11D453153C80',4);
INSERT INTO "stored_files" VALUES(7,'one',2,'one',X'7692C3AD3540BB803C020B3AEE66CD8887123234EA0C6E7143C0ADD73FF431ED',3);
INSERT INTO "stored_files" VALUES(8,'two',2,'two',X'3FC4CCFE745870E2C0D99F71F30FF0656C8DEDD41CC1D7D3D376B0DBE685E2F3',3);
INSERT INTO "stored_files" VALUES(9,'three',2,'three',X'8B5B9DB0C13DB24256C829AA364AA90C6D2EBA318B9232A4AB9313B954D3555F',5);
INSERT INTO "stored_files" VALUES(10,'four',2,'four',X'04EFAF080F5A3E74E1C29D1CA6A48569382CBBCD324E8D59D2B83EF21C039F00',4);
INSERT INTO "stored_files" VALUES(12,'five',2,'five',X'222B0BD51FCEF7E65C2E62DB2ED65457013BAB56BE6FAFEB19EE11D453153C80',4);
CREATE TABLE tags (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id INTEGER NOT NULL REFERENCES projects (id),
  name       TEXT NOT NULL,
  UNIQUE (project_id, name)
) STRICT;
INSERT INTO "tags" VALUES(1,1,'new');
INSERT INTO "tags" VALUES(2,1,'hot');
INSERT INTO "tags" VALUES(3,2,'new');
INSERT INTO "tags" VALUES(4,2,'hot');
CREATE TABLE team_members (
  user_id   INTEGER NOT NULL REFERENCES users (id),
  entity_id INTEGER NOT NULL REFERENCES entities (id), role TEXT NOT NULL DEFAULT 'member' CHECK (role IN ('admin', 'member', 'viewer')),
  PRIMARY KEY (user_id, entity_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE user_keys (
  sha256     BLOB NOT NULL PRIMARY KEY CHECK (length(sha256) = 32),
  user_id    INTEGER NOT NULL REFERENCES users (id),
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "user_keys" VALUES(X'0000000000000000000000000000000000000000000000000000000000000000',1,1795845499982827);
INSERT INTO "user_keys" VALUES(X'0100000000000000000000000000000000000000000000000000000000000000',2,1795845500014912);
CREATE TABLE users (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  entity_id  INTEGER NOT NULL UNIQUE REFERENCES entities (id),
  username   TEXT NOT NULL UNIQUE,
  email      TEXT NOT NULL,
  admin      INTEGER NOT NULL CHECK (admin IN (0, 1)),
  created_at INTEGER NOT NULL
, default_entity_id INTEGER REFERENCES entities (id)) STRICT;
INSERT INTO "users" VALUES(1,1,'ann','',0,1795845499982827,NULL);
INSERT INTO "users" VALUES(2,2,'eve','',0,1795845500014912,NULL);
CREATE INDEX user_keys_user ON user_keys (user_id);
CREATE INDEX team_members_entity ON team_members (entity_id);
CREATE INDEX projects_by_id ON projects (entity_id, id);
CREATE INDEX runs_by_created_at ON runs (project_id, created_at, id);
CREATE INDEX runs_user ON runs (user_id);
CREATE UNIQUE INDEX collections_by_name ON collections (project_id, name) WHERE state = 'READY';
CREATE INDEX collections_by_id ON collections (project_id, state, id);
CREATE INDEX collections_by_type ON collections (type_id, state, id);
CREATE INDEX collections_by_created_at ON collections (project_id, state, created_at, id);
CREATE UNIQUE INDEX artifacts_by_version ON artifacts (sequence_id, version_index);
CREATE INDEX artifacts_by_digest ON artifacts (sequence_id, digest, version_index) WHERE state = 'COMMITTED';
CREATE UNIQUE INDEX artifacts_by_distributed_id ON artifacts (sequence_id, distributed_id)
  WHERE state = 'PENDING' AND distributed_id <> '';
CREATE INDEX artifacts_pending ON artifacts (sequence_id) WHERE state = 'PENDING';
CREATE INDEX artifacts_run ON artifacts (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX artifacts_user ON artifacts (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX client_ids_artifact ON client_ids (artifact_id);
CREATE INDEX memberships_by_version ON memberships (collection_id, removed_at, version_index, id);
CREATE INDEX memberships_by_created_at ON memberships (collection_id, removed_at, artifact_created_at, id);
CREATE UNIQUE INDEX memberships_by_artifact ON memberships (artifact_id, collection_id) WHERE removed_at IS NULL;
CREATE INDEX memberships_artifact ON memberships (artifact_id);
CREATE INDEX aliases_by_membership ON aliases (membership_id, alias);
CREATE INDEX collection_tags_tag ON collection_tags (tag_id);
CREATE INDEX artifact_tags_tag ON artifact_tags (tag_id);
CREATE INDEX manifests_by_artifact ON manifests (artifact_id, id);
CREATE INDEX manifests_base ON manifests (base_artifact_id) WHERE base_artifact_id IS NOT NULL;
CREATE INDEX stored_files_by_digest ON stored_files (entity_id, digest, artifact_id);
CREATE INDEX run_artifacts_by_run ON run_artifacts (run_id, direction, id);
CREATE INDEX run_artifacts_by_artifact ON run_artifacts (artifact_id, direction, id);
CREATE INDEX entities_organization ON entities (organization_id) WHERE organization_id IS NOT NULL;
CREATE INDEX users_default_entity ON users (default_entity_id) WHERE default_entity_id IS NOT NULL;
CREATE INDEX projects_restricted ON projects (entity_id) WHERE access = 'RESTRICTED';
CREATE INDEX project_members_entity ON project_members (entity_id);
CREATE INDEX deletions_open ON deletions (project_id, id) WHERE restored_at IS NULL AND collected_at IS NULL;
CREATE INDEX deletions_due ON deletions (deleted_at) WHERE restored_at IS NULL AND collected_at IS NULL;
CREATE INDEX deletions_project ON deletions (project_id);
CREATE INDEX deletions_collection ON deletions (collection_id);
CREATE INDEX deletions_artifact ON deletions (artifact_id) WHERE artifact_id IS NOT NULL;
CREATE INDEX artifacts_expiring ON artifacts (expires_at) WHERE state = 'COMMITTED' AND expires_at IS NOT NULL;
CREATE INDEX artifacts_uncollected ON artifacts (deletion_id) WHERE deletion_id IS NOT NULL AND collected_at IS NULL;
CREATE INDEX collections_deletion ON collections (deletion_id) WHERE deletion_id IS NOT NULL;
CREATE INDEX memberships_deletion ON memberships (deletion_id) WHERE deletion_id IS NOT NULL;
CREATE INDEX alias_moves_by_alias ON alias_moves (collection_id, alias, id);
CREATE INDEX alias_moves_by_collection ON alias_moves (collection_id, id);
CREATE INDEX alias_moves_deletion ON alias_moves (deletion_id) WHERE deletion_id IS NOT NULL;
CREATE INDEX borrowings_by_artifact ON borrowings (artifact_id);
CREATE INDEX audit_log_by_entity ON audit_log (entity_id, id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('goose_db_version',4);
INSERT INTO "sqlite_sequence" VALUES('alias_moves',18);
INSERT INTO "sqlite_sequence" VALUES('deletions',4);
INSERT INTO "sqlite_sequence" VALUES('entities',2);
INSERT INTO "sqlite_sequence" VALUES('users',2);
INSERT INTO "sqlite_sequence" VALUES('audit_log',25);
INSERT INTO "sqlite_sequence" VALUES('projects',3);
INSERT INTO "sqlite_sequence" VALUES('runs',2);
INSERT INTO "sqlite_sequence" VALUES('artifact_types',3);
INSERT INTO "sqlite_sequence" VALUES('collections',7);
INSERT INTO "sqlite_sequence" VALUES('artifacts',12);
INSERT INTO "sqlite_sequence" VALUES('tags',4);
INSERT INTO "sqlite_sequence" VALUES('manifests',10);
INSERT INTO "sqlite_sequence" VALUES('memberships',13);
INSERT INTO "sqlite_sequence" VALUES('aliases',16);
INSERT INTO "sqlite_sequence" VALUES('run_artifacts',10);
COMMIT;
