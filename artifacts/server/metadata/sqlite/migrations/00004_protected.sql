-- Aliases of registries that only their administrators may move.

-- +goose Up

PRAGMA user_version = 4;

CREATE TABLE protected_aliases (
  project_id INTEGER NOT NULL REFERENCES projects (id),
  alias      TEXT NOT NULL,
  PRIMARY KEY (project_id, alias)
) STRICT, WITHOUT ROWID;
