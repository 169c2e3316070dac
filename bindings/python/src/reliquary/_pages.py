"""Lists that are fetched page by page, the next one while the present is used."""

from __future__ import annotations

from . import errors
from ._nodes import rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Generic, TypeVar
    from typing import overload as overload

    from ._session import Pending, Session

    T = TypeVar("T")

    class _List(Generic[T]):
        pass

else:
    T = None

    class _List:
        """Takes a type in brackets, as typing's generic classes do, without typing.

        Iterator knows it by its methods, without being loaded.
        """

        def __class_getitem__(cls, item):
            return cls

    Iterator = _List

    def overload(function):
        return function


# What gives pages of versions: they are many, and come as columns.
_VERSIONS = frozenset(("artifacts_page", "run_artifacts_page", "registry_versions_page"))

# A page that a server would refuse to give is no use.
LARGEST_PAGE = 10_000


def page_size(per_page: int) -> int:
    """Checks per_page."""
    if not isinstance(per_page, int) or isinstance(per_page, bool) or per_page < 1:
        raise errors.InvalidError(f"per_page is {per_page!r} and must be a number above 0")
    return min(per_page, LARGEST_PAGE)


class Pages(_List[T]):
    """The pages of a list that were fetched, and what to ask for next."""

    def __init__(
        self,
        operation: str,
        arguments: dict[str, object],
        convert: Callable[[Any], T],
        per_page: int,
        start: str | None,
    ) -> None:
        self._operation = operation
        self._arguments = arguments
        self._convert = convert
        self._start = start
        self._more = True
        self._end: str | None = start
        self._total: int | None = None
        self._page_begin = 0
        self._page_loaded = False
        self.per_page = page_size(per_page)
        self.objects: list[T] = []

    @property
    def more(self) -> bool:
        """Whether there are pages that were not fetched."""
        return self._more

    @property
    def cursor(self) -> str | None:
        """Continues behind the last page, also in another program: pass it as start."""
        return self._end

    def _page_after(self, cursor: str | None) -> dict[str, object]:
        page = {**self._arguments, "first": self.per_page, "after": cursor}
        if self._operation in _VERSIONS:
            page["columns"] = True
        return page

    def _whole(self) -> dict[str, object]:
        """What to ask for to get the whole list as columns."""
        return {**self._arguments, "first": max(self.per_page, 1000), "after": self._start}

    def _take(self, page: Any) -> None:
        self._page_begin = len(self.objects)
        self._page_loaded = True
        convert = self._convert
        columns = page.get("columns")
        nodes = page["nodes"] if columns is None else rows(columns)
        self.objects.extend([convert(node) for node in nodes])
        info = page["page_info"]
        self._more = info["has_next_page"]
        self._end = info.get("end_cursor")
        if page.get("total_count") is not None:
            self._total = page["total_count"]


def _needed(index: int | slice) -> int | None:
    """How many items have to be there to look some up, None for all of them."""
    if not isinstance(index, slice):
        return None if index < 0 else index + 1
    start, stop = index.start or 0, index.stop
    if index.step is not None and index.step < 0:
        start, stop = stop or 0, None if index.start is None else index.start + 1
        if stop is not None and stop < 1:
            return None
    return None if stop is None or start < 0 or stop < 0 else stop


def _unheard(progress: dict[str, Any]) -> None:
    """Asks for progress of a call. Who waits for it says who is told: a list that was
    dropped must not be held by what it has asked for ahead."""


class Paginator(Pages[T], Iterator[T]):
    """A lazy list. Nothing is asked for before it is used.

    Iterating begins at its start each time, and keeps what was fetched. Indexing
    and slicing fetch as far as they need.
    """

    def __init__(
        self,
        session: Session,
        operation: str,
        arguments: dict[str, object],
        convert: Callable[[Any], T],
        per_page: int,
        start: str | None = None,
        counts_itself: bool = False,
    ) -> None:
        super().__init__(operation, arguments, convert, per_page, start)
        self._session = session
        self._counts = counts_itself  # the server counts something else
        self._ahead: Pending | None = None
        self._ahead_of: str | None = None  # the cursor that it begins at
        self.index = -1

    def _submit(self, cursor: str | None, total: bool = False) -> Pending:
        page = self._page_after(cursor)
        if total:
            page["total"] = True
        return self._session.submit(self._operation, page, _unheard)

    def _go_on(self, progress: dict[str, Any]) -> None:
        """Asks for the page behind the one that is waited for, which is not read yet."""
        if self._ahead is None:
            self._ahead_of = progress["page_info"]["end_cursor"]
            self._ahead = self._submit(self._ahead_of)

    def _load_page(self, total: bool = False, all: bool = False) -> bool:
        """Fetches the next page, and reports whether there was one.

        With all, or where the page was asked for ahead, the one behind it is next.
        """
        if not self._more:
            return False
        loading, self._ahead = self._ahead, None
        go_on = self._go_on if all or loading is not None else None
        try:
            self._take((loading or self._submit(self._end, total)).result(go_on))
        except BaseException:
            self._leave_ahead()
            raise
        if not self._more or self._end != self._ahead_of:
            self._leave_ahead()
        return True

    def _leave_ahead(self) -> None:
        """Stops what was asked for too early."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.cancel()

    def __iter__(self) -> Iterator[T]:
        self.index = -1
        return self

    def __next__(self) -> T:
        self.index += 1
        while len(self.objects) <= self.index:
            if not self._load_page():
                raise StopIteration
        # Whoever asks for the second item of a page will probably want the rest.
        if self._more and self._ahead is None and self.index > self._page_begin:
            self._ahead, self._ahead_of = self._submit(self._end), self._end
        return self.objects[self.index]

    def next(self) -> T:
        """The next item, as next() gives it."""
        return self.__next__()

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...  # noqa: F811

    def __getitem__(self, index: int | slice) -> T | list[T]:  # noqa: F811
        needed = _needed(index)
        while needed is None or needed > len(self.objects):
            if not self._load_page(all=needed is None):
                break
        return self.objects[index]

    def table(self) -> Any:
        """The whole list as a pyarrow.Table, one column for each attribute.

        No Python object is made for a cell, so that it takes a fraction of the time
        and memory that the objects do. Metadata is JSON text. Needs pyarrow.
        """
        from ._table import table

        return table(self._session, self._operation, self._whole())

    def dataframe(self) -> Any:
        """The whole list as a pandas.DataFrame. Needs pandas and pyarrow."""
        return self.table().to_pandas()


class SizedPaginator(Paginator[T]):
    """A list that knows how long it is before it was fetched to its end."""

    def __len__(self) -> int:
        if self._total is None and not self._counts:
            try:
                if self._page_loaded:
                    counted = self._session.call(
                        self._operation, {**self._arguments, "first": 1, "total": True}
                    )
                    self._total = counted.get("total_count")
                else:
                    self._load_page(total=self._start is not None)
            except errors.UnsupportedError:  # an old server, which cannot count
                pass
        if self._total is None:
            while self._load_page(all=True):
                pass
            self._total = len(self.objects)
        return self._total

    @property
    def length(self) -> int:
        """The number of items, as len() gives it."""
        return len(self)
