// Shows locks inside the programs of the other side: there an owner file beside the locked document says who has it.
// A lock that is taken and ended at once is never shown, and many locks are one message.
import type { Lock } from '../../core/locks/records.js';
import { outwardOwnerFiles } from '../../core/owner-files/outward.js';
import { nameOf, otherSide, type RelPath, type Side } from '../../core/path.js';
import type { Replica, ShownLock } from '../../replica.js';
import type { Clock } from '../clock.js';
import type { LockState } from './lock-state.js';
import type { StoredRow } from './lock-store.js';
import { SideMessages } from './side-messages.js';

/** Locks are gathered so long before a side is told, in milliseconds. */
const GATHER_MS = 20;

interface ShowingOptions {
  readonly lockState: LockState;
  readonly clock: Pick<Clock, 'after'>;
  /** False: nothing is shown, and what an earlier run showed is removed. */
  readonly isOn: boolean;
}

/** Makes both sides show the locks of the other one. */
export class LockShowing {
  readonly #options: ShowingOptions;
  readonly #messages = new SideMessages();
  /** The sides on which locks are shown. */
  readonly #shown = new Map<RelPath, Side>();
  readonly #changed: Readonly<Record<Side, Set<RelPath>>> = { a: new Set(), b: new Set() };
  #isGathering = false;

  constructor(options: ShowingOptions) {
    this.#options = options;
    const { lockState } = options;
    for (const { path, side } of lockState.table.locks.values()) this.#shown.set(path, otherSide(side));
    lockState.watch((rows) => this.#note(rows));
  }

  /** A side has connected. */
  joined(side: Side, replica: Replica): void {
    this.#messages.joined(side, replica);
    this.#changed[side].clear();
    const paths = [...this.#shown].filter(([, of]) => of === side).map(([path]) => path);
    this.#tell(side, this.#options.isOn ? paths : [], true);
  }

  left(side: Side): void {
    this.#messages.left(side);
  }

  #note(rows: readonly StoredRow[]): void {
    if (!this.#options.isOn) return;
    for (const row of rows) if (row.table === 'lock') this.#noteLock(row.key as RelPath, row.value);
  }

  #noteLock(path: RelPath, lock: Lock | null): void {
    const before = this.#shown.get(path);
    if (lock === null) this.#shown.delete(path);
    else this.#shown.set(path, otherSide(lock.side));
    for (const side of [before, this.#shown.get(path)]) if (side !== undefined) this.#changed[side].add(path);
    this.#gather();
  }

  #gather(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    this.#options.clock.after(GATHER_MS, () => {
      this.#isGathering = false;
      for (const side of ['a', 'b'] as const) {
        const paths = [...this.#changed[side]];
        this.#changed[side].clear();
        if (paths.length > 0) this.#tell(side, paths, false);
      }
    });
  }

  #tell(side: Side, paths: readonly RelPath[], anew: boolean): void {
    const locks = paths.map((path) => this.#shownLock(side, path)).filter((lock) => lock !== null);
    if (anew || locks.length > 0) this.#messages.send(side, (replica) => replica.showLocks?.(locks, anew));
  }

  /** @returns null for a document of which no program would show it. */
  #shownLock(side: Side, path: RelPath): ShownLock | null {
    const lock = this.#options.lockState.table.locks.get(path);
    const holder = lock === undefined || lock.side === side ? null : holderOf(lock);
    const named = holder ?? { user: '', host: '', since: 0 };
    const isShowable = outwardOwnerFiles(nameOf(path), { ...named, since: new Date(named.since) }).length > 0;
    return isShowable ? { path, holder } : null;
  }
}

/** Who holds the lock, and where: a person is called `user@host`, or by a name of which only the account tells the host. */
function holderOf({ owner, auto, side, since }: Lock): NonNullable<ShownLock['holder']> {
  const at = owner.lastIndexOf('@');
  const user = at > 0 ? owner.slice(0, at) : owner;
  const account = auto?.account ?? owner;
  const host = account.includes('@') ? account.slice(account.lastIndexOf('@') + 1) : `side ${side}`;
  return { user, host, since };
}
