package server_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// What surrounds artifacts in a run: it is resumed, logs a table and a model,
// links the model, another run refers to a file of it, and somebody looks at
// the run and changes it afterwards.
const runsScript = `
import json, os, sys
import wandb

saw = {}
with open("m.bin", "wb") as f: f.write(b"m" * 100)
with wandb.init(project="runs", id="abc12345", config={"a": 1}, group="g") as run:
    run.log({"x": 1})
    run.log({"x": 2})
    run.log({"seen": wandb.Table(columns=["a", "b"], data=[[1, 2], [3, 4]])})
    run.log_model("m.bin", name="net", aliases=["candidate"])
    run.summary["best"] = 3

with wandb.init(project="runs", id="abc12345", resume="must") as run:
    saw["resumed"] = [run.resumed, run.starting_step, dict(run.config), run.summary.get("best")]
    run.log({"x": 5})
    saw["model"] = os.path.getsize(run.use_model("net:latest"))
    run.link_model("m.bin", registered_model_name="kept", name="linked", aliases=["p"])

with wandb.init(project="elsewhere") as run:
    a = run.use_artifact("runs/net:candidate")
    saw["from elsewhere"] = [a.source_project, a.qualified_name.split("/", 1)[1]]
    b = wandb.Artifact("refers", "dataset")
    b.add_reference(a.get_entry("m.bin").ref_url(), name="inside.bin")
    run.log_artifact(b).wait()
    saw["through a reference"] = os.path.getsize(os.path.join(b.download(), "inside.bin"))

api = wandb.Api()
r = api.run("runs/abc12345")
saw["run"] = [r.state, r.config, r.summary["best"], r.group, sorted(r.history_keys["keys"]), r.history_keys["lastStep"]]
r.tags, r.notes = ["good"], "looked at"
r.update()
with open("up.txt", "w") as f: f.write("later")
r.upload_file("up.txt")
r = api.run("runs/abc12345")
saw["changed run"] = [r.tags, r.notes, r.state, "up.txt" in [f.name for f in r.files()], [f.name for f in r.files(names=["up.txt"])], [f.name for f in r.files(pattern="%.yaml")]]
r.file("up.txt").download("down")
with open("down/up.txt") as f: saw["run file"] = f.read()
saw["runs"] = [len(api.runs(f"{r.entity}/runs")), len(api.runs(f"{r.entity}/runs", filters={"state": "finished", "tags": "good"})), len(api.runs(f"{r.entity}/runs", filters={"state": "crashed"}))]
# The table is saved while the model is: their order is not certain.
saw["artifacts"] = [sorted(a.name for a in r.logged_artifacts()), [a.name for a in r.used_artifacts()]]
json.dump(saw, sys.stdout)
`

func TestRuns(t *testing.T) {
	forEachVersion(t, func(t *testing.T, r *servertest.Registry, version string) {
		out := r.Python(t, version).Run(t, runsScript)
		allUnderstood(t, r)
		noComplaints(t, out)
		var got any
		if err := json.Unmarshal([]byte(out.Stdout), &got); err != nil {
			t.Fatalf("%v in %s", err, out.Stdout)
		}
		type list = []any
		want := map[string]any{
			"resumed":             list{true, 3., map[string]any{"a": 1.}, 3.},
			"model":               100.,
			"from elsewhere":      list{"runs", "runs/net:candidate"},
			"through a reference": 100.,
			"run":                 list{"finished", map[string]any{"a": 1.}, 3., "g", list{"_runtime", "_step", "_timestamp", "seen", "x"}, 3.},
			"changed run":         list{list{"good"}, "looked at", "finished", true, list{"up.txt"}, list{"config.yaml"}},
			"run file":            "later",
			"runs":                list{1., 1., 0.},
			"artifacts":           list{list{"linked:v0", "net:v0", "run-abc12345-seen:v0"}, list{"net:v0"}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what the program saw (-want +got):\n%s", diff)
		}
		golden(t, "operations/runs-"+version+".txt", operations(r.Requests()))
		t.Logf("wandb %s: %d requests, %s in all", version, len(r.Requests()), out.Duration)
	})
}
