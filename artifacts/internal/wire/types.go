package wire

import "context"

// In says which project is meant.
type In struct{ Entity, Project string }

func (in In) vars() Vars { return Vars{"entity": in.Entity, "project": in.Project} }

// A Missing says which part of a path the server answered null for.
type Missing int

// What can be missing, from the outside in.
const (
	Nothing Missing = iota
	MissingProject
	MissingType
	MissingCollection
	MissingVersion
	MissingRun
	MissingList // the thing is there and its list is not
)

// An ArtifactType is a type's attributes.
type ArtifactType struct {
	ID          ID      `json:"id"`
	Name        string  `json:"name"`
	Description *string `json:"description"`
	CreatedAt   string  `json:"createdAt"`
}

type artifactTypes struct {
	Project *struct {
		ArtifactTypes *Nodes[ArtifactType] `graphql:"artifactTypes(after: $cursor, first: $perPage)" json:"artifactTypes"`
	} `graphql:"project(name: $project, entityName: $entity)" json:"project"`
}

// ArtifactTypes lists a project's types.
func ArtifactTypes(ctx context.Context, s *Sender, in In, p Page) (*Nodes[ArtifactType], Missing, error) {
	out, err := Do[artifactTypes](ctx, s, Op{Name: "ProjectArtifactTypes"}, p.vars(in.vars()))
	switch {
	case err != nil:
		return nil, Nothing, err
	case out.Project == nil:
		return nil, MissingProject, nil
	case out.Project.ArtifactTypes == nil:
		return nil, MissingList, nil
	}
	return out.Project.ArtifactTypes, Nothing, nil
}

type artifactType struct {
	Project *struct {
		ArtifactType *ArtifactType `graphql:"artifactType(name: $type)" json:"artifactType"`
	} `graphql:"project(name: $project, entityName: $entity)" json:"project"`
}

// GetArtifactType finds a type by name.
func GetArtifactType(ctx context.Context, s *Sender, in In, name string) (*ArtifactType, Missing, error) {
	vars := in.vars()
	vars["type"] = name
	out, err := Do[artifactType](ctx, s, Op{Name: "ProjectArtifactType"}, vars)
	switch {
	case err != nil:
		return nil, Nothing, err
	case out.Project == nil:
		return nil, MissingProject, nil
	case out.Project.ArtifactType == nil:
		return nil, MissingType, nil
	}
	return out.Project.ArtifactType, Nothing, nil
}
