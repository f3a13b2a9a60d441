// `--guard`: while a path is locked, the other side's copy bears no write bits. Each side is told of what it is to guard,
// in order; a side that comes (back) is told everything anew, and gives back what it guarded before.
import type { Row } from '../../core/locks/records.js';
import { otherSide, type RelPath, type Side } from '../../core/path.js';
import type { Replica } from '../../replica.js';
import type { LockStore } from './lock-store.js';

/** Has both sides guard what is locked. */
export class Guarding {
  readonly #isOn: boolean;

  readonly #told: Record<Side, Promise<void>> = { a: Promise.resolve(), b: Promise.resolve() };
  readonly #replicas: Record<Side, Replica | null> = { a: null, b: null };
  readonly #guarded = new Map<RelPath, Side>();

  /** @param isOn whether anything is to be guarded; if not, what an earlier run guarded is only given back. */
  constructor(lockStore: LockStore, isOn: boolean) {
    this.#isOn = isOn;

    for (const lock of lockStore.table.locks.values()) this.#guarded.set(lock.path, otherSide(lock.side));
    lockStore.listen((rows) => this.#note(rows));
  }

  /** A side is there. */
  joined(side: Side, replica: Replica): void {
    this.#replicas[side] = replica;
    this.#tell(side, [], false);
    if (!this.#isOn) return;
    const paths = [...this.#guarded].filter(([, of]) => of === side).map(([path]) => path);
    if (paths.length > 0) this.#tell(side, paths, true);
  }

  left(side: Side): void {
    this.#replicas[side] = null;
  }

  #note(rows: readonly Row[]): void {
    for (const row of rows) {
      if (row.table !== 'lock') continue;
      const path = row.key as RelPath;
      const now = row.value === null ? null : otherSide(row.value.side);
      const before = this.#guarded.get(path) ?? null;
      if (now === before) continue;
      if (before !== null) this.#turn(before, path, false);
      if (now !== null) this.#turn(now, path, true);
    }
  }

  #turn(side: Side, path: RelPath, on: boolean): void {
    if (on) this.#guarded.set(path, side);
    else this.#guarded.delete(path);
    if (this.#isOn) this.#tell(side, [path], on);
  }

  /** @param paths none: all that this side guards. What does not arrive is told when the side is back. */
  #tell(side: Side, paths: readonly RelPath[], on: boolean): void {
    const replica = this.#replicas[side];
    this.#told[side] = this.#told[side].then(async () => {
      if (replica !== null && replica === this.#replicas[side]) await replica.guard?.(paths, on).catch(() => {});
    });
  }
}
