"""Reads back with the wandb package what the agent has changed."""

from __future__ import annotations

import wandb

PROJECT = "quickstart"


def main() -> None:
    api = wandb.Api()
    classifier = api.artifact_collection("model", f"{PROJECT}/classifier")
    print(f"  {classifier.name}: {classifier.description}; tags: {', '.join(classifier.tags)}")
    if (classifier.description, list(classifier.tags)) != ("Tells flowers apart", ["evaluated"]):
        raise SystemExit("that is not what the agent has saved")
    left = sorted(
        collection.name for kind in api.artifact_types(PROJECT) for collection in kind.collections()
    )
    print(f"  collections: {', '.join(left)}")
    if left != ["classifier", "flowers"]:
        raise SystemExit("that is not what the agent has left")
    # Every byte comes back as it was logged.
    for version in api.artifacts("model", f"{PROJECT}/classifier"):
        version.verify(version.download(root=f"readback/{version.version}"))
        print(f"  {version.name} downloaded and verified")


main()
