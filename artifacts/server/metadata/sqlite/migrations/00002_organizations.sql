-- Organizations, roles, and registries: projects of an organization that hold
-- links to what its teams have made.

-- +goose Up

PRAGMA user_version = 2;

-- The organization above a team.
ALTER TABLE entities ADD COLUMN organization_id INTEGER REFERENCES entities (id);
CREATE INDEX entities_organization ON entities (organization_id) WHERE organization_id IS NOT NULL;

-- What "my entity" means to the user's clients; null: the user's own.
ALTER TABLE users ADD COLUMN default_entity_id INTEGER REFERENCES entities (id);
CREATE INDEX users_default_entity ON users (default_entity_id) WHERE default_entity_id IS NOT NULL;

-- Members of teams and of organizations.
ALTER TABLE team_members ADD COLUMN role TEXT NOT NULL DEFAULT 'member' CHECK (role IN ('admin', 'member', 'viewer'));

-- access is PRIVATE (for the members of the entity) or RESTRICTED (for invited
-- members only). all_types: whether artifacts of any type may be linked into
-- the registry, or only of those in artifact_types. described tells an empty
-- description from none. A deleted project has given its name away.
ALTER TABLE projects ADD COLUMN access TEXT NOT NULL DEFAULT 'PRIVATE' CHECK (access IN ('PRIVATE', 'RESTRICTED'));
ALTER TABLE projects ADD COLUMN all_types INTEGER NOT NULL DEFAULT 1 CHECK (all_types IN (0, 1));
ALTER TABLE projects ADD COLUMN described INTEGER NOT NULL DEFAULT 0 CHECK (described IN (0, 1));
ALTER TABLE projects ADD COLUMN deleted_at INTEGER;
CREATE INDEX projects_restricted ON projects (entity_id) WHERE access = 'RESTRICTED';

-- Who was invited to a project. The entity is a user's own or a team.
CREATE TABLE project_members (
  project_id INTEGER NOT NULL REFERENCES projects (id),
  entity_id  INTEGER NOT NULL REFERENCES entities (id),
  role       TEXT NOT NULL CHECK (role IN ('admin', 'member', 'viewer', 'restricted_viewer')),
  PRIMARY KEY (project_id, entity_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX project_members_entity ON project_members (entity_id);
