package tools

import (
	"context"
	"slices"
	"strings"

	"github.com/reliquary/reliquary/artifacts"
)

// CompareArtifactsInput names two versions.
type CompareArtifactsInput struct {
	// Older, or its id.
	From string `json:"from" jsonschema:"example=team/vision/detector:v11"`
	// Newer, or its id.
	To     string `json:"to" jsonschema:"example=team/vision/detector:latest"`
	Prefix string `json:"prefix,omitempty"`
	// Do not look into tables and tensors.
	SkipContents bool `json:"skip_contents,omitempty"`
	Paging
}

// CompareArtifactsOutput is what became of the files.
type CompareArtifactsOutput struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Equal digests: nothing differs.
	SameContents bool `json:"same_contents"`
	// How many files, of all.
	Added   int `json:"added"`
	Removed int `json:"removed"`
	Changed int `json:"changed"`
	Same    int `json:"same"`
	// Of the files compared; the growth can be negative.
	SizeBytesFrom Bytes `json:"size_bytes_from"`
	SizeBytesTo   Bytes `json:"size_bytes_to"`
	GrowthBytes   Bytes `json:"growth_bytes"`
	// Those that differ, by path.
	Files []FileDifference `json:"files"`
	// Of changed CSV, JSON lines, Parquet and safetensors files among them: columns, rows, tensors.
	Contents []ContentDifference `json:"contents,omitempty"`
	PageEnd
}

// FileDifference is a file that differs.
type FileDifference struct {
	Path   string `json:"path"`
	Change string `json:"change" jsonschema:"enum=added,enum=removed,enum=changed"`
	// Absent where it is not there, or the size of a reference is not known.
	SizeBytesFrom *Bytes `json:"size_bytes_from,omitempty"`
	SizeBytesTo   *Bytes `json:"size_bytes_to,omitempty"`
	// Where a reference leads.
	ReferenceFrom string `json:"reference_from,omitempty"`
	ReferenceTo   string `json:"reference_to,omitempty"`
}

func compareArtifacts() Operation {
	return Define("compare_artifacts", Reads, Words{
		Title:       "Compare two artifact versions",
		Description: "Tell which files were added, removed or changed between two artifact versions, and how much it grew; of tables, how columns and row counts changed, of safetensors the tensors.",
		Toolset:     ToolsetArtifacts,
		// Columns and tensors have the names that they have in files.
		FileContents: true,
	}, func(ctx context.Context, c *artifacts.Client, in CompareArtifactsInput) (CompareArtifactsOutput, error) {
		var out CompareArtifactsOutput
		from, before, err := manifestOf(ctx, c, "from", in.From, in.Prefix)
		if err != nil {
			return out, err
		}
		to, after, err := manifestOf(ctx, c, "to", in.To, in.Prefix)
		if err != nil {
			return out, err
		}
		out = Compare(from, before, to, after)
		differences := out.Files
		out.Files, out.PageEnd, err = listing[FileDifference, FileDifference]{
			operation: "compare_artifacts",
			parts:     []string{out.From, out.To, in.Prefix},
			fetch:     pagesOf(differences, func(f FileDifference) string { return f.Path }),
			view:      func(f FileDifference) FileDifference { return f },
			narrower:  "compare only paths with a prefix",
		}.page(ctx, c, in.Paging)
		if err != nil || in.SkipContents {
			return out, err
		}
		var more bool
		if out.Contents, more, err = compareContents(ctx, from, to, out.Files); more {
			out.Hint = strings.TrimPrefix(out.Hint+"; not all changed tables were looked into: ask for fewer files with prefix or limit", "; ")
		}
		return out, err
	})
}

// Compare is what the operation tells, all files at once: for a front end that
// has the room.
func Compare(from *artifacts.Artifact, before *artifacts.Manifest, to *artifacts.Artifact, after *artifacts.Manifest) CompareArtifactsOutput {
	d := after.Diff(before)
	return CompareArtifactsOutput{
		From: from.QualifiedName(), To: to.QualifiedName(), SameContents: after.Digest() == before.Digest(),
		Added: len(d.Added), Removed: len(d.Removed), Changed: len(d.Changed), Same: d.Same,
		SizeBytesFrom: Bytes(before.Size()), SizeBytesTo: Bytes(after.Size()), GrowthBytes: Bytes(after.Size() - before.Size()),
		Files: viewDifferences(d),
	}
}

// manifestOf is what a version holds below a prefix.
func manifestOf(ctx context.Context, c *artifacts.Client, argument, s, prefix string) (*artifacts.Artifact, *artifacts.Manifest, error) {
	a, err := findArtifact(ctx, c, argument, s)
	if err != nil {
		return nil, nil, err
	}
	m, err := a.Manifest(ctx)
	if err != nil || prefix == "" {
		return a, m, err
	}
	var entries []artifacts.ManifestEntry
	for e := range m.All() {
		if strings.HasPrefix(e.Path, prefix) {
			entries = append(entries, *e)
		}
	}
	m, err = artifacts.NewManifest(entries)
	return a, m, err
}

// viewDifferences are all differences in the order of their paths.
func viewDifferences(d artifacts.ManifestDiff) []FileDifference {
	out := make([]FileDifference, 0, len(d.Added)+len(d.Removed)+len(d.Changed))
	for _, e := range d.Added {
		out = append(out, FileDifference{Path: e.Path, Change: "added", SizeBytesTo: knownSize(e), ReferenceTo: bareURI(e.Ref)})
	}
	for _, e := range d.Removed {
		out = append(out, FileDifference{Path: e.Path, Change: "removed", SizeBytesFrom: knownSize(e), ReferenceFrom: bareURI(e.Ref)})
	}
	for _, e := range d.Changed {
		out = append(out, FileDifference{
			Path: e.New.Path, Change: "changed", SizeBytesFrom: knownSize(e.Old), SizeBytesTo: knownSize(e.New),
			ReferenceFrom: bareURI(e.Old.Ref), ReferenceTo: bareURI(e.New.Ref),
		})
	}
	slices.SortFunc(out, func(a, b FileDifference) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// knownSize is an entry's size, nil if nobody knows.
func knownSize(e artifacts.ManifestEntry) *Bytes {
	if e.Size < 0 || e.IsReference() && e.Size == 0 {
		return nil
	}
	b := Bytes(e.Size)
	return &b
}

// bareURI is where a reference leads, without what may be secret in it.
func bareURI(uri string) string {
	uri, _, _ = strings.Cut(uri, "?")
	if scheme, rest, ok := strings.Cut(uri, "://"); ok {
		host, path, slash := strings.Cut(rest, "/")
		host = host[strings.LastIndexByte(host, '@')+1:]
		if uri = scheme + "://" + host; slash {
			uri += "/" + path
		}
	}
	return clip(uri, clippedInLists)
}

// pagesOf gives pages of what is known as a whole, in the order of its keys,
// which the cursors are.
func pagesOf[T any](all []T, key func(T) string) func(context.Context, string, int) ([]T, artifacts.PageInfo, error) {
	return func(_ context.Context, after string, perPage int) ([]T, artifacts.PageInfo, error) {
		rest := all
		if after != "" {
			from, found := slices.BinarySearchFunc(all, after, func(item T, after string) int { return strings.Compare(key(item), after) })
			if found {
				from++
			}
			rest = all[from:]
		}
		total := len(all)
		page := rest[:min(perPage, len(rest))]
		info := artifacts.PageInfo{HasNextPage: len(page) < len(rest), TotalCount: &total}
		if len(page) > 0 {
			info.EndCursor = key(page[len(page)-1])
		}
		return page, info, nil
	}
}
