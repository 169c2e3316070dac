package artifacts

import (
	"context"
	"crypto/md5"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// ReferenceOptions say what is known of what a reference leads to. nil means
// that it is looked at.
type ReferenceOptions struct {
	// NoChecksum does not look: the digest is made of the URI, so that a new
	// version comes about when the URI changes, not when what is there does.
	NoChecksum bool
	// Checksum is the digest of what is there, for example its ETag; "" to find
	// out. It makes looking unnecessary.
	Checksum string
	// Size is in bytes, for where Checksum is given; 0 means unknown.
	Size int64
	// MaxObjects bounds the files of a folder; 0 means 10,000,000.
	MaxObjects int
	// FollowTo, if not nil, is asked before a version that the reference leads to
	// is looked at, and what it returns ends the logging.
	FollowTo func(a *Artifact) error
}

const defaultMaxObjects = 10_000_000

// A draftReference is a reference that was added and not looked at yet.
type draftReference struct {
	uri, name, scheme string
	named             bool // by the caller
	version           string
	o                 ReferenceOptions
}

// AddReference adds a reference to something that is not sent to the server,
// under a path in the artifact; "" means the last element of its own. What it
// leads to is looked at when the draft is logged:
//
//   - http, https: asked with GET for its ETag, which becomes the digest (the
//     URI without one), and its size.
//   - file: a file or folder of this computer, or on a disk that others have
//     under the same path; the digest is the MD5. Links to folders are left out.
//   - wandb-artifact://<hex id>/<path>: a file of another version, see
//     ReferenceTo; the digest is that file's.
//   - s3, gs and all others: not looked at, because that takes a cloud's own
//     library: the digest is the URI unless Checksum gives it. Except for s3
//     and gs, a name is needed.
func (d *Draft) AddReference(uri, name string, o *ReferenceOptions) error {
	const op = "add a reference to an artifact"
	if o == nil {
		o = &ReferenceOptions{}
	}
	u, err := url.Parse(uri)
	if err != nil || u.Scheme == "" {
		return &Error{Kind: KindInvalid, Op: op, Path: bareURI(uri), Message: "it is no URI", Next: "for a file of this computer write file:///path"}
	}
	r := draftReference{uri: uri, name: name, named: name != "", scheme: u.Scheme, o: *o}
	if r.name == "" {
		r.name = defaultName(u)
	}
	if u.Scheme == "s3" || u.Scheme == "gs" { // the query says which version, which stands in extra
		r.uri = u.Scheme + "://" + u.Host + u.Path
		r.version = u.Query().Get("versionId")
	}
	if r.named || u.Scheme != schemeFile {
		if why := badEntryPath(r.name); why != "" {
			return &Error{Kind: KindInvalid, Op: op, Path: bareURI(uri), Message: fmt.Sprintf("the path %q in the artifact cannot be used: %s", r.name, why), Next: "give it a name"}
		}
	}
	if f, ok := d.files[r.name]; ok && f.local == nil { // of the base
		delete(d.files, r.name)
	}
	d.references = append(d.references, r)
	return nil
}

// ReferenceTo is the URI of a file of a version, for AddReference.
func (a *Artifact) ReferenceTo(path string) (string, error) { return referTo(a.ID, path) }

// defaultName is the path in the artifact of a reference that was given none.
func defaultName(u *url.URL) string {
	key := strings.Trim(u.Path, "/")
	switch u.Scheme {
	case "s3":
		if key == "" {
			return u.Host
		}
		return key
	case "gs":
		return key
	case schemeHTTP, schemeHTTPS, schemeArtifact, schemeClient, schemeFile:
		if key == "" {
			return ""
		}
		return path.Base(key)
	}
	return ""
}

// resolve looks at what a reference leads to. add takes an entry whose digest
// is known, hash one whose digest is that of a file.
func (c *Client) resolve(ctx context.Context, refs *referrals, r draftReference, add func(ManifestEntry), hash func(ManifestEntry, *localSource)) error {
	e := ManifestEntry{Path: r.name, Ref: r.uri, Size: -1}
	if r.o.Checksum != "" { // of one file, whatever its URI
		e.Digest = r.o.Checksum
		if r.o.Size > 0 {
			e.Size = r.o.Size
		}
		extra := map[string]string{"etag": r.o.Checksum}
		if r.version != "" {
			extra["versionID"] = r.version
		}
		var err error
		if e.Extra, err = json.Marshal(extra); err != nil {
			return err
		}
		add(e)
		return nil
	}
	switch r.scheme {
	case schemeHTTP, schemeHTTPS:
		if r.o.NoChecksum {
			break
		}
		if err := c.lookAt(ctx, &e); err != nil {
			return err
		}
		add(e)
		return nil
	case schemeFile:
		return resolveLocal(r, add, hash)
	case schemeArtifact, schemeClient:
		uri, err := c.knownToServer(ctx, r)
		if err != nil {
			return err
		}
		to, target, err := refs.follow(ctx, uri, r.o.FollowTo)
		if err != nil {
			return err
		}
		// Its bytes count where they are kept, as in the wandb package.
		e.Digest, e.Size = target.Digest, 0
		if e.Ref, err = to.ReferenceTo(target.Path); err != nil {
			return err
		}
		add(e)
		return nil
	}
	e.Digest = r.uri
	add(e)
	return nil
}

// lookAt asks a web server for the ETag and size of what a URL holds.
func (c *Client) lookAt(ctx context.Context, e *ManifestEntry) error {
	var header http.Header
	var size int64
	err := c.persist(ctx, func(ctx context.Context) (int64, *setback) {
		// GET, as HEAD is not allowed everywhere nor always answered the same;
		// the body is not read.
		d, bad := c.fetch(ctx, c.files.References, e.Ref, 0, -1)
		if bad != nil {
			return 0, bad
		}
		header, size = d.resp.Header, d.total
		d.Close()
		return 0, nil
	}, nil)
	if err != nil {
		return err
	}
	e.Size = size
	e.Digest = e.Ref
	if tag := etagOf(header); tag != "" {
		e.Digest = tag
		// With its quotes, as it came.
		e.Extra, err = json.Marshal(map[string]string{"etag": header.Get("ETag")})
	}
	return err
}

// knownToServer turns the client's own id of a version in a reference into the
// server's.
func (c *Client) knownToServer(ctx context.Context, r draftReference) (string, error) {
	if r.scheme == schemeArtifact {
		return r.uri, nil
	}
	u, err := url.Parse(r.uri)
	if err != nil {
		return "", &Error{Kind: KindInvalid, Message: "it is no URI"}
	}
	id, err := wire.ClientIDMapping(ctx, c.sender, wire.ID(u.Host))
	switch {
	case err != nil:
		return "", c.fail(ctx, "find a version by a client's id", "", err)
	case id == "":
		return "", &Error{Kind: KindNotFound, Message: "the server knows no version by the client's id in the reference", Next: "log that version first"}
	}
	return referTo(string(id), strings.TrimPrefix(u.Path, "/"))
}

// resolveLocal finds the files that a file URI leads to.
func resolveLocal(r draftReference, add func(ManifestEntry), hash func(ManifestEntry, *localSource)) error {
	u, err := url.Parse(r.uri)
	if err != nil {
		return &Error{Kind: KindInvalid, Message: "it is no URI"}
	}
	at, err := localFile(u)
	if err != nil {
		return err
	}
	one := func(e ManifestEntry, file string, info fs.FileInfo, src *localSource) error {
		e.Size = info.Size()
		if !r.o.NoChecksum {
			hash(e, src)
			return nil
		}
		resolved, err := filepath.EvalSymlinks(file)
		if err == nil {
			resolved, err = filepath.Abs(resolved)
		}
		if err != nil {
			return localFailure("", "", err)
		}
		e.Digest = md5sum(md5.Sum([]byte(fileURI(resolved)))).String()
		add(e)
		return nil
	}
	abs, err := filepath.Abs(at)
	if err != nil {
		return localFailure("", "", err)
	}
	w := &dirWalk{dir: abs, o: &DirOptions{}, leaveLinks: true}
	info, err := w.stat(nil, "")
	if err != nil {
		return localFailure("", "", err)
	}
	if !info.IsDir() {
		if err := checkAddable(at, info); err != nil {
			return err
		}
		return one(ManifestEntry{Path: r.name, Ref: r.uri}, abs, info, &localSource{dir: filepath.Dir(abs), name: filepath.Base(abs)})
	}
	prefix := ""
	if r.named {
		prefix = r.name
	}
	most, n := orDefault(r.o.MaxObjects, defaultMaxObjects), 0
	w.add = func(rel string, info fs.FileInfo) error {
		if n++; n > most {
			return &Error{Kind: KindInvalid, Message: fmt.Sprintf("there are more than %d files in it", most), Next: "raise MaxObjects"}
		}
		src := &localSource{dir: abs, name: filepath.FromSlash(rel)}
		e := ManifestEntry{Path: joinEntry(prefix, rel), Ref: strings.TrimSuffix(r.uri, "/") + "/" + rel}
		if err := CheckEntryPath(e.Path); err != nil {
			return err
		}
		return one(e, filepath.Join(abs, src.name), info, src)
	}
	return w.walk("", []fs.FileInfo{info})
}

// fileURI is the URI of an absolute path, escaped as Python does it: the
// digest of a reference without a checksum is made of it.
func fileURI(path string) string {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~/"
	var b strings.Builder
	b.WriteString("file://")
	for _, c := range []byte(filepath.ToSlash(path)) {
		if strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
