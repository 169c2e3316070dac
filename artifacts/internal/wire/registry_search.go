package wire

import "context"

// A RegistrySearch says what to look for in the registries of an organization.
type RegistrySearch struct {
	Organization string
	// Registries, Collections and Versions are filters on each of them.
	Registries, Collections, Versions JSONString
	Order                             string
}

// ArtifactCollectionType is a kind of collection.
type ArtifactCollectionType string

// PortfolioType is the kind that registries hold.
const PortfolioType ArtifactCollectionType = "PORTFOLIO"

type orgCollections struct {
	List *Counted[ArtifactCollection] `graphql:"artifactCollections(projectFilters: $registryFilter, filters: $collectionFilter, collectionTypes: $collectionTypes, after: $cursor, first: $perPage, order: $order)" json:"artifactCollections"`
}

type orgCollectionsTotal struct {
	List *Total `graphql:"artifactCollections(projectFilters: $registryFilter, filters: $collectionFilter, collectionTypes: $collectionTypes)" json:"artifactCollections"`
}

type orgVersions struct {
	List *Nodes[Membership] `graphql:"artifactMemberships(projectFilters: $registryFilter, collectionFilters: $collectionFilter, filters: $artifactFilter, after: $cursor, first: $perPage, order: $order)" json:"artifactMemberships"`
}

func (l *orgCollections) list() *Counted[ArtifactCollection] { return l.List }
func (l *orgCollectionsTotal) list() *Total                  { return l.List }
func (l *orgVersions) list() *Nodes[Membership]              { return l.List }

// RegistryCollections lists the collections of registries. MissingProject means
// that there is no such organization.
func RegistryCollections(ctx context.Context, s *Sender, q RegistrySearch, p Page) (*Counted[ArtifactCollection], Missing, error) {
	vars := p.counted(q.collections())
	vars["order"] = optional(q.Order)
	return searched[orgCollections, Counted[ArtifactCollection]](ctx, s, "RegistryCollections", vars)
}

// CountRegistryCollections asks how many collections RegistryCollections would list.
func CountRegistryCollections(ctx context.Context, s *Sender, q RegistrySearch) (*Total, Missing, error) {
	return searched[orgCollectionsTotal, Total](ctx, s, "RegistryCollectionsTotal", q.collections())
}

func (q RegistrySearch) collections() Vars {
	return Vars{
		"organization":     q.Organization,
		"registryFilter":   optional(q.Registries),
		"collectionFilter": optional(q.Collections),
		"collectionTypes":  []ArtifactCollectionType{PortfolioType},
	}
}

// RegistryVersions lists the versions that are linked in registries.
func RegistryVersions(ctx context.Context, s *Sender, q RegistrySearch, p Page) (*Nodes[Membership], Missing, error) {
	return searched[orgVersions, Nodes[Membership]](ctx, s, "RegistryVersions", p.vars(Vars{
		"organization":     q.Organization,
		"registryFilter":   optional(q.Registries),
		"collectionFilter": optional(q.Collections),
		"artifactFilter":   optional(q.Versions),
		"order":            optional(q.Order),
	}))
}

// searched sends a query for L, which holds the list C, of an organization.
func searched[L, C any, P interface {
	*L
	list() *C
}](ctx context.Context, s *Sender, name string, vars Vars) (*C, Missing, error) {
	out, err := Do[inOrganization[L]](ctx, s, Op{Name: name}, vars)
	switch {
	case err != nil:
		return nil, Nothing, err
	case out.Organization == nil, out.Organization.OrgEntity == nil:
		return nil, MissingProject, nil
	}
	if c := P(out.Organization.OrgEntity).list(); c != nil {
		return c, Nothing, nil
	}
	return nil, MissingList, nil
}
