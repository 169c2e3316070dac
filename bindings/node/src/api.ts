import { Artifact } from "./artifact.js";
import { ArtifactCollection, ArtifactCollections, type CollectionsOptions } from "./artifact-collection.js";
import { ArtifactType, ArtifactTypes } from "./artifact-type.js";
import { Artifacts, type ArtifactsOptions } from "./artifacts.js";
import { ReliquaryError } from "./errors.js";
import { withLogInput, type LogArtifactOptions } from "./log-artifact.js";
import type { OperationName, Operations, OrganizationNode, TeamNode, UserNode, ViewerNode } from "./operations.js";
import type { ListOptions } from "./paginator.js";
import { pathIn, projectPath } from "./paths.js";
import { transfer } from "./progress.js";
import { Projects } from "./project.js";
import { Registries, type RegistriesOptions } from "./registries.js";
import { Registry, type CreateRegistryOptions } from "./registry.js";
import { Run, Runs, type RunsOptions } from "./run.js";
import { Session, type CallOptions, type Destination, type ProgressOptions, type SessionOptions } from "./session.js";

/** How to find a version. */
export interface ArtifactOptions extends CallOptions {
  /** The type that it is expected to have. */
  type?: string | undefined;
}

/** Which organization is meant. */
export interface OrganizationOptions extends CallOptions {
  /** By the name that people see. Default: the configured one, or the only one of the key's user. */
  organization?: string | undefined;
}

/**
 * The way in: a W&B server, or a registry on the own disk.
 *
 *     await using api = new Api();
 *     const model = await api.artifact("team/vision/detector:latest");
 *
 * Without options it leads where the wandb package would, or else to the registry
 * in the person's data directory. Nothing is opened until the first call, and the
 * process does not wait for an Api that has nothing to do. `close` it, or let
 * `await using` do so, to release what it holds at once.
 */
export class Api implements AsyncDisposable {
  readonly #session: Session;

  constructor(options: SessionOptions = {}) {
    this.#session = new Session(options);
  }

  /** Where it leads, and why. */
  destination(): Promise<Destination> {
    return this.#session.open();
  }

  /** Calls any operation by its name. Operations are listed in the project's README, and typed. */
  call<Name extends OperationName>(
    operation: Name,
    input: Operations[Name]["input"],
    options?: ProgressOptions,
  ): Promise<Operations[Name]["output"]> {
    return this.#session.call(operation, input, options);
  }

  /** The user that the key belongs to, and what is meant where a path names no entity or project. */
  viewer(options?: CallOptions): Promise<ViewerNode> {
    return this.#session.call("viewer_load", {}, options);
  }

  /** The projects of an entity; the configured one if none is named. */
  projects(entity?: string, options?: ListOptions): Projects {
    return new Projects(this.#session, entity, options);
  }

  /** The artifact types of a project, "entity/project". */
  artifactTypes(project?: string, options?: ListOptions): ArtifactTypes {
    return new ArtifactTypes(this.#session, projectPath(project), options);
  }

  /** An artifact type of a project, "entity/project". */
  async artifactType(typeName: string, project?: string, options?: CallOptions): Promise<ArtifactType> {
    const node = await this.#session.call("artifact_type_load", { ...projectPath(project), type: typeName }, options);
    return new ArtifactType(this.#session, node);
  }

  /** The collections of a type in a project, "entity/project"; of all types if none is named. */
  artifactCollections(project?: string, typeName?: string, options?: CollectionsOptions): ArtifactCollections {
    return new ArtifactCollections(this.#session, { ...projectPath(project), type: typeName }, options);
  }

  /** A collection, "entity/project/name". */
  async artifactCollection(typeName: string, name: string, options?: CallOptions): Promise<ArtifactCollection> {
    const input = { ...pathIn(name, "collection"), type: typeName };
    return new ArtifactCollection(this.#session, await this.#session.call("artifact_collection_load", input, options));
  }

  /** Whether there is a collection, "entity/project/name", of that type. */
  artifactCollectionExists(name: string, typeName: string, options?: CallOptions): Promise<boolean> {
    return exists(this.artifactCollection(typeName, name, options));
  }

  /** The versions of a collection, "entity/project/name", the newest first. */
  artifacts(typeName: string, name: string, options?: ArtifactsOptions): Artifacts {
    const { name: collection, ...place } = pathIn(name, "collection");
    return new Artifacts(this.#session, { ...place, type: typeName, collection }, options);
  }

  /** A version, "entity/project/name:alias"; the latest if no alias or version is named. */
  async artifact(name: string, options: ArtifactOptions = {}): Promise<Artifact> {
    const artifact = new Artifact(this.#session, await this.#session.call("artifact_load", { artifact: name }, options));
    if (options.type !== undefined && options.type !== artifact.type) {
      throw new ReliquaryError({
        code: "INVALID",
        operation: "artifact_load",
        message: `${artifact.qualifiedName} is of type ${JSON.stringify(artifact.type)}, not ${JSON.stringify(options.type)}`,
        argument: "type",
        candidates: [artifact.type],
      });
    }
    return artifact;
  }

  /**
   * Makes a version of a collection, "entity/project/name", of files on this
   * computer, in memory and elsewhere. It is there whole or not at all. If the
   * newest version has the same contents, that one is given.
   */
  async logArtifact(collection: string, options: LogArtifactOptions): Promise<Artifact> {
    const { id } = await withLogInput(collection, options, (input) => this.#session.call("log_artifact", input, transfer(options)));
    return new Artifact(this.#session, await this.#session.call("artifact_load", { id }, { signal: options.signal }));
  }

  /** Whether there is a version, "entity/project/name:alias". */
  artifactExists(name: string, options?: ArtifactOptions): Promise<boolean> {
    return exists(this.artifact(name, options));
  }

  /** The registries of an organization, to loop over and to search. */
  registries(options?: RegistriesOptions): Registries {
    return new Registries(this.#session, options);
  }

  /** A registry by its name, without "wandb-registry-". */
  async registry(name: string, options: OrganizationOptions = {}): Promise<Registry> {
    const input = { registry: name, organization: options.organization };
    return new Registry(this.#session, await this.#session.call("registry_load", input, options));
  }

  /** Makes a registry, whose name has to be new in its organization. */
  async createRegistry(name: string, options: CreateRegistryOptions): Promise<Registry> {
    const { organization, visibility, description, artifactTypes } = options;
    const types = artifactTypes === undefined || artifactTypes.length === 0 ? undefined : [...artifactTypes];
    const input = { registry: name, organization, visibility, description, artifact_types: types };
    return new Registry(this.#session, await this.#session.call("registry_create", input, options));
  }

  /** An organization by the name that people see; the configured or the only one if none is named. */
  organization(name?: string, options?: CallOptions): Promise<OrganizationNode> {
    return this.#session.call("organization_load", { organization: name }, options);
  }

  /**
   * Makes an organization for registries, in a registry of one's own; no user and no team has its name.
   * On W&B's servers organizations are made by whoever runs the server.
   */
  createOrganization(name: string, options?: CallOptions): Promise<OrganizationNode> {
    return this.#session.call("organization_create", { organization: name }, options);
  }

  /** A team by its name. */
  team(name: string, options?: CallOptions): Promise<TeamNode> {
    return this.#session.call("team_load", { team: name }, options);
  }

  /** The users that a username or email address fits. W&B's own servers show administrators all, and others none. */
  async users(usernameOrEmail: string, options?: CallOptions): Promise<UserNode[]> {
    return (await this.#session.call("users_search", { query: usernameOrEmail }, options)).users;
  }

  /** A user by username or email address; nothing if there is none. */
  async user(usernameOrEmail: string, options?: CallOptions): Promise<UserNode | undefined> {
    return (await this.users(usernameOrEmail, options))[0];
  }

  /** A run, "entity/project/id". */
  async run(path: string, options?: CallOptions): Promise<Run> {
    const { name: run, ...place } = pathIn(path, "run");
    return new Run(this.#session, await this.#session.call("run_load", { ...place, run }, options));
  }

  /** The runs of a project, "entity/project". */
  runs(project?: string, options?: RunsOptions): Runs {
    return new Runs(this.#session, projectPath(project), options);
  }

  /** Cancels what is pending, waits for it, and releases everything. Doing it twice is harmless. */
  close(): Promise<void> {
    return this.#session.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

async function exists(found: Promise<unknown>): Promise<boolean> {
  try {
    await found;
    return true;
  } catch (error) {
    if (error instanceof ReliquaryError && error.code === "NOT_FOUND") return false;
    throw error;
  }
}
