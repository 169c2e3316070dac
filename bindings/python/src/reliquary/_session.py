"""A session on the library, for programs that wait for answers."""

from __future__ import annotations

import itertools

from . import _library
from ._json import decode, encode
from ._library import native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ._native import Event

    Progress = Callable[[dict[str, Any]], None]

# How long a call is waited for before Python looks for signals: Ctrl-C takes
# effect after at most that long.
_LOOK_EVERY_MS = 100

# How long a call that was given up has to come to its end.
_GIVE_UP_AFTER = 20  # times _LOOK_EVERY_MS


class Session:
    """One place that operations are called on. Any number of threads may use it.

    There are no locks in here: a thread that holds one while another forks would
    leave it locked in the child for ever.
    """

    def __init__(self, config: dict[str, object]) -> None:
        self.handle = 0  # the library's number of the session
        _library.load()
        status, handle, told = native.open(encode(config))
        if status != _library.OK:
            raise _library.failure(status, told)
        self.handle = handle
        self.place: dict[str, Any] = decode(told or "{}")
        self._tokens = itertools.count(1)
        self._logs = bool(config.get("log"))

    def call(
        self, name: str, arguments: dict[str, object], progress: Progress | None = None
    ) -> Any:
        """Calls an operation and returns its answer.

        Signal handlers run meanwhile; an exception of one, such as
        KeyboardInterrupt, cancels the call.
        """
        pending = self.submit(name, arguments, progress)
        try:
            return pending.result()
        finally:
            if self._logs:
                self._pass_logs()

    def submit(
        self,
        name: str,
        arguments: dict[str, object],
        progress: Progress | None = None,
        columns: bool = False,
    ) -> Pending:
        """Begins to call an operation, and returns at once."""
        token = next(self._tokens)
        flags = _library.HELD
        if progress:
            flags |= _library.PROGRESS
        if columns:
            flags |= _library.COLUMNS
        text = encode(arguments)
        pending = Pending(self.handle, token, progress)
        try:
            status = native.submit(self.handle, token, flags, name, text)
        except BaseException:  # of a signal handler: it may have been submitted
            pending.cancel()
            raise
        if status != _library.OK:
            pending.done = True
            raise _library.failure(status)
        return pending

    def _pass_logs(self) -> None:
        """Hands log lines to Python's logging."""
        while True:
            status, events = native.take(self.handle)
            if status != _library.OK:
                return
            for _token, kind, _status, data in events:
                if kind == _library.EVENT_LOG and data:
                    pass_log(data)
            if not events:
                return

    def close(self, timeout_ms: int = 2000) -> None:
        """Ends the session: calls under way fail with CanceledError."""
        handle, self.handle = self.handle, 0
        if handle:
            native.close(handle, timeout_ms)

    def __del__(self) -> None:
        if getattr(self, "handle", 0):
            self.close(0)


class Pending:
    """A call under way. If nobody asks for its result any more it is canceled."""

    __slots__ = ("_handle", "_progress", "_token", "done")

    def __init__(self, handle: int, token: int, progress: Progress | None) -> None:
        self._handle = handle
        self._token = token
        self._progress = progress
        self.done = False

    def result(self, progress: Progress | None = None) -> Any:
        """Waits for the answer. What the call tells meanwhile may go elsewhere by now."""
        if progress is not None:
            self._progress = progress
        return decode(self.data())

    def data(self) -> Any:
        """Waits for the answer as the library gives it: text or columns."""
        _token, _kind, status, data = self._wait()
        if status != _library.OK:
            raise _library.failure(status, data)
        return data

    def _wait(self) -> Event:
        """Waits for the result."""
        try:
            while True:
                status, event = native.wait(self._handle, self._token, _LOOK_EVERY_MS)
                if status == _library.PENDING:
                    continue
                if event is None:
                    self.done = True
                    raise _library.failure(status)
                if event[1] == _library.EVENT_RESULT:
                    self.done = True
                    return event
                if event[1] == _library.EVENT_PROGRESS and self._progress and event[3]:
                    self._progress(decode(event[3]))
        except BaseException:
            self.cancel()
            raise

    def cancel(self) -> None:
        """Stops the call, and forgets it once it has stopped."""
        if self.done:
            return
        self.done = True
        if native.cancel(self._handle, self._token) != _library.OK:
            return
        for _ in range(_GIVE_UP_AFTER):
            status, event = native.wait(self._handle, self._token, _LOOK_EVERY_MS)
            if status == _library.PENDING:
                continue
            if event is None or event[1] == _library.EVENT_RESULT:
                return

    def __del__(self) -> None:
        if not getattr(self, "done", True):
            self.cancel()


_LEVELS = {"DEBUG": 10, "INFO": 20, "WARN": 30, "ERROR": 40}


def pass_log(line: str) -> None:
    """Hands one log line of the library to Python's logging, as "reliquary"."""
    import logging

    fields = decode(line)
    level = _LEVELS.get(str(fields.pop("level", "")), 20)
    message = fields.pop("msg", "")
    fields.pop("time", None)
    rest = " ".join(f"{key}={value}" for key, value in fields.items())
    logging.getLogger("reliquary").log(level, "%s", f"{message} {rest}".rstrip())
