// The system's error codes as problem codes and as text, in one table for all messages about the disk.
import type { ProblemCode } from './errors.js';

/** Why the system refused. */
interface SystemTrouble {
  readonly code: ProblemCode;
  /** The reason in words: `the disk is full`. */
  readonly why: string;
  /** What a person can do about it; empty where there is nothing to add. */
  readonly advice: string;
  /** Whether a retry of the same path may succeed later. */
  readonly passes: boolean;
}

const trouble = (code: ProblemCode, why: string, advice = '', passes = true): SystemTrouble => ({
  code,
  why,
  advice,
  passes,
});

const TROUBLES: ReadonlyMap<unknown, SystemTrouble> = new Map([
  ['ENOSPC', trouble('no-space', 'the disk is full', 'free some space')],
  ['EDQUOT', trouble('no-space', 'the disk quota is used up', 'free some space')],
  ['EFBIG', trouble('no-space', 'the file is larger than this file system allows', '', false)],
  ['EACCES', trouble('no-permission', 'permission denied', 'change the permissions')],
  ['EPERM', trouble('no-permission', 'the operation is not permitted', 'change the permissions')],
  ['EROFS', trouble('read-only', 'the file system is read-only')],
  ['ENAMETOOLONG', trouble('bad-name', 'the name is too long for this file system', '', false)],
  ['EILSEQ', trouble('bad-name', 'the name cannot be written on this file system', '', false)],
  ['EINVAL', trouble('bad-name', 'this file system refuses the name or the operation', '', false)],
  ['EBUSY', trouble('busy-file', 'the file is in use')],
  ['ETXTBSY', trouble('busy-file', 'the program is running')],
  ['EIO', trouble('io-error', 'the disk reports an error')],
  ['EMFILE', trouble('io-error', 'too many files are open')],
  ['ENFILE', trouble('io-error', 'too many files are open')],
  ['EXDEV', trouble('io-error', 'another file system is mounted there; Lockstep stays on one', '', false)],
]);

/**
 * @returns why the system refused, from `error` or, where it is not a system error, from its nearest cause that is one.
 */
export function systemTrouble(error: unknown): SystemTrouble {
  for (let at = error, n = 0; at instanceof Error && n < 4; at = at.cause, n++) {
    const found = TROUBLES.get((at as { code?: unknown }).code);
    if (found !== undefined) return found;
  }
  const { code, message } = error as NodeJS.ErrnoException;
  return trouble('io-error', /^E[A-Z0-9]+$/.test(code ?? '') ? code! : message.replace(/\.$/, ''));
}

/** @returns the reason and what to do, for an operation that the person has to repeat. */
export const reasonOf = (error: unknown): string => {
  const { why, advice } = systemTrouble(error);
  return advice === '' ? why : `${why}; ${advice}`;
};

/** @returns the reason and what to do, for an operation that is retried automatically. */
export function reasonForNow({ why, advice, passes }: SystemTrouble): string {
  const what = [advice, passes ? 'it is tried again' : ''].filter((part) => part !== '').join(', ');
  return what === '' ? why : `${why}; ${what}`;
}

/** The codes of file systems without hard links, with too many links of one file, or across file systems. */
const NO_LINK: ReadonlySet<unknown> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV']);

/** @returns whether `error` says that the file cannot have a hard link here. */
export const refusesLinks = (error: unknown): boolean => NO_LINK.has((error as NodeJS.ErrnoException).code);
