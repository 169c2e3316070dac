package artifacts

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// A State is where a version is in its life.
type State string

// A version is PENDING while it is written, COMMITTED when whole, DELETED afterwards.
const (
	Pending   State = "PENDING"
	Committed State = "COMMITTED"
	Deleted   State = "DELETED"
)

// An Artifact is one version, seen in one collection: its own sequence, or a
// portfolio that links to it. The fields are a snapshot of what the server
// said; changing them changes nothing there. Set and Add methods say what to
// change, and Save sends it and brings the fields up to date; these are not for
// use by several goroutines at once, all else is.
type Artifact struct {
	// ID is the server's id of the version, the same in every collection.
	ID string `json:"id"`
	// Entity, Project, Collection and Version say where it was looked up.
	// Version is "v<N>", counted in that collection.
	Entity       string `json:"entity"`
	Project      string `json:"project"`
	Collection   string `json:"collection"`
	Version      string `json:"version"`
	VersionIndex int    `json:"versionIndex"`
	// Aliases are those in that collection.
	Aliases []string `json:"aliases"`
	// SourceEntity, SourceProject, SourceCollection and SourceVersion say where
	// it was logged.
	SourceEntity     string `json:"sourceEntity"`
	SourceProject    string `json:"sourceProject"`
	SourceCollection string `json:"sourceCollection"`
	SourceVersion    string `json:"sourceVersion"`

	Type        string   `json:"type"`
	State       State    `json:"state"`
	Tags        []string `json:"tags"`
	Description *string  `json:"description,omitempty"`
	// Metadata is the version's metadata, a JSON object; nil if it has none.
	Metadata json.RawMessage `json:"metadata,omitempty"`
	// Digest is the hex digest of the manifest: equal digests, equal contents.
	Digest     string `json:"digest"`
	CommitHash string `json:"commitHash,omitempty"`
	// Size is the sum of all files, in bytes.
	Size      int64 `json:"size"`
	FileCount int64 `json:"fileCount"`
	// TTL is how long after its creation the version is kept; nil means for ever.
	TTL *time.Duration `json:"-"`
	// TTLIsInherited says whether TTL comes from the project.
	TTLIsInherited bool `json:"ttlIsInherited"`
	// HistoryStep is the step of the run that logged it, if it had one.
	HistoryStep *int64     `json:"historyStep,omitempty"`
	CreatedAt   time.Time  `json:"createdAt"`
	UpdatedAt   *time.Time `json:"updatedAt,omitempty"`

	// CreatedBy is who logged the version, where VersionDetails.CreatedBy asked
	// for it; FindCreator asks for one version.
	CreatedBy *Creator `json:"createdBy,omitempty"`
	// UseCount is how many runs used it, as far as this API key may see them,
	// where VersionDetails.UseCount asked for it; nil where the server does not
	// tell.
	UseCount *int `json:"useCount,omitempty"`

	client *Client
	set    artifactChanges
}

// Artifact finds a version: "entity/project/collection:alias" or ":v3", where
// entity and project may be left out (see Config) and the alias is "latest" if
// none is given; or the version's id (W&B: ArtifactMembershipByName,
// ArtifactByID). KindNotFound says which part is missing.
func (c *Client) Artifact(ctx context.Context, path string) (*Artifact, error) {
	if isArtifactID(path) {
		return c.ArtifactByID(ctx, path)
	}
	const op = "get artifact"
	p, err := c.versionPath(ctx, path)
	if err != nil {
		return nil, err
	}
	in := wire.In{Entity: p.Entity, Project: p.Project}
	m, lacks, err := wire.ArtifactMembershipByName(ctx, c.sender, in, p.Name())
	if err != nil {
		return nil, c.fail(ctx, op, p.String(), err)
	}
	if m == nil {
		return nil, missing(op, lacks, in, "", p.Collection, p.Alias)
	}
	a, err := c.fromMembership(m)
	return a, located(op, p.String(), err)
}

// versionPath reads the name of a version, and fills in what it leaves out.
func (c *Client) versionPath(ctx context.Context, path string) (Path, error) {
	p, err := ParsePath(path)
	if err != nil {
		return Path{}, err
	}
	if p.Alias == "" {
		p.Alias = "latest"
	}
	return c.Resolve(ctx, p)
}

// fromMembership makes a version seen in the collection of a membership.
func (c *Client) fromMembership(m *wire.Membership) (*Artifact, error) {
	if m.ArtifactCollection == nil || m.ArtifactCollection.Project == nil {
		return nil, corrupt("a version is in no collection, or that in no project")
	}
	own, err := ownSeat(m.Artifact)
	if err != nil {
		return nil, err
	}
	at := own
	at.entity, at.project = within(m.ArtifactCollection)
	at.collection = m.ArtifactCollection.Name
	if m.VersionIndex != nil {
		at.index = *m.VersionIndex
		at.version = "v" + strconv.Itoa(at.index)
	}
	aliases := make([]string, 0, len(m.Aliases))
	for _, a := range m.Aliases {
		if !isVersion(a.Alias) {
			aliases = append(aliases, a.Alias)
		}
	}
	return c.toArtifact(&m.Artifact.Facts, m.Artifact.ArtifactType.Name, own, at, aliases)
}

// ArtifactByID finds a version by its id, seen in its own sequence (W&B: ArtifactByID).
func (c *Client) ArtifactByID(ctx context.Context, id string) (*Artifact, error) {
	const op = "get artifact by id"
	if id == "" {
		return nil, &Error{Kind: KindInvalid, Op: op, Message: "the id is empty"}
	}
	w, _, err := wire.ArtifactByID(ctx, c.sender, wire.ID(id))
	if err != nil {
		return nil, c.fail(ctx, op, id, err)
	}
	if w == nil {
		return nil, noSuchID(op, id)
	}
	a, err := c.atHome(w)
	return a, located(op, id, err)
}

func noSuchID(op, id string) *Error {
	return &Error{
		Kind: KindNotFound, Op: op, Path: id,
		Message: "there is no version with this id",
		Next:    "check the id, and that this API key may see the version",
	}
}

// atHome makes a version seen in its own sequence.
func (c *Client) atHome(w *wire.AliasedArtifact) (*Artifact, error) {
	own, err := ownSeat(&w.Artifact)
	if err != nil {
		return nil, err
	}
	return c.toArtifact(&w.Facts, w.ArtifactType.Name, own, own, aliasesIn(w.ArtifactSequence.ID, w.Aliases))
}

// Client is the client that the version came from.
func (a *Artifact) Client() *Client { return a.client }

// Name is "collection:v<N>".
func (a *Artifact) Name() string { return a.Collection + ":" + a.Version }

// QualifiedName is "entity/project/collection:v<N>".
func (a *Artifact) QualifiedName() string { return a.Entity + "/" + a.Project + "/" + a.Name() }

// SourceName is "collection:v<N>" in the sequence it was logged to.
func (a *Artifact) SourceName() string { return a.SourceCollection + ":" + a.SourceVersion }

// SourceQualifiedName is "entity/project/collection:v<N>" in the sequence it
// was logged to.
func (a *Artifact) SourceQualifiedName() string {
	return a.SourceEntity + "/" + a.SourceProject + "/" + a.SourceName()
}

// IsLink reports whether it was looked up in a portfolio rather than in its
// own sequence.
func (a *Artifact) IsLink() bool {
	return a.Entity != a.SourceEntity || a.Project != a.SourceProject || a.Collection != a.SourceCollection
}

// Files lists the version's files.
func (a *Artifact) Files(opts *FilesOptions) *ArtifactFiles { return newArtifactFiles(a, opts) }

// InCollection names the collection that the version was looked up in. It
// sends nothing.
func (a *Artifact) InCollection() *ArtifactCollection {
	return a.client.ArtifactCollection(a.Entity, a.Project, a.Type, a.Collection)
}

// SourceInCollection names the sequence that the version was logged to. It
// sends nothing.
func (a *Artifact) SourceInCollection() *ArtifactCollection {
	return a.client.ArtifactCollection(a.SourceEntity, a.SourceProject, a.Type, a.SourceCollection)
}

// String gives the qualified name.
func (a *Artifact) String() string { return a.QualifiedName() }
