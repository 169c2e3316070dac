"""Setters, save, links and deletion. Prints nothing that differs between registries."""

import sys
import warnings
from datetime import timedelta

import wandb

entity = sys.argv[1]
place = f"{entity}/vision"
api = wandb.Api()


def show(c: "wandb.apis.public.ArtifactCollection") -> None:
    again = api.artifact_collection(c.type, f"{place}/{c.name}")
    for seen in (c, again):
        print(seen, seen.name, seen.type, seen.description, sorted(seen.tags), seen.is_sequence())


moved = api.artifact_collection("evaluation", f"{place}/moved")
moved.description = "results that were kept"
moved.tags = ["kept", "old"]
moved.save()
show(moved)
moved.name = "archived"
moved.tags = ["old"]
moved.save()
show(moved)
moved.type = "archive"
moved.save()
show(moved)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    moved.change_type("evaluation")
show(moved)
moved.description = ""
moved.tags = []
moved.save()
show(moved)
released = api.artifact_collection("model", f"{place}/released")
try:
    released.type = "dataset"
except ValueError as e:
    print("refused:", e)
api.artifact_collection("evaluation", f"{place}/scratch-2").delete()
print([c.name for c in api.artifact_collections(place, "evaluation", order="+name")])

pets = api.artifact(f"{place}/pets:v4")
pets.description = "the fourth"
pets.metadata["reviewed"] = True
pets.metadata["rows"] = 7
pets.aliases.append("best")
pets.tags = ["curated", "small"]
pets.ttl = timedelta(days=365)
pets.save()
for seen in (pets, api.artifact(f"{place}/pets:best")):
    print(seen.version, seen.description, sorted(seen.metadata.items(), key=str))
    print(sorted(seen.aliases), sorted(seen.tags), seen.ttl)
pets.metadata = {"only": "this"}
pets.aliases.remove("best")
pets.ttl = None
pets.save()
seen = api.artifact(f"{place}/pets:v4")
print(seen.metadata, sorted(seen.aliases), seen.ttl)

detector = api.artifact(f"{place}/detector:v0")
linked = detector.link(f"{place}/released", aliases=["old"])
print(
    linked.qualified_name,
    linked.version,
    linked.is_link,
    sorted(linked.aliases),
    linked.source_name,
)
print(sorted(a.name for a in detector.linked_artifacts))
api.artifact(f"{place}/released:old").unlink()
print(api.artifact_exists(f"{place}/released:old"), api.artifact_exists(f"{place}/detector:v0"))
try:
    api.artifact(f"{place}/detector:production").delete()
except Exception:
    print("an artifact with an alias is not deleted")
api.artifact(f"{place}/detector:production").delete(delete_aliases=True)
api.artifact(f"{place}/detector:v0").delete()
print([v.version for v in api.artifacts("model", f"{place}/detector")])

run = api.run(f"{place}/evaluate")
logged = api.artifact(f"{place}/pets:v6")
print(run.log_artifact(logged, aliases=["again"], tags=["seen"]) is logged)
print([(a.name, a.type) for a in run.logged_artifacts()])
seen = api.artifact(f"{place}/pets:again")
print(seen.version, sorted(seen.aliases), sorted(seen.tags), seen.digest == logged.digest)
try:
    run.log_artifact(wandb.Artifact("draft", type="x"))
    print("a draft is logged")
except Exception:
    print("a draft is logged")
run.use_artifact(api.artifact(f"{place}/pets:v5"))
print([(a.name, a.version) for a in api.run(f"{place}/evaluate").used_artifacts()])
