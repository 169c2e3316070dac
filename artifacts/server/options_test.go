package server_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// What can be said of a version when it is logged and afterwards: aliases that
// move, numbers that are never given twice, contents that are there already,
// steps, times to live, tags, names, types; and how collections are found.
const optionsScript = `
import json, sys
from datetime import timedelta
import wandb

saw = {}
api = wandb.Api()
def make(name, text, type="dataset", **k):
    a = wandb.Artifact(name, type, **k)
    with a.new_file("a.txt") as f: f.write(text)
    return a
def aliases(name): return {v.version: sorted(v.aliases) for v in api.artifacts("dataset", f"many/{name}")}

with wandb.init(project="many") as run:
    entity = run.entity
    for i in range(3): run.log_artifact(make("moving", str(i)), aliases=["best"]).wait()
    saw["moved"] = aliases("moving")
    # Old contents again: no new version, and its aliases go there.
    again = run.log_artifact(make("moving", "0"), aliases=["best", "again"]).wait()
    saw["deduplicated"] = [again.version, aliases("moving")]
    try: run.log_artifact(make("moving", "x"), aliases=["v7"]).wait(); saw["v7"] = "taken"
    except Exception as e: saw["v7"] = type(e).__name__
    try: run.log_artifact(make("moving", "y", type="model")).wait()
    except Exception as e: saw["other type"] = type(e).__name__

    run.log({"loss": 1}, step=4)
    stepped = run.log_artifact(make("stepped", "s")).wait()
    saw["step"] = stepped.history_step
    long = make("lived", "l"); long.ttl = timedelta(days=3)
    run.log_artifact(long).wait()
    lived = api.artifact("many/lived:v0")
    saw["ttl"] = [lived.ttl.days]
    lived.ttl = None; lived.save()
    saw["ttl"].append(api.artifact("many/lived:v0").ttl)
    lived.ttl = wandb.ArtifactTTL.INHERIT; lived.save()
    saw["ttl"].append(api.artifact("many/lived:v0").ttl)
    try: run.log_artifact(make("moving", "0"), tags=["not/a tag!"])
    except ValueError as e: saw["bad tag"] = True

# A number is given once, also when the version that had it is gone.
v2 = api.artifact("many/moving:v2")
v2.delete(delete_aliases=True)
with wandb.init(project="many") as run: saw["next"] = run.log_artifact(make("moving", "2")).wait().version
saw["after deletion"] = aliases("moving")

# Elsewhere: the version is named with entity and project.
with wandb.init(project="other") as run:
    used = run.use_artifact(f"{entity}/many/moving:again")
    saw["used"] = [used.source_project, used.version]
    try: run.use_artifact("moving:latest")
    except Exception as e: saw["not here"] = type(e).__name__
saw["used by"] = [r.project for r in used.used_by()]
saw["its name"] = [used.name, used.qualified_name == f"{entity}/many/moving:again", used.source_name]

# Many collections of one project.
with wandb.init(project="shelves") as run:
    for i, (name, type) in enumerate([("alpha", "dataset"), ("beta", "dataset"), ("gamma", "model"), ("beta-2", "dataset")]):
        run.log_artifact(make(name, name, type)).wait()
c = api.artifact_collection("dataset", "shelves/beta")
c.tags, c.description = ["checked"], "the second"
c.save()
def found(**k): return [c.name for c in api.artifact_type("dataset", "shelves").collections(**k)]
saw["collections"] = [found(), found(order="name"), found(order="-name"), found(filters={"name": {"$regex": "beta"}}, order="name"),
    found(filters={"tag": "checked"}), found(filters={"description": {"$regex": "second"}}), found(per_page=1, order="name"),
    [c.name for c in api.artifact_collections("shelves", "dataset", order="name")], len(api.artifact_collections("shelves", "dataset"))]
p = api.project("shelves")
saw["of all types"] = [[c.name for c in p.collections(order="name")], [c.name for c in p.collections(filters={"name": "gamma"})], len(p.collections())]
saw["types"] = sorted(t.name for t in p.artifacts_types())
c.type = "table"; c.save()
saw["moved type"] = [sorted(t.name for t in p.artifacts_types()), api.artifact("shelves/beta:v0").type, [c.name for c in api.artifact_collections("shelves", "table")]]
try:
    c.name = "alpha"; c.save()
except Exception as e: saw["name taken"] = "alpha" in str(e)
saw["ordered versions"] = [v.version for v in api.artifacts("dataset", "many/moving", order="+created_at", per_page=1)]
json.dump(saw, sys.stdout)
`

func TestOptions(t *testing.T) {
	forEachVersion(t, func(t *testing.T, r *servertest.Registry, version string) {
		out := r.Python(t, version).Run(t, optionsScript)
		var got any
		if err := json.Unmarshal([]byte(out.Stdout), &got); err != nil {
			t.Fatalf("%v in %s", err, out.Stdout)
		}
		type list = []any
		type m = map[string]any
		want := m{
			"moved":          m{"v0": list{}, "v1": list{}, "v2": list{"best", "latest"}},
			"deduplicated":   list{"v0", m{"v0": list{"again", "best", "latest"}, "v1": list{}, "v2": list{}}},
			"v7":             "ValueError",
			"other type":     "ValueError",
			"step":           3., // the last one that is complete
			"ttl":            list{3., nil, nil},
			"bad tag":        true,
			"next":           "v3",
			"after deletion": m{"v0": list{"again", "best"}, "v1": list{}, "v3": list{"latest"}},
			"used":           list{"many", "v0"},
			"not here":       "CommError",
			"used by":        list{"other"},
			"its name":       list{"moving:again", true, "moving:v0"},
			"collections": list{
				list{"beta-2", "beta", "alpha"}, list{"alpha", "beta", "beta-2"}, list{"beta-2", "beta", "alpha"}, list{"beta", "beta-2"},
				list{"beta"}, list{"beta"}, list{"alpha", "beta", "beta-2"}, list{"alpha", "beta", "beta-2"}, 3.,
			},
			"of all types":     list{list{"alpha", "beta", "beta-2", "gamma"}, list{"gamma"}, 4.},
			"types":            list{"dataset", "model"},
			"moved type":       list{list{"dataset", "model", "table"}, "table", list{"beta"}},
			"name taken":       true,
			"ordered versions": list{"v0", "v1", "v3"},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what the program saw (-want +got):\n%s", diff)
		}
	})
}
