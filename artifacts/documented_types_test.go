package artifacts_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts"
)

// The tests of the documented classes: the real wandb package wrote the data,
// our client reads it, and what the package says about the same data is what
// ours must say. One test per member; what a member changes is read back with
// the package.

// all collects a list, which must not fail.
func all[T any](t *testing.T, p *artifacts.Pager[T]) []T {
	t.Helper()
	var out []T
	for v, err := range p.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// value unwraps a getter, which must not fail. The errors of getters are
// tested where they are made.
func value[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func same[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func sameSet(t *testing.T, what string, got, want []string) {
	t.Helper()
	if got, want := slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want)); !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func TestClient_Viewer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v := value[artifacts.Viewer](t)(w.client.Viewer(t.Context()))
		want := wandb[[2]string](t, w, `result = [api.viewer.username, api.default_entity]`, nil)
		same(t, "username", v.Username, want[0])
		same(t, "entity", v.Entity, want[1])
		same(t, "default entity", value[string](t)(w.client.DefaultEntity(t.Context())), w.entity)
	})
}

func TestClient_Viewer_WrongKey(t *testing.T) {
	registry := house.open(t)
	c, err := artifacts.New(artifacts.Config{BaseURL: registry.URL, APIKey: strings.Repeat("x", 40)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Viewer(t.Context()); !errors.Is(err, artifacts.ErrUnauthenticated) {
		t.Errorf("got %v", err)
	}
}

func TestClient_ServerFeatures(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		f := value[artifacts.Features](t)(w.client.ServerFeatures(t.Context()))
		for _, name := range []string{"ARTIFACT_COLLECTIONS_FILTERING_SORTING", "TOTAL_COUNT_IN_FILE_CONNECTION", "ARTIFACT_TAGS"} {
			if !f.Has(name) {
				t.Errorf("no %s", name)
			}
		}
	})
}

func TestArtifactTypes_All(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var got []string
		for _, typ := range all(t, w.client.ArtifactTypes(w.entity, w.project, nil).Pager) {
			got = append(got, typ.Name())
		}
		sameSet(t, "types", got, wandb[[]string](t, w, `result = [t.name for t in api.artifact_types(f"{entity}/{project}")]`, nil))
		if !slices.Contains(got, "dataset") || !slices.Contains(got, "model") {
			t.Errorf("got %v", got)
		}
	})
}

func TestArtifactTypes_Length(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		l := w.client.ArtifactTypes(w.entity, w.project, nil)
		same(t, "length", value[int](t)(l.Len(t.Context())), len(all(t, l.Pager)))
	})
}

func TestArtifactTypes_PerPage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		one := w.client.ArtifactTypes(w.entity, w.project, &artifacts.TypesOptions{PerPage: 1})
		first, info, err := one.Page(t.Context())
		if err != nil || len(first) != 1 || !info.HasNextPage {
			t.Fatalf("got %v, %+v, %v", first, info, err)
		}
		rest := all(t, w.client.ArtifactTypes(w.entity, w.project, &artifacts.TypesOptions{After: one.Cursor()}).Pager)
		same(t, "one page and the rest", 1+len(rest), value[int](t)(one.Len(t.Context())))
	})
}

func TestArtifactTypes_MissingProject(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, err := range w.client.ArtifactTypes(w.entity, "no-such-project", nil).All(t.Context()) {
			if !errors.Is(err, artifacts.ErrNotFound) || !strings.Contains(err.Error(), "no-such-project") {
				t.Errorf("got %v", err)
			}
		}
		_, err := w.client.ArtifactTypes("no-such-entity", w.project, nil).Len(t.Context())
		if !errors.Is(err, artifacts.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

// TestArtifactType_Arguments: client, entity, project, type_name and attrs.
func TestArtifactType_Arguments(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		attrs := &artifacts.ArtifactTypeAttrs{ID: "given", Name: "dataset"}
		typ := artifacts.NewArtifactType(w.client, w.entity, w.project, "dataset", attrs)
		same(t, "client", typ.Client(), w.client)
		same(t, "entity", typ.Entity(), w.entity)
		same(t, "project", typ.Project(), w.project)
		same(t, "type_name", typ.Name(), "dataset")
		same(t, "attrs", value[string](t)(typ.ID(t.Context())), "given")
		if err := typ.Load(t.Context()); err != nil || value[string](t)(typ.ID(t.Context())) == "given" {
			t.Errorf("Load: %v", err)
		}
	})
}

func TestArtifactType_ID(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		got := value[string](t)(w.client.ArtifactType(w.entity, w.project, "model").ID(t.Context()))
		same(t, "id", got, wandb[string](t, w, `result = api.artifact_type("model", f"{entity}/{project}").id`, nil))
	})
}

func TestArtifactType_Name(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		typ := w.client.ArtifactType(w.entity, w.project, "model")
		same(t, "name", typ.Name(), wandb[string](t, w, `result = api.artifact_type("model", f"{entity}/{project}").name`, nil))
		attrs, err := typ.Attrs(t.Context())
		if err != nil || attrs.Name != "model" || attrs.CreatedAt.IsZero() {
			t.Errorf("got %+v, %v", attrs, err)
		}
		_, err = w.client.ArtifactType(w.entity, w.project, "modle").ID(t.Context())
		if !errors.Is(err, artifacts.ErrNotFound) || !strings.Contains(err.Error(), `no artifact type "modle"`) {
			t.Errorf("misspelt: %v", err)
		}
	})
}

func TestArtifactType_Collection(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		got := w.client.ArtifactType(w.entity, w.project, "dataset").Collection("faces")
		same(t, "id", value[string](t)(got.ID(t.Context())),
			wandb[string](t, w, `result = api.artifact_type("dataset", f"{entity}/{project}").collection("faces").id`, nil))
	})
}

func TestArtifactType_Collections(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, perPage := range []int{50, 1} {
			var got []string
			l := w.client.ArtifactType(w.entity, w.project, "model").Collections(&artifacts.CollectionsOptions{PerPage: perPage})
			for _, c := range all(t, l.Pager) {
				got = append(got, c.Name())
			}
			want := wandb[[]string](t, w, `result = [c.name for c in api.artifact_type("model", f"{entity}/{project}").collections(per_page=per_page)]`, map[string]any{"per_page": perPage})
			if !slices.Equal(got, want) {
				t.Errorf("%d per page: got %v, want %v", perPage, got, want)
			}
		}
		same(t, "default", w.client.ArtifactType(w.entity, w.project, "model").Collections(nil).PerPage(), 50)
	})
}

func TestArtifactCollections_All(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, typeName := range []string{"dataset", "model"} {
			var got []string
			for _, c := range all(t, w.client.ArtifactCollections(w.entity, w.project, typeName, nil).Pager) {
				got = append(got, c.Name())
			}
			want := wandb[[]string](t, w, `result = [c.name for c in api.artifact_collections(f"{entity}/{project}", typ)]`, map[string]any{"typ": typeName})
			if !slices.Equal(got, want) {
				t.Errorf("%s: got %v, want %v", typeName, got, want)
			}
		}
		var kinds []string
		for _, c := range all(t, w.client.ArtifactCollections(w.entity, w.project, "", nil).Pager) {
			attrs, err := c.Attrs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			kinds = append(kinds, attrs.Name+" "+attrs.Type+" "+string(attrs.Kind))
		}
		for _, want := range []string{"faces dataset SEQUENCE", "detector model SEQUENCE", "production model PORTFOLIO"} {
			if !slices.Contains(kinds, want) {
				t.Errorf("no %q among %q", want, kinds)
			}
		}
	})
}

func TestArtifactCollections_Length(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		got := value[int](t)(w.client.ArtifactCollections(w.entity, w.project, "model", nil).Len(t.Context()))
		same(t, "length", got, wandb[int](t, w, `result = len(api.artifact_collections(f"{entity}/{project}", "model"))`, nil))
		l := w.client.ArtifactCollections(w.entity, w.project, "", nil)
		same(t, "of all types", value[int](t)(l.Len(t.Context())), len(all(t, l.Pager)))
	})
}

func TestArtifactCollections_Filters(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		l := w.client.ArtifactCollections(w.entity, w.project, "dataset", &artifacts.CollectionsOptions{Filters: map[string]any{"name": "words"}})
		got := all(t, l.Pager)
		if len(got) != 1 || got[0].Name() != "words" {
			t.Errorf("got %v", got)
		}
		same(t, "length", value[int](t)(l.Len(t.Context())), 1)
	})
}

func TestArtifactCollections_Order(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for order, sign := range map[string]int{"name": 1, "+name": 1, "-name": -1} {
			var got []string
			for _, c := range all(t, w.client.ArtifactCollections(w.entity, w.project, "", &artifacts.CollectionsOptions{Order: order, PerPage: 2}).Pager) {
				got = append(got, c.Name())
			}
			if !slices.IsSortedFunc(got, func(a, b string) int { return sign * strings.Compare(a, b) }) || len(got) < 4 {
				t.Errorf("%s: got %v", order, got)
			}
		}
	})
}
