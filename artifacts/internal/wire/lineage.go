package wire

import "context"

// A RunPlace is a run's id and where the run lies.
type RunPlace struct {
	Name    string   `json:"name"`
	Project *Project `json:"project"`
}

// Users are the first runs that used a version. The server says how many it
// gives; W&B's client asks for no second page, ArtifactUsers does.
type Users = Nodes[RunPlace]

type artifactUsedBy struct {
	Artifact *struct {
		UsedBy *Users `json:"usedBy"`
	} `graphql:"artifact(id: $id)" json:"artifact"`
}

// ArtifactUsedBy asks which runs used a version.
func ArtifactUsedBy(ctx context.Context, s *Sender, id ID) (*Users, Missing, error) {
	out, err := Do[artifactUsedBy](ctx, s, Op{Name: "ArtifactUsedBy"}, Vars{"id": id})
	switch {
	case err != nil:
		return nil, Nothing, err
	case out.Artifact == nil:
		return nil, MissingVersion, nil
	case out.Artifact.UsedBy == nil:
		return nil, MissingList, nil
	}
	return out.Artifact.UsedBy, Nothing, nil
}

type artifactCreatedBy struct {
	Artifact *struct {
		CreatedBy *struct {
			Typename string `graphql:"__typename" json:"__typename"`
			RunPlace `graphql:"... on Run"`
		} `json:"createdBy"`
	} `graphql:"artifact(id: $id)" json:"artifact"`
}

// ArtifactCreatedBy asks which run logged a version; nil if none did.
func ArtifactCreatedBy(ctx context.Context, s *Sender, id ID) (*RunPlace, Missing, error) {
	out, err := Do[artifactCreatedBy](ctx, s, Op{Name: "ArtifactCreatedBy"}, Vars{"id": id})
	switch {
	case err != nil:
		return nil, Nothing, err
	case out.Artifact == nil:
		return nil, MissingVersion, nil
	case out.Artifact.CreatedBy == nil, out.Artifact.CreatedBy.Typename != "Run":
		return nil, Nothing, nil
	}
	return &out.Artifact.CreatedBy.RunPlace, Nothing, nil
}

type artifactCreator struct {
	Artifact *struct {
		CreatedBy *Creator `json:"createdBy"`
	} `graphql:"artifact(id: $id)" json:"artifact"`
}

// ArtifactCreator asks which run logged a version, with its name, or else which
// user; nil if nobody did.
func ArtifactCreator(ctx context.Context, s *Sender, id ID) (*Creator, Missing, error) {
	out, err := Do[artifactCreator](ctx, s, Op{Name: "ArtifactCreator"}, Vars{"id": id})
	switch {
	case err != nil:
		return nil, Nothing, err
	case out.Artifact == nil:
		return nil, MissingVersion, nil
	}
	return out.Artifact.CreatedBy, Nothing, nil
}

// A VersionUse is what depends on a version, and what tells it from others.
type VersionUse struct {
	ID                  ID      `json:"id"`
	State               string  `json:"state"`
	Size                int64   `json:"size"`
	Digest              string  `json:"digest"`
	Aliases             []Alias `json:"aliases"`
	UsedBy              *Users  `json:"usedBy"`
	ArtifactMemberships *struct {
		Edges []Edge[struct {
			VersionIndex       *int   `json:"versionIndex"`
			ArtifactCollection *Place `json:"artifactCollection"`
		}] `json:"edges"`
	} `json:"artifactMemberships"`
}

// UsesOfArtifacts asks what depends on at most MaxBatch versions; nil for those
// that are not there.
func UsesOfArtifacts(ctx context.Context, s *Sender, ids []ID) ([]*VersionUse, error) {
	return ofArtifacts[VersionUse](ctx, s, "ArtifactsUses", ids)
}

// VersionUses are a collection and a page of what depends on its versions.
type VersionUses struct {
	Place
	Artifacts *struct {
		PageInfo PageInfo `json:"pageInfo"`
		Edges    []struct {
			Version string      `json:"version"`
			Node    *VersionUse `json:"node"`
		} `json:"edges"`
	} `graphql:"artifacts(after: $cursor, first: $perPage)" json:"artifacts"`
}

// ArtifactUses lists what depends on the versions of a collection. It is ours:
// W&B's client asks version by version.
func ArtifactUses(ctx context.Context, s *Sender, c Collection, p Page) (*VersionUses, Missing, error) {
	out, missing, err := find[VersionUses](ctx, s, Op{Name: "ArtifactUses"}, c, p.vars(Vars{}))
	if out != nil && out.Artifacts == nil {
		return nil, MissingList, nil
	}
	return out, missing, err
}
