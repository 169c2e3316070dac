package artifacts

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
)

// collectionAnswer is a collection as a server describes it.
func collectionAnswer(typename, name, typeName, description string, tags ...string) string {
	edges := []any{}
	for _, tag := range tags {
		edges = append(edges, map[string]any{"node": map[string]any{"name": tag}})
	}
	b, _ := json.Marshal(map[string]any{
		"__typename": typename, "id": "Q29sbDox", "name": name, "description": description,
		"createdAt": "2026-01-02T03:04:05Z", "updatedAt": "2026-02-03T04:05:06Z",
		"project":             map[string]any{"name": "vision", "entity": map[string]any{"name": "team"}},
		"defaultArtifactType": map[string]any{"name": typeName},
		"tags":                map[string]any{"edges": edges},
	})
	return string(b)
}

// collectionServer holds one collection and does what it is told.
type collectionServer struct {
	fake
	typename, name, typeName, description string
	tags                                  []string
	fail                                  string // the operation that is refused
}

func newCollectionServer(typename string) *collectionServer {
	s := &collectionServer{typename: typename, name: "detector", typeName: "model", description: "old", tags: []string{"a", "b"}}
	s.answer = s.handle
	return s
}

func (s *collectionServer) handle(a asked) (*http.Response, error) {
	if a.OperationName == s.fail {
		return reply(409, `{"errors":[{"message":"refused"}]}`), nil
	}
	now := func() string { return collectionAnswer(s.typename, s.name, s.typeName, s.description, s.tags...) }
	names := func() []string {
		var out []string
		for _, t := range a.input("tags").([]any) {
			out = append(out, t.(map[string]any)["tagName"].(string))
		}
		return out
	}
	rightName := func() bool {
		return a.input("entityName") == "team" && a.input("projectName") == "vision" && a.input("artifactCollectionName") == s.name
	}
	switch a.OperationName {
	case "ProjectArtifactCollection":
		return data(fmt.Sprintf(`{"project":{"artifactType":{"artifactCollection":%s},"artifactCollection":%[1]s}}`, now()))
	case "UpdateArtifactSequence", "UpdateArtifactPortfolio":
		if v, ok := a.input("name").(string); ok {
			s.name = v
		}
		if v, ok := a.input("description").(string); ok {
			s.description = v
		}
		field := strings.Replace(a.OperationName, "Update", "update", 1)
		return data(`{"` + field + `":{"artifactCollection":` + now() + `}}`)
	case "UpdateArtifactSequenceType":
		s.typeName = a.input("destinationArtifactTypeName").(string)
		return data(`{"moveArtifactSequence":{"artifactCollection":` + now() + `}}`)
	case "AddArtifactCollectionTags":
		if !rightName() {
			return reply(404, `{"errors":[{"message":"no such collection"}]}`), nil
		}
		s.tags = append(s.tags, names()...)
		return data(`{"createArtifactCollectionTagAssignments":{"tags":[]}}`)
	case "DeleteArtifactCollectionTags":
		if !rightName() {
			return reply(404, `{"errors":[{"message":"no such collection"}]}`), nil
		}
		s.tags = without(s.tags, names())
		return data(`{"deleteArtifactCollectionTagAssignments":{"success":true}}`)
	case "DeleteArtifactSequence", "DeleteArtifactPortfolio":
		return data(`{}`)
	case "ArtifactCollectionAliases":
		if a.Variables["cursor"] == nil {
			return data(`{"artifactCollection":{"aliases":{"pageInfo":{"endCursor":"x","hasNextPage":true},"edges":[{"node":{"alias":"latest"}},null]}}}`)
		}
		return data(`{"artifactCollection":{"aliases":{"pageInfo":{"endCursor":"y","hasNextPage":false},"edges":[{"node":{"alias":"best"}}]}}}`)
	}
	return reply(500, a.OperationName), nil
}

// sent are the operations since the last call.
func (s *collectionServer) sent() []string {
	names := s.operations()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = nil
	return names
}

func (s *collectionServer) check(t *testing.T, what string, want ...string) {
	t.Helper()
	if got := s.sent(); !slices.Equal(got, want) {
		t.Errorf("%s: sent %v, want %v", what, got, want)
	}
}

// TestCollectionSave: only what changed is sent, the tags under the new name.
func TestCollectionSave(t *testing.T) {
	ctx := t.Context()
	const load, update, move, add, remove = "ProjectArtifactCollection", "UpdateArtifactSequence", "UpdateArtifactSequenceType", "AddArtifactCollectionTags", "DeleteArtifactCollectionTags"
	s := newCollectionServer("ArtifactSequence")
	c := newClient(t, s)
	a := c.ArtifactCollection("team", "vision", "model", "detector")
	save := func(what string, want ...string) {
		t.Helper()
		if err := a.Save(ctx); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if a.Changed() {
			t.Errorf("%s: still changed", what)
		}
		s.check(t, what, want...)
	}
	save("nothing")
	a.SetDescription("new")
	if d, err := a.Description(ctx); err != nil || *d != "new" || !a.Changed() {
		t.Errorf("before saving: %v, %v", d, err)
	}
	save("description", load, update)
	save("nothing again")
	a.SetDescription("new")
	save("the same description")
	must(t, a.SetName("finder"))
	if a.Name() != "finder" || a.Path() != "team/vision/detector" {
		t.Errorf("before saving: %q at %q", a.Name(), a.Path())
	}
	must(t, a.SetTags([]string{"b", "c", "c"}))
	save("name and tags", update, add, remove)
	if a.Path() != "team/vision/finder" || !slices.Equal(s.tags, []string{"b", "c"}) {
		t.Errorf("after saving: %q, %v", a.Path(), s.tags)
	}
	must(t, a.SetTags([]string{"c", "b"}))
	save("the same tags in another order")
	must(t, a.SetTags(nil))
	save("no tags", remove)
	must(t, a.SetType("dataset"))
	save("type", move)
	must(t, a.SetType("model"))
	must(t, a.SetName("detector"))
	a.SetDescription("")
	must(t, a.SetTags([]string{"x"}))
	save("everything", update, move, add)
	attrs, err := a.Attrs(ctx)
	if err != nil || attrs.Name != "detector" || attrs.Type != "model" || *attrs.Description != "" || !slices.Equal(attrs.Tags, []string{"x"}) {
		t.Errorf("got %+v, %v", attrs, err)
	}
	must(t, a.Load(ctx))
	fresh, err := a.Attrs(ctx)
	if err != nil || !reflect.DeepEqual(fresh, attrs) {
		t.Errorf("loaded %+v, %v; had %+v", fresh, err, attrs)
	}
	s.sent()
	many := []string{"x"}
	for i := range 45 {
		many = append(many, fmt.Sprint("tag-", i))
	}
	must(t, a.SetTags(many))
	save("more tags than one call takes", add, add, add)
	if !slices.Equal(s.tags, many) {
		t.Errorf("tags %v", s.tags)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// TestCollectionSaveInPart: what was saved before a failure is not sent again.
func TestCollectionSaveInPart(t *testing.T) {
	ctx := t.Context()
	s := newCollectionServer("ArtifactSequence")
	a := newClient(t, s).ArtifactCollection("team", "vision", "model", "detector")
	must(t, a.SetName("finder"))
	must(t, a.SetType("dataset"))
	must(t, a.SetTags([]string{"c"}))
	s.fail = "DeleteArtifactCollectionTags"
	err := a.Save(ctx)
	if !errors.Is(err, ErrConflict) || !strings.Contains(err.Error(), "the name and description, the type, the new tags were saved, the removed tags not: refused") {
		t.Errorf("got %v", err)
	}
	if !a.Changed() || a.Path() != "team/vision/finder" {
		t.Errorf("changed %v, path %q", a.Changed(), a.Path())
	}
	s.sent()
	s.fail = ""
	must(t, a.Save(ctx))
	s.check(t, "again", "DeleteArtifactCollectionTags")
	if !slices.Equal(s.tags, []string{"c"}) || a.Changed() {
		t.Errorf("tags %v, changed %v", s.tags, a.Changed())
	}
}

// TestCollectionRules: what can never be saved is refused before anything is sent.
func TestCollectionRules(t *testing.T) {
	ctx := t.Context()
	s := newCollectionServer("ArtifactPortfolio")
	a := newClient(t, s).ArtifactCollection("team", "vision", "", "detector")
	for name, err := range map[string]error{
		"no name":       a.SetName(""),
		"slash":         a.SetName("a/b"),
		"long name":     a.SetName(strings.Repeat("ä", 129)),
		"tag":           a.SetTags([]string{"ok", "not ok!"}),
		"blank tag":     a.SetTags([]string{" x"}),
		"long tag":      a.SetTags([]string{strings.Repeat("x", 129)}),
		"no type":       a.SetType(""),
		"slash in type": a.SetType("a/b"),
		"job":           a.SetType("job"),
		"wandb type":    a.SetType("wandb-history"),
	} {
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if a.Changed() {
		t.Error("what was refused is set")
	}
	s.check(t, "setters")
	must(t, a.SetType("dataset")) // not known yet to be a portfolio
	must(t, a.SetName("x"))
	if err := a.Save(ctx); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "only sequences") {
		t.Errorf("moving a portfolio: %v", err)
	}
	s.check(t, "moving a portfolio", "ProjectArtifactCollection")
	if err := a.SetType("other"); !errors.Is(err, ErrInvalid) {
		t.Errorf("known to be a portfolio: %v", err)
	}
	if err := a.ChangeType(ctx, "dataset"); !errors.Is(err, ErrInvalid) {
		t.Errorf("ChangeType of a portfolio: %v", err)
	}
	s.check(t, "refused")

	s = newCollectionServer("ArtifactSequence")
	s.name, s.typeName = "source-x", "code"
	a = newClient(t, s).ArtifactCollection("team", "vision", "code", "source-x")
	must(t, a.SetType("model"))
	if err := a.Save(ctx); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), `"code" is internal`) {
		t.Errorf("leaving an internal type: %v", err)
	}
	s.check(t, "leaving an internal type", "ProjectArtifactCollection")
}

func TestCollectionPortfolio(t *testing.T) {
	ctx := t.Context()
	s := newCollectionServer("ArtifactPortfolio")
	a := newClient(t, s).ArtifactCollection("team", "vision", "model", "detector")
	if is, err := a.IsSequence(ctx); is || err != nil {
		t.Errorf("IsSequence: %v, %v", is, err)
	}
	a.SetDescription("new")
	must(t, a.Save(ctx))
	must(t, a.Delete(ctx))
	s.check(t, "portfolio", "ProjectArtifactCollection", "UpdateArtifactPortfolio", "DeleteArtifactPortfolio")
}

func TestCollectionChangeType(t *testing.T) {
	ctx := t.Context()
	s := newCollectionServer("ArtifactSequence")
	a := newClient(t, s).ArtifactCollection("team", "vision", "model", "detector")
	a.SetDescription("unsaved")
	must(t, a.ChangeType(ctx, "dataset"))
	s.check(t, "change", "ProjectArtifactCollection", "UpdateArtifactSequenceType")
	if typ, err := a.Type(ctx); typ != "dataset" || err != nil || !a.Changed() || s.description != "old" {
		t.Errorf("type %q, %v; changed %v; description %q", typ, err, a.Changed(), s.description)
	}
}

func TestCollectionLoadsOnce(t *testing.T) {
	ctx := t.Context()
	s := newCollectionServer("ArtifactSequence")
	a := newClient(t, s).ArtifactCollection("team", "vision", "model", "detector")
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if id, err := a.ID(ctx); id != "Q29sbDox" || err != nil {
				t.Errorf("id %q, %v", id, err)
			}
			if at, err := a.CreatedAt(ctx); at.Year() != 2026 || err != nil {
				t.Errorf("created %v, %v", at, err)
			}
			if at, err := a.UpdatedAt(ctx); err != nil || at.Month() != 2 {
				t.Errorf("updated %v, %v", at, err)
			}
			if got, err := a.Aliases(ctx); !slices.Equal(got, []string{"latest", "best"}) || err != nil {
				t.Errorf("aliases %v, %v", got, err)
			}
		})
	}
	wg.Wait()
	s.check(t, "many at once", "ProjectArtifactCollection", "ArtifactCollectionAliases", "ArtifactCollectionAliases")
	// What is handed out is the caller's own.
	tags, _ := a.Tags(ctx)
	tags[0] = "mine"
	if again, _ := a.Tags(ctx); again[0] != "a" {
		t.Errorf("tags %v", again)
	}
	s.check(t, "getters")
}

// TestCollectionConcurrentChanges: Saves and setters at once leave what was set last.
func TestCollectionConcurrentChanges(t *testing.T) {
	ctx := t.Context()
	s := newCollectionServer("ArtifactSequence")
	var mu sync.Mutex // the fake holds no lock while it answers
	answer := s.answer
	s.answer = func(a asked) (*http.Response, error) { mu.Lock(); defer mu.Unlock(); return answer(a) }
	a := newClient(t, s).ArtifactCollection("team", "vision", "model", "detector")
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			a.SetDescription(fmt.Sprint("text ", i))
			must(t, a.SetTags([]string{fmt.Sprint("tag ", i)}))
			must(t, a.Save(ctx))
		})
	}
	wg.Wait()
	must(t, a.Save(ctx))
	attrs, err := a.Attrs(ctx)
	if err != nil || *attrs.Description != s.description || !slices.Equal(attrs.Tags, s.tags) || len(s.tags) != 1 || a.Changed() {
		t.Errorf("here %+v, %v; there %q %v", attrs, err, s.description, s.tags)
	}
}

// TestCollectionsForNobody: a collection in a project that the viewer may not
// see is left out of a list, and an answer that makes no sense is an error.
func TestCollectionAnswers(t *testing.T) {
	ctx := t.Context()
	list := func(node string) ([]*ArtifactCollection, error) {
		c := newClient(t, answering(200, `{"data":{"project":{"artifactType":{"artifactCollections":{"pageInfo":{"hasNextPage":false},"edges":[{"node":null},{"node":`+node+`}]}}}}}`))
		items, _, err := c.ArtifactCollections("e", "p", "t", nil).Page(ctx)
		return items, err
	}
	good := collectionAnswer("ArtifactSequence", "n", "t", "d")
	if got, err := list(good); err != nil || len(got) != 1 || got[0].Name() != "n" {
		t.Errorf("good: %v, %v", got, err)
	}
	if got, err := list(strings.Replace(good, `"project":{"entity":{"name":"team"},"name":"vision"}`, `"project":null`, 1)); err != nil || len(got) != 0 {
		t.Errorf("no project: %v, %v", got, err)
	}
	for name, bad := range map[string]string{
		"kind": strings.Replace(good, "ArtifactSequence", "ArtifactHeap", 1),
		"time": strings.Replace(good, "2026-01-02", "yesterday", 1),
	} {
		if _, err := list(bad); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
