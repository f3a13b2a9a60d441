// One step on the tree: compare, then change. Whoever wrote the file since it was last looked at wins: then nothing is
// done and the path is looked at anew. Nothing is overwritten or removed before its content has another name.

import fs from 'node:fs';
import type { Change } from '../../core/change.js';
import type { Entry, LinkEntry } from '../../core/entry.js';
import { SyncError } from '../../core/errors.js';
import type { RelPath } from '../../core/path.js';
import { holding, type Inode, setLinkTime } from '../fs/inode.js';
import { LinkGate, linksIn } from '../fs/link-target.js';
import { moveWithoutReplacing } from '../fs/move.js';
import { Parents } from '../fs/parents.js';
import { readingError } from '../fs/readable.js';
import { modeOf } from '../fs/signature.js';
import { type Standing, standingAt } from '../scan/context.js';
import type { Looker } from '../scan/scanner.js';
import type { Staging } from '../staging/staging.js';
import { type Root, rootFault } from '../state/root.js';
import type { Versions } from '../versions/versions.js';
import { keepingOld, locate, takeOld } from './keep-old.js';

/** Names that systems leave in directories by themselves; a directory with nothing else in it counts as empty. */
const LITTER = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini']);

/** What a step needs to know of the tree it works on. */
export interface Site {
  readonly looker: Looker;
  readonly parents: Parents;
  readonly staging: Staging;
  readonly versions: Versions;
  readonly links: LinkGate;
}

/**
 * Gets ready for steps on `root`; whoever takes them closes the parents.
 * @throws SyncError `halted` where the root is not the one that is meant.
 */
export function openSite(root: Root, tree: Pick<Site, 'looker' | 'staging' | 'versions'>): Site {
  const refuse = (cause?: unknown) => {
    const fault = rootFault(root);
    if (fault !== null) throw new SyncError('halted', fault.message, { cause });
  };
  refuse();
  try {
    return { ...tree, parents: new Parents(root), links: new LinkGate(root.path, tree.looker.snapshot) };
  } catch (error) {
    refuse(error);
    throw error;
  }
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
  if (after.type === 'symlink') return placeLink(site, change, after);
  throw new Error(`a ${action} ${before?.type} at ${change.path} needs content`);
}

/** A complete, flushed content on the same file system, held open. */
export interface StagedContent {
  readonly path: string;
  /** What the system says of it now. */
  stats(): fs.Stats;
}

/** Ways to put something at a path. */
interface Put {
  readonly create: (target: string) => void;
  readonly over: (target: string) => void;
  /** What the system says of what was put. */
  readonly stats: (target: string) => fs.Stats;
}

/** Gives a staged file its name. */
export function publishFile(site: Site, change: Change, staged: StagedContent): Step {
  return replace(site, change, {
    create: (target) => moveWithoutReplacing(staged.path, target),
    over: (target) => fs.renameSync(staged.path, target),
    stats: () => staged.stats(),
  });
}

function placeLink(site: Site, change: Change, { target: to, mtime }: LinkEntry): Step {
  site.links.admit(new Map([[change.path, to]]));
  return replace(site, change, {
    create: (target) => fs.symlinkSync(to, target),
    over: (target) => site.staging.link(to, (staged) => fs.renameSync(staged, target)),
    stats: (target) => setLinkTime(target, mtime),
  });
}

/** Puts something new at the path: `create` where nothing stands there, `over` in the place of what was expected. */
function replace(site: Site, change: Change, put: Put): Step {
  const { path, before } = change;
  const target = locate(site, path);
  const old = standingAt(target);
  if (!isStill(site, path, before, target, old)) return 'stale';
  if (before?.type === 'dir') {
    const emptied = emptyDirectory(site, path);
    if (emptied !== 'done') return emptied;
  } else if (isStats(old)) {
    return keepingOld(site, change, { target, stats: old }, () => {
      put.over(target);
      return recorded(site, change, put.stats(target));
    });
  }
  put.create(target);
  return recorded(site, change, put.stats(target));
}

function remove(site: Site, change: Change): Step {
  const { path, before } = change;
  const target = locate(site, path);
  const old = standingAt(target);
  if (!isStill(site, path, before, target, old)) return 'stale';
  if (before?.type === 'dir') {
    const emptied = emptyDirectory(site, path);
    if (emptied !== 'done') return emptied;
  } else if (isStats(old)) takeOld(site, change, { target, stats: old });
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
  const old = standingAt(target);
  if (!isStill(site, path, before, target, old)) return 'stale';
  const mode = after?.type === 'dir' ? after.mode | 0o700 : 0o755;
  const make = (): Step => {
    if (before !== null) fs.unlinkSync(target);
    fs.mkdirSync(target, mode);
    return holding(target, (inode) => {
      // RACE: another directory may stand there already. An empty one may have the mode; in any other nothing is changed.
      if (modeOf(inode.stats) !== mode && fs.readdirSync(inode.path).length > 0) return 'stale';
      inode.chmod(mode);
      site.looker.wrote(path, { type: 'dir', mode }, inode.now());
      return 'done';
    });
  };
  return isStats(old) ? keepingOld(site, change, { target, stats: old }, make) : make();
}

/** Where something is to be replaced, what stands there is kept first; a directory moves whole, and replaces nothing. */
function rename(site: Site, change: Change): Step {
  const { path, from, before } = change;
  if (from === undefined) throw new Error(`the rename to ${path} has no source`);
  const source = locate(site, from.path);
  return holding(source, (inode) => {
    if (!isStill(site, from.path, from.entry, source, inode.stats)) return 'stale';
    const target = locate(site, path);
    const old = standingAt(target);
    if (!isStill(site, path, before, target, old)) return 'stale';
    if (from.entry.type === 'dir') return before === null ? moveDirectory(site, from.path, path, inode) : 'stale';
    if (before?.type === 'dir') return 'stale';
    if (from.entry.type === 'symlink') site.links.admit(new Map([[path, from.entry.target]]));
    if (!isStats(old)) {
      moveWithoutReplacing(source, target);
      return arrived(site, change, inode);
    }
    return keepingOld(site, change, { target, stats: old }, () => {
      fs.renameSync(source, target);
      return arrived(site, change, inode);
    });
  });
}

/** RACE: another file may have been renamed than the one that is held; only this one is changed, and the next look tells. */
function arrived(site: Site, change: Change, inode: Inode): Step {
  const { from, after } = change;
  if (after?.type === 'file' && inode.stats.isFile()) inode.chmod(after.mode);
  if (after?.type === 'file' || after?.type === 'symlink') inode.setTime(after.mtime);
  if (from !== undefined) site.looker.wrote(from.path, null, null);
  return recorded(site, change, inode.now());
}

/** RACE: an empty directory that appears there between the look and the rename is replaced, and nothing is lost. */
function moveDirectory(site: Site, from: RelPath, to: RelPath, inode: Inode): Step {
  const links = [...linksIn(site.looker.snapshot, from)];
  site.links.admit(new Map(links.map(([at, target]) => [`${to}${at.slice(from.length)}` as RelPath, target])));
  fs.renameSync(locate(site, from), locate(site, to));
  site.looker.moved(from, to, inode.path);
  return 'done';
}

/** Only what is held is changed, whatever has the name by then. */
function setMetadata(site: Site, change: Change): Step {
  const { path, before, after } = change;
  if (after === null || after.type === 'symlink' || before?.type !== after.type) return 'stale';
  const target = locate(site, path);
  return holding(target, (inode) => {
    if (!isStill(site, path, before, target, inode.stats)) return 'stale';
    inode.chmod(after.mode);
    if (after.type === 'file') inode.setTime(after.mtime);
    else keepReadable(inode);
    return recorded(site, change, inode.now());
  });
}

/** Whoever may read a directory on the other side need not be who serves this one: it must not shut itself out. */
function keepReadable(inode: Inode): void {
  const stats = inode.now();
  if (readingError(inode.path, stats) !== null) inode.chmod(modeOf(stats) | 0o500);
}

/** Whether the change finds what it expects. What cannot even be asked about is thrown: looking again would not help. */
function isStill(site: Site, path: RelPath, entry: Entry | null, target: string, standing: Standing): boolean {
  if (standing instanceof Error) throw standing;
  return site.looker.stillIs(path, entry, target, standing);
}

const isStats = (standing: Standing): standing is fs.Stats => standing !== null && !(standing instanceof Error);

/** @param stats those of what was brought there, and not of what has its name by now. */
function recorded(site: Site, { path, after }: Change, stats: fs.Stats): Step {
  site.looker.wrote(path, after as Entry, stats);
  return 'done';
}
