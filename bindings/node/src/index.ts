/**
 * W&B artifacts, on a W&B server or on a registry of your own.
 *
 * @packageDocumentation
 */
export { Api, type ArtifactOptions, type OrganizationOptions } from "./api.js";
export { Artifact, type DeleteOptions, type FirstOf, type LinkOptions } from "./artifact.js";
export { ArtifactCollection, ArtifactCollections, type CollectionsOptions } from "./artifact-collection.js";
export { ArtifactFile, ArtifactFiles, type FilesOptions } from "./artifact-files.js";
export { ArtifactType, ArtifactTypes } from "./artifact-type.js";
export { Artifacts, RunArtifacts, type ArtifactsOptions } from "./artifacts.js";
export { BooleanColumn, Columns, IntegerColumn, ListColumn, TextColumn, TimeColumn, type Column } from "./columns.js";
export { ReliquaryError, type ErrorCode } from "./errors.js";
export type { LocalFile, LogArtifactOptions, Reference } from "./log-artifact.js";
export { Manifest, type ManifestEntry } from "./manifest.js";
export { TeamMember, UserMember, type Member, type MemberRole } from "./members.js";
export type { OperationName, Operations, OrganizationNode, RunName, TeamNode, UserNode, ViewerNode } from "./operations.js";
export { Paginator, type ListOptions } from "./paginator.js";
export type { Progress, TransferOptions } from "./progress.js";
export { Project, Projects } from "./project.js";
export type { ReadOptions } from "./read-file.js";
export { Registries, type RegistriesOptions } from "./registries.js";
export { Registry, type CreateRegistryOptions, type Visibility } from "./registry.js";
export {
  Chained,
  Collections,
  OrderedCollections,
  Versions,
  type Filter,
  type RegistryCollectionsOptions,
  type RegistryVersionsOptions,
} from "./registry-search.js";
export { Run, Runs, type RunLogOptions, type RunsOptions } from "./run.js";
export type { CallOptions, Destination, LogLevel, LogLine, ProgressOptions, SessionOptions } from "./session.js";
export type { Comparison, Difference, DownloadOptions, SomePaths, Verification, Verified, VerifyOptions } from "./transfer.js";
export { version } from "./version.js";
