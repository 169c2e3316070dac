package wire

import "context"

// An Artifact is a version's attributes.
type Artifact struct {
	ID                 ID      `json:"id"`
	VersionIndex       *int    `json:"versionIndex"`
	ArtifactType       Name    `json:"artifactType"`
	Description        *string `json:"description"`
	Metadata           *string `json:"metadata"`
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
	ArtifactSequence   Place   `json:"artifactSequence"`
}

// A Place is a collection and where it lies.
type Place struct {
	ID      ID       `json:"id"`
	Name    string   `json:"name"`
	Project *Project `json:"project"`
}

// An AliasedArtifact has its aliases in all collections.
type AliasedArtifact struct {
	Artifact
	Aliases []Alias `json:"aliases"`
}

// An Alias and the collection in which it counts.
type Alias struct {
	Alias              string `json:"alias"`
	ArtifactCollection *struct {
		ID ID `json:"id"`
	} `json:"artifactCollection"`
}

// Versions are a collection and a page of its versions.
type Versions struct {
	Place
	Artifacts *struct {
		TotalCount *int     `graphql:"totalCount @include(if: $withTotal)" json:"totalCount"`
		PageInfo   PageInfo `json:"pageInfo"`
		Edges      []struct {
			// Version is "v<N>" in the collection that is listed.
			Version string           `json:"version"`
			Node    *AliasedArtifact `json:"node"`
		} `json:"edges"`
	} `graphql:"artifacts(after: $cursor, first: $perPage, filters: $filters, order: $order)" json:"artifacts"`
}

type versionsTotal struct {
	Artifacts *Total `graphql:"artifacts(filters: $filters)" json:"artifacts"`
}

// ProjectArtifacts lists the versions of a collection.
func ProjectArtifacts(ctx context.Context, s *Sender, c Collection, choice Choice, p Page) (*Versions, Missing, error) {
	out, missing, err := find[Versions](ctx, s, Op{Name: "ProjectArtifacts"}, c, p.counted(Vars{
		"filters": optional(choice.Filters),
		"order":   optional(choice.Order),
	}))
	if out != nil && out.Artifacts == nil {
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
