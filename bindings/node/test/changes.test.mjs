// What is assigned is sent by save, and nothing else is touched.
import assert from "node:assert/strict";
import { after, test } from "node:test";

import { Api } from "reliquary";

const { options, place, runs } = JSON.parse(process.env.SHOP);
const api = new Api(options);
after(() => api.close());

test("an artifact", async () => {
  const a = await api.artifact(place === "server" ? "checkpoints:v10" : "checkpoints:v11");
  const { metadata } = a;
  a.description = "the best so far";
  a.aliases.push(`best-${place}`);
  a.tags = ["kept", place];
  a.metadata.nested = { deep: [1, 2.5, "x"] };
  a.ttlSeconds = 86_400;
  assert.equal(a.ttlIsInherited, false);
  await a.save();

  const b = await api.artifact(`checkpoints:best-${place}`);
  assert.equal(b.description, "the best so far");
  assert.deepEqual(b.tags.toSorted(), ["kept", place].toSorted());
  assert.deepEqual(b.metadata, { ...metadata, nested: { deep: [1, 2.5, "x"] } });
  assert.equal(b.ttlSeconds, 86_400);

  b.description = undefined;
  b.aliases = [];
  b.tags = [];
  b.ttlSeconds = null;
  await b.save();
  await a.load();
  assert.ok(!a.description);
  assert.deepEqual([a.aliases, a.tags, a.ttlSeconds], [[], [], null]);
  assert.deepEqual(a.metadata.nested, { deep: [1, 2.5, "x"] });

  await assert.rejects(
    async () => {
      a.aliases = ["v7"];
      await a.save();
    },
    { code: "INVALID" },
  );
});

test("links", async () => {
  const a = await api.artifact("checkpoints:v20");
  const linked = await a.link(`shelf-${place}`, { aliases: ["shown"] });
  assert.equal(linked.qualifiedName, `local/vision/shelf-${place}:v0`);
  assert.deepEqual([linked.isLink, linked.sourceName, linked.aliases.includes("shown")], [true, "checkpoints:v20", true]);
  await linked.unlink();
  assert.equal(await api.artifactExists(linked.qualifiedName), false);
  assert.equal(await api.artifactExists(a.qualifiedName), true);
});

test("a collection", async () => {
  const source = await api.artifact("checkpoints:v21");
  const name = `drafts-${place}`;
  await source.link(name);
  const c = await api.artifactCollection("model", name);
  c.name = `${name}-2`;
  c.description = "to be looked at";
  c.tags = ["a", "b"];
  await c.save();
  assert.deepEqual([c.name, c.description, c.tags.toSorted()], [`${name}-2`, "to be looked at", ["a", "b"]]);
  const again = await api.artifactCollection("model", `${name}-2`);
  assert.deepEqual([again.id, again.description, again.tags.toSorted()], [c.id, "to be looked at", ["a", "b"]]);
  again.tags.pop();
  again.description = undefined;
  await again.save();
  await c.load();
  assert.ok(!c.description);
  assert.equal(c.tags.length, 1);
  await c.delete();
  assert.equal(await api.artifactCollectionExists(c.name, "model"), false);
  await assert.rejects(c.delete(), { code: "NOT_FOUND" });
});

test("the type of a sequence", async () => {
  const c = await api.artifactCollection("evaluation", place === "server" ? "eval-results" : "scratch");
  c.type = `results-${place}`;
  await c.save();
  assert.equal((await api.artifactCollection(`results-${place}`, c.name)).id, c.id);

  const warned = new Promise((resolve) => process.once("warning", resolve));
  await c.changeType("evaluation");
  const { name, code } = await warned;
  assert.deepEqual([name, code, c.type], ["DeprecationWarning", "RELIQUARY_CHANGE_TYPE", "evaluation"]);
});

test("a version", async () => {
  const a = await api.artifact(place === "server" ? "checkpoints:v30" : "checkpoints:v31");
  a.aliases.push("doomed");
  await a.save();
  await assert.rejects(a.delete(), { code: "CONFLICT" });
  await a.delete({ deleteAliases: true });
  assert.equal(await api.artifactExists(a.qualifiedName), false);
});

test("an input of a run", async () => {
  const run = await api.run(runs.evaluate);
  const a = await api.artifact(place === "server" ? "checkpoints:v40" : "checkpoints:v41");
  await run.useArtifact(a);
  assert.ok((await run.usedArtifacts().toArray()).some((used) => used.id === a.id));
  assert.deepEqual((await a.usedBy()).map((r) => r.id), [runs.evaluate]);
});
