package server_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// What is in a registry is found by people who do not know where it came from:
// registries, collections and versions are searched for, ordered, renamed,
// shared with people and teams, closed to others, and deleted.
const registriesScript = `
import json, sys
import wandb

org, team = "acme", "vision"
api = wandb.Api()
saw = {}
models = api.create_registry("models", visibility="organization", organization=org, description="what we ship", artifact_types=["model"])
data = api.create_registry("data", visibility="restricted", organization=org)
saw["made"] = [[r.name, r.full_name, r.description, r.visibility, r.allow_all_artifact_types, sorted(r.artifact_types)] for r in (models, data)]
try: api.create_registry("models", visibility="organization", organization=org)
except Exception as e: saw["twice"] = "exists" in str(e)

with wandb.init(project="train", entity=team) as run:
    for i in range(3):
        a = wandb.Artifact("net", "model", metadata={"accuracy": i / 10, "arch": {"layers": i}})
        with a.new_file("w.bin") as f: f.write("w" * (i + 1))
        run.log_artifact(a, tags=[f"t{i}"]).wait()
        run.link_artifact(a, f"{org}/wandb-registry-models/detector", aliases=[f"a{i}"])
    d = wandb.Artifact("faces", "dataset")
    with d.new_file("d.txt") as f: f.write("d")
    run.log_artifact(d).wait()
    run.link_artifact(d, f"{org}/wandb-registry-data/faces")
    run.link_artifact(a, f"{org}/wandb-registry-models/classifier", aliases=["prod"])
    try: run.link_artifact(d, f"{org}/wandb-registry-models/faces")
    except Exception as e: saw["type"] = "type" in str(e)

c = api.registry("models", organization=org).collections(filter={"name": "detector"})[0]
c.tags, c.description = ["vision", "big"], "finds things"
c.save()

R = lambda **k: sorted(r.name for r in api.registries(organization=org, **k))
saw["registries"] = [R(), R(filter={"name": "data"}), R(filter={"name": {"$regex": "mod"}}), R(filter={"$or": [{"name": "data"}, {"description": "what we ship"}]}), R(filter={"name": {"$nin": ["data"]}})]
saw["ordered"] = [[r.name for r in api.registries(organization=org, order=o)] for o in ("name", "-name", "+created_at")]
C = lambda f=None, **k: [c.name for c in api.registries(organization=org, **k).collections(filter=f)]
saw["collections"] = [sorted(C()), C({"tag": "vision"}), C({"tag": {"$in": ["big", "small"]}, "name": {"$regex": "^det"}}), C({"description": {"$regex": "finds"}}), sorted(C(filter={"name": "models"})), C({"name": {"$not": {"$regex": "e"}}})]
saw["ordered collections"] = [c.name for c in api.registries(organization=org).collections(order="-name")]
V = lambda f=None, **k: sorted(v.name for v in api.registries(organization=org, **k).collections().versions(filter=f))
saw["versions"] = [V(), V({"tag": "t1"}), V({"alias": "prod"}), V({"metadata.accuracy": {"$gte": 0.1}}), V({"metadata.arch.layers": 0}), V({"$and": [{"alias": "latest"}, {"tag": "t2"}]}), V(filter={"name": "data"})]
v = api.registries(organization=org, filter={"name": "models"}).collections(filter={"name": "detector"}).versions(filter={"alias": "a1"})[0]
saw["version"] = [v.qualified_name, v.source_qualified_name, v.is_link, sorted(v.aliases), list(v.tags), v.metadata["accuracy"], v.type, v.collection.name]
used = api.artifact(f"{org}/wandb-registry-models/detector:a1")
saw["path"] = [used.name, used.source_version, [l.qualified_name for l in api.artifact(f"{team}/train/net:v2").linked_artifacts]]

anna, ben = api.user("anna"), api.user("ben")
t = api.team(team)
models = api.registry("models", organization=org)
models.add_members(anna, ben, t)
models.update_member(ben, "member").update_member(t, "admin")
M = lambda: [sorted([m.user.username, str(m.role)] for m in models.user_members()), sorted([m.team.name, str(m.role)] for m in models.team_members())]
saw["members"] = [M()]
models.remove_members(anna, t)
saw["members"].append(M())

models.description, models.name, models.visibility = "shipped", "weights", "restricted"
models.allow_all_artifact_types = True
models.save()
r = api.registry("weights", organization=org)
saw["changed"] = [r.name, r.description, r.visibility, r.allow_all_artifact_types, api.artifact_exists(f"{org}/wandb-registry-weights/detector:a1"), api.artifact_exists(f"{org}/wandb-registry-models/detector:a1")]
old = api.registry("data", organization=org)
old.artifact_types.append("table")
old.allow_all_artifact_types = False
old.save()
saw["types"] = sorted(api.registry("data", organization=org).artifact_types)

api.artifact(f"{org}/wandb-registry-weights/detector:v0").unlink()
api.artifact(f"{team}/train/net:v1").delete(delete_aliases=True)
saw["left"] = [V(filter={"name": "weights"}), [a.name for a in api.artifacts("model", f"{team}/train/net")]]
r.delete()
saw["deleted"] = [R(), V(), api.artifact_exists(f"{team}/train/net:v2")]
json.dump(saw, sys.stdout)
`

func TestRegistries(t *testing.T) {
	forEachVersion(t, func(t *testing.T, r *servertest.Registry, version string) {
		store, ctx := r.Metadata, t.Context()
		check := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		first, err := store.UserByName(ctx, r.Username)
		check(err)
		acme, err := store.CreateOrganization(ctx, "acme", nil)
		check(err)
		vision, err := store.CreateTeam(ctx, "vision", nil)
		check(err)
		check(store.SetOrganization(ctx, vision.ID, acme.ID))
		for _, e := range []metadata.Entity{acme, vision} {
			check(store.SetMember(ctx, e.ID, first.ID, metadata.AdminRole))
		}
		r.AddUser(t, "anna")
		r.AddUser(t, "ben")

		out := r.Python(t, version).Run(t, registriesScript)
		var got any
		if err := json.Unmarshal([]byte(out.Stdout), &got); err != nil {
			t.Fatalf("%v in %s", err, out.Stdout)
		}
		type list = []any
		want := map[string]any{
			"made": list{
				list{"models", "wandb-registry-models", "what we ship", "organization", false, list{"model"}},
				list{"data", "wandb-registry-data", nil, "restricted", true, list{}},
			},
			"twice":      true,
			"type":       true,
			"registries": list{list{"data", "models"}, list{"data"}, list{"models"}, list{"data", "models"}, list{"models"}},
			"ordered":    list{list{"data", "models"}, list{"models", "data"}, list{"models", "data"}},
			"collections": list{
				list{"classifier", "detector", "faces"}, list{"detector"}, list{"detector"}, list{"detector"}, list{"classifier", "detector"}, list{},
			},
			"ordered collections": list{"faces", "detector", "classifier"},
			"versions": list{
				list{"classifier:v0", "detector:v0", "detector:v1", "detector:v2", "faces:v0"}, list{"detector:v1"}, list{"classifier:v0"},
				list{"classifier:v0", "detector:v1", "detector:v2"}, list{"detector:v0"}, list{"classifier:v0", "detector:v2"}, list{"faces:v0"},
			},
			"version": list{"acme/wandb-registry-models/detector:v1", "vision/train/net:v1", true, list{"a1"}, list{"t1"}, 0.1, "model", "detector"},
			"path":    list{"detector:a1", "v1", list{"acme/wandb-registry-models/detector:v2", "acme/wandb-registry-models/classifier:v0"}},
			"members": list{
				list{list{list{"anna", "viewer"}, list{"ben", "member"}, list{r.Username, "admin"}}, list{list{"vision", "admin"}}},
				list{list{list{"ben", "member"}, list{r.Username, "admin"}}, list{}},
			},
			"changed": list{"weights", "shipped", "restricted", true, true, false},
			"types":   list{"dataset", "table"},
			"left":    list{list{"classifier:v0", "detector:v2"}, list{"net:v2", "net:v0"}},
			"deleted": list{list{"data"}, list{"faces:v0"}, true},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what the program saw (-want +got):\n%s", diff)
		}
	})
}
