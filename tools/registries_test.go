package tools_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// TestRegistries makes, searches, changes and deletes registries, and lets the
// wandb package read them.
func TestRegistries(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	c := s.client(t, nil)
	ada := s.AddUser(t, "ada")
	s.AddOrganization(t, "acme", "ada")

	made := call[tools.RegistryDetails](t, c, "create_registry", args{"registry": "acme/models", "description": "the best", "types": []string{"model"}})
	want := tools.RegistryDetails{Organization: "acme", RegistryItem: tools.RegistryItem{
		Name: "models", Project: made.Project, Description: "the best", Visibility: "organization", Types: []string{"model"}, CreatedAt: made.CreatedAt,
	}, UpdatedAt: made.UpdatedAt}
	if diff := cmp.Diff(want, made); diff != "" || !strings.HasSuffix(made.Project, "/wandb-registry-models") {
		t.Errorf("made (-want +got):\n%s", diff)
	}
	call[tools.RegistryDetails](t, c, "create_registry", args{"registry": "data", "visibility": "restricted"})
	for _, v := range []string{"resnet-weights:v0", "resnet-weights:v1"} {
		call[tools.LinkArtifactOutput](t, c, "link_artifact", args{"artifact": v, "portfolio": "acme/wandb-registry-models/classifiers", "aliases": []string{"a" + v[len(v)-1:]}})
	}
	call[tools.LinkArtifactOutput](t, c, "link_artifact", args{"artifact": "imagenet-mini:v0", "portfolio": "acme/wandb-registry-data/images"})

	t.Run("search", func(t *testing.T) { registriesAreSearched(t, s, c, made.Project) })
	t.Run("members", func(t *testing.T) { membersChange(t, s, c, ada) })
	t.Run("update", func(t *testing.T) { registriesChange(t, s, c) })
	t.Run("refuse", func(t *testing.T) { registriesRefuse(t, c) })
	t.Run("delete", func(t *testing.T) { registriesAreDeleted(t, s, c) })
}

func registriesAreSearched(t *testing.T, s *shop, c *artifacts.Client, project string) {
	collections := func(a args) []string {
		got := []string{}
		for _, item := range call[tools.ListRegistryCollectionsOutput](t, c, "list_registry_collections", a).Collections {
			got = append(got, strings.TrimPrefix(item.Collection, strings.Split(project, "/")[0]+"/")+" "+item.Type)
		}
		slices.Sort(got)
		return got
	}
	for _, tt := range []struct {
		args args
		want []string
	}{
		{args{}, []string{"wandb-registry-data/images dataset", "wandb-registry-models/classifiers model"}},
		{args{"organization": "acme", "registry": "models"}, []string{"wandb-registry-models/classifiers model"}},
		{args{"name": "IMA"}, []string{"wandb-registry-data/images dataset"}},
		{args{"tag": "none"}, []string{}},
	} {
		if got := collections(tt.args); !slices.Equal(got, tt.want) {
			t.Errorf("%v: %q", tt.args, got)
		}
	}
	versions := func(a args) []string {
		got := []string{}
		for _, v := range call[tools.ListRegistryVersionsOutput](t, c, "list_registry_versions", a).Artifacts {
			got = append(got, v.Source)
		}
		slices.Sort(got)
		return got
	}
	v0, v1, data := s.path("resnet-weights:v0"), s.path("resnet-weights:v1"), s.path("imagenet-mini:v0")
	for _, tt := range []struct {
		args args
		want []string
	}{
		{args{}, []string{data, v0, v1}},
		{args{"registry": "models"}, []string{v0, v1}},
		{args{"alias": "a1"}, []string{v1}},
		{args{"collection": "class", "alias": "latest"}, []string{v1}},
		{args{"tag": "curated"}, []string{data}},
		{args{"filters": map[string]any{"metadata.accuracy": map[string]any{"$lt": 0.905}}}, []string{v0}},
	} {
		if got := versions(tt.args); !slices.Equal(got, tt.want) {
			t.Errorf("%v: %q, want %q", tt.args, got, tt.want)
		}
	}
	var paged []string
	for a := (args{"limit": 1}); ; {
		page := call[tools.ListRegistryVersionsOutput](t, c, "list_registry_versions", a)
		for _, v := range page.Artifacts {
			paged = append(paged, v.Source)
		}
		if !page.HasMore {
			break
		}
		a["cursor"] = page.NextCursor
	}
	slices.Sort(paged)
	if !slices.Equal(paged, []string{data, v0, v1}) {
		t.Errorf("page by page: %q", paged)
	}
}

func membersChange(t *testing.T, s *shop, c *artifacts.Client, key string) {
	hers, err := artifacts.New(artifacts.Config{BaseURL: s.URL, APIKey: key, Retry: artifacts.Retry{Attempts: 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer hers.Close()
	ada, err := hers.Viewer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	role := func() string {
		for _, m := range call[tools.GetRegistryOutput](t, c, "get_registry", args{"registry": "acme/data"}).Members {
			if m.Name == "ada" && m.Kind == "user" && m.ID == ada.ID {
				return m.Role
			}
		}
		return ""
	}
	change := func(a args) {
		t.Helper()
		a["registry"] = "data"
		if out := call[tools.ChangeRegistryMembersOutput](t, c, "change_registry_members", a); out.Registry != "acme/data" || len(out.Members) == 0 {
			t.Errorf("changed %+v", out)
		}
	}
	// A restricted registry is not there for whoever is no member.
	if e := refuse(t, hers, "get_registry", args{"registry": "acme/data"}); e.Code != artifacts.KindNotFound {
		t.Errorf("before she is a member: %+v", e)
	}
	change(args{"add": []string{ada.ID}, "roles": []args{{"member": ada.ID, "role": "viewer"}}})
	if role() != "viewer" {
		t.Errorf("her role is %q", role())
	}
	if out := call[tools.GetRegistryOutput](t, hers, "get_registry", args{"registry": "acme/data"}); out.Name != "data" {
		t.Errorf("she sees %+v", out)
	}
	change(args{"roles": []args{{"member": "ada", "role": "admin"}}})
	if role() != "admin" {
		t.Errorf("her role is %q", role())
	}
	if e := refuse(t, c, "change_registry_members", args{"registry": "data", "roles": []args{{"member": "ada", "role": "viewer"}}, "remove": []string{"adda"}}); e.Code != artifacts.KindNotFound || e.Argument != "remove" || role() != "admin" {
		t.Errorf("one who is no member: %+v", e)
	}
	change(args{"remove": []string{"ada"}})
	if role() != "" {
		t.Errorf("her role is %q", role())
	}
}

func registriesChange(t *testing.T, s *shop, c *artifacts.Client) {
	out := call[tools.RegistryDetails](t, c, "update_registry", args{"registry": "models", "name": "weights", "description": "changed", "visibility": "restricted", "add_types": []string{"checkpoint"}})
	if out.Name != "weights" || out.Description != "changed" || out.Visibility != "restricted" || !slices.Equal(out.Types, []string{"checkpoint", "model"}) {
		t.Errorf("changed to %+v", out)
	}
	got := s.Wandb(t, wandbVersion, `
import wandb
r = wandb.Api().registry("weights", organization="acme")
print(r.name, r.description, r.visibility, r.allow_all_artifact_types, *sorted(r.artifact_types))`)
	if strings.TrimSpace(got.Stdout) != "weights changed restricted False checkpoint model" {
		t.Errorf("the wandb package sees %q", got.Stdout)
	}
	for _, aliases := range [][]string{{"staging", "production"}, {"precious"}, {}} {
		out := call[tools.RegistryDetails](t, c, "update_registry", args{"registry": "weights", "protected_aliases": aliases})
		slices.Sort(aliases)
		read := call[tools.GetRegistryOutput](t, c, "get_registry", args{"registry": "weights"})
		if !slices.Equal(out.ProtectedAliases, aliases) || !slices.Equal(read.ProtectedAliases, aliases) || out.Description != "changed" {
			t.Errorf("protected are %q, read %q, want %q", out.ProtectedAliases, read.ProtectedAliases, aliases)
		}
	}
	details := call[tools.GetRegistryOutput](t, c, "get_registry", args{"registry": "weights"})
	if *details.Collections != 1 {
		t.Errorf("%+v", details)
	}
}

func registriesRefuse(t *testing.T, c *artifacts.Client) {
	for _, tt := range []struct {
		operation string
		args      args
		code      artifacts.Kind
		argument  string
	}{
		{"get_registry", args{"registry": "no-such"}, artifacts.KindNotFound, "registry"},
		{"get_registry", args{"registry": "nobody/models"}, artifacts.KindNotFound, "registry"},
		{"get_registry", args{"registry": "/models"}, artifacts.KindInvalid, "registry"},
		{"get_registry", args{"registry": "acme/"}, artifacts.KindInvalid, "registry"},
		{"create_registry", args{"registry": "data"}, artifacts.KindConflict, ""},
		{"create_registry", args{"registry": "new", "types": []string{"a:b"}}, artifacts.KindInvalid, "registry"},
		{"update_registry", args{"registry": "data"}, artifacts.KindInvalid, ""},
		{"update_registry", args{"registry": "data", "name": "a?b"}, artifacts.KindInvalid, "name"},
		{"update_registry", args{"registry": "data", "name": "weights"}, artifacts.KindConflict, ""},
		{"update_registry", args{"registry": "data", "protected_aliases": []string{"v3"}}, artifacts.KindInvalid, "protected_aliases"},
		{"change_registry_members", args{"registry": "data"}, artifacts.KindInvalid, ""},
		{"change_registry_members", args{"registry": "data", "add": []string{"ada"}}, artifacts.KindInvalid, "add"},
		{"list_registry_versions", args{"organization": "nobody"}, artifacts.KindNotFound, "organization"},
		{"list_registry_versions", args{"alias": "a", "filters": map[string]any{"alias": "b"}}, artifacts.KindInvalid, "alias"},
		{"delete_registry", args{"registry": "data", "plan_id": "plan_nonsense"}, artifacts.KindInvalid, "plan_id"},
	} {
		if e := refuse(t, c, tt.operation, tt.args); e.Code != tt.code || e.Argument != tt.argument {
			t.Errorf("%s(%v): %+v", tt.operation, tt.args, e)
		}
	}
}

func registriesAreDeleted(t *testing.T, s *shop, c *artifacts.Client) {
	plan := call[tools.PlanDeleteRegistryOutput](t, c, "plan_delete_registry", args{"registry": "weights"})
	if plan.Collections != 1 || plan.Links != 2 || len(plan.LinksShown) != 2 || len(plan.Warnings) != 1 || !strings.Contains(plan.LinksShown[1], s.path("resnet-weights:v1")) {
		t.Errorf("planned %+v", plan)
	}
	if e := refuse(t, c, "delete_registry", args{"registry": "data", "plan_id": plan.PlanID}); e.Code != artifacts.KindConflict {
		t.Errorf("another's plan: %+v", e)
	}
	call[tools.UpdateArtifactOutput](t, c, "update_artifact", args{"artifact": "acme/wandb-registry-weights/classifiers:v0", "add_aliases": []string{"precious"}})
	if e := refuse(t, c, "delete_registry", args{"registry": "weights", "plan_id": plan.PlanID}); e.Code != artifacts.KindConflict || !strings.Contains(e.Message, "nothing was deleted") {
		t.Errorf("after a change: %+v", e)
	}
	plan = call[tools.PlanDeleteRegistryOutput](t, c, "plan_delete_registry", args{"registry": "weights"})
	if out := call[tools.DeleteRegistryOutput](t, c, "delete_registry", args{"registry": "weights", "plan_id": plan.PlanID}); out.Deleted != "acme/weights" || out.Links != 2 {
		t.Errorf("deleted %+v", out)
	}
	var left []string
	for _, r := range call[tools.ListRegistriesOutput](t, c, "list_registries", args{}).Registries {
		left = append(left, r.Name)
	}
	if !slices.Equal(left, []string{"data"}) {
		t.Errorf("left are %q", left)
	}
	if v := s.versionByWandb(t, s.path("resnet-weights:v1")); v["name"] != "resnet-weights:v1" {
		t.Errorf("the version itself: %v", v)
	}
}
