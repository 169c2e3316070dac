package server_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// Media and tables go into versions and come out as they were: their JSON, and
// the files that it points at, also those of another version.
const mediaScript = `
import hashlib, json, os, shutil, sys
import wandb

files = {"a.html": "<b>bold</b>", "a.pdb": "ATOM      1  N   ALA A   1", "a.pts.json": "[[1, 2, 3], [4, 5, 6]]", "a.wav": "RIFF not really", "a.mp4": "mp4 not really"}
for path, text in files.items():
    with open(path, "w") as f: f.write(text)
def page(): return wandb.Html("a.html", inject=False)
def medium(path):
    # Without a caption the package cannot read its own JSON of a sound.
    if path.endswith("wav"): return wandb.Audio(path, caption="a sound")
    if path.endswith("html"): return page()
    return {"pdb": wandb.Molecule, "json": wandb.Object3D, "mp4": wandb.Video}[path.split(".")[-1]](path)
def digest(path):
    with open(path, "rb") as f: return hashlib.sha256(f.read()).hexdigest()[:12]

with wandb.init(project="media") as run:
    a = wandb.Artifact("raw", "dataset")
    for path in files: a.add(medium(path), "one/" + path)
    t = wandb.Table(columns=["id", "page", "sound"])
    for i in range(3): t.add_data(i, page(), wandb.Audio("a.wav", caption=f"sound {i}"))
    a.add(t, "table")
    a.add(wandb.Table(columns=["id", "label"], data=[[0, "zero"], [1, None], [2, "zwei ü"]]), "labels")
    a.add(wandb.JoinedTable("table.table.json", "labels.table.json", "id"), "joined")
    a.add(wandb.Table(columns=["p"], data=[[1]]), "parts/one")
    a.add(wandb.Table(columns=["p"], data=[[2]]), "parts/two")
    a.add(wandb.data_types.PartitionedTable(parts_path="parts"), "all")
    run.log_artifact(a).wait()
    run.log({"seen": wandb.Table(columns=["x", "page"], data=[[1, page()]])})
    entity = run.entity

# From an empty cache, in another run: a table that is taken over from there.
shutil.rmtree(os.environ["WANDB_CACHE_DIR"])
shutil.rmtree("artifacts", ignore_errors=True)
with wandb.init(project="media") as run:
    old = run.use_artifact("raw:latest")
    table = old.get("table")
    b = wandb.Artifact("derived", "dataset")
    b.add(old.get("labels"), "labels")
    b.add(table, "table")
    run.log_artifact(b).wait()

api = wandb.Api()
raw, derived = api.artifact("media/raw:v0"), api.artifact("media/derived:v0")
root = raw.download("raw")
raw.verify("raw")
saw = {}
saw["files"] = {path: len([p for p in raw.manifest.entries if p.endswith("." + path.split(".", 1)[1])]) > 0 for path in files}
saw["bytes"] = sorted({digest(os.path.join("raw", p)) for p in raw.manifest.entries if p.startswith("media/")}) == sorted({digest(p) for p in files})
table = raw.get("table")
saw["table"] = [table.columns, [row[0] for row in table.data], [type(c).__name__ for c in table.data[0]], table.data[2][2]._caption]
saw["labels"] = raw.get("labels").data
saw["joined"] = type(raw.get("joined")).__name__
saw["parts"] = [row for _, row in raw.get("all").iterrows()]
saw["one"] = [type(raw.get("one/" + p)).__name__ for p in ("a.html", "a.pdb", "a.wav")]
saw["derived"] = [sorted({e.ref.split("://")[0] for e in derived.manifest.entries.values() if e.ref}), derived.get("labels").data, [row[0] for row in derived.get("table").data]]
derived.download("derived")
saw["derived file"] = os.path.exists("derived/table.table.json")
logged = [a for a in api.runs("media", order="+created_at")[0].logged_artifacts() if a.type == "run_table"]
saw["logged"] = [len(logged), logged[0].get("seen").columns]
json.dump(saw, sys.stdout)
`

func TestMedia(t *testing.T) {
	forEachVersion(t, func(t *testing.T, r *servertest.Registry, version string) {
		out := r.Python(t, version).Run(t, mediaScript)
		allUnderstood(t, r)
		var got any
		if err := json.Unmarshal([]byte(out.Stdout), &got); err != nil {
			t.Fatalf("%v in %s", err, out.Stdout)
		}
		type list = []any
		type m = map[string]any
		labels := list{list{0., "zero"}, list{1., nil}, list{2., "zwei ü"}}
		want := m{
			"files":        m{"a.html": true, "a.pdb": true, "a.pts.json": true, "a.wav": true, "a.mp4": true},
			"bytes":        true,
			"table":        list{list{"id", "page", "sound"}, list{0., 1., 2.}, list{"int", "Html", "Audio"}, "sound 2"},
			"labels":       labels,
			"joined":       "JoinedTable",
			"parts":        list{list{1.}, list{2.}},
			"one":          list{"Html", "Molecule", "Audio"},
			"derived":      list{list{"wandb-artifact"}, labels, list{0., 1., 2.}},
			"derived file": true,
			"logged":       list{1., list{"x", "page"}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what the program saw (-want +got):\n%s", diff)
		}
	})
}
