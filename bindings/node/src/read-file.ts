import type { ReadArtifactFileOutput } from "./operations.js";
import type { CallOptions, Session } from "./session.js";

/** How much is asked for at once. */
const chunkBytes = 4 << 20;

/** Which bytes of a file to read. */
export interface ReadOptions extends CallOptions {
  /** The first byte; negative: so many from the end. Default: 0. */
  start?: number | undefined;
}

/** The bytes of a file of a version, piece by piece, the next one fetched while one is used. */
export async function* readFile(session: Session, artifact: string, path: string, options: ReadOptions): AsyncGenerator<Buffer, void, undefined> {
  const { signal, start } = options;
  const ask = (offset: number | undefined): Promise<ReadArtifactFileOutput> =>
    session.call("read_artifact_file", { artifact, path, offset, length: chunkBytes, encoding: "base64" }, { signal });
  let next: Promise<ReadArtifactFileOutput> | undefined = ask(start);
  while (next) {
    const { base64, next_offset }: ReadArtifactFileOutput = await next;
    next = next_offset === undefined ? undefined : ask(next_offset);
    next?.catch(() => {}); // it is told when it is awaited
    if (base64) yield Buffer.from(base64, "base64");
  }
}
