"""Every list, walked, indexed, sliced, counted and continued."""

import sys
from itertools import islice

import wandb

entity = sys.argv[1]
place = f"{entity}/vision"
api = wandb.Api()

for t in api.artifact_types(place):
    print(t, t.id, t.name, t.entity, t.project)
model = api.artifact_type("model", place)
print(model, model.name)

collections = model.collections(per_page=50)
print(len(collections), [c.name for c in collections])
for c in model.collections(order="+name", per_page=1):
    print(c, c.id, c.type, c.description, sorted(c.tags), c.is_sequence(), c.created_at)
for c in model.collections(filters={"name": {"$regex": "^det"}}):
    print("filtered", c.name, sorted(c.aliases))
print([c.name for c in api.artifact_collections(place, "evaluation", order="+name")])

versions = api.artifacts("dataset", f"{place}/pets", per_page=5)
print(len(versions), versions.more, versions.cursor is not None, len(versions.objects))
print([v.name for v in versions])
print([v.name for v in versions], versions.more)
print(versions[0].name, versions[11].name, [v.name for v in versions[3:7]])
fresh = api.artifacts("dataset", f"{place}/pets", per_page=5)
print(fresh[7].name, len(fresh.objects), [v.version for v in fresh[:2]])
print(next(fresh).name, next(fresh).name, fresh.next().name)
try:
    fresh[99]
except IndexError:
    print("there is no item 99")
print([v.version for v in api.artifacts("dataset", f"{place}/pets", order="+createdAt")])
print([v.version for v in api.artifacts("dataset", f"{place}/pets", tags=["even", "curated"])])

first = api.artifacts("dataset", f"{place}/pets", per_page=4)
print([v.name for v in islice(first, 4)])
rest = api.artifacts("dataset", f"{place}/pets", per_page=4, start=first.cursor)
print(len(rest), [v.name for v in rest])
print(versions.entity, versions.project, versions.collection_name, versions.type, versions.filters)

files = api.artifact(f"{place}/pets:v2").files(per_page=2)
print(files, len(files), files.path)
for f in files:
    print(f, f.name, f.size, f.md5, f.mimetype)
print([f.name for f in api.artifact(f"{place}/pets:v2").files(names=["parts/part-1.csv"])])

run = api.run(f"{place}/train")
print(run.id, run.name, run.entity, run.project, run.state, run.path)
for mode in (run.logged_artifacts(per_page=2), run.used_artifacts()):
    print(len(mode), [(a.name, a.type) for a in mode])
print([r.id for r in api.runs(place, order="+created_at")], len(api.runs(place)))
