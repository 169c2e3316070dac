"""Registries: curated collections of an organization, which versions are linked into."""

from __future__ import annotations

from itertools import chain

from . import errors
from ._nodes import RegistryData, registry_filter
from ._pages import Paginator, SizedPaginator
from .artifacts import ArtifactCollection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any, Literal, NoReturn, TypeVar

    from . import types
    from ._session import Session
    from .api import Api
    from .artifact import Artifact
    from .members import Member, MemberRole, TeamMember, UserMember

    T = TypeVar("T")

    Filter = Mapping[str, Any] | None

    class _Items(Iterator[T]):
        pass

else:
    T = None

    class _Items:
        def __class_getitem__(cls, item):
            return cls


class Registry(RegistryData):
    """A registry. What is set is sent by save()."""

    def __init__(self, session: Session, organization: str | None, name: str) -> None:
        self._session = session
        self._adopt(session.call("registry_load", {"organization": organization, "registry": name}))

    @classmethod
    def _of(cls, session: Session, node: types.RegistryNode) -> Registry:
        self = cls.__new__(cls)
        self._session = session
        self._adopt(node)
        return self

    @classmethod
    def create(
        cls,
        api: Api,
        organization: str | None,
        name: str,
        visibility: Literal["organization", "restricted"],
        description: str | None = None,
        artifact_types: list[str] | None = None,
    ) -> Registry:
        """Makes a registry. Use Api.create_registry."""
        node = api._session.call(
            "registry_create",
            {
                "organization": organization,
                "registry": name,
                "visibility": visibility,
                "description": description,
                "artifact_types": artifact_types or None,
            },
        )
        return cls._of(api._session, node)

    def _call(self, operation: str, arguments: dict[str, object] | None = None) -> Any:
        return self._session.call(operation, {**self._named(), **(arguments or {})})

    def load(self) -> None:
        """Fetches the attributes anew. What was set and not saved is forgotten."""
        self._adopt(self._call("registry_load"))

    def save(self) -> None:
        """Sends what was set: name, description, visibility, types. Sends nothing else."""
        if changes := self._changes():
            self._adopt(self._call("registry_save", changes))

    def delete(self) -> None:
        """Deletes the registry with its links. The versions stay where they were logged."""
        self._call("registry_delete")

    def collections(
        self,
        filter: Filter = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> Collections:
        """The collections in the registry.

        Args:
            filter: Conditions as MongoDB has them, on name, tag, description,
                created_at and updated_at: {"name": {"$regex": "^det"}}.
            order: name, created_at or updated_at, with "-" before it for descending.
            per_page: How many to fetch at a time.
            start: The cursor of another list, to continue it.
        """
        return Collections(
            self._session, self.organization, self._filter(), filter, order, per_page, start
        )

    def versions(
        self,
        filter: Filter = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> Versions:
        """The versions that are linked in the registry.

        Args:
            filter: Conditions as MongoDB has them, on version, tag, alias, created_at,
                updated_at and metadata.<key>.
            order: created_at, artifact_size or linked_at, with "-" before it for
                descending. Not on servers without W&B's advanced search.
            per_page: How many to fetch at a time.
            start: The cursor of another list, to continue it.
        """
        return Versions(
            self._session, self.organization, self._filter(), None, filter, per_page, start, order
        )

    # Members.

    def _members(self) -> list[types.RegistryMemberNode]:
        members: list[types.RegistryMemberNode] = self._call("registry_members")["members"]
        return members

    def user_members(self) -> list[UserMember]:
        """The users that are members."""
        from .members import users_of

        return users_of(self._members())

    def team_members(self) -> list[TeamMember]:
        """The teams that are members."""
        from .members import teams_of

        return teams_of(self._members())

    def members(self) -> list[UserMember | TeamMember]:
        """The members: users, then teams."""
        from .members import teams_of, users_of

        nodes = self._members()
        return [*users_of(nodes), *teams_of(nodes)]

    def add_members(self, *members: Member) -> Registry:
        """Makes users and teams members, with the server's usual role.

        Args:
            members: User and Team objects, members of another registry, or ids.
        """
        from .members import ids_of

        self._call("registry_add_members", {"members": ids_of(members, "add_members")})
        return self

    def remove_members(self, *members: Member) -> Registry:
        """Takes users and teams out of the members.

        Args:
            members: User and Team objects, members, or ids.
        """
        from .members import ids_of

        self._call("registry_remove_members", {"members": ids_of(members, "remove_members")})
        return self

    def update_member(self, member: Member, role: MemberRole | str) -> Registry:
        """Gives a member another role.

        Args:
            member: A User or Team, a member, or an id.
            role: "admin", "member", "viewer" or, not on every server,
                "restricted_viewer".
        """
        from .members import MemberRole, id_of

        word = role.value if isinstance(role, MemberRole) else role
        self._call("registry_update_member", {"member": id_of(member), "role": word})
        return self


class _Search(Paginator[T]):
    """A list whose length is not known before its end."""

    @property
    def length(self) -> int | None:
        """How many items the last page had that was fetched, None before the first."""
        return len(self.objects) - self._page_begin if self._page_loaded else None


class Registries(_Search["Registry"]):
    """Registries of an organization."""

    def __init__(
        self,
        session: Session,
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
            lambda node: Registry._of(session, node),
            per_page,
            start,
        )
        self._organization = organization
        self.filter = filter
        self.order = order

    @property
    def organization(self) -> str:
        """The organization, which is asked for if it was not given."""
        if self._organization is None:
            node: types.OrganizationNode = self._session.call("organization_load", {})
            self._organization = node["name"]
        return self._organization

    def collections(
        self,
        filter: Filter = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> Collections | _OrderedCollections:
        """The collections in these registries, in the order of the registries if they have one.

        Args:
            filter: As in Registry.collections.
            order: As in Registry.collections.
            per_page: How many to fetch at a time.
            start: The cursor of another list, to continue it. Not with registries
                that have an order.
        """
        if self.order is None:
            return Collections(
                self._session, self._organization, self.filter, filter, order, per_page, start
            )
        refuse_start(start, "collections", "registries")
        return _OrderedCollections(r.collections(filter, order, per_page) for r in self)

    def versions(
        self,
        filter: Filter = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> Versions | _Chained[Artifact]:
        """The versions in these registries, in the order of the registries if they have one.

        Args:
            filter: As in Registry.versions.
            order: As in Registry.versions.
            per_page: How many to fetch at a time.
            start: The cursor of another list, to continue it. Not with registries
                that have an order.
        """
        if not self.order:
            return Versions(
                self._session, self._organization, self.filter, None, filter, per_page, start, order
            )
        refuse_start(start, "versions", "registries")
        return _Chained(r.versions(filter, order, per_page) for r in self)


class Collections(SizedPaginator["ArtifactCollection"]):
    """Collections in registries."""

    def __init__(
        self,
        session: Session,
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
            lambda node: ArtifactCollection._of(session, node, organization),
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
    ) -> Versions | _Chained[Artifact]:
        """The versions in these collections, in the order of the collections if they have one.

        Args:
            filter: As in Registry.versions.
            order: As in Registry.versions.
            per_page: How many to fetch at a time.
            start: The cursor of another list, to continue it. Not with collections
                that have an order.
        """
        if not self.order:
            return Versions(
                self._session,
                self.organization,
                self.registry_filter,
                self.collection_filter,
                filter,
                per_page,
                start,
                order,
            )
        refuse_start(start, "versions", "collections")
        return _versions_of(self, filter, order, per_page)


class Versions(_Search["Artifact"]):
    """Versions that are linked in registries, each as seen there."""

    def __init__(
        self,
        session: Session,
        organization: str | None,
        registry_filter: Filter = None,
        collection_filter: Filter = None,
        artifact_filter: Filter = None,
        per_page: int = 100,
        start: str | None = None,
        order: str | None = None,
    ) -> None:
        from .artifact import Artifact

        super().__init__(
            session,
            "registry_versions_page",
            {
                "organization": organization,
                "registries": plain(registry_filter),
                "collections": plain(collection_filter),
                "filters": plain(artifact_filter),
                "order": order,
            },
            lambda node: Artifact._of(session, node),
            per_page,
            start,
        )
        self.organization = organization
        self.registry_filter = registry_filter
        self.collection_filter = collection_filter
        self.artifact_filter = artifact_filter
        self.order = order


class _Chained(_Items[T]):
    """One list after the other, each asked for when the one before it has ended."""

    def __init__(self, lists: Iterable[Iterable[T]]) -> None:
        self._items = chain.from_iterable(lists)

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        return next(self._items)

    @property
    def cursor(self) -> NoReturn:
        """Not known: there is one for each of the lists."""
        raise _no_place("cursor")

    @property
    def length(self) -> NoReturn:
        """Not known before the end."""
        raise _no_place("length")

    def __len__(self) -> NoReturn:
        raise TypeError(str(_no_place("len()")))

    def __getitem__(self, index: int | slice) -> NoReturn:
        raise _no_place("an index")


class _OrderedCollections(_Chained["ArtifactCollection"]):
    """Collections in the order of their registries."""

    def versions(
        self,
        filter: Filter = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> _Chained[Artifact]:
        """The versions in these collections, in the order of the collections."""
        refuse_start(start, "versions", "registries")
        return _versions_of(self, filter, order, per_page)


def _versions_of(
    collections: Iterable[ArtifactCollection], filter: Filter, order: str | None, per_page: int
) -> _Chained[Artifact]:
    return _Chained(
        Versions(
            c._session,
            c.organization,
            registry_filter(c.project),
            {"name": c.name},
            filter,
            per_page,
            order=order,
        )
        for c in collections
    )


def plain(filter: Filter) -> dict[str, Any] | None:
    """A filter as JSON."""
    return None if filter is None else dict(filter)


def refuse_start(start: str | None, what: str, ordered: str) -> None:
    """One cursor cannot say where several lists go on."""
    if start is not None:
        raise ValueError(
            f"{start=} is not supported when querying {what} from {ordered} fetched with an order. "
            f"Remove either 'order' from the {ordered} query or 'start' from the {what} query."
        )


def _no_place(what: str) -> errors.UnsupportedError:
    return errors.UnsupportedError(
        f"{what} is not supported for registry queries with an order",
        next="leave the order out, or make a list of it",
    )
