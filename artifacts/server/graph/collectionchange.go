package graph

import (
	"context"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

func (rq *request) updateCollection(
	ctx context.Context, id string, kind metadata.CollectionKind, name, description *string, mutationID *string,
) (*UpdateArtifactCollectionPayload, error) {
	c, err := rq.collectionToWrite(ctx, id, kind)
	if err != nil {
		return nil, err
	}
	c, err = rq.store.UpdateCollection(ctx, c.ID, metadata.CollectionUpdate{Name: name, Description: description})
	if err != nil {
		return nil, err
	}
	return &UpdateArtifactCollectionPayload{ArtifactCollection: rq.newCollection(c), ClientMutationID: mutationID}, nil
}

// UpdateArtifactSequence renames and describes a sequence.
func (mutation) UpdateArtifactSequence(ctx context.Context, in UpdateArtifactSequenceInput) (*UpdateArtifactCollectionPayload, error) {
	return requestOf(ctx).updateCollection(ctx, in.ArtifactSequenceID, metadata.Sequence, in.Name, in.Description, in.ClientMutationID)
}

// UpdateArtifactPortfolio renames and describes a portfolio.
func (mutation) UpdateArtifactPortfolio(ctx context.Context, in UpdateArtifactPortfolioInput) (*UpdateArtifactCollectionPayload, error) {
	return requestOf(ctx).updateCollection(ctx, in.ArtifactPortfolioID, metadata.Portfolio, in.Name, in.Description, in.ClientMutationID)
}

// MoveArtifactSequence gives a sequence another type.
func (mutation) MoveArtifactSequence(ctx context.Context, in MoveArtifactSequenceInput) (*UpdateArtifactCollectionPayload, error) {
	rq := requestOf(ctx)
	c, err := rq.collectionToWrite(ctx, in.ArtifactSequenceID, metadata.Sequence)
	if err != nil {
		return nil, err
	}
	c, err = rq.store.MoveCollection(ctx, c.ID, in.DestinationArtifactTypeName)
	if err != nil {
		return nil, err
	}
	return &UpdateArtifactCollectionPayload{ArtifactCollection: rq.newCollection(c), ClientMutationID: in.ClientMutationID}, nil
}

func (rq *request) deleteCollection(ctx context.Context, id string, kind metadata.CollectionKind, mutationID *string) (*DeleteArtifactCollectionPayload, error) {
	c, err := rq.collectionToWrite(ctx, id, kind)
	if err != nil {
		return nil, err
	}
	c, err = rq.store.DeleteCollection(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	return &DeleteArtifactCollectionPayload{ArtifactCollection: rq.newCollection(c), ClientMutationID: mutationID}, nil
}

// DeleteArtifactSequence deletes a sequence with its versions.
func (mutation) DeleteArtifactSequence(ctx context.Context, in DeleteArtifactSequenceInput) (*DeleteArtifactCollectionPayload, error) {
	return requestOf(ctx).deleteCollection(ctx, in.ArtifactSequenceID, metadata.Sequence, in.ClientMutationID)
}

// DeleteArtifactPortfolio deletes a portfolio; the versions that it links to stay.
func (mutation) DeleteArtifactPortfolio(ctx context.Context, in DeleteArtifactPortfolioInput) (*DeleteArtifactCollectionPayload, error) {
	return requestOf(ctx).deleteCollection(ctx, in.ArtifactPortfolioID, metadata.Portfolio, in.ClientMutationID)
}

// collectionNamed finds a collection that the viewer may change by its name.
func (rq *request) collectionNamed(ctx context.Context, entity, project, name string) (metadata.Collection, error) {
	p, err := rq.projectToWrite(ctx, entity, project)
	if err != nil {
		return metadata.Collection{}, err
	}
	return rq.store.Collection(ctx, p.ID, "", name)
}

// CreateArtifactCollectionTagAssignments puts tags on a collection.
func (mutation) CreateArtifactCollectionTagAssignments(
	ctx context.Context, in CreateArtifactCollectionTagAssignmentsInput,
) (*CreateArtifactCollectionTagAssignmentsPayload, error) {
	rq := requestOf(ctx)
	c, err := rq.collectionNamed(ctx, in.EntityName, in.ProjectName, in.ArtifactCollectionName)
	if err != nil {
		return nil, err
	}
	tags, err := rq.store.AddCollectionTags(ctx, c.ID, tagNames(in.Tags))
	if err != nil {
		return nil, err
	}
	return &CreateArtifactCollectionTagAssignmentsPayload{Tags: newTags(tags), ClientMutationID: in.ClientMutationID}, nil
}

// DeleteArtifactCollectionTagAssignments takes tags off a collection.
func (mutation) DeleteArtifactCollectionTagAssignments(
	ctx context.Context, in DeleteArtifactCollectionTagAssignmentsInput,
) (*DeleteArtifactCollectionTagAssignmentsPayload, error) {
	rq := requestOf(ctx)
	c, err := rq.collectionNamed(ctx, in.EntityName, in.ProjectName, in.ArtifactCollectionName)
	if err != nil {
		return nil, err
	}
	if _, err := rq.store.RemoveCollectionTags(ctx, c.ID, tagNames(in.Tags)); err != nil {
		return nil, err
	}
	return &DeleteArtifactCollectionTagAssignmentsPayload{Success: true, ClientMutationID: in.ClientMutationID}, nil
}
