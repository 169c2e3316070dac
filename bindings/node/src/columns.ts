import type { NativeColumn, NativeColumns } from "./native.js";

/** What a column holds: of what kind its values are. */
export type Column = TextColumn | IntegerColumn | TimeColumn | BooleanColumn | ListColumn;

/**
 * A whole list as columns, one for each attribute, in the order of the list. The
 * library lays them out as Apache Arrow does, and JavaScript sees that memory:
 * there is an object for a value only when it is asked for.
 */
export class Columns<Row> {
  /** How many rows there are. */
  readonly length: number;
  readonly #columns = new Map<string, Column>();

  /** @internal */
  constructor([rows, memory, columns]: NativeColumns) {
    this.length = rows;
    for (const column of columns) this.#columns.set(column[0], columnOf(memory, column));
  }

  /** The names of the columns: those of the attributes in JSON. */
  get names(): (keyof Row & string)[] {
    return [...this.#columns.keys()] as (keyof Row & string)[];
  }

  /** A column of any kind. */
  get(name: keyof Row & string): Column {
    const column = this.#columns.get(name);
    if (column === undefined) throw new RangeError(`there is no column ${JSON.stringify(name)}, but ${this.names.join(", ")}`);
    return column;
  }

  /** A column of strings. Objects such as metadata are JSON text. */
  text(name: keyof Row & string): TextColumn {
    return this.#of(name, TextColumn);
  }
  /** A column of whole numbers. */
  integers(name: keyof Row & string): IntegerColumn {
    return this.#of(name, IntegerColumn);
  }
  /** A column of moments. */
  times(name: keyof Row & string): TimeColumn {
    return this.#of(name, TimeColumn);
  }
  /** A column of booleans. */
  booleans(name: keyof Row & string): BooleanColumn {
    return this.#of(name, BooleanColumn);
  }
  /** A column of lists of strings. */
  lists(name: keyof Row & string): ListColumn {
    return this.#of(name, ListColumn);
  }

  #of<Kind extends Column>(name: keyof Row & string, kind: new (...parts: never[]) => Kind): Kind {
    const column = this.get(name);
    if (!(column instanceof kind)) throw new TypeError(`the column ${JSON.stringify(name)} is a ${column.constructor.name}, no ${kind.name}`);
    return column;
  }
}

/** The values of one attribute. null stands for what a row does not have. */
abstract class Values<Value> implements Iterable<Value | null> {
  readonly length: number;
  /** How many rows have no value. */
  readonly nullCount: number;
  /** A bit for each row, the lowest of a byte first: whether it has a value. Nothing if all have. */
  readonly validity: Uint8Array | undefined;

  constructor(memory: ArrayBuffer, [, , length, nullCount, places]: NativeColumn) {
    this.length = length;
    this.nullCount = nullCount;
    const place = places[0] ?? -1;
    this.validity = place < 0 ? undefined : new Uint8Array(memory, place, Math.ceil(length / 8));
  }

  /** The value of a row; the rows begin with 0. */
  get(row: number): Value | null {
    if (!Number.isInteger(row) || row < 0 || row >= this.length) throw new RangeError(`there is no row ${row} among ${this.length}`);
    return this.validity !== undefined && !bit(this.validity, row) ? null : this.value(row);
  }

  protected abstract value(row: number): Value;

  *[Symbol.iterator](): Generator<Value | null, void, undefined> {
    for (let row = 0; row < this.length; row++) yield this.get(row);
  }

  /** All values as an array: an object for each. */
  toArray(): (Value | null)[] {
    return [...this];
  }
}

/** Strings: the bytes of all one after the other, and where each begins. */
export class TextColumn extends Values<string> {
  /** UTF-8. */
  readonly bytes: Uint8Array;
  /** Where in `bytes` the text of each row begins, and at last where the last ends. */
  readonly offsets: BigInt64Array;
  readonly #text: Buffer;

  /** @internal */
  constructor(memory: ArrayBuffer, column: NativeColumn) {
    super(memory, column);
    this.offsets = longs(memory, column[4][1], this.length + 1);
    const end = Number(this.offsets[this.length] ?? 0n);
    this.bytes = new Uint8Array(memory, end === 0 ? 0 : column[4][2], end);
    this.#text = Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
  }

  protected override value(row: number): string {
    return this.#text.toString("utf8", Number(this.offsets[row]), Number(this.offsets[row + 1]));
  }
}

/** Whole numbers of 64 bits. */
export class IntegerColumn extends Values<bigint> {
  /** The number of each row; what stands in a row without one means nothing. */
  readonly values: BigInt64Array;

  /** @internal */
  constructor(memory: ArrayBuffer, column: NativeColumn) {
    super(memory, column);
    this.values = longs(memory, column[4][1], this.length);
  }

  protected override value(row: number): bigint {
    return this.values[row] as bigint;
  }

  /** The numbers as JavaScript's own, NaN where there is none. */
  toNumbers(): Float64Array {
    return Float64Array.from({ length: this.length }, (_, row) => Number(this.get(row) ?? NaN));
  }
}

/** Moments. */
export class TimeColumn extends Values<Date> {
  /** Microseconds since 1970 in UTC; what stands in a row without a moment means nothing. */
  readonly values: BigInt64Array;

  /** @internal */
  constructor(memory: ArrayBuffer, column: NativeColumn) {
    super(memory, column);
    this.values = longs(memory, column[4][1], this.length);
  }

  protected override value(row: number): Date {
    return new Date(Number(this.values[row]) / 1000);
  }
}

/** Booleans. */
export class BooleanColumn extends Values<boolean> {
  /** A bit for each row, the lowest of a byte first. */
  readonly bits: Uint8Array;

  /** @internal */
  constructor(memory: ArrayBuffer, column: NativeColumn) {
    super(memory, column);
    const length = Math.ceil(this.length / 8);
    this.bits = new Uint8Array(memory, length === 0 ? 0 : column[4][1], length);
  }

  protected override value(row: number): boolean {
    return bit(this.bits, row);
  }
}

/** Lists of strings: the items of all one after the other, and where each begins. */
export class ListColumn extends Values<string[]> {
  /** Where in `items` the list of each row begins, and at last where the last ends. */
  readonly offsets: BigInt64Array;
  readonly items: TextColumn;

  /** @internal */
  constructor(memory: ArrayBuffer, column: NativeColumn) {
    super(memory, column);
    this.offsets = longs(memory, column[4][1], this.length + 1);
    this.items = new TextColumn(memory, column[5] as NativeColumn);
  }

  protected override value(row: number): string[] {
    const list: string[] = [];
    for (let i = Number(this.offsets[row]); i < Number(this.offsets[row + 1]); i++) list.push(this.items.get(i) as string);
    return list;
  }
}

/** The column for a format of Arrow. */
function columnOf(memory: ArrayBuffer, column: NativeColumn): Column {
  const format = column[1];
  switch (format) {
    case "U":
      return new TextColumn(memory, column);
    case "l":
      return new IntegerColumn(memory, column);
    case "b":
      return new BooleanColumn(memory, column);
    case "+L":
      return new ListColumn(memory, column);
  }
  if (format.startsWith("tsu:")) return new TimeColumn(memory, column);
  throw new TypeError(`the column ${column[0]} has the unknown format ${JSON.stringify(format)}`);
}

/** Numbers of 64 bits; none where the buffer is not there. */
function longs(memory: ArrayBuffer, place: number | undefined, length: number): BigInt64Array {
  return place === undefined || place < 0 ? new BigInt64Array(length) : new BigInt64Array(memory, place, length);
}

function bit(bits: Uint8Array, at: number): boolean {
  return (((bits[at >> 3] as number) >> (at & 7)) & 1) === 1;
}
