/**
 * One error class. `code` is for programs (its number is shared with C and the daemon), `where` names the
 * place (a file, an option, a byte offset), `hint` says what to do next.
 */
export const ERROR_NUMBERS = {
  "invalid-argument": 1,
  unsupported: 2,
  corrupt: 3,
  truncated: 4,
  "bound-broken": 5,
  io: 6,
  protocol: 7,
  /** Not done in the time that was given. */
  timeout: 8,
  /** Given up at the caller's wish. */
  cancelled: 9,
  /** More than this process gives to one caller, or to all. */
  limit: 10,
  /** A fault of ours: a worker that crashed, or an error that no code foresaw. */
  internal: 11,
} as const;

export type ErrorCode = keyof typeof ERROR_NUMBERS;

export class TempressError extends Error {
  override readonly name = "TempressError";
  readonly code: ErrorCode;
  readonly where: string | undefined;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, more: { where?: string; hint?: string; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.where = more.where;
    this.hint = more.hint;
  }

  /** Message, place and remedy on one line, as the command line prints it. */
  describe(): string {
    const place = this.where === undefined ? "" : ` [${this.where}]`;
    const remedy = this.hint === undefined ? "" : ` - ${this.hint}`;
    return `${this.message}${place}${remedy}`;
  }
}

export function isTempressError(error: unknown, code?: ErrorCode): error is TempressError {
  return error instanceof TempressError && (code === undefined || error.code === code);
}
