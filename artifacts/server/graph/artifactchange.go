package graph

import (
	"context"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// UpdateArtifact changes description, metadata, tags and time to live.
func (mutation) UpdateArtifact(ctx context.Context, in UpdateArtifactInput) (*UpdateArtifactPayload, error) {
	rq := requestOf(ctx)
	a, err := rq.artifactToWrite(ctx, in.ArtifactID)
	if err != nil {
		return nil, err
	}
	if in.Aliases != nil {
		return nil, fail(metadata.KindInvalid, "aliases are changed by addAliases and deleteAliases, not by updateArtifact")
	}
	if in.Labels != nil {
		return nil, fail(metadata.KindInvalid, "this registry keeps no labels; use tags or metadata")
	}
	a, err = rq.store.UpdateArtifact(ctx, a.ID, metadata.ArtifactUpdate{
		Description: in.Description, Metadata: in.Metadata, TTLDurationSeconds: in.TTLDurationSeconds,
		AddTags: tagNames(in.TagsToAdd), RemoveTags: tagNames(in.TagsToDelete),
	})
	if err != nil {
		return nil, err
	}
	return &UpdateArtifactPayload{Artifact: rq.newArtifact(a), ClientMutationID: in.ClientMutationID}, nil
}

// DeleteArtifact deletes a version.
func (mutation) DeleteArtifact(ctx context.Context, in DeleteArtifactInput) (*DeleteArtifactPayload, error) {
	rq := requestOf(ctx)
	a, err := rq.artifactToWrite(ctx, in.ArtifactID)
	if err != nil {
		return nil, err
	}
	a, err = rq.store.DeleteArtifact(ctx, a.ID, in.DeleteAliases != nil && *in.DeleteAliases)
	if err != nil {
		return nil, err
	}
	return &DeleteArtifactPayload{Artifact: rq.newArtifact(a), ClientMutationID: in.ClientMutationID}, nil
}

// UseArtifact records that a run read an artifact.
func (mutation) UseArtifact(ctx context.Context, in UseArtifactInput) (*UseArtifactPayload, error) {
	rq := requestOf(ctx)
	// The entity and project of the artifact come too; its id says it all.
	a, err := rq.artifactToFetch(ctx, in.ArtifactID)
	if err != nil {
		return nil, err
	}
	r, err := rq.runToWrite(ctx, in.EntityName, in.ProjectName, in.RunName)
	if err != nil {
		return nil, err
	}
	if err := rq.store.UseArtifact(ctx, r.ID, a.ID, textOf(in.UsedAs)); err != nil {
		return nil, err
	}
	return &UseArtifactPayload{Artifact: rq.newArtifact(a), ClientMutationID: in.ClientMutationID}, nil
}

// UseArtifactByName finds a version as Project.artifactCollectionMembership
// does, and records that a run read it.
func (mutation) UseArtifactByName(ctx context.Context, in UseArtifactByNameInput) (*UseArtifactByNamePayload, error) {
	rq := requestOf(ctx)
	r, err := rq.runToWrite(ctx, in.EntityName, in.ProjectName, in.RunName)
	if err != nil {
		return nil, err
	}
	// Most runs use what is in their own project, which has been found.
	p := rq.projectRef(r.ProjectID, r.Project, r.EntityID, r.Entity)
	if rq.entityName(textOf(in.ArtifactEntityName)) != r.Entity || in.ArtifactProjectName != r.Project {
		if p, err = rq.projectOrNull(ctx, textOf(in.ArtifactEntityName), in.ArtifactProjectName); p == nil {
			return nil, err
		}
	}
	m, err := p.member(ctx, in.ArtifactName)
	if err != nil {
		return orNull[UseArtifactByNamePayload](nil, err)
	}
	if err := rq.mayFetch(ctx, m.Artifact); err != nil {
		return nil, err
	}
	if err := rq.store.UseArtifact(ctx, r.ID, m.Artifact.ID, textOf(in.UsedAs)); err != nil {
		return nil, err
	}
	return &UseArtifactByNamePayload{ArtifactMembership: rq.newMembership(m), ClientMutationID: in.ClientMutationID}, nil
}
