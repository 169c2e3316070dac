package metadata

import "time"

// An EntityKind says what kind of owner an entity is.
type EntityKind string

// Entities are users, teams and organizations.
const (
	UserEntity         EntityKind = "USER"
	TeamEntity         EntityKind = "TEAM"
	OrganizationEntity EntityKind = "ORGANIZATION"
)

// An Entity owns projects.
type Entity struct {
	ID        int64
	Name      string
	Kind      EntityKind
	CreatedAt time.Time
	// The organization above a team; 0 and "" if there is none.
	OrganizationID int64
	Organization   string
	// TTLSeconds is how long versions live that have no time to live of their
	// own; nil: for ever.
	TTLSeconds *int64
}

// A User acts, and owns the entity of the same name.
type User struct {
	ID        int64
	EntityID  int64
	Username  string
	Email     string
	Admin     bool
	CreatedAt time.Time
	// DefaultEntity is what clients take when a path names no entity: the
	// user's own, unless another was chosen.
	DefaultEntity string
}

// NewUser is what CreateUser needs.
type NewUser struct {
	Username  string
	Email     string
	Admin     bool
	KeySHA256 [32]byte
}

// A Project is a place for runs and artifacts.
type Project struct {
	ID          int64
	EntityID    int64
	Entity      string
	Name        string
	Description string
	CreatedAt   time.Time
	UpdatedAt   time.Time
	Access      Access
	// AllTypes says, of a registry, whether artifacts of any type may be
	// linked into it; otherwise those of its artifact types.
	AllTypes bool
	// Described tells an empty description from none.
	Described bool
}

// A Run is one execution that logs and uses artifacts.
type Run struct {
	ID             int64
	ProjectID      int64
	Project        string
	EntityID       int64
	Entity         string
	UserID         int64
	Username       string
	Name           string // the run id in URLs
	DisplayName    string
	Description    string
	Notes          string
	Group          string
	JobType        string
	Sweep          string
	State          string // running, finished, failed, crashed
	Host           string
	Program        string
	Repo           string
	Commit         string
	Tags           []string
	Config         string // JSON text
	SummaryMetrics string // JSON text
	CreatedAt      time.Time
	UpdatedAt      time.Time
	HeartbeatAt    time.Time
}

// A RunUpdate is what UpsertRun takes. ID, when set, names an existing run;
// otherwise Entity, Project and Name do.
type RunUpdate struct {
	ID                                                         int64
	Entity, Project, Name                                      string
	UserID                                                     int64
	DisplayName, Description, Notes, Group, JobType, Sweep     *string
	State, Host, Program, Repo, Commit, Config, SummaryMetrics *string
	Tags                                                       []string // nil: unchanged
}

// A RunFile is a file of a run (config.yaml, output.log, ...), not of an artifact.
type RunFile struct {
	Name      string
	Key       string // SHA-256 of the bytes, lower-case hex
	MD5       string // base64
	Size      int64
	UpdatedAt time.Time
}

// An ArtifactType is a kind of artifact in a project.
type ArtifactType struct {
	ID          int64
	ProjectID   int64
	Name        string
	Description string
	CreatedAt   time.Time
}

// A CollectionKind tells sequences from portfolios.
type CollectionKind string

// A sequence holds the versions logged under its name; a portfolio holds links.
const (
	Sequence  CollectionKind = "SEQUENCE"
	Portfolio CollectionKind = "PORTFOLIO"
)

// A State is where an artifact or a collection is in its life. Collections are
// READY or DELETED.
type State string

// The states of artifacts and collections.
const (
	Pending   State = "PENDING"
	Committed State = "COMMITTED"
	Ready     State = "READY"
	Deleted   State = "DELETED"
)

// A Collection is a named list of versions.
type Collection struct {
	ID          int64
	ProjectID   int64
	Project     string
	EntityID    int64
	Entity      string
	TypeID      int64
	Type        string
	Kind        CollectionKind
	Name        string
	Description *string
	State       State
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// A CollectionUpdate is what UpdateCollection takes.
type CollectionUpdate struct {
	Name        *string
	Description *string
}

// An Artifact is one version of a sequence.
type Artifact struct {
	ID                 int64
	SequenceID         int64
	Sequence           string
	ProjectID          int64
	Project            string
	EntityID           int64
	Entity             string
	TypeID             int64
	Type               string
	VersionIndex       *int // nil while pending
	State              State
	Digest             string // lower-case hex MD5 of the manifest's text form
	Description        *string
	Metadata           *string // JSON text
	TTLDurationSeconds *int64  // nil: inherit; -2: never; > 0: seconds from creation
	EntityTTLSeconds   *int64  // what is inherited; nil: never
	HistoryStep        *int64
	CommitHash         string
	Size               int64 // bytes, references included where their size is known
	FileCount          int
	RunID              *int64 // the run that logged it
	UserID             *int64
	DistributedID      string
	CreatedAt          time.Time
	UpdatedAt          time.Time
}

// NewArtifact is what CreateArtifact needs.
type NewArtifact struct {
	Entity, Project, Type, Sequence string
	RunName                         string // "" when no run logs it
	UserID                          int64
	Digest                          string
	Description                     *string
	Metadata                        *string
	TTLDurationSeconds              *int64
	HistoryStep                     *int64
	ClientID, SequenceClientID      string
	DistributedID                   string
	Aliases                         []string // in the sequence, applied at commit
	Tags                            []string
	Deduplicate                     bool
}

// A ManifestType says what a manifest's contents are to be combined with.
type ManifestType string

// A full manifest stands alone; a patch is one writer's part of a distributed
// artifact; an incremental one adds to its base.
const (
	FullManifest        ManifestType = "FULL"
	PatchManifest       ManifestType = "PATCH"
	IncrementalManifest ManifestType = "INCREMENTAL"
)

// A Manifest is the record of a manifest file; Key is empty until its bytes arrived.
type Manifest struct {
	ID             int64
	ArtifactID     int64
	Type           ManifestType
	Name           string
	Digest         string // base64 MD5 of the manifest file
	BaseArtifactID *int64
	Key            string
	Size           int64
	CreatedAt      time.Time
}

// A Commit is what CommitArtifact needs: the whole contents of the version.
type Commit struct {
	ArtifactID int64
	// Files are the manifest's entries. Of one that is not a reference, Key and
	// Size are ignored: those of the stored bytes (see RecordFile) are taken.
	// A BirthArtifactID of 0 there means the artifact itself.
	Files []File
	// Base, when it is not nil, has further files: those of another version.
	Base *CommitBase
	// Digest, when it is not empty, replaces the artifact's digest: that of a
	// version put together from several manifests is known only now.
	Digest string
	// ManifestKey is the blob of the full manifest to serve from now on, with
	// its size and base64 MD5.
	ManifestKey    string
	ManifestSize   int64
	ManifestDigest string
}

// A CommitBase is a committed version of the same entity, most of whose files a
// new one lists just as it does. They are taken over as they are there, which
// is a small part of the work of finding each of them again.
type CommitBase struct {
	ArtifactID int64
	Without    []string // paths that are not taken over
	Files      int      // how many others there are
}

// An ArtifactUpdate is what UpdateArtifact takes.
type ArtifactUpdate struct {
	Description        *string
	Metadata           *string
	AddTags            []string
	RemoveTags         []string
	TTLDurationSeconds *int64 // -1: inherit, -2: never, > 0: seconds
}

// A CollectionAlias names an alias in a collection.
type CollectionAlias struct {
	Entity, Project, Collection, Alias string
	// Expected, unless nil, is the number of the version that must have the
	// alias, or NoVersion if none may have it.
	Expected *int
}

// NoVersion is CollectionAlias.Expected where no version is expected to have the alias.
const NoVersion = -1

// A Link is what LinkArtifact needs.
type Link struct {
	ArtifactID                 int64
	Entity, Project, Portfolio string
	Aliases                    []string
	UserID                     int64
}

// A Membership is a version's place in a collection.
type Membership struct {
	ID           int64
	CollectionID int64
	Collection   string
	Kind         CollectionKind
	ProjectID    int64
	Project      string
	EntityID     int64
	Entity       string
	VersionIndex int
	CreatedAt    time.Time
	Artifact     Artifact
}

// An Alias points at a membership. It is unique in its collection.
type Alias struct {
	ID           int64
	Alias        string
	MembershipID int64
	ArtifactID   int64
	CollectionID int64
	Collection   string
	Kind         CollectionKind
	ProjectID    int64
	Project      string
	EntityID     int64
	Entity       string
}

// A Tag is a word on a collection or a version.
type Tag struct {
	ID   int64
	Name string
}

// A File is one entry of a committed version's manifest.
type File struct {
	Path            string
	Digest          string // as in the manifest
	Size            int64
	Ref             string // set for references: the URI
	BirthArtifactID int64  // the artifact that brought the bytes; 0 for references
	Key             string // SHA-256 of the bytes, lower-case hex; "" for references
	Extra           string // JSON text of the entry's extra, "" if none
}

// FileOptions choose among a version's files.
type FileOptions struct {
	Page
	Names  []string // only these paths
	Prefix string   // only paths that start with it
}

// A StoredFile is bytes that an artifact brought.
type StoredFile struct {
	ArtifactID int64
	Digest     string // as in the manifest
	MD5        string // base64
	Key        string // SHA-256, lower-case hex
	Size       int64
}
