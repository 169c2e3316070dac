package server_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// What stands in an answer follows the question: fields in their order, by their
// aliases, once each; and of what failed the places in lists.
func TestAnswers(t *testing.T) {
	r := servertest.Start(t)
	w := newWriter(t, r, r.Key, r.Username, "p")
	w.save("a", "file.txt", "one")
	w.save("b", "file.txt", "two")
	const collections = `project(name: "p", entityName: "local") { artifactType(name: "dataset") { artifactCollections { edges { node `
	failure := func(at string) string {
		return `{"message":"first is -1: a page cannot have fewer than 0 items","path":["project","artifactType","artifactCollections","edges",` + at +
			`,"node","artifacts"],"extensions":{"code":"INVALID"}}`
	}
	for name, c := range map[string]struct{ ask, want string }{
		"values between texts": {
			`{ ` + collections + `{ first: name tags { edges { node { name } } } name ... on ArtifactSequence { latestArtifact { tags { name } fileCount aliases { alias } state } } again: name } } } } } }`,
			`{"node":{"first":"b","tags":{"edges":[]},"name":"b","latestArtifact":{"tags":[],"fileCount":1,"aliases":[{"alias":"latest"}],"state":"COMMITTED"},"again":"b"}},` +
				`{"node":{"first":"a","tags":{"edges":[]},"name":"a","latestArtifact":{"tags":[],"fileCount":1,"aliases":[{"alias":"latest"}],"state":"COMMITTED"},"again":"a"}}]}}}}`,
		},
		"fields that are selected twice": {
			`{ ` + collections + `{ name __typename name } name: node { again: name name } } } } } }`,
			`{"node":{"name":"b","__typename":"ArtifactSequence"},"name":{"again":"b","name":"b"}},` +
				`{"node":{"name":"a","__typename":"ArtifactSequence"},"name":{"again":"a","name":"a"}}]}}}}`,
		},
		"failures in a list": {
			`{ ` + collections + `{ name ... on ArtifactSequence { artifacts(first: -1) { edges { version } } } } } } } } }`,
			`{"node":null},{"node":null}]}}}},"errors":[` + failure("0") + `,` + failure("1") + `]`,
		},
		"@defer": {
			`{ ` + collections + `{ name ... @defer { state ... on ArtifactSequence { latestArtifact { ... @defer(label: "more") { fileCount tags { name } } } } } } } } } } ... @defer { viewer { username } } }`,
			`{"node":{"name":"b","state":"READY","latestArtifact":{"fileCount":1,"tags":[]}}},` +
				`{"node":{"name":"a","state":"READY","latestArtifact":{"fileCount":1,"tags":[]}}}]}}},"viewer":{"username":"local"}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			body := strings.NewReader(`{"query": "` + strings.ReplaceAll(c.ask, `"`, `\"`) + `"}`)
			resp := send(t, http.MethodPost, r.URL+"/graphql", r.Key, body, "Content-Type", "application/json")
			defer resp.Body.Close()
			got, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(`{"data":{"project":{"artifactType":{"artifactCollections":{"edges":[`+c.want+"}\n", string(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
