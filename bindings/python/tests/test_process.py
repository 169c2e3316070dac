"""How the package behaves in a process: imports, signals, forks."""

from __future__ import annotations

import multiprocessing
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import reliquary
from conftest import PIPE, Program

IMPORT = """
import json, os, sys
before = set(sys.modules)
import reliquary
print(json.dumps({
    "loaded": sorted(m for m in set(sys.modules) - before if not m.startswith("reliquary")),
    "ours": sorted(m for m in sys.modules if m.startswith("reliquary")),
    "threads": len(os.listdir("/proc/self/task")),
    "library": "libreliquary" in open("/proc/self/maps").read(),
}))
"""


def test_importing_does_nothing(program: Program) -> None:
    found = program(IMPORT)
    assert found["threads"] == 1 and not found["library"]
    assert found["ours"] == ["reliquary", "reliquary._version"]
    assert found["loaded"] in ([], ["__future__"])


FIRST = """
import sys
before = set(sys.modules)
import reliquary
api = reliquary.Api({"base_url": "http://127.0.0.1:9"}, api_key="k" * 40)
try:
    api.artifact("a/b/c/d:e")
except ValueError:
    pass
draft = reliquary.Artifact("c", type="model")
draft.add_reference("s3://bucket/c", name="c")
api = reliquary.Api(dir=sys.argv[1])
api.log_artifact(draft, project="local/p")
for version in api.artifacts("model", "local/p/c"):
    assert version.collection.name == "c"
    assert list(version.manifest.entries) == ["c"]
loaded = {m for m in set(sys.modules) - before if not m.startswith("reliquary")}
import json
print(json.dumps(sorted(loaded)))
"""


def test_calls_load_little(program: Program, tmp_path: Path) -> None:
    """json, re, enum, ctypes and their like would take longer than all else."""
    found = program(FIRST, tmp_path / "registry")
    streams = {"_socket", "_struct", "select", "struct"} if PIPE else set()
    assert set(found) <= {"__future__", "_json", "itertools"} | streams


@pytest.fixture
def silent_server() -> Iterator[tuple[str, list[float]]]:
    """A server that takes requests and never answers. It notes when they were given up."""
    listener = socket.create_server(("127.0.0.1", 0))
    given_up: list[float] = []

    def hold(connection: socket.socket) -> None:
        with connection:
            while connection.recv(1 << 16):
                pass
        given_up.append(time.time())

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=hold, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", given_up
    listener.close()


INTERRUPT = """
import json, os, signal, sys, threading, time
import reliquary

api = reliquary.Api({"base_url": sys.argv[1], "entity": "e", "project": "p"}, api_key="k" * 40)
draft = reliquary.Artifact("c", type="model")
draft.add_reference("s3://bucket/c", name="c")
calls = {
    "artifact": lambda: api.artifact("e/p/c:v0"),
    "index": lambda: api.artifacts("model", "e/p/c")[0],
    "walk": lambda: list(api.artifact_types("e/p")),
    "len": lambda: len(api.artifacts("model", "e/p/c")),
    "load": lambda: api.artifact_collection("model", "e/p/c"),
    "log": lambda: api.log_artifact(draft),
    "operation": lambda: api.operations.get_lineage(artifact="e/p/c:v0"),
}
sent = [0.0]
def interrupt():
    time.sleep(0.23)  # in the middle of a wait
    sent[0] = time.perf_counter()
    os.kill(os.getpid(), signal.SIGINT)
took = {}
for name, call in calls.items():
    threading.Thread(target=interrupt).start()
    try:
        call()
    except KeyboardInterrupt:
        took[name] = 1000 * (time.perf_counter() - sent[0])

class Alarm(Exception): pass
def ring(*_): raise Alarm
signal.signal(signal.SIGALRM, ring)
signal.setitimer(signal.ITIMER_REAL, 0.23)
began = time.perf_counter()
try:
    api.artifact("e/p/c:v0")
except Alarm:
    took["alarm"] = 1000 * (time.perf_counter() - began - 0.23)
ended = time.time()
time.sleep(0.2)
print(json.dumps({"took": took, "ended": ended}))
"""


def test_interrupting_any_call(program: Program, silent_server: tuple[str, list[float]]) -> None:
    url, given_up = silent_server
    found = program(INTERRUPT, url)
    took = found["took"]
    print({name: round(ms, 1) for name, ms in took.items()}, "ms from the signal to the exception")
    assert set(took) == {"artifact", "index", "walk", "len", "load", "log", "operation", "alarm"}
    assert max(took.values()) < 250
    # The server was told of each: it did not have to wait for the process to end.
    assert len([at for at in given_up if at <= found["ended"] + 0.15]) >= len(took)


DOWNLOAD = """
import json, os, signal, sys, time
import reliquary

api = reliquary.Api(dir=sys.argv[1])
draft = reliquary.Artifact("big", type="dataset")
with draft.new_file("zeros.bin", "xb") as file:
    for n in range(256):
        file.write(bytes([n]) * (1 << 20))
api.log_artifact(draft, project="local/vision", progress=False)
sent = [0.0]
def tell(progress):
    if progress["phase"] == "download" and not sent[0]:
        sent[0] = time.perf_counter()
        os.kill(os.getpid(), signal.SIGINT)
try:
    draft.download("out", skip_cache=True, progress=tell)
    took = None
except KeyboardInterrupt:
    took = 1000 * (time.perf_counter() - sent[0])
whole = os.path.exists("out/zeros.bin")
draft.download("out", skip_cache=True, progress=False)
draft.verify("out")
print(json.dumps({"took": took, "whole": whole}))
"""


def test_interrupting_a_download(program: Program, tmp_path: Path) -> None:
    found = program(DOWNLOAD, tmp_path / "registry")
    print(found["took"], "ms")
    assert found["took"] is not None and found["took"] < 250
    assert not found["whole"], "a file is there only when it is whole"


BUSY_FORKS = """
import json, os, sys, threading, time
from reliquary import errors
from reliquary._session import Session

NOWHERE = {"base_url": "http://127.0.0.1:9", "api_key": "k" * 40}
session = Session(NOWHERE)
stop = False
def work():
    while not stop:
        session.call("fault_sleep", {"ms": 1})
        session.call("fault_echo", {"a": list(range(100))})
for _ in range(4):
    threading.Thread(target=work, daemon=True).start()

took, busy, wrong = [], [], []
for child in range(int(sys.argv[1])):
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        began, own = time.perf_counter(), time.process_time()
        try:
            session.call("fault_echo", {})
            said = "answered"
        except errors.ForkedError as e:
            cpu, ms = 1000 * (time.process_time() - own), 1000 * (time.perf_counter() - began)
            said = f"{ms:.4f} {cpu:.4f}" if "spawn" in str(e) else str(e)
        try:
            own = Session(NOWHERE)
            # Only a process of its own can be had.
            if "RELIQUARY_PIPE" not in os.environ or own.call("fault_echo", {"a": 1}) != {"a": 1}:
                said = "opened"
        except errors.ForkedError:
            if "RELIQUARY_PIPE" in os.environ:
                said = "not opened"
        session.close()
        os.write(write, said.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        said = answer.read()
    os.waitpid(pid, 0)
    try:
        ms, cpu = map(float, said.split())
        took.append(ms)
        busy.append(cpu)
    except ValueError:
        wrong.append(said)
stop = True
took.sort(), busy.sort()
print(json.dumps({
    "children": len(took), "wrong": wrong, "median": took[len(took) // 2], "most": took[-1],
    "median_cpu": busy[len(busy) // 2], "most_cpu": busy[-1],
}))
"""


def test_children_of_a_busy_parent(program: Program, faults: dict[str, str]) -> None:
    found = program(BUSY_FORKS, 200, **faults)
    print(found)
    assert found["children"] == 200 and not found["wrong"]
    # On a busy machine they wait for a core as well.
    assert found["median_cpu"] < 1, "half of the children were told late"


def use(folder: str) -> str:
    try:
        with reliquary.Api(dir=folder) as api:
            return str(api.default_entity)
    except reliquary.errors.ForkedError:
        return "forked"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(method: str, tmp_path: Path) -> None:
    assert use(str(tmp_path / "registry")) == "local"
    with multiprocessing.get_context(method).Pool(2) as pool:
        answers = pool.map_async(use, [str(tmp_path / "registry")] * 4).get(60)
    forked = method == "fork" and not PIPE  # a child has a process of its own
    assert answers == ["forked" if forked else "local"] * 4


FORK_FIRST = """
import json, multiprocessing, sys
import reliquary

def use(folder):
    with reliquary.Api(dir=folder) as api:
        return api.default_entity

if __name__ == "__main__":
    reliquary.Api(dir=sys.argv[1] + "-other") if len(sys.argv) > 2 else None
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(json.dumps(pool.map(use, [sys.argv[1]] * 2)))
"""


def test_using_it_after_a_fork_alone(program: Program, tmp_path: Path) -> None:
    assert program(FORK_FIRST, tmp_path / "registry") == ["local", "local"]


WITHOUT_NATIVE = """
import asyncio, gc, json, logging, os, sys
sys.modules["reliquary._native"] = None  # as where it cannot be loaded
import reliquary
from reliquary import _library, errors
found = [_library.native.__name__]
logging.getLogger("reliquary").setLevel(1)
told = logging.Handler()
told.emit = lambda record: found.append("logged") if "logged" not in found else None
logging.getLogger("reliquary").addHandler(told)
api = reliquary.Api(dir=sys.argv[1], log="debug")
draft = reliquary.Artifact("c", type="model")
with draft.new_file("a.txt") as file:
    file.write("a")
phases = set()
api.log_artifact(draft, project="local/p", progress=lambda p: phases.add(p["phase"]))
found.append(sorted(phases))
versions = api.artifacts("model", "local/p/c")
found.append(versions.table().column("version").to_pylist())
try:
    api.artifact("local/p/c:v9")
except errors.NotFoundError as e:
    found.append(e.code)
async def main():
    async with reliquary.AsyncApi(dir=sys.argv[1]) as a:
        found.append([v.version async for v in a.artifacts("model", "local/p/c")])
        found.append((await a.artifacts("model", "local/p/c").table()).num_rows)
asyncio.run(main())
unused = api._session.submit("artifacts_page", {
    "entity": "local", "project": "p", "collection": "c", "type": "model", "first": 10,
}, columns=True).data()
found.append(len(unused))
del unused
gc.collect()
read, write = os.pipe()
if os.fork() == 0:
    try:
        api.viewer
    except errors.ForkedError:
        os.write(write, b"forked")
    os._exit(0)
found.append(os.read(read, 9).decode())
print(json.dumps(found))
"""


def test_pythons_that_cannot_load_native(program: Program, tmp_path: Path) -> None:
    assert program(WITHOUT_NATIVE, tmp_path / "registry", RELIQUARY_PIPE="") == [
        "reliquary._foreign", "logged", ["hash", "upload"], ["v0"], "NOT_FOUND", ["v0"], 1, 3,
        "forked",
    ]  # fmt: skip


THREADS = """
import json, sys, threading
import reliquary
api = reliquary.Api(dir=sys.argv[1])
answers = []
def ask():
    for _ in range(20):
        answers.append(api.artifact_exists("local/p/c:v0"))
threads = [threading.Thread(target=ask) for _ in range(16)]
[t.start() for t in threads]
[t.join() for t in threads]
print(json.dumps(len(answers)))
"""


def test_threads_share_an_api(program: Program, tmp_path: Path) -> None:
    assert program(THREADS, tmp_path / "registry") == 320


def test_a_missing_library_says_so(program: Program, tmp_path: Path) -> None:
    text = """
import json, reliquary
try:
    reliquary.Api()
except reliquary.Error as e:
    print(json.dumps([type(e).__name__, isinstance(e, ImportError), str(e)]))
"""
    for wrong in (tmp_path / "nothing.so", Path(sys.executable)):
        named = {"RELIQUARY_PIPE" if PIPE else "RELIQUARY_LIBRARY": str(wrong)}
        name, is_import_error, said = program(text, **named)
        assert name == "LibraryNotFoundError" and is_import_error and "install" in said


def test_environment_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables that are set when the library has been loaded count too."""
    with reliquary.Api(dir=tmp_path / "one"):
        pass
    monkeypatch.setenv("RELIQUARY_DIR", str(tmp_path / "two"))
    with reliquary.Api() as api:
        place = api.place
        assert place["dir"] == str(tmp_path / "two") and "RELIQUARY_DIR" in place["why"]
