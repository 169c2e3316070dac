package artifacts

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash"
	"io"
	"os"
	"path/filepath"
	"time"
)

// This file keeps manifests of committed versions, and under which names the
// versions were known, so that what is on disk can be used and checked without
// a connection. A kept manifest is the file that the server sent, behind one
// line of JSON that says what it is of and what its digest is.

// keptForm is the form of files that this program keeps for itself.
const keptForm = "reliquary kept 1"

// A keptHeader is the first line of a kept manifest. Behind it stands, after
// the manifest, the hex SHA-256 of the manifest.
type keptHeader struct {
	Form   string `json:"form"`
	Server string `json:"server"`
	ID     string `json:"id"`
	Digest string `json:"digest"` // the version's
}

// A keptName is what a name meant when it was last looked up with success.
type keptName struct {
	Form     string         `json:"form"`
	Server   string         `json:"server"`
	Name     string         `json:"name"`
	Seen     time.Time      `json:"seen"`
	TTL      *time.Duration `json:"ttl,omitempty"`
	Artifact *Artifact      `json:"artifact"`
}

func (c *Client) keptManifestFile(id string) string {
	return filepath.Join(c.files.CacheDir, "reliquary", "manifests", hexOf(c.files.Origin, id))
}

func (c *Client) keptNameFile(name string) string {
	return filepath.Join(c.files.CacheDir, "reliquary", "names", hexOf(c.files.Origin, name))
}

// keptManifest returns the manifest of a committed version if it is kept and
// whole.
func (c *Client) keptManifest(a *Artifact) *Manifest {
	if c.files.cache == nil || a.State != Committed {
		return nil
	}
	f, err := os.Open(c.keptManifestFile(a.ID))
	if err != nil {
		return nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil
	}
	r := bufio.NewReaderSize(f, int(min(64<<10, info.Size()+1)))
	line, err := r.ReadBytes('\n')
	if err != nil {
		return nil
	}
	var head keptHeader
	if json.Unmarshal(line, &head) != nil || head != c.keptHeader(a) {
		return nil
	}
	size := info.Size() - int64(len(line)) - int64(hex.EncodedLen(sha256.Size))
	if size < 0 {
		return nil
	}
	sum := sha256.New()
	body := io.TeeReader(io.LimitReader(r, size), sum)
	m, err := ReadManifest(body)
	if err != nil {
		return nil
	}
	io.Copy(io.Discard, body) // white space at its end
	trailer, err := io.ReadAll(r)
	if err != nil || hex.EncodeToString(sum.Sum(nil)) != string(trailer) {
		return nil
	}
	return m
}

func (c *Client) keptHeader(a *Artifact) keptHeader {
	return keptHeader{Form: keptForm, Server: c.files.Origin, ID: a.ID, Digest: a.Digest}
}

// A keeping is a manifest that is being kept. Failing to keep it is no failure
// of who reads it: it only costs time later.
type keeping struct {
	client   *Client
	artifact *Artifact
	f        *os.File // nil if it is not kept
	w        *bufio.Writer
	sum      hash.Hash
}

// newKeeping begins to keep the manifest of a version.
func (c *Client) newKeeping(a *Artifact) *keeping {
	k := &keeping{client: c, artifact: a}
	if c.files.cache == nil || a.State != Committed || a.Digest == "" {
		return k
	}
	f, err := c.files.cache.temp()
	if err != nil {
		return k
	}
	k.f, k.w, k.sum = f, bufio.NewWriterSize(f, 16<<10), sha256.New()
	line, err := json.Marshal(c.keptHeader(a))
	if err != nil {
		k.discard()
		return k
	}
	k.w.Write(append(line, '\n'))
	return k
}

// Write keeps more of it. It never fails.
func (k *keeping) Write(p []byte) (int, error) {
	if k.f != nil {
		k.sum.Write(p)
		if _, err := k.w.Write(p); err != nil {
			k.discard()
		}
	}
	return len(p), nil
}

// done keeps it for good, and the names of its version.
func (k *keeping) done() {
	if k.f == nil {
		return
	}
	k.w.WriteString(hex.EncodeToString(k.sum.Sum(nil)))
	if k.w.Flush() == nil && moveTo(k.f.Name(), k.client.keptManifestFile(k.artifact.ID)) == nil {
		k.f.Close()
		k.f = nil
	}
	k.discard()
	k.client.keepNames(k.artifact)
}

// discard gives it up, if it is not done.
func (k *keeping) discard() {
	if k.f != nil {
		k.f.Close()
		os.Remove(k.f.Name())
		k.f = nil
	}
}

// keepManifest keeps a manifest that was not read but made.
func (c *Client) keepManifest(a *Artifact, m *Manifest) {
	k := c.newKeeping(a)
	defer k.discard()
	if m.Write(k) == nil {
		k.done()
	}
}

// keepNames notes by which names a version was known.
func (c *Client) keepNames(a *Artifact) {
	if c.files.cache == nil || a.Version == "" {
		return
	}
	place := a.Entity + "/" + a.Project + "/" + a.Collection + ":"
	names := []string{place + a.Version, a.ID}
	if a.Digest != "" {
		names = append(names, place+digestAlias(a.Digest))
	}
	for _, alias := range a.Aliases {
		names = append(names, place+alias)
	}
	for _, name := range names {
		kept := keptName{Form: keptForm, Server: c.files.Origin, Name: name, Seen: time.Now().UTC().Truncate(time.Second), TTL: a.TTL, Artifact: a}
		data, err := json.Marshal(kept)
		if err != nil {
			return
		}
		if replaceFile(c.keptNameFile(name), data) != nil {
			return
		}
	}
}

// digestAlias is what contents of a collection are kept under. No alias begins
// like that.
func digestAlias(digest string) string { return "/digest/" + digest }

const opKept = "look for a version on this computer"

// KeptArtifact finds a version by what this computer knows of it, without
// asking the server: by "[[entity/]project/]collection:alias" or ":v3", or by
// its id, as it was when the version was last downloaded, logged or its manifest
// read. An alias may mean another version by now; v<N> and an id do not. Its
// Manifest is there too, so that Verify works, and Download as far as files are
// in the cache. seen is when the server last said so. KindNotFound if nothing
// is known; KindUnsupported without FileConfig.CacheDir.
func (c *Client) KeptArtifact(ctx context.Context, path string) (a *Artifact, seen time.Time, err error) {
	if isArtifactID(path) {
		return c.keptUnder(path, path)
	}
	p, err := ParsePath(path)
	if err != nil {
		return nil, time.Time{}, err
	}
	if p.Alias == "" {
		p.Alias = "latest"
	}
	if p, err = c.resolveKept(ctx, p); err != nil {
		return nil, time.Time{}, located(opKept, path, err)
	}
	return c.keptUnder(p.String(), p.String())
}

// KeptArtifactByDigest finds a version of a collection by the digest of its
// contents, as KeptArtifact does by name: the one that was kept last.
func (c *Client) KeptArtifactByDigest(ctx context.Context, collection Path, digest string) (a *Artifact, seen time.Time, err error) {
	p, err := c.resolveKept(ctx, collection)
	if err != nil {
		return nil, time.Time{}, located(opKept, collection.String(), err)
	}
	p.Alias = digestAlias(digest)
	return c.keptUnder(p.String(), digest)
}

// resolveKept is Resolve by what this computer knows; only what it does not know
// is asked for.
func (c *Client) resolveKept(ctx context.Context, p Path) (Path, error) {
	if p.Entity == "" && c.entity == "" && c.files.cache != nil && !IsRegistryProject(p.Project) {
		if data, err := os.ReadFile(c.keptViewerFile()); err == nil {
			p.Entity = string(data)
		}
	}
	return c.Resolve(ctx, p)
}

func (c *Client) keptViewerFile() string {
	return filepath.Join(c.files.CacheDir, "reliquary", "viewers", hexOf(c.files.Origin, c.key))
}

// keepViewer notes what the default entity of the key's user is.
func (c *Client) keepViewer(v Viewer) {
	if c.files.cache == nil || v.Entity == "" {
		return
	}
	file := c.keptViewerFile()
	if was, err := os.ReadFile(file); err == nil && string(was) == v.Entity {
		return
	}
	_ = replaceFile(file, []byte(v.Entity)) // it can be asked for again
}

// keptUnder finds what is kept under a name.
func (c *Client) keptUnder(name, asked string) (*Artifact, time.Time, error) {
	if c.files.cache == nil {
		return nil, time.Time{}, &Error{Kind: KindUnsupported, Op: opKept, Path: asked, Message: "there is no cache to look in", Next: "configure a cache directory"}
	}
	var kept keptName
	data, err := os.ReadFile(c.keptNameFile(name))
	if err == nil {
		err = json.NewDecoder(bytes.NewReader(data)).Decode(&kept)
	}
	if err != nil || kept.Form != keptForm || kept.Server != c.files.Origin || kept.Name != name || kept.Artifact == nil {
		return nil, time.Time{}, &Error{
			Kind: KindNotFound, Op: opKept, Path: asked,
			Message: "nothing is known of it here",
			Next:    "download it once while the server can be reached",
		}
	}
	kept.Artifact.client = c
	kept.Artifact.TTL = kept.TTL
	return kept.Artifact, kept.Seen, nil
}

// keptByID finds a version whose manifest is kept; nil if there is none. Of
// its attributes only those that the manifest is found by are set.
func (c *Client) keptByID(id string) *Artifact {
	if c.files.cache == nil {
		return nil
	}
	f, err := os.Open(c.keptManifestFile(id))
	if err != nil {
		return nil
	}
	defer f.Close()
	line, err := bufio.NewReader(io.LimitReader(f, 64<<10)).ReadBytes('\n')
	var head keptHeader
	if err != nil || json.Unmarshal(line, &head) != nil || head.ID != id {
		return nil
	}
	return &Artifact{ID: id, Digest: head.Digest, State: Committed, client: c}
}
