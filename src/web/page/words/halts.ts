// What a person can do about a halt: the choices with what each of them means, none of them first by chance. A halt says
// in the words of the command line what to type; here each way out is a button.
import type { HaltCode } from '../../../core/errors.js';
import type { Confirmation } from '../../../wire/client-api/methods.js';

/** A way out of a halt. */
export interface WayOut {
  readonly label: string;
  readonly meaning: string;
  readonly confirm: Confirmation;
}

/** The halt in words, and the ways out of it; none where only the cause can be removed. */
interface HaltAdvice {
  readonly first: string;
  readonly ways: readonly WayOut[];
}

const PUT_BACK: WayOut = {
  label: 'Bring the files back',
  meaning: 'Both sides are compared anew. Nothing is deleted: what is missing comes back from the other side.',
  confirm: { newPartner: true },
};
const ACCEPT_DELETES: WayOut = {
  label: 'They were deleted on purpose',
  meaning: 'The missing files are deleted on the other side, too. Versions keep them there.',
  confirm: { acceptDeletes: true },
};
const THIS_ONE: WayOut = {
  label: 'This directory is meant',
  meaning: 'Both sides meet as for the first time. Nothing is deleted; of two contents the other one goes to versions.',
  confirm: { newPartner: true },
};

const ADVICE: Readonly<Record<HaltCode, HaltAdvice>> = {
  'root-missing': { first: 'Put the directory back in its place. It goes on by itself.', ways: [] },
  'root-replaced': { first: 'Put the former directory back, or confirm the new one.', ways: [THIS_ONE] },
  'root-emptied': { first: 'Put the files back, or choose:', ways: [PUT_BACK, ACCEPT_DELETES] },
  'mass-deletion': { first: 'Put the files back, or choose:', ways: [PUT_BACK, ACCEPT_DELETES] },
  'other-partner': { first: 'Start server-b with the former directory, or confirm this one.', ways: [THIS_ONE] },
  'root-unmounted': { first: 'Mount the disk and start server-a again, or confirm this one.', ways: [THIS_ONE] },
  'rolled-back': {
    first: 'Side b is older than it was, like a backup that was put back. Choose:',
    ways: [
      { ...PUT_BACK, label: 'Keep what is newer on side a', meaning: 'Nothing is deleted. Side b gets it again.' },
      {
        label: 'Take side a back, too',
        meaning: 'Side a follows side b to the older state. Versions keep what is newer.',
        confirm: { acceptRollback: true },
      },
    ],
  },
  'locks-lost': {
    first: 'Lock the files again that should stay locked, then confirm.',
    ways: [
      {
        label: 'Go on with the locks as shown',
        meaning: 'What the other side changed in files that are not locked comes over like any other change.',
        confirm: { acceptLostLocks: true },
      },
    ],
  },
};

/** @returns what can be done; null where `code` is no halt. */
export const haltAdvice = (code: string): HaltAdvice | null =>
  Object.hasOwn(ADVICE, code) ? ADVICE[code as HaltCode] : null;

/** @returns what was found, without what would have to be typed in a terminal. */
export const foundText = (message: string): string => /^.*?Nothing is touched[^.]*\./s.exec(message)?.[0] ?? message;
