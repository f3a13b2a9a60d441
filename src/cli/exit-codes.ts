// Exit codes, derived from the closed list of error codes.
import { type ErrorCode, SyncError } from '../core/errors.js';

export const EXIT_OK = 0;
export const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
export const EXIT_INTERRUPTED = 130;

const EXIT_OF: Readonly<Partial<Record<ErrorCode, number>>> = {
  usage: EXIT_USAGE,
  'bad-params': EXIT_USAGE,
  'bad-path': EXIT_USAGE,
  locked: 3,
  'not-found': 4,
  exists: 5,
  unreachable: 6,
  closed: 6,
  'not-allowed': 7,
  halted: 8,
  interrupted: EXIT_INTERRUPTED,
};

/** @returns the exit code of an error code; 1 for codes without their own. */
export const exitCodeFor = (code: ErrorCode): number => EXIT_OF[code] ?? EXIT_FAILED;

/** @returns the exit code for any thrown value. */
export const exitCodeOf = (error: unknown): number =>
  error instanceof SyncError ? exitCodeFor(error.code) : EXIT_FAILED;
