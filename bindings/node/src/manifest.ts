import type { ManifestEntryNode } from "./operations.js";
import { pagesOf, Paginator, type Slice } from "./paginator.js";
import type { CallOptions, Session } from "./session.js";

/** A file or reference of a version. */
export interface ManifestEntry {
  /** The path in the version. */
  path: string;
  /** Base64 MD5 of a file; of a reference what its store says, an ETag for instance. */
  digest: string;
  /** In bytes; nothing if the manifest does not say. */
  size: bigint | undefined;
  /** The URI of a reference; nothing for a file that the server keeps. */
  ref: string | undefined;
  birthArtifactId: string | undefined;
  extra: Record<string, unknown> | undefined;
}

/** The manifest of a version: its entries in byte order of their paths. */
export class Manifest extends Paginator<ManifestEntryNode, ManifestEntry> {
  constructor(session: Session, artifact: string, options: CallOptions = {}) {
    const pages = pagesOf(session, "artifact_manifest_page", { artifact });
    super(
      // Its length always comes with a page.
      Object.assign(({ first, after }: Slice, call: CallOptions) => pages({ first, after }, call), { columns: pages.columns }),
      entryOf,
      { perPage: 10_000, signal: options.signal },
    );
  }
}

function entryOf(node: ManifestEntryNode): ManifestEntry {
  return {
    path: node.path,
    digest: node.digest,
    size: node.size === undefined ? undefined : BigInt(node.size),
    ref: node.ref,
    birthArtifactId: node.birth_artifact_id,
    extra: node.extra,
  };
}
