"""Users, teams and organizations, as far as registries need them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from . import types


class User:
    """A user of the server."""

    def __init__(self, node: Mapping[str, Any]) -> None:
        self._node = node

    @property
    def id(self) -> str:
        """The server's id of the user."""
        return str(self._node["id"])

    @property
    def username(self) -> str | None:
        """The name that paths and URLs have."""
        return self._node.get("username")

    @property
    def name(self) -> str | None:
        """The name that people see."""
        return self._node.get("name")

    @property
    def email(self) -> str | None:
        """The address, where it may be seen."""
        return self._node.get("email")

    @property
    def entity(self) -> str | None:
        """The user's default entity. None for others than the viewer."""
        return self._node.get("entity")

    @property
    def teams(self) -> list[str]:
        """The names of the user's teams. Empty for others than the viewer."""
        return list(self._node.get("teams") or ())

    @property
    def attrs(self) -> Mapping[str, Any]:
        """Everything that the server said, as JSON."""
        return self._node

    def __repr__(self) -> str:
        return f"<User {self.username}>"


class Team:
    """A team: an entity with members."""

    def __init__(self, node: Mapping[str, Any]) -> None:
        self._node = node

    @property
    def id(self) -> str:
        """The server's id of the team."""
        return str(self._node["id"])

    @property
    def name(self) -> str:
        """The team's name."""
        return str(self._node["name"])

    @property
    def attrs(self) -> Mapping[str, Any]:
        """Everything that the server said, as JSON."""
        return self._node

    def __repr__(self) -> str:
        return f"<Team {self.name}>"


class Organization:
    """An organization: what owns registries."""

    def __init__(self, node: types.OrganizationNode) -> None:
        self._node = node

    @property
    def id(self) -> str:
        """The server's id of the organization."""
        return self._node["id"]

    @property
    def name(self) -> str:
        """The name that people see."""
        return self._node["name"]

    @property
    def entity(self) -> str:
        """The organization's own entity, which holds its registries."""
        return self._node["entity"]

    def __repr__(self) -> str:
        return f"<Organization {self.name}>"
