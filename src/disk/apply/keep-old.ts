// Nothing is overwritten or removed before its content has another name: as a conflict copy, or in the versions. What was
// given another name is compared with what the decision saw, inode by inode, for the name may be swapped in between.

import fs from 'node:fs';
import type { Change } from '../../core/change.js';
import type { Entry } from '../../core/entry.js';
import { nameOf, parentOf, type RelPath } from '../../core/path.js';
import { isSameInode } from '../fs/inode.js';
import { linkOrCopy } from '../fs/move.js';
import { microseconds, modeOf } from '../fs/signature.js';
import type { VersionReason } from '../versions/versions.js';
import type { ApplyContext, Step } from './context.js';

/** What the decision saw at a path, and where that is. */
interface Old {
  readonly target: string;
  readonly stats: fs.Stats;
}

/** @returns a spelling of `path` that no link can divert. */
export const locate = (context: ApplyContext, path: RelPath): string =>
  context.parents.at(parentOf(path), nameOf(path));

/**
 * Gives the content that is about to go another name, then lets `act` take its place.
 * RACE: what is saved in place from here on goes to the kept name too; a save by rename shows as another inode, but for
 * the one between this look and the rename, which no system call of Node can exclude.
 */
export function keepingOld(context: ApplyContext, change: Change, old: Old, act: () => Step): Step {
  const { path, before, conflictCopy } = change;
  const { target, stats } = old;
  const copy = conflictCopy === undefined ? null : locate(context, conflictCopy);
  const version = copy === null ? context.versions.keep(path, target, stats, versionReasonOf(change)) : null;
  const made = copy === null ? null : linkOrCopy(target, copy, stats);
  const isThere = (): boolean => {
    const there = fs.lstatSync(target, { throwIfNoEntry: false });
    return there !== undefined && isSameInode(there, stats);
  };
  let step: Step = 'stale';
  try {
    if (isThere()) step = act();
  } finally {
    // A conflict copy of what still has its name is none: the next attempt makes it anew.
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

/** Gives the content that is to be removed another name instead. @throws ESTALE where it was swapped; it is where it was. */
export function takeOld(context: ApplyContext, change: Change, { target, stats }: Old): void {
  const version = context.versions.take(change.path, target, stats, versionReasonOf(change));
  unguard(context, version, change.before, stats);
}

/** A file that was guarded goes to versions with the bits that it had before: who restores it wants to write to it. */
function unguard({ versions }: ApplyContext, version: RelPath, before: Entry | null, old: fs.Stats): void {
  if (before?.type === 'file' && before.mode !== modeOf(old)) versions.setMode(version, before.mode, old);
}

/** Whether what was given another name is what the decision saw: a save in place reaches that name too. */
function isAsSeen(before: Entry | null, old: fs.Stats, now: fs.Stats): boolean {
  if (before?.type !== 'file') return true;
  if (now.size !== old.size || now.mtimeMs !== old.mtimeMs) return false;
  return modeOf(now) === before.mode && microseconds(now.mtimeMs) === before.mtime;
}

/** Why the content that `change` finds is put aside. */
const versionReasonOf = ({ before, after, reason }: Change): VersionReason => ({
  reason: reason ?? (after === null ? 'deleted' : 'overwritten'),
  hash: before?.type === 'file' ? before.hash : null,
});
