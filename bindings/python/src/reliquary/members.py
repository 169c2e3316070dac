"""Members of registries: users and teams with a role."""

from __future__ import annotations

import enum

from .users import Team, User

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Union

    from . import types

    Member = Union[User, Team, "UserMember", "TeamMember", str]


class MemberKind(str, enum.Enum):
    """What a member of a registry is."""

    USER = "User"
    ENTITY = "Entity"
    TEAM = ENTITY


class MemberRole(str, enum.Enum):
    """What a member of a registry may do."""

    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"
    RESTRICTED_VIEWER = "restricted_viewer"


class UserMember:
    """A user who is a member of a registry."""

    kind = MemberKind.USER

    def __init__(self, user: User, role: MemberRole | str) -> None:
        self.user = user
        self.role = role

    def __repr__(self) -> str:
        return f"<UserMember {self.user.username} ({self.role})>"


class TeamMember:
    """A team that is a member of a registry."""

    kind = MemberKind.TEAM

    def __init__(self, team: Team, role: MemberRole | str) -> None:
        self.team = team
        self.role = role

    def __repr__(self) -> str:
        return f"<TeamMember {self.team.name} ({self.role})>"


def users_of(nodes: Iterable[types.RegistryMemberNode]) -> list[UserMember]:
    """The users among the members of a registry."""
    return [UserMember(User(n), n["role"]) for n in nodes if n["kind"] == "User"]


def teams_of(nodes: Iterable[types.RegistryMemberNode]) -> list[TeamMember]:
    """The teams among the members of a registry."""
    return [TeamMember(Team(n), n["role"]) for n in nodes if n["kind"] == "Entity"]


def id_of(member: Member) -> str:
    """The id that the server knows a member by."""
    if isinstance(member, UserMember):
        return member.user.id
    if isinstance(member, TeamMember):
        return member.team.id
    if isinstance(member, (User, Team)):
        return member.id
    if isinstance(member, str):
        return member
    raise TypeError(
        f"Member arg must be a 'User', 'Team', or a user/team ID. Got: {type(member).__name__!r}"
    )


def ids_of(members: Iterable[Member], method: str) -> list[str]:
    """The ids of members, of whom there has to be one."""
    ids = [id_of(member) for member in members]
    if not ids:
        raise TypeError(f"Must provide at least one member to {method!r}.")
    return ids
