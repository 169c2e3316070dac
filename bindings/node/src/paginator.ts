import type { PageInfo } from "./operations.js";
import type { CallOptions } from "./session.js";

/** What every list takes. */
export interface ListOptions extends CallOptions {
  /** How many are asked for at once, 1 to 10,000. Default: 50. */
  perPage?: number | undefined;
}

/** A page as an operation gives it. */
export interface Connection<Node> {
  nodes: Node[];
  page_info: PageInfo;
  total_count?: number | undefined;
}

/** Which page is asked for. */
export interface Slice {
  first: number;
  after?: string | undefined;
  total?: boolean | undefined;
}

/** Gets one page. */
export type PageSource<Node> = (slice: Slice, options: CallOptions) => Promise<Connection<Node>>;

/**
 * A list that the server gives page by page. Nothing is asked for until it is
 * looped over, and each loop asks anew:
 *
 *     for await (const version of collection.artifacts()) console.log(version.name);
 *
 * While a page is used the next one is fetched, at most one ahead. Leaving the
 * loop stops that.
 */
export class Paginator<Node, Item> implements AsyncIterable<Item> {
  readonly #source: PageSource<Node>;
  readonly #make: (node: Node) => Item;
  readonly #options: ListOptions;
  #length: number | undefined;

  constructor(source: PageSource<Node>, make: (node: Node) => Item, options: ListOptions = {}) {
    this.#source = source;
    this.#make = make;
    this.#options = options;
  }

  /** How many are asked for at once. */
  get perPage(): number {
    return this.#options.perPage ?? 50;
  }

  /** The length of the whole list: the server is asked, unless a page has told. */
  async length(options: CallOptions = {}): Promise<number> {
    if (this.#length === undefined) {
      const signal = options.signal ?? this.#options.signal;
      const page = await this.#source({ first: 1, total: true }, { signal });
      this.#length = page.total_count ?? page.nodes.length;
    }
    return this.#length;
  }

  /** The whole list as an array. Asks for 1,000 at once unless `perPage` was given. */
  async toArray(): Promise<Item[]> {
    const items: Item[] = [];
    for await (const page of this.connections(this.#options.perPage ?? 1000)) {
      for (const node of page.nodes) items.push(this.#make(node));
    }
    return items;
  }

  /** The items of each page. */
  async *pages(): AsyncGenerator<Item[], void, undefined> {
    for await (const page of this.connections(this.perPage)) yield page.nodes.map(this.#make);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const page of this.connections(this.perPage)) {
      for (const node of page.nodes) yield this.#make(node);
    }
  }

  /** The pages as they came. */
  protected async *connections(first: number): AsyncGenerator<Connection<Node>, void, undefined> {
    const { signal } = this.#options;
    const left = new AbortController(); // the loop was
    const options = { signal: signal ? AbortSignal.any([signal, left.signal]) : left.signal };
    try {
      let next: Promise<Connection<Node>> | undefined = this.#source({ first }, options);
      while (next) {
        const page: Connection<Node> = await next;
        signal?.throwIfAborted(); // it may have come before that
        this.#length = page.total_count ?? this.#length;
        const after = page.page_info.end_cursor;
        next = page.page_info.has_next_page ? this.#source({ first, after }, options) : undefined;
        next?.catch(() => {}); // it is told when it is awaited
        yield page;
      }
    } finally {
      left.abort();
    }
  }
}
