// The addon as it is, without the classes over it: what they would never ask of
// it is refused, and nothing stays behind or is touched again.
import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const native = createRequire(import.meta.url)(`@reliquary/linux-${process.arch}-gnu`);
const config = JSON.stringify({ dir: mkdtempSync(join(tmpdir(), "registry-")) });
const [INVALID, CANCELED, CLOSED] = [6, 9, 12];

/** Opens a session whose events are collected. What it gives is to be held, for the
 * addon does not hold onEvents. */
async function opened() {
  const events = [];
  let wake = () => {};
  const onEvents = (batch) => {
    for (let i = 0; i < batch.length; i += 4) events.push(batch.slice(i, i + 4));
    wake();
  };
  const [status, , session] = await native.open(config, onEvents);
  assert.equal(status, 0);
  const until = async (count) => {
    while (events.length < count) await new Promise((resolve) => (wake = resolve));
    return events.splice(0);
  };
  return { session, until, onEvents };
}

test("wrong arguments are type errors", async () => {
  const { session, until, ...held } = await opened();
  const odd = [undefined, null, 3, Symbol("x"), {}, [], () => {}];
  for (const wrong of odd) {
    assert.throws(() => native.submit(wrong, 1, 0, "fault_echo", "{}"), TypeError);
    assert.throws(() => native.cancel(wrong, 1), TypeError);
    assert.throws(() => native.close(wrong, 0), TypeError);
    if (typeof wrong !== "number") {
      for (const token of [wrong, "1"]) assert.throws(() => native.submit(session, token, 0, "fault_echo", "{}"), TypeError);
      assert.throws(() => native.cancel(session, wrong), TypeError);
      assert.throws(() => native.close(session, wrong), TypeError);
      assert.throws(() => native.statusError(wrong), TypeError);
    }
    assert.throws(() => native.submit(session, 1, 0, wrong, "{}"), TypeError);
    assert.throws(() => native.submit(session, 1, 0, "fault_echo", wrong), TypeError);
    assert.throws(() => native.open(wrong, () => {}), TypeError);
    if (typeof wrong !== "function" && typeof wrong !== "object" && typeof wrong !== "symbol") {
      assert.throws(() => native.open(config, wrong), TypeError);
    }
  }
  for (const token of [0, -1, 0.5, NaN, Infinity, 2 ** 53]) {
    assert.throws(() => native.submit(session, token, 0, "fault_echo", "{}"), TypeError);
    assert.throws(() => native.cancel(session, token), TypeError);
  }
  assert.throws(() => native.close(session, NaN), TypeError);
  assert.throws(() => native.submit(session, 1, 0, "long".repeat(5_000), 3), TypeError); // when one of two was read
  for (const name of ["submit", "cancel", "close", "open", "statusError"]) assert.throws(() => native[name](), TypeError);
  assert.equal(native.submit(session, 1, 0, "fault_echo", '{"after":true}'), 0);
  assert.deepEqual(await until(1), [[1, 1, 0, '{"after":true}']]);
  assert.equal(await native.close(session, -1), 0);
  assert.ok(held.onEvents);
});

test("texts of every length arrive whole", async () => {
  const { session, until, ...held } = await opened();
  const inputs = [];
  for (let n = 0; n < 300; n++) inputs.push(JSON.stringify({ text: "é".repeat(n * 15) }));
  inputs.push(JSON.stringify({ text: "😀".repeat(1_000_000) }));
  inputs.forEach((input, i) => assert.equal(native.submit(session, i + 1, 0, "fault_echo", input), 0));
  for (const [token, , status, text] of await until(inputs.length)) {
    assert.equal(status, 0);
    assert.equal(text, inputs[token - 1]);
  }
  for (const name of ["", "x".repeat(255), "x".repeat(256)]) assert.equal(native.submit(session, 1000 + name.length, 0, name, "{}"), 0);
  for (const [, , status] of await until(3)) assert.equal(status, INVALID);
  // And a whole list as columns, which are no text.
  native.submit(session, 2000, 4, "projects_page", "{}");
  assert.equal((await until(1))[0][2], 0);
  await native.close(session, -1);
  assert.ok(held.onEvents);
});

test("closing takes what runs and what is submitted at the same time", async () => {
  for (let round = 0; round < 20; round++) {
    const { session, ...held } = await opened();
    for (let token = 1; token <= 200; token++) native.submit(session, token, token % 2 ? 2 : 0, token % 3 ? "fault_echo" : "fault_progress", '{"count":5}');
    for (let token = 1; token <= 200; token += 7) native.cancel(session, token);
    const closing = [native.close(session, round % 2 ? 1000 : 0), native.close(session, -1)];
    assert.equal(native.submit(session, 500, 0, "fault_echo", "{}"), CLOSED);
    assert.equal(native.cancel(session, 500), CLOSED);
    const [first, second] = await Promise.all(closing);
    assert.ok(first === 0 || first === 1, `the status is ${first}`);
    assert.equal(second, CLOSED);
    assert.ok(held.onEvents);
  }
});

test("what was cancelled says so, and sessions that are forgotten end", async () => {
  for (let round = 0; round < 20; round++) {
    const { session, until, ...held } = await opened();
    for (let token = 1; token <= 20; token++) native.submit(session, token, 0, "fault_sleep", '{"ms":60000}');
    for (let token = 1; token <= 20; token++) native.cancel(session, token);
    for (const [, , status] of await until(20)) assert.equal(status, CANCELED);
    assert.ok(held.onEvents);
    global.gc();
  }
  const refused = await native.open('{"directory":1}', () => {});
  assert.equal(refused[2], undefined);
  assert.equal(refused[0], INVALID);
  native.open(config, () => {}); // and the process ends before it is told
});
