"""What _native does, by ctypes: for Pythons that cannot load _native.

Those are PyPy, and CPython without its lock. They wait some milliseconds longer for
the first call.
"""

from __future__ import annotations

import ctypes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._native import Columns
    from ._native import Event as _Event

_OK, _INVALID, _NO_MEMORY, _RESULT, _MOST = 0, 6, 16, 1, 256

# The sizes of Arrow's structs, and where in them the pointer to their release is.
_SCHEMA_BYTES, _SCHEMA_RELEASE = 72, 56
_ARRAY_BYTES, _ARRAY_RELEASE = 80, 64


class _EventStruct(ctypes.Structure):
    """reliquary_event."""

    _fields_ = (
        ("token", ctypes.c_uint64),
        ("kind", ctypes.c_int32),
        ("status", ctypes.c_int32),
        ("data", ctypes.c_void_p),
        ("size", ctypes.c_size_t),
    )


_f: dict[str, Any] = {}


def load(path: str) -> None:
    # CDLL lets other threads run while a function does.
    library = ctypes.CDLL(path)
    handle, token, text, size = ctypes.c_uint64, ctypes.c_uint64, ctypes.c_char_p, ctypes.c_size_t
    pointer, status, ms = ctypes.c_void_p, ctypes.c_int32, ctypes.c_int64

    def function(name: str, result: Any, *arguments: Any) -> None:
        try:
            f = library["reliquary_" + name]
        except AttributeError as cause:
            raise OSError(f"{path} has no function reliquary_{name}") from cause
        f.restype, f.argtypes = result, arguments
        _f[name] = f

    function("abi_version", ctypes.c_uint32)
    function("status_error", text, status)
    function("open", status, text, size, pointer, pointer, pointer)
    function("submit", status, handle, token, ctypes.c_uint32, text, size, text, size)
    function("cancel", status, handle, token)
    function("wait", status, handle, token, ms, pointer)
    function("take", status, handle, ms, pointer, size, pointer)
    function("event_fd", status, handle, pointer)
    function("free", None, pointer)
    function("columns", status, pointer, pointer, pointer)
    function("close", status, handle, ms)


def abi_version() -> int:
    version: int = _f["abi_version"]()
    return version


def status_error(status: int) -> str:
    told: bytes = _f["status_error"](status)
    return told.decode()


def open(config: str) -> tuple[int, int, str | None]:
    text = config.encode()
    handle, answer, size = ctypes.c_uint64(), ctypes.c_void_p(), ctypes.c_size_t()
    status: int = _f["open"](
        text, len(text), ctypes.byref(handle), ctypes.byref(answer), ctypes.byref(size)
    )
    told = None
    if answer.value:
        told = ctypes.string_at(answer.value, size.value).decode("utf-8", "replace")
        _f["free"](answer)
    return status, handle.value, told


def submit(handle: int, token: int, flags: int, name: str, input: str) -> int:
    operation, text = name.encode(), input.encode()
    status: int = _f["submit"](handle, token, flags, operation, len(operation), text, len(text))
    return status


def cancel(handle: int, token: int) -> int:
    status: int = _f["cancel"](handle, token)
    return status


def wait(handle: int, token: int, timeout_ms: int) -> tuple[int, _Event | None]:
    event = _EventStruct()
    status: int = _f["wait"](handle, token, timeout_ms, ctypes.byref(event))
    return status, _event_of(event) if status == _OK else None


def take(handle: int) -> tuple[int, list[_Event]]:
    events = (_EventStruct * _MOST)()
    count = ctypes.c_size_t()
    status: int = _f["take"](handle, 0, events, _MOST, ctypes.byref(count))
    return status, [_event_of(events[i]) for i in range(count.value)]


def event_fd(handle: int) -> tuple[int, int]:
    fd = ctypes.c_int(-1)
    status: int = _f["event_fd"](handle, ctypes.byref(fd))
    return status, fd.value


def close(handle: int, timeout_ms: int) -> int:
    status: int = _f["close"](handle, timeout_ms)
    return status


def _event_of(event: _EventStruct) -> _Event:
    status, data = event.status, None
    try:
        data = _data_of(event)
    except MemoryError:  # fails this event alone: others came with it
        status = _NO_MEMORY
    finally:
        _f["free"](event.data)  # null where columns were made of it
    return event.token, event.kind, status, data


def _data_of(event: _EventStruct) -> str | Columns | None:
    if not event.data:
        return None
    # JSON of operations is an object; columns are none.
    if event.kind == _RESULT and event.status == _OK and ctypes.string_at(event.data, 1) != b"{":
        columns = _Columns()
        status = _f["columns"](ctypes.byref(event), columns.schema, columns.array)
        if status == _OK:
            return columns, ctypes.addressof(columns.array), ctypes.addressof(columns.schema)
        if status != _INVALID:
            raise MemoryError
    return ctypes.string_at(event.data, event.size).decode("utf-8", "replace")


class _Columns:
    """Arrow's structs, which are released in the end if nobody has moved them."""

    def __init__(self) -> None:
        self.schema = ctypes.create_string_buffer(_SCHEMA_BYTES)
        self.array = ctypes.create_string_buffer(_ARRAY_BYTES)

    def __del__(self) -> None:
        for struct, at in ((self.schema, _SCHEMA_RELEASE), (self.array, _ARRAY_RELEASE)):
            release = ctypes.c_void_p.from_buffer(struct, at).value
            if release:
                ctypes.CFUNCTYPE(None, ctypes.c_void_p)(release)(ctypes.addressof(struct))
