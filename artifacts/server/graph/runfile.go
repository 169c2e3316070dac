package graph

import (
	"context"
	"mime"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/transfer"
)

// A RunFile is a file of a run, not of an artifact.
type RunFile struct {
	rq  *request
	run *metadata.Run
	f   metadata.RunFile
}

// A RunFileConnection is a page of a run's files.
type RunFileConnection struct {
	connection
	Edges []*RunFileEdge
}

func (f *RunFile) ID() string            { return runFileID.nameID(f.run.ID, f.f.Name) }
func (f *RunFile) Name() string          { return f.f.Name }
func (f *RunFile) SizeBytes() int64      { return f.f.Size }
func (f *RunFile) UpdatedAt() *time.Time { return timeOrNull(f.f.UpdatedAt) }
func (f *RunFile) MD5() *string          { return textOrNull(f.f.MD5) }
func (f *RunFile) Mimetype() *string     { return textOrNull(mime.TypeByExtension(path.Ext(f.f.Name))) }

// DirectURL is a signed address of the bytes.
func (f *RunFile) DirectURL() string {
	return f.rq.signer.DownloadURL(f.rq.base, transfer.Download{
		Key: f.f.Key, Size: f.f.Size, Name: f.f.Name, Holder: f.rq.holder(f.run.EntityID, f.run.ProjectID),
	})
}

// URL is a signed address to read the file from, or to write it to.
func (f *RunFile) URL(ctx context.Context, upload *bool) (*string, error) {
	if upload == nil || !*upload {
		return textOrNull(f.DirectURL()), nil
	}
	if err := f.rq.mayWrite(ctx, f.run.EntityID, f.run.ProjectID, "runs of entity '"+f.run.Entity+"'", "run "+f.run.Name); err != nil {
		return nil, err
	}
	return textOrNull(f.rq.signer.UploadURL(f.rq.base, transfer.RunFileUpload{RunID: f.run.ID, Name: f.f.Name, Holder: f.rq.holder(f.run.EntityID, f.run.ProjectID)})), nil
}

// FileCount counts the run's files.
func (r *Run) FileCount(ctx context.Context) (int64, error) {
	n, err := r.rq.store.CountRunFiles(ctx, r.r.ID)
	return int64(n), err
}

// Files lists the run's files, those of some names only or those that match a
// pattern as SQL's LIKE has it.
func (r *Run) Files(ctx context.Context, names []*string, first *int64, after, pattern *string) (*RunFileConnection, error) {
	out := &RunFileConnection{Edges: []*RunFileEdge{}}
	// Each comes with its address; restricted viewers get none.
	ok, err := r.rq.viewer.MayFetch(ctx, r.r.EntityID, r.r.ProjectID)
	if err == nil && !ok {
		err = r.rq.mayNotFetch()
	}
	if err != nil {
		return nil, err
	}
	out.connection, err = fetch(ctx, pageArgs{first: first, after: after},
		func(ctx context.Context, page metadata.Page) (metadata.Connection[metadata.RunFile], error) {
			page.Filter = runFileFilter(names, pattern)
			return r.rq.store.ListRunFiles(ctx, r.r.ID, page)
		},
		nil,
		func(edges []metadata.Edge[metadata.RunFile]) error {
			for _, e := range edges {
				out.Edges = append(out.Edges, &RunFileEdge{Cursor: e.Cursor, Node: &RunFile{rq: r.rq, run: &r.r, f: e.Node}})
			}
			return nil
		})
	return out, err
}

// runFileFilter is the condition that both arguments make, nil for all files.
func runFileFilter(names []*string, pattern *string) *metadata.Filter {
	var all []metadata.Filter
	if len(names) > 0 {
		list := make([]any, 0, len(names))
		for _, n := range names {
			list = append(list, textOf(n))
		}
		all = append(all, metadata.Filter{Field: "name", Op: metadata.In, Value: list})
	}
	if textOf(pattern) != "" {
		all = append(all, metadata.Filter{Field: "name", Op: metadata.Regex, Value: likeToRegex(*pattern)})
	}
	if len(all) == 0 {
		return nil
	}
	return &metadata.Filter{And: all}
}

// likeToRegex turns a pattern of SQL's LIKE, in which % is any text and _ any
// character, into a regular expression.
func likeToRegex(like string) string {
	var b strings.Builder
	b.WriteString("(?s)^")
	for _, r := range like {
		switch r {
		case '%':
			b.WriteString(".*")
		case '_':
			b.WriteByte('.')
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	b.WriteByte('$')
	return b.String()
}
