import { inspect, type InspectOptions } from "node:util";

import { Artifacts, type ArtifactsOptions } from "./artifacts.js";
import { shown } from "./inspect.js";
import type { ArtifactCollectionNode, CollectionName } from "./operations.js";
import { pagesOf, Paginator, type ListOptions } from "./paginator.js";
import type { Place } from "./paths.js";
import type { CallOptions, Session } from "./session.js";

/** Which collections to list. */
export interface CollectionsOptions extends ListOptions {
  /** As W&B takes them, like MongoDB's: `{ name: { $regex: "^det" } }`. */
  filters?: Record<string, unknown> | undefined;
  /** A field's name, with - before it for descending. */
  order?: string | undefined;
}

/** Artifact collections of a project. */
export class ArtifactCollections extends Paginator<ArtifactCollectionNode, ArtifactCollection> {
  constructor(session: Session, of: Place & { type?: string | undefined }, options: CollectionsOptions = {}) {
    const { filters, order } = options;
    super(
      pagesOf(session, "artifact_collections_page", { ...of, filters, order }),
      (node) => new ArtifactCollection(session, node),
      options,
    );
  }
}

/**
 * An artifact collection: a sequence of versions that were logged under its
 * name, or a portfolio of versions that were linked into it. What is assigned
 * is sent by `save`.
 */
export class ArtifactCollection {
  readonly #session: Session;
  #attrs: ArtifactCollectionNode;
  #tags: string[];

  /** The name; assigning renames the collection. */
  name: string;
  /** The artifact type; assigning moves a sequence with its versions. */
  type: string;
  /** Nothing removes it. */
  description: string | undefined;

  constructor(session: Session, attrs: ArtifactCollectionNode) {
    this.#session = session;
    this.#attrs = attrs;
    this.#tags = [...attrs.tags];
    this.name = attrs.name;
    this.type = attrs.type;
    this.description = attrs.description;
  }

  /** Everything that the server said of it, without what was assigned since. */
  get attrs(): Readonly<ArtifactCollectionNode> {
    return this.#attrs;
  }
  get id(): string {
    return this.#attrs.id;
  }
  get entity(): string {
    return this.#attrs.entity;
  }
  get project(): string {
    return this.#attrs.project;
  }
  get createdAt(): Date {
    return new Date(this.#attrs.created_at);
  }
  get updatedAt(): Date | undefined {
    return this.#attrs.updated_at === undefined ? undefined : new Date(this.#attrs.updated_at);
  }
  /** The tags; the array can be changed in place. */
  get tags(): string[] {
    return this.#tags;
  }
  set tags(tags: Iterable<string>) {
    this.#tags = [...tags];
  }

  /** Whether versions are logged into it; a portfolio has links to them. */
  isSequence(): boolean {
    return this.#attrs.kind === "SEQUENCE";
  }

  /** The aliases of all its versions. */
  async aliases(options?: CallOptions): Promise<string[]> {
    return (await this.#session.call("artifact_collection_aliases", this.#place(), options)).aliases;
  }

  /** Its versions, the newest first. */
  artifacts(options?: ArtifactsOptions): Artifacts {
    const { entity, project, type, name } = this.#attrs;
    return new Artifacts(this.#session, { entity, project, type, collection: name }, options);
  }

  /** Sends what was assigned: name, type, description and tags. */
  async save(options?: CallOptions): Promise<void> {
    const was = this.#attrs;
    const node = await this.#session.call(
      "artifact_collection_save",
      {
        ...this.#place(),
        new_name: this.name === was.name ? undefined : this.name,
        new_type: this.type === was.type ? undefined : this.type,
        description: this.description === was.description ? undefined : (this.description ?? ""),
        tags: same(this.#tags, was.tags) ? undefined : this.#tags,
      },
      options,
    );
    this.#take(node);
  }

  /**
   * Moves a sequence to another type, which is made if it is new.
   * @deprecated Assign `type` and call `save`.
   */
  async changeType(newType: string, options?: CallOptions): Promise<void> {
    process.emitWarning("changeType is deprecated: assign type and call save", "DeprecationWarning", "RELIQUARY_CHANGE_TYPE");
    this.type = newType;
    await this.save(options);
  }

  /** Deletes it at once, a sequence with all its versions. */
  async delete(options?: CallOptions): Promise<void> {
    await this.#session.call("artifact_collection_delete", this.#place(), options);
  }

  /** Asks the server anew, and forgets what was assigned and not saved. */
  async load(options?: CallOptions): Promise<void> {
    this.#take(await this.#session.call("artifact_collection_load", this.#place(), options));
  }

  #place(): CollectionName {
    const { entity, project, type, name } = this.#attrs;
    return { entity, project, type, name };
  }

  #take(attrs: ArtifactCollectionNode): void {
    this.#attrs = attrs;
    this.#tags = [...attrs.tags];
    this.name = attrs.name;
    this.type = attrs.type;
    this.description = attrs.description;
  }

  toJSON(): Readonly<ArtifactCollectionNode> {
    return this.#attrs;
  }

  [inspect.custom](_depth: number, options: InspectOptions): string {
    const { entity, project, name, type, tags, description } = this;
    return shown("ArtifactCollection", `${entity}/${project}/${name}`, { type, tags, description }, options);
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, i) => word === b[i]);
}
