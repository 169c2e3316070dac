// The documented classes, on data that the wandb package wrote.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { inspect } from "node:util";

import { Api, Artifact, ArtifactCollection, ArtifactType, Columns, Paginator } from "reliquary";

const { options, entity, runs, place } = JSON.parse(process.env.SHOP);
const api = new Api(options);
after(() => api.close());

test("ArtifactTypes and ArtifactType", async () => {
  const types = api.artifactTypes(`${entity}/vision`);
  assert.ok(types instanceof Paginator);
  const names = (await types.toArray()).map((t) => t.name);
  for (const name of ["dataset", "model", "notes", "evaluation"]) assert.ok(names.includes(name), name);
  assert.equal(await types.length(), names.length);

  const type = await api.artifactType("model", `${entity}/vision`);
  assert.ok(type instanceof ArtifactType);
  assert.deepEqual([type.entity, type.project, type.name], [entity, "vision", "model"]);
  assert.ok(type.id && type.createdAt instanceof Date && !Number.isNaN(type.createdAt.getTime()));
  assert.equal((await type.collection("checkpoints")).name, "checkpoints");
  await assert.rejects(type.collection("imagenet-mini"), { code: "NOT_FOUND" });
  await assert.rejects(api.artifactType("nonsense"), { code: "NOT_FOUND" });
  assert.match(inspect(type), /^ArtifactType local\/vision\/model/);
  assert.equal(JSON.parse(JSON.stringify(type)).name, "model");
});

test("ArtifactCollections", async () => {
  const type = await api.artifactType("model");
  const names = [];
  for await (const page of type.collections({ perPage: 2, order: "+name" }).pages()) names.push(page.map((c) => c.name));
  assert.deepEqual(names, [["checkpoints", "released-models"], ["resnet-weights"]]);
  const filtered = api.artifactCollections(undefined, undefined, { filters: { name: { $regex: "^check" } } });
  assert.deepEqual((await filtered.toArray()).map((c) => c.name), ["checkpoints"]);
  assert.equal(await api.artifactCollections("vision", "model").length(), 3);
});

test("ArtifactCollection", async () => {
  const sequence = await api.artifactCollection("dataset", "imagenet-mini");
  assert.ok(sequence instanceof ArtifactCollection);
  assert.deepEqual([sequence.entity, sequence.project, sequence.name, sequence.type], [entity, "vision", "imagenet-mini", "dataset"]);
  assert.equal(sequence.isSequence(), true);
  assert.deepEqual((await sequence.aliases()).toSorted(), ["latest", "stable"]);
  assert.equal((await api.artifactCollection("model", `${entity}/vision/released-models`)).isSequence(), false);
  assert.match(inspect(sequence), /^ArtifactCollection local\/vision\/imagenet-mini \{ type: 'dataset'/);
  assert.equal(await api.artifactCollectionExists("imagenet-mini", "dataset"), true);
  assert.equal(await api.artifactCollectionExists("imagenet-mini", "model"), false);
});

test("Artifacts", async () => {
  const list = api.artifacts("model", "checkpoints", { perPage: 20 });
  assert.deepEqual([list.collectionName, list.type, list.perPage], ["checkpoints", "model", 20]);
  const versions = [];
  for await (const version of list) versions.push(version.version);
  assert.equal(versions.length, await list.length());
  assert.deepEqual(versions.slice(0, 2), ["v44", "v43"]);
  assert.equal(versions.at(-1), "v0");
  const again = [];
  for await (const version of list) again.push(version.version);
  assert.deepEqual(again, versions); // each loop begins anew

  const curated = api.artifacts("dataset", "imagenet-mini", { tags: ["curated"], order: "+createdAt" });
  assert.deepEqual((await curated.toArray()).map((a) => a.version), ["v0", "v1", "v2"]);
});

test("versions of a list are as those that were loaded", async () => {
  const getters = Object.entries(Object.getOwnPropertyDescriptors(Artifact.prototype)).filter(([, { get }]) => get).map(([name]) => name);
  assert.ok(getters.length > 20);
  const lists = [["dataset", "imagenet-mini"], ["model", "checkpoints"], ["model", "resnet-weights"], ["model", "released-models"]];
  for (const [type, collection] of lists) {
    for (const perPage of [1, 50]) {
      const versions = await api.artifacts(type, collection, { perPage }).toArray();
      for (const version of versions.slice(0, 5)) {
        const loaded = await api.artifact(version.qualifiedName);
        for (const attrsWereRead of [false, true]) {
          for (const name of getters.filter((each) => each !== "attrs")) {
            assert.deepStrictEqual(version[name], loaded[name], `${version.name}: ${name}, ${attrsWereRead}`);
          }
          assert.deepStrictEqual(Object.entries(version), Object.entries(loaded));
          assert.equal(JSON.stringify(version), JSON.stringify(loaded)); // also the order
          assert.equal(inspect(version), inspect(loaded));
          assert.equal(version.attrs, version.attrs);
          assert.deepStrictEqual(version.attrs, loaded.attrs);
        }
      }
    }
  }
});

test("versions of a list share nothing that can be changed", async () => {
  const list = () => api.artifacts("dataset", "imagenet-mini").toArray();
  const [first, second] = await list();
  const before = await list();
  first.tags.push("mine");
  first.aliases.push("mine");
  first.metadata.mine = { deep: true };
  first.attrs.tags.push("mine");
  first.attrs.aliases.push("mine");
  if (first.attrs.metadata) first.attrs.metadata.mine = true;
  for (const name of ["tags", "aliases", "metadata", "attrs"]) assert.deepStrictEqual(second[name], before[1][name], name);
});

test("a list fetches one page ahead, and no more", async () => {
  // As seen from the calls that a list makes.
  const asked = [];
  const list = new Paginator(
    async ({ after: from = "0", first }, { signal }) => {
      asked.push([from, signal.aborted]);
      const start = Number(from);
      const nodes = Array.from({ length: first }, (_, i) => start + i);
      return { nodes, page_info: { has_next_page: start < 20, end_cursor: String(start + first) } };
    },
    (n) => n,
    { perPage: 2 },
  );
  for await (const n of list) {
    if (n === 0) assert.deepEqual(asked.map(([from]) => from), ["0", "2"]);
    if (n === 2) assert.deepEqual(asked.map(([from]) => from), ["0", "2", "4"]);
    if (n === 3) break;
  }
  assert.deepEqual(asked.map(([from]) => from), ["0", "2", "4"]);
});

test("a page is asked for while the one before is read", async () => {
  // As seen from the calls that a list makes.
  const asked = new Map();
  const source = ({ after = "0", first }, { signal, onProgress }) =>
    new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      const start = Number(after);
      const page_info = { has_next_page: start + first < 8, end_cursor: String(start + first) };
      const nodes = Array.from({ length: first }, (_, i) => start + i);
      asked.set(start, {
        tellEnd: (end_cursor = page_info.end_cursor) => onProgress({ page_info: { end_cursor, has_next_page: true } }),
        answer: () => resolve({ nodes, page_info }),
        aborted: () => signal.aborted,
      });
    });
  const starts = () => [...asked.keys()];

  // Whoever wants all waits for the first page already.
  const all = new Paginator(source, (n) => n, { perPage: 2 }).toArray();
  assert.deepEqual(starts(), [0]);
  asked.get(0).tellEnd();
  assert.deepEqual(starts(), [0, 2]);
  asked.get(2).tellEnd(); // nobody waits for that page yet
  assert.deepEqual(starts(), [0, 2]);
  asked.get(0).answer();
  await setImmediate();
  assert.deepEqual(starts(), [0, 2, 4]);
  asked.get(4).tellEnd("7"); // which turns out to be wrong
  asked.get(2).answer();
  await setImmediate();
  assert.deepEqual(starts(), [0, 2, 4, 7]);
  asked.get(4).answer();
  await setImmediate();
  assert.deepEqual(starts(), [0, 2, 4, 7, 6]);
  asked.get(6).answer();
  assert.deepEqual(await all, [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.ok(asked.get(7).aborted()); // what was asked for in vain is stopped

  // Whoever loops may want the first page alone.
  asked.clear();
  const pages = new Paginator(source, (n) => n, { perPage: 2 }).pages();
  const first = pages.next();
  asked.get(0).tellEnd();
  assert.deepEqual(starts(), [0]);
  asked.get(0).answer();
  assert.deepEqual((await first).value, [0, 1]);
  assert.deepEqual(starts(), [0, 2]);
  const second = pages.next();
  asked.get(2).tellEnd();
  assert.deepEqual(starts(), [0, 2, 4]);
  asked.get(2).answer();
  assert.deepEqual((await second).value, [2, 3]);
  await pages.return();
  assert.ok(asked.get(4).aborted());
});

test("a list stops when its signal is aborted", async () => {
  const controller = new AbortController();
  const seen = [];
  await assert.rejects(
    async () => {
      for await (const version of api.artifacts("model", "checkpoints", { perPage: 5, signal: controller.signal })) {
        seen.push(version);
        if (seen.length === 5) controller.abort();
      }
    },
    { name: "AbortError" },
  );
  assert.equal(seen.length, 5);
  await assert.rejects(api.artifacts("model", "checkpoints", { signal: AbortSignal.abort() }).toArray(), { name: "AbortError" });
});

test("columns", async () => {
  const list = api.artifacts("model", "checkpoints");
  const columns = await list.columns();
  const objects = await list.toArray();
  assert.ok(columns instanceof Columns && columns.length === objects.length);
  for (const name of ["id", "version", "collection", "type", "state", "digest", "description"]) {
    assert.deepEqual(columns.text(name).toArray(), objects.map((a) => a.attrs[name] ?? null), name);
  }
  for (const name of ["aliases", "tags"]) assert.deepEqual(columns.lists(name).toArray(), objects.map((a) => a[name]), name);
  assert.deepEqual(columns.text("metadata").toArray().map((text) => JSON.parse(text)), objects.map((a) => a.metadata));
  const sizes = columns.integers("size");
  assert.ok(sizes.values instanceof BigInt64Array);
  assert.deepEqual([...sizes.values], objects.map((a) => a.size));
  assert.deepEqual([...columns.integers("version_index").toNumbers()], objects.map((a) => a.versionIndex));
  assert.deepEqual([...columns.integers("file_count")], objects.map((a) => BigInt(a.fileCount)));
  assert.deepEqual([...columns.times("created_at")], objects.map((a) => a.createdAt));
  assert.deepEqual(columns.booleans("ttl_is_inherited").toArray(), objects.map((a) => a.ttlIsInherited));
  const kept = columns.integers("ttl_seconds");
  assert.equal(kept.nullCount, objects.length);
  assert.ok(kept.get(0) === null && Number.isNaN(kept.toNumbers()[0]));

  // Views of one memory, and nothing copied.
  assert.equal(sizes.values.buffer, columns.text("version").bytes.buffer);
  assert.equal(Buffer.from(columns.text("version").bytes).toString(), objects.map((a) => a.version).join(""));
  assert.deepEqual([...columns.text("version").offsets.slice(0, 3)], [0n, 3n, 6n]);

  assert.ok(columns.names.includes("source_project") && columns.names.length > 20);
  assert.throws(() => columns.get("nonsense"), RangeError);
  assert.throws(() => columns.integers("version"), TypeError);
  for (const row of [-1, objects.length, 0.5]) assert.throws(() => sizes.get(row), RangeError);
});

test("columns of other lists", async () => {
  assert.deepEqual((await api.artifactTypes().columns()).text("name").toArray(), (await api.artifactTypes().toArray()).map((t) => t.name));
  const a = await api.artifact("imagenet-mini:v2");
  assert.deepEqual((await a.files().columns()).integers("size").toArray(), (await a.files().toArray()).map((f) => f.size));
  assert.deepEqual((await a.manifest().columns()).text("path").toArray(), (await a.manifest().toArray()).map((e) => e.path));
  const none = await api.artifacts("model", "checkpoints", { filters: { state: "DELETED" } }).columns();
  assert.equal(none.length, 0);
  assert.deepEqual([none.text("version").toArray(), none.lists("tags").toArray(), none.integers("size").values.length], [[], [], 0]);
  await assert.rejects(api.artifacts("model", "no-such").columns(), { code: "NOT_FOUND" });
  await assert.rejects(api.artifacts("model", "checkpoints", { signal: AbortSignal.abort() }).columns(), { name: "AbortError" });
  await assert.rejects(new Paginator(async () => ({ nodes: [], page_info: { has_next_page: false } }), (n) => n).columns(), { code: "UNSUPPORTED" });
});

test("columns outlive their Api, and are given back", async () => {
  const other = new Api(options);
  const columns = await other.artifacts("model", "checkpoints").columns();
  await other.close();
  assert.equal(columns.text("version").get(44), "v0");
  const { arrayBuffers } = process.memoryUsage();
  for (let round = 0; round < 200; round++) await api.artifacts("model", "checkpoints").columns();
  const size = columns.text("version").bytes.buffer.byteLength;
  for (let wait = 0; wait < 50 && process.memoryUsage().arrayBuffers - arrayBuffers > 100 * size; wait++) {
    globalThis.gc?.();
    await setImmediate();
  }
  assert.ok(process.memoryUsage().arrayBuffers - arrayBuffers <= 100 * size, "200 lists stayed");
});

test("Artifact", async () => {
  const a = await api.artifact("imagenet-mini:stable");
  assert.ok(a instanceof Artifact);
  assert.equal(a.name, "imagenet-mini:v1");
  assert.equal(a.qualifiedName, `${entity}/vision/imagenet-mini:v1`);
  assert.deepEqual([a.collection, a.version, a.versionIndex, a.type, a.state], ["imagenet-mini", "v1", 1, "dataset", "COMMITTED"]);
  assert.equal(a.description, "A small sample, edition 1");
  assert.deepEqual(a.metadata, { rows: 200, classes: ["cat", "dog"] });
  assert.deepEqual([a.aliases, a.tags], [["stable"], ["curated"]]);
  assert.equal(typeof a.size, "bigint");
  assert.equal(a.fileCount, 3);
  assert.equal(a.isLink, false);
  assert.equal(a.ttlSeconds, null);
  assert.match(a.digest, /^[0-9a-f]{32}$/);
  assert.match(inspect(a), /^Artifact local\/vision\/imagenet-mini:v1 \{/);
  assert.equal(JSON.parse(JSON.stringify(a)).size, String(a.size));

  const link = await api.artifact("released-models:stable");
  assert.equal(link.isLink, true);
  assert.equal(link.sourceQualifiedName, `${entity}/vision/resnet-weights:v1`);
  const source = await api.artifact(link.sourceQualifiedName);
  const links = await source.linkedArtifacts();
  assert.deepEqual(links.map((l) => l.qualifiedName), [link.qualifiedName]);
  assert.equal(links.complete, true);

  await assert.rejects(api.artifact("imagenet-mini:stable", { type: "model" }), { code: "INVALID", argument: "type", candidates: ["dataset"] });
  await assert.rejects(api.artifact("imagenet-mini:nonsense"), { code: "NOT_FOUND" });
  assert.equal(await api.artifactExists("imagenet-mini:stable"), true);
  assert.equal(await api.artifactExists("imagenet-mini:nonsense"), false);
});

test("Run and RunArtifacts", async () => {
  const run = await api.run(`${entity}/vision/${runs.train}`);
  assert.deepEqual([run.id, run.entity, run.project, run.jobType], [runs.train, entity, "vision", "train"]);
  assert.equal(run.loggedArtifacts().mode, "logged");
  assert.deepEqual((await run.usedArtifacts().toArray()).map((a) => a.name), ["imagenet-mini:v1"]);
  assert.equal(await run.usedArtifacts().length(), 1);
  const production = await api.artifact("resnet-weights:production");
  assert.deepEqual(await production.loggedBy(), { entity, project: "vision", id: runs.train });
  const users = await production.usedBy();
  assert.deepEqual(users.map((r) => r.id), [runs.evaluate]);
  const ids = (await api.runs(`${entity}/vision`, { perPage: 2 }).toArray()).map((r) => r.id);
  for (const id of Object.values(runs)) assert.ok(ids.includes(id));
  assert.deepEqual((await api.projects(entity).toArray()).map((p) => p.name).includes("vision"), true);
});

test("ArtifactFiles and Manifest", async () => {
  const a = await api.artifact("imagenet-mini:v2");
  const files = a.files({ perPage: 2 });
  assert.equal(files.path, a.qualifiedName);
  assert.equal(await files.length(), 4);
  assert.deepEqual((await files.toArray()).map((f) => f.name).toSorted(), ["LICENSE.txt", "parts/part-0.csv", "parts/part-1.csv", "parts/part-2.csv"]);
  const [license] = await a.files({ names: ["LICENSE.txt"] }).toArray();
  assert.equal(license.size, 10n);
  if (place === "server") assert.equal(await (await fetch(license.directUrl)).text(), "CC BY 4.0\n");
  const entries = await a.manifest().toArray();
  assert.deepEqual(entries.map((e) => e.path), ["LICENSE.txt", "parts/part-0.csv", "parts/part-1.csv", "parts/part-2.csv"]);
  assert.equal(entries[0].size, 10n);
  const [reference] = (await (await api.artifact("resnet-weights:v1")).manifest().toArray()).filter((e) => e.ref);
  assert.equal(reference.ref, "https://example.com/paper.pdf");
});

test("paths that are none are refused before anything is asked", () => {
  for (const path of ["a/b/c/d", "a//c", ""]) assert.throws(() => api.artifacts("model", path), { code: "INVALID" }, path);
  assert.throws(() => api.artifactTypes("a/b/c"), { code: "INVALID" });
});

test("any operation can be called", async () => {
  const { artifacts, total } = await api.call("list_artifacts", { collection: "checkpoints", limit: 3 });
  assert.equal(artifacts.length, 3);
  assert.equal(total, 45);
  assert.equal((await api.viewer()).username, "local");
});
