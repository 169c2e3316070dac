package tools

import (
	"context"

	"github.com/reliquary/reliquary/artifacts"
)

// ArtifactTypeLoadInput names an artifact type.
type ArtifactTypeLoadInput struct {
	Place
	Type string `json:"type"`
}

func artifactTypeLoad() Operation {
	return Define("artifact_type_load", Reads, Words{
		Title:       "Load an artifact type",
		Description: "Get an artifact type with all attributes.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in ArtifactTypeLoadInput) (ArtifactTypeNode, error) {
		at, err := resolve(ctx, c, asked{Path: artifacts.Path{Entity: in.Entity, Project: in.Project}})
		if err != nil {
			return ArtifactTypeNode{}, err
		}
		attrs, err := c.ArtifactType(at.Entity, at.Project, in.Type).Attrs(ctx)
		return typeNode(at.Entity, at.Project, attrs), err
	})
}

// CollectionName names a collection.
type CollectionName struct {
	Place
	// Default: whatever type it has.
	Type string `json:"type,omitempty"`
	Name string `json:"name"`
}

func (in CollectionName) class(c *artifacts.Client) *artifacts.ArtifactCollection {
	return c.ArtifactCollection(in.Entity, in.Project, in.Type, in.Name)
}

func artifactCollectionLoad() Operation {
	return Define("artifact_collection_load", Reads, Words{
		Title:       "Load an artifact collection",
		Description: "Get an artifact collection with all attributes but aliases.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in CollectionName) (ArtifactCollectionNode, error) {
		attrs, err := in.class(c).Attrs(ctx)
		return collectionNode(attrs), err
	})
}

// ArtifactCollectionAliasesOutput are the aliases in a collection.
type ArtifactCollectionAliasesOutput struct {
	Aliases []string `json:"aliases"`
}

func artifactCollectionAliases() Operation {
	return Define("artifact_collection_aliases", Reads, Words{
		Title:       "Aliases of an artifact collection",
		Description: "Get the aliases of all versions in an artifact collection.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in CollectionName) (ArtifactCollectionAliasesOutput, error) {
		aliases, err := in.class(c).Aliases(ctx)
		return ArtifactCollectionAliasesOutput{listed(aliases)}, err
	})
}

// ArtifactCollectionSaveInput changes a collection. What is left out stays.
type ArtifactCollectionSaveInput struct {
	CollectionName
	NewName string `json:"new_name,omitempty"`
	// Moves a sequence, with its versions. A type that does not exist is made.
	NewType string `json:"new_type,omitempty"`
	// "" removes it.
	Description *string `json:"description,omitempty"`
	// Replaces all tags.
	Tags *[]string `json:"tags,omitempty"`
}

func artifactCollectionSave() Operation {
	return Define("artifact_collection_save", Writes, Words{
		Title:       "Save an artifact collection",
		Description: "Change the name, type, description or tags of an artifact collection, and get it as it is then.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in ArtifactCollectionSaveInput) (ArtifactCollectionNode, error) {
		var none ArtifactCollectionNode
		a := in.class(c)
		if in.Description != nil {
			a.SetDescription(*in.Description)
		}
		if in.NewName != "" {
			if err := a.SetName(in.NewName); err != nil {
				return none, blame("new_name", err)
			}
		}
		if in.NewType != "" {
			if err := a.SetType(in.NewType); err != nil {
				return none, blame("new_type", err)
			}
		}
		if in.Tags != nil {
			if err := a.SetTags(*in.Tags); err != nil {
				return none, blame("tags", err)
			}
		}
		if err := a.Save(ctx); err != nil {
			return none, err
		}
		attrs, err := a.Attrs(ctx)
		return collectionNode(attrs), err
	})
}

// Done is the answer where there is nothing to tell.
type Done struct {
	Done bool `json:"done"`
}

func artifactCollectionDelete() Operation {
	return Define("artifact_collection_delete", Destroys, Words{
		Title:       "Delete an artifact collection",
		Description: "Delete an artifact collection at once, a sequence with all its versions.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in CollectionName) (Done, error) {
		err := in.class(c).Delete(ctx)
		return Done{err == nil}, err
	})
}
