// Files in and out.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, test } from "node:test";
import { buffer } from "node:stream/consumers";

import { Api } from "reliquary";

const { options, place } = JSON.parse(process.env.SHOP);
const api = new Api(options);
after(() => api.close());

const folder = mkdtempSync(join(tmpdir(), "files-"));
process.chdir(folder); // relative paths are those of the moment

const filesBelow = (root) =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((f) => !f.isDirectory())
    .map((f) => relative(root, join(f.parentPath ?? f.path, f.name)))
    .toSorted();

test("a version of files on disk, in memory and elsewhere", async () => {
  mkdirSync("data/deep", { recursive: true });
  writeFileSync("data/a.txt", "alpha\n");
  writeFileSync("data/deep/b.bin", Buffer.from([0, 255, 1, 2]));
  const phases = new Set();
  const a = await api.logArtifact(`mixed-${place}`, {
    type: "dataset",
    files: ["data", { local: "data/a.txt", path: "again/a.txt" }],
    contents: { "notes.md": "# é😀\n", "raw.bin": new Uint8Array([1, 2, 3]).subarray(1) },
    references: [{ uri: "https://example.com/y", path: "refs/y", checksum: "abc", size: 7n }, { uri: "https://example.com/z", lookUp: false }],
    description: "of all kinds",
    metadata: { rows: 1 },
    aliases: ["best"],
    tags: ["mixed"],
    ttlSeconds: 3600,
    onProgress: (p) => {
      phases.add(p.phase);
      assert.equal(typeof p.totalBytes, "bigint");
    },
  });
  assert.equal(a.version, "v0");
  assert.deepEqual([a.description, a.metadata, a.tags, a.ttlSeconds], ["of all kinds", { rows: 1 }, ["mixed"], 3600]);
  assert.deepEqual(a.aliases.toSorted(), ["best", "latest"]);
  assert.ok(phases.size > 0);

  const same = await api.logArtifact(`mixed-${place}`, { base: "latest" });
  assert.equal(same.id, a.id); // the same contents are the same version
  const next = await api.logArtifact(`mixed-${place}`, { base: "latest", remove: ["deep"], contents: { "c.txt": "c" } });
  assert.equal(next.version, "v1");
  const { added, removed, changed, growth, files } = await next.compare(a);
  assert.deepEqual([added, removed, changed, growth], [1, 1, 0, -3n]);
  assert.deepEqual(files.map((f) => [f.path, f.change, f.sizeFrom, f.sizeTo]), [["c.txt", "added", undefined, 1n], ["deep/b.bin", "removed", 4n, undefined]]);
});

test("download and verify", async () => {
  const a = await api.artifact(`mixed-${place}:best`);
  const root = await a.download({ skipReferences: true });
  assert.equal(root, join(process.cwd(), "artifacts", `mixed-${place}:v0`));
  assert.deepEqual(filesBelow(root), ["a.txt", "again/a.txt", "deep/b.bin", "notes.md", "raw.bin"]);
  assert.equal(readFileSync(join(root, "notes.md"), "utf8"), "# é😀\n");
  assert.deepEqual([...readFileSync(join(root, "raw.bin"))], [2, 3]);

  writeFileSync(join(root, "a.txt"), "other\n");
  rmSync(join(root, "raw.bin"));
  writeFileSync(join(root, "more"), "");
  const found = (await a.verify({ root })).root;
  assert.equal(found.ok, false);
  assert.deepEqual([[...found.changed], [...found.missing], [...found.extra], found.changed.total], [["a.txt"], ["raw.bin", "refs/y", "z"], ["more"], 1]);
  await a.download({ root, skipReferences: true });
  assert.equal(readFileSync(join(root, "a.txt"), "utf8"), "alpha\n");
  assert.equal((await a.verify()).server.ok, true);

  const some = await a.download({ root: "some", paths: ["notes.md"] });
  assert.deepEqual(filesBelow(some), ["notes.md"]);
  assert.deepEqual(filesBelow(await a.download({ root: "glob", glob: "**/*.bin" })), ["deep/b.bin", "raw.bin"]);
  assert.deepEqual(filesBelow(await a.download({ root: "prefix", pathPrefix: "deep/" })), ["deep/b.bin"]);
});

test("bytes of a file", async () => {
  const bytes = randomBytes((9 << 20) + 17); // more than two pieces
  const a = await api.logArtifact(`bytes-${place}`, { type: "dataset", contents: { "big.bin": bytes, "empty": "" } });
  assert.equal(Buffer.compare(await a.readFile("big.bin"), bytes), 0);
  assert.equal(Buffer.compare(await a.readFile("big.bin", { start: -5 }), bytes.subarray(-5)), 0);
  assert.equal(Buffer.compare(await buffer(a.createReadStream("big.bin", { start: 3 })), bytes.subarray(3)), 0);
  assert.equal((await a.readFile("empty")).length, 0);
  await assert.rejects(a.readFile("nonsense"), { code: "NOT_FOUND" });
  await assert.rejects(buffer(a.createReadStream("nonsense")), { code: "NOT_FOUND" });
  await assert.rejects(a.readFile("big.bin", { signal: AbortSignal.abort() }), { name: "AbortError" });
});

test("a download that is aborted leaves no half file", async (t) => {
  const contents = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`part-${i}`, randomBytes(100_000)]));
  const a = await api.logArtifact(`many-${place}`, { type: "dataset", contents });
  let root, left, took;
  // As soon as there is a file; should that have been the last one, once more.
  for (let attempt = 0; left === undefined; attempt++) {
    assert.ok(attempt < 10, "every download was done before it could be aborted");
    root = join(folder, `aborted-${attempt}`);
    const controller = new AbortController();
    const call = a.download({ root, skipCache: true, signal: controller.signal });
    const told = call.then(() => "done", (error) => error.name);
    while (!existsSync(root) || filesBelow(root).length === 0) await new Promise(setImmediate);
    const start = performance.now();
    controller.abort();
    if ((await told) === "done") continue;
    assert.equal(await told, "AbortError");
    took = performance.now() - start;
    left = filesBelow(root);
  }
  t.diagnostic(`${left.length} of 400 files were there, ${took.toFixed(1)} ms from abort to the rejected promise`);
  for (const name of left) {
    assert.ok(Object.hasOwn(contents, name), `${name} is left behind`);
    assert.equal(Buffer.compare(readFileSync(join(root, name)), contents[name]), 0, name);
  }
  const after = await new Promise((resolve) => setTimeout(() => resolve(filesBelow(root)), 100));
  assert.deepEqual(after, left); // nothing goes on behind

  await a.download({ root, skipCache: true });
  assert.equal((await a.verify({ root })).ok, true);
  assert.ok(lstatSync(root).isDirectory());
});

test("what is aborted is not logged", async () => {
  const controller = new AbortController();
  const contents = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`part-${i}`, randomBytes(50_000)]));
  const call = api.logArtifact(`never-${place}`, { type: "dataset", contents, signal: controller.signal, onProgress: () => controller.abort() });
  await assert.rejects(call, { name: "AbortError" });
  assert.deepEqual(readdirSync(tmpdir()).filter((name) => name.startsWith("reliquary-")), []);
  assert.equal(await api.artifactExists(`never-${place}:latest`), false);
});

test("what the library leaves out is told", async () => {
  await api.logArtifact(`tables-${place}`, { type: "dataset", contents: { "rows.parquet": "PAR1", "rows.csv": "a,b\n1,2\n" } });
  const look = (path) => api.call("preview_artifact_file", { artifact: `tables-${place}:latest`, path });
  assert.deepEqual((await look("rows.csv")).columns?.map((c) => c.name), ["a", "b"]);
  assert.match((await look("rows.parquet")).hint, /does not read Parquet files/);
});
