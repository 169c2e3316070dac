package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/reliquary/reliquary/artifacts/server/access"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/transfer"
)

// A request is one operation of one viewer. Everything that is returned in the
// operation holds it.
type request struct {
	*Graph
	viewer *access.Viewer
	base   string // begins every URL in the answer
	actor  metadata.ActorKind
	reason string // of what is changed
}

type requestKey struct{}

// requestOf returns the request that a root field is part of.
func requestOf(ctx context.Context) *request { return ctx.Value(requestKey{}).(*request) }

// acting puts who acts, and by which mutation, into the context of each field of
// an operation's root: what is changed there is recorded as theirs.
func acting(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	rq := requestOf(ctx)
	ctx = metadata.WithActor(ctx, metadata.Actor{
		UserID: rq.viewer.User.ID, Kind: rq.actor, Reason: rq.reason, Operation: graphql.GetRootFieldContext(ctx).Field.Name,
	})
	return next(ctx)
}

// placeToWrite finds the entity that owns a project whose things are to be
// changed, or that is to be made there; "" is the viewer's own.
func (rq *request) placeToWrite(ctx context.Context, entity, project string) (metadata.Entity, error) {
	e, err := rq.store.Entity(ctx, rq.entityName(entity))
	if metadata.IsNotFound(err) {
		return e, fail(metadata.KindNotFound, "entity '%s' not found", rq.entityName(entity))
	}
	if err != nil {
		return e, err
	}
	p, err := rq.store.Project(ctx, e.Name, project)
	if err != nil && !metadata.IsNotFound(err) {
		return e, err
	}
	ok, err := rq.viewer.MayWrite(ctx, e.ID, p.ID)
	if err == nil && !ok {
		if err = rq.known(ctx, e); err == nil {
			// The same words for a project that the viewer may not see as for none.
			err = rq.denied("entity '" + e.Name + "'")
		}
	}
	return e, err
}

// known fails with KindNotFound when the viewer may not know of an entity.
func (rq *request) known(ctx context.Context, e metadata.Entity) error {
	ok, err := rq.viewer.Knows(ctx, e.ID)
	if err == nil && !ok {
		err = fail(metadata.KindNotFound, "entity '%s' not found", e.Name)
	}
	return err
}

// entityName is the name of an entity, or of the one that the viewer chose as default for "".
func (rq *request) entityName(name string) string {
	if name == "" {
		return rq.viewer.User.DefaultEntity
	}
	return name
}

// mayWrite fails when the viewer may not change things of a project of an
// entity: with KindDenied where the viewer may see them, and otherwise as if
// missing were not there at all. Ids can be guessed; an answer must not tell
// whose they are.
func (rq *request) mayWrite(ctx context.Context, entityID, projectID int64, what, missing string) error {
	ok, err := rq.viewer.MayWrite(ctx, entityID, projectID)
	if err != nil || ok {
		return err
	}
	if err := rq.visible(ctx, entityID, projectID, missing); err != nil {
		return err
	}
	return rq.denied(what)
}

// missing words "not found" as visible does, so that what is not there and what
// the viewer may not see cannot be told apart.
func missing(err error, what string) error {
	if metadata.IsNotFound(err) {
		return fail(metadata.KindNotFound, "%s not found", what)
	}
	return err
}

func (rq *request) denied(what string) error {
	return fail(metadata.KindDenied, "permission denied: '%s' may not change %s", rq.viewer.User.Username, what)
}

// project finds a project that the viewer may see: KindNotFound otherwise.
func (rq *request) project(ctx context.Context, entity, name string) (metadata.Project, error) {
	p, err := rq.store.Project(ctx, rq.entityName(entity), name)
	if err != nil {
		return p, err
	}
	return p, rq.visible(ctx, p.EntityID, p.ID, "project '"+name+"'")
}

// projectToWrite finds a project that the viewer may change.
func (rq *request) projectToWrite(ctx context.Context, entity, name string) (metadata.Project, error) {
	p, err := rq.store.Project(ctx, rq.entityName(entity), name)
	if err == nil {
		if ok, err := rq.viewer.MayWrite(ctx, p.EntityID, p.ID); err != nil || ok {
			return p, err
		}
	}
	if err != nil && !metadata.IsNotFound(err) {
		return p, err
	}
	// What there is to say depends on what else the viewer may see there.
	if _, err := rq.placeToWrite(ctx, entity, name); err != nil {
		return metadata.Project{}, err
	}
	if err != nil {
		// Clients look for these words.
		err = fail(metadata.KindNotFound, "project '%s' not found in entity '%s'", name, rq.entityName(entity))
	}
	return p, err
}

// visible fails with KindNotFound when the viewer may not see things of a
// project of an entity.
func (rq *request) visible(ctx context.Context, entityID, projectID int64, what string) error {
	ok, err := rq.viewer.MayRead(ctx, entityID, projectID)
	if err == nil && !ok {
		err = fail(metadata.KindNotFound, "%s not found", what)
	}
	return err
}

// artifactToRead finds a version that the viewer may see.
func (rq *request) artifactToRead(ctx context.Context, id string) (metadata.Artifact, error) {
	n, err := artifactID.number(id)
	if err != nil {
		return metadata.Artifact{}, err
	}
	a, err := rq.store.ArtifactByID(ctx, n)
	if err != nil {
		return a, missing(err, "artifact "+id)
	}
	return a, rq.artifactVisible(ctx, a, id)
}

// artifactVisible fails with KindNotFound unless the viewer may see the entity
// of the version, or of a portfolio that holds it.
func (rq *request) artifactVisible(ctx context.Context, a metadata.Artifact, id string) error {
	err := rq.visible(ctx, a.EntityID, a.ProjectID, "artifact "+id)
	if !metadata.IsNotFound(err) {
		return err
	}
	in, merr := rq.store.MembershipsOf(ctx, []int64{a.ID})
	if merr != nil {
		return merr
	}
	for _, m := range in[a.ID] {
		if ok, err := rq.viewer.MayRead(ctx, m.EntityID, m.ProjectID); err != nil || ok {
			return err
		}
	}
	return err
}

// artifactToFetch finds a version whose files the viewer may have: what is
// linked, used or built upon can be fetched afterwards.
func (rq *request) artifactToFetch(ctx context.Context, id string) (metadata.Artifact, error) {
	a, err := rq.artifactToRead(ctx, id)
	if err == nil {
		err = rq.mayFetch(ctx, a)
	}
	return a, err
}

// mayFetch fails with KindDenied unless the viewer may have the files of a
// version, through its own project or through that of a portfolio.
func (rq *request) mayFetch(ctx context.Context, a metadata.Artifact) error {
	places, err := rq.fetchable(ctx, []metadata.Artifact{a})
	if err == nil && places[a.ID] == nil {
		err = rq.mayNotFetch()
	}
	return err
}

func (rq *request) mayNotFetch() error {
	return fail(metadata.KindDenied, "permission denied: '%s' may see this, but not fetch files; ask who administers the registry for the role of a viewer", rq.viewer.User.Username)
}

// holder is the viewer, by the rights in a place: who a URL is made for.
func (rq *request) holder(entityID, projectID int64) transfer.Holder {
	return transfer.Holder{UserID: rq.viewer.User.ID, Place: transfer.Place{EntityID: entityID, ProjectID: projectID}}
}

// fetchable gives, for each of the versions whose files the viewer may have,
// a place that allows it.
func (rq *request) fetchable(ctx context.Context, versions []metadata.Artifact) (map[int64]*transfer.Place, error) {
	out := make(map[int64]*transfer.Place, len(versions))
	var rest []int64
	for _, a := range versions {
		ok, err := rq.viewer.MayFetch(ctx, a.EntityID, a.ProjectID)
		switch {
		case err != nil:
			return nil, err
		case ok:
			out[a.ID] = &transfer.Place{EntityID: a.EntityID, ProjectID: a.ProjectID}
		default:
			rest = append(rest, a.ID)
		}
	}
	if len(rest) == 0 {
		return out, nil
	}
	members, err := rq.store.MembershipsOf(ctx, rest)
	for id, list := range members {
		for _, m := range list {
			ok, err := rq.viewer.MayFetch(ctx, m.EntityID, m.ProjectID)
			if err != nil {
				return nil, err
			}
			if ok {
				out[id] = &transfer.Place{EntityID: m.EntityID, ProjectID: m.ProjectID}
				break
			}
		}
	}
	return out, err
}

// artifactToWrite finds a version that the viewer may change.
func (rq *request) artifactToWrite(ctx context.Context, id string) (metadata.Artifact, error) {
	n, err := artifactID.number(id)
	if err != nil {
		return metadata.Artifact{}, err
	}
	a, err := rq.store.ArtifactByID(ctx, n)
	if err != nil {
		return a, missing(err, "artifact "+id)
	}
	err = rq.mayWrite(ctx, a.EntityID, a.ProjectID, "artifacts of entity '"+a.Entity+"'", "artifact "+id)
	if metadata.IsNotFound(err) {
		// A version that is seen through a portfolio is no secret.
		if err = rq.artifactVisible(ctx, a, id); err == nil {
			err = rq.denied("artifact " + id + ", which belongs to another project")
		}
	}
	return a, err
}

// collectionToWrite finds a collection that the viewer may change, of a kind
// unless that is "".
func (rq *request) collectionToWrite(ctx context.Context, id string, want metadata.CollectionKind) (metadata.Collection, error) {
	n, err := collectionID.number(id)
	if err != nil {
		return metadata.Collection{}, err
	}
	c, err := rq.store.CollectionByID(ctx, n)
	if err != nil {
		return c, missing(err, "collection "+id)
	}
	if err := rq.mayWrite(ctx, c.EntityID, c.ProjectID, "collections of entity '"+c.Entity+"'", "collection "+id); err != nil {
		return c, err
	}
	if want != "" && c.Kind != want {
		return c, fail(metadata.KindInvalid, "collection '%s' is a %s, not a %s", c.Name, kindWord(c.Kind), kindWord(want))
	}
	return c, nil
}

func kindWord(k metadata.CollectionKind) string {
	if k == metadata.Portfolio {
		return "portfolio"
	}
	return "sequence"
}
