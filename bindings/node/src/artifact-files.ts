import { inspect, type InspectOptions } from "node:util";

import { shown } from "./inspect.js";
import type { FileNode } from "./operations.js";
import { pagesOf, Paginator, type ListOptions } from "./paginator.js";
import type { Session } from "./session.js";

/** Which files to list. */
export interface FilesOptions extends ListOptions {
  /** Only these paths. */
  names?: string[] | undefined;
}

/** The files of an artifact version, references left out. */
export class ArtifactFiles extends Paginator<FileNode, ArtifactFile> {
  /** The version: "team/vision/detector:v3". */
  readonly path: string;

  constructor(session: Session, artifact: string, options: FilesOptions = {}) {
    const { names } = options;
    super(
      pagesOf(session, "artifact_files_page", { artifact, names }),
      (node) => new ArtifactFile(node),
      options,
    );
    this.path = artifact;
  }
}

/** A file of an artifact version as the server knows it. */
export class ArtifactFile {
  /** Everything that the server said of it. */
  readonly attrs: Readonly<FileNode>;

  constructor(attrs: FileNode) {
    this.attrs = attrs;
  }

  get id(): string {
    return this.attrs.id;
  }
  /** The path in the version. */
  get name(): string {
    return this.attrs.name;
  }
  /** In bytes. */
  get size(): bigint {
    return BigInt(this.attrs.size);
  }
  get mimetype(): string | undefined {
    return this.attrs.mimetype;
  }
  /** Base64 MD5, or what the store of a reference said. */
  get digest(): string | undefined {
    return this.attrs.digest;
  }
  get md5(): string | undefined {
    return this.attrs.md5;
  }
  get updatedAt(): Date | undefined {
    return this.attrs.updated_at === undefined ? undefined : new Date(this.attrs.updated_at);
  }
  get url(): string | undefined {
    return this.attrs.url;
  }
  /** Fetches the bytes without credentials, for a while: a secret. */
  get directUrl(): string | undefined {
    return this.attrs.direct_url;
  }

  toJSON(): Readonly<FileNode> {
    return this.attrs;
  }

  [inspect.custom](_depth: number, options: InspectOptions): string {
    const { size, digest, mimetype } = this;
    return shown("ArtifactFile", this.name, { size, digest, mimetype }, options);
  }
}
