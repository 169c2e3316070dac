package wire

import "context"

// ArtifactCollectionAliasInput names an alias in a collection.
type ArtifactCollectionAliasInput struct {
	EntityName             string `json:"entityName"`
	ProjectName            string `json:"projectName"`
	ArtifactCollectionName string `json:"artifactCollectionName"`
	Alias                  string `json:"alias"`
	// ExpectedVersion is where the alias must be now, "none" or "v<N>". Only the
	// embedded registry knows it.
	ExpectedVersion *string `json:"expectedVersion,omitempty"`
}

// AddAliasesInput moves aliases to a version.
type AddAliasesInput struct {
	ArtifactID ID                             `json:"artifactID"`
	Aliases    []ArtifactCollectionAliasInput `json:"aliases"`
}

// DeleteAliasesInput takes aliases off a version.
type DeleteAliasesInput AddAliasesInput

// UpdateArtifactInput changes a version. nil fields stay as they are.
type UpdateArtifactInput struct {
	ArtifactID   ID          `json:"artifactID"`
	Description  *string     `json:"description,omitempty"`
	Metadata     *JSONString `json:"metadata,omitempty"`
	TagsToAdd    []TagInput  `json:"tagsToAdd,omitempty"`
	TagsToDelete []TagInput  `json:"tagsToDelete,omitempty"`
	// TTLDurationSeconds is positive, or one of the constants below.
	TTLDurationSeconds *int64 `json:"ttlDurationSeconds,omitempty"`
}

// What a time to live of no duration means.
const (
	TTLInherited = -1 // that of the team
	TTLDisabled  = -2 // kept for ever, whatever the team says
)

// DeleteArtifactInput deletes a version.
type DeleteArtifactInput struct {
	ArtifactID    ID   `json:"artifactID"`
	DeleteAliases bool `json:"deleteAliases"`
}

type succeeded struct {
	Success bool `json:"success"`
}

type addAliases struct {
	Result *succeeded `graphql:"addAliases(input: $input)" json:"addAliases"`
}

type deleteAliases struct {
	Result *succeeded `graphql:"deleteAliases(input: $input)" json:"deleteAliases"`
}

type updateArtifact struct {
	Result *struct {
		Artifact *Facts `json:"artifact"`
	} `graphql:"updateArtifact(input: $input)" json:"updateArtifact"`
}

type deletedArtifact struct {
	Artifact *struct {
		ID ID `json:"id"`
	} `json:"artifact"`
}

type deleteArtifact struct {
	Result *deletedArtifact `graphql:"deleteArtifact(input: $input)" json:"deleteArtifact"`
}

// AddAliases moves aliases to a version.
func AddAliases(ctx context.Context, s *Sender, in AddAliasesInput) error {
	_, err := Do[addAliases](ctx, s, Op{"AddAliases", Sets}, Vars{"input": in})
	return err
}

// DeleteAliases takes aliases off a version.
func DeleteAliases(ctx context.Context, s *Sender, in DeleteAliasesInput) error {
	_, err := Do[deleteAliases](ctx, s, Op{"DeleteAliases", Sets}, Vars{"input": in})
	return err
}

// UpdateArtifact changes a version; the answer can be nil.
func UpdateArtifact(ctx context.Context, s *Sender, in UpdateArtifactInput) (*Facts, error) {
	out, err := Do[updateArtifact](ctx, s, Op{"UpdateArtifact", Sets}, Vars{"input": in})
	if err != nil || out.Result == nil {
		return nil, err
	}
	return out.Result.Artifact, nil
}

// DeleteArtifact deletes a version. It is not repeated blindly: a server may
// call the second time an error, and the first a success.
func DeleteArtifact(ctx context.Context, s *Sender, in DeleteArtifactInput) error {
	_, err := Do[deleteArtifact](ctx, s, Op{"DeleteArtifact", Acts}, Vars{"input": in})
	return err
}

// DeleteArtifacts deletes at most MaxBatch versions with one request, one after
// the other. When it fails, those before the failing one, and after it, can be
// gone.
func DeleteArtifacts(ctx context.Context, s *Sender, inputs []DeleteArtifactInput) error {
	vars := Vars{}
	questions := make([]question, len(inputs))
	for i, in := range inputs {
		input := "input" + number(i)
		vars[input] = in
		questions[i] = question{field: "deleteArtifact(input: $" + input + ")", selection: new(deletedArtifact)}
	}
	_, err := batch[deletedArtifact](ctx, s, Op{"DeleteArtifacts", Acts}, vars, questions)
	return err
}

type projectAccess struct {
	Project *struct {
		ReadOnly *bool `json:"readOnly"`
	} `graphql:"project(name: $project, entityName: $entity)" json:"project"`
}

// MayWrite asks whether the viewer may change what lies in a project. One that
// cannot be seen cannot be changed.
func MayWrite(ctx context.Context, s *Sender, in In) (bool, error) {
	out, err := Do[projectAccess](ctx, s, Op{Name: "IsProjectReadOnly"}, in.vars())
	if err != nil || out.Project == nil {
		return false, err
	}
	return out.Project.ReadOnly == nil || !*out.Project.ReadOnly, nil
}
