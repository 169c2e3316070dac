"""10,000 versions, as objects or as a data frame.

usage: list.py ENTITY objects|dataframe. Prints figures by their units.
"""

import json
import sys
import time
from importlib import import_module

import reliquary

api = reliquary.Api()
place = sys.argv[1] + "/many/net"


def objects() -> int:
    return sum(v.size > 0 and v.name != "" for v in api.artifacts("model", place, per_page=1000))


def dataframe() -> int:
    return len(api.artifacts("model", place, per_page=1000).dataframe())


listed = {"objects": objects, "dataframe": dataframe}[sys.argv[2]]
api.artifact(place)
if sys.argv[2] == "dataframe":
    import_module("pandas")
    import_module("pyarrow")
assert listed() == 10_000
start = time.perf_counter()
assert listed() == 10_000
print(json.dumps({"ms": (time.perf_counter() - start) * 1000}))
