import { Artifact } from "./artifact.js";
import type { ArtifactNode } from "./operations.js";
import { Paginator, type ListOptions, type PageSource } from "./paginator.js";
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

/** Many versions as columns: one array per attribute, in the order of the list. */
export interface ArtifactColumns {
  length: number;
  id: string[];
  collection: string[];
  version: string[];
  versionIndex: Int32Array;
  type: string[];
  state: string[];
  digest: string[];
  aliases: string[][];
  tags: string[][];
  /** In bytes. */
  size: BigUint64Array;
  fileCount: Float64Array;
  /** Milliseconds since 1970, as Date takes them. */
  createdAt: Float64Array;
}

/** A list of versions. */
abstract class ArtifactList extends Paginator<ArtifactNode, Artifact> {
  constructor(session: Session, source: PageSource<ArtifactNode>, options?: ListOptions) {
    super(source, (node) => new Artifact(session, node), options);
  }

  /** The whole list as columns, without an object per version. */
  async columns(): Promise<ArtifactColumns> {
    const nodes: ArtifactColumns = emptyColumns(1024);
    for await (const page of this.connections(Math.max(this.perPage, 1000))) {
      const length = nodes.length + page.nodes.length;
      if (length > nodes.size.length) grow(nodes, Math.max(length, page.total_count ?? 0, 2 * nodes.size.length));
      for (const node of page.nodes) {
        const i = nodes.length++;
        nodes.id.push(node.id);
        nodes.collection.push(node.collection);
        nodes.version.push(node.version);
        nodes.versionIndex[i] = node.version_index;
        nodes.type.push(node.type);
        nodes.state.push(node.state);
        nodes.digest.push(node.digest);
        nodes.aliases.push(node.aliases);
        nodes.tags.push(node.tags);
        nodes.size[i] = BigInt(node.size);
        nodes.fileCount[i] = node.file_count;
        nodes.createdAt[i] = Date.parse(node.created_at);
      }
    }
    nodes.versionIndex = nodes.versionIndex.subarray(0, nodes.length);
    nodes.size = nodes.size.subarray(0, nodes.length);
    nodes.fileCount = nodes.fileCount.subarray(0, nodes.length);
    nodes.createdAt = nodes.createdAt.subarray(0, nodes.length);
    return nodes;
  }
}

function emptyColumns(room: number): ArtifactColumns {
  return {
    length: 0,
    id: [],
    collection: [],
    version: [],
    versionIndex: new Int32Array(room),
    type: [],
    state: [],
    digest: [],
    aliases: [],
    tags: [],
    size: new BigUint64Array(room),
    fileCount: new Float64Array(room),
    createdAt: new Float64Array(room),
  };
}

function grow(columns: ArtifactColumns, room: number): void {
  const { versionIndex, size, fileCount, createdAt } = columns;
  (columns.versionIndex = new Int32Array(room)).set(versionIndex);
  (columns.size = new BigUint64Array(room)).set(size);
  (columns.fileCount = new Float64Array(room)).set(fileCount);
  (columns.createdAt = new Float64Array(room)).set(createdAt);
}

/** The versions of a collection. */
export class Artifacts extends ArtifactList {
  /** The collection. */
  readonly collectionName: string;
  /** The collection's type; nothing if it was not said. */
  readonly type: string | undefined;
  readonly filters: Record<string, unknown> | undefined;
  readonly order: string | undefined;
  readonly tags: readonly string[] | undefined;

  constructor(session: Session, of: Place & { type?: string | undefined; collection: string }, options: ArtifactsOptions = {}) {
    const { filters, order, tags } = options;
    super(session, (slice, call) => session.call("artifacts_page", { ...of, filters, order, tags, ...slice }, call), options);
    this.collectionName = of.collection;
    this.type = of.type;
    this.filters = filters;
    this.order = order;
    this.tags = tags;
  }
}

/** The versions that a run logged, or used. */
export class RunArtifacts extends ArtifactList {
  readonly mode: "logged" | "used";

  constructor(session: Session, of: Place & { run: string }, mode: "logged" | "used", options?: ListOptions) {
    super(session, (slice, call) => session.call("run_artifacts_page", { ...of, mode, ...slice }, call), options);
    this.mode = mode;
  }
}
