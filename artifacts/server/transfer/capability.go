package transfer

import (
	"encoding/base64"
	"encoding/hex"
	"path"
	"strconv"
	"time"
)

// Prefix begins the path of every URL that a Signer makes, after the base.
// Mount the Handler there, without stripping it.
const Prefix = "/storage/"

// How long URLs are good when their Expires is zero. A client asks for the
// URLs of all parts of a file at once and may take days to send the last of
// them; those of single files it asks for as it goes.
const (
	DefaultUploadTime   = 24 * time.Hour
	DefaultPartTime     = 7 * 24 * time.Hour
	DefaultDownloadTime = 24 * time.Hour
)

// A Place is what rights are given for: a project of an entity.
type Place struct {
	EntityID, ProjectID int64
}

// A Holder is the user whom a URL was made for, and the place whose rights they
// had it by. A URL is good only as long as they have them.
type Holder struct {
	UserID int64
	Place
}

// An Upload is the permission to PUT one thing: a FileUpload, PartUpload,
// ManifestUpload or RunFileUpload.
type Upload interface {
	claims() claims
}

// A FileUpload stores a file of an artifact.
type FileUpload struct {
	ArtifactID int64  // the artifact that brings the bytes
	Name       string // the file's path in the artifact; only its last element shows in the URL
	Digest     string // as the manifest will have it
	MD5        string // base64; the bytes must have it. "" means that Digest is the MD5
	MaxSize    int64  // bytes; 0: no limit but the handler's
	Holder     Holder
	Expires    time.Time
}

// A PartUpload stores one part of a multipart upload. The answer has an ETag.
type PartUpload struct {
	UploadID string // from blobs.Multipart
	Number   int    // from 1
	MD5      string // lower-case hex; the bytes must have it
	MaxSize  int64
	Holder   Holder
	Expires  time.Time
}

// A ManifestUpload stores the file of a manifest record.
type ManifestUpload struct {
	ManifestID int64
	Name       string // wandb_manifest.json, wandb_manifest.patch.json, ...
	MD5        string // base64, the manifest's digest
	MaxSize    int64
	Holder     Holder
	Expires    time.Time
}

// A RunFileUpload stores a file of a run. Clients announce no digest for these.
type RunFileUpload struct {
	RunID   int64
	Name    string
	MaxSize int64
	Holder  Holder
	Expires time.Time
}

// A Download is the permission to GET one blob.
type Download struct {
	Key  string // SHA-256, lower-case hex
	Size int64  // what the blob must have; a damaged one is not served
	Name string // the file's path; its last element is offered as the file name
	// Manifest serves the bytes as JSON and at a path that clients recognize
	// as a manifest's. Everything else is served as an opaque attachment.
	Manifest bool
	Holder   Holder
	Expires  time.Time
}

// Headers are the headers that a client must send with an upload, in the form
// "Name:value" in which W&B's API hands them out (uploadHeaders).
func Headers(u Upload) []string {
	h := []string{"Content-Type:application/octet-stream"}
	if md5 := u.claims().md5; md5 != "" {
		h = append(h, "Content-MD5:"+base64OfHex(md5))
	}
	return h
}

// A kind says what a URL is for. It is part of the signature, so that a URL
// for one purpose never serves another.
type kind string

const (
	fileKind     kind = "file"
	partKind     kind = "part"
	manifestKind kind = "manifest"
	runFileKind  kind = "runfile"
	downloadKind kind = "get"
)

// claims is what a URL says, in the form that is written into its query.
type claims struct {
	kind     kind
	path     string // below Prefix
	id       int64  // artifact, manifest or run
	name     string
	digest   string
	md5      string // hex
	uploadID string
	number   int
	size     int64 // of a download: exact; of an upload: the largest
	key      string
	manifest bool
	expires  time.Time
	holder   Holder
	lifetime time.Duration // used when expires is zero
}

func (u FileUpload) claims() claims {
	md5 := u.MD5
	if md5 == "" {
		md5 = u.Digest
	}
	h := hexOfBase64(md5)
	return claims{
		kind: fileKind, path: "upload/wandb_artifacts/" + decimal(u.ArtifactID) + "/" + h + "/" + lastElement(u.Name),
		id: u.ArtifactID, digest: u.Digest, md5: h, size: u.MaxSize, holder: u.Holder, expires: u.Expires, lifetime: DefaultUploadTime,
	}
}

func (u PartUpload) claims() claims {
	return claims{
		kind: partKind, path: "upload/parts/" + lastElement(u.UploadID) + "/" + strconv.Itoa(u.Number),
		uploadID: u.UploadID, number: u.Number, md5: u.MD5, size: u.MaxSize, holder: u.Holder, expires: u.Expires, lifetime: DefaultPartTime,
	}
}

func (u ManifestUpload) claims() claims {
	return claims{
		kind: manifestKind, path: "upload/manifests/" + decimal(u.ManifestID) + "/" + lastElement(u.Name),
		id: u.ManifestID, md5: hexOfBase64(u.MD5), size: u.MaxSize, holder: u.Holder, expires: u.Expires, lifetime: DefaultUploadTime,
	}
}

func (u RunFileUpload) claims() claims {
	return claims{
		kind: runFileKind, path: "upload/runs/" + decimal(u.RunID) + "/" + lastElement(u.Name),
		id: u.RunID, name: u.Name, size: u.MaxSize, holder: u.Holder, expires: u.Expires, lifetime: DefaultUploadTime,
	}
}

func (d Download) claims() claims {
	dir := "download/wandb_artifacts/"
	if d.Manifest {
		dir = "download/manifests/"
	}
	name := lastElement(d.Name)
	return claims{
		kind: downloadKind, path: dir + d.Key + "/" + name,
		key: d.Key, size: d.Size, name: name, manifest: d.Manifest, holder: d.Holder, expires: d.Expires, lifetime: DefaultDownloadTime,
	}
}

// words name what is uploaded, for messages.
func (c claims) words() string {
	switch c.kind {
	case partKind:
		return "part " + strconv.Itoa(c.number) + " of a file"
	case manifestKind:
		return "the manifest " + lastElement(c.path)
	case runFileKind:
		return "the run's file " + c.name
	default:
		return "the file " + lastElement(c.path)
	}
}

// lastElement is the last element of a slash-separated path in a form that
// survives as one element of a URL's path: routers and clients rewrite paths
// that hold empty, "." or ".." elements.
func lastElement(name string) string {
	e := path.Base(name)
	if e == "." || e == ".." || e == "/" {
		return "file"
	}
	return e
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// hexOfBase64 is the hex form of a base64 digest. What is not base64 comes
// back in a form that no MD5 equals, so that an upload under it is refused.
func hexOfBase64(s string) string {
	if s == "" {
		return ""
	}
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return "invalid"
	}
	return hex.EncodeToString(raw)
}
