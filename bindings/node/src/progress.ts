import type { CallOptions, ProgressOptions } from "./session.js";

/** How far a call is. Totals are those of the phase, and can grow while it lasts. */
export interface Progress {
  /** "hash", "upload", "download", "verify", ... */
  phase: string;
  /** Files that are done. */
  files: number;
  totalFiles: number;
  /** Bytes that are done. */
  bytes: bigint;
  totalBytes: bigint;
}

/** What calls take that move many bytes. */
export interface TransferOptions extends CallOptions {
  /** Called with how far the call is, about ten times per second at most. What it throws, the call fails with. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** As the session takes it: progress is JSON there. */
export function transfer({ signal, onProgress }: TransferOptions): ProgressOptions {
  if (!onProgress) return { signal };
  return {
    signal,
    onProgress: (told) => {
      const { phase, files, total_files, bytes, total_bytes } = told as ProgressNode;
      onProgress({ phase, files, totalFiles: total_files, bytes: BigInt(bytes), totalBytes: BigInt(total_bytes) });
    },
  };
}

interface ProgressNode {
  phase: string;
  files: number;
  total_files: number;
  bytes: string;
  total_bytes: string;
}
