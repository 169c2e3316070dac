// Walks a project and prints what it saw as JSON.
//
// usage: walk.mjs ENTITY/PROJECT RUN. testdata/walk.py does the same by wandb.Api().
import { Api } from "reliquary";

const [project, runId] = process.argv.slice(2);
const api = new Api(JSON.parse(process.env.SHOP).options);

const version = (a) => ({
  name: a.name,
  qualified_name: a.qualifiedName,
  version: a.isLink ? null : a.version,
  type: a.type,
  state: a.state,
  aliases: a.aliases.toSorted(),
  tags: a.tags.toSorted(),
  description: a.description ?? null,
  metadata: JSON.stringify(a.metadata).length < 1000 ? a.metadata : Object.keys(a.metadata).length,
  digest: a.digest,
  size: String(a.size),
  file_count: a.fileCount,
  source_name: a.sourceName,
  source_qualified_name: a.sourceQualifiedName,
  is_link: a.isLink,
  ttl: a.ttlSeconds,
});

const seen = { types: {} };
for await (const kind of api.artifactTypes(project)) {
  const collections = kind.collections({ perPage: 2 });
  const told = (seen.types[kind.name] = { length: await collections.length(), collections: [] });
  for await (const c of collections) {
    told.collections.push({
      name: c.name,
      type: c.type,
      description: c.description ?? null,
      tags: c.tags.toSorted(),
      aliases: (await c.aliases()).toSorted(),
      is_sequence: c.isSequence(),
      length: await c.artifacts().length(),
      versions: (await c.artifacts({ perPage: 7 }).toArray()).map(version),
    });
  }
}
const run = await api.run(`${project}/${runId}`);
seen.logged = (await run.loggedArtifacts().toArray()).map((a) => a.name);
seen.used = (await run.usedArtifacts().toArray()).map((a) => a.name);
const best = await api.artifact(`${project}/resnet-weights:production`, { type: "model" });
seen.logged_by = (await best.loggedBy()).id;
seen.used_by = (await best.usedBy()).map((r) => r.id);
seen.files = (await best.files().toArray()).map((f) => [f.name, String(f.size), f.mimetype ?? null]);
seen.manifest = (await best.manifest().toArray()).map((e) => [e.path, e.digest, String(e.size), e.ref ?? null]);
seen.exists = [
  await api.artifactExists(`${project}/resnet-weights:production`),
  await api.artifactExists(`${project}/resnet-weights:v99`),
  await api.artifactCollectionExists(`${project}/resnet-weights`, "model"),
  await api.artifactCollectionExists(`${project}/no-such`, "model"),
];
console.log(JSON.stringify(seen));
