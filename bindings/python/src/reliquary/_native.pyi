"""The functions of reliquary.h: native/native.c has them, _foreign by ctypes, and
_pipe by a process.

A status is as in reliquary.h. Text is JSON.
"""

from typing import Any

# token, kind, status, and what it holds: text, Columns (of _pipe: their bytes), or
# None where there was no memory for it.
Event = tuple[int, int, int, Any]

# Who keeps them, and the addresses of their ArrowArray and ArrowSchema, which are
# released when nobody keeps them and they were not moved.
Columns = tuple[object, int, int]

def load(path: str) -> None:
    """Loads the library, for good. OSError says why it cannot be."""

def abi_version() -> int: ...
def status_error(status: int) -> str: ...
def open(config: str) -> tuple[int, int, str | None]:
    """Gives the status, the handle and the answer."""

def submit(handle: int, token: int, flags: int, name: str, input: str) -> int: ...
def cancel(handle: int, token: int) -> int: ...
def wait(handle: int, token: int, timeout_ms: int) -> tuple[int, Event | None]:
    """Gives an event where the status is OK. Signal handlers run afterwards."""

def take(handle: int) -> tuple[int, list[Event]]:
    """Gives what is in the queue, up to 256 events, without waiting."""

def event_fd(handle: int) -> tuple[int, int]: ...
def close(handle: int, timeout_ms: int) -> int: ...
