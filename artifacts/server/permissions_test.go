package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
)

// An outcome is what became of an attempt, in a word: done, denied, "not found"
// (by an error or because the answer is null), "no key", or what went wrong.
type outcome string

const (
	done     outcome = "done"
	denied   outcome = "denied"
	notFound outcome = "not found"
	noKey    outcome = "no key"
)

// An attempt is one person's, on things that were made for it.
type attempt struct {
	t   *testing.T
	c   *community
	who string

	n        int            // tells things of one attempt from others'
	registry string         // its name
	vars     map[string]any // ids and names for GraphQL
}

// prepare makes what deeds are done to in a place.
func (c *community) prepare(t *testing.T, place string, n int) *attempt {
	t.Helper()
	name := fmt.Sprintf("thing-%d", n)
	a := &attempt{t: t, c: c, n: n, registry: fmt.Sprintf("wandb-registry-%d", n)}
	a.vars = map[string]any{
		"name": name, "new": fmt.Sprintf("new-%d", n), "newRegistry": a.registry + "-renamed", "registryName": a.registry, "runName": fmt.Sprintf("run-%d", n),
		"invited": fmt.Sprintf("user-%d", n), "md5": base64MD5(name), "fresh": base64MD5(name + " is new"), "client": "secret-team" + name + versionDigest("a.txt", name),
	}
	c.addUser(t, a.vars["invited"].(string))
	w := writer{t: t, url: c.r.URL, key: c.keys[owner], entity: "secret-team", name: "secret-project", run: "secret-run"}
	switch place {
	case "team":
		a.prepareTeam(w, name)
	case "deletion":
		a.prepareTeam(w, name)
		a.prepareDeletion()
	case "registry", "named registry", "linked version":
		a.prepareRegistry(w, name)
	case "protected alias", "named protected alias":
		a.prepareRegistry(w, name)
		must(t, c.r.URL, c.keys[owner], fmt.Sprintf(`mutation P($id: ID!, $registry: String!) {
			addAliases(input: {artifactID: $id, aliases: [{entityName: "acme", projectName: %q, artifactCollectionName: "shelf", alias: "production"}]}) { success }
			upsertModel(input: {id: $registry, protectedAliases: ["production", "staging"]}) { project { protectedAliases } }
		}`, a.registry), map[string]any{"id": a.vars["id"], "registry": a.vars["registry"]})
	case "organization":
		a.find("user", fmt.Sprintf(`{ users(query: %q) { edges { node { id } } } }`, a.vars["invited"]), "users")
	}
	return a
}

// find asks as the owner, and keeps the id in the answer's field as a variable.
func (a *attempt) find(name, query string, path ...string) {
	a.t.Helper()
	p := must(a.t, a.c.r.URL, a.c.r.Key, query, nil)
	var id string
	if path[0] == "users" {
		var edges []struct{ Node struct{ ID string } }
		p.into(a.t, &edges, "users", "edges")
		id = edges[0].Node.ID
	} else {
		p.into(a.t, &id, path...)
	}
	a.vars[name] = id
}

// prepareTeam makes a version with its collection, one that is being written,
// a portfolio and a run.
func (a *attempt) prepareTeam(w writer, name string) {
	a.t.Helper()
	a.vars["id"] = w.save(name, "a.txt", name)
	pending := w.create(name+"-pending", versionDigest("b.txt", name+" b"))
	a.vars["pending"] = pending
	file := w.file(pending, "b.txt", name+" b")
	if status := put(a.t, *file.UploadURL, name+" b", file.UploadHeaders); status != http.StatusOK {
		a.t.Fatal(status)
	}
	a.find("manifest", fmt.Sprintf(`mutation M { createArtifactManifest(input: {artifactID: %q, name: "wandb_manifest.json", digest: "", %s, runName: ""}) { artifactManifest { id } } }`, pending, inTeam), "createArtifactManifest", "artifactManifest", "id")
	w.manifest(pending, nil, "b.txt", name+" b") // so that it can be committed
	a.find("sequence", fmt.Sprintf(`{ artifact(id: %q) { artifactSequence { id } } }`, a.vars["id"]), "artifact", "artifactSequence", "id")
	a.find("run", fmt.Sprintf(`mutation R { upsertBucket(input: {entityName: "secret-team", modelName: "secret-project", name: %q}) { bucket { id } } }`, a.vars["runName"]), "upsertBucket", "bucket", "id")
	a.find("portfolio", fmt.Sprintf(`mutation L { linkArtifact(input: {artifactID: %q, artifactPortfolioName: "%s-portfolio", %s}) { artifactMembership { artifactCollection { id } } } }`, a.vars["id"], name, inTeam), "linkArtifact", "artifactMembership", "artifactCollection", "id")
}

// prepareDeletion deletes the portfolio.
func (a *attempt) prepareDeletion() {
	a.t.Helper()
	must(a.t, a.c.r.URL, a.c.keys[owner], `mutation D($id: ID!) { deleteArtifactPortfolio(input: {artifactPortfolioID: $id}) { artifactCollection { id } } }`, map[string]any{"id": a.vars["portfolio"]})
	var edges []struct{ Node struct{ ID string } }
	must(a.t, a.c.r.URL, a.c.keys[owner], `{ project(name: "secret-project", entityName: "secret-team") { artifactDeletions(first: 1) { edges { node { id } } } } }`, nil).
		into(a.t, &edges, "project", "artifactDeletions", "edges")
	a.vars["deletion"] = edges[0].Node.ID
}

// prepareRegistry makes a registry with a portfolio that holds a version of the team.
func (a *attempt) prepareRegistry(w writer, name string) {
	a.t.Helper()
	p := a.c.addRegistry(a.t, a.registry)
	if err := a.c.r.Metadata.SetProjectMember(a.t.Context(), p.ID, a.c.team.ID, sees); err != nil {
		a.t.Fatal(err)
	}
	a.vars["id"] = w.save(name, "a.txt", name)
	a.find("registry", fmt.Sprintf(`{ project(name: %q, entityName: "acme") { id } }`, a.registry), "project", "id")
	a.find("shelf", fmt.Sprintf(`mutation L { linkArtifact(input: {artifactID: %q, artifactPortfolioName: "shelf", entityName: "acme", projectName: %q}) { artifactMembership { artifactCollection { id } } } }`, a.vars["id"], a.registry), "linkArtifact", "artifactMembership", "artifactCollection", "id")
	a.find("team", `{ entity(name: "secret-team") { id } }`, "entity", "id")
	a.find("user", fmt.Sprintf(`{ users(query: %q) { edges { node { id } } } }`, patron), "users")
}

// ask sends one operation, whose variables are those of the attempt that it
// names, and says what came of it. A root field that is null was not found.
func (a *attempt) ask(operation, body string) outcome {
	a.t.Helper()
	return a.outcome(a.reply(operation, body))
}

func (a *attempt) reply(operation, body string) reply {
	a.t.Helper()
	declared := ""
	vars := map[string]any{}
	for _, name := range variable.FindAllString(body, -1) {
		name = name[1:]
		if _, ok := vars[name]; ok {
			continue
		}
		kind := "ID!"
		if slices.Contains(words, name) || name == "user" && strings.Contains(body, "Invite(") || name == "registry" && strings.Contains(body, "Model(") {
			kind = "String!"
		}
		declared += " $" + name + ": " + kind
		vars[name] = a.vars[name]
	}
	if declared != "" {
		operation += "(" + declared + ")"
	}
	return ask(a.t, a.c.r.URL, a.c.keys[a.who], operation+" { "+body+" }", vars)
}

var variable = regexp.MustCompile(`\$\w+`)

// words are the variables that are no ids.
var words = []string{"run", "md5", "fresh", "new", "newRegistry", "name", "runName", "registryName", "invited"}

// outcome reads an answer.
func (a *attempt) outcome(p reply) outcome {
	a.t.Helper()
	switch {
	case p.status == http.StatusUnauthorized && len(p.Data) == 0:
		return noKey
	case p.code() == "DENIED":
		return denied
	case p.code() == "NOT_FOUND":
		return notFound
	case p.status != http.StatusOK || len(p.Errors) > 0:
		return outcome(fmt.Sprintf("%d %v", p.status, p.Errors))
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(p.Data, &fields); err != nil {
		a.t.Fatal(err)
	}
	for _, v := range fields {
		if s := string(v); s == "null" || s == `{"edges":[]}` {
			return notFound
		}
	}
	return done
}

// TestPermissions has everybody try everything: first those who may not, of
// whose attempts nothing must remain, and then those who may, each on things of
// their own.
func TestPermissions(t *testing.T) {
	c := newCommunity(t)
	c.keys["local"] = c.r.Key // administers the registry itself
	n := 0
	for _, d := range deeds {
		t.Run(d.place+"/"+d.name, func(t *testing.T) {
			n++
			a := c.prepare(t, d.place, n)
			before := a.state(d.place)
			try := func(who string, want outcome) {
				t.Helper()
				a.who = who
				if got := d.do(a); got != want {
					t.Errorf("%q, who is %q here: %s, want %s", who, roles[d.place][who], got, want)
				}
			}
			var allowed []string
			for _, who := range everybody {
				role := roles[d.place][who]
				switch {
				case who == nobody:
					try(who, noKey)
				case d.needs == always || role.Rank() >= d.needs.Rank():
					allowed = append(allowed, who)
				case role == "" || d.asks:
					try(who, notFound)
				default:
					try(who, denied)
				}
			}
			if after := a.state(d.place); after != before {
				t.Errorf("all were refused, and yet something has changed:\n%s", cmp.Diff(before, after))
			}
			for i, who := range allowed {
				if i > 0 && !d.asks {
					n++
					a = c.prepare(t, d.place, n)
				}
				try(who, done)
			}
		})
	}
}

// TestPermissions_All holds the table of deeds to the schema.
func TestPermissions_All(t *testing.T) {
	schema := loadSchema(t)
	known := map[string]bool{}
	for _, d := range deeds {
		known[d.name] = true
	}
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation} {
		for _, f := range fields(root) {
			if !known[f.Name] {
				t.Errorf("nobody has tried %s: say in deeds who may do it, and where", f.Name)
			}
			delete(known, f.Name)
		}
	}
	for name := range known {
		if !strings.Contains(name, " /") {
			t.Errorf("%s is not in the schema", name)
		}
	}
}

// state is all that an attempt could change in its place.
func (a *attempt) state(place string) string {
	a.t.Helper()
	const collection = ` { id name description state defaultArtifactType { name } tags { edges { node { name } } }
		artifacts { edges { version node { id state description aliases { alias artifactCollection { name } } tags { name } usedBy { totalCount } } } } }`
	query := `team: entity(name: "secret-team") { members { username role } projects { edges { node { name description runCount } } } }
		acme: entity(name: "acme") { members { username role } projects { edges { node { name description } } } }`
	switch place {
	case "team", "deletion":
		query += fmt.Sprintf(` project(name: "secret-project", entityName: "secret-team") {
			run(name: %q) { id notes heartbeatAt fileCount inputArtifacts { totalCount } }
			sequence: artifactCollection(name: %q) %s portfolio: artifactCollection(name: "%s-portfolio") %s new: artifactCollection(name: %q) { id }
			artifactCollections { totalCount }
		} pending: artifact(id: %q) { state currentManifest { id digest } }`, a.vars["runName"], a.vars["name"], collection, a.vars["name"], collection, a.vars["new"], a.vars["pending"])
	case "registry", "named registry", "linked version", "protected alias", "named protected alias":
		query += fmt.Sprintf(` registry: project(name: %q, entityName: "acme") { protectedAliases members { username role { name } } teamMembers { team { name } role { name } }
			artifactCollections { totalCount edges { node %s } } }`, a.registry, collection)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, must(a.t, a.c.r.URL, a.c.r.Key, "{ "+query+" }", nil).Data, "", " "); err != nil {
		a.t.Fatal(err)
	}
	return b.String()
}

// completeMultipart sends one part of a file by the owner's address, and
// completes it as the person.
func completeMultipart(a *attempt) outcome {
	a.t.Helper()
	text := fmt.Sprintf("%s %d in parts", a.who, a.n)
	sum := hexMD5(text)
	p := must(a.t, a.c.r.URL, a.c.keys[owner], createFiles, map[string]any{"in": map[string]any{"storageLayout": "V2", "artifactFiles": []any{map[string]any{
		"artifactID": a.vars["pending"], "name": "parts", "md5": base64MD5(text), "uploadPartsInput": []any{map[string]any{"partNumber": 1, "hexMD5": sum}},
	}}}})
	var edges []struct{ Node uploadNode }
	p.into(a.t, &edges, "createArtifactFiles", "files", "edges")
	node := edges[0].Node
	if node.UploadMultipartUrls == nil { // somebody has completed it
		a.t.Fatal("the file is there already")
	}
	if status := put(a.t, node.UploadMultipartUrls.UploadURLParts[0].UploadURL, text, nil); status != http.StatusOK {
		a.t.Fatalf("uploading the part: %d", status)
	}
	return a.outcome(ask(a.t, a.c.r.URL, a.c.keys[a.who], `mutation M($in: CompleteMultipartUploadArtifactInput!) { completeMultipartUploadArtifact(input: $in) { digest } }`, map[string]any{"in": map[string]any{
		"completeMultipartAction": "Complete", "artifactID": a.vars["pending"], "storagePath": node.StoragePath, "uploadID": node.UploadMultipartUrls.UploadID,
		"completedParts": []any{map[string]any{"partNumber": 1, "hexMD5": sum}},
	}}))
}
