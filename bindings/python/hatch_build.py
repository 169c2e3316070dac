"""Puts what is compiled into the wheel, which is then for one kind of machine.

The script build beside this says where it is and what it needs.
"""

from __future__ import annotations

import os
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class LibraryHook(BuildHookInterface):  # type: ignore[type-arg,unused-ignore]
    """Adds what RELIQUARY_BUILD names to a wheel for RELIQUARY_PLATFORM."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel" or version == "editable":
            return
        folder = os.environ.get("RELIQUARY_BUILD")
        platform = os.environ.get("RELIQUARY_PLATFORM")
        if not folder or not platform:
            raise RuntimeError("make wheels with bindings/python/build, which makes the library")
        build_data["pure_python"] = False
        # One wheel for every Python: the library is loaded, not linked, and what
        # cannot load _native does with _foreign.
        build_data["tag"] = f"py3-none-{platform}"
        for name in sorted(os.listdir(folder)):
            build_data["force_include"][os.path.join(folder, name)] = f"reliquary/{name}"
