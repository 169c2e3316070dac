package wire

import "context"

// A User is who a key belongs to.
type User struct {
	ID       ID      `json:"id"`
	Username *string `json:"username"`
	Email    *string `json:"email"`
	Entity   *string `json:"entity"`
	Teams    *struct {
		Edges []Edge[Name] `json:"edges"`
	} `json:"teams"`
}

type viewer struct {
	Viewer *User `json:"viewer"`
}

// Viewer asks who the key belongs to: nil for nobody.
func Viewer(ctx context.Context, s *Sender) (*User, error) {
	out, err := Do[viewer](ctx, s, Op{Name: "Viewer"}, nil)
	if err != nil {
		return nil, err
	}
	return out.Viewer, nil
}

// A FoundUser is a user as a search shows one.
type FoundUser struct {
	ID       ID      `json:"id"`
	Username *string `json:"username"`
	Name     *string `json:"name"`
	Email    *string `json:"email"`
}

type searchUsers struct {
	Users *struct {
		Edges []Edge[FoundUser] `json:"edges"`
	} `graphql:"users(query: $query)" json:"users"`
}

// SearchUsers looks for users by name or address.
func SearchUsers(ctx context.Context, s *Sender, query string) ([]FoundUser, error) {
	out, err := Do[searchUsers](ctx, s, Op{Name: "SearchUsers"}, Vars{"query": query})
	if err != nil || out.Users == nil {
		return nil, err
	}
	var found []FoundUser
	for _, e := range out.Users.Edges {
		if e.Node != nil {
			found = append(found, *e.Node)
		}
	}
	return found, nil
}

// A Team is an entity with members.
type Team struct {
	ID   ID     `json:"id"`
	Name string `json:"name"`
}

type teamEntity struct {
	Entity *Team `graphql:"entity(name: $name)" json:"entity"`
}

// GetTeam finds a team, or the entity of a user; nil for neither.
func GetTeam(ctx context.Context, s *Sender, name string) (*Team, error) {
	out, err := Do[teamEntity](ctx, s, Op{Name: "GetTeamEntity"}, Vars{"name": name})
	if err != nil {
		return nil, err
	}
	return out.Entity, nil
}

// A Feature is one thing that servers differ in.
type Feature struct {
	Name      string `json:"name"`
	IsEnabled bool   `json:"isEnabled"`
}

type serverFeatures struct {
	ServerInfo *struct {
		Features []*Feature `json:"features"`
	} `json:"serverInfo"`
}

// ServerFeatures asks what the server can do.
func ServerFeatures(ctx context.Context, s *Sender) ([]*Feature, error) {
	out, err := Do[serverFeatures](ctx, s, Op{Name: "ServerFeaturesQuery"}, nil)
	if err != nil || out.ServerInfo == nil {
		return nil, err
	}
	return out.ServerInfo.Features, nil
}
