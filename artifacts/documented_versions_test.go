package artifacts_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

func (w *world) faces(opts *artifacts.ArtifactsOptions) *artifacts.Artifacts {
	return w.client.Artifacts(w.entity, w.project, "dataset", "faces", opts)
}

func names(list []*artifacts.Artifact) []string {
	out := []string{}
	for _, a := range list {
		out = append(out, a.Name())
	}
	return out
}

func TestArtifacts_CollectionName(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		l := w.faces(nil)
		same(t, "collection_name", l.CollectionName(), "faces")
		same(t, "entity", l.Entity(), w.entity)
		same(t, "project", l.Project(), w.project)
		for _, a := range all(t, l.Pager) {
			same(t, "collection", a.Collection, "faces")
		}
		_, err := w.client.Artifacts(w.entity, w.project, "dataset", "no-such", nil).Len(t.Context())
		if !errors.Is(err, artifacts.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

func TestArtifacts_Type(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		same(t, "type", w.faces(nil).Type(), "dataset")
		for _, a := range all(t, w.client.Artifacts(w.entity, w.project, "", "faces", nil).Pager) {
			same(t, "type", a.Type, "dataset")
		}
		_, _, err := w.client.Artifacts(w.entity, w.project, "no-such", "faces", nil).Page(t.Context())
		if !errors.Is(err, artifacts.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

func TestArtifacts_Filters(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		same(t, "default", fmt.Sprint(w.faces(nil).Filters()), "map[state:COMMITTED]")
		for what, filters := range map[string]map[string]any{
			"faces:v1":          {"versionIndex": 1},
			"faces:v0":          {"description": "faces, small"},
			"faces:v2 faces:v1": {"versionIndex": map[string]any{"$gte": 1}},
			"":                  {"state": "DELETED"},
		} {
			l := w.faces(&artifacts.ArtifactsOptions{Filters: filters})
			same(t, fmt.Sprint(filters), strings.Join(names(all(t, l.Pager)), " "), what)
			same(t, fmt.Sprint(filters, " length"), value[int](t)(w.faces(&artifacts.ArtifactsOptions{Filters: filters}).Len(t.Context())), len(strings.Fields(what)))
		}
		_, _, err := w.faces(&artifacts.ArtifactsOptions{Filters: map[string]any{"$nonsense": []any{}}}).Page(t.Context())
		if !errors.Is(err, artifacts.ErrInvalid) {
			t.Errorf("nonsense: %v", err)
		}
	})
}

func TestArtifacts_Order(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for order, want := range map[string]string{
			"versionIndex":  "faces:v0 faces:v1 faces:v2",
			"+versionIndex": "faces:v0 faces:v1 faces:v2",
			"-versionIndex": "faces:v2 faces:v1 faces:v0",
			"createdAt":     "faces:v0 faces:v1 faces:v2",
			"":              "faces:v2 faces:v1 faces:v0",
		} {
			for _, perPage := range []int{50, 1} {
				got := names(all(t, w.faces(&artifacts.ArtifactsOptions{Order: order, PerPage: perPage}).Pager))
				same(t, order, strings.Join(got, " "), want)
				if order != "" {
					theirs := wandb[[]string](t, w, `result = [a.name for a in api.artifacts("dataset", f"{entity}/{project}/faces", order=order)]`, map[string]any{"order": order})
					same(t, order+" by the package", strings.Join(theirs, " "), want)
				}
			}
		}
	})
}

func TestArtifacts_PerPage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		registry := house.open(t)
		for perPage, requests := range map[int]int{0: 1, 1: 3, 2: 2, 3: 1, 1000: 1} {
			registry.ClearRequests()
			l := w.faces(&artifacts.ArtifactsOptions{PerPage: perPage})
			same(t, "items", len(all(t, l.Pager)), 3)
			same(t, fmt.Sprint("requests by ", perPage), len(registry.Requests()), requests)
		}
		same(t, "default", w.faces(nil).PerPage(), 50)
	})
}

func TestArtifacts_Tags(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, tt := range []struct {
			tags []string
			want string
		}{
			{[]string{"nightly"}, "faces:v2"},
			{[]string{"nightly", "large set"}, "faces:v2"},
			{[]string{"nightly", "other"}, ""},
		} {
			for _, perPage := range []int{50, 1} {
				l := w.faces(&artifacts.ArtifactsOptions{Tags: tt.tags, PerPage: perPage})
				same(t, fmt.Sprint(tt.tags), strings.Join(names(all(t, l.Pager)), " "), tt.want)
				same(t, fmt.Sprint(tt.tags, " length"), value[int](t)(l.Len(t.Context())), len(strings.Fields(tt.want)))
			}
			theirs := wandb[[]string](t, w, `result = [a.name for a in api.artifacts("dataset", f"{entity}/{project}/faces", tags=tags)]`, map[string]any{"tags": tt.tags})
			same(t, fmt.Sprint(tt.tags, " by the package"), strings.Join(theirs, " "), tt.want)
		}
	})
}

func TestArtifacts_Length(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		registry := house.open(t)
		registry.ClearRequests()
		l := w.faces(nil)
		same(t, "length", value[int](t)(l.Len(t.Context())), 3)
		sent := registry.Requests()
		if len(sent) != 1 || sent[0].Operation != "ProjectArtifactsTotal" {
			t.Errorf("sent %+v", sent)
		}
		same(t, "by the package", wandb[int](t, w, `result = len(api.artifacts("dataset", f"{entity}/{project}/faces"))`, nil), 3)
	})
}

// TestArtifacts_At is the package's indexing.
func TestArtifacts_At(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		l := w.faces(&artifacts.ArtifactsOptions{PerPage: 2})
		want := wandb[[]string](t, w, `l = api.artifacts("dataset", f"{entity}/{project}/faces", per_page=2); result = [l[2].name, l[0].name, l[1].name]`, nil)
		for n, i := range []int{2, 0, 1} {
			same(t, fmt.Sprint("item ", i), value[*artifacts.Artifact](t)(l.At(t.Context(), i)).Name(), want[n])
		}
		if _, err := l.At(t.Context(), 3); !errors.Is(err, artifacts.ErrNotFound) {
			t.Errorf("behind the end: %v", err)
		}
	})
}

// TestArtifacts_Cursor stops after a page and goes on with another list, and
// refuses the cursor of another collection.
func TestArtifacts_Cursor(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		l := w.faces(&artifacts.ArtifactsOptions{PerPage: 2})
		for range l.All(t.Context()) {
			break
		}
		rest := all(t, w.faces(&artifacts.ArtifactsOptions{After: l.Cursor()}).Pager)
		same(t, "the rest", strings.Join(names(rest), " "), "faces:v0")
		_, _, err := w.client.Artifacts(w.entity, w.project, "model", "detector", &artifacts.ArtifactsOptions{After: l.Cursor()}).Page(t.Context())
		if !errors.Is(err, artifacts.ErrInvalid) {
			t.Errorf("the cursor of another list: %v", err)
		}
		_, _, err = w.faces(&artifacts.ArtifactsOptions{After: "nonsense"}).Page(t.Context())
		if !errors.Is(err, artifacts.ErrInvalid) {
			t.Errorf("no cursor at all: %v", err)
		}
	})
}

func TestRunArtifacts_Logged(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, perPage := range []int{50, 2} {
			var got []string
			for _, a := range all(t, w.client.RunArtifacts(w.entity, w.project, w.written.Logger, artifacts.Logged, &artifacts.RunArtifactsOptions{PerPage: perPage}).Pager) {
				got = append(got, a.QualifiedName())
			}
			want := wandb[[]string](t, w, `result = [a.qualified_name for a in api.run(f"{entity}/{project}/{run_id}").logged_artifacts()]`, map[string]any{"run_id": w.written.Logger})
			if !slices.Equal(got, want) || len(got) < 6 {
				t.Errorf("got %v, want %v", got, want)
			}
		}
	})
}

func TestRunArtifacts_Used(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		got := names(all(t, w.client.RunArtifacts(w.entity, w.project, w.written.User, artifacts.Used, nil).Pager))
		sameSet(t, "used", got, []string{"faces:v1", "detector:v1"})
		sameSet(t, "by the package", got, wandb[[]string](t, w, `result = [a.name for a in api.run(f"{entity}/{project}/{run_id}").used_artifacts()]`, map[string]any{"run_id": w.written.User}))
	})
}

func TestRunArtifacts_Length(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for mode, run := range map[artifacts.RunArtifactsMode]string{artifacts.Logged: w.written.Logger, artifacts.Used: w.written.User} {
			l := w.client.RunArtifacts(w.entity, w.project, run, mode, nil)
			want := wandb[int](t, w, `r = api.run(f"{entity}/{project}/{run_id}"); result = len(r.logged_artifacts() if mode == "logged" else r.used_artifacts())`, map[string]any{"run_id": run, "mode": string(mode)})
			same(t, string(mode), value[int](t)(l.Len(t.Context())), want)
			same(t, string(mode)+" walked", len(all(t, l.Pager)), want)
			same(t, "mode", l.Mode(), mode)
			same(t, "run", l.Run(), run)
		}
		_, err := w.client.RunArtifacts(w.entity, w.project, "no-such-run", artifacts.Used, nil).Len(t.Context())
		if !errors.Is(err, artifacts.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

func TestArtifactFiles_All(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		big := value[*artifacts.Artifact](t)(w.client.Artifact(t.Context(), w.entity+"/"+w.project+"/faces:big"))
		for _, perPage := range []int{50, 7, 1000} {
			var got []string
			for _, f := range all(t, big.Files(&artifacts.FilesOptions{PerPage: perPage}).Pager) {
				got = append(got, f.Name)
			}
			want := wandb[[]string](t, w, `result = [f.name for f in api.artifact(f"{entity}/{project}/faces:big").files(per_page=n)]`, map[string]any{"n": perPage})
			if !slices.Equal(got, want) || len(got) != 60 {
				t.Errorf("by %d: got %v, want %v", perPage, got, want)
			}
		}
		named := all(t, big.Files(&artifacts.FilesOptions{Names: []string{"train/007.txt", "no-such"}}).Pager)
		if len(named) != 1 || named[0].Name != "train/007.txt" {
			t.Errorf("by name: %v", named)
		}
		linked := value[*artifacts.Artifact](t)(w.client.Artifact(t.Context(), w.entity+"/"+w.project+"/production:blessed"))
		if got := all(t, linked.Files(nil).Pager); len(got) != 1 || got[0].Name != "weights.bin" || got[0].Size != 10 {
			t.Errorf("through a portfolio: %v", got)
		}
	})
}

func TestArtifactFiles_Length(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		big := value[*artifacts.Artifact](t)(w.client.Artifact(t.Context(), w.entity+"/"+w.project+"/faces:big"))
		same(t, "length", value[int](t)(big.Files(nil).Len(t.Context())), 60)
		same(t, "by the package", wandb[int](t, w, `result = len(api.artifact(f"{entity}/{project}/faces:big").files())`, nil), 60)
		same(t, "by name", value[int](t)(big.Files(&artifacts.FilesOptions{Names: []string{"train/007.txt"}}).Len(t.Context())), 1)
	})
}

func TestArtifactFiles_Path(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		big := value[*artifacts.Artifact](t)(w.client.Artifact(t.Context(), w.entity+"/"+w.project+"/faces:v2"))
		want := wandb[[]string](t, w, `result = api.artifact(f"{entity}/{project}/faces:v2").files().path`, nil)
		if got := big.Files(nil).Path(); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// TestFile_Attributes: what a file says of itself is what the package says.
func TestFile_Attributes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v0 := value[*artifacts.Artifact](t)(w.client.Artifact(t.Context(), w.entity+"/"+w.project+"/faces:v0"))
		type file struct {
			Name   string `json:"name"`
			Size   int64  `json:"size"`
			MD5    string `json:"md5"`
			Path   string `json:"path"`
			Digest string `json:"digest"`
		}
		want := map[string]file{}
		for _, f := range wandb[[]file](t, w, `
a = api.artifact(f"{entity}/{project}/faces:v0")
result = [{"name": f.name, "size": f.size, "md5": f.md5, "path": f._attrs.get("storagePath"), "digest": a.manifest.entries[f.name].digest} for f in a.files()]`, nil) {
			want[f.Name] = f
		}
		got := all(t, v0.Files(nil).Pager)
		same(t, "number", len(got), 3)
		for _, f := range got {
			same(t, f.Name, file{f.Name, f.Size, f.MD5, f.StoragePath, f.Digest}, want[f.Name])
			if f.ID == "" || !strings.HasPrefix(f.DirectURL, "http") {
				t.Errorf("%s: id %q, url %q", f.Name, f.ID, f.DirectURL)
			}
		}
	})
}

// TestArtifact_Paths: every way to name a version finds it.
func TestArtifact_Paths(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, err := artifacts.New(artifacts.Config{BaseURL: house.open(t).URL, APIKey: house.open(t).Key, Project: w.project})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		v1 := value[*artifacts.Artifact](t)(c.Artifact(t.Context(), w.entity+"/"+w.project+"/faces:v1"))
		for path, want := range map[string]string{
			w.entity + "/" + w.project + "/faces:reviewed": "faces:v1",
			w.project + "/faces:v1":                        "faces:v1",
			"faces:v1":                                     "faces:v1",
			"faces":                                        "faces:v2",
			"faces:latest":                                 "faces:v2",
			"faces:big":                                    "faces:v2",
			v1.ID:                                          "faces:v1",
			"production":                                   "production:v0",
			"production:blessed":                           "production:v0",
			"detector:v0":                                  "detector:v0",
		} {
			got, err := c.Artifact(t.Context(), path)
			if err != nil || got.Name() != want {
				t.Errorf("%s: got %v, %v", path, got, err)
			}
		}
		for path, says := range map[string]string{
			"faces:v99":             `no version "v99"`,
			"faces:nobody":          `no version "nobody"`,
			"no-such:latest":        "no-such",
			"no-such-project/faces": "no-such-project",
			"QXJ0aWZhY3Q6OTk5OTk5":  "no version with this id",
		} {
			_, err := c.Artifact(t.Context(), path)
			if !errors.Is(err, artifacts.ErrNotFound) || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v", path, err)
			}
		}
	})
}

// TestArtifact_Attributes: what a version says of itself is what the package
// says, by name, in a list, by id, from a run, and through a portfolio.
func TestArtifact_Attributes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		prefix := w.entity + "/" + w.project + "/"
		inList := func(collection, typeName, version string) *artifacts.Artifact {
			for _, a := range all(t, w.client.Artifacts(w.entity, w.project, typeName, collection, nil).Pager) {
				if a.Version == version {
					return a
				}
			}
			t.Fatalf("no %s:%s", collection, version)
			return nil
		}
		for _, name := range []string{"faces:v0", "faces:v2", "detector:v0", "detector:v1", "production:v0"} {
			collection, version, _ := strings.Cut(name, ":")
			typeName := "model"
			if collection == "faces" {
				typeName = "dataset"
			}
			byName := value[*artifacts.Artifact](t)(w.client.Artifact(ctx, prefix+name))
			checkAgainstPackage(t, w, byName, name)
			listed := inList(collection, typeName, version)
			sameArtifact(t, "listed", listed, byName)
			if byName.IsLink() {
				continue
			}
			sameArtifact(t, "by id", value[*artifacts.Artifact](t)(w.client.ArtifactByID(ctx, byName.ID)), byName)
			for _, a := range all(t, w.client.RunArtifacts(w.entity, w.project, w.written.Logger, artifacts.Logged, nil).Pager) {
				if a.ID == byName.ID {
					sameArtifact(t, "from its run", a, byName)
				}
			}
		}
	})
}

func sameArtifact(t *testing.T, what string, got, want *artifacts.Artifact) {
	t.Helper()
	a, b := *got, *want
	slices.Sort(a.Aliases)
	slices.Sort(b.Aliases)
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	if string(x) != string(y) {
		t.Errorf("%s:\n%s\nwant\n%s", what, x, y)
	}
}

func checkAgainstPackage(t *testing.T, w *world, a *artifacts.Artifact, name string) {
	t.Helper()
	type facts struct {
		ID, Name, Version, Type, State, Digest, Entity, Project string
		QualifiedName, SourceName, SourceQualifiedName          string
		CommitHash, CreatedAt                                   string
		UpdatedAt, Description                                  *string
		Aliases, Tags                                           []string
		Metadata                                                map[string]any
		Size, FileCount                                         int64
		TTL                                                     *float64
		IsLink                                                  bool
		Collection                                              string
	}
	want := wandb[facts](t, w, `
a = api.artifact(f"{entity}/{project}/{name}")
result = dict(ID=a.id, Name=a.name, Version=a.version, Type=a.type, State=a.state, Digest=a.digest, Entity=a.entity, Project=a.project,
  QualifiedName=a.qualified_name, SourceName=a.source_name, SourceQualifiedName=a.source_qualified_name,
  CommitHash=a.commit_hash, CreatedAt=a.created_at, UpdatedAt=a.updated_at, Description=a.description,
  Aliases=a.aliases, Tags=a.tags, Metadata=a.metadata, Size=a.size, FileCount=a.file_count,
  TTL=a.ttl.total_seconds() if a.ttl else None, IsLink=a.is_link, Collection=a.collection.name)`, map[string]any{"name": name})
	got := facts{
		ID: a.ID, Name: a.Name(), Version: a.Version, Type: a.Type, State: string(a.State), Digest: a.Digest, Entity: a.Entity, Project: a.Project,
		QualifiedName: a.QualifiedName(), SourceName: a.SourceName(), SourceQualifiedName: a.SourceQualifiedName(),
		CommitHash: a.CommitHash, Description: a.Description, Aliases: a.Aliases, Tags: a.Tags,
		Size: a.Size, FileCount: a.FileCount, IsLink: a.IsLink(), Collection: a.InCollection().Name(),
		CreatedAt: want.CreatedAt, UpdatedAt: want.UpdatedAt,
	}
	if a.TTL != nil {
		s := a.TTL.Seconds()
		got.TTL = &s
	}
	got.Metadata = map[string]any{}
	if a.Metadata != nil {
		if err := json.Unmarshal(a.Metadata, &got.Metadata); err != nil {
			t.Error(err)
		}
	}
	for _, f := range []*facts{&got, &want} {
		slices.Sort(f.Aliases)
		slices.Sort(f.Tags)
	}
	if strings.TrimPrefix(want.Name, want.Collection+":") != want.Version {
		// Named by an alias, the package keeps it in the name.
		want.Name, want.QualifiedName = got.Name, got.QualifiedName
	}
	if !reflect.DeepEqual(got, want) {
		x, _ := json.Marshal(got)
		y, _ := json.Marshal(want)
		t.Errorf("%s:\n%s\nthe package says\n%s", name, x, y)
	}
	if created, err := time.Parse(time.RFC3339, want.CreatedAt); err != nil || !created.Equal(a.CreatedAt) {
		t.Errorf("%s: created %v, the package says %s", name, a.CreatedAt, want.CreatedAt)
	}
	if a.UpdatedAt != nil && want.UpdatedAt != nil {
		if updated, err := time.Parse(time.RFC3339, *want.UpdatedAt); err != nil || !updated.Equal(*a.UpdatedAt) {
			t.Errorf("%s: updated %v, the package says %s", name, a.UpdatedAt, *want.UpdatedAt)
		}
	} else if (a.UpdatedAt == nil) != (want.UpdatedAt == nil) {
		t.Errorf("%s: updated %v, the package says %v", name, a.UpdatedAt, want.UpdatedAt)
	}
}
