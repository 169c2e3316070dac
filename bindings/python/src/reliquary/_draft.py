"""What a draft of a version is to hold."""

from __future__ import annotations

import os

from . import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    import io
    import tempfile
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from typing import Any

    StrPath = str | os.PathLike[str]


class Draft:
    """Files, folders and references, by where they are on this computer."""

    def __init__(self) -> None:
        self.base: tuple[str, str, str] | None = None  # entity, project, version
        self._files: list[dict[str, object]] = []
        self._references: list[dict[str, object]] = []
        self._removed: list[str] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None  # of new files

    def add_file(
        self, local_path: StrPath, name: str | None, policy: str | None, overwrite: bool
    ) -> str:
        _check_policy(policy)
        if not os.path.isfile(local_path):
            raise ValueError(f"Path is not a file: {os.fspath(local_path)!r}")
        path = name or os.path.basename(local_path)
        self._add(local_path, path, overwrite)
        return path

    def path_of(self, local_path: StrPath) -> str | None:
        local = os.path.abspath(local_path)
        paths = [f["path"] for f in self._files if f["local"] == local and os.path.isfile(local)]
        return str(paths[-1]) if paths else None

    def add_dir(
        self, local_path: StrPath, name: str | None, policy: str | None, merge: bool
    ) -> None:
        _check_policy(policy)
        if not os.path.isdir(local_path):
            raise ValueError(f"Path is not a directory: {os.fspath(local_path)!r}")
        self._add(local_path, name, merge)

    def _add(self, local_path: StrPath, name: str | None, replace: bool) -> None:
        if replace and name:
            self._files = [f for f in self._files if f["path"] != name]
        self._files.append({"local": os.path.abspath(local_path), "path": name})

    def add_reference(self, uri: str, name: StrPath | None, checksum: bool) -> None:
        if "://" not in uri:
            raise ValueError("References must be URIs. To reference a local file, use file://")
        path = None if name is None else os.fspath(name)
        self._references.append({"uri": uri, "path": path, "no_checksum": not checksum})

    def new_file(
        self, name: str, mode: str, encoding: str | None
    ) -> AbstractContextManager[io.IOBase]:
        import contextlib
        import tempfile

        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="reliquary-")
        path = os.path.join(self._folder.name, name)
        if not os.path.abspath(path).startswith(os.path.abspath(self._folder.name) + os.sep):
            raise errors.InvalidError(f"the path {name!r} leads out of the artifact")
        os.makedirs(os.path.dirname(path), exist_ok=True)

        @contextlib.contextmanager
        def written() -> Iterator[Any]:
            with open(path, mode, encoding=encoding) as file:
                yield file
            self._add(path, name, "w" in mode)

        return written()

    def remove(self, path: str) -> None:
        below = path.rstrip("/") + "/"

        def stays(entry: dict[str, object]) -> bool:
            name = str(entry["path"])
            return name != path and not name.startswith(below)

        before = len(self._files) + len(self._references)
        self._files = list(filter(stays, self._files))
        self._references = list(filter(stays, self._references))
        if len(self._files) + len(self._references) == before:
            if self.base is None:
                raise FileNotFoundError(f"No such file or directory: {path!r}")
            self._removed.append(path)

    def arguments(
        self, collection: str, entity: str | None, project: str | None
    ) -> dict[str, object]:
        """What log_artifact is told of it."""
        base = None
        if self.base:
            entity, project, base = entity or self.base[0], project or self.base[1], self.base[2]
        where = [part for part in (entity, project) if part]
        if entity and not project:
            raise errors.InvalidError(f"the entity {entity!r} is given without a project")
        return {
            "collection": "/".join([*where, collection]),
            "base": base,
            "remove": self._removed or None,
            "files": self._files or None,
            "references": self._references or None,
        }

    def close(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()


def _check_policy(policy: str | None) -> None:
    if policy not in ("mutable", "immutable", None):
        raise ValueError(f"Invalid policy {policy!r}: use 'mutable' or 'immutable'")
