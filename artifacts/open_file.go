package artifacts

import (
	"context"
	"crypto/md5"
	"errors"
	"hash"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// A RemoteFile reads one file of a version without downloading it first. Close
// it. ReadAt is safe for concurrent use; Read and Seek are not.
type RemoteFile struct {
	ctx   context.Context
	c     *Client
	op    string
	path  string
	entry ManifestEntry
	o     *OpenOptions
	src   *source  // nil if local
	local *os.File // nil if not on this computer
	etag  string   // what answers must have, "" for any

	body *answer
	at   int64
	// sum is of what was read so far, while that was everything from the start.
	sum   hash.Hash
	want  md5sum
	known bool // want is the digest
}

// OpenOptions say how to open a file. nil means the defaults.
type OpenOptions struct {
	// Follow and FollowTo are asked about references, as in DownloadOptions.
	Follow   func(uri string) error
	FollowTo func(a *Artifact) error
}

// OpenFile opens a file of the version for reading, from the cache if it is
// there and otherwise from the server, range by range as it is read (W&B:
// GetArtifactMembershipFileUrls). Addresses that expire are replaced. ctx
// bounds the whole life of the RemoteFile.
//
// Read from its start to its end, the bytes are checked: instead of io.EOF the
// last Read returns KindCorrupt if they are not what the manifest says. What
// ReadAt brings from the server cannot be checked. References are followed as
// Download does.
func (a *Artifact) OpenFile(ctx context.Context, path string) (*RemoteFile, error) {
	return a.OpenFileWith(ctx, path, nil)
}

// OpenFileWith is OpenFile with options.
func (a *Artifact) OpenFileWith(ctx context.Context, path string, o *OpenOptions) (*RemoteFile, error) {
	const op = "open a file of an artifact"
	if err := a.check(op); err != nil {
		return nil, err
	}
	m, err := a.Manifest(ctx)
	if err != nil {
		return nil, err
	}
	full := a.QualifiedName() + "/" + path
	e, ok := m.Entry(path)
	if !ok {
		return nil, &Error{Kind: KindNotFound, Op: op, Path: full, Message: "there is no such file in it", Next: nearestPath(m, path)}
	}
	if o == nil {
		o = &OpenOptions{}
	}
	f := &RemoteFile{ctx: ctx, c: a.client, op: op, path: full, entry: e, o: o, sum: md5.New()}
	if err := f.open(a, e, path); err != nil {
		f.Close()
		return nil, located(op, full, err)
	}
	return f, nil
}

func (f *RemoteFile) open(a *Artifact, e ManifestEntry, from string) error {
	c := f.c
	if !e.IsReference() {
		return f.openStored(a, e, from)
	}
	u, err := url.Parse(e.Ref)
	if err != nil {
		return &Error{Kind: KindCorrupt, Message: "its reference is no URI", Next: "log it again"}
	}
	if err := follows(f.o.Follow, u); err != nil {
		return err
	}
	if f.entry.Size == 0 { // what the wandb package writes for a size that it does not know
		f.entry.Size = -1
	}
	switch u.Scheme {
	case schemeArtifact:
		to, target, err := newReferrals(c).follow(f.ctx, e.Ref, f.o.FollowTo)
		if err != nil {
			return err
		}
		f.entry.Size = target.Size
		if target.IsReference() {
			return f.open(to, target, target.Path)
		}
		return f.openStored(to, target, target.Path)
	case schemeHTTP, schemeHTTPS:
		f.src = &source{client: c, transport: c.files.References, url: e.Ref, turn: newGate()}
		if e.Digest != e.Ref {
			f.etag = e.Digest
		}
		return nil
	case schemeFile:
		path, err := localFile(u)
		if err != nil {
			return err
		}
		if f.want, err = parseMD5(e.Digest); err != nil {
			return &Error{Kind: KindUnsupported, Message: "it is a reference to " + path + " without the MD5 to tell whether that is the right file"}
		}
		if f.local, err = openReferred(path); err != nil {
			return err
		}
		switch got, err := c.hashOpen(f.ctx, f.local, nil, ""); {
		case err != nil:
			return err
		case got != f.want:
			return &Error{Kind: KindConflict, Message: "it is a reference to " + path + ", which is not what it was when it was logged", Next: "bring back the file, or log it again"}
		}
		return f.rewind()
	}
	return unsupportedReference(e.Ref, u.Scheme)
}

func (f *RemoteFile) openStored(a *Artifact, e ManifestEntry, from string) error {
	c := f.c
	var err error
	if f.want, err = c.digestOf(&e); err != nil {
		return err
	}
	f.known = true
	if object, checked, err := c.files.cache.open(f.want, e.Size); err == nil {
		f.local = object
		if !checked {
			got, err := c.hashOpen(f.ctx, object, nil, "")
			if err != nil {
				return err
			}
			if got != f.want {
				object.Close()
				f.local = nil
				c.files.cache.drop(f.want)
				return f.openRemote(a, from)
			}
			c.files.cache.confirm(object, f.want)
		}
		return f.rewind()
	}
	return f.openRemote(a, from)
}

func (f *RemoteFile) openRemote(a *Artifact, from string) error {
	url, err := f.c.fileURL(f.ctx, a, from)
	if err != nil {
		return err
	}
	f.src = f.c.fileSource(a, from, url)
	return nil
}

func (f *RemoteFile) rewind() error {
	info, err := f.local.Stat()
	if err != nil {
		return localFailure("", "", err)
	}
	f.entry.Size = info.Size()
	return nil
}

// Entry is the file's entry in the manifest.
func (f *RemoteFile) Entry() ManifestEntry { return f.entry }

// Size is the file's size in bytes; -1 if it is not known before reading (some
// references).
func (f *RemoteFile) Size() int64 { return f.entry.Size }

// Read reads on. It reports io.EOF at the end of bytes that are right.
func (f *RemoteFile) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if f.local != nil {
		n, err := f.local.ReadAt(p, f.at)
		f.at += int64(n)
		if n > 0 {
			return n, nil
		}
		return 0, err
	}
	n := 0
	var used string
	err := f.c.persist(f.ctx, func(ctx context.Context) (int64, *setback) {
		used = f.src.address()
		if f.body == nil {
			if bad := f.begin(ctx, used); bad != nil {
				return 0, bad
			}
		}
		var err error
		n, err = f.body.Read(p)
		if n > 0 || (err == io.EOF && (f.entry.Size < 0 || f.at >= f.entry.Size)) {
			return int64(n), nil
		}
		if err == nil {
			return 0, nil
		}
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		bad := f.c.broken(ctx, f.body.resp.Request.Context(), f.body.resp.Request.URL, err)
		f.end()
		return 0, bad
	}, f.src.refresh(&used))
	if err != nil {
		return 0, located(f.op, f.path, err)
	}
	f.at += int64(n)
	if f.entry.Size >= 0 && f.at > f.entry.Size {
		return 0, located(f.op, f.path, wrongSize(f.at, f.entry.Size))
	}
	if f.sum != nil {
		f.sum.Write(p[:n])
	}
	if n > 0 {
		return n, nil
	}
	if f.known && f.sum != nil && md5sum(f.sum.Sum(nil)) != f.want {
		return 0, &Error{
			Kind: KindCorrupt, Op: f.op, Path: f.path,
			Message: "what came has the digest " + md5sum(f.sum.Sum(nil)).String() + ", and the manifest says " + f.want.String(),
			Next:    "do not use what was read; report it to whoever runs the server",
		}
	}
	return 0, io.EOF
}

// begin asks for the bytes from where reading is.
func (f *RemoteFile) begin(ctx context.Context, address string) *setback {
	if f.entry.Size >= 0 && f.at >= f.entry.Size { // no server has a range there
		f.body = &answer{body: http.NoBody, resp: &http.Response{Request: &http.Request{URL: &url.URL{}}}, watch: &watchdog{stop: func() {}}}
		return nil
	}
	// The watchdog is that of one answer; the caller may take its time between reads.
	d, bad := f.c.fetch(ctx, f.src.transport, address, f.at, -1)
	if bad != nil {
		return bad
	}
	d.watch.timer.Stop()
	if bad := f.changed(d); bad != nil {
		d.Close()
		return bad
	}
	if d.from < f.at { // a server without ranges sends everything
		if _, err := io.CopyN(io.Discard, d, f.at-d.from); err != nil {
			bad := f.c.broken(ctx, d.resp.Request.Context(), d.resp.Request.URL, err)
			d.Close()
			return bad
		}
	}
	f.body = d
	return nil
}

// changed looks whether a URL still holds what it did.
func (f *RemoteFile) changed(d *answer) *setback {
	if got := etagOf(d.resp.Header); f.etag != "" && got != f.etag {
		return &setback{Error: Error{
			Kind:    KindConflict,
			Message: "it is a reference to " + bareURI(f.entry.Ref) + ", which is not what it was when it was logged (its ETag is " + quote(got) + ", not " + quote(f.etag) + ")",
			Next:    "bring back what was there, or log it again",
		}}
	}
	return nil
}

func (f *RemoteFile) end() {
	if f.body != nil {
		f.body.Close()
		f.body = nil
	}
}

// ReadAt reads bytes from an offset on, with a request of its own.
func (f *RemoteFile) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, &Error{Kind: KindInvalid, Op: f.op, Path: f.path, Message: "an offset is negative"}
	}
	if f.local != nil {
		return f.local.ReadAt(p, off)
	}
	want := int64(len(p))
	if f.entry.Size >= 0 {
		want = min(want, max(0, f.entry.Size-off))
	}
	if want == 0 {
		if len(p) == 0 {
			return 0, nil
		}
		return 0, io.EOF
	}
	n := 0
	var used string
	ended := false
	err := f.c.persist(f.ctx, func(ctx context.Context) (int64, *setback) {
		used = f.src.address()
		d, bad := f.c.fetch(ctx, f.src.transport, used, off+int64(n), off+want)
		if bad != nil {
			return 0, bad
		}
		defer d.Close()
		if bad := f.changed(d); bad != nil {
			return 0, bad
		}
		if skip := off + int64(n) - d.from; skip > 0 {
			if _, err := io.CopyN(io.Discard, d, skip); err != nil {
				return 0, f.c.broken(ctx, d.resp.Request.Context(), d.resp.Request.URL, err)
			}
		}
		m, err := io.ReadFull(d, p[n:want])
		n += m
		switch {
		case err == nil:
			return int64(m), nil
		case f.entry.Size < 0 && (err == io.EOF || err == io.ErrUnexpectedEOF) && d.total >= 0 && off+int64(n) >= d.total:
			ended = true
			return int64(m), nil
		}
		return int64(m), f.c.broken(ctx, d.resp.Request.Context(), d.resp.Request.URL, err)
	}, f.src.refresh(&used))
	if err != nil {
		return n, located(f.op, f.path, err)
	}
	if ended || int64(len(p)) > want {
		return n, io.EOF
	}
	return n, nil
}

// Seek sets where Read goes on. Only bytes read from start to end are checked.
func (f *RemoteFile) Seek(offset int64, whence int) (int64, error) {
	to := offset
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		to += f.at
	case io.SeekEnd:
		if f.entry.Size < 0 {
			return 0, &Error{Kind: KindUnsupported, Op: f.op, Path: f.path, Message: "its size is not known"}
		}
		to += f.entry.Size
	default:
		return 0, &Error{Kind: KindInvalid, Op: f.op, Path: f.path, Message: "nothing to seek from"}
	}
	if to < 0 {
		return 0, &Error{Kind: KindInvalid, Op: f.op, Path: f.path, Message: "an offset is negative"}
	}
	if to == f.at {
		return to, nil
	}
	f.end()
	f.at = to
	f.sum = nil
	if to == 0 {
		f.sum = md5.New()
	}
	return to, nil
}

// Close releases what the file holds.
func (f *RemoteFile) Close() error {
	f.end()
	if f.local != nil {
		return f.local.Close()
	}
	return nil
}

// OpenRange opens part of a file for reading: length bytes from offset on, or
// all that follow if length is negative. A part cannot be checked.
func (a *Artifact) OpenRange(ctx context.Context, path string, offset, length int64) (io.ReadCloser, error) {
	f, err := a.OpenFile(ctx, path)
	if err != nil {
		return nil, err
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if length < 0 {
		return f, nil
	}
	return struct {
		io.Reader
		io.Closer
	}{io.LimitReader(f, length), f}, nil
}

var _ interface {
	io.ReadSeekCloser
	io.ReaderAt
} = (*RemoteFile)(nil)

// hasPrefixPath reports whether a path lies in a folder.
func hasPrefixPath(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}
