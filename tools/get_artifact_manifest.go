package tools

import (
	"context"
	"strings"

	"github.com/reliquary/reliquary/artifacts"
)

// GetArtifactManifestInput asks for what a version holds.
type GetArtifactManifestInput struct {
	UsableArtifact
	FileSelection
	Paging
}

// GetArtifactManifestOutput is a page of the entries of a manifest, by path.
type GetArtifactManifestOutput struct {
	Artifact string `json:"artifact"`
	// Of the whole version: equal digests mean equal contents.
	Digest string `json:"digest"`
	// Of all entries that were selected.
	SizeBytes Bytes           `json:"size_bytes"`
	Entries   []ManifestEntry `json:"entries"`
	PageEnd
	// Without a connection: when the server last said that this is the version.
	KnownSince *Moment `json:"known_since,omitempty"`
}

// ManifestEntry is a file of a version, or a reference.
type ManifestEntry struct {
	Path string `json:"path"`
	// Absent where nobody knows: of some references.
	SizeBytes *Bytes `json:"size_bytes,omitempty"`
	// Base64 MD5, or what the store of a reference said.
	Digest string `json:"digest"`
	// Where it leads, if it is one.
	Reference string `json:"reference,omitempty"`
}

func getArtifactManifest() Operation {
	return Define("get_artifact_manifest", Reads, Words{
		Title:       "Get the manifest of an artifact",
		Description: "List what an artifact version holds, files and references, all or those with a prefix or pattern, with sizes, digests and where references lead. Needs no connection if it was read before.",
		Toolset:     ToolsetFiles,
	}, func(ctx context.Context, c *artifacts.Client, in GetArtifactManifestInput) (GetArtifactManifestOutput, error) {
		var out GetArtifactManifestOutput
		if err := in.FileSelection.check(); err != nil {
			return out, err
		}
		found, err := in.UsableArtifact.find(ctx, c)
		if err != nil {
			return out, err
		}
		m, err := found.Manifest(ctx)
		if err != nil {
			return out, err
		}
		entries := in.FileSelection.of(m)
		for _, e := range entries {
			out.SizeBytes += Bytes(max(0, e.Size))
		}
		out.Artifact, out.Digest, out.KnownSince = found.QualifiedName(), m.Digest(), found.knownSince()
		out.Entries, out.PageEnd, err = listing[artifacts.ManifestEntry, ManifestEntry]{
			operation: "get_artifact_manifest",
			parts:     []string{found.ID, in.Prefix, in.Glob, strings.Join(in.FileSelection.Paths, "\x00")},
			fetch:     pagesOf(entries, func(e artifacts.ManifestEntry) string { return e.Path }),
			view: func(e artifacts.ManifestEntry) ManifestEntry {
				return ManifestEntry{Path: e.Path, SizeBytes: knownSize(e), Digest: clip(e.Digest, clippedInLists), Reference: bareURI(e.Ref)}
			},
			narrower: "select by prefix, glob or paths",
		}.page(ctx, c, in.Paging)
		return out, err
	})
}

// of are the entries of a manifest that are selected.
func (in FileSelection) of(m *artifacts.Manifest) []artifacts.ManifestEntry {
	wanted := map[string]bool{}
	for _, p := range in.Paths {
		wanted[p] = true
	}
	match := in.match()
	var out []artifacts.ManifestEntry
	for e := range m.All() {
		if strings.HasPrefix(e.Path, in.Prefix) && (len(wanted) == 0 || wanted[e.Path]) && (match == nil || match(e.Path)) {
			out = append(out, *e)
		}
	}
	return out
}
