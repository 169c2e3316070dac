package transfer

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// A Recorder learns of bytes once they are durable. A metadata.Store is one.
type Recorder interface {
	RecordFile(ctx context.Context, f metadata.StoredFile) error
	RecordFiles(ctx context.Context, files []metadata.StoredFile) []error
	SetManifestKey(ctx context.Context, id int64, key string, size int64) error
	PutRunFile(ctx context.Context, runID int64, f metadata.RunFile) error
}

// HandlerOptions are what NewHandler may be told. The zero value is good.
type HandlerOptions struct {
	// Permit says whether the holder of a URL still has the rights that it was
	// made by: to change things in the place for an upload, to fetch files for a
	// download. Nil: the URL is permission enough.
	Permit func(ctx context.Context, h Holder, upload bool) error
	// MaxSize bounds every upload that does not have its own, smaller limit, in bytes. Zero: no limit.
	MaxSize int64
	// Logger receives what an operator should know: full disks, damaged blobs. Nil discards it.
	Logger *slog.Logger
}

// A Handler serves the URLs of a Signer. It is safe for concurrent use.
type Handler struct {
	blobs  blobs.Store
	signer *Signer
	record Recorder
	o      HandlerOptions
}

// NewHandler returns the handler for everything below Prefix.
func NewHandler(b blobs.Store, s *Signer, r Recorder, o HandlerOptions) *Handler {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Handler{blobs: b, signer: s, record: r, o: o}
}

// permit asks whether the holder of a URL still has the rights.
func (h *Handler) permit(ctx context.Context, holder Holder, upload bool) error {
	if h.o.Permit == nil {
		return nil
	}
	return h.o.Permit(ctx, holder, upload)
}

// ServeHTTP answers one upload (PUT) or download (GET, HEAD), or a batch of
// either (POST).
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodPut:
		h.serveUpload(w, r)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		h.serveDownload(w, r)
	case r.Method == http.MethodPost && r.URL.Path == BatchUploadPath:
		h.serveBatchUpload(w, r)
	case r.Method == http.MethodPost && r.URL.Path == BatchDownloadPath:
		h.serveBatchDownload(w, r)
	default:
		w.Header().Set("Allow", "GET, HEAD, PUT")
		refuse(w, http.StatusMethodNotAllowed, "files are fetched with GET and stored with PUT, not with "+r.Method)
	}
}
