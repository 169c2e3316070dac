package artifacts

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// RunOptions say what run to make. nil means the defaults.
type RunOptions struct {
	Entity, Project string // "" means those of Config
	ID              string // "" means a new one
	DisplayName     string
	JobType         string
}

// NewRun makes a run, or continues the one that has the ID, so that artifacts
// can be logged and used by it (W&B: UpsertBucket). It writes no history and
// sends no heartbeat: end it with FinishRun.
func (c *Client) NewRun(ctx context.Context, o *RunOptions) (RunPath, error) {
	const op = "make a run"
	if o == nil {
		o = &RunOptions{}
	}
	in, err := c.in(ctx, o.Entity, o.Project)
	if err != nil {
		return RunPath{}, err
	}
	id := o.ID
	if id == "" {
		id = newRunID()
	}
	run, err := wire.UpsertBucket(ctx, c.sender, wire.UpsertBucketInput{
		Name: id, EntityName: in.Entity, ModelName: in.Project,
		DisplayName: optionalText(o.DisplayName), JobType: optionalText(o.JobType),
	})
	path := in.Entity + "/" + in.Project + "/" + id
	switch {
	case err != nil:
		return RunPath{}, c.fail(ctx, op, path, err)
	case run == nil:
		return RunPath{}, located(op, path, corrupt("a run was made and left out of the answer"))
	}
	r := RunPath{Entity: in.Entity, Project: in.Project, ID: run.Name}
	if run.Project != nil { // the server has the last word on where it is
		r.Entity, r.Project = run.Project.Entity.Name, run.Project.Name
	}
	return r, nil
}

// FinishRun says that a run has ended, well or not (W&B: UpsertBucket).
func (c *Client) FinishRun(ctx context.Context, r RunPath, failed bool) error {
	state := "finished"
	if failed {
		state = "failed"
	}
	_, err := wire.UpsertBucket(ctx, c.sender, wire.UpsertBucketInput{
		Name: r.ID, EntityName: r.Entity, ModelName: r.Project, State: &state,
	})
	if err != nil {
		return c.fail(ctx, "end a run", r.String(), err)
	}
	return nil
}

const opUse = "record that a run uses artifacts"

// UseArtifact records that a run read versions, so that lineage shows it (W&B:
// UseArtifact; many of them in one operation).
func (c *Client) UseArtifact(ctx context.Context, r RunPath, versions ...*Artifact) error {
	precise, err := c.supports(ctx, featureUseWithPlace)
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(versions, wire.MaxBatch) {
		inputs := make([]wire.UseArtifactInput, len(chunk))
		for i, a := range chunk {
			inputs[i] = use(r, a.ID)
			if precise {
				inputs[i].ArtifactEntityName, inputs[i].ArtifactProjectName = &a.Entity, &a.Project
			}
		}
		if err := wire.UseArtifacts(ctx, c.sender, inputs); err != nil {
			return c.fail(ctx, opUse, r.String(), err)
		}
	}
	return nil
}

func use(r RunPath, id string) wire.UseArtifactInput {
	return wire.UseArtifactInput{EntityName: r.Entity, ProjectName: r.Project, RunName: r.ID, ArtifactID: wire.ID(id)}
}

// UseArtifactByName finds a version by its name or id, as Artifact does, and
// records that a run read it, as UseArtifact does (W&B: use_artifact of a run).
// Both are done when it returns without an error; when there is no such version,
// nothing is recorded. It is one request for an id, and for a name where the
// server can look it up and record it at once; two on other servers.
func (c *Client) UseArtifactByName(ctx context.Context, r RunPath, path string) (*Artifact, error) {
	if isArtifactID(path) {
		w, err := wire.UseArtifact(ctx, c.sender, use(r, path))
		if err != nil {
			return nil, c.fail(ctx, opUse, r.String(), err)
		}
		if w != nil {
			a, err := c.atHome(w)
			return a, located(opUse, path, err)
		}
	} else if once, err := c.supports(ctx, featureUseByName); err != nil {
		return nil, err
	} else if once {
		p, err := c.versionPath(ctx, path)
		if err != nil {
			return nil, err
		}
		m, err := wire.UseArtifactByName(ctx, c.sender, wire.UseArtifactByNameInput{
			EntityName: r.Entity, ProjectName: r.Project, RunName: r.ID,
			ArtifactEntityName: p.Entity, ArtifactProjectName: p.Project, ArtifactName: p.Name(),
		})
		if err != nil {
			return nil, c.fail(ctx, opUse, r.String(), err)
		}
		if m != nil {
			a, err := c.fromMembership(m)
			return a, located(opUse, p.String(), err)
		}
	}
	// Looking it up by itself says what is missing.
	a, err := c.Artifact(ctx, path)
	if err == nil {
		err = c.UseArtifact(ctx, r, a)
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

// RecordLogged records that a run logged a version that is there, in the
// project of its sequence, and gives it aliases and tags (W&B: CreateArtifact
// with the digest of the version).
func (c *Client) RecordLogged(ctx context.Context, r RunPath, a *Artifact, aliases, tags []string) error {
	const op = "record that a run logged an artifact"
	if r.Entity != a.SourceEntity || r.Project != a.SourceProject {
		e := invalid("the run %s is in another project than the version %s", r, a.SourceQualifiedName())
		e.Next = "log a version in the run's own project"
		return located(op, r.String(), e)
	}
	if a.State != Committed {
		return located(op, r.String(), invalid("the version %s was not committed", a.SourceQualifiedName()))
	}
	tags, err := checkTags(tags)
	if err == nil {
		err = checkAliases(aliases)
	}
	if err != nil {
		return located(op, r.String(), err)
	}
	in := wire.CreateArtifactInput{
		EntityName: r.Entity, ProjectName: r.Project, RunName: &r.ID,
		ArtifactTypeName: a.Type, ArtifactCollectionName: a.SourceCollection,
		Digest: a.Digest, DigestAlgorithm: wire.DigestMD5, EnableDigestDeduplication: true,
		ClientID: newClientID(), SequenceClientID: newClientID(), Aliases: []wire.ArtifactAliasInput{},
	}
	for _, alias := range once(aliases) {
		in.Aliases = append(in.Aliases, wire.ArtifactAliasInput{ArtifactCollectionName: a.SourceCollection, Alias: alias})
	}
	for _, t := range tags {
		in.Tags = append(in.Tags, wire.TagInput{TagName: t})
	}
	got, err := wire.CreateArtifact(ctx, c.sender, in)
	switch {
	case err != nil:
		return c.fail(ctx, op, r.String(), err)
	case got == nil || string(got.ID) != a.ID:
		// The server began a version that nobody completes, and drops it in time.
		return &Error{Kind: KindConflict, Op: op, Path: r.String(), Message: "the server does not take the contents of " + a.SourceQualifiedName() + " for those of a version that is there"}
	}
	return nil
}

const (
	featureUseWithPlace = "USE_ARTIFACT_WITH_ENTITY_AND_PROJECT_INFORMATION"
	featureUseByName    = "RELIQUARY_USE_ARTIFACT_BY_NAME"
)

// newRunID makes an id in the form that W&B gives to runs.
func newRunID() string { return strings.ToLower(rand.Text()[:8]) }

// newClientID makes an id of a client's own, in the form that W&B uses: 128
// characters of a-z and 0-9.
func newClientID() wire.ID {
	var b strings.Builder
	for b.Len() < 128 {
		b.WriteString(strings.ToLower(rand.Text()))
	}
	return wire.ID(b.String()[:128])
}

func optionalText(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
