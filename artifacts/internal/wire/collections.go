package wire

import "context"

// An ArtifactCollection is a collection's attributes.
type ArtifactCollection struct {
	Typename            string   `graphql:"__typename" json:"__typename"`
	ID                  ID       `json:"id"`
	Name                string   `json:"name"`
	Description         *string  `json:"description"`
	CreatedAt           string   `json:"createdAt"`
	UpdatedAt           *string  `json:"updatedAt"`
	Project             *Project `json:"project"`
	DefaultArtifactType Name     `json:"defaultArtifactType"`
	Tags                *Tags    `json:"tags"`
}

// The types that implement ArtifactCollection.
const (
	SequenceTypename  = "ArtifactSequence"
	PortfolioTypename = "ArtifactPortfolio"
)

// inType reaches C, a selection of one collection, through its type.
type inType[C any] struct {
	Project *struct {
		ArtifactType *struct {
			ArtifactCollection *C `graphql:"artifactCollection(name: $collection)" json:"artifactCollection"`
		} `graphql:"artifactType(name: $type)" json:"artifactType"`
	} `graphql:"project(name: $project, entityName: $entity)" json:"project"`
}

// inProject reaches C, a selection of one collection, without knowing its type.
type inProject[C any] struct {
	Project *struct {
		ArtifactCollection *C `graphql:"artifactCollection(name: $collection)" json:"artifactCollection"`
	} `graphql:"project(name: $project, entityName: $entity)" json:"project"`
}

// A Collection names a collection. Type may be "".
type Collection struct {
	In
	Type, Name string
}

// find sends op, which selects C of one collection.
func find[C any](ctx context.Context, s *Sender, op Op, c Collection, more Vars) (*C, Missing, error) {
	return findAs[C, C](ctx, s, op, c, more)
}

// findAs sends op, which selects Q of one collection, and reads it as C.
func findAs[Q, C any](ctx context.Context, s *Sender, op Op, c Collection, more Vars) (*C, Missing, error) {
	vars := c.vars()
	vars["collection"] = c.Name
	for k, v := range more {
		vars[k] = v
	}
	if c.Type == "" {
		out, err := DoAs[inProject[Q], inProject[C]](ctx, s, op, vars)
		switch {
		case err != nil:
			return nil, Nothing, err
		case out.Project == nil:
			return nil, MissingProject, nil
		case out.Project.ArtifactCollection == nil:
			return nil, MissingCollection, nil
		}
		return out.Project.ArtifactCollection, Nothing, nil
	}
	vars["type"] = c.Type
	out, err := DoAs[inType[Q], inType[C]](ctx, s, op, vars)
	switch {
	case err != nil:
		return nil, Nothing, err
	case out.Project == nil:
		return nil, MissingProject, nil
	case out.Project.ArtifactType == nil:
		return nil, MissingType, nil
	case out.Project.ArtifactType.ArtifactCollection == nil:
		return nil, MissingCollection, nil
	}
	return out.Project.ArtifactType.ArtifactCollection, Nothing, nil
}

// GetArtifactCollection finds a collection by name.
func GetArtifactCollection(ctx context.Context, s *Sender, c Collection) (*ArtifactCollection, Missing, error) {
	return find[ArtifactCollection](ctx, s, Op{Name: "ProjectArtifactCollection"}, c, nil)
}

// A ListedCollection is a collection and, where $withNewest says so, its newest
// version: one request for both, however many collections there are.
type ListedCollection struct {
	ArtifactCollection
	Newest *struct {
		Edges []VersionedEdge[NewestVersion] `json:"edges"`
	} `graphql:"newest: artifacts(first: 1, filters: $newestOf) @include(if: $withNewest)" json:"newest"`
}

// A NewestVersion has its aliases and, where $withDetails says so, more.
type NewestVersion struct {
	Aliased
	Size      int64    `graphql:"size @include(if: $withDetails)" json:"size"`
	FileCount int64    `graphql:"fileCount @include(if: $withDetails)" json:"fileCount"`
	CreatedAt *string  `graphql:"createdAt @include(if: $withDetails)" json:"createdAt"`
	CreatedBy *Creator `graphql:"createdBy @include(if: $withDetails)" json:"createdBy"`
}

// Newest says what a list of collections brings of the newest version of each.
type Newest struct {
	// Filters choose among the versions; "" means that none is brought.
	Filters JSONString
	Details bool
}

// listsOfType and listsOfProject reach L, a selection of the collections of a
// type or of a whole project.
type (
	listsOfType[L any] struct {
		Project *struct {
			ArtifactType *L `graphql:"artifactType(name: $type)" json:"artifactType"`
		} `graphql:"project(name: $project, entityName: $entity)" json:"project"`
	}
	listsOfProject[L any] struct {
		Project *L `graphql:"project(name: $project, entityName: $entity)" json:"project"`
	}
)

// The selections: what every server answers, what one that can filter and sort
// does, and a project's list where the server can do neither nor count it.
type (
	plainCollections struct {
		List *Counted[ListedCollection] `graphql:"artifactCollections(after: $cursor, first: $perPage)" json:"artifactCollections"`
	}
	chosenCollections struct {
		List *Counted[ListedCollection] `graphql:"artifactCollections(after: $cursor, first: $perPage, filters: $filters, order: $order)" json:"artifactCollections"`
	}
	uncountedCollections struct {
		List *Nodes[ListedCollection] `graphql:"artifactCollections(after: $cursor, first: $perPage)" json:"artifactCollections"`
	}
	plainCollectionsTotal struct {
		List *Total `graphql:"artifactCollections" json:"artifactCollections"`
	}
	chosenCollectionsTotal struct {
		List *Total `graphql:"artifactCollections(filters: $filters)" json:"artifactCollections"`
	}
)

func (l *plainCollections) list() *Counted[ListedCollection]   { return l.List }
func (l *chosenCollections) list() *Counted[ListedCollection]  { return l.List }
func (l *uncountedCollections) list() *Nodes[ListedCollection] { return l.List }
func (l *plainCollectionsTotal) list() *Total                  { return l.List }
func (l *chosenCollectionsTotal) list() *Total                 { return l.List }

// A Choice says which of a list's items, and in what order.
type Choice struct {
	Filters JSONString
	Order   string
}

// ArtifactCollections lists the collections of a type, or of the whole project
// where typeName is "". filtering says that the server can filter, sort and
// count a project's collections; without it choice must be empty.
func ArtifactCollections(ctx context.Context, s *Sender, in In, typeName string, choice Choice, newest Newest, filtering bool, p Page) (*Counted[ListedCollection], Missing, error) {
	vars := p.vars(in.vars())
	vars["newestOf"], vars["withNewest"], vars["withDetails"] = optional(newest.Filters), newest.Filters != "", newest.Details
	if typeName == "" && !filtering {
		l, missing, err := listed[uncountedCollections, Nodes[ListedCollection]](ctx, s, "ArtifactCollections", typeName, vars)
		if l == nil {
			return nil, missing, err
		}
		return &Counted[ListedCollection]{Nodes: *l}, Nothing, nil
	}
	vars["withTotal"] = p.WithTotal
	if choice == (Choice{}) {
		return listed[plainCollections, Counted[ListedCollection]](ctx, s, "ArtifactCollections", typeName, vars)
	}
	vars["filters"], vars["order"] = optional(choice.Filters), optional(choice.Order)
	return listed[chosenCollections, Counted[ListedCollection]](ctx, s, "ArtifactCollections", typeName, vars)
}

// CountArtifactCollections asks how many collections ArtifactCollections would
// list. The server must be able to count a project's collections where
// typeName is "", and to filter where filters is not.
func CountArtifactCollections(ctx context.Context, s *Sender, in In, typeName string, filters JSONString) (*Total, Missing, error) {
	vars := in.vars()
	if filters == "" {
		return listed[plainCollectionsTotal, Total](ctx, s, "ArtifactCollectionsTotal", typeName, vars)
	}
	vars["filters"] = &filters
	return listed[chosenCollectionsTotal, Total](ctx, s, "ArtifactCollectionsTotal", typeName, vars)
}

// listed sends a query for L, which holds the list C, of a type or a project.
func listed[L, C any, P interface {
	*L
	list() *C
}](ctx context.Context, s *Sender, what, typeName string, vars Vars) (*C, Missing, error) {
	var l *L
	if typeName == "" {
		out, err := Do[listsOfProject[L]](ctx, s, Op{Name: "Project" + what}, vars)
		if err != nil {
			return nil, Nothing, err
		}
		l = out.Project
	} else {
		vars["type"] = typeName
		out, err := Do[listsOfType[L]](ctx, s, Op{Name: "ArtifactType" + what}, vars)
		switch {
		case err != nil:
			return nil, Nothing, err
		case out.Project == nil:
			return nil, MissingProject, nil
		case out.Project.ArtifactType == nil:
			return nil, MissingType, nil
		}
		l = out.Project.ArtifactType
	}
	if l == nil {
		return nil, MissingProject, nil
	}
	if c := P(l).list(); c != nil {
		return c, Nothing, nil
	}
	return nil, MissingList, nil
}

type collectionAliases struct {
	ArtifactCollection *struct {
		Aliases *Nodes[struct {
			Alias string `json:"alias"`
		}] `graphql:"aliases(after: $cursor, first: $perPage)" json:"aliases"`
	} `graphql:"artifactCollection(id: $id)" json:"artifactCollection"`
}

// CollectionAliases lists the aliases of all versions in a collection.
func CollectionAliases(ctx context.Context, s *Sender, id ID, p Page) ([]string, PageInfo, Missing, error) {
	out, err := Do[collectionAliases](ctx, s, Op{Name: "ArtifactCollectionAliases"}, p.vars(Vars{"id": id}))
	switch {
	case err != nil:
		return nil, PageInfo{}, Nothing, err
	case out.ArtifactCollection == nil:
		return nil, PageInfo{}, MissingCollection, nil
	case out.ArtifactCollection.Aliases == nil:
		return nil, PageInfo{}, MissingList, nil
	}
	list := out.ArtifactCollection.Aliases
	aliases := make([]string, 0, len(list.Edges))
	for _, e := range list.Edges {
		if e.Node != nil {
			aliases = append(aliases, e.Node.Alias)
		}
	}
	return aliases, list.PageInfo, Nothing, nil
}
