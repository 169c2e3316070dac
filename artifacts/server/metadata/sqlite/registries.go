package sqlite

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// UpsertProject changes a project, or makes it.
func (s *Store) UpsertProject(ctx context.Context, u metadata.ProjectUpdate) (metadata.Project, bool, error) {
	if u.Access != nil && *u.Access != metadata.PrivateAccess && *u.Access != metadata.RestrictedAccess {
		return metadata.Project{}, false, invalid("a project cannot have the access %.60q; it is PRIVATE (for its entity) or RESTRICTED (for invited members)", string(*u.Access))
	}
	if u.ProtectedAliases != nil {
		if err := checkProtected(u.Name, *u.ProtectedAliases); err != nil {
			return metadata.Project{}, false, err
		}
	}
	ctx = acting(ctx, "upsertModel")
	var p metadata.Project
	var created bool
	err := s.write(ctx, func(q session) (err error) {
		now := s.now()
		p, created, err = ensureProject(ctx, q, u.Entity, u.Name, now)
		if err != nil {
			return err
		}
		if err := run(ctx, q, "UPDATE projects SET description = coalesce(?, description), described = described OR ?, access = coalesce(?, access), all_types = coalesce(?, all_types), updated_at = ? WHERE id = ?",
			u.Description, u.Description != nil, u.Access, u.AllTypes, now, p.ID); err != nil {
			return err
		}
		for _, name := range u.Types {
			if _, err := ensureType(ctx, q, p.ID, name, now); err != nil {
				return err
			}
		}
		if u.ProtectedAliases != nil {
			if err := protect(ctx, q, p.ID, *u.ProtectedAliases); err != nil {
				return err
			}
		}
		if created && u.CreatorID != 0 {
			if err := run(ctx, q, "INSERT INTO project_members (project_id, entity_id, role) SELECT ?, entity_id, 'admin' FROM users WHERE id = ?", p.ID, u.CreatorID); err != nil {
				return err
			}
		}
		if p, err = project(ctx, q, u.Entity, u.Name); err != nil {
			return err
		}
		details := "project settings"
		if u.ProtectedAliases != nil {
			details += "; protected aliases: " + cmp.Or(strings.Join(*u.ProtectedAliases, ", "), "none")
		}
		return audit(ctx, q, p.EntityID, now, projectSubject(p), details)
	})
	return p, created, err
}

// projectByID finds a project that is not deleted.
func projectByID(ctx context.Context, q session, id int64) (metadata.Project, error) {
	p, err := first(ctx, q, plainly(scanProject), "SELECT "+projectColumns+" FROM "+projectFrom+" WHERE p.id = ? AND p.deleted_at IS NULL", id)
	if missing(err) {
		return p, notFound("project %d not found", id)
	}
	return p, err
}

// RenameProject gives a project another name.
func (s *Store) RenameProject(ctx context.Context, id int64, name string) (metadata.Project, error) {
	if err := metadata.CheckProjectName(name); err != nil {
		return metadata.Project{}, err
	}
	ctx = acting(ctx, "renameProject")
	var p metadata.Project
	err := s.write(ctx, func(q session) error {
		now := s.now()
		old, err := projectByID(ctx, q, id)
		if err != nil {
			return err
		}
		err = run(ctx, q, "UPDATE projects SET name = ?, updated_at = ? WHERE id = ?", name, now, id)
		if taken(err) {
			return conflict("the project %q cannot be renamed to %q: another project of %q has that name", old.Name, name, old.Entity)
		}
		if err != nil {
			return err
		}
		if err := audit(ctx, q, old.EntityID, now, projectSubject(old), fmt.Sprintf("project renamed to %q", name)); err != nil {
			return err
		}
		p, err = projectByID(ctx, q, id)
		return err
	})
	return p, err
}

// DeleteProject deletes a project with its collections and their versions.
func (s *Store) DeleteProject(ctx context.Context, id int64) error {
	ctx = acting(ctx, "deleteModel")
	return s.write(ctx, func(q session) error {
		p, err := projectByID(ctx, q, id)
		if err != nil {
			return err
		}
		ids, err := all(ctx, q, scanID, "SELECT id FROM collections WHERE project_id = ? AND state = 'READY'", id)
		if err != nil {
			return err
		}
		now := s.now()
		for _, c := range ids {
			if _, err := s.deleteCollection(ctx, q, c, now); err != nil {
				return err
			}
		}
		for _, table := range []string{"project_members", "protected_aliases"} {
			if err := run(ctx, q, "DELETE FROM "+table+" WHERE project_id = ?", id); err != nil {
				return err
			}
		}
		if err := audit(ctx, q, p.EntityID, now, projectSubject(p), "project deleted"); err != nil {
			return err
		}
		// No project can be given a name with a colon, so this one is out of the way.
		return run(ctx, q, "UPDATE projects SET name = ?, deleted_at = ?, updated_at = ? WHERE id = ?", fmt.Sprintf("%s:deleted:%d", p.Name, id), now, now, id)
	})
}

// ProjectMembers lists who was invited, by name.
func (s *Store) ProjectMembers(ctx context.Context, projectID int64) ([]metadata.ProjectMember, error) {
	var list []metadata.ProjectMember
	err := s.readTogether(ctx, func(q session) (err error) {
		list, err = all(ctx, q, func(r scanner) (m metadata.ProjectMember, err error) {
			m.Entity, err = scanEntity(shifted{r, []any{&m.Role}})
			return m, err
		}, "SELECT m.role, "+entityColumns+" FROM project_members m JOIN entities e ON e.id = m.entity_id WHERE m.project_id = ? ORDER BY e.name", projectID)
		if err != nil {
			return err
		}
		for i, m := range list {
			if m.Entity.Kind != metadata.UserEntity {
				continue
			}
			u, err := first(ctx, q, scanUser, "SELECT "+userColumns+" FROM users u WHERE u.entity_id = ?", m.Entity.ID)
			if err != nil {
				return err
			}
			list[i].User = &u
		}
		return nil
	})
	return list, err
}

// SetProjectMember invites a user or a team, or changes the role.
func (s *Store) SetProjectMember(ctx context.Context, projectID, entityID int64, role metadata.Role) error {
	if role.Rank() == 0 {
		return invalid("%.60q is not a role; use admin, member, viewer or restricted_viewer", string(role))
	}
	ctx = acting(ctx, "setProjectMember")
	return s.write(ctx, func(q session) error {
		p, err := projectByID(ctx, q, projectID)
		if err != nil {
			return err
		}
		member, err := entityByID(ctx, q, entityID)
		if err != nil {
			return err
		}
		if err := audit(ctx, q, p.EntityID, s.now(), projectSubject(p), fmt.Sprintf("%s is %s", member.Name, role)); err != nil {
			return err
		}
		return run(ctx, q, "INSERT INTO project_members (project_id, entity_id, role) VALUES (?, ?, ?) ON CONFLICT (project_id, entity_id) DO UPDATE SET role = excluded.role", projectID, entityID, role)
	})
}

// RemoveProjectMember takes an invitation back.
func (s *Store) RemoveProjectMember(ctx context.Context, projectID, entityID int64) error {
	ctx = acting(ctx, "removeProjectMember")
	return s.write(ctx, func(q session) error {
		n, err := changed(ctx, q, "DELETE FROM project_members WHERE project_id = ? AND entity_id = ?", projectID, entityID)
		if err != nil || n == 0 {
			return err
		}
		p, err := projectByID(ctx, q, projectID)
		if err != nil {
			return err
		}
		member, err := entityByID(ctx, q, entityID)
		if err != nil {
			return err
		}
		return audit(ctx, q, p.EntityID, s.now(), projectSubject(p), member.Name+" is no member any more")
	})
}

// within narrows a list to a scope. The scope's filters are not part of the
// list's shape, so that cursors stay good when they change.
func within[T any](l list[T], sc metadata.RegistryScope, collections bool) (list[T], error) {
	var b statement
	b.write("p.entity_id = ? AND p.deleted_at IS NULL", []any{sc.EntityID})
	ids := func(condition string, ids []int64) error {
		text, err := json.Marshal(ids)
		b.write(condition, []any{string(text)})
		return err
	}
	if sc.Only != nil {
		if err := ids(" AND p.id IN (SELECT value FROM json_each(?))", sc.Only); err != nil {
			return l, err
		}
	}
	if len(sc.Except) > 0 {
		if err := ids(" AND p.id NOT IN (SELECT value FROM json_each(?))", sc.Except); err != nil {
			return l, err
		}
	}
	add := func(subject metadata.Subject, c columns, f *metadata.Filter) error {
		bound, err := subject.Bind(f)
		if err != nil || bound == nil {
			return err
		}
		b.write(" AND ", nil)
		return b.filter(c, subject, bound)
	}
	if err := add(metadata.ProjectSubject, projectColumnsByField(), sc.Projects); err != nil {
		return l, err
	}
	if collections {
		b.write(" AND c.state = 'READY'", nil)
		if len(sc.Kinds) > 0 {
			text, err := json.Marshal(sc.Kinds)
			if err != nil {
				return l, err
			}
			b.write(" AND c.kind IN (SELECT value FROM json_each(?))", []any{string(text)})
		}
		if err := add(metadata.CollectionSubject, collectionColumnsByField(), sc.Collections); err != nil {
			return l, err
		}
	}
	l.owner = []any{"organization", sc.EntityID}
	l.where, l.args = b.String(), b.args
	return l, nil
}

// ListRegistryProjects lists the projects in a scope, newest first.
func (s *Store) ListRegistryProjects(ctx context.Context, sc metadata.RegistryScope, p metadata.Page) (metadata.Connection[metadata.Project], error) {
	l, err := within(projectList(sc.EntityID), sc, false)
	if err != nil {
		return metadata.Connection[metadata.Project]{}, err
	}
	return paged(ctx, s, l, p)
}

// ListRegistryCollections lists the collections in a scope, newest first.
func (s *Store) ListRegistryCollections(ctx context.Context, sc metadata.RegistryScope, p metadata.Page) (metadata.Connection[metadata.Collection], error) {
	l, err := within(collectionList(0, ""), sc, true)
	if err != nil {
		return metadata.Connection[metadata.Collection]{}, err
	}
	return paged(ctx, s, l, p)
}

// CountRegistryCollections counts the collections in a scope that fit a filter.
func (s *Store) CountRegistryCollections(ctx context.Context, sc metadata.RegistryScope, f *metadata.Filter) (int, error) {
	l, err := within(collectionList(0, ""), sc, true)
	if err != nil {
		return 0, err
	}
	return counted(ctx, s, l, f)
}

// ListRegistryMemberships lists the versions in a scope, newest first.
func (s *Store) ListRegistryMemberships(ctx context.Context, sc metadata.RegistryScope, p metadata.Page) (metadata.Connection[metadata.Membership], error) {
	l := memberList(0)
	l.sel, l.scan, l.complete = memberColumns, scanMembership, nil
	l.from = memberFrom + " JOIN artifact_types t ON t.id = c.type_id"
	l, err := within(l, sc, true)
	if err != nil {
		return metadata.Connection[metadata.Membership]{}, err
	}
	l.where += " AND m.removed_at IS NULL"
	l.order = []key{{expr: "m.id", desc: true}}
	return paged(ctx, s, l, p)
}

// StorageBytes is the size of the files that an entity's versions brought.
func (s *Store) StorageBytes(ctx context.Context, entityID int64) (int64, error) {
	var n int64
	err := s.read(ctx, func(q session) error {
		return one(ctx, q, "SELECT coalesce(sum(size), 0) FROM stored_files WHERE entity_id = ?", []any{entityID}, &n)
	})
	return n, err
}
