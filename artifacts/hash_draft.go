package artifacts

import (
	"context"
	"crypto/md5"
	"errors"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// A prepared draft is one whose files are hashed: the manifest is known but for
// which versions brought the files.
type prepared struct {
	entries []ManifestEntry // in byte order of their paths
	// files are those that have to be sent unless the server has them, by path.
	files map[string]*hashedFile
}

// A hashedFile is a file as it was when it was hashed.
type hashedFile struct {
	src   *localSource
	stamp stamp
	sum   md5sum
	parts []md5sum // of a large file, nil if it was not read
}

// Large files are sent in parts, as the protocol has it.
const (
	multipartFrom  = 2 << 30
	multipartPart  = 100 << 20
	multipartCount = 10_000
	multipartAlign = 4096
)

// partSize is how large the parts of a large file are.
func (f *files) partSize(size int64) int64 {
	if size <= f.multipartPart*multipartCount {
		return f.multipartPart
	}
	n := (size + multipartCount - 1) / multipartCount
	return (n + multipartAlign - 1) / multipartAlign * multipartAlign
}

// prepare hashes the files of a draft and looks at its references.
func (c *Client) prepare(ctx context.Context, d *Draft, workers int, report func(Progress)) (*prepared, error) {
	p := &prepared{files: make(map[string]*hashedFile, len(d.files))}
	var mu sync.Mutex
	var taken map[string]bool // paths; only references can be doubled with others
	var doubled string
	known := func(e ManifestEntry) ManifestEntry {
		if e.IsReference() && e.Size < 0 {
			e.Size = 0 // what the wandb package writes for a size that it does not know
		}
		return e
	}
	add := func(e ManifestEntry) {
		mu.Lock()
		defer mu.Unlock()
		if taken[e.Path] {
			doubled = e.Path
		}
		taken[e.Path] = true
		p.entries = append(p.entries, known(e))
	}
	meter := newMeter(report, PhaseHash, len(d.files)+len(d.references), 0)
	ledgers := newLedgers(c.files.cache)
	// More than there are processors: opening a file can wait for the disk.
	workers = orDefault(workers, max(4, runtime.GOMAXPROCS(0)))
	crew := newCrew(ctx, workers)
	hashed := func(ctx context.Context, e *ManifestEntry, src *localSource) (*hashedFile, error) {
		f, err := c.hashSource(ctx, src, ledgers.of(src), meter)
		if err != nil {
			return nil, ofFile(e.Path, err)
		}
		e.Digest, e.Size = f.sum.String(), f.stamp.size
		meter.add(1, 0)
		return f, nil
	}
	// In order: files of one folder are near each other on the disk, and the
	// manifest is sorted already.
	names := slices.Sorted(maps.Keys(d.files))
	p.entries = make([]ManifestEntry, len(names), len(names)+len(d.references))
	files := make([]*hashedFile, len(names))
	if len(d.references) > 0 {
		taken = make(map[string]bool, len(names))
		for _, name := range names {
			taken[name] = true
		}
	}
	var next atomic.Int64
	for range min(workers, len(names)) {
		if !crew.run(func(ctx context.Context) error {
			for i := int(next.Add(1) - 1); i < len(names) && ctx.Err() == nil; i = int(next.Add(1) - 1) {
				f := d.files[names[i]]
				e := &p.entries[i]
				if f.local == nil {
					*e = known(f.kept)
					meter.add(1, 0)
					continue
				}
				e.Path = names[i]
				var err error
				if files[i], err = hashed(ctx, e, f.local); err != nil {
					return err
				}
			}
			return nil
		}) {
			break
		}
	}
	err := crew.wait()
	if err == nil && len(d.references) > 0 {
		crew = newCrew(ctx, workers)
		refs := newReferrals(c)
		for _, r := range d.references {
			if !crew.run(func(ctx context.Context) error {
				// What a folder's reference leads to is hashed here, one after the other.
				var later error
				err := c.resolve(ctx, refs, r, add, func(e ManifestEntry, src *localSource) {
					if later == nil {
						meter.grow(1, 0)
						if _, later = hashed(ctx, &e, src); later == nil {
							add(e)
						}
					}
				})
				meter.add(1, 0)
				return ofFile(r.name, errors.Join(err, later))
			}) {
				break
			}
		}
		err = crew.wait()
	}
	for i, f := range files {
		if f != nil {
			p.files[names[i]] = f
		}
	}
	if flushErr := ledgers.flush(); flushErr != nil {
		c.log.LogAttrs(ctx, levelWarn, "digests of files cannot be remembered", errAttr(&Error{Message: flushErr.Error()}))
	}
	if err != nil {
		return nil, err
	}
	if doubled != "" {
		return nil, &Error{Kind: KindConflict, Message: "two things were added under the path " + quote(doubled), Next: "remove one of them"}
	}
	m := &Manifest{entries: p.entries}
	if bad := m.sort(); bad != nil {
		return nil, &Error{Kind: KindInvalid, Message: quote(bad.path) + ": " + bad.why}
	}
	meter.end()
	return p, checkTree(m, m.entries)
}

// ledgers are those of the folders that files were added from.
type ledgers struct {
	cache *fileCache

	mu   sync.Mutex
	open map[string]*ledger
}

func newLedgers(cache *fileCache) *ledgers {
	return &ledgers{cache: cache, open: map[string]*ledger{}}
}

// of is the ledger that knows a file, nil if there is none.
func (l *ledgers) of(src *localSource) *ledger {
	if l.cache == nil || src.fsys != nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	known, ok := l.open[src.dir]
	if !ok {
		known = l.cache.folder(src.dir)
		l.open[src.dir] = known
	}
	return known
}

func (l *ledgers) flush() error {
	var errs []error
	for _, known := range l.open {
		errs = append(errs, known.flush())
	}
	return errors.Join(errs...)
}

// hashSource hashes a file, unless it is known and did not change.
func (c *Client) hashSource(ctx context.Context, src *localSource, known *ledger, m *meter) (*hashedFile, error) {
	// Those of a folder are known by their path with "/", as a download names them.
	name := toSlash(src.name)
	if known != nil {
		// Looking at a file costs a third of opening it. One that is sent is
		// opened, and looked at again, before and after.
		if info, err := os.Stat(src.path()); err == nil && info.Mode().IsRegular() {
			out := &hashedFile{src: src, stamp: stampOf(info)}
			if sum, ok := known.digest(name, out.stamp); ok {
				out.sum = sum
				m.grow(0, info.Size())
				m.add(0, info.Size())
				return out, nil
			}
		}
	}
	f, err := src.open()
	if err != nil {
		return nil, localFailure("", "", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, localFailure("", "", err)
	}
	if err := checkAddable(src.path(), info); err != nil {
		return nil, err
	}
	out := &hashedFile{src: src, stamp: stampOf(info)}
	m.grow(0, info.Size())
	if err := c.hashBytes(ctx, f, out, m); err != nil {
		return nil, err
	}
	known.note(name, out.stamp, out.sum)
	return out, nil
}

// hashBytes reads an open file once, for its digest and those of its parts.
func (c *Client) hashBytes(ctx context.Context, f fs.File, out *hashedFile, m *meter) error {
	size := out.stamp.size
	var n int64
	var err error
	if size < hashApart && size < c.files.multipartFrom {
		n, err = c.hashAll(ctx, f, &out.sum, m)
	} else {
		n, err = c.hashParts(ctx, f, out, m)
	}
	if err != nil {
		return err
	}
	after, err := f.Stat()
	if err != nil {
		return localFailure("", "", err)
	}
	if n != size || stampOf(after) != out.stamp {
		return changedFile(out.src)
	}
	return nil
}

// hashApart is the size from which reading and hashing are done beside each other.
const hashApart = 8 << 20

func (c *Client) hashAll(ctx context.Context, f io.Reader, sum *md5sum, m *meter) (int64, error) {
	h := md5.New()
	buf := c.files.buffers.get()
	defer c.files.buffers.put(buf)
	var n int64
	for {
		k, err := f.Read(*buf)
		h.Write((*buf)[:k])
		n += int64(k)
		m.add(0, int64(k))
		switch {
		case err == io.EOF:
			*sum = md5sum(h.Sum(nil))
			return n, nil
		case err != nil:
			return n, localFailure("", "", err)
		case ctx.Err() != nil:
			return n, canceled(ctx)
		}
	}
}

// hashParts hashes the whole and the parts on a processor each, while a third reads.
func (c *Client) hashParts(ctx context.Context, f io.Reader, out *hashedFile, m *meter) (int64, error) {
	whole := newHashLine(0)
	lines := []*hashLine{whole}
	var parts *hashLine
	if out.stamp.size >= c.files.multipartFrom {
		parts = newHashLine(c.files.partSize(out.stamp.size))
		lines = append(lines, parts)
	}
	var n int64
	var err error
	for err == nil {
		b := &sharedBuffer{data: c.files.buffers.get(), pool: c.files.buffers}
		var k int
		k, err = io.ReadFull(f, *b.data)
		b.n = k
		b.users.Store(int32(len(lines)))
		for _, l := range lines {
			l.in <- b
		}
		n += int64(k)
		m.add(0, int64(k))
		if err == nil && ctx.Err() != nil {
			err = canceled(ctx)
		}
	}
	for _, l := range lines {
		l.end()
	}
	if err != io.EOF && err != io.ErrUnexpectedEOF {
		return n, localFailure("", "", err)
	}
	out.sum = whole.sums[0]
	if parts != nil {
		out.parts = parts.sums
	}
	return n, nil
}

// A hashLine hashes what it is sent, in parts of a size or as a whole.
type hashLine struct {
	in   chan *sharedBuffer
	done chan struct{}
	part int64 // 0 for the whole
	sums []md5sum
}

func newHashLine(part int64) *hashLine {
	l := &hashLine{in: make(chan *sharedBuffer, 4), done: make(chan struct{}), part: part}
	go l.run()
	return l
}

func (l *hashLine) run() {
	defer close(l.done)
	h := md5.New()
	var in int64
	cut := func(h hash.Hash) {
		l.sums = append(l.sums, md5sum(h.Sum(nil)))
		h.Reset()
		in = 0
	}
	for b := range l.in {
		for data := (*b.data)[:b.n]; len(data) > 0; {
			take := int64(len(data))
			if l.part > 0 {
				take = min(take, l.part-in)
			}
			h.Write(data[:take])
			data = data[take:]
			if in += take; l.part > 0 && in == l.part {
				cut(h)
			}
		}
		b.release()
	}
	if l.part == 0 || in > 0 {
		cut(h)
	}
}

// end waits until everything is hashed.
func (l *hashLine) end() {
	close(l.in)
	<-l.done
}
