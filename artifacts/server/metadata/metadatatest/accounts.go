package metadatatest

import (
	"crypto/sha256"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

func accountTests() map[string]func(*testing.T, *registry) {
	return map[string]func(*testing.T, *registry){
		"a user owns the entity of the same name": func(t *testing.T, r *registry) {
			e, err := r.Entity(r.ctx, "ann")
			r.ok(err)
			if e.ID != r.user.EntityID || e.Kind != metadata.UserEntity || e.CreatedAt.IsZero() {
				t.Errorf("entity %+v of user %+v", e, r.user)
			}
			u, err := r.UserByName(r.ctx, "ann")
			r.ok(err)
			same(t, "user by name", u, r.user)
			if !u.Admin || u.Email != "ann@example.com" {
				t.Errorf("user %+v", u)
			}
		},
		"a key finds its user": func(t *testing.T, r *registry) {
			u, err := r.UserByKey(r.ctx, sha256.Sum256([]byte("ann's key")))
			r.ok(err)
			same(t, "user by key", u, r.user)
			_, err = r.UserByKey(r.ctx, sha256.Sum256([]byte("no key")))
			r.fails(err, metadata.KindDenied, "API key")
		},
		"a further key acts as the user": func(t *testing.T, r *registry) {
			k := sha256.Sum256([]byte("second key"))
			for range 2 {
				r.ok(r.AddKey(r.ctx, r.user.ID, k))
			}
			u, err := r.UserByKey(r.ctx, k)
			r.ok(err)
			same(t, "user by key", u, r.user)
			r.fails(r.AddKey(r.ctx, r.user.ID+100, sha256.Sum256([]byte("third"))), metadata.KindNotFound, "user")
		},
		"a key belongs to one user": func(t *testing.T, r *registry) {
			_, err := r.CreateUser(r.ctx, metadata.NewUser{Username: "bob", KeySHA256: sha256.Sum256([]byte("ann's key"))})
			r.fails(err, metadata.KindConflict, "key")
			_, err = r.UserByName(r.ctx, "bob")
			r.fails(err, metadata.KindNotFound, "bob")
			_, err = r.Entity(r.ctx, "bob")
			r.fails(err, metadata.KindNotFound, "bob")
		},
		"names of users and teams are taken once": func(t *testing.T, r *registry) {
			_, err := r.CreateUser(r.ctx, metadata.NewUser{Username: "ann", KeySHA256: [32]byte{1}})
			r.fails(err, metadata.KindConflict, "ann")
			_, err = r.CreateTeam(r.ctx, "ann", nil)
			r.fails(err, metadata.KindConflict, "ann")
			n, err := r.CountUsers(r.ctx)
			r.ok(err)
			if n != 1 {
				t.Errorf("%d users, want 1", n)
			}
		},
		"users by id": func(t *testing.T, r *registry) {
			bob, err := r.CreateUser(r.ctx, metadata.NewUser{Username: "bob", KeySHA256: [32]byte{1}})
			r.ok(err)
			list, err := r.UsersByID(r.ctx, []int64{bob.ID, r.user.ID, 999})
			r.ok(err)
			if len(list) != 2 {
				t.Fatalf("%d users, want 2", len(list))
			}
			list, err = r.UsersByID(r.ctx, nil)
			r.ok(err)
			if len(list) != 0 {
				t.Errorf("no ids give %d users", len(list))
			}
		},
		"teams have members": func(t *testing.T, r *registry) {
			bob, err := r.CreateUser(r.ctx, metadata.NewUser{Username: "bob", KeySHA256: [32]byte{1}})
			r.ok(err)
			for _, name := range []string{"zoo", "acme"} {
				e, err := r.CreateTeam(r.ctx, name, []int64{r.user.ID, r.user.ID})
				r.ok(err)
				if e.Kind != metadata.TeamEntity {
					t.Errorf("a team is a %s", e.Kind)
				}
			}
			_, err = r.CreateTeam(r.ctx, "none", []int64{999})
			r.fails(err, metadata.KindNotFound, "user")
			teams, err := r.Teams(r.ctx, r.user.ID)
			r.ok(err)
			same(t, "ann's teams", texts(teams, func(e metadata.Entity) string { return e.Name }), "acme zoo")
			teams, err = r.Teams(r.ctx, bob.ID)
			r.ok(err)
			if len(teams) != 0 {
				t.Errorf("bob is in %v", teams)
			}
		},
		"who is retired, or leaves, has nothing left": func(t *testing.T, r *registry) {
			bob, err := r.CreateUser(r.ctx, metadata.NewUser{Username: "bob", KeySHA256: [32]byte{1}})
			r.ok(err)
			org, err := r.CreateOrganization(r.ctx, "acme", nil)
			r.ok(err)
			p, _, err := r.UpsertProject(r.ctx, metadata.ProjectUpdate{Entity: "acme", Name: "wandb-registry-x"})
			r.ok(err)
			join := func() {
				t.Helper()
				r.ok(r.SetMember(r.ctx, org.ID, bob.ID, metadata.MemberRole))
				r.ok(r.SetProjectMember(r.ctx, p.ID, bob.EntityID, metadata.AdminRole))
			}
			hasNothing := func(when string) {
				t.Helper()
				g, err := r.GrantsOf(r.ctx, bob.ID)
				r.ok(err)
				if len(g.Entities) != 0 || len(g.Projects) != 0 {
					t.Errorf("%s bob has %+v", when, g)
				}
			}
			join()
			r.ok(r.RemoveMember(r.ctx, org.ID, bob.ID))
			hasNothing("after leaving")
			join()
			u, err := r.ActiveUser(r.ctx, bob.ID)
			r.ok(err)
			same(t, "an active user", u, bob)
			r.ok(r.RetireUser(r.ctx, bob.ID))
			hasNothing("after being retired")
			_, err = r.ActiveUser(r.ctx, bob.ID)
			r.fails(err, metadata.KindDenied, "any more")
			_, err = r.ActiveUser(r.ctx, 999)
			r.fails(err, metadata.KindDenied, "any more")
		},
		"what is not there": func(t *testing.T, r *registry) {
			_, err := r.UserByName(r.ctx, "nobody")
			r.fails(err, metadata.KindNotFound, "nobody")
			_, err = r.Entity(r.ctx, "nobody")
			r.fails(err, metadata.KindNotFound, "nobody")
		},
	}
}

func projectTests() map[string]func(*testing.T, *registry) {
	return map[string]func(*testing.T, *registry){
		"ensure makes a project once": func(t *testing.T, r *registry) {
			p, made, err := r.EnsureProject(r.ctx, "ann", "speech")
			r.ok(err)
			if !made || p.Name != "speech" || p.Entity != "ann" || p.EntityID != r.user.EntityID || p.CreatedAt.IsZero() {
				t.Errorf("made %v: %+v", made, p)
			}
			again, made, err := r.EnsureProject(r.ctx, "ann", "speech")
			r.ok(err)
			if made {
				t.Error("made again")
			}
			same(t, "ensured again", again, p)
			byID, err := r.ProjectByID(r.ctx, p.ID)
			r.ok(err)
			same(t, "by id", byID, p)
		},
		"a project needs an entity": func(t *testing.T, r *registry) {
			_, _, err := r.EnsureProject(r.ctx, "nobody", "speech")
			r.fails(err, metadata.KindNotFound, "nobody")
		},
		"clients look for this wording": func(t *testing.T, r *registry) {
			_, err := r.Project(r.ctx, "ann", "bar")
			r.fails(err, metadata.KindNotFound, "project 'bar' not found")
			_, err = r.ProjectByID(r.ctx, 999)
			r.fails(err, metadata.KindNotFound, "999")
		},
		"list, newest first": func(t *testing.T, r *registry) {
			for _, name := range []string{"a", "b", "c"} {
				_, _, err := r.EnsureProject(r.ctx, "ann", name)
				r.ok(err)
			}
			bob, err := r.CreateUser(r.ctx, metadata.NewUser{Username: "bob", KeySHA256: [32]byte{1}})
			r.ok(err)
			_, _, err = r.EnsureProject(r.ctx, "bob", "other")
			r.ok(err)
			list := walk(t, 2, func(p metadata.Page) (metadata.Connection[metadata.Project], error) {
				return r.ListProjects(r.ctx, r.user.EntityID, p)
			}, metadata.Page{})
			same(t, "ann's projects", texts(list, func(p metadata.Project) string { return p.Name }), "c b a vision")
			list = walk(t, 2, func(p metadata.Page) (metadata.Connection[metadata.Project], error) {
				return r.ListProjects(r.ctx, bob.EntityID, p)
			}, metadata.Page{})
			same(t, "bob's projects", texts(list, func(p metadata.Project) string { return p.Name }), "other")
		},
	}
}
