package artifacts

import (
	"context"
	"errors"
	"fmt"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// A Viewer is the user that an API key belongs to.
type Viewer struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	Email    string `json:"email,omitempty"`
	// Entity is the user's default entity.
	Entity string `json:"entity"`
	// Teams are the entities of the teams the user belongs to.
	Teams []string `json:"teams,omitempty"`
}

// Viewer asks who the API key belongs to (W&B: Viewer). KindUnauthenticated if
// to nobody.
func (c *Client) Viewer(ctx context.Context) (Viewer, error) {
	const op = "ask whose API key this is"
	u, err := wire.Viewer(ctx, c.sender)
	if err != nil {
		return Viewer{}, c.fail(ctx, op, "", err)
	}
	if u == nil {
		e := &Error{Kind: KindUnauthenticated, Op: op, Message: "the server does not know this API key", Next: usualNext(KindUnauthenticated)}
		if c.key == "" {
			e.Message = "no API key is configured"
		}
		return Viewer{}, e
	}
	v := toViewer(u)
	c.viewer.put(v)
	c.keepViewer(v)
	return v, nil
}

// A User is a user of the server.
type User struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	// Name is the one that people see.
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

// Users finds users by username or email address (W&B: SearchUsers). W&B's
// servers show all to administrators, ours those that the viewer shares an
// entity with.
func (c *Client) Users(ctx context.Context, query string) ([]User, error) {
	found, err := wire.SearchUsers(ctx, c.sender, query)
	if err != nil {
		return nil, c.fail(ctx, "search users", query, err)
	}
	out := make([]User, len(found))
	for i, u := range found {
		out[i] = User{ID: string(u.ID), Username: text(u.Username), Name: text(u.Name), Email: text(u.Email)}
	}
	return out, nil
}

// A Team is an entity with members.
type Team struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Team finds a team by its name (W&B: GetTeamEntity).
func (c *Client) Team(ctx context.Context, name string) (Team, error) {
	const op = "get team"
	got, err := wire.GetTeam(ctx, c.sender, name)
	switch {
	case err != nil:
		return Team{}, c.fail(ctx, op, name, err)
	case got == nil:
		return Team{}, &Error{
			Kind: KindNotFound, Op: op, Path: name,
			Message: fmt.Sprintf("there is no team %q", name),
			Next:    "check the name, and that this API key may see the team",
		}
	}
	return Team{ID: string(got.ID), Name: got.Name}, nil
}

// DefaultEntity is Config.Entity or, where that is empty, the viewer's entity,
// asked for once.
func (c *Client) DefaultEntity(ctx context.Context) (string, error) {
	if c.entity != "" {
		return c.entity, nil
	}
	v, err := c.viewer.get(ctx, c.Viewer)
	if err != nil {
		return "", err
	}
	if v.Entity == "" {
		return "", &Error{
			Kind:    KindInvalid,
			Op:      "find the default entity",
			Message: "the user " + v.Username + " has no default entity",
			Next:    "name the entity, as in entity/project/collection",
		}
	}
	return v.Entity, nil
}

// Features tells what a server can do, by W&B's names for that.
type Features map[string]bool

// Has reports whether the server offers the named feature.
func (f Features) Has(name string) bool { return f[name] }

// The features that this package asks about.
const (
	featureChoosing   = "ARTIFACT_COLLECTIONS_FILTERING_SORTING"
	featureFilesTotal = "TOTAL_COUNT_IN_FILE_CONNECTION"
)

// ServerFeatures asks once what the server can do and remembers it (W&B:
// ServerFeaturesQuery). A server that is too old to say has none. Do not
// change the map.
func (c *Client) ServerFeatures(ctx context.Context) (Features, error) {
	return c.features.get(ctx, func(ctx context.Context) (Features, error) {
		list, err := wire.ServerFeatures(ctx, c.sender)
		if err != nil {
			err = c.fail(ctx, "ask what the server can do", "", err)
			if errors.Is(err, ErrUnsupported) { // the question is newer than the server
				return Features{}, nil
			}
			return nil, err
		}
		f := make(Features, len(list))
		for _, one := range list {
			if one != nil {
				f[one.Name] = one.IsEnabled
			}
		}
		return f, nil
	})
}

// supports reports whether the server offers a feature.
func (c *Client) supports(ctx context.Context, feature string) (bool, error) {
	f, err := c.ServerFeatures(ctx)
	return f.Has(feature), err
}
