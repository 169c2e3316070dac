package artifacts

import (
	"context"
	"encoding/json"
	"time"
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
// said; changing them changes nothing there.
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

	client *Client
}

// Artifact finds a version: "entity/project/collection:alias" or ":v3", where
// entity and project may be left out (see Config) and the alias is "latest" if
// none is given; or the version's id (W&B: ArtifactMembershipByName,
// ArtifactByID). KindNotFound says which part is missing.
func (c *Client) Artifact(ctx context.Context, path string) (*Artifact, error) { return nil, nil }

// ArtifactByID finds a version by its id, seen in its own sequence.
func (c *Client) ArtifactByID(ctx context.Context, id string) (*Artifact, error) { return nil, nil }

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
func (a *Artifact) IsLink() bool { return false }

// Files lists the version's files.
func (a *Artifact) Files(opts *FilesOptions) *ArtifactFiles { return nil }

// InCollection names the collection that the version was looked up in. It
// sends nothing.
func (a *Artifact) InCollection() *ArtifactCollection { return nil }

// String gives the qualified name.
func (a *Artifact) String() string { return a.QualifiedName() }
