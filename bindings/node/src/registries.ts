import type { Artifact } from "./artifact.js";
import type { RegistryNode } from "./operations.js";
import { pagesOf, Paginator, type ListOptions } from "./paginator.js";
import { Registry } from "./registry.js";
import {
  Chained,
  Collections,
  hundred,
  OrderedCollections,
  Versions,
  type Filter,
  type RegistryCollectionsOptions,
  type RegistryVersionsOptions,
} from "./registry-search.js";
import type { Session } from "./session.js";

/** Which registries to list. */
export interface RegistriesOptions extends ListOptions {
  /** Default: the configured one, or the only one of the key's user. */
  organization?: string | undefined;
  /** On name, description, created_at, updated_at. */
  filter?: Filter | undefined;
  /** name, created_at or updated_at, with - before it for descending. */
  order?: string | undefined;
}

/** Registries of an organization, to loop over and to search. */
export class Registries extends Paginator<RegistryNode, Registry> {
  readonly organization: string | undefined;
  readonly filter: Filter | undefined;
  readonly order: string | undefined;
  readonly #session: Session;

  /** @internal */
  constructor(session: Session, options: RegistriesOptions = {}) {
    const { organization, filter, order } = options;
    super(
      pagesOf(session, "registries_page", { organization, filters: filter, order }),
      (node) => new Registry(session, node),
      hundred(options),
    );
    this.organization = organization;
    this.filter = filter;
    this.order = order;
    this.#session = session;
  }

  /** The collections in these registries; in the order of the registries if they have one. */
  collections(options?: RegistryCollectionsOptions): Collections | OrderedCollections {
    if (this.order === undefined) return new Collections(this.#session, this.organization, this.filter, options);
    return new OrderedCollections(this.#session, this.organization, async function* (this: Registries) {
      for await (const registry of this) yield registry.collections(options);
    }.bind(this));
  }

  /** The versions in these registries; in the order of the registries if they have one. */
  versions(options?: RegistryVersionsOptions): Versions | Chained<Artifact> {
    if (this.order === undefined) return new Versions(this.#session, this.organization, this.filter, undefined, options);
    return new Chained(async function* (this: Registries) {
      for await (const registry of this) yield registry.versions(options);
    }.bind(this));
  }
}
