package tools

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"

	"github.com/reliquary/reliquary/artifacts"
)

// A collectionState is all that a plan to delete a collection depends on. Its
// JSON is what a plan is bound to: whatever would make the plan untrue must
// stand in it.
type collectionState struct {
	Server      string
	ID          string
	Path        string
	Type        string
	Kind        artifacts.CollectionKind
	Description string
	Tags        []string
	Versions    []versionState
	// UsesKnown says that the server told who uses the versions.
	UsesKnown bool
}

// A versionState is one version in it.
type versionState struct {
	ID, Version    string
	State          artifacts.State
	Digest         string
	Size           int64
	Aliases        []string
	UsedBy         []string
	UsedByComplete bool
	Elsewhere      []string
}

// Bounds of a plan. Reading more would take longer than anybody should wait,
// and the state could not be trusted to stand still for so long.
const (
	statePerPage  = 200
	stateVersions = 20_000
)

// readState reads a collection and everything that hangs on it.
func readState(ctx context.Context, c *artifacts.Client, at asked) (*artifacts.ArtifactCollection, collectionState, error) {
	a := c.ArtifactCollection(at.Entity, at.Project, "", at.Collection)
	attrs, err := a.Attrs(ctx)
	if err != nil {
		return nil, collectionState{}, suggest(ctx, c, at, err)
	}
	s := collectionState{
		Server:      c.BaseURL(),
		ID:          attrs.ID,
		Path:        a.Path(),
		Type:        attrs.Type,
		Kind:        attrs.Kind,
		Description: text(attrs.Description),
		Tags:        slices.Sorted(slices.Values(attrs.Tags)),
		UsesKnown:   true,
	}
	err = s.readUses(ctx, a)
	if refused, ok := errors.AsType[*artifacts.Error](err); ok &&
		(refused.Kind == artifacts.KindUnsupported || refused.Kind == artifacts.KindInvalid) {
		// The server does not take a question that W&B's own client never asks.
		s.Versions, s.UsesKnown = nil, false
		err = s.readVersions(ctx, a)
	}
	return a, s, err
}

func (s *collectionState) readUses(ctx context.Context, a *artifacts.ArtifactCollection) error {
	for u, err := range a.Uses(&artifacts.UsesOptions{PerPage: statePerPage}).All(ctx) {
		if err != nil {
			return err
		}
		err = s.add(versionState{
			ID: u.ID, Version: u.Version, State: u.State, Digest: u.Digest, Size: u.Size,
			Aliases:        slices.Sorted(slices.Values(u.Aliases)),
			UsedBy:         slices.Sorted(slices.Values(runNames(u.UsedBy))),
			UsedByComplete: u.UsedByComplete,
			Elsewhere:      slices.Sorted(slices.Values(u.Elsewhere)),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *collectionState) readVersions(ctx context.Context, a *artifacts.ArtifactCollection) error {
	// Versions of every state would go, not only those that lists show.
	every := &artifacts.ArtifactsOptions{PerPage: statePerPage, Filters: map[string]any{}}
	for v, err := range a.Artifacts(every).All(ctx) {
		if err != nil {
			return err
		}
		err = s.add(versionState{
			ID: v.ID, Version: v.Version, State: v.State, Digest: v.Digest, Size: v.Size,
			Aliases: slices.Sorted(slices.Values(v.Aliases)),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// add adds a version, up to what a plan can vouch for.
func (s *collectionState) add(v versionState) error {
	if v.State == artifacts.Deleted {
		return nil // some servers still list it
	}
	if len(s.Versions) == stateVersions {
		return &Error{
			Code:     artifacts.KindInvalid,
			Argument: "collection",
			Message:  "the collection has more than 20,000 versions, too many for one plan",
			Next:     "delete versions with the wandb package first, or the collection in W&B's own pages",
		}
	}
	s.Versions = append(s.Versions, v)
	return nil
}

// digest tells states apart.
func (s collectionState) digest() ([sha256.Size]byte, error) {
	text, err := json.Marshal(s)
	return sha256.Sum256(text), err
}

// plan is what a plan to delete the collection is bound to.
func (s collectionState) plan() (planSubject, error) {
	state, err := s.digest()
	return planSubject{
		doing: "delete collection", place: s.Server + "\x00" + s.Path, state: state,
		planner: planCollectionName,
		other:   "the plan was made for another collection than " + s.Path,
		changed: "collection " + s.Path + " is no longer as the plan saw it: versions, aliases, uses or attributes have changed since",
	}, err
}

func (s collectionState) size() Bytes {
	var sum Bytes
	for _, v := range s.Versions {
		sum += Bytes(v.Size)
	}
	return sum
}
