package metadata

import "context"

// An Access says who sees a project without having been invited.
type Access string

// A private project is for the members of its entity; a restricted one for
// those who were invited to it, and the entity's administrators.
const (
	PrivateAccess    Access = "PRIVATE"
	RestrictedAccess Access = "RESTRICTED"
)

// RegistryPrefix begins the names of projects that are W&B registries.
const RegistryPrefix = "wandb-registry-"

// A ProjectUpdate is what UpsertProject takes. Nil fields are left as they are.
type ProjectUpdate struct {
	Entity, Name string
	Description  *string
	Access       *Access
	AllTypes     *bool
	// Types are added to the project's artifact types.
	Types []string
	// ProtectedAliases are the aliases that only administrators may move from
	// now on: the whole list. Registries have them, other projects do not.
	ProtectedAliases *[]string
	// CreatorID, when the project is new, is the user who becomes its
	// administrator: 0 for none.
	CreatorID int64
}

// A RegistryScope chooses among the projects of an organization.
type RegistryScope struct {
	EntityID int64
	// Only, unless nil, are the only projects to look into; Except are left out.
	Only, Except []int64
	// Projects and Collections are filters on what the listed things are in.
	Projects, Collections *Filter
	// Kinds of collections to list; empty: all.
	Kinds []CollectionKind
}

// Registries are projects that were made on purpose, with members of their own.
type Registries interface {
	// UpsertProject changes a project, or makes it. The second result says
	// whether it was made.
	UpsertProject(ctx context.Context, u ProjectUpdate) (Project, bool, error)
	// RenameProject gives a project another name. KindConflict if it is taken.
	RenameProject(ctx context.Context, id int64, name string) (Project, error)
	// DeleteProject deletes a project with its collections and their versions.
	// Its name can be given again.
	DeleteProject(ctx context.Context, id int64) error
	// ProtectedAliases lists, by name, the aliases that only administrators of
	// a registry may put on versions of its collections, move and take off. The
	// context's actor is held to that by every method that moves an alias, also
	// by one that unlinks or deletes the version or the collection that has it:
	// KindDenied, and nothing is changed.
	ProtectedAliases(ctx context.Context, projectID int64) ([]string, error)
	// ProjectMembers lists who was invited, by name.
	ProjectMembers(ctx context.Context, projectID int64) ([]ProjectMember, error)
	// SetProjectMember invites a user (by the user's own entity) or a team, or
	// changes the role of one that is there.
	SetProjectMember(ctx context.Context, projectID, entityID int64, role Role) error
	// RemoveProjectMember takes an invitation back, if it is there.
	RemoveProjectMember(ctx context.Context, projectID, entityID int64) error

	// ListRegistryProjects lists the projects in a scope, newest first.
	ListRegistryProjects(ctx context.Context, s RegistryScope, p Page) (Connection[Project], error)
	// ListRegistryCollections lists the collections in a scope, newest first.
	// The page's filter and order speak of collections; a cursor stays good
	// when the scope's filters change.
	ListRegistryCollections(ctx context.Context, s RegistryScope, p Page) (Connection[Collection], error)
	CountRegistryCollections(ctx context.Context, s RegistryScope, f *Filter) (int, error)
	// ListRegistryMemberships lists the versions in a scope, newest first.
	ListRegistryMemberships(ctx context.Context, s RegistryScope, p Page) (Connection[Membership], error)
	// StorageBytes is the size of the files that an entity's versions brought,
	// each content counted once for each version that brought it.
	StorageBytes(ctx context.Context, entityID int64) (int64, error)
}
