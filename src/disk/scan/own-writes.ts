// What we wrote ourselves is known at once, so that its echo finds no change. A directory that we made is watched from
// here on.
import * as fs from 'node:fs';
import type { DirEntry, Entry, FileEntry } from '../../core/entry.js';
import type { RelPath } from '../../core/path.js';
import { SMALL_BYTES } from '../fs/digest.js';
import { modeOf, type SeenFile, seenFile } from '../fs/signature.js';
import { type Ground, statsAt } from './context.js';

/**
 * Notes that `reported` was brought to `path`, and that the disk made `stats` of it.
 * @param hint called with a directory in which more than that was found.
 * @returns the entry as it is known now; null: gone.
 */
export function noteOwn(
  ground: Ground,
  path: RelPath,
  reported: Entry | null,
  stats: fs.Stats | null,
  hint: (dir: RelPath) => void,
): Entry | null {
  const entry = reported?.type === 'file' && stats !== null ? ownFile(reported, stats, ground.now()) : reported;
  const before = ground.snapshot.get(path);
  ground.waiting.release(path);
  ground.troubles.clearBelow(path);
  if (before?.type === 'dir' && entry?.type !== 'dir') {
    ground.waiting.releaseBelow(path);
    ground.places.drop(path);
  }
  ground.snapshot.put(path, entry);
  if (entry?.type === 'dir' && stats !== null) noteDir(ground, path, entry, stats, hint);
  return entry;
}

/** A large file need not be read again: between its rename and its stat nobody wrote it, for nobody had it open. */
function ownFile(reported: FileEntry, stats: fs.Stats, now: number): SeenFile {
  const { mode, mtime } = reported;
  const seen = seenFile(stats, reported.hash, now, { mode, mtime });
  return stats.size > SMALL_BYTES ? { ...seen, racy: false } : seen;
}

function noteDir(ground: Ground, path: RelPath, entry: DirEntry, stats: fs.Stats, hint: (dir: RelPath) => void): void {
  const { places, absolute, now } = ground;
  if (!places.isSame(path, stats)) {
    places.arm(path);
    const armed = statsAt(absolute(path));
    if (armed === null || armed.ino !== stats.ino || !isEmpty(absolute(path))) hint(path);
    if (armed?.ino === stats.ino) places.settle(path, armed, now());
  }
  places.holdMode(path, modeOf(stats) === entry.mode ? null : modeOf(stats));
}

function isEmpty(absolute: string): boolean {
  try {
    return fs.readdirSync(absolute).length === 0;
  } catch {
    return false;
  }
}
