"""Programs that await answers."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import PLACE, Program
from reliquary import Api, Artifact, AsyncApi, errors
from reliquary._async_session import AsyncSession
from reliquary._pages import Pages


def test_the_classes(api: Api, pets: str, tmp_path: Path) -> None:
    async def walk() -> None:
        async with AsyncApi(dir=tmp_path / "registry") as a:
            versions = a.artifacts("dataset", pets, per_page=1)
            assert [v.version async for v in versions] == ["v2", "v1", "v0"]
            assert await versions.length() == 3 and (await versions.get(-1)).version == "v0"
            assert [t.name for t in await a.artifact_types(PLACE).all()] == ["dataset"]
            kind = await a.artifact_type("dataset", PLACE)
            assert [c.name async for c in kind.collections()] == ["pets"]
            c = await kind.collection("pets")
            c.description = "all pets"
            await c.save()
            assert (await a.artifact_collection("dataset", pets)).description == "all pets"
            assert sorted(await c.aliases()) == ["latest", "stable"]

            v = await a.artifact(f"{pets}:stable", type="dataset")
            v.metadata["seen"] = True
            await v.save()
            assert (await a.artifact(f"{pets}:v1")).metadata == {"n": 1, "seen": True}
            told: list[object] = []
            root = await v.download(tmp_path / "out", progress=told.append)
            assert (Path(root) / "name.txt").read_text() == "edition 1\n" and told
            verified = await v.verify(root)
            assert verified["ok"]
            assert [f.name async for f in v.files()] == ["data/rows.csv", "name.txt"]
            assert len(await v.manifest().all()) == 2
            link = await v.link(f"{PLACE}/shelf")
            assert (await link.source_artifact()).name == "pets:v1"
            assert len(await v.linked_artifacts()) == 1
            await link.unlink()
            run = await v.logged_by()
            assert run is not None
            assert [x.name async for x in run.logged_artifacts()] == ["pets:v1"]
            await run.use_artifact(v)
            assert [r["id"] for r in await v.used_by()] == [run.id]

            draft = Artifact("pets", type="dataset")
            with draft.new_file("new.txt") as file:
                file.write("new\n")
            new = await a.log_artifact(draft, project=PLACE)
            assert new.version == "v3"
            await new.delete(delete_aliases=True)
            assert not await a.artifact_exists(f"{pets}:v3")
            with pytest.raises(errors.NotFoundError):
                await a.artifact(f"{pets}:v3")
            assert (await a.operations.viewer_load())["username"] == "local"

    asyncio.run(walk())


def test_a_page_is_asked_for_while_the_one_before_is_read(
    pets: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    cursors: dict[object, int] = {None: 0}  # cursors say nothing to people
    submit, take = AsyncSession.submit, Pages._take

    def note_submit(session: Any, name: str, arguments: dict[str, Any], *more: Any) -> Any:
        seen.append(f"ask {cursors.setdefault(arguments['after'], len(cursors))}")
        return submit(session, name, arguments, *more)

    def note_take(pages: Any, page: Any) -> None:
        seen.append("take")
        take(pages, page)

    async def walk() -> None:
        async with AsyncApi(dir=tmp_path / "registry") as a:
            assert a.place
            monkeypatch.setattr(AsyncSession, "submit", note_submit)
            monkeypatch.setattr(Pages, "_take", note_take)
            assert (await a.artifacts("dataset", pets, per_page=1).get(-1)).version == "v0"
            assert seen == ["ask 0", "ask 1", "take", "ask 2", "take", "take"]

            # Whoever walks has not said so before the second item of a page.
            seen.clear()
            versions = a.artifacts("dataset", pets, per_page=2).__aiter__()
            await versions.__anext__()
            await asyncio.sleep(0.01)
            assert seen == ["ask 0", "take"]
            await versions.__anext__()
            assert seen == ["ask 0", "take", "ask 2"]
            assert (await versions.__anext__()).version == "v0"
            assert seen[3:] == ["take"]

            # Whoever stops waiting leaves nothing behind.
            wait = asyncio.ensure_future(a.artifacts("dataset", pets, per_page=1).get(-1))
            await asyncio.sleep(0)
            wait.cancel()
            with pytest.raises(asyncio.CancelledError):
                await wait
            while a._session._waiting:
                await asyncio.sleep(0.001)

    asyncio.run(walk())


def test_a_list_is_walked_by_several_at_once(pets: str, tmp_path: Path) -> None:
    async def walk() -> None:
        async with AsyncApi(dir=tmp_path / "registry") as a:
            names = ["v2", "v1", "v0"]
            # Somebody goes on in the list while the next page is asked for already.
            versions = a.artifacts("dataset", pets, per_page=1)
            seen: list[str] = []
            async for v in versions:
                if not seen:
                    assert (await versions.get(1)).version == "v1"
                seen.append(v.version)
            assert seen == names
            versions = a.artifacts("dataset", pets, per_page=2)
            walking = versions.__aiter__()
            assert [(await walking.__anext__()).version for _ in range(2)] == names[:2]
            assert (await versions.get(2)).version == "v0"
            assert [v.version async for v in walking] == names[2:]
            assert [v.version for v in versions.objects] == names

            versions = a.artifacts("dataset", pets, per_page=1)
            each = await asyncio.gather(*(versions.all() for _ in range(3)))
            assert [v.version for v in versions.objects] == names
            assert [[v.version for v in some] for some in each] == [names] * 3
            assert not a._session._waiting

    asyncio.run(walk())


def test_many_at_once(tmp_path: Path) -> None:
    async def ask() -> None:
        async with AsyncApi(dir=tmp_path / "registry") as a:
            answers = await asyncio.gather(*(a.artifact_exists("local/p/c:v0") for _ in range(300)))
            assert answers == [False] * 300

    asyncio.run(ask())


FLIGHT = """
import asyncio, json, os, statistics, sys, time
from reliquary._async_session import AsyncSession

async def main():
    session = AsyncSession({"base_url": "http://127.0.0.1:9", "api_key": "k" * 40})
    async def once():
        began = time.perf_counter()
        await asyncio.gather(*(session.submit("fault_sleep", {"ms": 10}) for _ in range(1000)))
        return time.perf_counter() - began
    await once()
    lags = []
    async def watch():
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            lags.append(1000 * (time.perf_counter() - began - 0.001))
    watching = asyncio.create_task(watch())
    took = [await once() for _ in range(int(sys.argv[1]))]
    watching.cancel()
    cancels = []
    for _ in range(100):
        task = asyncio.create_task(session.call("fault_sleep", {"ms": 60000}))
        await asyncio.sleep(0.001)
        began = time.perf_counter()
        task.cancel()
        while session._waiting:
            await asyncio.sleep(0)
        cancels.append(1000 * (time.perf_counter() - began))
        assert task.cancelled()
    threads = len(os.listdir("/proc/self/task"))
    session.close()
    took.sort(); lags.sort(); cancels.sort()
    print(json.dumps({
        "calls_per_second": round(1000 / statistics.median(took)),
        "median_ms": round(1000 * statistics.median(took), 1),
        "best_ms": round(1000 * took[0], 1), "threads": threads,
        "lag_ms": [round(statistics.median(lags), 2), round(lags[len(lags) * 99 // 100], 2)],
        "cancel_ms": [round(statistics.median(cancels), 3), round(cancels[-2], 3)],
    }))
asyncio.run(main())
"""


def test_a_thousand_in_flight(program: Program, faults: dict[str, str]) -> None:
    """How fast that is, bench measures; here it is what it takes."""
    found = program(FLIGHT, 20, **faults)
    print(found)
    assert found["threads"] <= 10
    assert found["median_ms"] < 1000, "they wait one after the other"
    assert found["cancel_ms"][0] < 50


FAILING = """
import asyncio, json, logging
from reliquary._async_session import AsyncSession

class Broken(logging.Filter):
    def filter(self, record):
        raise KeyError("log")

async def main():
    logging.getLogger("reliquary").setLevel(1)
    logging.getLogger("reliquary").addFilter(Broken())
    config = {"base_url": "http://127.0.0.1:9", "api_key": "k" * 40, "log": "debug"}
    session = AsyncSession(config)
    told = []
    handler = lambda loop, context: told.append(repr(context["exception"]))
    asyncio.get_running_loop().set_exception_handler(handler)
    def show(progress):
        raise KeyError("progress")
    calls = []
    for _ in range(50):
        calls.append(session.submit("fault_progress", {"count": 3}, show))
        calls.append(session.submit("fault_log", {"count": 1}))
        calls.append(session.submit("fault_echo", {}))
    done = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 60)
    failed = [repr(answer) for answer in done if isinstance(answer, Exception)]
    print(json.dumps([len(done), len(failed), sorted(set(failed)), sorted(set(told))]))
    session.close()
asyncio.run(main())
"""


def test_what_fails_while_it_is_told_fails_alone(program: Program, faults: dict[str, str]) -> None:
    found = program(FAILING, **faults)
    assert found == [150, 50, ["KeyError('progress')"], ["KeyError('log')"]]


def test_cancelling_stops_the_call() -> None:
    async def main() -> None:
        gone = asyncio.Event()

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await reader.read(1 << 16):
                pass
            gone.set()
            writer.close()

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        a = AsyncApi({"base_url": f"http://127.0.0.1:{port}"}, api_key="k" * 40)
        began = time.perf_counter()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(a.artifact("e/p/c:v0"), 0.2)
        assert time.perf_counter() - began < 5
        await asyncio.wait_for(gone.wait(), 10)
        waiting = asyncio.ensure_future(a.artifact("e/p/c:v0"))
        await asyncio.sleep(0.05)
        a.close()
        with pytest.raises(errors.CanceledError):
            await waiting
        with pytest.raises(errors.ClosedError):
            await a.viewer()
        server.close()

    asyncio.run(main())


def test_one_loop_after_the_other(tmp_path: Path) -> None:
    a = AsyncApi(dir=tmp_path / "registry")
    for _ in range(2):
        assert asyncio.run(a.artifact_exists("local/p/c:v0")) is False
    a.close()


def test_leaving_a_list_early(api: Api, pets: str, tmp_path: Path) -> None:
    async def main() -> list[str]:
        async with AsyncApi(dir=tmp_path / "registry") as a:
            seen = []
            async for v in a.artifacts("dataset", pets, per_page=2):
                seen.append(v.version)
                if len(seen) == 2:
                    break
            return seen

    assert asyncio.run(main()) == ["v2", "v1"]
