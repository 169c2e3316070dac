package server_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// The life of a run: it logs three versions of a data set (files in folders, an
// empty one, references) and the third one again, uses a version, downloads it
// with nothing in its caches, and ends.
const sessionScript = `
import json, os, shutil, sys
import wandb

os.makedirs("data/nested/deep")
with open("data/one.txt", "w") as f: f.write("1" * 1000)
with open("data/nested/deep/two.bin", "wb") as f: f.write(bytes(range(256)) * 40)
open("data/empty", "w").close()
with open("big.bin", "wb") as f: f.write(b"b" * 5000)

def dataset(i):
    with open("data/changing.txt", "w") as f: f.write(f"version {i}")
    a = wandb.Artifact("measurements", type="dataset", description="What was measured", metadata={"round": i, "deep": {"er": [1, None, "ä"]}})
    a.add_dir("data")
    a.add_reference("file://" + os.path.abspath("big.bin"), name="far/big.bin")
    return a

seen = []
with wandb.init(project="journey", job_type="producer", name="first run", config={"lr": 0.1}, tags=["a", "b"], notes="n") as run:
    for i in [0, 1, 2, 2]:
        a = run.log_artifact(dataset(i), aliases=[f"round{i}"], tags=["raw"])
        a.wait()
        seen.append([a.name, sorted(a.aliases), a.size, a.file_count])
    run.log({"loss": 0.5})
    run.log({"loss": 0.25})

shutil.rmtree(os.environ["WANDB_CACHE_DIR"])

with wandb.init(project="journey", job_type="consumer") as run:
    a = run.use_artifact("measurements:round1")
    root = a.download()
    got = {}
    for folder, _, names in os.walk(root):
        for n in names:
            path = os.path.join(folder, n)
            got[os.path.relpath(path, root)] = os.path.getsize(path)
    a.verify(root)
    with open(os.path.join(root, "changing.txt")) as f: text = f.read()
    entry = a.get_entry("one.txt").download(root="single")

json.dump({"seen": seen, "got": got, "text": text, "single": os.path.getsize(entry), "metadata": a.metadata, "description": a.description}, sys.stdout)
`

func TestSession(t *testing.T) {
	forEachVersion(t, func(t *testing.T, r *servertest.Registry, version string) {
		out := r.Python(t, version).Run(t, sessionScript)
		allUnderstood(t, r)
		// Both are what the package says to what the script does.
		noComplaints(t, out, "already exists with the same content", "skipped verification of 1 refs")
		golden(t, "operations/session-"+version+".txt", operations(r.Requests()))

		var got any
		if err := json.Unmarshal([]byte(out.Stdout), &got); err != nil {
			t.Fatalf("%v in %s", err, out.Stdout)
		}
		want := map[string]any{
			"seen": []any{
				[]any{"measurements:v0", []any{"latest", "round0"}, 16249., 5.},
				[]any{"measurements:v1", []any{"latest", "round1"}, 16249., 5.},
				[]any{"measurements:v2", []any{"latest", "round2"}, 16249., 5.},
				[]any{"measurements:v2", []any{"latest", "round2"}, 16249., 5.},
			},
			"got":         map[string]any{"one.txt": 1000., "nested/deep/two.bin": 10240., "empty": 0., "changing.txt": 9., "far/big.bin": 5000.},
			"text":        "version 1",
			"single":      1000.,
			"metadata":    map[string]any{"round": 1., "deep": map[string]any{"er": []any{1., nil, "ä"}}},
			"description": "What was measured",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what the program saw (-want +got):\n%s", diff)
		}

		// What the run itself left.
		p := must(t, r.URL, r.Key, `query { project(name: "journey") { runCount runs(order: "+created_at") { edges { node {
			state displayName jobType tags notes historyLineCount historyTail config summaryMetrics fileCount user { username }
		} } } } }`, nil)
		var runs []struct{ Node map[string]any }
		p.into(t, &runs, "project", "runs", "edges")
		if len(runs) != 2 {
			t.Fatalf("%d runs, want 2", len(runs))
		}
		first := runs[0].Node
		for field, want := range map[string]any{
			"state": "finished", "displayName": "first run", "jobType": "producer", "notes": "n",
			"tags": []any{"a", "b"}, "historyLineCount": 2., "user": map[string]any{"username": r.Username},
		} {
			if diff := cmp.Diff(want, first[field]); diff != "" {
				t.Errorf("%s of the run (-want +got):\n%s", field, diff)
			}
		}
		var config struct{ LR struct{ Value float64 } }
		if err := json.Unmarshal([]byte(first["config"].(string)), &config); err != nil || config.LR.Value != 0.1 {
			t.Errorf("config of the run: %v %v", first["config"], err)
		}
		t.Logf("wandb %s: %d requests, %s in all", version, len(r.Requests()), out.Duration)
	})
}
