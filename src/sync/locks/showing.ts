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
    for (const lock of lockState.table.locks.values())
      if (isShowable(lock)) this.#shown.set(lock.path, otherSide(lock.side));
    lockState.watch((rows) => this.#note(rows));
  }

  /** A side has connected. */
  joined(side: Side, replica: Replica): void {
    const { isOn, lockState } = this.#options;
    this.#messages.joined(side, replica);
    this.#changed[side].clear();
    const paths = isOn ? [...this.#shown].filter(([, of]) => of === side).map(([path]) => path) : [];
    const isLater = (path: RelPath) => lockState.isPending(path);
    this.#tell(
      side,
      paths.filter((path) => !isLater(path)),
      true,
    );
    for (const path of paths.filter(isLater)) this.#changed[side].add(path);
    if (this.#changed[side].size > 0) this.#gather();
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
    if (lock === null || !isShowable(lock)) this.#shown.delete(path);
    else this.#shown.set(path, otherSide(lock.side));
    const concerned = [before, this.#shown.get(path)].filter((side) => side !== undefined);
    for (const side of concerned) this.#changed[side].add(path);
    if (concerned.length > 0) this.#gather();
  }

  #gather(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    this.#options.clock.after(GATHER_MS, () => {
      this.#isGathering = false;
      for (const side of ['a', 'b'] as const) this.#tellChanged(side);
    });
  }

  /** A lock is shown once it is on disk, as everybody is told of it only then. */
  #tellChanged(side: Side): void {
    const changed = this.#changed[side];
    const paths = [...changed].filter((path) => !this.#options.lockState.isPending(path));
    for (const path of paths) changed.delete(path);
    if (paths.length > 0) this.#tell(side, paths, false);
    if (changed.size > 0) this.#gather();
  }

  #tell(side: Side, paths: readonly RelPath[], anew: boolean): void {
    const locks = paths.map((path): ShownLock => ({ path, holder: this.#holderOf(side, path) }));
    this.#messages.send(side, (replica) => replica.showLocks?.(locks, anew));
  }

  #holderOf(side: Side, path: RelPath): ShownLock['holder'] {
    const lock = this.#options.lockState.table.locks.get(path);
    return lock === undefined || this.#shown.get(path) !== side ? null : holderOf(lock);
  }
}

/** Programs for text, whose owner files are links: they disturb tools that read all files of a directory. */
const TEXT_EDITORS: ReadonlySet<string | null | undefined> = new Set(['Emacs', 'Vim']);

/**
 * Whether a program would show the lock. Of a text file it is shown only where somebody edits it in such a program: a
 * link to nowhere beside every locked text file would cost more than it tells.
 */
function isShowable(lock: Lock): boolean {
  const { since, ...holder } = holderOf(lock);
  const [file] = outwardOwnerFiles(nameOf(lock.path), { ...holder, since: new Date(since) });
  if (file === undefined) return false;
  return file.content instanceof Uint8Array || TEXT_EDITORS.has(lock.auto?.app);
}

/** Who holds the lock, and where: a person is called `user@host`, or by a name of which only the account tells the host. */
function holderOf({ owner, auto, side, since }: Lock): NonNullable<ShownLock['holder']> {
  const at = owner.lastIndexOf('@');
  const user = at > 0 ? owner.slice(0, at) : owner;
  const account = auto?.account ?? owner;
  const host = account.includes('@') ? account.slice(account.lastIndexOf('@') + 1) : `side ${side}`;
  return { user, host, since };
}
