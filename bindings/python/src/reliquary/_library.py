"""The C library: where it is, and what its failures are in Python.

Nothing is loaded before it is needed. reliquary.h, which lies beside the
library, says what its functions do.
"""

from __future__ import annotations

import os

from . import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import _native as native

    __all__ = ["native"]
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

FILE = "libreliquary.so"

_loaded = False


def load() -> None:
    """Loads the library for the first caller.

    Two threads that are first at once both load it, and get the same.
    """
    global _loaded
    if _loaded:
        return
    path = os.environ.get("RELIQUARY_LIBRARY") or os.path.join(os.path.dirname(__file__), FILE)
    if not os.path.exists(path):
        raise errors.LibraryNotFoundError(
            f"there is no library {path}",
            next="install a wheel of reliquary for this system, or name a library that you "
            "have built in RELIQUARY_LIBRARY",
        )
    try:
        native.load(path)
    except OSError as cause:
        raise errors.LibraryNotFoundError(
            f"the library {path} cannot be loaded: {cause}",
            next="install a wheel of reliquary for this system; musl cannot load Go libraries",
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
