package tools

import (
	"context"
	"errors"

	"github.com/reliquary/reliquary/artifacts"
)

// RestoreArtifactsInput names deletions to undo.
type RestoreArtifactsInput struct {
	// deletion_id of list_deleted_artifacts, in the order in which to restore.
	DeletionIDs []string `json:"deletion_ids" jsonschema:"minItems=1,maxItems=100"`
	// Another name for a collection whose name was taken meanwhile; with one deletion_id.
	NewName string `json:"new_name,omitempty"`
	Reasoned
}

// RestoreArtifactsOutput is what is back.
type RestoreArtifactsOutput struct {
	Restored []RestoredItem `json:"restored"`
	// Not restored, and why.
	Failed []FailedRestore `json:"failed,omitempty"`
}

// RestoredItem is a version or a collection that is back.
type RestoredItem struct {
	Restored string `json:"restored"`
	Versions int    `json:"versions"`
	// That are back, as collection:alias.
	Aliases []string `json:"aliases"`
	// What could not be put back as it was.
	NotAsBefore []string `json:"not_as_before,omitempty"`
}

// FailedRestore is a deletion that was not undone.
type FailedRestore struct {
	DeletionID string `json:"deletion_id"`
	Why        string `json:"why"`
}

func restoreArtifacts() Operation {
	return Define("restore_artifacts", Writes, Words{
		Title:       "Restore deleted artifacts",
		Description: "Bring back deleted artifact versions or collections found with list_deleted_artifacts, under their old version numbers, with aliases, tags and links as far as nothing else has taken them. Tells what could not be put back as it was. Files that were collected are gone for good.",
		Toolset:     ToolsetHistory,
	}, func(ctx context.Context, c *artifacts.Client, in RestoreArtifactsInput) (RestoreArtifactsOutput, error) {
		out := RestoreArtifactsOutput{Restored: []RestoredItem{}}
		if in.NewName != "" && len(in.DeletionIDs) > 1 {
			return out, invalid("new_name", "restore the collection alone", "new_name is for one collection, and %d deletions were named", len(in.DeletionIDs))
		}
		ctx = in.reasoned(ctx)
		var first error
		for _, id := range in.DeletionIDs {
			got, err := restoreOne(ctx, c, id, in.NewName)
			switch {
			case err == nil:
				item := RestoredItem{Restored: got.Deletion.QualifiedName(), Versions: got.Versions}
				item.Aliases, _ = some(got.Aliases, mostAliases)
				item.NotAsBefore, _ = some(got.Kept, mostNamesShown)
				if len(item.NotAsBefore) == 0 {
					item.NotAsBefore = nil
				}
				out.Restored = append(out.Restored, item)
			case errors.Is(err, artifacts.ErrUnsupported), errors.Is(err, artifacts.ErrCanceled), errors.Is(err, artifacts.ErrUnauthenticated):
				if len(out.Restored) == 0 {
					return out, err
				}
				fallthrough
			default:
				if first == nil {
					first = blame("deletion_ids", err)
				}
				out.Failed = append(out.Failed, FailedRestore{id, clip(err.Error(), clippedInLists*2)})
			}
		}
		if len(out.Restored) == 0 {
			return out, first // nothing was done, and an error says so best
		}
		return out, nil
	})
}

func restoreOne(ctx context.Context, c *artifacts.Client, id, name string) (artifacts.Restored, error) {
	d, err := c.ArtifactDeletion(ctx, id)
	if err == nil {
		err = checkAllowed(ctx, "deletion_ids", d.Entity, d.Project)
	}
	if err != nil {
		return artifacts.Restored{}, err
	}
	return d.Restore(ctx, &artifacts.RestoreOptions{Name: name})
}
