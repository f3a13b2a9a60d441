// The only error class. A SyncError says what was tried, why it failed and what to do next. A failure that concerns one
// path only is not an error but a Problem, which is data in a result.
import type { Advice } from './advice.js';

/** Why a request was refused. The list is closed: exit codes and error replies are derived from it. */
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

/** A refusal. `message` says what failed and why, `hint` or `advice` what to try next. */
export class SyncError extends Error {
  readonly code: ErrorCode;
  /** A sentence; empty where there is none, or where only `advice` is known. */
  readonly hint: string;
  /** The hint where it names steps; empty otherwise. Of an error that came from a server, `hint` says the same. */
  readonly advice: Advice;
  /** Facts that a program may want, such as the lock that prevents a change. */
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string; advice?: Advice; facts?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SyncError';
    this.code = code;
    this.hint = options.hint ?? '';
    this.advice = options.advice ?? [];
    this.facts = options.facts ?? {};
  }
}

/** Why one path could not be synchronised. All other paths go on. */
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
  | 'stale-owner-file'
  | 'ambiguous-owner-file'
  | 'bad-rule'
  | 'io-error';

/** Why one side stops all synchronisation until a person confirms. */
export type SideHaltCode = 'root-missing' | 'root-replaced' | 'root-emptied' | 'mass-deletion';

/** Why all synchronisation stops: what a side reports, and what server-a finds by its archive. */
export type HaltCode = SideHaltCode | 'other-partner' | 'rolled-back' | 'root-unmounted' | 'locks-lost';

/**
 * A failure that concerns one path, or a whole root (then `path` is empty). `path` is the escaped form of a name that
 * is not a valid path.
 */
export interface Problem {
  readonly path: string;
  readonly code: ProblemCode | HaltCode;
  readonly message: string;
}
