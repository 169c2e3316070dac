package artifacts

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// maxManifest bounds a manifest file, in bytes. That is some 30 million files.
const maxManifest = 4 << 30

// Manifest lists what the version holds. A committed version's manifest never
// changes: it is taken from FileConfig.CacheDir if it was asked for before, so
// that this works without a connection; otherwise the server is asked for its
// address (W&B: FetchArtifactManifest) and the file is read.
func (a *Artifact) Manifest(ctx context.Context) (*Manifest, error) {
	if err := a.check(opManifest); err != nil {
		return nil, err
	}
	if m := a.client.keptManifest(a); m != nil {
		return m, nil
	}
	return a.fetchManifest(ctx, "")
}

const opManifest = "read the manifest of an artifact"

// fetchManifest reads the manifest from the server. from is its address, "" if
// that is not known.
func (a *Artifact) fetchManifest(ctx context.Context, from string) (*Manifest, error) {
	const op = opManifest
	c := a.client
	var m *Manifest
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
	var err error
	if from == "" {
		err = refresh(ctx)
	}
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

// Manifests reads the manifests of many versions, as Artifact.Manifest does, and
// calls f with each: never twice at once, in no order. The addresses of a
// hundred come with one request (W&B: FetchArtifactManifest, many times in one
// operation); what was read before costs none, and versions with equal digests
// share one manifest. An error of f ends it, and is returned.
func (c *Client) Manifests(ctx context.Context, versions []*Artifact, f func(*Artifact, *Manifest) error) error {
	same := map[string][]*Artifact{}
	var first []*Artifact
	for _, a := range versions {
		if err := a.check(opManifest); err != nil {
			return err
		}
		if a.Digest == "" || same[a.Digest] == nil {
			first = append(first, a)
		}
		same[a.Digest] = append(same[a.Digest], a)
	}
	var mu sync.Mutex
	each := func(a *Artifact, m *Manifest) error {
		mu.Lock()
		defer mu.Unlock()
		if a.Digest == "" {
			return f(a, m)
		}
		for _, one := range same[a.Digest] {
			if err := f(one, m); err != nil {
				return err
			}
		}
		return nil
	}
	for chunk := range slices.Chunk(first, wire.MaxBatch) {
		if err := c.manifests(ctx, chunk, each); err != nil {
			return err
		}
	}
	return nil
}

// manifests reads those of at most a hundred versions.
func (c *Client) manifests(ctx context.Context, versions []*Artifact, each func(*Artifact, *Manifest) error) error {
	var unknown []*Artifact
	var ids []wire.ID
	for _, a := range versions {
		if m := c.keptManifest(a); m != nil {
			if err := each(a, m); err != nil {
				return err
			}
			continue
		}
		unknown, ids = append(unknown, a), append(ids, wire.ID(a.ID))
	}
	if len(ids) == 0 {
		return nil
	}
	urls, err := wire.ArtifactManifestURLs(ctx, c.sender, ids)
	if err != nil {
		return c.fail(ctx, opManifest, "", err)
	}
	crew := newCrew(ctx, c.files.workers(0))
	for i, a := range unknown {
		// Without an address it is asked for once more, which says what is missing.
		if !crew.run(func(ctx context.Context) error {
			m, err := a.fetchManifest(ctx, urls[i])
			if err != nil {
				return err
			}
			return each(a, m)
		}) {
			break
		}
	}
	return crew.wait()
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
