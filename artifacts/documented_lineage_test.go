package artifacts_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts"
)

// chain has the wandb package make a data set, two models from it, and a report
// from each model, and one more run that reads everything. It returns the runs
// by what they did.
func chain(t *testing.T, w *world) (prefix string, runs map[string]string) {
	t.Helper()
	name := strings.NewReplacer("/", "-", "_", "-", ".", "-").Replace(strings.ToLower(t.Name()))
	runs = wandb[map[string]string](t, w, `
made = {}
scratch = run.id
run.finish()
def step(job, reads, writes):
    global run
    with wandb.init(project=project, job_type=job) as r:
        run = r
        for x in reads: r.use_artifact(f"{name}-{x}:v0")
        for x in writes: put(f"{name}-{x}", "dataset" if x == "data" else "thing", {"f.txt": f"{name} {x}"})
        made[job] = r.id
step("collect", [], ["data"])
step("train1", ["data"], ["model1"])
step("train2", ["data"], ["model2"])
step("report1", ["model1"], ["report1"])
step("report2", ["model2"], ["report2"])
step("read", ["data", "model1", "report2"], [])
run = wandb.init(project=project, job_type="scratch")
result = made
`, map[string]any{"name": name})
	return w.entity + "/" + w.project + "/" + name + "-", runs
}

func shown(l *artifacts.Lineage, prefix string) string {
	var out []string
	for _, a := range l.Artifacts {
		out = append(out, fmt.Sprintf("%s@%d", strings.TrimPrefix(a.Name, prefix), a.Depth))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// TestArtifact_Lineage walks both ways, counts requests, and says what it left out.
func TestArtifact_Lineage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		prefix, runs := chain(t, w)
		data, model := find(t, w, prefix+"data:v0"), find(t, w, prefix+"model1:v0")
		for _, tt := range []struct {
			from     *artifacts.Artifact
			opts     *artifacts.LineageOptions
			want     string
			runs     int
			complete bool
			requests int
		}{
			{data, &artifacts.LineageOptions{Direction: artifacts.Upstream}, "data:v0@0", 1, true, 2},
			{data, &artifacts.LineageOptions{Direction: artifacts.Downstream}, "data:v0@0 model1:v0@1 model2:v0@1 report1:v0@2 report2:v0@2", 5, true, 5},
			{data, &artifacts.LineageOptions{Direction: artifacts.Downstream, Depth: 1}, "data:v0@0 model1:v0@1 model2:v0@1", 3, false, 3},
			{data, &artifacts.LineageOptions{Direction: artifacts.Downstream, Depth: 2}, "data:v0@0 model1:v0@1 model2:v0@1 report1:v0@2 report2:v0@2", 5, true, 5},
			{model, nil, "data:v0@-1 model1:v0@0 report1:v0@1", 4, true, 7},
		} {
			w.operations()
			l, err := tt.from.Lineage(ctx, tt.opts)
			done(t, err)
			sent := w.operations()
			if shown(l, prefix) != tt.want || len(l.Runs) != tt.runs || l.Complete != tt.complete || (len(l.Left) == 0) != tt.complete || len(sent) > tt.requests {
				t.Errorf("%s %+v: %s, %d runs, complete %v, left %q, sent %v", tt.from.Name(), tt.opts, shown(l, prefix), len(l.Runs), l.Complete, l.Left, sent)
			}
		}
		l, err := data.Lineage(ctx, &artifacts.LineageOptions{MaxNodes: 4})
		done(t, err)
		if len(l.Artifacts)+len(l.Runs) != 4 || l.Complete || len(l.Left) == 0 {
			t.Errorf("at most 4: %+v", l)
		}
		if _, err := data.Lineage(ctx, &artifacts.LineageOptions{Direction: "sideways"}); !errors.Is(err, artifacts.ErrInvalid) {
			t.Errorf("sideways: %v", err)
		}

		// The edges are the package's.
		l, err = model.Lineage(ctx, nil)
		done(t, err)
		var edges []string
		for _, e := range l.Edges {
			edges = append(edges, e.Run.ID+" "+string(e.Mode)+" "+e.Artifact)
		}
		want := wandb[[]string](t, w, `
result = []
for job in ["collect", "train1", "report1"]:
    r = api.run(f"{entity}/{project}/{runs[job]}")
    result += [f"{r.id} logged {a.id}" for a in r.logged_artifacts()] + [f"{r.id} used {a.id}" for a in r.used_artifacts()]
result += [f"{runs['read']} used {model}"]`, map[string]any{"runs": runs, "model": model.ID})
		sameSet(t, "edges", edges, want)
	})
}

// TestArtifact_UsedBy: every run, over pages, and what the package says.
func TestArtifact_UsedBy(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		_, list := versions(t, w, 1)
		for range 73 { // more than the registry gives at once
			run, err := w.client.NewRun(ctx, &artifacts.RunOptions{Entity: w.entity, Project: w.project})
			done(t, err, w.client.UseArtifact(ctx, run, list[0]), w.client.FinishRun(ctx, run, false))
		}
		runs, complete, err := list[0].UsedBy(ctx)
		done(t, err)
		if len(runs) != 73 || !complete {
			t.Errorf("%d runs, complete %v", len(runs), complete)
		}
		for _, perPage := range []int{0, 10, 1000} {
			same(t, fmt.Sprint("by ", perPage), len(all(t, list[0].Users(&artifacts.UsersOptions{PerPage: perPage}).Pager)), 73)
		}
		l, err := list[0].Lineage(ctx, &artifacts.LineageOptions{Direction: artifacts.Downstream})
		done(t, err)
		if len(l.Runs) != 73 || !l.Complete {
			t.Errorf("lineage has %d runs, complete %v, left %v", len(l.Runs), l.Complete, l.Left)
		}
	})
}

// TestClient_Runs and projects: what the package lists.
func TestClient_Runs(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		var projects []string
		for _, p := range all(t, w.client.Projects(w.entity, &artifacts.ProjectsOptions{PerPage: 1}).Pager) {
			projects = append(projects, p.Name)
		}
		sameSet(t, "projects", projects, wandb[[]string](t, w, `result = [p.name for p in api.projects(entity)]`, nil))
		if _, _, err := w.client.Projects("no-such-entity", nil).Page(ctx); !errors.Is(err, artifacts.ErrNotFound) {
			t.Errorf("no entity: %v", err)
		}
		for _, filters := range []map[string]any{nil, {"jobType": "prepare"}, {"jobType": "no-such"}} {
			opts := &artifacts.RunsOptions{PerPage: 2, Filters: filters}
			var ids []string
			for _, r := range all(t, w.client.Runs(w.entity, w.project, opts).Pager) {
				ids = append(ids, r.ID)
			}
			want := wandb[[]string](t, w, `result = [r.id for r in api.runs(f"{entity}/{project}", filters=filters)]`, map[string]any{"filters": filters})
			if !slices.Equal(ids, want) {
				t.Errorf("%v: %v, want %v", filters, ids, want)
			}
			same(t, "length", value[int](t)(w.client.Runs(w.entity, w.project, opts).Len(ctx)), len(want))
		}
		if _, err := w.client.Runs(w.entity, "no-such", nil).Len(ctx); !errors.Is(err, artifacts.ErrNotFound) {
			t.Errorf("no project: %v", err)
		}
	})
}

// TestClient_Search: by what versions and collections are, over all collections
// of a project, with two requests a page.
func TestClient_Search(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for what, tt := range map[string]struct {
			opts artifacts.SearchOptions
			want string
		}{
			"metadata":   {artifacts.SearchOptions{Filters: map[string]any{"metadata.size": "small"}}, "faces:v0"},
			"deep":       {artifacts.SearchOptions{Filters: map[string]any{"metadata.n": map[string]any{"$gte": 2}, "state": "COMMITTED"}}, "faces:v0"},
			"alias":      {artifacts.SearchOptions{Filters: map[string]any{"alias": "best"}}, "detector:v1"},
			"a tag":      {artifacts.SearchOptions{Filters: map[string]any{"tag": "nightly"}}, "faces:v2"},
			"nothing":    {artifacts.SearchOptions{Filters: map[string]any{"alias": "no-such"}}, ""},
			"collection": {artifacts.SearchOptions{Collections: map[string]any{"name": map[string]any{"$regex": "^fac"}}, PerCollection: 2}, "faces:v2 faces:v1"},
			"type":       {artifacts.SearchOptions{Type: "model", Collections: map[string]any{"name": map[string]any{"$in": []string{"detector", "faces"}}}}, "detector:v1 detector:v0"},
		} {
			for _, perPage := range []int{1, 50} {
				tt.opts.PerPage = perPage
				var got []string
				for _, r := range all(t, w.client.Search(w.entity, w.project, &tt.opts).Pager) {
					got = append(got, names(r.Artifacts)...)
					if what == "collection" && r.Total != 3 {
						t.Errorf("total %d", r.Total)
					}
					for _, a := range r.Artifacts {
						sameArtifact(t, what, a, find(t, w, a.QualifiedName()))
					}
				}
				if strings.Join(got, " ") != tt.want {
					t.Errorf("%s by %d: %v", what, perPage, got)
				}
			}
		}
		w.operations()
		_, _, err := w.client.Search(w.entity, w.project, &artifacts.SearchOptions{PerPage: 100}).Page(t.Context())
		done(t, err)
		if sent := w.operations(); len(sent) > 2 {
			t.Errorf("sent %v", sent)
		}
	})
}
