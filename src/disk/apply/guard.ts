// The write bits that are taken off files while somebody on the other side holds their lock. What stood there before is
// on disk before a bit goes, and stays there until the bit is back, so that every bit is given back: at the end of the
// lock, under whatever name the file then has, or at the next start. To synchronisation the files keep the mode they had.

import fs from 'node:fs';
import type { Change } from '../../core/change.js';
import type { Entry } from '../../core/entry.js';
import { isAtOrBelow, nameOf, parentOf, type RelPath } from '../../core/path.js';
import type { Snapshot } from '../../core/snapshot.js';
import { reasonOf } from '../../core/system-error.js';
import type { Logger } from '../../log.js';
import type { ScanResult } from '../../replica.js';
import { holding, isSameInode } from '../fs/inode.js';
import type { Root } from '../fs/parents.js';
import { Parents } from '../fs/parents.js';
import { type FileSignature, modeOf, sameSignature } from '../fs/signature.js';
import { type GuardRecords, isGuarded, isOf, type RecordMap, recordOf, withoutWrite } from './guard-records.js';

/** What guarding needs to know of the tree. */
interface GuardedTree {
  readonly snapshot: Snapshot;
  /** Notes that `entry` stands at a path, though the disk says `stats` of it. */
  wrote(path: RelPath, entry: Entry | null, stats: fs.Stats | null): void;
  markDirty(paths: Iterable<RelPath>): void;
}

/** What stands at a path: a file, surely no file, or nobody can tell. */
type Found = { readonly target: string; readonly stats: fs.Stats } | 'no-file' | 'unknown';

/** Guards the files of one root. */
export class Guard {
  readonly #root: string | Root;
  readonly #records: GuardRecords;
  readonly #tree: GuardedTree;
  readonly #log: Logger;

  /** What is to be guarded, whether a file is there now or not. */
  readonly #wanted = new Set<RelPath>();

  /** @param records what was there before. */
  constructor(root: string | Root, records: GuardRecords, tree: GuardedTree, log: Logger) {
    this.#root = root;
    this.#records = records;
    this.#tree = tree;
    this.#log = log;
  }

  /** The mode that is reported of the file at `path`, of which the disk says `stats`; a guarded one may have been moved. */
  reported(path: RelPath, stats: fs.Stats): number {
    const here = this.#records.get(path);
    if (here !== undefined && isGuarded(here, stats)) return here.mode;
    const elsewhere = this.#records.get(this.#records.pathOf(stats.ino) ?? path);
    return elsewhere !== undefined && isOf(elsewhere, stats) && isGuarded(elsewhere, stats)
      ? elsewhere.mode
      : modeOf(stats);
  }

  /** Takes the write bits off `paths`, or gives them back. What cannot be changed stays as it is: it is only a hint. */
  set(paths: readonly RelPath[], on: boolean): void {
    for (const path of paths) {
      if (on) this.#wanted.add(path);
      else this.#wanted.delete(path);
    }
    const next = this.#records.copy();
    // What could not be given back before is tried again.
    this.#update(next, on ? paths : [...next.keys()].filter((path) => !this.#wanted.has(path)));
  }

  /** Gives every bit back. */
  clear(): void {
    this.#wanted.clear();
    this.set([], false);
  }

  /** `changes` were carried out: what came to a guarded path is guarded, and what left one is guarded no longer. */
  applied(changes: readonly Change[]): void {
    if (this.#records.size === 0 && this.#wanted.size === 0) return;
    const next = this.#records.copy();
    const told = new Map<RelPath, number>();
    const paths = new Set<RelPath>();
    for (const { path, after, from, conflictCopy } of changes) {
      const before = next.get(path);
      if (conflictCopy !== undefined && before !== undefined) {
        next.set(conflictCopy, before);
        paths.add(conflictCopy);
      }
      next.delete(path);
      if (from !== undefined) this.#move(next, from.path, path, paths);
      if (after?.type !== 'file') continue;
      // Its mode was just set to what it is to be.
      next.delete(path);
      told.set(path, after.mode);
      paths.add(path);
    }
    this.#update(next, paths, told);
  }

  /** A look was taken: a guarded file that it found under another name gets its bits back there. */
  scanned({ entries, whole, halt, unknown }: ScanResult): void {
    if (this.#records.size === 0 || halt !== null) return;
    this.#within((find) => {
      const next = this.#records.copy();
      const paths: RelPath[] = [];
      for (const { path, entry } of entries) {
        const from = entry?.type === 'file' ? this.#records.pathOf((entry as FileSignature).ino) : undefined;
        if (from !== undefined && from !== path && this.#hasMoved(from, path, find)) {
          paths.push(path);
          next.set(path, this.#records.get(from)!);
        }
      }
      if (whole || entries.some(({ entry }) => entry === null)) {
        for (const path of next.keys()) {
          if (this.#tree.snapshot.get(path) !== null || find(path) !== 'no-file') continue;
          if (!unknown.some((above) => isAtOrBelow(path, above))) next.delete(path);
        }
      }
      this.#update(next, paths);
    });
  }

  /** A second name for a file that still has its first one is guarded as long as that one is. */
  #hasMoved(from: RelPath, to: RelPath, find: (path: RelPath) => Found): boolean {
    const record = this.#records.get(from)!;
    const [there, here] = [find(from), find(to)];
    if (there === 'unknown' || typeof here === 'string' || !isOf(record, here.stats)) return false;
    return there === 'no-file' || !isOf(record, there.stats);
  }

  #move(next: RecordMap, from: RelPath, to: RelPath, paths: Set<RelPath>): void {
    for (const [path, record] of [...next]) {
      if (!isAtOrBelow(path, from)) continue;
      const moved = `${to}${path.slice(from.length)}` as RelPath;
      next.delete(path);
      next.set(moved, record);
      paths.add(moved);
    }
    for (const path of this.#wanted) if (isAtOrBelow(path, to)) paths.add(path);
  }

  /**
   * Makes `next` the records once `paths` are in it as they should be: bits are given back before that, taken off after.
   * @param told modes that are known better than from the disk.
   */
  #update(next: RecordMap, paths: Iterable<RelPath>, told: ReadonlyMap<RelPath, number> = new Map()): void {
    this.#within((find) => {
      const taking: RelPath[] = [];
      for (const path of paths) {
        const found = find(path);
        if (typeof found === 'string') continue;
        if (!this.#wanted.has(path)) {
          if (this.#give(path, found, next)) next.delete(path);
          continue;
        }
        const record = next.get(path);
        const known = record !== undefined && isGuarded(record, found.stats) ? record.mode : undefined;
        next.set(path, recordOf(told.get(path) ?? known ?? this.reported(path, found.stats), found.stats));
        taking.push(path);
      }
      if (!this.#save(next)) return;
      for (const path of taking) this.#take(path, find(path));
    });
  }

  #take(path: RelPath, found: Found): void {
    const record = this.#records.get(path);
    if (typeof found === 'string' || record === undefined || !isOf(record, found.stats)) return;
    if (modeOf(found.stats) === record.mode) this.#change(path, found, withoutWrite(record.mode));
  }

  /** @returns whether there is nothing left to give back. */
  #give(path: RelPath, found: Exclude<Found, string>, records: RecordMap): boolean {
    const record = records.get(path);
    return record === undefined || !isGuarded(record, found.stats) || this.#change(path, found, record.mode);
  }

  /** @returns whether that was possible. */
  #change(path: RelPath, { target, stats }: Exclude<Found, string>, mode: number): boolean {
    if (modeOf(stats) === mode) return true;
    try {
      return holding(target, (inode) => {
        if (!isSameInode(inode.stats, stats)) return false;
        inode.chmod(mode);
        const known = this.#tree.snapshot.get(path) as FileSignature | null;
        // Only of a file that is just as it was seen is it known what it is.
        if (known?.type === 'file' && sameSignature(known, stats)) this.#tree.wrote(path, known, inode.now());
        else this.#tree.markDirty([path]);
        return true;
      });
    } catch {
      return false; // not there any more, or not ours to change
    }
  }

  #save(next: RecordMap): boolean {
    try {
      this.#records.replace(next);
      return true;
    } catch (error) {
      this.#log.warn(`Write permissions stay as they are, for it cannot be noted which: ${reasonOf(error)}.`);
      return false;
    }
  }

  #within(act: (find: (path: RelPath) => Found) => void): void {
    let parents: Parents;
    try {
      parents = new Parents(this.#root);
    } catch {
      return; // no root, nothing to guard; the looks tell of it
    }
    try {
      act((path) => findIn(parents, path));
    } finally {
      parents.close();
    }
  }
}

function findIn(parents: Parents, path: RelPath): Found {
  parents.trim();
  try {
    const target = parents.at(parentOf(path), nameOf(path));
    const stats = fs.lstatSync(target);
    return stats.isFile() ? { target, stats } : 'no-file';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'no-file' : 'unknown';
  }
}
