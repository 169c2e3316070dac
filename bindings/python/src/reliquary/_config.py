"""What a session is opened with."""

from __future__ import annotations

import os

from ._version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def config(
    overrides: Mapping[str, object] | None,
    timeout: int | None,
    api_key: str | None,
    dir: str | os.PathLike[str] | None,
    log: str | None,
) -> dict[str, object]:
    """Tells the library what it does not find out itself: it reads no environment."""
    given = dict(overrides or {})
    out: dict[str, object] = {
        "env": dict(os.environ),
        "home": os.path.expanduser("~"),
        "user_agent": f"reliquary-python/{VERSION}",
    }
    try:
        out["cwd"] = os.getcwd()
    except OSError:
        out["cwd"] = None  # it was removed
    for name in ("base_url", "entity", "project"):
        if given.get(name):
            out[name] = str(given[name])
    if api_key or given.get("api_key"):
        out["api_key"] = str(api_key or given["api_key"])
    if dir is not None:
        out["dir"] = os.path.abspath(dir)
    if timeout is not None:
        out["timeout_seconds"] = timeout
    if log is not None:
        out["log"] = log
    return out
