package graph

import (
	"context"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// An ArtifactDeletion is one act of deleting.
type ArtifactDeletion struct {
	d    metadata.Deletion
	told bool // the viewer learns who and why
}

func (d *ArtifactDeletion) ID() string                   { return deletionID.globalID(d.d.ID) }
func (d *ArtifactDeletion) Kind() ArtifactDeletionKind   { return ArtifactDeletionKind(d.d.Kind) }
func (d *ArtifactDeletion) Cause() ArtifactDeletionCause { return ArtifactDeletionCause(d.d.Cause) }
func (d *ArtifactDeletion) EntityName() string           { return d.d.Entity }
func (d *ArtifactDeletion) ProjectName() string          { return d.d.Project }
func (d *ArtifactDeletion) CollectionName() string       { return d.d.Collection }
func (d *ArtifactDeletion) TypeName() string             { return d.d.Type }
func (d *ArtifactDeletion) VersionIndex() *int64         { return indexOrNull(d.d.VersionIndex) }
func (d *ArtifactDeletion) Digest() *string              { return textOrNull(d.d.Digest) }
func (d *ArtifactDeletion) VersionCount() int64          { return int64(d.d.Versions) }
func (d *ArtifactDeletion) Size() int64                  { return d.d.Size }
func (d *ArtifactDeletion) Username() *string            { return toldOnly(d.told, d.d.Username) }
func (d *ArtifactDeletion) Actor() *ActorKind            { return actorOrNull(d.d.Actor) }
func (d *ArtifactDeletion) Reason() *string              { return toldOnly(d.told, d.d.Reason) }
func (d *ArtifactDeletion) DeletedAt() time.Time         { return d.d.DeletedAt }
func (d *ArtifactDeletion) RestoredAt() *time.Time       { return d.d.RestoredAt }
func (d *ArtifactDeletion) CollectedAt() *time.Time      { return d.d.CollectedAt }

// ArtifactID is null for a collection.
func (d *ArtifactDeletion) ArtifactID() *string {
	if d.d.ArtifactID == 0 {
		return nil
	}
	id := artifactID.globalID(d.d.ArtifactID)
	return &id
}

func actorOrNull(k metadata.ActorKind) *ActorKind {
	if k == "" {
		return nil
	}
	kind := ActorKind(k)
	return &kind
}

func indexOrNull(n *int) *int64 {
	if n == nil {
		return nil
	}
	i := int64(*n)
	return &i
}

// An ArtifactDeletionConnection is a page of deletions.
type ArtifactDeletionConnection struct {
	connection
	Edges []*ArtifactDeletionEdge
}

// ArtifactDeletions lists what was deleted in the project and can be restored.
func (p *Project) ArtifactDeletions(ctx context.Context, first *int64, after, filters *string) (*ArtifactDeletionConnection, error) {
	out := &ArtifactDeletionConnection{Edges: []*ArtifactDeletionEdge{}}
	told, err := p.rq.tellsWho(ctx, p.entityID)
	if err != nil {
		return nil, err
	}
	out.connection, err = fetch(ctx, pageArgs{first: first, after: after, filters: filters},
		func(ctx context.Context, page metadata.Page) (metadata.Connection[metadata.Deletion], error) {
			return p.rq.store.ListDeletions(ctx, p.id, page)
		},
		func(ctx context.Context, f *metadata.Filter) (int, error) {
			return p.rq.store.CountDeletions(ctx, p.id, f)
		},
		func(edges []metadata.Edge[metadata.Deletion]) error {
			for _, e := range edges {
				out.Edges = append(out.Edges, &ArtifactDeletionEdge{Cursor: e.Cursor, Node: &ArtifactDeletion{e.Node, told}})
			}
			return nil
		})
	return out, err
}

// deletion finds a deletion that the viewer may see: KindNotFound otherwise.
func (rq *request) deletion(ctx context.Context, id string) (metadata.Deletion, error) {
	n, err := deletionID.number(id)
	if err != nil {
		return metadata.Deletion{}, err
	}
	d, err := rq.store.DeletionByID(ctx, n)
	if err == nil && d.Kind == metadata.UploadDeletion {
		err = fail(metadata.KindNotFound, "deletion %s not found", id)
	}
	if err != nil {
		return d, err
	}
	return d, rq.visible(ctx, d.EntityID, d.ProjectID, "deletion "+id)
}

// ArtifactDeletion finds a deletion by its id.
func (query) ArtifactDeletion(ctx context.Context, id string) (*ArtifactDeletion, error) {
	rq := requestOf(ctx)
	d, err := rq.deletion(ctx, id)
	if err != nil {
		return orNull[ArtifactDeletion](nil, err)
	}
	told, err := rq.tellsWho(ctx, d.EntityID)
	return &ArtifactDeletion{d, told}, err
}

// RestoreArtifactDeletion undoes a deletion.
func (mutation) RestoreArtifactDeletion(ctx context.Context, in RestoreArtifactDeletionInput) (*RestoreArtifactDeletionPayload, error) {
	rq := requestOf(ctx)
	d, err := rq.deletion(ctx, in.DeletionID)
	if err != nil {
		return nil, err
	}
	if err := rq.mayWrite(ctx, d.EntityID, d.ProjectID, "artifacts of entity '"+d.Entity+"'", "deletion "+in.DeletionID); err != nil {
		return nil, err
	}
	// Before anything changes: an error afterwards would look like a refusal.
	told, err := rq.tellsWho(ctx, d.EntityID)
	if err != nil {
		return nil, err
	}
	got, err := rq.store.Restore(ctx, metadata.Restore{DeletionID: d.ID, Name: textOf(in.Name)})
	if err != nil {
		return nil, err
	}
	return &RestoreArtifactDeletionPayload{
		Deletion: &ArtifactDeletion{got.Deletion, told}, VersionCount: int64(got.Versions),
		Aliases: append([]string{}, got.Aliases...), Kept: append([]string{}, got.Kept...), ClientMutationID: in.ClientMutationID,
	}, nil
}

// maxFreed bounds the versions of one question for the bytes that they hold.
const maxFreed = 100_000

// ArtifactBytesFreed says how many bytes deleting versions would free. Only
// administrators of the registry learn so what other entities hold: to others,
// a smaller number would tell that somebody else has the same bytes.
func (query) ArtifactBytesFreed(ctx context.Context, ids []string) (*int64, error) {
	rq := requestOf(ctx)
	if len(ids) > maxFreed {
		return nil, fail(metadata.KindInvalid, "%d versions are asked about at once; at most %d are answered", len(ids), maxFreed)
	}
	numbers := make([]int64, len(ids))
	for i, id := range ids {
		n, err := artifactID.number(id)
		if err != nil {
			return nil, err
		}
		numbers[i] = n
	}
	list, err := rq.store.ArtifactsByID(ctx, unique(numbers))
	if err != nil {
		return nil, err
	}
	var versions, entities []int64
	for _, a := range list {
		ok, err := rq.viewer.MayRead(ctx, a.EntityID, a.ProjectID)
		if err != nil {
			return nil, err
		}
		if ok {
			versions, entities = append(versions, a.ID), append(entities, a.EntityID)
		}
	}
	if len(versions) < len(unique(numbers)) {
		return nil, nil // as if they were not there
	}
	entities = append([]int64{}, unique(entities)...)
	if rq.viewer.User.Admin {
		entities = nil
	}
	n, err := rq.store.Freed(ctx, versions, entities)
	return &n, err
}

// ArtifactTTLDurationSeconds is what versions of the entity inherit.
func (e *Entity) ArtifactTTLDurationSeconds(ctx context.Context) (*int64, error) {
	m, err := e.load(ctx)
	return m.TTLSeconds, err
}

// UpdateEntityArtifactTTL sets the time to live that versions of an entity inherit.
func (mutation) UpdateEntityArtifactTTL(ctx context.Context, in UpdateEntityArtifactTTLInput) (*UpdateEntityArtifactTTLPayload, error) {
	rq := requestOf(ctx)
	e, err := rq.entityToManage(ctx, in.EntityName, "set the time to live of the versions of")
	if err != nil {
		return nil, err
	}
	e, err = rq.store.SetEntityTTL(ctx, e.ID, in.TTLDurationSeconds)
	if err != nil {
		return nil, err
	}
	return &UpdateEntityArtifactTTLPayload{Entity: rq.entity(e), ClientMutationID: in.ClientMutationID}, nil
}

// entityToManage finds an entity that the viewer administers.
func (rq *request) entityToManage(ctx context.Context, name, doing string) (metadata.Entity, error) {
	e, err := rq.store.Entity(ctx, rq.entityName(name))
	if err == nil {
		err = rq.known(ctx, e)
	}
	if err != nil {
		return e, err
	}
	return e, rq.mayManageEntity(ctx, e.ID, e.Name, doing)
}

func (rq *request) mayManageEntity(ctx context.Context, entityID int64, name, doing string) error {
	role, err := rq.viewer.Role(ctx, entityID)
	if err == nil && role != metadata.AdminRole {
		err = fail(metadata.KindDenied, "permission denied: '%s' may not %s entity '%s'; its administrators may", rq.viewer.User.Username, doing, name)
	}
	return err
}
