// The one error class of the house. A SyncError is an answer to a question: what was tried, why it failed, what to do
// next. One path's trouble is not an error but a Problem, data in a result.

/** Why something was refused. The list is closed: exit codes and the wire are derived from it. */
export type ErrorCode =
  | 'failed'
  | 'usage'
  | 'locked'
  | 'not-found'
  | 'exists'
  | 'unreachable'
  | 'not-allowed'
  | 'halted'
  | 'interrupted'
  | 'bad-path'
  | 'bad-message'
  | 'bad-params'
  | 'unknown-method'
  | 'too-large'
  | 'busy'
  | 'timeout'
  | 'closed';

/** A refusal in words: `message` says what and why, `hint` the next thing to try. */
export class SyncError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  /** Facts about the refusal that a program may want (the lock that stands in the way, for example). */
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string; facts?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SyncError';
    this.code = code;
    this.hint = options.hint ?? '';
    this.facts = options.facts ?? {};
  }
}

/** Why one path could not be carried; every other path goes on. */
export type ProblemCode =
  | 'no-space'
  | 'no-permission'
  | 'read-only'
  | 'unreadable'
  | 'bad-name'
  | 'bad-link'
  | 'unsupported-type'
  | 'not-empty'
  | 'busy-file'
  | 'watch-limit'
  | 'state-damaged'
  | 'io-error';

/** Why a side says that no file of the pair may be touched until a person looked. */
export type SideHaltCode = 'root-missing' | 'root-replaced' | 'root-emptied' | 'mass-deletion';

/** Why no file of the pair may be touched: what a side says, and what server-a finds by its archive. */
export type HaltCode = SideHaltCode | 'other-partner' | 'rolled-back' | 'root-unmounted' | 'locks-lost';

/** Trouble with one path, as data, or with a whole root (then `path` is empty). `path` may be the escaped form of a name that is no valid path. */
export interface Problem {
  readonly path: string;
  readonly code: ProblemCode | HaltCode;
  readonly message: string;
}
