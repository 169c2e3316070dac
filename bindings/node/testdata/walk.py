"""Walks a project by wandb.Api() and prints what it saw as JSON.

usage: walk.py ENTITY/PROJECT RUN. test/walk.mjs does the same.
"""

import json
import sys
from datetime import timedelta
from typing import Any

import wandb

project, run_id = sys.argv[1:]
api = wandb.Api()


def version(a: Any) -> dict[str, Any]:
    return {
        "name": a.name,
        "qualified_name": a.qualified_name,
        # Of a link, the package says the version where it was logged beside a name
        # with the version in the portfolio.
        "version": None if a.source_qualified_name != a.qualified_name else a.version,
        "type": a.type,
        "state": a.state,
        "aliases": sorted(a.aliases),
        "tags": sorted(a.tags),
        "description": a.description,
        "metadata": a.metadata if len(json.dumps(a.metadata)) < 1000 else len(a.metadata),
        "digest": a.digest,
        "size": str(a.size),
        "file_count": a.file_count,
        "source_name": a.source_name,
        "source_qualified_name": a.source_qualified_name,
        "is_link": a.is_link,
        "ttl": a.ttl.total_seconds() if isinstance(a.ttl, timedelta) else None,
    }


seen: dict[str, Any] = {"types": {}}
for kind in api.artifact_types(project):
    collections = kind.collections(per_page=2)
    seen["types"][kind.name] = {
        "length": len(collections),
        "collections": [
            {
                "name": c.name,
                "type": c.type,
                "description": c.description,
                "tags": sorted(c.tags),
                "aliases": sorted(c.aliases),
                "is_sequence": c.is_sequence(),
                "length": len(c.artifacts()),
                "versions": [version(a) for a in c.artifacts(per_page=7)],
            }
            for c in collections
        ],
    }
run = api.run(f"{project}/{run_id}")
seen["logged"] = [a.name for a in run.logged_artifacts()]
seen["used"] = [a.name for a in run.used_artifacts()]
best = api.artifact(f"{project}/resnet-weights:production", type="model")
logged_by = best.logged_by()
assert logged_by is not None
seen["logged_by"] = logged_by.id
seen["used_by"] = [r.id for r in best.used_by()]
seen["files"] = [[f.name, str(f.size), f.mimetype] for f in best.files()]
seen["manifest"] = [
    [e.path, e.digest, str(e.size), e.ref] for _, e in sorted(best.manifest.entries.items())
]
seen["exists"] = [
    api.artifact_exists(f"{project}/resnet-weights:production"),
    api.artifact_exists(f"{project}/resnet-weights:v99"),
    api.artifact_collection_exists(f"{project}/resnet-weights", "model"),
    api.artifact_collection_exists(f"{project}/no-such", "model"),
]
print(json.dumps(seen))
