package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// A version refers to files in all the places that the package knows. For the
// object stores the entries are made as its handlers make them, because those
// would go and ask the stores.
const referencesScript = `
import json, os, sys
import wandb
from wandb.sdk.artifacts.artifact_manifest_entry import ArtifactManifestEntry

web = sys.argv[1]
os.makedirs("near/deep", exist_ok=True)
for path, text in {"near/one.txt": "one", "near/deep/two.txt": "two!"}.items():
    with open(path, "w") as f: f.write(text)
saw = {}

with wandb.init(project="refs") as run:
    base = wandb.Artifact("base", "dataset")
    with base.new_file("inside.txt") as f: f.write("inside")
    run.log_artifact(base).wait()
    a = wandb.Artifact("refs", "dataset")
    a.add_reference(f"file://{os.path.abspath('near')}", name="near")
    a.add_reference(f"{web}/file.bin", name="web.bin")
    a.add_reference(f"{web}/unasked.bin", name="unasked.bin", checksum=False)
    a.add_reference(base.get_entry("inside.txt").ref_url(), name="other.txt")
    a.add_reference("hdfs://cluster/path/to/data", name="tracked")
    for scheme in ("s3", "gs"):
        a.manifest.add_entry(ArtifactManifestEntry(
            path=f"{scheme}/model.bin", ref=f"{scheme}://bucket/models/model.bin?x=1", digest=f"{scheme}-etag-\"not an md5\"",
            size=3_000_000_000, extra={"etag": "e", "versionID": "v1"},
        ))
    run.log_artifact(a).wait()

api = wandb.Api()
a = api.artifact("refs/refs:v0")
saw["entries"] = {p: [e.ref is not None, e.size, e.digest if p.startswith(("s3", "gs")) else bool(e.digest), e.extra if p.startswith(("s3", "gs")) else None] for p, e in sorted(a.manifest.entries.items())}
saw["refs"] = {p: e.ref.split("://")[0] for p, e in sorted(a.manifest.entries.items())}
saw["size"] = [a.size, a.file_count, len(a.files())]
saw["listed"] = [[f.name, f.size] for f in a.files(names=["s3/model.bin", "near/one.txt"])]
saw["fetched"] = {}
for name in ["near/one.txt", "near/deep/two.txt", "web.bin", "other.txt"]:
    with open(a.get_entry(name).download("out")) as f: saw["fetched"][name] = f.read()

# The same references again are the same version; one that changed is another.
def again():
    with wandb.init(project="refs") as run:
        b = wandb.Artifact("near", "dataset")
        b.add_reference(f"file://{os.path.abspath('near')}")
        return run.log_artifact(b).wait().version
saw["again"] = [again(), again()]
with open("near/one.txt", "w") as f: f.write("uno")
saw["again"].append(again())
saw["used"] = [r.project for r in api.artifact("refs/base:v0").used_by()]
json.dump(saw, sys.stdout)
`

func TestReferences(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"web-etag"`)
		http.ServeContent(w, r, r.URL.Path, time.Time{}, strings.NewReader("from the web"))
	}))
	defer web.Close()
	forEachVersion(t, func(t *testing.T, r *servertest.Registry, version string) {
		out := r.Python(t, version).Run(t, referencesScript, web.URL)
		allUnderstood(t, r)
		var got any
		if err := json.Unmarshal([]byte(out.Stdout), &got); err != nil {
			t.Fatalf("%v in %s", err, out.Stdout)
		}
		type list = []any
		type m = map[string]any
		entry := func(size any) list { return list{true, size, true, nil} }
		stored := func(scheme string) list {
			return list{true, 3e9, scheme + `-etag-"not an md5"`, m{"etag": "e", "versionID": "v1"}}
		}
		want := m{
			"entries": m{
				"near/one.txt": entry(3.), "near/deep/two.txt": entry(4.), "web.bin": entry(12.), "unasked.bin": entry(0.), "other.txt": entry(0.),
				"tracked": entry(0.), "s3/model.bin": stored("s3"), "gs/model.bin": stored("gs"),
			},
			"refs": m{"near/one.txt": "file", "near/deep/two.txt": "file", "web.bin": "http", "unasked.bin": "http", "other.txt": "wandb-artifact",
				"tracked": "hdfs", "s3/model.bin": "s3", "gs/model.bin": "gs"},
			"size":    list{6e9 + 19, 8., 8.},
			"listed":  list{list{"near/one.txt", 3.}, list{"s3/model.bin", 3e9}},
			"fetched": m{"near/one.txt": "one", "near/deep/two.txt": "two!", "web.bin": "from the web", "other.txt": "inside"},
			"again":   list{"v0", "v0", "v1"},
			"used":    list{},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what the program saw (-want +got):\n%s", diff)
		}
	})
}
