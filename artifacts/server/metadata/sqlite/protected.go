package sqlite

import (
	"context"
	"strings"

	"github.com/reliquary/reliquary/artifacts/server/access"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// ProtectedAliases lists the aliases that only administrators of a registry may move.
func (s *Store) ProtectedAliases(ctx context.Context, projectID int64) ([]string, error) {
	var names []string
	err := s.read(ctx, func(q session) (err error) {
		names, err = all(ctx, q, scanText, "SELECT alias FROM protected_aliases WHERE project_id = ? ORDER BY alias", projectID)
		return err
	})
	return names, err
}

// checkProtected refuses what cannot be protected in a project.
func checkProtected(project string, aliases []string) error {
	if len(aliases) > 0 && !strings.HasPrefix(project, metadata.RegistryPrefix) {
		return invalid("only registries, whose names begin with %s, protect aliases; the project %q is none", metadata.RegistryPrefix, project)
	}
	for _, alias := range aliases {
		if err := metadata.CheckAlias(alias); err != nil {
			return err
		}
		if alias == latest {
			return invalid("the alias %q cannot be protected: the registry itself moves it to each version that is linked", latest)
		}
	}
	return nil
}

// protect makes aliases the ones that are protected in a project.
func protect(ctx context.Context, q session, projectID int64, aliases []string) error {
	if err := run(ctx, q, "DELETE FROM protected_aliases WHERE project_id = ?", projectID); err != nil {
		return err
	}
	for _, alias := range unique(aliases) {
		if err := run(ctx, q, "INSERT INTO protected_aliases (project_id, alias) VALUES (?, ?)", projectID, alias); err != nil {
			return err
		}
	}
	return nil
}

// refuseProtected fails where an alias of a collection is protected and the
// context's actor does not administer the registry. What the registry itself
// does is allowed.
func refuseProtected(ctx context.Context, q session, collectionID int64, alias string) error {
	actor := metadata.ActorOf(ctx)
	if actor.UserID == 0 || alias == latest {
		return nil
	}
	c, err := first(ctx, q, func(r scanner) (c metadata.Collection, err error) {
		err = r.Scan(&c.ProjectID, &c.EntityID, &c.Entity, &c.Project, &c.Name)
		return c, err
	}, `SELECT p.id, p.entity_id, e.name, p.name, c.name FROM collections c JOIN protected_aliases x ON x.project_id = c.project_id AND x.alias = ?2
		JOIN projects p ON p.id = c.project_id JOIN entities e ON e.id = p.entity_id WHERE c.id = ?1`, collectionID, alias)
	if missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	u, err := userByID(ctx, q, actor.UserID)
	if err != nil {
		return err
	}
	ok, err := access.NewViewer(inSession{q}, u).MayManage(ctx, c.EntityID, c.ProjectID)
	if err != nil || ok {
		return err
	}
	return denied("permission denied: the alias %q of %s is protected, and '%s' does not administer the registry; only its administrators may add, move or remove that alias. Nothing was changed; ask one of them, or use another alias",
		alias, collectionSubject(c), u.Username)
}

// inSession lets access decide by what a transaction sees.
type inSession struct{ q session }

func (s inSession) GrantsOf(ctx context.Context, userID int64) (metadata.Grants, error) {
	return grantsOf(ctx, s.q, userID)
}

func (s inSession) Teams(ctx context.Context, userID int64) ([]metadata.Entity, error) {
	return teams(ctx, s.q, userID)
}
