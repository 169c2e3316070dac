package tools

import (
	"context"
	"strings"

	"github.com/reliquary/reliquary/artifacts"
)

// ListArtifactFilesInput asks for files of a version.
type ListArtifactFilesInput struct {
	// With an alias or a version such as v3. Default: latest.
	Artifact string `json:"artifact" jsonschema:"example=team/vision/detector:latest"`
	// Only these files.
	Paths []string `json:"paths,omitempty" jsonschema:"maxItems=100"`
	Showing
	Paging
}

// ListArtifactFilesOutput is a page of files.
type ListArtifactFilesOutput struct {
	Artifact string     `json:"artifact"`
	Files    []FileItem `json:"files" detail:"items"`
	PageEnd
}

// FileItem is a file in a list.
type FileItem struct {
	Path      string `json:"path" detail:"always"`
	SizeBytes Bytes  `json:"size_bytes"`
	// Base64 MD5, or what the store of a reference said.
	Digest   string `json:"digest,omitempty" detail:"full"`
	Mimetype string `json:"mimetype,omitempty" detail:"full"`
}

func listArtifactFiles() Operation {
	return Define("list_artifact_files", Reads, Words{
		Title:       "List the files of an artifact",
		Description: "List the files of an artifact version: paths and sizes; full adds digests. Nothing is downloaded.",
		Toolset:     ToolsetFiles,
	}, func(ctx context.Context, c *artifacts.Client, in ListArtifactFilesInput) (ListArtifactFilesOutput, error) {
		var out ListArtifactFilesOutput
		a, err := artifactAt(ctx, c, "artifact", in.Artifact)
		if err != nil {
			return out, err
		}
		out.Artifact = a.QualifiedName()
		out.Files, out.PageEnd, err = listing[*artifacts.File, FileItem]{
			operation: "list_artifact_files",
			// The version, not the alias: one that moved would continue another list.
			parts: []string{out.Artifact, strings.Join(in.Paths, "\x00")},
			fetch: func(ctx context.Context, after string, perPage int) ([]*artifacts.File, artifacts.PageInfo, error) {
				return a.Files(&artifacts.FilesOptions{PerPage: perPage, After: after, Names: in.Paths}).Page(ctx)
			},
			view: func(f *artifacts.File) FileItem {
				return FileItem{Path: f.Name, SizeBytes: Bytes(f.Size), Digest: clip(f.Digest, clippedInLists), Mimetype: f.Mimetype}
			},
			narrower: "name the files with paths",
		}.page(ctx, c, in.Paging)
		return out, err
	})
}
