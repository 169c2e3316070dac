package artifacts

import (
	"context"
	"crypto/md5"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// localName is an entry's path in this system's form. Some systems have names
// that others do not.
func localName(path string) (string, error) {
	if why := badEntryPath(path); why != "" {
		return "", &Error{Kind: KindCorrupt, Message: "its path cannot be used: " + why, Next: "report it to whoever logged the version"}
	}
	name, err := filepath.Localize(path)
	if err != nil {
		return "", &Error{Kind: KindConflict, Message: "this system has no files of that name", Next: "download it on another system", Err: err}
	}
	return name, nil
}

// inTheWay is an error of the folder that files are put in.
func inTheWay(err error) error {
	e, ok := errors.AsType[*Error](localFailure("", "", err))
	if !ok {
		return err
	}
	if strings.Contains(err.Error(), "escapes from parent") {
		e.Kind = KindDenied
		e.Message = "a link on the way to it leads out of the folder, and is not followed"
		e.Next = "remove the link, or choose another folder"
	}
	return e
}

// folder makes the folder of a file.
func (d *downloading) folder(name string) error {
	dir := filepath.Dir(name)
	d.mu.Lock()
	known := d.folders[dir]
	d.mu.Unlock()
	if known {
		return nil
	}
	if err := d.root.MkdirAll(dir, 0o777); err != nil {
		return inTheWay(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for dir != "." && !d.folders[dir] {
		d.folders[dir] = true
		dir = filepath.Dir(dir)
	}
	return nil
}

// A nearFolder is a folder below the root that one goroutine holds open while
// it deals with the files in it: from the root, each system call about a file
// would open and close every folder on the way.
type nearFolder struct {
	dir  string
	root *os.Root // nil if it is not open
}

// goNear returns a copy of d for one goroutine, which calls done when it has
// finished with it.
func (d *downloading) goNear() (near *downloading, done func()) {
	own := *d
	own.near = &nearFolder{}
	return &own, own.near.close
}

func (n *nearFolder) close() {
	if n.root != nil {
		n.root.Close()
		n.root = nil
	}
}

// at is from where to reach a file, and by what name: from its folder if this
// goroutine can hold that open, otherwise from the root. Either finds it at the
// same place, except that from its folder no link leads out of that.
func (d *downloading) at(name string) (*os.Root, string) {
	dir, base := filepath.Split(name)
	if d.near == nil || dir == "" {
		return d.root, name
	}
	if n := d.near; n.root == nil || n.dir != dir {
		n.close()
		root, err := d.root.OpenRoot(filepath.Clean(dir))
		if err != nil { // it is not there yet, or the root says better what is wrong
			return d.root, name
		}
		n.dir, n.root = dir, root
	}
	return d.near.root, base
}

// syncFolders has the names of all files on the disk.
func (d *downloading) syncFolders() error {
	for dir := range d.folders {
		f, err := d.root.Open(dir)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// errDamaged is a file whose bytes do not have the digest that they are kept under.
var errDamaged = errors.New("the bytes do not have their digest")

// copyStep is how much is copied between two looks at the context.
const copyStep = 16 << 20

// place puts a copy of f to the place of an entry. checked says that its bytes
// are known to have the digest; otherwise they are checked on the way, and
// errDamaged says that they do not.
func (d *downloading) place(ctx context.Context, f *os.File, checked bool, e *ManifestEntry, sum md5sum) error {
	name, err := localName(e.Path)
	if err != nil {
		return err
	}
	if err := d.folder(name); err != nil {
		return err
	}
	link := d.o.Place == PlaceLink && d.cache.holds(f, sum)
	if link && !checked {
		got, err := d.c.hashOpen(ctx, f, nil, "")
		if err != nil {
			return err
		}
		if got != sum {
			return errDamaged
		}
		d.cache.confirm(f, sum)
		checked = true
	}
	if link && d.link(f, d.cache.object(sum), name) {
		info, err := f.Stat()
		if err != nil {
			return localFailure("", "", err)
		}
		d.meter.add(0, info.Size())
		d.learn(f, e.Path, sum)
		// Making links changes the inode, and nothing else did.
		d.cache.checked(sum).put(sum.hex(), stampOf(info), sum)
		return nil
	}
	out, err := d.newTemp(name)
	if err != nil {
		return inTheWay(err)
	}
	return d.complete(ctx, out, f, 0, checked, e, sum)
}

// complete copies f to out from an offset on, up to which that is done, and
// gives out its name.
func (d *downloading) complete(ctx context.Context, out placedFile, f *os.File, from int64, checked bool, e *ManifestEntry, sum md5sum) error {
	err := d.fill(ctx, out.File, f, from, checked, sum)
	if err == nil && d.o.Durable {
		err = out.Sync()
	}
	return d.finish(out, err, e, sum)
}

// A placed file is on its way to its place under a name of its own.
type placedFile struct {
	*os.File
	root       *os.Root
	temp, name string // below root
}

// newTemp makes a file beside the place that it is for.
func (d *downloading) newTemp(name string) (placedFile, error) {
	root, near := d.at(name)
	temp := filepath.Join(filepath.Dir(near), unfinished+rand.Text()+".tmp")
	f, err := root.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	return placedFile{f, root, temp, near}, err
}

// newFollower makes a file beside the place that it is for, to copy a large file
// to while it is fetched. It is found again: what a process leaves that is killed
// meanwhile is as large as the file.
func (d *downloading) newFollower(name string, sum md5sum) (placedFile, error) {
	root, near := d.at(name)
	temp := filepath.Join(filepath.Dir(near), unfinished+sum.hex()+".tmp")
	// What is there is not written to: it can be another user's, or have a second name.
	if left, _ := openLocked(root, temp, 0); left != nil {
		root.Remove(temp)
		left.Close()
	}
	if f, _ := openLocked(root, temp, os.O_CREATE|os.O_EXCL); f != nil {
		return placedFile{f, root, temp, near}, nil
	}
	return d.newTemp(name) // another process, or another place for it in the same folder
}

// discard removes a file that does not come to its place.
func (out placedFile) discard() {
	if locksFiles { // while nobody else can take it up
		out.root.Remove(out.temp)
		out.Close()
		return
	}
	out.Close() // before that it cannot be removed everywhere
	out.root.Remove(out.temp)
}

// finish gives a file its name, unless writing it has failed, and then removes it.
func (d *downloading) finish(out placedFile, err error, e *ManifestEntry, sum md5sum) error {
	if err == nil {
		err = out.root.Rename(out.temp, out.name)
	}
	if err != nil {
		out.discard()
		if errors.Is(err, errDamaged) {
			return err
		}
		return inTheWay(err)
	}
	d.learn(out.File, e.Path, sum)
	return localFailure("", "", out.Close())
}

// fill copies in to out, which is done up to an offset if in is checked.
func (d *downloading) fill(ctx context.Context, out, in *os.File, from int64, checked bool, sum md5sum) error {
	if err := seekBoth(out, in, from); err != nil {
		return err
	}
	var moved int64
	done := func() bool { return ctx.Err() != nil }
	if checked {
		// From file to file: the kernel copies, or shares the blocks.
		for {
			n, err := io.CopyN(out, in, copyStep)
			d.meter.add(0, n)
			switch {
			case errors.Is(err, io.EOF):
				return nil
			case err != nil:
				return err
			case done():
				return canceled(ctx)
			}
		}
	}
	h := md5.New()
	buf := d.c.files.buffers.get()
	defer d.c.files.buffers.put(buf)
	for {
		n, err := in.Read(*buf)
		if n > 0 {
			h.Write((*buf)[:n])
			if _, err := out.Write((*buf)[:n]); err != nil {
				return err
			}
			moved += int64(n)
			d.meter.add(0, int64(n))
		}
		switch {
		case err == io.EOF && md5sum(h.Sum(nil)) != sum:
			d.meter.add(0, -moved)
			return errDamaged
		case err == io.EOF:
			if d.cache.holds(in, sum) {
				d.cache.confirm(in, sum)
			}
			return nil
		case err != nil:
			return err
		case done():
			return canceled(ctx)
		}
	}
}

// link makes a hard link to f, which is the object of that path, under a name,
// in place of what is there. It reports whether that worked.
func (d *downloading) link(f *os.File, object, name string) bool {
	info, err := f.Stat()
	if err != nil || f.Chmod(info.Mode().Perm()&^0o222) != nil {
		return false
	}
	dir, err := d.root.Open(filepath.Dir(name))
	if err != nil {
		return false
	}
	defer dir.Close()
	// A root links only within itself. The folder is open, and was opened
	// below the root: by its descriptor it is reached without following
	// whatever its path leads to by now.
	temp := unfinished + rand.Text() + ".tmp"
	if os.Link(object, filepath.Join(folderOf(dir), temp)) != nil {
		return false
	}
	temp = filepath.Join(filepath.Dir(name), temp)
	if err := d.root.Rename(temp, name); err != nil {
		d.root.Remove(temp)
		return false
	}
	// Renaming one link of a file over another does nothing.
	d.root.Remove(temp)
	return true
}

// folderOf is a path of an open folder.
func folderOf(dir *os.File) string {
	own := "/proc/self/fd/" + strconv.FormatUint(uint64(dir.Fd()), 10)
	if _, err := os.Stat(own); errors.Is(err, fs.ErrNotExist) {
		return dir.Name() // not Linux
	}
	return own
}

// learn remembers the digest of a file that was just put in place.
func (d *downloading) learn(f *os.File, path string, sum md5sum) {
	if info, err := f.Stat(); err == nil {
		d.known.put(path, stampOf(info), sum)
	}
}
