package wire

import "context"

// Facts are a version's attributes that do not depend on where it is seen.
type Facts struct {
	Core
	Metadata *string `json:"metadata"`
}

// Core is all of them but the metadata, which can be long.
type Core struct {
	ID                 ID      `json:"id"`
	Description        *string `json:"description"`
	TTLDurationSeconds *int64  `json:"ttlDurationSeconds"`
	TTLIsInherited     *bool   `json:"ttlIsInherited"`
	Tags               []Name  `json:"tags"`
	HistoryStep        *int64  `json:"historyStep"`
	State              string  `json:"state"`
	Size               int64   `json:"size"`
	Digest             string  `json:"digest"`
	CommitHash         *string `json:"commitHash"`
	FileCount          int64   `json:"fileCount"`
	CreatedAt          string  `json:"createdAt"`
	UpdatedAt          *string `json:"updatedAt"`
}

// An Artifact is a version and where it was logged.
type Artifact struct {
	Facts
	VersionIndex     *int  `json:"versionIndex"`
	ArtifactType     Name  `json:"artifactType"`
	ArtifactSequence Place `json:"artifactSequence"`
}

// A Place is a collection and where it lies.
type Place struct {
	ID      ID       `json:"id"`
	Name    string   `json:"name"`
	Project *Project `json:"project"`
}

// Aliased has the aliases of a version in all collections.
type Aliased struct {
	Aliases []Alias `json:"aliases"`
}

// An Alias and the collection in which it counts.
type Alias struct {
	Alias              string `json:"alias"`
	ArtifactCollection *struct {
		ID ID `json:"id"`
	} `json:"artifactCollection"`
}

// An AliasedArtifact is a version with its aliases.
type AliasedArtifact struct {
	Artifact
	Aliased
}

// A SequenceVersion is a version seen in the sequence that it was logged to:
// its type and origin are the sequence's, and asking for them once a page
// instead of once a version is what makes long lists quick.
type SequenceVersion struct {
	Facts
	Aliased
	Origin `graphql:"-"` // where a variant of the list asks for it
}

// A PortfolioVersion is a version seen in a portfolio.
type PortfolioVersion struct {
	AliasedArtifact
	Origin `graphql:"-"`
}

// An Origin says who logged a version, and how many runs used it.
type Origin struct {
	CreatedBy *Creator `json:"createdBy"`
	UsedBy    *Total   `json:"usedBy"`
}

// A Creator is the run that logged a version, or else the user who did.
type Creator struct {
	Typename    string `graphql:"__typename" json:"__typename"`
	CreatorRun  `graphql:"... on Run"`
	CreatorUser `graphql:"... on User"`
}

// The types that a Creator can have.
const (
	RunTypename  = "Run"
	UserTypename = "User"
)

// CreatorRun is what a Creator that is a run has.
type CreatorRun struct {
	RunPlace
	DisplayName *string      `json:"displayName"`
	User        *CreatorUser `json:"user"`
}

// CreatorUser is what a Creator that is a user has.
type CreatorUser struct {
	Username *string `json:"username"`
}

// Versions are a collection and a page of its versions.
type Versions = VersionsAs[SequenceVersion, PortfolioVersion]

// VersionsAs are Versions of which a sequence shows S and a portfolio L.
type VersionsAs[S, L any] struct {
	Place
	DefaultArtifactType Name `json:"defaultArtifactType"`
	InSequence[S]       `graphql:"... on ArtifactSequence"`
	InPortfolio[L]      `graphql:"... on ArtifactPortfolio"`
}

// InSequence is what only a sequence has.
type InSequence[S any] struct {
	Own *Versioned[S] `graphql:"artifacts(after: $cursor, first: $perPage, filters: $filters, order: $order)" json:"artifacts"`
}

// InPortfolio is what only a portfolio has. Its own name keeps the two
// selections apart.
type InPortfolio[L any] struct {
	Linked *Versioned[L] `graphql:"linked: artifacts(after: $cursor, first: $perPage, filters: $filters, order: $order)" json:"linked"`
}

// A ListShape says what a list of versions brings of each, beside what every
// list brings.
type ListShape struct {
	NoMetadata bool
	CreatedBy  bool
	// UseCount asks how many runs used it, which W&B's own client never does: a
	// server may refuse the whole list for that.
	UseCount bool
}

// vars puts the variables of all shapes but the usual one into v.
func (l ListShape) vars(v Vars) { v["withMetadata"], v["withCreatedBy"] = !l.NoMetadata, l.CreatedBy }

// The selections of these shapes.
type (
	shapedFacts struct {
		Core
		Metadata  *string  `graphql:"metadata @include(if: $withMetadata)" json:"metadata"`
		CreatedBy *Creator `graphql:"createdBy @include(if: $withCreatedBy)" json:"createdBy"`
		Aliased
	}
	countedFacts struct {
		shapedFacts
		UsedBy *Total `graphql:"usedBy" json:"usedBy"`
	}
	linkedAs[F any] struct {
		Facts            F `graphql:"... on Artifact"`
		VersionIndex     *int
		ArtifactType     Name
		ArtifactSequence Place
	}
	shapedVersions  = VersionsAs[shapedFacts, linkedAs[shapedFacts]]
	countedVersions = VersionsAs[countedFacts, linkedAs[countedFacts]]
)

// Versioned is a connection of versions with their number in the collection.
type Versioned[N any] struct {
	TotalCount *int               `graphql:"totalCount @include(if: $withTotal)" json:"totalCount"`
	PageInfo   PageInfo           `json:"pageInfo"`
	Edges      []VersionedEdge[N] `json:"edges"`
}

// A VersionedEdge holds a version, called "v<N>".
type VersionedEdge[N any] struct {
	Version string `json:"version"`
	Node    *N     `json:"node"`
}

type versionsTotal struct {
	Artifacts *Total `graphql:"artifacts(filters: $filters)" json:"artifacts"`
}

// ProjectArtifactsName is the name of ProjectArtifacts, whose answers have one PageInfo.
const ProjectArtifactsName = "ProjectArtifacts"

// ProjectArtifacts lists the versions of a collection.
func ProjectArtifacts(ctx context.Context, s *Sender, c Collection, choice Choice, shape ListShape, p Page) (*Versions, Missing, error) {
	op := Op{Name: ProjectArtifactsName}
	vars := p.counted(Vars{"filters": optional(choice.Filters), "order": optional(choice.Order)})
	ask := find[Versions]
	if shape != (ListShape{}) {
		shape.vars(vars)
		ask = findAs[shapedVersions, Versions]
		if shape.UseCount {
			ask = findAs[countedVersions, Versions]
		}
	}
	out, missing, err := ask(ctx, s, op, c, vars)
	if out != nil && out.Own == nil && out.Linked == nil {
		return nil, MissingList, nil
	}
	return out, missing, err
}

// CountProjectArtifacts asks how many versions ProjectArtifacts would list.
func CountProjectArtifacts(ctx context.Context, s *Sender, c Collection, filters JSONString) (*Total, Missing, error) {
	out, missing, err := find[versionsTotal](ctx, s, Op{Name: "ProjectArtifactsTotal"}, c, Vars{"filters": optional(filters)})
	switch {
	case out == nil:
		return nil, missing, err
	case out.Artifacts == nil:
		return nil, MissingList, nil
	}
	return out.Artifacts, Nothing, nil
}

// A Membership is a version's place in a collection.
type Membership struct {
	VersionIndex *int `json:"versionIndex"`
	Aliases      []struct {
		Alias string `json:"alias"`
	} `json:"aliases"`
	ArtifactCollection *Place    `json:"artifactCollection"`
	Artifact           *Artifact `json:"artifact"`
}

type membershipByName struct {
	Project *struct {
		Membership *Membership `graphql:"artifactCollectionMembership(name: $name)" json:"artifactCollectionMembership"`
	} `graphql:"project(name: $project, entityName: $entity)" json:"project"`
}

// ArtifactMembershipByName finds a version by "collection:alias".
func ArtifactMembershipByName(ctx context.Context, s *Sender, in In, name string) (*Membership, Missing, error) {
	vars := in.vars()
	vars["name"] = name
	out, err := Do[membershipByName](ctx, s, Op{Name: "ArtifactMembershipByName"}, vars)
	switch {
	case err != nil:
		return nil, Nothing, err
	case out.Project == nil:
		return nil, MissingProject, nil
	case out.Project.Membership == nil, out.Project.Membership.Artifact == nil:
		return nil, MissingVersion, nil
	}
	return out.Project.Membership, Nothing, nil
}

type artifactByID struct {
	Artifact *AliasedArtifact `graphql:"artifact(id: $id)" json:"artifact"`
}

// ArtifactByID finds a version by its id.
func ArtifactByID(ctx context.Context, s *Sender, id ID) (*AliasedArtifact, Missing, error) {
	out, err := Do[artifactByID](ctx, s, Op{Name: "ArtifactByID"}, Vars{"id": id})
	switch {
	case err != nil:
		return nil, Nothing, err
	case out.Artifact == nil:
		return nil, MissingVersion, nil
	}
	return out.Artifact, Nothing, nil
}
