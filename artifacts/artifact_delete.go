package artifacts

import (
	"context"
	"errors"
	"slices"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// DeleteOptions say how to delete versions.
type DeleteOptions struct {
	// DeleteAliases deletes versions that have aliases, "latest" included,
	// together with these. Without it the server refuses them (KindConflict).
	DeleteAliases bool
}

// Delete deletes the version with its files (W&B: DeleteArtifact). A version
// that is seen through a portfolio is taken out of that instead, as by Unlink,
// and stays in its own sequence. It is not sent again after a broken
// connection: ask for the version to learn whether it is gone.
func (a *Artifact) Delete(ctx context.Context, o DeleteOptions) error {
	if a.IsLink() {
		return a.Unlink(ctx)
	}
	err := wire.DeleteArtifact(ctx, a.client.sender, wire.DeleteArtifactInput{ArtifactID: wire.ID(a.ID), DeleteAliases: o.DeleteAliases})
	if err != nil {
		return a.client.fail(ctx, "delete artifact", a.QualifiedName(), err)
	}
	return nil
}

// A Deletion is what became of one version that was to be deleted.
type Deletion struct {
	Artifact *Artifact
	// Deleted says that the version is gone.
	Deleted bool
	// Err says why it is not, or why that is not known.
	Err error
}

// deletionsAtOnce is how many versions one request deletes: a server gives up
// on requests that take longer than some seconds.
const deletionsAtOnce = 20

// DeleteArtifacts deletes versions of sequences, 20 with one request (W&B:
// DeleteArtifact, many times in one operation), in the order given. The answers
// are in that order too; one that is refused is no error of the others. When a
// request fails it is not sent again: what it left is looked up, and deleted
// one by one unless that cannot work either. It ends early, and says so in Err,
// where the server cannot be reached.
//
// Versions that are seen through portfolios are not deleted and not unlinked:
// they are KindInvalid.
func (c *Client) DeleteArtifacts(ctx context.Context, versions []*Artifact, o DeleteOptions) []Deletion {
	const op = "delete artifacts"
	out := make([]Deletion, len(versions))
	var at []int
	for i, a := range versions {
		out[i].Artifact = a
		if a.IsLink() {
			e := invalid("it was looked up in a portfolio; deleting it there would only unlink it")
			e.Next = "unlink it, or delete the version in the sequence that it was logged to"
			out[i].Err = located(op, a.QualifiedName(), e)
			continue
		}
		at = append(at, i)
	}
	var stop error
	for chunk := range slices.Chunk(at, deletionsAtOnce) {
		if stop == nil {
			stop = c.deleteChunk(ctx, op, out, chunk, o)
			continue
		}
		for _, i := range chunk {
			out[i].Err = located(op, versions[i].QualifiedName(), stop)
		}
	}
	return out
}

// deleteChunk deletes some of the versions in out. It returns an error when
// there is no use in going on with others.
func (c *Client) deleteChunk(ctx context.Context, op string, out []Deletion, chunk []int, o DeleteOptions) error {
	inputs := make([]wire.DeleteArtifactInput, len(chunk))
	for n, i := range chunk {
		inputs[n] = wire.DeleteArtifactInput{ArtifactID: wire.ID(out[i].Artifact.ID), DeleteAliases: o.DeleteAliases}
	}
	err := wire.DeleteArtifacts(ctx, c.sender, inputs)
	if err == nil {
		for _, i := range chunk {
			out[i].Deleted = true
		}
		return nil
	}
	failed := c.fail(ctx, op, "", err)
	left, looked := c.stillThere(ctx, out, chunk)
	if looked != nil {
		for _, i := range chunk {
			out[i].Err = located(op, out[i].Artifact.QualifiedName(), unknownAfter(failed))
		}
		return looked
	}
	for _, i := range left {
		if errors.Is(failed, ErrCanceled) || errors.Is(failed, ErrUnauthenticated) {
			out[i].Err = located(op, out[i].Artifact.QualifiedName(), failed)
			continue
		}
		// One of the chunk was refused, and which one the answer need not say.
		a := out[i].Artifact
		one := wire.DeleteArtifact(ctx, c.sender, inputs[slices.Index(chunk, i)])
		if out[i].Deleted = one == nil; one != nil {
			out[i].Err = c.fail(ctx, op, a.QualifiedName(), one)
		}
	}
	if errors.Is(failed, ErrCanceled) || errors.Is(failed, ErrUnauthenticated) {
		return failed
	}
	return nil
}

// stillThere marks those of the chunk that are gone, and returns the others.
func (c *Client) stillThere(ctx context.Context, out []Deletion, chunk []int) ([]int, error) {
	ids := make([]wire.ID, len(chunk))
	for n, i := range chunk {
		ids[n] = wire.ID(out[i].Artifact.ID)
	}
	found, err := wire.ArtifactsByID(ctx, c.sender, ids)
	if err != nil {
		return nil, c.fail(ctx, "see which artifacts were deleted", "", err)
	}
	var left []int
	for n, i := range chunk {
		if f := found[n]; f == nil || State(f.State) == Deleted {
			out[i].Deleted = true
			continue
		}
		left = append(left, i)
	}
	return left, nil
}

// unknownAfter is the error of a deletion of which nobody knows whether it was
// done.
func unknownAfter(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	out := *e
	out.Message += "; whether the version was deleted is not known"
	out.Next = "ask for it before trying again"
	return &out
}
