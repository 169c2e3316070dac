package artifacts

import (
	"context"
	"errors"
	"strconv"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

const featureLinkTells = "ARTIFACT_MEMBERSHIP_IN_LINK_ARTIFACT_RESPONSE"

// Link puts the version into a portfolio, "[[entity/]project/]name", which is
// made where it is new, and returns it as seen there (W&B: LinkArtifact). The
// entity is that of the version's own sequence where none is given, and the
// project that of Config. A project "wandb-registry-<name>" is a registry, whose
// entity can be given as an organization's name. Linking what is linked already
// changes nothing but aliases, which move to it; "latest" always does.
func (a *Artifact) Link(ctx context.Context, target string, aliases ...string) (*Artifact, error) {
	const op = "link artifact"
	c := a.client
	p, err := ParsePath(target)
	switch {
	case err != nil:
		return nil, err
	case p.Alias != "":
		e := invalid("%q names a version, and a version is linked to a collection", target)
		e.Next = "leave the colon and what follows it out, and give aliases apart"
		return nil, located(op, a.QualifiedName(), e)
	}
	if err := checkAliases(aliases); err != nil {
		return nil, located(op, a.QualifiedName(), err)
	}
	if err := checkCollectionName(p.Collection); err != nil {
		return nil, located(op, target, err)
	}
	if p.Entity == "" && !IsRegistryProject(p.Project) {
		p.Entity = a.SourceEntity
	}
	if p, err = c.resolvePath(ctx, p, a.SourceEntity); err != nil {
		return nil, err
	}
	telling, err := c.supports(ctx, featureLinkTells)
	if err != nil {
		return nil, err
	}
	in := wire.LinkArtifactInput{
		ArtifactID: wire.ID(a.ID), ArtifactPortfolioName: p.Collection, EntityName: p.Entity, ProjectName: p.Project,
	}
	for _, alias := range once(aliases) {
		in.Aliases = append(in.Aliases, wire.ArtifactAliasInput{ArtifactCollectionName: p.Collection, Alias: alias})
	}
	got, err := wire.LinkArtifact(ctx, c.sender, in, telling)
	switch {
	case err != nil:
		return nil, c.fail(ctx, op, a.QualifiedName()+" -> "+p.String(), err)
	case got != nil && got.Membership != nil && got.Membership.Artifact != nil:
		linked, err := c.fromMembership(got.Membership)
		return linked, located(op, p.String(), err)
	case got == nil || got.VersionIndex == nil:
		return nil, located(op, p.String(), corrupt("a version was linked and its number left out of the answer"))
	}
	p.Alias = "v" + strconv.Itoa(*got.VersionIndex)
	return c.Artifact(ctx, p.String())
}

// Unlink takes the version out of the portfolio that it was looked up in (W&B:
// UnlinkArtifact). The version stays where it was logged and in other
// portfolios. KindInvalid if it was looked up in its own sequence. It is not
// sent again after a broken connection.
func (a *Artifact) Unlink(ctx context.Context) error {
	const op = "unlink artifact"
	if !a.IsLink() {
		e := invalid("it was looked up in the sequence that it was logged to, and is no link")
		e.Next = "look it up in the portfolio, or delete it"
		return located(op, a.QualifiedName(), e)
	}
	// Without the type: a portfolio can hold versions of another one.
	id, err := a.client.ArtifactCollection(a.Entity, a.Project, "", a.Collection).ID(ctx)
	if err != nil {
		return located(op, a.QualifiedName(), err)
	}
	err = wire.UnlinkArtifact(ctx, a.client.sender, wire.UnlinkArtifactInput{ArtifactID: wire.ID(a.ID), ArtifactPortfolioID: wire.ID(id)})
	if err != nil {
		return a.client.fail(ctx, op, a.QualifiedName(), err)
	}
	return nil
}

// SourceArtifact is the version seen in the sequence that it was logged to:
// itself if it is no link. KindNotFound where this API key may not see it there.
func (a *Artifact) SourceArtifact(ctx context.Context) (*Artifact, error) {
	if !a.IsLink() {
		return a, nil
	}
	return a.client.Artifact(ctx, a.SourceQualifiedName())
}

// linksAtOnce is how many places of a version W&B's servers give at most to
// those who cannot ask for a page.
const linksAtOnce = 500

// LinkedArtifacts are the places of the version in portfolios, each as the
// version seen there (W&B: FetchLinkedArtifacts). It is empty for a version that
// was itself looked up in a portfolio, as in W&B. complete is false where the
// server gave only the first of them and has no way to ask for more.
func (a *Artifact) LinkedArtifacts(ctx context.Context) (links []*Artifact, complete bool, err error) {
	const op = "list where an artifact is linked"
	links = []*Artifact{}
	if a.IsLink() {
		return links, true, nil
	}
	c, id := a.client, wire.ID(a.ID)
	var seen cursors
	for after := ""; ; {
		got, lacks, err := wire.ArtifactLinks(ctx, c.sender, id, wire.Page{First: walkPerPage, After: after})
		if err != nil {
			err = c.fail(ctx, op, a.QualifiedName(), err)
			if after == "" && errors.Is(err, ErrUnsupported) {
				break
			}
			return nil, false, err
		}
		if got == nil {
			return nil, false, a.gone(op, lacks)
		}
		more, err := a.linksOf(got)
		if err != nil {
			return nil, false, located(op, a.QualifiedName(), err)
		}
		links = append(links, more...)
		if got.PageInfo == nil || !got.PageInfo.HasNextPage {
			return links, true, nil
		}
		after = text(got.PageInfo.EndCursor)
		if after == "" || !seen.add(after) {
			return links, false, nil
		}
	}
	// An older server.
	got, lacks, err := wire.ArtifactLinksAtOnce(ctx, c.sender, id)
	if err != nil {
		return nil, false, c.fail(ctx, op, a.QualifiedName(), err)
	}
	if got == nil {
		return nil, false, a.gone(op, lacks)
	}
	links, err = a.linksOf(got)
	return links, len(got.Edges) < linksAtOnce, located(op, a.QualifiedName(), err)
}

// linksOf are the versions of places in portfolios.
func (a *Artifact) linksOf(l *wire.Links) ([]*Artifact, error) {
	var out []*Artifact
	for _, e := range l.Edges {
		if e.Node == nil || e.Node.Collection == nil || e.Node.Collection.Typename != wire.PortfolioTypename || e.Node.Collection.Project == nil {
			continue // its own sequence, or not for this viewer
		}
		if e.Node.VersionIndex == nil {
			return nil, corrupt("a version in portfolio %q has no number", e.Node.Collection.Name)
		}
		link := *a
		link.set = artifactChanges{}
		link.Entity, link.Project = within(&e.Node.Collection.Place)
		link.Collection = e.Node.Collection.Name
		link.VersionIndex = *e.Node.VersionIndex
		link.Version = "v" + strconv.Itoa(link.VersionIndex)
		link.Aliases = []string{}
		for _, alias := range e.Node.Aliases {
			if !isVersion(alias.Alias) {
				link.Aliases = append(link.Aliases, alias.Alias)
			}
		}
		out = append(out, &link)
	}
	return out, nil
}
