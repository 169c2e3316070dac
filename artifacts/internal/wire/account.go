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
