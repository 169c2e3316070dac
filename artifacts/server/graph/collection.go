package graph

import (
	"context"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// An ArtifactCollection is an *ArtifactSequence or an *ArtifactPortfolio.
type ArtifactCollection interface{ IsArtifactCollection() }

// An ArtifactSequence holds the versions logged under its name.
type ArtifactSequence struct{ *collection }

// An ArtifactPortfolio holds links to versions of sequences.
type ArtifactPortfolio struct{ *collection }

func (*ArtifactSequence) IsArtifactCollection()  {}
func (*ArtifactPortfolio) IsArtifactCollection() {}

// An ArtifactCollectionConnection is a page of collections.
type ArtifactCollectionConnection struct {
	connection
	Edges []*ArtifactCollectionEdge
}

// A collection is what sequences and portfolios share. Where it came with
// something else, only names, ids and its kind are known until more is asked
// for.
type collection struct {
	rq      *request
	known   metadata.Collection
	partial bool
	group   *collectionGroup
}

// A collectionGroup is the collections of one answer.
type collectionGroup struct {
	rq   *request
	ids  []int64
	full loader[int64, metadata.Collection]
	tags loader[int64, []metadata.Tag]
}

func (rq *request) collectionGroup(ids []int64) *collectionGroup {
	return &collectionGroup{rq: rq, ids: unique(ids)}
}

func (g *collectionGroup) whole(c metadata.Collection) ArtifactCollection {
	return (&collection{rq: g.rq, known: c, group: g}).node()
}

// ref is a collection of which only names, ids and the kind are known.
func (g *collectionGroup) ref(c metadata.Collection) *collection {
	return &collection{rq: g.rq, known: c, partial: true, group: g}
}

func (c *collection) node() ArtifactCollection {
	if c.known.Kind == metadata.Portfolio {
		return &ArtifactPortfolio{c}
	}
	return &ArtifactSequence{c}
}

func (rq *request) newCollection(c metadata.Collection) ArtifactCollection {
	return rq.collectionGroup([]int64{c.ID}).whole(c)
}

// collectionOrNull answers null for a collection that is not there. (A typed
// nil in an interface would not be null.)
func (rq *request) collectionOrNull(c metadata.Collection, err error) (ArtifactCollection, error) {
	if metadata.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return rq.newCollection(c), nil
}

func (p *Project) collections(ctx context.Context, typeName string, a pageArgs) (*ArtifactCollectionConnection, error) {
	out := &ArtifactCollectionConnection{Edges: []*ArtifactCollectionEdge{}}
	if visible, err := p.ifVisible(ctx); err != nil || visible == nil {
		out.connection = nothing()
		return out, err
	}
	var err error
	out.connection, err = fetch(ctx, a,
		func(ctx context.Context, page metadata.Page) (metadata.Connection[metadata.Collection], error) {
			return p.rq.store.ListCollections(ctx, p.id, typeName, page)
		},
		func(ctx context.Context, f *metadata.Filter) (int, error) {
			return p.rq.store.CountCollections(ctx, p.id, typeName, f)
		},
		func(edges []metadata.Edge[metadata.Collection]) error {
			ids := make([]int64, len(edges))
			for i, e := range edges {
				ids[i] = e.Node.ID
			}
			group := p.rq.collectionGroup(ids)
			for _, e := range edges {
				out.Edges = append(out.Edges, &ArtifactCollectionEdge{Cursor: e.Cursor, Node: group.whole(e.Node)})
			}
			return nil
		})
	return out, err
}

func (c *collection) load(ctx context.Context) (metadata.Collection, error) {
	if !c.partial {
		return c.known, nil
	}
	return c.group.full.of(ctx, c.known.ID, func() []int64 { return c.group.ids },
		func(ctx context.Context, ids []int64) (map[int64]metadata.Collection, error) {
			list, err := c.rq.store.CollectionsByID(ctx, ids)
			return byID(list, err, func(c metadata.Collection) int64 { return c.ID })
		})
}

func (c *collection) ID() string   { return collectionID.globalID(c.known.ID) }
func (c *collection) Name() string { return c.known.Name }

// place is where the collection is, whether the viewer may see that or not.
func (c *collection) place() *Project {
	k := c.known
	return c.rq.projectRef(k.ProjectID, k.Project, k.EntityID, k.Entity)
}

// Project is where the collection is: null where the viewer may not see that.
func (c *collection) Project(ctx context.Context) (*Project, error) { return c.place().ifVisible(ctx) }

// hidden reports whether the viewer may not look into the collection: only the
// name is told of the sequence of a version that is seen through a portfolio.
func (c *collection) hidden(ctx context.Context) (bool, error) {
	ok, err := c.rq.viewer.MayRead(ctx, c.known.EntityID, c.known.ProjectID)
	return !ok, err
}

func (c *collection) Description(ctx context.Context) (*string, error) {
	if hidden, err := c.hidden(ctx); err != nil || hidden {
		return nil, err
	}
	m, err := c.load(ctx)
	return m.Description, err
}

func (c *collection) State(ctx context.Context) (ArtifactCollectionState, error) {
	m, err := c.load(ctx)
	if m.State == metadata.Deleted {
		return ArtifactCollectionStateDeleted, err
	}
	return ArtifactCollectionStateReady, err
}

func (c *collection) CreatedAt(ctx context.Context) (time.Time, error) {
	m, err := c.load(ctx)
	return m.CreatedAt, err
}

func (c *collection) UpdatedAt(ctx context.Context) (*time.Time, error) {
	m, err := c.load(ctx)
	return timeOrNull(m.UpdatedAt), err
}

// DefaultArtifactType is the type of the collection's versions.
func (c *collection) DefaultArtifactType(ctx context.Context) (*ArtifactType, error) {
	m, err := c.load(ctx)
	return &ArtifactType{p: c.place(), id: m.TypeID, name: m.Type}, err
}

// Tags are in the order of their names.
func (c *collection) Tags(ctx context.Context) (*TagConnection, error) {
	if hidden, err := c.hidden(ctx); err != nil || hidden {
		return &TagConnection{Edges: []*TagEdge{}}, err
	}
	tags, err := c.group.tags.of(ctx, c.known.ID, func() []int64 { return c.group.ids }, c.rq.store.CollectionTags)
	if err != nil {
		return nil, err
	}
	out := &TagConnection{Edges: make([]*TagEdge, len(tags))}
	for i, t := range tags {
		out.Edges[i] = &TagEdge{Node: &Tag{t}}
	}
	return out, nil
}

// Aliases lists the aliases in this collection.
func (c *collection) Aliases(ctx context.Context, first *int64, after *string) (*ArtifactAliasConnection, error) {
	out := &ArtifactAliasConnection{PageInfo: &PageInfo{}, Edges: []*ArtifactAliasEdge{}}
	if hidden, err := c.hidden(ctx); err != nil || hidden {
		return out, err
	}
	con, err := fetch(ctx, pageArgs{first: first, after: after},
		func(ctx context.Context, page metadata.Page) (metadata.Connection[metadata.Alias], error) {
			return c.rq.store.ListAliases(ctx, c.known.ID, page)
		}, nil,
		func(edges []metadata.Edge[metadata.Alias]) error {
			for _, e := range edges {
				out.Edges = append(out.Edges, &ArtifactAliasEdge{Cursor: e.Cursor, Node: &ArtifactAlias{a: e.Node, c: c}})
			}
			return nil
		})
	out.PageInfo = con.PageInfo()
	return out, err
}

// Artifacts lists the versions in this collection.
func (c *collection) Artifacts(ctx context.Context, first *int64, after, filters, order *string) (*VersionedArtifactConnection, error) {
	out := &VersionedArtifactConnection{Edges: []*VersionedArtifactEdge{}}
	if hidden, err := c.hidden(ctx); err != nil || hidden {
		out.connection = nothing()
		return out, err
	}
	var err error
	out.connection, err = fetch(ctx, pageArgs{first, after, filters, order},
		func(ctx context.Context, page metadata.Page) (metadata.Connection[metadata.Membership], error) {
			return c.rq.store.ListMemberships(ctx, c.known.ID, page)
		},
		func(ctx context.Context, f *metadata.Filter) (int, error) {
			return c.rq.store.CountMemberships(ctx, c.known.ID, f)
		},
		func(edges []metadata.Edge[metadata.Membership]) error {
			versions := make([]metadata.Artifact, len(edges))
			for i := range edges {
				versions[i] = edges[i].Node.Artifact
			}
			all := make([]VersionedArtifactEdge, len(edges))
			out.Edges = make([]*VersionedArtifactEdge, len(edges))
			for i, a := range c.rq.newArtifacts(versions) {
				all[i] = VersionedArtifactEdge{Cursor: edges[i].Cursor, Version: versionName(edges[i].Node.VersionIndex), Node: a}
				out.Edges[i] = &all[i]
			}
			return nil
		})
	return out, err
}

// ArtifactMembership finds a version of this collection by alias or v<N>.
func (c *collection) ArtifactMembership(ctx context.Context, aliasName string) (*ArtifactCollectionMembership, error) {
	if hidden, err := c.hidden(ctx); err != nil || hidden {
		return nil, err
	}
	m, err := c.rq.store.Membership(ctx, c.known.ID, aliasName)
	return orNull(c.rq.newMembership(m), err)
}

// LatestArtifact is the newest committed version.
func (s *ArtifactSequence) LatestArtifact(ctx context.Context) (*Artifact, error) {
	if hidden, err := s.hidden(ctx); err != nil || hidden {
		return nil, err
	}
	a, err := s.rq.store.LatestArtifact(ctx, s.known.ID)
	return orNull(s.rq.newArtifact(a), err)
}

// DigestAlgorithm is how the versions' digests are made.
func (s *ArtifactSequence) DigestAlgorithm() ArtifactDigestAlgorithm {
	return ArtifactDigestAlgorithmManifestMD5
}

// ArtifactCollection finds a collection by its id.
func (query) ArtifactCollection(ctx context.Context, id string) (ArtifactCollection, error) {
	rq := requestOf(ctx)
	n, err := collectionID.number(id)
	if err != nil {
		return nil, err
	}
	c, err := rq.store.CollectionByID(ctx, n)
	if err == nil {
		err = rq.visible(ctx, c.EntityID, c.ProjectID, "collection "+id)
	}
	return rq.collectionOrNull(c, err)
}
