package artifacts_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// TestSameScript tells one story twice on one registry: with the wandb package
// (testdata/same_script.py) in one project, and with our API in another. It
// logs, lists, changes, links and deletes. After every step
//
//   - both say the same of each project, in every field, ids and times included;
//   - both projects are the same, but for ids and times.
func TestSameScript(t *testing.T) {
	script, err := os.ReadFile("testdata/same_script.py")
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range servertest.Versions() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			theirs := startPython(t, b.Python(t, version), version)
			t.Cleanup(theirs.close)
			if err := theirs.python(string(script), nil, nil); err != nil {
				t.Fatal(err)
			}
			ours := &story{t: t, c: b.newClient(nil)}
			files := folder(t, map[string]string{"a.txt": "meow", "b/b.txt": "woof", "b/ä.txt": ""})
			for _, step := range []struct {
				name string
				code string
				do   func() []string
			}{
				{"log", "log('theirs', folder)", func() []string { return ours.log(files) }},
				{"change", "change('theirs')", ours.change},
				{"link", "link('theirs')", ours.link},
				{"delete", "delete('theirs')", ours.delete},
			} {
				var said []string
				if err := theirs.python("result = "+step.code, map[string]any{"folder": files}, &said); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(said, step.do()); diff != "" {
					t.Errorf("%s answers (-wandb +ours)\n%s", step.name, diff)
				}
				projects := map[string]any{}
				for _, project := range []string{"theirs", "ours"} {
					var byThem any
					if err := theirs.python("result = show(project)", map[string]any{"project": project}, &byThem); err != nil {
						t.Fatal(err)
					}
					byUs := ours.show(project)
					if diff := cmp.Diff(byThem, byUs); diff != "" {
						t.Errorf("after %s, of project %s (-wandb says +we say)\n%s", step.name, project, diff)
					}
					projects[project] = elsewhere(t, byUs, project)
				}
				if diff := cmp.Diff(projects["theirs"], projects["ours"], idsAndTimes); diff != "" {
					t.Errorf("after %s, the projects differ (-by wandb +by us)\n%s", step.name, diff)
				}
			}
		})
	}
}

// idsAndTimes are what two versions of the same contents differ in.
var idsAndTimes = cmpopts.IgnoreMapEntries(func(key string, _ any) bool {
	return slices.Contains([]string{"id", "commit_hash", "created_at", "updated_at"}, key)
})

// elsewhere is what is said of a project, as if it had another name.
func elsewhere(t *testing.T, said any, project string) any {
	t.Helper()
	text, err := json.Marshal(said)
	if err != nil {
		t.Fatal(err)
	}
	return asJSON(t, json.RawMessage(strings.ReplaceAll(string(text), "local/"+project+"/", "local/project/")))
}

// asJSON is a value as JSON has it.
func asJSON(t *testing.T, v any) any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// A story is that of testdata/same_script.py: what has the same name there does
// the same.
type story struct {
	t *testing.T
	c *artifacts.Client
}

func (s *story) ok(errs ...error) {
	s.t.Helper()
	if err := errors.Join(errs...); err != nil {
		s.t.Fatal(err)
	}
}

func (s *story) at(name string) string { return "local/ours/" + name }

func (s *story) find(name string) *artifacts.Artifact {
	s.t.Helper()
	a, err := s.c.Artifact(s.t.Context(), s.at(name))
	s.ok(err)
	return a
}

// during does something in a run, and ends it.
func (s *story) during(run, job string, do func(artifacts.RunPath)) {
	s.t.Helper()
	r, err := s.c.NewRun(s.t.Context(), &artifacts.RunOptions{Entity: "local", Project: "ours", ID: run, JobType: job})
	s.ok(err)
	do(r)
	s.ok(s.c.FinishRun(s.t.Context(), r, false))
}

func (s *story) send(d *artifacts.Draft, run artifacts.RunPath) *artifacts.Artifact {
	s.t.Helper()
	a, err := s.c.LogArtifact(s.t.Context(), d, &artifacts.LogOptions{Entity: run.Entity, Project: run.Project, Run: run.ID})
	s.ok(err)
	return a.Artifact
}

func (s *story) log(folder string) (said []string) {
	ctx := s.t.Context()
	animals := func() *artifacts.Draft {
		d, err := artifacts.NewArtifact("dataset", "animals")
		s.ok(err,
			d.AddDir(folder, "files", nil),
			d.AddFile(filepath.Join(folder, "a.txt"), "first.txt"),
			d.AddReference("https://example.com/key.bin", "", &artifacts.ReferenceOptions{NoChecksum: true}))
		return d
	}
	s.during("collect", "prepare", func(run artifacts.RunPath) {
		data := animals()
		data.Description, data.Metadata = "cats and dogs", []byte(`{"rows": 2, "split": {"train": 0.5}, "ä": null}`)
		data.Aliases, data.Tags = []string{"raw"}, []string{"small", "animals"}
		logged := s.send(data, run)
		said = append(said, logged.Version)

		said = append(said, s.send(animals(), run).Version)

		draft, err := logged.NewDraft(ctx)
		s.ok(err, draft.Remove("first.txt"), draft.AddBytes("new/note.txt", []byte("note")))
		draft.Description, draft.Aliases = "more of them", []string{"clean"}
		said = append(said, s.send(draft, run).Version)
	})
	s.during("train", "train", func(run artifacts.RunPath) {
		s.ok(s.c.UseArtifact(ctx, run, s.find("animals:clean")))
		for step := range 3 {
			model, err := artifacts.NewArtifact("model", "classifier")
			digit := string(rune('0' + step))
			s.ok(err, model.AddBytes("weights.bin", []byte("weights "+digit)))
			model.Metadata = []byte(`{"step": ` + digit + `}`)
			if step == 1 {
				model.Aliases = []string{"best"}
			}
			said = append(said, s.send(model, run).Version)
		}
	})
	return said
}

func (s *story) change() []string {
	ctx := s.t.Context()
	data := s.find("animals:raw")
	data.SetDescription("changed")
	data.RemoveTags("animals")
	data.RemoveAliases("raw")
	ttl := 30 * 24 * time.Hour
	s.ok(data.MergeMetadata([]byte(`{"rows": 3, "more": [1, 2.5, "x"]}`)), data.AddTags("checked"), data.AddAliases("reviewed"), data.SetTTL(&ttl), data.Save(ctx))
	model := s.find("classifier:v2")
	s.ok(model.AddAliases("latest", "best", "final"), model.Save(ctx))
	animals := s.c.ArtifactCollection("local", "ours", "dataset", "animals")
	animals.SetDescription("all animals")
	s.ok(animals.SetTags([]string{"zoo"}), animals.SetName("creatures"), animals.Save(ctx))
	return []string{data.Version, model.Version, animals.Name()}
}

func (s *story) link() []string {
	ctx := s.t.Context()
	for _, name := range []string{"classifier:v0", "classifier:best"} {
		_, err := s.find(name).Link(ctx, s.at("released"), "from-"+name[len(name)-2:])
		s.ok(err)
	}
	_, err := s.find("creatures:clean").Link(ctx, s.at("released-data"))
	s.ok(err, s.find("released:v0").Unlink(ctx))
	return []string{s.find("released:latest").SourceName()}
}

func (s *story) delete() (said []string) {
	ctx := s.t.Context()
	s.ok(s.find("classifier:v0").Delete(ctx, artifacts.DeleteOptions{}))
	switch err := s.find("creatures:clean").Delete(ctx, artifacts.DeleteOptions{}); {
	case err == nil:
		said = append(said, "deleted")
	case errors.Is(err, artifacts.ErrConflict):
		said = append(said, "refused")
	default:
		s.ok(err)
	}
	s.ok(
		s.find("creatures:clean").Delete(ctx, artifacts.DeleteOptions{DeleteAliases: true}),
		s.c.ArtifactCollection("local", "ours", "dataset", "released-data").Delete(ctx))
	return said
}

// show says everything about a project's artifacts and their lineage.
func (s *story) show(project string) any {
	ctx := s.t.Context()
	out := map[string]any{}
	for kind, err := range s.c.ArtifactTypes("local", project, nil).All(ctx) {
		s.ok(err)
		if kind.Name() == "job" {
			continue
		}
		collections := map[string]any{}
		for c, err := range kind.Collections(nil).All(ctx) {
			s.ok(err)
			versions := map[string]any{}
			for a, err := range c.Artifacts(nil).All(ctx) {
				s.ok(err)
				versions[a.Name()] = s.showVersion(ctx, a)
			}
			collections[c.Name()] = map[string]any{"about": s.showCollection(ctx, c), "versions": versions}
		}
		out[kind.Name()] = collections
	}
	runs := map[string]any{}
	for _, name := range []string{"collect", "train"} {
		of := func(mode artifacts.RunArtifactsMode) []string {
			names := []string{}
			for a, err := range s.c.RunArtifacts("local", project, name, mode, nil).All(ctx) {
				s.ok(err)
				names = append(names, a.QualifiedName())
			}
			return sorted(names)
		}
		runs[name] = map[string]any{"logged": of(artifacts.Logged), "used": of(artifacts.Used)}
	}
	out["runs"] = runs
	return asJSON(s.t, out)
}

func sorted(list []string) []string {
	out := append([]string{}, list...)
	slices.Sort(out)
	return out
}

// inPython is a time as the package gives it.
func inPython(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

func (s *story) showCollection(ctx context.Context, c *artifacts.ArtifactCollection) map[string]any {
	a, err := c.Attrs(ctx)
	s.ok(err)
	aliases, err := c.Aliases(ctx)
	s.ok(err)
	return map[string]any{
		"id": a.ID, "type": a.Type, "sequence": a.Kind == artifacts.Sequence, "description": a.Description,
		"tags": sorted(a.Tags), "aliases": sorted(aliases), "created_at": inPython(a.CreatedAt),
	}
}

func (s *story) showVersion(ctx context.Context, a *artifacts.Artifact) map[string]any {
	out := map[string]any{
		"id": a.ID, "name": a.Name(), "qualified_name": a.QualifiedName(), "source_name": a.SourceName(),
		"source_qualified_name": a.SourceQualifiedName(), "is_link": a.IsLink(), "type": a.Type, "state": a.State,
		"description": a.Description, "metadata": a.Metadata, "aliases": sorted(a.Aliases), "tags": sorted(a.Tags),
		"digest": a.Digest, "commit_hash": a.CommitHash, "size": a.Size, "file_count": a.FileCount, "ttl": nil,
		"history_step": a.HistoryStep, "created_at": inPython(a.CreatedAt), "updated_at": nil, "first_file": nil, "logged_by": nil,
	}
	if a.Metadata == nil {
		out["metadata"] = map[string]any{}
	}
	if a.TTL != nil {
		out["ttl"] = a.TTL.Seconds()
	}
	if a.UpdatedAt != nil {
		out["updated_at"] = inPython(*a.UpdatedAt)
	}
	files := map[string]any{}
	for f, err := range a.Files(nil).All(ctx) {
		s.ok(err)
		files[f.Name] = []any{f.Size, f.Digest}
	}
	out["files"] = files
	m, err := a.Manifest(ctx)
	s.ok(err)
	entries := map[string]any{}
	for e := range m.All() {
		entry := []any{e.Digest, nil, nil}
		if e.Ref != "" {
			entry[1] = e.Ref
		}
		if e.Size >= 0 {
			entry[2] = e.Size
		}
		entries[e.Path] = entry
	}
	out["entries"] = entries
	if _, ok := m.Entry("files/a.txt"); ok {
		f, err := a.OpenFile(ctx, "files/a.txt")
		s.ok(err)
		text, err := io.ReadAll(f)
		s.ok(err, f.Close())
		out["first_file"] = string(text)
	}
	maker, err := a.LoggedBy(ctx)
	s.ok(err)
	if maker != nil {
		out["logged_by"] = maker.ID
	}
	users, complete, err := a.UsedBy(ctx)
	s.ok(err)
	ids := []string{}
	for _, r := range users {
		ids = append(ids, r.ID)
	}
	links, all, err := a.LinkedArtifacts(ctx)
	s.ok(err)
	names := []string{}
	for _, l := range links {
		names = append(names, l.QualifiedName())
	}
	if !complete || !all {
		s.t.Errorf("%s: users complete %v, links %v", a.QualifiedName(), complete, all)
	}
	out["used_by"], out["linked"] = sorted(ids), sorted(names)
	return out
}
