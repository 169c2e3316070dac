package transfer

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// SecretSize is the least length of a secret, in bytes.
const SecretSize = 32

// Why a URL is refused. Handlers answer both with 403, at which clients ask
// for a fresh URL.
var (
	ErrExpired   = errors.New("the URL has expired: ask for a new one")
	ErrSignature = errors.New("the URL was not made by this registry, or was changed")
)

// maxQuery bounds the query of a URL. The longest part is a run file's name.
const maxQuery = 16 << 10

// A Signer makes URLs and checks them. It is safe for concurrent use.
type Signer struct {
	secret []byte
	now    func() time.Time
}

// NewSigner returns a Signer for a registry's secret, the same in every
// process that serves it. A nil now is time.Now.
func NewSigner(secret []byte, now func() time.Time) (*Signer, error) {
	if len(secret) < SecretSize {
		return nil, fmt.Errorf("transfer: a secret of %d bytes is too short: it needs %d", len(secret), SecretSize)
	}
	if now == nil {
		now = time.Now
	}
	return &Signer{secret: slices.Clone(secret), now: now}, nil
}

// UploadURL returns the URL at which u may be PUT. base is the server's own
// URL as the client reaches it, with or without a slash at its end.
func (s *Signer) UploadURL(base string, u Upload) string { return s.sign(base, u.claims()) }

// DownloadURL returns the URL at which d can be had with GET and HEAD.
func (s *Signer) DownloadURL(base string, d Download) string { return s.sign(base, d.claims()) }

// Upload checks a URL that an upload came to, and says what it allows.
// ErrSignature and ErrExpired tell why it allows nothing.
func (s *Signer) Upload(u *url.URL) (Upload, error) {
	c, err := s.verify(u)
	if err != nil {
		return nil, err
	}
	switch c.kind {
	case fileKind:
		return FileUpload{ArtifactID: c.id, Name: lastElement(c.path), Digest: c.digest, MD5: base64OfHex(c.md5), MaxSize: c.size, Holder: c.holder, Expires: c.expires}, nil
	case partKind:
		return PartUpload{UploadID: c.uploadID, Number: c.number, MD5: c.md5, MaxSize: c.size, Holder: c.holder, Expires: c.expires}, nil
	case manifestKind:
		return ManifestUpload{ManifestID: c.id, Name: lastElement(c.path), MD5: base64OfHex(c.md5), MaxSize: c.size, Holder: c.holder, Expires: c.expires}, nil
	case runFileKind:
		return RunFileUpload{RunID: c.id, Name: c.name, MaxSize: c.size, Holder: c.holder, Expires: c.expires}, nil
	}
	return nil, ErrSignature
}

// Download checks a URL that a download came to, and says what it allows.
func (s *Signer) Download(u *url.URL) (Download, error) {
	c, err := s.verify(u)
	if err != nil {
		return Download{}, err
	}
	if c.kind != downloadKind {
		return Download{}, ErrSignature
	}
	return Download{Key: c.key, Size: c.size, Name: c.name, Manifest: c.manifest, Holder: c.holder, Expires: c.expires}, nil
}

// The parameters of the query. They are short because a page of a manifest
// holds thousands of these URLs.
const (
	paramKind      = "for"
	paramID        = "id"
	paramName      = "name"
	paramDigest    = "digest"
	paramMD5       = "md5"
	paramUploadID  = "upload"
	paramNumber    = "part"
	paramSize      = "size"
	paramKey       = "key"
	paramManifest  = "manifest"
	paramUser      = "by"
	paramEntity    = "entity"
	paramProject   = "project"
	paramExpires   = "exp"
	paramSignature = "sig"
)

func (s *Signer) sign(base string, c claims) string {
	if c.expires.IsZero() {
		c.expires = s.now().Add(c.lifetime)
	}
	q := url.Values{paramKind: {string(c.kind)}, paramExpires: {decimal(c.expires.Unix())}}
	set := func(name, value, zero string) {
		if value != zero {
			q.Set(name, value)
		}
	}
	set(paramID, decimal(c.id), "0")
	set(paramName, c.name, "")
	set(paramDigest, c.digest, "")
	set(paramMD5, c.md5, "")
	set(paramUploadID, c.uploadID, "")
	set(paramNumber, strconv.Itoa(c.number), "0")
	set(paramSize, decimal(c.size), "0")
	set(paramKey, c.key, "")
	set(paramManifest, strconv.FormatBool(c.manifest), "false")
	set(paramUser, decimal(c.holder.UserID), "0")
	set(paramEntity, decimal(c.holder.EntityID), "0")
	set(paramProject, decimal(c.holder.ProjectID), "0")

	p := Prefix + c.path
	q.Set(paramSignature, base64.RawURLEncoding.EncodeToString(s.mac(p, q)))
	u := url.URL{Path: p, RawQuery: q.Encode()}
	return strings.TrimSuffix(base, "/") + u.String()
}

// verify checks the signature before it looks at anything that it covers.
func (s *Signer) verify(u *url.URL) (claims, error) {
	if len(u.RawQuery) > maxQuery {
		return claims{}, ErrSignature
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return claims{}, ErrSignature
	}
	for _, values := range q {
		if len(values) != 1 {
			return claims{}, ErrSignature
		}
	}
	sig, err := base64.RawURLEncoding.Strict().DecodeString(q.Get(paramSignature))
	if err != nil || !hmac.Equal(sig, s.mac(u.Path, q)) {
		return claims{}, ErrSignature
	}

	c := claims{
		kind: kind(q.Get(paramKind)), path: strings.TrimPrefix(u.Path, Prefix),
		name: q.Get(paramName), digest: q.Get(paramDigest), md5: q.Get(paramMD5),
		uploadID: q.Get(paramUploadID), key: q.Get(paramKey), manifest: q.Get(paramManifest) == "true",
	}
	number := func(name string) int64 {
		if !q.Has(name) {
			return 0
		}
		n, e := strconv.ParseInt(q.Get(name), 10, 64)
		err = errors.Join(err, e)
		return n
	}
	c.id, c.size, c.number = number(paramID), number(paramSize), int(number(paramNumber))
	c.holder = Holder{number(paramUser), Place{number(paramEntity), number(paramProject)}}
	c.expires = time.Unix(number(paramExpires), 0)
	if err != nil {
		return claims{}, ErrSignature
	}
	if s.now().After(c.expires) {
		return claims{}, ErrExpired
	}
	return c, nil
}

// mac covers the path and every parameter but the signature, decoded, each
// with its length in front, so that no two URLs have the same input. Clients
// may escape a URL in their own way without breaking it.
func (s *Signer) mac(path string, q url.Values) []byte {
	h := hmac.New(sha256.New, s.secret)
	field(h, "reliquary capability 1")
	field(h, path)
	names := make([]string, 0, len(q))
	for name := range q {
		if name != paramSignature {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		field(h, name)
		field(h, q.Get(name))
	}
	return h.Sum(nil)
}

func field(h hash.Hash, s string) {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(s)))
	h.Write(n[:])
	h.Write([]byte(s))
}
