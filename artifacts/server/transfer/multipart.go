package transfer

import (
	"context"
	"strings"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// A Completion is what CompleteMultipartUploadArtifact brings: the parts of a
// file that are to become one, and what the file must be.
type Completion struct {
	ArtifactID int64  // the artifact that brings the bytes
	Digest     string // as the manifest will have it
	MD5        string // base64; "" means that Digest is the MD5
	UploadID   string
	Parts      []blobs.Part // MD5 may be an ETag, quotes and all
}

// Complete joins the parts of a multipart upload and records the file. It may
// be repeated, also while an earlier try is still at work: clients give up
// waiting after 30 seconds and ask again. Its failures are *metadata.Error.
func (h *Handler) Complete(ctx context.Context, c Completion) (blobs.Info, error) {
	md5 := c.MD5
	if md5 == "" {
		md5 = c.Digest
	}
	parts := make([]blobs.Part, len(c.Parts))
	for i, p := range c.Parts {
		parts[i] = blobs.Part{Number: p.Number, MD5: strings.ToLower(strings.Trim(p.MD5, `"`))}
	}
	info, err := h.blobs.Complete(ctx, c.UploadID, parts, blobs.Digests{MD5: hexOfBase64(md5)})
	if err != nil {
		return blobs.Info{}, h.failure(ctx, "completing the upload "+c.UploadID, err)
	}
	err = h.keep(ctx, info.Key, func() error {
		return h.record.RecordFile(ctx, metadata.StoredFile{
			ArtifactID: c.ArtifactID, Digest: c.Digest, MD5: md5, Key: info.Key, Size: info.Size,
		})
	})
	if err != nil {
		return blobs.Info{}, h.failure(ctx, "recording the file of upload "+c.UploadID, err)
	}
	return info, nil
}
