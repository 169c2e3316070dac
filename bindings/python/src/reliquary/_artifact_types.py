"""The artifact types that a registry takes: types can be added, never taken back."""

from __future__ import annotations

from collections.abc import Iterable, MutableSequence, Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, overload
else:

    def overload(function):
        return function


class AddOnlyArtifactTypesList(MutableSequence[str]):
    """A list to add types to. Those that were saved stand first, and stay.

    What is in the list already is not added again.
    """

    def __init__(self, saved: Iterable[str] = ()) -> None:
        self._saved = tuple(saved)
        self._draft: list[str] = []

    @property
    def draft(self) -> tuple[str, ...]:
        """The types that were added and not saved."""
        return tuple(self._draft)

    def _place(self, index: int, what: str) -> int:
        """The place among the drafts of an index in the whole list."""
        if not isinstance(index, int):
            raise TypeError(f"{type(self).__name__!r} does not support slices here")
        if not -len(self) <= index < len(self):
            raise IndexError("Index out of range")
        place = index % len(self) - len(self._saved)
        if place < 0:
            raise ValueError(f"Cannot {what} saved item at index {index!r}")
        return place

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> MutableSequence[str]: ...  # noqa: F811

    def __getitem__(self, index: int | slice) -> str | MutableSequence[str]:  # noqa: F811
        return [*self._saved, *self._draft][index]

    def __setitem__(self, index: Any, value: Any) -> None:
        place = self._place(index, "assign to")
        if value not in self:
            self._draft[place] = value

    def __delitem__(self, index: Any) -> None:
        del self._draft[self._place(index, "delete")]

    def __len__(self) -> int:
        return len(self._saved) + len(self._draft)

    def insert(self, index: int, value: str) -> None:
        """Adds a type behind those that were saved."""
        if value in self:
            return
        if index < 0:
            index = max(0, index + len(self))
        if index < len(self._saved):
            raise IndexError(f"Cannot insert into the frozen list (index < {len(self._saved)})")
        self._draft.insert(index - len(self._saved), value)

    def append(self, value: str) -> None:
        """Adds a type."""
        self.insert(len(self), value)

    def remove(self, value: str) -> None:
        """Takes a type out that was not saved yet."""
        if value not in self._draft:
            raise ValueError(
                f"Cannot remove artifact type: {value!r} that has been saved to the registry"
            )
        self._draft.remove(value)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}(saved={list(self._saved)!r}, draft={self._draft!r})"
