import { resolve } from "node:path";

import type { CompareArtifactsOutput, FileDifference, Paths, Verification as VerificationNode } from "./operations.js";
import { transfer, type TransferOptions } from "./progress.js";
import type { CallOptions, Session } from "./session.js";

/** What to download, and how. */
export interface DownloadOptions extends TransferOptions {
  /** Folder, made if it is new. Default: artifacts/<collection>:v<N>, as the wandb package does. */
  root?: string | undefined;
  /** Only these files. */
  paths?: string[] | undefined;
  /** Only paths that begin so: "images/". */
  pathPrefix?: string | undefined;
  /** Only paths that fit the pattern: * and ? stop at a slash, ** does not. */
  glob?: string | undefined;
  /** Leave out what the version only refers to. */
  skipReferences?: boolean | undefined;
  /** Neither use nor fill the cache. */
  skipCache?: boolean | undefined;
  /** Make hard links to the cache, read-only: takes no space. */
  link?: boolean | undefined;
  /** Ask no server: use what this computer knows of the version. */
  offline?: boolean | undefined;
}

/** Downloads a version and gives the folder, absolute. */
export async function download(session: Session, artifact: string, root: string, options: DownloadOptions): Promise<string> {
  const { paths, pathPrefix, glob, skipReferences, skipCache, link, offline } = options;
  const { to } = await session.call(
    "download_artifact",
    {
      artifact,
      to: resolve(root), // the library's working directory is that of when it was opened
      paths,
      prefix: pathPrefix,
      glob,
      skip_references: skipReferences,
      skip_cache: skipCache,
      link,
      offline,
    },
    transfer(options),
  );
  return to;
}

/** What to check. */
export interface VerifyOptions extends TransferOptions {
  /** Folder that should hold the version. */
  root?: string | undefined;
  /** Fetch every file from the server and check it. The default without a folder. */
  server?: boolean | undefined;
}

/** Paths: the first of them, and how many there are. */
export type SomePaths = string[] & { readonly total: number };

/** What a check has found. */
export interface Verification {
  /** Nothing is missing, changed or extra. */
  ok: boolean;
  /** Files that are right. */
  files: number;
  /** Their bytes. */
  size: bigint;
  missing: SomePaths;
  /** With other bytes than the version says. */
  changed: SomePaths;
  /** In the folder and not in the version. */
  extra: SomePaths;
  /** Whose bytes the version does not tell: references. */
  unchecked: SomePaths;
}

/** What was found in the folder, and on the server, where each was looked at. */
export interface Verified {
  ok: boolean;
  root?: Verification;
  server?: Verification;
}

/** Checks a version byte for byte. */
export async function verify(session: Session, artifact: string, options: VerifyOptions): Promise<Verified> {
  const { root, server } = options;
  const folder = root === undefined ? undefined : resolve(root);
  const out = await session.call("verify_artifact", { artifact, folder, server }, transfer(options));
  return {
    ok: out.ok,
    ...(out.folder && { root: verification(out.folder) }),
    ...(out.server && { server: verification(out.server) }),
  };
}

function verification({ ok, files, size_bytes, missing, changed, extra, unchecked }: VerificationNode): Verification {
  const some = ({ total, first }: Paths): SomePaths => Object.assign(first ?? [], { total });
  return {
    ok,
    files,
    size: BigInt(size_bytes),
    missing: some(missing),
    changed: some(changed),
    extra: some(extra),
    unchecked: some(unchecked),
  };
}

/** A file that is not the same in two versions. */
export interface Difference {
  path: string;
  change: "added" | "removed" | "changed";
  /** In bytes; nothing where it is not there, or is a reference whose size is not known. */
  sizeFrom: bigint | undefined;
  sizeTo: bigint | undefined;
}

/** How two versions differ. */
export interface Comparison {
  sameContents: boolean;
  added: number;
  removed: number;
  changed: number;
  same: number;
  /** In bytes; can be negative. */
  growth: bigint;
  /** All that differ, by path. */
  files: Difference[];
}

/** Compares two versions by their manifests. */
export async function compare(session: Session, from: string, to: string, options?: CallOptions): Promise<Comparison> {
  const files: FileDifference[] = [];
  let page: CompareArtifactsOutput;
  let cursor: string | undefined;
  do {
    page = await session.call("compare_artifacts", { from, to, limit: 100, cursor }, options);
    files.push(...page.files);
    cursor = page.next_cursor;
  } while (page.has_more);
  const { same_contents: sameContents, added, removed, changed, same, growth_bytes } = page;
  return { sameContents, added, removed, changed, same, growth: BigInt(growth_bytes), files: files.map(difference) };
}

function difference({ path, change, size_bytes_from, size_bytes_to }: FileDifference): Difference {
  const size = (digits: string | undefined): bigint | undefined => (digits === undefined ? undefined : BigInt(digits));
  return { path, change, sizeFrom: size(size_bytes_from), sizeTo: size(size_bytes_to) };
}
