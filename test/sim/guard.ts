// `--guard` on a simulated disk; it stands for src/disk/apply/guard.ts. What was there before a bit goes is on the disk first,
// and stays with the file until the bit is back. Replicas tell of the mode that a guarded file had.
import type { Change } from '../../src/core/change.js';
import type { RelPath } from '../../src/core/path.js';
import { entryOf } from '../../src/core/snapshot.js';
import { type Inode, isGuarded, type SimDisk, withoutWrite } from './disk.js';
import type { SimScanner } from './scanner.js';
import type { Process } from './world.js';

export class SimGuard {
  readonly #disk: SimDisk;
  readonly #scanner: SimScanner;
  readonly #process: Process;

  readonly #wanted = new Set<RelPath>();

  constructor(disk: SimDisk, scanner: SimScanner, process: Process) {
    this.#disk = disk;
    this.#scanner = scanner;
    this.#process = process;
  }

  set(paths: readonly RelPath[], on: boolean): void {
    if (!this.#process.alive) return;
    for (const path of paths) {
      if (on) this.#wanted.add(path);
      else this.#wanted.delete(path);
    }
    if (on) for (const path of paths) this.#take(path);
    else this.giveBack();
  }

  /** Whoever ran before may have been killed; what is to be guarded now is told anew. */
  clear(): void {
    this.#wanted.clear();
    this.giveBack();
  }

  /** A change was carried out: what came to a guarded path is guarded, and what left one is so no longer. */
  applied({ path, after, from }: Change): void {
    if (!this.#process.alive) return;
    const inode = this.#disk.at(path);
    // Its mode was just set to what it is to be.
    const isWanted = this.#wanted.has(path);
    if (after?.type === 'file' && inode !== null) inode.guarded = isWanted ? after.mode : null;
    if (isWanted) this.#take(path);
    if (from !== undefined) for (const wanted of this.#wanted) if (wanted.startsWith(`${path}/`)) this.#take(wanted);
    this.giveBack();
  }

  /** A file that is guarded under no name any more gets its bits back, wherever it is. */
  giveBack(): void {
    if (!this.#process.alive) return;
    const kept = new Set([...this.#wanted].map((path) => this.#disk.at(path)));
    for (const [path, inode] of this.#disk.walk()) {
      if (inode.guarded === null || kept.has(inode)) continue;
      if (isGuarded(inode)) this.#change(path as RelPath, inode, inode.guarded);
      this.#disk.flush();
      inode.guarded = null;
    }
  }

  #take(path: RelPath): void {
    const inode = this.#disk.at(path);
    if (inode?.type !== 'file') return;
    if (!isGuarded(inode)) {
      inode.guarded = inode.mode;
      this.#disk.flush();
    }
    this.#change(path, inode, withoutWrite(inode.guarded!));
  }

  #change(path: RelPath, inode: Inode, mode: number): void {
    if (inode.mode === mode) return;
    const known = this.#scanner.snapshot.get(path) as { ino?: number; ctime?: number } | null;
    const isAsSeen = known?.ino === inode.ino && known.ctime === inode.ctime;
    this.#process.world.say(() => `  ${path}: mode ${inode.mode.toString(8)} becomes ${mode.toString(8)}`);
    this.#disk.setMeta(inode, { mode });
    if (isAsSeen) this.#scanner.wrote(path, entryOf(this.#scanner.snapshot.get(path)));
    else this.#scanner.markDirty([path]);
  }
}
