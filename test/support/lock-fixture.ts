// What locks need around them, without a session: a pair, a lock table on a disk that a test can fill, and what was said.
import type { Entry } from '../../src/core/entry.js';
import type { RelPath, Side } from '../../src/core/path.js';
import { Snapshot } from '../../src/core/snapshot.js';
import { type Logger, silent } from '../../src/log.js';
import type { ScanResult } from '../../src/replica.js';
import { LockState } from '../../src/sync/locks/lock-state.js';
import { Pair } from '../../src/sync/pair/pair.js';
import { LockPlace, MemoryLockStore } from './memory-lock-store.js';

const LOOK: ScanResult = { entries: [], whole: false, unknown: [], problems: [], rules: [], unsettled: 0, halt: null };

/** A pair of trees with equal contents at first, and a lock table. */
export class LockFixture {
  readonly #locks: LockPlace;
  readonly said: string[] = [];
  readonly log: Logger = {
    ...silent,
    event: ({ event, ...more }) =>
      void this.said.push([event, ...Object.values(more).filter((value) => value !== null)].join(' ')),
  };
  readonly pair: Pair;
  readonly lockState: LockState;

  /** @param locks where the locks are stored; another fixture can have filled it. */
  constructor(shared: Readonly<Record<string, Entry>> = {}, locks = new LockPlace()) {
    this.#locks = locks;
    this.pair = new Pair(new Snapshot(), { put: () => {}, durable: async () => {}, close: async () => {} });
    this.lockState = new LockState(new MemoryLockStore(this.#locks), this.log);
    const entries = Object.entries(shared).map(([path, entry]) => ({ path: path as RelPath, entry }));
    for (const { path, entry } of entries) this.pair.agree(path, entry);
    for (const side of ['a', 'b'] as const) this.pair.foldScan(side, { ...LOOK, whole: true, entries }, 0);
  }

  /** While true, no row of the lock table becomes durable. */
  set full(isFull: boolean) {
    this.#locks.isFull = isFull;
  }

  /** A scan of `side` finds `paths` in motion, and nothing else. */
  foundMoving(side: Side, ...paths: string[]): void {
    this.pair.foldScan(side, { ...LOOK, unsettled: paths.length, moving: paths as RelPath[] }, 0);
  }

  /** A scan of `side` finds `entry` at `path`. */
  found(side: Side, path: string, entry: Entry | null): void {
    this.pair.foldScan(side, { ...LOOK, entries: [{ path: path as RelPath, entry }] }, 0);
  }
}
