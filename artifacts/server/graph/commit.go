package graph

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// CommitArtifact makes a version whole: it reads the manifest that was
// uploaded, or puts one together from the parts that were, finds the bytes of
// every entry, and hands all of it to the metadata in one transaction.
func (mutation) CommitArtifact(ctx context.Context, in CommitArtifactInput) (*CommitArtifactPayload, error) {
	rq := requestOf(ctx)
	a, err := rq.artifactToWrite(ctx, in.ArtifactID)
	if err != nil {
		return nil, err
	}
	if a.State == metadata.Pending { // clients repeat what they got no answer to
		made, err := rq.commit(ctx, a, true)
		if errors.Is(err, metadata.ErrBase) {
			made, err = rq.commit(ctx, a, false)
		}
		if err != nil {
			return nil, err
		}
		a = made
	} else if a.State != metadata.Committed {
		return nil, fail(metadata.KindConflict, "artifact %s of '%s' was deleted and cannot be committed; log it again", in.ArtifactID, a.Sequence)
	}
	return &CommitArtifactPayload{Artifact: rq.newArtifact(a), ClientMutationID: in.ClientMutationID}, nil
}

// commit makes a version whole. With onBase, what it has in common with the
// version that it is based on is not looked for again.
func (rq *request) commit(ctx context.Context, a metadata.Artifact, onBase bool) (metadata.Artifact, error) {
	c, err := rq.contents(ctx, a, onBase)
	if err != nil {
		return a, err
	}
	// The manifest may be one that nothing needs yet.
	if err = rq.blobs.Keep(ctx, c.ManifestKey, func() (err error) {
		a, err = rq.store.CommitArtifact(ctx, c)
		return err
	}); err != nil {
		return a, blobError("committing the version", err)
	}
	return a, nil
}

// contents reads what a version holds from its manifests.
func (rq *request) contents(ctx context.Context, a metadata.Artifact, onBase bool) (metadata.Commit, error) {
	all, err := rq.store.ListManifests(ctx, a.ID)
	if err != nil {
		return metadata.Commit{}, err
	}
	// A client announces its manifest before it knows the digest; only records
	// whose bytes arrived count.
	uploaded := slices.DeleteFunc(all, func(m metadata.Manifest) bool { return m.Key == "" })
	if len(uploaded) == 0 {
		return metadata.Commit{}, fail(metadata.KindConflict, "artifact '%s' cannot be committed: its manifest was not uploaded", a.Sequence)
	}
	last := uploaded[len(uploaded)-1]
	c := metadata.Commit{ArtifactID: a.ID}
	r := resolver{rq: rq, a: a, files: make(map[string]metadata.File), births: make(map[string]int64)}

	switch last.Type {
	case metadata.FullManifest:
		if err = r.read(ctx, last); err == nil && onBase && last.BaseArtifactID != nil {
			c.Base, err = r.onBase(ctx, *last.BaseArtifactID)
		}
	case metadata.PatchManifest: // each writer of a distributed artifact brought one
		for _, m := range uploaded {
			if m.Type == metadata.PatchManifest && err == nil {
				err = r.read(ctx, m)
			}
		}
	case metadata.IncrementalManifest:
		if last.BaseArtifactID != nil {
			err = r.base(ctx, *last.BaseArtifactID)
		}
		if err == nil {
			err = r.read(ctx, last)
		}
	default:
		err = fail(metadata.KindInvalid, "manifests of type %q are unknown", last.Type)
	}
	if err == nil {
		err = r.findBytes(ctx)
	}
	if err != nil {
		return c, err
	}
	c.Files = slices.SortedFunc(maps.Values(r.files), byPath)
	digest := artifactDigest(r.inOrder(c.Files))

	if last.Type == metadata.FullManifest {
		if digest != a.Digest {
			return c, fail(metadata.KindInvalid, "artifact '%s' cannot be committed: the digest of its manifest is %s, not %s as was announced; log it again", a.Sequence, digest, a.Digest)
		}
		c.ManifestKey, c.ManifestSize, c.ManifestDigest = last.Key, last.Size, last.Digest
		return c, nil
	}
	info, err := rq.storeManifest(ctx, c.Files)
	if err != nil {
		return c, blobError("storing the manifest", err)
	}
	sum, err := hex.DecodeString(info.MD5)
	if err != nil {
		return c, err
	}
	c.Digest = digest
	c.ManifestKey, c.ManifestSize, c.ManifestDigest = info.Key, info.Size, base64.StdEncoding.EncodeToString(sum)
	return c, nil
}

// artifactDigest is the digest of a version, from its files in order.
func artifactDigest(files []metadata.File) string {
	h := md5.New()
	io.WriteString(h, "wandb-artifact-manifest-v1\n")
	for _, f := range files {
		io.WriteString(h, f.Path)
		io.WriteString(h, ":")
		io.WriteString(h, f.Digest)
		io.WriteString(h, "\n")
	}
	return hex.EncodeToString(h.Sum(nil))
}

// storeManifest keeps the manifest of files as a blob, without holding it in memory.
func (rq *request) storeManifest(ctx context.Context, files []metadata.File) (blobs.Info, error) {
	pr, pw := io.Pipe()
	written := make(chan struct{})
	go func() {
		defer close(written)
		pw.CloseWithError(writeManifest(pw, files))
	}()
	info, err := rq.blobs.Put(ctx, pr, -1, blobs.Digests{})
	pr.CloseWithError(errors.Join(err, io.ErrClosedPipe)) // ends the writer where Put did not read to the end
	<-written
	return info, err
}

// A resolver finds out where the bytes of a version's files are.
type resolver struct {
	rq     *request
	a      metadata.Artifact
	files  map[string]metadata.File // by path; of those without Key the bytes are still to be found
	same   []metadata.File          // that the base has as well, and that need not be found
	births map[string]int64         // birth artifacts named by manifests; 0: not a good one
}

// read takes the entries of a manifest over those that are there.
func (r *resolver) read(ctx context.Context, m metadata.Manifest) error {
	return r.each(ctx, m, func(f metadata.File) { r.files[f.Path] = f })
}

// each reads the entries of a manifest.
func (r *resolver) each(ctx context.Context, m metadata.Manifest, yield func(metadata.File)) error {
	b, err := r.rq.blobs.Open(ctx, m.Key)
	if err != nil {
		return blobError("reading the manifest", err)
	}
	defer b.Close()
	return readManifest(b, func(path string, e manifestEntry) error {
		if err := ctx.Err(); err != nil {
			return &metadata.Error{Kind: metadata.KindCanceled, Message: "the commit was canceled", Err: err}
		}
		if err := checkPath("the manifest", path); err != nil {
			return err
		}
		f := metadata.File{Path: path, Digest: e.Digest, Ref: e.Ref, Size: -1}
		if len(e.Extra) > 0 && string(e.Extra) != "{}" && string(e.Extra) != "null" {
			f.Extra = string(e.Extra)
		}
		if e.Size != nil {
			if f.Size = *e.Size; f.Size < 0 {
				return fail(metadata.KindInvalid, "the manifest cannot be accepted: the size of %q is %d", path, f.Size)
			}
		}
		if e.Ref != "" {
			f.Size = max(f.Size, 0)
		} else {
			if err := checkDigest("the digest of "+path, e.Digest); err != nil {
				return err
			}
			f.BirthArtifactID = r.birth(e.BirthArtifactID)
		}
		yield(f)
		return nil
	})
}

// birth reads the id of the version that is said to have brought a file. One
// that makes no sense is no error: the bytes may be known all the same.
func (r *resolver) birth(id string) int64 {
	if id == "" {
		return r.a.ID
	}
	n, ok := r.births[id]
	if !ok {
		n, _ = artifactID.number(id)
		r.births[id] = n
	}
	return n
}

// sameFrom is how many files a version must have in common with its base before
// reading both manifests is less work than finding all files again.
const sameFrom = 100

// onBase finds out what the version has in common with the one that it is based
// on, going by the manifests of both, and takes that out of the files that are to
// be found. It returns nil if that is not much, or if the viewer may not fetch the
// other one: naming it would be a way to its files.
func (r *resolver) onBase(ctx context.Context, id int64) (*metadata.CommitBase, error) {
	if len(r.files) < sameFrom || id == r.a.ID {
		return nil, nil
	}
	base, err := r.rq.artifactToFetch(ctx, artifactID.globalID(id))
	if err != nil || base.State != metadata.Committed || base.EntityID != r.a.EntityID {
		return nil, ctx.Err() // whatever it is, it is no base
	}
	manifests, err := r.rq.store.ListManifests(ctx, id)
	if err != nil || len(manifests) == 0 {
		return nil, err
	}
	of := resolver{rq: r.rq, a: base, births: r.births}
	from := &metadata.CommitBase{ArtifactID: id}
	err = of.each(ctx, manifests[len(manifests)-1], func(f metadata.File) {
		if mine, ok := r.files[f.Path]; ok && mine == f {
			r.same = append(r.same, f)
		} else {
			from.Without = append(from.Without, f.Path)
		}
	})
	if err != nil || len(r.same) < sameFrom || len(r.same) < len(from.Without) {
		r.same = nil
		return nil, ctx.Err()
	}
	for _, f := range r.same {
		delete(r.files, f.Path)
	}
	from.Files = len(r.same)
	return from, nil
}

// inOrder are the files of the version in the order of their paths: those that
// are given, and those that its base has as well.
func (r *resolver) inOrder(files []metadata.File) []metadata.File {
	if len(r.same) == 0 {
		return files
	}
	all := slices.Concat(r.same, files)
	slices.SortFunc(all, byPath)
	return all
}

func byPath(x, y metadata.File) int { return strings.Compare(x.Path, y.Path) }

// base takes the files of the version that an incremental one adds to.
func (r *resolver) base(ctx context.Context, id int64) error {
	base, err := r.rq.artifactToFetch(ctx, artifactID.globalID(id))
	if err != nil {
		return err
	}
	if base.State != metadata.Committed {
		return fail(metadata.KindConflict, "artifact '%s' cannot be committed: the version that it adds to is not whole", r.a.Sequence)
	}
	o := metadata.FileOptions{Page: metadata.Page{First: metadata.MaxFirst}}
	for {
		page, err := r.rq.store.ListFiles(ctx, id, o)
		if err != nil {
			return err
		}
		for _, e := range page.Edges {
			r.files[e.Node.Path] = e.Node
		}
		if !page.HasNextPage {
			return nil
		}
		o.After = page.EndCursor()
	}
}

// lookup is how many digests are looked up at once.
const lookup = 1000

// findBytes finds the bytes of every file: among those that the birth artifact
// brought, and then among all that the entity has. A birth artifact that the
// viewer may not see is passed over, or naming it would be a way to its files.
func (r *resolver) findBytes(ctx context.Context) error {
	byBirth := make(map[int64][]string) // paths
	for path, f := range r.files {
		if f.Ref == "" && f.Key == "" {
			byBirth[f.BirthArtifactID] = append(byBirth[f.BirthArtifactID], path)
		}
	}
	readable, err := r.readable(ctx, slices.Collect(maps.Keys(byBirth)))
	if err != nil {
		return err
	}
	var rest []string
	for birth, paths := range byBirth {
		if !readable[birth] {
			rest = append(rest, paths...)
			continue
		}
		missing, err := r.find(ctx, paths, func(ctx context.Context, digests []string) (map[string]metadata.StoredFile, error) {
			return r.rq.store.StoredFilesOf(ctx, birth, digests)
		})
		if err != nil {
			return err
		}
		rest = append(rest, missing...)
	}
	missing, err := r.find(ctx, rest, func(ctx context.Context, digests []string) (map[string]metadata.StoredFile, error) {
		return r.rq.storedFiles(ctx, r.a.EntityID, digests)
	})
	if err != nil || len(missing) == 0 {
		return err
	}
	slices.Sort(missing)
	some := strings.Join(missing[:min(len(missing), 5)], "', '")
	return fail(metadata.KindConflict, "artifact '%s' cannot be committed: %d of its files were not uploaded, among them '%s'; log it again", r.a.Sequence, len(missing), some)
}

// readable says which of the versions the viewer may fetch the files of.
func (r *resolver) readable(ctx context.Context, ids []int64) (map[int64]bool, error) {
	out := map[int64]bool{r.a.ID: true}
	others := slices.DeleteFunc(unique(ids), func(id int64) bool { return id == r.a.ID })
	if len(others) == 0 {
		return out, nil
	}
	list, err := r.rq.store.ArtifactsByID(ctx, others)
	if err != nil {
		return nil, err
	}
	places, err := r.rq.fetchable(ctx, list)
	for id := range places {
		out[id] = true
	}
	return out, err
}

// find fills in the bytes of the files that look knows, and returns the paths
// of the others.
func (r *resolver) find(
	ctx context.Context, paths []string,
	look func(context.Context, []string) (map[string]metadata.StoredFile, error),
) (missing []string, err error) {
	for chunk := range slices.Chunk(paths, lookup) {
		digests := make([]string, len(chunk))
		for i, path := range chunk {
			digests[i] = r.files[path].Digest
		}
		found, err := look(ctx, digests)
		if err != nil {
			return nil, err
		}
		for _, path := range chunk {
			f := r.files[path]
			s, ok := found[f.Digest]
			if !ok {
				missing = append(missing, path)
				continue
			}
			if f.Size >= 0 && f.Size != s.Size {
				return nil, fail(metadata.KindInvalid, "the manifest cannot be accepted: it says that %q has %d bytes, but %d were uploaded", path, f.Size, s.Size)
			}
			f.Size, f.Key, f.BirthArtifactID = s.Size, s.Key, s.ArtifactID
			r.files[path] = f
		}
	}
	return missing, nil
}
