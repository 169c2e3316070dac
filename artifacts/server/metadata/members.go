package metadata

import "context"

// A Role says how much a member may do.
type Role string

// The roles, from the most to the least. Restricted viewers are found in
// projects only: they see what is there and may not fetch files.
const (
	AdminRole            Role = "admin"
	MemberRole           Role = "member"
	ViewerRole           Role = "viewer"
	RestrictedViewerRole Role = "restricted_viewer"
)

// Rank orders roles: more is more. It is 0 for no role.
func (r Role) Rank() int {
	switch r {
	case AdminRole:
		return 4
	case MemberRole:
		return 3
	case ViewerRole:
		return 2
	case RestrictedViewerRole:
		return 1
	}
	return 0
}

// Higher is the role of the two that allows more.
func (r Role) Higher(other Role) Role {
	if other.Rank() > r.Rank() {
		return other
	}
	return r
}

// A Member is a user in a team or an organization.
type Member struct {
	User User
	Role Role
}

// A ProjectMember is a user or a team that was invited to a project.
type ProjectMember struct {
	Entity Entity
	User   *User // set when the entity is a user's own
	Role   Role
}

// Grants are all that was given to a user: what access decides by.
type Grants struct {
	// Entities are the user's roles in teams and organizations, by entity.
	Entities map[int64]Role
	// Organizations tells which of these entities are organizations.
	Organizations map[int64]bool
	// Projects are the roles that the user was invited with, alone or with a
	// team, by project.
	Projects map[int64]Role
	// Parents gives the entity of each project in Projects.
	Parents map[int64]int64
	// Restricted are the projects in these entities that only invited members see.
	Restricted map[int64]bool
}

// Memberships are who belongs to teams and organizations, and with which role.
type Memberships interface {
	// CreateOrganization makes an organization with its administrators.
	// KindConflict if the name is taken.
	CreateOrganization(ctx context.Context, name string, adminIDs []int64) (Entity, error)
	// SetOrganization puts a team under an organization.
	SetOrganization(ctx context.Context, teamID, organizationID int64) error
	// SetMember makes a user a member of a team or an organization, or gives a
	// member another role.
	SetMember(ctx context.Context, entityID, userID int64, role Role) error
	// RemoveMember takes a user out of a team or an organization, if there, and
	// takes back what the user alone was invited to of its projects.
	RemoveMember(ctx context.Context, entityID, userID int64) error
	// Members lists the members of a team or an organization, by name.
	Members(ctx context.Context, entityID int64) ([]Member, error)
	// OrganizationsOf lists the organizations that a user belongs to, by name.
	OrganizationsOf(ctx context.Context, userID int64) ([]Entity, error)
	// GrantsOf reads what was given to a user.
	GrantsOf(ctx context.Context, userID int64) (Grants, error)
	// SetDefaultEntity chooses what clients take when a path names no entity.
	SetDefaultEntity(ctx context.Context, userID, entityID int64) error
	// RetireUser takes away a user's keys and memberships. What the user made stays.
	RetireUser(ctx context.Context, userID int64) error
	// RetireOrganization takes every member out of an organization and its
	// teams. What they made stays.
	RetireOrganization(ctx context.Context, entityID int64) error
}
