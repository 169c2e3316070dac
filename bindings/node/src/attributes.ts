import type { NodeColumns } from "./operations.js";

/** What the server said of an object, looked up when it is asked for. */
export interface Attributes<Node> {
  get<Name extends keyof Node>(name: Name): Node[Name];
  /** An attribute as JSON, "{}" for one that it does not have. */
  json(name: keyof Node): string;
  /** All of them, in an object that is nobody else's. */
  whole(): Node;
}

/** Those of an object that came alone. */
export class Loaded<Node extends object> implements Attributes<Node> {
  readonly #node: Node;

  constructor(node: Node) {
    this.#node = node;
  }

  get<Name extends keyof Node>(name: Name): Node[Name] {
    return this.#node[name];
  }

  json(name: keyof Node): string {
    return JSON.stringify(this.#node[name] ?? {});
  }

  whole(): Node {
    return this.#node;
  }
}

/**
 * Those of an object of a page that came as columns: an object of its own for each
 * would take several times the memory and most of the time that a page takes. The
 * columns stay as long as one of their rows.
 */
export class Row<Node extends object> implements Attributes<Node> {
  readonly #columns: Page;
  readonly #index: number;

  constructor(columns: Page, index: number) {
    this.#columns = columns;
    this.#index = index;
  }

  get<Name extends keyof Node>(name: Name): Node[Name] {
    return (this.#columns.each.get(name)?.[this.#index] ?? this.#columns.same.get(name)) as Node[Name];
  }

  json(name: keyof Node): string {
    const { each, json } = this.#columns;
    if (each.has(name)) return JSON.stringify(this.get(name) ?? {});
    let text = json.get(name);
    if (text === undefined) json.set(name, (text = JSON.stringify(this.get(name) ?? {})));
    return text;
  }

  whole(): Node {
    const node: Record<PropertyKey, unknown> = {};
    for (const name of this.#columns.names) {
      const value: unknown = this.get(name as keyof Node);
      if (value === undefined) continue;
      node[name] = typeof value === "object" ? JSON.parse(JSON.stringify(value)) : value;
    }
    return node as Node;
  }
}

/** The columns of a page. */
interface Page {
  readonly names: readonly string[];
  /** What differs, by object; null where one has none. */
  readonly each: ReadonlyMap<PropertyKey, readonly unknown[]>;
  /** What all objects have in common. */
  readonly same: ReadonlyMap<PropertyKey, unknown>;
  /** That, as JSON, once it was asked for. */
  readonly json: Map<PropertyKey, string>;
}

/** The objects of a page that came as columns. */
export function rowsOf<Node extends object>({ length, values }: NodeColumns): Row<Node>[] {
  const each = new Map<PropertyKey, readonly unknown[]>();
  const same = new Map<PropertyKey, unknown>();
  for (const [name, column] of Object.entries(values)) {
    if (Array.isArray(column)) each.set(name, column);
    else same.set(name, (column as { same: unknown }).same);
  }
  const page: Page = { names: Object.keys(values), each, same, json: new Map() };
  return Array.from({ length }, (_, index) => new Row<Node>(page, index));
}
