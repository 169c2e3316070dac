package graph

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/transfer"
)

// CreateArtifact starts a version, or finds the one that is there already.
func (mutation) CreateArtifact(ctx context.Context, in CreateArtifactInput) (*CreateArtifactPayload, error) {
	rq := requestOf(ctx)
	if _, err := rq.placeToWrite(ctx, in.EntityName, in.ProjectName); err != nil {
		return nil, err
	}
	if err := md5Only(in.DigestAlgorithm); err != nil {
		return nil, err
	}
	if in.Labels != nil {
		return nil, fail(metadata.KindInvalid, "this registry keeps no labels; use tags or metadata")
	}
	if err := noRegion(textOf(in.StorageRegion)); err != nil {
		return nil, err
	}
	name, err := sequenceName(in)
	if err != nil {
		return nil, err
	}
	var aliases []string
	for _, a := range in.Aliases {
		if a.ArtifactCollectionName != name {
			return nil, fail(metadata.KindInvalid, "alias '%s' is for collection '%s', but the artifact is logged to '%s'", a.Alias, a.ArtifactCollectionName, name)
		}
		aliases = append(aliases, a.Alias)
	}
	a, err := rq.store.CreateArtifact(ctx, metadata.NewArtifact{
		Entity: rq.entityName(in.EntityName), Project: in.ProjectName, Type: in.ArtifactTypeName, Sequence: name,
		RunName: textOf(in.RunName), UserID: rq.viewer.User.ID, Digest: in.Digest,
		Description: in.Description, Metadata: in.Metadata, TTLDurationSeconds: in.TTLDurationSeconds, HistoryStep: in.HistoryStep,
		ClientID: textOf(in.ClientID), SequenceClientID: textOf(in.SequenceClientID), DistributedID: textOf(in.DistributedID),
		Aliases: aliases, Tags: tagNames(in.Tags),
		Deduplicate: in.EnableDigestDeduplication != nil && *in.EnableDigestDeduplication,
	})
	if err != nil {
		return nil, err
	}
	return &CreateArtifactPayload{Artifact: rq.newArtifact(a), ClientMutationID: in.ClientMutationID}, nil
}

// sequenceName is the one collection that a new version goes to.
func sequenceName(in CreateArtifactInput) (string, error) {
	names := slices.Clone(in.ArtifactCollectionNames)
	if in.ArtifactCollectionName != nil {
		names = append(names, *in.ArtifactCollectionName)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) != 1 {
		return "", fail(metadata.KindInvalid, "an artifact is logged to one collection; %d were named", len(names))
	}
	return names[0], nil
}

func md5Only(a *ArtifactDigestAlgorithm) error {
	if a != nil && *a != ArtifactDigestAlgorithmManifestMD5 {
		return fail(metadata.KindInvalid, "digests by %s are not understood by this registry, only %s", *a, ArtifactDigestAlgorithmManifestMD5)
	}
	return nil
}

// noRegion refuses versions that are to be kept in a region of their own. Two
// names mean the one place that there is: "default", and what W&B's own server
// calls it where it runs on one machine.
func noRegion(region string) error {
	switch region {
	case "", "default", "minio-local":
		return nil
	}
	return fail(metadata.KindInvalid, "invalid storageRegion: %s; this registry keeps all files in one place, so leave the region out", region)
}

// maxUploads bounds the files of one request for upload addresses. Clients
// ask for some thousands at most.
const maxUploads = 20_000

// CreateArtifactFiles says where to upload files to: one answer for each, in
// the order of the questions. Where the entity has the bytes already, there is
// no address.
func (mutation) CreateArtifactFiles(ctx context.Context, in CreateArtifactFilesInput) (*CreateArtifactFilesPayload, error) {
	rq := requestOf(ctx)
	if err := md5Only(in.DigestAlgorithm); err != nil {
		return nil, err
	}
	if len(in.ArtifactFiles) > maxUploads {
		return nil, fail(metadata.KindInvalid, "%d files are asked for at once; at most %d are answered", len(in.ArtifactFiles), maxUploads)
	}
	into := make(map[string]*Artifact) // by global id
	var digests []string
	for _, f := range in.ArtifactFiles {
		if err := checkSpec(f); err != nil {
			return nil, err
		}
		digests = append(digests, f.Md5)
		if into[f.ArtifactID] != nil {
			continue
		}
		a, err := rq.artifactToWrite(ctx, f.ArtifactID)
		if err != nil {
			return nil, err
		}
		if a.State != metadata.Pending {
			return nil, fail(metadata.KindConflict, "files cannot be added to artifact %s of '%s': it is %s", f.ArtifactID, a.Sequence, strings.ToLower(string(a.State)))
		}
		into[f.ArtifactID] = rq.newArtifact(a)
	}
	stored := make(map[string]metadata.StoredFile)
	for _, a := range into {
		// As a rule there is one artifact. Where there are several they may
		// belong to several entities, and what one has is not the other's.
		if len(into) == 1 {
			var err error
			if stored, err = rq.storedFiles(ctx, a.a.EntityID, digests); err != nil {
				return nil, err
			}
		}
	}
	births, err := rq.birthArtifacts(ctx, stored)
	if err != nil {
		return nil, err
	}
	files := &UploadFileConnection{Edges: make([]*UploadFileEdge, len(in.ArtifactFiles))}
	for i, f := range in.ArtifactFiles {
		a := into[f.ArtifactID]
		node := &UploadFile{StoragePath: uploadPath(a.a.ID, f), UploadHeaders: []string{}, Artifact: a}
		if s, ok := stored[f.Md5]; ok && births[s.ArtifactID] != nil {
			node.Artifact = births[s.ArtifactID]
		} else if err := rq.addressUpload(ctx, node, a.a, f); err != nil {
			return nil, err
		}
		files.Edges[i] = &UploadFileEdge{Node: node}
	}
	return &CreateArtifactFilesPayload{Files: files, ClientMutationID: in.ClientMutationID}, nil
}

func checkSpec(f *CreateArtifactFileSpecInput) error {
	if err := checkPath("the file", f.Name); err != nil {
		return err
	}
	if err := checkDigest("the MD5 of "+f.Name, f.Md5); err != nil {
		return err
	}
	if f.Digest != nil && *f.Digest != f.Md5 {
		return fail(metadata.KindInvalid, "the digest of %s is not its MD5; other digests are not understood by this registry", f.Name)
	}
	return nil
}

// storedFiles finds bytes by their digests among what an entity has, as far as
// the viewer may fetch them: not those of a project that is for others.
func (rq *request) storedFiles(ctx context.Context, entityID int64, digests []string) (map[string]metadata.StoredFile, error) {
	found, err := rq.store.StoredFiles(ctx, entityID, digests)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	var ids []int64
	for _, f := range found {
		ids = append(ids, f.ArtifactID)
	}
	births, err := rq.store.ArtifactsByID(ctx, unique(ids))
	if err != nil {
		return nil, err
	}
	places, err := rq.fetchable(ctx, births)
	maps.DeleteFunc(found, func(_ string, f metadata.StoredFile) bool { return places[f.ArtifactID] == nil })
	return found, err
}

// birthArtifacts finds the versions that brought files.
func (rq *request) birthArtifacts(ctx context.Context, files map[string]metadata.StoredFile) (map[int64]*Artifact, error) {
	var ids []int64
	for _, f := range files {
		ids = append(ids, f.ArtifactID)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	list, err := rq.store.ArtifactsByID(ctx, unique(ids))
	if err != nil {
		return nil, err
	}
	out := make(map[int64]*Artifact, len(list))
	for _, a := range rq.newArtifacts(list) {
		// The bytes of a deleted version may be collected before this upload
		// is committed, so they are not offered.
		if a.a.State != metadata.Deleted {
			out[a.a.ID] = a
		}
	}
	return out, nil
}

// addressUpload makes the addresses for one file, and those for its parts
// where the client wants to send it in parts.
func (rq *request) addressUpload(ctx context.Context, node *UploadFile, a *metadata.Artifact, f *CreateArtifactFileSpecInput) error {
	up := transfer.FileUpload{ArtifactID: a.ID, Name: f.Name, Digest: f.Md5, MD5: f.Md5, Holder: rq.holder(a.EntityID, a.ProjectID)}
	node.UploadURL = textOrNull(rq.signer.UploadURL(rq.base, up))
	node.UploadHeaders = transfer.Headers(up)
	if len(f.UploadPartsInput) == 0 {
		return nil
	}
	id, err := rq.blobs.CreateUpload(ctx)
	if err != nil {
		return blobError("starting the upload of "+f.Name, err)
	}
	node.UploadMultipartUrls = &UploadMultipartUrls{UploadID: id, UploadURLParts: make([]*UploadURLPart, len(f.UploadPartsInput))}
	for i, p := range f.UploadPartsInput {
		if sum, err := hex.DecodeString(p.HexMD5); err != nil || len(sum) != 16 || p.PartNumber < 1 {
			return fail(metadata.KindInvalid, "part %d of %s: parts are numbered from 1, and %q must be the hex form of an MD5", p.PartNumber, f.Name, p.HexMD5)
		}
		node.UploadMultipartUrls.UploadURLParts[i] = &UploadURLPart{
			PartNumber: p.PartNumber,
			UploadURL:  rq.signer.UploadURL(rq.base, transfer.PartUpload{UploadID: id, Number: int(p.PartNumber), MD5: strings.ToLower(p.HexMD5), Holder: up.Holder}),
		}
	}
	return nil
}

// uploadPath names a file that is being uploaded. The client brings it back
// when it completes an upload in parts; the digest in it says what the parts
// must make together.
func uploadPath(artifact int64, f *CreateArtifactFileSpecInput) string {
	sum, _ := base64.StdEncoding.DecodeString(f.Md5) // checked before
	return storagePath(artifact, hex.EncodeToString(sum)+"/"+f.Name)
}

// CompleteMultipartUploadArtifact joins the parts of a large file. What the
// client says about it need not be believed: the bytes must have the digest
// that they are recorded under.
func (mutation) CompleteMultipartUploadArtifact(
	ctx context.Context, in CompleteMultipartUploadArtifactInput,
) (*CompleteMultipartUploadArtifactPayload, error) {
	rq := requestOf(ctx)
	a, err := rq.artifactToWrite(ctx, in.ArtifactID)
	if err != nil {
		return nil, err
	}
	parts := strings.SplitN(in.StoragePath, "/", 4)
	if len(parts) != 4 || parts[1] != in.ArtifactID {
		return nil, fail(metadata.KindInvalid, "%q is not the storagePath of a file of artifact %s", in.StoragePath, in.ArtifactID)
	}
	sum, err := hex.DecodeString(parts[2])
	if err != nil || len(sum) != 16 {
		return nil, fail(metadata.KindInvalid, "%q is not the storagePath of a file that is being uploaded", in.StoragePath)
	}
	digest := base64.StdEncoding.EncodeToString(sum)
	done := transfer.Completion{ArtifactID: a.ID, Digest: digest, MD5: digest, UploadID: in.UploadID}
	for _, p := range in.CompletedParts {
		done.Parts = append(done.Parts, blobs.Part{Number: int(p.PartNumber), MD5: p.HexMD5})
	}
	if _, err := rq.uploads.Complete(ctx, done); err != nil {
		return nil, err
	}
	return &CompleteMultipartUploadArtifactPayload{Digest: &digest, ClientMutationID: in.ClientMutationID}, nil
}
