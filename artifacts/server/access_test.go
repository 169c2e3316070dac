package server_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// Mallory knows every id and name of what Anna has, and gets at none of it.
func TestOtherPeoplesThings(t *testing.T) {
	r := servertest.Start(t)
	anna, mallory := r.AddUser(t, "anna"), r.AddUser(t, "mallory")
	hers := newWriter(t, r, anna, "anna", "secret")
	his := newWriter(t, r, mallory, "mallory", "own")
	id := hers.save("data", "a.txt", "secret text")
	p := must(t, r.URL, anna, `mutation L($id: ID!) { linkArtifact(input: {artifactID: $id, artifactPortfolioName: "best", entityName: "anna", projectName: "secret"}) { artifactMembership { artifactCollection { id } artifact { artifactSequence { id } } } } }`, map[string]any{"id": id})
	var linked struct {
		ArtifactCollection struct{ ID string }
		Artifact           struct{ ArtifactSequence struct{ ID string } }
	}
	p.into(t, &linked, "linkArtifact", "artifactMembership")
	portfolio, sequence := linked.ArtifactCollection.ID, linked.Artifact.ArtifactSequence.ID
	pending := hers.create("unfinished", versionDigest("b.txt", "b"))
	p = must(t, r.URL, anna, `mutation M($in: CreateArtifactManifestInput!) { createArtifactManifest(input: $in) { artifactManifest { id } } }`, map[string]any{"in": map[string]any{
		"artifactID": pending, "name": "wandb_manifest.json", "digest": "", "entityName": "anna", "projectName": "secret", "runName": ""}})
	var manifest string
	p.into(t, &manifest, "createArtifactManifest", "artifactManifest", "id")
	p = must(t, r.URL, anna, `{ project(name: "secret") { run(name: "run1") { id } } }`, nil)
	var run string
	p.into(t, &run, "project", "run", "id")

	vars := map[string]any{"id": id, "portfolio": portfolio, "sequence": sequence, "pending": pending, "manifest": manifest, "run": run, "md5": base64MD5("secret text"), "client": "annadata" + versionDigest("a.txt", "secret text")}
	if p := must(t, r.URL, anna, `query Q($client: ID!) { clientIDMapping(clientID: $client) { serverID } }`, vars); !strings.Contains(string(p.Data), id) {
		t.Fatalf("Anna's own client id: %s", p.Data)
	}
	declare := func(q string) string {
		var used []string
		for name, kind := range map[string]string{"id": "ID!", "portfolio": "ID!", "sequence": "ID!", "pending": "ID!", "manifest": "ID!", "run": "String!", "md5": "String!", "client": "ID!"} {
			if strings.Contains(q, "$"+name) {
				used = append(used, "$"+name+": "+kind)
			}
		}
		if used == nil {
			return ""
		}
		return "(" + strings.Join(used, ", ") + ")"
	}

	for _, q := range []string{
		`entity(name: "anna") { id }`,
		`project(name: "secret", entityName: "anna") { id }`,
		`model(name: "secret", entityName: "anna") { id }`,
		`models(entityName: "anna") { edges { node { name } } }`,
		`artifact(id: $id) { digest }`,
		`artifactCollection(id: $sequence) { name }`,
		`artifactCollection(id: $portfolio) { name }`,
		`clientIDMapping(clientID: $client) { serverID }`,
	} {
		p := must(t, r.URL, mallory, "query Q"+declare(q)+" { "+q+" }", vars)
		field, _, _ := strings.Cut(q, "(")
		if want := `{"` + field + `":null}`; string(p.Data) != want {
			t.Errorf("%s: %s, want %s", q, p.Data, want)
		}
	}

	for _, q := range []string{
		`upsertBucket(input: {entityName: "anna", modelName: "secret", name: "run1", notes: "x"}) { inserted }`,
		`upsertBucket(input: {entityName: "anna", modelName: "new", name: "run1"}) { inserted }`,
		`upsertBucket(input: {id: $run, notes: "x"}) { inserted }`,
		`createRunFiles(input: {entityName: "anna", projectName: "secret", runName: "run1", files: ["x"]}) { runID }`,
		`markRunFilesUploaded(input: {entityName: "anna", projectName: "secret", runName: "run1", files: ["x"]}) { success }`,
		`createArtifact(input: {entityName: "anna", projectName: "secret", artifactTypeName: "t", artifactCollectionName: "data", digest: "d"}) { artifact { id } }`,
		`createArtifactManifest(input: {artifactID: $pending, name: "wandb_manifest.json", digest: "", entityName: "mallory", projectName: "own", runName: "run1"}) { artifactManifest { id } }`,
		`updateArtifactManifest(input: {artifactManifestID: $manifest, digest: $md5}) { artifactManifest { file { uploadUrl } } }`,
		`createArtifactFiles(input: {artifactFiles: [{artifactID: $pending, name: "x", md5: $md5}], storageLayout: V2}) { files { edges { node { uploadUrl } } } }`,
		`completeMultipartUploadArtifact(input: {completeMultipartAction: Complete, completedParts: [], artifactID: $pending, storagePath: "x", uploadID: "x"}) { digest }`,
		`commitArtifact(input: {artifactID: $pending}) { artifact { id } }`,
		`updateArtifact(input: {artifactID: $id, description: "x"}) { artifact { id } }`,
		`deleteArtifact(input: {artifactID: $id, deleteAliases: true}) { artifact { id } }`,
		`addAliases(input: {artifactID: $id, aliases: [{entityName: "anna", projectName: "secret", artifactCollectionName: "data", alias: "x"}]}) { success }`,
		`deleteAliases(input: {artifactID: $id, aliases: [{entityName: "anna", projectName: "secret", artifactCollectionName: "data", alias: "latest"}]}) { success }`,
		`updateArtifactSequence(input: {artifactSequenceID: $sequence, name: "x"}) { artifactCollection { id } }`,
		`updateArtifactPortfolio(input: {artifactPortfolioID: $portfolio, name: "x"}) { artifactCollection { id } }`,
		`moveArtifactSequence(input: {artifactSequenceID: $sequence, destinationArtifactTypeName: "x"}) { artifactCollection { id } }`,
		`deleteArtifactSequence(input: {artifactSequenceID: $sequence}) { artifactCollection { id } }`,
		`deleteArtifactPortfolio(input: {artifactPortfolioID: $portfolio}) { artifactCollection { id } }`,
		`createArtifactCollectionTagAssignments(input: {entityName: "anna", projectName: "secret", artifactCollectionName: "data", tags: [{tagName: "x"}]}) { tags { id } }`,
		`deleteArtifactCollectionTagAssignments(input: {entityName: "anna", projectName: "secret", artifactCollectionName: "data", tags: [{tagName: "x"}]}) { success }`,
		`unlinkArtifact(input: {artifactID: $id, artifactPortfolioID: $portfolio}) { success }`,
		`linkArtifact(input: {artifactID: $id, artifactPortfolioName: "mine", entityName: "mallory", projectName: "own"}) { versionIndex }`,
		`linkArtifact(input: {artifactID: $id, artifactPortfolioID: $portfolio}) { versionIndex }`,
		`useArtifact(input: {artifactID: $id, entityName: "mallory", projectName: "own", runName: "run1"}) { artifact { digest } }`,
	} {
		// What one may not read, one may not change, use or link: it is as if it were not there.
		p := ask(t, r.URL, mallory, "mutation M"+declare(q)+" { "+q+" }", vars)
		if p.code() != "NOT_FOUND" {
			t.Errorf("%s: %s %+v, want NOT_FOUND", q, p.Data, p.Errors)
		}
	}

	if p := must(t, r.URL, mallory, `mutation U { useArtifactByName(input: {artifactEntityName: "anna", artifactProjectName: "secret", artifactName: "data:latest", entityName: "mallory", projectName: "own", runName: "run1"}) { artifactMembership { id } } }`, nil); string(p.Data) != `{"useArtifactByName":null}` {
		t.Errorf("used by its name: %s", p.Data)
	}

	// Bytes: by digest, by the birth artifact, in a manifest of one's own.
	for _, path := range []string{
		"/artifactsV2/default/anna/secret/data/" + id + "/" + hexMD5("secret text") + "/a.txt",
		"/artifactsV2/default/mallory/own/data/" + id + "/" + hexMD5("secret text") + "/a.txt",
		"/artifactsV2/default/mallory/own/data/" + id + "/" + id + "/" + hexMD5("secret text") + "/a.txt",
		"/artifacts/anna/" + hexMD5("secret text"),
		"/artifacts/mallory/" + hexMD5("secret text"),
	} {
		if resp := send(t, http.MethodGet, r.URL+path, mallory, nil); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, resp.StatusCode)
		}
	}
	own := his.create("copy", versionDigest("a.txt", "secret text"))
	if n := his.file(own, "a.txt", "secret text"); n.UploadURL == nil {
		t.Error("the registry says that it has bytes which only another entity has")
	}
	his.manifest(own, map[string]string{"a.txt": id}, "a.txt", "secret text")
	if p := ask(t, r.URL, mallory, commitArtifact, map[string]any{"id": own}); p.code() != "CONFLICT" {
		t.Errorf("a commit with another's file: %s %+v", p.Data, p.Errors)
	}
	resp := send(t, http.MethodPost, r.URL+"/files/anna/secret/run1/file_stream", mallory, bytes.NewReader([]byte("{}")))
	resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("another's file stream: %d, want 404", resp.StatusCode)
	}

	// Anna's things are as they were.
	p = must(t, r.URL, anna, `query Q($id: ID!) { artifact(id: $id) { state description aliases { alias artifactCollection { name } } usedBy { totalCount } artifactType { name } artifactSequence { name } } }`, map[string]any{"id": id})
	if want := `{"artifact":{"state":"COMMITTED","description":null,"aliases":[{"alias":"latest","artifactCollection":{"name":"data"}},{"alias":"latest","artifactCollection":{"name":"best"}}],"usedBy":{"totalCount":0},"artifactType":{"name":"dataset"},"artifactSequence":{"name":"data"}}}`; string(p.Data) != want {
		t.Errorf("after all: %s\nwant %s", p.Data, want)
	}

	// Once an administrator has put it into a portfolio of his, he may read it,
	// and nothing else.
	must(t, r.URL, r.Key, `mutation L($id: ID!) { linkArtifact(input: {artifactID: $id, artifactPortfolioName: "shared", entityName: "mallory", projectName: "own"}) { versionIndex } }`, map[string]any{"id": id})
	p = must(t, r.URL, mallory, `query Q($id: ID!) { artifact(id: $id) { state aliases { artifactCollection { name } } artifactMemberships { edges { node { artifactCollection { name } } } } files { edges { node { directUrl } } } } }`, map[string]any{"id": id})
	if got := string(p.Data); !strings.Contains(got, `"aliases":[{"artifactCollection":{"name":"shared"}}],"artifactMemberships":{"edges":[{"node":{"artifactCollection":{"name":"shared"}}}]}`) {
		t.Errorf("through a portfolio: %s", got)
	}
	path := "/artifactsV2/default/mallory/own/shared/" + id + "/" + id + "/" + hexMD5("secret text") + "/a.txt"
	resp = send(t, http.MethodGet, r.URL+path, mallory, nil)
	text, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK || string(text) != "secret text" {
		t.Errorf("%s: %d %q", path, resp.StatusCode, text)
	}
	if p := ask(t, r.URL, mallory, `mutation D($id: ID!) { deleteArtifact(input: {artifactID: $id, deleteAliases: true}) { artifact { id } } }`, map[string]any{"id": id}); p.code() != "DENIED" {
		t.Errorf("deleting what one may read: %+v", p.Errors)
	}
}
