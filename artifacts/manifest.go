package artifacts

import (
	"cmp"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
)

// A Manifest lists the files of a version. It does not change once made, and
// is safe for concurrent use.
type Manifest struct {
	region  string
	layout  string
	entries []ManifestEntry // in byte order of their paths
}

// A ManifestEntry is one file of a version, or a reference to one elsewhere.
type ManifestEntry struct {
	// Path is the file's path in the version, with "/": see CheckEntryPath.
	Path string `json:"path"`
	// Digest is the base64 MD5 of a file's bytes. For a reference it is whatever
	// its kind of storage tells contents apart by: an MD5, an ETag, the URI.
	Digest string `json:"digest"`
	// Size is in bytes; -1 if the manifest does not say. For a reference, 0 too
	// can mean that nobody knew.
	Size int64 `json:"size"`
	// Ref is the URI of a reference; "" for a file that the server keeps.
	Ref string `json:"ref,omitempty"`
	// BirthArtifactID is the version that first brought the bytes.
	BirthArtifactID string `json:"birthArtifactID,omitempty"`
	// Extra is what else is said of it, a JSON object; nil if nothing.
	Extra json.RawMessage `json:"extra,omitempty"`
}

// IsReference reports whether the bytes are elsewhere than on the server.
func (e *ManifestEntry) IsReference() bool { return e.Ref != "" }

// NewManifest makes a manifest. KindInvalid if a path breaks the rules of
// CheckEntryPath, stands there twice or has no digest.
func NewManifest(entries []ManifestEntry) (*Manifest, error) {
	m := &Manifest{layout: storageLayout, entries: slices.Clone(entries)}
	if err := m.sort(); err != nil {
		return nil, &Error{Kind: KindInvalid, Op: "make a manifest", Path: err.path, Message: err.why}
	}
	return m, nil
}

// A badEntry is why a list of entries makes no manifest.
type badEntry struct{ path, why string }

// sort brings the entries into order and checks them.
func (m *Manifest) sort() *badEntry {
	for i := range m.entries {
		e := &m.entries[i]
		if why := badEntryPath(e.Path); why != "" {
			return &badEntry{e.Path, "the path of a file cannot be used: " + why}
		}
		if e.Digest == "" {
			return &badEntry{e.Path, "it has no digest"}
		}
	}
	byPath := func(a, b ManifestEntry) int { return cmp.Compare(a.Path, b.Path) }
	if !slices.IsSortedFunc(m.entries, byPath) {
		slices.SortFunc(m.entries, byPath)
	}
	for i := 1; i < len(m.entries); i++ {
		if m.entries[i].Path == m.entries[i-1].Path {
			return &badEntry{m.entries[i].Path, "the path is there twice"}
		}
	}
	return nil
}

// Len is the number of entries.
func (m *Manifest) Len() int { return len(m.entries) }

// All walks the entries in byte order of their paths.
func (m *Manifest) All() iter.Seq[*ManifestEntry] {
	return func(yield func(*ManifestEntry) bool) {
		for i := range m.entries {
			e := m.entries[i] // a copy: what callers do to it stays with them
			if !yield(&e) {
				return
			}
		}
	}
}

// Entry finds an entry by its path.
func (m *Manifest) Entry(path string) (ManifestEntry, bool) {
	i, ok := m.search(path)
	if !ok {
		return ManifestEntry{}, false
	}
	return m.entries[i], true
}

func (m *Manifest) search(path string) (int, bool) {
	return slices.BinarySearchFunc(m.entries, path, func(e ManifestEntry, p string) int { return cmp.Compare(e.Path, p) })
}

// below are the entries whose path begins with prefix, as text.
func (m *Manifest) below(prefix string) []ManifestEntry {
	from, _ := m.search(prefix)
	to := from
	for to < len(m.entries) && strings.HasPrefix(m.entries[to].Path, prefix) {
		to++
	}
	return m.entries[from:to]
}

// Size is the sum of the sizes that are known, in bytes.
func (m *Manifest) Size() int64 {
	var sum int64
	for i := range m.entries {
		sum += max(0, m.entries[i].Size)
	}
	return sum
}

// digestHeader begins the text that an artifact's digest is made of.
const digestHeader = "wandb-artifact-manifest-v1\n"

// Digest is the hex digest that versions with these contents have: equal
// digests, equal contents. It is the MD5 of a header and, in byte order of the
// paths, "<path>:<digest>\n" of each entry.
func (m *Manifest) Digest() string {
	h := md5.New()
	io.WriteString(h, digestHeader)
	var line []byte
	for i := range m.entries {
		line = append(line[:0], m.entries[i].Path...)
		line = append(line, ':')
		line = append(line, m.entries[i].Digest...)
		line = append(line, '\n')
		h.Write(line)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// An md5sum is a file's digest.
type md5sum [md5.Size]byte

// String is the form that manifests and the protocol use.
func (s md5sum) String() string { return base64.StdEncoding.EncodeToString(s[:]) }

// hex is the form that the file cache and parts of uploads use.
func (s md5sum) hex() string { return hex.EncodeToString(s[:]) }

// parseMD5 reads a file's digest.
func parseMD5(digest string) (md5sum, error) {
	var s md5sum
	raw, err := base64.StdEncoding.Strict().DecodeString(digest)
	if err != nil || len(raw) != len(s) {
		return s, fmt.Errorf("%q is not the base64 of an MD5", digest)
	}
	copy(s[:], raw)
	return s, nil
}

// algorithm is how an entry's digest was made: "MD5" or what its extra says.
func (e *ManifestEntry) algorithm() string {
	if len(e.Extra) == 0 {
		return algorithmMD5
	}
	var extra struct {
		Alg any `json:"alg"`
	}
	if json.Unmarshal(e.Extra, &extra) != nil {
		return algorithmMD5
	}
	if s, ok := extra.Alg.(string); ok && s != "" {
		return s
	}
	return algorithmMD5
}

const algorithmMD5 = "MD5"
