package artifacts

import (
	"context"
	"fmt"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// A RunArtifactsMode tells the artifacts that a run wrote from those it read.
type RunArtifactsMode string

// The modes, in W&B's words.
const (
	Logged RunArtifactsMode = "logged"
	Used   RunArtifactsMode = "used"
)

// RunArtifactsOptions say which part of a run's artifacts to list. nil means all.
type RunArtifactsOptions struct {
	PerPage int    // items per request; 0 means DefaultPerPage
	After   string // cursor to continue behind
}

// RunArtifacts are the versions that a run logged (W&B: RunOutputArtifacts) or
// used (RunInputArtifacts), each seen in its own sequence.
type RunArtifacts struct {
	*Pager[*Artifact]
	client               *Client
	entity, project, run string
	mode                 RunArtifactsMode
}

// RunArtifacts lists the versions that a run logged or used. run is the id in
// its URL. A mode other than these fails with KindInvalid when the list is used.
func (c *Client) RunArtifacts(entity, project, run string, mode RunArtifactsMode, opts *RunArtifactsOptions) *RunArtifacts {
	if opts == nil {
		opts = &RunArtifactsOptions{}
	}
	l := &RunArtifacts{client: c, entity: entity, project: project, run: run, mode: mode}
	l.Pager = newPager(list[*Artifact]{
		op:    "list the artifacts of a run",
		path:  join(entity, project, run),
		check: l.check,
		fetch: l.fetch,
		count: l.count,
	}, opts.PerPage, opts.After)
	return l
}

func (l *RunArtifacts) check() error {
	if l.mode == Logged || l.mode == Used {
		return nil
	}
	return &Error{
		Kind: KindInvalid, Op: l.op, Path: l.path,
		Message: fmt.Sprintf("the mode is %q", l.mode),
		Next:    fmt.Sprintf("use %q or %q", Logged, Used),
	}
}

func (l *RunArtifacts) fetch(ctx context.Context, after string, perPage int) ([]*Artifact, PageInfo, error) {
	c := l.client
	in, err := c.in(ctx, l.entity, l.project)
	if err != nil {
		return nil, PageInfo{}, err
	}
	ask := wire.LoggedArtifacts
	if l.mode == Used {
		ask = wire.UsedArtifacts
	}
	conn, lacks, err := ask(ctx, c.sender, in, l.run, wire.Page{First: perPage, After: after, WithTotal: after == ""})
	if err != nil {
		return nil, PageInfo{}, c.fail(ctx, l.op, l.path, err)
	}
	if conn == nil {
		return nil, PageInfo{}, missing(l.op, lacks, in, "", "", l.run)
	}
	items := make([]*Artifact, 0, len(conn.Edges))
	for _, e := range conn.Edges {
		if e.Node == nil || e.Node.ArtifactSequence.Project == nil { // not for this viewer
			continue
		}
		a, err := c.atHome(e.Node)
		if err != nil {
			return nil, PageInfo{}, located(l.op, l.path, err)
		}
		items = append(items, a)
	}
	return items, toPageInfo(conn.PageInfo, conn.TotalCount), nil
}

func (l *RunArtifacts) count(ctx context.Context) (int, error) {
	c := l.client
	in, err := c.in(ctx, l.entity, l.project)
	if err != nil {
		return 0, err
	}
	ask := wire.CountLoggedArtifacts
	if l.mode == Used {
		ask = wire.CountUsedArtifacts
	}
	total, lacks, err := ask(ctx, c.sender, in, l.run)
	return c.total(ctx, l.op, l.path, total, err, func() error {
		return missing(l.op, lacks, in, "", "", l.run)
	})
}

// Entity owns the project.
func (l *RunArtifacts) Entity() string { return l.entity }

// Project holds the run.
func (l *RunArtifacts) Project() string { return l.project }

// Run is the run's id.
func (l *RunArtifacts) Run() string { return l.run }

// Mode says whether these are the logged or the used versions.
func (l *RunArtifacts) Mode() RunArtifactsMode { return l.mode }
