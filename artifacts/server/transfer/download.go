package transfer

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
)

func (h *Handler) serveDownload(w http.ResponseWriter, r *http.Request) {
	d, err := h.signer.Download(r.URL)
	if err != nil {
		refuse(w, http.StatusForbidden, err.Error())
		return
	}
	if err := h.permit(r.Context(), d.Holder, false); err != nil {
		err = h.failure(r.Context(), "fetching "+lastElement(d.Name), err)
		refuse(w, status(err), err.Error())
		return
	}
	h.ServeBlob(w, r, d)
}

// ServeBlob answers a GET or HEAD with the bytes of d, whole or in ranges, for
// handlers that have checked in their own way that the client may have them.
func (h *Handler) ServeBlob(w http.ResponseWriter, r *http.Request, d Download) {
	ctx := r.Context()
	doing := "fetching " + lastElement(d.Name)
	fail := func(err error) {
		if errors.Is(err, blobs.ErrNotFound) {
			// Only bytes that the metadata knows get a URL.
			h.o.Logger.ErrorContext(ctx, "stored bytes are missing: run reliquary doctor", "key", d.Key, "name", d.Name)
		}
		err = h.failure(ctx, doing, err)
		refuse(w, status(err), err.Error())
	}
	info, err := h.blobs.Stat(ctx, d.Key)
	if err != nil {
		fail(err)
		return
	}
	if info.Size != d.Size {
		fail(fmt.Errorf("%s has %d bytes instead of %d: %w", d.Key, info.Size, d.Size, blobs.ErrCorrupt))
		return
	}
	blob, err := h.blobs.Open(ctx, d.Key)
	if err != nil {
		fail(err)
		return
	}
	defer blob.Close()

	// What people log is not ours: a browser must neither guess a type for it
	// nor run it in the registry's origin.
	head := w.Header()
	head.Set("Content-Type", "application/octet-stream")
	if d.Manifest {
		head.Set("Content-Type", "application/json")
	}
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	if v := mime.FormatMediaType("attachment", map[string]string{"filename": lastElement(d.Name)}); v != "" {
		head.Set("Content-Disposition", v)
	} else {
		head.Set("Content-Disposition", "attachment")
	}
	head.Set("ETag", `"`+d.Key+`"`)
	head.Set("Cache-Control", "private, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, blob)
}
