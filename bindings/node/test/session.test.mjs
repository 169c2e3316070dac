// Calls: what becomes of results, failures, progress and log lines, and what
// stops them. The library has operations here that are slow or go wrong.
import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { Api, ReliquaryError } from "reliquary";

const dir = mkdtempSync(join(tmpdir(), "registry-"));
/** @type {Api} */
let api;
before(() => (api = new Api({ dir })));
after(() => api.close());

const sleep = (ms, options) => api.call("fault_sleep", { ms }, options);

test("it says where it leads", async () => {
  const destination = await api.destination();
  assert.equal(destination.dir, dir);
  assert.equal(destination.why, "set by dir");
});

test("text arrives as it was sent", async () => {
  const input = { text: "é\u0000😀\u2028\\\"", long: "ab😀".repeat(50_000), lone: "\ud800" };
  const { text, long, lone } = await api.call("fault_echo", input);
  assert.equal(text, input.text);
  assert.equal(long, input.long);
  assert.equal(lone, "\ud800");
  // Every length around that of the buffer that short inputs are read into.
  for (let length = 4070; length < 4110; length++) {
    const word = "x".repeat(length - 12) + "😀";
    assert.deepEqual(await api.call("fault_echo", { word }), { word });
  }
});

test("failures are told as they are in every language", async () => {
  await assert.rejects(api.call("artifact_load", { artifact: "local/nowhere/nothing:v0" }), (error) => {
    assert.ok(error instanceof ReliquaryError && error instanceof Error);
    assert.equal(error.name, "ReliquaryError");
    assert.equal(error.code, "NOT_FOUND");
    assert.equal(error.operation, "artifact_load");
    assert.ok(error.next);
    assert.equal(error.retryable, false);
    return true;
  });
  await assert.rejects(api.call("artifact_lode", {}), (e) => e.code === "INVALID" && e.candidates[0] === "artifact_load");
  await assert.rejects(api.call("artifact_load", { artefact: "x" }), { code: "INVALID", argument: "artefact" });
});

test("a mistake in the library fails one call", async () => {
  const other = sleep(50);
  await assert.rejects(api.call("fault_panic", {}), { code: "INTERNAL" });
  await assert.rejects(api.call("fault_nil", {}), { code: "INTERNAL" });
  await assert.rejects(api.call("fault_goroutine", {}), { code: "INTERNAL" });
  await other;
});

test("an answer that no string can hold is a failure", async () => {
  await assert.rejects(api.call("fault_big", { bytes: 300_000_000 }), { code: "TOO_LARGE" });
});

test("an aborted call rejects with the signal's reason", async () => {
  await assert.rejects(sleep(60_000, { signal: AbortSignal.timeout(20) }), { name: "TimeoutError" });

  const controller = new AbortController();
  const call = sleep(60_000, { signal: controller.signal });
  controller.abort();
  await assert.rejects(call, (error) => error === controller.signal.reason && error.name === "AbortError" && error.code === 20);

  const own = new Error("no longer wanted");
  await assert.rejects(sleep(60_000, { signal: AbortSignal.abort(own) }), (error) => error === own);
});

test("one signal stops any number of calls", async () => {
  const warnings = [];
  const warn = (warning) => warnings.push(warning);
  process.on("warning", warn);
  const controller = new AbortController();
  const calls = Array.from({ length: 500 }, () => sleep(60_000, { signal: controller.signal }));
  const settled = Promise.allSettled(calls);
  for (let i = 0; i < 100; i++) await sleep(0, { signal: controller.signal });
  controller.abort();
  for (const { status, reason } of await settled) assert.deepEqual([status, reason.name], ["rejected", "AbortError"]);
  await new Promise(setImmediate);
  process.off("warning", warn);
  assert.deepEqual(warnings, []);
});

test("a call that is aborted when it is done is done", async () => {
  const controller = new AbortController();
  const output = await sleep(0, { signal: controller.signal });
  controller.abort();
  assert.deepEqual(output, {});
});

test("cancelling reaches the core soon", async (t) => {
  const times = [];
  for (let i = 0; i < 50; i++) {
    const controller = new AbortController();
    const call = sleep(60_000, { signal: controller.signal });
    const start = performance.now();
    controller.abort();
    await assert.rejects(call, { name: "AbortError" });
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  t.diagnostic(`from abort to the rejected promise: median ${times[25].toFixed(2)} ms, most ${times[49].toFixed(2)} ms`);
  assert.ok(times[25] < 50);
});

test("a call that does not heed it keeps its promise until it is done", async () => {
  const controller = new AbortController();
  const call = api.call("fault_stubborn", { ms: 100 }, { signal: controller.signal });
  setTimeout(() => controller.abort(), 20);
  assert.deepEqual(await call, {}); // it was done, and says so
});

test("progress is told, the newest last", async () => {
  const seen = [];
  await api.call("fault_progress", { count: 20, ms: 2 }, { onProgress: (p) => seen.push(p.done) });
  assert.ok(seen.length > 1);
  assert.deepEqual(seen, seen.toSorted((a, b) => a - b));
  assert.equal(seen.at(-1), 20);
});

test("a failure in onProgress fails the call", async () => {
  const own = new Error("the terminal is gone");
  const onProgress = () => {
    throw own;
  };
  await assert.rejects(api.call("fault_progress", { count: 1000, ms: 2 }, { onProgress }), (error) => error === own);
});

test("log lines are told where they are wanted", async () => {
  const lines = [];
  const logged = new Api({ dir, onLog: (line) => lines.push(line) });
  await logged.call("fault_log", { count: 3 });
  await logged[Symbol.asyncDispose](); // as `await using` does
  assert.deepEqual(
    lines.filter((l) => l.msg === "a line that was asked for").map((l) => [l.level, l.line]),
    [["INFO", 0], ["INFO", 1], ["INFO", 2]],
  );
});

test("more calls than the library takes wait their turn", async () => {
  const count = 20_000;
  const controller = new AbortController();
  const calls = Array.from({ length: count }, () => sleep(1));
  const late = sleep(1, { signal: controller.signal }); // it has not been submitted yet
  controller.abort();
  await assert.rejects(late, { name: "AbortError" });
  assert.equal((await Promise.all(calls)).length, count);
});

test("closing cancels what is pending, and refuses what comes then", async () => {
  const closed = new Api({ dir });
  await closed.destination();
  const pending = closed.call("fault_sleep", { ms: 60_000 });
  const told = assert.rejects(pending, { code: "CANCELED", operation: "fault_sleep" });
  const start = performance.now();
  await Promise.all([closed.close(), closed.close()]);
  assert.ok(performance.now() - start < 5_000);
  await told;
  await assert.rejects(closed.call("fault_echo", {}), { code: "CLOSED" });
  await assert.rejects(closed.destination(), { code: "CLOSED" });
  await new Api({ dir }).close(); // never opened
});

test("a place that cannot be opened is told by every call, and tried again", async () => {
  const wrong = new Api({ dir: "/dev/null/registry" });
  await assert.rejects(wrong.destination(), ReliquaryError);
  await assert.rejects(wrong.viewer(), ReliquaryError);
  await wrong.close();
});

test("what cannot be written as JSON is told", async () => {
  await assert.rejects(api.call("fault_echo", { n: 1n }), TypeError);
});

test("a server that does not answer has as long as it is given", async () => {
  const { createServer } = await import("node:net");
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  await new Promise((resolve) => silent.once("listening", resolve));
  const baseUrl = `http://127.0.0.1:${silent.address().port}`;
  const waiting = new Api({ baseUrl, apiKey: "x".repeat(40), timeoutSeconds: 1 });
  const start = performance.now();
  await assert.rejects(waiting.viewer({ signal: AbortSignal.timeout(60_000) }), { code: "UNAVAILABLE", retryable: true });
  assert.ok(performance.now() - start < 50_000);
  await waiting.close();
  silent.close();
});
