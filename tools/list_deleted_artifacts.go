package tools

import (
	"context"

	"github.com/reliquary/reliquary/artifacts"
)

// ListDeletedArtifactsInput asks for what was deleted in a project.
type ListDeletedArtifactsInput struct {
	// Default: the configured project.
	Project string `json:"project,omitempty" jsonschema:"example=team/vision"`
	// Only this collection and what was deleted in it, by its name.
	Collection string `json:"collection,omitempty" jsonschema:"example=detector"`
	Paging
}

// ListDeletedArtifactsOutput is a page of deletions, the last one first.
type ListDeletedArtifactsOutput struct {
	Project   string                `json:"project"`
	Deletions []DeletedArtifactItem `json:"deletions"`
	PageEnd
}

// DeletedArtifactItem is one act of deleting.
type DeletedArtifactItem struct {
	// For restore_artifacts.
	DeletionID string `json:"deletion_id"`
	// A version, or a collection with its versions.
	Deleted   string `json:"deleted"`
	Kind      string `json:"kind" jsonschema:"enum=version,enum=collection"`
	Type      string `json:"type"`
	Versions  int    `json:"versions"`
	SizeBytes Bytes  `json:"size_bytes"`
	DeletedAt Moment `json:"deleted_at"`
	// Absent: the registry itself, or not known.
	DeletedBy string `json:"deleted_by,omitempty"`
	Actor     string `json:"actor,omitempty" jsonschema:"enum=person,enum=agent,enum=program"`
	Reason    string `json:"reason,omitempty"`
	// Its time to live had ended.
	Expired bool `json:"expired,omitempty"`
}

func listDeletedArtifacts() Operation {
	return Define("list_deleted_artifacts", Reads, Words{
		Title:       "List deleted artifacts",
		Description: "List the artifact versions and collections of a project that were deleted or have expired and can still be restored, with who deleted them and why. restore_artifacts brings them back. Only where the server is a Reliquary registry.",
		Toolset:     ToolsetHistory,
	}, func(ctx context.Context, c *artifacts.Client, in ListDeletedArtifactsInput) (ListDeletedArtifactsOutput, error) {
		var out ListDeletedArtifactsOutput
		at, err := readProject(ctx, c, "project", in.Project)
		if err != nil {
			return out, err
		}
		out.Project = at.place()
		out.Deletions, out.PageEnd, err = listing[*artifacts.ArtifactDeletion, DeletedArtifactItem]{
			operation: "list_deleted_artifacts",
			parts:     []string{at.Entity, at.Project, in.Collection},
			fetch: func(ctx context.Context, after string, perPage int) ([]*artifacts.ArtifactDeletion, artifacts.PageInfo, error) {
				return c.ArtifactDeletions(at.Entity, at.Project, &artifacts.DeletionsOptions{PerPage: perPage, After: after, Collection: in.Collection}).Page(ctx)
			},
			view: func(d *artifacts.ArtifactDeletion) DeletedArtifactItem {
				item := DeletedArtifactItem{
					DeletionID: d.ID, Deleted: d.QualifiedName(), Kind: "version", Type: d.Type, Versions: d.Versions, SizeBytes: Bytes(d.Size),
					DeletedAt: moment(d.DeletedAt), DeletedBy: d.Username, Actor: actorName(d.Actor), Reason: clip(d.Reason, clippedInLists), Expired: d.Expired,
				}
				if d.Kind == artifacts.CollectionDeletion {
					item.Kind = "collection"
				}
				return item
			},
			narrower: "name a collection",
		}.page(ctx, c, in.Paging)
		return out, suggest(ctx, c, at, err)
	})
}
