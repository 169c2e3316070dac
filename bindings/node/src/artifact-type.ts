import { inspect, type InspectOptions } from "node:util";

import { ArtifactCollection, ArtifactCollections, type CollectionsOptions } from "./artifact-collection.js";
import { shown } from "./inspect.js";
import { Loaded } from "./loaded.js";
import type { ArtifactTypeNode } from "./operations.js";
import { pagesOf, Paginator, type ListOptions } from "./paginator.js";
import type { Place } from "./paths.js";
import type { CallOptions, Session } from "./session.js";

/** The artifact types of a project. */
export class ArtifactTypes extends Paginator<ArtifactTypeNode, ArtifactType> {
  constructor(session: Session, place: Place, options?: ListOptions) {
    super(
      pagesOf(session, "artifact_types_page", place),
      (node) => new ArtifactType(session, node),
      options,
    );
  }
}

/** An artifact type of a project: "dataset", "model". */
export class ArtifactType extends Loaded<ArtifactTypeNode> {
  readonly #session: Session;

  constructor(session: Session, attrs: ArtifactTypeNode) {
    super(attrs);
    this.#session = session;
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

  [inspect.custom](_depth: number, options: InspectOptions): string {
    return shown("ArtifactType", `${this.entity}/${this.project}/${this.name}`, {}, options);
  }
}
