"""Api: the way in."""

from __future__ import annotations

from . import _config, _library, errors
from ._api import ApiData
from ._paths import alias_of, collection_path, project_path, run_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Mapping
    from types import TracebackType
    from typing import Any, Literal

    from . import types
    from ._operations import Operations
    from ._progress import Progress
    from ._session import Session
    from .artifact import Artifact
    from .artifacts import (
        ArtifactCollection,
        ArtifactCollections,
        Artifacts,
        ArtifactType,
        ArtifactTypes,
    )
    from .registries import Registries, Registry
    from .runs import Project, Projects, Run, Runs
    from .users import Organization, Team, User


class Api(ApiData):
    """Artifacts on a W&B server, or in the registry of this computer.

    It leads where the wandb package would: to WANDB_BASE_URL with WANDB_API_KEY, or
    what wandb's settings say. Where nothing is configured it opens the registry in
    your data directory; nothing has to be running for that.

    Threads may share it. It is a context manager that closes it in the end.

    Args:
        overrides: Settings that count before all others: "base_url", "entity",
            "project", "api_key".
        timeout: How many seconds the server has for each request.
        api_key: The key to use.
        dir: The registry in this folder, whatever else is configured. It is made if
            it is not there.
        log: The least level of log lines to hand to logging, as "reliquary":
            "debug", "info", "warn" or "error". None for no lines.
    """

    _session: Session

    def __init__(
        self,
        overrides: Mapping[str, Any] | None = None,
        timeout: int | None = None,
        api_key: str | None = None,
        *,
        dir: str | os.PathLike[str] | None = None,
        log: str | None = None,
    ) -> None:
        config = _config.config(overrides, timeout, api_key, dir, log)
        # The library starts in threads of its own, while Python loads what it needs next.
        _library.load()
        from . import artifact  # noqa: F401
        from ._session import Session

        self._session = Session(config)
        self._viewer: User | None = None

    def __enter__(self) -> Api:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def operations(self) -> Operations:
        """Every operation, as a typed method: JSON in, JSON out."""
        from ._operations import Operations

        return Operations(self._session.call)

    def flush(self) -> None:
        """Forgets what is kept of the server: who the viewer is."""
        self._viewer = None

    # Who is asking.

    @property
    def viewer(self) -> User:
        """The user that the API key belongs to."""
        if self._viewer is None:
            from .users import User

            self._viewer = User(self._session.call("viewer_load", {}))
        return self._viewer

    @property
    def default_entity(self) -> str | None:
        """The entity that is meant where a path names none."""
        return self.viewer.attrs["default_entity"] or None

    def user(self, username_or_email: str) -> User | None:
        """A user by username or email address, None if there is none.

        W&B's own servers show administrators all users, and others none.
        """
        found = self.users(username_or_email)
        return found[0] if found else None

    def users(self, username_or_email: str) -> list[User]:
        """The users that a username or email address fits."""
        from .users import User

        nodes = self._session.call("users_search", {"query": username_or_email})["users"]
        return [User(node) for node in nodes]

    def team(self, team: str) -> Team:
        """A team by its name."""
        from .users import Team

        return Team(self._session.call("team_load", {"team": team}))

    def organization(self, name: str | None = None) -> Organization:
        """An organization by the name that people see. Default: as configured, or the only one."""
        from .users import Organization

        return Organization(self._session.call("organization_load", {"organization": name}))

    def create_organization(self, name: str) -> Organization:
        """Makes an organization for registries, in a registry of one's own.

        On W&B's servers organizations are made by whoever runs the server.

        Args:
            name: Its name, which no user and no team has.
        """
        from .users import Organization

        return Organization(self._session.call("organization_create", {"organization": name}))

    # Artifacts.

    def artifact_types(self, project: str | None = None, start: str | None = None) -> ArtifactTypes:
        """The artifact types of a project.

        Args:
            project: "project" or "entity/project". Default: as configured.
            start: The cursor of another list, to continue it.
        """
        from .artifacts import ArtifactTypes

        return ArtifactTypes(self._session, *project_path(project), start=start)

    def artifact_type(self, type_name: str, project: str | None = None) -> ArtifactType:
        """One artifact type of a project."""
        from .artifacts import ArtifactType

        return ArtifactType(self._session, *project_path(project), type_name)

    def artifact_collections(
        self,
        project_name: str,
        type_name: str,
        order: str | None = None,
        per_page: int = 50,
        start: str | None = None,
    ) -> ArtifactCollections:
        """The collections of one type in a project.

        Args:
            project_name: "project" or "entity/project".
            type_name: The type.
            order: A field's name, with "-" before it for descending.
            per_page: How many to fetch at a time.
            start: The cursor of another list, to continue it.
        """
        from .artifacts import ArtifactCollections

        entity, project = project_path(project_name)
        return ArtifactCollections(
            self._session, entity, project, type_name, None, order, per_page, start
        )

    def artifact_collection(self, type_name: str, name: str) -> ArtifactCollection:
        """One collection.

        Args:
            type_name: Its type.
            name: "name", "project/name" or "entity/project/name".
        """
        from .artifacts import ArtifactCollection

        entity, project, collection = collection_path(name)
        return ArtifactCollection(self._session, entity, project, collection, type_name)

    def artifacts(
        self,
        type_name: str,
        name: str,
        order: str | None = None,
        per_page: int = 50,
        tags: list[str] | None = None,
        start: str | None = None,
    ) -> Artifacts:
        """The versions of a collection, newest first.

        Args:
            type_name: Its type.
            name: "name", "project/name" or "entity/project/name".
            order: A field's name, with "-" before it for descending.
            per_page: How many to fetch at a time.
            tags: Only versions that have all of them.
            start: The cursor of another list, to continue it.
        """
        from .artifacts import Artifacts

        entity, project, collection = collection_path(name)
        return Artifacts(
            self._session,
            entity,
            project,
            collection,
            type_name,
            order=order,
            per_page=per_page,
            tags=tags,
            start=start,
        )

    def artifact_versions(self, type_name: str, name: str, per_page: int = 50) -> Artifacts:
        """The versions of a collection. Deprecated: use artifacts()."""
        import warnings

        warnings.warn(
            "Api.artifact_versions(type_name, name) is deprecated, "
            "use Api.artifacts(type_name, name) instead.",
            DeprecationWarning,
            stacklevel=2,
        )
        return self.artifacts(type_name, name, per_page=per_page)

    def artifact(self, name: str, type: str | None = None) -> Artifact:
        """One version.

        Args:
            name: "name:alias", with an alias such as "latest" or a version such as
                "v3"; "project/" and "entity/project/" can stand before it.
            type: The type that it has to have.
        """
        from .artifact import Artifact

        if name is None:
            raise ValueError("You must specify name= to fetch an artifact.")
        node: types.ArtifactNode = self._session.call("artifact_load", {"artifact": name})
        if type is not None and node["type"] != type:
            raise ValueError(
                f"type {type!r} specified but this artifact is of type {node['type']!r}"
            )
        return Artifact._of(self._session, node, alias_of(name))

    def artifact_from_id(self, artifact_id: str) -> Artifact:
        """One version by the server's id of it, in the sequence that it was logged to."""
        from .artifact import Artifact

        return Artifact._of(self._session, self._session.call("artifact_load", {"id": artifact_id}))

    def artifact_exists(self, name: str, type: str | None = None) -> bool:
        """Whether there is such a version, of the type if one is given."""
        try:
            node = self._session.call("artifact_load", {"artifact": name})
        except errors.NotFoundError:
            return False
        return type is None or node["type"] == type

    def artifact_collection_exists(self, name: str, type: str) -> bool:
        """Whether there is such a collection of that type."""
        try:
            self.artifact_collection(type, name)
        except errors.NotFoundError:
            return False
        return True

    def log_artifact(
        self,
        artifact: Artifact,
        *,
        project: str | None = None,
        aliases: Collection[str] | None = None,
        tags: Collection[str] | None = None,
        run: Run | str | None = None,
        progress: Progress = None,
    ) -> Artifact:
        """Makes a version of a draft, and returns it.

        A version whose contents the collection has already is not made twice.

        Args:
            artifact: The draft.
            project: "project" or "entity/project". Default: as configured.
            aliases: Aliases besides "latest".
            tags: Tags besides the draft's.
            run: The run that logs it. Default: a new one.
            progress: As in Artifact.download.
        """
        path = run if run is None or isinstance(run, str) else "/".join(run.path)
        artifact._log(
            self._session,
            *project_path(project),
            aliases=aliases,
            tags=tags,
            run=path,
            progress=progress,
        )
        return artifact

    # Registries.

    def registries(
        self,
        organization: str | None = None,
        filter: dict[str, Any] | None = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> Registries:
        """The registries of an organization, to walk and to search.

        Args:
            organization: The organization. Default: as configured, or the only one.
            filter: Conditions as MongoDB has them, on name, description, created_at
                and updated_at: {"name": {"$regex": "model"}}.
            order: name, created_at or updated_at, with "-" before it for descending.
            per_page: How many to fetch at a time.
            start: The cursor of another list, to continue it.
        """
        from .registries import Registries

        return Registries(self._session, organization, filter, order, per_page, start)

    def registry(self, name: str, organization: str | None = None) -> Registry:
        """One registry.

        Args:
            name: Its name, without "wandb-registry-".
            organization: The organization. Default: as configured, or the only one.
        """
        from .registries import Registry

        return Registry(self._session, organization, name)

    def create_registry(
        self,
        name: str,
        visibility: Literal["organization", "restricted"],
        organization: str | None = None,
        description: str | None = None,
        artifact_types: list[str] | None = None,
    ) -> Registry:
        """Makes a registry.

        Args:
            name: Its name, without "wandb-registry-", new in the organization.
            visibility: Who sees it: "organization" for everybody in it, "restricted"
                for members only.
            organization: The organization. Default: as configured, or the only one.
            description: What it is for.
            artifact_types: The types that can be linked. Default: all. None can be
                taken back.
        """
        from .registries import Registry

        return Registry.create(self, organization, name, visibility, description, artifact_types)

    # Runs and projects.

    def run(self, path: str = "") -> Run:
        """One run.

        Args:
            path: "id", "project/id" or "entity/project/id".
        """
        from .runs import Run

        entity, project, id = run_path(path)
        node = self._session.call("run_load", {"entity": entity, "project": project, "run": id})
        return Run._of(self._session, node)

    def runs(
        self,
        path: str | None = None,
        filters: dict[str, Any] | None = None,
        order: str = "+created_at",
        per_page: int = 50,
    ) -> Runs:
        """The runs of a project.

        Args:
            path: "project" or "entity/project".
            filters: Conditions as MongoDB has them: {"state": "finished"}.
            order: A field's name, with "-" before it for descending.
            per_page: How many to fetch at a time.
        """
        from .runs import Runs

        return Runs(self._session, *project_path(path), filters, order, per_page)

    def project(self, name: str, entity: str | None = None) -> Project:
        """One project of an entity."""
        for project in self.projects(entity):
            if project.name == name:
                return project
        raise errors.NotFoundError(
            f"there is no project {name!r}", argument="name", next="list them by projects()"
        )

    def projects(self, entity: str | None = None, per_page: int = 200) -> Projects:
        """The projects of an entity."""
        from .runs import Projects

        return Projects(self._session, entity, per_page)
