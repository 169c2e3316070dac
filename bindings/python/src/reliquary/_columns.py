"""Columns that arrived as bytes, as arrays of pyarrow that point into them.

Go package columns says how they are laid out. The C library does the same for
programs that have it, with Arrow's C data interface.
"""

from __future__ import annotations

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# name, format, nullable, length, nulls, number of buffers, three buffers, number of
# children, first child
_NODE = struct.Struct("<11Q")
_HEAD = 16


def record_batch(block: bytes, pyarrow: Any) -> Any:
    """Makes a pyarrow.RecordBatch of columns. Nothing is copied: it keeps the bytes."""
    memory = pyarrow.py_buffer(block)
    types = {
        "U": pyarrow.large_string(),
        "l": pyarrow.int64(),
        "b": pyarrow.bool_(),
        "tsu:UTC": pyarrow.timestamp("us", "UTC"),
    }

    def text(at: int) -> str:
        return block[at : block.index(0, at)].decode()

    def made(index: int) -> tuple[Any, Any]:
        """The field and the array of a node."""
        name, form, nullable, length, nulls, count, *rest = _NODE.unpack_from(
            block, _HEAD + _NODE.size * index
        )
        starts, (children, child) = rest[:3], rest[3:]
        form = text(form)
        bits = (length + 7) // 8
        sizes = [bits, bits if form == "b" else 8 * length]
        if form in ("U", "+L"):  # where each value begins, and where the last ends
            sizes[1] += 8
            sizes.append(struct.unpack_from("<q", block, starts[1] + 8 * length)[0])
        buffers = [memory.slice(at, n) if at else None for at, n in zip(starts[:count], sizes)]
        below = [made(child + i) for i in range(children)]
        kind = pyarrow.large_list(below[0][0]) if form == "+L" else types[form]
        array = pyarrow.Array.from_buffers(
            kind, length, buffers, nulls, children=[each for _, each in below]
        )
        return pyarrow.field(text(name), kind, bool(nullable)), array

    *_, children, child = _NODE.unpack_from(block, _HEAD)
    columns = [made(child + i) for i in range(children)]
    schema = pyarrow.schema([field for field, _ in columns])
    return pyarrow.RecordBatch.from_arrays([array for _, array in columns], schema=schema)
