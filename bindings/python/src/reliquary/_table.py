"""Whole lists as tables of pyarrow, without a Python object for a cell.

The library lays a list out in columns as Arrow has them in memory, and pyarrow
takes the columns over as they are.
"""

from __future__ import annotations

import ctypes

from . import _library, errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._session import Session

# The sizes of Arrow's structs, of which Python does not look at a field.
_SCHEMA_BYTES, _ARRAY_BYTES = 72, 80


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
    pending = session.submit(operation, arguments, columns=True)
    return pyarrow.Table.from_batches([pending.columns(take_over)])


def take_over(library: _library.Library, event: _library.Event) -> Any:
    """Makes a pyarrow.RecordBatch of a result, whose memory is pyarrow's then."""
    pyarrow = need_pyarrow()
    schema = ctypes.create_string_buffer(_SCHEMA_BYTES)
    array = ctypes.create_string_buffer(_ARRAY_BYTES)
    status = library.columns(ctypes.byref(event), schema, array)
    if status != _library.OK:
        raise library.failure(status)
    # Both structs are moved out, and released by pyarrow.
    return pyarrow.RecordBatch._import_from_c(ctypes.addressof(array), ctypes.addressof(schema))
