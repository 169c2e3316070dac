package graph

import (
	"context"
	"strings"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// A Project is a place for runs and artifacts. Where it came with something
// else, only names and ids are known until more is asked for.
type Project struct {
	rq       *request
	id       int64
	name     string
	entityID int64
	entity   string
	more     lazy[metadata.Project]
}

// projectRef is a project of which only names and ids are known.
func (rq *request) projectRef(id int64, name string, entityID int64, entity string) *Project {
	return &Project{rq: rq, id: id, name: name, entityID: entityID, entity: entity}
}

func (rq *request) newProject(p metadata.Project) *Project {
	out := rq.projectRef(p.ID, p.Name, p.EntityID, p.Entity)
	out.more.set(p)
	return out
}

func (rq *request) projectOrNull(ctx context.Context, entity, name string) (*Project, error) {
	p, err := rq.project(ctx, entity, name)
	return orNull(rq.newProject(p), err)
}

// ifVisible is the project, or nil where the viewer may not see it: the sequence
// of a version that is seen through a portfolio is in such a project.
func (p *Project) ifVisible(ctx context.Context) (*Project, error) {
	ok, err := p.rq.viewer.MayRead(ctx, p.entityID, p.id)
	if err != nil || !ok {
		return nil, err
	}
	return p, nil
}

func (p *Project) load(ctx context.Context) (metadata.Project, error) {
	return p.more.get(func() (metadata.Project, error) { return p.rq.store.ProjectByID(ctx, p.id) })
}

func (p *Project) ID() string         { return projectID.globalID(p.id) }
func (p *Project) InternalID() string { return projectInternalID.globalID(p.id) }
func (p *Project) Name() string       { return p.name }
func (p *Project) EntityName() string { return p.entity }

// Entity owns the project.
func (p *Project) Entity() *Entity { return &Entity{rq: p.rq, id: p.entityID, name: p.entity} }

func (p *Project) Description(ctx context.Context) (*string, error) {
	m, err := p.load(ctx)
	if m.Described {
		return &m.Description, err
	}
	return textOrNull(m.Description), err
}

func (p *Project) CreatedAt(ctx context.Context) (time.Time, error) {
	m, err := p.load(ctx)
	return m.CreatedAt, err
}

func (p *Project) UpdatedAt(ctx context.Context) (*time.Time, error) {
	m, err := p.load(ctx)
	return timeOrNull(m.UpdatedAt), err
}

// User is who made the project, which is not kept.
func (p *Project) User() *User { return nil }

// IsBenchmark tells the public benchmarks of W&B's own site, which has them.
func (p *Project) IsBenchmark() bool { return false }

// ReadOnly says whether the viewer may not change the project.
func (p *Project) ReadOnly(ctx context.Context) (bool, error) {
	ok, err := p.rq.viewer.MayWrite(ctx, p.entityID, p.id)
	return !ok, err
}

// Run finds a run of the project.
func (p *Project) Run(ctx context.Context, name string) (*Run, error) {
	r, err := p.rq.store.Run(ctx, p.id, name)
	return orNull(p.rq.newRun(r), err)
}

// Bucket is the older name of Run.
func (p *Project) Bucket(ctx context.Context, name string, missingOk *bool) (*Run, error) {
	return p.Run(ctx, name)
}

// Runs lists the project's runs.
func (p *Project) Runs(ctx context.Context, first *int64, after, filters, order *string) (*RunConnection, error) {
	out := &RunConnection{Edges: []*RunEdge{}}
	var err error
	out.connection, err = fetch(ctx, pageArgs{first, after, filters, order},
		func(ctx context.Context, page metadata.Page) (metadata.Connection[metadata.Run], error) {
			return p.rq.store.ListRuns(ctx, p.id, page)
		},
		func(ctx context.Context, f *metadata.Filter) (int, error) { return p.rq.store.CountRuns(ctx, p.id, f) },
		out.add(ctx, p.rq))
	return out, err
}

// RunCount counts the project's runs.
func (p *Project) RunCount(ctx context.Context, filters *string) (int64, error) {
	f, err := metadata.ParseFilter(textOf(filters))
	if err != nil {
		return 0, err
	}
	n, err := p.rq.store.CountRuns(ctx, p.id, f)
	return int64(n), err
}

// ArtifactTypes lists the project's artifact types. Registries also have types
// that nothing was saved under; projects do not, so that includeAll changes nothing.
func (p *Project) ArtifactTypes(ctx context.Context, first *int64, after *string, includeAll *bool) (*ArtifactTypeConnection, error) {
	out := &ArtifactTypeConnection{Edges: []*ArtifactTypeEdge{}}
	var err error
	out.connection, err = fetch(ctx, pageArgs{first: first, after: after},
		func(ctx context.Context, page metadata.Page) (metadata.Connection[metadata.ArtifactType], error) {
			return p.rq.store.ListTypes(ctx, p.id, page)
		},
		func(ctx context.Context, _ *metadata.Filter) (int, error) { return p.rq.store.CountTypes(ctx, p.id) },
		func(edges []metadata.Edge[metadata.ArtifactType]) error {
			for _, e := range edges {
				out.Edges = append(out.Edges, &ArtifactTypeEdge{Cursor: e.Cursor, Node: p.newType(e.Node)})
			}
			return nil
		})
	return out, err
}

// ArtifactType finds an artifact type of the project.
func (p *Project) ArtifactType(ctx context.Context, name string) (*ArtifactType, error) {
	t, err := p.rq.store.Type(ctx, p.id, name)
	return orNull(p.newType(t), err)
}

// ArtifactCollections lists the project's collections of all types.
func (p *Project) ArtifactCollections(ctx context.Context, first *int64, after, filters, order *string) (*ArtifactCollectionConnection, error) {
	return p.collections(ctx, "", pageArgs{first, after, filters, order})
}

// ArtifactCollection finds a collection of the project, of any type.
func (p *Project) ArtifactCollection(ctx context.Context, name string) (ArtifactCollection, error) {
	c, err := p.rq.store.Collection(ctx, p.id, "", name)
	return p.rq.collectionOrNull(c, err)
}

// ArtifactCollectionMembership finds a version by collection:alias.
func (p *Project) ArtifactCollectionMembership(ctx context.Context, name string) (*ArtifactCollectionMembership, error) {
	m, err := p.member(ctx, name)
	return orNull(p.rq.newMembership(m), err)
}

// Artifact finds a version by collection:alias.
func (p *Project) Artifact(ctx context.Context, name string) (*Artifact, error) {
	m, err := p.member(ctx, name)
	return orNull(p.rq.newArtifact(m.Artifact), err)
}

func (p *Project) member(ctx context.Context, name string) (metadata.Membership, error) {
	collection, alias, ok := strings.Cut(name, ":")
	if !ok {
		alias = "latest"
	}
	// A portfolio may hold a version of an entity that the viewer is no member
	// of: whoever may see the portfolio may see what it holds.
	return p.rq.store.MembershipByName(ctx, p.id, collection, alias)
}

// Project finds a project that the viewer may see.
func (query) Project(ctx context.Context, name, entityName *string) (*Project, error) {
	return requestOf(ctx).projectOrNull(ctx, textOf(entityName), textOf(name))
}

// Models lists the projects of an entity.
func (query) Models(ctx context.Context, entityName *string, first *int64, after *string) (*ProjectConnection, error) {
	rq := requestOf(ctx)
	e, err := rq.store.Entity(ctx, rq.entityName(textOf(entityName)))
	if err == nil {
		err = rq.known(ctx, e)
	}
	if err != nil {
		return orNull[ProjectConnection](nil, err)
	}
	out := &ProjectConnection{Edges: []*ProjectEdge{}}
	con, err := fetch(ctx, pageArgs{first: first, after: after},
		func(ctx context.Context, page metadata.Page) (metadata.Connection[metadata.Project], error) {
			scope, err := rq.viewer.Scope(ctx, e.ID)
			if err != nil {
				return metadata.Connection[metadata.Project]{}, err
			}
			return rq.store.ListRegistryProjects(ctx, scope, page)
		}, nil,
		func(edges []metadata.Edge[metadata.Project]) error {
			for _, e := range edges {
				out.Edges = append(out.Edges, &ProjectEdge{Cursor: e.Cursor, Node: rq.newProject(e.Node)})
			}
			return nil
		})
	out.PageInfo = con.PageInfo()
	return out, err
}

// Model is the older name of Project.
func (q query) Model(ctx context.Context, name, entityName *string) (*Project, error) {
	return q.Project(ctx, name, entityName)
}
