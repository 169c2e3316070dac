package artifacts

import (
	"context"
	"time"
)

// TypesOptions say which part of a project's types to list. nil means all.
type TypesOptions struct {
	PerPage int    // items per request; 0 means DefaultPerPage
	After   string // cursor to continue behind
}

// ArtifactTypes are the artifact types of a project (W&B: ProjectArtifactTypes).
// The server cannot count them: Len walks the list.
type ArtifactTypes struct {
	*Pager[*ArtifactType]
	entity, project string
}

// ArtifactTypes lists the artifact types of a project.
func (c *Client) ArtifactTypes(entity, project string, opts *TypesOptions) *ArtifactTypes { return nil }

// Entity owns the project.
func (t *ArtifactTypes) Entity() string { return t.entity }

// Project is the project whose types are listed.
func (t *ArtifactTypes) Project() string { return t.project }

// ArtifactTypeAttrs are what the server knows about a type.
type ArtifactTypeAttrs struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Description *string   `json:"description,omitempty"`
	CreatedAt   time.Time `json:"createdAt"`
}

// An ArtifactType is a kind of artifact in a project: dataset, model, ... It
// loads its attributes when one is first asked for. It is safe for concurrent use.
type ArtifactType struct{ client *Client }

// NewArtifactType makes the class for a type by name. It sends nothing; attrs,
// if not nil, are taken as loaded.
func NewArtifactType(c *Client, entity, project, typeName string, attrs *ArtifactTypeAttrs) *ArtifactType {
	return nil
}

// ArtifactType names a type of a project. It sends nothing: a type that does
// not exist shows when an attribute is asked for.
func (c *Client) ArtifactType(entity, project, typeName string) *ArtifactType { return nil }

// Client is the client that the type asks.
func (t *ArtifactType) Client() *Client { return t.client }

// Entity owns the project.
func (t *ArtifactType) Entity() string { return "" }

// Project holds the type.
func (t *ArtifactType) Project() string { return "" }

// Name is the type's name.
func (t *ArtifactType) Name() string { return "" }

// Attrs returns all attributes, loading them if need be (W&B: ProjectArtifactType).
func (t *ArtifactType) Attrs(ctx context.Context) (ArtifactTypeAttrs, error) {
	return ArtifactTypeAttrs{}, nil
}

// Load fetches the attributes anew.
func (t *ArtifactType) Load(ctx context.Context) error { return nil }

// ID is the server's id of the type.
func (t *ArtifactType) ID(ctx context.Context) (string, error) { return "", nil }

// Description is what was written about the type, or nil.
func (t *ArtifactType) Description(ctx context.Context) (*string, error) { return nil, nil }

// CreatedAt is when the type was first used.
func (t *ArtifactType) CreatedAt(ctx context.Context) (time.Time, error) { return time.Time{}, nil }

// Collection names a collection of this type. It sends nothing.
func (t *ArtifactType) Collection(name string) *ArtifactCollection { return nil }

// Collections lists the collections of this type.
func (t *ArtifactType) Collections(opts *CollectionsOptions) *ArtifactCollections { return nil }

// String gives the type's path and name.
func (t *ArtifactType) String() string { return "" }
