"""Fills the project "vision" of a registry with artifacts, by the wandb package.

usage: fill.py ENTITY, with WANDB_BASE_URL and WANDB_API_KEY set.

Prints the ids of the runs as JSON: prepare logged the data, train used it and
logged models, evaluate used a model and logged results.
"""

import json
import logging
import sys
from pathlib import Path

import wandb

PROJECT = "vision"
entity = sys.argv[1]
runs: dict[str, str] = {}

logging.disable(logging.INFO)


def start(job: str) -> wandb.Run:
    run = wandb.init(
        entity=entity,
        project=PROJECT,
        job_type=job,
        settings=wandb.Settings(silent=True, console="off", x_disable_stats=True),
    )
    runs[job] = run.id
    return run


def write(path: str, text: str) -> str:
    file = Path("files") / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return str(file)


with start("prepare") as run:
    for n in range(3):
        data = wandb.Artifact(
            "imagenet-mini",
            type="dataset",
            description=f"A small sample, edition {n}",
            metadata={"rows": 100 * (n + 1), "classes": ["cat", "dog"]},
        )
        data.add_file(write("LICENSE.txt", "CC BY 4.0\n"), name="LICENSE.txt")
        for part in range(n + 1):
            rows = "".join(f"{n},{part},{i}\n" for i in range(100))
            data.add_file(write(f"part-{n}-{part}.csv", rows), name=f"parts/part-{part}.csv")
        run.log_artifact(data, aliases=["stable"] if n == 1 else None, tags=["curated"]).wait()
    # More versions than a page holds.
    for n in range(45):
        checkpoint = wandb.Artifact("checkpoints", type="model", metadata={"step": n})
        checkpoint.add_file(write(f"step-{n}", f"weights of step {n}\n"), name="weights.bin")
        run.log_artifact(checkpoint)

with start("train") as run:
    run.use_artifact("imagenet-mini:v1")
    for n in range(2):
        model = wandb.Artifact(
            "resnet-weights",
            type="model",
            metadata={"accuracy": 0.9 + n / 100, "config": {"layers": list(range(20_000))}},
        )
        model.add_file(write(f"weights-{n}", f"weights {n}\n" * 100), name="weights.bin")
        model.add_reference("https://example.com/paper.pdf", name="paper.pdf", checksum=False)
        run.log_artifact(model, aliases=["production"] if n == 1 else None).wait()
    run.link_artifact(model, f"{entity}/{PROJECT}/released-models", aliases=["stable"])
    hidden = wandb.Artifact(
        "odd-texts",
        type="notes",
        description="\x1b[31mred\x1b[0m and \u202ereversed\u202c, \U000e0041\U000e0042tagged",
        metadata={"note\u200b": "zero\u200bwidth", "html": "<b>&amp;</b>"},
    )
    hidden.add_file(write("note", "x"), name="na\u202eme.txt")
    run.log_artifact(hidden).wait()

with start("evaluate") as run:
    run.use_artifact("resnet-weights:production")
    for name in ("eval-results", "Eval-old", "scratch"):
        result = wandb.Artifact(name, type="evaluation")
        result.add_file(write(name, f"{name}\n"), name="result.txt")
        run.log_artifact(result).wait()

print(json.dumps(runs))
