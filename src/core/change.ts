// A change says what it expects to find as well as what it leaves (after Mutagen's change.proto), so that whoever
// carries it out can look once more and refuse when the world has moved on.
import type { Entry, FileEntry } from './entry.js';
import type { ProblemCode } from './errors.js';
import type { RelPath } from './path.js';

/** What a change does, in the words of the servers' events. */
export type Action = 'created' | 'modified' | 'deleted' | 'renamed' | 'metadata';

/** Why a content was put aside, in the words that `client versions` shows. */
export type Reason =
  | 'overwritten'
  | 'deleted'
  | 'first contact'
  | 'held'
  | 'discarded'
  | 'conflict copy limit'
  | 'conflict resolved'
  | 'restored';

const REASONS: Readonly<Record<Reason, true>> = {
  overwritten: true,
  deleted: true,
  'first contact': true,
  held: true,
  discarded: true,
  'conflict copy limit': true,
  'conflict resolved': true,
  restored: true,
};

/** @returns whether `value` is a reason that this version knows. */
export const isReason = (value: unknown): value is Reason => typeof value === 'string' && Object.hasOwn(REASONS, value);

/** One step for one side. */
export interface Change {
  readonly path: RelPath;
  readonly action: Action;
  /** What must stand at `path` for the step to be taken. A rename finds nothing there, or what it is told to replace. */
  readonly before: Entry | null;
  /** What stands there afterwards. */
  readonly after: Entry | null;
  /** For a rename: where the content comes from, and what must stand there. */
  readonly from?: { readonly path: RelPath; readonly entry: Entry };
  /** Where the overwritten content goes on living under a name of its own (a conflict copy); else it goes to versions. */
  readonly conflictCopy?: RelPath;
  /** Why what goes to versions goes there, where it is not simply overwritten or deleted. */
  readonly reason?: Reason;
}

/** How a step ended. */
export type Outcome =
  /** Done and durable; `sent` counts the content bytes that were carried for it. */
  | { readonly kind: 'done'; readonly sent: number }
  /** Not done: something else stands there than was expected, or the source changed. Look again. */
  | { readonly kind: 'stale' }
  /** Not done: a directory holds only what is excluded from synchronisation, so it stays. */
  | { readonly kind: 'kept' }
  /** Not done: trouble with this path; try again later. */
  | { readonly kind: 'problem'; readonly code: ProblemCode; readonly message: string };

/** @returns the file whose content has to be carried for `change`, or null where none has. */
export function contentOf(change: Change): FileEntry | null {
  if (change.after?.type !== 'file') return null;
  return change.action === 'created' || change.action === 'modified' ? change.after : null;
}

/** Every path that a change touches. */
export function* pathsOf(change: Change): Generator<RelPath> {
  yield change.path;
  if (change.from !== undefined) yield change.from.path;
  if (change.conflictCopy !== undefined) yield change.conflictCopy;
}
