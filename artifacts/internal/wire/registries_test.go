package wire_test

import (
	"context"
	"os"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// askRegistries are all operations on organizations and registries.
func askRegistries(s *wire.Sender) map[string]func() (any, error) {
	ctx := context.Background()
	in := wire.In{Entity: "e", Project: "p"}
	page := wire.Page{First: 1, After: "c", WithTotal: true}
	search := wire.RegistrySearch{Organization: "o", Registries: `{}`, Collections: `{}`, Versions: `{}`, Order: "+name"}
	text, yes := "x", true
	return map[string]func() (any, error){
		"organizations": func() (any, error) { v, _, err := wire.OrganizationsOfEntity(ctx, s, "e"); return v, err },
		"organization":  func() (any, error) { return wire.GetOrganization(ctx, s, "o") },
		"advanced":      func() (any, error) { return wire.AdvancedRegistrySearch(ctx, s, "o") },
		"registry":      func() (any, error) { return wire.GetRegistry(ctx, s, in) },
		"registries": func() (any, error) {
			v, _, err := wire.Registries(ctx, s, "o", wire.Choice{Filters: `{}`, Order: "+name"}, page)
			return v, err
		},
		"collections": func() (any, error) { v, _, err := wire.RegistryCollections(ctx, s, search, page); return v, err },
		"count":       func() (any, error) { v, _, err := wire.CountRegistryCollections(ctx, s, search); return v, err },
		"versions":    func() (any, error) { v, _, err := wire.RegistryVersions(ctx, s, search, page); return v, err },
		"upsert": func() (any, error) {
			return wire.UpsertRegistry(ctx, s, wire.UpsertModelInput{
				EntityName: "e", Name: "n", Description: &text, Access: &text, AllowAllArtifactTypesInRegistry: &yes,
				ArtifactTypes: []wire.ArtifactTypeInput{{Name: "t"}},
			})
		},
		"rename":  func() (any, error) { return wire.RenameRegistry(ctx, s, wire.RenameProjectInput{EntityName: "e"}) },
		"delete":  func() (any, error) { return wire.DeleteRegistry(ctx, s, "id") },
		"members": func() (any, error) { return wire.RegistryMembers(ctx, s, in) },
		"add": func() (any, error) {
			return wire.CreateRegistryMembers(ctx, s, wire.CreateProjectMembersInput{ProjectID: "p", UserIDs: []wire.ID{"u"}, TeamIDs: []wire.ID{"t"}})
		},
		"remove": func() (any, error) {
			return wire.DeleteRegistryMembers(ctx, s, wire.DeleteProjectMembersInput{ProjectID: "p", UserIDs: []wire.ID{"u"}})
		},
		"user's role": func() (any, error) {
			return wire.UpdateUserRegistryRole(ctx, s, wire.UpdateProjectMemberInput{ProjectID: "p"})
		},
		"team's role": func() (any, error) {
			return wire.UpdateTeamRegistryRole(ctx, s, wire.UpdateProjectTeamMemberInput{ProjectID: "p"})
		},
	}
}

// TestRegistryDocuments holds the operations on registries against the protocol,
// and looks that nothing of an answer is lost.
func TestRegistryDocuments(t *testing.T) {
	const file = "testdata/registries.graphql"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: file, Input: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{}
	for name, ask := range askRegistries(sender(r)) {
		t.Run(name, func(t *testing.T) { checkTags(t, schema, r, ask) })
	}
	checkDocuments(t, schema, r.got)
	// Our own registry serves them all.
	checkDocuments(t, loadSchema(t), r.got)
}
