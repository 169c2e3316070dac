import { Readable } from "node:stream";
import { inspect, type InspectOptions } from "node:util";

import { ArtifactFiles, type FilesOptions } from "./artifact-files.js";
import { Loaded, Row, type Attributes } from "./attributes.js";
import { shown } from "./inspect.js";
import { Manifest } from "./manifest.js";
import type { ArtifactNode, ArtifactSaveInput, RunName } from "./operations.js";
import { readFile, type ReadOptions } from "./read-file.js";
import type { CallOptions, Session } from "./session.js";
import {
  compare,
  download,
  verify,
  type Comparison,
  type DownloadOptions,
  type Verified,
  type VerifyOptions,
} from "./transfer.js";

/** How to delete a version. */
export interface DeleteOptions extends CallOptions {
  /** Delete it with its aliases. Without, a version that has some stays. */
  deleteAliases?: boolean | undefined;
}

/** How to link a version. */
export interface LinkOptions extends CallOptions {
  /** Aliases in the portfolio. */
  aliases?: string[] | undefined;
}

/** An array that may be only the first part of what there is. */
export type FirstOf<T> = T[] & {
  /** Nothing is missing. */
  readonly complete: boolean;
};

/**
 * An artifact version, as seen in one collection. What is assigned or changed in
 * place (aliases, tags, metadata) is sent by `save`.
 */
export class Artifact {
  readonly #session: Session;
  #attrs!: Attributes<ArtifactNode>;
  #aliases: string[] | undefined; // nothing: not asked for
  #tags: string[] | undefined;
  #ttl: number | null | "inherit" | undefined; // nothing: not assigned
  #metadata!: string; // as it was

  /** Nothing removes it. */
  description: string | undefined;
  /** JSON of the program's own. Numbers are JavaScript's. */
  metadata!: Record<string, unknown>;

  constructor(session: Session, attrs: ArtifactNode | Row<ArtifactNode>) {
    this.#session = session;
    this.#take(attrs instanceof Row ? attrs : new Loaded(attrs));
  }

  #take(attrs: Attributes<ArtifactNode>): void {
    this.#attrs = attrs;
    this.#aliases = this.#tags = this.#ttl = undefined;
    this.description = attrs.get("description");
    this.#metadata = attrs.json("metadata");
    this.metadata = JSON.parse(this.#metadata) as Record<string, unknown>;
  }

  /** Everything that the server said of it, without what was changed since. */
  get attrs(): Readonly<ArtifactNode> {
    const whole = this.#attrs.whole();
    if (this.#attrs instanceof Row) this.#attrs = new Loaded(whole);
    return whole;
  }
  get id(): string {
    return this.#attrs.get("id");
  }
  get entity(): string {
    return this.#attrs.get("entity");
  }
  get project(): string {
    return this.#attrs.get("project");
  }
  /** The collection and the version: "detector:v3". */
  get name(): string {
    return `${this.#attrs.get("collection")}:${this.#attrs.get("version")}`;
  }
  /** "team/vision/detector:v3" */
  get qualifiedName(): string {
    return `${this.entity}/${this.project}/${this.name}`;
  }
  /** The name of the collection. */
  get collection(): string {
    return this.#attrs.get("collection");
  }
  /** "v3" */
  get version(): string {
    return this.#attrs.get("version");
  }
  get versionIndex(): number {
    return this.#attrs.get("version_index");
  }
  get sourceEntity(): string {
    return this.#attrs.get("source_entity");
  }
  get sourceProject(): string {
    return this.#attrs.get("source_project");
  }
  get sourceCollection(): string {
    return this.#attrs.get("source_collection");
  }
  get sourceVersion(): string {
    return this.#attrs.get("source_version");
  }
  /** The name where it was logged. */
  get sourceName(): string {
    return `${this.sourceCollection}:${this.sourceVersion}`;
  }
  get sourceQualifiedName(): string {
    return `${this.sourceEntity}/${this.sourceProject}/${this.sourceName}`;
  }
  /** Whether this is a place in a portfolio, and not where it was logged. */
  get isLink(): boolean {
    return this.qualifiedName !== this.sourceQualifiedName;
  }
  get type(): string {
    return this.#attrs.get("type");
  }
  /** "PENDING", "COMMITTED" or "DELETED". */
  get state(): string {
    return this.#attrs.get("state");
  }
  /** Equal digests mean equal contents. */
  get digest(): string {
    return this.#attrs.get("digest");
  }
  get commitHash(): string | undefined {
    return this.#attrs.get("commit_hash");
  }
  /** In bytes. */
  get size(): bigint {
    return BigInt(this.#attrs.get("size"));
  }
  get fileCount(): number {
    return this.#attrs.get("file_count");
  }
  get historyStep(): number | undefined {
    return this.#attrs.get("history_step");
  }
  get createdAt(): Date {
    return new Date(this.#attrs.get("created_at"));
  }
  get updatedAt(): Date | undefined {
    const at = this.#attrs.get("updated_at");
    return at === undefined ? undefined : new Date(at);
  }

  /** Aliases in this collection; the array can be changed in place. */
  get aliases(): string[] {
    return (this.#aliases ??= [...this.#attrs.get("aliases")]);
  }
  set aliases(aliases: Iterable<string>) {
    this.#aliases = [...aliases];
  }
  /** The tags; the array can be changed in place. */
  get tags(): string[] {
    return (this.#tags ??= [...this.#attrs.get("tags")]);
  }
  set tags(tags: Iterable<string>) {
    this.#tags = [...tags];
  }
  /** How long it is kept after `createdAt`, in seconds; null: for ever. "inherit" can be assigned: as its project says. */
  get ttlSeconds(): number | null {
    return typeof this.#ttl === "number" || this.#ttl === null ? this.#ttl : (this.#attrs.get("ttl_seconds") ?? null);
  }
  set ttlSeconds(seconds: number | null | "inherit") {
    this.#ttl = seconds;
  }
  get ttlIsInherited(): boolean {
    return this.#ttl === undefined ? this.#attrs.get("ttl_is_inherited") : this.#ttl === "inherit";
  }

  /** Sends what was changed: description, metadata, aliases, tags and time to live. */
  async save(options?: CallOptions): Promise<void> {
    const was = this.#attrs;
    const input: ArtifactSaveInput = { artifact: this.#path() };
    const [aliases, tags] = [was.get("aliases"), was.get("tags")];
    if (this.description !== was.get("description")) input.description = this.description ?? "";
    if (JSON.stringify(this.metadata) !== this.#metadata) input.metadata = this.metadata;
    if (this.#ttl !== undefined) input.ttl_seconds = this.#ttl === "inherit" ? 0 : (this.#ttl ?? -1);
    input.add_aliases = without(this.aliases, aliases);
    input.remove_aliases = without(aliases, this.aliases);
    input.add_tags = without(this.tags, tags);
    input.remove_tags = without(tags, this.tags);
    this.#take(new Loaded(await this.#session.call("artifact_save", input, options)));
  }

  /** Deletes it at once. A link is taken out of its portfolio, and the version itself stays. */
  async delete(options: DeleteOptions = {}): Promise<void> {
    await this.#session.call("artifact_delete", { artifact: this.#path(), delete_aliases: options.deleteAliases }, options);
  }

  /** Puts it into a portfolio, which is made if it is new, and gives it as seen there. */
  async link(target: string, options: LinkOptions = {}): Promise<Artifact> {
    const input = { artifact: this.#path(), target, aliases: options.aliases };
    return new Artifact(this.#session, await this.#session.call("artifact_link", input, options));
  }

  /** Takes it out of the portfolio that it is seen in. */
  async unlink(options?: CallOptions): Promise<void> {
    await this.#session.call("artifact_unlink", { artifact: this.#path() }, options);
  }

  /** It as seen in each portfolio that it is linked into. */
  async linkedArtifacts(options?: CallOptions): Promise<FirstOf<Artifact>> {
    const { nodes, complete } = await this.#session.call("artifact_linked_artifacts", { artifact: this.#path() }, options);
    return Object.assign(
      nodes.map((node) => new Artifact(this.#session, node)),
      { complete },
    );
  }

  /** The run that logged it; nothing if none did that this key may see. */
  async loggedBy(options?: CallOptions): Promise<RunName | undefined> {
    return (await this.#session.call("artifact_logged_by", { artifact: this.#path() }, options)).run;
  }

  /** The runs that used it. */
  async usedBy(options?: CallOptions): Promise<FirstOf<RunName>> {
    const { runs, complete } = await this.#session.call("artifact_used_by", { artifact: this.#path() }, options);
    return Object.assign(runs, { complete });
  }

  /** Its files as the server knows them. */
  files(options?: FilesOptions): ArtifactFiles {
    return new ArtifactFiles(this.#session, this.#path(), options);
  }

  /** Its manifest: every file and reference in it. */
  manifest(options?: CallOptions): Manifest {
    return new Manifest(this.#session, this.#path(), options);
  }

  /**
   * Puts its files into a folder and gives that folder, absolute. Digests are
   * checked; what is in place or in the cache is not fetched again. Each file is
   * there whole or not at all, also when the call is aborted.
   */
  download(options: DownloadOptions = {}): Promise<string> {
    return download(this.#session, this.#path(), options.root ?? `artifacts/${this.sourceName}`, options);
  }

  /** Checks byte for byte whether a folder, or the server, holds it as it was logged. */
  verify(options: VerifyOptions = {}): Promise<Verified> {
    return verify(this.#session, this.#path(), options);
  }

  /** Tells what is different from an older version. */
  compare(older: Artifact | string, options?: CallOptions): Promise<Comparison> {
    const from = typeof older === "string" ? older : older.qualifiedName;
    return compare(this.#session, from, this.#path(), options);
  }

  /** The bytes of one of its files. */
  async readFile(path: string, options: ReadOptions = {}): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of readFile(this.#session, this.#path(), path, options)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  /** One of its files as a stream of bytes. */
  createReadStream(path: string, options: ReadOptions = {}): Readable {
    return Readable.from(readFile(this.#session, this.#path(), path, options), { objectMode: false });
  }

  /** Asks the server anew, and forgets what was changed and not saved. */
  async load(options?: CallOptions): Promise<void> {
    this.#take(new Loaded(await this.#session.call("artifact_load", { artifact: this.#path() }, options)));
  }

  #path(): string {
    return this.qualifiedName;
  }

  toJSON(): Readonly<ArtifactNode> {
    return this.attrs;
  }

  [inspect.custom](_depth: number, options: InspectOptions): string {
    const { type, aliases, tags, size, fileCount } = this;
    return shown("Artifact", this.qualifiedName, { type, aliases, tags, size, fileCount }, options);
  }
}

/** What is in one list and not in the other; nothing if that is nothing. */
function without(these: readonly string[], those: readonly string[]): string[] | undefined {
  const left = these.filter((word) => !those.includes(word));
  return left.length > 0 ? left : undefined;
}
