package artifacts

import (
	"context"

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

// FindArtifacts finds many versions by their names, as Artifact does, with one
// request for 100 of them (W&B: ArtifactMembershipByName, many times in one
// operation). The answers are in the order of the names; one that is not there
// is no error of the others.
func (c *Client) FindArtifacts(ctx context.Context, paths []string) ([]Lookup, error) {
	const op = "find artifacts"
	out := make([]Lookup, len(paths))
	var names []wire.VersionName
	var at []int // where in out they belong
	flush := func() error {
		if len(names) == 0 {
			return nil
		}
		found, err := wire.MembershipsByName(ctx, c.sender, names)
		if err != nil {
			return c.fail(ctx, op, "", err)
		}
		for i, f := range found {
			l := &out[at[i]]
			if f.Membership == nil {
				p := Path{Entity: names[i].Entity, Project: names[i].Project}
				named, _ := ParsePath(names[i].Name) // it was put together from one
				p.Collection, p.Alias = named.Collection, named.Alias
				l.Err = missing("get artifact", f.Missing, names[i].In, "", p.Collection, p.Alias)
				continue
			}
			a, err := c.fromMembership(f.Membership)
			l.Artifact, l.Err = a, located("get artifact", l.Path, err)
		}
		names, at = names[:0], at[:0]
		return nil
	}
	for i, path := range paths {
		out[i].Path = path
		if isArtifactID(path) {
			out[i].Artifact, out[i].Err = c.ArtifactByID(ctx, path)
			continue
		}
		p, err := ParsePath(path)
		if err != nil {
			out[i].Err = err
			continue
		}
		if p.Alias == "" {
			p.Alias = "latest"
		}
		if p, err = c.Resolve(ctx, p); err != nil {
			return nil, err
		}
		names = append(names, wire.VersionName{In: wire.In{Entity: p.Entity, Project: p.Project}, Name: p.Name()})
		at = append(at, i)
		if len(names) == wire.MaxBatch {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	return out, flush()
}
