package graph

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"mime"
	"net/url"
	"path"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/transfer"
)

// A File is one entry of a version's manifest.
type File struct {
	rq    *request
	a     *Artifact
	f     metadata.File
	place *transfer.Place // that lets the viewer fetch it; nil for none
}

// A FileConnection is a page of files.
type FileConnection struct {
	connection
	Edges []*FileEdge
}

func (f *File) ID() string            { return artifactFileID.nameID(f.a.a.ID, f.f.Path) }
func (f *File) Name() string          { return f.f.Path }
func (f *File) DisplayName() string   { return f.f.Path }
func (f *File) SizeBytes() int64      { return f.f.Size }
func (f *File) Digest() *string       { return textOrNull(f.f.Digest) }
func (f *File) UpdatedAt() *time.Time { return timeOrNull(f.a.a.UpdatedAt) }
func (f *File) Mimetype() *string     { return textOrNull(mime.TypeByExtension(path.Ext(f.f.Path))) }
func (f *File) StoragePath() *string  { return textOrNull(storagePath(f.a.a.ID, f.f.Path)) }

// URL is the same as DirectURL.
func (f *File) URL(ctx context.Context) (*string, error) {
	u, err := f.DirectURL(ctx)
	return textOrNull(u), err
}

// DirectURL is a signed address of the bytes, or the URI of a reference. Who may
// see the version but not fetch it is given the address that asks for a key, and
// learns there what is missing: clients list files by asking for addresses.
func (f *File) DirectURL(ctx context.Context) (string, error) {
	switch {
	case f.f.Ref != "":
		return f.f.Ref, nil
	case f.place == nil:
		return f.closedURL(ctx)
	}
	return f.rq.signer.DownloadURL(f.rq.base, transfer.Download{
		Key: f.f.Key, Size: f.f.Size, Name: f.f.Path, Holder: f.rq.holder(f.place.EntityID, f.place.ProjectID),
	}), nil
}

// closedURL is the file's address without a signature, by way of a collection
// that the viewer may see.
func (f *File) closedURL(ctx context.Context) (string, error) {
	members, err := f.a.group.memberships(ctx, f.a.a.ID)
	if err != nil {
		return "", err
	}
	sum, err := base64.StdEncoding.DecodeString(f.f.Digest)
	if err != nil {
		return "", fail(metadata.KindCorrupt, "the digest of %s is damaged; run `reliquary doctor`", f.f.Path)
	}
	for _, m := range members {
		ok, err := f.rq.viewer.MayRead(ctx, m.EntityID, m.ProjectID)
		if err != nil {
			return "", err
		}
		if ok {
			u, err := url.JoinPath(f.rq.base, "artifactsV2", "default", url.PathEscape(m.Entity), url.PathEscape(m.Project), url.PathEscape(m.Collection),
				url.PathEscape(f.a.ID()), url.PathEscape(artifactID.globalID(f.f.BirthArtifactID)), hex.EncodeToString(sum), url.PathEscape(path.Base(f.f.Path)))
			return u, err
		}
	}
	return "", fail(metadata.KindNotFound, "artifact %s not found", f.a.ID())
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
			place, err := a.place(ctx)
			out.Edges = make([]*FileEdge, len(edges))
			for i, e := range edges {
				out.Edges[i] = &FileEdge{Cursor: e.Cursor, Node: &File{rq: a.rq, a: a, f: e.Node, place: place}}
			}
			return err
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
		return &FileConnection{connection: nothing(), Edges: []*FileEdge{}}, nil
	}
	if len(names) > metadata.MaxFirst {
		return nil, fail(metadata.KindInvalid, "%d entries are asked for at once; at most %d are answered", len(names), metadata.MaxFirst)
	}
	first := int64(len(names))
	return a.files(ctx, metadata.FileOptions{Names: names}, pageArgs{first: &first})
}
