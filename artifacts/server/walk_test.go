package server_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// A walker asks for everything that the schema leads to from every root field,
// with arguments that name what there is. A field that is new is walked without
// being told.
type walker struct {
	t      *testing.T
	r      *servertest.Registry
	schema *ast.Schema
	// arguments are what to ask a field for: by Type.field, each a whole
	// argument list. A field that needs arguments and is not here fails the test.
	arguments map[string][]string
}

// loadSchema reads the schema that the registry is built from.
func loadSchema(t *testing.T) *ast.Schema {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("graph", "schema", "*.graphql"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no schema: %v", err)
	}
	var sources []*ast.Source
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, &ast.Source{Name: file, Input: string(text)})
	}
	schema, gqlerr := gqlparser.LoadSchema(sources...)
	if gqlerr != nil {
		t.Fatal(gqlerr)
	}
	return schema
}

// fields are those of a type that are its own, without GraphQL's.
func fields(d *ast.Definition) []*ast.FieldDefinition {
	return slices.DeleteFunc(slices.Clone(d.Fields), func(f *ast.FieldDefinition) bool { return strings.HasPrefix(f.Name, "__") })
}

// isObject reports whether a type has fields to select.
func (w *walker) isObject(name string) bool {
	return w.schema.Types[name].IsCompositeType()
}

// possible are the types that an interface or a union stands for.
func (w *walker) possible(name string) []*ast.Definition {
	if d := w.schema.Types[name]; d.IsAbstractType() {
		return w.schema.GetPossibleTypes(d)
	}
	return nil
}

// ask is the argument lists to ask a field with; one that is empty for a field
// that needs none.
func (w *walker) ask(typeName string, f *ast.FieldDefinition) []string {
	if list, ok := w.arguments[typeName+"."+f.Name]; ok {
		return list
	}
	for _, a := range f.Arguments {
		if a.Type.NonNull || typeName == "Query" {
			w.t.Errorf("the walk does not know what to ask %s.%s(%s) for: tell it", typeName, f.Name, a.Name)
			return nil
		}
	}
	return []string{""}
}

// A step leads from one type to the next: by a field or, from an interface to
// a type that has it, by a fragment.
type step struct {
	from  string
	field *ast.FieldDefinition
	to    string
}

// ways are the shortest ways from a type to all that it leads to.
func (w *walker) ways(start string) map[string][]step {
	ways := map[string][]step{start: {}}
	for queue := []string{start}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		visit := func(s step) {
			if _, ok := ways[s.to]; !ok {
				ways[s.to] = append(slices.Clone(ways[at]), s)
				queue = append(queue, s.to)
			}
		}
		for _, f := range fields(w.schema.Types[at]) {
			if to := f.Type.Name(); w.isObject(to) {
				visit(step{at, f, to})
			}
		}
		for _, p := range w.possible(at) {
			visit(step{from: at, to: p.Name})
		}
	}
	return ways
}

// plain selects the fields of a type that have no fields of their own.
func (w *walker) plain(name string) string {
	var b strings.Builder
	b.WriteString("__typename")
	for _, f := range fields(w.schema.Types[name]) {
		if !w.isObject(f.Type.Name()) {
			w.call(&b, name, f, "")
		}
	}
	for _, p := range w.possible(name) {
		fmt.Fprintf(&b, " ... on %s { %s }", p.Name, w.plain(p.Name))
	}
	return b.String()
}

// call writes a field with each of its argument lists. Its aliases tell the
// field, whatever the list.
func (w *walker) call(b *strings.Builder, typeName string, f *ast.FieldDefinition, selection string) {
	for i, arguments := range w.ask(typeName, f) {
		fmt.Fprintf(b, " %s__%s_%d: %s", f.Name, typeName, i, f.Name)
		if arguments != "" {
			fmt.Fprintf(b, "(%s)", arguments)
		}
		if selection != "" {
			fmt.Fprintf(b, " { %s }", selection)
		}
	}
}

// all selects everything of a type, and what the things in it have of their own.
func (w *walker) all(name string) string {
	var b strings.Builder
	b.WriteString("__typename")
	for _, f := range fields(w.schema.Types[name]) {
		if to := f.Type.Name(); w.isObject(to) {
			w.call(&b, name, f, w.plain(to))
		} else {
			w.call(&b, name, f, "")
		}
	}
	return b.String()
}

// walk asks all questions as the user of a key, and hands every answer to see.
func (w *walker) walk(key string, see func(root, to, question string, answer reply)) {
	w.t.Helper()
	for _, root := range fields(w.schema.Query) {
		start := root.Type.Name()
		if !w.isObject(start) {
			var b strings.Builder
			w.call(&b, "Query", root, "")
			question := "query Walk {" + b.String() + "}"
			see(root.Name, start, question, ask(w.t, w.r.URL, key, question, nil))
			continue
		}
		for to, way := range w.ways(start) {
			selection := w.all(to)
			for _, s := range slices.Backward(way) {
				if s.field == nil {
					selection = fmt.Sprintf("__typename ... on %s { %s }", s.to, selection)
					continue
				}
				var b strings.Builder
				b.WriteString("__typename")
				w.call(&b, s.from, s.field, selection)
				selection = b.String()
			}
			var b strings.Builder
			w.call(&b, "Query", root, selection)
			question := "query Walk {" + b.String() + "}"
			see(root.Name, to, question, ask(w.t, w.r.URL, key, question, nil))
		}
	}
}

// fieldsIn notes, as Type.field, which fields of an answer hold something.
func fieldsIn(data json.RawMessage, note func(field string)) error {
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	var look func(v any)
	look = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				look(e)
			}
		case map[string]any:
			typeName, _ := v["__typename"].(string)
			for alias, value := range v {
				name, _, ok := strings.Cut(alias, "__")
				if !ok || name == "" || value == nil {
					continue
				}
				if typeName == "" {
					typeName = "Query"
				}
				note(typeName + "." + name)
				look(value)
			}
		}
	}
	look(v)
	return nil
}

// arguments name everything that there is in a community.
func (c *community) arguments() map[string][]string {
	list := func(name string, values ...string) []string {
		var out []string
		for _, v := range values {
			out = append(out, fmt.Sprintf("%s: %q", name, v))
		}
		return out
	}
	var projects []string
	for _, name := range []string{"secret-project", "wandb-registry-shared", "wandb-registry-secret"} {
		for _, entity := range []string{"secret-team", "acme"} {
			projects = append(projects, fmt.Sprintf("name: %q, entityName: %q", name, entity))
		}
	}
	collections := []string{"shared-model", "shared-portfolio", "secret-data", "secret-portfolio"}
	var versions []string
	for _, name := range collections {
		versions = append(versions, name+":latest")
	}
	moments := []string{`alias: "latest", at: "2999-01-01T00:00:00Z"`, `alias: "secret", at: "2999-01-01T00:00:00Z"`}
	return map[string][]string{
		"Query.entity":                          list("name", "secret-team", "acme", owner, member),
		"Query.artifact":                        list("id", c.version, c.hidden),
		"Query.artifactCollection":              list("id", c.sequence, c.portfolio),
		"Query.clientIDMapping":                 list("clientID", c.clientID("shared-model", "shared.txt", "shared text"), c.clientID("secret-data", "secret.txt", "secret two")),
		"Query.organization":                    list("name", "acme"),
		"Query.users":                           list("query", owner, member, owner+"@example.com"),
		"Query.project":                         projects,
		"Query.model":                           projects,
		"Query.models":                          list("entityName", "secret-team", "acme", owner, member),
		"Entity.project":                        list("name", "secret-project", "wandb-registry-shared", "wandb-registry-secret"),
		"Project.run":                           list("name", "secret-run"),
		"Project.bucket":                        list("name", "secret-run"),
		"Project.artifactType":                  list("name", "dataset"),
		"Project.artifactCollection":            list("name", collections...),
		"Project.artifactCollectionMembership":  list("name", versions...),
		"Project.artifact":                      list("name", versions...),
		"ArtifactType.artifactCollection":       list("name", collections...),
		"ArtifactCollection.artifactMembership": list("aliasName", "latest"),
		"ArtifactSequence.artifactMembership":   list("aliasName", "latest"),
		"ArtifactPortfolio.artifactMembership":  list("aliasName", "latest"),
		"Query.artifactDeletion":                list("id", c.deletions...),
		"Query.artifactBytesFreed":              {fmt.Sprintf("artifactIDs: [%q]", c.hidden), fmt.Sprintf("artifactIDs: [%q]", c.version)},
		"ArtifactCollection.aliasAt":            moments,
		"ArtifactSequence.aliasAt":              moments,
		"ArtifactPortfolio.aliasAt":             moments,
		"Artifact.filesByManifestEntries":       {fmt.Sprintf(`entries: [{name: "shared.txt", digest: %q}, {name: "secret.txt", digest: ""}]`, base64MD5("shared text"))},
	}
}

// clientID is the id that the writer of a community made up for a version.
func (c *community) clientID(name string, files ...string) string {
	return "secret-team" + name + versionDigest(files...)
}

// nothingElse fails the test where an answer holds one of these words, unless
// the question said it.
func nothingElse(t *testing.T, question string, answer reply, words ...string) {
	t.Helper()
	text := string(answer.Data)
	for _, e := range answer.Errors {
		text += "\n" + e.Message
	}
	for _, word := range strings.FieldsFunc(text, func(r rune) bool {
		return !(r == '-' || r == '_' || r == '.' || r == '=' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	}) {
		for _, forbidden := range words {
			if strings.Contains(strings.ToLower(word), forbidden) && !strings.Contains(question, word) && !strings.Contains(word, "__") {
				t.Errorf("the answer tells %q\nasked: %s\nanswer: %.2000s", word, question, text)
				return
			}
		}
	}
}

// never are the fields, and the types, that nobody gets to see: the schema has
// them because clients ask for them.
var never = []string{
	"User.deletedAt", "User.apiKeys", "ApiKeyConnection", "ApiKeyEdge", "ApiKey", "Member.apiKey", "Member.photoUrl", "Entity.photoUrl",
	"Entity.limits", "Project.user", "Organization.coreWeaveOrganizationId", "RampFeatureFlag",
	"ServerInfo.latestLocalVersionInfo", "LatestLocalVersionInfo",
	"ArtifactType.description", "Artifact.historyStep",
}

// TestWalk asks for everything that the schema leads to, as three people: one
// who may see all of it, so that the walk is known to find it; a guest, who was
// invited to one registry and learns nothing of the project that its versions
// come from; and a stranger, who learns nothing at all.
func TestWalk(t *testing.T) {
	c := newCommunity(t)
	w := &walker{t: t, r: c.r, schema: loadSchema(t), arguments: c.arguments()}

	t.Run("owner", func(t *testing.T) {
		seen := map[string]bool{}
		w.walk(c.keys[owner], func(root, to, question string, answer reply) {
			if answer.status != 200 || len(answer.Errors) > 0 {
				t.Errorf("%s to %s: %d %v\n%s", root, to, answer.status, answer.Errors, question)
				return
			}
			if err := fieldsIn(answer.Data, func(f string) { seen[f] = true }); err != nil {
				t.Errorf("%s to %s: %v", root, to, err)
			}
		})
		for to := range w.ways("Query") {
			for _, f := range fields(w.schema.Types[to]) {
				field := to + "." + f.Name
				if w.schema.Types[to].Kind == ast.Object && seen[field] == (slices.Contains(never, field) || slices.Contains(never, to)) {
					t.Errorf("the walk found %s: %v; what is not there for the owner cannot be kept from a stranger", field, seen[field])
				}
			}
		}
	})
	t.Run("guest", func(t *testing.T) {
		shared := 0
		w.walk(c.keys[guest], func(root, to, question string, answer reply) {
			nothingElse(t, question, answer, "secret")
			shared += strings.Count(string(answer.Data), `"shared"`)
		})
		if shared == 0 {
			t.Error("the guest did not see what was shared")
		}
	})
	t.Run("stranger", func(t *testing.T) {
		w.walk(c.keys[stranger], func(root, to, question string, answer reply) {
			nothingElse(t, question, answer, "secret", "shared", "acme")
			if root == "viewer" || root == "serverInfo" {
				return
			}
			var data map[string]json.RawMessage
			if err := json.Unmarshal(answer.Data, &data); err != nil {
				t.Fatalf("%s to %s: %v in %s", root, to, err, answer.Data)
			}
			for alias, value := range data {
				if s := string(value); s != "null" && !strings.Contains(s, `"edges__UserConnection_0":[]`) && s != `{"__typename":"UserConnection"}` {
					t.Errorf("%s: %s\nasked: %s", alias, value, question)
				}
			}
		})
	})
	t.Run("nobody", func(t *testing.T) {
		w.walk("", func(root, to, question string, answer reply) {
			if answer.status != 401 || len(answer.Data) != 0 {
				t.Errorf("%s to %s: %d %s", root, to, answer.status, answer.Data)
			}
		})
	})
}
