package wire_test

import (
	"context"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// bytesOperations are the operations of the way in and out of a version's files.
func bytesOperations(s *wire.Sender) map[string]func() (any, error) {
	ctx := context.Background()
	text, number, id := "x", int64(1), wire.ID("QQ==")
	meta := wire.JSONString(`{}`)
	in := wire.In{Entity: "e", Project: "p"}
	version := wire.Version{In: in, Collection: "c", Alias: "v0"}
	manifest := wire.CreateArtifactManifestInput{
		ArtifactID: id, BaseArtifactID: &id, Name: "wandb_manifest.json", EntityName: "e", ProjectName: "p", Type: wire.FullManifest,
	}
	use := wire.UseArtifactInput{EntityName: "e", ProjectName: "p", RunName: "r", ArtifactID: id, ArtifactEntityName: &text, ArtifactProjectName: &text}
	nothing := func(err error) (any, error) { return true, err }
	return map[string]func() (any, error){
		"create": func() (any, error) {
			return wire.CreateArtifact(ctx, s, wire.CreateArtifactInput{
				EntityName: "e", ProjectName: "p", ArtifactTypeName: "t", ArtifactCollectionName: "c", RunName: &text,
				Digest: "d", DigestAlgorithm: wire.DigestMD5, Description: &text,
				Aliases: []wire.ArtifactAliasInput{{ArtifactCollectionName: "c", Alias: "latest"}}, Tags: []wire.TagInput{{TagName: "t"}},
				Metadata: &meta, TTLDurationSeconds: &number, HistoryStep: &number, ClientID: "1", SequenceClientID: "2", StorageRegion: &text,
			})
		},
		"announce manifest": func() (any, error) { return wire.AnnounceManifest(ctx, s, manifest) },
		"create manifest":   func() (any, error) { return wire.CreateManifest(ctx, s, manifest) },
		"create files": func() (any, error) {
			return wire.CreateArtifactFiles(ctx, s, wire.CreateArtifactFilesInput{StorageLayout: wire.StorageLayoutV2, ArtifactFiles: []wire.CreateArtifactFileSpecInput{{
				ArtifactID: id, ArtifactManifestID: &id, Name: "f", MD5: "m", UploadPartsInput: []wire.UploadPartsInput{{PartNumber: 1, HexMD5: "00"}},
			}}})
		},
		"complete": func() (any, error) {
			return nothing(wire.CompleteMultipart(ctx, s, wire.CompleteMultipartUploadArtifactInput{
				CompleteMultipartAction: wire.CompleteParts, CompletedParts: []wire.UploadPartsInput{{PartNumber: 1, HexMD5: "e"}},
				ArtifactID: id, StoragePath: "s", UploadID: "u",
			}))
		},
		"commit":  func() (any, error) { return nothing(wire.CommitArtifact(ctx, s, id)) },
		"mapping": func() (any, error) { return wire.ClientIDMapping(ctx, s, id) },
		"run": func() (any, error) {
			return wire.UpsertBucket(ctx, s, wire.UpsertBucketInput{Name: "r", EntityName: "e", ModelName: "p", DisplayName: &text, JobType: &text, State: &text})
		},
		"use":       func() (any, error) { return nothing(wire.UseArtifacts(ctx, s, []wire.UseArtifactInput{use, use})) },
		"use by id": func() (any, error) { return wire.UseArtifact(ctx, s, use) },
		"use by name": func() (any, error) {
			return wire.UseArtifactByName(ctx, s, wire.UseArtifactByNameInput{EntityName: "e", ProjectName: "p", RunName: "r", ArtifactEntityName: "e", ArtifactProjectName: "p", ArtifactName: "c:v0"})
		},
		"manifest url": func() (any, error) { v, _, err := wire.ArtifactManifestURL(ctx, s, id); return v, err },
		"file urls": func() (any, error) {
			v, _, err := wire.ArtifactFileURLs(ctx, s, version, []string{"f"}, wire.Page{First: 5000, After: "c"})
			return v, err
		},
		"memberships": func() (any, error) {
			return wire.MembershipsByName(ctx, s, []wire.VersionName{{In: in, Name: "c:v0"}, {In: in, Name: "c:v1"}})
		},
	}
}

// TestBytesDocuments holds the documents against the schema that our own
// registry serves, and makes an answer out of each to see that nothing of it is
// lost on the way into the Go type.
func TestBytesDocuments(t *testing.T) {
	schema := loadSchema(t)
	r := &recorder{data: `{}`}
	for name, ask := range bytesOperations(sender(r)) {
		t.Run(name, func(t *testing.T) {
			r.data = `{}`
			if _, err := ask(); err != nil {
				t.Fatal(err)
			}
			req := r.got[len(r.got)-1]
			doc, errs := gqlparser.LoadQueryWithRules(schema, req.Query, rules.NewDefaultRules())
			if len(errs) > 0 {
				t.Fatalf("%v\n%s", errs, req.Query)
			}
			for _, v := range doc.Operations[0].VariableDefinitions {
				if _, sent := req.Variables[v.Variable]; !sent {
					t.Errorf("declares $%s and sends none", v.Variable)
				}
			}
			answer, err := json.Marshal(example(doc.Operations[0].SelectionSet))
			if err != nil {
				t.Fatal(err)
			}
			r.data = string(answer)
			got, err := ask()
			if err != nil {
				t.Fatal(err)
			}
			if found, ok := got.([]wire.Found); ok { // Missing is zero where nothing is
				for _, f := range found {
					checkFilled(t, name, reflect.ValueOf(f.Membership))
				}
				return
			}
			checkFilled(t, name, reflect.ValueOf(got))
		})
	}
}

// TestMembershipsByName_Order: answers stand where the questions stood.
func TestMembershipsByName_Order(t *testing.T) {
	r := &recorder{data: `{
		"a2": {"artifactCollectionMembership": {"versionIndex": 7, "artifact": {"id": "third"}}},
		"a1": {"artifactCollectionMembership": null},
		"a0": null
	}`}
	in := wire.In{Entity: "e", Project: "p"}
	got, err := wire.MembershipsByName(context.Background(), sender(r), []wire.VersionName{{in, "a:v0"}, {in, "b:v0"}, {in, "c:v7"}})
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Missing != wire.MissingProject || got[1].Missing != wire.MissingVersion {
		t.Errorf("missing: %v, %v", got[0].Missing, got[1].Missing)
	}
	if got[2].Membership == nil || got[2].Membership.Artifact.ID != "third" || *got[2].Membership.VersionIndex != 7 {
		t.Errorf("found: %+v", got[2])
	}
}
