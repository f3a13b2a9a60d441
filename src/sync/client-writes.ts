// Client writes: what people ask to be done to files, carried out on directory_a and nowhere else, so that there is one
// decider. Each is decided on what a fresh look finds, compared once more before it is written, and folded into the pair
// as a change of side a, which then goes over like any other. Its paths are pinned while it is under way.
import { type Change, contentOf, type Outcome } from '../core/change.js';
import { SyncError } from '../core/errors.js';
import { quote, type RelPath, type Side } from '../core/path.js';
import type { ClientWrite, WriteEvent, WriteStep, WriteSurroundings, Writing } from './client-write.js';
import { lockedBy } from './lock-desk.js';
import type { Content } from './replica.js';

/** How long a write waits for what is under way on its paths, in milliseconds. */
const PATIENCE_MS = 20_000;
/** How often a write is decided anew because somebody else wrote in between. */
const MOST_ATTEMPTS = 5;

/** Carries out client writes. */
export class ClientWrites {
  private waiting: Writing[] = [];
  private readonly pinned = new Map<RelPath, Writing>();

  constructor(private readonly around: WriteSurroundings) {}

  /**
   * @returns the changes that were made on side a, once they are durable.
   * @throws SyncError as `decide` refuses; `locked`, `halted`, `busy`, or `failed` where the disk refuses.
   */
  ask(ask: ClientWrite): Promise<readonly Change[]> {
    const { clock, post } = this.around;
    return new Promise((resolve, reject) => {
      const since = clock.now();
      this.waiting.push({
        ask,
        since,
        look: this.look(ask),
        attempts: 0,
        pinned: [],
        left: [],
        done: [],
        resolve,
        reject,
      });
      clock.after(PATIENCE_MS + 1, () => post({ kind: 'woken' }));
      post({ kind: 'woken' });
    });
  }

  private look({ paths }: ClientWrite): number {
    return Math.max(0, ...paths.map((path) => this.around.lookAt('a', path)));
  }

  /** Whether a write has `path` in its hands. */
  has(path: RelPath): boolean {
    return this.pinned.has(path);
  }

  get isIdle(): boolean {
    return this.waiting.length === 0 && this.pinned.size === 0;
  }

  /** Begins whatever can begin now. */
  serve(): void {
    const due = this.waiting;
    this.waiting = [];
    for (const write of due) {
      try {
        if (this.isReady(write)) this.begin(write);
        else this.waiting.push(write);
      } catch (error) {
        write.reject(error as SyncError);
      }
    }
  }

  private isReady({ ask, since, look }: Writing): boolean {
    const { clock, isLooked, isCarried, isMoving, pair, standstill } = this.around;
    const halt = standstill();
    if (halt !== null) throw halt;
    const isBusy = (path: RelPath) => isCarried(path) || isMoving(path) || this.has(path);
    if (pair.a.snapshot !== null && isLooked('a', look) && !ask.paths.some(isBusy)) return true;
    if (clock.now() - since > PATIENCE_MS) throw busy(ask.paths[0]!);
    return false;
  }

  private begin(write: Writing): void {
    const { pair } = this.around;
    for (const path of write.ask.paths) this.refuseForeign(write.ask, path);
    const steps = write.ask.decide((path) => pair.entry('a', path));
    for (const { change } of steps) this.refuseForeign(write.ask, change.path);
    write.left = [...steps];
    write.pinned = [...new Set([...write.ask.paths, ...steps.map(({ change }) => change.path)])];
    for (const path of write.pinned) this.pinned.set(path, write);
    this.next(write);
  }

  private refuseForeign({ owner }: ClientWrite, path: RelPath): void {
    const { book, pair } = this.around;
    const lock = book.table.locks.get(path);
    if (lock !== undefined && lock.owner !== owner) {
      throw lockedBy(path, { kind: 'refused', lock, held: book.table.heldOf(path).length });
    }
    if (pair.isOutOfReach(path) || pair.a.rules.ignores(path, false)) throw outOfReach(path);
  }

  private next(write: Writing): void {
    const step = write.left.shift();
    if (step === undefined) this.finish(write, () => write.resolve(write.done));
    else void this.carry(write, 'a', step);
  }

  private async carry(write: Writing, side: Side, { change, contents }: WriteStep): Promise<void> {
    let outcome: Outcome = { kind: 'stale' };
    let error: unknown = null;
    try {
      const replica = this.around.replica(side);
      const applied = replica?.apply([change], contents?.() ?? nothing()) ?? [];
      for await (const one of applied) outcome = one.outcome;
    } catch (thrown) {
      error = thrown;
    }
    this.around.post({ kind: 'client-step', side, write, change, outcome, error });
  }

  /** A step's outcome is known. */
  stepped({ side, write, change, outcome, error }: WriteEvent): void {
    const { pair, log } = this.around;
    if (side === 'b') {
      // Not done: then the change of side a is held like any other, until the owner unlocks.
      if (outcome.kind === 'done') pair.foldDone('b', change);
      else log.detail(`The write of ${change.path} has not gone over at once.`);
      this.next(write);
    } else if (outcome.kind === 'done') {
      pair.foldWritten(change);
      write.done.push(change);
      this.passOn(write, change);
    } else if (error !== null) this.finish(write, () => write.reject(failed(change.path, error)));
    else if (outcome.kind === 'problem') {
      this.finish(write, () => write.reject(diskRefused(change.path, outcome.message)));
    } else this.again(write);
  }

  /** The owner of a lock on side b writes as its holder: side b gets it with the same step, as it would hold it back else. */
  private passOn(write: Writing, change: Change): void {
    const { book, pair, replica } = this.around;
    const { path, after, from } = change;
    const isHeldBack = from === undefined && book.table.heldSide(path) === 'a';
    const local = replica('a');
    if (!isHeldBack || local === null || replica('b') === null || pair.b.snapshot === null) {
      this.next(write);
      return;
    }
    const before = pair.entry('b', path);
    const action = after === null ? 'deleted' : before === null ? 'created' : 'modified';
    const over: Change = { path, action, before, after };
    const file = contentOf(over);
    void this.carry(write, 'b', {
      change: over,
      ...(file === null ? {} : { contents: () => local.read([{ path, file }]) }),
    });
  }

  /** Somebody wrote in between: it is decided anew on what a new look finds. */
  private again(write: Writing): void {
    this.free(write);
    if (++write.attempts >= MOST_ATTEMPTS) {
      write.reject(busy(write.ask.paths[0]!));
      return;
    }
    write.look = this.look(write.ask);
    this.waiting.push(write);
    this.around.post({ kind: 'woken' });
  }

  private finish(write: Writing, answer: () => void): void {
    this.free(write);
    answer();
    this.around.post({ kind: 'woken' });
  }

  private free(write: Writing): void {
    const { pair } = this.around;
    for (const path of write.pinned) {
      this.pinned.delete(path);
      pair.mark(path, true);
    }
    write.pinned = [];
    pair.resumeMarks();
  }

  /** Nobody waits any longer. */
  close(error: SyncError): void {
    for (const write of this.waiting) write.reject(error);
    for (const write of new Set(this.pinned.values())) write.reject(error);
    this.waiting = [];
  }
}

async function* nothing(): AsyncGenerator<Content> {}

const busy = (path: RelPath): SyncError =>
  new SyncError('busy', `${quote(path)} is being written or carried by somebody else all the time.`, {
    hint: 'Try again in a moment; see what is under way with: client status',
  });

const outOfReach = (path: RelPath): SyncError =>
  new SyncError('failed', `${quote(path)} is left out of synchronisation, or cannot be read at present.`, {
    hint: 'See: client status, and .lockstepignore',
  });

const failed = (path: RelPath, error: unknown): SyncError =>
  error instanceof SyncError ? error : diskRefused(path, (error as Error).message);

const diskRefused = (path: RelPath, message: string): SyncError =>
  new SyncError('failed', `${quote(path)} could not be written on side a. ${message}`, {
    hint: 'Nothing was lost: the file is as it was.',
  });
