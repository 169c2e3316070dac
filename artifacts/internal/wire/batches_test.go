package wire_test

import (
	"context"
	"testing"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// TestVersionDocuments holds the operations that change, link, relate and find
// versions against the schema of our own registry, and looks that nothing of an
// answer is lost.
func TestVersionDocuments(t *testing.T) {
	schema := loadSchema(t)
	r := &recorder{}
	s := sender(r)
	ctx := context.Background()
	in := wire.In{Entity: "e", Project: "p"}
	page := wire.Page{First: 1, After: "c", WithTotal: true}
	text, object, ttl := "x", wire.JSONString("{}"), int64(7)
	alias := []wire.ArtifactCollectionAliasInput{{EntityName: "e", ProjectName: "p", ArtifactCollectionName: "c", Alias: "a"}}
	link := wire.LinkArtifactInput{ArtifactID: "id", ArtifactPortfolioName: "n", EntityName: "e", ProjectName: "p", Aliases: []wire.ArtifactAliasInput{{Alias: "a"}}}
	runs := []wire.RunName{{In: in, Run: "r"}, {In: in, Run: "s"}}
	ids := []wire.ID{"a", "b"}
	run := func(err error) (any, error) { return true, err }
	for name, ask := range map[string]func() (any, error){
		"add aliases": func() (any, error) {
			return run(wire.AddAliases(ctx, s, wire.AddAliasesInput{ArtifactID: "id", Aliases: alias}))
		},
		"delete aliases": func() (any, error) {
			return run(wire.DeleteAliases(ctx, s, wire.DeleteAliasesInput{ArtifactID: "id", Aliases: alias}))
		},
		"update": func() (any, error) {
			return wire.UpdateArtifact(ctx, s, wire.UpdateArtifactInput{
				ArtifactID: "id", Description: &text, Metadata: &object, TTLDurationSeconds: &ttl,
				TagsToAdd: []wire.TagInput{{TagName: "t"}}, TagsToDelete: []wire.TagInput{{TagName: "u"}},
			})
		},
		"delete": func() (any, error) {
			return run(wire.DeleteArtifact(ctx, s, wire.DeleteArtifactInput{ArtifactID: "id", DeleteAliases: true}))
		},
		"delete many": func() (any, error) {
			return run(wire.DeleteArtifacts(ctx, s, []wire.DeleteArtifactInput{{ArtifactID: "a"}, {ArtifactID: "b"}}))
		},
		"may write": func() (any, error) { _, err := wire.MayWrite(ctx, s, in); return run(err) },
		"by id":     func() (any, error) { return wire.ArtifactsByID(ctx, s, ids) },
		"by name": func() (any, error) {
			found, err := wire.MembershipsByName(ctx, s, []wire.VersionName{{In: in, Name: "c:v0"}})
			if err != nil {
				return nil, err
			}
			return found[0].Membership, nil
		},
		"link": func() (any, error) { return wire.LinkArtifact(ctx, s, link, true) },
		"unlink": func() (any, error) {
			return run(wire.UnlinkArtifact(ctx, s, wire.UnlinkArtifactInput{ArtifactID: "id"}))
		},
		"links":        func() (any, error) { v, _, err := wire.ArtifactLinks(ctx, s, "id", page); return v, err },
		"uses":         func() (any, error) { return wire.UsesOfArtifacts(ctx, s, ids) },
		"makers":       func() (any, error) { return wire.ArtifactMakers(ctx, s, ids) },
		"users":        func() (any, error) { return wire.UsersOfArtifacts(ctx, s, ids) },
		"more users":   func() (any, error) { v, _, err := wire.ArtifactUsers(ctx, s, "id", page); return v, err },
		"inputs":       func() (any, error) { return wire.RunsInputs(ctx, s, runs, 5) },
		"outputs":      func() (any, error) { return wire.RunsOutputs(ctx, s, runs, 5) },
		"more inputs":  func() (any, error) { v, _, err := wire.MoreInputs(ctx, s, runs[0], page); return v, err },
		"more outputs": func() (any, error) { v, _, err := wire.MoreOutputs(ctx, s, runs[0], page); return v, err },
		"projects":     func() (any, error) { return wire.Projects(ctx, s, "e", page) },
		"runs": func() (any, error) {
			v, _, err := wire.Runs(ctx, s, in, wire.Choice{Filters: `{}`, Order: "+created_at"}, page)
			return v, err
		},
		"number of runs": func() (any, error) { v, _, err := wire.CountRuns(ctx, s, in, `{}`); return v, err },
		"search": func() (any, error) {
			return wire.SearchCollections(ctx, s, ids, wire.Choice{Filters: `{}`, Order: "+createdAt"}, wire.ListShape{}, 3)
		},
		"search, and more": func() (any, error) {
			return wire.SearchCollections(ctx, s, ids, wire.Choice{Filters: `{}`, Order: "+createdAt"}, wire.ListShape{CreatedBy: true, UseCount: true}, 3)
		},
	} {
		t.Run(name, func(t *testing.T) { checkTags(t, schema, r, ask) })
	}
	if _, err := wire.LinkArtifact(ctx, s, link, false); err != nil {
		t.Error(err)
	}
	if _, _, err := wire.ArtifactLinksAtOnce(ctx, s, "id"); err != nil {
		t.Error(err)
	}
	checkDocuments(t, schema, r.got)
}
