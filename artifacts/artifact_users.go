package artifacts

import (
	"context"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// UsersOptions say which part of the list to give. nil means all.
type UsersOptions struct {
	PerPage int    // items per request; 0 means DefaultPerPage
	After   string // cursor to continue behind
}

// ArtifactUsers are the runs that used a version, as far as this API key may
// see them.
type ArtifactUsers struct {
	*Pager[RunPath]
	artifact *Artifact
}

// Users lists the runs that used the version, page by page, which W&B's own
// client does not: a server may refuse that (KindUnsupported), and UsedBy then
// gives what there is.
func (a *Artifact) Users(opts *UsersOptions) *ArtifactUsers {
	if opts == nil {
		opts = &UsersOptions{}
	}
	l := &ArtifactUsers{artifact: a}
	l.Pager = newPager(list[RunPath]{op: opUsedBy, path: a.QualifiedName(), fetch: l.fetch}, opts.PerPage, opts.After)
	return l
}

const opUsedBy = "find the runs that used an artifact"

func (l *ArtifactUsers) fetch(ctx context.Context, after string, perPage int) ([]RunPath, PageInfo, error) {
	a := l.artifact
	got, lacks, err := wire.ArtifactUsers(ctx, a.client.sender, wire.ID(a.ID), wire.Page{First: perPage, After: after})
	if err != nil {
		return nil, PageInfo{}, a.client.fail(ctx, l.op, l.path, err)
	}
	if got == nil {
		return nil, PageInfo{}, a.gone(l.op, lacks)
	}
	return toRunPaths(got.Edges), toPageInfo(got.PageInfo, nil), nil
}
