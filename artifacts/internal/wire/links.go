package wire

import "context"

// LinkArtifactInput puts a version into a portfolio, which is made where it is new.
type LinkArtifactInput struct {
	ArtifactID            ID                   `json:"artifactID"`
	ArtifactPortfolioName string               `json:"artifactPortfolioName"`
	EntityName            string               `json:"entityName"`
	ProjectName           string               `json:"projectName"`
	Aliases               []ArtifactAliasInput `json:"aliases,omitempty"`
}

// UnlinkArtifactInput takes a version out of a portfolio.
type UnlinkArtifactInput struct {
	ArtifactID          ID `json:"artifactID"`
	ArtifactPortfolioID ID `json:"artifactPortfolioID"`
}

// A Linked is a version's place in the portfolio that it was put into.
type Linked struct {
	VersionIndex *int        `json:"versionIndex"`
	Membership   *Membership `graphql:"artifactMembership" json:"artifactMembership"`
}

// A linkedIndex is what older servers say of it.
type linkedIndex struct {
	VersionIndex *int `json:"versionIndex"`
}

type linkArtifact[L any] struct {
	Result *L `graphql:"linkArtifact(input: $input)" json:"linkArtifact"`
}

type unlinkArtifact struct {
	Result *succeeded `graphql:"unlinkArtifact(input: $input)" json:"unlinkArtifact"`
}

// LinkArtifact puts a version into a portfolio; doing it twice is the same as
// once. telling says that the server gives the membership; without it there is
// only its number.
func LinkArtifact(ctx context.Context, s *Sender, in LinkArtifactInput, telling bool) (*Linked, error) {
	op, vars := Op{"LinkArtifact", Sets}, Vars{"input": in}
	if telling {
		out, err := Do[linkArtifact[Linked]](ctx, s, op, vars)
		if err != nil {
			return nil, err
		}
		return out.Result, nil
	}
	out, err := Do[linkArtifact[linkedIndex]](ctx, s, op, vars)
	if err != nil || out.Result == nil {
		return nil, err
	}
	return &Linked{VersionIndex: out.Result.VersionIndex}, nil
}

// UnlinkArtifact takes a version out of a portfolio. It is not repeated
// blindly: a server may call the second time an error.
func UnlinkArtifact(ctx context.Context, s *Sender, in UnlinkArtifactInput) error {
	_, err := Do[unlinkArtifact](ctx, s, Op{"UnlinkArtifact", Acts}, Vars{"input": in})
	return err
}

// A Link is a version's place in one of the collections that hold it.
type Link struct {
	VersionIndex *int    `json:"versionIndex"`
	CreatedAt    string  `json:"createdAt"`
	Aliases      []Named `json:"aliases"`
	Collection   *struct {
		Typename string `graphql:"__typename" json:"__typename"`
		Place
	} `graphql:"artifactCollection" json:"artifactCollection"`
}

// Named is an alias of which the collection is known.
type Named struct {
	Alias string `json:"alias"`
}

// Links are the places of a version.
type Links struct {
	// PageInfo is nil where the server has no pages of them.
	PageInfo *PageInfo    `json:"pageInfo"`
	Edges    []Edge[Link] `json:"edges"`
}

type (
	linksPaged struct {
		Artifact *struct {
			Memberships *Links `graphql:"artifactMemberships(after: $cursor, first: $perPage)" json:"artifactMemberships"`
		} `graphql:"artifact(id: $id)" json:"artifact"`
	}
	linksWhole struct {
		Artifact *struct {
			Memberships *struct {
				Edges []Edge[Link] `json:"edges"`
			} `graphql:"artifactMemberships" json:"artifactMemberships"`
		} `graphql:"artifact(id: $id)" json:"artifact"`
	}
)

// ArtifactLinks asks for a page of the collections that hold a version.
func ArtifactLinks(ctx context.Context, s *Sender, id ID, p Page) (*Links, Missing, error) {
	out, err := Do[linksPaged](ctx, s, Op{Name: "FetchLinkedArtifacts"}, p.vars(Vars{"id": id}))
	switch {
	case err != nil:
		return nil, Nothing, err
	case out.Artifact == nil:
		return nil, MissingVersion, nil
	case out.Artifact.Memberships == nil:
		return nil, MissingList, nil
	}
	return out.Artifact.Memberships, Nothing, nil
}

// ArtifactLinksAtOnce asks for the collections that hold a version in W&B's own
// way: the server gives as many as it likes, W&B's 500 at most.
func ArtifactLinksAtOnce(ctx context.Context, s *Sender, id ID) (*Links, Missing, error) {
	out, err := Do[linksWhole](ctx, s, Op{Name: "FetchLinkedArtifacts"}, Vars{"id": id})
	switch {
	case err != nil:
		return nil, Nothing, err
	case out.Artifact == nil:
		return nil, MissingVersion, nil
	case out.Artifact.Memberships == nil:
		return nil, MissingList, nil
	}
	return &Links{Edges: out.Artifact.Memberships.Edges}, Nothing, nil
}
