"""What a call costs: prints figures by their units.

Needs a library with operations that do nothing, in RELIQUARY_LIBRARY.
"""

import asyncio
import json
import os
import statistics
import time

from reliquary import _library
from reliquary._async_session import AsyncSession
from reliquary._session import Session

NOWHERE: dict[str, object] = {"base_url": "http://127.0.0.1:9", "api_key": "k" * 40}
figures: dict[str, float] = {}


def each(count: int, rounds: int = 7) -> "list[range]":
    return [range(count)] * rounds


def per_call(took: "list[float]", count: int) -> float:
    return statistics.median(took) / count


# An empty function of C by the same mechanism.
_library.load()
empty = _library.native.abi_version
took = []
for calls in each(100_000):
    began = time.perf_counter()
    for _ in calls:
        empty()
    took.append(time.perf_counter() - began)
figures["ns-an-empty-function"] = per_call(took, 100_000) * 1e9

session = Session(NOWHERE)
took = []
for calls in each(5_000):
    began = time.perf_counter()
    for _ in calls:
        session.call("fault_echo", {})
    took.append(time.perf_counter() - began)
figures["us-a-call"] = per_call(took, 5_000) * 1e6


async def many() -> None:
    a = AsyncSession(NOWHERE)

    async def together(operation: str, arguments: "dict[str, object]") -> float:
        began = time.perf_counter()
        await asyncio.gather(*(a.submit(operation, arguments) for _ in range(1000)))
        return time.perf_counter() - began

    await together("fault_sleep", {"ms": 10})
    took = [await together("fault_echo", {}) for _ in range(20)]
    figures["us-a-call-of-1000"] = per_call(took, 1000) * 1e6

    lags: list[float] = []

    async def watch() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            lags.append(time.perf_counter() - began - 0.001)

    watching = asyncio.create_task(watch())
    busy, own = time.process_time(), time.thread_time()
    took = [await together("fault_sleep", {"ms": 10}) for _ in range(50)]
    figures["us-of-CPU-a-waiting-call"] = (time.process_time() - busy) / 50_000 * 1e6
    figures["us-of-CPU-of-Python-a-waiting-call"] = (time.thread_time() - own) / 50_000 * 1e6
    watching.cancel()
    figures["calls/s-that-wait-10ms"] = 1000 / statistics.median(took)
    figures["lag-ms"] = statistics.median(lags) * 1000
    figures["lag-ms-of-99%"] = sorted(lags)[len(lags) * 99 // 100] * 1000
    figures["threads"] = len(os.listdir("/proc/self/task"))

    cancels: list[float] = []
    for _ in range(200):
        task = asyncio.create_task(a.call("fault_sleep", {"ms": 60_000}))
        await asyncio.sleep(0.001)
        began = time.perf_counter()
        task.cancel()
        while a._waiting:
            await asyncio.sleep(0)
        cancels.append(time.perf_counter() - began)
    figures["cancel-ms"] = statistics.median(cancels) * 1000
    a.close()


asyncio.run(many())
print(json.dumps(figures))
