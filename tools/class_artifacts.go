package tools

import (
	"context"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

// loadArtifact gets a version by its path, or by the server's id of it.
func loadArtifact(ctx context.Context, c *artifacts.Client, path string) (*artifacts.Artifact, error) {
	at, err := readArtifact(ctx, c, "artifact", path)
	if err != nil {
		return nil, err
	}
	return c.Artifact(ctx, at.Path.String())
}

// ArtifactName names a version as seen in a collection.
type ArtifactName struct {
	Artifact string `json:"artifact" jsonschema:"example=team/vision/detector:v3"`
}

// ArtifactLoadInput names a version in one of two ways.
type ArtifactLoadInput struct {
	// With an alias or a version such as v3. Default: latest.
	Artifact string `json:"artifact,omitempty" jsonschema:"example=team/vision/detector:latest"`
	// The server's id, in place of artifact.
	ID string `json:"id,omitempty"`
}

func artifactLoad() Operation {
	return Define("artifact_load", Reads, Words{
		Title:       "Load an artifact version",
		Description: "Get an artifact version with all attributes, by its path or its id.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in ArtifactLoadInput) (ArtifactNode, error) {
		var a *artifacts.Artifact
		var err error
		switch {
		case (in.Artifact == "") == (in.ID == ""):
			return ArtifactNode{}, invalid("artifact", "give either artifact or id", "which version is meant is not said, or said twice")
		case in.ID != "":
			a, err = c.ArtifactByID(ctx, in.ID)
		default:
			a, err = loadArtifact(ctx, c, in.Artifact)
		}
		if err != nil {
			return ArtifactNode{}, err
		}
		return artifactNode(a), nil
	})
}

// ArtifactSaveInput changes a version. What is left out stays.
type ArtifactSaveInput struct {
	ArtifactName
	// "" removes it.
	Description *string `json:"description,omitempty"`
	// Replaces all metadata.
	Metadata      *Object  `json:"metadata,omitempty"`
	AddAliases    []string `json:"add_aliases,omitempty"`
	RemoveAliases []string `json:"remove_aliases,omitempty"`
	AddTags       []string `json:"add_tags,omitempty"`
	RemoveTags    []string `json:"remove_tags,omitempty"`
	// Kept so long after its creation; 0: as its project says; -1: for ever.
	TTLSeconds *int64 `json:"ttl_seconds,omitempty" jsonschema:"minimum=-1,maximum=9000000000"`
}

func artifactSave() Operation {
	return Define("artifact_save", Writes, Words{
		Title:       "Save an artifact version",
		Description: "Change the description, metadata, aliases, tags or time to live of an artifact version, and get it as it is then.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in ArtifactSaveInput) (ArtifactNode, error) {
		a, err := loadArtifact(ctx, c, in.Artifact)
		if err == nil {
			err = in.set(a)
		}
		if err == nil {
			err = a.Save(ctx)
		}
		if err != nil {
			return ArtifactNode{}, err
		}
		return artifactNode(a), nil
	})
}

func (in ArtifactSaveInput) set(a *artifacts.Artifact) error {
	if in.Description != nil {
		a.SetDescription(*in.Description)
	}
	if in.Metadata != nil {
		if err := a.SetMetadata(in.Metadata.RawMessage); err != nil {
			return blame("metadata", err)
		}
	}
	if err := a.AddAliases(in.AddAliases...); err != nil {
		return blame("add_aliases", err)
	}
	a.RemoveAliases(in.RemoveAliases...)
	if err := a.AddTags(in.AddTags...); err != nil {
		return blame("add_tags", err)
	}
	a.RemoveTags(in.RemoveTags...)
	if in.TTLSeconds == nil {
		return nil
	}
	var err error
	switch seconds := *in.TTLSeconds; seconds {
	case 0:
		err = a.InheritTTL()
	case -1:
		err = a.SetTTL(nil)
	default:
		ttl := time.Duration(seconds) * time.Second
		err = a.SetTTL(&ttl)
	}
	if err != nil {
		return blame("ttl_seconds", err)
	}
	return nil
}

// ArtifactDeleteInput names a version to delete.
type ArtifactDeleteInput struct {
	ArtifactName
	// Delete it with its aliases. Without, a version that has some stays.
	DeleteAliases bool `json:"delete_aliases,omitempty"`
}

func artifactDelete() Operation {
	return Define("artifact_delete", Destroys, Words{
		Title:       "Delete an artifact version",
		Description: "Delete an artifact version at once. A link is taken out of its portfolio, and the version itself stays.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in ArtifactDeleteInput) (Done, error) {
		a, err := loadArtifact(ctx, c, in.Artifact)
		if err == nil {
			err = a.Delete(ctx, artifacts.DeleteOptions{DeleteAliases: in.DeleteAliases})
		}
		return Done{err == nil}, err
	})
}

// ArtifactLinkInput says which version goes where.
type ArtifactLinkInput struct {
	ArtifactName
	// The collection, which is made where it is new.
	Target  string   `json:"target" jsonschema:"example=wandb-registry-models/detector"`
	Aliases []string `json:"aliases,omitempty"`
}

func artifactLink() Operation {
	return Define("artifact_link", Writes, Words{
		Title:       "Link an artifact version",
		Description: "Put an artifact version into a portfolio, and get it as seen there.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in ArtifactLinkInput) (ArtifactNode, error) {
		a, err := loadArtifact(ctx, c, in.Artifact)
		if err != nil {
			return ArtifactNode{}, err
		}
		linked, err := a.Link(ctx, in.Target, in.Aliases...)
		if err != nil {
			return ArtifactNode{}, err
		}
		return artifactNode(linked), nil
	})
}

func artifactUnlink() Operation {
	return Define("artifact_unlink", Writes, Words{
		Title:       "Unlink an artifact version",
		Description: "Take an artifact version out of the portfolio that its path leads through.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in ArtifactName) (Done, error) {
		a, err := loadArtifact(ctx, c, in.Artifact)
		if err == nil {
			err = a.Unlink(ctx)
		}
		return Done{err == nil}, err
	})
}

// ArtifactLinkedArtifactsOutput are the places of a version in portfolios.
type ArtifactLinkedArtifactsOutput struct {
	Nodes []ArtifactNode `json:"nodes"`
	// False: the server gave only the first of them.
	Complete bool `json:"complete"`
}

func artifactLinkedArtifacts() Operation {
	return Define("artifact_linked_artifacts", Reads, Words{
		Title:       "Links of an artifact version",
		Description: "Get an artifact version as seen in each portfolio that it is linked into.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in ArtifactName) (ArtifactLinkedArtifactsOutput, error) {
		out := ArtifactLinkedArtifactsOutput{Nodes: []ArtifactNode{}}
		a, err := loadArtifact(ctx, c, in.Artifact)
		if err != nil {
			return out, err
		}
		links, complete, err := a.LinkedArtifacts(ctx)
		for _, l := range links {
			out.Nodes = append(out.Nodes, artifactNode(l))
		}
		out.Complete = complete
		return out, err
	})
}

// ArtifactLoggedByOutput is the run that logged a version.
type ArtifactLoggedByOutput struct {
	// Left out: none did, or none that this API key may see.
	Run *RunName `json:"run,omitempty"`
}

func artifactLoggedBy() Operation {
	return Define("artifact_logged_by", Reads, Words{
		Title:       "Run that logged an artifact version",
		Description: "Get the run that logged an artifact version.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in ArtifactName) (ArtifactLoggedByOutput, error) {
		var out ArtifactLoggedByOutput
		a, err := loadArtifact(ctx, c, in.Artifact)
		if err != nil {
			return out, err
		}
		run, err := a.LoggedBy(ctx)
		if run != nil {
			name := runName(*run)
			out.Run = &name
		}
		return out, err
	})
}

// ArtifactUsedByOutput are the runs that used a version.
type ArtifactUsedByOutput struct {
	Runs []RunName `json:"runs"`
	// False: the server gave only the first of them.
	Complete bool `json:"complete"`
}

func artifactUsedBy() Operation {
	return Define("artifact_used_by", Reads, Words{
		Title:       "Runs that used an artifact version",
		Description: "Get the runs that used an artifact version.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in ArtifactName) (ArtifactUsedByOutput, error) {
		out := ArtifactUsedByOutput{Runs: []RunName{}}
		a, err := loadArtifact(ctx, c, in.Artifact)
		if err != nil {
			return out, err
		}
		runs, complete, err := a.UsedBy(ctx)
		for _, r := range runs {
			out.Runs = append(out.Runs, runName(r))
		}
		out.Complete = complete
		return out, err
	})
}

// ArtifactManifestPageInput asks for entries of a version's manifest.
type ArtifactManifestPageInput struct {
	ArtifactName
	First int `json:"first,omitempty" jsonschema:"minimum=1,maximum=100000,default=10000"`
	// end_cursor of the page before.
	After string `json:"after,omitempty"`
}

// ManifestEntryConnection is a page of entries, in byte order of their paths.
type ManifestEntryConnection struct {
	Nodes  []ManifestEntryNode `json:"nodes"`
	Digest string              `json:"digest"`
	ConnectionEnd
}

func artifactManifestPage() Operation {
	return Define("artifact_manifest_page", Reads, Words{
		Title:       "Page of the manifest of an artifact",
		Description: "Get a page of the manifest of an artifact version: every file and reference in it.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in ArtifactManifestPageInput) (ManifestEntryConnection, error) {
		out := ManifestEntryConnection{Nodes: []ManifestEntryNode{}}
		a, err := loadArtifact(ctx, c, in.Artifact)
		if err != nil {
			return out, err
		}
		m, err := a.Manifest(ctx)
		if err != nil {
			return out, err
		}
		for e := range m.All() {
			if e.Path <= in.After && in.After != "" {
				continue
			}
			if len(out.Nodes) == in.First {
				out.PageInfo.HasNextPage = true
				break
			}
			out.Nodes = append(out.Nodes, entryNode(e))
			out.PageInfo.EndCursor = e.Path
		}
		n := m.Len()
		out.TotalCount, out.Digest = &n, m.Digest()
		return out, nil
	})
}
