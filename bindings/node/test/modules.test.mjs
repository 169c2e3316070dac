// The package as a program loads it.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";

const threads = () => readdirSync("/proc/self/task").length;
const before = { threads: threads(), handles: process.getActiveResourcesInfo().length };
const imported = await import("reliquary");
const after = { threads: threads(), handles: process.getActiveResourcesInfo().length };

test("importing starts nothing", () => {
  assert.deepEqual(after, before);
});

test("import and require give the same classes", () => {
  const required = createRequire(import.meta.url)("reliquary");
  const names = Object.keys(imported);
  assert.deepEqual(names.toSorted(), Object.keys(required).toSorted());
  for (const name of names) assert.equal(imported[name], required[name], name);
  for (const name of ["Api", "ArtifactType", "ArtifactTypes", "ArtifactCollection", "ArtifactCollections", "Artifact", "Artifacts", "RunArtifacts", "ArtifactFiles"]) {
    assert.equal(typeof imported[name], "function", name);
  }
});
