package artifacts

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// The kinds of references that are told apart here.
const (
	schemeFile     = "file"
	schemeHTTP     = "http"
	schemeHTTPS    = "https"
	schemeArtifact = "wandb-artifact"
	schemeClient   = "wandb-client-artifact"
)

// maxHops is how often a reference may lead to another.
const maxHops = 10

// reference brings what a reference leads to.
func (d *downloading) reference(ctx context.Context, e *ManifestEntry) error {
	if e.Size == 0 {
		// What the wandb package writes for a size that it does not know.
		unknown := *e
		unknown.Size = -1
		e = &unknown
	}
	u, err := url.Parse(e.Ref)
	if err != nil {
		return &Error{Kind: KindCorrupt, Message: "its reference is no URI", Next: "log it again"}
	}
	if err := follows(d.o.Follow, u); err != nil {
		return err
	}
	switch u.Scheme {
	case schemeFile:
		return d.localReference(ctx, e, u)
	case schemeHTTP, schemeHTTPS:
		return d.webReference(ctx, e)
	case schemeArtifact:
		return d.artifactReference(ctx, e)
	}
	return unsupportedReference(e.Ref, u.Scheme)
}

// follows asks whether a reference out of W&B may be followed.
func follows(ask func(uri string) error, u *url.URL) error {
	if ask == nil || u.Scheme == schemeArtifact {
		return nil
	}
	return ask(u.String())
}

func unsupportedReference(ref, scheme string) error {
	err := &Error{
		Kind:    KindUnsupported,
		Message: "it is a reference to " + bareURI(ref) + ", and " + scheme + " is not followed",
		Next:    "leave references out (SkipReferences) and fetch it yourself",
	}
	switch scheme {
	case "s3":
		err.Next = "leave references out (SkipReferences) and fetch it with: aws s3 cp '" + bareURI(ref) + "' ."
	case "gs":
		err.Next = "leave references out (SkipReferences) and fetch it with: gcloud storage cp '" + bareURI(ref) + "' ."
	}
	return err
}

// bareURI is a URI without what may be secret in it.
func bareURI(ref string) string {
	ref, _, _ = strings.Cut(ref, "?")
	if scheme, rest, ok := strings.Cut(ref, "://"); ok {
		if at := strings.LastIndexByte(rest, '@'); at >= 0 && !strings.Contains(rest[:at], "/") {
			rest = rest[at+1:]
		}
		return scheme + "://" + rest
	}
	return ref
}

// localReference copies a file of this computer, if it is still what it was.
func (d *downloading) localReference(ctx context.Context, e *ManifestEntry, u *url.URL) error {
	path, err := localFile(u)
	if err != nil {
		return err
	}
	sum, err := parseMD5(e.Digest)
	if err != nil {
		return &Error{Kind: KindUnsupported, Message: "it is a reference to " + path + " without the MD5 to tell whether that is the right file", Next: "copy it yourself"}
	}
	if ok, err := d.settled(ctx, e, sum); ok || err != nil {
		return err
	}
	f, err := openReferred(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := d.place(ctx, f, false, e, sum); err != nil {
		if errors.Is(err, errDamaged) {
			return &Error{
				Kind:    KindConflict,
				Message: "it is a reference to " + path + ", which is not what it was when it was logged (or was logged without a checksum)",
				Next:    "bring back the file, log it again, or leave references out (SkipReferences)",
			}
		}
		return err
	}
	d.count(e, func(r *Downloaded) { r.Fetched++ })
	return nil
}

// openReferred opens a file that a reference leads to. What else there is in
// file systems can keep whoever opens or reads it waiting for ever.
func openReferred(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, localFailure("", "", err)
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{Kind: KindConflict, Message: "it is a reference to " + path + ", which is no file", Next: "log it again"}
	}
	f, err := os.Open(path)
	return f, localFailure("", "", err)
}

// localFile is the path that a file URI names.
func localFile(u *url.URL) (string, error) {
	if u.Host != "" && u.Host != "localhost" {
		return "", &Error{Kind: KindUnsupported, Message: "it is a reference to a file of the computer " + quote(u.Host), Next: "fetch it there"}
	}
	path := u.Path
	if path == "" {
		path = u.Opaque
	}
	if path == "" || strings.IndexByte(path, 0) >= 0 {
		return "", &Error{Kind: KindInvalid, Message: "its reference names no file", Next: "write it as file:///path"}
	}
	return filepath.FromSlash(path), nil
}

// webReference fetches what a URL holds, if that is still what it was: that
// is, if it still has the ETag that the manifest has for its digest.
func (d *downloading) webReference(ctx context.Context, e *ManifestEntry) error {
	name, err := localName(e.Path)
	if err != nil {
		return err
	}
	// Without an ETag nothing tells whether a copy is still right.
	tellable := e.Digest != e.Ref
	mark := md5sum(md5.Sum([]byte(e.Ref + "\x00" + e.Digest)))
	if tellable {
		switch done, err := d.knownReference(ctx, e, name, mark); {
		case err != nil:
			return err
		case done:
			return nil
		}
	}
	if err := d.folder(name); err != nil {
		return err
	}
	p, err := openPartial(d.root, filepath.Dir(name), mark, -1)
	if err != nil {
		return inTheWay(err)
	}
	defer func() { p.leave(false) }()
	src := &source{client: d.c, transport: d.c.files.References, url: e.Ref, turn: newGate()}
	pulling := &pulling{src: src, f: p.f, size: e.Size, tick: func(n int64) { d.meter.add(0, n) }}
	pulling.seen = func(resp *http.Response) *setback {
		if got := etagOf(resp.Header); tellable && got != e.Digest {
			return &setback{Error: Error{
				Kind:    KindConflict,
				Message: "it is a reference to " + bareURI(e.Ref) + ", which is not what it was when it was logged (its ETag is " + quote(got) + ", not " + quote(e.Digest) + ")",
				Next:    "bring back what was there, log it again, or leave references out (SkipReferences)",
			}}
		}
		return nil
	}
	_, size, err := pulling.whole(ctx)
	if err != nil {
		return err
	}
	if d.o.Durable {
		if err := p.f.Sync(); err != nil {
			return localFailure("", "", err)
		}
	}
	if tellable && d.cache != nil {
		d.cache.keepEtag(p.f, e.Ref, e.Digest)
	}
	if err := d.root.Rename(p.name, name); err != nil {
		return inTheWay(err)
	}
	p.placed()
	if tellable {
		d.learn(p.f, "ref "+e.Path, mark)
		d.known.dear()
	}
	d.count(e, func(r *Downloaded) {
		r.Fetched++
		r.FetchedBytes += size
	})
	return nil
}

// knownReference reports whether what a URL held is in place, after taking it
// out of the cache if it is there.
func (d *downloading) knownReference(ctx context.Context, e *ManifestEntry, name string, mark md5sum) (bool, error) {
	info, err := d.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return false, inTheWay(err)
	case info.IsDir():
		return false, &Error{Kind: KindConflict, Message: "there is a folder of that name", Next: "move it away, or choose another folder"}
	default:
		if got, ok := d.known.digest("ref "+e.Path, stampOf(info)); ok && got == mark {
			d.meter.add(0, max(0, e.Size))
			d.count(e, func(r *Downloaded) { r.Unchanged++ })
			return true, nil
		}
	}
	if d.cache == nil || e.Size <= 0 {
		return false, nil
	}
	f, err := os.Open(d.cache.etagObject(e.Ref, e.Digest))
	if err != nil {
		return false, nil
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() != e.Size {
		return false, nil
	}
	// Its bytes cannot be checked: an ETag is no digest. Copied, never linked.
	copied := *d
	opts := *d.o
	opts.Place = PlaceCopy
	copied.o = &opts
	if err := copied.place(ctx, f, true, e, mark); err != nil {
		return false, err
	}
	if info, err := d.root.Lstat(name); err == nil {
		d.known.put("ref "+e.Path, stampOf(info), mark)
		d.known.dear()
	}
	d.count(e, func(r *Downloaded) { r.FromCache++ })
	return true, nil
}

// etagOf is what the wandb package takes for the digest of what a URL holds.
func etagOf(h http.Header) string { return strings.Trim(h.Get("ETag"), `"`) }

// referredID is the id of the version that a reference leads to, and the path
// in it.
func referredID(ref string) (id, path string, err error) {
	u, err := url.Parse(ref)
	if err == nil {
		var raw []byte
		if raw, err = hex.DecodeString(u.Host); err == nil && len(raw) > 0 {
			return base64.StdEncoding.EncodeToString(raw), strings.TrimPrefix(u.Path, "/"), nil
		}
	}
	return "", "", &Error{
		Kind:    KindInvalid,
		Message: quote(ref) + " is no reference to a file of a version",
		Next:    "write it as wandb-artifact://<hex of the version's id>/<path>",
	}
}

// referTo is the reference to a file of a version.
func referTo(id, path string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(id)
	if err != nil {
		return "", &Error{Kind: KindInvalid, Message: quote(id) + " is no id that a reference can be made of"}
	}
	return (&url.URL{Scheme: schemeArtifact, Host: hex.EncodeToString(raw), Path: "/" + path}).String(), nil
}

// A referred version is one that references lead to, looked up once.
type referred struct {
	a *Artifact
	m *Manifest
}

// referrals look up versions that references lead to.
type referrals struct {
	client *Client
	turn   gate
	known  map[string]referred
}

func newReferrals(c *Client) *referrals {
	return &referrals{client: c, turn: newGate(), known: map[string]referred{}}
}

// follow finds the file that a reference leads to in the end: a file that the
// server keeps, or a reference out of W&B. ask, if not nil, is asked about every
// version on the way.
func (r *referrals) follow(ctx context.Context, ref string, ask func(*Artifact) error) (*Artifact, ManifestEntry, error) {
	for range maxHops {
		id, path, err := referredID(ref)
		if err != nil {
			return nil, ManifestEntry{}, err
		}
		to, err := r.version(ctx, id)
		if err != nil {
			return nil, ManifestEntry{}, err
		}
		if ask != nil {
			if err := ask(to.a); err != nil {
				return nil, ManifestEntry{}, err
			}
		}
		e, ok := to.m.Entry(path)
		if !ok {
			return nil, ManifestEntry{}, &Error{
				Kind: KindNotFound, Message: "it is a reference to " + quote(path) + " in " + to.a.QualifiedName() + ", which has no such file",
				Next: nearestPath(to.m, path),
			}
		}
		if u, err := url.Parse(e.Ref); err != nil || u.Scheme != schemeArtifact { // however it is written
			return to.a, e, nil
		}
		ref = e.Ref
	}
	return nil, ManifestEntry{}, &Error{Kind: KindCorrupt, Message: "its reference leads to references without an end", Next: "log it again"}
}

func (r *referrals) version(ctx context.Context, id string) (referred, error) {
	if err := r.turn.enter(ctx); err != nil {
		return referred{}, err
	}
	defer r.turn.leave()
	if known, ok := r.known[id]; ok {
		return known, nil
	}
	a, err := r.client.ArtifactByID(ctx, id)
	if errors.Is(err, ErrUnavailable) {
		// What it holds does not change.
		if kept, _, lacks := r.client.KeptArtifact(ctx, id); lacks == nil {
			a, err = kept, nil
		}
	}
	if err != nil {
		return referred{}, err
	}
	m, err := a.Manifest(ctx)
	if err != nil {
		return referred{}, err
	}
	r.known[id] = referred{a, m}
	return r.known[id], nil
}

// artifactReference brings a file of another version.
func (d *downloading) artifactReference(ctx context.Context, e *ManifestEntry) error {
	a, target, err := d.referrals.follow(ctx, e.Ref, d.o.FollowTo)
	if err != nil {
		return err
	}
	from := target.Path
	target.Path = e.Path
	d.meter.grow(0, max(0, target.Size)-max(0, e.Size))
	if target.IsReference() {
		return d.reference(ctx, &target)
	}
	return d.stored(ctx, a, from, &target)
}
