package artifacts

import (
	"context"
	"crypto/md5"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// A Placement is how a file comes out of the cache to where it is wanted.
type Placement string

const (
	// PlaceCopy copies. Where the file system can share blocks between files
	// (btrfs, XFS, APFS over the kernel), that costs neither time nor space.
	PlaceCopy Placement = ""
	// PlaceLink makes hard links and takes the permission to write from the
	// files: writing to one would change the cache, and every other version
	// that holds the same bytes. Where links cannot be made it copies.
	PlaceLink Placement = "link"
)

// DownloadOptions say what of a version to download, and where to. nil means
// everything, to "artifacts/<collection>:v<N>" in the working directory, as the
// wandb package does.
type DownloadOptions struct {
	// Root is the folder to put the files in; it is made if it is not there.
	Root string
	// Within, if not nil, is a folder that nothing is written outside of: Root is
	// a path in it then, "" for itself, and no link on the way leads elsewhere.
	Within *os.Root
	// PathPrefix selects the files whose path begins with it, as text.
	PathPrefix string
	// Paths selects these files, among those of PathPrefix. KindNotFound if one
	// is not in the version.
	Paths []string
	// Match, if not nil, selects the files whose paths it reports true for, among
	// those of PathPrefix and Paths.
	Match func(path string) bool
	// SkipCache neither reads nor fills FileConfig.CacheDir.
	SkipCache bool
	// SkipReferences leaves references out; Downloaded counts them.
	SkipReferences bool
	// Follow, if not nil, is asked before a reference to a file of this computer
	// or to the web is followed, and what it returns ends the download: whoever
	// logged a version chose where its references lead.
	Follow func(uri string) error
	// FollowTo, if not nil, is asked before a reference to a file of another
	// version is followed, and what it returns ends the download.
	FollowTo func(a *Artifact) error
	// Place is how files come out of the cache.
	Place Placement
	// Durable has everything on the disk before Download returns, so that not
	// even a loss of power undoes it.
	Durable bool
	// Workers is how many files are moved at once. 0 means FileConfig.Workers.
	Workers int
	// Progress is told how far it is, never twice at once and about ten times
	// per second at most.
	Progress func(Progress)
}

// Downloaded says what a download came to.
type Downloaded struct {
	Root  string `json:"root"`
	Files int    `json:"files"` // that are in place now
	Bytes int64  `json:"bytes"`
	// Of these files, some were in place already, some came out of the cache,
	// the others from the server or from where a reference leads.
	Unchanged    int   `json:"unchanged"`
	FromCache    int   `json:"fromCache"`
	Fetched      int   `json:"fetched"`
	FetchedBytes int64 `json:"fetchedBytes"`
	// SkippedReferences were left out as asked.
	SkippedReferences int `json:"skippedReferences"`
}

// Download puts the version's files into a folder. Every file's digest is
// checked while it is written, a file appears under its name when it is whole
// and right, and one that is in place already stays untouched. What an
// interrupted download brought is not fetched again. Files in the folder that
// are not the version's are left alone.
//
// Files that are in place or in the cache, and whose manifest was read before,
// cost no request. Others cost one for the addresses of 5,000 (W&B:
// GetArtifactMembershipFileUrls), and one each to fetch them. References to
// files, http, https and other versions are followed; KindUnsupported for those
// that need a cloud's own library.
func (a *Artifact) Download(ctx context.Context, o *DownloadOptions) (*Downloaded, error) {
	const op = "download an artifact"
	if err := a.check(op); err != nil {
		return nil, err
	}
	if o == nil {
		o = &DownloadOptions{}
	}
	m, err := a.Manifest(ctx)
	if err != nil {
		return nil, err
	}
	entries, err := selectEntries(m, o)
	if err != nil {
		return nil, located(op, a.QualifiedName(), err)
	}
	d, err := a.newDownloading(o)
	if err != nil {
		return nil, located(op, a.QualifiedName(), err)
	}
	defer d.close()
	if err := checkNames(entries, func() (nameTrial, error) { return newRootTrial(d.root) }); err != nil {
		return nil, located(op, a.QualifiedName(), err)
	}
	if err := d.all(ctx, entries); err != nil {
		return nil, located(op, a.QualifiedName(), err)
	}
	return d.result, nil
}

// selectEntries are the entries that the options ask for.
func selectEntries(m *Manifest, o *DownloadOptions) ([]ManifestEntry, error) {
	entries := m.below(o.PathPrefix)
	if len(o.Paths) > 0 {
		entries = nil
		for _, p := range o.Paths {
			e, ok := m.Entry(p)
			if !ok {
				return nil, &Error{Kind: KindNotFound, Message: "there is no file " + quote(p) + " in it", Next: nearestPath(m, p)}
			}
			if strings.HasPrefix(p, o.PathPrefix) {
				entries = append(entries, e)
			}
		}
		slices.SortFunc(entries, func(a, b ManifestEntry) int { return strings.Compare(a.Path, b.Path) })
		entries = slices.CompactFunc(entries, func(a, b ManifestEntry) bool { return a.Path == b.Path })
	}
	if o.PathPrefix != "" && len(entries) == 0 {
		return nil, &Error{Kind: KindNotFound, Message: "no file in it has a path that begins with " + quote(o.PathPrefix), Next: "list the version's files"}
	}
	if o.Match != nil {
		var matching []ManifestEntry
		for _, e := range entries {
			if o.Match(e.Path) {
				matching = append(matching, e)
			}
		}
		if entries = matching; len(entries) == 0 && m.Len() > 0 {
			return nil, &Error{Kind: KindNotFound, Message: "no file in it has a path that was asked for", Next: "list the version's files"}
		}
	}
	return entries, checkTree(m, entries)
}

// checkTree looks for entries that cannot be beside each other on a disk.
func checkTree(m *Manifest, entries []ManifestEntry) error {
	looked := "" // the folder that was looked at last, with its slash
	for i := range entries {
		p := entries[i].Path
		at := strings.IndexByte(p, '/')
		if folder := p[:strings.LastIndexByte(p, '/')+1]; folder == looked {
			at = -1
		} else {
			looked = folder
		}
		for at >= 0 {
			if _, ok := slices.BinarySearchFunc(entries, p[:at], func(e ManifestEntry, p string) int { return strings.Compare(e.Path, p) }); ok {
				return cannotHoldBoth(p[:at], p)
			}
			next := strings.IndexByte(p[at+1:], '/')
			if next < 0 {
				break
			}
			at += 1 + next
		}
	}
	return nil
}

func cannotHoldBoth(a, b string) error {
	return &Error{
		Kind:    KindConflict,
		Message: "this system cannot hold both " + quote(a) + " and " + quote(b),
		Next:    "download one of them by its path",
	}
}

// nearestPath helps with a path that is not there.
func nearestPath(m *Manifest, p string) string {
	if below := m.below(p + "/"); len(below) > 0 {
		return "it is a folder; ask for the files in it with the prefix " + quote(p+"/")
	}
	base := p[strings.LastIndexByte(p, '/')+1:]
	for e := range m.All() {
		if e.Path[strings.LastIndexByte(e.Path, '/')+1:] == base {
			return "did you mean " + quote(e.Path) + "?"
		}
	}
	return "list the version's files"
}

// A downloading is a download under way.
type downloading struct {
	a     *Artifact
	c     *Client
	o     *DownloadOptions
	root  *os.Root
	near  *nearFolder // nil, or the folder that a copy of this for one goroutine is at
	cache *fileCache  // nil if it is not to be used
	store *openStore  // the cache's folder
	known *ledger
	meter *meter

	referrals *referrals

	mu      *sync.Mutex
	result  *Downloaded
	missing map[string]*needs // by the id of the version that has them
	folders map[string]bool
}

// A need is content that has to be fetched, where it is in its version, and
// where it is wanted.
type need struct {
	sum     md5sum
	from    string
	entries []ManifestEntry
}

// needs are what has to be fetched of one version.
type needs struct {
	a     *Artifact
	bySum map[md5sum]*need
}

func (a *Artifact) newDownloading(o *DownloadOptions) (*downloading, error) {
	dir := o.Root
	if dir == "" && o.Within == nil {
		dir = filepath.Join("artifacts", a.SourceName())
	}
	// Nothing that is done below this root can reach outside of it, whatever
	// paths a manifest names and whatever links lie in the folder.
	root, dir, err := openFolder(o.Within, dir, true)
	if err != nil {
		return nil, inTheWay(err)
	}
	d := &downloading{
		a: a, c: a.client, o: o, root: root,
		known:     a.client.files.cache.folder(dir),
		referrals: newReferrals(a.client),
		mu:        &sync.Mutex{},
		result:    &Downloaded{Root: dir},
		missing:   map[string]*needs{},
		folders:   map[string]bool{".": true},
	}
	if cache := a.client.files.cache; cache != nil && !o.SkipCache {
		d.cache, d.store = cache, &openStore{cache: cache}
	}
	return d, nil
}

// openFolder opens a folder, made if it is not there and asked for, and says
// what its path is. within is where it has to be, if not nil.
func openFolder(within *os.Root, dir string, create bool) (*os.Root, string, error) {
	if within == nil {
		dir, err := filepath.Abs(dir)
		if err == nil && create && os.Mkdir(dir, 0o777) != nil { // mostly that is all that there is to make
			err = os.MkdirAll(dir, 0o777)
		}
		if err != nil {
			return nil, "", err
		}
		root, err := os.OpenRoot(dir)
		return root, dir, err
	}
	if dir = filepath.Clean(dir); dir != "." && create {
		if err := within.MkdirAll(dir, 0o777); err != nil {
			return nil, "", err
		}
	}
	root, err := within.OpenRoot(dir)
	return root, filepath.Join(within.Name(), dir), err
}

// close keeps what was learnt about files, and releases the folder.
func (d *downloading) close() {
	if err := errors.Join(d.known.flush(), d.cache.flush()); err != nil {
		d.c.log.LogAttrs(context.Background(), levelWarn, "digests of files cannot be remembered", slog.String("error", err.Error()))
	}
	d.root.Close()
	d.store.close()
}

// all brings all entries to their places.
func (d *downloading) all(ctx context.Context, entries []ManifestEntry) error {
	var size int64
	for i := range entries {
		size += max(0, entries[i].Size)
	}
	d.meter = newMeter(d.o.Progress, PhaseDownload, len(entries), size)
	if err := d.settleAll(ctx, entries); err != nil {
		return err
	}
	if err := d.fetchMissing(ctx); err != nil {
		return err
	}
	if d.o.Durable {
		if err := d.syncFolders(); err != nil {
			return localFailure("", "", err)
		}
	}
	d.meter.end()
	return nil
}

// settleAll settles entries, those that are neighbours on one goroutine.
func (d *downloading) settleAll(ctx context.Context, entries []ManifestEntry) error {
	if len(entries) > 0 && neighbours(entries) == len(entries) {
		return d.settleSome(ctx, entries) // on this one, if they all are
	}
	crew := newCrew(ctx, d.c.files.workers(d.o.Workers))
	for len(entries) > 0 {
		some := entries[:neighbours(entries)]
		entries = entries[len(some):]
		if !crew.run(func(ctx context.Context) error { return d.settleSome(ctx, some) }) {
			break
		}
	}
	return crew.wait()
}

// neighbours is how many entries from the first on one goroutine deals with:
// small files of one folder. Goroutines that make files in the same folder wait
// for each other, and one alone opens the folder once.
func neighbours(entries []ManifestEntry) int {
	const most, mostBytes = 64, 1 << 20
	folder, _ := path.Split(entries[0].Path)
	var bytes int64
	for i := range entries {
		e := &entries[i]
		bytes += e.Size
		if at, _ := path.Split(e.Path); i > 0 && (i == most || at != folder || bytes > mostBytes) || e.IsReference() || e.Size < 0 {
			return max(1, i)
		}
	}
	return len(entries)
}

// settleSome settles entries one after the other.
func (d *downloading) settleSome(ctx context.Context, entries []ManifestEntry) error {
	d, done := d.goNear()
	defer done()
	for i := range entries {
		if ctx.Err() != nil {
			return canceled(ctx)
		}
		if err := d.settle(ctx, &entries[i]); err != nil {
			return ofFile(entries[i].Path, err)
		}
	}
	return nil
}

// settle deals with an entry if that can be done without the server, and
// otherwise notes that it is missing.
func (d *downloading) settle(ctx context.Context, e *ManifestEntry) error {
	if e.IsReference() {
		if d.o.SkipReferences {
			d.mu.Lock()
			d.result.SkippedReferences++
			d.mu.Unlock()
			d.meter.add(1, max(0, e.Size))
			return nil
		}
		return d.reference(ctx, e)
	}
	return d.stored(ctx, d.a, e.Path, e)
}

// stored deals with a file that the server keeps, under a path in a version.
func (d *downloading) stored(ctx context.Context, a *Artifact, from string, e *ManifestEntry) error {
	sum, err := d.c.digestOf(e)
	if err != nil {
		return err
	}
	if ok, err := d.settled(ctx, e, sum); ok || err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	of := d.missing[a.ID]
	if of == nil {
		of = &needs{a: a, bySum: map[md5sum]*need{}}
		d.missing[a.ID] = of
	}
	n := of.bySum[sum]
	if n == nil {
		n = &need{sum: sum, from: from}
		of.bySum[sum] = n
	}
	n.entries = append(n.entries, *e)
	return nil
}

// digestOf reads the digest of a file that the server keeps.
func (c *Client) digestOf(e *ManifestEntry) (md5sum, error) {
	if alg := e.algorithm(); alg != algorithmMD5 {
		return md5sum{}, &Error{
			Kind:    KindUnsupported,
			Message: "its digest is a " + alg + ", which this program cannot check",
			Next:    "download it with the wandb package",
		}
	}
	sum, err := parseMD5(e.Digest)
	if err != nil {
		return sum, &Error{Kind: KindCorrupt, Message: "its digest in the manifest, " + err.Error(), Next: "log the version again"}
	}
	return sum, nil
}

// settled reports whether an entry is in place, after taking it out of the
// cache if it is there.
func (d *downloading) settled(ctx context.Context, e *ManifestEntry, sum md5sum) (bool, error) {
	there, err := d.inPlace(ctx, e, sum)
	if err != nil {
		return false, err
	}
	if there {
		d.count(e, func(r *Downloaded) { r.Unchanged++ })
		return true, nil
	}
	kept, err := d.fromCache(ctx, e, sum)
	if kept {
		d.count(e, func(r *Downloaded) { r.FromCache++ })
	}
	return kept, err
}

// fromCache places an entry that the cache has. One that the cache does not
// have, or has damaged, is for the server to give.
func (d *downloading) fromCache(ctx context.Context, e *ManifestEntry, sum md5sum) (bool, error) {
	if d.cache == nil {
		return false, nil
	}
	f, checked, err := d.cache.open(sum, e.Size)
	if err != nil {
		return false, nil
	}
	err = d.place(ctx, f, checked, e, sum)
	f.Close()
	if errors.Is(err, errDamaged) {
		d.cache.drop(sum)
		return false, nil
	}
	return err == nil, err
}

// count notes an entry that is in place.
func (d *downloading) count(e *ManifestEntry, how func(*Downloaded)) {
	d.mu.Lock()
	d.result.Files++
	d.result.Bytes += max(0, e.Size)
	how(d.result)
	d.mu.Unlock()
	d.meter.add(1, 0)
}

// inPlace reports whether the right file is in its place already.
func (d *downloading) inPlace(ctx context.Context, e *ManifestEntry, sum md5sum) (bool, error) {
	name, err := localName(e.Path)
	if err != nil {
		return false, err
	}
	root, near := d.at(name)
	info, err := root.Lstat(near)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		// A link to a right file inside of the folder is right too; any other
		// is replaced.
		if info, err = d.root.Stat(name); err != nil {
			return false, nil
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, inTheWay(err)
	case info.IsDir():
		return false, &Error{Kind: KindConflict, Message: "there is a folder of that name", Next: "move it away, or choose another folder"}
	case !info.Mode().IsRegular() || (e.Size >= 0 && info.Size() != e.Size):
		return false, nil
	}
	got, ok := d.known.digest(e.Path, stampOf(info))
	if !ok && d.cache.has(info, sum) { // a hard link: its inode changes with each further one
		got, ok = sum, true
	}
	if !ok {
		// By its whole path: a link may lead to another folder.
		f, err := d.root.Open(name)
		if err != nil {
			return false, inTheWay(err)
		}
		defer f.Close()
		if got, err = d.c.hashOpen(ctx, f, d.known, e.Path); err != nil {
			return false, err
		}
	}
	if got != sum {
		return false, nil
	}
	d.meter.add(0, info.Size())
	return true, nil
}

// fetchMissing fetches what could not be settled.
func (d *downloading) fetchMissing(ctx context.Context) error {
	for _, of := range d.missing {
		if err := d.fetchFrom(ctx, of); err != nil {
			return err
		}
	}
	return nil
}

// fetchFrom fetches what is missing of one version.
func (d *downloading) fetchFrom(ctx context.Context, of *needs) error {
	wanted := make(map[string]*need, len(of.bySum)) // by the path that is asked for
	for _, n := range of.bySum {
		wanted[n.from] = n
	}
	crew := newCrew(ctx, d.c.files.workers(d.o.Workers))
	together := len(wanted) > 1 && d.c.batches(ctx)
	var gathered batching[incomingFile]
	flush := func(files []incomingFile) bool {
		return len(files) == 0 || crew.run(func(ctx context.Context) error { return d.fetchBatch(ctx, of.a, files) })
	}
	err := d.c.fileURLs(crew.ctx, of.a, slices.Sorted(maps.Keys(wanted)), func(f wire.FileURL) bool {
		n := wanted[f.Name]
		if n == nil {
			return true
		}
		delete(wanted, f.Name)
		if size := n.entries[0].Size; together && size >= 0 && size <= batchFile && d.c.nearby(f.DirectURL) {
			return flush(gathered.add(incomingFile{n, f.DirectURL}, size))
		}
		return crew.run(func(ctx context.Context) error { return d.fetchNeed(ctx, of.a, n, f.DirectURL) })
	})
	if err != nil {
		crew.fail(err)
	}
	flush(gathered.take())
	if err := crew.wait(); err != nil {
		return err
	}
	for path := range wanted {
		// The wandb package passes over these without a word.
		return ofFile(path, &Error{
			Kind:    KindNotFound,
			Message: "the server knows no address of it" + others(len(wanted)-1),
			Next:    "the version is damaged on the server, or was deleted meanwhile",
		})
	}
	return nil
}

func others(n int) string {
	if n == 0 {
		return ""
	}
	return ", nor of " + plural(int64(n), "other")
}

// fetchNeed fetches content and puts it wherever it is wanted.
func (d *downloading) fetchNeed(ctx context.Context, a *Artifact, n *need, url string) error {
	e := &n.entries[0]
	if err := d.fetch(ctx, e, n.sum, d.c.fileSource(a, n.from, url)); err != nil {
		return ofFile(e.Path, err)
	}
	for i := range n.entries[1:] {
		e := &n.entries[1+i]
		if err := d.again(ctx, &n.entries[0], e, n.sum); err != nil {
			return ofFile(e.Path, err)
		}
	}
	return nil
}

// again puts the same content to a second place.
func (d *downloading) again(ctx context.Context, first, e *ManifestEntry, sum md5sum) error {
	if ok, err := d.settled(ctx, e, sum); ok || err != nil {
		return err
	}
	name, err := localName(first.Path)
	if err != nil {
		return err
	}
	f, err := d.root.Open(name)
	if err != nil {
		return inTheWay(err)
	}
	defer f.Close()
	if err := d.place(ctx, f, false, e, sum); err != nil {
		return err
	}
	d.count(e, func(r *Downloaded) { r.FromCache++ })
	return nil
}

// storedPartial is openPartial in a folder of the cache.
func (d *downloading) storedPartial(sum md5sum, size int64) (*partial, error) {
	store, err := d.store.open()
	if err != nil {
		return nil, err
	}
	dir, err := d.cache.partsFolder(store, sum, size)
	if err != nil {
		return nil, err
	}
	p, err := openPartial(store, dir, sum, size)
	if errors.Is(err, fs.ErrNotExist) { // somebody has emptied the cache
		if err = store.MkdirAll(dir, 0o777); err == nil {
			p, err = openPartial(store, dir, sum, size)
		}
	}
	return p, err
}

// fetch fetches one file to its place.
func (d *downloading) fetch(ctx context.Context, e *ManifestEntry, sum md5sum, src *source) error {
	name, err := localName(e.Path)
	if err != nil {
		return err
	}
	if err := d.folder(name); err != nil {
		return err
	}
	var p *partial
	if d.cache == nil {
		p, err = openPartial(d.root, filepath.Dir(name), sum, e.Size)
	} else {
		p, err = d.storedPartial(sum, e.Size)
	}
	if err != nil {
		return inTheWay(err)
	}
	keep := true
	defer func() { p.leave(keep) }()
	var out placedFile
	if d.cache != nil && e.Size >= largeFile && d.o.Place != PlaceLink {
		if out, err = d.newFollower(name, sum); err != nil {
			return inTheWay(err)
		}
		p.follow = &follower{out: out.File}
		defer func() {
			if p.follow != nil {
				out.discard()
			}
		}()
	}
	size, err := d.c.pullChecked(ctx, src, p, e.Size, sum, func(n int64) { d.meter.add(0, n) })
	if err != nil {
		keep = !errors.Is(err, ErrCorrupt)
		return err
	}
	if d.o.Durable {
		if err := p.f.Sync(); err != nil {
			return localFailure("", "", err)
		}
	}
	if d.cache != nil {
		if err := d.cache.keep(p.f, sum); err != nil {
			return localFailure("", "", err)
		}
		p.placed()
		if copying := p.follow; copying != nil {
			p.follow = nil
			d.meter.add(0, copying.copied-size) // complete counts the rest
			err = d.complete(ctx, out, p.f, copying.copied, true, e, sum)
		} else {
			d.meter.add(0, -size) // place counts them
			err = d.place(ctx, p.f, true, e, sum)
		}
		if err != nil {
			return err
		}
	} else {
		if err := d.root.Rename(p.name, name); err != nil {
			return inTheWay(err)
		}
		p.placed()
		d.learn(p.f, e.Path, sum)
	}
	d.count(e, func(r *Downloaded) {
		r.Fetched++
		r.FetchedBytes += size
	})
	return nil
}

// pullChecked brings a file's bytes into p and checks them. Bytes that are not
// right are fetched once more: what an interrupted transfer left can have been
// damaged since, and networks do err.
func (c *Client) pullChecked(ctx context.Context, src *source, p *partial, size int64, want md5sum, tick func(int64)) (int64, error) {
	for try := 1; ; try++ {
		got, n, err := c.pull(ctx, src, p, size, tick)
		if err != nil {
			return n, err
		}
		if got == want {
			return n, nil
		}
		tick(-n)
		if err := p.again(max(0, size)); err != nil {
			return 0, localFailure("", "", err)
		}
		if try == 2 {
			return 0, &Error{
				Kind:    KindCorrupt,
				Message: "what came has the digest " + got.String() + ", and the manifest says " + want.String() + "; nothing was kept",
				Next:    "the file is damaged on the server; report it to whoever runs it",
			}
		}
	}
}

// pull brings a file's bytes into p, over several connections if it is large.
func (c *Client) pull(ctx context.Context, src *source, p *partial, size int64, tick func(int64)) (md5sum, int64, error) {
	if size == 0 {
		return md5.Sum(nil), 0, nil
	}
	pulling := &pulling{src: src, f: p.f, size: size, tick: tick, follow: p.follow}
	if size >= largeFile {
		sum, err := pulling.parts(ctx, p.queue)
		if !errors.Is(err, errNoRanges) {
			return sum, size, err
		}
		tick(-p.queue.moved())
		p.begin(size, 0, partState{})
	}
	return pulling.whole(ctx)
}
