package artifacts_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/server/fixtures"
)

// organization gives the user of the shared registry an organization, and
// returns its name.
func organization(t *testing.T, w *world) string {
	t.Helper()
	registry := house.open(t)
	name := "org-" + strings.ReplaceAll(w.version, ".", "-") + "-" + strings.ToLower(strings.ReplaceAll(strings.Split(t.Name(), "/")[0], "_", "-"))
	body := fmt.Sprintf(`{"command":"up","orgName":%q,"username":%q,"fixtureData":{"members":[{"username":%q,"role":"admin"}]}}`, name, registry.Username, registry.Username)
	fixture(t, body)
	return name
}

// fixture has the shared registry change an organization.
func fixture(t *testing.T, command string) {
	t.Helper()
	req := httptest.NewRequest("POST", "http://127.0.0.1/db/organization", strings.NewReader(command))
	req.RemoteAddr = "127.0.0.1:1"
	req.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	fixtures.New(house.open(t).Metadata).ServeHTTP(answer, req)
	if answer.Code != 200 {
		t.Fatalf("%s: %d %s", command, answer.Code, answer.Body)
	}
}

// TestRegistries_BothWays: registries that we make are read by the package, and
// those that it makes by us; so are the versions that are linked there.
func TestRegistries_BothWays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		org := organization(t, w)
		type facts struct {
			Name, FullName, Description, Visibility string
			AllowAll                                bool
			Types                                   []string
		}
		theirs := func(name string) facts {
			t.Helper()
			return wandb[facts](t, w, `
r = api.registry(name, organization=org)
result = dict(Name=r.name, FullName=r.full_name, Description=r.description, Visibility=r.visibility, AllowAll=r.allow_all_artifact_types, Types=sorted(r.artifact_types))`,
				map[string]any{"org": org, "name": name})
		}
		ours := func(r *artifacts.Registry) facts {
			t.Helper()
			a := value[artifacts.RegistryAttrs](t)(r.Attrs(ctx))
			types := slices.Sorted(slices.Values(a.ArtifactTypes))
			if types == nil {
				types = []string{}
			}
			return facts{a.Name, a.FullName(), text(a.Description), string(a.Visibility), a.AllowAllTypes, types}
		}
		agree := func(what string, r *artifacts.Registry) {
			t.Helper()
			same(t, what, fmt.Sprint(ours(r)), fmt.Sprint(theirs(r.Name())))
		}

		made, err := w.client.CreateRegistry(ctx, artifacts.RegistryDraft{Organization: org, Name: "data", Description: "sets", ArtifactTypes: []string{"dataset"}})
		done(t, err)
		agree("made by us", made)
		if _, err := w.client.CreateRegistry(ctx, artifacts.RegistryDraft{Organization: org, Name: "data"}); !errors.Is(err, artifacts.ErrConflict) {
			t.Errorf("made twice: %v", err)
		}
		wandb[any](t, w, `api.create_registry("models", visibility="restricted", organization=org, description="theirs")`, map[string]any{"org": org})
		agree("made by the package", w.client.Registry(org, "models"))

		made.SetDescription("data sets")
		done(t, made.SetName("datasets"), made.SetVisibility(artifacts.VisibleToMembers), made.AddArtifactTypes("table"), made.Save(ctx))
		agree("changed by us", made)
		same(t, "name", made.Name(), "datasets")
		protected := func(want ...string) {
			t.Helper()
			got, err := w.client.Registry(org, "datasets").ProtectedAliases(ctx)
			done(t, err)
			same(t, "protected aliases", strings.Join(got, " "), strings.Join(want, " "))
		}
		protected()
		done(t, made.SetProtectedAliases("staging", "production", "staging"))
		protected()
		same(t, "set and not saved", strings.Join(value[[]string](t)(made.ProtectedAliases(ctx)), " "), "production staging")
		done(t, made.Save(ctx))
		protected("production", "staging")
		made.SetDescription("data sets")
		done(t, made.Save(ctx), made.SetProtectedAliases(), made.Save(ctx))
		protected()
		wandb[any](t, w, `r = api.registry("models", organization=org); r.description = "changed"; r.name = "weights"; r.save()`, map[string]any{"org": org})
		weights := w.client.Registry(org, "weights")
		agree("changed by the package", weights)

		var names []string
		for _, r := range all(t, w.client.Registries(org, &artifacts.RegistriesOptions{Order: "name", PerPage: 1}).Pager) {
			names = append(names, r.Name())
		}
		same(t, "registries", strings.Join(names, " "), "datasets weights")
		sameSet(t, "by the package", names, wandb[[]string](t, w, `result = [r.name for r in api.registries(organization=org)]`, map[string]any{"org": org}))
		same(t, "by name", len(all(t, w.client.Registries(org, &artifacts.RegistriesOptions{Filters: map[string]any{"name": "weights"}}).Pager)), 1)

		// Link into both, each way.
		place := w.entity + "/" + w.project + "/"
		linked, err := find(t, w, place+"detector:v1").Link(ctx, org+"/wandb-registry-weights/best", "prod")
		done(t, err)
		if linked.Project != "wandb-registry-weights" || linked.SourceQualifiedName() != place+"detector:v1" {
			t.Errorf("linked as %s from %s", linked.QualifiedName(), linked.SourceQualifiedName())
		}
		same(t, "read by the package", wandb[string](t, w, `result = api.artifact(f"{org}/wandb-registry-weights/best:prod").source_qualified_name`, map[string]any{"org": org}), place+"detector:v1")
		wandb[any](t, w, `run.link_artifact(api.artifact(f"{entity}/{project}/faces:v0"), f"{org}/wandb-registry-datasets/faces")`, map[string]any{"org": org})
		same(t, "linked by the package", find(t, w, org+"/wandb-registry-datasets/faces").SourceQualifiedName(), place+"faces:v0")
		if _, err := find(t, w, place+"detector:v1").Link(ctx, org+"/wandb-registry-datasets/models"); err == nil {
			t.Error("a model was linked into a registry of data sets")
		}

		var collections []string
		for _, c := range all(t, w.client.RegistryCollections(org, &artifacts.RegistryCollectionsOptions{Order: "-name"}).Pager) {
			collections = append(collections, c.Project()+"/"+c.Name())
			same(t, "organization", c.Organization(), org)
		}
		same(t, "collections", strings.Join(collections, " "), "wandb-registry-datasets/faces wandb-registry-weights/best")
		same(t, "number of collections", value[int](t)(weights.Collections(nil).Len(ctx)), 1)
		for what, opts := range map[string]*artifacts.RegistryVersionsOptions{
			"all":     nil,
			"alias":   {Filters: map[string]any{"alias": "prod"}},
			"one":     {Registries: map[string]any{"name": "datasets"}},
			"another": {Collections: map[string]any{"name": "best"}},
		} {
			var got []string
			for _, a := range all(t, w.client.RegistryVersions(org, opts).Pager) {
				got = append(got, a.QualifiedName())
			}
			if opts == nil {
				opts = &artifacts.RegistryVersionsOptions{}
			}
			want := wandb[[]string](t, w, `result = [a.qualified_name for a in api.registries(organization=org, filter=rf).collections(filter=cf).versions(filter=vf)]`,
				map[string]any{"org": org, "rf": opts.Registries, "cf": opts.Collections, "vf": opts.Filters})
			sameSet(t, what, got, want)
			if len(got) == 0 {
				t.Errorf("%s: nothing found", what)
			}
		}
		same(t, "versions of one", len(all(t, weights.Versions(nil).Pager)), 1)

		// Members: of somebody who belongs to the organization, too.
		registry := house.open(t)
		friend := "friend-" + strings.ReplaceAll(w.version, ".", "-")
		registry.AddUser(t, friend)
		fixture(t, fmt.Sprintf(`{"command":"add_members","orgName":%q,"fixtureData":{"members":[{"username":%q,"role":"viewer"}]}}`, org, friend))
		user, err := registry.Metadata.UserByName(ctx, friend)
		done(t, err)
		id := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "User:%d", user.ID))
		membersAgree := func(want ...string) {
			t.Helper()
			got := memberNames(value[[]artifacts.RegistryMember](t)(weights.Members(ctx)))
			sameSet(t, "members", got, wandb[[]string](t, w, `result = [m.user.username + " " + str(getattr(m.role, "value", m.role)) for m in api.registry("weights", organization=org).user_members()]`, map[string]any{"org": org}))
			for _, m := range want {
				if !slices.Contains(got, m) {
					t.Errorf("members are %v, without %s", got, m)
				}
			}
		}
		done(t, weights.AddMembers(ctx, id))
		membersAgree()
		done(t, weights.SetMemberRole(ctx, id, artifacts.RoleAdmin))
		membersAgree(friend + " admin")
		done(t, weights.RemoveMembers(ctx, id))
		membersAgree()
		if got := memberNames(value[[]artifacts.RegistryMember](t)(weights.Members(ctx))); slices.Contains(got, friend+" admin") {
			t.Errorf("still there: %v", got)
		}

		done(t, made.Delete(ctx))
		if _, err := w.client.Registry(org, "datasets").Attrs(ctx); !errors.Is(err, artifacts.ErrNotFound) {
			t.Errorf("deleted: %v", err)
		}
		wandb[any](t, w, `api.registry("weights", organization=org).delete()`, map[string]any{"org": org})
		same(t, "left", len(all(t, w.client.Registries(org, nil).Pager)), 0)
		if _, err := w.client.Artifact(ctx, place+"detector:v1"); err != nil {
			t.Errorf("the version itself: %v", err)
		}

		o := value[artifacts.Organization](t)(w.client.Organization(ctx, org))
		var orgs []string
		for _, one := range value[[]artifacts.Organization](t)(w.client.Organizations(ctx, "")) {
			orgs = append(orgs, one.Name)
		}
		if o.Name != org || !slices.Contains(orgs, org) {
			t.Errorf("organizations: %+v, %v", o, orgs)
		}
		if _, err := w.client.Organization(ctx, "no-such"); !errors.Is(err, artifacts.ErrNotFound) {
			t.Errorf("no organization: %v", err)
		}
	})
}

func memberNames(members []artifacts.RegistryMember) []string {
	out := []string{}
	for _, m := range members {
		if !m.Team {
			out = append(out, m.Name+" "+string(m.Role))
		}
	}
	return out
}
