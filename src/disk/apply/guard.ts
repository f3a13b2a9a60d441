// Removes the write bits of files while a client of the other side holds their lock. The mode before is on disk before
// a bit is removed, until it is restored; so every bit is restored: at the end of the lock, under whatever name the
// file then has, or at the next start. Scans and changes see the mode before.

import fs from 'node:fs';
import type { Change } from '../../core/change.js';
import type { Entry } from '../../core/entry.js';
import { SyncError } from '../../core/errors.js';
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

/** The memory that one path to guard takes, besides its own length. */
const WANTED_BYTES = 64;
/** Enough for a few hundred thousand locks. Server-a may name paths that do not exist. */
const MAX_WANTED_BYTES = 64 << 20;

/** What the guard uses of the scanner. */
interface GuardedTree {
  readonly snapshot: Snapshot;
  /** Records that `entry` is at `path`, with these `stats` on disk. */
  wrote(path: RelPath, entry: Entry | null, stats: fs.Stats | null): void;
  markDirty(paths: Iterable<RelPath>): void;
}

/** What is at a path: a file; certainly no file; or not known, because of an error. */
type Found = { readonly target: string; readonly stats: fs.Stats } | 'no-file' | 'unknown';

/** Guards the files of one root. */
export class Guard {
  readonly #root: string | Root;
  readonly #records: GuardRecords;
  readonly #tree: GuardedTree;
  readonly #log: Logger;

  /** The paths to guard, whether a file is there now or not. */
  readonly #wanted = new Set<RelPath>();
  /** About the memory that they take. */
  #wantedBytes = 0;

  /** @param records the files that are guarded already. */
  constructor(root: string | Root, records: GuardRecords, tree: GuardedTree, log: Logger) {
    this.#root = root;
    this.#records = records;
    this.#tree = tree;
    this.#log = log;
  }

  /**
   * @returns the mode to report for the file at `path` with these `stats`; a guarded file may have been moved there.
   */
  reported(path: RelPath, stats: fs.Stats): number {
    const here = this.#records.get(path);
    if (here !== undefined && isGuarded(here, stats)) return here.mode;
    const elsewhere = this.#records.get(this.#records.pathOf(stats.ino) ?? path);
    return elsewhere !== undefined && isOf(elsewhere, stats) && isGuarded(elsewhere, stats)
      ? elsewhere.mode
      : modeOf(stats);
  }

  /** Removes the write bits of `paths`, or restores them. A failure is ignored: the bits are only a hint to people. */
  set(paths: readonly RelPath[], on: boolean): void {
    for (const path of paths) this.#want(path, on);
    const next = this.#records.copy();
    // Also tries again to restore what failed before.
    this.#update(next, on ? paths : [...next.keys()].filter((path) => !this.#wanted.has(path)));
  }

  /** @throws SyncError `too-large` when more paths are to be guarded than anybody can have locked. */
  #want(path: RelPath, on: boolean): void {
    if (this.#wanted.has(path) === on) return;
    const bytes = path.length + WANTED_BYTES;
    this.#wantedBytes += on ? bytes : -bytes;
    if (!on) this.#wanted.delete(path);
    else if (this.#wantedBytes <= MAX_WANTED_BYTES) this.#wanted.add(path);
    else {
      this.#wantedBytes -= bytes;
      throw new SyncError('too-large', 'More files are to be guarded than can be locked.');
    }
  }

  /** Restores every bit. */
  clear(): void {
    this.#wanted.clear();
    this.#wantedBytes = 0;
    this.set([], false);
  }

  /** To be called after `changes` were applied: guards what came to a guarded path, and no longer what left one. */
  applied(changes: readonly Change[]): void {
    if (this.#records.size === 0 && this.#wanted.size === 0) return;
    const next = this.#records.copy();
    const modes = new Map<RelPath, number>();
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
      // The apply has just set its mode.
      next.delete(path);
      modes.set(path, after.mode);
      paths.add(path);
    }
    this.#update(next, paths, modes);
  }

  /** To be called after each scan: a guarded file that was found under another name gets its bits back there. */
  scanned({ entries, whole, halt, unknown }: ScanResult): void {
    if (this.#records.size === 0 || halt !== null) return;
    this.#within((find, parents) => {
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
          if (unknown.some((above) => isAtOrBelow(path, above))) continue;
          if (staysGone(path, parents)) next.delete(path);
        }
      }
      this.#update(next, paths);
    });
  }

  /** Whether the guarded file was moved: a second name (hard link) stays guarded as long as the first one. */
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
   * Stores `next` as the records, updated for `paths`: bits are restored, and durable, before the records are saved, and
   * removed after.
   * @param modes modes that the apply has just set; they take precedence over those on disk.
   */
  #update(next: RecordMap, paths: Iterable<RelPath>, modes: ReadonlyMap<RelPath, number> = new Map()): void {
    this.#within((find) => {
      const guarding: RelPath[] = [];
      for (const path of paths) {
        const found = find(path);
        if (typeof found === 'string') continue;
        if (!this.#wanted.has(path)) {
          if (this.#restoreBits(path, found, next)) next.delete(path);
          continue;
        }
        const record = next.get(path);
        const known = record !== undefined && isGuarded(record, found.stats) ? record.mode : undefined;
        next.set(path, recordOf(modes.get(path) ?? known ?? this.reported(path, found.stats), found.stats));
        guarding.push(path);
      }
      if (!this.#save(next)) return;
      for (const path of guarding) this.#removeBits(path, find(path));
    });
  }

  #removeBits(path: RelPath, found: Found): void {
    const record = this.#records.get(path);
    if (typeof found === 'string' || record === undefined || !isOf(record, found.stats)) return;
    if (modeOf(found.stats) === record.mode) this.#change(path, found, withoutWrite(record.mode));
  }

  /** @returns whether nothing is left to restore, also after a power cut. */
  #restoreBits(path: RelPath, found: Exclude<Found, string>, records: RecordMap): boolean {
    const record = records.get(path);
    if (record === undefined) return true;
    if (isGuarded(record, found.stats) && !this.#change(path, found, record.mode)) return false;
    return flush(found);
  }

  /** Sets the mode of the file. @returns whether that succeeded. */
  #change(path: RelPath, { target, stats }: Exclude<Found, string>, mode: number): boolean {
    if (modeOf(stats) === mode) return true;
    try {
      return holding(target, (inode) => {
        if (!isSameInode(inode.stats, stats)) return false;
        inode.chmod(mode);
        const known = this.#tree.snapshot.get(path) as FileSignature | null;
        // The content is known only if the file is exactly as the scan saw it.
        if (known?.type === 'file' && sameSignature(known, stats)) this.#tree.wrote(path, known, inode.now());
        else this.#tree.markDirty([path]);
        return true;
      });
    } catch {
      return false; // it is gone, or belongs to another user
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

  #within(act: (find: (path: RelPath) => Found, parents: Parents) => void): void {
    let parents: Parents;
    try {
      parents = new Parents(this.#root);
    } catch {
      return; // the root is gone; scans report that
    }
    try {
      act((path) => findIn(parents, path), parents);
    } finally {
      parents.close();
    }
  }
}

/**
 * Makes the mode of the file durable; also one that somebody else set: a power cut would bring back the guarded one,
 * without a record. @returns whether that succeeded.
 */
function flush({ target, stats }: Exclude<Found, string>): boolean {
  try {
    holding(target, (inode) => isSameInode(inode.stats, stats) && inode.flush());
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/**
 * Makes it durable that a guarded file was removed: a power cut would bring it back without its write bits, and without a
 * record. @returns whether that succeeded.
 */
function staysGone(path: RelPath, parents: Parents): boolean {
  try {
    parents.syncAbove(path);
    return true;
  } catch {
    return false; // a later scan tries again
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
