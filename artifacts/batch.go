package artifacts

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// Many small files cost more in requests than in bytes. A server that names
// featureBatches takes and gives several of them in one request; the bounds of
// a batch are below its own. Whatever a batch does not bring about for a file,
// for whatever reason, is tried with a request of its own, which says why it
// cannot be done if it cannot.
const (
	featureBatches = "RELIQUARY_FILE_BATCHES"

	batchFile  = 256 << 10 // the largest file, bytes
	batchBytes = 2 << 20   // of all files but the last
	batchFiles = 250
)

// batching gathers files until they make a batch. The zero value is ready.
type batching[T any] struct {
	items []T
	bytes int64
}

// add takes a file and returns a batch that is full, or nil.
func (b *batching[T]) add(item T, size int64) []T {
	b.items = append(b.items, item)
	b.bytes += size
	if b.bytes < batchBytes && len(b.items) < batchFiles {
		return nil
	}
	return b.take()
}

// take returns what was gathered.
func (b *batching[T]) take() []T {
	items := b.items
	b.items, b.bytes = nil, 0
	return items
}

// batches reports whether files go to and come from the server in batches.
func (c *Client) batches(ctx context.Context) bool {
	ok, err := c.supports(ctx, featureBatches)
	return err == nil && ok
}

// nearby reports whether an address is one of the server's own.
func (c *Client) nearby(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == c.base.Scheme && u.Host == c.base.Host
}

// exchangeBatch sends a request about several files. The caller closes the answer.
func (c *Client) exchangeBatch(ctx context.Context, path, contentType string, body []byte) (*answer, error) {
	ctx, dog := watch(ctx, c.files.Stall)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base.JoinPath(path).String(), bytes.NewReader(body))
	if err != nil {
		dog.stop()
		return nil, err
	}
	req.Header.Set("User-Agent", c.userAgent)
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept-Encoding", "identity")
	dog.moved(answerTime)
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		dog.stop()
		return nil, err
	}
	a := &answer{body: resp.Body, resp: resp, watch: dog}
	dog.moved(0)
	if resp.StatusCode != http.StatusOK {
		a.Close()
		return nil, errors.New(status(resp.StatusCode))
	}
	return a, nil
}

// An outgoingFile is a small file that is to be sent.
type outgoingFile struct {
	e    *ManifestEntry
	f    *hashedFile
	node *wire.FileUpload
}

// batchable reports whether a file can be sent with others.
func (l *logging) batchable(o outgoingFile) bool {
	return o.f.stamp.size <= batchFile && len(o.f.parts) == 0 && l.c.nearby(*o.node.UploadURL)
}

// sendBatch sends several files, and those that the batch did not bring about
// one by one.
func (l *logging) sendBatch(ctx context.Context, files []outgoingFile, m *meter) error {
	stored := l.storeBatch(ctx, files)
	for i, o := range files {
		if ctx.Err() != nil {
			return canceled(ctx)
		}
		if stored[i] {
			m.add(0, o.e.Size)
			l.sentFile(ctx, o.e, o.f, o.node, m)
			continue
		}
		if err := l.sendFile(ctx, o.e, o.f, o.node, m); err != nil {
			return ofFile(o.e.Path, err)
		}
	}
	return nil
}

// storeBatch says which files the server has stored, if any.
func (l *logging) storeBatch(ctx context.Context, files []outgoingFile) []bool {
	stored := make([]bool, len(files))
	var size int64
	for _, o := range files {
		size += o.f.stamp.size + int64(len(*o.node.UploadURL)) + partHead
	}
	body := bytes.NewBuffer(make([]byte, 0, size))
	parts := multipart.NewWriter(body)
	buf := make([]byte, batchFile)
	var at []int // which file each part is
	for i, o := range files {
		data, err := o.f.read(buf)
		if err != nil {
			continue // it is opened again on its own, and that error is told
		}
		part, err := parts.CreatePart(textproto.MIMEHeader{"Content-Location": {*o.node.UploadURL}})
		if err == nil {
			_, err = part.Write(data)
		}
		if err != nil { // memory takes everything
			return stored
		}
		at = append(at, i)
	}
	if err := parts.Close(); err != nil {
		return stored
	}
	a, err := l.c.exchangeBatch(ctx, "storage/batch", "multipart/mixed; boundary="+parts.Boundary(), body.Bytes())
	if err != nil {
		return stored
	}
	defer a.Close()
	var said struct {
		Refused []struct {
			Part int `json:"part"`
		} `json:"refused"`
	}
	if err := json.NewDecoder(a).Decode(&said); err != nil {
		return stored
	}
	io.Copy(io.Discard, io.LimitReader(a, 64<<10)) // for the connection's sake
	for _, i := range at {
		stored[i] = true
	}
	for _, r := range said.Refused {
		if r.Part >= 0 && r.Part < len(at) {
			stored[at[r.Part]] = false
		}
	}
	return stored
}

// partHead is about what a part has around its address and its bytes.
const partHead = 160

// read reads a small file into buf, if it is still what was hashed.
func (f *hashedFile) read(buf []byte) ([]byte, error) {
	file, err := f.open()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data := buf[:f.stamp.size]
	if _, err := io.ReadFull(file, data); err != nil {
		return nil, err
	}
	return data, f.unchanged(file)
}

// An incomingFile is a small file that is to be fetched.
type incomingFile struct {
	n   *need
	url string
}

// fetchBatch fetches several files, and those that the batch did not bring one
// by one.
func (d *downloading) fetchBatch(ctx context.Context, a *Artifact, files []incomingFile) error {
	came, failed := d.readBatch(ctx, files)
	if failed != nil {
		return failed
	}
	for i, f := range files {
		if came[i] {
			continue
		}
		if ctx.Err() != nil {
			return canceled(ctx)
		}
		if err := d.fetchNeed(ctx, a, f.n, f.url); err != nil {
			return err
		}
	}
	return nil
}

// readBatch puts files in place as they come, and says which came. An error is
// one of the disk here: nothing will help.
func (d *downloading) readBatch(ctx context.Context, files []incomingFile) (came []bool, failed error) {
	came = make([]bool, len(files))
	urls := make([]string, len(files))
	for i, f := range files {
		urls[i] = f.url
	}
	question, err := json.Marshal(map[string][]string{"urls": urls})
	if err != nil { // a list of texts always marshals
		return came, nil
	}
	a, err := d.c.exchangeBatch(ctx, "storage/batch/get", "application/json", question)
	if err != nil {
		return came, nil
	}
	defer a.Close()
	kind, params, err := mime.ParseMediaType(a.resp.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" {
		return came, nil
	}
	d, done := d.goNear()
	defer done()
	parts := multipart.NewReader(a, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err != nil {
			return came, nil
		}
		i, err := strconv.Atoi(part.Header.Get("Content-Id"))
		if err != nil || i < 0 || i >= len(files) || part.Header.Get("Status") != "" || came[i] {
			continue
		}
		n := files[i].n
		data := make([]byte, n.entries[0].Size)
		if _, err := io.ReadFull(part, data); err != nil && !(err == io.EOF && len(data) == 0) {
			continue
		}
		if more, _ := part.Read(make([]byte, 1)); more > 0 || md5.Sum(data) != n.sum {
			continue // alone it is fetched once more, and judged
		}
		if err := d.settleBytes(ctx, n, data); err != nil {
			return came, err
		}
		came[i] = true
	}
}

// settleBytes puts content that came, and was checked, wherever it is wanted.
func (d *downloading) settleBytes(ctx context.Context, n *need, data []byte) error {
	if d.cache != nil {
		if err := d.keepBytes(n.sum, data); err != nil {
			return ofFile(n.entries[0].Path, localFailure("", "", err))
		}
	}
	for i := range n.entries {
		e := &n.entries[i]
		if err := d.placeBytes(ctx, e, n.sum, data); err != nil {
			return ofFile(e.Path, err)
		}
		d.meter.add(0, int64(len(data)))
		d.count(e, func(r *Downloaded) {
			if i > 0 {
				r.FromCache++ // as it is when the content is fetched alone
				return
			}
			r.Fetched++
			r.FetchedBytes += int64(len(data))
		})
	}
	return nil
}

// keepBytes puts content into the cache.
func (d *downloading) keepBytes(sum md5sum, data []byte) error {
	p, err := d.storedPartial(sum, int64(len(data)))
	if err != nil {
		return err
	}
	defer p.leave(false)
	if _, err = p.f.Write(data); err != nil {
		return err
	}
	if d.o.Durable {
		if err := p.f.Sync(); err != nil {
			return err
		}
	}
	if err = d.cache.keep(p.f, sum); err == nil {
		p.placed()
	}
	return err
}

// placeBytes puts content to the place of an entry.
func (d *downloading) placeBytes(ctx context.Context, e *ManifestEntry, sum md5sum, data []byte) error {
	if d.o.Place == PlaceLink && d.cache != nil {
		f, checked, err := d.cache.open(sum, int64(len(data)))
		if err != nil {
			return localFailure("", "", err)
		}
		defer f.Close()
		d.meter.add(0, -int64(len(data))) // place counts them
		return d.place(ctx, f, checked, e, sum)
	}
	name, err := localName(e.Path)
	if err != nil {
		return err
	}
	if err := d.folder(name); err != nil {
		return err
	}
	out, err := d.newTemp(name)
	if err != nil {
		return inTheWay(err)
	}
	if _, err = out.Write(data); err == nil && d.o.Durable {
		err = out.Sync()
	}
	return d.finish(out, err, e, sum)
}
