"""Logs three versions of a data set and of a model, with lineage between them.

It is an ordinary wandb program: what makes it talk to our registry are the environment variables
WANDB_BASE_URL and WANDB_API_KEY.
"""

from __future__ import annotations

import csv
import json
import random
import struct
from pathlib import Path

import wandb

PROJECT = "quickstart"


def write_flowers(folder: Path, rows: int, seed: int) -> None:
    """A small data set: one row per flower, and a split of them."""
    folder.mkdir(parents=True)
    rng = random.Random(seed)
    species = ["setosa", "versicolor", "virginica"]
    with (folder / "flowers.csv").open("w", newline="") as f:
        out = csv.writer(f)
        out.writerow(["petal_length", "petal_width", "species"])
        for i in range(rows):
            kind = species[i % 3]
            out.writerow(
                [round(rng.gauss(1.5 + 2 * (i % 3), 0.3), 2), round(rng.uniform(0.1, 2.5), 2), kind]
            )
    split = {"train": list(range(0, rows * 4 // 5)), "test": list(range(rows * 4 // 5, rows))}
    (folder / "splits").mkdir()
    (folder / "splits" / "split.json").write_text(json.dumps(split))
    # The same in every version: stored once, listed in each.
    (folder / "LICENSE.txt").write_text("Made up for the quickstart. Do with it what you like.\n")


def train(data: Path, folder: Path, seed: int) -> float:
    """Not much of a model, but weights that come from the data."""
    folder.mkdir(parents=True)
    with (data / "flowers.csv").open() as f:
        lengths = [float(row["petal_length"]) for row in csv.DictReader(f)]
    mean = sum(lengths) / len(lengths)
    rng = random.Random(seed)
    weights = [mean + rng.gauss(0, 1) for _ in range(65_536)]
    (folder / "weights.bin").write_bytes(struct.pack(f"<{len(weights)}d", *weights))
    accuracy = round(0.8 + 0.05 * seed, 3)
    (folder / "config.json").write_text(json.dumps({"layers": 2, "accuracy": accuracy}))
    return accuracy


def main() -> None:
    for version in range(3):
        with wandb.init(project=PROJECT, job_type="prepare", name=f"prepare-{version}") as run:
            folder = Path("data") / str(version)
            write_flowers(folder, rows=150 * (version + 1), seed=version)
            data = wandb.Artifact(
                "flowers",
                type="dataset",
                description="Measurements of flowers, made up",
                metadata={"rows": 150 * (version + 1)},
            )
            data.add_dir(str(folder))
            run.log_artifact(data).wait()
            print(f"  logged {data.name}, {data.size:,} bytes in {data.file_count} files")

        with wandb.init(project=PROJECT, job_type="train", name=f"train-{version}") as run:
            used = run.use_artifact("flowers:latest")
            files = Path(used.download(root=f"downloads/{version}"))
            folder = Path("model") / str(version)
            accuracy = train(files, folder, seed=version)
            run.log({"accuracy": accuracy})
            model = wandb.Artifact("classifier", type="model", metadata={"accuracy": accuracy})
            model.add_dir(str(folder))
            run.log_artifact(model, aliases=["candidate"]).wait()
            print(f"  logged {model.name}, made from {used.source_name} by run {run.name}")

    with wandb.init(project=PROJECT, job_type="scratch", name="scratch") as run:
        scratch = wandb.Artifact("scratch", type="notes")
        with scratch.new_file("note.txt") as f:
            f.write("not worth keeping\n")
        run.log_artifact(scratch).wait()
        print(f"  logged {scratch.name}, to be deleted by the agent")

    # Read back by the package itself, before anybody else looks.
    api = wandb.Api()
    versions = list(api.artifacts("model", f"{PROJECT}/classifier"))
    if [v.version for v in versions] != ["v2", "v1", "v0"]:
        raise SystemExit(f"the package lists {[v.name for v in versions]}")
    makers = [getattr(v.logged_by(), "name", None) for v in versions]
    if makers != ["train-2", "train-1", "train-0"]:
        raise SystemExit(f"the package says the models were logged by {makers}")


main()
