package graph

import (
	"context"
	"strconv"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/transfer"
)

// An Artifact is one version of a sequence.
type Artifact struct {
	rq    *request
	a     *metadata.Artifact // one of its group's versions
	group *artifactGroup
}

// An artifactGroup is the versions of one answer. What is known of a version in
// other tables is loaded for all of them together.
type artifactGroup struct {
	rq        *request
	versions  []metadata.Artifact
	sequences *collectionGroup
	aliases   lazy[aliasesOf]
	tags      loader[int64, []metadata.Tag]
	members   loader[int64, []metadata.Membership]
	places    lazy[map[int64]*transfer.Place]
	runs      loader[int64, metadata.Run]
	users     loader[int64, metadata.User]
	uses      loader[int64, []metadata.Tally]
}

// An ArtifactConnection is a page of versions.
type ArtifactConnection struct {
	connection
	Edges []*ArtifactEdge
}

// A VersionedArtifactConnection is a page of the versions of one collection.
type VersionedArtifactConnection struct {
	connection
	Edges []*VersionedArtifactEdge
}

func (rq *request) newArtifacts(versions []metadata.Artifact) []*Artifact {
	g := &artifactGroup{rq: rq, versions: versions}
	g.sequences = rq.collectionGroup(g.each(func(a *metadata.Artifact) int64 { return a.SequenceID }))
	all, out := make([]Artifact, len(versions)), make([]*Artifact, len(versions))
	for i := range versions {
		all[i] = Artifact{rq: rq, a: &versions[i], group: g}
		out[i] = &all[i]
	}
	return out
}

func (rq *request) newArtifact(a metadata.Artifact) *Artifact {
	return rq.newArtifacts([]metadata.Artifact{a})[0]
}

func (g *artifactGroup) each(f func(*metadata.Artifact) int64) []int64 {
	ids := make([]int64, len(g.versions))
	for i := range g.versions {
		ids[i] = f(&g.versions[i])
	}
	return unique(ids)
}

func (g *artifactGroup) ids() []int64 {
	return g.each(func(a *metadata.Artifact) int64 { return a.ID })
}

func versionName(index int) string { return "v" + strconv.Itoa(index) }

func (a *Artifact) ID() string           { return artifactID.globalID(a.a.ID) }
func (a *Artifact) Description() *string { return a.a.Description }
func (a *Artifact) Metadata() *string    { return a.a.Metadata }
func (a *Artifact) HistoryStep() *int64  { return a.a.HistoryStep }
func (a *Artifact) Size() int64          { return a.a.Size }
func (a *Artifact) Digest() string       { return a.a.Digest }
func (a *Artifact) FileCount() int64     { return int64(a.a.FileCount) }
func (a *Artifact) CreatedAt() time.Time { return a.a.CreatedAt }
func (a *Artifact) UpdatedAt() *time.Time {
	return timeOrNull(a.a.UpdatedAt)
}

func (a *Artifact) DigestAlgorithm() ArtifactDigestAlgorithm {
	return ArtifactDigestAlgorithmManifestMD5
}

func (a *Artifact) State() ArtifactState { return ArtifactState(a.a.State) }

// CommitHash names what was committed. Clients insist on one for a committed
// version; where the metadata has none, the digest of the contents is it.
func (a *Artifact) CommitHash() *string {
	if a.a.CommitHash == "" && a.a.State != metadata.Pending {
		return &a.a.Digest
	}
	return textOrNull(a.a.CommitHash)
}

// VersionIndex is null while the version is pending.
func (a *Artifact) VersionIndex() *int64 {
	if a.a.VersionIndex == nil {
		return nil
	}
	n := int64(*a.a.VersionIndex)
	return &n
}

// TTLDurationSeconds is the entity's where the version has none of its own, and
// -1 where that has none either.
func (a *Artifact) TTLDurationSeconds() int64 {
	switch {
	case a.a.TTLDurationSeconds != nil:
		return *a.a.TTLDurationSeconds
	case a.a.EntityTTLSeconds != nil:
		return *a.a.EntityTTLSeconds
	}
	return -1
}

// TTLIsInherited says whether the version has no time to live of its own.
func (a *Artifact) TTLIsInherited() bool { return a.a.TTLDurationSeconds == nil }

// ArtifactSequence is the collection that the version was logged to.
func (a *Artifact) ArtifactSequence() *ArtifactSequence {
	v := a.a
	return &ArtifactSequence{a.group.sequences.ref(metadata.Collection{
		ID: v.SequenceID, Name: v.Sequence, Kind: metadata.Sequence,
		ProjectID: v.ProjectID, Project: v.Project, EntityID: v.EntityID, Entity: v.Entity,
		TypeID: v.TypeID, Type: v.Type,
	})}
}

// ArtifactType is the version's type.
func (a *Artifact) ArtifactType() *ArtifactType {
	v := a.a
	return &ArtifactType{p: a.rq.projectRef(v.ProjectID, v.Project, v.EntityID, v.Entity), id: v.TypeID, name: v.Type}
}

// Tags are in the order of their names.
func (a *Artifact) Tags(ctx context.Context) ([]*Tag, error) {
	tags, err := a.group.tags.of(ctx, a.a.ID, a.group.ids, a.rq.store.ArtifactTags)
	return newTags(tags), err
}

// Aliases are those in all collections that the viewer may see.
func (a *Artifact) Aliases(ctx context.Context) ([]*ArtifactAlias, error) {
	all, err := a.group.loadAliases(ctx)
	if err != nil {
		return nil, err
	}
	out := []*ArtifactAlias{}
	for _, alias := range all.of[a.a.ID] {
		ok, err := a.rq.viewer.MayRead(ctx, alias.EntityID, alias.ProjectID)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, all.node(alias))
		}
	}
	return out, nil
}

func (g *artifactGroup) memberships(ctx context.Context, id int64) ([]metadata.Membership, error) {
	return g.members.of(ctx, id, g.ids, g.rq.store.MembershipsOf)
}

// place is one that lets the viewer fetch the version's files: nil for none.
func (a *Artifact) place(ctx context.Context) (*transfer.Place, error) {
	all, err := a.group.places.get(func() (map[int64]*transfer.Place, error) {
		return a.rq.fetchable(ctx, a.group.versions)
	})
	return all[a.a.ID], err
}

// ArtifactMemberships are the collections that hold the version: all of them,
// unless first says how many to give.
func (a *Artifact) ArtifactMemberships(ctx context.Context, first *int64, after *string) (*ArtifactCollectionMembershipConnection, error) {
	if first != nil && *first < 0 {
		return nil, fail(metadata.KindInvalid, "first is %d: a page cannot have fewer than 0 items", *first)
	}
	all, err := a.group.memberships(ctx, a.a.ID)
	if err != nil {
		return nil, err
	}
	out := &ArtifactCollectionMembershipConnection{PageInfo: &PageInfo{EndCursor: after}, Edges: []*ArtifactCollectionMembershipEdge{}}
	behind := after == nil || *after == ""
	for _, m := range all {
		node := &ArtifactCollectionMembership{rq: a.rq, m: m, artifact: a}
		id := node.ID()
		if !behind {
			// What the cursor names is skipped with what is before it.
			behind = id == *after
			continue
		}
		ok, err := a.rq.viewer.MayRead(ctx, m.EntityID, m.ProjectID)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if first != nil && int64(len(out.Edges)) == *first {
			out.PageInfo.HasNextPage = true
			return out, nil
		}
		out.Edges = append(out.Edges, &ArtifactCollectionMembershipEdge{Node: node})
		out.PageInfo.EndCursor = &id
	}
	if !behind {
		return nil, fail(metadata.KindInvalid, "the cursor %q is none of this list", *after)
	}
	return out, nil
}

// CreatedBy is the run that logged the version, or else the user who did.
func (a *Artifact) CreatedBy(ctx context.Context) (ArtifactCreator, error) {
	switch {
	case a.a.RunID != nil:
		ids := func() []int64 {
			return a.group.each(func(a *metadata.Artifact) int64 { return numberOf(a.RunID) })
		}
		r, err := a.group.runs.of(ctx, *a.a.RunID, ids, func(ctx context.Context, ids []int64) (map[int64]metadata.Run, error) {
			list, err := a.rq.store.RunsByID(ctx, ids)
			return byID(list, err, func(r metadata.Run) int64 { return r.ID })
		})
		if err != nil || r.ID == 0 {
			return nil, err
		}
		if ok, err := a.rq.viewer.MayRead(ctx, r.EntityID, r.ProjectID); err != nil || !ok {
			return nil, err
		}
		return a.rq.newRun(r), nil
	case a.a.UserID != nil:
		ids := func() []int64 {
			return a.group.each(func(a *metadata.Artifact) int64 { return numberOf(a.UserID) })
		}
		u, err := a.group.users.of(ctx, *a.a.UserID, ids, func(ctx context.Context, ids []int64) (map[int64]metadata.User, error) {
			list, err := a.rq.store.UsersByID(ctx, ids)
			return byID(list, err, func(u metadata.User) int64 { return u.ID })
		})
		if err != nil || u.ID == 0 {
			return nil, err
		}
		return &User{rq: a.rq, u: u}, nil
	}
	return nil, nil
}

func numberOf(p *int64) int64 {
	if p == nil {
		return 0
	}
	return *p
}

// UsedBy lists the runs that used the version. Runs that the viewer may not
// see are left out, so that a page can be shorter than it could be.
func (a *Artifact) UsedBy(ctx context.Context, first *int64, after *string) (*RunConnection, error) {
	out := &RunConnection{Edges: []*RunEdge{}}
	var err error
	out.connection, err = fetch(ctx, pageArgs{first: first, after: after},
		func(ctx context.Context, page metadata.Page) (metadata.Connection[metadata.Run], error) {
			return a.rq.store.UsedBy(ctx, a.a.ID, page)
		},
		func(ctx context.Context, _ *metadata.Filter) (int, error) {
			list, err := a.group.uses.of(ctx, a.a.ID, a.group.ids, a.rq.store.CountUsedBy)
			if err != nil {
				return 0, err
			}
			n, _, err := a.rq.visibleOf(ctx, list)
			return n, err
		},
		out.add(ctx, a.rq))
	return out, err
}

// An ArtifactCreator is a *Run or a *User.
type ArtifactCreator interface{ IsArtifactCreator() }

func (*Run) IsArtifactCreator()  {}
func (*User) IsArtifactCreator() {}

// Artifact finds a version by its id.
func (query) Artifact(ctx context.Context, id string) (*Artifact, error) {
	rq := requestOf(ctx)
	a, err := rq.artifactToRead(ctx, id)
	return orNull(rq.newArtifact(a), err)
}

// ClientIDMapping resolves an id that a client made up.
func (query) ClientIDMapping(ctx context.Context, clientID string) (*ClientIDMapping, error) {
	rq := requestOf(ctx)
	a, err := rq.store.ArtifactByClientID(ctx, clientID)
	if err == nil {
		err = rq.artifactVisible(ctx, a, clientID)
	}
	return orNull(&ClientIDMapping{ServerID: artifactID.globalID(a.ID)}, err)
}
