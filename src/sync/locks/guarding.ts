// Implements `--guard`: while a path is locked, the copy on the other side has no write bits. Each side is told in
// order what to guard. A side that connects is told everything again, and first gives back what it guarded before.
import { otherSide, type RelPath, type Side } from '../../core/path.js';
import type { Replica } from '../../replica.js';
import type { LockState } from './lock-state.js';
import type { StoredRow } from './lock-store.js';

/** Makes both sides guard the locked paths. */
export class Guarding {
  readonly #isOn: boolean;

  readonly #sent: Record<Side, Promise<void>> = { a: Promise.resolve(), b: Promise.resolve() };
  readonly #replicas: Record<Side, Replica | null> = { a: null, b: null };
  readonly #guarded = new Map<RelPath, Side>();

  /** @param isOn whether paths are guarded; otherwise only those that an earlier run guarded are given back. */
  constructor(lockState: LockState, isOn: boolean) {
    this.#isOn = isOn;

    for (const lock of lockState.table.locks.values()) this.#guarded.set(lock.path, otherSide(lock.side));
    lockState.watch((rows) => this.#note(rows));
  }

  /** A side has connected. */
  joined(side: Side, replica: Replica): void {
    this.#replicas[side] = replica;
    this.#send(side, [], false);
    if (!this.#isOn) return;
    const paths = [...this.#guarded].filter(([, of]) => of === side).map(([path]) => path);
    if (paths.length > 0) this.#send(side, paths, true);
  }

  left(side: Side): void {
    this.#replicas[side] = null;
  }

  #note(rows: readonly StoredRow[]): void {
    for (const row of rows) {
      if (row.table !== 'lock') continue;
      const path = row.key as RelPath;
      const now = row.value === null ? null : otherSide(row.value.side);
      const before = this.#guarded.get(path) ?? null;
      if (now === before) continue;
      if (before !== null) this.#set(before, path, false);
      if (now !== null) this.#set(now, path, true);
    }
  }

  #set(side: Side, path: RelPath, on: boolean): void {
    if (on) this.#guarded.set(path, side);
    else this.#guarded.delete(path);
    if (this.#isOn) this.#send(side, [path], on);
  }

  /**
   * @param paths the paths; none means all that the side guards. A lost message is made up for when the side connects
   *   again.
   */
  #send(side: Side, paths: readonly RelPath[], on: boolean): void {
    const replica = this.#replicas[side];
    this.#sent[side] = this.#sent[side].then(async () => {
      if (replica !== null && replica === this.#replicas[side]) await replica.guard?.(paths, on).catch(() => {});
    });
  }
}
