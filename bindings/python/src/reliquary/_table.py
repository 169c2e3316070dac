"""Whole lists as tables of pyarrow, without a Python object for a cell.

The library lays a list out in columns as Arrow has them in memory, and pyarrow
takes the columns over as they are.
"""

from __future__ import annotations

from . import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._session import Session


def need_pyarrow() -> Any:
    """pyarrow, or words about how to get it."""
    try:
        from importlib import import_module

        return import_module("pyarrow")
    except ImportError as cause:
        raise errors.UnsupportedError(
            "tables need pyarrow, which is not installed", next="pip install reliquary[tables]"
        ) from cause


def table(session: Session, operation: str, arguments: dict[str, object]) -> Any:
    """The whole list of an operation that gives pages, as a pyarrow.Table."""
    pyarrow = need_pyarrow()
    columns = session.submit(operation, arguments, columns=True).data()
    return pyarrow.Table.from_batches([take_over(columns)])


def take_over(columns: Any) -> Any:
    """Makes a pyarrow.RecordBatch of a result, whose memory is pyarrow's then."""
    pyarrow = need_pyarrow()
    if isinstance(columns, bytes):
        from ._columns import record_batch

        return record_batch(columns, pyarrow)
    # The keeper stays until both structs were moved out: pyarrow releases them.
    _keeper, array, schema = columns
    return pyarrow.RecordBatch._import_from_c(array, schema)
