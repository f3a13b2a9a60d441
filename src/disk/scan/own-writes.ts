// Enters this server's own writes into the snapshot at once, so that their watch events find no change. A directory
// that this server made is watched from here on.

import type { Stats } from 'node:fs';
import * as fs from 'node:fs';
import type { DirEntry, Entry, FileEntry } from '../../core/entry.js';
import type { RelPath } from '../../core/path.js';
import { joinPath, parentOf } from '../../core/path.js';
import { entryOf, walkNode } from '../../core/snapshot.js';
import { SMALL_BYTES } from '../fs/digest.js';
import { type FileSignature, fileSignature, isAsPublished, modeOf } from '../fs/signature.js';
import { type ScanContext, statsAt } from './context.js';
import { isUnchanged } from './survey.js';

/** What is known of an own write. */
interface OwnStats {
  readonly stats: fs.Stats | null;
  readonly published: boolean;
}

/**
 * Records that this server wrote `reported` at `path`; null: removed it.
 * @param stats what lstat says of it now; `published` where it is a verified content that only just got its name.
 * @param hint called with a directory that holds entries that this server did not write, so it has to be scanned.
 * @returns the entry that is in the snapshot now; null: none.
 */
export function noteOwn(
  context: ScanContext,
  path: RelPath,
  reported: Entry | null,
  { stats, published }: OwnStats,
  hint: (dir: RelPath) => void,
): Entry | null {
  const isFile = reported?.type === 'file' && stats !== null;
  const entry = isFile ? ownFile(reported, stats, published, context.now()) : reported;
  const before = context.snapshot.get(path);
  context.unsettled.release(path);
  context.problems.clearBelow(path);
  if (before?.type === 'dir' && entry?.type !== 'dir') {
    context.unsettled.releaseBelow(path);
    context.directories.drop(path);
  }
  context.snapshot.put(path, entry);
  if (entry?.type === 'dir' && stats !== null) noteDir(context, path, entry, stats, hint);
  return entry;
}

/** A large file is not racy: nobody had it open, so nobody wrote it between its rename and its stat. */
function ownFile(reported: FileEntry, stats: fs.Stats, published: boolean, now: number): FileSignature {
  const { mode, mtime } = reported;
  const seen = fileSignature(stats, reported.hash, now, { mode, mtime });
  const isProven = stats.size > SMALL_BYTES || (published && isAsPublished(stats, mtime));
  return isProven ? { ...seen, racy: false } : seen;
}

function noteDir(
  context: ScanContext,
  path: RelPath,
  entry: DirEntry,
  stats: fs.Stats,
  hint: (dir: RelPath) => void,
): void {
  const { directories, absolute, now } = context;
  if (!directories.isSame(path, stats)) {
    directories.arm(path);
    const armed = statsAt(absolute(path));
    if (armed === null || armed.ino !== stats.ino || !isEmpty(absolute(path))) hint(path);
    if (armed?.ino === stats.ino) directories.settle(path, armed, now());
  }
  directories.holdMode(path, modeOf(stats) === entry.mode ? null : modeOf(stats));
}

function isEmpty(absolute: string): boolean {
  try {
    return fs.readdirSync(absolute).length === 0;
  } catch {
    return false;
  }
}

/** One path to be recorded with `noteOwn`. */
interface Known {
  readonly path: RelPath;
  readonly entry: Entry | null;
  readonly stats: Stats | null;
}

/**
 * @param absolute where the directory `from` is now, after its move to `to`.
 * @returns what to record, in order: nothing is at the old path; at the new one is everything known that did not
 *   change.
 */
export function* moveKnown(context: ScanContext, from: RelPath, to: RelPath, absolute: string): Generator<Known> {
  const node = context.snapshot.get(from);
  const nodes = node === null ? [] : [...walkNode('', node)];
  yield { path: from, entry: null, stats: null };
  yield { path: to, entry: entryOf(node) ?? { type: 'dir', mode: 0o755 }, stats: fs.lstatSync(absolute) };
  const missing = new Set<RelPath | ''>();
  for (const [below, known] of nodes) {
    // RACE: nothing is looked for in a directory that somebody has just replaced.
    const stats = missing.has(parentOf(below)) ? null : statsAt(`${absolute}/${below}`);
    const isSame = known.type === 'file' ? isUnchanged(stats, known) : sameKind(known.type, stats);
    if (!isSame) missing.add(below);
    else yield { path: joinPath(to, below), entry: entryOf(known), stats };
  }
}

const sameKind = (type: 'dir' | 'symlink', stats: Stats | null): boolean =>
  type === 'dir' ? stats?.isDirectory() === true : stats?.isSymbolicLink() === true;
