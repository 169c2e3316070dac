package artifacts_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

// fresh has the wandb package log a collection for one test to change.
func fresh(t *testing.T, w *world, typeName string) *artifacts.ArtifactCollection {
	t.Helper()
	name := strings.NewReplacer("/", "-", "_", "-").Replace(strings.ToLower(t.Name()))
	wandb[any](t, w, `put(name, typ, {"f.txt": name})`, map[string]any{"name": name, "typ": typeName})
	return w.client.ArtifactCollection(w.entity, w.project, typeName, name)
}

// ofWandb asks the wandb package for something of a collection, afresh.
func ofWandb[T any](t *testing.T, w *world, typeName, name, expression string) T {
	t.Helper()
	return wandb[T](t, w, `c = collection(name, typ); result = `+expression, map[string]any{"name": name, "typ": typeName})
}

func save(t *testing.T, c *artifacts.ArtifactCollection) {
	t.Helper()
	if err := c.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestArtifactCollection_Arguments: entity, project, name, type, organization
// and attrs.
func TestArtifactCollection_Arguments(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := artifacts.NewArtifactCollection(w.client, w.entity, w.project, "faces", "dataset", "our-org", nil)
		same(t, "client", c.Client(), w.client)
		same(t, "entity", c.Entity(), w.entity)
		same(t, "project", c.Project(), w.project)
		same(t, "name", c.Name(), "faces")
		same(t, "type", value[string](t)(c.Type(t.Context())), "dataset")
		same(t, "organization", c.Organization(), "our-org")
		attrs, err := c.Attrs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		attrs.ID = "given"
		given := artifacts.NewArtifactCollection(w.client, w.entity, w.project, "faces", "dataset", "", &attrs)
		same(t, "attrs", value[string](t)(given.ID(t.Context())), "given")
	})
}

func TestArtifactCollection_ID(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.client.ArtifactCollection(w.entity, w.project, "dataset", "faces")
		same(t, "id", value[string](t)(c.ID(t.Context())), ofWandb[string](t, w, "dataset", "faces", "c.id"))
		untyped := w.client.ArtifactCollection(w.entity, w.project, "", "faces")
		same(t, "without its type", value[string](t)(untyped.ID(t.Context())), value[string](t)(c.ID(t.Context())))
		for _, wrong := range []*artifacts.ArtifactCollection{
			w.client.ArtifactCollection(w.entity, w.project, "dataset", "no-such"),
			w.client.ArtifactCollection(w.entity, w.project, "model", "faces"),
			w.client.ArtifactCollection(w.entity, w.project, "", "no-such"),
		} {
			if _, err := wrong.ID(t.Context()); !errors.Is(err, artifacts.ErrNotFound) {
				t.Errorf("%s: %v", wrong, err)
			}
		}
	})
}

func TestArtifactCollection_Aliases(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, typeName := range map[string]string{"faces": "dataset", "production": "model"} {
			got := value[[]string](t)(w.client.ArtifactCollection(w.entity, w.project, typeName, name).Aliases(t.Context()))
			sameSet(t, name, got, ofWandb[[]string](t, w, typeName, name, "c.aliases"))
		}
		faces := value[[]string](t)(w.client.ArtifactCollection(w.entity, w.project, "dataset", "faces").Aliases(t.Context()))
		for _, want := range []string{"latest", "reviewed", "big"} {
			if !slices.Contains(faces, want) {
				t.Errorf("no %s among %v", want, faces)
			}
		}
	})
}

func TestArtifactCollection_CreatedAt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		got := value[time.Time](t)(w.client.ArtifactCollection(w.entity, w.project, "dataset", "faces").CreatedAt(t.Context()))
		want, err := time.Parse(time.RFC3339, ofWandb[string](t, w, "dataset", "faces", "c.created_at"))
		if err != nil || !got.Equal(want) || time.Since(got) > time.Hour {
			t.Errorf("got %v, want %v (%v)", got, want, err)
		}
	})
}

func TestArtifactCollection_UpdatedAt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := fresh(t, w, "dataset")
		c.SetDescription("now")
		save(t, c)
		got := value[*time.Time](t)(c.UpdatedAt(t.Context()))
		if got == nil || time.Since(*got) > time.Minute {
			t.Errorf("got %v", got)
		}
	})
}

func TestArtifactCollection_Description(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := fresh(t, w, "dataset")
		ofWandb[any](t, w, "dataset", c.Name(), `None
c.description = "by the package"
c.save()`)
		same(t, "read", *value[*string](t)(c.Description(t.Context())), "by the package")
		c.SetDescription("by us: ä \"quoted\"\nsecond line")
		same(t, "unsaved", ofWandb[string](t, w, "dataset", c.Name(), "c.description"), "by the package")
		save(t, c)
		same(t, "saved", ofWandb[string](t, w, "dataset", c.Name(), "c.description"), "by us: ä \"quoted\"\nsecond line")
		c.SetDescription("")
		save(t, c)
		same(t, "emptied", text(ofWandb[*string](t, w, "dataset", c.Name(), "c.description")), "")
	})
}

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

func TestArtifactCollection_Name(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := fresh(t, w, "dataset")
		old := c.Name()
		if err := c.SetName(old + "-renamed"); err != nil {
			t.Fatal(err)
		}
		save(t, c)
		same(t, "name", ofWandb[string](t, w, "dataset", old+"-renamed", "c.name"), old+"-renamed")
		same(t, "the old name", wandb[bool](t, w, `result = api.artifact_collection_exists(f"{entity}/{project}/{name}", "dataset")`, map[string]any{"name": old}), false)
		if got := all(t, c.Artifacts(nil).Pager); len(got) != 1 || got[0].Name() != old+"-renamed:v0" {
			t.Errorf("its versions: %v", got)
		}
		// A name that is taken.
		if err := c.SetName("faces"); err != nil {
			t.Fatal(err)
		}
		if err := c.Save(t.Context()); !errors.Is(err, artifacts.ErrConflict) {
			t.Errorf("a taken name: %v", err)
		}
	})
}

func TestArtifactCollection_Tags(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := fresh(t, w, "dataset")
		ofWandb[any](t, w, "dataset", c.Name(), `None
c.tags = ["raw", "to do"]
c.save()`)
		sameSet(t, "read", value[[]string](t)(c.Tags(t.Context())), []string{"raw", "to do"})
		if err := c.SetTags([]string{"raw", "done", "größe_1"}); err != nil {
			t.Fatal(err)
		}
		save(t, c)
		sameSet(t, "saved", ofWandb[[]string](t, w, "dataset", c.Name(), "c.tags"), []string{"raw", "done", "größe_1"})
		// Renamed and tagged in one Save: the tags go to the new name.
		if err := errors.Join(c.SetName(c.Name()+"-2"), c.SetTags([]string{"new"})); err != nil {
			t.Fatal(err)
		}
		save(t, c)
		sameSet(t, "renamed", ofWandb[[]string](t, w, "dataset", c.Name(), "c.tags"), []string{"new"})
		if err := c.SetTags(nil); err != nil {
			t.Fatal(err)
		}
		save(t, c)
		sameSet(t, "none", ofWandb[[]string](t, w, "dataset", c.Name(), "c.tags"), nil)
	})
}

func TestArtifactCollection_Type(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := fresh(t, w, "dataset")
		if err := c.SetType("table"); err != nil {
			t.Fatal(err)
		}
		save(t, c)
		same(t, "type", ofWandb[string](t, w, "table", c.Name(), "c.type"), "table")
		same(t, "of its version", wandb[string](t, w, `result = api.artifact(f"{entity}/{project}/{name}:v0").type`, map[string]any{"name": c.Name()}), "table")
		same(t, "under the old type", wandb[bool](t, w, `result = api.artifact_collection_exists(f"{entity}/{project}/{name}", "dataset")`, map[string]any{"name": c.Name()}), false)
		if got := all(t, c.Artifacts(nil).Pager); len(got) != 1 || got[0].Type != "table" {
			t.Errorf("its versions: %v", got)
		}
	})
}

func TestArtifactCollection_Artifacts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, typeName := range map[string]string{"faces": "dataset", "production": "model"} {
			for _, perPage := range []int{50, 2, 1} {
				var got []string
				for _, v := range all(t, w.client.ArtifactCollection(w.entity, w.project, typeName, name).Artifacts(&artifacts.ArtifactsOptions{PerPage: perPage}).Pager) {
					got = append(got, v.QualifiedName())
				}
				want := ofWandb[[]string](t, w, typeName, name, fmt.Sprintf("[a.qualified_name for a in c.artifacts(per_page=%d)]", perPage))
				if !slices.Equal(got, want) || len(got) == 0 {
					t.Errorf("%s by %d: got %v, want %v", name, perPage, got, want)
				}
			}
		}
		same(t, "default", w.client.ArtifactCollection(w.entity, w.project, "dataset", "faces").Artifacts(nil).PerPage(), 50)
	})
}

func TestArtifactCollection_ChangeType(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := fresh(t, w, "dataset")
		c.SetDescription("not to be saved")
		if err := c.ChangeType(t.Context(), "moved"); err != nil {
			t.Fatal(err)
		}
		same(t, "type", ofWandb[string](t, w, "moved", c.Name(), "c.type"), "moved")
		same(t, "description", text(ofWandb[*string](t, w, "moved", c.Name(), "c.description")), "")
		portfolio := w.client.ArtifactCollection(w.entity, w.project, "model", "production")
		if err := portfolio.ChangeType(t.Context(), "moved"); !errors.Is(err, artifacts.ErrInvalid) {
			t.Errorf("a portfolio: %v", err)
		}
	})
}

func TestArtifactCollection_Delete(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		sequence := fresh(t, w, "dataset")
		wandb[any](t, w, `
run.link_artifact(api.artifact(f"{entity}/{project}/{name}:v0"), f"{entity}/{project}/{name}-links")
`, map[string]any{"name": sequence.Name()})
		portfolio := w.client.ArtifactCollection(w.entity, w.project, "dataset", sequence.Name()+"-links")
		exists := func(c *artifacts.ArtifactCollection) bool {
			return wandb[bool](t, w, `result = api.artifact_collection_exists(f"{entity}/{project}/{name}", "dataset")`, map[string]any{"name": c.Name()})
		}
		same(t, "portfolio before", exists(portfolio), true)
		if err := portfolio.Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
		same(t, "portfolio after", exists(portfolio), false)
		same(t, "sequence before", exists(sequence), true)
		version := value[*artifacts.Artifact](t)(w.client.Artifact(t.Context(), sequence.Path()+":v0"))
		if err := sequence.Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
		same(t, "sequence after", exists(sequence), false)
		_, err := w.client.Artifact(t.Context(), version.QualifiedName())
		if !errors.Is(err, artifacts.ErrNotFound) {
			t.Errorf("its version: %v", err)
		}
		if err := sequence.Load(t.Context()); !errors.Is(err, artifacts.ErrNotFound) {
			t.Errorf("loading it: %v", err)
		}
	})
}

func TestArtifactCollection_IsSequence(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, want := range map[string]bool{"detector": true, "production": false} {
			got := value[bool](t)(w.client.ArtifactCollection(w.entity, w.project, "model", name).IsSequence(t.Context()))
			same(t, name, got, want)
			same(t, name, got, ofWandb[bool](t, w, "model", name, "c.is_sequence()"))
		}
	})
}

// TestArtifactCollection_Save changes everything at once, of a portfolio too,
// and looks at the requests: only what changed is sent.
func TestArtifactCollection_Save(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := fresh(t, w, "dataset")
		if _, err := c.ID(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.operations()
		save(t, c)
		same(t, "requests for nothing", len(w.operations()), 0)
		c.SetDescription("all at once")
		if err := errors.Join(c.SetName(c.Name()+"-new"), c.SetType("table"), c.SetTags([]string{"one", "two"})); err != nil {
			t.Fatal(err)
		}
		save(t, c)
		sent := w.operations()
		if want := []string{"UpdateArtifactSequence", "UpdateArtifactSequenceType", "AddArtifactCollectionTags"}; !slices.Equal(sent, want) {
			t.Errorf("sent %v, want %v", sent, want)
		}
		got := ofWandb[[]any](t, w, "table", c.Name(), "[c.name, c.type, c.description, sorted(c.tags)]")
		same(t, "read back", fmt.Sprint(got), fmt.Sprint([]any{c.Name(), "table", "all at once", []any{"one", "two"}}))

		wandb[any](t, w, `run.link_artifact(api.artifact(f"{entity}/{project}/words:v0"), f"{entity}/{project}/{name}-links")`, map[string]any{"name": c.Name()})
		p := w.client.ArtifactCollection(w.entity, w.project, "dataset", c.Name()+"-links")
		p.SetDescription("a portfolio")
		if err := errors.Join(p.SetName(p.Name()+"-new"), p.SetTags([]string{"three"})); err != nil {
			t.Fatal(err)
		}
		save(t, p)
		got = ofWandb[[]any](t, w, "dataset", p.Name(), "[c.name, c.description, c.tags, c.is_sequence()]")
		same(t, "portfolio read back", fmt.Sprint(got), fmt.Sprint([]any{p.Name(), "a portfolio", []any{"three"}, false}))
		if err := p.SetType("table"); !errors.Is(err, artifacts.ErrInvalid) {
			t.Errorf("type of a portfolio: %v", err)
		}
	})
}

// TestArtifactCollection_Denied: what belongs to another is not changed, and
// the error says so.
func TestArtifactCollection_Denied(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		registry := house.open(t)
		key := registry.AddUser(t, "stranger-"+strings.ReplaceAll(w.version, ".", "-"))
		c, err := artifacts.New(artifacts.Config{BaseURL: registry.URL, APIKey: key})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		faces := c.ArtifactCollection(w.entity, w.project, "dataset", "faces")
		faces.SetDescription("mine")
		err = errors.Join(faces.Save(t.Context()))
		if !errors.Is(err, artifacts.ErrDenied) && !errors.Is(err, artifacts.ErrNotFound) {
			t.Errorf("got %v", err)
		}
		if got := text(ofWandb[*string](t, w, "dataset", "faces", "c.description")); got == "mine" {
			t.Error("it was changed")
		}
	})
}
