/**
 * What went wrong, as something to act on. The same in Go, C, Python and MCP;
 * `reliquary.h` says what each means.
 */
export type ErrorCode =
  | "NOT_FOUND"
  | "UNAUTHENTICATED"
  | "DENIED"
  | "CONFLICT"
  | "INVALID"
  | "UNAVAILABLE"
  | "CORRUPT"
  | "CANCELED"
  | "UNSUPPORTED"
  | "INTERNAL"
  | "CLOSED"
  | "FORKED"
  | "TOO_LARGE"
  | "BUSY"
  | "NO_MEMORY";

/** What the library says of a failure, in JSON. */
export interface Failure {
  code: ErrorCode;
  operation: string;
  message: string;
  argument?: string;
  candidates?: string[];
  next?: string;
  retryable?: boolean;
  retry_after_seconds?: number;
}

/**
 * Why something was not done. Every failure is one, but for a call that was
 * aborted: that one rejects with the `reason` of its `AbortSignal`.
 */
export class ReliquaryError extends Error {
  override readonly name = "ReliquaryError";
  /** What to act on. */
  readonly code: ErrorCode;
  /** The operation that failed: "artifact_load". */
  readonly operation: string;
  /** Which argument is wrong, where one is. */
  readonly argument: string | undefined;
  /** What the argument could have been meant to be, the likeliest first. */
  readonly candidates: readonly string[];
  /** What to do about it. */
  readonly next: string | undefined;
  /** Whether the same call can work later. */
  readonly retryable: boolean;
  /** How long the server asked to wait. */
  readonly retryAfterSeconds: number | undefined;

  constructor(failure: Failure, options?: ErrorOptions) {
    super(failure.message, options);
    this.code = failure.code;
    this.operation = failure.operation;
    this.argument = failure.argument;
    this.candidates = failure.candidates ?? [];
    this.next = failure.next;
    this.retryable = failure.retryable ?? false;
    this.retryAfterSeconds = failure.retry_after_seconds;
  }
}
