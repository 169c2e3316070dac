package wire

import "context"

// UpdateArtifactSequenceInput renames and describes a sequence. nil fields stay
// as they are.
type UpdateArtifactSequenceInput struct {
	ArtifactSequenceID ID      `json:"artifactSequenceID"`
	Name               *string `json:"name,omitempty"`
	Description        *string `json:"description,omitempty"`
}

// UpdateArtifactPortfolioInput renames and describes a portfolio. nil fields
// stay as they are.
type UpdateArtifactPortfolioInput struct {
	ArtifactPortfolioID ID      `json:"artifactPortfolioID"`
	Name                *string `json:"name,omitempty"`
	Description         *string `json:"description,omitempty"`
}

// MoveArtifactSequenceInput gives a sequence another type.
type MoveArtifactSequenceInput struct {
	ArtifactSequenceID          ID     `json:"artifactSequenceID"`
	DestinationArtifactTypeName string `json:"destinationArtifactTypeName"`
}

// TagInput names a tag.
type TagInput struct {
	TagName string `json:"tagName"`
}

// CreateArtifactCollectionTagAssignmentsInput adds tags to a collection.
type CreateArtifactCollectionTagAssignmentsInput struct {
	EntityName             string     `json:"entityName"`
	ProjectName            string     `json:"projectName"`
	ArtifactCollectionName string     `json:"artifactCollectionName"`
	Tags                   []TagInput `json:"tags"`
}

// DeleteArtifactCollectionTagAssignmentsInput takes tags off a collection.
type DeleteArtifactCollectionTagAssignmentsInput CreateArtifactCollectionTagAssignmentsInput

// MaxTagsPerCall is the most tags that W&B takes in one mutation.
const MaxTagsPerCall = 20

type changedCollection struct {
	ArtifactCollection *ArtifactCollection `json:"artifactCollection"`
}

type updateSequence struct {
	Result *changedCollection `graphql:"updateArtifactSequence(input: $input)" json:"updateArtifactSequence"`
}

type updatePortfolio struct {
	Result *changedCollection `graphql:"updateArtifactPortfolio(input: $input)" json:"updateArtifactPortfolio"`
}

type moveSequence struct {
	Result *changedCollection `graphql:"moveArtifactSequence(input: $input)" json:"moveArtifactSequence"`
}

type createTags struct {
	Result *struct {
		Tags []Name `json:"tags"`
	} `graphql:"createArtifactCollectionTagAssignments(input: $input)" json:"createArtifactCollectionTagAssignments"`
}

type deleteTags struct {
	Result *struct {
		Success bool `json:"success"`
	} `graphql:"deleteArtifactCollectionTagAssignments(input: $input)" json:"deleteArtifactCollectionTagAssignments"`
}

type deletedCollection struct {
	ArtifactCollection *struct {
		State string `json:"state"`
	} `json:"artifactCollection"`
}

type deleteSequence struct {
	Result *deletedCollection `graphql:"deleteArtifactSequence(input: {artifactSequenceID: $id})" json:"deleteArtifactSequence"`
}

type deletePortfolio struct {
	Result *deletedCollection `graphql:"deleteArtifactPortfolio(input: {artifactPortfolioID: $id})" json:"deleteArtifactPortfolio"`
}

// UpdateSequence renames and describes; the answer can be nil.
func UpdateSequence(ctx context.Context, s *Sender, in UpdateArtifactSequenceInput) (*ArtifactCollection, error) {
	out, err := Do[updateSequence](ctx, s, Op{"UpdateArtifactSequence", Sets}, Vars{"input": in})
	if err != nil || out.Result == nil {
		return nil, err
	}
	return out.Result.ArtifactCollection, nil
}

// UpdatePortfolio renames and describes; the answer can be nil.
func UpdatePortfolio(ctx context.Context, s *Sender, in UpdateArtifactPortfolioInput) (*ArtifactCollection, error) {
	out, err := Do[updatePortfolio](ctx, s, Op{"UpdateArtifactPortfolio", Sets}, Vars{"input": in})
	if err != nil || out.Result == nil {
		return nil, err
	}
	return out.Result.ArtifactCollection, nil
}

// MoveSequence changes the type; the answer can be nil.
func MoveSequence(ctx context.Context, s *Sender, in MoveArtifactSequenceInput) (*ArtifactCollection, error) {
	out, err := Do[moveSequence](ctx, s, Op{"UpdateArtifactSequenceType", Sets}, Vars{"input": in})
	if err != nil || out.Result == nil {
		return nil, err
	}
	return out.Result.ArtifactCollection, nil
}

// AddCollectionTags adds at most MaxTagsPerCall tags.
func AddCollectionTags(ctx context.Context, s *Sender, in CreateArtifactCollectionTagAssignmentsInput) error {
	_, err := Do[createTags](ctx, s, Op{"AddArtifactCollectionTags", Sets}, Vars{"input": in})
	return err
}

// DeleteCollectionTags takes off at most MaxTagsPerCall tags.
func DeleteCollectionTags(ctx context.Context, s *Sender, in DeleteArtifactCollectionTagAssignmentsInput) error {
	_, err := Do[deleteTags](ctx, s, Op{"DeleteArtifactCollectionTags", Sets}, Vars{"input": in})
	return err
}

// DeleteSequence deletes a sequence and its versions. Deleting is not repeated
// blindly: a server may call the second time an error, and the first a success.
func DeleteSequence(ctx context.Context, s *Sender, id ID) error {
	_, err := Do[deleteSequence](ctx, s, Op{"DeleteArtifactSequence", Acts}, Vars{"id": id})
	return err
}

// DeletePortfolio deletes a portfolio; the versions stay.
func DeletePortfolio(ctx context.Context, s *Sender, id ID) error {
	_, err := Do[deletePortfolio](ctx, s, Op{"DeleteArtifactPortfolio", Acts}, Vars{"id": id})
	return err
}
