import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import type { ContentToLog, FileToLog, LogArtifactInput, ReferenceToLog } from "./operations.js";
import type { TransferOptions } from "./progress.js";

/** A file or folder of this computer. */
export interface LocalFile {
  /** Relative to the working directory, or absolute. */
  local: string;
  /** In the artifact. Default: a file's own name; a folder's files go to the top. */
  path?: string | undefined;
}

/** Something that stays where it is. */
export interface Reference {
  uri: string;
  /** In the artifact. Default: the last part of the URI. */
  path?: string | undefined;
  /** ETag or other digest of what is there, where it is known. */
  checksum?: string | undefined;
  /** In bytes, where it is known. */
  size?: number | bigint | undefined;
  /** False: do not look at it; its digest is the URI. */
  lookUp?: boolean | undefined;
}

/** What to make a version of. */
export interface LogArtifactOptions extends TransferOptions {
  /** "dataset", "model", ... Needed for a new collection. */
  type?: string | undefined;
  /** Files and folders of this computer. */
  files?: Iterable<string | LocalFile> | undefined;
  /** Files that the program has in memory, by their paths in the artifact. */
  contents?: Readonly<Record<string, string | Uint8Array>> | undefined;
  references?: Iterable<string | Reference> | undefined;
  description?: string | undefined;
  metadata?: Record<string, unknown> | undefined;
  /** Besides latest. */
  aliases?: string[] | undefined;
  tags?: string[] | undefined;
  /** Deleted so long after its creation; null: never. Default: as the team wants. */
  ttlSeconds?: number | null | undefined;
  /** The run that logs it, "entity/project/id". Default: a new one. */
  run?: string | undefined;
  /** Begin with the files, description and metadata of this version of the collection: "latest", "v3". */
  base?: string | undefined;
  /** Files and folders of the base to leave out. */
  remove?: string[] | undefined;
  /** Make a version even if the newest has the same contents. */
  alwaysNew?: boolean | undefined;
}

/** How many bytes go into one call; more go through temporary files. */
const mostInCall = 256 << 10;
const mostContents = 1000;

/** Calls use with the options as the operation takes them. */
export async function withLogInput<T>(
  collection: string,
  options: LogArtifactOptions,
  use: (input: LogArtifactInput) => Promise<T>,
): Promise<T> {
  const input = logInput(collection, options);
  const contents = Object.entries(options.contents ?? {});
  const bytes = contents.reduce((sum, [, content]) => sum + content.length, 0);
  if (contents.length <= mostContents && bytes <= mostInCall) {
    return use({ ...input, contents: contents.map(contentToLog) });
  }
  const folder = await mkdtemp(join(tmpdir(), "reliquary-"));
  try {
    const files = input.files ?? [];
    for (const [i, [path, content]] of contents.entries()) {
      options.signal?.throwIfAborted();
      const local = join(folder, String(i));
      await writeFile(local, content);
      files.push({ local, path });
    }
    return await use({ ...input, files });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function logInput(collection: string, options: LogArtifactOptions): LogArtifactInput {
  const { type, base, remove, description, metadata, aliases, tags, ttlSeconds, run, alwaysNew } = options;
  return {
    collection,
    type,
    base,
    remove,
    files: options.files && Array.from(options.files, fileToLog),
    references: options.references && Array.from(options.references, referenceToLog),
    description,
    metadata,
    aliases,
    tags,
    ttl_seconds: ttlSeconds === null ? 0 : ttlSeconds,
    run,
    always_new: alwaysNew,
  };
}

function fileToLog(file: string | LocalFile): FileToLog {
  // The library's working directory is that of when it was opened.
  return typeof file === "string" ? { local: resolve(file) } : { local: resolve(file.local), path: file.path };
}

function contentToLog([path, content]: [string, string | Uint8Array]): ContentToLog {
  if (typeof content === "string") return { path, text: content };
  return { path, base64: Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString("base64") };
}

function referenceToLog(reference: string | Reference): ReferenceToLog {
  if (typeof reference === "string") return { uri: reference };
  const { uri, path, checksum, size, lookUp } = reference;
  return { uri, path, checksum, size_bytes: size === undefined ? undefined : String(size), no_checksum: lookUp === false };
}
