import { ReliquaryError } from "./errors.js";
import { pipe } from "./pipe.js";

/** A session of the C library. It ends when it is closed or collected. */
export interface NativeSession {
  readonly native: unique symbol;
}

/** A column as the addon describes it: see `addon/columns.h`. */
export type NativeColumn = readonly [
  name: string,
  format: string,
  length: number,
  nullCount: number,
  places: readonly number[],
  items?: NativeColumn,
];

/** A list as columns, whose memory is the ArrayBuffer. */
export type NativeColumns = readonly [rows: number, memory: ArrayBuffer, columns: readonly NativeColumn[]];

/** Token, kind, status and text (or columns) of one event after the other. */
export type EventBatch = readonly (number | string | NativeColumns)[];

/** The functions of the addon, which `addon/addon.c` describes, or of `pipe`, which does the same by a process. */
export interface Native {
  abiVersion(): number;
  statusError(status: number): string;
  open(config: string, onEvents: (batch: EventBatch) => void): Promise<[status: number, text: string, session?: NativeSession]>;
  submit(session: NativeSession, token: number, flags: number, name: string, input: string): number;
  cancel(session: NativeSession, token: number): number;
  close(session: NativeSession, timeoutMs: number): Promise<number>;
}

/** Numbers of `reliquary.h`. */
export const STATUS_OK = 0;
export const EVENT_RESULT = 1;
export const EVENT_PROGRESS = 2;
export const EVENT_LOG = 3;
export const FLAG_PROGRESS = 2;
export const FLAG_COLUMNS = 4;

/** What the packages for a machine are called, before the name of its C library. */
const machines: Readonly<Record<string, string>> = {
  "linux-x64": "@reliquary/linux-x64",
  "linux-arm64": "@reliquary/linux-arm64",
};

let loaded: Native | undefined;

/** The library for this machine, loaded when it is first asked for. */
export function native(): Native {
  return (loaded ??= load());
}

function load(): Native {
  const named = process.env["RELIQUARY_PIPE"];
  if (named) return pipe(named);
  const platform = `${process.platform}-${process.arch}`;
  const machine = machines[platform];
  if (machine === undefined) {
    throw unsupported(
      `there is no library for ${platform}`,
      `use one of ${Object.keys(machines).join(", ")}, or run the reliquary program and speak MCP to it`,
    );
  }
  const name = `${machine}-gnu`;
  try {
    return require(name) as Native;
  } catch (cause) {
    // Where there is musl, npm has installed this one in its place.
    const program = resolved(`${machine}-musl/reliquary-pipe`);
    if (program !== undefined) return pipe(program);
    if ((cause as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND") {
      throw unsupported(
        `the package ${name} (with musl: ${machine}-musl), which holds the library for this machine, is not installed`,
        "install again without --omit=optional (or --no-optional), on the machine that the program runs on",
        cause,
      );
    }
    throw unsupported(
      `the library in ${name} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`,
      `it needs glibc 2.17 or newer; where there is musl, as on Alpine, install ${machine}-musl`,
      cause,
    );
  }
}

/** The path of a file in a package, if that is installed. */
function resolved(file: string): string | undefined {
  try {
    return require.resolve(file);
  } catch {
    return undefined;
  }
}

function unsupported(message: string, next: string, cause?: unknown): ReliquaryError {
  return new ReliquaryError({ code: "UNSUPPORTED", operation: "", message, next }, { cause });
}
