package graph

import (
	"context"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// An ArtifactType is a kind of artifact in a project. Where it came with
// something else, only its id and name are known until more is asked for.
type ArtifactType struct {
	p    *Project
	id   int64
	name string
	more lazy[metadata.ArtifactType]
}

// An ArtifactTypeConnection is a page of types.
type ArtifactTypeConnection struct {
	connection
	Edges []*ArtifactTypeEdge
}

func (p *Project) newType(t metadata.ArtifactType) *ArtifactType {
	out := &ArtifactType{p: p, id: t.ID, name: t.Name}
	out.more.set(t)
	return out
}

func (t *ArtifactType) load(ctx context.Context) (metadata.ArtifactType, error) {
	return t.more.get(func() (metadata.ArtifactType, error) { return t.p.rq.store.Type(ctx, t.p.id, t.name) })
}

func (t *ArtifactType) ID() string   { return artifactTypeID.globalID(t.id) }
func (t *ArtifactType) Name() string { return t.name }

// Project is where the type is: null where the viewer may not see that.
func (t *ArtifactType) Project(ctx context.Context) (*Project, error) { return t.p.ifVisible(ctx) }

func (t *ArtifactType) Description(ctx context.Context) (*string, error) {
	if p, err := t.Project(ctx); err != nil || p == nil {
		return nil, err
	}
	m, err := t.load(ctx)
	return textOrNull(m.Description), err
}

func (t *ArtifactType) CreatedAt(ctx context.Context) (time.Time, error) {
	m, err := t.load(ctx)
	return m.CreatedAt, err
}

// ArtifactCollections lists the project's collections of this type.
func (t *ArtifactType) ArtifactCollections(ctx context.Context, first *int64, after, filters, order *string) (*ArtifactCollectionConnection, error) {
	return t.p.collections(ctx, t.name, pageArgs{first, after, filters, order})
}

// ArtifactCollection finds a collection of this type.
func (t *ArtifactType) ArtifactCollection(ctx context.Context, name string) (ArtifactCollection, error) {
	if p, err := t.Project(ctx); err != nil || p == nil {
		return nil, err
	}
	c, err := t.p.rq.store.Collection(ctx, t.p.id, t.name, name)
	return t.p.rq.collectionOrNull(c, err)
}
