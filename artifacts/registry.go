package artifacts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// A Visibility says who sees a registry.
type Visibility string

// Everybody in the organization sees a registry, or only who was invited.
const (
	VisibleToOrganization Visibility = "organization"
	VisibleToMembers      Visibility = "restricted"
)

// RegistryAttrs are what the server knows about a registry.
type RegistryAttrs struct {
	ID string `json:"id"`
	// InternalID is what filters on registries take; "" if the server has none.
	InternalID   string `json:"internalId,omitempty"`
	Organization string `json:"organization"`
	// Entity is the organization's own, which holds the registry.
	Entity string `json:"entity"`
	// Name is without the prefix "wandb-registry-".
	Name        string     `json:"name"`
	Description *string    `json:"description,omitempty"`
	Visibility  Visibility `json:"visibility"`
	// AllowAllTypes says that versions of every type can be linked; otherwise
	// only those of ArtifactTypes.
	AllowAllTypes bool       `json:"allowAllTypes"`
	ArtifactTypes []string   `json:"artifactTypes"`
	CreatedAt     time.Time  `json:"createdAt"`
	UpdatedAt     *time.Time `json:"updatedAt,omitempty"`
}

// FullName is the name of the project that the registry is.
func (a RegistryAttrs) FullName() string { return RegistryPrefix + a.Name }

// A Registry is a project of an organization whose collections are portfolios.
//
// It loads its attributes when one is first asked for. Setters change the
// object only; Save sends what they changed. Getters give the changed value. It
// is safe for concurrent use; Save, Delete and loading run one at a time.
type Registry struct {
	client             *Client
	organization, name string // as it was made; organization may be ""
	turn               gate

	mu    sync.Mutex
	saved *RegistryAttrs // nil until loaded
	set   registryChanges
}

// registryChanges are what setters set and Save has not sent; nil means nothing.
type registryChanges struct {
	name, description *string
	visibility        *Visibility
	allowAll          *bool
	addTypes          *[]string
	protect           *[]string
}

// Registry names a registry of an organization, with or without the prefix
// "wandb-registry-". It sends nothing. organization is the name that people see;
// "" means Config.Organization or the one that the default entity belongs to.
func (c *Client) Registry(organization, name string) *Registry {
	return newRegistry(c, organization, strings.TrimPrefix(name, RegistryPrefix), nil)
}

func newRegistry(c *Client, organization, name string, attrs *RegistryAttrs) *Registry {
	r := &Registry{client: c, organization: organization, name: name, turn: newGate()}
	if attrs != nil {
		r.adopt(*attrs)
	}
	return r
}

// adopt takes what the server said as saved.
func (r *Registry) adopt(attrs RegistryAttrs) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.saved = &attrs
	r.name = attrs.Name
	if r.organization == "" {
		r.organization = attrs.Organization
	}
}

// Client is the client that the registry asks.
func (r *Registry) Client() *Client { return r.client }

// Name is the registry's name without "wandb-registry-".
func (r *Registry) Name() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.set.name != nil {
		return *r.set.name
	}
	return r.name
}

// Path is "organization/name" with the name that the server knows.
func (r *Registry) Path() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return join(r.organization, r.name)
}

// String gives the path.
func (r *Registry) String() string { return "registry " + r.Path() }

// Attrs returns all attributes, set values included, loading them if need be
// (W&B: FetchRegistry). KindNotFound if there is no such registry, or
// organization.
func (r *Registry) Attrs(ctx context.Context) (RegistryAttrs, error) {
	saved, err := r.loaded(ctx)
	if err != nil {
		return RegistryAttrs{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	out := saved
	if r.set.name != nil {
		out.Name = *r.set.name
	}
	if r.set.description != nil {
		description := *r.set.description
		out.Description = &description
	}
	if r.set.visibility != nil {
		out.Visibility = *r.set.visibility
	}
	if r.set.allowAll != nil {
		out.AllowAllTypes = *r.set.allowAll
	}
	out.ArtifactTypes = slices.Clone(out.ArtifactTypes)
	if r.set.addTypes != nil {
		out.ArtifactTypes = once(append(out.ArtifactTypes, *r.set.addTypes...))
	}
	return out, nil
}

// Load fetches the attributes anew. What was set and not saved stays set.
func (r *Registry) Load(ctx context.Context) error {
	if err := r.turn.enter(ctx); err != nil {
		return located(opGetRegistry, r.Path(), err)
	}
	defer r.turn.leave()
	return r.load(ctx)
}

const opGetRegistry = "get registry"

func (r *Registry) peek() (RegistryAttrs, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.saved == nil {
		return RegistryAttrs{}, false
	}
	return *r.saved, true
}

func (r *Registry) loaded(ctx context.Context) (RegistryAttrs, error) {
	if saved, ok := r.peek(); ok {
		return saved, nil
	}
	if err := r.turn.enter(ctx); err != nil {
		return RegistryAttrs{}, located(opGetRegistry, r.Path(), err)
	}
	defer r.turn.leave()
	return r.loadedInTurn(ctx)
}

// loadedInTurn is loaded for a caller who has the turn.
func (r *Registry) loadedInTurn(ctx context.Context) (RegistryAttrs, error) {
	if _, ok := r.peek(); !ok {
		if err := r.load(ctx); err != nil {
			return RegistryAttrs{}, err
		}
	}
	saved, _ := r.peek()
	return saved, nil
}

// load asks the server. The caller has the turn.
func (r *Registry) load(ctx context.Context) error {
	c := r.client
	if err := c.needs(ctx, opGetRegistry, r.Path(), featureRegistrySearch); err != nil {
		return err
	}
	r.mu.Lock()
	organization, name := r.organization, r.name
	var entity string
	if r.saved != nil {
		entity = r.saved.Entity
	}
	r.mu.Unlock()
	if entity == "" {
		o, err := c.Organization(ctx, organization)
		if err != nil {
			return err
		}
		organization, entity = o.Name, o.Entity
	}
	path := join(organization, name)
	got, err := wire.GetRegistry(ctx, c.sender, wire.In{Entity: entity, Project: RegistryPrefix + name})
	if err != nil {
		return c.fail(ctx, opGetRegistry, path, err)
	}
	if got == nil {
		return &Error{
			Kind: KindNotFound, Op: opGetRegistry, Path: path,
			Message: fmt.Sprintf("organization %q has no registry %q", organization, name),
			Next:    "list the organization's registries",
		}
	}
	attrs, err := toRegistryAttrs(organization, got)
	if err != nil {
		return located(opGetRegistry, path, err)
	}
	r.adopt(attrs)
	return nil
}

func toRegistryAttrs(organization string, w *wire.Registry) (RegistryAttrs, error) {
	name, ok := strings.CutPrefix(w.Name, RegistryPrefix)
	if !ok {
		return RegistryAttrs{}, corrupt("project %q was given as a registry and does not have the name of one", w.Name)
	}
	a := RegistryAttrs{
		ID: string(w.ID), InternalID: text(w.InternalID),
		Organization: organization, Entity: w.Entity.Name, Name: name,
		Description:   w.Description,
		Visibility:    VisibleToOrganization, // what other kinds of access mean here, as in W&B's client
		AllowAllTypes: w.AllowAllArtifactTypesInRegistry,
		ArtifactTypes: []string{},
	}
	if w.Entity.Organization != nil {
		a.Organization = w.Entity.Organization.Name
	}
	if text(w.Access) == wire.AccessRestricted {
		a.Visibility = VisibleToMembers
	}
	if w.ArtifactTypes != nil {
		for _, e := range w.ArtifactTypes.Edges {
			if e.Node != nil {
				a.ArtifactTypes = append(a.ArtifactTypes, e.Node.Name)
			}
		}
	}
	var err error
	if a.CreatedAt, err = moment("createdAt", w.CreatedAt); err != nil {
		return a, err
	}
	a.UpdatedAt, err = maybeMoment("updatedAt", w.UpdatedAt)
	return a, err
}

// The features of servers that have registries.
const (
	featureRegistrySearch = "ARTIFACT_REGISTRY_SEARCH"
	featureRegistryTypes  = "INCLUDE_ARTIFACT_TYPES_IN_REGISTRY_CREATION"
)

// Which aliases of a registry are protected can be told and changed.
const (
	featureProtected = "RELIQUARY_PROTECTED_ALIASES"
	protectsAliases  = "tell or change which aliases of a registry are protected"
)

// ProtectedAliases are the aliases that only administrators of the registry may
// add to a version, move or remove, by name; everybody reads them. What was set
// and not saved counts. W&B tells them in its app only: KindUnsupported on its
// servers.
func (r *Registry) ProtectedAliases(ctx context.Context) ([]string, error) {
	const op = "list the protected aliases of a registry"
	r.mu.Lock()
	set := r.set.protect
	r.mu.Unlock()
	if set != nil {
		return slices.Sorted(slices.Values(*set)), nil
	}
	if err := r.client.require(ctx, featureProtected, op, r.Path(), protectsAliases); err != nil {
		return nil, err
	}
	saved, err := r.loaded(ctx)
	if err != nil {
		return nil, err
	}
	list, lacks, err := wire.ProtectedAliases(ctx, r.client.sender, wire.In{Entity: saved.Entity, Project: saved.FullName()})
	switch {
	case err != nil:
		return nil, r.client.fail(ctx, op, r.Path(), err)
	case lacks != wire.Nothing:
		return nil, &Error{Kind: KindNotFound, Op: op, Path: r.Path(), Message: "the registry is not there any more"}
	}
	return list, nil
}

// needs is KindUnsupported where the server lacks a feature.
func (c *Client) needs(ctx context.Context, op, path, feature string) error {
	can, err := c.supports(ctx, feature)
	if err != nil || can {
		return err
	}
	return &Error{
		Kind: KindUnsupported, Op: op, Path: path,
		Message: "this server has no registries that a client can work with (it lacks " + feature + ")",
		Next:    "update the server",
	}
}

// checkRegistryName checks a name without the prefix.
func checkRegistryName(name string) error {
	switch {
	case name == "":
		return invalid("a registry's name cannot be empty")
	case utf8.RuneCountInString(name) > maxName-len(RegistryPrefix):
		return invalid("the name has %d characters, and W&B allows %d", utf8.RuneCountInString(name), maxName-len(RegistryPrefix))
	case strings.ContainsAny(name, "/\\#?%:\r\n"):
		return invalid(`%q is no name for a registry: it holds one of / \ # ? %% : or a line break`, name)
	}
	return nil
}

// checkRegistryTypes checks the names of types that a registry is to take.
func checkRegistryTypes(types []string) error {
	for _, t := range types {
		switch {
		case t == "" || strings.ContainsAny(t, "/:"):
			return invalid("%q is no name for a type: it is empty, or holds a slash or colon", t)
		case utf8.RuneCountInString(t) > maxName:
			return invalid("a type's name has %d characters, and W&B allows %d", utf8.RuneCountInString(t), maxName)
		}
	}
	return nil
}

func (v Visibility) access() (wire.Access, error) {
	switch v {
	case VisibleToOrganization:
		return wire.AccessOrganization, nil
	case VisibleToMembers:
		return wire.AccessRestricted, nil
	}
	return "", invalid("there is no visibility %q; there are %q and %q", v, VisibleToOrganization, VisibleToMembers)
}
