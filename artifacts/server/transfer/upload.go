package transfer

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// idleTime is how long an upload may bring nothing before it is given up. It
// takes the place of a limit on the whole request, which large files would pass.
const idleTime = 5 * time.Minute

func (h *Handler) serveUpload(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	body := newBody(w, r)
	defer body.release()
	u, err := h.signer.Upload(r.URL)
	if err != nil {
		refuse(w, http.StatusForbidden, err.Error())
		return
	}
	c := u.claims()
	doing := "storing " + c.words()
	if err := h.permit(ctx, c.holder, true); err != nil {
		err = h.failure(ctx, doing, err)
		refuse(w, status(err), err.Error())
		return
	}
	want, err := wanted(c, r.Header.Get("Content-MD5"))
	if err != nil {
		refuse(w, http.StatusBadRequest, doing+": "+err.Error())
		return
	}
	limit := c.size
	if h.o.MaxSize > 0 && (limit == 0 || h.o.MaxSize < limit) {
		limit = h.o.MaxSize
	}
	if limit > 0 && r.ContentLength > limit {
		refuse(w, http.StatusRequestEntityTooLarge, tooLarge(doing, limit))
		return
	}

	if limit > 0 {
		body.r = http.MaxBytesReader(w, r.Body, limit)
	}
	info, err := h.store(ctx, u, body, r.ContentLength, want)
	var tooBig *http.MaxBytesError
	switch {
	case err == nil:
		// Clients of multipart uploads send the ETag back when they complete.
		w.Header().Set("ETag", `"`+info.MD5+`"`)
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusOK)
	case errors.As(body.err, &tooBig):
		refuse(w, http.StatusRequestEntityTooLarge, tooLarge(doing, limit))
	case body.err != nil && !(ctx.Err() != nil && errors.Is(body.err, os.ErrDeadlineExceeded)):
		refuse(w, http.StatusBadRequest, fmt.Sprintf("%s: the bytes did not arrive whole (%v); nothing was kept", doing, body.err))
	default:
		err = h.failure(ctx, doing, err)
		refuse(w, status(err), err.Error())
	}
}

// store keeps the bytes and then has them recorded.
func (h *Handler) store(ctx context.Context, u Upload, body io.Reader, size int64, want blobs.Digests) (blobs.Info, error) {
	if p, ok := u.(PartUpload); ok {
		return h.blobs.PutPart(ctx, p.UploadID, p.Number, body, size, want)
	}
	info, err := h.blobs.Put(ctx, body, size, want)
	if err != nil {
		return blobs.Info{}, err
	}
	md5 := base64OfHex(info.MD5)
	return info, h.keep(ctx, info.Key, func() error {
		switch u := u.(type) {
		case FileUpload:
			return h.record.RecordFile(ctx, metadata.StoredFile{
				ArtifactID: u.ArtifactID, Digest: u.Digest, MD5: md5, Key: info.Key, Size: info.Size,
			})
		case ManifestUpload:
			return h.record.SetManifestKey(ctx, u.ManifestID, info.Key, info.Size)
		case RunFileUpload:
			return h.record.PutRunFile(ctx, u.RunID, metadata.RunFile{Name: u.Name, Key: info.Key, MD5: md5, Size: info.Size})
		default:
			return fmt.Errorf("an upload of kind %T has nobody who records it", u)
		}
	})
}

// keep has stored bytes recorded before anybody can collect them.
func (h *Handler) keep(ctx context.Context, key string, record func() error) error {
	err := h.blobs.Keep(ctx, key, record)
	if errors.Is(err, blobs.ErrNotFound) {
		return errCollected
	}
	return err
}

// errCollected is bytes that were there before, and are collected when they are
// to be recorded.
var errCollected = &metadata.Error{Kind: metadata.KindUnavailable, Message: "the same bytes, which nobody needed any more, were just being removed; send them again", Err: blobs.ErrNotFound}

// wanted combines the MD5 of the URL with that of the Content-MD5 header.
func wanted(c claims, header string) (blobs.Digests, error) {
	if c.md5 != "" && len(c.md5) != 32 {
		return blobs.Digests{}, errors.New("the MD5 that was announced for it is not one")
	}
	want := blobs.Digests{MD5: c.md5}
	if header == "" {
		return want, nil
	}
	raw, err := base64.StdEncoding.DecodeString(header)
	if err != nil || len(raw) != 16 {
		return want, fmt.Errorf("the Content-MD5 header %q is not the base64 form of an MD5", header)
	}
	got := hex.EncodeToString(raw)
	if want.MD5 != "" && got != want.MD5 {
		return want, fmt.Errorf("the Content-MD5 header says %s, but the URL was made for bytes with the MD5 %s", got, want.MD5)
	}
	want.MD5 = got
	return want, nil
}

func tooLarge(doing string, limit int64) string {
	return fmt.Sprintf("%s: it is larger than the %d bytes allowed here; nothing was kept", doing, limit)
}

// body reads the body of an upload. It remembers the error of reading, which
// is the sender's, apart from those of storing; and it interrupts a blocked
// Read when the context ends or when nothing comes for idleTime. The latter
// needs a connection: bodies from the same process end with their own context.
type body struct {
	r    io.Reader
	err  error // of reading, except io.EOF
	rc   *http.ResponseController
	stop func() bool

	mu    sync.Mutex
	whole bool // everything was read
	ended bool // the context has
}

// drainTime is how long the rest of an upload that was refused may take. The
// server reads it (or 256 kB of it) after the handler, so that the client comes
// to read the refusal, and would wait for as long as the client likes.
const drainTime = time.Second

func newBody(w http.ResponseWriter, r *http.Request) *body {
	b := &body{r: r.Body, rc: http.NewResponseController(w)}
	b.stop = context.AfterFunc(r.Context(), func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.ended = true
		if !b.whole {
			b.deadline(time.Unix(1, 0))
		}
	})
	return b
}

// deadline sets that of the connection. In process there is none.
func (b *body) deadline(t time.Time) { _ = b.rc.SetReadDeadline(t) }

func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	if !b.ended {
		b.deadline(time.Now().Add(idleTime))
	}
	b.mu.Unlock()
	n, err := b.r.Read(p)
	switch {
	case err == io.EOF:
		// From here on the server watches the connection for the client's going
		// away, and would take a deadline for that.
		b.mu.Lock()
		b.whole = true
		b.deadline(time.Time{})
		b.mu.Unlock()
	case err != nil:
		b.err = err
	}
	return n, err
}

// release gives the connection back to the server, which sets deadlines of its
// own for the next request.
func (b *body) release() {
	b.stop()
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.whole {
		b.deadline(time.Now().Add(drainTime))
	}
}
