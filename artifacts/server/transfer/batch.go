package transfer

import (
	"bytes"
	"cmp"
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
	"github.com/reliquary/reliquary/artifacts/server/metadata"
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
// Parts are numbered from 0. What is not refused is stored, and durable. An
// upload that breaks off may have stored some of the parts before that, and may
// be sent again.
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

// groupBytes is how much of a batch is held in memory, not counting the last
// file, and stored together.
const groupBytes = 4 << 20

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
	b := &batch{h: h, base: r.URL, allowed: map[Holder]error{}}
	if n := r.ContentLength; n > 0 && n < groupBytes {
		b.room = make([]byte, n+bytes.MinRead)
	} else {
		room := rooms.Get().(*[]byte)
		defer rooms.Put(room)
		b.room = *room
	}
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
			data, err = b.receive(part)
		}
		if err == nil && len(data) > MaxBatchFile {
			err = fmt.Errorf("a file is larger than the %d bytes allowed in a batch", MaxBatchFile)
		}
		if err != nil {
			refuse(w, http.StatusBadRequest, "the batch cannot be read: "+err.Error())
			return
		}
		b.add(ctx, n, part.Header.Get("Content-Location"), data)
	}
	b.store(ctx)
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

	room    []byte     // what files are read into
	group   []incoming // that came and is not stored yet
	bytes   int        // of group, the first of room
	refused []refusal
	allowed map[Holder]error // what permit said
}

// An incoming file is one that may be stored.
type incoming struct {
	part  int
	up    FileUpload
	doing string
	piece blobs.Piece
}

// rooms are for requests that are long, or do not say how long they are.
var rooms = sync.Pool{New: func() any {
	room := make([]byte, groupBytes+MaxBatchFile+1)
	return &room
}}

// receive reads a part behind the group, and no more than shows that it is too
// large. The bytes are good until the group is stored.
func (b *batch) receive(part io.Reader) ([]byte, error) {
	room := b.room[b.bytes:]
	room = room[:min(len(room), MaxBatchFile+1)]
	n := 0
	for n < len(room) {
		m, err := part.Read(room[n:])
		n += m
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return room[:n:n], nil
}

// permit asks once for every holder.
func (b *batch) permit(ctx context.Context, holder Holder, upload bool) error {
	err, asked := b.allowed[holder]
	if !asked {
		err = b.h.permit(ctx, holder, upload)
		b.allowed[holder] = err
	}
	return err
}

func (b *batch) refuse(part, status int, message string) {
	b.refused = append(b.refused, refusal{part, status, message})
}

// fail refuses a file for what went wrong with it.
func (b *batch) fail(ctx context.Context, part int, doing string, err error) {
	err = b.h.failure(ctx, doing, err)
	b.refuse(part, status(err), err.Error())
}

// add judges a file as a PUT to its URL would, and keeps it to be stored with
// others.
func (b *batch) add(ctx context.Context, n int, location string, data []byte) {
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
	file, ok := up.(FileUpload)
	if !ok {
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
	if err := b.permit(ctx, c.holder, true); err != nil {
		b.fail(ctx, n, doing, err)
		return
	}
	b.group = append(b.group, incoming{part: n, up: file, doing: doing, piece: blobs.Piece{Data: data, Want: want}})
	if b.bytes += len(data); b.bytes >= groupBytes {
		b.store(ctx)
	}
}

// store stores the files of the group, and has those recorded that are there
// then: one wait for the disk for all bytes, and one for all records.
func (b *batch) store(ctx context.Context) {
	if len(b.group) == 0 {
		return
	}
	pieces := make([]*blobs.Piece, len(b.group))
	for i := range b.group {
		pieces[i] = &b.group[i].piece
	}
	b.h.blobs.PutMany(ctx, pieces)
	var stored []*incoming
	var keys []string
	for i := range b.group {
		f := &b.group[i]
		if f.piece.Err != nil {
			b.fail(ctx, f.part, f.doing, f.piece.Err)
			continue
		}
		stored, keys = append(stored, f), append(keys, f.piece.Info.Key)
	}
	b.group, b.bytes = nil, 0
	if len(stored) == 0 {
		return
	}
	errs := make([]error, len(stored))
	err := b.h.blobs.KeepMany(ctx, keys, func(gone map[string]bool) error {
		var files []metadata.StoredFile
		var at []int
		for i, f := range stored {
			info := f.piece.Info
			if gone[info.Key] {
				errs[i] = errCollected
				continue
			}
			files = append(files, metadata.StoredFile{
				ArtifactID: f.up.ArtifactID, Digest: f.up.Digest, MD5: base64OfHex(info.MD5), Key: info.Key, Size: info.Size,
			})
			at = append(at, i)
		}
		for i, err := range b.h.record.RecordFiles(ctx, files) {
			errs[at[i]] = err
		}
		return nil
	})
	for i, f := range stored {
		if bad := cmp.Or(err, errs[i]); bad != nil {
			b.fail(ctx, f.part, f.doing, bad)
		}
	}
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
