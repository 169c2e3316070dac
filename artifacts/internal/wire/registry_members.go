package wire

import "context"

// A Role is what a member may do in a registry.
type Role struct {
	Name string `json:"name"`
}

// A UserMember is a user with a role in a registry.
type UserMember struct {
	ID       ID      `json:"id"`
	Name     *string `json:"name"`
	Username *string `json:"username"`
	Email    *string `json:"email"`
	Role     Role    `json:"role"`
}

// A TeamMember is a team with a role in a registry.
type TeamMember struct {
	Team struct {
		ID   ID     `json:"id"`
		Name string `json:"name"`
	} `json:"team"`
	Role Role `json:"role"`
}

// Members are those of a registry.
type Members struct {
	Members     []UserMember `json:"members"`
	TeamMembers []TeamMember `json:"teamMembers"`
}

type registryMembers struct {
	Project *Members `graphql:"project(name: $project, entityName: $entity)" json:"project"`
}

// RegistryMembers asks for the users and teams of a registry at once; W&B's
// client asks twice. nil if there is no such registry.
func RegistryMembers(ctx context.Context, s *Sender, in In) (*Members, error) {
	out, err := Do[registryMembers](ctx, s, Op{Name: "RegistryMembers"}, in.vars())
	if err != nil {
		return nil, err
	}
	return out.Project, nil
}

// CreateProjectMembersInput adds users and teams to a registry.
type CreateProjectMembersInput struct {
	ProjectID ID   `json:"projectId"`
	UserIDs   []ID `json:"userIds,omitempty"`
	TeamIDs   []ID `json:"teamIds,omitempty"`
}

// DeleteProjectMembersInput takes users and teams out of a registry.
type DeleteProjectMembersInput CreateProjectMembersInput

// UpdateProjectMemberInput gives a user another role.
type UpdateProjectMemberInput struct {
	ProjectID       ID     `json:"projectId"`
	UserID          ID     `json:"userId"`
	UserProjectRole string `json:"userProjectRole"`
}

// UpdateProjectTeamMemberInput gives a team another role.
type UpdateProjectTeamMemberInput struct {
	ProjectID       ID     `json:"projectId"`
	TeamID          ID     `json:"teamId"`
	TeamProjectRole string `json:"teamProjectRole"`
}

type (
	createMembers struct {
		Result *succeeded `graphql:"createProjectMembers(input: $input)" json:"createProjectMembers"`
	}
	deleteMembers struct {
		Result *succeeded `graphql:"deleteProjectMembers(input: $input)" json:"deleteProjectMembers"`
	}
	updateMember struct {
		Result *succeeded `graphql:"updateProjectMember(input: $input)" json:"updateProjectMember"`
	}
	updateTeamMember struct {
		Result *succeeded `graphql:"updateProjectTeamMember(input: $input)" json:"updateProjectTeamMember"`
	}
)

func (m *createMembers) result() *succeeded    { return m.Result }
func (m *deleteMembers) result() *succeeded    { return m.Result }
func (m *updateMember) result() *succeeded     { return m.Result }
func (m *updateTeamMember) result() *succeeded { return m.Result }

// CreateRegistryMembers adds users and teams. done is what the server says of it.
func CreateRegistryMembers(ctx context.Context, s *Sender, in CreateProjectMembersInput) (done bool, err error) {
	return changed[createMembers](ctx, s, "CreateRegistryMembers", in)
}

// DeleteRegistryMembers takes users and teams out.
func DeleteRegistryMembers(ctx context.Context, s *Sender, in DeleteProjectMembersInput) (done bool, err error) {
	return changed[deleteMembers](ctx, s, "DeleteRegistryMembers", in)
}

// UpdateUserRegistryRole gives a user another role.
func UpdateUserRegistryRole(ctx context.Context, s *Sender, in UpdateProjectMemberInput) (done bool, err error) {
	return changed[updateMember](ctx, s, "UpdateUserRegistryRole", in)
}

// UpdateTeamRegistryRole gives a team another role.
func UpdateTeamRegistryRole(ctx context.Context, s *Sender, in UpdateProjectTeamMemberInput) (done bool, err error) {
	return changed[updateTeamMember](ctx, s, "UpdateTeamRegistryRole", in)
}

// changed sends a mutation that says only whether it was done.
func changed[M any, P interface {
	*M
	result() *succeeded
}](ctx context.Context, s *Sender, name string, in any) (bool, error) {
	out, err := Do[M](ctx, s, Op{name, Sets}, Vars{"input": in})
	if err != nil || P(out).result() == nil {
		return false, err
	}
	return P(out).result().Success, nil
}
