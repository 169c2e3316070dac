package metadata

import (
	"context"
	"time"
)

// Life is what becomes of versions in time: they expire, are deleted, can be
// restored until they are collected, and aliases move between them.
type Life interface {
	// SetEntityTTL sets the time to live of an entity's versions that have none
	// of their own, in seconds from their creation; nil: they live for ever.
	SetEntityTTL(ctx context.Context, entityID int64, seconds *int64) (Entity, error)
	// Expire deletes what has expired and returns how many versions that were.
	// Nobody has to call it for these to be hidden: every method does the same
	// before it looks or changes.
	Expire(ctx context.Context) (int, error)

	// ListDeletions lists what was deleted in a project and can be restored,
	// the last deletion first. Filters speak of the deletion's fields.
	ListDeletions(ctx context.Context, projectID int64, p Page) (Connection[Deletion], error)
	CountDeletions(ctx context.Context, projectID int64, f *Filter) (int, error)
	DeletionByID(ctx context.Context, id int64) (Deletion, error)
	// Restore undoes a deletion: the version or the collection with its
	// versions is where it was, under the same numbers, with the aliases,
	// tags and links that it had. What stands in the way of one of these is
	// said in Restored.Kept, and the rest is restored. KindConflict when the
	// whole cannot come back: the collection's name is taken (another can be
	// given), its project or, for a version, its collection is deleted.
	// KindNotFound when it was collected. What had expired lives for ever
	// afterwards. Restoring what is restored already changes nothing.
	Restore(ctx context.Context, r Restore) (Restored, error)

	// ListAliasMoves lists the moves of the aliases of a collection, or of one
	// of them, the last one first.
	ListAliasMoves(ctx context.Context, collectionID int64, alias string, p Page) (Connection[AliasMove], error)
	// AliasAt says which version an alias named at a time.
	AliasAt(ctx context.Context, collectionID int64, alias string, at time.Time) (AliasAt, error)

	// ListAudit lists what was changed in an entity, the last change first.
	ListAudit(ctx context.Context, entityID int64, p Page) (Connection[AuditEntry], error)

	// Freed says how many bytes of files deleting versions would free in the
	// end: those of contents that no other version which is not deleted needs.
	// It looks at versions of these entities only, nil: of all.
	Freed(ctx context.Context, artifactIDs, entityIDs []int64) (int64, error)
	// Collectable says what Collect would take away.
	Collectable(ctx context.Context, r Retention) (Collected, error)
	// Collect takes away the contents of what was deleted long enough ago, of
	// uploads that came to nothing, and old entries of the audit log, some at
	// a time, each in one transaction. The blobs that nothing needs afterwards
	// are those that Keys does not name. The number of a version stays taken.
	Collect(ctx context.Context, r Retention) (Collected, error)
}

// An Actor is who changes something, and why. It travels in the context.
type Actor struct {
	UserID int64 // 0: the registry itself
	Kind   ActorKind
	Reason string
	// Operation is what was asked for, as the GraphQL mutation is called.
	// Methods of a Store put their own where it is empty.
	Operation string
}

// An ActorKind says what kind of actor a user's request came from.
type ActorKind string

// The kinds of actors. It is "" where the request did not say.
const (
	PersonActor  ActorKind = "PERSON"
	AgentActor   ActorKind = "AGENT"
	ProgramActor ActorKind = "PROGRAM"
)

type actorKey struct{}

// WithActor returns a context whose changes are done by a.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorOf returns the actor of a context, the zero Actor if there is none.
func ActorOf(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey{}).(Actor)
	return a
}

// MaxReason bounds the reason of a change, in bytes.
const MaxReason = 1000

// A DeletionKind says what a deletion took away.
type DeletionKind string

// What is deleted: a version, a collection with its versions, or an upload that
// never became a version and cannot be restored.
const (
	VersionDeletion    DeletionKind = "VERSION"
	CollectionDeletion DeletionKind = "COLLECTION"
	UploadDeletion     DeletionKind = "UPLOAD"
)

// A DeletionCause says why something is gone.
type DeletionCause string

// Somebody deleted it, its time to live ended, or nobody went on with it.
const (
	DeletedCause   DeletionCause = "DELETED"
	ExpiredCause   DeletionCause = "EXPIRED"
	AbandonedCause DeletionCause = "ABANDONED"
)

// A Deletion is one act of deleting.
type Deletion struct {
	ID           int64
	Kind         DeletionKind
	ProjectID    int64
	Project      string
	EntityID     int64
	Entity       string
	CollectionID int64
	Collection   string
	Type         string
	ArtifactID   int64 // 0 for a collection
	VersionIndex *int  // of a version
	Digest       string
	Versions     int
	Size         int64 // bytes of these versions, shared ones too
	Cause        DeletionCause
	UserID       int64 // 0: the registry itself, or not known
	Username     string
	Actor        ActorKind
	Reason       string
	DeletedAt    time.Time
	RestoredAt   *time.Time
	CollectedAt  *time.Time
}

// A Restore is what Restore needs.
type Restore struct {
	DeletionID int64
	// Name is the collection's new name, "" for the one that it had.
	Name string
}

// Restored is what Restore did.
type Restored struct {
	Deletion Deletion
	// Versions is how many versions are back.
	Versions int
	// Aliases are those that are back, as "collection:alias".
	Aliases []string
	// Kept says, in words for people, what could not be put back as it was, and why.
	Kept []string
}

// An AliasMove is one change of what an alias names.
type AliasMove struct {
	ID           int64
	CollectionID int64
	Alias        string
	From, To     *int // numbers of versions in the collection; nil: none
	At           time.Time
	Operation    string
	UserID       int64
	Username     string
	Actor        ActorKind
	Reason       string
}

// AliasAt is which version an alias named at a time.
type AliasAt struct {
	// Known is false where the registry did not keep moves yet at that time.
	Known bool
	// VersionIndex is nil when no version had the alias.
	VersionIndex *int
	// Move is the one that made it so, nil if there was none.
	Move *AliasMove
}

// An AuditEntry is one change that was made.
type AuditEntry struct {
	ID        int64
	EntityID  int64
	At        time.Time
	UserID    int64 // 0: the registry itself
	Username  string
	Actor     ActorKind
	Operation string
	Subject   string // entity/project/collection:version, or as much of it as there is
	Details   string // what was changed, in words
	Reason    string
}

// A Retention says what is old enough to be collected.
type Retention struct {
	// Deleted before this can no longer be restored.
	Deleted time.Time
	// Uploads that nobody has gone on with since this are given up.
	Uploads time.Time
	// Audit entries from before this are dropped; the zero time drops none.
	Audit time.Time
}

// Collected is what Collect took away, or would.
type Collected struct {
	Collections  int `json:"collections"`
	Versions     int `json:"versions"`
	Uploads      int `json:"uploads"` // that came to nothing
	AuditEntries int `json:"audit_entries"`
	// Waiting are deleted versions that are old enough and stay for now,
	// because an upload under way began while they were there and may count on
	// their bytes.
	Waiting int `json:"waiting"`
}
