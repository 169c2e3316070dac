"""Calls that go to a process, as on musl: its life, its stream, and who writes on it."""

from __future__ import annotations

from conftest import Program

BEGIN = """
import gc, json, os, random, signal, sys, threading, time
from reliquary import errors
from reliquary._session import Session

NOWHERE = {"base_url": "http://127.0.0.1:9", "api_key": "k" * 40}

def children():
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        return [int(pid) for pid in file.read().split()]

def gone(pid):
    for _ in range(2000):
        try:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().rpartition(") ")[2][0] == "Z":
                    return True
        except FileNotFoundError:
            return True
        time.sleep(0.005)
    return False
"""


def test_it_lives_as_long_as_its_session(program: Program, pipe_faults: dict[str, str]) -> None:
    text = """
session = Session(NOWHERE)
[pid] = children()
running = session.submit("fault_sleep", {"ms": 600000})
session.close()
found = [children(), gone(pid)]
try:
    running.result()
except errors.ClosedError:
    found.append("closed")
for n in range(20):  # forgotten, and not waited for: the next ones clear them away
    Session(NOWHERE)
    gc.collect()
Session(NOWHERE).close()
for n in range(1000):
    if not children():
        break
    time.sleep(0.005)
    Session(NOWHERE).close()
print(json.dumps([*found, children(), threading.active_count(), len(os.listdir("/proc/self/fd"))]))
"""
    left, ended, said, children, threads, files = program(BEGIN + text, **pipe_faults)
    assert left == [] and ended and said == "closed"
    assert children == [] and threads == 1 and files < 8


def test_ctrl_c_reaches_all_and_ends_nobody(program: Program, pipe_faults: dict[str, str]) -> None:
    """A terminal sends it to the whole group of processes."""
    text = """
os.setpgid(0, 0)
session = Session(NOWHERE)
def interrupt():
    time.sleep(0.2)
    os.killpg(0, signal.SIGINT)
    os.killpg(0, signal.SIGHUP)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
threading.Thread(target=interrupt).start()
try:
    session.call("fault_sleep", {"ms": 600000})
    said = "answered"
except KeyboardInterrupt:
    said = "interrupted"
time.sleep(0.1)
print(json.dumps([said, session.call("fault_echo", {"a": 1})]))
"""
    assert program(BEGIN + text, **pipe_faults) == ["interrupted", {"a": 1}]


def test_it_ends_with_the_program(program: Program, pipe_faults: dict[str, str]) -> None:
    """Even if that is killed, in the middle of a call, and has children that live on."""
    text = """
read, write = os.pipe()
program = os.fork()
if program == 0:
    session = Session(NOWHERE)
    session.submit("fault_sleep", {"ms": 600000})
    [pid] = children()
    heir = os.fork()
    if heir == 0:
        time.sleep(60)
        os._exit(0)
    os.write(write, json.dumps([pid, heir]).encode())
    os.kill(os.getpid(), signal.SIGKILL)
os.waitpid(program, 0)
pid, heir = json.loads(os.read(read, 100))
found = [gone(pid), os.path.exists(f"/proc/{heir}")]
os.kill(heir, signal.SIGKILL)
print(json.dumps(found))
"""
    assert program(BEGIN + text, **pipe_faults) == [True, True]


def test_it_is_killed(program: Program, pipe_faults: dict[str, str]) -> None:
    text = """
signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # what is sent then ends nobody
session = Session(NOWHERE)
[pid] = children()
waiting = [session.submit("fault_sleep", {"ms": 600000}) for _ in range(3)]
threading.Timer(0.1, os.kill, (pid, signal.SIGKILL)).start()
said = []
for ask in [*(w.result for w in waiting), *[lambda: session.call("fault_echo", {})] * 3]:
    try:
        ask()
    except errors.InternalError as e:
        said.append(str(e))
session.close()
left, again = children(), Session(NOWHERE).call("fault_echo", {})
print(json.dumps([sorted(set(said)), len(said), left, again]))
"""
    said, times, left, again = program(BEGIN + text, **pipe_faults)
    assert times == 6 and left == [] and again == {}
    assert len(said) == 1 and "has ended" in said[0] and "another" in said[0]


def test_anything_of_any_size(program: Program, pipe_faults: dict[str, str]) -> None:
    """Both ways at once, from many threads, in order for each."""
    text = """
session = Session(NOWHERE)
sizes = [0, 1, 15, 16, 65535, 65536, 98304, 1 << 20, 20_000_000]
wrong = []
def ask(seed):
    mine = random.Random(seed)
    for size in mine.sample(sizes, len(sizes)):
        sent = {"n": seed, "text": chr(97 + seed) * size}
        if session.call("fault_echo", sent) != sent:
            wrong.append([seed, size])
threads = [threading.Thread(target=ask, args=(n,)) for n in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
try:
    session.call("fault_echo", {"text": "x" * (70 << 20)})
except errors.TooLargeError:
    wrong.append("refused")
many = [session.submit("fault_echo", {"text": "y" * 100_000}) for _ in range(200)]
wrong.append(sum(len(m.result()["text"]) for m in many))
print(json.dumps(wrong))
"""
    assert program(BEGIN + text, **pipe_faults) == ["refused", 200 * 100_000]


def test_interrupting_anywhere(program: Program, pipe_faults: dict[str, str]) -> None:
    """Whatever step an exception of a signal handler comes between, what others send
    and receive stays whole, and nobody waits for ever."""
    text = """
class Alarm(Exception):
    pass

session = Session(NOWHERE)
stop, wrong, rounds = False, [], [0]
def others():
    while not stop:
        sent = {"a": "z" * random.choice([10, 1000, 300_000])}
        try:
            if session.call("fault_echo", sent) != sent:
                wrong.append("another answer")
        except BaseException as e:
            wrong.append(repr(e))
        rounds[0] += 1
threads = [threading.Thread(target=others) for _ in range(2)]
[t.start() for t in threads]

armed = False
def ring(*_):
    global armed
    if armed:
        armed = False
        raise Alarm
signal.signal(signal.SIGALRM, ring)
alarms = answers = 0
while alarms < 300:
    sent = {"n": alarms, "a": "q" * random.choice([10, 300_000])}
    try:
        armed = True
        signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, 0.004))
        got = session.call("fault_echo", sent)
        armed = False
        answers += 1
        if got != sent:
            wrong.append("the wrong answer")
    except Alarm:
        alarms += 1
signal.setitimer(signal.ITIMER_REAL, 0)
stop = True
[t.join() for t in threads]
print(json.dumps([wrong[:3], rounds[0] > 10, session.call("fault_echo", {"last": True})]))
"""
    assert program(BEGIN + text, **pipe_faults) == [[], True, {"last": True}]


def test_a_child_cannot_write_on_it(program: Program, pipe_faults: dict[str, str]) -> None:
    """Not even where Python was not told of the fork."""
    text = """
import ctypes
session = Session(NOWHERE)
pending = session.submit("fault_sleep", {"ms": 300})
read, write = os.pipe()
pid = ctypes.PyDLL(None).fork()
if pid == 0:
    for ask in (pending.result, lambda: session.call("fault_echo", {"a": "c" * 1000})):
        try:
            ask()
            os.write(write, b"answered,")
        except errors.ForkedError:
            os.write(write, b"forked,")
    pending.cancel()
    session.close()
    os._exit(0)
os.waitpid(pid, 0)
said = os.read(read, 100).decode()
print(json.dumps([said, pending.result(), session.call("fault_echo", {"a": 2})]))
"""
    assert program(BEGIN + text, **pipe_faults) == ["forked,forked,", {}, {"a": 2}]


def test_an_event_loop_is_never_blocked(program: Program, pipe_faults: dict[str, str]) -> None:
    """Though more is sent than the stream has room for."""
    text = """
import asyncio
from reliquary._async_session import AsyncSession

async def main():
    session = AsyncSession(NOWHERE)
    await session.call("fault_echo", {})
    [pid] = children()
    os.kill(pid, signal.SIGSTOP)  # so that nobody receives
    calls = [session.submit("fault_echo", {"n": n, "a": "x" * 1_000_000}) for n in range(20)]
    began = time.perf_counter()
    await asyncio.sleep(0.05)
    late = time.perf_counter() - began
    os.kill(pid, signal.SIGCONT)
    answers = [(a["n"], len(a["a"])) for a in await asyncio.gather(*calls)]
    session.close()
    return [late < 5, answers == [(n, 1_000_000) for n in range(20)]]

print(json.dumps(asyncio.run(main())))
"""
    assert program(BEGIN + text, **pipe_faults) == [True, True]
