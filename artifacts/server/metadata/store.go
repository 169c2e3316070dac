// Package metadata keeps everything a registry knows except file bytes: users,
// projects, runs, artifact types, collections, versions, aliases, tags,
// manifests, files and lineage.
//
// It knows W&B's rules about those (what a commit does, where an alias may
// point, how version numbers are given out) and nothing about GraphQL, HTTP or
// where bytes lie. Every method is one transaction: it happens whole or not at
// all, and it is durable when the method returns. The suite in metadatatest
// runs on every implementation.
package metadata

import (
	"context"
	"time"
)

// A Store holds the metadata of one registry. It is safe for concurrent use,
// and several processes may open the same registry. Every method honours its
// context and reports failures as *Error; a context that ended is reported as
// KindCanceled and wraps the context's error.
type Store interface {
	Accounts
	Projects
	Runs
	Types
	Collections
	Artifacts
	Files
	Life

	// Check verifies the store from the ground up (the database's own
	// integrity check, foreign keys, and the rules this package promises) and
	// calls report once for each problem found. It changes nothing.
	Check(ctx context.Context, report func(problem string)) error
	// Close releases the store. Methods called afterwards fail with KindUnavailable.
	Close() error
}

// Accounts are users, their keys, and the entities that own projects.
type Accounts interface {
	// CreateUser makes a user and the entity of the same name. KindConflict if
	// the name is taken.
	CreateUser(ctx context.Context, u NewUser) (User, error)
	// UserByKey finds the user that a key belongs to, by the SHA-256 of the
	// key: keys themselves are never stored. KindDenied if there is none.
	UserByKey(ctx context.Context, keySHA256 [32]byte) (User, error)
	// UserByName finds a user by name.
	UserByName(ctx context.Context, username string) (User, error)
	// UsersByID returns the users found, in no particular order.
	UsersByID(ctx context.Context, ids []int64) ([]User, error)
	// ActiveUser finds a user who has a key: KindDenied for others, whether
	// they were retired or never there.
	ActiveUser(ctx context.Context, id int64) (User, error)
	// AddKey lets a further key act as the user. Adding a key twice changes nothing.
	AddKey(ctx context.Context, userID int64, keySHA256 [32]byte) error
	// CountUsers says how many users there are; zero means a new registry.
	CountUsers(ctx context.Context) (int, error)
	// Entity finds an entity by name.
	Entity(ctx context.Context, name string) (Entity, error)
	// CreateTeam makes a team entity with members, who are given by user id.
	// KindConflict if the name is taken.
	CreateTeam(ctx context.Context, name string, memberIDs []int64) (Entity, error)
	// Teams lists the team entities that a user belongs to, by name.
	Teams(ctx context.Context, userID int64) ([]Entity, error)
	Memberships
}

// Projects belong to an entity. Their names are unique in it.
type Projects interface {
	// Project finds a project by entity and name.
	Project(ctx context.Context, entity, name string) (Project, error)
	ProjectByID(ctx context.Context, id int64) (Project, error)
	// EnsureProject returns the project, creating it in an existing entity when
	// it is not there. The second result says whether it was created.
	EnsureProject(ctx context.Context, entity, name string) (Project, bool, error)
	ListProjects(ctx context.Context, entityID int64, p Page) (Connection[Project], error)
	Registries
}

// Runs belong to a project. Their names are unique in it.
type Runs interface {
	// UpsertRun creates or updates a run, and its project where that is new.
	// Nil fields are left as they are. The second result says whether the run
	// was created.
	UpsertRun(ctx context.Context, u RunUpdate) (Run, bool, error)
	Run(ctx context.Context, projectID int64, name string) (Run, error)
	RunByID(ctx context.Context, id int64) (Run, error)
	// RunsByID returns the runs found, in no particular order.
	RunsByID(ctx context.Context, ids []int64) ([]Run, error)
	ListRuns(ctx context.Context, projectID int64, p Page) (Connection[Run], error)
	CountRuns(ctx context.Context, projectID int64, f *Filter) (int, error)
	// AppendRunLines stores lines of one of a run's streams (wandb-history.jsonl,
	// wandb-events.jsonl, output.log, ...) from line offset on, replacing what
	// an earlier try left there.
	AppendRunLines(ctx context.Context, runID int64, stream string, offset int64, lines []string) error
	// RunLineCounts gives, by stream, how long it is: one past the highest line.
	RunLineCounts(ctx context.Context, runID int64) (map[string]int64, error)
	// RunTail returns the last n lines of a stream, oldest first.
	RunTail(ctx context.Context, runID int64, stream string, n int) ([]string, error)
	// PutRunFile records a file of a run whose bytes are durable under key,
	// replacing one of the same name.
	PutRunFile(ctx context.Context, runID int64, f RunFile) error
	RunFile(ctx context.Context, runID int64, name string) (RunFile, error)
	ListRunFiles(ctx context.Context, runID int64, p Page) (Connection[RunFile], error)
	CountRunFiles(ctx context.Context, runID int64) (int, error)
	// UseArtifact records that a run read a committed artifact. Repeating it changes nothing.
	UseArtifact(ctx context.Context, runID, artifactID int64, usedAs string) error
	// RunArtifacts lists the committed artifacts that a run logged (Output) or
	// used (Input), in the order in which it did.
	RunArtifacts(ctx context.Context, runID int64, d Direction, p Page) (Connection[Artifact], error)
	// CountRunArtifacts counts them by the projects that they are in.
	CountRunArtifacts(ctx context.Context, runID int64, d Direction) ([]Tally, error)
	// UsedBy lists the runs that used an artifact.
	UsedBy(ctx context.Context, artifactID int64, p Page) (Connection[Run], error)
	// CountUsedBy counts them for many artifacts, by the projects that they are in.
	// Artifacts that no run used are left out.
	CountUsedBy(ctx context.Context, artifactIDs []int64) (map[int64][]Tally, error)
}

// Types are the artifact types of a project: dataset, model, ...
type Types interface {
	Type(ctx context.Context, projectID int64, name string) (ArtifactType, error)
	ListTypes(ctx context.Context, projectID int64, p Page) (Connection[ArtifactType], error)
	CountTypes(ctx context.Context, projectID int64) (int, error)
}

// Collections hold versions: a sequence holds the versions logged under its
// name, a portfolio holds links to versions of other sequences. Names are
// unique in a project among the collections that are not deleted.
type Collections interface {
	// Collection finds a collection by name. A typeName other than "" must match too.
	Collection(ctx context.Context, projectID int64, typeName, name string) (Collection, error)
	CollectionByID(ctx context.Context, id int64) (Collection, error)
	CollectionsByID(ctx context.Context, ids []int64) ([]Collection, error)
	// ListCollections lists the collections of a project, newest first unless
	// ordered otherwise. A typeName other than "" restricts it to that type.
	ListCollections(ctx context.Context, projectID int64, typeName string, p Page) (Connection[Collection], error)
	CountCollections(ctx context.Context, projectID int64, typeName string, f *Filter) (int, error)
	// UpdateCollection renames and describes. Nil fields stay as they are.
	// KindConflict if the new name is taken.
	UpdateCollection(ctx context.Context, id int64, u CollectionUpdate) (Collection, error)
	// MoveCollection gives a sequence and its versions another type, which is
	// created when it is not there.
	MoveCollection(ctx context.Context, id int64, typeName string) (Collection, error)
	// DeleteCollection deletes a collection; a sequence takes its versions with
	// it, from every portfolio too. Their rows stay, in state DELETED, until
	// collected. Deleting a deleted collection returns it unchanged.
	DeleteCollection(ctx context.Context, id int64) (Collection, error)
	// AddCollectionTags and RemoveCollectionTags return the tags afterwards.
	AddCollectionTags(ctx context.Context, id int64, names []string) ([]Tag, error)
	RemoveCollectionTags(ctx context.Context, id int64, names []string) ([]Tag, error)
	// CollectionTags gives, by collection, its tags in the order of their names.
	CollectionTags(ctx context.Context, ids []int64) (map[int64][]Tag, error)
	// ListAliases lists the aliases of one collection.
	ListAliases(ctx context.Context, collectionID int64, p Page) (Connection[Alias], error)
}

// Artifacts are versions: PENDING while they are written, COMMITTED when whole,
// DELETED afterwards.
type Artifacts interface {
	// CreateArtifact starts a version, or returns the one that is already
	// there: the committed version of the sequence with the same digest when
	// deduplication is asked for and there is no distributed id (its aliases, tags, client id and run output
	// are then recorded at once), or the pending one with the same
	// distributed id or client id. It creates project parts (type, sequence)
	// as needed. KindConflict if the name belongs to another type or to a portfolio.
	CreateArtifact(ctx context.Context, a NewArtifact) (Artifact, error)
	ArtifactByID(ctx context.Context, id int64) (Artifact, error)
	ArtifactsByID(ctx context.Context, ids []int64) ([]Artifact, error)
	// ArtifactByClientID resolves the id that a client made up before the
	// server gave one.
	ArtifactByClientID(ctx context.Context, clientID string) (Artifact, error)
	// CommittedArtifacts lists the committed versions of the whole registry
	// whose ids are greater than after, at most n of them, by id: for checks.
	CommittedArtifacts(ctx context.Context, after int64, n int) ([]Artifact, error)
	// LatestArtifact is the newest committed version of a sequence.
	LatestArtifact(ctx context.Context, sequenceID int64) (Artifact, error)
	// CreateManifest records a manifest of a pending artifact; UpdateManifest
	// replaces its digest and base. The last one is the current one.
	CreateManifest(ctx context.Context, m Manifest) (Manifest, error)
	UpdateManifest(ctx context.Context, id int64, digest string, baseArtifactID *int64) (Manifest, error)
	ManifestByID(ctx context.Context, id int64) (Manifest, error)
	// SetManifestKey says that a manifest's bytes are durable under key.
	SetManifestKey(ctx context.Context, id int64, key string, size int64) error
	// ListManifests lists an artifact's manifests, oldest first.
	ListManifests(ctx context.Context, artifactID int64) ([]Manifest, error)
	// CommitArtifact makes a pending version whole in one transaction: its
	// files, its version number, its aliases with "latest" among them, its
	// place in the sequence and among the outputs of its run. Every file that
	// is not a reference must have stored bytes (see RecordFile), or the commit
	// fails with KindConflict and names some that are missing. It fails with
	// ErrBase if Commit.Base is not what it is said to be (any more). Committing
	// a committed version returns it unchanged.
	CommitArtifact(ctx context.Context, c Commit) (Artifact, error)
	// UpdateArtifact changes description, metadata, tags and time to live. Nil
	// fields stay as they are.
	UpdateArtifact(ctx context.Context, id int64, u ArtifactUpdate) (Artifact, error)
	// DeleteArtifact marks a version deleted and takes it out of every
	// collection. It is refused with KindConflict while the version has
	// aliases, unless deleteAliases is set. Where it held "latest", that alias
	// goes to the newest version left.
	DeleteArtifact(ctx context.Context, id int64, deleteAliases bool) (Artifact, error)
	// AddAliases moves each alias to the artifact's membership in the named
	// collection; RemoveAliases takes them off if they are there. Each move is
	// recorded (see ListAliasMoves). An alias that is not where Expected says is
	// KindConflict, which tells who moved it, and then none is moved.
	AddAliases(ctx context.Context, artifactID int64, in []CollectionAlias) error
	RemoveAliases(ctx context.Context, artifactID int64, in []CollectionAlias) error
	// LinkArtifact puts a committed version into a portfolio, which is created
	// when it is not there (its project too, unless that is a W&B registry,
	// "wandb-registry-..."), with its own version number and aliases. Linking
	// again returns the membership that is there.
	LinkArtifact(ctx context.Context, l Link) (Membership, error)
	// UnlinkArtifact takes a version out of a portfolio.
	UnlinkArtifact(ctx context.Context, artifactID, portfolioID int64) error

	// Membership resolves an alias, or "v<N>", in a collection.
	Membership(ctx context.Context, collectionID int64, alias string) (Membership, error)
	// MembershipByName does so in the collection of a name in a project.
	MembershipByName(ctx context.Context, projectID int64, collection, alias string) (Membership, error)
	// ListMemberships lists the versions of a collection, newest first unless
	// ordered otherwise. Filters and orders speak of the artifact's fields.
	ListMemberships(ctx context.Context, collectionID int64, p Page) (Connection[Membership], error)
	CountMemberships(ctx context.Context, collectionID int64, f *Filter) (int, error)
	// MembershipsOf gives, by artifact, every collection that holds it, its
	// own sequence first.
	MembershipsOf(ctx context.Context, artifactIDs []int64) (map[int64][]Membership, error)
	// AliasesOf gives, by artifact, its aliases in all collections.
	AliasesOf(ctx context.Context, artifactIDs []int64) (map[int64][]Alias, error)
	// ArtifactTags gives, by artifact, its tags in the order of their names.
	ArtifactTags(ctx context.Context, artifactIDs []int64) (map[int64][]Tag, error)
}

// Files are what a committed version's manifest lists, and the bytes that
// uploads have brought.
type Files interface {
	// RecordFile says that the bytes of a file that artifactID brought are
	// durable under key. The digest is the one the manifest will use. Recording
	// the same again changes nothing; other bytes under a digest that the
	// artifact has brought already are KindConflict.
	RecordFile(ctx context.Context, f StoredFile) error
	// RecordFiles is RecordFile for many files at once, in one transaction. The
	// result has an error or nil for each.
	RecordFiles(ctx context.Context, files []StoredFile) []error
	// StoredFile finds bytes by the artifact that brought them (the birth
	// artifact) and the digest in its manifest.
	StoredFile(ctx context.Context, birthArtifactID int64, digest string) (StoredFile, error)
	// StoredFilesOf is StoredFile for many digests at once; digests that the
	// artifact did not bring are left out of the map.
	StoredFilesOf(ctx context.Context, birthArtifactID int64, digests []string) (map[string]StoredFile, error)
	// StoredFiles finds, among everything that projects of one entity have
	// stored, bytes for each digest: the MD5 index. It never looks into other
	// entities, so that knowing a digest is not a way to another's file.
	StoredFiles(ctx context.Context, entityID int64, digests []string) (map[string]StoredFile, error)
	// ListFiles lists a committed version's files in byte order of their paths.
	ListFiles(ctx context.Context, artifactID int64, o FileOptions) (Connection[File], error)
	CountFiles(ctx context.Context, artifactID int64, o FileOptions) (int, error)
	// Keys calls yield once for each blob key that the registry needs: files
	// of artifacts (uploaded, committed or deleted), manifests and run files.
	// Order is not specified. An error of yield ends it and is returned.
	Keys(ctx context.Context, yield func(key string, size int64) error) error
	// KeysAfter is Keys as it would be after Collect.
	KeysAfter(ctx context.Context, r Retention, yield func(key string, size int64) error) error
}

// A Tally is how many things there are in one project, for those who may not
// know of all projects.
type Tally struct {
	EntityID, ProjectID int64
	Count               int
}

// Direction tells the artifacts a run wrote from those it read.
type Direction int

// A run's outputs are what it logged; its inputs are what it used.
const (
	Output Direction = iota
	Input
)

// A Page asks for part of a list. The zero value asks for the first
// DefaultFirst items in the list's own order.
type Page struct {
	// First is the most items to return; 0 means DefaultFirst, more than
	// MaxFirst means MaxFirst, less than 0 is KindInvalid.
	First int
	// After is the cursor of the item to continue behind. A cursor that does
	// not belong to the same list, filter and order is KindInvalid.
	After  string
	Filter *Filter
	Order  []Order
	// OnlyEndCursor says that of the edges only the last needs its cursor.
	OnlyEndCursor bool
}

// Limits of a page.
const (
	DefaultFirst = 50
	MaxFirst     = 10_000
)

// An Order names a field to sort by. Ties are broken by id, so that every order is total.
type Order struct {
	Field string
	Desc  bool
}

// A Connection is one page of a list, as Relay has it.
type Connection[T any] struct {
	Edges       []Edge[T]
	HasNextPage bool
}

// EndCursor is the cursor of the last edge, or "".
func (c Connection[T]) EndCursor() string {
	if len(c.Edges) == 0 {
		return ""
	}
	return c.Edges[len(c.Edges)-1].Cursor
}

// An Edge is one item of a list and the cursor to continue behind it.
type Edge[T any] struct {
	Node   T
	Cursor string
}

// A Clock gives the time that is stored. Implementations take one so that tests can move it.
type Clock func() time.Time
