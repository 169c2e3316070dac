import { rowsOf, type Row } from "./attributes.js";
import { Columns } from "./columns.js";
import { ReliquaryError } from "./errors.js";
import type { NativeColumns } from "./native.js";
import type { ArtifactNode, OperationName, Operations, PageInfo } from "./operations.js";
import type { CallOptions, ProgressOptions, Session } from "./session.js";

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

/** Gets one page, and the whole list as columns where it can. */
export interface PageSource<Node> {
  (slice: Slice, options: ProgressOptions): Promise<Connection<Node>>;
  columns?: ((slice: Slice, options: CallOptions) => Promise<NativeColumns>) | undefined;
}

/** The operations that give pages of versions. */
type VersionsName = {
  [Name in PageName]: Operations[Name]["output"] extends Connection<ArtifactNode> ? Name : never;
}[PageName];

/** The pages of one of them: versions are many, and come as columns. */
export function versionPages<Name extends VersionsName>(
  session: Session,
  operation: Name,
  input: Omit<Operations[Name]["input"], keyof Slice | "columns">,
): PageSource<Row<ArtifactNode>> {
  const of = (slice: Slice): Operations[Name]["input"] => ({ ...input, ...slice, columns: true }) as Operations[Name]["input"];
  const page = async (slice: Slice, options: ProgressOptions): Promise<Connection<Row<ArtifactNode>>> => {
    const { columns, page_info, total_count } = await session.call(operation, of(slice), options);
    return { nodes: columns === undefined ? [] : rowsOf<ArtifactNode>(columns), page_info, total_count };
  };
  return Object.assign(page, { columns: (slice: Slice, options: CallOptions) => session.columns(operation, of(slice), options) });
}

/** What a page tells before it is there: where it ends, if another one follows. */
type PageEnd = Pick<Connection<unknown>, "page_info">;

/** A page on its way. */
interface Coming<Node> {
  readonly after: string | undefined;
  readonly page: Promise<Connection<Node>>;
  /** Somebody waits for it, and will want the one behind it too. */
  awaited: boolean;
  /** Where it ends, once that is known. */
  end?: string | undefined;
  /** The page behind it, if it was asked for already. */
  next?: Coming<Node>;
}

/** The operations that give pages. */
type PageName = {
  [Name in OperationName]: Operations[Name]["output"] extends Connection<unknown> ? Name : never;
}[OperationName];

/** The pages of an operation. */
export function pagesOf<Name extends PageName>(
  session: Session,
  operation: Name,
  input: Omit<Operations[Name]["input"], keyof Slice>,
): PageSource<Operations[Name]["output"]["nodes"][number]> {
  const of = (slice: Slice): Operations[Name]["input"] => ({ ...input, ...slice }) as Operations[Name]["input"];
  return Object.assign((slice: Slice, options: ProgressOptions) => session.call(operation, of(slice), options), {
    columns: (slice: Slice, options: CallOptions) => session.columns(operation, of(slice), options),
  });
}

/**
 * A list that the server gives page by page. Nothing is asked for until it is
 * looped over, and each loop asks anew:
 *
 *     for await (const version of collection.artifacts()) console.log(version.name);
 *
 * While a page is used the next one is fetched, at most one ahead. Leaving the
 * loop stops that.
 */
export class Paginator<Node, Item, Given = Node> implements AsyncIterable<Item> {
  readonly #source: PageSource<Given>;
  readonly #make: (node: Given) => Item;
  readonly #options: ListOptions;
  #length: number | undefined;

  constructor(source: PageSource<Given>, make: (node: Given) => Item, options: ListOptions = {}) {
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
    for await (const page of this.connections(this.#options.perPage ?? 1000, true)) {
      for (const node of page.nodes) items.push(this.#make(node));
    }
    return items;
  }

  /**
   * The whole list as columns, without an object per item: ten thousand versions
   * take about as long as a page of them. Asks for 1,000 at once, or `perPage` if
   * that is more.
   */
  async columns(): Promise<Columns<Node>> {
    const { columns } = this.#source;
    if (columns === undefined) {
      throw new ReliquaryError({ code: "UNSUPPORTED", operation: "", message: "this list cannot be had as columns" });
    }
    const { signal } = this.#options;
    return new Columns(await columns({ first: Math.max(this.perPage, 1000) }, { signal }));
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

  /**
   * The pages as they came. The next one is asked for when a page is here, and
   * earlier, when it is known where the page ends, by whoever waits for one behind
   * the first, or for all.
   */
  protected async *connections(first: number, all = false): AsyncGenerator<Connection<Given>, void, undefined> {
    const { signal } = this.#options;
    const left = new AbortController(); // the loop was
    const stop = signal ? AbortSignal.any([signal, left.signal]) : left.signal;
    const ask = (after?: string): Coming<Given> => {
      const onProgress = (told: unknown): void => {
        coming.end = (told as PageEnd).page_info.end_cursor;
        if (coming.awaited) goOn(coming);
      };
      const page = this.#source({ first, after }, { signal: stop, onProgress });
      page.catch(() => {}); // it is told when it is awaited
      const coming: Coming<Given> = { after, page, awaited: false };
      return coming;
    };
    const goOn = (coming: Coming<Given>): void => {
      if (coming.end !== undefined) coming.next ??= ask(coming.end);
    };
    try {
      let coming: Coming<Given> | undefined = ask();
      while (coming) {
        coming.awaited = all || coming.after !== undefined;
        if (coming.awaited) goOn(coming);
        const page: Connection<Given> = await coming.page;
        signal?.throwIfAborted(); // it may have come before that
        this.#length = page.total_count ?? this.#length;
        const { has_next_page: more, end_cursor: after } = page.page_info;
        const next: Coming<Given> | undefined = coming.next?.after === after ? coming.next : undefined;
        coming = more ? (next ?? ask(after)) : undefined;
        yield page;
      }
    } finally {
      left.abort();
    }
  }
}
