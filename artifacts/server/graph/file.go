package graph

import (
	"context"
	"mime"
	"path"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/transfer"
)

// A File is one entry of a version's manifest.
type File struct {
	rq *request
	a  *metadata.Artifact
	f  metadata.File
}

// A FileConnection is a page of files.
type FileConnection struct {
	connection
	Edges []*FileEdge
}

func (f *File) ID() string            { return artifactFileID.nameID(f.a.ID, f.f.Path) }
func (f *File) Name() string          { return f.f.Path }
func (f *File) DisplayName() string   { return f.f.Path }
func (f *File) SizeBytes() int64      { return f.f.Size }
func (f *File) Digest() *string       { return textOrNull(f.f.Digest) }
func (f *File) UpdatedAt() *time.Time { return timeOrNull(f.a.UpdatedAt) }
func (f *File) URL() *string          { return textOrNull(f.DirectURL()) }
func (f *File) Mimetype() *string     { return textOrNull(mime.TypeByExtension(path.Ext(f.f.Path))) }
func (f *File) StoragePath() *string  { return textOrNull(storagePath(f.a.ID, f.f.Path)) }

// DirectURL is a signed address of the bytes, or the URI of a reference.
func (f *File) DirectURL() string {
	if f.f.Ref != "" {
		return f.f.Ref
	}
	return f.rq.signer.DownloadURL(f.rq.base, transfer.Download{Key: f.f.Key, Size: f.f.Size, Name: f.f.Path})
}

// MD5 is the digest in the manifest, except for references: theirs need not be an MD5.
func (f *File) MD5() *string {
	if f.f.Ref != "" {
		return nil
	}
	return textOrNull(f.f.Digest)
}

// storagePath names a file's place for people. Clients look at its beginning.
func storagePath(artifact int64, name string) string {
	return "wandb_artifacts/" + artifactID.globalID(artifact) + "/" + name
}

// Files lists the version's files in byte order of their paths.
func (a *Artifact) Files(ctx context.Context, names []string, first *int64, after *string) (*FileConnection, error) {
	// An empty list of names is what clients send for "all".
	return a.files(ctx, metadata.FileOptions{Names: names}, pageArgs{first: first, after: after})
}

func (a *Artifact) files(ctx context.Context, o metadata.FileOptions, args pageArgs) (*FileConnection, error) {
	out := &FileConnection{Edges: []*FileEdge{}}
	var err error
	out.connection, err = fetch(ctx, args,
		func(ctx context.Context, page metadata.Page) (metadata.Connection[metadata.File], error) {
			o.Page = page
			return a.rq.store.ListFiles(ctx, a.a.ID, o)
		},
		func(ctx context.Context, _ *metadata.Filter) (int, error) {
			return a.rq.store.CountFiles(ctx, a.a.ID, metadata.FileOptions{Names: o.Names})
		},
		func(edges []metadata.Edge[metadata.File]) error {
			out.Edges = make([]*FileEdge, len(edges))
			for i, e := range edges {
				out.Edges[i] = &FileEdge{Cursor: e.Cursor, Node: &File{rq: a.rq, a: &a.a, f: e.Node}}
			}
			return nil
		})
	return out, err
}

// FilesByManifestEntries finds files by the entries of a manifest that the
// client holds. All of them are in one page: clients ask for few thousand.
func (a *Artifact) FilesByManifestEntries(
	ctx context.Context, storageLayout, manifestVersion *string, entries []*ArtifactManifestEntryInput, storageRegion *string,
) (*FileConnection, error) {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name
	}
	if len(names) == 0 {
		return &FileConnection{connection: connection{count: func(context.Context) (int, error) { return 0, nil }}, Edges: []*FileEdge{}}, nil
	}
	if len(names) > metadata.MaxFirst {
		return nil, fail(metadata.KindInvalid, "%d entries are asked for at once; at most %d are answered", len(names), metadata.MaxFirst)
	}
	first := int64(len(names))
	return a.files(ctx, metadata.FileOptions{Names: names}, pageArgs{first: &first})
}
