"""Lists as tables."""

from __future__ import annotations

import asyncio
import gc
import json
from importlib import import_module
from typing import Any

import pytest
from conftest import PLACE, Program
from reliquary import Api, AsyncApi, errors

pandas: Any = import_module("pandas")
pyarrow: Any = import_module("pyarrow")


def test_a_table_holds_what_the_objects_do(api: Api, pets: str) -> None:
    versions = api.artifacts("dataset", pets, per_page=2)
    table: Any = versions.table()
    assert isinstance(table, pyarrow.Table) and table.num_rows == 3
    table.validate(full=True)
    for row, v in zip(table.to_pylist(), versions):
        node: dict[str, Any] = dict(v.attrs)
        for name, value in row.items():
            if name in ("created_at", "updated_at"):
                assert value.isoformat().replace("+00:00", "Z") == node[name]
            elif name == "metadata":
                assert json.loads(value) == node[name]
            elif name == "size":
                assert value == v.size
            else:
                assert value == node.get(name), name
    assert str(table.schema.field("size").type) == "int64"
    assert str(table.schema.field("created_at").type) == "timestamp[us, tz=UTC]"
    assert str(table.schema.field("aliases").type).startswith("large_list<")
    assert table.column("ttl_seconds").null_count == 3


def test_a_dataframe(api: Api, pets: str) -> None:
    frame: Any = api.artifacts("dataset", pets).dataframe()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame["version"]) == ["v2", "v1", "v0"] and frame["size"].sum() > 0
    assert frame[frame["version_index"] == 1]["description"].item() == "edition 1"
    assert list(api.artifact_types(PLACE).dataframe()["name"]) == ["dataset"]
    files: Any = api.artifact(f"{pets}:v0").files().table()
    assert files.column("name").to_pylist() == ["data/rows.csv", "name.txt"]


def test_a_table_outlives_its_api(api: Api, pets: str) -> None:
    table: Any = api.artifacts("dataset", pets).table()
    version = table.column("version")
    api.close()
    del table
    gc.collect()
    assert version.to_pylist() == ["v2", "v1", "v0"]


def test_tables_are_awaited(api: Api, pets: str) -> None:
    async def main() -> None:
        async with AsyncApi(dir=api.place["dir"]) as a:
            frame = await a.artifacts("dataset", pets).dataframe()
            assert list(frame["version"]) == ["v2", "v1", "v0"]
            with pytest.raises(errors.NotFoundError):
                await a.artifacts("dataset", f"{PLACE}/none").table()

    asyncio.run(main())


def test_what_is_no_list(api: Api) -> None:
    with pytest.raises(errors.NotFoundError):
        api.artifacts("dataset", f"{PLACE}/none").table()


MEMORY = """
import gc, json, os, resource, sys
import reliquary
api = reliquary.Api(dir=sys.argv[1])
draft = reliquary.Artifact("c", type="model", metadata={"text": "x" * 100000})
with draft.new_file("f") as file:
    file.write("f")
api.log_artifact(draft, project="local/p")
def resident():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * resource.getpagesize() // 1024
for n in range(300):
    api.artifacts("model", "local/p/c").table()
    if n == 100:
        gc.collect()
        before = resident()
gc.collect()
print(json.dumps(resident() - before))
"""


def test_tables_are_given_back(program: Program, tmp_path: Any) -> None:
    grown = program(MEMORY, tmp_path / "registry", GOGC="10")
    print(grown, "KiB")
    assert grown < 8 * 1024, "200 tables of 100 kB stayed"
