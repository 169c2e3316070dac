import { spawn, type ChildProcess } from "node:child_process";
import type { Socket } from "node:net";

import type { EventBatch, Native, NativeColumn, NativeColumns, NativeSession } from "./native.js";

// What the addon does, by a process for each session that its calls are sent to:
// for machines where a Go library cannot be loaded, which are those with musl. The
// process is the program reliquary-pipe; Go package capi/pipe describes the frames.

const version = 1;
const kindOpened = 0;
const kindResult = 1;
const kindOpen = 16;
const kindSubmit = 17;
const kindCancel = 18;

/** Size of the payload, kind, word and token: 4, 2, 2 and 8 bytes. */
const headerSize = 16;

// Statuses of reliquary.h.
const ok = 0;
const pending = 1;
const unsupported = 10;
const internal = 11;
const closed = 12;
const tooLarge = 14;

function failure(code: string, message: string, next: string): string {
  return JSON.stringify({ code, operation: "", message, next });
}

const ended = failure("INTERNAL", "the process that does the work has ended", "make another Api; what the process printed may tell why it ended");
const told: Readonly<Record<number, string>> = {
  [internal]: ended,
  [closed]: failure("CLOSED", "the session is closed", "make another Api"),
  [tooLarge]: failure("TOO_LARGE", "the name of an operation, or its input, is too large", "pass a file's path in place of its content"),
};

/** The functions of the addon, by processes that run the program at that path. */
export function pipe(path: string): Native {
  const connections = new WeakMap<NativeSession, Connection>();
  // A session that was forgotten ends its process.
  const forgotten = new FinalizationRegistry<Connection>((connection) => connection.abandon());
  return {
    abiVersion: () => 1,
    statusError: (status) => told[status] ?? failure("INTERNAL", `status ${status}`, "report it"),
    async open(config, onEvents) {
      const connection = new Connection(path, onEvents);
      const [status, text] = await connection.open(config);
      if (status !== ok) return [status, text];
      const session = Object.freeze({}) as NativeSession;
      connections.set(session, connection);
      forgotten.register(session, connection, session);
      return [status, text, session];
    },
    submit: (session, token, flags, name, input) => connections.get(session)?.submit(token, flags, name, input) ?? closed,
    cancel: (session, token) => connections.get(session)?.cancel(token) ?? closed,
    close(session, timeoutMs) {
      forgotten.unregister(session);
      return connections.get(session)?.close(timeoutMs) ?? Promise.resolve(closed);
    },
  };
}

/** A process and the streams that lead to it. It holds the event loop open only while something is pending. */
class Connection {
  readonly #path: string;
  readonly #process: ChildProcess;
  readonly #in: Socket;
  readonly #out: Socket;
  // Kept weakly while nothing is pending, as by the addon: whoever has it has the session.
  readonly #onEvents: WeakRef<(batch: EventBatch) => void>;
  #kept: ((batch: EventBatch) => void) | undefined;
  readonly #pending = new Set<number>();
  #opened: ((answer: [status: number, text: string]) => void) | undefined;
  #gone = false;
  #closed = false;
  #corked = false;
  #left: () => void = () => {};
  readonly #over: Promise<void>;

  // What has arrived of frames that were not delivered, and how much of it there has
  // to be for one.
  #chunks: Buffer[] = [];
  #have = 0;
  #need = headerSize;

  constructor(path: string, onEvents: (batch: EventBatch) => void) {
    this.#path = path;
    this.#onEvents = new WeakRef(onEvents);
    this.#kept = onEvents;
    this.#over = new Promise((resolve) => (this.#left = resolve));
    this.#process = spawn(path, ["pipe"], {
      stdio: ["pipe", "pipe", "inherit"],
      // Ctrl-C in a terminal is for this program, which decides what becomes of calls.
      detached: true,
      windowsHide: true,
    });
    this.#in = this.#process.stdin as Socket;
    this.#out = this.#process.stdout as Socket;
    this.#process.on("error", (error) => this.#end(`the program ${path} cannot be started: ${error.message}`));
    // When it is gone, what it sent ends as well: there everything is settled.
    this.#in.on("error", () => {});
    this.#out.on("error", () => this.#end());
    this.#out.on("end", () => this.#end());
    this.#out.on("data", (chunk: Buffer) => this.#receive(chunk));
  }

  open(config: string): Promise<[status: number, text: string]> {
    return new Promise((resolve) => {
      this.#opened = resolve;
      this.#send(kindOpen, version, 0, Buffer.from(config));
    });
  }

  submit(token: number, flags: number, name: string, input: string): number {
    if (this.#closed) return closed;
    if (this.#gone) return internal;
    const nameSize = Buffer.byteLength(name);
    const inputSize = Buffer.byteLength(input);
    if (nameSize > 0xffff || inputSize > 0x7fff_ffff) return tooLarge;
    const frame = Buffer.allocUnsafe(headerSize + 2 + nameSize + inputSize);
    writeHeader(frame, 2 + nameSize + inputSize, kindSubmit, flags, token);
    frame.writeUInt16LE(nameSize, headerSize);
    frame.write(name, headerSize + 2);
    frame.write(input, headerSize + 2 + nameSize);
    this.#pending.add(token);
    this.#hold();
    this.#write(frame);
    return ok;
  }

  cancel(token: number): number {
    if (this.#closed) return closed;
    if (!this.#gone) this.#send(kindCancel, 0, token, Buffer.alloc(0));
    return ok;
  }

  /** Closes the stream, and waits so long for what runs to have ended. */
  async close(timeoutMs: number): Promise<number> {
    if (this.#closed) return closed;
    this.#closed = true;
    this.#pending.clear();
    this.#in.end();
    this.#ref(true);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(true), timeoutMs)));
    const isLate = await Promise.race([late, this.#over.then(() => false)]);
    clearTimeout(timer);
    this.abandon();
    return isLate ? pending : ok;
  }

  /** Lets the process end behind. */
  abandon(): void {
    this.#closed = true;
    this.#kept = undefined;
    this.#in.destroy();
    this.#out.destroy();
    this.#process.unref();
  }

  /** Something is pending, or nothing is any more. */
  #hold(): void {
    const wanted = this.#pending.size > 0 || this.#opened !== undefined;
    if (wanted === (this.#kept !== undefined)) return;
    this.#kept = wanted ? this.#onEvents.deref() : undefined;
    this.#ref(wanted);
  }

  #ref(wanted: boolean): void {
    for (const each of [this.#process, this.#in, this.#out]) {
      if (wanted) each.ref();
      else each.unref();
    }
  }

  #send(kind: number, word: number, token: number, payload: Buffer): void {
    const frame = Buffer.allocUnsafe(headerSize + payload.length);
    writeHeader(frame, payload.length, kind, word, token);
    payload.copy(frame, headerSize);
    this.#write(frame);
  }

  #write(frame: Buffer): void {
    // What is sent in one turn of the event loop goes together.
    if (!this.#corked) {
      this.#corked = true;
      this.#in.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.#in.uncork();
      });
    }
    this.#in.write(frame);
  }

  #receive(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#have += chunk.length;
    if (this.#have < this.#need) return;
    const data = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#have);
    const batch: (number | string | NativeColumns)[] = [];
    let at = 0;
    for (;;) {
      this.#need = headerSize;
      if (data.length - at < headerSize) break;
      this.#need += data.readUInt32LE(at);
      if (data.length - at < this.#need) break;
      const kind = data.readUInt16LE(at + 4);
      const status = data.readUInt16LE(at + 6) === 0 ? ok : internal;
      const token = Number(data.readBigUInt64LE(at + 8));
      const payload = data.subarray(at + headerSize, at + this.#need);
      at += this.#need;
      if (kind === kindOpened && this.#opened !== undefined) {
        this.#settle(status, payload.toString());
        continue;
      }
      batch.push(token, kind, status, isColumns(payload) ? columnsOf(payload) : payload.toString());
      if (kind === kindResult) this.#pending.delete(token);
    }
    // A copy: a small rest would keep all that arrived with it.
    this.#chunks = at < data.length ? [Buffer.from(data.subarray(at))] : [];
    this.#have = data.length - at;
    this.#deliver(batch);
  }

  #settle(status: number, text: string): void {
    this.#opened?.([status, text]);
    this.#opened = undefined;
    this.#hold();
  }

  #deliver(batch: EventBatch): void {
    const onEvents = this.#kept ?? this.#onEvents.deref();
    if (batch.length > 0 && !this.#closed) {
      try {
        onEvents?.(batch);
      } catch (error) {
        // It has no caller who could catch it.
        process.nextTick(() => {
          throw error;
        });
      }
    }
    this.#hold();
  }

  /** The process has ended, or was never there. */
  #end(why?: string): void {
    if (this.#gone) return;
    this.#gone = true;
    if (this.#opened !== undefined) {
      const message = why ?? `the program ${this.#path} does not answer as one of Reliquary`;
      this.#settle(unsupported, failure("UNSUPPORTED", message, "install again, or name a program of the same release in RELIQUARY_PIPE"));
    }
    const lost = [...this.#pending].flatMap((token) => [token, kindResult, internal, ended]);
    this.#pending.clear();
    this.#deliver(lost);
    this.#left();
  }
}

// Columns are, in words of 8 bytes: what they begin with, the number of nodes, and
// eleven words for each node. Go package columns says which.
const columnsBegin = Buffer.from("RLIQCOL1");
const nodeSize = 88;

/** JSON never begins so. */
function isColumns(payload: Buffer): boolean {
  return payload.length >= 16 && columnsBegin.equals(payload.subarray(0, 8));
}

/** What the addon makes of columns. */
function columnsOf(payload: Buffer): NativeColumns {
  // Memory of its own, where numbers are at multiples of their size.
  const memory = new ArrayBuffer(payload.length);
  const bytes = Buffer.from(memory);
  payload.copy(bytes);
  const word = (node: number, at: number): number => Number(bytes.readBigUInt64LE(16 + node * nodeSize + 8 * at));
  const text = (at: number): string => bytes.toString("utf8", at, bytes.indexOf(0, at));
  const children = (node: number): NativeColumn[] => Array.from({ length: word(node, 9) }, (_, i) => column(word(node, 10) + i));
  const column = (node: number): NativeColumn => {
    const places = Array.from({ length: word(node, 5) }, (_, i) => word(node, 6 + i) || -1);
    const [items] = children(node);
    const described = [text(word(node, 0)), text(word(node, 1)), word(node, 3), word(node, 4), places] as const;
    return items === undefined ? described : [...described, items];
  };
  return [word(0, 3), memory, children(0)];
}

function writeHeader(frame: Buffer, size: number, kind: number, word: number, token: number): void {
  frame.writeUInt32LE(size, 0);
  frame.writeUInt16LE(kind, 4);
  frame.writeUInt16LE(word, 6);
  frame.writeBigUInt64LE(BigInt(token), 8);
}
