// Turns the system error of a step into its outcome. "The tree is not as expected" is `stale`: the path is scanned
// again. "This cannot be done now" is a problem of that path; the rest of the tree goes on.
import type { Outcome } from '../../core/change.js';
import { reasonForNow, systemTrouble } from '../../core/system-error.js';
import { BadLink } from './link-target.js';
import { OwnDirectoryError } from './own-directory.js';

const STALE = new Set(['ENOENT', 'ENOTDIR', 'EEXIST', 'ELOOP', 'EISDIR', 'ENOTEMPTY', 'ESTALE']);

/** @returns the outcome of a step that failed with the system's `error`. */
export function outcomeOf(error: unknown): Exclude<Outcome, { kind: 'done' | 'kept' }> {
  if (error instanceof BadLink) return { kind: 'problem', code: 'bad-link', message: error.message };
  if (error instanceof OwnDirectoryError) return { kind: 'problem', ...error.problem };
  if (STALE.has((error as NodeJS.ErrnoException).code ?? '')) return { kind: 'stale' };
  const problem = systemTrouble(error);
  return { kind: 'problem', code: problem.code, message: `It could not be written: ${reasonForNow(problem)}.` };
}

/** As `outcomeOf`, for a step that reads. */
export function readOutcomeOf(error: unknown): Exclude<Outcome, { kind: 'done' | 'kept' }> {
  const outcome = outcomeOf(error);
  if (outcome.kind !== 'problem') return outcome;
  return { kind: 'problem', code: 'unreadable', message: outcome.message.replace('be written', 'be read') };
}

/** Whether the disk is full: then what is kept only for later transfers may be deleted. */
export const isFull = (error: unknown): boolean => systemTrouble(error).code === 'no-space';
