package server_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// The ways to make a version other than to write all of it at once: several
// writers of one version, a version that adds to the one before, a draft of an
// old one, a reference to a version that is not written yet.
const manifestsScript = `
import json, os, sys
import wandb

def files(a): return {p: e.size for p, e in sorted(a.manifest.entries.items())}

saw = {}
for i in range(3):
    with wandb.init(project="parts", group="g") as run:
        a = wandb.Artifact("together", type="dataset")
        with a.new_file(f"part{i}.txt") as f: f.write("p" * (i + 1))
        if i < 2: run.upsert_artifact(a, distributed_id="d1")
        else: run.finish_artifact(a, distributed_id="d1").wait()
api = wandb.Api()
a = api.artifact("parts/together:latest")
saw["distributed"] = [a.version, files(a), a.size, a.file_count, sorted(os.listdir(a.download("out1")))]
a.verify("out1")

with wandb.init(project="parts") as run:
    for i in range(3):
        a = wandb.Artifact("growing", type="dataset", incremental=True)
        with a.new_file(f"new{i}.txt") as f: f.write("n" * (i + 1))
        run.log_artifact(a).wait()
a = api.artifact("parts/growing:latest")
saw["incremental"] = [a.version, files(a), a.size, a.file_count, sorted(os.listdir(a.download("out2")))]
a.verify("out2")

with wandb.init(project="parts") as run:
    old = run.use_artifact("growing:v1")
    draft = old.new_draft()
    draft.remove("new0.txt")
    with draft.new_file("drafted.txt") as f: f.write("d")
    run.log_artifact(draft).wait()
a = api.artifact("parts/growing:latest")
saw["draft"] = [a.version, files(a), sorted(os.listdir(a.download("out3")))]
a.verify("out3")

with wandb.init(project="parts") as run:
    inner = wandb.Artifact("inner", type="dataset")
    table = wandb.Table(columns=["a"], data=[[1], [2]])
    inner.add(table, "t")
    outer = wandb.Artifact("outer", type="result")
    run.log_artifact(inner)
    inner_ref = f"wandb-client-artifact://{inner._client_id}/t.table.json"
    outer.add_reference(inner_ref, name="ref.json")
    run.log_artifact(outer).wait()
    inner.wait()
a = api.artifact("parts/outer:latest")
entry = a.manifest.entries["ref.json"]
root = a.download("out4")
saw["client reference"] = [entry.ref.startswith("wandb-artifact://"), bytes.fromhex(entry.ref.split("/")[2]).decode().startswith("Artifact:"), json.load(open(os.path.join(root, "ref.json")))["data"]]
json.dump(saw, sys.stdout)
`

func TestManifests(t *testing.T) {
	forEachVersion(t, func(t *testing.T, r *servertest.Registry, version string) {
		out := r.Python(t, version).Run(t, manifestsScript)
		allUnderstood(t, r)
		var got any
		if err := json.Unmarshal([]byte(out.Stdout), &got); err != nil {
			t.Fatalf("%v in %s", err, out.Stdout)
		}
		type list = []any
		type m = map[string]any
		want := m{
			"distributed":      list{"v0", m{"part0.txt": 1., "part1.txt": 2., "part2.txt": 3.}, 6., 3., list{"part0.txt", "part1.txt", "part2.txt"}},
			"incremental":      list{"v2", m{"new0.txt": 1., "new1.txt": 2., "new2.txt": 3.}, 6., 3., list{"new0.txt", "new1.txt", "new2.txt"}},
			"draft":            list{"v3", m{"new1.txt": 2., "drafted.txt": 1.}, list{"drafted.txt", "new1.txt"}},
			"client reference": list{true, true, list{list{1.}, list{2.}}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what the program saw (-want +got):\n%s", diff)
		}
		golden(t, "operations/manifests-"+version+".txt", operations(r.Requests()))
		t.Logf("wandb %s: %d requests, %s in all", version, len(r.Requests()), out.Duration)
	})
}
