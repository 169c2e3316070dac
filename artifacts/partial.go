package artifacts

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A partial is a file that is being fetched, in a folder from which it can be
// renamed to its place. What came of a large one is kept when the transfer is
// interrupted: the next goes on behind it, in this process or another. What of
// it is there stands in a small file beside it, because parts are written in
// any order; whether it is right is decided by the digest of the whole.
type partial struct {
	root  *os.Root
	name  string
	f     *os.File
	at    *os.File // nil for one that is not kept
	queue *partQueue
	// follow, if not nil, copies it on while it is fetched.
	follow *follower
}

// unfinished begins the names of files that a download has not finished; what a
// process leaves that is killed keeps them. Behind it stand a random text, or the
// digest of a file that is gone on with, and what kind of file it is.
const unfinished = ".reliquary-"

// isUnfinished reports whether a file is named so.
func isUnfinished(name string) bool {
	id, ours := strings.CutPrefix(name, unfinished)
	const shortest = 26 // letters: what rand.Text has at least; a digest has more
	for _, kind := range []string{".tmp", ".part", ".part.at"} {
		if id, is := strings.CutSuffix(id, kind); ours && is {
			return len(id) >= shortest && !strings.ContainsFunc(id, func(r rune) bool {
				return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
			})
		}
	}
	return false
}

// openPartial begins or continues the file with a digest in a folder of root.
func openPartial(root *os.Root, dir string, sum md5sum, size int64) (*partial, error) {
	if size >= largeFile {
		if p := keptPartial(root, filepath.Join(dir, unfinished+sum.hex()+".part"), size); p != nil {
			return p, nil
		}
	}
	for {
		p := &partial{root: root, name: filepath.Join(dir, unfinished+rand.Text()+".part")}
		var err error
		if p.f, err = root.OpenFile(p.name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666); !errors.Is(err, fs.ErrExist) {
			p.begin(max(0, size), 0, partState{})
			return p, err
		}
	}
}

// keptPartial opens a partial under a name that others find. nil if it cannot be
// had.
func keptPartial(root *os.Root, name string, size int64) *partial {
	f, fileSize := openLocked(root, name, os.O_CREATE)
	if f == nil {
		return nil
	}
	// The digest is that of as many bytes as the file is to have.
	if fileSize > size && f.Truncate(size) != nil {
		f.Close()
		return nil
	}
	p := &partial{root: root, name: name, f: f}
	var err error
	if p.at, err = root.OpenFile(name+".at", os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		f.Close()
		return nil
	}
	said := make([]byte, stateSize)
	n, _ := p.at.ReadAt(said, 0) // a state that cannot be read is none
	p.begin(size, min(fileSize, size), decodeState(said[:n]))
	return p
}

// openLocked opens a file under a name that others find, to read and write and
// as how says, and tells how large it is. nil if it cannot be had, because another
// process is at it, because it is another user's, or because the name leads
// elsewhere: a name that nobody else has does as well, and tells of a folder that
// takes no files.
func openLocked(root *os.Root, name string, how int) (*os.File, int64) {
	if !locksFiles {
		return nil, 0
	}
	f, err := root.OpenFile(name, os.O_RDWR|how, 0o666)
	if err != nil {
		return nil, 0
	}
	if lockFile(f) {
		// Whoever had it may have finished and renamed it before this could lock it.
		here, err1 := root.Lstat(name)
		open, err2 := f.Stat()
		if err1 == nil && err2 == nil && os.SameFile(here, open) {
			return f, open.Size()
		}
	}
	f.Close()
	return nil, 0
}

// begin sets what of a large file is there.
func (p *partial) begin(size, fileSize int64, state partState) {
	p.queue = newPartQueue(size, fileSize, state)
	if p.follow != nil {
		p.follow.copied = 0
	}
	if p.at != nil {
		p.queue.tell = p.tell
	}
}

// tell writes down what is there. Not being able to only costs time later.
func (p *partial) tell(s partState) { p.at.WriteAt(s.encode(), 0) }

// again forgets what came, because it was not right.
func (p *partial) again(size int64) error {
	p.begin(size, 0, partState{})
	if p.at != nil {
		p.tell(partState{})
	}
	return p.f.Truncate(0)
}

// placed says that the file was renamed to its place.
func (p *partial) placed() {
	if p.at != nil {
		p.at.Close()
		p.root.Remove(p.name + ".at")
	}
	p.name = ""
}

// leave ends the work on it: it is kept for later if it is worth that and keep
// says so, and otherwise removed. Nothing happens to one that was placed.
func (p *partial) leave(keep bool) {
	switch {
	case p.name == "":
	case keep && p.at != nil && p.queue.moved() > 0:
		p.tell(p.queue.now())
		p.at.Close()
	default:
		p.root.Remove(p.name)
		p.placed()
	}
	p.f.Close()
}
