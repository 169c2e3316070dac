package artifacts

import (
	"context"
	"time"
)

// A CollectionKind tells sequences from portfolios.
type CollectionKind string

// A sequence holds the versions logged under its name; a portfolio holds links
// to versions of sequences.
const (
	Sequence  CollectionKind = "SEQUENCE"
	Portfolio CollectionKind = "PORTFOLIO"
)

// ArtifactCollectionAttrs are what the server knows about a collection.
type ArtifactCollectionAttrs struct {
	ID          string         `json:"id"`
	Kind        CollectionKind `json:"kind"`
	Entity      string         `json:"entity"`
	Project     string         `json:"project"`
	Name        string         `json:"name"`
	Type        string         `json:"type"`
	Description *string        `json:"description,omitempty"`
	Tags        []string       `json:"tags"`
	CreatedAt   time.Time      `json:"createdAt"`
	UpdatedAt   *time.Time     `json:"updatedAt,omitempty"`
}

// An ArtifactCollection is a named list of versions: a sequence or a portfolio.
//
// It loads its attributes when one is first asked for. Setters change the
// object only; Save sends what they changed. Getters give the changed value.
// It is safe for concurrent use; two Saves at once run one after the other.
type ArtifactCollection struct{ client *Client }

// NewArtifactCollection makes the class for a collection by name. It sends
// nothing. organization may be "". attrs, if not nil, are taken as loaded.
// typeName may be "" where the caller does not know it.
func NewArtifactCollection(c *Client, entity, project, name, typeName, organization string, attrs *ArtifactCollectionAttrs) *ArtifactCollection {
	return nil
}

// ArtifactCollection names a collection. It sends nothing: one that does not
// exist shows when an attribute is asked for. typeName may be "".
func (c *Client) ArtifactCollection(entity, project, typeName, name string) *ArtifactCollection {
	return nil
}

// Client is the client that the collection asks.
func (a *ArtifactCollection) Client() *Client { return a.client }

// Entity owns the project.
func (a *ArtifactCollection) Entity() string { return "" }

// Project holds the collection.
func (a *ArtifactCollection) Project() string { return "" }

// Organization is the organization that it was made with, or "".
func (a *ArtifactCollection) Organization() string { return "" }

// Path is "entity/project/name" with the name that the server knows, not one
// that was set and not saved.
func (a *ArtifactCollection) Path() string { return "" }

// Attrs returns all attributes, set values included, loading them if need be
// (W&B: ProjectArtifactCollection).
func (a *ArtifactCollection) Attrs(ctx context.Context) (ArtifactCollectionAttrs, error) {
	return ArtifactCollectionAttrs{}, nil
}

// Load fetches the attributes anew. What was set and not saved stays set.
func (a *ArtifactCollection) Load(ctx context.Context) error { return nil }

// ID is the server's id of the collection.
func (a *ArtifactCollection) ID(ctx context.Context) (string, error) { return "", nil }

// Name is the collection's name.
func (a *ArtifactCollection) Name() string { return "" }

// Type is the name of the collection's artifact type.
func (a *ArtifactCollection) Type(ctx context.Context) (string, error) { return "", nil }

// Description is what was written about the collection, or nil.
func (a *ArtifactCollection) Description(ctx context.Context) (*string, error) { return nil, nil }

// Tags are the collection's own tags (not those of its versions).
func (a *ArtifactCollection) Tags(ctx context.Context) ([]string, error) { return nil, nil }

// Aliases are the aliases of all versions in the collection. They are fetched
// when first asked for (W&B: ArtifactCollectionAliases).
func (a *ArtifactCollection) Aliases(ctx context.Context) ([]string, error) { return nil, nil }

// CreatedAt is when the collection was made.
func (a *ArtifactCollection) CreatedAt(ctx context.Context) (time.Time, error) {
	return time.Time{}, nil
}

// UpdatedAt is when the collection was last changed, or nil.
func (a *ArtifactCollection) UpdatedAt(ctx context.Context) (*time.Time, error) { return nil, nil }

// IsSequence reports whether the collection is a sequence.
func (a *ArtifactCollection) IsSequence(ctx context.Context) (bool, error) { return false, nil }

// Artifacts lists the versions of the collection.
func (a *ArtifactCollection) Artifacts(opts *ArtifactsOptions) *Artifacts { return nil }

// SetName renames the collection at the next Save. KindInvalid if no
// collection can have that name.
func (a *ArtifactCollection) SetName(name string) error { return nil }

// SetDescription describes the collection at the next Save.
func (a *ArtifactCollection) SetDescription(text string) {}

// SetTags replaces the collection's tags at the next Save. KindInvalid if one
// of them cannot be a tag.
func (a *ArtifactCollection) SetTags(tags []string) error { return nil }

// SetType moves the collection to another type at the next Save; only
// sequences can move, which Save checks. KindInvalid for a reserved type.
func (a *ArtifactCollection) SetType(typeName string) error { return nil }

// Changed reports whether something was set and not yet saved.
func (a *ArtifactCollection) Changed() bool { return false }

// Save sends what setters changed, and nothing if that is nothing: name and
// description (W&B: UpdateArtifactSequence or UpdateArtifactPortfolio), then
// the type (UpdateArtifactSequenceType), then added and removed tags
// (AddArtifactCollectionTags, DeleteArtifactCollectionTags). W&B has no
// transaction around these: when one fails, the earlier ones stand, are not
// sent again, and the error says so.
func (a *ArtifactCollection) Save(ctx context.Context) error { return nil }

// ChangeType moves a sequence to another type at once.
//
// Deprecated: use SetType and Save.
func (a *ArtifactCollection) ChangeType(ctx context.Context, newType string) error { return nil }

// Delete deletes the collection, all versions of a sequence included (W&B:
// DeleteArtifactSequence, DeleteArtifactPortfolio).
func (a *ArtifactCollection) Delete(ctx context.Context) error { return nil }

// String gives the path and type.
func (a *ArtifactCollection) String() string { return "" }
