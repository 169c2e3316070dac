import { homedir } from "node:os";

import { ReliquaryError, type Failure } from "./errors.js";
import {
  EVENT_LOG,
  EVENT_PROGRESS,
  EVENT_RESULT,
  FLAG_COLUMNS,
  FLAG_PROGRESS,
  native,
  STATUS_OK,
  type EventBatch,
  type NativeColumns,
  type NativeSession,
} from "./native.js";
import type { OperationName, Operations } from "./operations.js";
import { version } from "./version.js";

/** Levels of log lines, the most talkative first. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** A log line of the library, with whatever attributes it has. */
export interface LogLine {
  time?: string;
  level: "DEBUG" | "INFO" | "WARN" | "ERROR";
  msg: string;
  [attribute: string]: unknown;
}

/** Where to work, and how. Everything can be left out. */
export interface SessionOptions {
  /** The registry in this directory, made when it is not there. */
  dir?: string;
  /** A W&B server, before what settings say. */
  baseUrl?: string;
  /** The key for it. */
  apiKey?: string;
  /** What is meant where a path names no entity. */
  entity?: string;
  /** What is meant where a path names no project. */
  project?: string;
  /** How long a server has for one request. Default: 30. */
  timeoutSeconds?: number;
  /** Environment variables to read settings from. Default: `process.env`. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Named to the server before this package's own name: `my-program/1.0`. */
  userAgent?: string;
  /** Called with the library's log lines. */
  onLog?: (line: LogLine) => void;
  /** The least level of log lines that `onLog` is called with. Default: `info`. */
  logLevel?: LogLevel;
}

/** What every call takes. */
export interface CallOptions {
  /**
   * Stops the call. What it was about to change is then changed wholly or not at
   * all, and the promise rejects with the signal's `reason`, unless the call
   * was done before.
   */
  signal?: AbortSignal | undefined;
}

/** What calls of operations take. */
export interface ProgressOptions extends CallOptions {
  /** Called with how far the call is, in JSON as the operation tells it. */
  onProgress?: ((progress: unknown) => void) | undefined;
}

/** Where a session leads, and why. */
export interface Destination {
  /** The library's version. */
  version: string;
  /** The W&B server, if it is one. */
  server?: string;
  /** The registry's directory, if it is one. */
  dir?: string;
  /** The setting that decided it. */
  why: string;
  /** The registry was made just now. */
  created: boolean;
  /** All this in a sentence. */
  description: string;
  warnings?: string[];
}

interface Call {
  readonly operation: string;
  readonly input: string;
  readonly resolve: (output: unknown) => void;
  readonly reject: (reason: unknown) => void;
  readonly options: ProgressOptions;
  readonly flags: number;
  token: number; // 0 until it was submitted
  thrown?: { by: unknown }; // by onProgress
}

/** The calls that one signal stops: however many, it has one listener. */
interface Watch {
  readonly calls: Set<Call>;
  readonly listener: () => void;
}

/** How many calls the library takes at once; the others wait their turn here. */
const maxInFlight = 16_384;

/** How long close waits for calls that do not heed that they are canceled. */
const closeTimeoutMs = 10_000;

/**
 * One place to call operations on, opened when it is first needed. The event
 * loop is never blocked, and is held open only by calls that are pending.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #calls = new Map<number, Call>();
  readonly #waiting = new Set<Call>();
  readonly #watches = new Map<AbortSignal, Watch>();
  readonly #onEvents = (batch: EventBatch): void => this.#deliver(batch); // the addon keeps it weakly
  #opening: Promise<Destination> | undefined;
  #closing: Promise<void> | undefined;
  #session: NativeSession | undefined;
  #lastToken = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Opens the session if it is not open yet, and tells where it leads. */
  open(): Promise<Destination> {
    if (this.#closing) return Promise.reject(closed("open"));
    return (this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined; // the next call may find things mended
      throw error;
    }));
  }

  async #open(): Promise<Destination> {
    const library = native();
    const [status, text, session] = await library.open(JSON.stringify(configOf(this.#options)), this.#onEvents);
    if (status !== STATUS_OK || session === undefined) throw failure(text, "open");
    this.#session = session;
    return JSON.parse(text) as Destination;
  }

  /** Calls an operation. */
  call<Name extends OperationName>(
    operation: Name,
    input: Operations[Name]["input"],
    options: ProgressOptions = {},
  ): Promise<Operations[Name]["output"]> {
    return this.#call(operation, input, options, options.onProgress ? FLAG_PROGRESS : 0);
  }

  /** Calls an operation that gives pages for the whole list, as columns. */
  columns<Name extends OperationName>(
    operation: Name,
    input: Operations[Name]["input"],
    options: CallOptions = {},
  ): Promise<NativeColumns> {
    return this.#call(operation, input, options, FLAG_COLUMNS);
  }

  async #call<Output>(operation: OperationName, input: object, options: ProgressOptions, flags: number): Promise<Output> {
    if (this.#closing) throw closed(operation);
    options.signal?.throwIfAborted();
    if (this.#session === undefined) {
      await this.open();
      options.signal?.throwIfAborted();
    }
    return new Promise<Output>((resolve, reject) => {
      const text = JSON.stringify(input);
      const call: Call = { operation, input: text, resolve: resolve as (output: unknown) => void, reject, options, flags, token: 0 };
      if (options.signal) this.#watch(options.signal, call);
      if (this.#calls.size < maxInFlight) this.#submit(call);
      else this.#waiting.add(call);
    });
  }

  #submit(call: Call): void {
    const session = this.#session;
    if (session === undefined || this.#closing) return this.#end(call, undefined, closed(call.operation));
    call.token = ++this.#lastToken;
    this.#calls.set(call.token, call);
    const status = native().submit(session, call.token, call.flags, call.operation, call.input);
    if (status === STATUS_OK) return;
    this.#calls.delete(call.token);
    this.#end(call, undefined, failure(native().statusError(status), call.operation));
  }

  #watch(signal: AbortSignal, call: Call): void {
    let watch = this.#watches.get(signal);
    if (watch === undefined) {
      const calls = new Set<Call>();
      watch = { calls, listener: () => calls.forEach((each) => this.#abort(each)) };
      this.#watches.set(signal, watch);
      signal.addEventListener("abort", watch.listener, { once: true });
    }
    watch.calls.add(call);
  }

  #unwatch(signal: AbortSignal, call: Call): void {
    const watch = this.#watches.get(signal);
    watch?.calls.delete(call);
    if (watch?.calls.size !== 0) return;
    this.#watches.delete(signal);
    signal.removeEventListener("abort", watch.listener);
  }

  #abort(call: Call): void {
    if (call.token === 0) {
      this.#waiting.delete(call);
      this.#end(call, undefined, call.options.signal?.reason);
    } else if (this.#session !== undefined) {
      native().cancel(this.#session, call.token); // its result comes at once
    }
  }

  /** Settles a call's promise. */
  #end(call: Call, answer: string | NativeColumns | undefined, error?: unknown): void {
    if (call.options.signal) this.#unwatch(call.options.signal, call);
    if (answer === undefined) return call.reject(error);
    if (typeof answer !== "string") return call.resolve(answer);
    try {
      call.resolve(JSON.parse(answer));
    } catch (cause) {
      call.reject(cause);
    }
  }

  #deliver(batch: EventBatch): void {
    for (let i = 0; i < batch.length; i += 4) {
      const text = batch[i + 3] as string;
      switch (batch[i + 1]) {
        case EVENT_RESULT:
          this.#finish(batch[i] as number, batch[i + 2] as number, batch[i + 3] as string | NativeColumns);
          break;
        case EVENT_PROGRESS:
          this.#progress(batch[i] as number, text);
          break;
        case EVENT_LOG:
          this.#log(text);
          break;
      }
    }
    for (const call of this.#waiting) {
      if (this.#calls.size >= maxInFlight) break;
      this.#waiting.delete(call);
      this.#submit(call);
    }
  }

  #finish(token: number, status: number, answer: string | NativeColumns): void {
    const call = this.#calls.get(token);
    if (!call) return;
    this.#calls.delete(token);
    if (call.thrown) return this.#end(call, undefined, call.thrown.by);
    if (status === STATUS_OK) return this.#end(call, answer);
    const error = failure(answer as string, call.operation); // what fails has no columns
    const aborted = error.code === "CANCELED" && call.options.signal?.aborted;
    this.#end(call, undefined, aborted ? call.options.signal?.reason : error);
  }

  #progress(token: number, text: string): void {
    const call = this.#calls.get(token);
    if (!call || call.thrown) return;
    try {
      call.options.onProgress?.(JSON.parse(text));
    } catch (by) {
      // Whoever shows progress and fails wants the call to fail.
      call.thrown = { by };
      if (this.#session !== undefined) native().cancel(this.#session, token);
    }
  }

  #log(text: string): void {
    try {
      this.#options.onLog?.(JSON.parse(text) as LogLine);
    } catch (error) {
      // It has no caller who could catch it.
      process.nextTick(() => {
        throw error;
      });
    }
  }

  /** Ends the session; pending calls are canceled and waited for. Doing it twice is harmless. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    await this.#opening?.catch(() => {});
    if (this.#session !== undefined) await native().close(this.#session, closeTimeoutMs);
    this.#session = undefined;
    const calls = [...this.#calls.values(), ...this.#waiting];
    this.#calls.clear();
    this.#waiting.clear();
    for (const call of calls) {
      this.#end(
        call,
        undefined,
        new ReliquaryError({ code: "CANCELED", operation: call.operation, message: "the session was closed before it was done" }),
      );
    }
  }
}

/** The session's options as the library takes them. */
function configOf(options: SessionOptions): Record<string, unknown> {
  const { dir, baseUrl, apiKey, entity, project, timeoutSeconds, env = process.env, userAgent, onLog, logLevel } = options;
  const own = `reliquary-node/${version}`;
  return {
    env,
    home: homedir(),
    cwd: process.cwd(),
    dir,
    base_url: baseUrl,
    api_key: apiKey,
    entity,
    project,
    timeout_seconds: timeoutSeconds,
    user_agent: userAgent === undefined ? own : `${userAgent} ${own}`,
    log: onLog ? (logLevel ?? "info") : undefined,
    limits: { calls: maxInFlight },
  };
}

function failure(text: string, operation: string): ReliquaryError {
  const told = JSON.parse(text) as Failure;
  return new ReliquaryError({ ...told, operation: told.operation || operation });
}

function closed(operation: string): ReliquaryError {
  return new ReliquaryError({
    code: "CLOSED",
    operation,
    message: "the session is closed",
    next: "make another Api",
  });
}
