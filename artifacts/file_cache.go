package artifacts

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// A fileCache keeps files by their digest, in the layout of the wandb package:
//
//	obj/md5/ab/cdef...   the bytes with the MD5 abcdef...
//	obj/etag/ab/cdef...  what a URL held while it had an ETag
//	tmp/                 files that are being written
//
// and beside it, in a folder that the package passes over:
//
//	reliquary/digests/   what is known of files on disk: see ledger
//	reliquary/manifests/ manifests and names of versions: see keptManifests
//	reliquary/parts/     large files that are being fetched
//
// The wandb package takes an object for good if its size is right. Here its
// digest is checked too, once: objects are remembered by a ledger per folder.
type fileCache struct {
	dir string

	mu      sync.Mutex
	objects [256]*ledger
	made    [257]atomic.Bool // folders that are there: those of objects, that of parts
}

func newFileCache(dir string) *fileCache { return &fileCache{dir: dir} }

// object is where the bytes with a digest are kept.
func (c *fileCache) object(sum md5sum) string {
	name := sum.hex()
	return filepath.Join(c.dir, "obj", "md5", name[:2], name[2:])
}

// etagObject is where the bytes are kept that a URL had with an ETag.
func (c *fileCache) etagObject(url, etag string) string {
	u, e := sha256.Sum256([]byte(url)), sha256.Sum256([]byte(etag))
	both := sha256.Sum256(append(u[:], e[:]...))
	name := hex.EncodeToString(both[:])
	return filepath.Join(c.dir, "obj", "etag", name[:2], name[2:])
}

// checked is the ledger of an object's folder.
func (c *fileCache) checked(sum md5sum) *ledger {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.objects[sum[0]]
	if l == nil {
		l = &ledger{file: filepath.Join(c.dir, "reliquary", "digests", "obj-"+sum.hex()[:2])}
		c.objects[sum[0]] = l
	}
	return l
}

// folder is the ledger of a folder outside of the cache.
func (c *fileCache) folder(dir string) *ledger {
	if c == nil {
		return nil
	}
	return &ledger{file: filepath.Join(c.dir, "reliquary", "digests", hexOf(dir))}
}

// flush keeps what was learnt of objects. Losing it costs time only.
func (c *fileCache) flush() error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	objects := c.objects
	c.mu.Unlock()
	var errs []error
	for _, l := range objects {
		if err := l.flush(); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// open opens the object with a digest, of a size unless that is -1. checked
// says that its bytes are known to have the digest; otherwise the caller checks
// and calls either confirm or drop. fs.ErrNotExist if there is none.
func (c *fileCache) open(sum md5sum, size int64) (f *os.File, checked bool, err error) {
	if c == nil {
		return nil, false, fs.ErrNotExist
	}
	if f, err = os.Open(c.object(sum)); err != nil {
		return nil, false, err
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || (size >= 0 && info.Size() != size) {
		f.Close()
		return nil, false, errors.Join(fs.ErrNotExist, err)
	}
	known, ok := c.checked(sum).digest(sum.hex(), stampOf(info))
	return f, ok && known == sum, nil
}

// confirm remembers that an open object has its digest.
func (c *fileCache) confirm(f *os.File, sum md5sum) {
	if info, err := f.Stat(); err == nil {
		c.checked(sum).note(sum.hex(), stampOf(info), sum)
	}
}

// holds reports whether an open file is the object with a digest.
func (c *fileCache) holds(f *os.File, sum md5sum) bool {
	if c == nil {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return false
	}
	object, err := os.Stat(c.object(sum))
	return err == nil && os.SameFile(object, info)
}

// has reports whether a file is the object with a digest, by another name, and
// its bytes are known to have the digest.
func (c *fileCache) has(info fs.FileInfo, sum md5sum) bool {
	if c == nil {
		return false
	}
	object, err := os.Stat(c.object(sum))
	if err != nil || !os.SameFile(object, info) {
		return false
	}
	known, ok := c.checked(sum).digest(sum.hex(), stampOf(object))
	return ok && known == sum
}

// drop removes an object that does not have its digest.
func (c *fileCache) drop(sum md5sum) { os.Remove(c.object(sum)) }

// temp makes a file to be kept later.
func (c *fileCache) temp() (*os.File, error) {
	dir := filepath.Join(c.dir, "tmp")
	f, err := createTemp(dir, "reliquary-")
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return nil, err
		}
		return createTemp(dir, "reliquary-")
	}
	return f, err
}

// keep moves a whole file, whose bytes are known to have the digest, to its
// place. The file stays open.
func (c *fileCache) keep(f *os.File, sum md5sum) error {
	object := c.object(sum)
	if err := moveTo(f.Name(), object); err != nil {
		return err
	}
	if info, err := f.Stat(); err == nil {
		c.checked(sum).put(sum.hex(), stampOf(info), sum)
	}
	return nil
}

// moveTo renames a file to a place whose folder may have to be made.
func moveTo(from, to string) error {
	err := os.Rename(from, to)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			return err
		}
		err = os.Rename(from, to)
	}
	return err
}

// createTemp makes a new file with the permissions that the process gives to
// files: those of os.CreateTemp are narrower, and others share the cache.
func createTemp(dir, prefix string) (*os.File, error) {
	for {
		f, err := os.OpenFile(filepath.Join(dir, prefix+rand.Text()), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// partsFolder is where files are fetched to, below the cache: large ones to a
// folder of their own, where they are found again; small ones to the folder
// that they belong in. Many small files fetched to one folder and renamed out
// of it would wait for each other: on ext4, renaming between folders took four
// times as long and more, with 2 at once as with 16.
func (c *fileCache) partsFolder(root *os.Root, sum md5sum, size int64) (string, error) {
	dir := filepath.Join("obj", "md5", sum.hex()[:2])
	made := &c.made[sum[0]]
	if size >= largeFile {
		dir, made = filepath.Join("reliquary", "parts"), &c.made[256]
	}
	if made.Load() {
		return dir, nil
	}
	if err := root.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	made.Store(true)
	return dir, nil
}

// root opens the folder of the cache.
func (c *fileCache) root() (*os.Root, error) {
	if err := os.MkdirAll(c.dir, 0o777); err != nil {
		return nil, err
	}
	return os.OpenRoot(c.dir)
}

// An openStore is the folder of the cache, opened when it is first asked for.
type openStore struct {
	cache *fileCache
	mu    sync.Mutex
	root  *os.Root
}

func (s *openStore) open() (*os.Root, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.root == nil {
		s.root, err = s.cache.root()
	}
	return s.root, err
}

// close releases the folder. Nothing happens to nil.
func (s *openStore) close() {
	if s != nil && s.root != nil {
		s.root.Close()
	}
}

// keepEtag keeps a copy of what a URL held while it had an ETag. That it
// cannot is no failure of who fetched it.
func (c *fileCache) keepEtag(f *os.File, url, etag string) {
	out, err := c.temp()
	if err != nil {
		return
	}
	defer out.Close()
	if _, err := f.Seek(0, io.SeekStart); err == nil {
		if _, err = io.Copy(out, f); err == nil && moveTo(out.Name(), c.etagObject(url, etag)) == nil {
			return
		}
	}
	os.Remove(out.Name())
}
