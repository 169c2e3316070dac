// Registries, in an organization "acme" with a member "ada".
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { inspect } from "node:util";

import { Api, Chained, Collections, OrderedCollections, Registries, Registry, TeamMember, UserMember, Versions } from "reliquary";

const { options, place } = JSON.parse(process.env.SHOP);
const api = new Api(options);
after(() => api.close());
const models = `models-${place}`;
const data = `data-${place}`;
const mine = { filter: { name: { $regex: `-${place}$` } } };

const names = async (list) => (await list.toArray()).map((item) => item.name).toSorted();

test("made, changed and loaded", async () => {
  const made = await api.createRegistry(models, { visibility: "organization", organization: "acme", description: "the best", artifactTypes: ["model"] });
  assert.ok(made instanceof Registry);
  assert.deepEqual([made.name, made.fullName, made.organization], [models, `wandb-registry-${models}`, "acme"]);
  assert.deepEqual([made.description, made.visibility, made.allowAllArtifactTypes], ["the best", "organization", false]);
  assert.deepEqual([made.artifactTypes, made.path], [["model"], [made.entity, made.fullName]]);
  assert.ok(made.id && made.createdAt instanceof Date && made.entity === (await api.organization()).entity);
  assert.match(inspect(made), /^Registry acme\/models-/);
  made.description = undefined;
  made.visibility = "restricted";
  made.artifactTypes.push("checkpoint");
  await made.save();
  const again = await api.registry(models, { organization: "acme" });
  assert.deepEqual([again.description ?? "", again.visibility, again.artifactTypes.toSorted()], ["", "restricted", ["checkpoint", "model"]]);
  again.artifactTypes = ["model"];
  await assert.rejects(again.save(), TypeError);
  await again.load();
  again.name = `${models}-2`;
  await again.save();
  assert.equal((await api.registry(`${models}-2`)).id, made.id);
  again.name = models;
  await again.save();

  const open = await api.createRegistry(data, { visibility: "restricted" });
  assert.equal(open.allowAllArtifactTypes, true);
  open.artifactTypes.push("new");
  await assert.rejects(open.save(), { code: "INVALID" });
  await assert.rejects(api.createRegistry(data, { visibility: "restricted" }), { code: "CONFLICT" });
  await assert.rejects(api.createRegistry("x", { visibility: "public" }), { code: "INVALID" });
  await assert.rejects(api.registry("none"), { code: "NOT_FOUND" });
  await assert.rejects(api.registry(models, { organization: "nobody" }), { code: "NOT_FOUND" });
});

test("searched", async () => {
  for (const n of [0, 1]) await (await api.artifact(`resnet-weights:v${n}`)).link(`acme/wandb-registry-${models}/classifiers`, { aliases: [`a${n}`] });
  await (await api.artifact("imagenet-mini:v0")).link(`acme/wandb-registry-${data}/images`);
  await (await api.artifact("imagenet-mini:v1")).link(`acme/wandb-registry-${data}/also`);

  const list = api.registries(mine);
  assert.ok(list instanceof Registries && list.perPage === 100);
  assert.deepEqual(await names(list), [data, models]);
  assert.deepEqual((await api.registries({ ...mine, order: "-name", perPage: 1 }).toArray()).map((r) => r.name), [models, data]);
  const collections = list.collections();
  assert.ok(collections instanceof Collections);
  assert.deepEqual([await names(collections), await collections.length()], [["also", "classifiers", "images"], 3]);
  const ordered = api.registries({ ...mine, order: "-name" });
  assert.ok(ordered.collections() instanceof OrderedCollections);
  assert.deepEqual((await ordered.collections({ order: "-name" }).toArray()).map((c) => c.name), ["classifiers", "images", "also"]);
  assert.ok(list.versions() instanceof Versions && ordered.versions() instanceof Chained);
  assert.equal((await list.versions().toArray()).length, 4);
  assert.equal((await ordered.versions().toArray()).length, 4);
  assert.deepEqual(await names(list.versions({ filter: { alias: "a1" } })), ["classifiers:v1"]);
  assert.deepEqual(await names(list.collections({ filter: { name: "images" } }).versions()), ["images:v0"]);
  assert.deepEqual((await ordered.collections({ order: "name" }).versions({ filter: { alias: "latest" } }).toArray()).map((v) => v.collection), ["classifiers", "also", "images"]);

  const registry = await api.registry(models);
  assert.deepEqual(await names(registry.collections()), ["classifiers"]);
  const [version] = await registry.versions({ filter: { alias: "a0" } }).toArray();
  assert.ok(version.isLink && version.sourceName === "resnet-weights:v0");
  assert.deepEqual((await registry.versions().columns()).text("source_collection").toArray(), ["resnet-weights", "resnet-weights"]);
  assert.deepEqual((await list.columns()).lists("artifact_types").length, 2);
  await assert.rejects(api.registries({ order: "size" }).toArray(), { code: "INVALID" });
  await assert.rejects(api.registries({ organization: "nobody" }).toArray(), { code: "NOT_FOUND" });
  await assert.rejects(registry.versions({ order: "linked_at" }).toArray(), { code: "UNSUPPORTED" });
});

test("members", async () => {
  const registry = await api.registry(data);
  const ada = await api.user("ada");
  assert.equal(ada.username, "ada");
  assert.equal(await api.user("nobody"), undefined);
  const role = async () => (await registry.userMembers()).find((m) => m.id === ada.id)?.role;
  assert.equal(await registry.addMembers([ada]), registry);
  await registry.updateMember(ada.id, "viewer");
  assert.equal(await role(), "viewer");
  for (const member of await registry.members()) {
    assert.ok(member instanceof UserMember || member instanceof TeamMember);
    if (member.kind === "user" && member.username === "ada") await registry.updateMember(member, "admin");
  }
  assert.equal(await role(), "admin");
  await registry.removeMembers([ada]);
  assert.equal(await role(), undefined);
  assert.deepEqual(await registry.teamMembers(), []);
  await assert.rejects(registry.addMembers([]), { code: "INVALID" });
  await assert.rejects(registry.addMembers(["ada"]), { code: "INVALID" });
  await assert.rejects(api.team("no-such"), { code: "NOT_FOUND" });
});

test("what a run logs", async () => {
  const run = (await api.runs(undefined, { perPage: 1 }).toArray())[0];
  await run.logArtifact(await api.artifact("imagenet-mini:v0"), { aliases: [`by-${place}`] });
  assert.ok((await run.loggedArtifacts().toArray()).some((a) => a.name === "imagenet-mini:v0"));
  assert.equal((await api.artifact(`imagenet-mini:by-${place}`)).version, "v0");
});

test("deleted", async () => {
  for (const name of [models, data]) await (await api.registry(name)).delete();
  await assert.rejects(api.registry(models), { code: "NOT_FOUND" });
  assert.equal(await api.artifactExists("resnet-weights:v0"), true);
  assert.deepEqual(await names(api.registries(mine)), []);
});
