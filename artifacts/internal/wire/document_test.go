package wire_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// request is what a Sender sent.
type request struct {
	Query         string         `json:"query"`
	Variables     map[string]any `json:"variables"`
	OperationName string         `json:"operationName"`
}

// recorder answers everything with the same data.
type recorder struct {
	data string
	got  []request
}

func (r *recorder) send(_ wire.Op, req *http.Request) ([]byte, error) {
	var one request
	if err := json.NewDecoder(req.Body).Decode(&one); err != nil {
		return nil, err
	}
	r.got = append(r.got, one)
	return []byte(`{"data":` + r.data + `}`), nil
}

func sender(r *recorder) *wire.Sender {
	return &wire.Sender{URL: "http://test/graphql", Send: r.send}
}

// sendAll sends every operation of the package in every variant.
func sendAll(t *testing.T, s *wire.Sender) {
	t.Helper()
	ctx := context.Background()
	in := wire.In{Entity: "e", Project: "p"}
	typed := wire.Collection{In: in, Type: "t", Name: "c"}
	untyped := wire.Collection{In: in, Name: "c"}
	version := wire.Version{In: in, Collection: "c", Alias: "v0"}
	chosen := wire.Choice{Filters: `{"name":"x"}`, Order: "-name"}
	var errs []error
	ran := func(_ any, _ wire.Missing, err error) { errs = append(errs, err) }
	changed := func(_ any, err error) { errs = append(errs, err) }
	for _, p := range []wire.Page{{First: 50}, {First: 2, After: "cur", WithTotal: true}} {
		ran(wire.ArtifactTypes(ctx, s, in, p))
		for _, typeName := range []string{"", "t"} {
			ran(wire.ArtifactCollections(ctx, s, in, typeName, wire.Choice{}, wire.Newest{}, false, p))
			ran(wire.ArtifactCollections(ctx, s, in, typeName, wire.Choice{}, wire.Newest{}, true, p))
			ran(wire.ArtifactCollections(ctx, s, in, typeName, chosen, wire.Newest{Filters: `{"state":"COMMITTED"}`, Details: true}, true, p))
			ran(wire.CountArtifactCollections(ctx, s, in, typeName, ""))
			ran(wire.CountArtifactCollections(ctx, s, in, typeName, `{"name":"x"}`))
		}
		for _, c := range []wire.Collection{typed, untyped} {
			for _, shape := range []wire.ListShape{{}, {NoMetadata: true}, {CreatedBy: true, UseCount: true}} {
				ran(wire.ProjectArtifacts(ctx, s, c, wire.Choice{}, shape, p))
				ran(wire.ProjectArtifacts(ctx, s, c, chosen, shape, p))
			}
			ran(wire.CountProjectArtifacts(ctx, s, c, `{"state":"COMMITTED"}`))
			ran(wire.GetArtifactCollection(ctx, s, c))
			ran(wire.ArtifactUses(ctx, s, c, p))
		}
		_, _, _, err := wire.CollectionAliases(ctx, s, "id", p)
		errs = append(errs, err)
		ran(wire.LoggedArtifacts(ctx, s, in, "r", p))
		ran(wire.UsedArtifacts(ctx, s, in, "r", p))
		ran(wire.ArtifactFiles(ctx, s, version, nil, true, p))
		ran(wire.ArtifactFiles(ctx, s, version, []string{"a"}, true, p))
		ran(wire.ArtifactFiles(ctx, s, version, nil, false, p))
	}
	ran(wire.GetArtifactType(ctx, s, in, "t"))
	ran(wire.CountLoggedArtifacts(ctx, s, in, "r"))
	ran(wire.CountUsedArtifacts(ctx, s, in, "r"))
	ran(wire.CountArtifactFiles(ctx, s, version, nil))
	ran(wire.ArtifactMembershipByName(ctx, s, in, "c:v0"))
	ran(wire.ArtifactByID(ctx, s, "id"))
	ran(wire.ArtifactUsedBy(ctx, s, "id"))
	ran(wire.ArtifactCreatedBy(ctx, s, "id"))
	ran(wire.ArtifactCreator(ctx, s, "id"))
	changed(wire.Viewer(ctx, s))
	changed(wire.SearchUsers(ctx, s, "ada"))
	changed(wire.GetTeam(ctx, s, "team"))
	changed(wire.CreateOrganization(ctx, s, wire.CreateOrganizationInput{Name: "acme"}))
	changed(wire.ServerFeatures(ctx, s))
	name := "n"
	changed(wire.UpdateSequence(ctx, s, wire.UpdateArtifactSequenceInput{ArtifactSequenceID: "id", Name: &name}))
	changed(wire.UpdatePortfolio(ctx, s, wire.UpdateArtifactPortfolioInput{ArtifactPortfolioID: "id", Description: &name}))
	changed(wire.MoveSequence(ctx, s, wire.MoveArtifactSequenceInput{ArtifactSequenceID: "id", DestinationArtifactTypeName: "t"}))
	tags := []wire.TagInput{{TagName: "x"}}
	errs = append(errs,
		wire.AddCollectionTags(ctx, s, wire.CreateArtifactCollectionTagAssignmentsInput{EntityName: "e", ProjectName: "p", ArtifactCollectionName: "c", Tags: tags}),
		wire.DeleteCollectionTags(ctx, s, wire.DeleteArtifactCollectionTagAssignmentsInput{EntityName: "e", ProjectName: "p", ArtifactCollectionName: "c", Tags: tags}),
		wire.DeleteSequence(ctx, s, "id"),
		wire.DeletePortfolio(ctx, s, "id"),
	)
	ran(wire.ArtifactDeletions(ctx, s, in, `{"collection":"c"}`, wire.Page{First: 2, WithTotal: true}))
	changed(wire.ArtifactDeletion(ctx, s, "id"))
	changed(wire.RestoreArtifactDeletion(ctx, s, wire.RestoreArtifactDeletionInput{DeletionID: "id", Name: &name}))
	ran(wire.ProtectedAliases(ctx, s, in))
	ran(wire.AliasMoves(ctx, s, in, "c", "a", "", wire.Page{First: 2}))
	ran(wire.GetAliasAt(ctx, s, in, "c", "a", "2026-01-01T00:00:00Z"))
	changed(wire.ArtifactBytesFreed(ctx, s, []wire.ID{"id"}))
	changed(wire.AuditLog(ctx, s, "e", "", wire.Page{First: 2}))
	seconds := int64(1)
	expected := "v1"
	errs = append(errs,
		wire.UpdateEntityArtifactTTL(ctx, s, wire.UpdateEntityArtifactTTLInput{EntityName: "e", TTLDurationSeconds: &seconds}),
		wire.AddAliases(ctx, s, wire.AddAliasesInput{ArtifactID: "id", Aliases: []wire.ArtifactCollectionAliasInput{{EntityName: "e", ExpectedVersion: &expected}}}),
	)
	for i, err := range errs {
		if err != nil {
			t.Errorf("operation %d: %v", i, err)
		}
	}
}

// TestDocumentsAreValid holds every document against the schema that our own
// registry serves: fields, arguments, and the names and types of variables.
func TestDocumentsAreValid(t *testing.T) {
	schema := loadSchema(t)
	r := &recorder{data: `{}`}
	sendAll(t, sender(r))
	if names := checkDocuments(t, schema, r.got); len(names) < 20 {
		t.Errorf("only %d operations were sent: %v", len(names), names)
	}
}

// checkDocuments holds documents against a schema and returns their names.
func checkDocuments(t *testing.T, schema *ast.Schema, sent []request) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, req := range sent {
		names[req.OperationName] = true
		doc, errs := gqlparser.LoadQueryWithRules(schema, req.Query, rules.NewDefaultRules())
		if len(errs) > 0 {
			t.Errorf("%s: %v\n%s", req.OperationName, errs, req.Query)
			continue
		}
		op := doc.Operations[0]
		if op.Name != req.OperationName {
			t.Errorf("document is named %q, request %q", op.Name, req.OperationName)
		}
		declared := map[string]bool{}
		for _, v := range op.VariableDefinitions {
			declared[v.Variable] = true
			if _, sent := req.Variables[v.Variable]; !sent {
				t.Errorf("%s declares $%s and sends none", op.Name, v.Variable)
			}
		}
		for v := range req.Variables {
			if !declared[v] {
				t.Errorf("%s sends %s and does not declare it", op.Name, v)
			}
		}
	}
	return names
}

func loadSchema(t *testing.T) *ast.Schema {
	t.Helper()
	files, err := filepath.Glob("../../server/graph/schema/*.graphql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no schema of the embedded registry: %v", err)
	}
	var sources []*ast.Source
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, &ast.Source{Name: f, Input: string(text)})
	}
	schema, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// TestTagsAgree: answers are read under the names that were asked for. It makes
// an answer out of each document, every field under its name in the document,
// and looks that nothing of it is lost on the way into the Go type.
func TestTagsAgree(t *testing.T) {
	schema := loadSchema(t)
	r := &recorder{data: `{}`}
	s := sender(r)
	ctx := context.Background()
	in := wire.In{Entity: "e", Project: "p"}
	for name, ask := range map[string]func() (any, error){
		"types": func() (any, error) { v, _, err := wire.ArtifactTypes(ctx, s, in, wire.Page{First: 1}); return v, err },
		"type":  func() (any, error) { v, _, err := wire.GetArtifactType(ctx, s, in, "t"); return v, err },
		"collections": func() (any, error) {
			v, _, err := wire.ArtifactCollections(ctx, s, in, "t", wire.Choice{}, wire.Newest{}, true, wire.Page{First: 1, WithTotal: true})
			return v, err
		},
		"collection": func() (any, error) {
			v, _, err := wire.GetArtifactCollection(ctx, s, wire.Collection{In: in, Type: "t", Name: "c"})
			return v, err
		},
		"versions": func() (any, error) {
			v, _, err := wire.ProjectArtifacts(ctx, s, wire.Collection{In: in, Type: "t", Name: "c"}, wire.Choice{}, wire.ListShape{}, wire.Page{First: 1, WithTotal: true})
			return v, err
		},
		"versions and more": func() (any, error) {
			v, _, err := wire.ProjectArtifacts(ctx, s, wire.Collection{In: in, Type: "t", Name: "c"}, wire.Choice{}, wire.ListShape{CreatedBy: true, UseCount: true}, wire.Page{First: 1, WithTotal: true})
			return v, err
		},
		"creator":    func() (any, error) { v, _, err := wire.ArtifactCreator(ctx, s, "id"); return v, err },
		"membership": func() (any, error) { v, _, err := wire.ArtifactMembershipByName(ctx, s, in, "c:v0"); return v, err },
		"by id":      func() (any, error) { v, _, err := wire.ArtifactByID(ctx, s, "id"); return v, err },
		"logged": func() (any, error) {
			v, _, err := wire.LoggedArtifacts(ctx, s, in, "r", wire.Page{First: 1, WithTotal: true})
			return v, err
		},
		"used": func() (any, error) {
			v, _, err := wire.UsedArtifacts(ctx, s, in, "r", wire.Page{First: 1, WithTotal: true})
			return v, err
		},
		"files": func() (any, error) {
			v, _, err := wire.ArtifactFiles(ctx, s, wire.Version{In: in, Collection: "c", Alias: "v0"}, nil, true, wire.Page{First: 1, WithTotal: true})
			return v, err
		},
		"viewer":   func() (any, error) { return wire.Viewer(ctx, s) },
		"features": func() (any, error) { return wire.ServerFeatures(ctx, s) },
		"update": func() (any, error) {
			return wire.UpdateSequence(ctx, s, wire.UpdateArtifactSequenceInput{ArtifactSequenceID: "id"})
		},
		"move": func() (any, error) {
			return wire.MoveSequence(ctx, s, wire.MoveArtifactSequenceInput{ArtifactSequenceID: "id"})
		},
	} {
		t.Run(name, func(t *testing.T) { checkTags(t, schema, r, ask) })
	}
}

// checkTags asks, makes an answer out of the document that was sent, and asks
// again.
func checkTags(t *testing.T, schema *ast.Schema, r *recorder, ask func() (any, error)) {
	t.Helper()
	r.data = `{}`
	if _, err := ask(); err != nil {
		t.Fatal(err)
	}
	doc, errs := gqlparser.LoadQueryWithRules(schema, r.got[len(r.got)-1].Query, rules.NewDefaultRules())
	if len(errs) > 0 {
		t.Fatal(errs)
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
	checkFilled(t, t.Name(), reflect.ValueOf(got))
}

// example makes an answer to a selection in which no value is a zero value.
func example(set ast.SelectionSet) map[string]any {
	out := map[string]any{}
	for _, sel := range set {
		if inline, ok := sel.(*ast.InlineFragment); ok {
			maps.Copy(out, example(inline.SelectionSet))
			continue
		}
		f, ok := sel.(*ast.Field)
		if !ok {
			continue
		}
		var v any
		switch {
		case len(f.SelectionSet) > 0:
			v = example(f.SelectionSet)
		case f.Name == "__typename":
			v = "T"
		default:
			switch f.Definition.Type.Name() {
			case "Int", "Int64", "Float":
				v = 7
			case "Boolean":
				v = true
			default:
				v = "x"
			}
		}
		if f.Definition != nil && f.Definition.Type.Elem != nil {
			v = []any{v}
		}
		out[f.Alias] = v
	}
	return out
}

// checkFilled looks for zero values.
func checkFilled(t *testing.T, path string, v reflect.Value) {
	t.Helper()
	if !v.IsValid() || v.IsZero() {
		t.Errorf("%s was asked for and is not read from the answer", path)
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		checkFilled(t, path, v.Elem())
	case reflect.Slice:
		if v.Len() == 0 {
			t.Errorf("%s is empty", path)
			return
		}
		checkFilled(t, path+"[0]", v.Index(0))
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("graphql") == "-" && v.Field(i).IsZero() {
				continue // only variants ask for it
			}
			checkFilled(t, path+"."+v.Type().Field(i).Name, v.Field(i))
		}
	}
}

// TestNoAnswer: what is neither data nor an error is an error.
func TestNoAnswer(t *testing.T) {
	r := &recorder{data: `null`}
	if _, err := wire.Viewer(context.Background(), sender(r)); !errors.Is(err, wire.ErrNoData) {
		t.Errorf("data null: got %v", err)
	}
	r.data = `{"viewer":{"id":7}}`
	_, err := wire.Viewer(context.Background(), sender(r))
	if _, ok := errors.AsType[*wire.DecodeError](err); !ok || !strings.Contains(err.Error(), "id") {
		t.Errorf("wrong type: got %v", err)
	}
}

// FuzzAnswer: no answer makes decoding panic.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		`{}`, `null`, `[]`, `{"project":null}`,
		`{"project":{"artifactType":{"artifactCollection":{"id":"x","artifacts":{"totalCount":1,"pageInfo":{"endCursor":null,"hasNextPage":true},"edges":[null,{"version":"v0","node":null}]}}}}}`,
		`{"project":{"artifactCollection":{"artifactMembership":{"files":{"edges":[{"node":{"sizeBytes":1e99}}]}}}}}`,
	} {
		f.Add(s)
	}
	ctx := context.Background()
	in := wire.In{Entity: "e", Project: "p"}
	f.Fuzz(func(t *testing.T, data string) {
		s := sender(&recorder{data: data})
		if v, missing, err := wire.ProjectArtifacts(ctx, s, wire.Collection{In: in, Type: "t", Name: "c"}, wire.Choice{}, wire.ListShape{}, wire.Page{First: 1}); v == nil && missing == wire.Nothing && err == nil {
			t.Error("nothing came back and nothing is missing")
		}
		if v, missing, err := wire.ArtifactFiles(ctx, s, wire.Version{In: in}, nil, true, wire.Page{First: 1}); v == nil && missing == wire.Nothing && err == nil {
			t.Error("nothing came back and nothing is missing")
		}
		if v, missing, err := wire.ArtifactCollections(ctx, s, in, "", wire.Choice{}, wire.Newest{}, true, wire.Page{First: 1}); v == nil && missing == wire.Nothing && err == nil {
			t.Error("nothing came back and nothing is missing")
		}
	})
}
