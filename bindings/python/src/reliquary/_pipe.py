"""What _native does, by a process that the calls are sent to: where the library cannot be loaded.

That is on musl. The process is reliquary-pipe, which has the same sessions in it as
the library has, one for each process; Go package capi/pipe describes the frames.

No thread reads what arrives: one of those who wait does, for all, and an event
loop does when it is told that something is there. Nothing here blocks but wait.

A signal handler may raise an exception when any call has returned. What must not be
lost (how much was sent, what was received, that a lock was taken) is therefore kept
by the step that gets it: list.extend(map(f, ...)) calls f and keeps what it returns,
with no Python in between. And nothing that Python may run at any time (a __del__ of
what the garbage collector found) waits for a lock that its own thread can have.
"""

from __future__ import annotations

import itertools
import os
import select
import struct
from _socket import MSG_NOSIGNAL, SHUT_RDWR, SHUT_WR, socketpair
from _thread import allocate_lock, get_ident

from . import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ._native import Event

_OK, _PENDING, _NOT_FOUND, _INTERNAL, _CLOSED, _FORKED, _TOO_LARGE = 0, 1, 2, 11, 12, 13, 14
_HELD = 1

_VERSION = 1
_OPENED, _RESULT, _PROGRESS = 0, 1, 2
_OPEN, _SUBMIT, _CANCEL = 16, 17, 18

# size of the payload, kind, word, token
_HEADER = struct.Struct("<IHHQ")

# Smaller than what the C library takes from the system each time that it is freed.
_CHUNK = 96 << 10
_MOST_CHUNK = 1 << 20

# The first bytes of columns; JSON never begins so.
COLUMNS = b"RLIQCOL1"

_SIGINT = 2

_path = ""
_connections: dict[int, _Connection] = {}
_handles = itertools.count(1)
_inherited = 0  # handles up to this are of the process that forked this one
_leaving: dict[int, None] = {}  # processes that end without being waited for
_watching_forks = False


def load(path: str) -> None:
    """Takes the process's program from there. OSError says why it cannot be."""
    global _path, _watching_forks
    if not os.access(path, os.X_OK):
        raise PermissionError(f"{path} may not be executed")
    _path = path
    if not _watching_forks:
        _watching_forks = True
        os.register_at_fork(after_in_child=_in_child)


def abi_version() -> int:
    return 1  # a process of another version says so when it is started


_TOLD = {
    _NOT_FOUND: ("NOT_FOUND", "no call has that token, or its result was taken", ""),
    _CLOSED: ("CLOSED", "the session is closed", "open another session"),
    _TOO_LARGE: (
        "TOO_LARGE",
        "the name of an operation, or its input, is too large",
        "pass a file's path in place of its content",
    ),
}
_ENDED = (
    "INTERNAL",
    "the process that does the work has ended",
    "open another session; its output for errors may tell why it ended",
)


def status_error(status: int) -> str:
    from ._json import encode

    code, message, next = _TOLD.get(status, _ENDED)
    return encode({"code": code, "operation": "", "message": message, "next": next})


def open(config: str) -> tuple[int, int, str | None]:
    """Starts a process for a session. Gives the status, the handle and the answer."""
    _reap()
    connection = _Connection(_path)
    handle = next(_handles)
    _connections[handle] = connection
    try:
        opened = connection.open(config.encode())
    except BaseException:
        close(handle, 0)
        raise
    if opened is None:
        close(handle, 1000)
        raise errors.LibraryNotFoundError(
            f"the program {_path} does not answer as one of Reliquary",
            next="reinstall the package, or name a program of the same release in RELIQUARY_PIPE",
        )
    status, told = opened
    if status != _OK:
        close(handle, 1000)
    return status, handle, told


def submit(handle: int, token: int, flags: int, name: str, input: str) -> int:
    connection = _find(handle)
    if isinstance(connection, int):
        return connection
    return connection.submit(token, flags, name.encode(), input.encode())


def cancel(handle: int, token: int) -> int:
    connection = _find(handle)
    if isinstance(connection, int):
        return connection
    return connection.cancel(token)


def wait(handle: int, token: int, timeout_ms: int) -> tuple[int, Event | None]:
    """Gives an event where the status is OK. It may come back early, with PENDING."""
    connection = _find(handle)
    if isinstance(connection, int):
        return connection, None
    return connection.wait(token, timeout_ms)


def take(handle: int) -> tuple[int, list[Event]]:
    """Gives what has arrived for no waiter, without waiting."""
    connection = _find(handle)
    if isinstance(connection, int):
        return connection, []
    return connection.take()


def event_fd(handle: int) -> tuple[int, int]:
    connection = _find(handle)
    if isinstance(connection, int):
        return connection, -1
    return _OK, connection.event_fd()


def close(handle: int, timeout_ms: int) -> int:
    connection = _find(handle)
    if isinstance(connection, int):
        return connection
    _connections.pop(handle, None)
    _reap()
    return connection.close(timeout_ms)


def _find(handle: int) -> _Connection | int:
    """The connection of a handle, or why there is none."""
    connection = _connections.get(handle)
    if connection is None:
        return _FORKED if 0 < handle <= _inherited else _CLOSED
    if connection.owner != os.getpid():  # forked by something that does not tell Python
        return _FORKED
    return connection


def _in_child() -> None:
    """Leaves the processes to who started them: with no end of its stream here, one
    ends with its own program, and nothing can be sent to it in that program's name."""
    global _inherited
    _inherited = next(_handles)
    for connection in list(_connections.values()):
        connection.leave()
    _connections.clear()
    _leaving.clear()


def _reap() -> None:
    """Lets the system forget processes that have ended since."""
    for pid in list(_leaving):
        if _ended(pid):
            _leaving.pop(pid, None)


def _ended(pid: int, options: int = os.WNOHANG) -> bool:
    try:
        return os.waitpid(pid, options)[0] == pid
    except ChildProcessError:  # the program takes care of all its children
        return True


class _Waiter:
    """A call that somebody waits for, or will."""

    __slots__ = ("bell", "progress", "result")

    def __init__(self) -> None:
        self.bell: _thread_lock | None = None  # while somebody else reads
        self.progress: Event | None = None
        self.result: Event | None = None

    def next(self) -> Event | None:
        event = self.progress
        if event is not None:
            self.progress = None
            return event
        return self.result

    def ring(self) -> None:
        if self.bell is not None:
            try:
                self.bell.release()
            except RuntimeError:
                return  # it has been rung


if TYPE_CHECKING:
    from _thread import LockType as _thread_lock


class _Turn:
    """A lock that nobody waits for. It is never lost, whatever interrupts who has it."""

    def __init__(self) -> None:
        self._lock = allocate_lock()
        # For each thread nothing, or [True] while it has the lock, [True, None] after that.
        self._held: dict[int, list[object]] = {}

    def taken(self) -> bool:
        return self._lock.locked()

    def take(self, work: Callable[..., None], *arguments: int) -> bool | None:
        """Does the work, unless another thread has its turn, or (None) this one has."""
        held = self._held.setdefault(get_ident(), [])
        kept = held == [True]
        if kept and self._is_running():
            return None
        try:
            if not kept:  # else Python, before 3.11, interrupted us when we gave it back
                held.clear()
                held.extend(map(self._lock.acquire, (False,)))
            if held != [True]:
                return False
            work(*arguments)
        finally:
            if held == [True]:
                held.extend(map(self._lock.__exit__, (None,), (None,), (None,)))
        return True

    def _is_running(self) -> bool:
        """Whether take is called from within itself."""
        import sys

        frame = sys._getframe(2)
        while frame is not None:
            if frame.f_code is _Turn.take.__code__ and frame.f_locals.get("self") is self:
                return True
            frame = frame.f_back  # type: ignore[assignment]
        return False


class _Connection:
    """A process, and the stream that leads to it."""

    def __init__(self, path: str) -> None:
        self.owner = os.getpid()
        ours, theirs = socketpair()
        try:
            fd = theirs.fileno()
            self._pid = os.posix_spawn(
                path,
                [path, "pipe"],
                os.environ,
                file_actions=[(os.POSIX_SPAWN_DUP2, fd, 0), (os.POSIX_SPAWN_DUP2, fd, 1)],
                # Ctrl-C is for the program, from the first moment on.
                setsigmask=[_SIGINT],
            )
        except OSError as cause:
            ours.close()
            raise errors.LibraryNotFoundError(
                f"the program {path} cannot be started: {cause}",
                next="install a wheel of reliquary for this system",
            ) from cause
        finally:
            theirs.close()
        ours.setblocking(False)
        self._socket = ours
        self._fd = ours.fileno()
        self._recv, self._send = ours.recv, ours.send
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)
        self._polls_out = False
        self._epoll: select.epoll | None = None
        self._epolls_out = False

        # Why nothing more will come, once that is so.
        self._status = _OK

        # Frames that were not sent whole, each with the sizes of what was sent of it.
        # Whoever has _writing sends what others add.
        self._outbox: list[tuple[memoryview, list[int]]] = []
        self._full = False
        self._writing = _Turn()

        # What arrived of frames that were not handed out, and how much of it there has to
        # be for one. Whoever has _leading receives, for all.
        self._input: tuple[list[bytes], int] = ([], _HEADER.size)
        self._leading = _Turn()

        self._waiters: dict[int, _Waiter] = {}
        self._blocked: dict[int, _Waiter] = {}  # those who wait for whoever leads
        self._events: list[Event] = []
        self._queues = False  # whether somebody takes results that nobody waits for

    def open(self, config: bytes) -> tuple[int, str] | None:
        """Opens the session: gives the answer, None where there is none that makes sense."""
        waiter = self._waiters[0] = _Waiter()
        self._put(_OPEN, _VERSION, 0, config)
        while waiter.result is None:
            if self._status != _OK:
                return None
            self.wait(0, 100)
        del self._waiters[0]
        _token, kind, status, told = waiter.result
        return (status, str(told)) if kind == _OPENED else None

    def submit(self, token: int, flags: int, name: bytes, input: bytes) -> int:
        if self._status != _OK:
            return self._status
        if len(name) >= 1 << 16 or len(input) >= 1 << 31:
            return _TOO_LARGE
        if flags & _HELD:
            self._waiters[token] = _Waiter()
        else:
            self._queues = True
        self._put(_SUBMIT, flags & ~_HELD, token, len(name).to_bytes(2, "little") + name + input)
        return _OK

    def cancel(self, token: int) -> int:
        if self._status != _OK:
            return self._status
        if token not in self._waiters and not self._queues:
            return _NOT_FOUND
        self._put(_CANCEL, 0, token, b"")
        return _OK

    def wait(self, token: int, timeout_ms: int) -> tuple[int, Event | None]:
        waiter = self._waiters.get(token)
        if waiter is None:
            return self._status or _NOT_FOUND, None
        event = waiter.next()
        if event is None and self._status == _OK:
            turn = self._leading.take(self._pump, timeout_ms)
            if turn is None:
                # The garbage collector runs in the midst of reading. Nobody will ask again.
                self._waiters.pop(token, None)
                return _NOT_FOUND, None
            if turn:
                self._call_next()
            else:
                self._wait_for_leader(token, waiter, timeout_ms)
            event = waiter.next()
        if event is None:
            return self._status or _PENDING, None
        if event is waiter.result and token:
            self._waiters.pop(token, None)
        return _OK, event

    def _wait_for_leader(self, token: int, waiter: _Waiter, timeout_ms: int) -> None:
        bell = waiter.bell = allocate_lock()
        bell.acquire()
        try:
            self._blocked[token] = waiter
            # What came before there was a bell has not rung it.
            if waiter.result is None and waiter.progress is None and self._leading.taken():
                bell.acquire(True, timeout_ms / 1000 if timeout_ms >= 0 else -1)
        finally:
            self._blocked.pop(token, None)
            waiter.bell = None

    def _call_next(self) -> None:
        """Has one of those who are blocked read from now on."""
        for waiter in list(self._blocked.values()):
            if waiter.result is None:
                waiter.ring()
                return

    def take(self) -> tuple[int, list[Event]]:
        self._flush()
        if self._leading.take(self._receive):
            self._call_next()
        self._watch()
        count = len(self._events)
        events = self._events[:count]
        del self._events[:count]
        return (self._status if not events else _OK), events

    def event_fd(self) -> int:
        """Readable while something has arrived, or can be sent that waits for that."""
        if self._epoll is None:
            epoll = select.epoll()
            epoll.register(self._fd, select.EPOLLIN)
            self._epoll = epoll
            self._watch()
        return self._epoll.fileno()

    def _watch(self) -> None:
        epoll, out = self._epoll, bool(self._outbox)
        if epoll is not None and out != self._epolls_out:
            epoll.modify(self._fd, select.EPOLLIN | (select.EPOLLOUT if out else 0))
            self._epolls_out = out

    def _put(self, kind: int, word: int, token: int, payload: bytes) -> None:
        """Sends a frame, or as much of it as there is room for."""
        frame = _HEADER.pack(len(payload), kind, word, token) + payload
        self._outbox.append((memoryview(frame), []))
        self._flush()
        self._watch()

    def _flush(self) -> None:
        # Who adds something while another sends leaves it to that one, who looks again.
        while self._outbox and self._writing.take(self._send_all):
            if self._full:
                return  # _pump and the event loop watch for room

    def _send_all(self) -> None:
        """Sends what there is room for."""
        outbox, self._full = self._outbox, False
        try:
            while outbox:
                frame, sent = outbox[0]
                rest = frame[sum(sent) :]
                if rest:
                    sent.extend(map(self._send, (rest,), (MSG_NOSIGNAL,)))
                else:
                    del outbox[0]
        except BlockingIOError:
            self._full = True
        except OSError:
            # The process has ended, which is told by what can be received.
            outbox.clear()

    def _pump(self, timeout_ms: int) -> None:
        """Waits until something can be received or sent, and does it."""
        out = bool(self._outbox)
        if out != self._polls_out:
            self._poll.modify(self._fd, select.POLLIN | (select.POLLOUT if out else 0))
            self._polls_out = out
        if self._poll.poll(timeout_ms):
            self._flush()
            self._receive()

    def _receive(self) -> None:
        """Receives a part of what has arrived, and hands out what is whole."""
        if self._status != _OK:
            return
        chunks, need = self._input
        have = sum(map(len, chunks))
        if have < need:  # else somebody was interrupted in handing out
            try:
                chunks.extend(map(self._recv, (min(max(_CHUNK, need - have), _MOST_CHUNK),)))
            except BlockingIOError:
                return
            except OSError:
                chunks.append(b"")
            if not chunks[-1]:
                self._end(_INTERNAL)
                return
            have += len(chunks[-1])
            if have < need:
                return
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        at, need = 0, _HEADER.size
        while have - at >= need:
            size, kind, word, token = _HEADER.unpack_from(data, at)
            need = _HEADER.size + size
            if have - at < need:
                break
            self._hand_out(kind, word, token, data[at + _HEADER.size : at + need])
            at, need = at + need, _HEADER.size
        # In one step, the last: who is interrupted before it hands out again what was.
        self._input = ([data[at:]] if at < have else [], need)

    def _hand_out(self, kind: int, word: int, token: int, payload: bytes) -> None:
        data = payload if payload[:8] == COLUMNS else payload.decode("utf-8", "replace")
        event = (token, kind, _INTERNAL if word else _OK, data)
        waiter = self._waiters.get(token)
        if kind == _OPENED or (kind == _RESULT and waiter is not None):
            if waiter is not None:
                waiter.result = event
                waiter.ring()
        elif kind == _PROGRESS and waiter is not None:
            waiter.progress = event
            waiter.ring()
        elif not token or self._queues:
            self._events.append(event)
        # else: the result of a call that was given up

    def _end(self, status: int) -> None:
        if self._status == _OK:
            self._status = status
        for waiter in list(self._blocked.values()):
            waiter.ring()

    def close(self, timeout_ms: int) -> int:
        self._end(_CLOSED)
        self._shut(SHUT_WR if timeout_ms else SHUT_RDWR)
        gone = False
        if timeout_ms:
            # It ends once everything has been stopped, and nobody wants what it still sends.
            gone = self._drain(timeout_ms)
        if gone:
            _ended(self._pid, 0)
        else:
            _leaving[self._pid] = None
        self._leading.take(self.leave)  # not while another thread polls it
        return _OK if gone else _PENDING

    def _shut(self, how: int) -> None:
        try:
            self._socket.shutdown(how)
        except OSError:
            return  # the process has gone before

    def _drain(self, timeout_ms: int) -> bool:
        """Receives until the stream ends, and reports whether it has."""
        from time import monotonic

        until = monotonic() + timeout_ms / 1000
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        while timeout_ms < 0 or monotonic() < until:
            poll.poll(min(100, timeout_ms) if timeout_ms > 0 else 100)
            try:
                if not self._recv(_CHUNK):
                    return True
            except BlockingIOError:
                continue
            except OSError:
                return True
        return False

    def leave(self) -> None:
        """Closes this program's end of the stream."""
        if self._epoll is not None:
            self._epoll.close()
        self._socket.close()
