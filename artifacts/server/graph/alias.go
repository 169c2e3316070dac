package graph

import (
	"context"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// An ArtifactAlias is a name for a version, unique in its collection.
type ArtifactAlias struct {
	a metadata.Alias
	c *collection
}

func (a *ArtifactAlias) ID() string    { return aliasID.globalID(a.a.ID) }
func (a *ArtifactAlias) Alias() string { return a.a.Alias }

// ArtifactCollection is where the alias is.
func (a *ArtifactAlias) ArtifactCollection() ArtifactCollection { return a.c.node() }

// aliasesOf are the aliases of a group of versions.
type aliasesOf struct {
	of          map[int64][]metadata.Alias // by version
	collections *collectionGroup
}

func (g *artifactGroup) loadAliases(ctx context.Context) (aliasesOf, error) {
	return g.aliases.get(func() (aliasesOf, error) {
		of, err := g.rq.store.AliasesOf(ctx, g.ids())
		var ids []int64
		for _, list := range of {
			for _, a := range list {
				ids = append(ids, a.CollectionID)
			}
		}
		return aliasesOf{of, g.rq.collectionGroup(ids)}, err
	})
}

func (l aliasesOf) node(a metadata.Alias) *ArtifactAlias {
	return &ArtifactAlias{a: a, c: l.collections.ref(metadata.Collection{
		ID: a.CollectionID, Name: a.Collection, Kind: a.Kind,
		ProjectID: a.ProjectID, Project: a.Project, EntityID: a.EntityID, Entity: a.Entity,
	})}
}

func (rq *request) changeAliases(
	ctx context.Context, artifact string, in []*ArtifactCollectionAliasInput,
	change func(context.Context, int64, []metadata.CollectionAlias) error,
) error {
	list := make([]metadata.CollectionAlias, len(in))
	for i, alias := range in {
		// Each names its own collection, possibly in another entity.
		if _, err := rq.placeToWrite(ctx, alias.EntityName, alias.ProjectName); err != nil {
			return err
		}
		list[i] = metadata.CollectionAlias{
			Entity: rq.entityName(alias.EntityName), Project: alias.ProjectName,
			Collection: alias.ArtifactCollectionName, Alias: alias.Alias,
		}
		var err error
		if list[i].Expected, err = expectation(alias.ExpectedVersion); err != nil {
			return err
		}
	}
	// Leave to change each collection is what counts: who keeps a portfolio
	// names the versions in it, whoever made them.
	a, err := rq.artifactToRead(ctx, artifact)
	if err != nil {
		return err
	}
	return change(ctx, a.ID, list)
}

// expectation reads where an alias is expected to be.
func expectation(version *string) (*int, error) {
	if version == nil {
		return nil, nil
	}
	if *version == "none" {
		n := metadata.NoVersion
		return &n, nil
	}
	n, ok := metadata.ParseVersion(*version)
	if !ok {
		return nil, fail(metadata.KindInvalid, "expectedVersion is '%s', not a version such as v3, or none", *version)
	}
	return &n, nil
}

// AddAliases moves aliases to a version.
func (mutation) AddAliases(ctx context.Context, in AddAliasesInput) (*AddAliasesPayload, error) {
	rq := requestOf(ctx)
	if err := rq.changeAliases(ctx, in.ArtifactID, in.Aliases, rq.store.AddAliases); err != nil {
		return nil, err
	}
	return &AddAliasesPayload{Success: true, ClientMutationID: in.ClientMutationID}, nil
}

// DeleteAliases takes aliases off a version.
func (mutation) DeleteAliases(ctx context.Context, in DeleteAliasesInput) (*DeleteAliasesPayload, error) {
	rq := requestOf(ctx)
	if err := rq.changeAliases(ctx, in.ArtifactID, in.Aliases, rq.store.RemoveAliases); err != nil {
		return nil, err
	}
	return &DeleteAliasesPayload{Success: true, ClientMutationID: in.ClientMutationID}, nil
}
