// Measures, and prints figures by their units. bench_test.go says what they are.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { monitorEventLoopDelay } from "node:perf_hooks";

const [what, entity] = process.argv.slice(2);
const threads = () => readdirSync("/proc/self/task").length;
const rss = () => process.memoryUsage.rss() / 1e6;
const options = { baseUrl: process.env.BASE_URL, apiKey: process.env.API_KEY };

const benchmarks = {
  async calls() {
    const own = threads();
    const { Api } = await import("reliquary");
    const addon = createRequire(import.meta.url)(`@reliquary/linux-${process.arch}-gnu`);
    const api = new Api({ dir: process.env.DIR });
    await api.destination();

    const nanoseconds = async (count, work) => {
      await work(count / 10); // compiled, and its memory had
      const start = process.hrtime.bigint();
      await work(count);
      return Number(process.hrtime.bigint() - start) / count;
    };
    const atOnce = (operation, input) => async (count) => {
      let left = count;
      const one = async () => {
        while (left-- > 0) await api.call(operation, input);
      };
      await Promise.all(Array.from({ length: 1000 }, one));
    };
    const empty = await nanoseconds(1_000_000, (n) => {
      for (let i = 0; i < n; i++) addon.abiVersion();
    });
    const alone = await nanoseconds(5_000, async (n) => {
      for (let i = 0; i < n; i++) await api.call("fault_echo", {});
    });
    const together = await nanoseconds(100_000, atOnce("fault_echo", {}));

    const delay = monitorEventLoopDelay({ resolution: 1 });
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, threads())), 20);
    await atOnce("fault_sleep", { ms: 10 })(5_000);
    delay.enable();
    const start = performance.now();
    await atOnce("fault_sleep", { ms: 10 })(50_000);
    const seconds = (performance.now() - start) / 1000;
    delay.disable();
    clearInterval(watch);

    const stops = [];
    for (let i = 0; i < 200; i++) {
      const controller = new AbortController();
      const call = api.call("fault_sleep", { ms: 60_000 }, { signal: controller.signal }).catch(() => performance.now());
      await new Promise(setImmediate);
      const from = performance.now();
      controller.abort();
      stops.push((await call) - from);
    }
    await api.close();
    return {
      "empty-ns": empty,
      "alone-ns": alone,
      "together-ns": together,
      "calls/s-that-wait-10ms": 50_000 / seconds,
      "late-event-loop-ms": Math.max(0, delay.mean / 1e6 - 1),
      threads: most,
      "threads-without-us": own,
      "cancel-ms": stops.sort((a, b) => a - b)[100],
    };
  },

  async "first-page"() {
    const before = rss();
    const start = performance.now();
    const { Api } = await import("reliquary");
    const api = new Api(options);
    for await (const [version] of api.artifacts("model", `${entity}/many/net`, { perPage: 50 }).pages()) {
      assert.equal(version.version, "v9999");
      break;
    }
    const ms = performance.now() - start;
    return { ms, MB: rss() - before };
  },

  objects: () => listed(async (versions) => (await versions.toArray()).length),
  columns: () => listed(async (versions) => (await versions.columns()).length),
};

async function listed(get) {
  const { Api } = await import("reliquary");
  const api = new Api(options);
  const list = () => get(api.artifacts("model", `${entity}/many/net`, { perPage: 1000 }));
  assert.equal(await list(), 10_000); // connections, statements, caches
  const start = performance.now();
  await list();
  const ms = performance.now() - start;
  await api.close();
  return { ms };
}

console.log(JSON.stringify(await benchmarks[what]()));
