package artifacts

import (
	"context"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

const (
	// urlsPerPage is how many addresses are asked for at once, as the wandb
	// package does.
	urlsPerPage = 5000
	// namesPerPage is how many files are asked for by name at once.
	namesPerPage = 500
)

// fileURLs asks for the addresses of files and hands them to use, until use
// reports false. It asks for all files of the version if most are wanted, and
// for those that are wanted by their names otherwise. The next page is asked
// for while the files of the present one are fetched.
func (c *Client) fileURLs(ctx context.Context, a *Artifact, wanted []string, use func(wire.FileURL) bool) error {
	if n := int64(len(wanted)); n*3 >= a.FileCount && n > namesPerPage {
		after := ""
		return c.urlPages(ctx, a, func(ctx context.Context) (*wire.Nodes[wire.FileURL], bool, error) {
			page, err := c.urlPage(ctx, a, nil, wire.Page{First: urlsPerPage, After: after})
			if err != nil {
				return nil, false, err
			}
			before := after
			after = text(page.PageInfo.EndCursor)
			if page.PageInfo.HasNextPage && (after == "" || after == before) {
				return nil, false, corrupt("a list of files says that more follows and gives a cursor that leads nowhere new")
			}
			return page, page.PageInfo.HasNextPage, nil
		}, use)
	}
	names := wanted
	return c.urlPages(ctx, a, func(ctx context.Context) (*wire.Nodes[wire.FileURL], bool, error) {
		chunk := names[:min(namesPerPage, len(names))]
		names = names[len(chunk):]
		page, err := c.urlPage(ctx, a, chunk, wire.Page{First: len(chunk)})
		return page, len(names) > 0, err
	}, use)
}

// urlPages hands on pages, one of them fetched ahead.
func (c *Client) urlPages(
	ctx context.Context, a *Artifact,
	next func(context.Context) (page *wire.Nodes[wire.FileURL], more bool, err error), use func(wire.FileURL) bool,
) error {
	type result struct {
		page *wire.Nodes[wire.FileURL]
		more bool
		err  error
	}
	ctx, cancel := context.WithCancel(ctx)
	ahead := make(chan result, 1)
	ask := func() { page, more, err := next(ctx); ahead <- result{page, more, err} }
	go ask()
	for {
		r := <-ahead
		if r.err != nil {
			cancel()
			return r.err
		}
		if r.more {
			go ask()
		}
		for _, e := range r.page.Edges {
			if e.Node != nil && !use(*e.Node) {
				cancel()
				if r.more {
					<-ahead
				}
				return nil
			}
		}
		if !r.more {
			cancel()
			return nil
		}
	}
}

// urlPage asks for one page of addresses.
func (c *Client) urlPage(ctx context.Context, a *Artifact, names []string, p wire.Page) (*wire.Nodes[wire.FileURL], error) {
	const op = "ask for the addresses of files"
	v := wire.Version{In: wire.In{Entity: a.Entity, Project: a.Project}, Collection: a.Collection, Alias: a.Version}
	page, lacks, err := wire.ArtifactFileURLs(ctx, c.sender, v, names, p)
	if err != nil {
		return nil, c.fail(ctx, op, a.QualifiedName(), err)
	}
	if page == nil {
		return nil, missing(op, lacks, v.In, "", v.Collection, v.Alias)
	}
	return page, nil
}

// fileURL asks for the address of one file.
func (c *Client) fileURL(ctx context.Context, a *Artifact, path string) (string, error) {
	page, err := c.urlPage(ctx, a, []string{path}, wire.Page{First: 1})
	if err != nil {
		return "", err
	}
	for _, e := range page.Edges {
		if e.Node != nil && e.Node.Name == path && e.Node.DirectURL != "" {
			return e.Node.DirectURL, nil
		}
	}
	return "", &Error{
		Kind: KindNotFound, Op: "ask for the address of a file", Path: a.QualifiedName(),
		Message: "the server knows no address of " + quote(path),
		Next:    "the version is damaged on the server, or was deleted meanwhile",
	}
}

// fileSource is where the bytes of a file of a version are. url can be "".
func (c *Client) fileSource(a *Artifact, path, url string) *source {
	return c.newSource(url, func(ctx context.Context) (string, error) { return c.fileURL(ctx, a, path) })
}
