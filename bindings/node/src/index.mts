// For `import`: the same classes as for `require`, so that instanceof holds
// whichever way a program and its dependencies load the package. Named one by
// one, for `export *` would show what CommonJS adds; a test finds one that is
// missing.
export type * from "./index.js";
export {
  Api,
  Artifact,
  ArtifactCollection,
  ArtifactCollections,
  ArtifactFile,
  ArtifactFiles,
  Artifacts,
  ArtifactType,
  ArtifactTypes,
  Manifest,
  Paginator,
  Project,
  Projects,
  ReliquaryError,
  Run,
  RunArtifacts,
  Runs,
  version,
} from "./index.js";
