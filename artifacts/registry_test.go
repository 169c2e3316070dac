package artifacts

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// orgServer answers as a server does that has one organization, "Acme Inc" with
// the entity acme-org, and one registry in it.
type orgServer struct {
	fake // a server in process
	// registry is what FetchRegistry knows, by whole name.
	registries map[string]map[string]any
	features   []string
	advanced   bool
	answers    map[string]string // data for further operations
}

func newOrgServer() *orgServer {
	s := &orgServer{
		features:   []string{featureRegistrySearch, featureRegistryTypes, featureChoosing, featureLinkTells},
		registries: map[string]map[string]any{},
		answers:    map[string]string{},
	}
	s.registries["wandb-registry-model"] = registryData("wandb-registry-model", "the models", "PRIVATE", true)
	s.answer = s.reply
	return s
}

func registryData(name, description, access string, all bool, types ...string) map[string]any {
	edges := []any{}
	for _, t := range types {
		edges = append(edges, map[string]any{"node": map[string]any{"name": t}})
	}
	return map[string]any{
		"id": "UHJvamVjdDo3", "internalId": "UHJvamVjdEludGVybmFsSWQ6Nw==", "name": name,
		"entity":      map[string]any{"name": "acme-org", "organization": map[string]any{"name": "Acme Inc"}},
		"description": description, "createdAt": "2026-01-02T03:04:05Z", "updatedAt": nil, "access": access,
		"allowAllArtifactTypesInRegistry": all, "artifactTypes": map[string]any{"edges": edges},
	}
}

func (s *orgServer) reply(a asked) (*http.Response, error) {
	send := func(v any) (*http.Response, error) {
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		return data(string(text))
	}
	change := func(name string) map[string]any {
		return map[string]any{"inserted": false, "project": s.registries[name]}
	}
	switch a.OperationName {
	case "ServerFeaturesQuery":
		list := []any{}
		for _, f := range s.features {
			list = append(list, map[string]any{"name": f, "isEnabled": true})
		}
		return send(map[string]any{"serverInfo": map[string]any{"features": list}})
	case "FetchOrgInfoFromEntity":
		org := `{"name":"Acme Inc","orgEntity":{"name":"acme-org"}}`
		switch a.Variables["entity"] {
		case "team":
			return data(`{"entity":{"organization":` + org + `,"user":null}}`)
		case "ada":
			return data(`{"entity":{"organization":null,"user":{"organizations":[` + org + `,{"name":"Other","orgEntity":{"name":"other-org"}}]}}}`)
		case "loner":
			return data(`{"entity":{"organization":null,"user":{"organizations":[]}}}`)
		}
		return data(`{"entity":null}`)
	case "FetchOrganization":
		if a.Variables["org"] != "Acme Inc" {
			return data(`{"organization":null}`)
		}
		return data(`{"organization":{"id":"T3JnOjE=","name":"Acme Inc","orgEntity":{"id":"RW50aXR5OjE=","name":"acme-org","entityType":"ORGANIZATION"}}}`)
	case "FetchAdvancedRegistryFeatures":
		return send(map[string]any{"organization": map[string]any{"advancedRegistryFeatures": map[string]any{"advancedSearch": s.advanced}}})
	case "FetchRegistry":
		return send(map[string]any{"entity": map[string]any{"project": s.registries[a.Variables["name"].(string)]}})
	case "UpsertRegistry":
		name := a.input("name").(string)
		old, there := s.registries[name]
		types := []string{}
		if given, ok := a.input("artifactTypes").([]any); ok {
			for _, t := range given {
				types = append(types, t.(map[string]any)["name"].(string))
			}
		}
		description, _ := a.input("description").(string)
		s.registries[name] = registryData(name, description, a.input("access").(string), a.input("allowAllArtifactTypesInRegistry").(bool), types...)
		if there {
			s.registries[name]["id"] = old["id"]
		}
		got := change(name)
		got["inserted"] = !there
		return send(map[string]any{"upsertModel": got})
	case "RenameRegistry":
		from, to := a.input("oldProjectName").(string), a.input("newProjectName").(string)
		if s.registries[to] != nil {
			return reply(409, `{"errors":[{"message":"the name is taken"}]}`), nil
		}
		s.registries[to] = s.registries[from]
		s.registries[to]["name"] = to
		delete(s.registries, from)
		return send(map[string]any{"renameProject": change(to)})
	}
	if body, ok := s.answers[a.OperationName]; ok {
		return data(body)
	}
	return nil, fmt.Errorf("nobody answers %s", a.OperationName)
}

// last is the last request of an operation.
func (s *orgServer) last(t *testing.T, operation string) asked {
	t.Helper()
	all := s.requests()
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].OperationName == operation {
			return all[i]
		}
	}
	t.Fatalf("%s was not sent", operation)
	return asked{}
}

// TestResolve_Registry: registries are found under their organization's entity,
// as in W&B's client, and each is asked about once.
func TestResolve_Registry(t *testing.T) {
	for _, tt := range []struct {
		entity, path, organization string // of the client; what is named
		want                       string
		kind                       Kind
	}{
		{"team", "wandb-registry-model/best", "", "acme-org/wandb-registry-model/best", ""},
		{"team", "Acme Inc/wandb-registry-model/best", "", "acme-org/wandb-registry-model/best", ""},
		{"team", "acme-org/wandb-registry-model/best", "", "acme-org/wandb-registry-model/best", ""},
		// Not one of the entity's: the server has the last word.
		{"team", "Nobody/wandb-registry-model/best", "", "Nobody/wandb-registry-model/best", ""},
		{"ada", "Other/wandb-registry-model/best", "", "other-org/wandb-registry-model/best", ""},
		{"ada", "wandb-registry-model/best", "Other", "other-org/wandb-registry-model/best", ""},
		{"ada", "wandb-registry-model/best", "", "", KindInvalid}, // which one?
		{"loner", "wandb-registry-model/best", "", "", KindNotFound},
		// No registries.
		{"team", "wandb-registry-/best", "", "team/wandb-registry-/best", ""},
		{"team", "vision/best", "", "team/vision/best", ""},
	} {
		s := newOrgServer()
		c := newClient(t, s, func(cfg *Config) { cfg.Entity, cfg.Organization = tt.entity, tt.organization })
		p, err := ParsePath(tt.path)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			got, err := c.Resolve(t.Context(), p)
			if KindOf(err) != tt.kind || err == nil && got.String() != tt.want {
				t.Errorf("%s asks for %s: %s, %v", tt.entity, tt.path, got, err)
			}
			if tt.kind != "" {
				break
			}
		}
		if n := len(s.requests()); n > 1 {
			t.Errorf("%s: %d requests", tt.path, n)
		}
	}
}

// TestResolve_RegistryUnreachable: what went wrong on the way is no answer.
func TestResolve_RegistryUnreachable(t *testing.T) {
	c := newClient(t, answering(403, `{"errors":[{"message":"no"}]}`))
	if _, err := c.Resolve(t.Context(), Path{Entity: "Acme Inc", Project: "wandb-registry-model"}); !errors.Is(err, ErrDenied) {
		t.Errorf("got %v", err)
	}
}

func TestRegistry_Attrs(t *testing.T) {
	s := newOrgServer()
	c := newClient(t, s)
	for _, name := range []string{"model", "wandb-registry-model"} {
		r := c.Registry("", name)
		a, err := r.Attrs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if a.Name != "model" || a.FullName() != "wandb-registry-model" || a.Organization != "Acme Inc" || a.Entity != "acme-org" ||
			*a.Description != "the models" || a.Visibility != VisibleToOrganization || !a.AllowAllTypes || r.Path() != "Acme Inc/model" {
			t.Errorf("%+v at %s", a, r.Path())
		}
	}
	if _, err := c.Registry("", "no-such").Attrs(t.Context()); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), `"no-such"`) {
		t.Errorf("no registry: %v", err)
	}
	if _, err := c.Registry("Nobody", "model").Attrs(t.Context()); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), `organization "Nobody"`) {
		t.Errorf("no organization: %v", err)
	}
	s.registries["wandb-registry-closed"] = registryData("wandb-registry-closed", "", "RESTRICTED", false, "model", "dataset")
	a, err := c.Registry("Acme Inc", "closed").Attrs(t.Context())
	if err != nil || a.Visibility != VisibleToMembers || a.AllowAllTypes || !slices.Equal(a.ArtifactTypes, []string{"model", "dataset"}) {
		t.Errorf("%+v, %v", a, err)
	}
	old := newOrgServer()
	old.features = nil
	if _, err := newClient(t, old).Registry("", "model").Attrs(t.Context()); !errors.Is(err, ErrUnsupported) {
		t.Errorf("an old server: %v", err)
	}
}

func TestRegistry_Save(t *testing.T) {
	s := newOrgServer()
	c := newClient(t, s)
	r := c.Registry("", "model")
	r.SetDescription("the models")
	if err := r.Save(t.Context()); err != nil || slices.Contains(s.operations(), "UpsertRegistry") {
		t.Errorf("nothing to save: sent %v, %v", s.operations(), err)
	}
	if err := r.AddArtifactTypes("model"); err != nil {
		t.Fatal(err)
	}
	if err := r.Save(t.Context()); !errors.Is(err, ErrInvalid) {
		t.Errorf("a type where all are taken: %v", err)
	}
	r.SetAllowAllTypes(false)
	r.SetDescription("fewer")
	if err := errors.Join(r.SetVisibility(VisibleToMembers), r.SetName("wandb-registry-models")); err != nil {
		t.Fatal(err)
	}
	if err := r.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	ops := s.operations()
	if got := ops[len(ops)-2:]; !slices.Equal(got, []string{"UpsertRegistry", "RenameRegistry"}) || r.Changed() {
		t.Errorf("sent %v", ops)
	}
	a, err := r.Attrs(t.Context())
	if err != nil || a.Name != "models" || *a.Description != "fewer" || a.Visibility != VisibleToMembers || a.AllowAllTypes || !slices.Equal(a.ArtifactTypes, []string{"model"}) {
		t.Errorf("%+v, %v", a, err)
	}
	// A name that is taken: the rest stands, and is said to.
	s.registries["wandb-registry-taken"] = registryData("wandb-registry-taken", "", "PRIVATE", true)
	r.SetDescription("least")
	if err := r.SetName("taken"); err != nil {
		t.Fatal(err)
	}
	if err := r.Save(t.Context()); !errors.Is(err, ErrConflict) || !strings.Contains(err.Error(), "the attributes were saved, the name not") {
		t.Errorf("a taken name: %v", err)
	}
	if a, _ := r.Attrs(t.Context()); *a.Description != "least" || !r.Changed() {
		t.Errorf("%+v", a)
	}
	for what, err := range map[string]error{
		"name": r.SetName("a/b"), "long name": r.SetName(strings.Repeat("x", 120)), "no name": r.SetName("wandb-registry-"),
		"visibility": r.SetVisibility("all"), "type": r.AddArtifactTypes("a:b"),
	} {
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestClient_CreateRegistry(t *testing.T) {
	s := newOrgServer()
	c := newClient(t, s)
	if _, err := c.CreateRegistry(t.Context(), RegistryDraft{Name: "model"}); !errors.Is(err, ErrConflict) {
		t.Errorf("one that exists: %v", err)
	}
	if slices.Contains(s.operations(), "UpsertRegistry") {
		t.Error("the one that exists was changed")
	}
	r, err := c.CreateRegistry(t.Context(), RegistryDraft{Name: "data", Visibility: VisibleToMembers, Description: "sets", ArtifactTypes: []string{"dataset", "dataset"}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := r.Attrs(t.Context())
	if err != nil || a.Name != "data" || a.Visibility != VisibleToMembers || a.AllowAllTypes || !slices.Equal(a.ArtifactTypes, []string{"dataset"}) {
		t.Errorf("%+v, %v", a, err)
	}
	sent := s.last(t, "UpsertRegistry")
	if sent.input("entityName") != "acme-org" || sent.input("name") != "wandb-registry-data" || sent.input("access") != "RESTRICTED" {
		t.Errorf("sent %v", sent.Variables)
	}
}

func TestRegistry_Delete(t *testing.T) {
	s := newOrgServer()
	r := newClient(t, s).Registry("", "model")
	s.answers["DeleteRegistry"] = `{"deleteModel":{"success":true}}`
	if err := r.Delete(t.Context()); err != nil || s.last(t, "DeleteRegistry").Variables["id"] != "UHJvamVjdDo3" {
		t.Errorf("%v, sent %v", err, s.last(t, "DeleteRegistry").Variables)
	}
	s.answers["DeleteRegistry"] = `{"deleteModel":{"success":false}}`
	if err := r.Delete(t.Context()); !errors.Is(err, ErrConflict) {
		t.Errorf("not done: %v", err)
	}
}

func TestRegistry_Members(t *testing.T) {
	s := newOrgServer()
	r := newClient(t, s).Registry("", "model")
	s.answers["RegistryMembers"] = `{"project":{"members":[{"id":"VXNlcjox","name":"Ada","username":"ada","email":"a@b.c","role":{"name":"admin"}}],
		"teamMembers":[{"team":{"id":"RW50aXR5OjI=","name":"team"},"role":{"name":"viewer"}}]}}`
	got, err := r.Members(t.Context())
	want := []RegistryMember{{ID: "VXNlcjox", Name: "ada", FullName: "Ada", Email: "a@b.c", Role: RoleAdmin}, {ID: "RW50aXR5OjI=", Team: true, Name: "team", Role: RoleViewer}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	for op, field := range map[string]string{
		"CreateRegistryMembers": "createProjectMembers", "DeleteRegistryMembers": "deleteProjectMembers",
		"UpdateUserRegistryRole": "updateProjectMember", "UpdateTeamRegistryRole": "updateProjectTeamMember",
	} {
		s.answers[op] = `{"` + field + `":{"success":true}}`
	}
	if err := errors.Join(
		r.AddMembers(t.Context(), "VXNlcjox", "RW50aXR5OjI="), r.RemoveMembers(t.Context(), "VXNlcjox"),
		r.SetMemberRole(t.Context(), "VXNlcjox", RoleMember), r.SetMemberRole(t.Context(), "RW50aXR5OjI=", RoleViewer),
	); err != nil {
		t.Fatal(err)
	}
	if add := s.last(t, "CreateRegistryMembers"); fmt.Sprint(add.input("userIds"), add.input("teamIds"), add.input("projectId")) != "[VXNlcjox] [RW50aXR5OjI=]UHJvamVjdDo3" {
		t.Errorf("added %v", add.Variables)
	}
	if role := s.last(t, "UpdateTeamRegistryRole"); role.input("teamId") != "RW50aXR5OjI=" || role.input("teamProjectRole") != "viewer" {
		t.Errorf("changed %v", role.Variables)
	}
	for what, err := range map[string]error{
		"a name": r.AddMembers(t.Context(), "ada"), "nobody": r.RemoveMembers(t.Context()), "role": r.SetMemberRole(t.Context(), "VXNlcjox", "king"),
	} {
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
	s.answers["CreateRegistryMembers"] = `{"createProjectMembers":{"success":false}}`
	if err := r.AddMembers(t.Context(), "VXNlcjox"); !errors.Is(err, ErrConflict) {
		t.Errorf("refused: %v", err)
	}
}

// TestRegistries_Filters: names get the prefix that people leave out, wherever
// they are compared whole.
func TestRegistries_Filters(t *testing.T) {
	s := newOrgServer()
	c := newClient(t, s)
	text, err := json.Marshal(map[string]any{"organization": map[string]any{"orgEntity": map[string]any{"projects": map[string]any{
		"pageInfo": map[string]any{"hasNextPage": false},
		"edges":    []any{map[string]any{"node": s.registries["wandb-registry-model"]}, map[string]any{"node": registryData("plain", "", "PRIVATE", true)}, map[string]any{"node": nil}},
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	s.answers["FetchRegistries"] = string(text)
	for _, tt := range []struct{ given, sent string }{
		{`{"name":"model"}`, `{"name":"wandb-registry-model"}`},
		{`{"name":"wandb-registry-model"}`, `{"name":"wandb-registry-model"}`},
		{`{"name":{"$regex":"mod"}}`, `{"name":{"$regex":"mod"}}`},
		{`{"name":{"$in":["a","b"]}}`, `{"name":{"$in":["wandb-registry-a","wandb-registry-b"]}}`},
		{`{"$or":[{"name":"a"},{"description":"name"}]}`, `{"$or":[{"name":"wandb-registry-a"},{"description":"name"}]}`},
		{`{"name":{"$not":{"$eq":"a"}}}`, `{"name":{"$not":{"$eq":"wandb-registry-a"}}}`},
	} {
		var filters map[string]any
		if err := json.Unmarshal([]byte(tt.given), &filters); err != nil {
			t.Fatal(err)
		}
		got, _, err := c.Registries("", &RegistriesOptions{Filters: filters, Order: "-name"}).Page(t.Context())
		if err != nil || len(got) != 1 || got[0].Path() != "Acme Inc/model" {
			t.Fatalf("%v, %v", got, err)
		}
		if sent := s.last(t, "FetchRegistries"); sent.Variables["filters"] != tt.sent || sent.Variables["order"] != "-name" || sent.Variables["organization"] != "Acme Inc" {
			t.Errorf("%s: sent %v", tt.given, sent.Variables)
		}
	}
	if _, _, err := c.Registries("", &RegistriesOptions{Order: "size"}).Page(t.Context()); !errors.Is(err, ErrInvalid) {
		t.Errorf("an order: %v", err)
	}
	s.answers["FetchRegistries"] = `{"organization":null}`
	if _, _, err := c.Registries("Nobody", nil).Page(t.Context()); !errors.Is(err, ErrNotFound) {
		t.Errorf("no organization: %v", err)
	}
}

// TestRegistryVersions_Words: servers that search in earnest know fields by
// other names, and only they can order.
func TestRegistryVersions_Words(t *testing.T) {
	for _, advanced := range []bool{false, true} {
		s := newOrgServer()
		s.advanced = advanced
		c := newClient(t, s)
		s.answers["RegistryVersions"] = `{"organization":{"orgEntity":{"artifactMemberships":{"pageInfo":{"hasNextPage":false},"edges":[]}}}}`
		s.answers["RegistryCollections"] = `{"organization":{"orgEntity":{"artifactCollections":{"totalCount":0,"pageInfo":{"hasNextPage":false},"edges":[]}}}}`
		r := c.Registry("", "model")
		if err := r.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		opts := &RegistryVersionsOptions{
			Collections: map[string]any{"id": 3},
			Filters:     map[string]any{"$and": []any{map[string]any{"tags": "x"}, map[string]any{"metadata.acc": map[string]any{"$gt": 0.9}}}, "created_at": "2026"},
		}
		for range 2 {
			if _, _, err := r.Versions(opts).Page(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		sent := s.last(t, "RegistryVersions").Variables
		want := [3]any{`{"id":7}`, `{"artifact_collection_id":3}`, `{"$and":[{"tags":"x"},{"metadata.acc":{"$gt":0.9}}],"created_at":"2026"}`}
		if advanced {
			want = [3]any{`{"project_id":7}`, `{"artifact_collection_id":3}`, `{"$and":[{"tag":"x"},{"metadata.acc":{"$gt":0.9}}],"artifact_created_at":"2026"}`}
		}
		if got := [3]any{sent["registryFilter"], sent["collectionFilter"], sent["artifactFilter"]}; got != want {
			t.Errorf("advanced %v: sent %v", advanced, got)
		}
		opts.Order = "-linked_at"
		_, _, err := r.Versions(opts).Page(t.Context())
		if advanced && (err != nil || s.last(t, "RegistryVersions").Variables["order"] != "-acm_created_at") || !advanced && !errors.Is(err, ErrUnsupported) {
			t.Errorf("advanced %v: order: %v", advanced, err)
		}
		opts.Order = "name"
		if _, _, err := r.Versions(opts).Page(t.Context()); !errors.Is(err, ErrInvalid) {
			t.Errorf("order by name: %v", err)
		}
		asked := 0
		for _, op := range s.operations() {
			if op == "FetchAdvancedRegistryFeatures" {
				asked++
			}
		}
		if asked != 1 {
			t.Errorf("asked %d times what the organization can", asked)
		}
		if _, _, err := r.Collections(&RegistryCollectionsOptions{Filters: map[string]any{"tag": "x"}, Order: "name"}).Page(t.Context()); err != nil {
			t.Error(err)
		}
		if got := s.last(t, "RegistryCollections").Variables; got["registryFilter"] != `{"id":7}` || fmt.Sprint(got["collectionTypes"]) != "[PORTFOLIO]" || got["order"] != "+name" {
			t.Errorf("sent %v", got)
		}
	}
}

// TestArtifact_Link_Registry: linking resolves the organization of the version's
// own entity, and an old server's answer is looked up.
func TestArtifact_Link_Registry(t *testing.T) {
	s := newOrgServer()
	s.features = nil
	s.answers["LinkArtifact"] = `{"linkArtifact":{"versionIndex":4}}`
	s.answers["ArtifactMembershipByName"] = `{"project":{"artifactCollectionMembership":{"versionIndex":4,"aliases":[{"alias":"latest"}],
		"artifactCollection":{"id":"p","name":"best","project":{"name":"wandb-registry-model","entity":{"name":"acme-org"}}},
		"artifact":{"id":"a","versionIndex":1,"artifactType":{"name":"model"},"state":"COMMITTED","digest":"d","createdAt":"2026-01-02T03:04:05Z",
		"artifactSequence":{"id":"s","name":"m","project":{"name":"p","entity":{"name":"team"}}}}}}}`
	c := newClient(t, s, func(cfg *Config) { cfg.Entity = "ada" })
	a := &Artifact{ID: "a", Entity: "team", Project: "p", Collection: "m", SourceEntity: "team", SourceProject: "p", SourceCollection: "m", Version: "v1", client: c}
	linked, err := a.Link(t.Context(), "wandb-registry-model/best", "prod")
	if err != nil || linked.QualifiedName() != "acme-org/wandb-registry-model/best:v4" || !linked.IsLink() {
		t.Fatalf("%v, %v", linked, err)
	}
	in := s.last(t, "LinkArtifact")
	if in.input("entityName") != "acme-org" || fmt.Sprint(in.input("aliases")) != "[map[alias:prod artifactCollectionName:best]]" {
		t.Errorf("sent %v", in.Variables)
	}
	if got := s.last(t, "ArtifactMembershipByName").Variables["name"]; got != "best:v4" {
		t.Errorf("looked up %v", got)
	}
}

// TestArtifact_LinkedArtifacts_OldServer: one that has no pages of links may
// have left some out, and says so by their number only.
func TestArtifact_LinkedArtifacts_OldServer(t *testing.T) {
	for _, tt := range []struct {
		links    int
		complete bool
	}{{3, true}, {499, true}, {500, false}} {
		f := &fake{answer: func(a asked) (*http.Response, error) {
			if _, paged := a.Variables["perPage"]; paged {
				return reply(400, `{"errors":[{"message":"Unknown argument \"first\" on field \"Artifact.artifactMemberships\"."}]}`), nil
			}
			var edges []string
			for i := range tt.links {
				edges = append(edges, fmt.Sprintf(`{"node":{"versionIndex":%d,"createdAt":"2026-01-02T03:04:05Z","aliases":[],"artifactCollection":{"__typename":"ArtifactPortfolio","id":"%d","name":"c","project":{"name":"p","entity":{"name":"e"}}}}}`, i, i))
			}
			return data(`{"artifact":{"artifactMemberships":{"edges":[` + strings.Join(edges, ",") + `]}}}`)
		}}
		a := &Artifact{ID: "a", client: newClient(t, f)}
		links, complete, err := a.LinkedArtifacts(t.Context())
		if err != nil || len(links) != tt.links || complete != tt.complete {
			t.Errorf("%d links, complete %v, %v", len(links), complete, err)
		}
	}
}

// TestArtifact_UsedBy_OldServer: one that gives some users and no more of them.
func TestArtifact_UsedBy_OldServer(t *testing.T) {
	f := &fake{answer: func(a asked) (*http.Response, error) {
		if _, paged := a.Variables["perPage"]; paged {
			return reply(400, `{"errors":[{"message":"Unknown argument \"after\" on field \"Artifact.usedBy\"."}]}`), nil
		}
		return data(`{"artifact":{"usedBy":{"pageInfo":{"endCursor":"x","hasNextPage":true},"edges":[{"node":{"name":"r","project":{"name":"p","entity":{"name":"e"}}}}]}}}`)
	}}
	a := &Artifact{ID: "a", client: newClient(t, f)}
	runs, complete, err := a.UsedBy(t.Context())
	if err != nil || complete || len(runs) != 1 {
		t.Errorf("%v, complete %v, %v", runs, complete, err)
	}
}

// TestArtifact_Save_ReadOnlySource: what belongs to a project that may not be
// changed is refused before the portfolio's aliases are.
func TestArtifact_Save_ReadOnlySource(t *testing.T) {
	f := &fake{answer: func(a asked) (*http.Response, error) {
		switch a.OperationName {
		case "IsProjectReadOnly":
			return data(`{"project":{"readOnly":true}}`)
		case "AddAliases":
			return data(`{"addAliases":{"success":true}}`)
		}
		return nil, fmt.Errorf("nobody answers %s", a.OperationName)
	}}
	a := &Artifact{ID: "a", Entity: "team", Project: "here", Collection: "c", SourceEntity: "other", SourceProject: "there", SourceCollection: "s", client: newClient(t, f)}
	a.SetDescription("mine")
	if err := a.AddAliases("prod"); err != nil {
		t.Fatal(err)
	}
	if err := a.Save(t.Context()); !errors.Is(err, ErrDenied) || !strings.Contains(err.Error(), "nothing was saved") || !slices.Equal(f.operations(), []string{"IsProjectReadOnly"}) {
		t.Errorf("%v, sent %v", err, f.operations())
	}
	a.SetDescription("")
	if err := a.Save(t.Context()); err != nil || f.operations()[len(f.operations())-1] != "AddAliases" {
		t.Errorf("aliases alone: %v, sent %v", err, f.operations())
	}
}

// TestArtifact_Save_HalfDone: an error says what was saved before it.
func TestArtifact_Save_HalfDone(t *testing.T) {
	broken := true
	f := &fake{answer: func(a asked) (*http.Response, error) {
		if a.OperationName == "AddAliases" {
			return data(`{"addAliases":{"success":true}}`)
		}
		if broken {
			return reply(403, `{"errors":[{"message":"no"}]}`), nil
		}
		return data(`{"updateArtifact":{"artifact":{"id":"a","description":"new","state":"COMMITTED","createdAt":"2026-01-02T03:04:05Z"}}}`)
	}}
	a := &Artifact{ID: "a", Entity: "e", Project: "p", Collection: "c", SourceEntity: "e", SourceProject: "p", SourceCollection: "c", client: newClient(t, f)}
	a.SetDescription("new")
	if err := a.AddAliases("prod"); err != nil {
		t.Fatal(err)
	}
	if err := a.Save(t.Context()); !errors.Is(err, ErrDenied) || !strings.Contains(err.Error(), "the new aliases were saved, the attributes not") {
		t.Errorf("got %v", err)
	}
	broken = false
	if err := a.Save(t.Context()); err != nil || !slices.Equal(f.operations(), []string{"AddAliases", "UpdateArtifact", "UpdateArtifact"}) || *a.Description != "new" || !slices.Equal(a.Aliases, []string{"prod"}) {
		t.Errorf("%v, sent %v, %+v", err, f.operations(), a)
	}
}

// TestDeleteArtifacts_LostAnswer: what a broken request left is looked up and
// not guessed.
func TestDeleteArtifacts_LostAnswer(t *testing.T) {
	deletes := 0
	f := &fake{answer: func(a asked) (*http.Response, error) {
		switch a.OperationName {
		case "DeleteArtifacts":
			return reply(502, `{}`), nil
		case "ArtifactsByID":
			return data(`{"a0":null,"a1":{"id":"b","state":"DELETED"},"a2":{"id":"c","state":"COMMITTED"}}`)
		case "DeleteArtifact":
			if deletes++; a.input("artifactID") != "c" {
				return nil, errors.New("the wrong one")
			}
			return data(`{"deleteArtifact":{"artifact":{"id":"c"}}}`)
		}
		return nil, fmt.Errorf("nobody answers %s", a.OperationName)
	}}
	c := newClient(t, f)
	var list []*Artifact
	for _, id := range []string{"a", "b", "c"} {
		list = append(list, &Artifact{ID: id, client: c})
	}
	for _, d := range c.DeleteArtifacts(t.Context(), list, DeleteOptions{}) {
		if !d.Deleted || d.Err != nil {
			t.Errorf("%s: %+v", d.Artifact.ID, d)
		}
	}
	if deletes != 1 {
		t.Errorf("%d single deletions", deletes)
	}
	down := newClient(t, answering(403, `{"errors":[{"message":"no"}]}`))
	for _, d := range down.DeleteArtifacts(t.Context(), []*Artifact{{ID: "a", client: down}}, DeleteOptions{}) {
		if d.Deleted || !errors.Is(d.Err, ErrDenied) || !strings.Contains(d.Err.Error(), "not known") {
			t.Errorf("nothing can be known: %+v", d)
		}
	}
}
