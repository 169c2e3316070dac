package transfer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"sync"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
)

// Many small files cost more in requests than in bytes, so several of them can
// go in one. Each is permitted by its own signed URL, as it is alone.
//
//	POST BatchUploadPath    multipart/mixed: each part is a file's bytes, with the
//	                        URL that it may be PUT to in Content-Location
//	                        → {"refused": [{"part": 3, "status": 403, "message": …}]}
//	POST BatchDownloadPath  {"urls": […]}
//	                        → multipart/mixed: each part has the number of its URL
//	                        in Content-ID and the file's bytes, or a Status and why
//
// Parts are numbered from 0. What is not refused is stored, and durable: an
// upload that breaks off has stored the parts before that, and may be sent again.
const (
	BatchUploadPath   = Prefix + "batch"
	BatchDownloadPath = Prefix + "batch/get"
)

// The bounds of a batch: how many files, and how large one of them is. What is
// larger goes alone; its bytes are not held in memory.
const (
	MaxBatchFiles = 1000
	MaxBatchFile  = 1 << 20 // bytes
)

// batchStores is how many files of a batch are stored at once. Most of that is
// waiting for the disk, which makes several files durable in one go.
const batchStores = 16

// refusal is what became of one file that was not stored or is not sent.
type refusal struct {
	Part    int    `json:"part"`
	Status  int    `json:"status"`
	Message string `json:"message"`
}

func (h *Handler) serveBatchUpload(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	body := newBody(w, r)
	defer body.release()
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" || params["boundary"] == "" {
		refuse(w, http.StatusUnsupportedMediaType, "a batch of files is sent as multipart/mixed")
		return
	}
	parts := multipart.NewReader(body, params["boundary"])
	b := &batch{h: h, base: r.URL, seats: make(chan struct{}, batchStores), allowed: map[Holder]error{}}
	defer b.stores.Wait()
	for n := 0; ; n++ {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			break
		}
		if err == nil && n == MaxBatchFiles {
			refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("a batch holds up to %d files", MaxBatchFiles))
			return
		}
		var data []byte
		if err == nil {
			data, err = io.ReadAll(io.LimitReader(part, MaxBatchFile+1))
		}
		if err == nil && len(data) > MaxBatchFile {
			err = fmt.Errorf("a file is larger than the %d bytes allowed in a batch", MaxBatchFile)
		}
		if err != nil {
			refuse(w, http.StatusBadRequest, "the batch cannot be read: "+err.Error())
			return
		}
		b.store(ctx, n, part.Header.Get("Content-Location"), data)
	}
	b.stores.Wait()
	text, err := json.Marshal(map[string][]refusal{"refused": b.refused})
	if err != nil {
		// What came is stored; the client sends it once more, one by one.
		refuse(w, http.StatusInternalServerError, "what was refused of the batch cannot be written: "+err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(append(text, '\n'))
}

// A batch is the files of one request.
type batch struct {
	h    *Handler
	base *url.URL

	seats  chan struct{}
	stores sync.WaitGroup

	mu      sync.Mutex
	refused []refusal
	allowed map[Holder]error // what permit said
}

// permit asks once for every holder.
func (b *batch) permit(ctx context.Context, holder Holder, upload bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	err, asked := b.allowed[holder]
	if !asked {
		err = b.h.permit(ctx, holder, upload)
		b.allowed[holder] = err
	}
	return err
}

func (b *batch) refuse(part, status int, message string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused = append(b.refused, refusal{part, status, message})
}

// store stores one file as a PUT to its URL would, beside others.
func (b *batch) store(ctx context.Context, n int, location string, data []byte) {
	u, err := b.base.Parse(location)
	var up Upload
	if err == nil {
		up, err = b.h.signer.Upload(u)
	}
	if err != nil {
		b.refuse(n, http.StatusForbidden, err.Error())
		return
	}
	c := up.claims()
	doing := "storing " + c.words()
	if _, ok := up.(FileUpload); !ok {
		b.refuse(n, http.StatusBadRequest, doing+": a batch is for files of artifacts only")
		return
	}
	limit := c.size
	if m := b.h.o.MaxSize; m > 0 && (limit == 0 || m < limit) {
		limit = m
	}
	if limit > 0 && int64(len(data)) > limit {
		b.refuse(n, http.StatusRequestEntityTooLarge, tooLarge(doing, limit))
		return
	}
	want, err := wanted(c, "")
	if err != nil {
		b.refuse(n, http.StatusBadRequest, doing+": "+err.Error())
		return
	}
	b.seats <- struct{}{}
	b.stores.Go(func() {
		defer func() { <-b.seats }()
		err := b.permit(ctx, c.holder, true)
		if err == nil {
			_, err = b.h.store(ctx, up, bytes.NewReader(data), int64(len(data)), want)
		}
		if err != nil {
			err = b.h.failure(ctx, doing, err)
			b.refuse(n, status(err), err.Error())
		}
	})
}

// maxBatchQuestion bounds the URLs that are asked for, in bytes.
const maxBatchQuestion = 4 << 20

func (h *Handler) serveBatchDownload(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	var asked struct {
		URLs []string `json:"urls"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBatchQuestion)).Decode(&asked); err != nil {
		refuse(w, http.StatusBadRequest, "the addresses of the files cannot be read: "+err.Error())
		return
	}
	if len(asked.URLs) > MaxBatchFiles {
		refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("a batch holds up to %d files", MaxBatchFiles))
		return
	}
	b := &batch{h: h, base: r.URL, allowed: map[Holder]error{}}
	out := multipart.NewWriter(w)
	w.Header().Set("Content-Type", "multipart/mixed; boundary="+out.Boundary())
	w.Header().Set("X-Content-Type-Options", "nosniff")
	for n, location := range asked.URLs {
		data, err := b.read(ctx, location)
		head := textproto.MIMEHeader{"Content-Id": {strconv.Itoa(n)}}
		if err != nil {
			head.Set("Status", strconv.Itoa(statusOfRead(err)))
			data = []byte(err.Error())
		}
		part, err := out.CreatePart(head)
		if err == nil {
			_, err = part.Write(data)
		}
		if err != nil {
			return // the client has gone
		}
	}
	_ = out.Close()
}

// read reads one file as a GET of its URL would.
func (b *batch) read(ctx context.Context, location string) ([]byte, error) {
	u, err := b.base.Parse(location)
	if err != nil {
		return nil, ErrSignature
	}
	d, err := b.h.signer.Download(u)
	if err != nil {
		return nil, err
	}
	doing := "fetching " + lastElement(d.Name)
	if err := b.permit(ctx, d.Holder, false); err != nil {
		return nil, b.h.failure(ctx, doing, err)
	}
	if d.Size > MaxBatchFile {
		return nil, b.h.failure(ctx, doing, fmt.Errorf("%w: it is too large for a batch", blobs.ErrInvalid))
	}
	blob, err := b.h.blobs.Open(ctx, d.Key)
	if err != nil {
		return nil, b.h.failure(ctx, doing, err)
	}
	defer blob.Close()
	data := make([]byte, d.Size+1)
	n, err := io.ReadFull(blob, data)
	switch {
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && err != io.EOF:
		return nil, b.h.failure(ctx, doing, err)
	case int64(n) != d.Size:
		return nil, b.h.failure(ctx, doing, fmt.Errorf("%s does not have %d bytes: %w", d.Key, d.Size, blobs.ErrCorrupt))
	}
	return data[:n], nil
}

// statusOfRead is the status of a file that is not sent.
func statusOfRead(err error) int {
	if errors.Is(err, ErrSignature) || errors.Is(err, ErrExpired) {
		return http.StatusForbidden
	}
	return status(err)
}
