"""Artifacts of W&B, and of a registry in a folder of this computer.

    import reliquary

    api = reliquary.Api()
    for version in api.artifacts("dataset", "team/vision/pets"):
        print(version.name, version.size)

Importing the package loads next to nothing: what is used is loaded when it is.
"""

from __future__ import annotations

from ._version import VERSION as __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._nodes import ArtifactTTL as ArtifactTTL
    from .aio import AsyncApi as AsyncApi
    from .api import Api as Api
    from .artifact import Artifact as Artifact
    from .artifact import ArtifactNotLoggedError as ArtifactNotLoggedError
    from .artifacts import ArtifactCollection as ArtifactCollection
    from .artifacts import ArtifactCollections as ArtifactCollections
    from .artifacts import ArtifactFiles as ArtifactFiles
    from .artifacts import Artifacts as Artifacts
    from .artifacts import ArtifactType as ArtifactType
    from .artifacts import ArtifactTypes as ArtifactTypes
    from .artifacts import File as File
    from .artifacts import RunArtifacts as RunArtifacts
    from .errors import Error as Error
    from .members import MemberRole as MemberRole
    from .members import TeamMember as TeamMember
    from .members import UserMember as UserMember
    from .registries import Collections as Collections
    from .registries import Registries as Registries
    from .registries import Registry as Registry
    from .registries import Versions as Versions
    from .runs import Project as Project
    from .runs import Projects as Projects
    from .runs import Run as Run
    from .runs import Runs as Runs
    from .users import Organization as Organization
    from .users import Team as Team
    from .users import User as User

# Where each name is found.
_HOMES = {
    "Api": "api",
    "Artifact": "artifact",
    "ArtifactCollection": "artifacts",
    "ArtifactCollections": "artifacts",
    "ArtifactFiles": "artifacts",
    "ArtifactNotLoggedError": "artifact",
    "ArtifactTTL": "_nodes",
    "ArtifactType": "artifacts",
    "ArtifactTypes": "artifacts",
    "Artifacts": "artifacts",
    "AsyncApi": "aio",
    "Collections": "registries",
    "Error": "errors",
    "File": "artifacts",
    "MemberRole": "members",
    "Organization": "users",
    "Project": "runs",
    "Projects": "runs",
    "Registries": "registries",
    "Registry": "registries",
    "Run": "runs",
    "RunArtifacts": "artifacts",
    "Runs": "runs",
    "Team": "users",
    "TeamMember": "members",
    "User": "users",
    "UserMember": "members",
    "Versions": "registries",
}

__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # importlib would bring warnings with it, and more.
    value: object = getattr(__import__(home, globals(), None, [name], 1), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
