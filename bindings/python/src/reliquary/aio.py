"""The classes for programs that await answers.

They have the members of those that wait, with await before whatever asks the
server; what would be a property there is a method here.

    async with reliquary.AsyncApi() as api:
        async for version in api.artifacts("dataset", "team/vision/pets"):
            print(version.name, version.size)
"""

from __future__ import annotations

import os

from . import _config, errors
from ._api import ApiData
from ._async_session import AsyncSession
from ._nodes import (
    ArtifactCollectionData,
    ArtifactData,
    ArtifactTypeData,
    FileData,
    ProjectData,
    RunData,
)
from ._pages import Pages
from ._paths import alias_of, collection_path, project_path, run_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
    from types import TracebackType
    from typing import Any, Literal, TypeVar

    from . import types
    from ._async_operations import AsyncOperations
    from ._async_registries import AsyncRegistries, AsyncRegistry
    from ._progress import Progress
    from .artifact import Artifact
    from .users import Organization, Team, User

    T = TypeVar("T")
else:
    T = None


class _Page:
    """A page of a list on its way."""

    def __init__(self, pages: AsyncList[Any], cursor: str | None) -> None:
        self._pages, self.cursor = pages, cursor
        self._end: str | None = None  # the cursor behind it, once that is known
        self._next: _Page | None = None
        self._more = False
        self._answer = pages._submit(cursor, self._tell)

    def _tell(self, progress: dict[str, Any]) -> None:
        self._end = progress["page_info"]["end_cursor"]
        self._go_on()

    def _go_on(self) -> None:
        """Asks for the page behind: while this one is waited for, not while others are used."""
        if self._more and self._end is not None and self._next is None:
            self._next = _Page(self._pages, self._end)

    async def answer(self, more: bool) -> Any:
        """Waits for it. With more, the page behind it will be wanted too."""
        self._more = more
        try:
            self._go_on()
            return await self._answer
        except BaseException:
            self.leave()
            raise
        finally:
            self._more = False

    def next_if(self, more: bool, end: str | None) -> _Page | None:
        """The page behind it, if it was asked for and there is one."""
        page, self._next = self._next, None
        if page is not None and not (more and page.cursor == end):
            page.leave()
            page = None
        return page

    def leave(self) -> None:
        """Stops it, and what was asked for behind it."""
        self._answer.cancel()
        if self._next is not None:
            self._next.leave()


class AsyncList(Pages[T]):
    """A lazy list: `async for` walks it, and fetches the next page meanwhile."""

    def __init__(
        self,
        session: AsyncSession,
        operation: str,
        arguments: dict[str, object],
        convert: Callable[[Any], T],
        per_page: int,
        start: str | None = None,
    ) -> None:
        super().__init__(operation, arguments, convert, per_page, start)
        self._session = session

    def _submit(
        self, cursor: str | None, progress: Callable[[dict[str, Any]], None]
    ) -> asyncio.Future[Any]:
        return self._session.submit(self._operation, self._page_after(cursor), progress)

    async def _load_page(self, loading: _Page | None = None, more: bool = False) -> _Page | None:
        """Waits for the next page, and returns the one behind it if that was asked for.

        Others may go on in the list meanwhile: what they have taken is not taken again.
        """
        if loading is not None and loading.cursor != self._end:
            loading.leave()
            loading = None
        loading = loading or _Page(self, self._end)
        page = await loading.answer(more)
        if self._more and loading.cursor == self._end:
            self._take(page)
        return loading.next_if(self._more, self._end)

    async def __aiter__(self) -> AsyncIterator[T]:
        index, begin = 0, 0
        ahead: _Page | None = None
        try:
            while True:
                while index >= len(self.objects):
                    if not self._more:
                        return
                    begin = len(self.objects)
                    loading, ahead = ahead, None
                    ahead = await self._load_page(loading, more=loading is not None)
                # Whoever asks for the second item of a page probably wants the rest.
                if self._more and ahead is None and index > begin:
                    ahead = _Page(self, self._end)
                yield self.objects[index]
                index += 1
        finally:
            if ahead is not None:
                ahead.leave()

    async def get(self, index: int) -> T:
        """One item. IndexError behind the end."""
        ahead: _Page | None = None
        while self._more and (index < 0 or index >= len(self.objects)):
            ahead = await self._load_page(ahead, more=index < 0)
        return self.objects[index]

    async def all(self) -> list[T]:
        """Every item."""
        return [item async for item in self]

    async def table(self) -> Any:
        """The whole list as a pyarrow.Table, without a Python object for a cell."""
        from ._table import need_pyarrow, take_over

        pyarrow = need_pyarrow()
        batch = await self._session.submit(self._operation, self._whole(), columns=take_over)
        return pyarrow.Table.from_batches([batch])

    async def dataframe(self) -> Any:
        """The whole list as a pandas.DataFrame."""
        return (await self.table()).to_pandas()

    async def length(self) -> int:
        """The number of items in the whole list, which is not fetched for that."""
        counted = await self._session.call(
            self._operation, {**self._arguments, "first": 1, "total": True}
        )
        return int(counted["total_count"])


class AsyncArtifactType(ArtifactTypeData):
    """A kind of artifact in a project: "dataset", "model", ..."""

    def __init__(self, session: AsyncSession, node: types.ArtifactTypeNode) -> None:
        self._session, self._node = session, node

    def collections(
        self,
        filters: Mapping[str, Any] | None = None,
        order: str | None = None,
        per_page: int = 50,
        start: str | None = None,
    ) -> AsyncList[AsyncArtifactCollection]:
        """The collections of this type."""
        return _collections(
            self._session, self.entity, self.project, self.name, filters, order, per_page, start
        )

    async def collection(self, name: str) -> AsyncArtifactCollection:
        """One collection of this type."""
        return await _collection(self._session, self.entity, self.project, self.name, name)


class AsyncArtifactCollection(ArtifactCollectionData):
    """A named list of versions: a sequence, or a portfolio of links."""

    def __init__(
        self,
        session: AsyncSession,
        node: types.ArtifactCollectionNode,
        organization: str | None = None,
    ) -> None:
        self._session, self.organization = session, organization
        self._adopt(node)

    async def load(self) -> types.ArtifactCollectionNode:
        """Fetches the attributes anew. What was set and not saved is forgotten."""
        self._adopt(await self._session.call("artifact_collection_load", self._named()))
        return self._node

    async def aliases(self) -> list[str]:
        """The aliases of all versions in the collection."""
        answer = await self._session.call("artifact_collection_aliases", self._named())
        return list(answer["aliases"])

    def artifacts(self, per_page: int = 50, start: str | None = None) -> AsyncList[AsyncArtifact]:
        """The versions in the collection, newest first."""
        node = self._node
        return _artifacts(
            self._session,
            {**self._named(), "collection": node["name"], "type": node["type"], "name": None},
            per_page,
            start,
        )

    async def save(self) -> None:
        """Sends what was set: name, description, tags, type. Sends nothing else."""
        if changes := self._changes():
            self._adopt(
                await self._session.call("artifact_collection_save", {**self._named(), **changes})
            )

    async def delete(self) -> None:
        """Deletes the collection, a sequence with all its versions."""
        await self._session.call("artifact_collection_delete", self._named())


class AsyncArtifact(ArtifactData):
    """A version of an artifact. Drafts are made with Artifact, and logged by AsyncApi."""

    def __init__(self, session: AsyncSession, node: types.ArtifactNode, name: str = "") -> None:
        self._session = session
        self._adopt(node, name)

    async def _call(self, operation: str, arguments: dict[str, object] | None = None) -> Any:
        return await self._session.call(operation, {"artifact": self._path(), **(arguments or {})})

    async def collection(self) -> AsyncArtifactCollection:
        """The collection that it is seen in."""
        node = self._node
        return await _collection(
            self._session, node["entity"], node["project"], self.type, node["collection"]
        )

    async def source_collection(self) -> AsyncArtifactCollection:
        """The sequence that it was logged to."""
        return await _collection(
            self._session,
            self.source_entity,
            self.source_project,
            self.type,
            self._node["source_collection"],
        )

    async def source_artifact(self) -> AsyncArtifact:
        """The version as seen in the sequence that it was logged to."""
        if not self.is_link:
            return self
        node = await self._session.call("artifact_load", {"artifact": self.source_qualified_name})
        return AsyncArtifact(self._session, node)

    async def linked_artifacts(self) -> list[AsyncArtifact]:
        """The version as seen in each portfolio; [] for one that is seen in a portfolio."""
        if self.is_link:
            return []
        nodes = (await self._call("artifact_linked_artifacts"))["nodes"]
        return [AsyncArtifact(self._session, node) for node in nodes]

    async def logged_by(self) -> AsyncRun | None:
        """The run that logged it; None if none did, or none that may be seen."""
        run = (await self._call("artifact_logged_by")).get("run")
        return await _run(self._session, run["entity"], run["project"], run["id"]) if run else None

    async def used_by(self) -> list[types.RunName]:
        """The names of the runs that used it, as far as they may be seen."""
        runs: list[types.RunName] = (await self._call("artifact_used_by"))["runs"]
        return runs

    async def lineage(self, direction: str = "both", depth: int = 5) -> types.GetLineageOutput:
        """What it was made from and what was made from it, over several runs."""
        lineage: types.GetLineageOutput = await self._call(
            "get_lineage", {"direction": direction, "depth": depth}
        )
        return lineage

    async def save(self) -> None:
        """Sends what was set: description, metadata, aliases, tags and ttl."""
        if changes := self._changes():
            self._adopt(await self._call("artifact_save", changes), self._name)

    async def delete(self, delete_aliases: bool = False) -> None:
        """Deletes the version with its files. A link is taken out of its portfolio."""
        await self._call("artifact_delete", {"delete_aliases": delete_aliases})

    async def link(self, target_path: str, aliases: Iterable[str] | None = None) -> AsyncArtifact:
        """Puts the version into a portfolio, and returns it as seen there."""
        node = await self._call(
            "artifact_link", {"target": target_path, "aliases": list(aliases or ())}
        )
        return AsyncArtifact(self._session, node)

    async def unlink(self) -> None:
        """Takes the version out of the portfolio that it is seen in."""
        await self._call("artifact_unlink")

    def files(
        self, names: list[str] | None = None, per_page: int = 50, start: str | None = None
    ) -> AsyncList[AsyncFile]:
        """The files that the server keeps."""
        return AsyncList(
            self._session,
            "artifact_files_page",
            {"artifact": self._path(), "names": names},
            lambda node: AsyncFile(self, node),
            per_page,
            start,
        )

    def manifest(self) -> AsyncList[types.ManifestEntryNode]:
        """Everything that the version holds."""
        return AsyncList(
            self._session,
            "artifact_manifest_page",
            {"artifact": self._path()},
            lambda node: node,
            10_000,
        )

    async def download(
        self,
        root: str | os.PathLike[str] | None = None,
        skip_cache: bool = False,
        path_prefix: str | None = None,
        *,
        paths: Sequence[str] | None = None,
        skip_references: bool = False,
        progress: Progress = None,
    ) -> str:
        """Puts the version's files into a folder, and returns the folder.

        Cancelling stops it, and what it has brought until then is not fetched again.
        """
        from ._progress import shown

        folder = os.fspath(root) if root is not None else self._default_root()
        with shown(progress, self.name) as report:
            await self._session.call(
                "download_artifact",
                {
                    "artifact": self._path(),
                    "to": os.path.abspath(folder),
                    "prefix": path_prefix,
                    "paths": None if paths is None else list(paths),
                    "skip_cache": skip_cache,
                    "skip_references": skip_references,
                },
                report,
            )
        return folder

    async def verify(self, root: str | None = None) -> types.VerifyArtifactOutput:
        """Compares a folder with the version, and says how they differ."""
        found: types.VerifyArtifactOutput = await self._call(
            "verify_artifact", {"folder": os.path.abspath(root or self._default_root())}
        )
        return found


class AsyncFile(FileData):
    """A file of a version, as the server knows it."""

    def __init__(self, artifact: AsyncArtifact, node: types.FileNode) -> None:
        self._artifact, self._node = artifact, node

    async def download(self, root: str | os.PathLike[str] = ".") -> str:
        """Puts the file into a folder, and returns its path there."""
        await self._artifact.download(root, paths=[self.name], progress=False)
        return os.path.join(root, self.name)


class AsyncRun(RunData):
    """A run: something that logs and uses artifacts."""

    def __init__(self, session: AsyncSession, node: types.RunNode) -> None:
        self._session, self._run, self._loaded = session, node, node

    @property
    def _node(self) -> types.RunNode:
        return self._loaded

    def _artifacts(
        self, mode: Literal["logged", "used"], per_page: int
    ) -> AsyncList[AsyncArtifact]:
        return AsyncList(
            self._session,
            "run_artifacts_page",
            {**self._named(), "mode": mode},
            lambda node: AsyncArtifact(self._session, node),
            per_page,
        )

    def logged_artifacts(self, per_page: int = 100) -> AsyncList[AsyncArtifact]:
        """The versions that the run logged."""
        return self._artifacts("logged", per_page)

    def used_artifacts(self, per_page: int = 100) -> AsyncList[AsyncArtifact]:
        """The versions that the run used."""
        return self._artifacts("used", per_page)

    async def log_artifact(
        self,
        artifact: AsyncArtifact,
        aliases: Collection[str] | None = None,
        tags: Collection[str] | None = None,
    ) -> None:
        """Records that the run logged a version that is there, in the project of the run.

        A draft is logged by AsyncApi.log_artifact.
        """
        await self._session.call(
            "run_log_artifact",
            {
                **self._named(),
                "artifact": artifact._path(),
                "aliases": list(aliases or ()),
                "tags": list(tags or ()),
            },
        )

    async def use_artifact(self, artifact: AsyncArtifact) -> None:
        """Records that the run used a version, so that lineage shows it."""
        await self._session.call(
            "run_use_artifact", {**self._named(), "artifact": artifact._path()}
        )

    def __repr__(self) -> str:
        return f"<Run {'/'.join(self.path)} ({self.state})>"


class AsyncProject(ProjectData):
    """A project: what holds runs and artifacts."""

    def __init__(self, session: AsyncSession, node: types.ProjectNode) -> None:
        self._session, self._node = session, node

    def artifacts_types(self, per_page: int = 50) -> AsyncList[AsyncArtifactType]:
        """The artifact types of the project."""
        return _types(self._session, self.entity, self.name, per_page, None)

    def collections(
        self,
        filters: Mapping[str, Any] | None = None,
        order: str | None = None,
        per_page: int = 50,
        start: str | None = None,
    ) -> AsyncList[AsyncArtifactCollection]:
        """The collections of all types in the project."""
        return _collections(
            self._session, self.entity, self.name, None, filters, order, per_page, start
        )


class AsyncApi(ApiData):
    """Api for programs that await answers. It takes the same arguments.

    Any number of calls can be under way at once; none has a thread of its own. It
    belongs to one event loop at a time.
    """

    _session: AsyncSession

    def __init__(
        self,
        overrides: Mapping[str, Any] | None = None,
        timeout: int | None = None,
        api_key: str | None = None,
        *,
        dir: str | os.PathLike[str] | None = None,
        log: str | None = None,
    ) -> None:
        self._session = AsyncSession(_config.config(overrides, timeout, api_key, dir, log))

    async def __aenter__(self) -> AsyncApi:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def operations(self) -> AsyncOperations:
        """Every operation, as a typed method: JSON in, JSON out."""
        from ._async_operations import AsyncOperations

        return AsyncOperations(self._session.call)

    async def viewer(self) -> User:
        """The user that the API key belongs to."""
        from .users import User

        return User(await self._session.call("viewer_load", {}))

    async def user(self, username_or_email: str) -> User | None:
        """A user by username or email address, None if there is none."""
        found = await self.users(username_or_email)
        return found[0] if found else None

    async def users(self, username_or_email: str) -> list[User]:
        """The users that a username or email address fits."""
        from .users import User

        answer = await self._session.call("users_search", {"query": username_or_email})
        return [User(node) for node in answer["users"]]

    async def team(self, team: str) -> Team:
        """A team by its name."""
        from .users import Team

        return Team(await self._session.call("team_load", {"team": team}))

    async def organization(self, name: str | None = None) -> Organization:
        """An organization by the name that people see."""
        from .users import Organization

        return Organization(await self._session.call("organization_load", {"organization": name}))

    async def create_organization(self, name: str) -> Organization:
        """Makes an organization for registries, in a registry of one's own."""
        from .users import Organization

        return Organization(await self._session.call("organization_create", {"organization": name}))

    def artifact_types(
        self, project: str | None = None, start: str | None = None
    ) -> AsyncList[AsyncArtifactType]:
        """The artifact types of a project."""
        entity, name = project_path(project)
        return _types(self._session, entity, name, 50, start)

    async def artifact_type(self, type_name: str, project: str | None = None) -> AsyncArtifactType:
        """One artifact type of a project."""
        entity, name = project_path(project)
        node = await self._session.call(
            "artifact_type_load", {"entity": entity, "project": name, "type": type_name}
        )
        return AsyncArtifactType(self._session, node)

    def artifact_collections(
        self,
        project_name: str,
        type_name: str,
        order: str | None = None,
        per_page: int = 50,
        start: str | None = None,
    ) -> AsyncList[AsyncArtifactCollection]:
        """The collections of one type in a project."""
        entity, project = project_path(project_name)
        return _collections(self._session, entity, project, type_name, None, order, per_page, start)

    async def artifact_collection(self, type_name: str, name: str) -> AsyncArtifactCollection:
        """One collection."""
        entity, project, collection = collection_path(name)
        return await _collection(self._session, entity, project, type_name, collection)

    def artifacts(
        self,
        type_name: str,
        name: str,
        order: str | None = None,
        per_page: int = 50,
        tags: list[str] | None = None,
        start: str | None = None,
    ) -> AsyncList[AsyncArtifact]:
        """The versions of a collection, newest first."""
        entity, project, collection = collection_path(name)
        return _artifacts(
            self._session,
            {
                "entity": entity,
                "project": project,
                "collection": collection,
                "type": type_name,
                "order": order,
                "tags": tags,
            },
            per_page,
            start,
        )

    async def artifact(self, name: str, type: str | None = None) -> AsyncArtifact:
        """One version."""
        node: types.ArtifactNode = await self._session.call("artifact_load", {"artifact": name})
        if type is not None and node["type"] != type:
            raise ValueError(
                f"type {type!r} specified but this artifact is of type {node['type']!r}"
            )
        return AsyncArtifact(self._session, node, alias_of(name))

    async def artifact_exists(self, name: str, type: str | None = None) -> bool:
        """Whether there is such a version, of the type if one is given."""
        try:
            node = await self._session.call("artifact_load", {"artifact": name})
        except errors.NotFoundError:
            return False
        return type is None or node["type"] == type

    async def artifact_collection_exists(self, name: str, type: str) -> bool:
        """Whether there is such a collection of that type."""
        try:
            await self.artifact_collection(type, name)
        except errors.NotFoundError:
            return False
        return True

    async def log_artifact(
        self,
        artifact: Artifact,
        *,
        project: str | None = None,
        aliases: Collection[str] | None = None,
        tags: Collection[str] | None = None,
        run: AsyncRun | str | None = None,
        progress: Progress = None,
    ) -> AsyncArtifact:
        """Makes a version of a draft, and returns it."""
        from ._progress import shown

        entity, name = project_path(project)
        path = run if run is None or isinstance(run, str) else "/".join(run.path)
        arguments = artifact._log_arguments(entity, name, aliases, tags, path)
        with shown(progress, artifact.name) as report:
            logged = await self._session.call("log_artifact", arguments, report)
        node = await self._session.call("artifact_load", {"artifact": logged["artifact"]})
        return AsyncArtifact(self._session, node)

    async def artifact_from_id(self, artifact_id: str) -> AsyncArtifact:
        """One version by the server's id of it, in the sequence that it was logged to."""
        node = await self._session.call("artifact_load", {"id": artifact_id})
        return AsyncArtifact(self._session, node)

    def registries(
        self,
        organization: str | None = None,
        filter: Mapping[str, Any] | None = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> AsyncRegistries:
        """The registries of an organization, to walk and to search."""
        from ._async_registries import AsyncRegistries

        return AsyncRegistries(self._session, organization, filter, order, per_page, start)

    async def registry(self, name: str, organization: str | None = None) -> AsyncRegistry:
        """One registry."""
        from ._async_registries import AsyncRegistry

        node = await self._session.call(
            "registry_load", {"organization": organization, "registry": name}
        )
        return AsyncRegistry(self._session, node)

    async def create_registry(
        self,
        name: str,
        visibility: Literal["organization", "restricted"],
        organization: str | None = None,
        description: str | None = None,
        artifact_types: list[str] | None = None,
    ) -> AsyncRegistry:
        """Makes a registry."""
        from ._async_registries import AsyncRegistry

        node = await self._session.call(
            "registry_create",
            {
                "organization": organization,
                "registry": name,
                "visibility": visibility,
                "description": description,
                "artifact_types": artifact_types or None,
            },
        )
        return AsyncRegistry(self._session, node)

    async def run(self, path: str = "") -> AsyncRun:
        """One run."""
        return await _run(self._session, *run_path(path))

    def runs(
        self,
        path: str | None = None,
        filters: dict[str, Any] | None = None,
        order: str = "+created_at",
        per_page: int = 50,
    ) -> AsyncList[AsyncRun]:
        """The runs of a project."""
        entity, project = project_path(path)
        return AsyncList(
            self._session,
            "runs_page",
            {"entity": entity, "project": project, "filters": filters, "order": order},
            lambda node: AsyncRun(self._session, node),
            per_page,
        )

    def projects(self, entity: str | None = None, per_page: int = 200) -> AsyncList[AsyncProject]:
        """The projects of an entity."""
        return AsyncList(
            self._session,
            "projects_page",
            {"entity": entity},
            lambda node: AsyncProject(self._session, node),
            per_page,
        )


def _types(
    session: AsyncSession,
    entity: str | None,
    project: str | None,
    per_page: int,
    start: str | None,
) -> AsyncList[AsyncArtifactType]:
    return AsyncList(
        session,
        "artifact_types_page",
        {"entity": entity, "project": project},
        lambda node: AsyncArtifactType(session, node),
        per_page,
        start,
    )


def _collections(
    session: AsyncSession,
    entity: str | None,
    project: str | None,
    type_name: str | None,
    filters: Mapping[str, Any] | None,
    order: str | None,
    per_page: int,
    start: str | None,
) -> AsyncList[AsyncArtifactCollection]:
    return AsyncList(
        session,
        "artifact_collections_page",
        {
            "entity": entity,
            "project": project,
            "type": type_name,
            "filters": None if filters is None else dict(filters),
            "order": order,
        },
        lambda node: AsyncArtifactCollection(session, node),
        per_page,
        start,
    )


async def _collection(
    session: AsyncSession, entity: str | None, project: str | None, type_name: str, name: str
) -> AsyncArtifactCollection:
    node = await session.call(
        "artifact_collection_load",
        {"entity": entity, "project": project, "type": type_name, "name": name},
    )
    return AsyncArtifactCollection(session, node)


def _artifacts(
    session: AsyncSession, arguments: dict[str, object], per_page: int, start: str | None
) -> AsyncList[AsyncArtifact]:
    given = {name: value for name, value in arguments.items() if value is not None}
    return AsyncList(
        session, "artifacts_page", given, lambda node: AsyncArtifact(session, node), per_page, start
    )


async def _run(session: AsyncSession, entity: str | None, project: str | None, id: str) -> AsyncRun:
    node = await session.call("run_load", {"entity": entity, "project": project, "run": id})
    return AsyncRun(session, node)
