"""Fills the project "vision" of a registry with artifacts, by the wandb package.

usage: fill.py ENTITY, with WANDB_BASE_URL and WANDB_API_KEY set.
"""

import logging
import sys
from pathlib import Path

import wandb

PROJECT = "vision"
entity = sys.argv[1]

logging.disable(logging.INFO)


def start(job: str) -> wandb.Run:
    return wandb.init(
        entity=entity,
        project=PROJECT,
        id=job,
        name=f"the {job} run",
        job_type=job,
        tags=["test"],
        settings=wandb.Settings(silent=True, console="off", x_disable_stats=True),
    )


def write(path: str, text: str) -> str:
    file = Path("files") / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return str(file)


with start("prepare") as run:
    for n in range(12):
        data = wandb.Artifact(
            "pets",
            type="dataset",
            description=f"A small sample, edition {n}" if n != 3 else None,
            metadata={"rows": 100 * (n + 1), "share": n / 8, "big": 2**60 + n, "classes": ["cat"]},
        )
        data.add_file(write("LICENSE.txt", "CC BY 4.0\n"), name="LICENSE.txt")
        for part in range(n % 3 + 1):
            rows = "".join(f"{n},{part},{i}\n" for i in range(100))
            data.add_file(write(f"part-{n}-{part}.csv", rows), name=f"parts/part-{part}.csv")
        tags = ["curated", "even"] if n % 2 == 0 else []
        run.log_artifact(data, aliases=["stable"] if n == 1 else None, tags=tags).wait()

with start("train") as run:
    run.use_artifact("pets:v1")
    run.use_artifact("pets:latest")
    for n in range(3):
        model = wandb.Artifact("detector", type="model", metadata={"accuracy": 0.9 + n / 100})
        model.add_file(write(f"weights-{n}", f"weights {n}\n" * 1000), name="weights.bin")
        run.log_artifact(model, aliases=["production"] if n == 1 else None).wait()
    run.link_artifact(model, f"{entity}/{PROJECT}/released", aliases=["candidate"])
    linked = wandb.Artifact("paper", type="notes")
    linked.add_file(write("note.md", "# Note \u2713\n"), name="note.md")
    linked.add_reference("https://example.com/paper.pdf", name="paper.pdf", checksum=False)
    run.log_artifact(linked).wait()

with start("evaluate") as run:
    run.use_artifact("detector:production")
    for name in ("scratch", "scratch-2", "moved"):
        result = wandb.Artifact(name, type="evaluation")
        result.add_file(write(name, f"{name}\n"), name="result.txt")
        run.log_artifact(result).wait()
