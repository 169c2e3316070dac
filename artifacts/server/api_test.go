package server_test

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// Somebody walks what a run left through wandb.Api(), changes everything that
// can be changed, and deletes it in the end. Each step notes what it saw by
// asking again.
const apiScript = `
import json, sys
import wandb

def version(i):
    a = wandb.Artifact("data", type="dataset", metadata={"i": i})
    with a.new_file("a.txt") as f: f.write(f"{i}")
    with a.new_file("b/c.txt") as f: f.write("same")
    return a

with wandb.init(project="walk") as run:
    for i in range(3):
        run.log_artifact(version(i), aliases=[f"a{i}"], tags=[f"t{i}"]).wait()
    net = wandb.Artifact("net", type="model")
    with net.new_file("w.bin", "wb") as f: f.write(b"w" * 4000)
    run.log_artifact(net).wait()
    run.use_artifact("data:v1")
    run.link_artifact(net, f"{run.entity}/walk/best", aliases=["prod"])
    entity, run_id = run.entity, run.id

api = wandb.Api()
path = f"{entity}/walk"
saw = {}

saw["viewer"] = [api.viewer.username, api.default_entity]
saw["projects"] = [p.name for p in api.projects(entity)]
saw["types"] = [t.name for t in api.artifact_types(path)]
saw["type"] = api.artifact_type("model", path).name
collections = api.artifact_collections(path, "dataset")
saw["collections"] = [len(collections), [c.name for c in collections]]
saw["all collections"] = sorted(c.name for c in api.project("walk").collections())
c = api.artifact_collection("dataset", f"{path}/data")
saw["collection"] = [c.name, c.type, c.description, list(c.tags), sorted(c.aliases), c.is_sequence()]
versions = c.artifacts()
saw["versions"] = [len(versions), [a.name for a in versions], [a.name for a in api.artifacts("dataset", f"{path}/data", per_page=1)]]
saw["ordered"] = [a.name for a in api.artifacts("dataset", f"{path}/data", order="+created_at")]
saw["tagged"] = [a.name for a in api.artifacts("dataset", f"{path}/data", tags="t2")]

v = api.artifact(f"{path}/data:v1")
saw["version"] = [v.name, sorted(v.aliases), list(v.tags), v.size, v.file_count, v.state, dict(v.metadata), v.description, v.ttl, v.commit_hash is not None, v.digest]
saw["files"] = [len(v.files()), [[f.name, f.size] for f in v.files()], [f.name for f in v.files(names=["a.txt"])]]
saw["by whom"] = [[r.id == run_id for r in v.used_by()], v.logged_by().id == run_id, v.logged_by().state]
r = api.run(f"{path}/{run_id}")
saw["run"] = [r.state, [a.name for a in r.logged_artifacts()], [a.name for a in r.used_artifacts()], len(r.logged_artifacts())]
saw["run files"] = sorted(f.name for f in r.files())

v.description = "about it"
v.metadata["more"] = {"x": 1}
v.aliases.append("kept")
v.tags = ["clean", "checked"]
v.save()
v = api.artifact(f"{path}/data:kept")
saw["changed version"] = [v.name, v.description, v.metadata, sorted(v.aliases), sorted(v.tags)]
v.aliases.remove("kept")
v.tags.remove("clean")
v.save()
v = api.artifact(f"{path}/data:v1")
saw["changed back"] = [sorted(v.aliases), list(v.tags), api.artifact_exists(f"{path}/data:kept")]

c.name, c.description, c.tags = "renamed", "a collection", ["one", "two"]
c.save()
c = api.artifact_collection("dataset", f"{path}/renamed")
saw["changed collection"] = [c.name, c.description, sorted(c.tags), api.artifact_collection_exists(f"{path}/data", "dataset")]
c.tags = ["two"]
c.type = "table"
c.save()
c = api.artifact_collection("table", f"{path}/renamed")
saw["moved collection"] = [c.type, list(c.tags), api.artifact(f"{path}/renamed:v0").type]

p = api.artifact_collection("model", f"{path}/best")
saw["portfolio"] = [p.is_sequence(), [a.name for a in p.artifacts()]]
link = api.artifact(f"{path}/best:prod")
saw["link"] = [link.name, link.is_link, link.source_name, sorted(link.aliases), [a.name for a in api.artifact(f"{path}/net:v0").linked_artifacts]]
link.unlink()
saw["unlinked"] = len(api.artifacts("model", f"{path}/best"))

v = api.artifact(f"{path}/renamed:v0")
try:
    v.delete()
except Exception as e:
    saw["refused"] = "alias" in str(e)
v.delete(delete_aliases=True)
saw["deleted version"] = [a.name for a in api.artifacts("table", f"{path}/renamed")]
p.delete()
c.delete()
saw["deleted"] = [api.artifact_collection_exists(f"{path}/renamed", "table"), api.artifact_collection_exists(f"{path}/best", "model"), api.artifact_exists(f"{path}/net:latest")]
json.dump(saw, sys.stdout)
`

// versionDigest is the digest of a version with these files (name, text, name, ...), in order.
func versionDigest(files ...string) string {
	h := md5.New()
	fmt.Fprintln(h, "wandb-artifact-manifest-v1")
	for i := 0; i < len(files); i += 2 {
		fmt.Fprintf(h, "%s:%s\n", files[i], base64MD5(files[i+1]))
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func base64MD5(text string) string {
	sum := md5.Sum([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func TestPublicAPI(t *testing.T) {
	forEachVersion(t, func(t *testing.T, r *servertest.Registry, version string) {
		out := r.Python(t, version).Run(t, apiScript)
		var got any
		if err := json.Unmarshal([]byte(out.Stdout), &got); err != nil {
			t.Fatalf("%v in %s", err, out.Stdout)
		}
		type list = []any
		digest := versionDigest("a.txt", "1", "b/c.txt", "same")
		want := map[string]any{
			"viewer": list{r.Username, r.Username}, "projects": list{"walk"}, "types": list{"dataset", "model"}, "type": "model",
			"collections":        list{1., list{"data"}},
			"all collections":    list{"best", "data", "net"},
			"collection":         list{"data", "dataset", nil, list{}, list{"a0", "a1", "a2", "latest"}, true},
			"versions":           list{3., list{"data:v2", "data:v1", "data:v0"}, list{"data:v2", "data:v1", "data:v0"}},
			"ordered":            list{"data:v0", "data:v1", "data:v2"},
			"tagged":             list{"data:v2"},
			"version":            list{"data:v1", list{"a1"}, list{"t1"}, 5., 2., "COMMITTED", map[string]any{"i": 1.}, nil, nil, true, digest},
			"files":              list{2., list{list{"a.txt", 1.}, list{"b/c.txt", 4.}}, list{"a.txt"}},
			"by whom":            list{list{true}, true, "finished"},
			"run":                list{"finished", list{"data:v0", "data:v1", "data:v2", "net:v0"}, list{"data:v1"}, 4.},
			"run files":          list{"config.yaml", "requirements.txt", "wandb-metadata.json", "wandb-summary.json"},
			"changed version":    list{"data:kept", "about it", map[string]any{"i": 1., "more": map[string]any{"x": 1.}}, list{"a1", "kept"}, list{"checked", "clean"}},
			"changed back":       list{list{"a1"}, list{"checked"}, false},
			"changed collection": list{"renamed", "a collection", list{"one", "two"}, false},
			"moved collection":   list{"table", list{"two"}, "table"},
			"portfolio":          list{false, list{"best:v0"}},
			"link":               list{"best:prod", true, "net:v0", list{"latest", "prod"}, list{"best:v0"}},
			"unlinked":           0.,
			"refused":            true,
			"deleted version":    list{"renamed:v2", "renamed:v1"},
			"deleted":            list{false, false, true},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what the program saw (-want +got):\n%s", diff)
		}
		noComplaints(t, out)
		golden(t, "operations/api-"+version+".txt", operations(r.Requests()))
		refused := 0
		for _, q := range r.Requests() {
			if q.Understood() {
				continue
			}
			// The one thing that the script does wrong.
			if q.Operation == "DeleteArtifact" && q.Status == 200 && !q.UnknownOperation {
				refused++
				continue
			}
			t.Errorf("%s %s %s: status %d, %s", q.Method, q.Path, q.Operation, q.Status, q.Outcome)
		}
		if refused != 1 {
			t.Errorf("deleting a version with aliases was refused %d times, want once: a refusal must not be tried again", refused)
		}
		t.Logf("wandb %s: %d requests, %s in all", version, len(r.Requests()), out.Duration)
	})
}
