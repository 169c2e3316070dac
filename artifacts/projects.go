package artifacts

import (
	"context"
	"fmt"
	"time"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// ProjectsOptions say which part of the list to give. nil means all.
type ProjectsOptions struct {
	PerPage int    // items per request; 0 means DefaultPerPage
	After   string // cursor to continue behind
}

// A Project holds runs and artifacts.
type Project struct {
	ID          string    `json:"id"`
	Entity      string    `json:"entity"`
	Name        string    `json:"name"`
	Description *string   `json:"description,omitempty"`
	CreatedAt   time.Time `json:"createdAt"`
}

// Projects are the projects of an entity (W&B: Projects).
type Projects struct {
	*Pager[Project]
	client *Client
	entity string
}

// Projects lists the projects of an entity; "" means the default one.
func (c *Client) Projects(entity string, opts *ProjectsOptions) *Projects {
	if opts == nil {
		opts = &ProjectsOptions{}
	}
	l := &Projects{client: c, entity: entity}
	l.Pager = newPager(list[Project]{op: "list projects", path: entity, fetch: l.fetch}, opts.PerPage, opts.After)
	return l
}

// Entity is the one that the list was made with, or "".
func (l *Projects) Entity() string { return l.entity }

func (l *Projects) fetch(ctx context.Context, after string, perPage int) ([]Project, PageInfo, error) {
	c, entity := l.client, l.entity
	if entity == "" {
		var err error
		if entity, err = c.DefaultEntity(ctx); err != nil {
			return nil, PageInfo{}, err
		}
	}
	got, err := wire.Projects(ctx, c.sender, entity, wire.Page{First: perPage, After: after})
	if err != nil {
		return nil, PageInfo{}, c.fail(ctx, l.op, entity, err)
	}
	if got == nil {
		return nil, PageInfo{}, &Error{
			Kind: KindNotFound, Op: l.op, Path: entity,
			Message: fmt.Sprintf("there is no entity %q", entity),
			Next:    "check the name, and that this API key may see the entity",
		}
	}
	items := make([]Project, 0, len(got.Edges))
	for _, e := range got.Edges {
		if e.Node == nil {
			continue
		}
		p := Project{ID: string(e.Node.ID), Entity: e.Node.Entity.Name, Name: e.Node.Name, Description: e.Node.Description}
		if p.CreatedAt, err = moment("createdAt", e.Node.CreatedAt); err != nil {
			return nil, PageInfo{}, located(l.op, entity, err)
		}
		items = append(items, p)
	}
	return items, toPageInfo(got.PageInfo, nil), nil
}

// RunsOptions say which runs to list, and how. nil means all, oldest first.
type RunsOptions struct {
	PerPage int    // items per request; 0 means DefaultPerPage
	After   string // cursor to continue behind
	// Filters are MongoDB-like conditions on a run's fields: {"state": "finished"}.
	Filters map[string]any
	// Order is a field name, with "-" before it for descending. "" means
	// "+created_at", as in W&B.
	Order string
}

// A Run is a run as lists show it. RunArtifacts lists what it logged and used.
type Run struct {
	RunPath
	DisplayName string     `json:"displayName,omitempty"`
	State       string     `json:"state,omitempty"`
	Group       string     `json:"group,omitempty"`
	JobType     string     `json:"jobType,omitempty"`
	Tags        []string   `json:"tags"`
	User        string     `json:"user,omitempty"` // the username
	CreatedAt   time.Time  `json:"createdAt"`
	HeartbeatAt *time.Time `json:"heartbeatAt,omitempty"`
}

// Runs are the runs of a project (W&B: Runs).
type Runs struct {
	*Pager[Run]
	client          *Client
	entity, project string
	choice          wire.Choice
	invalid         error
}

// Runs lists the runs of a project; an empty entity or project means the
// default one (see Config).
func (c *Client) Runs(entity, project string, opts *RunsOptions) *Runs {
	if opts == nil {
		opts = &RunsOptions{}
	}
	l := &Runs{client: c, entity: entity, project: project}
	l.Pager = newPager(list[Run]{
		op: "list runs", path: join(entity, project),
		check: func() error { return located(l.op, l.path, l.invalid) },
		fetch: l.fetch, count: l.count,
	}, opts.PerPage, opts.After)
	order := opts.Order
	if order == "" {
		order = "+created_at"
	}
	l.choice, l.invalid = choose(opts.Filters, order)
	return l
}

func (l *Runs) fetch(ctx context.Context, after string, perPage int) ([]Run, PageInfo, error) {
	c := l.client
	in, err := c.in(ctx, l.entity, l.project)
	if err != nil {
		return nil, PageInfo{}, err
	}
	got, lacks, err := wire.Runs(ctx, c.sender, in, l.choice, wire.Page{First: perPage, After: after})
	if err != nil {
		return nil, PageInfo{}, c.fail(ctx, l.op, l.path, err)
	}
	if got == nil {
		return nil, PageInfo{}, missing(l.op, lacks, in, "", "", "")
	}
	items := make([]Run, 0, len(got.Edges))
	for _, e := range got.Edges {
		if e.Node == nil {
			continue
		}
		r, err := toRun(in, e.Node)
		if err != nil {
			return nil, PageInfo{}, located(l.op, l.path, err)
		}
		items = append(items, r)
	}
	return items, toPageInfo(got.PageInfo, got.TotalCount), nil
}

func toRun(in wire.In, w *wire.RunInfo) (Run, error) {
	r := Run{
		RunPath:     RunPath{Entity: in.Entity, Project: in.Project, ID: w.Name},
		DisplayName: text(w.DisplayName),
		State:       text(w.State),
		Group:       text(w.Group),
		JobType:     text(w.JobType),
		Tags:        append([]string{}, w.Tags...),
	}
	if w.User != nil {
		r.User = text(w.User.Username)
	}
	var err error
	if r.CreatedAt, err = moment("createdAt", w.CreatedAt); err != nil {
		return r, err
	}
	r.HeartbeatAt, err = maybeMoment("heartbeatAt", w.HeartbeatAt)
	return r, err
}

func (l *Runs) count(ctx context.Context) (int, error) {
	c := l.client
	in, err := c.in(ctx, l.entity, l.project)
	if err != nil {
		return 0, err
	}
	total, lacks, err := wire.CountRuns(ctx, c.sender, in, l.choice.Filters)
	return c.total(ctx, l.op, l.path, total, err, func() error { return missing(l.op, lacks, in, "", "", "") })
}
