package artifacts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// RegistryPrefix begins the names of projects that are registries.
const RegistryPrefix = "wandb-registry-"

// IsRegistryProject reports whether a project is a registry, by its name.
func IsRegistryProject(project string) bool {
	return strings.HasPrefix(project, RegistryPrefix) && project != RegistryPrefix
}

// A memo remembers answers that do not change, so that each is asked for once.
// The zero value is empty.
type memo[K comparable, V any] struct {
	mu    sync.Mutex
	known map[K]V
}

func (m *memo[K, V]) get(key K) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.known[key]
	return v, ok
}

func (m *memo[K, V]) put(key K, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil {
		m.known = map[K]V{}
	}
	m.known[key] = v
}

// resolvePath is Resolve; asker is the entity whose organization is meant where a
// registry is named without one, "" for the default entity.
func (c *Client) resolvePath(ctx context.Context, p Path, asker string) (Path, error) {
	if p.Project == "" {
		p.Project = c.project
	}
	if IsRegistryProject(p.Project) {
		entity, err := c.registryEntity(ctx, p.Entity, asker)
		p.Entity = entity
		return p, err
	}
	if p.Entity == "" {
		var err error
		p.Entity, err = c.DefaultEntity(ctx)
		return p, err
	}
	return p, nil
}

// registryEntity finds the entity that holds an organization's registries, as
// W&B's client does: given is the organization's name, or its entity's, or ""
// for the one that asker belongs to.
func (c *Client) registryEntity(ctx context.Context, given, asker string) (string, error) {
	if given == "" {
		given = c.organization
	}
	if asker == "" {
		var err error
		if asker, err = c.DefaultEntity(ctx); err != nil {
			return "", err
		}
	}
	o, err := c.organizationOf(ctx, given, asker)
	switch {
	case err == nil:
		return o.OrgEntity.Name, nil
	case given != "" && (errors.Is(err, ErrNotFound) || errors.Is(err, ErrUnsupported)):
		// What was named outright is left to the server, which knows
		// organizations that the asker is not in, and may know none at all.
		c.orgs.put([2]string{asker, given}, wire.Organization{Name: given, OrgEntity: &wire.Name{Name: given}})
		return given, nil
	}
	return "", err
}

// organizationOf finds one of the organizations that an entity belongs to (W&B:
// FetchOrgInfoFromEntity), by its name or that of its entity; where name is ""
// there must be only one.
func (c *Client) organizationOf(ctx context.Context, name, asker string) (wire.Organization, error) {
	const op = "find the organization"
	if asker == "" {
		var err error
		if asker, err = c.DefaultEntity(ctx); err != nil {
			return wire.Organization{}, err
		}
	}
	key := [2]string{asker, name}
	if o, ok := c.orgs.get(key); ok {
		return o, nil
	}
	orgs, _, err := wire.OrganizationsOfEntity(ctx, c.sender, asker)
	if err != nil {
		return wire.Organization{}, c.fail(ctx, op, asker, err)
	}
	var fitting []wire.Organization
	names := make([]string, len(orgs))
	for i, o := range orgs {
		names[i] = o.Name
		if name == "" || name == o.Name || name == o.OrgEntity.Name {
			fitting = append(fitting, o)
		}
	}
	e := &Error{Kind: KindNotFound, Op: op, Path: name}
	switch {
	case len(fitting) == 1, len(fitting) > 1 && name != "":
		c.orgs.put(key, fitting[0])
		return fitting[0], nil
	case len(orgs) == 0:
		e.Message = fmt.Sprintf("entity %q belongs to no organization", asker)
		e.Next = "name the organization, as in organization/wandb-registry-name/collection"
	case name == "":
		e.Kind = KindInvalid
		e.Message = fmt.Sprintf("entity %q belongs to several organizations: %s", asker, strings.Join(names, ", "))
		e.Next = "name one of them, as in organization/wandb-registry-name/collection"
	default:
		e.Message = fmt.Sprintf("entity %q belongs to no organization %q", asker, name)
		e.Next = "use one of " + strings.Join(names, ", ")
	}
	return wire.Organization{}, e
}
