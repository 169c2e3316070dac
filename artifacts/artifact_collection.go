package artifacts

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
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
	// Newest is the newest version when the collection was listed, where
	// CollectionsOptions.Newest asked for it. nil: not asked for, or there is none.
	Newest *NewestVersion `json:"newest,omitempty"`
}

// A NewestVersion is the newest version in a collection, and its aliases there.
type NewestVersion struct {
	Version string   `json:"version"` // "v3"
	Aliases []string `json:"aliases"`
	// Details are there where CollectionsOptions.NewestDetails asked for them.
	Details *NewestDetails `json:"details,omitempty"`
}

// NewestDetails are what a list of collections can tell of a newest version.
type NewestDetails struct {
	Size      int64     `json:"size"` // bytes
	FileCount int64     `json:"fileCount"`
	CreatedAt time.Time `json:"createdAt"`
	CreatedBy *Creator  `json:"createdBy,omitempty"`
}

// An ArtifactCollection is a named list of versions: a sequence or a portfolio.
//
// It loads its attributes when one is first asked for. Setters change the
// object only; Save sends what they changed. Getters give the changed value.
// It is safe for concurrent use; Save, ChangeType, Delete and loading run one
// at a time.
type ArtifactCollection struct {
	client       *Client
	organization string
	turn         gate // for whatever asks the server

	mu sync.Mutex
	// What the server calls it, as far as known. typeName can be "".
	entity, project, name, typeName string
	saved                           *ArtifactCollectionAttrs // nil until loaded
	set                             changes
	aliases                         []string // nil until loaded
}

// changes are what setters set and Save has not sent; nil means nothing.
type changes struct {
	name, description, typeName *string
	tags                        *[]string
}

// NewArtifactCollection makes the class for a collection by name. It sends
// nothing. organization may be "". attrs, if not nil, are taken as loaded.
// typeName may be "" where the caller does not know it.
func NewArtifactCollection(c *Client, entity, project, name, typeName, organization string, attrs *ArtifactCollectionAttrs) *ArtifactCollection {
	a := &ArtifactCollection{
		client: c, organization: organization, turn: newGate(),
		entity: entity, project: project, name: name, typeName: typeName,
	}
	if attrs != nil {
		a.adopt(*attrs)
	}
	return a
}

// ArtifactCollection names a collection. It sends nothing: one that does not
// exist shows when an attribute is asked for. typeName may be ""; an empty
// entity or project means the default one (see Config).
func (c *Client) ArtifactCollection(entity, project, typeName, name string) *ArtifactCollection {
	return NewArtifactCollection(c, entity, project, name, typeName, "", nil)
}

// adopt takes what the server said as saved.
func (a *ArtifactCollection) adopt(attrs ArtifactCollectionAttrs) {
	attrs.Tags = append([]string{}, attrs.Tags...)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.saved = &attrs
	a.entity, a.project, a.name, a.typeName = attrs.Entity, attrs.Project, attrs.Name, attrs.Type
}

// Client is the client that the collection asks.
func (a *ArtifactCollection) Client() *Client { return a.client }

// Entity owns the project.
func (a *ArtifactCollection) Entity() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.entity
}

// Project holds the collection.
func (a *ArtifactCollection) Project() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.project
}

// Organization is the organization that it was made with, or "".
func (a *ArtifactCollection) Organization() string { return a.organization }

// Path is "entity/project/name" with the name that the server knows, not one
// that was set and not saved.
func (a *ArtifactCollection) Path() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return join(a.entity, a.project, a.name)
}

// Attrs returns all attributes, set values included, loading them if need be
// (W&B: ProjectArtifactCollection). KindNotFound says which part is missing.
func (a *ArtifactCollection) Attrs(ctx context.Context) (ArtifactCollectionAttrs, error) {
	saved, err := a.loaded(ctx)
	if err != nil {
		return ArtifactCollectionAttrs{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	out := saved
	if a.set.name != nil {
		out.Name = *a.set.name
	}
	if a.set.typeName != nil {
		out.Type = *a.set.typeName
	}
	if a.set.description != nil {
		out.Description = a.set.description
	}
	if out.Description != nil {
		text := *out.Description // the caller's own
		out.Description = &text
	}
	if a.set.tags != nil {
		out.Tags = *a.set.tags
	}
	out.Tags = append([]string{}, out.Tags...)
	return out, nil
}

// Load fetches the attributes anew, and the aliases when they are next asked
// for. What was set and not saved stays set.
func (a *ArtifactCollection) Load(ctx context.Context) error {
	if err := a.turn.enter(ctx); err != nil {
		return located("get artifact collection", a.Path(), err)
	}
	defer a.turn.leave()
	if err := a.load(ctx); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.aliases = nil
	return nil
}

// loaded returns what the server knows, loading it if need be.
func (a *ArtifactCollection) loaded(ctx context.Context) (ArtifactCollectionAttrs, error) {
	if saved, ok := a.peek(); ok {
		return saved, nil
	}
	if err := a.turn.enter(ctx); err != nil {
		return ArtifactCollectionAttrs{}, located("get artifact collection", a.Path(), err)
	}
	defer a.turn.leave()
	return a.loadedInTurn(ctx)
}

// loadedInTurn is loaded for a caller who has the turn.
func (a *ArtifactCollection) loadedInTurn(ctx context.Context) (ArtifactCollectionAttrs, error) {
	if _, ok := a.peek(); !ok {
		if err := a.load(ctx); err != nil {
			return ArtifactCollectionAttrs{}, err
		}
	}
	saved, _ := a.peek()
	return saved, nil
}

func (a *ArtifactCollection) peek() (ArtifactCollectionAttrs, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.saved == nil {
		return ArtifactCollectionAttrs{}, false
	}
	return *a.saved, true
}

// load asks the server. The caller has the turn.
func (a *ArtifactCollection) load(ctx context.Context) error {
	const op = "get artifact collection"
	a.mu.Lock()
	entity, project, of := a.entity, a.project, wire.Collection{Type: a.typeName, Name: a.name}
	a.mu.Unlock()
	var err error
	if of.In, err = a.client.in(ctx, entity, project); err != nil {
		return err
	}
	path := join(of.Entity, of.Project, of.Name)
	got, lacks, err := wire.GetArtifactCollection(ctx, a.client.sender, of)
	if err != nil {
		return a.client.fail(ctx, op, path, err)
	}
	if got == nil {
		return missing(op, lacks, of.In, of.Type, of.Name, "")
	}
	attrs, err := toCollectionAttrs(got)
	if err != nil {
		return located(op, path, err)
	}
	a.adopt(attrs)
	return nil
}

// ID is the server's id of the collection.
func (a *ArtifactCollection) ID(ctx context.Context) (string, error) {
	saved, err := a.loaded(ctx)
	return saved.ID, err
}

// Name is the collection's name.
func (a *ArtifactCollection) Name() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.set.name != nil {
		return *a.set.name
	}
	return a.name
}

// Type is the name of the collection's artifact type.
func (a *ArtifactCollection) Type(ctx context.Context) (string, error) {
	attrs, err := a.Attrs(ctx)
	return attrs.Type, err
}

// Description is what was written about the collection, or nil.
func (a *ArtifactCollection) Description(ctx context.Context) (*string, error) {
	attrs, err := a.Attrs(ctx)
	return attrs.Description, err
}

// Tags are the collection's own tags (not those of its versions).
func (a *ArtifactCollection) Tags(ctx context.Context) ([]string, error) {
	attrs, err := a.Attrs(ctx)
	return attrs.Tags, err
}

// CreatedAt is when the collection was made.
func (a *ArtifactCollection) CreatedAt(ctx context.Context) (time.Time, error) {
	saved, err := a.loaded(ctx)
	return saved.CreatedAt, err
}

// UpdatedAt is when the collection was last changed, or nil.
func (a *ArtifactCollection) UpdatedAt(ctx context.Context) (*time.Time, error) {
	saved, err := a.loaded(ctx)
	return saved.UpdatedAt, err
}

// IsSequence reports whether the collection is a sequence.
func (a *ArtifactCollection) IsSequence(ctx context.Context) (bool, error) {
	saved, err := a.loaded(ctx)
	return saved.Kind == Sequence, err
}

// Aliases are the aliases of all versions in the collection. They are fetched
// when first asked for (W&B: ArtifactCollectionAliases).
func (a *ArtifactCollection) Aliases(ctx context.Context) ([]string, error) {
	if known := a.knownAliases(); known != nil {
		return known, nil
	}
	const op = "list the aliases of an artifact collection"
	if err := a.turn.enter(ctx); err != nil {
		return nil, located(op, a.Path(), err)
	}
	defer a.turn.leave()
	if known := a.knownAliases(); known != nil { // whoever had the turn before got them
		return known, nil
	}
	saved, err := a.loadedInTurn(ctx)
	if err != nil {
		return nil, err
	}
	in := wire.In{Entity: saved.Entity, Project: saved.Project}
	path := a.Path()
	pages := newPager(list[string]{
		op: op, path: path,
		fetch: func(ctx context.Context, after string, perPage int) ([]string, PageInfo, error) {
			names, info, lacks, err := wire.CollectionAliases(ctx, a.client.sender, wire.ID(saved.ID), wire.Page{First: perPage, After: after})
			if err != nil {
				return nil, PageInfo{}, a.client.fail(ctx, op, path, err)
			}
			if lacks != wire.Nothing {
				return nil, PageInfo{}, missing(op, lacks, in, "", saved.Name, "")
			}
			return names, toPageInfo(info, nil), nil
		},
	}, walkPerPage, "")
	aliases := []string{}
	for alias, err := range pages.All(ctx) {
		if err != nil {
			return nil, err
		}
		aliases = append(aliases, alias)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.aliases = aliases
	return slices.Clone(aliases), nil
}

// knownAliases are those that were loaded; nil if they were not.
func (a *ArtifactCollection) knownAliases() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.aliases)
}

// Artifacts lists the versions of the collection, under the name and type that
// the server knows.
func (a *ArtifactCollection) Artifacts(opts *ArtifactsOptions) *Artifacts {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.client.Artifacts(a.entity, a.project, a.typeName, a.name, opts)
}

// String gives the path.
func (a *ArtifactCollection) String() string { return "artifact collection " + a.Path() }
