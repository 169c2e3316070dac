// Many calls. Times are told, and measured by `make bench`; what must not grow
// is held to bounds.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { test } from "node:test";

import { Api } from "reliquary";

const dir = mkdtempSync(join(tmpdir(), "registry-"));
const threads = () => readdirSync("/proc/self/task").length;
const own = threads(); // Node's
const part = Number(process.env.PART ?? 1); // of all that is done

/** Makes calls, so many at a time. */
async function calls(api, operation, input, { total, atOnce }) {
  let left = total;
  const one = async () => {
    while (left-- > 0) await api.call(operation, input);
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}

test("1,000 calls in flight that wait 10 ms each", async (t) => {
  const api = new Api({ dir });
  await api.destination();
  await calls(api, "fault_sleep", { ms: 10 }, { total: 5_000 * part, atOnce: 1_000 });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const start = performance.now();
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, threads())), 5);
  await calls(api, "fault_sleep", { ms: 10 }, { total: 30_000 * part, atOnce: 1_000 });
  clearInterval(watch);
  const seconds = (performance.now() - start) / 1000;
  delay.disable();
  t.diagnostic(
    `${Math.round((30_000 * part) / seconds)} calls/s; event loop late by ${(delay.mean / 1e6).toFixed(1)} ms in the mean, ` +
      `${(delay.percentile(99) / 1e6).toFixed(1)} ms at the 99th percentile; ${most} threads, ${own} of them Node's own`,
  );
  assert.ok(most - own <= 10, `${most} threads, ${own} of them Node's own`);
  await api.close();
});

test("100,000 calls leave nothing behind", async (t) => {
  const api = new Api({ dir });
  const some = () => calls(api, "fault_echo", { text: "x".repeat(1_000) }, { total: 25_000 * part, atOnce: 200 });
  const memory = () => {
    global.gc();
    const { rss, heapUsed, external } = process.memoryUsage();
    return { rss, heap: heapUsed + external };
  };
  // What V8 keeps for later swings by 30 MiB; one text lost per call is 100 MiB.
  // What is lost lifts the lowest point as well.
  const lowest = async () => {
    const seen = [];
    for (let i = 0; i < 4; i++) {
      await some();
      seen.push(memory());
    }
    return { rss: Math.min(...seen.map((m) => m.rss)), heap: Math.min(...seen.map((m) => m.heap)) };
  };
  const first = await lowest();
  const last = await lowest();
  const grown = { rss: (last.rss - first.rss) / 2 ** 20, heap: (last.heap - first.heap) / 2 ** 20 };
  t.diagnostic(`after ${100_000 * part} more calls: resident memory ${grown.rss.toFixed(1)} MiB more, JavaScript's heap ${grown.heap.toFixed(2)} MiB`);
  assert.ok(grown.heap < 2, `the heap has grown by ${grown.heap} MiB`);
  assert.ok(grown.rss < 48, `resident memory has grown by ${grown.rss} MiB`);
  await api.close();
});

test("sessions that were closed, and those that were forgotten, leave nothing behind", async (t) => {
  const open = async (close) => {
    const api = new Api({ baseUrl: "http://127.0.0.1:9", apiKey: "x".repeat(40) });
    await api.call("fault_echo", {});
    if (close) await api.close();
  };
  const files = () => readdirSync("/proc/self/fd").length;
  const sessions = 1_000 * part;
  for (let i = 0; i < sessions / 5; i++) await open(i % 2 === 0);
  global.gc();
  await new Promise(setImmediate);
  const first = { rss: process.memoryUsage().rss, threads: threads(), files: files() };
  for (let i = 0; i < sessions; i++) {
    await open(i % 2 === 0);
    if (i % 100 === 0) {
      global.gc();
      await new Promise(setImmediate);
    }
  }
  global.gc();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const grown = (process.memoryUsage().rss - first.rss) / 2 ** 20;
  t.diagnostic(`after ${sessions} more sessions: resident memory ${grown.toFixed(1)} MiB more, ${threads() - first.threads} threads, ${files() - first.files} files`);
  assert.ok(grown < 24);
  assert.ok(files() - first.files < 10);
  assert.ok(threads() - first.threads < 5);
});

test("the event loop is free while calls run", async () => {
  const api = new Api({ dir });
  let turns = 0;
  const turn = setInterval(() => turns++, 1);
  await api.call("fault_stubborn", { ms: 500 });
  clearInterval(turn);
  assert.ok(turns > 5, `it turned ${turns} times in half a second`);
  await api.close();
});
