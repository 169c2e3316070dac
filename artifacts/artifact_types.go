package artifacts

import (
	"context"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// TypesOptions say which part of a project's types to list. nil means all.
type TypesOptions struct {
	PerPage int    // items per request; 0 means DefaultPerPage
	After   string // cursor to continue behind
}

// ArtifactTypes are the artifact types of a project (W&B: ProjectArtifactTypes).
// The server cannot count them: Len walks the list.
type ArtifactTypes struct {
	*Pager[*ArtifactType]
	entity, project string
}

// ArtifactTypes lists the artifact types of a project. An empty entity or
// project means the default one (see Config).
func (c *Client) ArtifactTypes(entity, project string, opts *TypesOptions) *ArtifactTypes {
	if opts == nil {
		opts = &TypesOptions{}
	}
	l := &ArtifactTypes{entity: entity, project: project}
	l.Pager = newPager(list[*ArtifactType]{
		op:   "list artifact types",
		path: join(entity, project),
		fetch: func(ctx context.Context, after string, perPage int) ([]*ArtifactType, PageInfo, error) {
			return l.fetch(ctx, c, wire.Page{First: perPage, After: after})
		},
	}, opts.PerPage, opts.After)
	return l
}

func (l *ArtifactTypes) fetch(ctx context.Context, c *Client, p wire.Page) ([]*ArtifactType, PageInfo, error) {
	in, err := c.in(ctx, l.entity, l.project)
	if err != nil {
		return nil, PageInfo{}, err
	}
	conn, lacks, err := wire.ArtifactTypes(ctx, c.sender, in, p)
	if err != nil {
		return nil, PageInfo{}, c.fail(ctx, l.op, l.path, err)
	}
	if conn == nil {
		return nil, PageInfo{}, missing(l.op, lacks, in, "", "", "")
	}
	items := make([]*ArtifactType, 0, len(conn.Edges))
	for _, e := range conn.Edges {
		if e.Node == nil {
			continue
		}
		attrs, err := toTypeAttrs(e.Node)
		if err != nil {
			return nil, PageInfo{}, located(l.op, l.path, err)
		}
		items = append(items, NewArtifactType(c, in.Entity, in.Project, attrs.Name, &attrs))
	}
	return items, toPageInfo(conn.PageInfo, nil), nil
}

// Entity owns the project.
func (l *ArtifactTypes) Entity() string { return l.entity }

// Project is the project whose types are listed.
func (l *ArtifactTypes) Project() string { return l.project }

// join makes a path of its parts, without empty ones.
func join(parts ...string) string {
	var path string
	for _, p := range parts {
		if p == "" {
			continue
		}
		if path != "" {
			path += "/"
		}
		path += p
	}
	return path
}
