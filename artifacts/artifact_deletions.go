package artifacts

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// The features of the embedded registry that W&B's servers do not have.
const (
	featureDeletions  = "RELIQUARY_ARTIFACT_DELETIONS"
	featureAliasMoves = "RELIQUARY_ALIAS_MOVES"
	featureAuditLog   = "RELIQUARY_AUDIT_LOG"
	featureBytesFreed = "RELIQUARY_ARTIFACT_BYTES_FREED"
)

// require fails with KindUnsupported on servers without a feature. does says in
// words what it is good for.
func (c *Client) require(ctx context.Context, feature, op, path, does string) error {
	can, err := c.supports(ctx, feature)
	if err != nil || can {
		return err
	}
	return &Error{
		Kind: KindUnsupported, Op: op, Path: path,
		Message: "this server does not " + does,
		Next:    "the registry of `reliquary serve` does, W&B's servers do not: see what W&B's own pages offer",
	}
}

// A DeletionKind says what a deletion took away.
type DeletionKind string

// A version, or a collection with its versions.
const (
	VersionDeletion    DeletionKind = "VERSION"
	CollectionDeletion DeletionKind = "COLLECTION"
)

// An ArtifactDeletion is one act of deleting a version or a collection, which
// can be undone until its contents are collected.
type ArtifactDeletion struct {
	ID         string       `json:"id"`
	Kind       DeletionKind `json:"kind"`
	Entity     string       `json:"entity"`
	Project    string       `json:"project"`
	Collection string       `json:"collection"`
	Type       string       `json:"type"`
	// Version is "v<N>"; "" for a collection.
	Version    string `json:"version,omitempty"`
	ArtifactID string `json:"artifactID,omitempty"`
	Digest     string `json:"digest,omitempty"`
	// Versions is how many versions went, and Size the bytes of their files,
	// those included that other versions share.
	Versions int   `json:"versions"`
	Size     int64 `json:"size"`
	// Expired says that a time to live had ended; otherwise somebody deleted it.
	Expired bool `json:"expired"`
	// Username is who deleted it, "" for the registry itself or where that is
	// not known. Actor and Reason are "" where the request did not say.
	Username  string    `json:"username,omitempty"`
	Actor     ActorKind `json:"actor,omitempty"`
	Reason    string    `json:"reason,omitempty"`
	DeletedAt time.Time `json:"deletedAt"`
	// RestoredAt and CollectedAt are nil as long as it can be undone.
	RestoredAt  *time.Time `json:"restoredAt,omitempty"`
	CollectedAt *time.Time `json:"collectedAt,omitempty"`

	client *Client
}

// QualifiedName is entity/project/collection, with the version if it was one.
func (d *ArtifactDeletion) QualifiedName() string {
	return Path{Entity: d.Entity, Project: d.Project, Collection: d.Collection, Alias: d.Version}.String()
}

// DeletionsOptions say which deletions to list. nil means all.
type DeletionsOptions struct {
	PerPage    int    // items per request; 0 means DefaultPerPage
	After      string // cursor to continue behind
	Collection string // only those in the collection of this name, and of itself
}

// ArtifactDeletions are what was deleted in a project and can be restored, the
// last deletion first. W&B has no such list: KindUnsupported on its servers.
type ArtifactDeletions struct {
	*Pager[*ArtifactDeletion]
	client          *Client
	entity, project string
	filters         wire.JSONString
}

const opDeletions = "list deleted artifacts"

// ArtifactDeletions lists what was deleted in a project. An empty entity or
// project means the default one (see Config).
func (c *Client) ArtifactDeletions(entity, project string, opts *DeletionsOptions) *ArtifactDeletions {
	if opts == nil {
		opts = &DeletionsOptions{}
	}
	l := &ArtifactDeletions{client: c, entity: entity, project: project}
	conditions := map[string]any{}
	if opts.Collection != "" {
		conditions["collection"] = opts.Collection
	}
	l.filters = jsonFilter(conditions)
	l.Pager = newPager(list[*ArtifactDeletion]{
		op: opDeletions, path: join(entity, project), fetch: l.fetch,
	}, opts.PerPage, opts.After)
	return l
}

// jsonFilter writes conditions, "" for none. They hold texts only.
func jsonFilter(conditions map[string]any) wire.JSONString {
	if len(conditions) == 0 {
		return ""
	}
	text, err := json.Marshal(conditions)
	if err != nil {
		return ""
	}
	return wire.JSONString(text)
}

func (l *ArtifactDeletions) fetch(ctx context.Context, after string, perPage int) ([]*ArtifactDeletion, PageInfo, error) {
	c := l.client
	in, err := c.in(ctx, l.entity, l.project)
	if err != nil {
		return nil, PageInfo{}, err
	}
	if err := c.require(ctx, featureDeletions, l.op, l.path, "list and restore what was deleted"); err != nil {
		return nil, PageInfo{}, err
	}
	conn, lacks, err := wire.ArtifactDeletions(ctx, c.sender, in, l.filters, wire.Page{First: perPage, After: after, WithTotal: after == ""})
	if err != nil {
		return nil, PageInfo{}, c.fail(ctx, l.op, l.path, err)
	}
	if conn == nil {
		return nil, PageInfo{}, missing(l.op, lacks, in, "", "", "")
	}
	items := make([]*ArtifactDeletion, 0, len(conn.Edges))
	for _, e := range conn.Edges {
		if e.Node == nil {
			continue
		}
		d, err := c.toDeletion(e.Node)
		if err != nil {
			return nil, PageInfo{}, located(l.op, l.path, err)
		}
		items = append(items, d)
	}
	return items, toPageInfo(conn.PageInfo, conn.TotalCount), nil
}

func (c *Client) toDeletion(w *wire.Deletion) (*ArtifactDeletion, error) {
	d := &ArtifactDeletion{
		ID: string(w.ID), Kind: DeletionKind(w.Kind), Entity: w.EntityName, Project: w.ProjectName, Collection: w.CollectionName, Type: w.TypeName,
		Version: versionOrNone(w.VersionIndex), Digest: text(w.Digest), Versions: w.VersionCount, Size: w.Size, Expired: w.Cause == "EXPIRED",
		Username: text(w.Username), Actor: ActorKind(text(w.Actor)), Reason: text(w.Reason), client: c,
	}
	if w.ArtifactID != nil {
		d.ArtifactID = string(*w.ArtifactID)
	}
	var err error
	if d.DeletedAt, err = moment("deletedAt", w.DeletedAt); err != nil {
		return nil, err
	}
	if d.RestoredAt, err = maybeMoment("restoredAt", w.RestoredAt); err != nil {
		return nil, err
	}
	d.CollectedAt, err = maybeMoment("collectedAt", w.CollectedAt)
	return d, err
}

// RestoreOptions say how to restore. nil means as it was.
type RestoreOptions struct {
	// Name is another name for a collection whose name was taken meanwhile.
	Name string
}

// Restored is what restoring did.
type Restored struct {
	Deletion *ArtifactDeletion
	// Versions is how many versions are back.
	Versions int
	// Aliases are those that are back, as "collection:alias".
	Aliases []string
	// Kept says, in words for people, what could not be put back as it was and why.
	Kept []string
}

// ArtifactDeletion finds a deletion by its id, also one that was undone or
// collected. KindUnsupported on W&B's servers.
func (c *Client) ArtifactDeletion(ctx context.Context, id string) (*ArtifactDeletion, error) {
	const op = "find a deletion"
	if err := c.require(ctx, featureDeletions, op, id, "list and restore what was deleted"); err != nil {
		return nil, err
	}
	d, err := wire.ArtifactDeletion(ctx, c.sender, wire.ID(id))
	if err != nil {
		return nil, c.fail(ctx, op, id, err)
	}
	if d == nil {
		return nil, &Error{Kind: KindNotFound, Op: op, Path: id, Message: "there is no such deletion", Next: "list the deleted artifacts of the project"}
	}
	out, err := c.toDeletion(d)
	return out, located(op, id, err)
}

// Restore undoes the deletion: the version, or the collection with its versions,
// is where it was, under the same numbers, with aliases, tags and links as far
// as nobody else has taken them. KindConflict where it cannot be: its name is
// taken, or its collection or project deleted. KindNotFound where it was
// collected. KindUnsupported on W&B's servers. It is not sent again after a
// broken connection; restoring twice is the same as once.
func (d *ArtifactDeletion) Restore(ctx context.Context, opts *RestoreOptions) (Restored, error) {
	const op = "restore"
	if d.client == nil {
		return Restored{}, located(op, d.QualifiedName(), invalid("this deletion came from no server"))
	}
	in := wire.RestoreArtifactDeletionInput{DeletionID: wire.ID(d.ID)}
	if opts != nil && opts.Name != "" {
		in.Name = &opts.Name
	}
	c := d.client
	got, err := wire.RestoreArtifactDeletion(ctx, c.sender, in)
	if err != nil {
		return Restored{}, c.fail(ctx, op, d.QualifiedName(), err)
	}
	if got == nil || got.Deletion == nil {
		return Restored{}, located(op, d.QualifiedName(), corrupt("the server left out what it restored"))
	}
	now, err := c.toDeletion(got.Deletion)
	if err != nil {
		return Restored{}, located(op, d.QualifiedName(), err)
	}
	*d = *now
	return Restored{Deletion: d, Versions: got.VersionCount, Aliases: got.Aliases, Kept: got.Kept}, nil
}

// BytesFreed says how many bytes of files deleting versions would free in the
// end: of contents that no other version which is not deleted needs. On a shared
// registry only its administrators' answer looks at other entities too.
// KindUnsupported on W&B's servers, which do not tell.
func (c *Client) BytesFreed(ctx context.Context, versions []*Artifact) (int64, error) {
	const op = "ask how many bytes deleting artifacts would free"
	if err := c.require(ctx, featureBytesFreed, op, "", "tell how many bytes a deletion frees"); err != nil {
		return 0, err
	}
	ids := make([]wire.ID, len(versions))
	for i, a := range versions {
		ids[i] = wire.ID(a.ID)
	}
	n, err := wire.ArtifactBytesFreed(ctx, c.sender, ids)
	if err != nil {
		return 0, c.fail(ctx, op, "", err)
	}
	if n == nil {
		return 0, &Error{Kind: KindNotFound, Op: op, Message: "one of the versions is not there, or this API key may not see it"}
	}
	return *n, nil
}

// SetEntityTTL keeps the versions of an entity that have no time to live of
// their own for so long after their creation; nil means for ever. For
// administrators of the entity. KindUnsupported on W&B's servers, where a
// team's settings page does it.
func (c *Client) SetEntityTTL(ctx context.Context, entity string, ttl *time.Duration) error {
	const op = "set the time to live of an entity's artifacts"
	in := wire.UpdateEntityArtifactTTLInput{EntityName: entity}
	if ttl != nil {
		seconds := int64(*ttl / time.Second)
		if seconds <= 0 {
			return located(op, entity, invalid("the time to live is %v, and must be a second or more", *ttl))
		}
		in.TTLDurationSeconds = &seconds
	}
	if err := c.require(ctx, featureDeletions, op, entity, "take this setting from programs"); err != nil {
		return err
	}
	if err := wire.UpdateEntityArtifactTTL(ctx, c.sender, in); err != nil {
		return c.fail(ctx, op, entity, err)
	}
	return nil
}

func versionOrNone(n *int) string {
	if n == nil {
		return ""
	}
	return "v" + strconv.Itoa(*n)
}
