// Client writes: what people ask to be done to files, carried out on directory_a and nowhere else (but for what only side
// b has), so that there is one decider. Each is decided on what a fresh look finds, compared once more before it is
// written, and folded into the pair as a change of that side, which then goes over like any other. Its paths are claimed
// while it is under way.
import type { Change } from '../../core/change.js';
import type { SyncError } from '../../core/errors.js';
import { isAtOrBelow, type RelPath } from '../../core/path.js';
import { lockedBy } from '../locks/lock-service.js';
import type { ClaimKind } from '../pair/claims.js';
import { busy, failed, failure, ignored, outOfReach } from './refusals.js';
import { type ClientWrite, changesOf, type Result, type WriteContext, type WriteEvent, type Writing } from './write.js';
import { carryStep, foldResults, toPassOn } from './write-steps.js';

/** How long a write waits for what is under way on its paths, in milliseconds. */
const PATIENCE_MS = 20_000;
/** Whom a write waits for. What is unconfirmed is scanned for it in any case. */
const WRITERS: readonly ClaimKind[] = ['transfer', 'disconnected-peer', 'client-write'];
/** How often a write is decided anew because somebody else wrote in between. */
const MAX_ATTEMPTS = 5;

/** Answers when the locks that went along are on disk, too. */
function answer({ saving, done, resolve, reject }: Writing): void {
  Promise.all(saving).then(() => resolve(done), reject);
}

/** Carries out client writes. */
export class ClientWrites {
  readonly #context: WriteContext;

  #waiting: Writing[] = [];
  readonly #underWay = new Set<Writing>();

  constructor(context: WriteContext) {
    this.#context = context;
  }

  /**
   * @returns the changes that were made, once they are durable.
   * @throws SyncError as `decide` refuses; `locked`, `halted`, `busy`, or `failed` where the disk refuses.
   */
  ask(ask: ClientWrite): Promise<readonly Change[]> {
    const { clock, mailbox } = this.#context;
    return new Promise((resolve, reject) => {
      const scans = { a: this.#scanPath('a', ask.paths), b: 0 };
      const since = clock.now();
      const after = () => {};
      const fresh = { attempts: 0, claims: [], left: [], done: [], saving: [] };
      this.#waiting.push({ ask, since, scans, ...fresh, after, resolve, reject });
      clock.after(PATIENCE_MS + 1, () => mailbox.wake());
      mailbox.wake();
    });
  }

  #scanPath(side: 'a' | 'b', paths: readonly RelPath[]): number {
    return Math.max(0, ...paths.map((path) => this.#context.sides.scanPath(side, path)));
  }

  /** Whether somebody holds `path`: a new name should not be one of those. */
  isClaimed(path: RelPath): boolean {
    return this.#context.claims.heldBy(path) !== null;
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0 && this.#underWay.size === 0;
  }

  /** Begins whatever can begin now. */
  serve(): void {
    const due = this.#waiting;
    this.#waiting = [];
    for (const write of due) {
      try {
        if (this.#isReady(write)) this.#begin(write);
        else this.#waiting.push(write);
      } catch (error) {
        write.reject(error as SyncError);
      }
    }
  }

  #isReady({ ask, since, scans }: Writing): boolean {
    const { clock, pair, recorder, sides } = this.#context;
    const { halt } = recorder;
    if (halt !== null) throw halt;
    // A look at a side that has gone since will not come; what it would have told is compared by the step.
    const isSeen =
      sides.isScanned('a', scans.a) && (scans.b === 0 || sides.replica('b') === null || sides.isScanned('b', scans.b));
    if (pair.a.snapshot !== null && isSeen && !ask.paths.some((path) => this.#isBusy(path, ask.deep))) return true;
    if (clock.now() - since > PATIENCE_MS) throw busy(ask.paths[0]!);
    return false;
  }

  #isBusy(path: RelPath, deep = false): boolean {
    const { claims, heldUpdates, lockStore } = this.#context;
    if (claims.heldBy(path, WRITERS) !== null || heldUpdates.isMoving(path)) return true;
    if (!deep) return false;
    for (const { by } of claims.below(path)) if (WRITERS.includes(by)) return true;
    const { locks, drains } = lockStore.table;
    return [...locks.keys(), ...drains.keys()].some((at) => isAtOrBelow(at, path) && heldUpdates.isMoving(at));
  }

  #begin(write: Writing): void {
    const { pair } = this.#context;
    const { ask } = write;
    for (const path of ask.paths) this.#refuseForeign(ask, path);
    write.left = [...ask.decide((path) => pair.entry('a', path))];
    const paths = write.left.flatMap(changesOf).flatMap(({ path, from }) => (from ? [path, from.path] : [path]));
    const isAsked = (path: RelPath) => ask.deep === true && ask.paths.some((top) => isAtOrBelow(path, top));
    for (const path of paths) if (!isAsked(path)) this.#refuseForeign(ask, path);
    const { claims } = this.#context;
    write.claims = [...new Set([...ask.paths, ...paths])].map((path) => claims.claim(path, 'client-write', ask.deep));
    this.#underWay.add(write);
    this.#next(write);
  }

  #refuseForeign({ owner, deep }: ClientWrite, path: RelPath): void {
    const { lockStore, pair } = this.#context;
    for (const lock of deep ? lockStore.table.locks.values() : [lockStore.table.locks.get(path)]) {
      if (lock === undefined || lock.owner === owner || !isAtOrBelow(lock.path, path)) continue;
      throw lockedBy(lock.path, { kind: 'refused', lock, held: lockStore.table.heldOf(lock.path).length });
    }
    if (pair.a.rules.ignores(path, false)) throw ignored(path);
    if (pair.isOutOfReach(path)) throw outOfReach(path);
  }

  #next(write: Writing): void {
    const step = write.left.shift();
    if (step === undefined) this.#finish(write, () => answer(write));
    else void carryStep(this.#context, write, step.side ?? 'a', step);
  }

  /** A step's outcome is known. */
  stepped(event: WriteEvent): void {
    const { write, passedOn } = event;
    const left = foldResults(this.#context, event);
    if (passedOn) {
      // Not done: then the change of side a goes over like any other, or is held until the owner unlocks.
      for (const { change } of left) this.#context.log.detail(`The write of ${change.path} has not gone over at once.`);
      write.after();
      return;
    }
    write.after = () => this.#settle(event, left);
    const passing = toPassOn(this.#context, event);
    if (passing === null) write.after();
    else void carryStep(this.#context, write, 'b', passing, true);
  }

  /** What was done is on its way; what was not decides how the write goes on. */
  #settle({ write, side, error }: WriteEvent, left: readonly Result[]): void {
    const trouble = left.find(({ outcome }) => outcome.kind === 'problem');
    const kept = left.filter(({ outcome }) => outcome.kind === 'kept').map(({ change }) => change.path);
    // A directory above one that keeps what is not synchronised is kept with it.
    const stale = left.filter(
      ({ change, outcome }) => outcome.kind === 'stale' && !kept.some((at) => isAtOrBelow(at, change.path)),
    );
    if (error !== null)
      this.#finish(write, () => write.reject(failed(left[0]?.change.path ?? write.ask.paths[0]!, side, error)));
    else if (trouble !== undefined) this.#finish(write, () => write.reject(failure(trouble, side)));
    else if (stale.length > 0)
      this.#again(
        write,
        stale.map(({ change }) => change.path),
      );
    else this.#next(write);
  }

  /** Somebody wrote in between: it is decided anew on what a new look finds. */
  #again(write: Writing, stale: readonly RelPath[]): void {
    this.#free(write);
    if (++write.attempts >= MAX_ATTEMPTS) {
      write.reject(busy(write.ask.paths[0]!));
      return;
    }
    const paths = [...write.ask.paths, ...stale];
    write.scans = { a: this.#scanPath('a', paths), b: this.#scanPath('b', paths) };
    this.#waiting.push(write);
    this.#context.mailbox.wake();
  }

  /** Side b has come (back): nobody waits for a look of an earlier connection. */
  restart(): void {
    for (const write of this.#waiting) {
      if (write.scans.b > 0) write.scans = { ...write.scans, b: this.#scanPath('b', write.ask.paths) };
    }
  }

  #finish(write: Writing, answer: () => void): void {
    this.#free(write);
    answer();
    this.#context.mailbox.wake();
  }

  #free(write: Writing): void {
    const { pair, claims } = this.#context;
    this.#underWay.delete(write);
    for (const claim of write.claims) {
      claims.release(claim);
      pair.mark(claim.path, true);
    }
    write.claims = [];
    pair.resumeMarks();
  }

  /** Nobody waits any longer. */
  close(error: SyncError): void {
    for (const write of this.#waiting) write.reject(error);
    for (const write of this.#underWay) write.reject(error);
    this.#waiting = [];
  }
}
