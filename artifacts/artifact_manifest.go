package artifacts

import (
	"context"
	"errors"
	"io"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// maxManifest bounds a manifest file, in bytes. That is some 30 million files.
const maxManifest = 4 << 30

// Manifest lists what the version holds. A committed version's manifest never
// changes: it is taken from FileConfig.CacheDir if it was asked for before, so
// that this works without a connection; otherwise the server is asked for its
// address (W&B: FetchArtifactManifest) and the file is read.
func (a *Artifact) Manifest(ctx context.Context) (*Manifest, error) {
	const op = "read the manifest of an artifact"
	if err := a.check(op); err != nil {
		return nil, err
	}
	c := a.client
	if m := c.keptManifest(a); m != nil {
		return m, nil
	}
	var m *Manifest
	var from string
	refresh := func(ctx context.Context) error {
		url, lacks, err := wire.ArtifactManifestURL(ctx, c.sender, wire.ID(a.ID))
		switch {
		case err != nil:
			return c.fail(ctx, op, a.QualifiedName(), err)
		case lacks == wire.MissingVersion:
			return &Error{Kind: KindNotFound, Message: "the version was deleted, or this API key may not see it any more", Next: "list the collection's versions"}
		case lacks != wire.Nothing || url == "":
			return &Error{Kind: KindConflict, Message: "the version has no manifest", Next: "it was not logged to its end; log it again"}
		}
		from = url
		return nil
	}
	err := refresh(ctx)
	if err == nil {
		err = c.persist(ctx, func(ctx context.Context) (int64, *setback) {
			var s *setback
			m, s = c.readManifest(ctx, a, from)
			return 0, s
		}, refresh)
	}
	if err != nil {
		return nil, located(op, a.QualifiedName(), err)
	}
	return m, nil
}

// check refuses an Artifact that was made by hand rather than by a Client.
func (a *Artifact) check(op string) error {
	if a.client != nil {
		return nil
	}
	return &Error{Kind: KindInvalid, Op: op, Path: a.QualifiedName(), Message: "this Artifact came from no server", Next: "get it from a Client"}
}

// readManifest reads a manifest file, and keeps it.
func (c *Client) readManifest(ctx context.Context, a *Artifact, url string) (*Manifest, *setback) {
	d, s := c.fetch(ctx, c.transport, url, 0, -1)
	if s != nil {
		return nil, s
	}
	defer d.Close()
	body := &remembering{r: io.LimitReader(d, maxManifest)}
	keep := c.newKeeping(a)
	defer keep.discard()
	m, err := ReadManifest(io.TeeReader(body, keep))
	switch {
	case body.err != nil: // what was read until then need make no sense
		return nil, c.broken(ctx, d.resp.Request.Context(), d.resp.Request.URL, body.err)
	case err != nil:
		e, _ := errors.AsType[*Error](err)
		return nil, &setback{Error: *e}
	}
	keep.done()
	return m, nil
}

// A remembering reader knows why it could not be read to its end.
type remembering struct {
	r   io.Reader
	err error
}

func (r *remembering) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}
