package directory

import (
	"bufio"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// versions looks at every committed version.
func (c *check) versions(ctx context.Context) error {
	for after := int64(0); ; {
		page, err := c.d.Metadata.CommittedArtifacts(ctx, after, 100)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, a := range page {
			if err := c.version(ctx, a); err != nil {
				return err
			}
			after = a.ID
		}
	}
}

// naming is how many of the files of one version are named in its problem.
const naming = 3

// A version under check. Its problems are gathered by kind, so that a version
// with a million files that are gone is one problem.
type version struct {
	name    string
	wrong   int      // files whose bytes are not as they should be
	some    []string // a few of them, in words
	differs int      // entries in which manifest and file rows differ
	first   string   // one of them, in words
}

func (c *check) version(ctx context.Context, a metadata.Artifact) error {
	v := version{name: fmt.Sprintf("%s/%s/%s:v?", a.Entity, a.Project, a.Sequence)}
	if a.VersionIndex == nil {
		c.problem(Error, v.name, "keep a copy of the registry and restore "+metadataFile+" from a backup", "artifact %d is committed and has no version number", a.ID)
	} else {
		v.name = fmt.Sprintf("%s/%s/%s:v%d", a.Entity, a.Project, a.Sequence, *a.VersionIndex)
	}
	c.o.Progress(v.name)
	manifest, err := c.manifest(ctx, a, v.name)
	if err != nil {
		return err
	}
	rows, size, digest, err := c.files(ctx, a, &v, manifest)
	if err != nil {
		return err
	}
	// It may have been deleted while it was looked at.
	if now, err := c.d.Metadata.ArtifactByID(ctx, a.ID); err != nil || now.State != metadata.Committed {
		if metadata.IsNotFound(err) {
			err = nil
		}
		return err
	}
	c.report.Versions++
	c.report.Files += rows

	if v.wrong > 0 {
		c.problem(Error, v.name, restore, "%d of its %d files cannot be had: %s", v.wrong, rows, listed(v.some, v.wrong))
	}
	if manifest != nil {
		for path := range manifest {
			v.differ("%q is in its manifest only", path)
		}
		if v.differs > 0 {
			c.problem(Error, v.name, logAgain, "its manifest and the registry's list of its files differ in %d entries: %s", v.differs, listed([]string{v.first}, v.differs))
		}
	}
	if digest != a.Digest {
		c.problem(Error, v.name, logAgain, "its files make the digest %s, but it is %s", digest, a.Digest)
	}
	if rows != a.FileCount || size != a.Size {
		c.problem(Error, v.name, logAgain, "it should have %d files of %d bytes together; there are %d of %d", a.FileCount, a.Size, rows, size)
	}
	return nil
}

// files compares the rows of a version with its manifest and with the stored
// bytes. What is left in manifest afterwards has no row.
func (c *check) files(ctx context.Context, a metadata.Artifact, v *version, manifest map[string]entry) (rows int, size int64, digest string, err error) {
	h := md5.New()
	io.WriteString(h, "wandb-artifact-manifest-v1\n")
	o := metadata.FileOptions{Page: metadata.Page{First: 5000}}
	for {
		page, err := c.d.Metadata.ListFiles(ctx, a.ID, o)
		if err != nil {
			return 0, 0, "", err
		}
		for _, e := range page.Edges {
			f := e.Node
			rows++
			size += f.Size
			io.WriteString(h, f.Path+":"+f.Digest+"\n") // the list is in byte order of paths
			if manifest != nil {
				v.compare(f, manifest)
			}
			if f.Ref != "" {
				continue
			}
			wrong, err := c.blob(ctx, f.Key, f.Size)
			if err != nil {
				return 0, 0, "", err
			}
			if wrong != "" {
				if v.wrong++; v.wrong <= naming {
					v.some = append(v.some, fmt.Sprintf("%q %s (%s)", f.Path, wrong, c.blobFile(f.Key)))
				}
			}
		}
		if !page.HasNextPage {
			return rows, size, hex.EncodeToString(h.Sum(nil)), nil
		}
		o.After = page.EndCursor()
	}
}

func (v *version) differ(format string, args ...any) {
	if v.differs++; v.differs == 1 {
		v.first = fmt.Sprintf(format, args...)
	}
}

func (v *version) compare(f metadata.File, manifest map[string]entry) {
	e, ok := manifest[f.Path]
	delete(manifest, f.Path)
	switch {
	case !ok:
		v.differ("%q is not in its manifest", f.Path)
	case e.Digest != f.Digest:
		v.differ("%q has the digest %s in its manifest and %s in the list", f.Path, e.Digest, f.Digest)
	case e.Ref != f.Ref:
		v.differ("%q is a reference to %q in its manifest and to %q in the list", f.Path, e.Ref, f.Ref)
	case e.Size != nil && *e.Size != f.Size:
		v.differ("%q has %d bytes in its manifest and %d in the list", f.Path, *e.Size, f.Size)
	}
}

// listed names some of n things.
func listed(some []string, n int) string {
	text := strings.Join(some, "; ")
	if n > len(some) {
		text += "; …"
	}
	return text
}

// entry is what a manifest says of one file, as far as it is compared.
type entry struct {
	Digest string `json:"digest"`
	Size   *int64 `json:"size"`
	Ref    string `json:"ref"`
}

// manifest reads the current manifest of a version: the last one whose bytes
// came. It is nil if it cannot be read, which is a problem then.
func (c *check) manifest(ctx context.Context, a metadata.Artifact, name string) (map[string]entry, error) {
	list, err := c.d.Metadata.ListManifests(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	var m *metadata.Manifest
	for i := range list {
		if list[i].Key != "" {
			m = &list[i]
		}
	}
	if m == nil {
		c.problem(Error, name, logAgain, "it has no manifest")
		return nil, nil
	}
	wrong, err := c.blob(ctx, m.Key, m.Size)
	if err != nil {
		return nil, err
	}
	if wrong != "" {
		c.problem(Error, name, restore, "its manifest %s (%s)", wrong, c.blobFile(m.Key))
		return nil, nil
	}
	b, err := c.d.Blobs.Open(ctx, m.Key)
	if errors.Is(err, blobs.ErrNotFound) {
		c.problem(Error, name, restore, "its manifest is missing (%s)", c.blobFile(m.Key))
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer b.Close()
	h := md5.New()
	entries, err := readManifest(io.TeeReader(bufio.NewReaderSize(b, 256<<10), h))
	if err != nil {
		c.problem(Error, name, restore, "its manifest cannot be read: %v (%s)", err, c.blobFile(m.Key))
		return nil, nil
	}
	if digest := base64.StdEncoding.EncodeToString(h.Sum(nil)); m.Digest != "" && digest != m.Digest {
		c.problem(Error, name, restore, "its manifest has the MD5 %s instead of %s (%s)", digest, m.Digest, c.blobFile(m.Key))
	}
	return entries, nil
}

// readManifest reads a manifest file to its end. It is not the code that
// accepted the manifest, so that an error there shows here.
func readManifest(r io.Reader) (map[string]entry, error) {
	var m struct {
		Version  int              `json:"version"`
		Contents map[string]entry `json:"contents"`
	}
	d := json.NewDecoder(r)
	if err := d.Decode(&m); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if m.Version != 1 || m.Contents == nil {
		return nil, errors.New("it is not a manifest of version 1 with contents")
	}
	// What the decoder has not read belongs to the digest too.
	if _, err := io.Copy(io.Discard, r); err != nil {
		return nil, err
	}
	return m.Contents, nil
}
