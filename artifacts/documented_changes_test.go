package artifacts_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

// versions has the wandb package log n versions of a collection for one test to
// change, and returns the path of the collection.
func versions(t *testing.T, w *world, n int) (collection string, list []*artifacts.Artifact) {
	t.Helper()
	name := strings.NewReplacer("/", "-", "_", "-", ".", "-").Replace(strings.ToLower(t.Name()))
	wandb[any](t, w, `
for i in range(n):
    put(name, "dataset", {"f.txt": f"{name} {i}"})`, map[string]any{"name": name, "n": n})
	collection = w.entity + "/" + w.project + "/" + name
	for i := range n {
		list = append(list, find(t, w, fmt.Sprintf("%s:v%d", collection, i)))
	}
	return collection, list
}

func find(t *testing.T, w *world, path string) *artifacts.Artifact {
	t.Helper()
	return value[*artifacts.Artifact](t)(w.client.Artifact(t.Context(), path))
}

// versionRead is what the wandb package says of a version.
type versionRead struct {
	Description *string        `json:"description"`
	Metadata    map[string]any `json:"metadata"`
	Aliases     []string       `json:"aliases"`
	Tags        []string       `json:"tags"`
	TTL         *float64       `json:"ttl"`
}

func byWandb(t *testing.T, w *world, path string) versionRead {
	t.Helper()
	return wandb[versionRead](t, w, `
a = api.artifact(path)
result = dict(description=a.description, metadata=a.metadata, aliases=sorted(a.aliases), tags=sorted(a.tags), ttl=a.ttl.total_seconds() if a.ttl else None)`,
		map[string]any{"path": path})
}

func saved(t *testing.T, w *world, a *artifacts.Artifact, want ...string) {
	t.Helper()
	w.operations()
	if err := a.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.operations(); !slices.Equal(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
	if a.Changed() {
		t.Error("something is left to save")
	}
}

func done(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// TestArtifact_Save: what is set is sent, nothing else is, and the package reads
// it.
func TestArtifact_Save(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		path, list := versions(t, w, 2)
		a := list[0]
		saved(t, w, a) // nothing for nothing

		a.SetDescription("first")
		done(t, a.SetMetadata(json.RawMessage(`{"rows": 12345678901234567890, "split": {"train": 0.8, "test": 0.2}}`)))
		done(t, a.AddTags("gold", "two words"), a.AddAliases("prod", "eu"))
		ttl := 48 * time.Hour
		done(t, a.SetTTL(&ttl))
		saved(t, w, a, "AddAliases", "UpdateArtifact")
		got := byWandb(t, w, path+":v0")
		if text(got.Description) != "first" || !slices.Equal(got.Tags, []string{"gold", "two words"}) || !slices.Equal(got.Aliases, []string{"eu", "prod"}) || got.TTL == nil || *got.TTL != ttl.Seconds() {
			t.Errorf("the package reads %+v", got)
		}
		if raw := string(find(t, w, path+":v0").Metadata); !strings.Contains(raw, "12345678901234567890") {
			t.Errorf("metadata is %s", raw)
		}
		sameArtifact(t, "after saving", a, find(t, w, path+":v0"))

		// Set to what it is: nothing to send.
		a.SetDescription("first")
		done(t, a.SetTags([]string{"two words", "gold"}), a.SetAliases([]string{"eu", "prod"}), a.AddAliases("eu"), a.SetMetadata(a.Metadata))
		a.RemoveAliases("never")
		a.RemoveTags("never")
		saved(t, w, a)

		// Only the description.
		a.SetDescription("second")
		saved(t, w, a, "UpdateArtifact")
		done(t, a.MergeMetadata(json.RawMessage(`{"rows": null, "split": {"test": null, "valid": 0.1}, "new": [1]}`)))
		saved(t, w, a, "UpdateArtifact")
		done(t, a.SetTags([]string{"silver"}), a.SetAliases([]string{"eu", "beta"}), a.SetTTL(nil))
		saved(t, w, a, "AddAliases", "DeleteAliases", "UpdateArtifact")
		got = byWandb(t, w, path+":v0")
		want := versionRead{Description: ptr("second"), Aliases: []string{"beta", "eu"}, Tags: []string{"silver"},
			Metadata: map[string]any{"split": map[string]any{"train": 0.8, "valid": 0.1}, "new": []any{1.0}}}
		x, _ := json.Marshal(got)
		y, _ := json.Marshal(want)
		same(t, "the package reads", string(x), string(y))
		sameArtifact(t, "after all", a, find(t, w, path+":v0"))

		// What the package changes, we read.
		wandb[any](t, w, `
a = api.artifact(path); a.description = "by the package"; a.metadata["more"] = 1; a.tags.append("bronze"); a.aliases.append("gamma"); a.save()`, map[string]any{"path": path + ":v0"})
		done(t, a.Reload(t.Context()))
		if text(a.Description) != "by the package" || !slices.Contains(a.Tags, "bronze") || !slices.Contains(a.Aliases, "gamma") {
			t.Errorf("read %+v", a)
		}

		// An alias moves.
		done(t, list[1].AddAliases("eu"))
		saved(t, w, list[1], "AddAliases")
		if got := byWandb(t, w, path+":v0").Aliases; slices.Contains(got, "eu") {
			t.Errorf("v0 still has %v", got)
		}
		same(t, "eu", find(t, w, path+":eu").Version, "v1")
		done(t, list[1].InheritTTL())
		saved(t, w, list[1], "UpdateArtifact")
	})
}

func ptr[T any](v T) *T { return &v }

// TestArtifact_Set_Refuses: what cannot be is refused before anything is sent.
func TestArtifact_Set_Refuses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := find(t, w, w.entity+"/"+w.project+"/faces:v0")
		linked := find(t, w, w.entity+"/"+w.project+"/production:blessed")
		short := time.Millisecond
		many := map[string]int{}
		for i := range 101 {
			many[fmt.Sprint(i)] = i
		}
		tooMany, _ := json.Marshal(many)
		for what, err := range map[string]error{
			"alias v3":        a.AddAliases("v3"),
			"alias with /":    a.SetAliases([]string{"a/b"}),
			"alias empty":     a.AddAliases(""),
			"alias long":      a.AddAliases(strings.Repeat("x", 129)),
			"tag":             a.AddTags("a:b"),
			"tags":            a.SetTags([]string{" a"}),
			"metadata list":   a.SetMetadata(json.RawMessage(`[1]`)),
			"metadata null":   a.SetMetadata(json.RawMessage(`null`)),
			"metadata broken": a.MergeMetadata(json.RawMessage(`{`)),
			"metadata keys":   a.SetMetadata(tooMany),
			"ttl":             a.SetTTL(&short),
			"ttl of a link":   linked.InheritTTL(),
		} {
			if !errors.Is(err, artifacts.ErrInvalid) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if a.Changed() || linked.Changed() {
			t.Error("something was set")
		}
	})
}

// TestArtifact_Delete: versions with aliases only where that is said, and the
// package finds them gone.
func TestArtifact_Delete(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		path, list := versions(t, w, 3)
		ctx := t.Context()
		if err := list[2].Delete(ctx, artifacts.DeleteOptions{}); !errors.Is(err, artifacts.ErrConflict) || !strings.Contains(err.Error(), "latest") {
			t.Errorf("with an alias: %v", err)
		}
		done(t, list[0].Delete(ctx, artifacts.DeleteOptions{}), list[2].Delete(ctx, artifacts.DeleteOptions{DeleteAliases: true}))
		same(t, "by the package", strings.Join(wandb[[]string](t, w, `result = [a.version for a in api.artifacts("dataset", path)]`, map[string]any{"path": path}), " "), "v1")
		if _, err := w.client.Artifact(ctx, path+":v0"); !errors.Is(err, artifacts.ErrNotFound) {
			t.Errorf("v0: %v", err)
		}
	})
}

// TestClient_DeleteArtifacts: many with few requests, and one that is refused
// does not keep the others.
func TestClient_DeleteArtifacts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		path, list := versions(t, w, 6)
		done(t, list[1].AddAliases("keep"))
		done(t, list[1].Save(t.Context()))
		linked := find(t, w, w.entity+"/"+w.project+"/production:blessed")
		w.operations()
		got := w.client.DeleteArtifacts(t.Context(), append([]*artifacts.Artifact{linked}, list[:5]...), artifacts.DeleteOptions{})
		if !errors.Is(got[0].Err, artifacts.ErrInvalid) || got[0].Deleted {
			t.Errorf("a link: %+v", got[0])
		}
		for i, d := range got[1:] {
			if kept := i == 1; d.Deleted == kept || (d.Err != nil) != kept || kept && !errors.Is(d.Err, artifacts.ErrConflict) {
				t.Errorf("v%d: deleted %v, %v", i, d.Deleted, d.Err)
			}
		}
		if sent := w.operations(); len(sent) > 3 {
			t.Errorf("sent %v", sent)
		}
		same(t, "left", strings.Join(names(all(t, w.client.Artifacts(w.entity, w.project, "", strings.TrimPrefix(path, w.entity+"/"+w.project+"/"), nil).Pager)), " "),
			list[5].Name()+" "+list[1].Name())
		w.operations()
		rest := w.client.DeleteArtifacts(t.Context(), []*artifacts.Artifact{list[1], list[5]}, artifacts.DeleteOptions{DeleteAliases: true})
		if !rest[0].Deleted || !rest[1].Deleted || strings.Join(w.operations(), " ") != "DeleteArtifacts" {
			t.Errorf("%+v", rest)
		}
	})
}

// TestArtifact_Link: ours is what the package sees, and the other way round.
func TestArtifact_Link(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		path, list := versions(t, w, 2)
		ctx := t.Context()
		portfolio := path + "-portfolio"
		one, err := list[0].Link(ctx, portfolio, "chosen", "chosen")
		done(t, err)
		if !one.IsLink() || one.Version != "v0" || one.SourceQualifiedName() != list[0].QualifiedName() {
			t.Errorf("linked as %v from %s", one, one.SourceQualifiedName())
		}
		sameSet(t, "aliases", one.Aliases, []string{"chosen", "latest"})
		two, err := list[1].Link(ctx, strings.TrimPrefix(portfolio, w.entity+"/"))
		done(t, err)
		again, err := list[0].Link(ctx, portfolio)
		done(t, err)
		same(t, "the second", two.Version, "v1")
		same(t, "the first again", again.Version, "v0")

		links := wandb[[]string](t, w, `result = [l.qualified_name for l in api.artifact(path).linked_artifacts]`, map[string]any{"path": path + ":v0"})
		same(t, "links by the package", strings.Join(links, " "), portfolio+":v0")
		wandb[any](t, w, `run.link_artifact(api.artifact(path), target, aliases=["third"])`, map[string]any{"path": path + ":v0", "target": path + "-more"})
		w.operations()
		ours, complete, err := list[0].LinkedArtifacts(ctx)
		done(t, err)
		same(t, "requests", strings.Join(w.operations(), " "), "FetchLinkedArtifacts")
		var got []string
		for _, l := range ours {
			got = append(got, l.QualifiedName()+" "+strings.Join(l.Aliases, "+"))
			sameArtifact(t, "a link", l, find(t, w, l.QualifiedName()))
		}
		if len(got) != 2 || !complete {
			t.Errorf("links are %v, complete %v", got, complete)
		}
		if none, whole, err := one.LinkedArtifacts(ctx); err != nil || len(none) > 0 || !whole {
			t.Errorf("links of a link: %v, %v", none, err)
		}
		source, err := one.SourceArtifact(ctx)
		done(t, err)
		sameArtifact(t, "the source", source, find(t, w, path+":v0"))

		// A link of a link is one of the source; attributes are the source's,
		// aliases the portfolio's.
		third, err := one.Link(ctx, path+"-third")
		done(t, err)
		same(t, "source", third.SourceQualifiedName(), list[0].QualifiedName())
		third.SetDescription("seen everywhere")
		done(t, third.AddAliases("here"))
		saved(t, w, third, "IsProjectReadOnly", "AddAliases", "UpdateArtifact")
		source = find(t, w, path+":v0")
		if text(source.Description) != "seen everywhere" || slices.Contains(source.Aliases, "here") {
			t.Errorf("the source is %q with %v", text(source.Description), source.Aliases)
		}
		if got := byWandb(t, w, path+"-third:here"); text(got.Description) != "seen everywhere" {
			t.Errorf("the package reads %+v", got)
		}

		// Unlink takes it out there and nowhere else; so does Delete of a link.
		if err := source.Unlink(ctx); !errors.Is(err, artifacts.ErrInvalid) {
			t.Errorf("unlinking what is no link: %v", err)
		}
		done(t, third.Unlink(ctx), two.Delete(ctx, artifacts.DeleteOptions{}))
		for _, p := range []string{path + "-third:v0", portfolio + ":v1"} {
			if _, err := w.client.Artifact(ctx, p); !errors.Is(err, artifacts.ErrNotFound) {
				t.Errorf("%s: %v", p, err)
			}
		}
		if _, err := w.client.Artifact(ctx, path+":v1"); err != nil {
			t.Error(err)
		}
		for what, target := range map[string]string{"an alias": portfolio + ":prod", "a sequence": path, "too long": path + strings.Repeat("x", 200)} {
			if _, err := list[1].Link(ctx, target); !errors.Is(err, artifacts.ErrInvalid) && !errors.Is(err, artifacts.ErrConflict) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

// TestClient_FindArtifacts: many versions, by names and ids, with few requests.
func TestClient_FindArtifacts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		place := w.entity + "/" + w.project + "/"
		v1 := find(t, w, place+"faces:v1")
		paths := []string{place + "faces:v0", v1.ID, place + "production", place + "faces:v77", "nowhere/none/x:v0", "a/b/c/d", "QXJ0aWZhY3Q6OTk5OTk5"}
		for range 250 {
			paths = append(paths, place+"faces:reviewed")
		}
		w.operations()
		got, err := w.client.FindArtifacts(t.Context(), paths)
		done(t, err)
		if sent := w.operations(); len(sent) != 4 { // three hundred names, two ids
			t.Errorf("sent %v", sent)
		}
		for i, want := range []string{"faces:v0", "faces:v1", "production:v0"} {
			if got[i].Err != nil || got[i].Artifact.Name() != want {
				t.Errorf("%s: %v, %v", paths[i], got[i].Artifact, got[i].Err)
			}
		}
		for i, kind := range map[int]artifacts.Kind{3: artifacts.ErrNotFound, 4: artifacts.ErrNotFound, 5: artifacts.ErrInvalid, 6: artifacts.ErrNotFound} {
			if !errors.Is(got[i].Err, kind) || got[i].Artifact != nil {
				t.Errorf("%s: %v", paths[i], got[i].Err)
			}
		}
		for _, l := range got[7:] {
			if l.Err != nil || l.Artifact.ID != v1.ID {
				t.Fatalf("%+v", l)
			}
		}
	})
}
