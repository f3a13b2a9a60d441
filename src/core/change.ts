// A change states both the entry that it expects to find and the entry that it leaves (after Mutagen's change.proto).
// The code that carries it out compares the first with the disk and refuses a change that is out of date.
import type { Entry, FileEntry } from './entry.js';
import type { ProblemCode } from './errors.js';
import type { RelPath } from './path.js';

/** The kinds of change, by the names that the servers' events use. */
export type Action = 'created' | 'modified' | 'deleted' | 'renamed' | 'metadata';

/** Why a content was moved to versions, by the names that `client versions` shows. */
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

/** One change of one path on one side. */
export interface Change {
  readonly path: RelPath;
  readonly action: Action;
  /** The entry that must be at `path`. For a rename: null, or the entry that is replaced. */
  readonly before: Entry | null;
  /** The entry at `path` afterwards. */
  readonly after: Entry | null;
  /** For a rename: the source path and the entry that must be there. */
  readonly from?: { readonly path: RelPath; readonly entry: Entry };
  /** The conflict copy that keeps the overwritten content; where absent, the content goes to versions. */
  readonly conflictCopy?: RelPath;
  /** The reason to record with the content that goes to versions, where it is not just overwritten or deleted. */
  readonly reason?: Reason;
}

/** The result of one change. */
export type Outcome =
  /** Done and durable; `sent` is the number of content bytes that were transferred for it. */
  | { readonly kind: 'done'; readonly sent: number }
  /**
   * Not done: the entry at the path is not the expected one, or the source changed. The path has to be scanned again.
   */
  | { readonly kind: 'stale' }
  /** Not done: the directory still holds entries that are excluded from synchronisation, so it stays. */
  | { readonly kind: 'kept' }
  /** Not done: the system refused. The change is retried later. */
  | { readonly kind: 'problem'; readonly code: ProblemCode; readonly message: string };

/** @returns the file whose content has to be transferred for `change`; null where there is none. */
export function contentOf(change: Change): FileEntry | null {
  if (change.after?.type !== 'file') return null;
  return change.action === 'created' || change.action === 'modified' ? change.after : null;
}

/** @returns every path that `change` touches. */
export function* pathsOf(change: Change): Generator<RelPath> {
  yield change.path;
  if (change.from !== undefined) yield change.from.path;
  if (change.conflictCopy !== undefined) yield change.conflictCopy;
}
