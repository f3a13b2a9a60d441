// Finds files that a crash damaged: the name and times reached the disk, the data did not, or only in part. Such a file
// is no edit and never overwrites the other side. Files are checked only after a server ended without releasing its
// root.
import type { Stats } from 'node:fs';
import os from 'node:os';
import type { Problem } from '../../core/errors.js';
import type { RelPath } from '../../core/path.js';
import type { Snapshot } from '../../core/snapshot.js';
import { type FileSignature, microseconds } from '../fs/signature.js';
import type { Crash } from '../state/occupant.js';
import type { Table } from '../state/store.js';

/** The damaged files of one root, each until it is restored from the other side or written by somebody. */
export class Damage implements Table {
  /** Path → hash of the damaged content. */
  readonly #found = new Map<string, string>();
  readonly #crash: Crash | null;
  readonly #bootedAt: number;
  /** Called for every change of the set, to store it; null: the path is no longer damaged. */
  onChange: (path: string, hash: string | null) => void = () => {};

  /**
   * @param crash how the last server ended; null where it released its root.
   * @param bootedAt when the machine started, milliseconds since 1970.
   */
  constructor(crash: Crash | null = null, bootedAt = Date.now() - os.uptime() * 1000) {
    this.#crash = crash;
    this.#bootedAt = bootedAt;
  }

  load(path: string, hash: unknown): void {
    if (typeof hash === 'string') this.#found.set(path, hash);
    else this.#found.delete(path);
  }

  all(): Iterable<readonly [string, string]> {
    return this.#found;
  }

  /** Records the file at `path` if it is damaged. @param before what was last seen there. */
  judge(path: RelPath, before: FileSignature | null, stats: Stats, hash: string): void {
    if (this.#crash === null || !this.#isDamage(before, stats, this.#crash)) return;
    this.#found.set(path, hash);
    this.onChange(path, hash);
  }

  /**
   * Truncation by a crash keeps the modification time of the last write; an edit changes it. After a crash of the
   * machine even an earlier time may be on disk: then only an empty file whose ctime is before the start of the machine
   * counts as damaged. A file that somebody emptied just before the crash gets its content back: that is the smaller
   * harm.
   */
  #isDamage(before: FileSignature | null, stats: Stats, { ofMachine }: Crash): boolean {
    if (before !== null && stats.size >= before.size) return false;
    if (before !== null && microseconds(before.mtimeMs) === microseconds(stats.mtimeMs)) return true;
    return ofMachine && stats.size === 0 && stats.ctimeMs < this.#bootedAt;
  }

  /** @returns the files in `snapshot` that are still damaged; forgets the others. */
  remaining(snapshot: Snapshot): RelPath[] {
    const damaged: RelPath[] = [];
    for (const [path, hash] of this.#found) {
      const node = snapshot.get(path as RelPath);
      if (node?.type === 'file' && node.hash === hash) damaged.push(path as RelPath);
      else {
        this.#found.delete(path);
        this.onChange(path, null);
      }
    }
    return damaged;
  }
}

/** @returns the problem that is shown until the file is restored from the other side. */
export const damageProblem = (path: RelPath): Problem => ({
  path,
  code: 'io-error',
  message: `${path} lost content in a crash; it is not carried over, and what the other side has takes its place.`,
});
