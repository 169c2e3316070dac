package artifacts

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// How long a version is kept, besides a number of seconds.
const (
	// InheritTTL keeps it as long as its collection or project says.
	InheritTTL time.Duration = 0
	// KeepForever keeps it until it is deleted.
	KeepForever time.Duration = -1
)

// A Draft is a version that is put together. Client.LogArtifact makes a version
// of it. Adding a file reads nothing of it: files are read when the draft is
// logged, and must not change until then. A Draft is not safe for concurrent use.
type Draft struct {
	// Description says what the version is; "" for nothing.
	Description string
	// Metadata is a JSON object; nil for none.
	Metadata json.RawMessage
	// Aliases are given to the version besides "latest", and taken from others.
	Aliases []string
	Tags    []string
	// TTL is how long the version is kept: InheritTTL, KeepForever or a number
	// of seconds.
	TTL time.Duration

	typeName, name  string
	entity, project string // where the base is; "" without one
	base            *Artifact
	region          string
	files           map[string]draftFile
	references      []draftReference
}

// A draftFile is where the bytes of an entry are: on the server already, if it
// came with the base, or in a file.
type draftFile struct {
	kept  ManifestEntry // of the base
	local *localSource  // nil for one of the base
}

var artifactName = regexp.MustCompile(`^[a-zA-Z0-9_\-.]+$`)

// NewArtifact begins a version of a collection, which is made when the version
// is logged if it is not there. KindInvalid if the type or the name is none.
func NewArtifact(typeName, name string) (*Draft, error) {
	d := &Draft{typeName: typeName, name: name, files: map[string]draftFile{}}
	err := checkCollectionName(name)
	if err == nil && !artifactName.MatchString(name) {
		err = invalid("the name %q holds something else than letters, digits, dashes, underscores and dots", name)
	}
	if err == nil {
		err = checkType(typeName, name)
	}
	if err != nil {
		return nil, located("begin an artifact", name, err)
	}
	return d, nil
}

// Type is the artifact type.
func (d *Draft) Type() string { return d.typeName }

// Name is the collection.
func (d *Draft) Name() string { return d.name }

// Base is the version that the draft was made from, nil if there is none.
func (d *Draft) Base() *Artifact { return d.base }

// A localSource is a file that an entry is to have the bytes of.
type localSource struct {
	fsys fs.FS  // nil for the operating system's
	dir  string // the folder that was added, or that of the file; "" in an fs.FS
	name string // below dir, or in fsys
}

func (s *localSource) path() string {
	if s.fsys != nil {
		return s.name
	}
	// Both are clean, and this is asked for every file.
	if n := len(s.dir); n > 0 && s.dir[n-1] != filepath.Separator {
		return s.dir + string(filepath.Separator) + s.name
	}
	return filepath.Join(s.dir, s.name)
}

func (s *localSource) open() (fs.File, error) {
	if s.fsys != nil {
		return s.fsys.Open(s.name)
	}
	return os.Open(s.path())
}

const opAdd = "add to an artifact"

// AddFile adds a file under a path in the artifact, "" for its own name.
// Symbolic links are followed. A file of the base under that path is replaced;
// KindConflict if another one was added there.
func (d *Draft) AddFile(localPath, name string) error {
	abs, err := filepath.Abs(localPath)
	if err != nil {
		return localFailure(opAdd, localPath, err)
	}
	info, err := os.Stat(abs)
	if err != nil {
		return localFailure(opAdd, localPath, err)
	}
	if err := checkAddable(localPath, info); err != nil {
		return err
	}
	if name == "" {
		name = filepath.Base(abs)
	}
	return d.put(name, &localSource{dir: filepath.Dir(abs), name: filepath.Base(abs)}, false)
}

// AddFileFS adds a file of a file system, as AddFile does.
func (d *Draft) AddFileFS(fsys fs.FS, file, name string) error {
	info, err := fs.Stat(fsys, file)
	if err != nil {
		return localFailure(opAdd, file, err)
	}
	if err := checkAddable(file, info); err != nil {
		return err
	}
	if name == "" {
		name = path.Base(file)
	}
	return d.put(name, &localSource{fsys: fsys, name: file}, false)
}

// checkAddable refuses what has no bytes of its own: reading a pipe or a
// device could wait for ever.
func checkAddable(localPath string, info fs.FileInfo) error {
	switch {
	case info.Mode().IsRegular():
		return nil
	case info.IsDir():
		return &Error{Kind: KindInvalid, Op: opAdd, Path: localPath, Message: "it is a folder", Next: "add it as one"}
	}
	return &Error{Kind: KindInvalid, Op: opAdd, Path: localPath, Message: "it is neither a file nor a folder (" + info.Mode().Type().String() + ")", Next: "leave it out"}
}

// put adds a file.
func (d *Draft) put(name string, src *localSource, replace bool) error {
	if err := CheckEntryPath(name); err != nil {
		return located(opAdd, name, err)
	}
	if old, ok := d.files[name]; ok && !replace && old.local != nil && !old.local.same(src) {
		return &Error{
			Kind: KindConflict, Op: opAdd, Path: name,
			Message: "this path was added already, from " + old.local.path(),
			Next:    "remove it first, or use another path",
		}
	}
	d.files[name] = draftFile{local: src}
	return nil
}

// DirOptions say how to add a folder. nil means everything in it.
type DirOptions struct {
	// Ignore, if not nil, is asked about each file and folder by its path below
	// the folder, with "/", and leaves out those for which it reports true, and
	// what is in them.
	Ignore func(path string, entry fs.DirEntry) bool
	// Replace lets files take the place of others that were added before.
	Replace bool
}

// AddDir adds the files in a folder and in the folders in it, under a path in
// the artifact, "" for its root. As in the wandb package, symbolic links are
// followed and nothing is left out: not hidden files either, save those that a
// download into the folder has not finished (.reliquary-*.tmp). Otherwise than
// there it is an error if a folder cannot be read, a link leads nowhere or back
// to a folder above it, or something is neither file nor folder. Empty folders
// have no entries.
func (d *Draft) AddDir(localDir, prefix string, o *DirOptions) error {
	abs, err := filepath.Abs(localDir)
	if err != nil {
		return localFailure(opAdd, localDir, err)
	}
	info, err := os.Stat(abs)
	if err != nil {
		return localFailure(opAdd, localDir, err)
	}
	if !info.IsDir() {
		return &Error{Kind: KindInvalid, Op: opAdd, Path: localDir, Message: "it is no folder", Next: "add it as a file"}
	}
	w := &dirWalk{draft: d, dir: abs, prefix: prefix, o: orNone(o)}
	return w.walk("", []fs.FileInfo{info})
}

// AddFS adds the files of a file system, as AddDir does for a folder.
func (d *Draft) AddFS(fsys fs.FS, prefix string, o *DirOptions) error {
	info, err := fs.Stat(fsys, ".")
	if err != nil {
		return localFailure(opAdd, ".", err)
	}
	w := &dirWalk{draft: d, fsys: fsys, prefix: prefix, o: orNone(o)}
	return w.walk("", []fs.FileInfo{info})
}

func orNone(o *DirOptions) *DirOptions {
	if o == nil {
		return &DirOptions{}
	}
	return o
}

// A dirWalk adds what is in a folder.
type dirWalk struct {
	draft  *Draft
	fsys   fs.FS
	dir    string
	prefix string
	o      *DirOptions
	// add takes each file; nil adds it to the draft.
	add func(rel string, info fs.FileInfo) error
	// leaveLinks leaves out links to folders.
	leaveLinks bool
}

// walk adds what is in a folder below the one that was given. above are the
// folders on the way to it, itself last.
func (w *dirWalk) walk(rel string, above []fs.FileInfo) error {
	fsys, at := w.fsys, rel
	if fsys == nil {
		fsys = os.DirFS(w.dir)
	}
	if at == "" {
		at = "."
	}
	shown := filepath.Join(w.dir, rel)
	entries, err := fs.ReadDir(fsys, at)
	if err != nil {
		return localFailure(opAdd, shown, err)
	}
	for _, entry := range entries {
		below := joinEntry(rel, entry.Name())
		if w.o.Ignore != nil && w.o.Ignore(below, entry) || isUnfinished(entry.Name()) {
			continue
		}
		if w.add == nil && entry.Type().IsRegular() {
			// Looked at when it is hashed. Looking at each now as well is half of
			// what adding a folder takes.
			if err := w.put(below); err != nil {
				return err
			}
			continue
		}
		shown := filepath.Join(w.dir, below)
		info, err := w.stat(fsys, below)
		if err != nil {
			return localFailure(opAdd, shown, err)
		}
		if info.IsDir() {
			if w.leaveLinks && entry.Type()&fs.ModeSymlink != 0 {
				continue
			}
			for _, up := range above {
				if os.SameFile(up, info) {
					return &Error{Kind: KindInvalid, Op: opAdd, Path: shown, Message: "it is a link to a folder above it, and following it would not end", Next: "remove the link, or leave it out"}
				}
			}
			if err := w.walk(below, append(slices.Clip(above), info)); err != nil {
				return err
			}
			continue
		}
		if err := checkAddable(shown, info); err != nil {
			return err
		}
		if w.add != nil {
			err = w.add(below, info)
		} else {
			err = w.put(below)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// put adds a file to the draft.
func (w *dirWalk) put(rel string) error {
	src := &localSource{fsys: w.fsys, dir: w.dir, name: rel}
	if w.fsys == nil {
		src.name = filepath.FromSlash(rel)
	}
	return w.draft.put(joinEntry(w.prefix, rel), src, w.o.Replace)
}

// stat follows links. Those of os.DirFS may lead out of its folder, as they
// do for the wandb package.
func (w *dirWalk) stat(fsys fs.FS, rel string) (fs.FileInfo, error) {
	if w.fsys == nil {
		return os.Stat(filepath.Join(w.dir, filepath.FromSlash(rel)))
	}
	return fs.Stat(fsys, rel)
}

// joinEntry puts a path below another, both with "/".
func joinEntry(prefix, rel string) string {
	if prefix == "" {
		return rel
	}
	return strings.TrimSuffix(prefix, "/") + "/" + rel
}

// Remove takes out a file or reference, or a folder with all that is in it.
// KindNotFound if there is neither.
func (d *Draft) Remove(name string) error {
	removed := false
	for p := range d.files {
		if hasPrefixPath(p, name) {
			delete(d.files, p)
			removed = true
		}
	}
	d.references = slices.DeleteFunc(d.references, func(r draftReference) bool {
		in := hasPrefixPath(r.name, name)
		removed = removed || in
		return in
	})
	if !removed {
		return &Error{Kind: KindNotFound, Op: "remove from an artifact", Path: name, Message: "there is no such file or folder in it"}
	}
	return nil
}

// maxMetadataKeys is how many keys W&B takes.
const maxMetadataKeys = 100

// check checks what is said of the version.
func (d *Draft) check() error {
	if d.Metadata != nil {
		var keys map[string]json.RawMessage
		if err := json.Unmarshal(d.Metadata, &keys); err != nil || keys == nil {
			return invalid("the metadata is no JSON object")
		}
		if len(keys) > maxMetadataKeys {
			return invalid("the metadata has %d keys, and W&B allows %d", len(keys), maxMetadataKeys)
		}
	}
	for _, a := range d.Aliases {
		switch {
		case a == "" || strings.ContainsAny(a, "/:"):
			return invalid("%q is no alias: it is empty, or holds a slash or colon", a)
		case utf8.RuneCountInString(a) > maxName:
			return invalid("an alias has %d characters, and W&B allows %d", utf8.RuneCountInString(a), maxName)
		case isVersion(a):
			return invalid("%q is no alias: such names are those of versions", a)
		}
	}
	if _, err := checkTags(d.Tags); err != nil {
		return err
	}
	if d.TTL != InheritTTL && d.TTL != KeepForever && (d.TTL < time.Second || d.TTL%time.Second != 0) {
		return invalid("a version cannot be kept for %s: give whole seconds", d.TTL)
	}
	return nil
}

// ttlSeconds is the TTL as the protocol has it: nil to inherit.
func (d *Draft) ttlSeconds() *int64 {
	switch d.TTL {
	case InheritTTL:
		return nil
	case KeepForever:
		n := int64(-2)
		return &n
	}
	n := int64(d.TTL / time.Second)
	return &n
}

// String names the draft.
func (d *Draft) String() string { return fmt.Sprintf("%s (%s, not logged)", d.name, d.typeName) }

// errChanged is a file that is not what it was.
var errChanged = errors.New("the file changed")

// changedFile is a file that changed while it was being logged.
func changedFile(src *localSource) error {
	return &Error{
		Kind:    KindConflict,
		Message: src.path() + " changed while it was being read",
		Next:    "log it again when nothing writes to it any more",
		Err:     errChanged,
	}
}
