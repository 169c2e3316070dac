"""A new process up to its first call, and on to the first page of a list.

usage: first.py ENTITY. Prints figures by their units.
       first.py --dir FOLDER. The same with the registry in a folder, which answers
       the first call.
"""

import resource
import sys
import time
from contextlib import suppress


def resident() -> float:
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * resource.getpagesize() / 1e6


def private() -> float:
    """What no other process can share and no file holds."""
    with open("/proc/self/smaps_rollup") as f:
        return sum(int(line.split()[1]) for line in f if line.startswith("Anonymous:")) * 1024 / 1e6


own, before, start = private(), resident(), time.perf_counter()
import reliquary  # noqa: E402

embedded = sys.argv[1] == "--dir"
if embedded:
    api = reliquary.Api(dir=sys.argv[2])
    assert api.default_entity == "local"
else:
    api = reliquary.Api()
    with suppress(ValueError):
        api.artifact("a/b/c/d:e")  # no path: it is refused before a server is asked
figures = {
    "ms-to-the-first-call": (time.perf_counter() - start) * 1000,
    "MB-to-the-first-call": resident() - before,
    "private-MB-to-the-first-call": private() - own,
}
if not embedded:
    versions = iter(api.artifacts("model", sys.argv[1] + "/many/net", per_page=50))
    assert next(versions).version == "v9999"
    figures["ms"] = (time.perf_counter() - start) * 1000
    figures["MB"] = resident() - before

import json  # noqa: E402

print(json.dumps(figures))
