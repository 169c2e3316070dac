"""Registries, for programs that await answers."""

from __future__ import annotations

from ._nodes import RegistryData, registry_filter
from .aio import AsyncArtifact, AsyncArtifactCollection, AsyncList
from .registries import plain, refuse_start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable
    from typing import Any, Generic, TypeVar

    from . import types
    from ._async_session import AsyncSession
    from .members import Member, MemberRole, TeamMember, UserMember
    from .registries import Filter

    S = TypeVar("S")
    T = TypeVar("T")

    class _Items(Generic[S, T]):
        pass

else:
    S = T = None

    class _Items:
        def __class_getitem__(cls, item):
            return cls


class AsyncRegistry(RegistryData):
    """A registry. What is set is sent by save()."""

    def __init__(self, session: AsyncSession, node: types.RegistryNode) -> None:
        self._session = session
        self._adopt(node)

    async def _call(self, operation: str, arguments: dict[str, object] | None = None) -> Any:
        return await self._session.call(operation, {**self._named(), **(arguments or {})})

    async def load(self) -> None:
        """Fetches the attributes anew. What was set and not saved is forgotten."""
        self._adopt(await self._call("registry_load"))

    async def save(self) -> None:
        """Sends what was set: name, description, visibility, types. Sends nothing else."""
        if changes := self._changes():
            self._adopt(await self._call("registry_save", changes))

    async def delete(self) -> None:
        """Deletes the registry with its links. The versions stay where they were logged."""
        await self._call("registry_delete")

    def collections(
        self,
        filter: Filter = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> AsyncCollections:
        """The collections in the registry."""
        return AsyncCollections(
            self._session, self.organization, self._filter(), filter, order, per_page, start
        )

    def versions(
        self,
        filter: Filter = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> AsyncList[AsyncArtifact]:
        """The versions that are linked in the registry."""
        return _versions(
            self._session, self.organization, self._filter(), None, filter, order, per_page, start
        )

    async def _members(self) -> list[types.RegistryMemberNode]:
        members: list[types.RegistryMemberNode] = (await self._call("registry_members"))["members"]
        return members

    async def user_members(self) -> list[UserMember]:
        """The users that are members."""
        from .members import users_of

        return users_of(await self._members())

    async def team_members(self) -> list[TeamMember]:
        """The teams that are members."""
        from .members import teams_of

        return teams_of(await self._members())

    async def members(self) -> list[UserMember | TeamMember]:
        """The members: users, then teams."""
        from .members import teams_of, users_of

        nodes = await self._members()
        return [*users_of(nodes), *teams_of(nodes)]

    async def add_members(self, *members: Member) -> AsyncRegistry:
        """Makes users and teams members, with the server's usual role."""
        from .members import ids_of

        await self._call("registry_add_members", {"members": ids_of(members, "add_members")})
        return self

    async def remove_members(self, *members: Member) -> AsyncRegistry:
        """Takes users and teams out of the members."""
        from .members import ids_of

        await self._call("registry_remove_members", {"members": ids_of(members, "remove_members")})
        return self

    async def update_member(self, member: Member, role: MemberRole | str) -> AsyncRegistry:
        """Gives a member another role."""
        from .members import MemberRole, id_of

        word = role.value if isinstance(role, MemberRole) else role
        await self._call("registry_update_member", {"member": id_of(member), "role": word})
        return self


class AsyncChained(_Items[S, T]):
    """One list after the other, each asked for when the one before it has ended."""

    def __init__(
        self, parents: AsyncIterable[S], children: Callable[[S], AsyncIterable[T]]
    ) -> None:
        self._parents = parents
        self._children = children

    async def __aiter__(self) -> AsyncIterator[T]:
        async for parent in self._parents:
            async for child in self._children(parent):
                yield child

    async def all(self) -> list[T]:
        """Every item."""
        return [item async for item in self]


class AsyncOrderedCollections(AsyncChained["AsyncRegistry", "AsyncArtifactCollection"]):
    """Collections in the order of their registries."""

    def versions(
        self,
        filter: Filter = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> AsyncChained[AsyncArtifactCollection, AsyncArtifact]:
        """The versions in these collections, in the order of the collections."""
        refuse_start(start, "versions", "registries")
        return _versions_of(self, filter, order, per_page)


class AsyncRegistries(AsyncList["AsyncRegistry"]):
    """Registries of an organization."""

    def __init__(
        self,
        session: AsyncSession,
        organization: str | None,
        filter: Filter = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> None:
        super().__init__(
            session,
            "registries_page",
            {"organization": organization, "filters": plain(filter), "order": order},
            lambda node: AsyncRegistry(session, node),
            per_page,
            start,
        )
        self.organization = organization
        self.filter = filter
        self.order = order

    def collections(
        self,
        filter: Filter = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> AsyncCollections | AsyncOrderedCollections:
        """The collections in these registries, in the order of the registries if they have one."""
        if self.order is None:
            return AsyncCollections(
                self._session, self.organization, self.filter, filter, order, per_page, start
            )
        refuse_start(start, "collections", "registries")
        return AsyncOrderedCollections(self, lambda r: r.collections(filter, order, per_page))

    def versions(
        self,
        filter: Filter = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> AsyncList[AsyncArtifact] | AsyncChained[AsyncRegistry, AsyncArtifact]:
        """The versions in these registries, in the order of the registries if they have one."""
        if not self.order:
            return _versions(
                self._session, self.organization, self.filter, None, filter, order, per_page, start
            )
        refuse_start(start, "versions", "registries")
        return AsyncChained(self, lambda r: r.versions(filter, order, per_page))


class AsyncCollections(AsyncList["AsyncArtifactCollection"]):
    """Collections in registries."""

    def __init__(
        self,
        session: AsyncSession,
        organization: str | None,
        registry_filter: Filter = None,
        collection_filter: Filter = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> None:
        super().__init__(
            session,
            "registry_collections_page",
            {
                "organization": organization,
                "registries": plain(registry_filter),
                "filters": plain(collection_filter),
                "order": order,
            },
            lambda node: AsyncArtifactCollection(session, node, organization),
            per_page,
            start,
        )
        self.organization = organization
        self.registry_filter = registry_filter
        self.collection_filter = collection_filter
        self.order = order

    def versions(
        self,
        filter: Filter = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> AsyncList[AsyncArtifact] | AsyncChained[AsyncArtifactCollection, AsyncArtifact]:
        """The versions in these collections, in the order of the collections if they have one."""
        if not self.order:
            return _versions(
                self._session,
                self.organization,
                self.registry_filter,
                self.collection_filter,
                filter,
                order,
                per_page,
                start,
            )
        refuse_start(start, "versions", "collections")
        return _versions_of(self, filter, order, per_page)


def _versions(
    session: AsyncSession,
    organization: str | None,
    registries: Filter,
    collections: Filter,
    filter: Filter,
    order: str | None,
    per_page: int,
    start: str | None = None,
) -> AsyncList[AsyncArtifact]:
    return AsyncList(
        session,
        "registry_versions_page",
        {
            "organization": organization,
            "registries": plain(registries),
            "collections": plain(collections),
            "filters": plain(filter),
            "order": order,
        },
        lambda node: AsyncArtifact(session, node),
        per_page,
        start,
    )


def _versions_of(
    collections: AsyncIterable[AsyncArtifactCollection],
    filter: Filter,
    order: str | None,
    per_page: int,
) -> AsyncChained[AsyncArtifactCollection, AsyncArtifact]:
    return AsyncChained(
        collections,
        lambda c: _versions(
            c._session,
            c.organization,
            registry_filter(c.project),
            {"name": c.name},
            filter,
            order,
            per_page,
        ),
    )
