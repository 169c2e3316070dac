"""A session on the library, for programs that wait for answers."""

from __future__ import annotations

import ctypes
import itertools
import json

from . import _library, errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Progress = Callable[[dict[str, Any]], None]

# How long a call is waited for before Python looks for signals: Ctrl-C takes
# effect after at most that long.
_LOOK_EVERY_MS = 100

# How long a call that was given up has to come to its end.
_GIVE_UP_AFTER = 20  # times _LOOK_EVERY_MS


_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def encode(arguments: dict[str, object]) -> bytes:
    """JSON as the library reads it. NaN and infinity are none."""
    try:
        return _encode(arguments).encode()
    except (TypeError, ValueError) as cause:
        raise errors.InvalidError(f"the arguments cannot be written as JSON: {cause}") from cause


class Session:
    """One place that operations are called on. Any number of threads may use it.

    There are no locks in here: a thread that holds one while another forks would
    leave it locked in the child for ever.
    """

    def __init__(self, config: dict[str, object]) -> None:
        self._handle = 0
        self._library = _library.library()
        text = encode(config)
        handle, answer, size = ctypes.c_uint64(), ctypes.c_void_p(), ctypes.c_size_t()
        status = self._library.open(
            text, len(text), ctypes.byref(handle), ctypes.byref(answer), ctypes.byref(size)
        )
        told = None
        if answer.value:
            told = ctypes.string_at(answer.value, size.value)
            self._library.free(answer)
        if status != _library.OK:
            raise self._library.failure(status, told)
        self._handle = handle.value
        self.place: dict[str, Any] = json.loads((told or b"{}").decode())
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
        operation, text = name.encode(), encode(arguments)
        pending = Pending(self._library, self._handle, token, progress)
        try:
            status = self._library.submit(
                self._handle, token, flags, operation, len(operation), text, len(text)
            )
        except BaseException:  # of a signal handler: it may have been submitted
            pending.cancel()
            raise
        if status != _library.OK:
            pending.done = True
            raise self._library.failure(status)
        return pending

    def _pass_logs(self) -> None:
        """Hands log lines to Python's logging."""
        events = (_library.Event * 64)()
        count = ctypes.c_size_t()
        while True:
            status = self._library.take(self._handle, 0, events, 64, ctypes.byref(count))
            if status != _library.OK:
                return
            for event in events[: count.value]:
                if event.kind == _library.EVENT_LOG and event.data:
                    pass_log(ctypes.string_at(event.data, event.size))
            self._library.free_events(events, count)
            if count.value < 64:
                return

    @property
    def handle(self) -> int:
        """The library's number of the session."""
        return self._handle

    def close(self, timeout_ms: int = 2000) -> None:
        """Ends the session: calls under way fail with CanceledError."""
        handle, self._handle = self._handle, 0
        if handle:
            self._library.close(handle, timeout_ms)

    def __del__(self) -> None:
        if getattr(self, "_handle", 0):
            self.close(0)


class Pending:
    """A call under way. If nobody asks for its result any more it is canceled."""

    __slots__ = ("_handle", "_library", "_progress", "_token", "done")

    def __init__(
        self, library: _library.Library, handle: int, token: int, progress: Progress | None
    ) -> None:
        self._library = library
        self._handle = handle
        self._token = token
        self._progress = progress
        self.done = False

    def result(self) -> Any:
        """Waits for the answer."""
        event = self._wait()
        try:
            told = ctypes.string_at(event.data, event.size)
        finally:
            self._library.free(event.data)
        if event.status != _library.OK:
            raise self._library.failure(event.status, told)
        return json.loads(told.decode())

    def columns(self, take_over: Callable[[_library.Library, _library.Event], Any]) -> Any:
        """Waits for an answer that is columns, and has it taken over."""
        event = self._wait()
        try:
            if event.status != _library.OK:
                told = ctypes.string_at(event.data, event.size)
                raise self._library.failure(event.status, told)
            return take_over(self._library, event)
        finally:
            self._library.free(event.data)  # null once it was taken over

    def _wait(self) -> _library.Event:
        """Waits for the result, whose data is the caller's then."""
        event = _library.Event()
        at = ctypes.byref(event)
        try:
            while True:
                status = self._library.wait(self._handle, self._token, _LOOK_EVERY_MS, at)
                if status == _library.PENDING:
                    continue
                if status != _library.OK:
                    self.done = True
                    raise self._library.failure(status)
                if event.kind == _library.EVENT_RESULT:
                    self.done = True
                    return event
                told = ctypes.string_at(event.data, event.size)
                self._library.free(event.data)
                if event.kind == _library.EVENT_PROGRESS and self._progress:
                    self._progress(json.loads(told.decode()))
        except BaseException:
            self.cancel()
            raise

    def cancel(self) -> None:
        """Stops the call, and forgets it once it has stopped."""
        if self.done:
            return
        self.done = True
        if self._library.cancel(self._handle, self._token) != _library.OK:
            return
        event = _library.Event()
        for _ in range(_GIVE_UP_AFTER):
            status = self._library.wait(
                self._handle, self._token, _LOOK_EVERY_MS, ctypes.byref(event)
            )
            if status == _library.PENDING:
                continue
            if status != _library.OK:
                return
            self._library.free(event.data)
            if event.kind == _library.EVENT_RESULT:
                return

    def __del__(self) -> None:
        if not self.done:
            self.cancel()


_LEVELS = {"DEBUG": 10, "INFO": 20, "WARN": 30, "ERROR": 40}


def pass_log(line: bytes) -> None:
    """Hands one log line of the library to Python's logging, as "reliquary"."""
    import logging

    fields = json.loads(line)
    level = _LEVELS.get(str(fields.pop("level", "")), 20)
    message = fields.pop("msg", "")
    fields.pop("time", None)
    rest = " ".join(f"{key}={value}" for key, value in fields.items())
    logging.getLogger("reliquary").log(level, "%s", f"{message} {rest}".rstrip())
