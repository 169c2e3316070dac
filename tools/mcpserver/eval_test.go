package mcpserver_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// The evaluation: what people ask an agent to do with artifacts, done by a client
// that knows what the tools' descriptions say and nothing else, on a world that
// is made for it. `make eval` writes what it took into testdata/eval.md.

// A task is one of them.
type task struct {
	asked string
	// do does it and returns what was wrong with the outcome, "" for nothing.
	do func(*agent) string
}

// An agent calls tools of a running program, and counts.
type agent struct {
	t     *testing.T
	p     *process
	world *evalWorld
	calls []string
	sent  int // bytes of arguments
	got   int // bytes of answers
}

// call calls a tool that has to succeed.
func (a *agent) call(tool string, arguments map[string]any) map[string]any {
	a.t.Helper()
	text, err := json.Marshal(arguments)
	if err != nil {
		a.t.Fatal(err)
	}
	a.calls = append(a.calls, tool)
	a.sent += len(text)
	m := a.p.answer(a.p.request("tools/call", fmt.Sprintf(`{"name":%q,"arguments":%s}`, tool, text)), 20*time.Second)
	var r struct {
		IsError           bool
		StructuredContent map[string]any
		Content           []struct{ Text string }
	}
	if err := json.Unmarshal(m.Result, &r); err != nil || r.IsError {
		a.t.Fatalf("%s(%s): %s %s", tool, text, m.Result, m.Error)
	}
	for _, c := range r.Content {
		a.got += len(c.Text)
	}
	return r.StructuredContent
}

// at walks into an answer: at(answer, "types", 0, "name").
func at(v any, path ...any) any {
	for _, step := range path {
		switch s := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[s]
		case int:
			l, _ := v.([]any)
			if s >= len(l) {
				return nil
			}
			v = l[s]
		}
	}
	return v
}

// each are the values of a field in a list of objects.
func each(v any, field string) []string {
	out := []string{}
	l, _ := v.([]any)
	for _, item := range l {
		out = append(out, fmt.Sprint(at(item, field)))
	}
	return out
}

// An evalWorld is what the tasks are about, and what the answers are.
type evalWorld struct {
	*servertest.Registry
	client *artifacts.Client
	run    string // that logged resnet-weights:v12
	folder string // that may be touched
}

func (w *evalWorld) log(t *testing.T, typeName, name string, files map[string]string) *artifacts.LoggedArtifact {
	t.Helper()
	d, err := artifacts.NewArtifact(typeName, name)
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range files {
		if err := d.AddBytes(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	a, err := w.client.LogArtifact(t.Context(), d, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (w *evalWorld) alias(t *testing.T, a *artifacts.Artifact, alias string) {
	t.Helper()
	if err := a.AddAliases(alias); err != nil {
		t.Fatal(err)
	}
	if err := a.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (w *evalWorld) version(t *testing.T, name string) *artifacts.Artifact {
	t.Helper()
	a, err := w.client.Artifact(t.Context(), w.Username+"/world/"+name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func makeEvalWorld(t *testing.T) *evalWorld {
	t.Helper()
	w := &evalWorld{folder: t.TempDir()}
	w.Registry, w.client = worldClient(t)
	var data []*artifacts.LoggedArtifact
	for n := range 8 {
		files := map[string]string{"labels.csv": "id,label\n" + strings.Repeat("1,cat\n", n+1), "LICENSE": "CC BY 4.0"}
		for part := range n {
			files[fmt.Sprintf("images/%d.txt", part)] = strings.Repeat("x", 100*part)
		}
		data = append(data, w.log(t, "dataset", "imagenet-mini", files))
	}
	for n := range 13 {
		model := w.log(t, "model", "resnet-weights", map[string]string{"weights.bin": strings.Repeat(fmt.Sprint(n), 5000), "config.yaml": fmt.Sprintf("lr: 0.%d\n", n)})
		if n == 11 || n == 12 {
			if err := w.client.UseArtifact(t.Context(), model.Run, data[n-8].Artifact); err != nil {
				t.Fatal(err)
			}
		}
		switch n {
		case 10:
			w.alias(t, model.Artifact, "best")
		case 11:
			w.alias(t, model.Artifact, "production")
		case 12:
			w.run = model.Run.ID
		}
	}
	results := w.log(t, "evaluation", "eval-results", map[string]string{
		"results.table.json": `{"_type":"table","columns":["image","label","score"],"data":[["a","cat",0.5],["b","dog",0.75]],"ncols":3,"nrows":2}`,
		"summary.json":       `{"accuracy": 0.62}`,
	})
	if err := w.client.UseArtifact(t.Context(), results.Run, w.version(t, "resnet-weights:v12")); err != nil {
		t.Fatal(err)
	}
	w.log(t, "evaluation", "Eval-old", map[string]string{"a": "1"})
	w.log(t, "notes", "retrieval-notes", map[string]string{"a": "1"}) // which holds "eval"
	for n := range 6 {
		c := w.log(t, "model", "checkpoints", map[string]string{"base.bin": strings.Repeat("b", 3000), "step.bin": strings.Repeat(fmt.Sprint(n), 1000)})
		switch n {
		case 1:
			w.alias(t, c.Artifact, "keep")
		case 2:
			if err := w.client.UseArtifact(t.Context(), results.Run, c.Artifact); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.log(t, "data", "trainset", map[string]string{"a": "1"})
	if err := os.MkdirAll(filepath.Join(w.folder, "out"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.folder, "out", "predictions.csv"), []byte("id,label\n1,cat\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	return w
}

func wrong(what string, got, want any) string {
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		return fmt.Sprintf("%s: %s, not %s; ", what, g, w)
	}
	return ""
}

func tasks() []task {
	return []task{
		{"What kinds of artifacts are in my project, and how many of each?", func(a *agent) string {
			r := a.call("list_artifact_types", map[string]any{})
			counts := map[string]any{}
			for i := range each(at(r, "types"), "name") {
				counts[fmt.Sprint(at(r, "types", i, "name"))] = at(r, "types", i, "collections")
			}
			return wrong("counts", counts, map[string]any{"dataset": 1, "model": 2, "evaluation": 2, "notes": 1, "data": 1}) + wrong("more", at(r, "has_more"), false)
		}},
		{"Show me the latest five versions of resnet-weights, with their aliases and size.", func(a *agent) string {
			r := a.call("list_artifacts", map[string]any{"collection": "resnet-weights", "limit": 5})
			return wrong("versions", each(at(r, "artifacts"), "version"), []string{"v12", "v11", "v10", "v9", "v8"}) +
				wrong("aliases", at(r, "artifacts", 1, "aliases"), []string{"production"}) + wrong("size", at(r, "artifacts", 0, "size_bytes"), 10009)
		}},
		{"Which data set version did the run behind resnet-weights:production use?", func(a *agent) string {
			r := a.call("get_lineage", map[string]any{"artifact": "resnet-weights:production", "direction": "upstream", "depth": 1})
			for i, kind := range each(at(r, "artifacts"), "type") {
				if kind == "dataset" {
					return wrong("data set", at(r, "artifacts", i, "artifact"), a.world.Username+"/world/imagenet-mini:v3")
				}
			}
			return "no data set"
		}},
		{"What changed in imagenet-mini between v3 and v7: files added, removed, changed, and by how much did it grow?", func(a *agent) string {
			r := a.call("compare_artifacts", map[string]any{"from": "imagenet-mini:v3", "to": "imagenet-mini:v7"})
			return wrong("added", at(r, "added"), 4) + wrong("removed", at(r, "removed"), 0) + wrong("changed", at(r, "changed"), 1) +
				wrong("growth", at(r, "growth_bytes"), 300+400+500+600+4*6) + wrong("rows", at(r, "contents", 0, "rows_to"), 8)
		}},
		{"Find every collection whose name contains eval and give them the tag evaluation.", func(a *agent) string {
			plan := a.call("plan_change", map[string]any{"action": "tag_collections", "name_contains": "eval", "add_tags": []string{"evaluation"}})
			done := a.call("apply_plan", map[string]any{"plan_id": at(plan, "plan_id")})
			bad := wrong("done", at(done, "done"), 3)
			for _, name := range []string{"eval-results", "Eval-old", "retrieval-notes"} {
				attrs, err := a.world.client.ArtifactCollection(a.world.Username, "world", "", name).Attrs(a.t.Context())
				if err != nil || !slices.Contains(attrs.Tags, "evaluation") {
					bad += fmt.Sprintf("%s has tags %v, %v; ", name, attrs.Tags, err)
				}
			}
			return bad
		}},
		{"Promote resnet-weights:v12 to production and write why into its description.", func(a *agent) string {
			now := a.call("get_artifact", map[string]any{"artifact": "resnet-weights:production"})
			_, holder, _ := strings.Cut(fmt.Sprint(at(now, "artifact")), ":")
			a.call("update_artifact", map[string]any{"artifact": "resnet-weights:v12", "add_aliases": []string{"production"}, "expected": holder, "description": "Better on all classes."})
			got := a.world.version(a.t, "resnet-weights:production")
			return wrong("production", got.Version, "v12") + wrong("description", *got.Description, "Better on all classes.")
		}},
		{"Delete all versions of checkpoints which have no alias and which no run uses, but show me first what would go and how much space it frees.", func(a *agent) string {
			plan := a.call("plan_change", map[string]any{"action": "delete_artifacts", "collection": "checkpoints"})
			goes := each(at(plan, "items"), "name")
			slices.Sort(goes)
			bad := wrong("goes", goes, []string{a.world.Username + "/world/checkpoints:v0", a.world.Username + "/world/checkpoints:v3", a.world.Username + "/world/checkpoints:v4"}) +
				wrong("frees", at(plan, "freed_bytes"), 3000) + wrong("kept", len(each(at(plan, "kept"), "why")), 3)
			a.call("apply_plan", map[string]any{"plan_id": at(plan, "plan_id")})
			var left []string
			for v, err := range a.world.client.Artifacts(a.world.Username, "world", "", "checkpoints", nil).All(a.t.Context()) {
				if err != nil {
					return err.Error()
				}
				left = append(left, v.Version)
			}
			return bad + wrong("left", left, []string{"v5", "v2", "v1"})
		}},
		{"trainset was filed under the type data. Move it to dataset.", func(a *agent) string {
			a.call("save_artifact_collection", map[string]any{"collection": "trainset", "type": "dataset"})
			attrs, err := a.world.client.ArtifactCollection(a.world.Username, "world", "", "trainset").Attrs(a.t.Context())
			return wrong("type", attrs.Type, "dataset") + wrong("error", err, nil)
		}},
		{"What is in config.yaml of resnet-weights:best? Do not download the weights.", func(a *agent) string {
			r := a.call("preview_artifact_file", map[string]any{"artifact": "resnet-weights:best", "path": "config.yaml"})
			return wrong("text", at(r, "text"), "lr: 0.10\n") + wrong("complete", at(r, "complete"), true)
		}},
		{"How many rows and which columns has the table in eval-results:latest?", func(a *agent) string {
			files := a.call("preview_artifact_file", map[string]any{"artifact": "eval-results:latest"})
			for _, path := range each(at(files, "files"), "path") {
				if strings.Contains(path, "table") {
					r := a.call("preview_artifact_file", map[string]any{"artifact": "eval-results:latest", "path": path})
					return wrong("rows", at(r, "rows"), 2) + wrong("columns", each(at(r, "columns"), "name"), []string{"image", "label", "score"})
				}
			}
			return "no table"
		}},
		{"Which artifacts did run abc123 log, and who used them since?", func(a *agent) string {
			r := a.call("get_lineage", map[string]any{"run": a.world.run, "depth": 1})
			logged, users := []string{}, []string{}
			for i, run := range each(at(r, "runs"), "run") {
				if strings.HasSuffix(run, a.world.run) {
					for _, v := range at(r, "runs", i, "logged").([]any) {
						logged = append(logged, fmt.Sprint(v))
					}
				} else if slices.Contains(strings.Fields(strings.Trim(fmt.Sprint(at(r, "runs", i, "used")), "[]")), a.world.Username+"/world/resnet-weights:v12") {
					users = append(users, run)
				}
			}
			return wrong("logged", logged, []string{a.world.Username + "/world/resnet-weights:v12"}) + wrong("users", len(users), 1)
		}},
		{"Which versions in this project take the most space, and which of them are unused?", func(a *agent) string {
			r := a.call("get_storage_usage", map[string]any{})
			return wrong("largest", at(r, "largest_versions", 0, "size_bytes"), 10009) + wrong("complete", at(r, "complete"), true) +
				wrong("unused", at(r, "unused_versions"), 6+10) // imagenet-mini without v3, v4 and the latest is 5, and so on
		}},
		{"Put the folder out/ into a new version of predictions and tell me if anything was new.", func(a *agent) string {
			r := a.call("log_artifact", map[string]any{"collection": "predictions", "type": "predictions", "files": []any{map[string]any{"local": "out"}}})
			return wrong("new", at(r, "new"), true) + wrong("version", at(r, "artifact"), a.world.Username+"/world/predictions:v0") +
				wrong("files", a.world.version(a.t, "predictions:latest").FileCount, 1)
		}},
		{"I deleted imagenet-mini:v5 by mistake this morning. Can I have it back?", func(a *agent) string {
			if err := a.world.version(a.t, "imagenet-mini:v5").Delete(a.t.Context(), artifacts.DeleteOptions{}); err != nil {
				return err.Error()
			}
			gone := a.call("list_deleted_artifacts", map[string]any{"collection": "imagenet-mini"})
			r := a.call("restore_artifacts", map[string]any{"deletion_ids": []any{at(gone, "deletions", 0, "deletion_id")}})
			return wrong("restored", len(each(at(r, "restored"), "restored")), 1) + wrong("files", a.world.version(a.t, "imagenet-mini:v5").FileCount, 7)
		}},
	}
}

// TestEval does the tasks. It fails where an outcome is wrong, or a task takes
// more calls than it used to.
func TestEval(t *testing.T) {
	w := makeEvalWorld(t)
	p := start(t, []string{"WANDB_BASE_URL=" + w.URL, "WANDB_API_KEY=" + w.Key, "WANDB_PROJECT=world"},
		"--toolsets=artifacts,files,history", "--files", w.folder, "--confirm=plan")
	p.handshake()
	var table strings.Builder
	table.WriteString("What common jobs take, by `make eval`: calls, bytes of arguments, bytes of answers.\n\n| | asked | calls | sent | got |\n|---|---|---|---|---|\n")
	calls, got := 0, 0
	for n, task := range tasks() {
		a := &agent{t: t, p: p, world: w}
		if bad := task.do(a); bad != "" {
			t.Errorf("%d. %s\n%s", n+1, task.asked, bad)
		}
		if len(a.calls) > 2 || a.got > 8_000 {
			t.Errorf("%d. %s: %d calls, %d bytes", n+1, task.asked, len(a.calls), a.got)
		}
		calls, got = calls+len(a.calls), got+a.got
		fmt.Fprintf(&table, "| %d | %s | %d: %s | %d | %d |\n", n+1, task.asked, len(a.calls), strings.Join(a.calls, ", "), a.sent, a.got)
	}
	fmt.Fprintf(&table, "\n%d calls and %d bytes of answers in all.\n", calls, got)
	t.Log("\n" + table.String())
	if os.Getenv("RELIQUARY_EVAL") == "write" {
		if err := os.WriteFile("testdata/eval.md", []byte(table.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}
