"""Prints the settings that the wandb package resolves in each of several environments.

Reads a JSON list of {"vars", "dir"} from its argument and writes a JSON list of
{"base_url", "api_key", "entity", "project", "error"} in the same order. Each environment gets a
process of its own, forked after the import, because the package reads its settings once.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import Any

from wandb.sdk import wandb_setup
from wandb.sdk.lib import wbauth


def resolve(vars: dict[str, str], dir: str) -> dict[str, Any]:
    os.environ.clear()
    os.environ.update(vars)
    os.chdir(dir)
    answer: dict[str, Any] = {"api_key": None, "error": None}
    settings = wandb_setup.singleton().settings
    answer["base_url"] = settings.base_url
    answer["entity"] = settings.entity
    answer["project"] = settings.project
    auth = wbauth.authenticate_session(host=settings.base_url, source="test", prompt=False)
    if isinstance(auth, wbauth.AuthApiKey):
        answer["api_key"] = auth.api_key
    return answer


def in_child(case: dict[str, Any]) -> dict[str, Any]:
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        with contextlib.redirect_stdout(sys.stderr):
            try:
                answer = resolve(case["vars"], case["dir"])
            except Exception as e:
                answer = {"error": f"{type(e).__name__}: {e}"}
        with os.fdopen(write, "w") as f:
            json.dump(answer, f)
        # Not sys.exit: the package's exit handlers have nothing to finish here.
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as f:
        text = f.read()
    os.waitpid(pid, 0)
    result: dict[str, Any] = json.loads(text)
    return result


json.dump([in_child(case) for case in json.loads(sys.argv[1])], sys.stdout)
