package artifacts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// SetName renames the registry at the next Save.
func (r *Registry) SetName(name string) error {
	name = strings.TrimPrefix(name, RegistryPrefix)
	if err := checkRegistryName(name); err != nil {
		return located("rename registry", r.Path(), err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.set.name = &name
	return nil
}

// SetDescription describes the registry at the next Save.
func (r *Registry) SetDescription(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.set.description = &text
}

// SetVisibility says at the next Save who sees the registry.
func (r *Registry) SetVisibility(v Visibility) error {
	if _, err := v.access(); err != nil {
		return located("change the visibility of a registry", r.Path(), err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.set.visibility = &v
	return nil
}

// SetAllowAllTypes says at the next Save whether versions of every type can be
// linked.
func (r *Registry) SetAllowAllTypes(allow bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.set.allowAll = &allow
}

// AddArtifactTypes lets versions of more types be linked after the next Save.
// W&B has no way to take one back.
func (r *Registry) AddArtifactTypes(types ...string) error {
	if err := checkRegistryTypes(types); err != nil {
		return located("add artifact types to a registry", r.Path(), err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.set.addTypes != nil {
		types = append(slices.Clone(*r.set.addTypes), types...)
	}
	types = once(types)
	r.set.addTypes = &types
	return nil
}

// SetProtectedAliases says at the next Save which aliases only administrators of
// the registry may add to a version, move or remove: the whole list. W&B sets
// them in its app only: KindUnsupported from Save on its servers.
func (r *Registry) SetProtectedAliases(aliases ...string) error {
	if err := checkAliases(aliases); err != nil {
		return located("protect aliases of a registry", r.Path(), err)
	}
	aliases = once(append([]string{}, aliases...))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.set.protect = &aliases
	return nil
}

// Changed reports whether something was set and not yet saved.
func (r *Registry) Changed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.set != registryChanges{}
}

// Save sends what setters changed, and nothing if that is nothing: description,
// visibility, types and protected aliases (W&B: UpsertRegistry), then the name (RenameRegistry).
// When the second fails the first stands, and the error says so.
func (r *Registry) Save(ctx context.Context) error {
	const op = "save registry"
	c := r.client
	if err := r.turn.enter(ctx); err != nil {
		return located(op, r.Path(), err)
	}
	defer r.turn.leave()
	if !r.Changed() {
		return nil
	}
	if err := c.needs(ctx, op, r.Path(), featureRegistryTypes); err != nil {
		return err
	}
	r.mu.Lock()
	set := r.set
	r.mu.Unlock()
	if set.protect != nil {
		if err := c.require(ctx, featureProtected, op, r.Path(), protectsAliases); err != nil {
			return err
		}
	}
	saved, err := r.loadedInTurn(ctx)
	if err != nil {
		return err
	}
	in, sends, err := set.upsert(saved)
	if err != nil {
		return located(op, r.Path(), err)
	}
	if sends {
		got, err := wire.UpsertRegistry(ctx, c.sender, in)
		if saved, err = r.took(got, saved.Organization, err); err != nil {
			return c.fail(ctx, op, r.Path(), err)
		}
	}
	if set.name != nil && *set.name != saved.Name {
		got, err := wire.RenameRegistry(ctx, c.sender, wire.RenameProjectInput{
			EntityName: saved.Entity, OldProjectName: saved.FullName(), NewProjectName: RegistryPrefix + *set.name,
		})
		if _, err = r.took(got, saved.Organization, err); err != nil {
			e := c.fail(ctx, op, r.Path(), err).(*Error)
			if sends {
				e.Message = "the attributes were saved, the name not: " + e.Message
			}
			r.forget(set, false)
			return e
		}
	}
	r.forget(set, true)
	return nil
}

// took notes the state after a change.
func (r *Registry) took(got *wire.ChangedRegistry, organization string, err error) (RegistryAttrs, error) {
	switch {
	case err != nil:
		return RegistryAttrs{}, err
	case got == nil || got.Project == nil:
		return RegistryAttrs{}, corrupt("a registry was changed and left out of the answer")
	}
	attrs, err := toRegistryAttrs(organization, got.Project)
	if err == nil {
		r.adopt(attrs)
	}
	return attrs, err
}

// forget takes back what was saved, unless it was set anew meanwhile.
func (r *Registry) forget(set registryChanges, renamed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if renamed && r.set.name == set.name {
		r.set.name = nil
	}
	if r.set.description == set.description {
		r.set.description = nil
	}
	if r.set.visibility == set.visibility {
		r.set.visibility = nil
	}
	if r.set.allowAll == set.allowAll {
		r.set.allowAll = nil
	}
	if r.set.addTypes == set.addTypes {
		r.set.addTypes = nil
	}
	if r.set.protect == set.protect {
		r.set.protect = nil
	}
}

// upsert says what to send, if anything. It names everything that W&B's client
// names: servers take what is missing for a default.
func (set registryChanges) upsert(saved RegistryAttrs) (in wire.UpsertModelInput, sends bool, err error) {
	visibility, allow, description := saved.Visibility, saved.AllowAllTypes, saved.Description
	if set.visibility != nil && *set.visibility != visibility {
		visibility, sends = *set.visibility, true
	}
	if set.allowAll != nil && *set.allowAll != allow {
		allow, sends = *set.allowAll, true
	}
	if set.description != nil && *set.description != text(description) {
		description, sends = set.description, true
	}
	var types []string
	if set.addTypes != nil {
		types = without(*set.addTypes, saved.ArtifactTypes)
	}
	if len(types) > 0 {
		if sends = true; allow {
			e := invalid("it takes versions of every type, so that there is none to add")
			e.Next = "set it to take only some types first"
			return in, false, e
		}
	}
	sends = sends || set.protect != nil
	access, err := visibility.access()
	in = wire.UpsertModelInput{
		EntityName: saved.Entity, Name: saved.FullName(), Description: description,
		Access: &access, AllowAllArtifactTypesInRegistry: &allow, ArtifactTypes: typeInputs(types), ProtectedAliases: set.protect,
	}
	return in, sends, err
}

func typeInputs(types []string) []wire.ArtifactTypeInput {
	out := make([]wire.ArtifactTypeInput, len(types))
	for i, t := range types {
		out[i] = wire.ArtifactTypeInput{Name: t}
	}
	return out
}

// A RegistryDraft says what registry to make.
type RegistryDraft struct {
	// Organization owns it; "" as in Registry.
	Organization string
	// Name is without "wandb-registry-", and new in the organization.
	Name string
	// Visibility is VisibleToOrganization where it is "".
	Visibility  Visibility
	Description string
	// ArtifactTypes are those that can be linked; none means all.
	ArtifactTypes []string
	// ProtectedAliases are as in SetProtectedAliases.
	ProtectedAliases []string
}

// CreateRegistry makes a registry (W&B: UpsertRegistry). KindConflict if the
// name is taken.
func (c *Client) CreateRegistry(ctx context.Context, n RegistryDraft) (*Registry, error) {
	const op = "create registry"
	name := strings.TrimPrefix(n.Name, RegistryPrefix)
	if n.Visibility == "" {
		n.Visibility = VisibleToOrganization
	}
	access, err := n.Visibility.access()
	if err = errors.Join(err, checkRegistryName(name), checkRegistryTypes(n.ArtifactTypes), checkAliases(n.ProtectedAliases)); err != nil {
		return nil, located(op, join(n.Organization, name), err)
	}
	if err := c.needs(ctx, op, join(n.Organization, name), featureRegistryTypes); err != nil {
		return nil, err
	}
	var protect *[]string
	if len(n.ProtectedAliases) > 0 {
		if err := c.require(ctx, featureProtected, op, join(n.Organization, name), protectsAliases); err != nil {
			return nil, err
		}
		aliases := once(slices.Clone(n.ProtectedAliases))
		protect = &aliases
	}
	o, err := c.Organization(ctx, n.Organization)
	if err != nil {
		return nil, err
	}
	path, in := join(o.Name, name), wire.In{Entity: o.Entity, Project: RegistryPrefix + name}
	taken := &Error{
		Kind: KindConflict, Op: op, Path: path,
		Message: fmt.Sprintf("organization %q has a registry %q already", o.Name, name),
		Next:    "use another name, or change that one",
	}
	// Creating one that exists would change it.
	there, err := wire.GetRegistry(ctx, c.sender, in)
	if err != nil {
		return nil, c.fail(ctx, op, path, err)
	}
	if there != nil {
		return nil, taken
	}
	all := len(n.ArtifactTypes) == 0
	got, err := wire.UpsertRegistry(ctx, c.sender, wire.UpsertModelInput{
		EntityName: in.Entity, Name: in.Project, Description: optionalText(n.Description),
		Access: &access, AllowAllArtifactTypesInRegistry: &all, ArtifactTypes: typeInputs(once(n.ArtifactTypes)), ProtectedAliases: protect,
	})
	switch {
	case err != nil:
		return nil, c.fail(ctx, op, path, err)
	case got == nil || got.Project == nil:
		return nil, located(op, path, corrupt("a registry was made and left out of the answer"))
	}
	attrs, err := toRegistryAttrs(o.Name, got.Project)
	if err != nil {
		return nil, located(op, path, err)
	}
	if got.Inserted == nil || !*got.Inserted {
		// Somebody made it since we looked, or the first answer was lost and the
		// request came again: only what it is tells these apart.
		r := newRegistry(c, o.Name, name, &attrs)
		if attrs.Visibility != n.Visibility || attrs.AllowAllTypes != all || text(attrs.Description) != n.Description {
			return nil, taken
		}
		return r, nil
	}
	return newRegistry(c, o.Name, name, &attrs), nil
}

// Delete deletes the registry with its collections; the versions that they link
// to stay where they were logged (W&B: DeleteRegistry). It is not sent again
// after a broken connection.
func (r *Registry) Delete(ctx context.Context) error {
	const op = "delete registry"
	if err := r.turn.enter(ctx); err != nil {
		return located(op, r.Path(), err)
	}
	defer r.turn.leave()
	saved, err := r.loadedInTurn(ctx)
	if err != nil {
		return err
	}
	done, err := wire.DeleteRegistry(ctx, r.client.sender, wire.ID(saved.ID))
	switch {
	case err != nil:
		return r.client.fail(ctx, op, r.Path(), err)
	case !done:
		return &Error{Kind: KindConflict, Op: op, Path: r.Path(), Message: "the server did not delete it, and does not say why"}
	}
	return nil
}
