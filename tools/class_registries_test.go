package tools_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// TestClasses_Registries calls what the classes of registries are made of.
func TestClasses_Registries(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	c := s.client(t, nil)
	s.AddUser(t, "ada")
	if e := refuse(t, c, "organization_load", args{}); e.Code != artifacts.KindNotFound {
		t.Errorf("no organization: %+v", e)
	}
	created := call[tools.OrganizationNode](t, c, "organization_create", args{"organization": "acme"})
	for name, code := range map[string]artifacts.Kind{"acme": artifacts.KindConflict, "ada": artifacts.KindConflict, "a/b": artifacts.KindInvalid} {
		if e := refuse(t, c, "organization_create", args{"organization": name}); e.Code != code {
			t.Errorf("an organization %q: %+v", name, e)
		}
	}
	org := call[tools.OrganizationNode](t, c, "organization_load", args{})
	if org != created || org.ID == "" || org.Name != "acme" || org.Entity == "" {
		t.Errorf("organization: %+v", org)
	}
	made := call[tools.RegistryNode](t, c, "registry_create", args{"registry": "models", "visibility": "organization", "description": "the best", "artifact_types": []string{"model"}})
	want := tools.RegistryNode{
		ID: made.ID, InternalID: made.InternalID, Organization: "acme", Entity: org.Entity, Name: "models", FullName: "wandb-registry-models",
		Description: made.Description, Visibility: "organization", ArtifactTypes: []string{"model"}, CreatedAt: made.CreatedAt, UpdatedAt: made.UpdatedAt,
	}
	if diff := cmp.Diff(want, made); diff != "" || made.ID == "" || made.InternalID == "" || *made.Description != "the best" || made.CreatedAt.IsZero() {
		t.Errorf("made (-want +got):\n%s", diff)
	}
	if loaded := call[tools.RegistryNode](t, c, "registry_load", args{"organization": "acme", "registry": "wandb-registry-models"}); !cmp.Equal(made, loaded) {
		t.Errorf("made and loaded (-made +loaded):\n%s", cmp.Diff(made, loaded))
	}
	call[tools.RegistryNode](t, c, "registry_create", args{"registry": "data", "visibility": "restricted"})
	for _, v := range []string{"resnet-weights:v0", "resnet-weights:v1"} {
		call[tools.ArtifactNode](t, c, "artifact_link", args{"artifact": v, "target": "acme/wandb-registry-models/classifiers", "aliases": []string{"a" + v[len(v)-1:]}})
	}
	call[tools.ArtifactNode](t, c, "artifact_link", args{"artifact": "imagenet-mini:v0", "target": "acme/wandb-registry-data/images"})

	t.Run("pages", func(t *testing.T) { registryPages(t, c) })
	t.Run("members", func(t *testing.T) { registryMembers(t, c) })
	t.Run("changes", func(t *testing.T) { registryChanges(t, s, c) })
}

func registryPages(t *testing.T, c *artifacts.Client) {
	var names []string
	a := args{"organization": "acme", "order": "-name", "first": 1}
	for {
		page := call[tools.RegistryConnection](t, c, "registries_page", a)
		for _, n := range page.Nodes {
			names = append(names, n.Name+" "+n.Visibility)
		}
		if !page.PageInfo.HasNextPage {
			break
		}
		a["after"] = page.PageInfo.EndCursor
	}
	if !slices.Equal(names, []string{"models organization", "data restricted"}) {
		t.Errorf("registries: %q", names)
	}
	one := args{"name": "models"}
	collections := call[tools.ArtifactCollectionConnection](t, c, "registry_collections_page", args{"order": "name"})
	if len(collections.Nodes) != 2 || *collections.TotalCount != 2 || collections.Nodes[0].Name != "classifiers" || collections.Nodes[0].Kind != "PORTFOLIO" {
		t.Errorf("collections: %+v", collections)
	}
	collections = call[tools.ArtifactCollectionConnection](t, c, "registry_collections_page", args{"registries": one, "filters": args{"name": "images"}})
	if len(collections.Nodes) != 0 {
		t.Errorf("collections of another registry: %+v", collections.Nodes)
	}
	for _, tt := range []struct {
		args args
		want []string
	}{
		{args{}, []string{"imagenet-mini", "resnet-weights", "resnet-weights"}},
		{args{"registries": one}, []string{"resnet-weights", "resnet-weights"}},
		{args{"registries": one, "filters": args{"alias": "a1"}}, []string{"resnet-weights"}},
		{args{"collections": args{"name": args{"$regex": "^ima"}}}, []string{"imagenet-mini"}},
	} {
		var got []string
		for _, n := range call[tools.ArtifactConnection](t, c, "registry_versions_page", tt.args).Nodes {
			got = append(got, n.SourceCollection)
		}
		if slices.Sort(got); !slices.Equal(got, tt.want) {
			t.Errorf("%v: %q", tt.args, got)
		}
	}
	if e := refuse(t, c, "registries_page", args{"organization": "nobody"}); e.Code != artifacts.KindNotFound {
		t.Errorf("no organization: %+v", e)
	}
	if e := refuse(t, c, "registry_versions_page", args{"order": "linked_at"}); e.Code != artifacts.KindUnsupported {
		t.Errorf("an order of versions: %+v", e)
	}
	if e := refuse(t, c, "registries_page", args{"order": "size"}); e.Code != artifacts.KindInvalid {
		t.Errorf("no order: %+v", e)
	}
}

func registryMembers(t *testing.T, c *artifacts.Client) {
	found := call[tools.UsersSearchOutput](t, c, "users_search", args{"query": "ada"}).Users
	if len(found) != 1 || found[0].Username != "ada" || found[0].ID == "" {
		t.Fatalf("users: %+v", found)
	}
	if none := call[tools.UsersSearchOutput](t, c, "users_search", args{"query": "nobody"}).Users; len(none) != 0 {
		t.Errorf("users: %+v", none)
	}
	team := call[tools.TeamNode](t, c, "team_load", args{"team": call[tools.OrganizationNode](t, c, "organization_load", args{}).Entity})
	if team.ID == "" || team.Name == "" {
		t.Errorf("team: %+v", team)
	}
	if e := refuse(t, c, "team_load", args{"team": "no-such-team"}); e.Code != artifacts.KindNotFound {
		t.Errorf("no team: %+v", e)
	}
	members := func() (out []string) {
		for _, m := range call[tools.RegistryMembersOutput](t, c, "registry_members", args{"registry": "data"}).Members {
			if m.ID == found[0].ID {
				out = append(out, m.Kind+" "+m.Username+" "+m.Role)
			}
		}
		return out
	}
	a := args{"registry": "data", "members": []string{found[0].ID}}
	call[tools.Done](t, c, "registry_add_members", a)
	call[tools.Done](t, c, "registry_update_member", args{"registry": "data", "member": found[0].ID, "role": "viewer"})
	if got := members(); !slices.Equal(got, []string{"User ada viewer"}) {
		t.Errorf("members: %q", got)
	}
	call[tools.Done](t, c, "registry_remove_members", a)
	if got := members(); got != nil {
		t.Errorf("members: %q", got)
	}
	for _, tt := range []struct {
		operation string
		args      args
	}{
		{"registry_add_members", args{"registry": "data", "members": []string{"ada"}}},
		{"registry_remove_members", args{"registry": "data", "members": []string{}}},
		{"registry_members", args{"registry": ""}},
	} {
		if e := refuse(t, c, tt.operation, tt.args); e.Code != artifacts.KindInvalid {
			t.Errorf("%s: %+v", tt.operation, e)
		}
	}
}

func registryChanges(t *testing.T, s *shop, c *artifacts.Client) {
	saved := call[tools.RegistryNode](t, c, "registry_save", args{
		"registry": "models", "new_name": "weights", "description": "", "visibility": "restricted", "add_artifact_types": []string{"checkpoint"},
	})
	slices.Sort(saved.ArtifactTypes)
	if saved.Name != "weights" || saved.Description != nil && *saved.Description != "" || saved.Visibility != "restricted" || !slices.Equal(saved.ArtifactTypes, []string{"checkpoint", "model"}) {
		t.Errorf("saved: %+v", saved)
	}
	if e := refuse(t, c, "registry_save", args{"registry": "weights", "new_name": "a/b"}); e.Code != artifacts.KindInvalid || e.Argument != "new_name" {
		t.Errorf("a bad name: %+v", e)
	}
	if e := refuse(t, c, "registry_save", args{"registry": "data", "add_artifact_types": []string{"x"}}); e.Code != artifacts.KindInvalid {
		t.Errorf("a type where all are: %+v", e)
	}
	some := call[tools.RegistryNode](t, c, "registry_save", args{"registry": "data", "allow_all_artifact_types": false, "add_artifact_types": []string{"x"}})
	if some.AllowAllArtifactTypes || !slices.Contains(some.ArtifactTypes, "x") {
		t.Errorf("some types: %+v", some)
	}
	if e := refuse(t, c, "registry_create", args{"registry": "data", "visibility": "restricted"}); e.Code != artifacts.KindConflict {
		t.Errorf("made twice: %+v", e)
	}
	call[tools.Done](t, c, "registry_delete", args{"registry": "weights"})
	if e := refuse(t, c, "registry_load", args{"registry": "weights"}); e.Code != artifacts.KindNotFound {
		t.Errorf("deleted: %+v", e)
	}
	if v := s.versionByWandb(t, s.path("resnet-weights:v1")); v["name"] != "resnet-weights:v1" {
		t.Errorf("the version itself: %v", v)
	}
}
