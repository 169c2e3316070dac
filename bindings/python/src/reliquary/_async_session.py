"""A session on the library, for programs that await answers.

Nothing waits in a thread: the library queues what has ended, the event loop
watches a file descriptor that is readable while the queue is not empty, and one
wake brings a batch.
"""

from __future__ import annotations

import asyncio
import itertools

from . import _library, errors
from ._json import decode, encode
from ._library import native
from ._session import Session, pass_log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ._progress import Report


class _Answer(asyncio.Future["Any"]):
    """What a call will answer. Cancelling it, or who awaits it, cancels the call."""

    __slots__ = ("columns", "progress", "session", "token")

    session: AsyncSession
    token: int
    progress: Report | None
    columns: Callable[[Any], Any] | None

    def cancel(self, msg: Any = None) -> bool:
        canceled = super().cancel(msg)
        if canceled:
            self.session.stop(self.token)
        return canceled


class AsyncSession:
    """One place that operations are called on. It belongs to one event loop at a time."""

    def __init__(self, config: dict[str, object]) -> None:
        self._session = Session(config)
        self._tokens = itertools.count(1)
        self._waiting: dict[int, _Answer] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._fd = -1

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
        columns: Callable[[Any], Any] | None = None,
    ) -> asyncio.Future[Any]:
        """Begins to call an operation. Cancelling the future cancels the call.

        With columns the answer is columns, and what that makes of them.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._bind(loop)
        token = next(self._tokens)
        flags = (_library.PROGRESS if progress else 0) | (_library.COLUMNS if columns else 0)
        status = native.submit(self._session.handle, token, flags, name, encode(arguments))
        if status != _library.OK:
            raise _library.failure(status)
        answer = self._waiting[token] = _Answer(loop=loop)
        answer.session, answer.token = self, token
        answer.progress, answer.columns = progress, columns
        return answer

    def stop(self, token: int) -> None:
        """Cancels a call. Its result still comes, and is dropped."""
        if token in self._waiting:
            native.cancel(self._session.handle, token)

    def _bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Has the running event loop watch the queue."""
        if self._loop is not None and not self._loop.is_closed() and self._waiting:
            raise RuntimeError("this AsyncApi is in use in another event loop: make one for each")
        self._unbind()
        status, fd = native.event_fd(self._session.handle)
        if status != _library.OK:
            raise _library.failure(status)
        loop.add_reader(fd, self._take)
        self._loop, self._fd = loop, fd

    def _unbind(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._fd)
        self._loop = None
        self._waiting.clear()

    def _take(self) -> None:
        """Hands results to those who wait for them. The event loop calls it."""
        status, events = native.take(self._session.handle)
        if status != _library.OK:  # forked, or closed meanwhile
            self._fail(_library.failure(status))
            return
        waiting = self._waiting
        for token, kind, status, data in events:
            try:
                if kind != _library.EVENT_RESULT:
                    self._tell(token, kind, data)
                    continue
                answer = waiting.pop(token, None)
                if answer is None or answer.done():
                    continue
                if status != _library.OK:
                    answer.set_exception(_library.failure(status, data))
                    continue
                try:
                    result = answer.columns(data) if answer.columns else decode(data)
                except Exception as e:
                    answer.set_exception(e)
                else:
                    answer.set_result(result)
            except Exception as e:  # of a logging handler; what follows has waiters
                self._report(e)

    def _tell(self, token: int, kind: int, data: Any) -> None:
        """Hands progress and log lines to those who want them."""
        if kind == _library.EVENT_LOG and data:
            pass_log(data)
        if kind != _library.EVENT_PROGRESS:
            return
        answer = self._waiting.get(token)
        if answer is None or answer.progress is None or answer.done() or not data:
            return
        try:
            answer.progress(decode(data))
        except Exception as by:
            # Whoever shows progress and fails wants the call to fail.
            answer.set_exception(by)
            self.stop(token)

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
