"""The story of same_script_test.go, told with the wandb package.

Its functions stand beside those of the Go test that have the same names and do
the same with our API. show says everything that the package says of a project.
"""

import datetime
import pathlib
from typing import Any

import wandb
from wandb.apis.public import ArtifactCollection, Run

ENTITY = "local"


def start(project: str, run: str, job: str) -> wandb.Run:
    return wandb.init(entity=ENTITY, project=project, id=run, job_type=job)


def log(project: str, folder: str) -> list[str]:
    """Logs data, the same again, a changed edition of it, and a model of that."""
    said = []
    with start(project, "collect", "prepare") as run:
        data = wandb.Artifact(
            "animals",
            "dataset",
            description="cats and dogs",
            metadata={"rows": 2, "split": {"train": 0.5}, "ä": None},
        )
        data.add_dir(folder, name="files")
        data.add_file(folder + "/a.txt", name="first.txt")
        data.add_reference("https://example.com/key.bin", checksum=False)
        logged = run.log_artifact(data, aliases=["raw"], tags=["small", "animals"]).wait()
        said.append(logged.version)

        again = wandb.Artifact("animals", "dataset")
        again.add_dir(folder, name="files")
        again.add_file(folder + "/a.txt", name="first.txt")
        again.add_reference("https://example.com/key.bin", checksum=False)
        said.append(run.log_artifact(again).wait().version)

        draft = logged.new_draft()
        draft.remove("first.txt")
        with draft.new_file("new/note.txt") as f:
            f.write("note")
        draft.description = "more of them"
        said.append(run.log_artifact(draft, aliases=["clean"]).wait().version)

    with start(project, "train", "train") as run:
        run.use_artifact("animals:clean")
        for step in range(3):
            model = wandb.Artifact("classifier", "model", metadata={"step": step})
            with model.new_file("weights.bin") as f:
                f.write(f"weights {step}")
            aliases = ["best"] if step == 1 else None
            said.append(run.log_artifact(model, aliases=aliases).wait().version)
    return said


def change(project: str) -> list[str]:
    """Changes what is said of versions and collections."""
    api = wandb.Api()
    at = f"{ENTITY}/{project}"
    data = api.artifact(f"{at}/animals:raw")
    data.description = "changed"
    data.metadata["rows"] = 3
    data.metadata["more"] = [1, 2.5, "x"]
    data.tags = ["small", "checked"]
    data.aliases.append("reviewed")
    data.aliases.remove("raw")
    data.ttl = datetime.timedelta(days=30)
    data.save()
    model = api.artifact(f"{at}/classifier:v2")
    model.aliases = ["latest", "best", "final"]
    model.save()
    animals = api.artifact_collection("dataset", f"{at}/animals")
    animals.description = "all animals"
    animals.tags = ["zoo"]
    animals.name = "creatures"
    animals.save()
    return [data.version, model.version, animals.name]


def link(project: str) -> list[str]:
    """Links versions, and takes one out again."""
    api = wandb.Api()
    at = f"{ENTITY}/{project}"
    for alias in ("classifier:v0", "classifier:best"):
        api.artifact(f"{at}/{alias}").link(f"{at}/released", aliases=["from-" + alias[-2:]])
    api.artifact(f"{at}/creatures:clean").link(f"{at}/released-data")
    api.artifact(f"{at}/released:v0").unlink()
    return [api.artifact(f"{at}/released:latest").source_name]


def delete(project: str) -> list[str]:
    """Deletes a version without aliases, one with some, and a collection."""
    api = wandb.Api()
    at = f"{ENTITY}/{project}"
    said = []
    api.artifact(f"{at}/classifier:v0").delete()
    try:
        api.artifact(f"{at}/creatures:clean").delete()
        said.append("deleted")
    except (ValueError, wandb.errors.CommError):
        said.append("refused")
    api.artifact(f"{at}/creatures:clean").delete(delete_aliases=True)
    api.artifact_collection("dataset", f"{at}/released-data").delete()
    return said


def show(project: str) -> dict[str, Any]:
    """Says everything about a project's artifacts and their lineage."""
    api = wandb.Api()
    out: dict[str, Any] = {}
    for kind in api.artifact_types(project=f"{ENTITY}/{project}"):
        if kind.name == "job":
            continue  # what the package may log by itself
        collections = {}
        for c in kind.collections():
            # Looked up by name: what it lists of a portfolio it cannot download.
            names = [a.name for a in c.artifacts()]
            versions = {n: show_version(api.artifact(f"{ENTITY}/{project}/{n}")) for n in names}
            collections[c.name] = {"about": show_collection(c), "versions": versions}
        out[kind.name] = collections
    runs = {}
    for name in ("collect", "train"):
        run: Run = api.run(f"{ENTITY}/{project}/{name}")
        runs[name] = {
            "logged": sorted(a.qualified_name for a in run.logged_artifacts()),
            "used": sorted(a.qualified_name for a in run.used_artifacts()),
        }
    out["runs"] = runs
    return out


def show_collection(c: ArtifactCollection) -> dict[str, Any]:
    return {
        "id": c.id,
        "type": c.type,
        "sequence": c.is_sequence(),
        "description": c.description,
        "tags": sorted(c.tags),
        "aliases": sorted(c.aliases),
        "created_at": c.created_at,
    }


def show_version(a: wandb.Artifact) -> dict[str, Any]:
    maker = a.logged_by()
    root = (
        pathlib.Path(a.download(skip_cache=True, path_prefix="files/"))
        if "files/a.txt" in a.manifest.entries
        else None
    )
    return {
        "id": a.id,
        "name": a.name,
        "qualified_name": a.qualified_name,
        "source_name": a.source_name,
        "source_qualified_name": a.source_qualified_name,
        "is_link": a.is_link,
        "type": a.type,
        "state": a.state,
        "description": a.description,
        "metadata": a.metadata,
        "aliases": sorted(a.aliases),
        "tags": sorted(a.tags),
        "digest": a.digest,
        "commit_hash": a.commit_hash,
        "size": a.size,
        "file_count": a.file_count,
        "ttl": a.ttl.total_seconds() if a.ttl else None,
        "history_step": a.history_step,
        "created_at": a.created_at,
        "updated_at": a.updated_at,
        "files": {f.name: [f.size, f.digest] for f in a.files()},
        "entries": {p: [e.digest, e.ref, e.size] for p, e in a.manifest.entries.items()},
        "first_file": (root / "files/a.txt").read_text() if root else None,
        "logged_by": maker.id if maker else None,
        "used_by": sorted(r.id for r in a.used_by()),
        "linked": sorted(x.qualified_name for x in a.linked_artifacts),
    }
