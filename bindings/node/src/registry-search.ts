import { Artifact } from "./artifact.js";
import { ArtifactCollection } from "./artifact-collection.js";
import type { Row } from "./attributes.js";
import type { ArtifactCollectionNode, ArtifactNode } from "./operations.js";
import { pagesOf, Paginator, versionPages, type ListOptions } from "./paginator.js";
import type { Session } from "./session.js";

/** Conditions as W&B takes them, like MongoDB's: `{ name: { $regex: "^det" } }`. */
export type Filter = Record<string, unknown>;

/** Which collections of registries to list. */
export interface RegistryCollectionsOptions extends ListOptions {
  /** On name, tag, description, created_at, updated_at. */
  filter?: Filter | undefined;
  /** name, created_at or updated_at, with - before it for descending. */
  order?: string | undefined;
}

/** Which versions in registries to list. */
export interface RegistryVersionsOptions extends ListOptions {
  /** On version, tag, alias, created_at, updated_at, metadata.<key>. */
  filter?: Filter | undefined;
  /** created_at, artifact_size or linked_at, with - before it. Not on servers without W&B's advanced search. */
  order?: string | undefined;
}

/** Lists of registries give 100 items at once. */
export function hundred<Options extends ListOptions>(options: Options): Options {
  return { ...options, perPage: options.perPage ?? 100 };
}

/** Collections in registries. */
export class Collections extends Paginator<ArtifactCollectionNode, ArtifactCollection> {
  readonly organization: string | undefined;
  readonly registryFilter: Filter | undefined;
  readonly collectionFilter: Filter | undefined;
  readonly order: string | undefined;
  readonly #session: Session;

  /** @internal */
  constructor(session: Session, organization: string | undefined, registries: Filter | undefined, options: RegistryCollectionsOptions = {}) {
    const { filter, order } = options;
    super(
      pagesOf(session, "registry_collections_page", { organization, registries, filters: filter, order }),
      (node) => new ArtifactCollection(session, node),
      hundred(options),
    );
    this.organization = organization;
    this.registryFilter = registries;
    this.collectionFilter = filter;
    this.order = order;
    this.#session = session;
  }

  /** The versions in these collections; in the order of the collections if they have one. */
  versions(options?: RegistryVersionsOptions): Versions | Chained<Artifact> {
    if (this.order === undefined) {
      return new Versions(this.#session, this.organization, this.registryFilter, this.collectionFilter, options);
    }
    return versionsOf(this.#session, this.organization, this, options);
  }
}

/** Versions that are linked in registries, each as seen there. */
export class Versions extends Paginator<ArtifactNode, Artifact, Row<ArtifactNode>> {
  readonly organization: string | undefined;
  readonly registryFilter: Filter | undefined;
  readonly collectionFilter: Filter | undefined;
  readonly artifactFilter: Filter | undefined;
  readonly order: string | undefined;

  /** @internal */
  constructor(
    session: Session,
    organization: string | undefined,
    registries: Filter | undefined,
    collections: Filter | undefined,
    options: RegistryVersionsOptions = {},
  ) {
    const { filter, order } = options;
    super(
      versionPages(session, "registry_versions_page", { organization, registries, collections, filters: filter, order }),
      (node) => new Artifact(session, node),
      hundred(options),
    );
    this.organization = organization;
    this.registryFilter = registries;
    this.collectionFilter = collections;
    this.artifactFilter = filter;
    this.order = order;
  }
}

/** One list after the other, each asked for when the one before it has ended. */
export class Chained<Item> implements AsyncIterable<Item> {
  readonly #lists: () => AsyncIterable<AsyncIterable<Item>>;

  /** @internal */
  constructor(lists: () => AsyncIterable<AsyncIterable<Item>>) {
    this.#lists = lists;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const list of this.#lists()) yield* list;
  }

  /** Everything as an array. */
  async toArray(): Promise<Item[]> {
    const items: Item[] = [];
    for await (const item of this) items.push(item);
    return items;
  }
}

/** Collections in the order of their registries. */
export class OrderedCollections extends Chained<ArtifactCollection> {
  readonly #session: Session;
  readonly #organization: string | undefined;

  /** @internal */
  constructor(session: Session, organization: string | undefined, lists: () => AsyncIterable<Collections>) {
    super(lists);
    this.#session = session;
    this.#organization = organization;
  }

  /** The versions in these collections, in the order of the collections. */
  versions(options?: RegistryVersionsOptions): Chained<Artifact> {
    return versionsOf(this.#session, this.#organization, this, options);
  }
}

function versionsOf(
  session: Session,
  organization: string | undefined,
  collections: AsyncIterable<ArtifactCollection>,
  options: RegistryVersionsOptions | undefined,
): Chained<Artifact> {
  return new Chained(async function* () {
    for await (const c of collections) {
      yield new Versions(session, organization, { name: c.attrs.project }, { name: c.attrs.name }, options);
    }
  });
}
