"""What can go wrong, by what to do about it.

Every failure is an Error. Each kind is also the built-in exception that Python
programs expect in its place: what is not there is a LookupError, what makes no
sense a ValueError, what may not be done a PermissionError.
"""

from __future__ import annotations


class Error(Exception):
    """Says what was asked, what went wrong, and what to do next.

    Attributes:
        code: What to act on: "NOT_FOUND", "DENIED", ...
        operation: The name of the operation that failed, or "".
        message: What was asked and what went wrong.
        argument: The argument that is wrong, where one is: "name", "tags[2]".
        candidates: What the argument could have been meant to be.
        next: What to do about it, or "".
        retryable: Whether the same call can work later.
        retry_after_seconds: How long the server asked to wait, 0 if it did not say.
    """

    code = "INTERNAL"

    def __init__(
        self,
        message: str,
        *,
        operation: str = "",
        argument: str = "",
        candidates: tuple[str, ...] = (),
        next: str = "",
        retryable: bool = False,
        retry_after_seconds: int = 0,
    ) -> None:
        super().__init__(f"{message}; {next}" if next else message)
        self.message = message
        self.operation = operation
        self.argument = argument
        self.candidates = candidates
        self.next = next
        self.retryable = retryable
        self.retry_after_seconds = retry_after_seconds

    def __str__(self) -> str:
        return str(self.args[0])


class NotFoundError(Error, LookupError, ValueError):
    """It is not there, or this key may not see that it is.

    It is a ValueError too, which is what the wandb package raises.
    """

    code = "NOT_FOUND"


class UnauthenticatedError(Error, PermissionError):
    """There is no API key, or one that the server does not know."""

    code = "UNAUTHENTICATED"


class DeniedError(Error, PermissionError):
    """The key is good and may not do this."""

    code = "DENIED"


class ConflictError(Error, ValueError):
    """The present state forbids it, as when a name is taken."""

    code = "CONFLICT"


class InvalidError(Error, ValueError):
    """What was asked makes no sense and never will."""

    code = "INVALID"


class UnavailableError(Error, TimeoutError, ConnectionError):
    """The server cannot be reached, is too slow, too busy or broken."""

    code = "UNAVAILABLE"


class CorruptError(Error, ValueError):
    """Something arrived or was found that cannot be understood or trusted."""

    code = "CORRUPT"


class CanceledError(Error):
    """The call was canceled, or its session closed, before it was done."""

    code = "CANCELED"


class UnsupportedError(Error, NotImplementedError):
    """This server, system or version cannot do it."""

    code = "UNSUPPORTED"


class InternalError(Error, RuntimeError):
    """A mistake in the library stopped the call. Other calls go on."""

    code = "INTERNAL"


class ClosedError(Error, ValueError):
    """The Api was closed."""

    code = "CLOSED"


class ForkedError(Error, RuntimeError):
    """The process is a fork of one that had used Reliquary before."""

    code = "FORKED"


class TooLargeError(Error, ValueError):
    """More bytes in one call than the limits allow."""

    code = "TOO_LARGE"


class BusyError(Error, RuntimeError):
    """More calls at once than the limits allow."""

    code = "BUSY"


class NoMemoryError(Error, MemoryError):
    """There is no memory for the answer."""

    code = "NO_MEMORY"


class LibraryNotFoundError(Error, ImportError):
    """The C library is not there, or cannot be loaded on this system."""

    code = "UNSUPPORTED"


_BY_CODE: dict[str, type[Error]] = {
    kind.code: kind
    for kind in (
        NotFoundError,
        UnauthenticatedError,
        DeniedError,
        ConflictError,
        InvalidError,
        UnavailableError,
        CorruptError,
        CanceledError,
        UnsupportedError,
        InternalError,
        ClosedError,
        ForkedError,
        TooLargeError,
        BusyError,
        NoMemoryError,
    )
}


def from_failure(failure: dict[str, object]) -> Error:
    """Makes the exception that the JSON of a failure tells of."""
    kind = _BY_CODE.get(str(failure.get("code", "")), Error)
    candidates = failure.get("candidates") or ()
    after = failure.get("retry_after_seconds") or 0
    return kind(
        str(failure.get("message", "")),
        operation=str(failure.get("operation", "")),
        argument=str(failure.get("argument", "")),
        candidates=tuple(map(str, candidates)) if isinstance(candidates, list) else (),
        next=str(failure.get("next", "")),
        retryable=bool(failure.get("retryable", False)),
        retry_after_seconds=after if isinstance(after, int) else 0,
    )
