"""The C library: where it is, and its functions as ctypes calls them.

Nothing is loaded before it is needed. reliquary.h, which lies beside the
library, says what the functions do.
"""

from __future__ import annotations

import ctypes
import os

from . import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ABI_VERSION = 1

OK = 0
PENDING = 1
INVALID = 6
CLOSED = 12
FORKED = 13

EVENT_RESULT = 1
EVENT_PROGRESS = 2
EVENT_LOG = 3

HELD = 1
PROGRESS = 2
COLUMNS = 4

FILE = "libreliquary.so"


class Event(ctypes.Structure):
    """reliquary_event."""

    _fields_ = (
        ("token", ctypes.c_uint64),
        ("kind", ctypes.c_int32),
        ("status", ctypes.c_int32),
        ("data", ctypes.c_void_p),
        ("size", ctypes.c_size_t),
    )


class Library:
    """The functions of a loaded library."""

    def __init__(self, path: str) -> None:
        # CDLL lets other threads run while a function does.
        loaded = ctypes.CDLL(path)
        handle, text, size = ctypes.c_uint64, ctypes.c_char_p, ctypes.c_size_t
        pointer, status = ctypes.c_void_p, ctypes.c_int32

        def function(name: str, result: Any, *arguments: Any) -> Any:
            f = loaded[name]
            f.restype, f.argtypes = result, arguments
            return f

        version = function("reliquary_abi_version", ctypes.c_uint32)()
        if version < ABI_VERSION:
            raise errors.LibraryNotFoundError(
                f"the library {path} has version {version} of its interface, "
                f"and this package needs {ABI_VERSION}",
                next="reinstall the package",
            )
        self.open = function("reliquary_open", status, text, size, pointer, pointer, pointer)
        self.submit = function(
            "reliquary_submit",
            status,
            handle,
            ctypes.c_uint64,
            ctypes.c_uint32,
            text,
            size,
            text,
            size,
        )
        self.cancel = function("reliquary_cancel", status, handle, ctypes.c_uint64)
        self.wait = function(
            "reliquary_wait", status, handle, ctypes.c_uint64, ctypes.c_int64, pointer
        )
        self.take = function(
            "reliquary_take", status, handle, ctypes.c_int64, pointer, size, pointer
        )
        self.event_fd = function("reliquary_event_fd", status, handle, pointer)
        self.free = function("reliquary_free", None, pointer)
        self.free_events = function("reliquary_free_events", None, pointer, size)
        self.columns = function("reliquary_columns", status, pointer, pointer, pointer)
        self.close = function("reliquary_close", status, handle, ctypes.c_int64)
        self.status_error = function("reliquary_status_error", ctypes.c_char_p, ctypes.c_int32)

    def failure(self, status: int, told: bytes | None = None) -> errors.Error:
        """The exception for a status, from what the library told if it did."""
        if status == FORKED:
            return errors.ForkedError(
                "this process was forked from one that had used Reliquary, "
                "which does not survive that",
                next='start processes with multiprocessing.get_context("spawn") or "forkserver", '
                "or use Reliquary only after the fork",
            )
        import json

        if not told:
            told = self.status_error(status) or b"{}"
        return errors.from_failure(json.loads(told))


_loaded: Library | None = None


def library() -> Library:
    """The library, which the first caller loads.

    Two threads that are first at once both load it, and get the same.
    """
    global _loaded
    if _loaded is None:
        path = os.environ.get("RELIQUARY_LIBRARY") or os.path.join(os.path.dirname(__file__), FILE)
        if not os.path.exists(path):
            raise errors.LibraryNotFoundError(
                f"there is no library {path}",
                next="install a wheel of reliquary for this system, or name a library that you "
                "have built in RELIQUARY_LIBRARY",
            )
        try:
            _loaded = Library(path)
        except OSError as cause:
            raise errors.LibraryNotFoundError(
                f"the library {path} cannot be loaded: {cause}",
                next="install a wheel of reliquary for this system; musl cannot load Go libraries",
            ) from cause
    return _loaded
