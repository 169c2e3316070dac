// Programs in TypeScript: what compiles, and what must not.
import { Api, Artifact, ReliquaryError, type Column, type Operations, type Progress, type Registry } from "reliquary";

const api = new Api({ dir: "registry", onLog: (line) => console.log(line.msg) });
const model: Artifact = await api.artifact("team/vision/detector:latest", { signal: AbortSignal.timeout(1000) });
const size: bigint = model.size;
const ttl: number | null = model.ttlSeconds;
model.ttlSeconds = "inherit";
model.tags = new Set(["a"]);
for await (const version of api.artifacts("model", "detector", { perPage: 10 })) version satisfies Artifact;
const columns = await api.artifacts("model", "detector").columns();
const sizes: BigInt64Array = columns.integers("size").values;
const kind: Column = columns.get("version");
const registry: Registry = await api.createRegistry("models", { visibility: "restricted" });
const { artifacts }: Operations["list_artifacts"]["output"] = await api.call("list_artifacts", { collection: "detector", order: "newest" });
await model.download({ root: "out", onProgress: (p: Progress) => p.bytes + p.totalBytes });
await api.logArtifact("detector", { type: "model", files: ["a", { local: "b", path: "c" }], contents: { d: "text", e: new Uint8Array() } });
try {
  await using other = new Api();
  await other.viewer();
} catch (error) {
  if (error instanceof ReliquaryError && error.code === "NOT_FOUND") console.log(error.next, error.candidates.at(0));
}
console.log(size, ttl, sizes, kind.length, registry.visibility, artifacts.length);

// @ts-expect-error: there is no such option
new Api({ directory: "registry" });
// @ts-expect-error: there is no such operation
await api.call("list_everything", {});
// @ts-expect-error: nor such an order
await api.call("list_artifacts", { collection: "detector", order: "random" });
// @ts-expect-error: the digest is the server's to say
model.digest = "";
// @ts-expect-error: there is no such code
const code: ReliquaryError["code"] = "MISSING";
console.log(code);
