package artifacts

import (
	"context"
	"fmt"
	"time"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// ArtifactTypeAttrs are what the server knows about a type.
type ArtifactTypeAttrs struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Description *string   `json:"description,omitempty"`
	CreatedAt   time.Time `json:"createdAt"`
}

// An ArtifactType is a kind of artifact in a project: dataset, model, ... It
// loads its attributes when one is first asked for. It is safe for concurrent use.
type ArtifactType struct {
	client          *Client
	entity, project string
	name            string
	attrs           lazy[ArtifactTypeAttrs]
}

// NewArtifactType makes the class for a type by name. It sends nothing; attrs,
// if not nil, are taken as loaded.
func NewArtifactType(c *Client, entity, project, typeName string, attrs *ArtifactTypeAttrs) *ArtifactType {
	t := &ArtifactType{client: c, entity: entity, project: project, name: typeName, attrs: newLazy[ArtifactTypeAttrs]()}
	if attrs != nil {
		t.attrs.put(*attrs)
	}
	return t
}

// ArtifactType names a type of a project. It sends nothing: a type that does
// not exist shows when an attribute is asked for. An empty entity or project
// means the default one (see Config).
func (c *Client) ArtifactType(entity, project, typeName string) *ArtifactType {
	return NewArtifactType(c, entity, project, typeName, nil)
}

// Client is the client that the type asks.
func (t *ArtifactType) Client() *Client { return t.client }

// Entity owns the project.
func (t *ArtifactType) Entity() string { return t.entity }

// Project holds the type.
func (t *ArtifactType) Project() string { return t.project }

// Name is the type's name.
func (t *ArtifactType) Name() string { return t.name }

// Attrs returns all attributes, loading them if need be (W&B:
// ProjectArtifactType). KindNotFound if there is no such type.
func (t *ArtifactType) Attrs(ctx context.Context) (ArtifactTypeAttrs, error) {
	return t.attrs.get(ctx, t.load)
}

// Load fetches the attributes anew.
func (t *ArtifactType) Load(ctx context.Context) error {
	attrs, err := t.load(ctx)
	if err == nil {
		t.attrs.put(attrs)
	}
	return err
}

func (t *ArtifactType) load(ctx context.Context) (ArtifactTypeAttrs, error) {
	const op = "get artifact type"
	in, err := t.client.in(ctx, t.entity, t.project)
	if err != nil {
		return ArtifactTypeAttrs{}, err
	}
	got, lacks, err := wire.GetArtifactType(ctx, t.client.sender, in, t.name)
	if err != nil {
		return ArtifactTypeAttrs{}, t.client.fail(ctx, op, join(in.Entity, in.Project, t.name), err)
	}
	if got == nil {
		return ArtifactTypeAttrs{}, missing(op, lacks, in, t.name, "", "")
	}
	attrs, err := toTypeAttrs(got)
	return attrs, located(op, join(in.Entity, in.Project, t.name), err)
}

// ID is the server's id of the type.
func (t *ArtifactType) ID(ctx context.Context) (string, error) {
	a, err := t.Attrs(ctx)
	return a.ID, err
}

// Description is what was written about the type, or nil.
func (t *ArtifactType) Description(ctx context.Context) (*string, error) {
	a, err := t.Attrs(ctx)
	return a.Description, err
}

// CreatedAt is when the type was first used.
func (t *ArtifactType) CreatedAt(ctx context.Context) (time.Time, error) {
	a, err := t.Attrs(ctx)
	return a.CreatedAt, err
}

// Collection names a collection of this type. It sends nothing.
func (t *ArtifactType) Collection(name string) *ArtifactCollection {
	return t.client.ArtifactCollection(t.entity, t.project, t.name, name)
}

// Collections lists the collections of this type.
func (t *ArtifactType) Collections(opts *CollectionsOptions) *ArtifactCollections {
	return t.client.ArtifactCollections(t.entity, t.project, t.name, opts)
}

// String gives the type's path.
func (t *ArtifactType) String() string {
	return fmt.Sprintf("artifact type %s", join(t.entity, t.project, t.name))
}
