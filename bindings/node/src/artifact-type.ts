import { inspect, type InspectOptions } from "node:util";

import { ArtifactCollection, ArtifactCollections, type CollectionsOptions } from "./artifact-collection.js";
import { shown } from "./inspect.js";
import type { ArtifactTypeNode } from "./operations.js";
import { Paginator, type ListOptions } from "./paginator.js";
import type { Place } from "./paths.js";
import type { CallOptions, Session } from "./session.js";

/** The artifact types of a project. */
export class ArtifactTypes extends Paginator<ArtifactTypeNode, ArtifactType> {
  constructor(session: Session, place: Place, options?: ListOptions) {
    super(
      (slice, call) => session.call("artifact_types_page", { ...place, ...slice }, call),
      (node) => new ArtifactType(session, node),
      options,
    );
  }
}

/** An artifact type of a project: "dataset", "model". */
export class ArtifactType {
  readonly #session: Session;
  /** Everything that the server said of it. */
  readonly attrs: Readonly<ArtifactTypeNode>;

  constructor(session: Session, attrs: ArtifactTypeNode) {
    this.#session = session;
    this.attrs = attrs;
  }

  get id(): string {
    return this.attrs.id;
  }
  get entity(): string {
    return this.attrs.entity;
  }
  get project(): string {
    return this.attrs.project;
  }
  get name(): string {
    return this.attrs.name;
  }
  get description(): string | undefined {
    return this.attrs.description;
  }
  get createdAt(): Date {
    return new Date(this.attrs.created_at);
  }

  /** The collection of this type with that name. */
  async collection(name: string, options?: CallOptions): Promise<ArtifactCollection> {
    const { entity, project } = this;
    const node = await this.#session.call("artifact_collection_load", { entity, project, type: this.name, name }, options);
    return new ArtifactCollection(this.#session, node);
  }

  /** The collections of this type. */
  collections(options?: CollectionsOptions): ArtifactCollections {
    const { entity, project } = this;
    return new ArtifactCollections(this.#session, { entity, project, type: this.name }, options);
  }

  toJSON(): Readonly<ArtifactTypeNode> {
    return this.attrs;
  }

  [inspect.custom](_depth: number, options: InspectOptions): string {
    return shown("ArtifactType", `${this.entity}/${this.project}/${this.name}`, {}, options);
  }
}
