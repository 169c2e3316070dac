package artifacts

import (
	"context"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// RegistryCollectionsOptions say which collections of registries to list, and
// how. nil means all.
type RegistryCollectionsOptions struct {
	PerPage int    // items per request; 0 means DefaultPerPage
	After   string // cursor to continue behind
	// Registries are conditions on the registries, as in RegistriesOptions.
	Registries map[string]any
	// Filters are conditions on a collection's fields: name, tag, description,
	// created_at, updated_at.
	Filters map[string]any
	// Order is name, created_at or updated_at, with "-" before it for descending.
	Order string
}

// RegistryVersionsOptions say which versions in registries to list, and how.
// nil means all.
type RegistryVersionsOptions struct {
	PerPage int    // items per request; 0 means DefaultPerPage
	After   string // cursor to continue behind
	// Registries and Collections are conditions on where the versions are linked.
	Registries, Collections map[string]any
	// Filters are conditions on a version's fields: version, tag, alias,
	// "metadata.<key>", created_at, updated_at.
	Filters map[string]any
	// Order is created_at, artifact_size or linked_at, with "-" before it for
	// descending. KindUnsupported for organizations without advanced search.
	Order string
}

// RegistryCollections are collections in the registries of an organization
// (W&B: RegistryCollections).
type RegistryCollections struct {
	*Pager[*ArtifactCollection]
	client  *Client
	search  wire.RegistrySearch // its Organization is as the list was made
	invalid error
}

// RegistryVersions are versions that are linked in the registries of an
// organization, each as seen there (W&B: RegistryVersions).
type RegistryVersions struct {
	*Pager[*Artifact]
	client       *Client
	organization string
	opts         RegistryVersionsOptions
	invalid      error
}

// RegistryCollections looks for collections in the registries of an
// organization, named as in Registries.
func (c *Client) RegistryCollections(organization string, opts *RegistryCollectionsOptions) *RegistryCollections {
	if opts == nil {
		opts = &RegistryCollectionsOptions{}
	}
	l := &RegistryCollections{client: c}
	l.search, l.invalid = searchFor(organization, opts.Registries, renamed(opts.Filters, collectionFields), nil, opts.Order)
	if l.invalid == nil {
		l.invalid = checkOrder(opts.Order, "name", "created_at", "updated_at")
	}
	l.Pager = newPager(list[*ArtifactCollection]{
		op: "list the collections of registries", path: organization,
		check: func() error { return located(l.op, l.path, l.invalid) },
		fetch: l.fetch, count: l.count,
	}, opts.PerPage, opts.After)
	return l
}

// RegistryVersions looks for versions in the registries of an organization,
// named as in Registries.
func (c *Client) RegistryVersions(organization string, opts *RegistryVersionsOptions) *RegistryVersions {
	if opts == nil {
		opts = &RegistryVersionsOptions{}
	}
	l := &RegistryVersions{client: c, organization: organization, opts: *opts}
	if _, l.invalid = searchFor(organization, opts.Registries, opts.Collections, opts.Filters, opts.Order); l.invalid == nil {
		l.invalid = checkOrder(opts.Order, "created_at", "artifact_size", "linked_at")
	}
	l.Pager = newPager(list[*Artifact]{
		op: "list the versions in registries", path: organization,
		check: func() error { return located(l.op, l.path, l.invalid) },
		fetch: l.fetch,
	}, opts.PerPage, opts.After)
	return l
}

// Collections lists the collections of the registry. opts.Registries must be nil.
func (r *Registry) Collections(opts *RegistryCollectionsOptions) *RegistryCollections {
	var o RegistryCollectionsOptions
	if opts != nil {
		o = *opts
	}
	o.Registries = r.filter()
	return r.client.RegistryCollections(r.organizationNow(), &o)
}

// Versions lists the versions that are linked in the registry. opts.Registries
// must be nil.
func (r *Registry) Versions(opts *RegistryVersionsOptions) *RegistryVersions {
	var o RegistryVersionsOptions
	if opts != nil {
		o = *opts
	}
	o.Registries = r.filter()
	return r.client.RegistryVersions(r.organizationNow(), &o)
}

func (r *Registry) organizationNow() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.organization
}

// filter finds this registry: by its number where that is known, which outlasts
// a new name, as in W&B's client.
func (r *Registry) filter() map[string]any {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.saved != nil {
		if n, ok := projectNumber(r.saved.InternalID); ok {
			return map[string]any{"id": n}
		}
	}
	return map[string]any{"name": RegistryPrefix + r.name}
}

// projectNumber reads base64 of "ProjectInternalId:<number>".
func projectNumber(id string) (int64, bool) {
	plain, err := base64.StdEncoding.DecodeString(id)
	if err != nil {
		return 0, false
	}
	kind, digits, _ := strings.Cut(string(plain), ":")
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil && n >= 0 && (kind == "ProjectInternalId" || kind == "Project")
}

func searchFor(organization string, registries, collections, versions map[string]any, order string) (wire.RegistrySearch, error) {
	s := wire.RegistrySearch{Organization: organization}
	for _, f := range []struct {
		from map[string]any
		to   *wire.JSONString
	}{{registryFilters(registries), &s.Registries}, {collections, &s.Collections}, {versions, &s.Versions}} {
		chosen, err := choose(f.from, order)
		if err != nil {
			return s, err
		}
		*f.to, s.Order = chosen.Filters, chosen.Order
	}
	return s, nil
}

// searching fills in the organization of a search.
func (c *Client) searching(ctx context.Context, op string, s wire.RegistrySearch) (wire.RegistrySearch, error) {
	if err := c.needs(ctx, op, s.Organization, featureRegistrySearch); err != nil {
		return s, err
	}
	var err error
	s.Organization, err = c.organizationName(ctx, s.Organization)
	return s, err
}

// found words what a search got instead of a list.
func (c *Client) found(ctx context.Context, op string, s wire.RegistrySearch, lacks wire.Missing, err error) error {
	switch {
	case err != nil:
		return c.fail(ctx, op, s.Organization, err)
	case lacks == wire.MissingProject:
		return noOrganization(op, s.Organization)
	}
	return located(op, s.Organization, corrupt("a list is missing"))
}

func (l *RegistryCollections) fetch(ctx context.Context, after string, perPage int) ([]*ArtifactCollection, PageInfo, error) {
	c := l.client
	s, err := c.searching(ctx, l.op, l.search)
	if err != nil {
		return nil, PageInfo{}, err
	}
	got, lacks, err := wire.RegistryCollections(ctx, c.sender, s, wire.Page{First: perPage, After: after, WithTotal: after == ""})
	if got == nil {
		return nil, PageInfo{}, c.found(ctx, l.op, s, lacks, err)
	}
	items := make([]*ArtifactCollection, 0, len(got.Edges))
	for _, e := range got.Edges {
		if e.Node == nil || e.Node.Project == nil || e.Node.Typename == wire.SequenceTypename {
			continue // not for this viewer, or not what a registry holds
		}
		attrs, err := toCollectionAttrs(e.Node)
		if err != nil {
			return nil, PageInfo{}, located(l.op, s.Organization, err)
		}
		items = append(items, NewArtifactCollection(c, attrs.Entity, attrs.Project, attrs.Name, attrs.Type, s.Organization, &attrs))
	}
	return items, toPageInfo(got.PageInfo, got.TotalCount), nil
}

func (l *RegistryCollections) count(ctx context.Context) (int, error) {
	s, err := l.client.searching(ctx, l.op, l.search)
	if err != nil {
		return 0, err
	}
	total, lacks, err := wire.CountRegistryCollections(ctx, l.client.sender, s)
	return l.client.total(ctx, l.op, s.Organization, total, err, func() error {
		return l.client.found(ctx, l.op, s, lacks, nil)
	})
}

// The names that servers know fields by, by those that people use: of
// collections, and of everything where an organization has advanced search.
var (
	collectionFields = map[string]string{"id": "artifact_collection_id", "collection_id": "artifact_collection_id"}
	advancedFields   = struct{ registries, collections, versions map[string]string }{
		registries: map[string]string{"id": "project_id"},
		collections: map[string]string{
			"id": "artifact_collection_id", "collection_id": "artifact_collection_id",
			"collection_name": "name", "artifact_collection_name": "name", "tags": "tag",
		},
		versions: map[string]string{
			"id": "artifact_id", "version_index": "version", "tags": "tag", "aliases": "alias",
			"artifact_metadata": "metadata", "created_at": "artifact_created_at", "linked_at": "acm_created_at",
		},
	}
)

// renamed gives the fields of filters other names. What follows a point names a
// part of a field, and stays.
func renamed(filters map[string]any, names map[string]string) map[string]any {
	if filters == nil {
		return nil
	}
	out := make(map[string]any, len(filters))
	for k, v := range filters {
		if !strings.HasPrefix(k, "$") {
			field, part, parted := strings.Cut(k, ".")
			if name, ok := names[field]; ok {
				field = name
			}
			if parted {
				field += "." + part
			}
			out[field] = v
			continue
		}
		switch v := v.(type) {
		case map[string]any:
			out[k] = renamed(v, names)
		case []any:
			all := make([]any, len(v))
			for i, one := range v {
				all[i] = one
				if m, ok := one.(map[string]any); ok {
					all[i] = renamed(m, names)
				}
			}
			out[k] = all
		default:
			out[k] = v
		}
	}
	return out
}

// search is what to ask for, in the words of the server.
func (l *RegistryVersions) search(ctx context.Context) (wire.RegistrySearch, error) {
	c := l.client
	s, err := c.searching(ctx, l.op, wire.RegistrySearch{Organization: l.organization})
	if err != nil {
		return s, err
	}
	advanced, err := c.advancedSearch(ctx, l.op, s.Organization)
	if err != nil {
		return s, err
	}
	o := l.opts
	order := o.Order
	if !advanced {
		if order != "" {
			return s, &Error{
				Kind: KindUnsupported, Op: l.op, Path: s.Organization,
				Message: "this server cannot order the versions in the registries of this organization",
				Next:    "list them without an order",
			}
		}
		return searchFor(s.Organization, o.Registries, renamed(o.Collections, collectionFields), o.Filters, "")
	}
	if order != "" {
		field := strings.TrimLeft(order, "+-")
		sign := strings.TrimSuffix(order, field)
		if name, ok := advancedFields.versions[field]; ok {
			field = name
		}
		order = sign + field
	}
	return searchFor(s.Organization, renamed(o.Registries, advancedFields.registries),
		renamed(o.Collections, advancedFields.collections), renamed(o.Filters, advancedFields.versions), order)
}

// advancedSearch asks once whether an organization has it. As in W&B's client, a
// server that can filter and sort collections knows the question.
func (c *Client) advancedSearch(ctx context.Context, op, organization string) (bool, error) {
	if can, ok := c.advanced.get(organization); ok {
		return can, nil
	}
	can, err := c.supports(ctx, featureChoosing)
	if err == nil && can {
		if can, err = wire.AdvancedRegistrySearch(ctx, c.sender, organization); err != nil {
			err = c.fail(ctx, op, organization, err)
		}
		if errors.Is(err, ErrUnsupported) {
			can, err = false, nil
		}
	}
	if err == nil {
		c.advanced.put(organization, can)
	}
	return can, err
}

func (l *RegistryVersions) fetch(ctx context.Context, after string, perPage int) ([]*Artifact, PageInfo, error) {
	c := l.client
	s, err := l.search(ctx)
	if err != nil {
		return nil, PageInfo{}, err
	}
	got, lacks, err := wire.RegistryVersions(ctx, c.sender, s, wire.Page{First: perPage, After: after})
	if got == nil {
		return nil, PageInfo{}, c.found(ctx, l.op, s, lacks, err)
	}
	items := make([]*Artifact, 0, len(got.Edges))
	for _, e := range got.Edges {
		m := e.Node
		if m == nil || m.Artifact == nil || m.VersionIndex == nil || m.ArtifactCollection == nil || m.ArtifactCollection.Project == nil {
			continue // not for this viewer
		}
		a, err := c.fromMembership(m)
		if err != nil {
			return nil, PageInfo{}, located(l.op, s.Organization, err)
		}
		items = append(items, a)
	}
	return items, toPageInfo(got.PageInfo, nil), nil
}
