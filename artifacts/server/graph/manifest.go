package graph

import (
	"context"
	"encoding/base64"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/transfer"
)

// An ArtifactManifest is the record of a manifest file.
type ArtifactManifest struct {
	rq    *request
	m     metadata.Manifest
	place transfer.Place // by whose rights the viewer has it
}

// An ArtifactManifestFile is the manifest as a file.
type ArtifactManifestFile struct {
	rq    *request
	m     metadata.Manifest
	place transfer.Place
}

func (m *ArtifactManifest) ID() string     { return manifestID.globalID(m.m.ID) }
func (m *ArtifactManifest) Digest() string { return m.m.Digest }

// File is the manifest as a file.
func (m *ArtifactManifest) File() *ArtifactManifestFile {
	return &ArtifactManifestFile{m.rq, m.m, m.place}
}

func (f *ArtifactManifestFile) ID() string { return manifestID.globalID(f.m.ID) }

// DirectURL is a signed address of the manifest's bytes.
func (f *ArtifactManifestFile) DirectURL() (string, error) {
	if f.m.Key == "" {
		return "", fail(metadata.KindConflict, "the manifest has not been uploaded yet")
	}
	return f.rq.signer.DownloadURL(f.rq.base, transfer.Download{
		// A patch is only served as part of a whole, which has this name.
		Key: f.m.Key, Size: f.m.Size, Name: manifestName, Manifest: true,
		Holder: f.rq.holder(f.place.EntityID, f.place.ProjectID),
	}), nil
}

// manifestName is what clients look for in the address of a manifest.
const manifestName = "wandb_manifest.json"

func (f *ArtifactManifestFile) upload() transfer.ManifestUpload {
	return transfer.ManifestUpload{ManifestID: f.m.ID, Name: f.m.Name, MD5: f.m.Digest, Holder: f.rq.holder(f.place.EntityID, f.place.ProjectID)}
}

// UploadURL is a signed address to upload the manifest to, checked by its
// digest. It is never null: a client takes that as a failure. It serves those
// only who may change what the manifest belongs to.
func (f *ArtifactManifestFile) UploadURL() *string {
	return textOrNull(f.rq.signer.UploadURL(f.rq.base, f.upload()))
}

// UploadHeaders are to be sent with the upload.
func (f *ArtifactManifestFile) UploadHeaders() []string { return transfer.Headers(f.upload()) }

// CurrentManifest is the manifest of the whole version, for those who may fetch
// its files; null until its bytes are there.
func (a *Artifact) CurrentManifest(ctx context.Context) (*ArtifactManifest, error) {
	place, err := a.place(ctx)
	if err == nil && place == nil {
		err = a.rq.mayNotFetch()
	}
	if err != nil {
		return nil, err
	}
	list, err := a.rq.store.ListManifests(ctx, a.a.ID)
	if err != nil {
		return nil, err
	}
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].Key != "" {
			return &ArtifactManifest{a.rq, list[i], *place}, nil
		}
	}
	return nil, nil
}

// checkDigest refuses what is not the base64 of an MD5, so that nobody learns
// of it after the upload.
func checkDigest(what, digest string) error {
	raw, err := base64.StdEncoding.DecodeString(digest)
	if err != nil || len(raw) != 16 {
		return fail(metadata.KindInvalid, "%s: %q is not the base64 of an MD5", what, digest)
	}
	return nil
}

// CreateArtifactManifest records a manifest that is going to be uploaded.
func (mutation) CreateArtifactManifest(ctx context.Context, in CreateArtifactManifestInput) (*CreateArtifactManifestPayload, error) {
	rq := requestOf(ctx)
	a, err := rq.artifactToWrite(ctx, in.ArtifactID)
	if err != nil {
		return nil, err
	}
	m := metadata.Manifest{ArtifactID: a.ID, Name: in.Name, Digest: in.Digest, Type: metadata.FullManifest}
	if in.Type != nil {
		m.Type = metadata.ManifestType(*in.Type)
	}
	if in.Digest != "" { // clients announce a manifest before they know its digest
		if err := checkDigest("the digest of manifest "+in.Name, in.Digest); err != nil {
			return nil, err
		}
	}
	if m.BaseArtifactID, err = rq.baseArtifact(ctx, in.BaseArtifactID); err != nil {
		return nil, err
	}
	m, err = rq.store.CreateManifest(ctx, m)
	if err != nil {
		return nil, err
	}
	return &CreateArtifactManifestPayload{ArtifactManifest: &ArtifactManifest{rq, m, transfer.Place{EntityID: a.EntityID, ProjectID: a.ProjectID}}, ClientMutationID: in.ClientMutationID}, nil
}

// baseArtifact reads the id of the artifact that a manifest builds on.
func (rq *request) baseArtifact(ctx context.Context, id *string) (*int64, error) {
	if id == nil {
		return nil, nil
	}
	a, err := rq.artifactToFetch(ctx, *id)
	if err != nil {
		return nil, err
	}
	return &a.ID, nil
}

// UpdateArtifactManifest gives a manifest its digest before it is uploaded.
func (mutation) UpdateArtifactManifest(ctx context.Context, in UpdateArtifactManifestInput) (*UpdateArtifactManifestPayload, error) {
	rq := requestOf(ctx)
	n, err := manifestID.number(in.ArtifactManifestID)
	if err != nil {
		return nil, err
	}
	m, err := rq.store.ManifestByID(ctx, n)
	if err != nil {
		return nil, missing(err, "manifest "+in.ArtifactManifestID)
	}
	a, err := rq.artifactToWrite(ctx, artifactID.globalID(m.ArtifactID))
	if err != nil {
		return nil, missing(err, "manifest "+in.ArtifactManifestID)
	}
	digest := m.Digest
	if in.Digest != nil {
		digest = *in.Digest
		if err := checkDigest("the digest of manifest "+m.Name, digest); err != nil {
			return nil, err
		}
	}
	base, err := rq.baseArtifact(ctx, in.BaseArtifactID)
	if err != nil {
		return nil, err
	}
	if base == nil {
		base = m.BaseArtifactID
	}
	if m, err = rq.store.UpdateManifest(ctx, n, digest, base); err != nil {
		return nil, err
	}
	return &UpdateArtifactManifestPayload{ArtifactManifest: &ArtifactManifest{rq, m, transfer.Place{EntityID: a.EntityID, ProjectID: a.ProjectID}}, ClientMutationID: in.ClientMutationID}, nil
}
