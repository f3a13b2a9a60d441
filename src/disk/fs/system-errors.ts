// The boundary where a step's system error becomes its outcome. What means "the tree is not as expected" is a reason to
// look again; what means "this cannot be done now" is a problem of that path; the rest of the tree goes on.
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
  const trouble = systemTrouble(error);
  return { kind: 'problem', code: trouble.code, message: `It could not be written: ${reasonForNow(trouble)}.` };
}

/** As `outcomeOf`, for a step that read. */
export function readOutcomeOf(error: unknown): Exclude<Outcome, { kind: 'done' | 'kept' }> {
  const outcome = outcomeOf(error);
  if (outcome.kind !== 'problem') return outcome;
  return { kind: 'problem', code: 'unreadable', message: outcome.message.replace('be written', 'be read') };
}

/** Whether there was no room for it: what is kept only for later may go then. */
export const isFull = (error: unknown): boolean => systemTrouble(error).code === 'no-space';
