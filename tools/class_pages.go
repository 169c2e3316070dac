package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"reflect"

	"github.com/reliquary/reliquary/artifacts"
)

// Place says which project is meant.
type Place struct {
	// Default: that of the settings, or of the API key's user.
	Entity string `json:"entity,omitempty"`
	// Default: that of the settings, or uncategorized.
	Project string `json:"project,omitempty"`
}

// Slice says which part of a connection to give, in Relay's words.
type Slice struct {
	First int `json:"first,omitempty" jsonschema:"minimum=1,maximum=10000,default=50"`
	// end_cursor of the page before, all else unchanged.
	After string `json:"after,omitempty"`
	// Count the whole list, on a page behind the first too.
	Total bool `json:"total,omitempty"`
}

// PageInfo says where a page ends.
type PageInfo struct {
	EndCursor   string `json:"end_cursor,omitempty"`
	HasNextPage bool   `json:"has_next_page"`
}

// ConnectionEnd is what stands beside the nodes of a page.
type ConnectionEnd struct {
	PageInfo PageInfo `json:"page_info"`
	// Length of the whole list: on its first page where known, and where asked for.
	TotalCount *int `json:"total_count,omitempty"`
}

// connection gives one page of a list.
func connection[T, Node any](ctx context.Context, p *artifacts.Pager[T], in Slice, node func(T) (Node, error)) ([]Node, ConnectionEnd, error) {
	items, info, err := pageAfter(ctx, p, in.After)
	if err != nil {
		return nil, ConnectionEnd{}, err
	}
	nodes := make([]Node, len(items))
	for i, item := range items {
		if nodes[i], err = node(item); err != nil {
			return nil, ConnectionEnd{}, err
		}
	}
	end := ConnectionEnd{PageInfo: PageInfo{EndCursor: info.EndCursor, HasNextPage: info.HasNextPage}, TotalCount: info.TotalCount}
	if in.Total && end.TotalCount == nil {
		n, err := p.Len(ctx)
		if err != nil {
			return nil, ConnectionEnd{}, err
		}
		end.TotalCount = &n
	}
	return nodes, end, nil
}

type pageEndKey struct{}

// WithPageEnd has calls that give pages say where a page ends before it is read,
// where the server's answer tells: the next page can be asked for meanwhile. tell
// is called at most once in each call, from any goroutine, not after Call has
// returned, and only where another page follows. It must be quick.
func WithPageEnd(ctx context.Context, tell func(PageInfo)) context.Context {
	return context.WithValue(ctx, pageEndKey{}, tell)
}

// pageAfter gets a page, and says where it ends to whoever wants to know.
func pageAfter[T any](ctx context.Context, p *artifacts.Pager[T], after string) ([]T, artifacts.PageInfo, error) {
	if tell, ok := ctx.Value(pageEndKey{}).(func(PageInfo)); ok {
		ctx = artifacts.WithPageEnd(ctx, func(cursor string) { tell(PageInfo{EndCursor: cursor, HasNextPage: true}) })
	}
	return p.PageAfter(ctx, after)
}

// plain makes a node without asking anybody.
func plain[T, Node any](f func(T) Node) func(T) (Node, error) {
	return func(t T) (Node, error) { return f(t), nil }
}

// ArtifactTypesPageInput asks for artifact types of a project.
type ArtifactTypesPageInput struct {
	Place
	Slice
}

// ArtifactTypeConnection is a page of artifact types.
type ArtifactTypeConnection struct {
	Nodes []ArtifactTypeNode `json:"nodes"`
	ConnectionEnd
}

func artifactTypesPage() Operation {
	return Define("artifact_types_page", Reads, Words{
		Title:       "Page of artifact types",
		Description: "Get a page of the artifact types of a project, with all attributes.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in ArtifactTypesPageInput) (out ArtifactTypeConnection, err error) {
		at, err := resolve(ctx, c, asked{Path: artifacts.Path{Entity: in.Entity, Project: in.Project}})
		if err != nil {
			return out, err
		}
		l := c.ArtifactTypes(at.Entity, at.Project, &artifacts.TypesOptions{PerPage: in.First})
		out.Nodes, out.ConnectionEnd, err = connection(ctx, l.Pager, in.Slice, func(t *artifacts.ArtifactType) (ArtifactTypeNode, error) {
			attrs, err := t.Attrs(ctx) // came with the list
			return typeNode(at.Entity, at.Project, attrs), err
		})
		return out, err
	})
}

// ArtifactCollectionsPageInput asks for collections of a project.
type ArtifactCollectionsPageInput struct {
	Place
	// Default: all types.
	Type string `json:"type,omitempty"`
	// As W&B takes them, like MongoDB's: {"name": {"$regex": "^det"}}.
	Filters map[string]any `json:"filters,omitempty"`
	// A field's name, with - before it for descending.
	Order string `json:"order,omitempty"`
	Slice
}

// ArtifactCollectionConnection is a page of collections.
type ArtifactCollectionConnection struct {
	Nodes []ArtifactCollectionNode `json:"nodes"`
	ConnectionEnd
}

func artifactCollectionsPage() Operation {
	return Define("artifact_collections_page", Reads, Words{
		Title:       "Page of artifact collections",
		Description: "Get a page of the artifact collections of a project, of one type or all, with all attributes but aliases.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in ArtifactCollectionsPageInput) (out ArtifactCollectionConnection, err error) {
		l := c.ArtifactCollections(in.Entity, in.Project, in.Type, &artifacts.CollectionsOptions{
			PerPage: in.First, Filters: in.Filters, Order: in.Order,
		})
		out.Nodes, out.ConnectionEnd, err = connection(ctx, l.Pager, in.Slice, func(a *artifacts.ArtifactCollection) (ArtifactCollectionNode, error) {
			attrs, err := a.Attrs(ctx) // came with the list
			return collectionNode(attrs), err
		})
		return out, err
	})
}

// ArtifactConnection is a page of versions.
type ArtifactConnection struct {
	Nodes []ArtifactNode `json:"nodes"`
	// In place of nodes, where asked for.
	Columns *NodeColumns `json:"columns,omitempty"`
	ConnectionEnd
}

// artifactConnection gives one page of versions.
func artifactConnection(ctx context.Context, p *artifacts.Pager[*artifacts.Artifact], in Slice, as AsColumns) (out ArtifactConnection, err error) {
	if out.Nodes, out.ConnectionEnd, err = connection(ctx, p, in, plain(artifactNode)); err == nil && as.Columns {
		out.Columns, err = columnsOf(out.Nodes)
		out.Nodes = []ArtifactNode{}
	}
	return out, err
}

// ArtifactsPageInput asks for versions of a collection.
type ArtifactsPageInput struct {
	Place
	// Default: whatever type the collection has.
	Type       string `json:"type,omitempty"`
	Collection string `json:"collection"`
	// As W&B takes them. Default: {"state": "COMMITTED"}.
	Filters map[string]any `json:"filters,omitempty"`
	// A field's name, with - before it for descending. Default: newest first.
	Order string `json:"order,omitempty"`
	// Only versions that have all of them. A page can then be short and not the last.
	Tags []string `json:"tags,omitempty"`
	Slice
	AsColumns
}

func artifactsPage() Operation {
	return Define("artifacts_page", Reads, Words{
		Title:       "Page of artifact versions",
		Description: "Get a page of the versions of an artifact collection, with all attributes.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in ArtifactsPageInput) (ArtifactConnection, error) {
		l := c.Artifacts(in.Entity, in.Project, in.Type, in.Collection, &artifacts.ArtifactsOptions{
			PerPage: in.First, Filters: in.Filters, Order: in.Order, Tags: in.Tags,
		})
		return artifactConnection(ctx, l.Pager, in.Slice, in.AsColumns)
	})
}

// RunArtifactsPageInput asks for what a run logged or used.
type RunArtifactsPageInput struct {
	Place
	Run  string `json:"run"`
	Mode string `json:"mode" jsonschema:"enum=logged,enum=used"`
	Slice
	AsColumns
}

func runArtifactsPage() Operation {
	return Define("run_artifacts_page", Reads, Words{
		Title:       "Page of the artifacts of a run",
		Description: "Get a page of the artifact versions that a run logged or used, with all attributes.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in RunArtifactsPageInput) (ArtifactConnection, error) {
		l := c.RunArtifacts(in.Entity, in.Project, in.Run, artifacts.RunArtifactsMode(in.Mode), &artifacts.RunArtifactsOptions{PerPage: in.First})
		return artifactConnection(ctx, l.Pager, in.Slice, in.AsColumns)
	})
}

// ArtifactFilesPageInput asks for files of a version.
type ArtifactFilesPageInput struct {
	Artifact string `json:"artifact" jsonschema:"example=team/vision/detector:v3"`
	// Only these paths.
	Names []string `json:"names,omitempty"`
	Slice
}

// FileConnection is a page of files.
type FileConnection struct {
	Nodes []FileNode `json:"nodes"`
	ConnectionEnd
}

func artifactFilesPage() Operation {
	return Define("artifact_files_page", Reads, Words{
		Title:       "Page of the files of an artifact",
		Description: "Get a page of the files of an artifact version, with all attributes.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in ArtifactFilesPageInput) (out FileConnection, err error) {
		a, err := loadArtifact(ctx, c, in.Artifact)
		if err != nil {
			return out, err
		}
		l := a.Files(&artifacts.FilesOptions{PerPage: in.First, Names: in.Names})
		out.Nodes, out.ConnectionEnd, err = connection(ctx, l.Pager, in.Slice, plain(fileNode))
		return out, err
	})
}

// ProjectsPageInput asks for projects of an entity.
type ProjectsPageInput struct {
	// Default: that of the settings, or of the API key's user.
	Entity string `json:"entity,omitempty"`
	Slice
}

// ProjectConnection is a page of projects.
type ProjectConnection struct {
	Nodes []ProjectNode `json:"nodes"`
	ConnectionEnd
}

func projectsPage() Operation {
	return Define("projects_page", Reads, Words{
		Title:       "Page of projects",
		Description: "Get a page of the projects of an entity, with all attributes.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in ProjectsPageInput) (out ProjectConnection, err error) {
		l := c.Projects(in.Entity, &artifacts.ProjectsOptions{PerPage: in.First})
		out.Nodes, out.ConnectionEnd, err = connection(ctx, l.Pager, in.Slice, plain(projectNode))
		return out, err
	})
}

// RunsPageInput asks for runs of a project.
type RunsPageInput struct {
	Place
	// As W&B takes them: {"state": "finished"}.
	Filters map[string]any `json:"filters,omitempty"`
	// A field's name, with - before it for descending. Default: oldest first.
	Order string `json:"order,omitempty"`
	Slice
}

// RunConnection is a page of runs.
type RunConnection struct {
	Nodes []RunNode `json:"nodes"`
	ConnectionEnd
}

func runsPage() Operation {
	return Define("runs_page", Reads, Words{
		Title:       "Page of runs",
		Description: "Get a page of the runs of a project, with all attributes.",
		Toolset:     ToolsetClasses,
	}, func(ctx context.Context, c *artifacts.Client, in RunsPageInput) (out RunConnection, err error) {
		l := c.Runs(in.Entity, in.Project, &artifacts.RunsOptions{PerPage: in.First, Filters: in.Filters, Order: in.Order})
		out.Nodes, out.ConnectionEnd, err = connection(ctx, l.Pager, in.Slice, plain(runNode))
		return out, err
	})
}

// A page is the output of an operation that gives pages.
type page interface{ next() PageInfo }

func (e ConnectionEnd) next() PageInfo { return e.PageInfo }

// Walk calls an operation that gives pages again and again, until the list has
// ended, and yields the nodes of each page, as a slice. arguments are those of
// the first page. The next page is fetched while one is read and used, at most one
// ahead; leaving the loop cancels it. The first error ends it.
func (o Operation) Walk(ctx context.Context, c *artifacts.Client, arguments json.RawMessage) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		given := map[string]json.RawMessage{}
		// What is no object, Call refuses in its own words.
		if json.Unmarshal(arguments, &given) != nil {
			given = nil
		}
		if string(given["columns"]) == "true" {
			delete(given, "columns") // nodes are what is yielded
			var err error
			if arguments, err = json.Marshal(given); err != nil {
				yield(nil, o.Explain(ctx, err))
				return
			}
		}
		begin := func(after string) *walking {
			var err error
			if given["after"], err = json.Marshal(after); err != nil {
				return failed(err)
			}
			arguments, err := json.Marshal(given)
			if err != nil {
				return failed(err)
			}
			return o.begin(ctx, c, arguments, after)
		}
		var next *walking
		// Whoever leaves the loop, by break or panic, leaves no goroutine behind.
		defer func() { next.stop() }()
		for now := o.begin(ctx, c, arguments, ""); ; now, next = next, nil {
			var got walked
			select {
			case after := <-now.end:
				if given != nil && after != now.after {
					next = begin(after)
				}
				got = <-now.done
			case got = <-now.done:
			}
			now.cancel()
			if got.err != nil {
				yield(nil, o.Explain(ctx, got.err))
				return
			}
			p, ok := got.out.(page)
			if !ok {
				yield(nil, o.Explain(ctx, invalid("", "choose an operation whose name ends in _page", "the operation %s gives no pages", o.Name)))
				return
			}
			info := p.next()
			circle := info.HasNextPage && (info.EndCursor == now.after || given == nil)
			if next != nil && (!info.HasNextPage || info.EndCursor != next.after) {
				next.stop()
				next = nil
			}
			if next == nil && info.HasNextPage && !circle {
				next = begin(info.EndCursor)
			}
			if !yield(reflect.ValueOf(got.out).FieldByName("Nodes").Interface(), nil) || !info.HasNextPage {
				return
			}
			if circle {
				yield(nil, o.Explain(ctx, &Error{Code: artifacts.KindCorrupt, Message: "the server's cursors go in circles", Next: "report it to whoever runs the server"}))
				return
			}
		}
	}
}

// A walking is one call of Walk under way.
type walking struct {
	after  string // what it was asked for
	cancel context.CancelFunc
	end    chan string // gets where the page ends, if that is known before the page is
	done   chan walked
}

// A walked is what became of one.
type walked struct {
	out any
	err error
}

// begin calls the operation for the page behind after, which arguments name.
func (o Operation) begin(ctx context.Context, c *artifacts.Client, arguments json.RawMessage, after string) *walking {
	ctx, cancel := context.WithCancel(ctx)
	w := &walking{after, cancel, make(chan string, 1), make(chan walked, 1)}
	ctx = WithPageEnd(ctx, func(info PageInfo) { w.end <- info.EndCursor })
	go func() {
		got := walked{}
		defer func() {
			// Whoever walks is in another goroutine, and could not contain it.
			if cause := recover(); cause != nil {
				got.err = fmt.Errorf("the operation %s panicked: %v", o.Name, cause)
			}
			w.done <- got
		}()
		got.out, got.err = o.Call(ctx, c, arguments)
	}()
	return w
}

// failed is a call that could not be made.
func failed(err error) *walking {
	w := &walking{cancel: func() {}, done: make(chan walked, 1)}
	w.done <- walked{err: err}
	return w
}

// stop gives up the call and waits until its goroutine has ended.
func (w *walking) stop() {
	if w != nil {
		w.cancel()
		<-w.done
	}
}

// Nodes is the type of what Walk yields slices of, nil for an operation that
// gives no pages.
func (o Operation) Nodes() reflect.Type {
	if !o.out.Implements(reflect.TypeFor[page]()) {
		return nil
	}
	f, ok := o.out.FieldByName("Nodes")
	if !ok {
		return nil
	}
	return f.Type.Elem()
}
