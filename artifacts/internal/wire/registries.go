package wire

import "context"

// A Registry is a project of an organization's entity that holds portfolios.
type Registry struct {
	ID         ID      `json:"id"`
	InternalID *string `graphql:"internalId" json:"internalId"`
	Name       string  `json:"name"`
	Entity     struct {
		Name         string `json:"name"`
		Organization *Name  `json:"organization"`
	} `json:"entity"`
	Description                     *string `json:"description"`
	CreatedAt                       string  `json:"createdAt"`
	UpdatedAt                       *string `json:"updatedAt"`
	Access                          *string `json:"access"`
	AllowAllArtifactTypesInRegistry bool    `json:"allowAllArtifactTypesInRegistry"`
	ArtifactTypes                   *struct {
		Edges []Edge[Name] `json:"edges"`
	} `graphql:"artifactTypes(includeAll: true)" json:"artifactTypes"`
}

type registry struct {
	Entity *struct {
		Project *Registry `graphql:"project(name: $name)" json:"project"`
	} `graphql:"entity(name: $entity)" json:"entity"`
}

// GetRegistry finds a registry by its whole name; nil if it is not there.
func GetRegistry(ctx context.Context, s *Sender, in In) (*Registry, error) {
	out, err := Do[registry](ctx, s, Op{Name: "FetchRegistry"}, Vars{"entity": in.Entity, "name": in.Project})
	if err != nil || out.Entity == nil {
		return nil, err
	}
	return out.Entity.Project, nil
}

type protectedAliases struct {
	Project *struct {
		ProtectedAliases []string `json:"protectedAliases"`
	} `graphql:"project(name: $project, entityName: $entity)" json:"project"`
}

// ProtectedAliases asks which aliases of a registry only its administrators may
// move.
func ProtectedAliases(ctx context.Context, s *Sender, in In) ([]string, Missing, error) {
	out, err := Do[protectedAliases](ctx, s, Op{Name: "ProtectedAliases"}, in.vars())
	switch {
	case err != nil:
		return nil, Nothing, err
	case out.Project == nil:
		return nil, MissingProject, nil
	}
	return out.Project.ProtectedAliases, Nothing, nil
}

// inOrganization reaches L, a selection of an organization's own entity.
type inOrganization[L any] struct {
	Organization *struct {
		OrgEntity *L `json:"orgEntity"`
	} `graphql:"organization(name: $organization)" json:"organization"`
}

type orgRegistries struct {
	List *Nodes[Registry] `graphql:"projects(filters: $filters, after: $cursor, first: $perPage, order: $order)" json:"projects"`
}

// Registries lists the registries of an organization. MissingProject means that
// there is no such organization.
func Registries(ctx context.Context, s *Sender, org string, choice Choice, p Page) (*Nodes[Registry], Missing, error) {
	out, err := Do[inOrganization[orgRegistries]](ctx, s, Op{Name: "FetchRegistries"}, p.vars(Vars{
		"organization": org, "filters": optional(choice.Filters), "order": optional(choice.Order),
	}))
	switch {
	case err != nil:
		return nil, Nothing, err
	case out.Organization == nil, out.Organization.OrgEntity == nil:
		return nil, MissingProject, nil
	case out.Organization.OrgEntity.List == nil:
		return nil, MissingList, nil
	}
	return out.Organization.OrgEntity.List, Nothing, nil
}

// Access says who sees a registry.
type Access = string

// What access a registry can have.
const (
	AccessOrganization Access = "PRIVATE"
	AccessRestricted   Access = "RESTRICTED"
)

// ArtifactTypeInput names a type that a registry takes.
type ArtifactTypeInput struct {
	Name string `json:"name"`
}

// UpsertModelInput makes or changes a registry. nil fields stay as they are.
type UpsertModelInput struct {
	EntityName                      string              `json:"entityName"`
	Name                            string              `json:"name"`
	Description                     *string             `json:"description,omitempty"`
	Access                          *Access             `json:"access,omitempty"`
	AllowAllArtifactTypesInRegistry *bool               `json:"allowAllArtifactTypesInRegistry,omitempty"`
	ArtifactTypes                   []ArtifactTypeInput `json:"artifactTypes,omitempty"`
	// The whole list. Servers without protected aliases do not know the field.
	ProtectedAliases *[]string `json:"protectedAliases,omitempty"`
}

// RenameProjectInput renames a registry.
type RenameProjectInput struct {
	EntityName     string `json:"entityName"`
	OldProjectName string `json:"oldProjectName"`
	NewProjectName string `json:"newProjectName"`
}

// A ChangedRegistry is a registry after a change. Inserted means that it is new.
type ChangedRegistry struct {
	Inserted *bool     `json:"inserted"`
	Project  *Registry `json:"project"`
}

type upsertRegistry struct {
	Result *ChangedRegistry `graphql:"upsertModel(input: $input)" json:"upsertModel"`
}

type renameRegistry struct {
	Result *ChangedRegistry `graphql:"renameProject(input: $input)" json:"renameProject"`
}

type deleteRegistry struct {
	Result *succeeded `graphql:"deleteModel(input: {id: $id})" json:"deleteModel"`
}

// UpsertRegistry makes or changes a registry; the answer can be nil.
func UpsertRegistry(ctx context.Context, s *Sender, in UpsertModelInput) (*ChangedRegistry, error) {
	out, err := Do[upsertRegistry](ctx, s, Op{"UpsertRegistry", Sets}, Vars{"input": in})
	if err != nil {
		return nil, err
	}
	return out.Result, nil
}

// RenameRegistry renames a registry; the answer can be nil. It is not repeated
// blindly: the second time there is nothing of the old name.
func RenameRegistry(ctx context.Context, s *Sender, in RenameProjectInput) (*ChangedRegistry, error) {
	out, err := Do[renameRegistry](ctx, s, Op{"RenameRegistry", Acts}, Vars{"input": in})
	if err != nil {
		return nil, err
	}
	return out.Result, nil
}

// DeleteRegistry deletes a registry with its portfolios. It is not repeated
// blindly. done is what the server says of it.
func DeleteRegistry(ctx context.Context, s *Sender, id ID) (done bool, err error) {
	// W&B wants this id as a String.
	out, err := Do[deleteRegistry](ctx, s, Op{"DeleteRegistry", Acts}, Vars{"id": string(id)})
	if err != nil || out.Result == nil {
		return false, err
	}
	return out.Result.Success, nil
}
