package transfer

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// failure turns an error of blobs or metadata into a *metadata.Error with
// words for the person whose request it was, and tells the log what an
// operator must do something about.
func (h *Handler) failure(ctx context.Context, doing string, err error) error {
	var known *metadata.Error
	if errors.As(err, &known) {
		return known
	}
	fail := func(k metadata.Kind, why string) error {
		return &metadata.Error{Kind: k, Message: doing + ": " + why, Err: err}
	}
	switch {
	case ctx.Err() != nil:
		return fail(metadata.KindCanceled, "the request ended before its bytes had arrived; nothing was kept")
	case errors.Is(err, blobs.ErrNoSpace):
		h.o.Logger.ErrorContext(ctx, "no space left for file bytes: free some, clients are waiting", "doing", doing, "error", err)
		return fail(metadata.KindUnavailable, "the disk of the registry is full. Nothing was kept. Free space where the registry's directory is; the upload is tried again by itself for about 15 minutes")
	case errors.Is(err, blobs.ErrMismatch):
		return fail(metadata.KindInvalid, err.Error()+". Nothing was kept. The file may have changed while it was sent: log it again")
	case errors.Is(err, blobs.ErrInvalid):
		return fail(metadata.KindInvalid, err.Error())
	case errors.Is(err, blobs.ErrNotFound):
		return fail(metadata.KindNotFound, "it is not there (any more)")
	case errors.Is(err, blobs.ErrCorrupt):
		h.o.Logger.ErrorContext(ctx, "stored bytes are damaged: run reliquary doctor", "doing", doing, "error", err)
		return fail(metadata.KindCorrupt, "the stored bytes are damaged; run `reliquary doctor` on the registry")
	}
	h.o.Logger.ErrorContext(ctx, "a transfer failed", "doing", doing, "error", err)
	return fail(metadata.KindUnavailable, err.Error())
}

// status is the HTTP status for an error of failure. Clients repeat 5xx but
// 501 some 20 times over about 15 minutes, so those are for failures that time
// or a person can mend; 4xx fail at once.
//
// A full disk is 507. The wandb package goes on trying, writes "retrying error:
// unexpected HTTP status 507 Insufficient Storage" into its log, and finishes as
// if nothing had been once there is space; the registry's own log asks for
// that. If nobody makes any, the log call fails with those words. At a status
// that is not repeated it fails at once, in the middle of a training run, for a
// condition that somebody else's clean-up may have mended a minute later, and
// says only that uploads have failed.
func status(err error) int {
	if errors.Is(err, blobs.ErrNoSpace) {
		return http.StatusInsufficientStorage
	}
	switch metadata.KindOf(err) {
	case metadata.KindNotFound:
		return http.StatusNotFound
	case metadata.KindDenied:
		return http.StatusForbidden
	case metadata.KindConflict:
		return http.StatusConflict
	case metadata.KindInvalid:
		return http.StatusBadRequest
	case metadata.KindCorrupt:
		return http.StatusGone // asking again does not help, nor does another URL
	default:
		return http.StatusServiceUnavailable
	}
}

// refuse answers with an error in the form of GraphQL's, the one that clients
// of W&B show to people.
func refuse(w http.ResponseWriter, code int, message string) {
	type entry struct {
		Message string `json:"message"`
	}
	body, err := json.Marshal(struct {
		Errors []entry `json:"errors"`
	}{[]entry{{message}}})
	if err != nil { // a struct of strings always marshals
		panic(err)
	}
	head := w.Header()
	for _, name := range []string{"ETag", "Content-Disposition", "Cache-Control", "Content-Length"} {
		head.Del(name)
	}
	head.Set("Content-Type", "application/json; charset=utf-8")
	head.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	w.Write(append(body, '\n'))
}

// base64OfHex is the inverse of hexOfBase64, "invalid" included.
func base64OfHex(s string) string {
	raw, err := hex.DecodeString(s)
	if err != nil {
		return s
	}
	return base64.StdEncoding.EncodeToString(raw)
}
