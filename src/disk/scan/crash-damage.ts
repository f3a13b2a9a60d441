// What a crash leaves of a file whose data was not on the disk yet: its name and times, but no content, or less. That is
// no edit. It is told apart by what no edit leaves behind, and only after a server that did not let go of its root.
import type { Stats } from 'node:fs';
import os from 'node:os';
import type { Problem } from '../../core/errors.js';
import type { RelPath } from '../../core/path.js';
import type { Snapshot } from '../../core/snapshot.js';
import { type FileSignature, microseconds } from '../fs/signature.js';
import type { Crash } from '../state/occupant.js';
import type { Table } from '../state/store.js';

/** The damaged files of one root, until they are healed from the other side or somebody writes them. */
export class Damage implements Table {
  /** By path: the hash of what was found there. */
  readonly #found = new Map<string, string>();
  readonly #crash: Crash | null;
  readonly #bootedAt: number;
  /** Called for every change of what is damaged, to remember it; null: no more. */
  onChange: (path: string, hash: string | null) => void = () => {};

  /**
   * @param crash how the last server ended.
   * @param bootedAt when this run of the machine began, milliseconds since 1970.
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

  /** Notes what stands at `path` if it is damage. @param before what was last seen there. */
  judge(path: RelPath, before: FileSignature | null, stats: Stats, hash: string): void {
    if (this.#crash === null || !this.#isDamage(before, stats, this.#crash)) return;
    this.#found.set(path, hash);
    this.onChange(path, hash);
  }

  /**
   * A cut keeps the time of the last write, an edit does not. A machine that went down may keep an earlier time, too:
   * then only a file that is empty, and was last touched before the machine came up again, is taken for damage. Somebody
   * who emptied it in the last moments before the crash will find its content again, which is the lesser evil.
   */
  #isDamage(before: FileSignature | null, stats: Stats, { ofMachine }: Crash): boolean {
    if (before !== null && stats.size >= before.size) return false;
    if (before !== null && microseconds(before.mtimeMs) === microseconds(stats.mtimeMs)) return true;
    return ofMachine && stats.size === 0 && stats.ctimeMs < this.#bootedAt;
  }

  /** @returns the files in `snapshot` that are damaged still. */
  standing(snapshot: Snapshot): RelPath[] {
    const standing: RelPath[] = [];
    for (const [path, hash] of this.#found) {
      const node = snapshot.get(path as RelPath);
      if (node?.type === 'file' && node.hash === hash) standing.push(path as RelPath);
      else {
        this.#found.delete(path);
        this.onChange(path, null);
      }
    }
    return standing;
  }
}

/** @returns what a person is told while the other side is not there to help. */
export const damageProblem = (path: RelPath): Problem => ({
  path,
  code: 'io-error',
  message: `${path} lost content in a crash; it is not carried over, and what the other side has takes its place.`,
});
