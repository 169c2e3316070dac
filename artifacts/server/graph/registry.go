package graph

import (
	"context"
	"slices"
	"strings"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// scope is what the viewer may see of the entity's projects, narrowed by filters.
func (e *Entity) scope(ctx context.Context, projects, collections *string) (metadata.RegistryScope, error) {
	sc, err := e.rq.viewer.Scope(ctx, e.id)
	if err != nil {
		return sc, err
	}
	if sc.Projects, err = metadata.ParseFilter(textOf(projects)); err != nil {
		return sc, err
	}
	sc.Collections, err = metadata.ParseFilter(textOf(collections))
	return sc, err
}

// Projects lists the entity's projects: of an organization, its registries.
func (e *Entity) Projects(ctx context.Context, filters *string, first *int64, after, order *string) (*ProjectConnection, error) {
	sc, err := e.scope(ctx, nil, nil)
	if err != nil {
		return nil, err
	}
	out := &ProjectConnection{Edges: []*ProjectEdge{}}
	con, err := fetch(ctx, pageArgs{first, after, filters, order},
		func(ctx context.Context, page metadata.Page) (metadata.Connection[metadata.Project], error) {
			return e.rq.store.ListRegistryProjects(ctx, sc, page)
		}, nil,
		func(edges []metadata.Edge[metadata.Project]) error {
			for _, edge := range edges {
				out.Edges = append(out.Edges, &ProjectEdge{Cursor: edge.Cursor, Node: e.rq.newProject(edge.Node)})
			}
			return nil
		})
	out.PageInfo = con.PageInfo()
	return out, err
}

// ArtifactCollections lists collections across the entity's projects.
func (e *Entity) ArtifactCollections(
	ctx context.Context, projectFilters, filters *string, collectionTypes []ArtifactCollectionType,
	first *int64, after, order *string,
) (*ArtifactCollectionConnection, error) {
	sc, err := e.scope(ctx, projectFilters, nil)
	if err != nil {
		return nil, err
	}
	for _, t := range collectionTypes {
		sc.Kinds = append(sc.Kinds, metadata.CollectionKind(t))
	}
	out := &ArtifactCollectionConnection{Edges: []*ArtifactCollectionEdge{}}
	out.connection, err = fetch(ctx, pageArgs{first, after, filters, order},
		func(ctx context.Context, page metadata.Page) (metadata.Connection[metadata.Collection], error) {
			return e.rq.store.ListRegistryCollections(ctx, sc, page)
		},
		func(ctx context.Context, f *metadata.Filter) (int, error) {
			return e.rq.store.CountRegistryCollections(ctx, sc, f)
		},
		func(edges []metadata.Edge[metadata.Collection]) error {
			ids := make([]int64, len(edges))
			for i, edge := range edges {
				ids[i] = edge.Node.ID
			}
			group := e.rq.collectionGroup(ids)
			for _, edge := range edges {
				out.Edges = append(out.Edges, &ArtifactCollectionEdge{Cursor: edge.Cursor, Node: group.whole(edge.Node)})
			}
			return nil
		})
	return out, err
}

// ArtifactMemberships lists versions across the entity's collections.
func (e *Entity) ArtifactMemberships(
	ctx context.Context, projectFilters, collectionFilters, filters *string,
	first *int64, after, order *string,
) (*ArtifactCollectionMembershipConnection, error) {
	sc, err := e.scope(ctx, projectFilters, collectionFilters)
	if err != nil {
		return nil, err
	}
	sc.Kinds = []metadata.CollectionKind{metadata.Portfolio}
	out := &ArtifactCollectionMembershipConnection{Edges: []*ArtifactCollectionMembershipEdge{}}
	con, err := fetch(ctx, pageArgs{first, after, filters, order},
		func(ctx context.Context, page metadata.Page) (metadata.Connection[metadata.Membership], error) {
			return e.rq.store.ListRegistryMemberships(ctx, sc, page)
		}, nil,
		func(edges []metadata.Edge[metadata.Membership]) error {
			versions := make([]metadata.Artifact, len(edges))
			for i, edge := range edges {
				versions[i] = edge.Node.Artifact
			}
			for i, a := range e.rq.newArtifacts(versions) {
				out.Edges = append(out.Edges, &ArtifactCollectionMembershipEdge{
					Node: &ArtifactCollectionMembership{rq: e.rq, m: edges[i].Node, artifact: a},
				})
			}
			return nil
		})
	out.PageInfo = con.PageInfo()
	return out, err
}

// Access says who sees the project.
func (p *Project) Access(ctx context.Context) (*string, error) {
	m, err := p.load(ctx)
	return textOrNull(string(m.Access)), err
}

// AllowAllArtifactTypesInRegistry says whether artifacts of any type may be linked.
func (p *Project) AllowAllArtifactTypesInRegistry(ctx context.Context) (bool, error) {
	m, err := p.load(ctx)
	return m.AllTypes, err
}

// ProtectedAliases are those that only administrators may move.
func (p *Project) ProtectedAliases(ctx context.Context) ([]string, error) {
	list, err := p.rq.store.ProtectedAliases(ctx, p.id)
	return append([]string{}, list...), err
}

// invited lists who was invited, for those who may see it.
func (p *Project) invited(ctx context.Context) ([]metadata.ProjectMember, error) {
	if ok, err := p.rq.viewer.MayFetch(ctx, p.entityID, p.id); err != nil || !ok {
		return nil, err
	}
	return p.rq.store.ProjectMembers(ctx, p.id)
}

// Members are the users that were invited.
func (p *Project) Members(ctx context.Context) ([]*ProjectMember, error) {
	list, err := p.invited(ctx)
	out := []*ProjectMember{}
	for _, m := range list {
		if u := m.User; u != nil {
			out = append(out, &ProjectMember{
				ID: userID.globalID(u.ID), Name: &u.Username, Username: &u.Username, Email: textOrNull(u.Email), Role: &Role{Name: string(m.Role)},
			})
		}
	}
	return out, err
}

// TeamMembers are the teams that were invited.
func (p *Project) TeamMembers(ctx context.Context) ([]*ProjectTeamMember, error) {
	list, err := p.invited(ctx)
	out := []*ProjectTeamMember{}
	for _, m := range list {
		if m.User == nil {
			out = append(out, &ProjectTeamMember{Team: p.rq.entity(m.Entity), Role: &Role{Name: string(m.Role)}})
		}
	}
	return out, err
}

// UpsertModel changes a project, or makes it.
func (mutation) UpsertModel(ctx context.Context, in UpsertModelInput) (*UpsertModelPayload, error) {
	rq := requestOf(ctx)
	if textOf(in.Repo) != "" {
		return nil, fail(metadata.KindInvalid, "this registry keeps no address of a project's source; put it into the description")
	}
	u := metadata.ProjectUpdate{
		Entity: rq.entityName(textOf(in.EntityName)), Name: textOf(in.Name),
		Description: in.Description, AllTypes: in.AllowAllArtifactTypesInRegistry, CreatorID: rq.viewer.User.ID,
	}
	if in.ID != nil {
		p, err := rq.projectToManage(ctx, *in.ID)
		if err != nil {
			return nil, err
		}
		if u.Name != "" && u.Name != p.Name {
			return nil, fail(metadata.KindInvalid, "project '%s' is not renamed here; use renameProject", p.Name)
		}
		u.Entity, u.Name = p.Entity, p.Name
	}
	e, err := rq.store.Entity(ctx, u.Entity)
	if err == nil {
		err = rq.known(ctx, e)
	}
	if err != nil {
		return nil, err
	}
	old, err := rq.store.Project(ctx, u.Entity, u.Name)
	switch {
	case err == nil && in.Description == nil && in.Access == nil && in.AllowAllArtifactTypesInRegistry == nil && in.ArtifactTypes == nil && in.ProtectedAliases == nil:
		// "wandb init" makes sure that a project is there.
		if err = rq.visible(ctx, old.EntityID, old.ID, "project '"+old.Name+"'"); err == nil {
			return rq.upserted(old, false, in.ClientMutationID), nil
		}
	case err == nil:
		err = rq.mayManage(ctx, old)
	case metadata.IsNotFound(err):
		// Members of an organization make registries; viewers do not.
		var role metadata.Role
		if role, err = rq.viewer.Role(ctx, e.ID); err == nil && role.Rank() < metadata.MemberRole.Rank() {
			err = fail(metadata.KindDenied, "permission denied: '%s' may not make projects in '%s'", rq.viewer.User.Username, e.Name)
		}
	}
	if err != nil {
		return nil, err
	}
	if in.Access != nil {
		access := metadata.Access(*in.Access)
		u.Access = &access
	}
	if e.Kind == metadata.OrganizationEntity && !strings.HasPrefix(u.Name, metadata.RegistryPrefix) {
		return nil, fail(metadata.KindInvalid, "an organization holds registries, whose names begin with %s; '%s' does not", metadata.RegistryPrefix, u.Name)
	}
	for _, t := range in.ArtifactTypes {
		u.Types = append(u.Types, t.Name)
	}
	if in.ProtectedAliases != nil {
		u.ProtectedAliases = &in.ProtectedAliases
	}
	p, inserted, err := rq.store.UpsertProject(ctx, u)
	if err != nil {
		return nil, err
	}
	return rq.upserted(p, inserted, in.ClientMutationID), nil
}

func (rq *request) upserted(p metadata.Project, inserted bool, mutationID *string) *UpsertModelPayload {
	project := rq.newProject(p)
	return &UpsertModelPayload{Project: project, Model: project, Inserted: &inserted, ClientMutationID: mutationID}
}

// mayManage fails unless the viewer may invite to a project, rename and delete
// it: with KindNotFound where the viewer may not even see it.
func (rq *request) mayManage(ctx context.Context, p metadata.Project) error {
	if err := rq.visible(ctx, p.EntityID, p.ID, "project '"+p.Name+"'"); err != nil {
		return err
	}
	ok, err := rq.viewer.MayManage(ctx, p.EntityID, p.ID)
	if err == nil && !ok {
		err = fail(metadata.KindDenied, "permission denied: '%s' does not administer project '%s'", rq.viewer.User.Username, p.Name)
	}
	return err
}

// projectToManage finds a project by its id.
func (rq *request) projectToManage(ctx context.Context, id string) (metadata.Project, error) {
	n, err := projectID.number(id)
	if err != nil {
		return metadata.Project{}, err
	}
	p, err := rq.store.ProjectByID(ctx, n)
	if err == nil {
		err = rq.mayManage(ctx, p)
	}
	// Not with the name of a project that the viewer may not see.
	return p, missing(err, "project "+id)
}

// RenameProject gives a project another name.
func (mutation) RenameProject(ctx context.Context, in RenameProjectInput) (*RenameProjectPayload, error) {
	rq := requestOf(ctx)
	p, err := rq.store.Project(ctx, rq.entityName(in.EntityName), in.OldProjectName)
	if err == nil {
		err = rq.mayManage(ctx, p)
	}
	if err == nil && strings.HasPrefix(p.Name, metadata.RegistryPrefix) != strings.HasPrefix(in.NewProjectName, metadata.RegistryPrefix) {
		err = fail(metadata.KindInvalid, "the names of registries, and of no other projects, begin with %s", metadata.RegistryPrefix)
	}
	if err == nil {
		p, err = rq.store.RenameProject(ctx, p.ID, in.NewProjectName)
	}
	if err != nil {
		return nil, err
	}
	no := false
	return &RenameProjectPayload{Project: rq.newProject(p), Inserted: &no, ClientMutationID: in.ClientMutationID}, nil
}

// DeleteModel deletes a project.
func (mutation) DeleteModel(ctx context.Context, in DeleteModelInput) (*DeleteModelPayload, error) {
	rq := requestOf(ctx)
	var p metadata.Project
	var err error
	if in.ID != nil {
		p, err = rq.projectToManage(ctx, *in.ID)
	} else if p, err = rq.store.Project(ctx, rq.entityName(textOf(in.EntityName)), textOf(in.ProjectName)); err == nil {
		err = rq.mayManage(ctx, p)
	}
	if err == nil {
		err = rq.store.DeleteProject(ctx, p.ID)
	}
	if err != nil {
		return nil, err
	}
	yes := true
	return &DeleteModelPayload{Success: &yes, ClientMutationID: in.ClientMutationID}, nil
}

// eachMember calls change for the entity of each user and team.
func (rq *request) eachMember(ctx context.Context, project string, users, teams []string, change func(p metadata.Project, entity int64) error) error {
	p, err := rq.projectToManage(ctx, project)
	if err != nil {
		return err
	}
	var entities []int64
	for _, id := range users {
		n, err := userID.number(id)
		if err != nil {
			return err
		}
		found, err := rq.store.UsersByID(ctx, []int64{n})
		if err != nil {
			return err
		}
		// Ids can be guessed, and who is invited is shown with name and address.
		known := len(found) == 1
		if known {
			if known, err = rq.acquainted(ctx, found[0]); err != nil {
				return err
			}
		}
		if !known {
			return fail(metadata.KindNotFound, "user %s not found", id)
		}
		entities = append(entities, found[0].EntityID)
	}
	for _, id := range teams {
		n, err := entityID.number(id)
		if err != nil {
			return err
		}
		if ok, err := rq.knowsTeam(ctx, p, n); err != nil {
			return err
		} else if !ok {
			return fail(metadata.KindNotFound, "team %s not found", id)
		}
		entities = append(entities, n)
	}
	for _, e := range entities {
		if err := change(p, e); err != nil {
			return err
		}
	}
	return nil
}

// knowsTeam reports whether the viewer knows a team, of their own or as one that
// was invited to the project already.
func (rq *request) knowsTeam(ctx context.Context, p metadata.Project, id int64) (bool, error) {
	if ok, err := rq.viewer.Knows(ctx, id); err != nil || ok {
		return ok, err
	}
	list, err := rq.store.ProjectMembers(ctx, p.ID)
	return slices.ContainsFunc(list, func(m metadata.ProjectMember) bool { return m.Entity.ID == id }), err
}

// CreateProjectMembers invites users and teams, as viewers.
func (mutation) CreateProjectMembers(ctx context.Context, in CreateProjectMembersInput) (*ProjectMembersPayload, error) {
	rq := requestOf(ctx)
	err := rq.eachMember(ctx, in.ProjectID, in.UserIds, in.TeamIds, func(p metadata.Project, entity int64) error {
		return rq.store.SetProjectMember(ctx, p.ID, entity, metadata.ViewerRole)
	})
	if err != nil {
		return nil, err
	}
	return &ProjectMembersPayload{Success: true, ClientMutationID: in.ClientMutationID}, nil
}

// DeleteProjectMembers takes invitations back.
func (mutation) DeleteProjectMembers(ctx context.Context, in DeleteProjectMembersInput) (*ProjectMembersPayload, error) {
	rq := requestOf(ctx)
	err := rq.eachMember(ctx, in.ProjectID, in.UserIds, in.TeamIds, func(p metadata.Project, entity int64) error {
		return rq.store.RemoveProjectMember(ctx, p.ID, entity)
	})
	if err != nil {
		return nil, err
	}
	return &ProjectMembersPayload{Success: true, ClientMutationID: in.ClientMutationID}, nil
}

// UpdateProjectMember gives an invited user another role.
func (mutation) UpdateProjectMember(ctx context.Context, in UpdateProjectMemberInput) (*ProjectMembersPayload, error) {
	rq := requestOf(ctx)
	err := rq.eachMember(ctx, in.ProjectID, []string{in.UserID}, nil, func(p metadata.Project, entity int64) error {
		return rq.store.SetProjectMember(ctx, p.ID, entity, metadata.Role(in.UserProjectRole))
	})
	if err != nil {
		return nil, err
	}
	return &ProjectMembersPayload{Success: true, ClientMutationID: in.ClientMutationID}, nil
}

// UpdateProjectTeamMember gives an invited team another role.
func (mutation) UpdateProjectTeamMember(ctx context.Context, in UpdateProjectTeamMemberInput) (*ProjectMembersPayload, error) {
	rq := requestOf(ctx)
	err := rq.eachMember(ctx, in.ProjectID, nil, []string{in.TeamID}, func(p metadata.Project, entity int64) error {
		return rq.store.SetProjectMember(ctx, p.ID, entity, metadata.Role(in.TeamProjectRole))
	})
	if err != nil {
		return nil, err
	}
	return &ProjectMembersPayload{Success: true, ClientMutationID: in.ClientMutationID}, nil
}
