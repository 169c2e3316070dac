"""A session on the library, for programs that await answers.

Nothing waits in a thread: the library queues what has ended, the event loop
watches a file descriptor that is readable while the queue is not empty, and one
wake brings a batch.
"""

from __future__ import annotations

import asyncio
import ctypes
import itertools
import json

from . import _library, errors
from ._session import Session, encode, pass_log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ._progress import Report

    TakeOver = Callable[[_library.Library, _library.Event], Any]

# How many results one wake brings at most: the event loop has other things to do.
_BATCH = 256


class _Answer(asyncio.Future["Any"]):
    """What a call will answer. Cancelling it, or who awaits it, cancels the call."""

    session: AsyncSession
    token: int
    progress: Report | None
    take_over: TakeOver | None

    def cancel(self, msg: Any = None) -> bool:
        canceled = super().cancel(msg)
        if canceled:
            self.session.stop(self.token)
        return canceled


class AsyncSession:
    """One place that operations are called on. It belongs to one event loop at a time."""

    def __init__(self, config: dict[str, object]) -> None:
        self._session = Session(config)
        self._library = _library.library()
        self._tokens = itertools.count(1)
        self._waiting: dict[int, _Answer] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._fd = -1
        self._events = (_library.Event * _BATCH)()
        self._count = ctypes.c_size_t()

    @property
    def place(self) -> dict[str, Any]:
        """Where it leads and why."""
        return self._session.place

    async def call(
        self, name: str, arguments: dict[str, object], progress: Report | None = None
    ) -> Any:
        """Calls an operation and returns its answer. Cancelling the task cancels the call."""
        return await self.submit(name, arguments, progress)

    def submit(
        self,
        name: str,
        arguments: dict[str, object],
        progress: Report | None = None,
        take_over: TakeOver | None = None,
    ) -> asyncio.Future[Any]:
        """Begins to call an operation. Cancelling the future cancels the call.

        With take_over the answer is columns, and what that makes of them.
        """
        loop = self._bind()
        token = next(self._tokens)
        operation, text = name.encode(), encode(arguments)
        status = self._library.submit(
            self._session.handle,
            token,
            (_library.PROGRESS if progress else 0) | (_library.COLUMNS if take_over else 0),
            operation,
            len(operation),
            text,
            len(text),
        )
        if status != _library.OK:
            raise self._library.failure(status)
        answer = _Answer(loop=loop)
        answer.session, answer.token = self, token
        answer.progress, answer.take_over = progress, take_over
        self._waiting[token] = answer
        return answer

    def stop(self, token: int) -> None:
        """Cancels a call. Its result still comes, and is dropped."""
        if token in self._waiting:
            self._library.cancel(self._session.handle, token)

    def _bind(self) -> asyncio.AbstractEventLoop:
        """Has the running event loop watch the queue."""
        loop = asyncio.get_running_loop()
        if loop is self._loop:
            return loop
        if self._loop is not None and not self._loop.is_closed() and self._waiting:
            raise RuntimeError("this AsyncApi is in use in another event loop: make one for each")
        self._unbind()
        fd = ctypes.c_int(-1)
        status = self._library.event_fd(self._session.handle, ctypes.byref(fd))
        if status != _library.OK:
            raise self._library.failure(status)
        loop.add_reader(fd.value, self._take)
        self._loop, self._fd = loop, fd.value
        return loop

    def _unbind(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._fd)
        self._loop = None
        self._waiting.clear()

    def _take(self) -> None:
        """Hands results to those who wait for them. The event loop calls it."""
        events = self._events
        status = self._library.take(
            self._session.handle, 0, events, _BATCH, ctypes.byref(self._count)
        )
        if status != _library.OK:  # forked, or closed meanwhile
            self._fail(self._library.failure(status))
            return
        count = self._count.value
        try:
            for event in events[:count]:
                try:
                    self._deliver(event)
                except Exception as e:  # of a logging handler; what follows has waiters
                    self._report(e)
        finally:
            self._library.free_events(events, count)

    def _deliver(self, event: _library.Event) -> None:
        if event.kind == _library.EVENT_LOG:
            pass_log(ctypes.string_at(event.data, event.size))
            return
        if event.kind == _library.EVENT_PROGRESS:
            answer = self._waiting.get(event.token)
            if answer is not None and answer.progress is not None and not answer.done():
                told = json.loads(ctypes.string_at(event.data, event.size).decode())
                try:
                    answer.progress(told)
                except Exception as by:
                    # Whoever shows progress and fails wants the call to fail.
                    answer.set_exception(by)
                    self.stop(event.token)
            return
        if event.kind != _library.EVENT_RESULT:
            return
        answer = self._waiting.pop(event.token, None)
        if answer is None or answer.done():
            return
        if event.status == _library.OK and answer.take_over is not None:
            try:
                answer.set_result(answer.take_over(self._library, event))
            except Exception as e:
                answer.set_exception(e)
            return
        told = ctypes.string_at(event.data, event.size)
        if event.status == _library.OK:
            answer.set_result(json.loads(told.decode()))
        else:
            answer.set_exception(self._library.failure(event.status, told))

    def _report(self, error: Exception) -> None:
        if self._loop is not None:
            message = "an event of Reliquary could not be handled"
            self._loop.call_exception_handler({"message": message, "exception": error})

    def _fail(self, error: errors.Error) -> None:
        waiting = list(self._waiting.values())
        self._unbind()
        for answer in waiting:
            if not answer.done():
                answer.set_exception(error)

    def close(self) -> None:
        """Ends the session: calls under way fail with CanceledError."""
        self._fail(errors.CanceledError("the session was closed before the call was done"))
        # What still runs has been canceled, and is not waited for: nothing may
        # block the event loop.
        self._session.close(0)
