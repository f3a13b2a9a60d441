// The write bits that are taken off files while somebody on the other side holds their lock. What stood there before is
// on disk before a bit goes, so that every bit is given back: at the end of the lock, or at the next start whatever
// happened. To synchronisation the files keep the mode that they had.
import fs from 'node:fs';
import type { Entry } from '../core/entry.js';
import { nameOf, parentOf, type RelPath } from '../core/path.js';
import type { Snapshot } from '../core/snapshot.js';
import { Parents } from './parents.js';
import { modeOf, type SeenFile, sameSignature } from './seen.js';

const WRITE_BITS = 0o222;

/** What guarding needs to know of the tree. */
export interface GuardedTree {
  readonly snapshot: Snapshot;
  /** Notes that `entry` stands at a path, though the disk says `stats` of it. */
  wrote(path: RelPath, entry: Entry | null, stats: fs.Stats | null): void;
  suspect(paths: Iterable<RelPath>): void;
}

/** Guards the files of one root. */
export class Guard {
  /** What is to be guarded, whether a file is there now or not. */
  private readonly wanted = new Set<RelPath>();
  /** The modes that were there before. */
  private readonly modes: Map<RelPath, number>;

  /** @param file where the modes are kept. */
  constructor(
    private readonly root: string,
    private readonly file: string,
    private readonly tree: GuardedTree,
  ) {
    this.modes = readModes(file);
  }

  /** The mode that is reported of a file at `path` with the mode `mode` on disk. */
  reported(path: RelPath, mode: number): number {
    const before = this.modes.get(path);
    return before !== undefined && mode === (before & ~WRITE_BITS) ? before : mode;
  }

  /** Takes the write bits off `paths`, or gives them back. What cannot be changed stays as it is: it is only a hint. */
  set(paths: readonly RelPath[], on: boolean): void {
    for (const path of paths) {
      if (on) this.wanted.add(path);
      else this.wanted.delete(path);
      this.onFile(path, (target, stats) => (on ? this.take(path, target, stats) : this.give(path, target, stats)));
      if (!on && this.modes.delete(path)) this.save();
    }
  }

  /** Gives every bit back. */
  clear(): void {
    this.set([...new Set([...this.modes.keys(), ...this.wanted])], false);
  }

  /** Something was written at `path`: it is guarded like what was there before. */
  again(path: RelPath): void {
    if (this.wanted.has(path)) this.set([path], true);
  }

  private take(path: RelPath, target: string, stats: fs.Stats): void {
    const mode = this.reported(path, modeOf(stats));
    if (this.modes.get(path) !== mode) {
      this.modes.set(path, mode);
      this.save();
    }
    this.change(path, target, stats, mode & ~WRITE_BITS);
  }

  private give(path: RelPath, target: string, stats: fs.Stats): void {
    const before = this.modes.get(path);
    if (before !== undefined && modeOf(stats) === (before & ~WRITE_BITS)) this.change(path, target, stats, before);
  }

  private change(path: RelPath, target: string, stats: fs.Stats, mode: number): void {
    if (modeOf(stats) === mode) return;
    fs.chmodSync(target, mode);
    const known = this.tree.snapshot.get(path) as SeenFile | null;
    // Only of a file that is just as it was seen is it known what it is.
    if (known?.type === 'file' && sameSignature(known, stats)) this.tree.wrote(path, known, fs.lstatSync(target));
    else this.tree.suspect([path]);
  }

  private onFile(path: RelPath, act: (target: string, stats: fs.Stats) => void): void {
    const parents = new Parents(this.root);
    try {
      const target = parents.at(parentOf(path), nameOf(path));
      const stats = fs.lstatSync(target);
      if (stats.isFile()) act(target, stats);
    } catch {
      // Not there, or not ours to change: then nothing is guarded.
    } finally {
      parents.close();
    }
  }

  private save(): void {
    const text = JSON.stringify({ version: 1, modes: [...this.modes] });
    const beside = `${this.file}.new`;
    const fd = fs.openSync(beside, 'w', 0o600);
    fs.writeSync(fd, text);
    fs.fsyncSync(fd);
    fs.closeSync(fd);
    fs.renameSync(beside, this.file);
  }
}

/** An unknown or damaged file is as good as none: then the files keep the mode that they have now. */
function readModes(file: string): Map<RelPath, number> {
  try {
    const { modes } = JSON.parse(fs.readFileSync(file, 'utf8')) as { modes: [RelPath, number][] };
    return new Map(modes.filter(([path, mode]) => typeof path === 'string' && Number.isInteger(mode)));
  } catch {
    return new Map();
  }
}
