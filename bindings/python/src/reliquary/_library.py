"""The C library: where it is, and what its failures are in Python.

Nothing is loaded before it is needed. reliquary.h, which lies beside the
library, says what its functions do. Where it cannot be loaded, which is on musl,
a wheel has the program reliquary-pipe in its place, and _pipe speaks to that.
"""

from __future__ import annotations

import os

from . import errors

FILE = "libreliquary.so"
PIPE = "reliquary-pipe"


def _beside(file: str) -> str:
    return os.path.join(os.path.dirname(__file__), file)


def _program() -> str:
    """The program to speak to in place of a library, "" for none."""
    named = os.environ.get("RELIQUARY_PIPE")
    if named or os.environ.get("RELIQUARY_LIBRARY"):
        return named or ""
    return _beside(PIPE) if os.path.exists(_beside(PIPE)) else ""


_speaks_to = _program()

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import _native as native

    __all__ = ["native"]
elif _speaks_to:
    from . import _pipe as native
else:
    try:
        from . import _native as native
    except ImportError:
        from . import _foreign as native

ABI_VERSION = 1

OK = 0
PENDING = 1
FORKED = 13

EVENT_RESULT = 1
EVENT_PROGRESS = 2
EVENT_LOG = 3

HELD = 1
PROGRESS = 2
COLUMNS = 4

_loaded = False


def load() -> None:
    """Loads the library for the first caller.

    Two threads that are first at once both load it, and get the same.
    """
    global _loaded
    if _loaded:
        return
    path = _speaks_to or os.environ.get("RELIQUARY_LIBRARY") or _beside(FILE)
    if not os.path.exists(path):
        raise errors.LibraryNotFoundError(
            f"there is no {'program' if _speaks_to else 'library'} {path}",
            next="install a wheel of reliquary for this system, or name a library that you "
            "have built in RELIQUARY_LIBRARY, or a program in RELIQUARY_PIPE",
        )
    try:
        native.load(path)
    except OSError as cause:
        raise errors.LibraryNotFoundError(
            f"{path} cannot be loaded: {cause}",
            next="install a wheel of reliquary for this system: that for musl has no library",
        ) from cause
    version = native.abi_version()
    if version < ABI_VERSION:
        raise errors.LibraryNotFoundError(
            f"the library {path} has version {version} of its interface, "
            f"and this package needs {ABI_VERSION}",
            next="reinstall the package",
        )
    _loaded = True


def failure(status: int, told: str | None = None) -> errors.Error:
    """The exception for a status, from what the library told if it did."""
    if status == FORKED:
        return errors.ForkedError(
            "this process was forked from one that had used Reliquary, which does not survive that",
            next='start processes with multiprocessing.get_context("spawn") or "forkserver", '
            "or use Reliquary only after the fork",
        )
    from ._json import decode

    return errors.from_failure(decode(told or native.status_error(status)))
