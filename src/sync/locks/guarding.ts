// Implements `--guard`: while a path is locked, the copy on the other side has no write bits. Each side is told in
// order what to guard. A side that connects is told everything again, and first gives back what it guarded before.
import { otherSide, type RelPath, type Side } from '../../core/path.js';
import type { Replica } from '../../replica.js';
import type { LockState } from './lock-state.js';
import type { StoredRow } from './lock-store.js';
import { SideMessages } from './side-messages.js';

/** Makes both sides guard the locked paths. */
export class Guarding {
  readonly #mayGuard: (path: RelPath) => boolean;

  readonly #messages = new SideMessages();
  readonly #table: LockState['table'];
  /** The guarded paths, and the sides on which they are guarded. */
  #guarded: Map<RelPath, Side>;

  /**
   * @param mayGuard whether a path is guarded while it is locked. What an earlier run guarded is given back in any case.
   */
  constructor(lockState: LockState, mayGuard: (path: RelPath) => boolean) {
    this.#table = lockState.table;
    this.#mayGuard = mayGuard;

    this.#guarded = this.#wanted();
    lockState.watch((rows) => this.#note(rows));
  }

  /** A side has connected. */
  joined(side: Side, replica: Replica): void {
    this.#messages.joined(side, replica);
    this.#send(side, [], false);
    const paths = [...this.#guarded].filter(([, of]) => of === side).map(([path]) => path);
    if (paths.length > 0) this.#send(side, paths, true);
  }

  left(side: Side): void {
    this.#messages.left(side);
  }

  /** Other paths may be guarded than before. */
  refresh(): void {
    const wanted = this.#wanted();
    for (const [path, side] of [...this.#guarded]) if (wanted.get(path) !== side) this.#set(side, path, false);
    for (const [path, side] of wanted) if (!this.#guarded.has(path)) this.#set(side, path, true);
  }

  /** @returns the locked paths that may be guarded, with the sides where their locks guard them. */
  #wanted(): Map<RelPath, Side> {
    const locks = [...this.#table.locks.values()].filter(({ path }) => this.#mayGuard(path));
    return new Map(locks.map(({ path, side }) => [path, otherSide(side)]));
  }

  #note(rows: readonly StoredRow[]): void {
    for (const row of rows) {
      if (row.table !== 'lock') continue;
      const path = row.key as RelPath;
      const now = row.value === null || !this.#mayGuard(path) ? null : otherSide(row.value.side);
      const before = this.#guarded.get(path) ?? null;
      if (now === before) continue;
      if (before !== null) this.#set(before, path, false);
      if (now !== null) this.#set(now, path, true);
    }
  }

  #set(side: Side, path: RelPath, on: boolean): void {
    if (on) this.#guarded.set(path, side);
    else this.#guarded.delete(path);
    this.#send(side, [path], on);
  }

  /** @param paths none means all that the side guards. */
  #send(side: Side, paths: readonly RelPath[], on: boolean): void {
    this.#messages.send(side, (replica) => replica.guard?.(paths, on));
  }
}
