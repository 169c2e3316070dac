"""Everything that can be asked about a version."""

import sys
import warnings
from collections.abc import Callable

import wandb

entity = sys.argv[1]
place = f"{entity}/vision"
api = wandb.Api()

NAMES = (
    "pets:v1",
    "pets:stable",
    "pets",
    "pets:v3",
    "detector:production",
    "released:candidate",
    "released:v0",
)
ATTRIBUTES = """
    id entity project name qualified_name version type state description metadata digest size
    commit_hash file_count created_at updated_at history_step ttl source_entity source_project
    source_name source_qualified_name source_version is_link
"""

for name in NAMES:
    a = api.artifact(f"{place}/{name}")
    print(name, repr(a))
    for attribute in ATTRIBUTES.split():
        print(" ", attribute, getattr(a, attribute))
    print("  aliases", sorted(a.aliases), "tags", sorted(a.tags))
    print("  in", a.collection, "from", a.source_collection, a.source_artifact.qualified_name)
    print("  links", [link.qualified_name for link in a.linked_artifacts])
    by = a.logged_by()
    print("  by", by.path if by else None, "for", sorted(r.id for r in a.used_by()))
    print("  draft", a.is_draft())

encoded = api.artifact(f"{place}/released:v0").json_encode()
print(sorted(encoded.items(), key=str))
project = api.project("vision", entity)
print(project.name, project.entity, project.path, project.url.partition("//")[2].partition("/")[2])
by = api.run(f"{place}/train")
print(by.url.partition("//")[2].partition("/")[2], by.path)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    old = api.artifact_versions("model", f"{place}/detector")  # type: ignore[no-untyped-call]
    print([v.version for v in old])
api.flush()  # type: ignore[no-untyped-call]

paper = api.artifact(f"{place}/paper:latest", type="notes")
for path, entry in sorted(paper.manifest.entries.items()):
    print(path, entry.path, entry.digest, entry.ref, entry.size)
print(paper.get_entry("paper.pdf").ref_target())
print(paper.get_entry("note.md").ref_url())

print(
    api.artifact_exists(f"{place}/pets:v1"),
    api.artifact_exists(f"{place}/pets:v99"),
    api.artifact_exists(f"{place}/no-such-collection:v0"),
    api.artifact_exists(f"{entity}/no-such-project/pets:v0"),
    api.artifact_exists(f"{place}/pets:v1", type="dataset"),
    api.artifact_collection_exists(f"{place}/pets", "dataset"),
    api.artifact_collection_exists(f"{place}/pets", "model"),
    api.artifact_collection_exists(f"{place}/no-such", "model"),
)

WRONG: list[Callable[[], object]] = [
    lambda: api.artifact(f"{place}/pets:v1", type="model"),
    lambda: paper.get_entry("no such file"),
    lambda: api.artifact_type("model", place).collection("no-such"),
    lambda: api.artifact(f"{place}/no-such:v0"),
    lambda: api.artifact(f"{place}/pets:v1").unlink(),
    lambda: wandb.Artifact("draft", type="x").qualified_name,
]
for wrong in WRONG:
    try:
        print("succeeded", wrong())
    except KeyError as e:
        print("KeyError", e)
    except Exception:
        print("failed")
