package artifacts

import (
	"cmp"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// firstBatch and batch are how many files the server is asked about at once.
// The first answer is to come soon, so that there is something to send while
// the next is on its way; W&B's servers take 2,000.
const (
	firstBatch = 100
	batch      = 1000
)

// sent counts what was sent.
type sent struct {
	mu     sync.Mutex
	files  int
	bytes  int64
	places map[string]bool // where the server keeps what was sent
}

// claim reports whether bytes for a place are to be sent: equal files can have
// one place.
func (s *sent) claim(place *string) bool {
	if place == nil || *place == "" {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.places == nil {
		s.places = map[string]bool{}
	}
	first := !s.places[*place]
	s.places[*place] = true
	return first
}

// send sends the files that the server does not have, and notes in the entries
// which versions brought them.
func (l *logging) send(ctx context.Context) error {
	if len(l.p.files) == 0 {
		return nil
	}
	var todo []*ManifestEntry
	var size int64
	for i := range l.p.entries {
		if e := &l.p.entries[i]; l.p.files[e.Path] != nil {
			todo = append(todo, e)
			size += e.Size
		}
	}
	meter := newMeter(l.o.Progress, PhaseUpload, len(todo), size)
	crew := newCrew(ctx, l.c.files.workers(l.o.Workers))
	type asked struct {
		entries []*ManifestEntry
		answers []wire.Edge[wire.FileUpload]
		err     error
	}
	ahead := make(chan asked, 1)
	waiting := false
	ask := func(n int) {
		if len(todo) == 0 {
			waiting = false
			return
		}
		chunk := todo[:min(n, len(todo))]
		todo = todo[len(chunk):]
		waiting = true
		go func() {
			answers, err := l.ask(crew.ctx, chunk)
			ahead <- asked{chunk, answers, err}
		}()
	}
	together := len(todo) > 1 && l.c.batches(ctx)
	var gathered batching[outgoingFile]
	flush := func(files []outgoingFile) bool {
		return len(files) == 0 || crew.run(func(ctx context.Context) error { return l.sendBatch(ctx, files, meter) })
	}
	for ask(firstBatch); waiting; {
		got := <-ahead
		if got.err != nil {
			crew.fail(got.err)
			break
		}
		ask(batch)
		for i, e := range got.entries {
			node := got.answers[i].Node
			e.BirthArtifactID = string(node.Artifact.ID)
			f := l.p.files[e.Path]
			if node.UploadURL == nil || !l.sent.claim(node.StoragePath) {
				meter.add(1, e.Size)
				continue
			}
			if o := (outgoingFile{e, f, node}); together && l.batchable(o) {
				if !flush(gathered.add(o, e.Size)) {
					break
				}
				continue
			}
			if !crew.run(func(ctx context.Context) error { return ofFile(e.Path, l.sendFile(ctx, e, f, node, meter)) }) {
				break
			}
		}
		if crew.ctx.Err() != nil {
			if waiting {
				<-ahead
			}
			break
		}
	}
	flush(gathered.take())
	if err := crew.wait(); err != nil {
		return err
	}
	meter.end()
	return nil
}

// ask asks where to put files.
func (l *logging) ask(ctx context.Context, entries []*ManifestEntry) ([]wire.Edge[wire.FileUpload], error) {
	in := wire.CreateArtifactFilesInput{StorageLayout: wire.StorageLayoutV2}
	for _, e := range entries {
		spec := wire.CreateArtifactFileSpecInput{ArtifactID: l.id, Name: e.Path, MD5: e.Digest}
		if l.manifest != "" {
			spec.ArtifactManifestID = &l.manifest
		}
		f := l.p.files[e.Path]
		if err := l.needParts(ctx, f); err != nil {
			return nil, ofFile(e.Path, err)
		}
		for i, sum := range f.parts {
			spec.UploadPartsInput = append(spec.UploadPartsInput, wire.UploadPartsInput{PartNumber: int64(i + 1), HexMD5: sum.hex()})
		}
		in.ArtifactFiles = append(in.ArtifactFiles, spec)
	}
	answers, err := wire.CreateArtifactFiles(ctx, l.c.sender, in)
	if err != nil {
		return nil, l.c.fail(ctx, "", "", err)
	}
	// They belong together by their order alone.
	if len(answers) != len(entries) {
		return nil, corrupt("the server was asked where to put %d files and answered for %d", len(entries), len(answers))
	}
	for i, a := range answers {
		if a.Node == nil || a.Node.Artifact == nil || a.Node.Artifact.ID == "" {
			return nil, corrupt("the server did not say where to put the file %q", entries[i].Path)
		}
	}
	return answers, nil
}

// needParts hashes the parts of a large file whose digest was known without
// reading it.
func (l *logging) needParts(ctx context.Context, f *hashedFile) error {
	if f.stamp.size < l.c.files.multipartFrom || f.parts != nil {
		return nil
	}
	file, err := f.src.open()
	if err != nil {
		return localFailure("", "", err)
	}
	defer file.Close()
	sum := f.sum
	if err := l.c.hashBytes(ctx, file, f, newMeter(nil, PhaseHash, 0, 0)); err != nil {
		return err
	}
	if f.sum != sum {
		return changedFile(f.src)
	}
	return nil
}

// errLateParts is an upload in parts whose addresses have expired: new ones
// belong to a new upload, and all parts with them.
var errLateParts = errors.New("the addresses of the parts have expired")

// sendFile sends one file, in parts if the server says so.
func (l *logging) sendFile(ctx context.Context, e *ManifestEntry, f *hashedFile, node *wire.FileUpload, m *meter) error {
	file, err := f.open()
	if err != nil {
		return err
	}
	defer file.Close()
	renew := func(ctx context.Context) error {
		again, err := l.ask(ctx, []*ManifestEntry{e})
		if err == nil {
			node = again[0].Node
		}
		return err
	}
	for try := 1; ; try++ {
		_, seekable := file.(io.ReaderAt)
		if node.UploadMultipartURLs != nil && len(f.parts) > 0 && seekable {
			err = l.sendParts(ctx, e, f, file.(io.ReaderAt), node, m)
		} else {
			err = l.sendWhole(ctx, f, file, func() *wire.FileUpload { return node }, renew, m)
		}
		if !errors.Is(err, errLateParts) || try == maxFresh {
			break
		}
		if err := renew(ctx); err != nil {
			return err
		}
		if node.UploadURL == nil { // somebody else has sent it meanwhile
			err = nil
			break
		}
	}
	// Whatever went wrong, or seems to have gone well: bytes of a file that
	// changed are not those that were hashed.
	if changed := f.unchanged(file); changed != nil {
		return changed
	}
	if err != nil {
		return err
	}
	l.sentFile(ctx, e, f, node, m)
	return nil
}

// sentFile notes that the server has a file.
func (l *logging) sentFile(ctx context.Context, e *ManifestEntry, f *hashedFile, node *wire.FileUpload, m *meter) {
	e.BirthArtifactID = string(node.Artifact.ID)
	l.sent.mu.Lock()
	l.sent.files++
	l.sent.bytes += e.Size
	l.sent.mu.Unlock()
	m.add(1, 0)
	if l.o.FillCache {
		l.c.fillCache(ctx, f)
	}
}

// open opens a file that is still what it was when it was hashed.
func (f *hashedFile) open() (fs.File, error) {
	file, err := f.src.open()
	if err != nil {
		return nil, localFailure("", "", err)
	}
	if err := f.unchanged(file); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

func (f *hashedFile) unchanged(file fs.File) error {
	info, err := file.Stat()
	if err != nil {
		return localFailure("", "", err)
	}
	if stampOf(info) != f.stamp {
		return changedFile(f.src)
	}
	return nil
}

// sendWhole sends a file with one request.
func (l *logging) sendWhole(
	ctx context.Context, f *hashedFile, file fs.File,
	node func() *wire.FileUpload, renew func(context.Context) error, m *meter,
) error {
	first := true
	return l.c.persist(ctx, func(ctx context.Context) (int64, *setback) {
		if node().UploadURL == nil {
			return 0, nil
		}
		if !first {
			again, err := f.open()
			if err != nil {
				return 0, local(err)
			}
			defer again.Close()
			file = again
		}
		first = false
		up := node().Upload
		var body io.Reader = file
		var sum hash.Hash
		if !hasHeader(up.UploadHeaders, "Content-MD5") { // otherwise the server checks
			sum = md5.New()
			body = io.TeeReader(file, sum)
		}
		var n int64
		_, bad := l.c.put(ctx, *up.UploadURL, up.UploadHeaders, body, f.stamp.size, func(k int64) {
			n += k
			m.add(0, k)
		})
		if bad == nil && sum != nil && md5sum(sum.Sum(nil)) != f.sum {
			bad = local(changedFile(f.src))
		}
		if bad != nil {
			m.add(0, -n)
		}
		return 0, bad
	}, renew)
}

func hasHeader(headers []string, name string) bool {
	return slices.ContainsFunc(headers, func(h string) bool {
		have, _, _ := strings.Cut(h, ":")
		return strings.EqualFold(strings.TrimSpace(have), name)
	})
}

// sendParts sends a large file in parts, several at once, and has the server
// join them.
func (l *logging) sendParts(ctx context.Context, e *ManifestEntry, f *hashedFile, file io.ReaderAt, node *wire.FileUpload, m *meter) error {
	urls := slices.Clone(node.UploadMultipartURLs.UploadURLParts)
	if len(urls) != len(f.parts) || node.StoragePath == nil {
		return corrupt("the server was asked where to put %d parts and answered for %d", len(f.parts), len(urls))
	}
	size := l.c.files.partSize(f.stamp.size)
	done := make([]wire.UploadPartsInput, len(urls))
	var moved atomic.Int64
	tick := func(n int64) {
		moved.Add(n)
		m.add(0, n)
	}
	crew := newCrew(ctx, l.c.files.Streams)
	for _, u := range urls {
		i := int(u.PartNumber) - 1
		if i < 0 || i >= len(done) || done[i].PartNumber != 0 {
			crew.fail(corrupt("the server named part %d of %d, or named it twice", u.PartNumber, len(urls)))
			break
		}
		done[i].PartNumber = u.PartNumber
		if !crew.run(func(ctx context.Context) error {
			from := int64(i) * size
			part := io.NewSectionReader(file, from, min(size, f.stamp.size-from))
			tag, err := l.sendPart(ctx, part, f.parts[i], u.UploadURL, node.UploadHeaders, tick)
			done[i].HexMD5 = tag
			return err
		}) {
			break
		}
	}
	err := crew.wait()
	if err == nil {
		err = wire.CompleteMultipart(ctx, l.c.sender, wire.CompleteMultipartUploadArtifactInput{
			CompleteMultipartAction: wire.CompleteParts,
			CompletedParts:          done,
			ArtifactID:              node.Artifact.ID,
			StoragePath:             *node.StoragePath,
			UploadID:                node.UploadMultipartURLs.UploadID,
		})
		if err != nil {
			err = l.c.fail(ctx, "", "", err)
		}
	}
	if err != nil {
		m.add(0, -moved.Load())
	}
	return err
}

// sendPart sends one part and returns the tag that the server gave it.
func (l *logging) sendPart(ctx context.Context, part *io.SectionReader, sum md5sum, url string, headers []string, tick func(int64)) (string, error) {
	own := []string{"Content-MD5: " + sum.String()}
	for _, h := range headers {
		if name, _, _ := strings.Cut(h, ":"); strings.EqualFold(strings.TrimSpace(name), "Content-Type") {
			own = append(own, h)
		}
	}
	var tag string
	err := l.c.persist(ctx, func(ctx context.Context) (int64, *setback) {
		if _, err := part.Seek(0, io.SeekStart); err != nil {
			return 0, local(err)
		}
		var n int64
		header, bad := l.c.put(ctx, url, own, part, part.Size(), func(k int64) {
			n += k
			tick(k)
		})
		if bad == nil {
			// As it came, with its quotes: the server wants it back like that.
			if tag = header.Get("ETag"); tag == "" {
				bad = &setback{Error: *corrupt("a part was stored and has no ETag")}
			}
		}
		if bad != nil {
			tick(-n)
		}
		return 0, bad
	}, func(context.Context) error { return errLateParts })
	return tag, err
}

// fillCache copies a file that was sent into the cache. That it cannot is no
// failure of logging.
func (c *Client) fillCache(ctx context.Context, f *hashedFile) {
	if c.files.cache == nil {
		return
	}
	if kept, checked, err := c.files.cache.open(f.sum, f.stamp.size); err == nil {
		kept.Close()
		if checked {
			return
		}
	}
	out, err := c.files.cache.temp()
	if err != nil {
		return
	}
	defer out.Close()
	in, err := f.open()
	if err != nil {
		os.Remove(out.Name())
		return
	}
	defer in.Close()
	// The file was hashed, sent and did not change between the two; it is
	// looked at once more behind the copy.
	_, err = io.Copy(out, in)
	if cmp.Or(err, f.unchanged(in)) != nil || c.files.cache.keep(out, f.sum) != nil {
		os.Remove(out.Name())
		c.log.LogAttrs(ctx, levelWarn, "a file that was sent is not in the cache", errAttr(&Error{Message: fmt.Sprint(err)}))
	}
}
