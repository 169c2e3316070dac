// worker_threads: each loads the package anew, in one process.
import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";

import { Api } from "reliquary";

const dir = mkdtempSync(join(tmpdir(), "registry-"));

/** Runs a script in a worker, and gives its messages and exit code. */
function run(script, { terminateAt } = {}) {
  const worker = new Worker(
    `const { parentPort } = require("node:worker_threads");
     const { Api } = require("reliquary");
     const api = new Api({ dir: ${JSON.stringify(dir)} });
     (async () => { ${script} })().catch((error) => parentPort.postMessage(String(error)));`,
    { eval: true },
  );
  const messages = [];
  worker.on("message", (message) => {
    messages.push(message);
    if (message === terminateAt) void worker.terminate();
  });
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("exit", (code) => resolve({ code, messages }));
  });
}

test("four workers and the main thread call at once", async () => {
  const api = new Api({ dir });
  await api.destination();
  const script = `
    const calls = Array.from({ length: 500 }, (_, i) => api.call("fault_echo", { i }));
    parentPort.postMessage((await Promise.all(calls)).reduce((sum, { i }) => sum + i, 0));`;
  const own = Promise.all(Array.from({ length: 500 }, (_, i) => api.call("fault_echo", { i })));
  const workers = await Promise.all([run(script), run(script), run(script), run(script)]);
  for (const worker of workers) assert.deepEqual(worker, { code: 0, messages: [124_750] });
  assert.equal((await own).length, 500);
  await api.close();
});

test("a worker that is terminated takes its calls with it", async () => {
  const start = performance.now();
  const script = `
    for (let i = 0; i < 100; i++) api.call("fault_sleep", { ms: 60_000 });
    await api.call("fault_echo", {});
    parentPort.postMessage("ready");
    await api.call("fault_sleep", { ms: 60_000 });`;
  for (let i = 0; i < 5; i++) {
    const { code, messages } = await run(script, { terminateAt: "ready" });
    assert.deepEqual([code, messages], [1, ["ready"]]);
  }
  assert.ok(performance.now() - start < 20_000);
});

test("a worker that is terminated while results arrive", async () => {
  const script = `
    const busy = async () => { for (;;) await api.call("fault_echo", { text: "x".repeat(1000) }); };
    for (let i = 0; i < 50; i++) busy();
    await api.call("fault_sleep", { ms: 20 });
    parentPort.postMessage("ready");`;
  for (let i = 0; i < 10; i++) assert.equal((await run(script, { terminateAt: "ready" })).code, 1);
});

test("a worker that ends while it opens and closes", async () => {
  for (const script of ["api.destination(); process.exit(0);", "await api.destination(); api.close(); process.exit(0);"]) {
    for (let i = 0; i < 5; i++) assert.equal((await run(script)).code, 0);
  }
});

test("the main thread goes on", async () => {
  const api = new Api({ dir });
  assert.deepEqual(await api.call("fault_echo", { still: "here" }), { still: "here" });
  await api.close();
});

test("columns in workers", async () => {
  const api = new Api({ dir });
  for (const n of [0, 1, 2]) await api.logArtifact("local/p/c", { type: "model", contents: { n: String(n) } });
  const script = `
    const columns = await api.artifacts("model", "local/p/c").columns();
    parentPort.postMessage(columns.text("version").toArray().join());
    const { values } = columns.integers("version_index");
    parentPort.postMessage(values); // a copy of the numbers
    parentPort.postMessage("ready");`;
  const forever = `${script} globalThis.kept = columns; await api.call("fault_sleep", { ms: 60_000 });`;
  for (const { code, messages } of await Promise.all([run(script), run(script), run(forever, { terminateAt: "ready" })])) {
    assert.equal(messages[0], "v2,v1,v0");
    assert.deepEqual([...messages[1]], [2n, 1n, 0n]);
    assert.ok(code === 0 || messages.at(-1) === "ready");
  }
  assert.equal((await api.artifacts("model", "local/p/c").columns()).length, 3);
  await api.close();
});
