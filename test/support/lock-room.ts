// The room around locks without a session: a pair, a lock book on a disk that a test can fill, and what was said.
import type { Entry } from '../../src/core/entry.js';
import { SyncError } from '../../src/core/errors.js';
import type { RelPath, Side } from '../../src/core/path.js';
import { Snapshot } from '../../src/core/snapshot.js';
import type { OpenStore } from '../../src/disk/state/store.js';
import { type Logger, silent } from '../../src/log.js';
import type { ScanResult } from '../../src/replica.js';
import { LockStore } from '../../src/sync/locks/lock-store.js';
import { Pair } from '../../src/sync/pair/pair.js';

const LOOK: ScanResult = { entries: [], whole: false, unknown: [], problems: [], rules: [], unsettled: 0, halt: null };

/** A pair of trees with equal contents at first, and a lock book. */
export class LockRoom {
  /** While true, nothing that is put becomes durable. */
  full = false;
  readonly said: string[] = [];
  readonly log: Logger = {
    ...silent,
    event: ({ event, ...more }) =>
      void this.said.push([event, ...Object.values(more).filter((value) => value !== null)].join(' ')),
  };
  readonly pair: Pair;
  readonly lockStore: LockStore;

  constructor(shared: Readonly<Record<string, Entry>> = {}) {
    const open: OpenStore = () => ({
      setAside: null,
      store: {
        put: () => {},
        durable: async () => {
          if (this.full) throw new SyncError('failed', 'The disk is full.', { hint: 'Free some space.' });
        },
        close: async () => {},
      },
    });
    const { store } = open('archive', {});
    this.pair = new Pair(new Snapshot(), store);
    this.lockStore = new LockStore('locks', this.log, open);
    const entries = Object.entries(shared).map(([path, entry]) => ({ path: path as RelPath, entry }));
    for (const { path, entry } of entries) this.pair.agree(path, entry);
    for (const side of ['a', 'b'] as const) this.pair.foldScan(side, { ...LOOK, whole: true, entries }, 0);
  }

  /** A look at `side` finds `paths` in motion, and nothing else. */
  foundMoving(side: Side, ...paths: string[]): void {
    this.pair.foldScan(side, { ...LOOK, unsettled: paths.length, moving: paths as RelPath[] }, 0);
  }

  /** A look at `side` finds `entry` at `path`. */
  found(side: Side, path: string, entry: Entry | null): void {
    this.pair.foldScan(side, { ...LOOK, entries: [{ path: path as RelPath, entry }] }, 0);
  }
}
