"""What Api and AsyncApi have in common."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._async_session import AsyncSession
    from ._session import Session


class ApiData:
    """What an Api knows of itself."""

    _session: Session | AsyncSession

    @property
    def place(self) -> dict[str, Any]:
        """Where it leads and why: "server" or "dir", "why", "description"."""
        return dict(self._session.place)

    def close(self) -> None:
        """Ends the connection. Calls under way fail with CanceledError."""
        self._session.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} on {self._session.place.get('description')}>"
