"""Names of things, as people write them."""

from __future__ import annotations

from . import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._session import Session


def page(session: Session, *parts: str) -> str:
    """The address of a page of the server's app, "" for a registry that has none."""
    from urllib.parse import quote

    server = str(session.place.get("server", "")).replace("//api.", "//")
    return "/".join([server, *(quote(part, safe="") for part in parts)]) if server else ""


def project_path(path: str | None) -> tuple[str | None, str | None]:
    """Reads "entity/project", "project" or nothing."""
    if not path:
        return None, None
    entity, slash, project = path.partition("/")
    return (entity, project) if slash else (None, path)


def collection_path(path: str) -> tuple[str | None, str | None, str]:
    """Reads "entity/project/name", "project/name" or "name"."""
    parts = path.split("/")
    if len(parts) > 3 or not all(parts):
        raise errors.InvalidError(
            f"name is {path!r}, and no collection's",
            argument="name",
            next='write it as "entity/project/name", "project/name" or "name"',
        )
    padded: list[str | None] = [*([None] * (3 - len(parts))), *parts]
    return padded[0], padded[1], parts[-1]


def alias_of(name: str) -> str:
    """The collection and the alias of a path: aliases can have slashes."""
    path, colon, alias = name.partition(":")
    return path.rpartition("/")[2] + colon + alias


def run_path(path: str) -> tuple[str | None, str | None, str]:
    """Reads "entity/project/id", "project/id", "id" and what URLs make of them."""
    parts = path.replace("/runs/", "/").strip("/ ").split("/")
    if len(parts) <= 2 and ":" in parts[-1]:
        parts = [*parts[:-1], *parts[-1].split(":", 1)]
    parts = [part.strip() for part in parts]
    if len(parts) > 3 or not all(parts):
        raise errors.InvalidError(
            f"Invalid path: {path!r}",
            argument="path",
            next='write it as "entity/project/id", "project/id" or "id"',
        )
    padded: list[str | None] = [*([None] * (3 - len(parts))), *parts]
    return padded[0], padded[1], parts[-1]
