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
  BooleanColumn,
  Chained,
  Collections,
  Columns,
  IntegerColumn,
  ListColumn,
  Manifest,
  OrderedCollections,
  Paginator,
  Project,
  Projects,
  Registries,
  Registry,
  ReliquaryError,
  Run,
  RunArtifacts,
  Runs,
  TeamMember,
  TextColumn,
  TimeColumn,
  UserMember,
  version,
  Versions,
} from "./index.js";
