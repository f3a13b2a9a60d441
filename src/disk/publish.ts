// One step on the tree: compare, then change. Whoever wrote the file since it was last looked at wins: then nothing is
// done and the path is looked at anew. Nothing is overwritten or removed before its content has another name.
import fs from 'node:fs';
import type { Change } from '../core/change.js';
import { type Entry, secondsOf } from '../core/entry.js';
import { nameOf, parentOf, type RelPath } from '../core/path.js';
import type { Looker } from './look.js';
import type { Parents } from './parents.js';
import { microseconds, modeOf } from './seen.js';
import { setTime } from './set-time.js';
import type { Staging } from './staging.js';
import { linkOrCopy, moveWithoutReplacing, type Occasion, type Versions } from './versions.js';

/** Names that systems leave in directories by themselves; a directory with nothing else in it counts as empty. */
const LITTER = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini']);

/** What a step needs to know of the tree it works on. */
export interface Site {
  readonly looker: Looker;
  readonly parents: Parents;
  readonly staging: Staging;
  readonly versions: Versions;
}

/** How a step on the disk ended; system errors are thrown. */
export type Step = 'done' | 'stale' | 'kept';

/** Carries out a change that needs no content from elsewhere. */
export function carryOut(site: Site, change: Change): Step {
  const { before, after, action } = change;
  if (action === 'renamed') return rename(site, change);
  if (action === 'metadata') return setMetadata(site, change);
  if (after === null) return remove(site, change);
  if (after.type === 'dir') return makeDirectory(site, change);
  if (after.type === 'symlink') return placeLink(site, change, after.target);
  throw new Error(`a ${action} ${before?.type} at ${change.path} needs content`);
}

/**
 * Gives a staged file its name.
 * @param staged where the complete, flushed content lies, on the same file system.
 */
export function publishFile(site: Site, change: Change, staged: string): Step {
  return replace(
    site,
    change,
    (target) => moveWithoutReplacing(staged, target),
    (target) => fs.renameSync(staged, target),
  );
}

function placeLink(site: Site, change: Change, to: string): Step {
  const over = (target: string) => {
    const staged = site.staging.link(to);
    try {
      fs.renameSync(staged, target);
    } finally {
      fs.rmSync(staged, { force: true });
    }
  };
  return replace(site, change, (target) => fs.symlinkSync(to, target), over);
}

/** Puts something new at the path: `create` where nothing stands there, `over` in the place of what was expected. */
function replace(site: Site, change: Change, create: (target: string) => void, over: (target: string) => void): Step {
  const { path, before } = change;
  const target = locate(site, path);
  if (!isStill(site, path, before, target)) return 'stale';
  if (before?.type === 'dir') {
    const emptied = emptyDirectory(site, path);
    if (emptied !== 'done') return emptied;
  } else if (before !== null) {
    return keepingOld(site, change, target, () => {
      over(target);
      return recorded(site, change, target);
    });
  }
  create(target);
  return recorded(site, change, target);
}

/**
 * Gives the content that is about to go another name, then lets `act` take its place.
 * RACE: what is saved in place from here on goes to the kept name too; a save by rename shows as another inode, but for
 * the one between this look and the rename, which no system call of Node can exclude.
 */
function keepingOld(site: Site, change: Change, target: string, act: () => Step): Step {
  const { path, before, keepAs } = change;
  const old = fs.lstatSync(target);
  const { ino } = old;
  const copy = keepAs === undefined ? null : locate(site, keepAs);
  const version = copy === null ? site.versions.keep(path, target, occasionOf(change)) : null;
  if (copy !== null) linkOrCopy(target, copy);
  let step: Step = 'stale';
  try {
    if (fs.lstatSync(target).ino === ino) step = act();
  } finally {
    // A conflict copy of what still has its name is none: the next attempt makes it anew.
    const untouched = step !== 'done' && fs.lstatSync(target, { throwIfNoEntry: false })?.ino === ino;
    if (copy !== null && untouched) fs.rmSync(copy, { force: true });
  }
  if (version !== null && step === 'done') unguard(site, version, before, old);
  if (copy !== null && keepAs !== undefined && step === 'done') {
    const now = fs.lstatSync(copy);
    if (isAsSeen(before, old, now)) site.looker.wrote(keepAs, before, now);
    else site.looker.suspect([keepAs]);
  }
  return step;
}

/** A file that was guarded goes to versions with the bits that it had before: who restores it wants to write to it. */
function unguard({ versions }: Site, version: RelPath, before: Entry | null, old: fs.Stats): void {
  if (before?.type === 'file' && before.mode !== modeOf(old)) versions.setMode(version, before.mode);
}

/** Whether what was given another name is what the decision saw: a save in place reaches that name too. */
function isAsSeen(before: Entry | null, old: fs.Stats, now: fs.Stats): boolean {
  if (before?.type !== 'file') return true;
  if (now.size !== old.size || now.mtimeMs !== old.mtimeMs) return false;
  return modeOf(now) === before.mode && microseconds(now.mtimeMs) === before.mtime;
}

/** Why the content that `change` finds is put aside. */
const occasionOf = ({ before, after, reason }: Change): Occasion => ({
  reason: reason ?? (after === null ? 'deleted' : 'overwritten'),
  hash: before?.type === 'file' ? before.hash : null,
});

function remove(site: Site, change: Change): Step {
  const { path, before } = change;
  const target = locate(site, path);
  if (!isStill(site, path, before, target)) return 'stale';
  if (before?.type === 'dir') {
    const emptied = emptyDirectory(site, path);
    if (emptied !== 'done') return emptied;
  } else if (before !== null) {
    const old = fs.lstatSync(target);
    unguard(site, site.versions.take(path, target, occasionOf(change)), before, old);
  }
  site.looker.wrote(path, null, null);
  return 'done';
}

/** Removes a directory that has nothing in it that is synchronised: litter goes, anything else excluded keeps it. */
function emptyDirectory(site: Site, path: RelPath): Step {
  const names = fs.readdirSync(site.parents.at(path, ''));
  if (names.some((name) => !LITTER.has(name))) {
    return names.every((name) => site.looker.ignores(path, name)) ? 'kept' : 'stale';
  }
  for (const name of names) fs.unlinkSync(site.parents.at(path, name));
  fs.rmdirSync(locate(site, path));
  return 'done';
}

function makeDirectory(site: Site, change: Change): Step {
  const { path, before, after } = change;
  const target = locate(site, path);
  if (!isStill(site, path, before, target)) return 'stale';
  const mode = after?.type === 'dir' ? after.mode | 0o700 : 0o755;
  const make = (): Step => {
    if (before !== null) fs.unlinkSync(target);
    fs.mkdirSync(target, mode);
    fs.chmodSync(target, mode);
    site.looker.wrote(path, { type: 'dir', mode }, fs.lstatSync(target));
    return 'done';
  };
  return before === null ? make() : keepingOld(site, change, target, make);
}

/** Where something is to be replaced, what stands there is kept first; a directory moves whole, and replaces nothing. */
function rename(site: Site, change: Change): Step {
  const { path, from, before } = change;
  if (from === undefined) throw new Error(`the rename to ${path} has no source`);
  const source = locate(site, from.path);
  if (!isStill(site, from.path, from.entry, source)) return 'stale';
  const target = locate(site, path);
  if (!isStill(site, path, before, target)) return 'stale';
  if (from.entry.type === 'dir') return before === null ? moveDirectory(site, from.path, path) : 'stale';
  if (before?.type === 'dir') return 'stale';
  const arrive = (): Step => {
    if (change.after?.type === 'file') {
      fs.chmodSync(target, change.after.mode);
      setTime(target, change.after.mtime);
    }
    site.looker.wrote(from.path, null, null);
    return recorded(site, change, target);
  };
  if (before === null) {
    moveWithoutReplacing(source, target);
    return arrive();
  }
  return keepingOld(site, change, target, () => {
    fs.renameSync(source, target);
    return arrive();
  });
}

/** RACE: an empty directory that appears there between the look and the rename is replaced, and nothing is lost. */
function moveDirectory(site: Site, from: RelPath, to: RelPath): Step {
  const target = locate(site, to);
  fs.renameSync(locate(site, from), target);
  site.looker.moved(from, to, target);
  return 'done';
}

function setMetadata(site: Site, change: Change): Step {
  const { path, before, after } = change;
  const target = locate(site, path);
  if (!isStill(site, path, before, target) || after === null || after.type === 'symlink') return 'stale';
  fs.chmodSync(target, after.mode);
  if (after.type === 'file') setTime(target, after.mtime);
  return recorded(site, change, target);
}

/** Whether the change finds what it expects. What cannot even be asked about is thrown: looking again would not help. */
function isStill(site: Site, path: RelPath, entry: Entry | null, target: string): boolean {
  if (site.looker.stillIs(path, entry, target)) return true;
  fs.lstatSync(target, { throwIfNoEntry: false });
  return false;
}

const locate = (site: Site, path: RelPath): string => site.parents.at(parentOf(path), nameOf(path));

function recorded(site: Site, { path, after }: Change, target: string): Step {
  if (after?.type === 'symlink') fs.lutimesSync(target, secondsOf(after.mtime), secondsOf(after.mtime));
  site.looker.wrote(path, after as Entry, fs.lstatSync(target));
  return 'done';
}
