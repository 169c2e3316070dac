package artifacts

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"sync"
)

// VerifyOptions say how to check a folder. nil means the defaults.
type VerifyOptions struct {
	Workers  int            // files read at once; 0 means FileConfig.Workers
	Within   *os.Root       // where the folder has to be, as in DownloadOptions
	Progress func(Progress) // as in DownloadOptions
}

// A Verification says how a folder differs from a version.
type Verification struct {
	Root  string `json:"root"`
	Files int    `json:"files"` // that are right
	Bytes int64  `json:"bytes"` // of these
	// Missing, Changed and Extra are paths: not there, with other bytes than the
	// manifest says, and not in the manifest.
	Missing []string `json:"missing"`
	Changed []string `json:"changed"`
	Extra   []string `json:"extra"`
	// Unchecked are files whose bytes the manifest does not tell: references,
	// and digests of kinds that this program cannot make.
	Unchecked []string `json:"unchecked"`
}

// OK reports whether the folder holds the version and nothing else.
func (v *Verification) OK() bool {
	return len(v.Missing) == 0 && len(v.Changed) == 0 && len(v.Extra) == 0
}

// Verify reads every file of the version in a folder and compares its digest
// with the manifest's. Differences are no error: see Verification. It needs no
// connection if the manifest was read before (see Manifest).
func (a *Artifact) Verify(ctx context.Context, root string, o *VerifyOptions) (*Verification, error) {
	const op = "verify an artifact"
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
	v, err := a.client.verify(ctx, m, root, o)
	if err != nil {
		return nil, located(op, a.QualifiedName(), err)
	}
	return v, nil
}

func (c *Client) verify(ctx context.Context, m *Manifest, dir string, o *VerifyOptions) (*Verification, error) {
	root, dir, err := openFolder(o.Within, dir, false)
	if err != nil {
		return nil, inTheWay(err)
	}
	defer root.Close()
	v := &Verification{Root: dir, Missing: []string{}, Changed: []string{}, Extra: []string{}, Unchecked: []string{}}
	known := c.files.cache.folder(dir)
	meter := newMeter(o.Progress, PhaseVerify, m.Len(), m.Size())
	var mu sync.Mutex
	crew := newCrew(ctx, c.files.workers(o.Workers))
	for e := range m.All() {
		if !crew.run(func(ctx context.Context) error {
			size, list, err := c.verifyFile(ctx, root, e, v, known)
			if err != nil {
				return ofFile(e.Path, err)
			}
			meter.add(1, size)
			mu.Lock()
			defer mu.Unlock()
			if list == nil {
				v.Files++
				v.Bytes += size
			} else {
				*list = append(*list, e.Path)
			}
			return nil
		}) {
			break
		}
	}
	if err := crew.wait(); err != nil {
		return nil, err
	}
	meter.end()
	if err := known.flush(); err != nil {
		c.log.LogAttrs(ctx, levelWarn, "digests of files cannot be remembered", errAttr(&Error{Message: err.Error()}))
	}
	err = fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if _, ok := m.Entry(path); !ok {
			v.Extra = append(v.Extra, path)
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, localFailure("", "", err)
	}
	for _, list := range [][]string{v.Missing, v.Changed, v.Unchecked} {
		slices.Sort(list)
	}
	return v, nil
}

// verifyFile checks one file. list is where its path belongs, nil if it is right.
func (c *Client) verifyFile(ctx context.Context, root *os.Root, e *ManifestEntry, v *Verification, known *ledger) (size int64, list *[]string, err error) {
	name, err := localName(e.Path)
	if err != nil {
		return 0, nil, err
	}
	f, err := root.Open(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, &v.Missing, nil
	case err != nil:
		return 0, nil, inTheWay(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, nil, inTheWay(err)
	}
	want, err := c.digestOf(e)
	if e.IsReference() || err != nil {
		return info.Size(), &v.Unchecked, nil
	}
	if !info.Mode().IsRegular() || (e.Size >= 0 && info.Size() != e.Size) {
		return info.Size(), &v.Changed, nil
	}
	got, err := c.hashOpen(ctx, f, known, e.Path)
	if err != nil {
		return 0, nil, err
	}
	if got != want {
		return info.Size(), &v.Changed, nil
	}
	return info.Size(), nil, nil
}
