package tools

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/reliquary/reliquary/artifacts"
)

// ArtifactSelection says which versions are meant: some by name, or those of a
// collection that nobody would miss.
type ArtifactSelection struct {
	Artifacts []string `json:"artifacts,omitempty" jsonschema:"maxItems=200,example=team/vision/checkpoints:v3"`
	// Instead of artifacts: all versions of this collection without alias, link and use by a run.
	Collection string `json:"collection,omitempty" jsonschema:"example=team/vision/checkpoints"`
	// With collection: those that runs used, too.
	IncludeUsed bool `json:"include_used,omitempty"`
}

// An artifactsState is all that a plan to delete versions depends on. Its JSON
// is what a plan is bound to.
type artifactsState struct {
	Server string
	// Rule is how the versions were chosen, "" by name.
	Rule     string
	Versions []namedState
	// UsesKnown says that the server told who uses the versions.
	UsesKnown bool

	versions []*artifacts.Artifact // those of Versions, in their order
	kept     int                   // versions of the collection that were not chosen
	keptWhy  []PlannedThing        // these, and why
	keptIDs  []string              // theirs, nil if it is not known which there are
}

// A namedState is a version with its whole name.
type namedState struct {
	Artifact string
	versionState
}

// plan is what a plan to delete the versions is bound to.
func (s artifactsState) plan() (planSubject, error) {
	text, err := json.Marshal(s)
	names := s.Rule
	if names == "" {
		all := make([]string, len(s.Versions))
		for i, v := range s.Versions {
			all[i] = v.Artifact
		}
		slices.Sort(all)
		names = strings.Join(all, "\x00")
	}
	return planSubject{
		doing: "delete artifacts", place: s.Server + "\x00" + names, state: sha256.Sum256(text),
		planner: planArtifactsName,
		other:   "the plan was made for other versions than these",
		changed: "the versions are no longer as the plan saw them: which ones there are, their aliases, links or uses have changed since",
	}, err
}

// check refuses what the schema cannot.
func (in ArtifactSelection) check() error {
	switch {
	case len(in.Artifacts) == 0 && in.Collection == "":
		return invalid("artifacts", "name versions in artifacts, or a collection in collection", "no version was named")
	case len(in.Artifacts) > 0 && in.Collection != "":
		return invalid("collection", "give one of them", "artifacts and collection say different things, and both were given")
	case in.IncludeUsed && in.Collection == "":
		return invalid("include_used", "leave it out: versions that are named are deleted though they were used", "include_used says nothing without collection")
	}
	return nil
}

// read finds the versions and everything that hangs on them.
func (in ArtifactSelection) read(ctx context.Context, c *artifacts.Client) (artifactsState, error) {
	if in.Collection != "" {
		return in.readUnmissed(ctx, c)
	}
	return in.readNamed(ctx, c)
}

// readNamed reads the versions that were named, each once.
func (in ArtifactSelection) readNamed(ctx context.Context, c *artifacts.Client) (artifactsState, error) {
	s := artifactsState{Server: c.BaseURL(), UsesKnown: true}
	found, err := findArtifacts(ctx, c, "artifacts", in.Artifacts)
	if err != nil {
		return s, err
	}
	seen := map[string]bool{}
	for _, f := range found {
		if f.Err != nil {
			if at, err := readArtifact(ctx, c, "artifacts", f.Path); err == nil {
				return s, suggest(ctx, c, at, f.Err)
			}
			return s, blame("artifacts", f.Err)
		}
		a := f.Artifact
		switch {
		case a.IsLink():
			return s, invalid("artifacts", "name it "+a.SourceQualifiedName()+" to delete it everywhere, or use unlink_artifact",
				"%s is a link in a portfolio; nothing was deleted", a.QualifiedName())
		case a.State == artifacts.Pending:
			return s, invalid("artifacts", "wait until it is written", "%s is being written at this moment; nothing was deleted", a.QualifiedName())
		case a.State == artifacts.Deleted:
			return s, invalid("artifacts", "leave it out", "%s is deleted already", a.QualifiedName())
		case !seen[a.ID]:
			seen[a.ID] = true
			s.versions = append(s.versions, a)
		}
	}
	slices.SortFunc(s.versions, func(a, b *artifacts.Artifact) int { return strings.Compare(a.QualifiedName(), b.QualifiedName()) })
	uses, err := c.FindUses(ctx, s.versions)
	if asksTooMuch(err) {
		s.UsesKnown, uses, err = false, make([]*artifacts.ArtifactUse, len(s.versions)), nil
	}
	if err != nil {
		return s, err
	}
	for i, a := range s.versions {
		v := versionState{ID: a.ID, Version: a.Version, State: a.State, Digest: a.Digest, Size: a.Size, Aliases: slices.Sorted(slices.Values(a.Aliases))}
		switch {
		case uses[i] != nil:
			v = useState(uses[i])
		case s.UsesKnown:
			return s, &Error{
				Code: artifacts.KindConflict, Argument: "artifacts",
				Message: a.QualifiedName() + " was deleted at this moment; nothing else was deleted", Next: "see what is left with list_artifacts",
			}
		}
		s.Versions = append(s.Versions, namedState{a.QualifiedName(), v})
	}
	return s, nil
}

// readUnmissed reads the versions of a collection that nobody would miss.
func (in ArtifactSelection) readUnmissed(ctx context.Context, c *artifacts.Client) (artifactsState, error) {
	s := artifactsState{Server: c.BaseURL(), UsesKnown: true}
	at, err := readCollection(ctx, c, "collection", in.Collection)
	if err != nil {
		return s, err
	}
	_, all, err := readState(ctx, c, at)
	switch {
	case err != nil:
		return s, err
	case all.Kind != artifacts.Sequence:
		return s, invalid("collection", "take versions out of it with unlink_artifact, or delete it with plan_delete_artifact_collection",
			"%s is a portfolio, which holds links and no versions of its own", all.Path)
	case !all.UsesKnown:
		return s, &Error{
			Code: artifacts.KindUnsupported, Argument: "collection",
			Message: "this server does not tell who uses the versions of a collection, so that nobody can say which ones would not be missed",
			Next:    "name the versions in artifacts",
		}
	}
	s.Rule = all.Path + " without alias, link and use"
	if in.IncludeUsed {
		s.Rule = all.Path + " without alias and link"
	}
	entity, project, name := splitPath(all.Path)
	var ids []string
	s.keptIDs = []string{}
	for _, v := range all.Versions {
		qualified := artifacts.Path{Entity: entity, Project: project, Collection: name, Alias: v.Version}.String()
		// What is being written has no alias and no user yet.
		if v.State != artifacts.Committed || len(v.Aliases) > 0 || len(v.Elsewhere) > 0 || len(v.UsedBy) > 0 && !in.IncludeUsed {
			s.kept++
			s.keptWhy = append(s.keptWhy, PlannedThing{Name: qualified, Why: strings.Join(v.reasons(), "; "), SizeBytes: sizeOf(v)})
			s.keptIDs = append(s.keptIDs, v.ID)
			continue
		}
		s.Versions = append(s.Versions, namedState{qualified, v})
		ids = append(ids, v.ID)
	}
	found, err := c.FindArtifacts(ctx, ids)
	if err != nil {
		return s, err
	}
	for _, f := range found {
		if f.Err != nil {
			return s, blame("collection", f.Err)
		}
		s.versions = append(s.versions, f.Artifact)
	}
	return s, nil
}

// splitPath cuts "entity/project/collection".
func splitPath(path string) (entity, project, collection string) {
	p, err := artifacts.ParsePath(path)
	if err != nil { // a collection's own path
		return "", "", path
	}
	return p.Entity, p.Project, p.Collection
}

func useState(u *artifacts.ArtifactUse) versionState {
	return versionState{
		ID: u.ID, Version: u.Version, State: u.State, Digest: u.Digest, Size: u.Size,
		Aliases:        slices.Sorted(slices.Values(u.Aliases)),
		UsedBy:         slices.Sorted(slices.Values(runNames(u.UsedBy))),
		UsedByComplete: u.UsedByComplete,
		Elsewhere:      slices.Sorted(slices.Values(u.Elsewhere)),
	}
}

// asksTooMuch reports whether a server refused a question that W&B's own client
// never asks.
func asksTooMuch(err error) bool {
	return errors.Is(err, artifacts.ErrUnsupported) || errors.Is(err, artifacts.ErrInvalid)
}
