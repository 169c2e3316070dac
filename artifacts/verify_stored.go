package artifacts

import (
	"context"
	"crypto/md5"
	"errors"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// VerifyStored fetches every file of the version from the server, past all
// caches, and compares its digest with the manifest's; it keeps none of them.
// Contents that several files have are fetched once. In the result Root is ""
// and Extra empty, and Missing are files that the server knows no address of.
// Differences are no error, as in Verify; o.Within says nothing.
func (a *Artifact) VerifyStored(ctx context.Context, o *VerifyOptions) (*Verification, error) {
	const op = "verify the files of an artifact on the server"
	if err := a.check(op); err != nil {
		return nil, err
	}
	if o == nil {
		o = &VerifyOptions{}
	}
	m, err := a.Manifest(ctx)
	if err != nil {
		return nil, err
	}
	s := &storedCheck{
		a: a, v: &Verification{Missing: []string{}, Changed: []string{}, Extra: []string{}, Unchecked: []string{}},
		meter: newMeter(o.Progress, PhaseVerify, m.Len(), m.Size()),
	}
	if err := s.all(ctx, m, o); err != nil {
		return nil, located(op, a.QualifiedName(), err)
	}
	s.meter.end()
	for _, list := range [][]string{s.v.Missing, s.v.Changed, s.v.Unchecked} {
		slices.Sort(list)
	}
	return s.v, nil
}

// A storedCheck compares what the server keeps of a version with its manifest.
type storedCheck struct {
	a     *Artifact
	meter *meter

	mu sync.Mutex
	v  *Verification
}

func (s *storedCheck) all(ctx context.Context, m *Manifest, o *VerifyOptions) error {
	c := s.a.client
	bySum := map[md5sum][]ManifestEntry{}
	wanted := map[string]md5sum{} // by the path that is asked for
	for e := range m.All() {
		sum, err := c.digestOf(e)
		if e.IsReference() || err != nil {
			s.v.Unchecked = append(s.v.Unchecked, e.Path)
			s.meter.add(1, max(0, e.Size))
			continue
		}
		if bySum[sum] == nil {
			wanted[e.Path] = sum
		}
		bySum[sum] = append(bySum[sum], *e)
	}
	if len(wanted) == 0 {
		return nil
	}
	crew := newCrew(ctx, c.files.workers(o.Workers))
	err := c.fileURLs(crew.ctx, s.a, slices.Sorted(maps.Keys(wanted)), func(f wire.FileURL) bool {
		sum, ok := wanted[f.Name]
		if !ok {
			return true
		}
		delete(wanted, f.Name)
		return crew.run(func(ctx context.Context) error { return s.content(ctx, bySum[sum], sum, f.DirectURL) })
	})
	if err != nil {
		crew.fail(err)
	}
	if err := crew.wait(); err != nil {
		return err
	}
	for _, sum := range wanted {
		s.judge(bySum[sum], &s.v.Missing)
	}
	return nil
}

// content fetches what some entries have in common. url can be "".
func (s *storedCheck) content(ctx context.Context, entries []ManifestEntry, sum md5sum, url string) error {
	e := entries[0]
	f := &RemoteFile{
		ctx: ctx, c: s.a.client, op: "read a file of an artifact", path: s.a.QualifiedName() + "/" + e.Path, entry: e,
		src: s.a.client.fileSource(s.a, e.Path, url), sum: md5.New(), want: sum, known: true,
	}
	defer f.Close()
	_, err := io.Copy(io.Discard, &metered{f, s.meter})
	switch {
	case err == nil:
		s.judge(entries, nil)
	case errors.Is(err, ErrCorrupt):
		s.judge(entries, &s.v.Changed)
	case errors.Is(err, ErrNotFound):
		s.judge(entries, &s.v.Missing)
	default:
		return ofFile(e.Path, err)
	}
	return nil
}

// judge puts entries where they belong: into list, or among those that are right.
func (s *storedCheck) judge(entries []ManifestEntry, list *[]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range entries {
		s.meter.add(1, 0)
		if i > 0 {
			s.meter.add(0, max(0, entries[i].Size))
		}
		if list != nil {
			*list = append(*list, entries[i].Path)
			continue
		}
		s.v.Files++
		s.v.Bytes += max(0, entries[i].Size)
	}
}

// A metered reader counts what is read.
type metered struct {
	r     io.Reader
	meter *meter
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.meter.add(0, int64(n))
	return n, err
}
