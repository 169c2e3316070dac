package graph

import (
	"context"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// An ArtifactCollectionMembership is a version's place in a collection.
type ArtifactCollectionMembership struct {
	rq       *request
	m        metadata.Membership
	artifact *Artifact
}

func (rq *request) newMembership(m metadata.Membership) *ArtifactCollectionMembership {
	return &ArtifactCollectionMembership{rq: rq, m: m, artifact: rq.newArtifact(m.Artifact)}
}

func (m *ArtifactCollectionMembership) ID() string           { return membershipID.globalID(m.m.ID) }
func (m *ArtifactCollectionMembership) CreatedAt() time.Time { return m.m.CreatedAt }
func (m *ArtifactCollectionMembership) Artifact() *Artifact  { return m.artifact }

// VersionIndex is the version's number in this collection.
func (m *ArtifactCollectionMembership) VersionIndex() *int64 {
	n := int64(m.m.VersionIndex)
	return &n
}

// Aliases are those in this collection.
func (m *ArtifactCollectionMembership) Aliases(ctx context.Context) ([]*ArtifactAlias, error) {
	all, err := m.artifact.group.loadAliases(ctx)
	out := []*ArtifactAlias{}
	for _, a := range all.of[m.m.Artifact.ID] {
		if a.CollectionID == m.m.CollectionID {
			out = append(out, all.node(a))
		}
	}
	return out, err
}

// ArtifactCollection is the collection that holds the version.
func (m *ArtifactCollectionMembership) ArtifactCollection() ArtifactCollection {
	return m.rq.collectionGroup([]int64{m.m.CollectionID}).ref(metadata.Collection{
		ID: m.m.CollectionID, Name: m.m.Collection, Kind: m.m.Kind,
		ProjectID: m.m.ProjectID, Project: m.m.Project, EntityID: m.m.EntityID, Entity: m.m.Entity,
	}).node()
}

// Files are the version's files.
func (m *ArtifactCollectionMembership) Files(ctx context.Context, names []string, first *int64, after *string) (*FileConnection, error) {
	return m.artifact.Files(ctx, names, first, after)
}

// LinkArtifact puts a version into a portfolio.
func (mutation) LinkArtifact(ctx context.Context, in LinkArtifactInput) (*LinkArtifactPayload, error) {
	rq := requestOf(ctx)
	a, err := rq.artifactToLink(ctx, in.ArtifactID, in.ClientID)
	if err != nil {
		return nil, err
	}
	link := metadata.Link{
		ArtifactID: a.ID, UserID: rq.viewer.User.ID,
		Entity: rq.entityName(textOf(in.EntityName)), Project: textOf(in.ProjectName), Portfolio: textOf(in.ArtifactPortfolioName),
	}
	if in.ArtifactPortfolioID != nil {
		c, err := rq.collectionToWrite(ctx, *in.ArtifactPortfolioID, metadata.Portfolio)
		if err != nil {
			return nil, err
		}
		link.Entity, link.Project, link.Portfolio = c.Entity, c.Project, c.Name
	}
	if link.Project == "" || link.Portfolio == "" {
		return nil, fail(metadata.KindInvalid, "an artifact is linked into a portfolio: give artifactPortfolioID, or projectName and artifactPortfolioName")
	}
	if _, err := rq.placeToWrite(ctx, link.Entity, link.Project); err != nil {
		return nil, err
	}
	for _, alias := range in.Aliases {
		if alias.ArtifactCollectionName != link.Portfolio {
			return nil, fail(metadata.KindInvalid, "alias '%s' is for collection '%s', but the artifact is linked into '%s'", alias.Alias, alias.ArtifactCollectionName, link.Portfolio)
		}
		link.Aliases = append(link.Aliases, alias.Alias)
	}
	m, err := rq.store.LinkArtifact(ctx, link)
	if err != nil {
		return nil, err
	}
	index := int64(m.VersionIndex)
	return &LinkArtifactPayload{VersionIndex: &index, ArtifactMembership: rq.newMembership(m), ClientMutationID: in.ClientMutationID}, nil
}

// artifactToLink finds a version by its id or by one that a client made up.
func (rq *request) artifactToLink(ctx context.Context, id, clientID *string) (metadata.Artifact, error) {
	switch {
	case id != nil:
		return rq.artifactToFetch(ctx, *id)
	case clientID != nil:
		a, err := rq.store.ArtifactByClientID(ctx, *clientID)
		if err != nil {
			return a, missing(err, "artifact "+*clientID)
		}
		if err := rq.artifactVisible(ctx, a, *clientID); err != nil {
			return a, err
		}
		return a, rq.mayFetch(ctx, a)
	default:
		return metadata.Artifact{}, fail(metadata.KindInvalid, "say which artifact to link: give artifactID or clientID")
	}
}

// UnlinkArtifact takes a version out of a portfolio.
func (mutation) UnlinkArtifact(ctx context.Context, in UnlinkArtifactInput) (*UnlinkArtifactPayload, error) {
	rq := requestOf(ctx)
	n, err := artifactID.number(in.ArtifactID)
	if err != nil {
		return nil, err
	}
	// Leave to change the portfolio is what counts: who keeps it may take out
	// of it what others have put there.
	c, err := rq.collectionToWrite(ctx, in.ArtifactPortfolioID, metadata.Portfolio)
	if err != nil {
		return nil, err
	}
	if err := rq.store.UnlinkArtifact(ctx, n, c.ID); err != nil {
		return nil, err
	}
	return &UnlinkArtifactPayload{Success: true, ClientMutationID: in.ClientMutationID}, nil
}
