// Calls that go to a process, as on musl: its life, and its stream.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as after } from "node:timers/promises";

import { Api } from "reliquary";

const nowhere = { baseUrl: "http://127.0.0.1:9", apiKey: "x".repeat(40) };

/** The processes of a process. */
const children = (pid = process.pid) =>
  execFileSync("ps", ["-o", "pid=,comm=", "--ppid", String(pid)], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.includes("reliquary"))
    .map((line) => Number.parseInt(line, 10));

const runs = (pid) => {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
};

async function gone(pid) {
  for (let i = 0; i < 1_000 && runs(pid); i++) await after(10);
  return !runs(pid);
}

test("it lives as long as its session", async () => {
  const api = new Api(nowhere);
  await api.call("fault_echo", {});
  const [pid] = children();
  assert.ok(pid);
  const running = assert.rejects(api.call("fault_sleep", { ms: 600_000 }), { code: "CANCELED" });
  await api.close();
  await running;
  assert.ok(!runs(pid), "close waits for it");
});

test("one that was forgotten ends", async () => {
  await (async () => new Api(nowhere).call("fault_echo", {}))();
  const [pid] = children();
  for (let i = 0; i < 100 && runs(pid); i++) {
    global.gc();
    await after(20);
  }
  assert.ok(!runs(pid));
});

test("it ends when it is killed, and every call is told", async () => {
  const api = new Api(nowhere);
  await api.call("fault_echo", {});
  const [pid] = children();
  const calls = [1, 2, 3].map(() => assert.rejects(api.call("fault_sleep", { ms: 600_000 }), { code: "INTERNAL", next: /another/ }));
  process.kill(pid, "SIGKILL");
  await Promise.all(calls);
  await assert.rejects(api.call("fault_echo", {}), { code: "INTERNAL" });
  await api.close();
  const another = new Api(nowhere);
  assert.deepEqual(await another.call("fault_echo", { a: 1 }), { a: 1 });
  await another.close();
});

test("it ends with a program that is killed", async () => {
  const script = `
    const { Api } = require("reliquary");
    const api = new Api(${JSON.stringify(nowhere)});
    api.call("fault_echo", {}).then(() => { api.call("fault_sleep", { ms: 600_000 }); console.log("ready"); });`;
  const program = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(program.stdout, "data");
  const [pid] = children(program.pid);
  assert.ok(runs(pid));
  program.kill("SIGKILL");
  assert.ok(await gone(pid));
});

test("Ctrl-C in a terminal does not end it", async () => {
  const api = new Api(nowhere);
  await api.call("fault_echo", {});
  const [pid] = children();
  for (const signal of ["SIGINT", "SIGHUP"]) process.kill(pid, signal);
  assert.deepEqual(await api.call("fault_echo", { a: 2 }), { a: 2 });
  await api.close();
});

test("anything of any size, both ways at once", async () => {
  const api = new Api(nowhere);
  const sizes = [0, 1, 15, 16, 65_535, 65_536, 1 << 20, 20_000_000];
  const texts = Array.from({ length: 40 }, (_, i) => String.fromCharCode(97 + (i % 26)).repeat(sizes[i % sizes.length]));
  const answers = await Promise.all(texts.map((text) => api.call("fault_echo", { text })));
  answers.forEach((answer, i) => assert.ok(answer.text === texts[i], `text ${i}`));
  await assert.rejects(api.call("fault_echo", { text: "x".repeat(70 << 20) }), { code: "TOO_LARGE" });
  await api.close();
});

test("what is no program of Reliquary is told", async () => {
  const script = `new (require("reliquary").Api)().viewer().catch((e) => console.log(e.code, e.message, "|", e.next))`;
  for (const [wrong, message] of [["/no/such", /cannot be started/], ["/bin/true", /does not answer/], ["/bin/ls", /does not answer/]]) {
    const said = execFileSync(process.execPath, ["-e", script], {
      env: { ...process.env, RELIQUARY_PIPE: wrong },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    assert.match(said, /^UNSUPPORTED /);
    assert.match(said, message);
    assert.match(said, /RELIQUARY_PIPE/);
  }
});
