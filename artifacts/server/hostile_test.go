package server_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server"
	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// noBlobs is for servers that are asked for no file.
type noBlobs struct{ blobs.Store }

const (
	createArtifact = `mutation CreateIt($in: CreateArtifactInput!) { createArtifact(input: $in) { artifact { id state versionIndex artifactSequence { id latestArtifact { id } } } } }`
	createFiles    = `mutation Files($in: CreateArtifactFilesInput!) { createArtifactFiles(input: $in) { files { edges { node {
		storagePath uploadUrl uploadHeaders artifact { id } uploadMultipartUrls { uploadID uploadUrlParts { partNumber uploadUrl } } } } } } }`
	createManifest = `mutation Manifest($in: CreateArtifactManifestInput!) { createArtifactManifest(input: $in) { artifactManifest { id file { uploadUrl uploadHeaders } } } }`
	commitArtifact = `mutation Commit($id: ID!) { commitArtifact(input: {artifactID: $id}) { artifact { id state versionIndex size fileCount } } }`
	upsertRun      = `mutation Run($entity: String, $project: String, $name: String) { upsertBucket(input: {entityName: $entity, modelName: $project, name: $name}) { bucket { id name } inserted } }`
)

// A writer saves versions by hand, one step at a time.
type writer struct {
	t            *testing.T
	url, key     string
	entity, name string // of the project
	run          string // that versions are logged by; "" for none
}

func (w writer) create(name, digest string) string {
	w.t.Helper()
	p := must(w.t, w.url, w.key, createArtifact, map[string]any{"in": map[string]any{
		"entityName": w.entity, "projectName": w.name, "artifactTypeName": "dataset", "artifactCollectionName": name,
		"clientID": w.entity + name + digest, "digest": digest, "digestAlgorithm": "MANIFEST_MD5", "enableDigestDeduplication": true, "runName": w.run, "aliases": []any{map[string]any{"artifactCollectionName": name, "alias": "latest"}},
	}})
	var id string
	p.into(w.t, &id, "createArtifact", "artifact", "id")
	return id
}

type uploadNode struct {
	StoragePath         string
	UploadURL           *string
	UploadHeaders       []string
	Artifact            struct{ ID string }
	UploadMultipartUrls *struct {
		UploadID       string
		UploadURLParts []struct {
			PartNumber int
			UploadURL  string
		}
	}
}

func (w writer) file(artifact, name, text string) uploadNode {
	w.t.Helper()
	p := must(w.t, w.url, w.key, createFiles, map[string]any{"in": map[string]any{
		"storageLayout": "V2", "artifactFiles": []any{map[string]any{"artifactID": artifact, "name": name, "md5": base64MD5(text)}},
	}})
	var edges []struct{ Node uploadNode }
	p.into(w.t, &edges, "createArtifactFiles", "files", "edges")
	return edges[0].Node
}

func put(t *testing.T, url, text string, headers []string) int {
	t.Helper()
	var pairs []string
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ":")
		pairs = append(pairs, name, value)
	}
	resp := send(t, http.MethodPut, url, "", strings.NewReader(text), pairs...)
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// manifest uploads a manifest of files (name, text, name, ...).
func (w writer) manifest(artifact string, births map[string]string, files ...string) {
	w.t.Helper()
	contents := map[string]any{}
	for i := 0; i < len(files); i += 2 {
		entry := map[string]any{"digest": base64MD5(files[i+1]), "size": len(files[i+1]), "local_path": "/home/x/" + files[i], "skip_cache": false}
		if b := births[files[i]]; b != "" {
			entry["birthArtifactID"] = b
		}
		contents[files[i]] = entry
	}
	text, err := json.Marshal(map[string]any{"version": 1, "storagePolicy": "wandb-storage-policy-v1", "storagePolicyConfig": map[string]any{"storageLayout": "V2"}, "contents": contents})
	if err != nil {
		w.t.Fatal(err)
	}
	w.rawManifest(artifact, string(text))
}

func (w writer) rawManifest(artifact, text string) {
	w.t.Helper()
	p := must(w.t, w.url, w.key, createManifest, map[string]any{"in": map[string]any{
		"artifactID": artifact, "name": "wandb_manifest.json", "digest": base64MD5(text), "entityName": w.entity, "projectName": w.name, "runName": "", "type": "FULL",
	}})
	var file struct {
		UploadURL     string
		UploadHeaders []string
	}
	p.into(w.t, &file, "createArtifactManifest", "artifactManifest", "file")
	if status := put(w.t, file.UploadURL, text, file.UploadHeaders); status != http.StatusOK {
		w.t.Fatalf("uploading the manifest: %d", status)
	}
}

// save makes a whole version of files (name, text, name, ...), in order.
func (w writer) save(name string, files ...string) string {
	w.t.Helper()
	id := w.create(name, versionDigest(files...))
	for i := 0; i < len(files); i += 2 {
		if n := w.file(id, files[i], files[i+1]); n.UploadURL != nil {
			if status := put(w.t, *n.UploadURL, files[i+1], n.UploadHeaders); status != http.StatusOK {
				w.t.Fatalf("uploading %s: %d", files[i], status)
			}
		}
	}
	w.manifest(id, nil, files...)
	must(w.t, w.url, w.key, commitArtifact, map[string]any{"id": id})
	return id
}

// newWriter makes a project with a run.
func newWriter(t *testing.T, r *servertest.Registry, key, entity, project string) writer {
	t.Helper()
	must(t, r.URL, key, upsertRun, map[string]any{"entity": entity, "project": project, "name": "run1"})
	return writer{t: t, url: r.URL, key: key, entity: entity, name: project}
}

func TestWrongKeys(t *testing.T) {
	r := servertest.Start(t)
	for name, headers := range map[string][]string{
		"no key":            nil,
		"wrong key":         {"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("api:"+strings.Repeat("0", 40)))},
		"wrong bearer":      {"Authorization", "Bearer " + strings.Repeat("0", 40)},
		"empty password":    {"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("api:"))},
		"not base64":        {"Authorization", "Basic ***"},
		"another scheme":    {"Authorization", "Digest " + r.Key},
		"the key as a user": {"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(r.Key+":"))},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/graphql", "/files/local/p/r/file_stream"} {
				resp := send(t, http.MethodPost, r.URL+path, "", strings.NewReader(`{"query":"{viewer{id}}"}`), append(headers, "Content-Type", "application/json")...)
				text, _ := io.ReadAll(resp.Body)
				resp.Body.Close()
				if want := `{"errors":[{"message":"user is not logged in"}]}`; resp.StatusCode != http.StatusUnauthorized || strings.TrimSpace(string(text)) != want {
					t.Errorf("%s: %d %s, want 401 %s", path, resp.StatusCode, text, want)
				}
			}
			resp := send(t, http.MethodGet, r.URL+"/artifactsV2/default/local/p/c/QXJ0aWZhY3Q6MQ==/00/x", "", nil, headers...)
			resp.Body.Close()
			if resp.StatusCode != http.StatusUnauthorized {
				t.Errorf("download: %d, want 401", resp.StatusCode)
			}
		})
	}
	// Both ways to bring the right one.
	resp := send(t, http.MethodPost, r.URL+"/graphql", "", strings.NewReader(`{"query":"{viewer{username}}"}`), "Authorization", "Bearer "+r.Key, "Content-Type", "application/json")
	text, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if !strings.Contains(string(text), r.Username) {
		t.Errorf("with a bearer token: %d %s", resp.StatusCode, text)
	}
}

func TestWandbWithWrongKey(t *testing.T) {
	forEachVersion(t, func(t *testing.T, r *servertest.Registry, version string) {
		out, err := r.Python(t, version, strings.Repeat("0", 40)).Try(t, `
import wandb
wandb.Api().artifact("a/b:latest")
`)
		if err == nil || !strings.Contains(out.Stderr, "user is not logged in") {
			t.Errorf("%v\n%s", err, out.Stderr)
		}
		if n := len(r.Requests()); n > 3 {
			t.Errorf("the client tried %d times", n)
		}
		t.Logf("wandb %s: %s", version, out.Duration)
	})
}

func TestOpenMode(t *testing.T) {
	r := servertest.Start(t, servertest.WithOptions(func(o *server.Options) { o.Auth = server.AuthOpen }))
	viewer := func(key string, headers ...string) (int, string) {
		resp := send(t, http.MethodPost, r.URL+"/graphql", key, strings.NewReader(`{"query":"{viewer{username entity}}"}`), append(headers, "Content-Type", "application/json")...)
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, strings.TrimSpace(string(text))
	}
	// The wandb package wants 40 characters after the first dash.
	long := "anna-" + strings.Repeat("0", 40)
	for _, key := range []string{"anna", long, "carl-short"} {
		if status, text := viewer(key); status != http.StatusOK || text != fmt.Sprintf(`{"data":{"viewer":{"username":%q,"entity":%q}}}`, key, key) {
			t.Errorf("key %q: %d %s, want the user of that name", key, status, text)
		}
	}
	for _, key := range []string{"", "../etc", "a b", strings.Repeat("x", 200), "ä"} {
		if status, text := viewer(key); status != http.StatusUnauthorized {
			t.Errorf("key %q: %d %s, want 401", key, status, text)
		}
	}
	// The first user's own key is still that user's.
	if _, text := viewer(r.Key); !strings.Contains(text, r.Username) {
		t.Errorf("with a key that was given out: %s", text)
	}
	// What named a user here is no key where keys are asked for.
	closed, err := server.New(server.Options{Metadata: r.Metadata, Blobs: noBlobs{}, Secret: bytes.Repeat([]byte{1}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	check := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(`{"query":"{viewer{username}}"}`))
	check.SetBasicAuth("api", "anna")
	check.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	if closed.ServeHTTP(answer, check); answer.Code != http.StatusUnauthorized {
		t.Errorf("a name as a key: %d %s", answer.Code, answer.Body)
	}
	// A page whose name was made to mean this machine.
	req, err := http.NewRequest(http.MethodPost, r.URL+"/graphql", strings.NewReader(`{"query":"{viewer{username}}"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "evil.example:80"
	req.SetBasicAuth("api", "anna")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("under another name: %d, want 403", resp.StatusCode)
	}
}

func TestMalformedRequests(t *testing.T) {
	r := servertest.Start(t, servertest.WithOptions(func(o *server.Options) { o.MaxBody = 1 << 20 }))
	for name, c := range map[string]struct {
		body, contentType string
		status            int
		message           string
	}{
		"not JSON":            {"hello", "application/json", 400, "the body is not"},
		"cut off":             {`{"query": "{viewer`, "application/json", 400, "ends too early"},
		"nothing":             {``, "application/json", 400, "ends too early"},
		"two values":          {`{"query":"{viewer{id}}"} {}`, "application/json", 400, "something follows"},
		"an array":            {`[]`, "application/json", 400, "the body is not"},
		"a form":              {`query={viewer{id}}`, "application/x-www-form-urlencoded", 400, "Content-Type"},
		"text":                {`{"query":"{viewer{id}}"}`, "text/plain", 400, "Content-Type"},
		"too large":           {`{"query":"` + strings.Repeat(" ", 2<<20) + `{viewer{id}}"}`, "application/json", 413, "too large"},
		"no GraphQL":          {`{"query":"select * from users"}`, "application/json", 400, "is not understood"},
		"no operation":        {`{"query":""}`, "application/json", 422, "no operation"},
		"another operation":   {`{"query":"query A{viewer{id}}","operationName":"B"}`, "application/json", 422, "operation B"},
		"very deep":           {`{"query":"` + strings.Repeat("{viewer", 30000) + `"}`, "application/json", 400, "depth"},
		"missing variable":    {`{"query":"query A($id: ID!){artifact(id:$id){id}}"}`, "application/json", 422, "must be defined"},
		"wrong variable":      {`{"query":"query A($id: ID!){artifact(id:$id){id}}","variables":{"id":{"x":1}}}`, "application/json", 422, "operation A: variable.id: cannot use map as ID"},
		"a number too large":  {`{"query":"query A($n: Int){models(first: $n){edges{cursor}}}","variables":{"n":99999999999999999999}}`, "application/json", 422, "operation A: variable.n"},
		"a literal too large": {`{"query":"{models(first: 99999999999999999999){edges{cursor}}}"}`, "application/json", 422, "99999999999999999999"},
		"an enum too many":    {`{"query":"mutation A($in: CreateArtifactFilesInput!){createArtifactFiles(input: $in){clientMutationId}}","variables":{"in":{"artifactFiles":[],"storageLayout":"V3"}}}`, "application/json", 422, "V3"},
		"undeclared variable": {`{"query":"query A{viewer{username}}","variables":{"extra":1}}`, "application/json", 200, ""},
		"null variables":      {`{"query":"query A{viewer{username}}","variables":null}`, "application/json", 200, ""},
		"subscription":        {`{"query":"subscription A{viewer{username}}"}`, "application/json", 422, "ubscription"},
	} {
		t.Run(name, func(t *testing.T) {
			resp := send(t, http.MethodPost, r.URL+"/graphql", r.Key, strings.NewReader(c.body), "Content-Type", c.contentType)
			defer resp.Body.Close()
			text, _ := io.ReadAll(resp.Body)
			var p reply
			if err := json.Unmarshal(text, &p); err != nil {
				t.Fatalf("%d %q: %v", resp.StatusCode, text, err)
			}
			if resp.StatusCode != c.status || !strings.Contains(p.message(), c.message) || strings.Contains(p.message(), "incident") || c.status != 200 && p.message() == "" {
				t.Errorf("%d %s, want %d with %q", resp.StatusCode, text, c.status, c.message)
			}
		})
	}
	if resp := send(t, http.MethodGet, r.URL+"/graphql?query={viewer{id}}", r.Key, nil); resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d, want 405", resp.StatusCode)
	}
	if resp := send(t, http.MethodGet, r.URL+"/no/such/place", r.Key, nil); resp.StatusCode != http.StatusNotFound {
		t.Errorf("another path: %d, want 404", resp.StatusCode)
	}
	if resp := send(t, http.MethodPost, r.URL+"/sdk/otel/v1/metrics", "", nil); resp.StatusCode != http.StatusNotFound {
		t.Errorf("telemetry: %d, want 404", resp.StatusCode)
	}
	if resp := send(t, http.MethodGet, r.URL+"/healthz", "", nil); resp.StatusCode != http.StatusOK {
		t.Errorf("health: %d, want 200", resp.StatusCode)
	}
}

func TestUnknownOperation(t *testing.T) {
	var log bytes.Buffer
	r := servertest.Start(t, servertest.WithOptions(func(o *server.Options) { o.Logger = textLogger(&log) }))
	for range 3 {
		p := ask(t, r.URL, r.Key, `query FetchSweeps { project(name: "p") { sweeps { edges { node { id } } } name } viewer { nickname } }`, nil)
		if p.status != http.StatusUnprocessableEntity {
			t.Errorf("status %d, want 422, which clients do not try again", p.status)
		}
		want := `operation FetchSweeps is not understood by this registry: Cannot query field "sweeps" on type "Project".`
		if len(p.Errors) != 2 || p.message() != want || p.code() != "INVALID" || p.Errors[0].Extensions["operation"] != "FetchSweeps" {
			t.Errorf("%+v\nwant first %q", p.Errors, want)
		}
	}
	if n := strings.Count(log.String(), "FetchSweeps"); n != 2 { // the name, and in the message
		t.Errorf("the log names the operation %d times in:\n%s", n, log.String())
	}
	for _, q := range r.Requests() {
		if !q.UnknownOperation || q.Operation != "FetchSweeps" || q.Understood() {
			t.Errorf("request log: %+v", q)
		}
	}
}

// Cursors and ids of the wrong kind are refused with a reason, not taken for
// something else.
func TestWrongCursorsAndIDs(t *testing.T) {
	r := servertest.Start(t)
	w := newWriter(t, r, r.Key, r.Username, "p")
	one := w.save("one", "a.txt", "1")
	w.save("one", "a.txt", "2")
	w.save("two", "a.txt", "3")
	w.save("two", "a.txt", "4")

	const list = `query L($c: String!, $after: String, $first: Int) { project(name: "p") { artifactCollection(name: $c) { artifacts(first: $first, after: $after) { pageInfo { endCursor hasNextPage } edges { version } totalCount } } } }`
	page := must(t, r.URL, r.Key, list, map[string]any{"c": "one", "first": 1})
	var cursor string
	page.into(t, &cursor, "project", "artifactCollection", "artifacts", "pageInfo", "endCursor")
	for name, c := range map[string]map[string]any{
		"of another list": {"c": "two", "first": 1, "after": cursor},
		"garbage":         {"c": "one", "first": 1, "after": "garbage"},
		"cut":             {"c": "one", "first": 1, "after": cursor[:len(cursor)/2]},
	} {
		if p := ask(t, r.URL, r.Key, list, c); p.code() != "INVALID" || !strings.Contains(p.message(), "cursor") || len(p.Errors) != 1 {
			t.Errorf("a cursor %s: %+v", name, p.Errors)
		}
	}
	if p := ask(t, r.URL, r.Key, list, map[string]any{"c": "one", "first": -1}); p.code() != "INVALID" {
		t.Errorf("a negative page: %+v", p.Errors)
	}
	p := must(t, r.URL, r.Key, list, map[string]any{"c": "one", "first": 0})
	var empty struct {
		PageInfo   struct{ HasNextPage bool }
		Edges      []any
		TotalCount int
	}
	if p.into(t, &empty, "project", "artifactCollection", "artifacts"); len(empty.Edges) != 0 || !empty.PageInfo.HasNextPage || empty.TotalCount != 2 {
		t.Errorf("a page of none: %+v", empty)
	}

	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for id, says := range map[string]string{
		encode("Run:1"):       "is the id of a run, not of an artifact",
		encode("Artifact:x"):  "is not the id of an artifact",
		encode("Artifact:-1"): "is not the id of an artifact",
		encode("Artifact"):    "is not the id of an artifact",
		"???":                 "is not the id of an artifact",
		"":                    "is not the id of an artifact",
	} {
		for _, q := range []string{
			`query A($id: ID!) { artifact(id: $id) { id } }`,
			`mutation A($id: ID!) { deleteArtifact(input: {artifactID: $id}) { artifact { id } } }`,
			`mutation A($id: ID!) { commitArtifact(input: {artifactID: $id}) { artifact { id } } }`,
		} {
			if p := ask(t, r.URL, r.Key, q, map[string]any{"id": id}); p.code() != "INVALID" || !strings.Contains(p.message(), says) {
				t.Errorf("id %q: %+v, want %q", id, p.Errors, says)
			}
		}
	}
	// A sequence is no portfolio.
	p = must(t, r.URL, r.Key, `query A($id: ID!) { artifact(id: $id) { artifactSequence { id } } }`, map[string]any{"id": one})
	var sequence string
	p.into(t, &sequence, "artifact", "artifactSequence", "id")
	if p := ask(t, r.URL, r.Key, `mutation A($id: ID!) { deleteArtifactPortfolio(input: {artifactPortfolioID: $id}) { artifactCollection { state } } }`, map[string]any{"id": sequence}); p.code() != "INVALID" {
		t.Errorf("deleting a sequence as a portfolio: %+v", p.Errors)
	}
}

func TestDamagedUploads(t *testing.T) {
	r := servertest.Start(t)
	w := newWriter(t, r, r.Key, r.Username, "p")

	// Other bytes than were announced.
	id := w.create("c", versionDigest("a.txt", "hello"))
	n := w.file(id, "a.txt", "hello")
	if status := put(t, *n.UploadURL, "HELLO", n.UploadHeaders); status != http.StatusBadRequest {
		t.Errorf("wrong bytes: %d, want 400", status)
	}
	// The URL for another file, or changed.
	if status := put(t, strings.Replace(*n.UploadURL, "a.txt", "b.txt", 1), "hello", nil); status != http.StatusForbidden {
		t.Errorf("a changed URL: %d, want 403", status)
	}

	// A commit while files are missing names them and leaves the version pending.
	w.manifest(id, nil, "a.txt", "hello")
	p := ask(t, r.URL, r.Key, commitArtifact, map[string]any{"id": id})
	if p.code() != "CONFLICT" || !strings.Contains(p.message(), "'a.txt'") {
		t.Errorf("a commit without its file: %+v", p.Errors)
	}
	// It can still be completed.
	if status := put(t, *n.UploadURL, "hello", n.UploadHeaders); status != http.StatusOK {
		t.Errorf("the right bytes: %d", status)
	}
	must(t, r.URL, r.Key, commitArtifact, map[string]any{"id": id})
	must(t, r.URL, r.Key, commitArtifact, map[string]any{"id": id}) // again, as after a timeout

	// Content that is not what was announced.
	id = w.create("c", versionDigest("a.txt", "other"))
	w.manifest(id, nil, "a.txt", "hello")
	if p := ask(t, r.URL, r.Key, commitArtifact, map[string]any{"id": id}); p.code() != "INVALID" || !strings.Contains(p.message(), "digest") {
		t.Errorf("another digest: %+v", p.Errors)
	}

	for name, manifest := range map[string]string{
		"no JSON":        `hello`,
		"cut off":        `{"version":1,"contents":{"a.txt":{"digest":"` + base64MD5("hello") + `"`,
		"of version 2":   `{"version":2,"contents":{}}`,
		"no contents":    `{"version":1}`,
		"a list":         `[]`,
		"a path outside": `{"version":1,"contents":{"../../etc/passwd":{"digest":"` + base64MD5("hello") + `","size":5}}}`,
		"absolute path":  `{"version":1,"contents":{"/etc/passwd":{"digest":"` + base64MD5("hello") + `","size":5}}}`,
		"wrong size":     `{"version":1,"contents":{"a.txt":{"digest":"` + base64MD5("hello") + `","size":6}}}`,
		"negative size":  `{"version":1,"contents":{"a.txt":{"digest":"` + base64MD5("hello") + `","size":-6}}}`,
		"no digest":      `{"version":1,"contents":{"a.txt":{"size":5}}}`,
		"trailing":       `{"version":1,"contents":{}} {}`,
	} {
		id := w.create("d", versionDigest("x", name))
		w.rawManifest(id, manifest)
		if p := ask(t, r.URL, r.Key, commitArtifact, map[string]any{"id": id}); p.code() != "INVALID" {
			t.Errorf("a manifest that is %s: %+v", name, p.Errors)
		}
	}
	for _, name := range []string{"../up", "/etc/passwd", "a/../../b", ""} {
		for _, q := range []string{
			`mutation M($n: String!, $id: ID!) { createArtifactFiles(input: {artifactFiles: [{artifactID: $id, name: $n, md5: "XUFAKrxLKna5cZ2REBfFkg=="}], storageLayout: V2}) { clientMutationId } }`,
			`mutation M($n: String!, $e: String!) { createRunFiles(input: {entityName: $e, projectName: "p", runName: "run1", files: [$n]}) { runID } }`,
		} {
			if p := ask(t, r.URL, r.Key, q, map[string]any{"n": name, "id": id, "e": r.Username}); p.code() != "INVALID" {
				t.Errorf("a file named %q: %+v", name, p.Errors)
			}
		}
	}
	// No manifest at all.
	id = w.create("e", versionDigest("x", "y"))
	if p := ask(t, r.URL, r.Key, commitArtifact, map[string]any{"id": id}); p.code() != "CONFLICT" || !strings.Contains(p.message(), "manifest was not uploaded") {
		t.Errorf("a commit without a manifest: %+v", p.Errors)
	}
	// Only the one good version is there.
	p = must(t, r.URL, r.Key, `{ project(name: "p") { artifactCollections { edges { node { name artifacts { totalCount } } } } } }`, nil)
	if got := string(p.Data); strings.Count(got, `"totalCount":1`) != 1 || strings.Contains(got, `"totalCount":2`) {
		t.Errorf("after all failures: %s", got)
	}
}

// Bytes that the entity has are not uploaded again, and are found in the
// version that first brought them.
func TestKnownBytes(t *testing.T) {
	r := servertest.Start(t)
	w := newWriter(t, r, r.Key, r.Username, "p")
	first := w.save("one", "a.txt", "hello")
	other := newWriter(t, r, r.Key, r.Username, "q")
	id := other.create("two", versionDigest("b.txt", "hello"))
	n := other.file(id, "b.txt", "hello")
	if n.UploadURL != nil || n.Artifact.ID != first {
		t.Errorf("known bytes: upload to %v, birth artifact %s, want none and %s", n.UploadURL, n.Artifact.ID, first)
	}
	other.manifest(id, map[string]string{"b.txt": first}, "b.txt", "hello")
	must(t, r.URL, r.Key, commitArtifact, map[string]any{"id": id})

	// The older address, with and without the version in it.
	for _, path := range []string{
		"/artifactsV2/default/" + r.Username + "/q/two/" + first + "/5d41402abc4b2a76b9719d911017c592/b.txt",
		"/artifactsV2/default/" + r.Username + "/q/two/" + id + "/" + first + "/5d41402abc4b2a76b9719d911017c592/b.txt",
		"/artifactsV2/default/" + r.Username + "/q/two/" + id + "//5d41402abc4b2a76b9719d911017c592/b.txt",
		"/artifacts/" + r.Username + "/5d41402abc4b2a76b9719d911017c592",
	} {
		resp := send(t, http.MethodGet, r.URL+path, r.Key, nil, "Range", "bytes=1-3")
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusPartialContent || string(text) != "ell" {
			t.Errorf("%s: %d %q", path, resp.StatusCode, text)
		}
	}
	for _, path := range []string{
		"/artifactsV2/default/" + r.Username + "/q/two/" + first + "/00000000000000000000000000000000/b.txt",
		"/artifactsV2/default/" + r.Username + "/q/two/" + first + "/nothex/b.txt",
		"/artifactsV2/default",
	} {
		if resp := send(t, http.MethodGet, r.URL+path, r.Key, nil); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, resp.StatusCode)
		}
	}
}

func TestUploadInParts(t *testing.T) {
	r := servertest.Start(t)
	w := newWriter(t, r, r.Key, r.Username, "p")
	parts := []string{strings.Repeat("a", 5000), strings.Repeat("b", 5000), "end"}
	whole := strings.Join(parts, "")
	id := w.create("large", versionDigest("large.bin", whole))
	var want []any
	for i, part := range parts {
		want = append(want, map[string]any{"partNumber": i + 1, "hexMD5": hexMD5(part)})
	}
	p := must(t, r.URL, r.Key, createFiles, map[string]any{"in": map[string]any{"storageLayout": "V2", "artifactFiles": []any{
		map[string]any{"artifactID": id, "name": "large.bin", "md5": base64MD5(whole), "uploadPartsInput": want},
	}}})
	var edges []struct{ Node uploadNode }
	p.into(t, &edges, "createArtifactFiles", "files", "edges")
	up := edges[0].Node.UploadMultipartUrls
	if up == nil || len(up.UploadURLParts) != len(parts) {
		t.Fatalf("no addresses for the parts: %s", p.Data)
	}
	var done []any
	for i, part := range parts {
		resp := send(t, http.MethodPut, up.UploadURLParts[i].UploadURL, "", strings.NewReader(part), "Content-Md5", base64MD5(part), "Content-Type", "application/octet-stream")
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK || resp.Header.Get("ETag") == "" {
			t.Fatalf("part %d: %d, ETag %q", i+1, resp.StatusCode, resp.Header.Get("ETag"))
		}
		done = append(done, map[string]any{"partNumber": i + 1, "hexMD5": resp.Header.Get("ETag")})
	}
	complete := func(path string, parts []any) reply {
		return ask(t, r.URL, r.Key, `mutation C($parts: [UploadPartsInput!]!, $id: ID!, $path: String!, $upload: String!) { completeMultipartUploadArtifact(input: {
			completeMultipartAction: Complete, completedParts: $parts, artifactID: $id, storagePath: $path, uploadID: $upload}) { digest } }`,
			map[string]any{"parts": parts, "id": id, "path": path, "upload": up.UploadID})
	}
	if p := complete(edges[0].Node.StoragePath, done[:2]); p.code() == "" {
		t.Error("an upload without its last part was completed")
	}
	for range 2 { // again, as after a timeout
		p := complete(edges[0].Node.StoragePath, done)
		var digest string
		if p.into(t, &digest, "completeMultipartUploadArtifact", "digest"); digest != base64MD5(whole) {
			t.Fatalf("completing: %s %+v", digest, p.Errors)
		}
	}
	w.manifest(id, nil, "large.bin", whole)
	must(t, r.URL, r.Key, commitArtifact, map[string]any{"id": id})
	if p := complete("wandb_artifacts/nonsense", done); p.code() != "INVALID" {
		t.Errorf("a made-up storagePath: %+v", p.Errors)
	}
}
