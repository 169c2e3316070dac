package metadatatest

import (
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// A shelf is a portfolio of a registry, whose version v0 has the protected alias
// "production", and v1 has none. The registry has an administrator and a member.
type shelf struct {
	*registry
	admin, member metadata.User
	models        metadata.Project
	v0, v1        metadata.Artifact
	portfolio     int64
}

const models = "wandb-registry-models"

func newShelf(r *registry) *shelf {
	r.t.Helper()
	s := &shelf{registry: r}
	for i, u := range []*metadata.User{&s.admin, &s.member} {
		var err error
		*u, err = r.CreateUser(r.ctx, metadata.NewUser{Username: []string{"kim", "cyd"}[i], KeySHA256: [32]byte{byte(i + 1)}})
		r.ok(err)
	}
	_, err := r.CreateOrganization(r.ctx, "acme", nil)
	r.ok(err)
	s.models, _, err = r.UpsertProject(r.ctx, metadata.ProjectUpdate{Entity: "acme", Name: models, CreatorID: s.admin.ID, ProtectedAliases: &[]string{"staging", "production"}})
	r.ok(err)
	r.ok(r.SetProjectMember(r.ctx, s.models.ID, s.member.EntityID, metadata.MemberRole))
	s.v0, s.v1 = r.commit("train"), r.commit("train")
	s.portfolio = s.link(s.admin, s.v0, "production")
	s.link(s.member, s.v1, "candidate")
	return s
}

// as lets the user act.
func (s *shelf) as(u metadata.User) *registry {
	other := *s.registry
	other.ctx = metadata.WithActor(s.ctx, metadata.Actor{UserID: u.ID})
	return &other
}

func (s *shelf) linkAs(u metadata.User, a metadata.Artifact, aliases ...string) (metadata.Membership, error) {
	r := s.as(u)
	return r.LinkArtifact(r.ctx, metadata.Link{ArtifactID: a.ID, UserID: u.ID, Entity: "acme", Project: models, Portfolio: "best", Aliases: aliases})
}

func (s *shelf) link(u metadata.User, a metadata.Artifact, aliases ...string) int64 {
	s.t.Helper()
	m, err := s.linkAs(u, a, aliases...)
	s.ok(err)
	return m.CollectionID
}

func onShelf(aliases ...string) []metadata.CollectionAlias {
	list := in("best", aliases...)
	for i := range list {
		list[i].Entity, list[i].Project = "acme", models
	}
	return list
}

func protectedTests() map[string]func(*testing.T, *registry) {
	return map[string]func(*testing.T, *registry){
		"the list": func(t *testing.T, r *registry) {
			s := newShelf(r)
			set := func(aliases ...string) error {
				_, _, err := r.UpsertProject(r.ctx, metadata.ProjectUpdate{Entity: "acme", Name: models, ProtectedAliases: &aliases})
				return err
			}
			is := func(want ...string) {
				t.Helper()
				got, err := r.ProtectedAliases(r.ctx, s.models.ID)
				r.ok(err)
				same(t, "protected aliases", append([]string{}, got...), append([]string{}, want...))
			}
			is("production", "staging")
			description := "what we ship"
			_, _, err := r.UpsertProject(r.ctx, metadata.ProjectUpdate{Entity: "acme", Name: models, Description: &description})
			r.ok(err)
			is("production", "staging")
			r.fails(set("a", "v3"), metadata.KindInvalid, "v3")
			r.fails(set("a", "latest"), metadata.KindInvalid, "latest", "itself")
			is("production", "staging")
			r.ok(set("b", "a", "b"))
			is("a", "b")
			r.ok(set())
			is()
			_, _, err = r.UpsertProject(r.ctx, metadata.ProjectUpdate{Entity: "ann", Name: "vision", ProtectedAliases: &[]string{"a"}})
			r.fails(err, metadata.KindInvalid, "vision", "registries")
		},
		"from who does not administer": func(t *testing.T, r *registry) {
			s := newShelf(r)
			m := s.as(s.member)
			c, err := r.CollectionByID(r.ctx, s.portfolio)
			r.ok(err)
			for what, err := range map[string]error{
				"adding":             m.AddAliases(m.ctx, s.v1.ID, onShelf("staging")),
				"moving":             m.AddAliases(m.ctx, s.v1.ID, onShelf("free", "production")),
				"removing":           m.RemoveAliases(m.ctx, s.v0.ID, onShelf("candidate", "production")),
				"unlinking":          m.UnlinkArtifact(m.ctx, s.v0.ID, s.portfolio),
				"linking":            second(s.linkAs(s.member, s.v1, "free", "production")),
				"linking anew":       second(s.linkAs(s.member, r.commit("test"), "staging")),
				"deleting a version": second(m.DeleteArtifact(m.ctx, s.v0.ID, true)),
				"of the portfolio":   second(m.DeleteCollection(m.ctx, s.portfolio)),
				"of the sequence":    second(m.DeleteCollection(m.ctx, s.v0.SequenceID)),
				"of the project":     m.DeleteProject(m.ctx, r.project.ID),
			} {
				if err == nil {
					t.Fatalf("%s was allowed", what)
				}
				r.fails(err, metadata.KindDenied, "acme/"+models+"/best", "protected", "'cyd'")
			}
			expected := 1
			moved := onShelf("production")
			moved[0].Expected = &expected
			r.fails(m.AddAliases(m.ctx, s.v1.ID, moved), metadata.KindConflict, "production", "v0")
			for alias, want := range map[string]int{"production": 0, "candidate": 1, "latest": 1, "free": -1, "staging": -1} {
				if got := r.at(s.portfolio, alias); got != want {
					t.Errorf("%s is v%d, want v%d", alias, got, want)
				}
			}
			after, err := r.CollectionByID(r.ctx, s.portfolio)
			r.ok(err)
			same(t, "the portfolio", after, c)
		},
		"what changes nothing, and other aliases": func(t *testing.T, r *registry) {
			s := newShelf(r)
			m := s.as(s.member)
			r.ok(m.AddAliases(m.ctx, s.v0.ID, onShelf("production", "candidate")))
			r.ok(m.RemoveAliases(m.ctx, s.v1.ID, onShelf("production", "staging")))
			r.ok(m.AddAliases(m.ctx, s.v1.ID, in("train", "production"))) // not of the registry
			r.ok(m.UnlinkArtifact(m.ctx, s.v1.ID, s.portfolio))
			for alias, want := range map[string]int{"production": 0, "candidate": 0, "latest": 0} {
				if got := r.at(s.portfolio, alias); got != want {
					t.Errorf("%s is v%d, want v%d", alias, got, want)
				}
			}
		},
		"administrators": func(t *testing.T, r *registry) {
			s := newShelf(r)
			for _, u := range []metadata.User{s.admin, r.user} { // ann administers everything
				m := s.as(u)
				r.ok(m.AddAliases(m.ctx, s.v1.ID, onShelf("production", "staging")))
				r.ok(m.RemoveAliases(m.ctx, s.v1.ID, onShelf("staging")))
				s.link(u, s.v0, "production")
			}
			m := s.as(s.admin)
			r.ok(m.UnlinkArtifact(m.ctx, s.v0.ID, s.portfolio))
			if got := r.at(s.portfolio, "production"); got != -1 {
				t.Errorf("production is v%d", got)
			}
			r.ok(r.SetProjectMember(r.ctx, s.models.ID, s.member.EntityID, metadata.AdminRole))
			s.link(s.member, s.v1, "production")
			r.ok(s.as(s.member).DeleteProject(s.as(s.member).ctx, s.models.ID))
		},
		"restoring": func(t *testing.T, r *registry) {
			s := newShelf(r)
			m := s.as(s.admin)
			_, err := m.DeleteCollection(m.ctx, s.portfolio)
			r.ok(err)
			page, err := r.ListDeletions(r.ctx, s.models.ID, metadata.Page{})
			r.ok(err)
			m = s.as(s.member)
			out, err := m.Restore(m.ctx, metadata.Restore{DeletionID: page.Edges[0].Node.ID})
			r.ok(err)
			same(t, "aliases", out.Aliases, []string{"best:candidate", "best:latest"})
			if len(out.Kept) != 1 {
				t.Fatalf("kept: %q", out.Kept)
			}
			same(t, "kept", out.Kept[0], `the alias "production" of best is not back on v0: it is protected, and only administrators of the registry may put it there`)
		},
	}
}

func second[T any](_ T, err error) error { return err }
