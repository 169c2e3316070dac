package artifacts

import (
	"context"
	"errors"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// A Lookup is what became of one name.
type Lookup struct {
	// Path is the name that was asked for.
	Path string
	// Artifact is the version, nil if Err says why there is none.
	Artifact *Artifact
	Err      error
}

// FindArtifacts finds many versions by their names or ids, as Artifact does,
// with one request for 100 of them (W&B: ArtifactMembershipByName, ArtifactByID,
// many times in one operation). The answers are in the order of the names; one
// that is not there is no error of the others.
func (c *Client) FindArtifacts(ctx context.Context, paths []string) ([]Lookup, error) {
	out := make([]Lookup, len(paths))
	var names []wire.VersionName
	var ids []wire.ID
	var named, identified []int // where in out they belong
	for i, path := range paths {
		out[i].Path = path
		if isArtifactID(path) {
			ids, identified = append(ids, wire.ID(path)), append(identified, i)
			continue
		}
		p, err := c.versionPath(ctx, path)
		if err != nil {
			if errors.Is(err, ErrNotFound) || errors.Is(err, ErrInvalid) { // as of an organization that is not there
				out[i].Err = err
				continue
			}
			return nil, err
		}
		names = append(names, wire.VersionName{In: wire.In{Entity: p.Entity, Project: p.Project}, Name: p.Name()})
		named = append(named, i)
	}
	for from := 0; from < len(names); from += wire.MaxBatch {
		to := min(from+wire.MaxBatch, len(names))
		if err := c.findNamed(ctx, names[from:to], named[from:to], out); err != nil {
			return nil, err
		}
	}
	for from := 0; from < len(ids); from += wire.MaxBatch {
		to := min(from+wire.MaxBatch, len(ids))
		if err := c.findIdentified(ctx, ids[from:to], identified[from:to], out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const opFind = "find artifacts"

// findNamed finds versions by name and puts them where they belong.
func (c *Client) findNamed(ctx context.Context, names []wire.VersionName, at []int, out []Lookup) error {
	found, err := wire.MembershipsByName(ctx, c.sender, names)
	if err != nil {
		return c.fail(ctx, opFind, "", err)
	}
	for i, f := range found {
		l := &out[at[i]]
		if f.Membership == nil {
			named, _ := ParsePath(names[i].Name) // it was put together from one
			l.Err = missing("get artifact", f.Missing, names[i].In, "", named.Collection, named.Alias)
			continue
		}
		a, err := c.fromMembership(f.Membership)
		l.Artifact, l.Err = a, located("get artifact", l.Path, err)
	}
	return nil
}

// findIdentified finds versions by id and puts them where they belong.
func (c *Client) findIdentified(ctx context.Context, ids []wire.ID, at []int, out []Lookup) error {
	found, err := wire.ArtifactsByID(ctx, c.sender, ids)
	if err != nil {
		return c.fail(ctx, opFind, "", err)
	}
	for i, f := range found {
		l := &out[at[i]]
		if f == nil {
			l.Err = noSuchID("get artifact", l.Path)
			continue
		}
		a, err := c.atHome(f)
		l.Artifact, l.Err = a, located("get artifact", l.Path, err)
	}
	return nil
}
