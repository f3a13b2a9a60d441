// Carries out client writes. They take place on side a (on side b only for what only b has), so that one side decides.
// Each is decided on the result of a fresh scan, compared once more before it is written, and folded into the pair as a
// change of that side, which is then synchronised like any other. Its paths are claimed while it is under way.
import type { Change } from '../../core/change.js';
import type { SyncError } from '../../core/errors.js';
import { isHolder } from '../../core/locks/records.js';
import { isAtOrBelow, type RelPath } from '../../core/path.js';
import { lockedBy } from '../locks/lock-service.js';
import type { ClaimKind } from '../pair/claims.js';
import { busy, failed, failure, ignored, outOfReach } from './refusals.js';
import {
  type ClientWrite,
  changesOf,
  nothingSeen,
  type Result,
  type WriteContext,
  type WriteEvent,
  type WriteStep,
  type Writing,
} from './write.js';
import { carryStep, foldResults, seenOfB, toPassOn } from './write-steps.js';

/** How long a write waits for other work on its paths, in milliseconds. */
const MAX_WAIT_MS = 20_000;
/** A clock that shows whole milliseconds can show one less than have passed, and is to show more than the limit. */
const MARGIN_MS = 2;
/**
 * The claims that a write waits for. Unconfirmed paths are not among them: the scan that the write requests confirms
 * them.
 */
const WRITERS: readonly ClaimKind[] = ['transfer', 'disconnected-peer', 'client-write'];
/** How often a write is decided again because its paths changed meanwhile. */
const MAX_ATTEMPTS = 5;

/** Answers the client, once the moved locks are on disk, too. */
function answer({ saving, done, resolve, reject }: Writing): void {
  Promise.all(saving).then(() => resolve(done), reject);
}

/** @returns every path that `steps` change. */
const pathsOf = (steps: readonly WriteStep[]): RelPath[] =>
  steps.flatMap(changesOf).flatMap(({ path, from }) => (from === undefined ? [path] : [path, from.path]));

/** Carries out client writes. */
export class ClientWrites {
  readonly #context: WriteContext;

  #waiting: Writing[] = [];
  readonly #underWay = new Set<Writing>();

  constructor(context: WriteContext) {
    this.#context = context;
  }

  /**
   * Carries out one write.
   * @returns the changes that were made, once they are durable.
   * @throws SyncError as `decide` refuses; `locked`, `halted`, `busy`, or `failed` where the disk refuses.
   */
  ask(ask: ClientWrite): Promise<readonly Change[]> {
    const { clock, mailbox } = this.#context;
    return new Promise((resolve, reject) => {
      const scans = { a: this.#scanPath('a', ask.paths), b: 0 };
      const since = clock.monotonic();
      const after = () => {};
      const fresh = { attempts: 0, claims: [], left: [], done: [], seenOfB: nothingSeen(), saving: [] };
      this.#waiting.push({ ask, since, scans, ...fresh, after, resolve, reject });
      clock.after(MAX_WAIT_MS + MARGIN_MS, () => mailbox.wake());
      mailbox.wake();
    });
  }

  #scanPath(side: 'a' | 'b', paths: readonly RelPath[]): number {
    return Math.max(0, ...paths.map((path) => this.#context.sides.scanPath(side, path)));
  }

  /** Whether `path` is claimed: a new name has to avoid such paths. */
  isClaimed(path: RelPath): boolean {
    return this.#context.claims.heldBy(path) !== null;
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0 && this.#underWay.size === 0;
  }

  /** Starts the writes that are ready. */
  serve(): void {
    const due = this.#waiting;
    this.#waiting = [];
    for (const write of due) {
      try {
        if (this.#isReady(write) && this.#isDecided(write)) this.#begin(write);
        else if (this.#context.clock.monotonic() - write.since > MAX_WAIT_MS) throw busy(write.ask.paths[0]!);
        else this.#waiting.push(write);
      } catch (error) {
        write.reject(error as SyncError);
      }
    }
  }

  #isReady({ ask, scans }: Writing): boolean {
    const { gate, pair, recorder, sides } = this.#context;
    const refusal = recorder.halt ?? gate.refusal(pair);
    if (refusal !== null) throw refusal;
    // A scan of a disconnected side will not come; the step itself compares what it would have found.
    const isSeen =
      sides.isScanned('a', scans.a) && (scans.b === 0 || sides.replica('b') === null || sides.isScanned('b', scans.b));
    return pair.a.snapshot !== null && isSeen && !ask.paths.some((path) => this.#isBusy(path, ask.deep));
  }

  #isBusy(path: RelPath, deep = false): boolean {
    const { claims, heldUpdates, lockState } = this.#context;
    if (claims.heldBy(path, WRITERS) !== null || heldUpdates.isMoving(path)) return true;
    if (!deep) return false;
    for (const { by } of claims.below(path)) if (WRITERS.includes(by)) return true;
    const { locks, drains } = lockState.table;
    return [...locks.keys(), ...drains.keys()].some((at) => isAtOrBelow(at, path) && heldUpdates.isMoving(at));
  }

  /**
   * Decides on the steps of `write`.
   * @returns false where another write or a transfer is making one of their paths, such as a directory above that is
   *   missing: a scan does not report it before that has ended, and every attempt until then would be stale.
   */
  #isDecided(write: Writing): boolean {
    const { pair } = this.#context;
    const { ask } = write;
    for (const path of ask.paths) this.#refuseForeign(ask, path);
    write.left = [...ask.decide((path) => pair.entry('a', path))];
    const isAsked = (path: RelPath) => ask.deep === true && ask.paths.some((top) => isAtOrBelow(path, top));
    const others = pathsOf(write.left).filter((path) => !isAsked(path));
    for (const path of others) this.#refuseForeign(ask, path);
    return !others.some((path) => this.#isBusy(path));
  }

  #begin(write: Writing): void {
    const { claims } = this.#context;
    const { ask, left } = write;
    write.seenOfB = seenOfB(this.#context, left);
    const paths = new Set([...ask.paths, ...pathsOf(left)]);
    write.claims = [...paths].map((path) => claims.claim(path, 'client-write', ask.deep));
    this.#underWay.add(write);
    this.#next(write);
  }

  #refuseForeign({ owner, deep }: ClientWrite, path: RelPath): void {
    const { lockState, pair } = this.#context;
    for (const lock of deep ? lockState.table.locks.values() : [lockState.table.locks.get(path)]) {
      if (lock === undefined || isHolder(lock, owner) || !isAtOrBelow(lock.path, path)) continue;
      throw lockedBy(lock.path, { kind: 'refused', lock, held: lockState.table.heldOf(lock.path).length });
    }
    if (pair.a.rules.ignores(path, false)) throw ignored(path);
    if (pair.isOutOfReach(path)) throw outOfReach(path);
  }

  #next(write: Writing): void {
    const step = write.left.shift();
    if (step === undefined) this.#finish(write, () => answer(write));
    else void carryStep(this.#context, write, step.side ?? 'a', step);
  }

  /** The outcome of a step is known. */
  stepped(event: WriteEvent): void {
    const { write, passedOn } = event;
    const left = foldResults(this.#context, event);
    if (passedOn) {
      // Where it is not done, the change of side a is synchronised like any other, or held until the lock is released.
      for (const { change } of left) this.#context.log.detail(`The write of ${change.path} has not gone over at once.`);
      write.after();
      return;
    }
    write.after = () => this.#settle(event, left);
    const passing = toPassOn(this.#context, event);
    if (passing === null) write.after();
    else void carryStep(this.#context, write, 'b', passing, true);
  }

  /** Continues the write according to the changes of the step that were not done. */
  #settle({ write, side, error }: WriteEvent, left: readonly Result[]): void {
    const problem = left.find(({ outcome }) => outcome.kind === 'problem');
    const kept = left.filter(({ outcome }) => outcome.kind === 'kept').map(({ change }) => change.path);
    // A directory that contains a kept path stays with it.
    const stale = left.filter(
      ({ change, outcome }) => outcome.kind === 'stale' && !kept.some((at) => isAtOrBelow(at, change.path)),
    );
    if (error !== null)
      this.#finish(write, () => write.reject(failed(left[0]?.change.path ?? write.ask.paths[0]!, side, error)));
    else if (problem !== undefined) this.#finish(write, () => write.reject(failure(problem, side)));
    else if (stale.length > 0)
      this.#again(
        write,
        stale.map(({ change }) => change.path),
      );
    else this.#next(write);
  }

  /** The paths changed meanwhile: decides again after a new scan. */
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

  /** Side b has connected: the scans of an earlier connection will not come. */
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

  /** Refuses every write with `error`. */
  close(error: SyncError): void {
    for (const write of this.#waiting) write.reject(error);
    for (const write of this.#underWay) write.reject(error);
    this.#waiting = [];
  }
}
