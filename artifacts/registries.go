package artifacts

import (
	"context"
	"slices"
	"strings"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// RegistriesOptions say which registries to list, and how. nil means all.
type RegistriesOptions struct {
	PerPage int    // items per request; 0 means DefaultPerPage
	After   string // cursor to continue behind
	// Filters are MongoDB-like conditions on a registry's fields: name (with or
	// without the prefix "wandb-registry-"), description, created_at, updated_at.
	Filters map[string]any
	// Order is name, created_at or updated_at, with "-" before it for descending.
	Order string
}

// Registries are the registries of an organization (W&B: FetchRegistries).
type Registries struct {
	*Pager[*Registry]
	client       *Client
	organization string
	filters      map[string]any
	choice       wire.Choice
	invalid      error
}

// Registries lists the registries of an organization, named as people see it;
// "" means Config.Organization or the one that the default entity belongs to.
func (c *Client) Registries(organization string, opts *RegistriesOptions) *Registries {
	if opts == nil {
		opts = &RegistriesOptions{}
	}
	l := &Registries{client: c, organization: organization, filters: opts.Filters}
	l.Pager = newPager(list[*Registry]{
		op: "list registries", path: organization,
		check: func() error { return located(l.op, l.path, l.invalid) },
		fetch: l.fetch,
	}, opts.PerPage, opts.After)
	if l.invalid = checkOrder(opts.Order, "name", "created_at", "updated_at"); l.invalid == nil {
		l.choice, l.invalid = choose(registryFilters(opts.Filters), opts.Order)
	}
	return l
}

// Organization is the one that the list was made with, or "".
func (l *Registries) Organization() string { return l.organization }

// Filters are the conditions that the list was made with.
func (l *Registries) Filters() map[string]any { return l.filters }

func (l *Registries) fetch(ctx context.Context, after string, perPage int) ([]*Registry, PageInfo, error) {
	c := l.client
	if err := c.needs(ctx, l.op, l.path, featureRegistrySearch); err != nil {
		return nil, PageInfo{}, err
	}
	name, err := c.organizationName(ctx, l.organization)
	if err != nil {
		return nil, PageInfo{}, err
	}
	got, lacks, err := wire.Registries(ctx, c.sender, name, l.choice, wire.Page{First: perPage, After: after})
	switch {
	case err != nil:
		return nil, PageInfo{}, c.fail(ctx, l.op, name, err)
	case lacks == wire.MissingProject:
		return nil, PageInfo{}, noOrganization(l.op, name)
	case got == nil:
		return nil, PageInfo{}, located(l.op, name, corrupt("an organization has no list of registries"))
	}
	items := make([]*Registry, 0, len(got.Edges))
	for _, e := range got.Edges {
		if e.Node == nil || !IsRegistryProject(e.Node.Name) { // not for this viewer, or another project of the entity
			continue
		}
		attrs, err := toRegistryAttrs(name, e.Node)
		if err != nil {
			return nil, PageInfo{}, located(l.op, name, err)
		}
		items = append(items, newRegistry(c, name, attrs.Name, &attrs))
	}
	return items, toPageInfo(got.PageInfo, nil), nil
}

// registryFilters puts the prefix before names of registries in filters, where
// they are compared whole: regular expressions are left as they are.
func registryFilters(filters map[string]any) map[string]any {
	if filters == nil {
		return nil
	}
	out := make(map[string]any, len(filters))
	for k, v := range filters {
		switch list, isList := v.([]any); {
		case k == "name":
			out[k] = prefixed(v)
		case strings.HasPrefix(k, "$") && isList:
			all := make([]any, len(list))
			for i, one := range list {
				all[i] = one
				if m, ok := one.(map[string]any); ok {
					all[i] = registryFilters(m)
				}
			}
			out[k] = all
		default:
			out[k] = v
			if m, ok := v.(map[string]any); ok && strings.HasPrefix(k, "$") {
				out[k] = registryFilters(m)
			}
		}
	}
	return out
}

// prefixed is what a registry's name is compared with, with the prefix.
func prefixed(operand any) any {
	switch v := operand.(type) {
	case string:
		if strings.HasPrefix(v, RegistryPrefix) {
			return v
		}
		return RegistryPrefix + v
	case []any:
		out := make([]any, len(v))
		for i, one := range v {
			out[i] = prefixed(one)
		}
		return out
	case []string:
		out := make([]any, len(v))
		for i, one := range v {
			out[i] = prefixed(one)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, one := range v {
			if out[k] = one; slices.Contains(comparing, k) {
				out[k] = prefixed(one)
			}
		}
		return out
	}
	return operand
}

// comparing are the operators whose operands are whole names.
var comparing = []string{"$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$not", "$and", "$or", "$nor"}

// checkOrder refuses an order by other fields than these.
func checkOrder(order string, fields ...string) error {
	field := strings.TrimLeft(order, "+-")
	if order == "" || slices.Contains(fields, field) {
		return nil
	}
	e := invalid("%q is no order here", order)
	e.Next = `give one of ` + strings.Join(fields, ", ") + `, with "-" before it for descending`
	return e
}
