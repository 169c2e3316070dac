package artifacts

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// A RunPath names a run by the id in its URL.
type RunPath struct {
	Entity  string `json:"entity"`
	Project string `json:"project"`
	ID      string `json:"id"`
}

// String is "entity/project/id".
func (r RunPath) String() string { return join(r.Entity, r.Project, r.ID) }

// LoggedBy is the run that logged the version (W&B: ArtifactCreatedBy); nil if
// no run did, or none that this API key may see.
func (a *Artifact) LoggedBy(ctx context.Context) (*RunPath, error) {
	const op = "find the run that logged an artifact"
	got, lacks, err := wire.ArtifactCreatedBy(ctx, a.client.sender, wire.ID(a.ID))
	if err != nil {
		return nil, a.client.fail(ctx, op, a.QualifiedName(), err)
	}
	if lacks != wire.Nothing {
		return nil, a.gone(op, lacks)
	}
	if got == nil || got.Project == nil {
		return nil, nil
	}
	run := toRunPath(got)
	return &run, nil
}

// A Creator is who logged a version.
type Creator struct {
	// Run logged it; nil if no run did.
	Run *RunPath `json:"run,omitempty"`
	// RunName is the name that people gave the run, or else its id.
	RunName string `json:"runName,omitempty"`
	// Username is who started the run, or who logged the version without one; ""
	// where the server does not tell.
	Username string `json:"username,omitempty"`
}

// FindCreator asks who logged the version; nil if nobody did, or nobody of whom
// this API key may know.
func (a *Artifact) FindCreator(ctx context.Context) (*Creator, error) {
	const op = "find who logged an artifact"
	got, lacks, err := wire.ArtifactCreator(ctx, a.client.sender, wire.ID(a.ID))
	if err != nil {
		return nil, a.client.fail(ctx, op, a.QualifiedName(), err)
	}
	if lacks != wire.Nothing {
		return nil, a.gone(op, lacks)
	}
	return toCreator(got), nil
}

// UsedBy are all runs that used the version, as far as this API key may see
// them (W&B: ArtifactUsedBy). complete is false when the server gave only the
// first of them and has no way to ask for more. Users gives them page by page.
func (a *Artifact) UsedBy(ctx context.Context) (runs []RunPath, complete bool, err error) {
	c := a.client
	got, lacks, err := wire.ArtifactUsedBy(ctx, c.sender, wire.ID(a.ID))
	if err != nil {
		return nil, false, c.fail(ctx, opUsedBy, a.QualifiedName(), err)
	}
	if got == nil {
		return nil, false, a.gone(opUsedBy, lacks)
	}
	runs = toRunPaths(got.Edges)
	if !got.PageInfo.HasNextPage {
		return runs, true, nil
	}
	if text(got.PageInfo.EndCursor) == "" {
		return runs, false, nil
	}
	for run, err := range a.Users(&UsersOptions{PerPage: walkPerPage, After: *got.PageInfo.EndCursor}).All(ctx) {
		if errors.Is(err, ErrUnsupported) {
			return runs, false, nil
		}
		if err != nil {
			return nil, false, err
		}
		runs = append(runs, run)
	}
	return runs, true, nil
}

func (a *Artifact) gone(op string, lacks wire.Missing) error {
	return missing(op, lacks, wire.In{Entity: a.Entity, Project: a.Project}, "", a.Collection, a.Version)
}

// An ArtifactUse is what depends on one version of a collection.
type ArtifactUse struct {
	// ID, Version, State, Digest, Size and Aliases are those of Artifact.
	ID      string   `json:"id"`
	Version string   `json:"version"`
	State   State    `json:"state"`
	Digest  string   `json:"digest"`
	Size    int64    `json:"size"` // bytes
	Aliases []string `json:"aliases"`
	// UsedBy are the runs that used the version. UsedByComplete is false when
	// the server gave only the first of them.
	UsedBy         []RunPath `json:"usedBy"`
	UsedByComplete bool      `json:"usedByComplete"`
	// Elsewhere are the other collections that hold the version, as
	// "entity/project/collection:v<N>" with its number there.
	Elsewhere []string `json:"elsewhere"`
}

// UsesOptions say which part of the list to give. nil means all.
type UsesOptions struct {
	PerPage int    // items per request; 0 means DefaultPerPage
	After   string // cursor to continue behind
}

// ArtifactUses are what depends on the versions of a collection, newest version
// first: the runs that used them, and the other collections that hold them.
type ArtifactUses struct {
	*Pager[*ArtifactUse]
	collection *ArtifactCollection
}

// Uses lists what depends on the versions of the collection, all states
// included. One page is one request, which W&B's own client does not make: a
// server may refuse it (KindInvalid, KindUnsupported), and Artifact.UsedBy then
// tells it version by version.
func (a *ArtifactCollection) Uses(opts *UsesOptions) *ArtifactUses {
	if opts == nil {
		opts = &UsesOptions{}
	}
	l := &ArtifactUses{collection: a}
	l.Pager = newPager(list[*ArtifactUse]{
		op: "list what uses the versions of an artifact collection", path: a.Path(), fetch: l.fetch,
	}, opts.PerPage, opts.After)
	return l
}

func (l *ArtifactUses) fetch(ctx context.Context, after string, perPage int) ([]*ArtifactUse, PageInfo, error) {
	a := l.collection
	c := a.client
	in, err := c.in(ctx, a.Entity(), a.Project())
	if err != nil {
		return nil, PageInfo{}, err
	}
	a.mu.Lock()
	of := wire.Collection{In: in, Type: a.typeName, Name: a.name}
	a.mu.Unlock()
	got, lacks, err := wire.ArtifactUses(ctx, c.sender, of, wire.Page{First: perPage, After: after})
	if err != nil {
		return nil, PageInfo{}, c.fail(ctx, l.op, l.path, err)
	}
	if got == nil {
		return nil, PageInfo{}, missing(l.op, lacks, in, of.Type, of.Name, "")
	}
	items := make([]*ArtifactUse, 0, len(got.Artifacts.Edges))
	for _, e := range got.Artifacts.Edges {
		if e.Node == nil {
			continue
		}
		items = append(items, toUse(e.Node, e.Version, got.ID))
	}
	return items, toPageInfo(got.Artifacts.PageInfo, nil), nil
}

// FindUses finds what depends on versions, in their order, a hundred with one
// request. nil stands for those that are not there any more. Aliases and
// Elsewhere are as seen from where each was looked up.
func (c *Client) FindUses(ctx context.Context, versions []*Artifact) ([]*ArtifactUse, error) {
	const op = "find what uses artifacts"
	out := make([]*ArtifactUse, 0, len(versions))
	for chunk := range slices.Chunk(versions, wire.MaxBatch) {
		ids := make([]wire.ID, len(chunk))
		for i, a := range chunk {
			ids[i] = wire.ID(a.ID)
		}
		got, err := wire.UsesOfArtifacts(ctx, c.sender, ids)
		if err != nil {
			return nil, c.fail(ctx, op, "", err)
		}
		for i, w := range got {
			if w == nil {
				out = append(out, nil)
				continue
			}
			out = append(out, toUse(w, chunk[i].Version, collectionOf(w, chunk[i])))
		}
	}
	return out, nil
}

// collectionOf is the id of the collection that a version was looked up in.
func collectionOf(w *wire.VersionUse, a *Artifact) wire.ID {
	if w.ArtifactMemberships == nil {
		return ""
	}
	for _, e := range w.ArtifactMemberships.Edges {
		if e.Node == nil || e.Node.ArtifactCollection == nil {
			continue
		}
		place := e.Node.ArtifactCollection
		if entity, project := within(place); entity == a.Entity && project == a.Project && place.Name == a.Collection {
			return place.ID
		}
	}
	return ""
}

// toUse makes what depends on a version, seen in a collection.
func toUse(w *wire.VersionUse, version string, here wire.ID) *ArtifactUse {
	u := &ArtifactUse{
		ID:      string(w.ID),
		Version: version,
		State:   State(w.State),
		Digest:  w.Digest,
		Size:    w.Size,
		Aliases: aliasesIn(here, w.Aliases),
		UsedBy:  []RunPath{},
	}
	if w.UsedBy != nil {
		u.UsedBy, u.UsedByComplete = toRunPaths(w.UsedBy.Edges), !w.UsedBy.PageInfo.HasNextPage
	}
	u.Elsewhere = elsewhere(w, here)
	return u
}

// elsewhere are a version's places in collections other than one.
func elsewhere(u *wire.VersionUse, here wire.ID) []string {
	out := []string{}
	if u.ArtifactMemberships == nil {
		return out
	}
	for _, e := range u.ArtifactMemberships.Edges {
		if e.Node == nil || e.Node.ArtifactCollection == nil || e.Node.ArtifactCollection.ID == here {
			continue
		}
		place := e.Node.ArtifactCollection
		entity, project := within(place)
		name := join(entity, project, place.Name)
		if i := e.Node.VersionIndex; i != nil {
			name += ":v" + strconv.Itoa(*i)
		}
		out = append(out, name)
	}
	return out
}

func toRunPath(r *wire.RunPlace) RunPath {
	return RunPath{Entity: r.Project.Entity.Name, Project: r.Project.Name, ID: r.Name}
}

func toRunPaths(edges []wire.Edge[wire.RunPlace]) []RunPath {
	runs := make([]RunPath, 0, len(edges))
	for _, e := range edges {
		if e.Node != nil && e.Node.Project != nil { // otherwise not for this viewer
			runs = append(runs, toRunPath(e.Node))
		}
	}
	return runs
}
