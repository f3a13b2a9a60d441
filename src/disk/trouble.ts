// The boundary where the system's error codes become our words, once. What means "the tree is not as expected" is a
// reason to look again; what means "this cannot be done now" is a problem of that path; the rest of the tree goes on.
import type { Outcome } from '../core/change.js';
import type { ProblemCode } from '../core/errors.js';

const WORDS: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  ENOSPC: ['no-space', 'the disk is full; free some space, it is tried again'],
  EDQUOT: ['no-space', 'the disk quota is used up; free some space, it is tried again'],
  EFBIG: ['no-space', 'the file is larger than this file system allows'],
  EACCES: ['no-permission', 'permission denied; change the permissions, it is tried again'],
  EPERM: ['no-permission', 'the operation is not permitted; change the permissions, it is tried again'],
  EROFS: ['read-only', 'the file system is read-only; it is tried again'],
  ENAMETOOLONG: ['bad-name', 'the name is too long for this file system'],
  EILSEQ: ['bad-name', 'the name cannot be written on this file system'],
  EINVAL: ['bad-name', 'this file system refuses the name or the operation'],
  EBUSY: ['busy-file', 'the file is in use; it is tried again'],
  ETXTBSY: ['busy-file', 'the program is running; it is tried again'],
  EMFILE: ['io-error', 'too many files are open; it is tried again'],
  EXDEV: ['io-error', 'another file system is mounted there; Lockstep stays on one'],
};

const STALE = new Set(['ENOENT', 'ENOTDIR', 'EEXIST', 'ELOOP', 'EISDIR', 'ENOTEMPTY']);

/** @returns the outcome of a step that failed with the system's `error`. */
export function outcomeOf(error: unknown): Exclude<Outcome, { kind: 'done' | 'kept' }> {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (STALE.has(code)) return { kind: 'stale' };
  const [problem, words] = WORDS[code] ?? ['io-error', `${code || message}; it is tried again`];
  return { kind: 'problem', code: problem, message: `It could not be written: ${words}.` };
}

/** As `outcomeOf`, for a step that read. */
export function readOutcomeOf(error: unknown): Exclude<Outcome, { kind: 'done' | 'kept' }> {
  const outcome = outcomeOf(error);
  if (outcome.kind !== 'problem') return outcome;
  return { kind: 'problem', code: 'unreadable', message: outcome.message.replace('be written', 'be read') };
}
