package tools

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

// findArtifact finds the version that an argument names, by path or by id. An
// error says which part is missing and what could have been meant.
func findArtifact(ctx context.Context, c *artifacts.Client, argument, s string) (*artifacts.Artifact, error) {
	if artifacts.IsArtifactID(s) {
		a, err := c.ArtifactByID(ctx, s)
		if errors.Is(err, artifacts.ErrNotFound) {
			return nil, blame(argument, err)
		}
		if err == nil {
			err = checkAllowed(ctx, argument, a.Entity, a.Project)
		}
		return a, err
	}
	return artifactAt(ctx, c, argument, s)
}

// artifactAt is findArtifact for paths alone.
func artifactAt(ctx context.Context, c *artifacts.Client, argument, s string) (*artifacts.Artifact, error) {
	at, err := readArtifact(ctx, c, argument, s)
	if err != nil {
		return nil, err
	}
	a, err := c.Artifact(ctx, at.Path.String())
	if err != nil {
		return nil, suggest(ctx, c, at, err)
	}
	return a, nil
}

// UsableArtifact names a version that can be used from what is on disk.
type UsableArtifact struct {
	// With an alias or a version such as v3 (default: latest), or its id.
	Artifact string `json:"artifact" jsonschema:"example=team/vision/detector:latest"`
	// Instead of an alias: the version of the collection with these contents.
	Digest string `json:"digest,omitempty" jsonschema:"pattern=^[0-9a-f]{32}$"`
	// Ask no server: use what this computer knows of the version.
	Offline bool `json:"offline,omitempty"`
}

// A foundArtifact is a version as the server knows it, or as this computer
// last did.
type foundArtifact struct {
	*artifacts.Artifact
	// seen is when the server last said so, nil if it did just now.
	seen *time.Time
}

// knownSince is for answers: when the server last confirmed what is said of the
// version, nil if it did so now.
func (f foundArtifact) knownSince() *Moment { return maybeMoment(f.seen) }

// find finds the version: without a connection it is as this computer last
// knew it.
func (in UsableArtifact) find(ctx context.Context, c *artifacts.Client) (foundArtifact, error) {
	if in.Digest != "" && (artifacts.IsArtifactID(in.Artifact) || hasAlias(in.Artifact)) {
		return foundArtifact{}, invalid("digest", "name the collection alone in artifact, or leave digest out",
			"artifact is %s, which names a version already, and digest another", quote(in.Artifact))
	}
	var err error
	if !in.Offline {
		var a *artifacts.Artifact
		if a, err = in.ask(ctx, c); err == nil {
			return foundArtifact{Artifact: a}, nil
		}
		if !errors.Is(err, artifacts.ErrUnavailable) {
			return foundArtifact{}, err
		}
	}
	a, seen, kept := in.kept(ctx, c)
	switch {
	case kept == nil:
		if err := checkAllowed(ctx, "artifact", a.Entity, a.Project); err != nil {
			return foundArtifact{}, err
		}
		return foundArtifact{a, &seen}, nil
	case in.Offline:
		return foundArtifact{}, blame("artifact", kept)
	}
	return foundArtifact{}, err // that there is no connection says more
}

func hasAlias(path string) bool {
	p, err := artifacts.ParsePath(path)
	return err == nil && p.Alias != ""
}

// ask asks the server.
func (in UsableArtifact) ask(ctx context.Context, c *artifacts.Client) (*artifacts.Artifact, error) {
	if in.Digest == "" {
		return findArtifact(ctx, c, "artifact", in.Artifact)
	}
	at, err := readCollection(ctx, c, "artifact", in.Artifact)
	if err != nil {
		return nil, err
	}
	found, _, err := c.Artifacts(at.Entity, at.Project, "", at.Collection, &artifacts.ArtifactsOptions{
		PerPage: 1, Filters: map[string]any{"digest": in.Digest, "state": string(artifacts.Committed)},
	}).Page(ctx)
	switch {
	case err != nil:
		return nil, suggest(ctx, c, at, err)
	case len(found) == 0:
		return nil, &Error{
			Code: artifacts.KindNotFound, Argument: "digest",
			Message: fmt.Sprintf("no version of %s has the contents %s", at.Path, in.Digest),
			Next:    "see the digests of its versions with list_artifacts",
		}
	}
	return found[0], nil
}

// kept asks this computer.
func (in UsableArtifact) kept(ctx context.Context, c *artifacts.Client) (*artifacts.Artifact, time.Time, error) {
	if in.Digest == "" {
		return c.KeptArtifact(ctx, in.Artifact)
	}
	p, err := artifacts.ParsePath(in.Artifact)
	if err != nil {
		return nil, time.Time{}, badPath("artifact", collectionForm, "", err)
	}
	return c.KeptArtifactByDigest(ctx, p, in.Digest)
}

// followerTo decides about references to other versions for a call: one that is
// limited to some places follows none to elsewhere, not even one that it made.
func followerTo(ctx context.Context) func(*artifacts.Artifact) error {
	if !isLimited(ctx) {
		return nil
	}
	return func(a *artifacts.Artifact) error {
		if IsAllowed(ctx, a.Entity, a.Project) {
			return nil
		}
		return &artifacts.Error{
			Kind:    artifacts.KindDenied,
			Message: "it is a reference to a version outside of what this server may be asked about, and is not followed",
			Next:    "leave it out, or ask the user to start `reliquary mcp` with another --allow",
		}
	}
}

// opening is how files of versions are opened for a call.
func opening(ctx context.Context) *artifacts.OpenOptions {
	return &artifacts.OpenOptions{Follow: follower(ctx), FollowTo: followerTo(ctx)}
}

// follower decides about references for a call: one that is bounded to a folder
// follows none out of W&B, for whoever logged a version chose where they lead.
func follower(ctx context.Context) func(uri string) error {
	if f := filesOf(ctx); f != nil && !f.Bounded() {
		return nil
	}
	return func(string) error {
		return &artifacts.Error{
			Kind:    artifacts.KindDenied,
			Message: "it is a reference out of W&B, and these are not followed here",
			Next:    "leave references out, or ask the user to download it with the command line",
		}
	}
}
