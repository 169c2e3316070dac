import { Artifact } from "./artifact.js";
import type { Row } from "./attributes.js";
import type { ArtifactNode } from "./operations.js";
import { Paginator, versionPages, type ListOptions } from "./paginator.js";
import type { Place } from "./paths.js";
import type { Session } from "./session.js";

/** Which versions to list. */
export interface ArtifactsOptions extends ListOptions {
  /** As W&B takes them. Default: `{ state: "COMMITTED" }`. */
  filters?: Record<string, unknown> | undefined;
  /** A field's name, with - before it for descending. Default: newest first. */
  order?: string | undefined;
  /** Only versions that have all of these. */
  tags?: string[] | undefined;
}

/** The versions of a collection. */
export class Artifacts extends Paginator<ArtifactNode, Artifact, Row<ArtifactNode>> {
  /** The collection. */
  readonly collectionName: string;
  /** The collection's type; nothing if it was not said. */
  readonly type: string | undefined;
  readonly filters: Record<string, unknown> | undefined;
  readonly order: string | undefined;
  readonly tags: readonly string[] | undefined;

  constructor(session: Session, of: Place & { type?: string | undefined; collection: string }, options: ArtifactsOptions = {}) {
    const { filters, order, tags } = options;
    super(versionPages(session, "artifacts_page", { ...of, filters, order, tags }), (node) => new Artifact(session, node), options);
    this.collectionName = of.collection;
    this.type = of.type;
    this.filters = filters;
    this.order = order;
    this.tags = tags;
  }
}

/** The versions that a run logged, or used. */
export class RunArtifacts extends Paginator<ArtifactNode, Artifact, Row<ArtifactNode>> {
  readonly mode: "logged" | "used";

  constructor(session: Session, of: Place & { run: string }, mode: "logged" | "used", options?: ListOptions) {
    super(versionPages(session, "run_artifacts_page", { ...of, mode }), (node) => new Artifact(session, node), options);
    this.mode = mode;
  }
}
