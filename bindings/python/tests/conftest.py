"""What the tests have in common. They run with the installed package."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from reliquary import Api, Artifact

PLACE = "local/vision"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """An Api on a new registry in a folder."""
    with Api(dir=tmp_path / "registry") as api:
        yield api


@pytest.fixture
def pets(api: Api) -> str:
    """The path of a collection with three versions."""
    for n in range(3):
        draft = Artifact("pets", type="dataset", description=f"edition {n}", metadata={"n": n})
        with draft.new_file("name.txt") as file:
            file.write(f"edition {n}\n")
        with draft.new_file("data/rows.csv") as file:
            file.write("1,2\n" * (n + 1))
        api.log_artifact(draft, project=PLACE, aliases=["stable"] if n == 1 else None)
    return f"{PLACE}/pets"


# Whether calls go to a process, as on musl.
PIPE = bool(os.environ.get("RELIQUARY_PIPE"))


@pytest.fixture
def pipe_faults() -> dict[str, str]:
    """Names a program that has operations which take their time, for tests."""
    return {"RELIQUARY_PIPE": os.environ["RELIQUARY_FAULTS_PIPE"]}


@pytest.fixture
def faults(pipe_faults: dict[str, str]) -> dict[str, str]:
    """Names a library or a program that has them."""
    return pipe_faults if PIPE else {"RELIQUARY_LIBRARY": os.environ["RELIQUARY_FAULTS"]}


Program = Callable[..., Any]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Runs a program of its own, and returns the JSON that it prints last."""

    def run(text: str, *arguments: object, **environment: str) -> Any:
        file = tmp_path / "program.py"
        file.write_text(text)
        done = subprocess.run(
            [sys.executable, str(file), *map(str, arguments)],
            env={**os.environ, **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        lines = done.stdout.strip().splitlines()
        return json.loads(lines[-1]) if lines else None

    return run
