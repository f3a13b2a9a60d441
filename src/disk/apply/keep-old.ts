// Gives a content another name before it is overwritten or removed: as a conflict copy, or in versions/. The inode that
// got the other name is compared with the one that the decision saw, because the path may be swapped in between.

import fs from 'node:fs';
import type { Change } from '../../core/change.js';
import type { Entry } from '../../core/entry.js';
import { nameOf, parentOf, type RelPath } from '../../core/path.js';
import { isAsItWas, isSameInode } from '../fs/inode.js';
import { linkOrCopy } from '../fs/move.js';
import { microseconds, modeOf } from '../fs/signature.js';
import type { VersionReason } from '../versions/versions.js';
import type { ApplyContext, Step } from './context.js';

/** What lstat found at a path, and where that is. */
interface Old {
  readonly target: string;
  readonly stats: fs.Stats;
}

/** @returns an absolute path for `path` whose directories no link can redirect. */
export const locate = (context: ApplyContext, path: RelPath): string =>
  context.parents.at(parentOf(path), nameOf(path));

/**
 * Gives the content that is about to be replaced another name, then calls `act` to replace it.
 * RACE: a save in place from here on also reaches the other name, unless that is a copy: making one takes long, and what
 * was written meanwhile has no other name. A save by rename is found as another inode, except between the last check and
 * the rename, which no system call of Node can exclude.
 */
export function keepingOld(context: ApplyContext, change: Change, old: Old, act: () => Step): Step {
  const { path, before, conflictCopy } = change;
  const { target, stats } = old;
  const copy = conflictCopy === undefined ? null : locate(context, conflictCopy);
  const version = copy === null ? context.versions.keep(path, target, stats, versionReasonOf(change)) : null;
  const made = copy === null ? null : conflictCopyOf(context, target, stats, copy);
  const isThere = (isSame: (x: fs.Stats, y: fs.Stats) => boolean = isSameInode): boolean => {
    const there = fs.lstatSync(target, { throwIfNoEntry: false });
    return there !== undefined && isSame(there, stats);
  };
  let step: Step = 'stale';
  try {
    if (isThere(isAsItWas)) step = act();
  } finally {
    // The content still has its own name: remove the copy; the next attempt makes it again.
    if (copy !== null && step !== 'done' && isThere()) fs.rmSync(copy, { force: true });
  }
  if (version !== null && step === 'done') unguard(context, version, before, stats);
  if (copy !== null && made !== null && conflictCopy !== undefined && step === 'done') {
    const now = fs.lstatSync(copy);
    if (isSameInode(now, made) && isAsSeen(before, stats, now)) context.scanner.wrote(conflictCopy, before, now);
    else context.scanner.markDirty([conflictCopy]);
  }
  return step;
}

/**
 * Gives the file `target` the second name `copy`. A file that has further names was copied instead: a save in place under
 * one of them would change the conflict copy, too.
 */
const conflictCopyOf = ({ copies }: ApplyContext, target: string, stats: fs.Stats, copy: string) =>
  stats.nlink > 1 ? copies.place(target, stats, copy) : linkOrCopy(target, copy, stats);

/**
 * Moves the content that is to be removed to versions/. @throws ESTALE where it was swapped; it stays in place then.
 */
export function takeOld(context: ApplyContext, change: Change, { target, stats }: Old): void {
  const version = context.versions.take(change.path, target, stats, versionReasonOf(change));
  unguard(context, version, change.before, stats);
}

/** Gives a guarded file in versions/ its mode before the guard, so that it is writable when it is restored. */
function unguard({ versions }: ApplyContext, version: RelPath, before: Entry | null, old: fs.Stats): void {
  if (before?.type === 'file' && before.mode !== modeOf(old)) versions.setMode(version, before.mode, old);
}

/** Whether the file under its other name is still what the decision saw: a save in place reaches that name too. */
function isAsSeen(before: Entry | null, old: fs.Stats, now: fs.Stats): boolean {
  if (before?.type !== 'file') return true;
  if (now.size !== old.size || now.mtimeMs !== old.mtimeMs) return false;
  return modeOf(now) === before.mode && microseconds(now.mtimeMs) === before.mtime;
}

/** @returns why the content that `change` replaces is moved to versions/. */
const versionReasonOf = ({ before, after, reason }: Change): VersionReason => ({
  reason: reason ?? (after === null ? 'deleted' : 'overwritten'),
  hash: before?.type === 'file' ? before.hash : null,
});
