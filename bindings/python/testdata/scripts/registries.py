"""Registries: made, changed, filled, searched and deleted."""

import sys
from collections.abc import Callable
from itertools import islice

import wandb

entity = sys.argv[1]
place = f"{entity}/vision"
api = wandb.Api()

models = api.create_registry(
    "models", "organization", organization="acme", description="the best", artifact_types=["model"]
)
data = api.create_registry(name="data", visibility="restricted")


def show(r: "wandb.apis.public.Registry") -> None:
    for seen in (r, api.registry(r.name, organization="acme")):
        print(seen.name, seen.full_name, seen.path[1:], seen.organization, seen.description)
        print(" ", seen.visibility, seen.allow_all_artifact_types, sorted(seen.artifact_types))
        print(" ", seen.entity == seen.path[0], seen.id == r.id, seen.internal_id == r.internal_id)
        print(" ", type(seen.created_at).__name__, seen.artifact_types.draft)


show(models)
show(data)
print(api.organization().name, api.organization("acme").name)

# Setters, and a list that only grows.
models.description = "what we serve"
models.visibility = "restricted"
types = models.artifact_types
types.append("checkpoint")
types.append("model")
types.append("accident")
types.remove("accident")
types.insert(len(types), "notes")
print(types, types.draft, len(types), "model" in types, types[0], types[-1], types[:1])
types[-1] = "evaluation"
del types[-1]
print(types == ["model", "checkpoint"], list(types))
models.save()
show(models)
models.name = "weights"
models.save()
show(models)
data.allow_all_artifact_types = False
data.artifact_types.append("dataset")
data.save()
show(data)
data.description = "changed and not saved"
data.load()
print(data.description)

# Links, and what is found of them.
for n in range(3):
    api.artifact(f"{place}/detector:v{n}").link("acme/wandb-registry-weights/detectors", [f"a{n}"])
api.artifact(f"{place}/pets:v3").link("acme/wandb-registry-data/pets")
api.artifact(f"{place}/pets:v4").link("acme/wandb-registry-data/pets", aliases=["good"])
api.artifact(f"{place}/pets:v4").link("acme/wandb-registry-data/animals")


def names(items: object) -> list[str]:
    return sorted(item.name for item in items)  # type: ignore[attr-defined]


print(names(api.registries()), names(api.registries("acme", per_page=1)))
for filter in (
    {"name": "weights"},
    {"name": "wandb-registry-weights"},
    {"name": {"$regex": "wei"}},
    {"name": {"$in": ["weights", "data"]}},
    {"$or": [{"name": "data"}, {"description": "what we serve"}]},
    {"name": "none"},
):
    print(filter, names(api.registries(filter=filter)))
for order in ("name", "-name", "+created_at"):
    print(order, [r.name for r in api.registries(order=order)])

found = api.registries("acme")
print(found.organization, found.filter, found.length, found.more)
first = next(found)
print(first.name in ("weights", "data"), found.length, found.more, len(found.objects))
one = api.registries("acme", order="name", per_page=1)
print([r.name for r in islice(one, 1)])
print([r.name for r in api.registries("acme", order="name", per_page=1, start=one.cursor)])

collections = api.registries("acme").collections(per_page=1)
print(len(collections), names(collections))  # type: ignore[arg-type]
for c in api.registries("acme").collections(order="name"):
    print(c, c.name, c.project, c.type, c.organization, c.is_sequence(), sorted(c.aliases))
print(names(data.collections()), len(data.collections()), names(data.collections({"name": "pets"})))
print([c.name for c in data.collections(order="-name")])
print([c.name for c in api.registries("acme", order="-name").collections(order="name")])
print(names(api.registries("acme", {"name": "weights"}).collections(filter={"name": "pets"})))

print(names(api.registries("acme").versions()))
print(names(data.versions()), names(models.versions(filter={"alias": "a1"})))
print(names(data.versions({"$or": [{"alias": "good"}, {"tag": "curated"}]})))
print(names(data.versions({"metadata.rows": {"$gt": 400}})))
print(names(data.collections({"name": "pets"}).versions({"alias": "latest"})))
print([v.name for v in data.collections(order="name").versions({"alias": "latest"})])
ordered = api.registries("acme", order="-name")
print([v.name for v in ordered.collections(order="name").versions({"alias": "latest"})])
print([v.name for v in api.registries("acme", order="-name").versions({"alias": "latest"})])
for v in api.registries("acme").versions({"alias": "good"}):
    print(v.qualified_name.partition("/")[2], v.source_qualified_name, v.is_link, v.aliases)
    print(v.version, v.source_version, v.type)
versions = data.versions(per_page=1)
print(next(versions).name.startswith(("pets", "animals")), versions.length, versions.more)

# Members.
ada = api.user("ada")
assert ada is not None
print(ada.username, ada.id == ada.id, api.user("nobody"), api.viewer.username == entity)


def roles() -> list[tuple[str, str, str]]:
    return sorted((m.user.username, m.kind.value, m.role) for m in data.user_members())


print(roles(), data.team_members(), len(data.members()))
print(data.add_members(ada) is data, roles())
print(data.update_member(ada.id, "viewer") is data, roles())
for member in data.user_members():
    if member.user.username == "ada":
        data.update_member(member, role="admin")
print(roles())
print(data.remove_members(ada) is data, roles())

WRONG: list[Callable[[], object]] = [
    lambda: api.create_registry("data", "organization"),
    lambda: api.create_registry("new", "public"),  # type: ignore[arg-type]
    lambda: api.create_registry("new", "organization", artifact_types=["a:b"]),
    lambda: api.create_registry("", "organization"),
    lambda: api.registry("none"),
    lambda: list(api.registries("nobody")),
    lambda: list(api.registries(order="size")),
    lambda: list(data.collections(order="size")),
    lambda: list(data.collections(filter={"colour": "red"})),
    lambda: list(data.versions(filter={"colour": "red"})),
    lambda: list(api.registries(per_page=0)),
    lambda: api.registries(order="name").versions(start="x"),
    lambda: api.registries(order="name").collections(start="x"),
    lambda: data.collections(order="name").versions(start="x"),
    lambda: setattr(data, "name", ""),
    lambda: data.artifact_types.remove("dataset"),
    lambda: data.artifact_types.insert(0, "early"),
    lambda: data.artifact_types.__delitem__(0),
    lambda: data.artifact_types.__setitem__(0, "other"),
    lambda: data.artifact_types.__setitem__(9, "other"),
    lambda: data.artifact_types.__setitem__(slice(0, 1), ["other"]),
    lambda: data.add_members(),
    lambda: data.add_members("ada"),
    lambda: data.add_members(7),  # type: ignore[arg-type]
]
for number, wrong in enumerate(WRONG):
    try:
        print(number, "succeeded", wrong())
    except (ValueError, TypeError, IndexError) as e:
        print(number, [k.__name__ for k in (ValueError, TypeError, IndexError) if isinstance(e, k)])
    except Exception:
        print(number, "failed")

models.artifact_types.append("new")
models.allow_all_artifact_types = True
try:
    models.save()
except ValueError:
    print("types cannot be added where all are allowed")
models.delete()
print(names(api.registries()), api.artifact_exists(f"{place}/detector:v1"))
print(api.artifact_exists("acme/wandb-registry-weights/detectors:a1"))
