// One step on the tree: compare, then change. If somebody wrote the path since it was last scanned, the step does
// nothing and the path is scanned again. Nothing is overwritten or removed before its content has another name.

import fs from 'node:fs';
import type { Change } from '../../core/change.js';
import type { Entry, LinkEntry } from '../../core/entry.js';
import { SyncError } from '../../core/errors.js';
import type { RelPath } from '../../core/path.js';
import { holding, type Inode, setLinkTime } from '../fs/inode.js';
import { LinkGate, linksIn } from '../fs/link-target.js';
import { moveWithoutReplacing } from '../fs/move.js';
import type { Root } from '../fs/parents.js';
import { Parents } from '../fs/parents.js';
import { readingError } from '../fs/readable.js';
import { modeOf } from '../fs/signature.js';
import { isOurs } from '../owner-files/own-files.js';
import { type LstatResult, lstatAt } from '../scan/context.js';
import { rootFault } from '../state/root.js';
import { ConflictCopies } from './conflict-copies.js';
import type { ApplyContext, Step } from './context.js';
import { keepingOld, locate, takeOld } from './keep-old.js';

/** Files that systems create in directories by themselves; a directory with nothing else in it counts as empty. */
const LITTER = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini']);

/**
 * Opens the context for steps on `root`. The caller closes its `parents`.
 * @throws SyncError `halted` where the root is gone or was replaced.
 */
export function openContext(root: Root, tree: Pick<ApplyContext, 'scanner' | 'staging' | 'versions'>): ApplyContext {
  const refuse = (cause?: unknown) => {
    const fault = rootFault(root);
    if (fault !== null) throw new SyncError('halted', fault.message, { cause });
  };
  refuse();
  try {
    const { scanner, staging } = tree;
    const parents = new Parents(root);
    const links = new LinkGate(root.path, scanner.snapshot);
    return { ...tree, parents, links, copies: new ConflictCopies(parents, scanner, staging) };
  } catch (error) {
    refuse(error);
    throw error;
  }
}

/** Carries out a change that needs no content from the other side. */
export function carryOut(context: ApplyContext, change: Change): Step {
  const { before, after, action } = change;
  if (action === 'renamed') return rename(context, change);
  if (action === 'metadata') return setMetadata(context, change);
  if (after === null) return remove(context, change);
  if (after.type === 'dir') return makeDirectory(context, change);
  if (after.type === 'symlink') return placeLink(context, change, after);
  throw new Error(`a ${action} ${before?.type} at ${change.path} needs content`);
}

/** A complete, flushed, open file in staging, on the same file system. */
interface StagedContent {
  readonly path: string;
  /** Its present stats. */
  stats(): fs.Stats;
}

/** How to put something at a path: where nothing is, and in place of something. */
interface Put {
  readonly create: (target: string) => void;
  readonly over: (target: string) => void;
  /** The stats of what was put there. */
  readonly stats: (target: string) => fs.Stats;
}

/** Renames a staged file to its path. */
export function publishFile(context: ApplyContext, change: Change, staged: StagedContent): Step {
  return replace(context, change, {
    create: (target) => moveWithoutReplacing(staged.path, target),
    over: (target) => fs.renameSync(staged.path, target),
    stats: () => staged.stats(),
  });
}

function placeLink(context: ApplyContext, change: Change, { target: to, mtime }: LinkEntry): Step {
  context.links.admit(new Map([[change.path, to]]));
  return replace(context, change, {
    create: (target) => fs.symlinkSync(to, target),
    over: (target) => context.staging.link(to, (staged) => fs.renameSync(staged, target)),
    stats: (target) => setLinkTime(target, mtime),
  });
}

/** Puts something new at the path: with `create` where nothing is there, with `over` in place of what was expected. */
function replace(context: ApplyContext, change: Change, put: Put): Step {
  const { path, before } = change;
  const target = locate(context, path);
  // What creates never replaces: it fails where something is.
  const old = before === null ? null : lstatAt(target);
  if (before !== null && !isStill(context, path, before, target, old)) return 'stale';
  if (before?.type === 'dir') {
    const emptied = emptyDirectory(context, path);
    if (emptied !== 'done') return emptied;
  } else if (isStats(old)) {
    return keepingOld(context, change, { target, stats: old }, () => {
      put.over(target);
      return recorded(context, change, put.stats(target), true);
    });
  }
  put.create(target);
  return recorded(context, change, put.stats(target), true);
}

function remove(context: ApplyContext, change: Change): Step {
  const { path, before } = change;
  const target = locate(context, path);
  const old = lstatAt(target);
  if (!isStill(context, path, before, target, old)) return 'stale';
  if (before?.type === 'dir') {
    const emptied = emptyDirectory(context, path);
    if (emptied !== 'done') return emptied;
  } else if (isStats(old)) takeOld(context, change, { target, stats: old });
  context.scanner.wrote(path, null, null);
  return 'done';
}

/**
 * Removes a directory without synchronised content. Litter is deleted with it, and what says who has locked a document that
 * is gone; any other ignored file keeps it.
 */
function emptyDirectory(context: ApplyContext, path: RelPath): Step {
  const names = fs.readdirSync(context.parents.at(path, ''));
  if (names.some((name) => !LITTER.has(name) && !isOurs(context.parents.at(path, name)))) {
    return names.every((name) => context.scanner.ignores(path, name)) ? 'kept' : 'stale';
  }
  for (const name of names) fs.unlinkSync(context.parents.at(path, name));
  fs.rmdirSync(locate(context, path));
  return 'done';
}

function makeDirectory(context: ApplyContext, change: Change): Step {
  const { path, before, after } = change;
  const target = locate(context, path);
  const old = lstatAt(target);
  if (!isStill(context, path, before, target, old)) return 'stale';
  const mode = after?.type === 'dir' ? after.mode | 0o700 : 0o755;
  const make = (): Step => {
    if (before !== null) fs.unlinkSync(target);
    fs.mkdirSync(target, mode);
    return holding(target, (inode) => {
      // RACE: another directory may be there already. An empty one may get the mode; any other is left unchanged.
      if (modeOf(inode.stats) !== mode && fs.readdirSync(inode.path).length > 0) return 'stale';
      inode.chmod(mode);
      context.scanner.wrote(path, { type: 'dir', mode }, inode.now());
      return 'done';
    });
  };
  return isStats(old) ? keepingOld(context, change, { target, stats: old }, make) : make();
}

/** Renames a file, link or directory. A file that it replaces is kept first; a directory replaces nothing. */
function rename(context: ApplyContext, change: Change): Step {
  const { path, from, before } = change;
  if (from === undefined) throw new Error(`the rename to ${path} has no source`);
  const source = locate(context, from.path);
  return holding(source, (inode) => {
    if (!isStill(context, from.path, from.entry, source, inode.stats)) return 'stale';
    const target = locate(context, path);
    const old = lstatAt(target);
    if (!isStill(context, path, before, target, old)) return 'stale';
    if (from.entry.type === 'dir') return before === null ? moveDirectory(context, from.path, path, inode) : 'stale';
    if (before?.type === 'dir') return 'stale';
    if (from.entry.type === 'symlink') context.links.admit(new Map([[path, from.entry.target]]));
    if (!isStats(old)) {
      moveWithoutReplacing(source, target);
      return arrived(context, change, inode);
    }
    return keepingOld(context, change, { target, stats: old }, () => {
      fs.renameSync(source, target);
      return arrived(context, change, inode);
    });
  });
}

/**
 * RACE: the rename may have moved another file than the open one. Only the open one is changed; the next scan finds
 * out.
 */
function arrived(context: ApplyContext, change: Change, inode: Inode): Step {
  const { from, after } = change;
  if (after?.type === 'file' && inode.stats.isFile()) inode.chmod(after.mode);
  if (after?.type === 'file' || after?.type === 'symlink') inode.setTime(after.mtime);
  if (from !== undefined) context.scanner.wrote(from.path, null, null);
  return recorded(context, change, inode.now());
}

/** RACE: an empty directory that appears at `to` between the check and the rename is replaced; nothing is lost. */
function moveDirectory(context: ApplyContext, from: RelPath, to: RelPath, inode: Inode): Step {
  const links = [...linksIn(context.scanner.snapshot, from)];
  context.links.admit(new Map(links.map(([at, target]) => [`${to}${at.slice(from.length)}` as RelPath, target])));
  fs.renameSync(locate(context, from), locate(context, to));
  context.scanner.moved(from, to, inode.path);
  return 'done';
}

/** Sets mode and time of the open file, whatever has its path by then. */
function setMetadata(context: ApplyContext, change: Change): Step {
  const { path, before, after } = change;
  if (after === null || after.type === 'symlink' || before?.type !== after.type) return 'stale';
  const target = locate(context, path);
  return holding(target, (inode) => {
    if (!isStill(context, path, before, target, inode.stats)) return 'stale';
    inode.chmod(after.mode);
    if (after.type === 'file') inode.setTime(after.mtime);
    else keepReadable(inode);
    return recorded(context, change, inode.now());
  });
}

/** Keeps a directory readable for this server: the users on both sides may differ. */
function keepReadable(inode: Inode): void {
  const stats = inode.now();
  if (readingError(inode.path, stats) !== null) inode.chmod(modeOf(stats) | 0o500);
}

/** Whether the change finds what it expects. An error of lstat is thrown: another scan would not help. */
function isStill(
  context: ApplyContext,
  path: RelPath,
  entry: Entry | null,
  target: string,
  lstat: LstatResult,
): boolean {
  if (lstat instanceof Error) throw lstat;
  return context.scanner.matches(path, entry, target, lstat);
}

const isStats = (lstat: LstatResult): lstat is fs.Stats => lstat !== null && !(lstat instanceof Error);

/**
 * @param stats those of what was put there, not of what has the path by now.
 * @param published whether it came from staging, where only this server can have written it.
 */
function recorded(context: ApplyContext, { path, after }: Change, stats: fs.Stats, published = false): Step {
  context.scanner.wrote(path, after as Entry, stats, published);
  return 'done';
}
