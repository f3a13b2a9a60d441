// Locks that nobody takes by hand: a document that is open is locked for the person who opened it, on the side where it
// is open. Here it is found out when that begins and ends; the lock machine (core/locks) decides.
//
//   open, and nobody holds the lock or waits for it          → lock, at once: who opened it has read it already
//   closed, scanned on both sides, content on the other side → unlock
//   side b away                                              → the lock ends after the grace time unless it comes back
//   somebody else took or ended the lock                     → it stays so until the document is closed (dismissed),
//                                                              also through a restart

import { isConflictCopy } from '../../core/conflicts/copy-name.js';
import { type Entry, sameContent, sameEntry } from '../../core/entry.js';
import { type AutoLock, dismissalKey, isHolder, type Lock, type Row } from '../../core/locks/records.js';
import { type LockRules, parseLockRules } from '../../core/owner-files/rules.js';
import { otherSide, type RelPath, type Side } from '../../core/path.js';
import type { Logger } from '../../log.js';
import type { OpenDocument, OpenDocuments, ScanResult } from '../../replica.js';
import { FirstWrites } from './first-writes.js';
import type { StoredRow } from './lock-store.js';
import { OpenSides } from './open-sides.js';
import type { LockContext, LockReadiness, PendingScan } from './readiness.js';

/** How a pair takes locks by itself. */
export interface AutoLockOptions {
  /** False: documents that are open are not locked, and automatic locks of an earlier run end. */
  readonly isOn: boolean;
  /** How long the lock of a side that is away is kept, in milliseconds. */
  readonly graceMs: number;
  /** @returns which documents are locked while they are open or in work. */
  readonly rules: () => LockRules;
}

const { rules: NO_RULES } = parseLockRules('');

export const AUTO_LOCK_DEFAULTS: AutoLockOptions = { isOn: true, graceMs: 15 * 60_000, rules: () => NO_RULES };

type AutoLockContext = LockContext & { readonly log: Pick<Logger, 'event'> };

/** A document that is open, or (without a program) in work. */
type Used = Omit<OpenDocument, 'app'> & Pick<AutoLock, 'app'>;

/** A lock whose document is closed. */
interface Closing extends PendingScan {
  readonly token: number;
}

/** Takes and ends the automatic locks of one pair. */
export class AutoLocks {
  readonly #context: AutoLockContext;
  readonly #readiness: LockReadiness;
  readonly #options: AutoLockOptions;
  readonly #open: OpenSides;
  /** The automatic locks in force. */
  readonly #locks = new Map<RelPath, Lock>();
  readonly #firstWrites: FirstWrites;
  readonly #closing = new Map<RelPath, Closing>();
  /** Dismissals that are not in the table yet: no decision can be made while another one is being recorded. */
  #dismissals: Row[] = [];
  /** Whether a lock is being ended here and not by a person. */
  #isEnding = false;

  constructor(context: AutoLockContext, readiness: LockReadiness, options: AutoLockOptions) {
    this.#context = context;
    this.#readiness = readiness;
    this.#options = options;
    const { lockState, log } = context;
    this.#open = new OpenSides(log, lockState.table);
    this.#firstWrites = new FirstWrites({ ...context, quietMs: (path) => this.#quietMs(path) });
    for (const lock of lockState.table.locks.values()) {
      if (lock.auto !== undefined) this.#locks.set(lock.path, lock);
      if (options.isOn && lock.auto?.app === null) this.#firstWrites.changed(lock.side, lock.path);
    }
    lockState.watch((rows) => this.#note(rows));
  }

  /** A side has told what is open there. */
  told(side: Side, open: OpenDocuments): void {
    if (!this.#options.isOn) return;
    this.#recordDismissals();
    this.#open.told(side, open);
    this.#endDismissals(side);
  }

  #recordDismissals(): void {
    this.#commit(this.#dismissals.splice(0));
  }

  /** What is closed, or open for somebody else or in another program, is locked again when it is opened. */
  #endDismissals(side: Side): void {
    const { lockState } = this.#context;
    const over = [...lockState.table.dismissals].filter(([, dismissal]) => {
      const document = this.#open.at(side, dismissal.path);
      const isOpen = document?.owner === dismissal.owner && document.app === dismissal.app;
      return dismissal.side === side && !isOpen;
    });
    this.#commit(over.map(([key]) => ({ table: 'dismissal', key, value: null })));
  }

  /** Where it cannot be written that is logged, and the next write includes it. */
  #commit(rows: readonly Row[]): void {
    if (rows.length > 0) this.#context.lockState.commit(rows).catch(() => {});
  }

  /** @returns the program that has `path` open on `side`; null where none has, or it is not known. */
  appAt(side: Side, path: RelPath): string | null {
    return this.#open.at(side, path)?.app ?? null;
  }

  /**
   * A side was scanned, and what was found is not recorded yet: the first change of a file can lock it for that side.
   * @param isOpen whether a write of the synchronisation may be what was found at a path.
   */
  scanned(side: Side, { whole, halt, entries }: ScanResult, isOpen: (path: RelPath) => boolean): void {
    if (!this.#options.isOn || whole || halt !== null || !this.#options.rules().hasFirstWrites) return;
    const { pair, lockState } = this.#context;
    for (const { path, entry } of entries) {
      if (entry?.type !== 'file' || this.#quietMs(path) === null || isOpen(path)) continue;
      // A scan also tells what it was asked for, changed or not.
      const former = pair.entry(side, path);
      if (sameContent(entry, former) || sameContent(entry, pair.shared(path))) continue;
      if (former === null && isConflictCopy(path)) continue;
      // What has just been written here by the synchronisation.
      if (sameContent(entry, pair.entry(otherSide(side), path))) continue;
      const lock = lockState.table.locks.get(path);
      if (lock === undefined || lock.side === side) this.#firstWrites.changed(side, path);
    }
  }

  /** Side b has disconnected. */
  left(): void {
    this.#open.left('b');
  }

  /** Side b has connected: only a scan of this connection counts. */
  restart(): void {
    for (const [path, closing] of this.#closing) this.#readiness.scanAgain(closing, path);
  }

  /** Takes and ends the locks whose time has come. */
  serve(): void {
    this.#recordDismissals();
    if (this.#locks.size === 0 && this.#open.isEmpty && this.#firstWrites.isEmpty) return;
    const inWork = this.#firstWrites.inWork();
    for (const lock of [...this.#locks.values()]) this.#serveLock(lock);
    for (const [side, document] of this.#open.all()) this.#want(side, document);
    for (const [path, side] of inWork)
      this.#want(side, { path, app: null, owner: this.#open.account(side), account: null });
  }

  #note(rows: readonly StoredRow[]): void {
    const tokens = new Set(rows.map((row) => (row.table === 'lock' ? row.value?.token : undefined)));
    for (const row of rows) {
      if (row.table !== 'lock') continue;
      const path = row.key as RelPath;
      const former = this.#locks.get(path);
      if (row.value?.auto !== undefined) this.#locks.set(path, row.value);
      else this.#forget(path);
      if (former === undefined || this.#isEnding) continue;
      // A lock that goes with its file to another path is ended by nobody.
      const isTaken = row.value === null ? !tokens.has(former.token) : !isSameLock(row.value, former);
      if (isTaken) this.#dismiss(former);
    }
  }

  #forget(path: RelPath): void {
    this.#locks.delete(path);
    this.#closing.delete(path);
  }

  /**
   * A person has ended or taken an automatic lock, or the time is over of one whose side was away. Whoever has opened the
   * document since may still have it.
   */
  #dismiss({ path, side, owner, auto }: Lock): void {
    if (auto?.away !== undefined) return;
    if (auto?.app === null) this.#firstWrites.dismiss(path);
    else {
      const document = this.#open.at(side, path);
      if (document?.owner !== owner) return;
      const value = { path, side, owner, app: document.app };
      this.#dismissals.push({ table: 'dismissal', key: dismissalKey(side, path), value });
    }
  }

  #serveLock(lock: Lock): void {
    const { path, side, auto } = lock;
    if (this.#options.isOn && this.#isInUse(lock)) {
      this.#closing.delete(path);
      return;
    }
    // What is not known to be closed is open as far as is known.
    if (this.#options.isOn && !this.#open.isKnown(side)) {
      if (side === 'b' && auto?.away === undefined) this.#leave(lock);
      return;
    }
    this.#close(lock);
  }

  #quietMs(path: RelPath): number | null {
    return this.#options.rules().ruleOf(path).firstWriteMs;
  }

  #isInUse({ path, side, owner, auto }: Lock): boolean {
    if (auto?.app === null) return this.#firstWrites.sideOf(path) === side;
    const document = this.#open.at(side, path);
    return document !== null && document.owner === owner && this.#mayLock(path);
  }

  #mayLock(path: RelPath): boolean {
    return this.#options.rules().ruleOf(path).auto === 'auto';
  }

  #leave({ path }: Lock): void {
    const { lockState, clock } = this.#context;
    lockState.dispatch({ kind: 'away', path, graceMs: this.#options.graceMs, now: clock.now() });
    this.#readiness.touched(path);
  }

  #close({ path, token, side }: Lock): void {
    const { lockState, clock, pair, mailbox } = this.#context;
    let closing = this.#closing.get(path);
    if (closing?.token !== token) {
      closing = { token, ...this.#readiness.scanPath(path) };
      this.#closing.set(path, closing);
      // The scans begin with the next turn.
      mailbox.wake();
    }
    if (!this.#isOver(closing, path, side)) return;
    this.#closing.delete(path);
    this.#isEnding = true;
    lockState.dispatch({ kind: 'close', path, token, current: pair.entry(side, path), now: clock.now() });
    this.#isEnding = false;
    this.#readiness.touched(path);
  }

  /** Whether the document has held still and its content is on the other side, or cannot get there. */
  #isOver(closing: Closing, path: RelPath, side: Side): boolean {
    const readiness = this.#readiness;
    const isStill = readiness.isSettled(closing, path) || readiness.isOvertaken(closing, path);
    if (!isStill || readiness.isInFlight(path)) return false;
    const { pair, lockState } = this.#context;
    // The holder's content does not cross while updates are held: the end of the lock settles that.
    if (lockState.table.heldOf(path).length > 0) return true;
    const isConnected = closing.scans.b > 0;
    const there = isConnected ? pair.entry(otherSide(side), path) : pair.shared(path);
    return sameEntry(pair.entry(side, path), there);
  }

  #want(side: Side, document: Used): void {
    const { path } = document;
    const { table } = this.#context.lockState;
    if (!this.#mayLock(path) || table.dismissals.has(dismissalKey(side, path))) return;
    const lock = table.locks.get(path);
    if (lock === undefined ? this.#isFree(path) : isAwayLock(lock, side, document)) this.#take(side, document);
  }

  #isFree(path: RelPath): boolean {
    const { table } = this.#context.lockState;
    if (table.drains.has(path) || table.waitersOf(path).length > 0) return false;
    const { pair } = this.#context;
    return (
      !this.#readiness.isInFlight(path) && (isLockable(pair.entry('a', path)) || isLockable(pair.entry('b', path)))
    );
  }

  #take(side: Side, { path, owner, app, account }: Used): void {
    const { lockState, clock } = this.#context;
    const auto: AutoLock = { app, account };
    lockState.dispatch({ kind: 'lock', path, owner, side, message: '', auto, now: clock.now() });
    this.#readiness.touched(path);
  }
}

const isLockable = (entry: Entry | null): boolean => entry !== null && entry.type !== 'dir';

/** Whether the automatic lock `former` is still the same one. */
const isSameLock = ({ token, auto }: Lock, former: Lock): boolean => token === former.token && auto !== undefined;

/** Whether the side of the lock was away, and is back with the document open for the same owner. */
const isAwayLock = (lock: Lock, side: Side, { owner }: Used): boolean =>
  lock.auto?.away !== undefined && lock.side === side && isHolder(lock, owner);
