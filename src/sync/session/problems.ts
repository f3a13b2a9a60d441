// The problems of the pair by path. Each is logged once, retried with growing delays, and removed once it is solved.
import type { Problem, ProblemCode } from '../../core/errors.js';
import { parentOf, type RelPath, someAtOrAbove } from '../../core/path.js';
import type { Logger } from '../../log.js';
import { type Clock, realClock } from '../clock.js';

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;
/** A path that changed during a write is scanned again after this time, doubled with each attempt. */
const FIRST_STALE_MS = 5;
const LAST_STALE_MS = 2_000;

/** One path that waits for another attempt. `problem` is null where the path only changed during a write. */
interface Retry {
  readonly problem: Problem | null;
  readonly attempts: number;
  /** Cancels its timer. */
  readonly cancel: () => void;
  /** Whether its timer is still running. */
  waiting: boolean;
  /** Whether something new was found there since the attempt. */
  isReported: boolean;
}

/** Keeps the problems of single paths, so that every other path goes on. */
export class ProblemRetries {
  readonly #log: Logger;
  readonly #retry: (path: RelPath) => void;
  readonly #clock: Pick<Clock, 'after'>;
  readonly #over: (path: RelPath) => void;

  readonly #byPath = new Map<RelPath, Retry>();
  #seen = new Set<string>();

  /**
   * @param retry called when the delay of a path is over.
   * @param over called when a path has no problem any more and no retry of it is left.
   */
  constructor(
    log: Logger,
    retry: (path: RelPath) => void,
    clock: Pick<Clock, 'after'> = realClock,
    over: (path: RelPath) => void = () => {},
  ) {
    this.#log = log;
    this.#retry = retry;
    this.#clock = clock;
    this.#over = over;
  }

  /** A step on `path` failed. */
  failed(path: RelPath, code: ProblemCode, message: string): void {
    const before = this.#byPath.get(path);
    if (before?.problem?.message !== message) this.#log.event({ event: 'problem', path, code, message });
    this.#put(path, { path, code, message }, before, FIRST_RETRY_MS, LAST_RETRY_MS);
  }

  /** A write at `path` found another content than expected: the path is scanned again, later each time. */
  moved(path: RelPath): void {
    this.#put(path, null, this.#byPath.get(path), FIRST_STALE_MS, LAST_STALE_MS);
  }

  #put(path: RelPath, problem: Problem | null, before: Retry | undefined, first: number, last: number): void {
    const isSameKind = before !== undefined && (before.problem === null) === (problem === null);
    if (isSameKind && before.waiting) {
      // An earlier attempt than the due one must not put that off: nothing else scans the path by name.
      this.#byPath.set(path, { ...before, problem, isReported: false });
      return;
    }
    before?.cancel();
    const attempts = isSameKind ? before.attempts + 1 : 1;
    const delay = Math.min(first * 2 ** Math.min(attempts - 1, 20), last);
    const cancel = this.#clock.after(delay, () => this.#retry(path));
    this.#byPath.set(path, { problem, attempts, cancel, waiting: true, isReported: false });
  }

  /** Something new was found at the paths of `news`: attempts at and below them need not wait for their delays. */
  reported(news: Iterable<{ readonly path: RelPath }>): void {
    if (this.#byPath.size === 0) return;
    const reported = new Set<RelPath>();
    for (const { path } of news) reported.add(path);
    for (const [path, retry] of this.#byPath) retry.isReported ||= someAtOrAbove(path, (at) => reported.has(at));
  }

  /**
   * Whether the next attempt at `path` has to wait: its delay is not over, and nothing new was found there. Otherwise
   * everything that is planned near `path` would repeat the attempt at once.
   */
  isDelayed(path: RelPath): boolean {
    const retry = this.#byPath.get(path);
    return retry?.waiting === true && !retry.isReported;
  }

  /** The delay of `path` is over. Its attempts stay counted. */
  due(path: RelPath): void {
    const retry = this.#byPath.get(path);
    if (retry !== undefined) retry.waiting = false;
  }

  /**
   * A step on `path` succeeded, or nothing is left to do there.
   * @returns whether something below `path` may have waited for it: it was left out of the plans, so it has to be
   *   compared now.
   */
  gone(path: RelPath): boolean {
    const retry = this.#byPath.get(path);
    if (retry === undefined) return false;
    retry.cancel();
    this.#byPath.delete(path);
    this.#over(path);
    return retry.problem !== null || retry.waiting;
  }

  /**
   * Forgets every retry whose path needs nothing more.
   * @param isSettled whether both sides agree on a path.
   * @returns those that have to be compared now, with all that is below them.
   */
  forget(isSettled: (path: RelPath) => boolean): RelPath[] {
    // A path that changed is not known before it has been scanned again.
    const settled = [...this.#byPath.keys()].filter((path) => !this.isMovingAt(path) && isSettled(path));
    return settled.filter((path) => this.gone(path));
  }

  /** Logs the problems of the last scans of both sides that were not there before. */
  noteScans(problems: readonly Problem[]): void {
    const now = new Set<string>();
    for (const { path, code, message } of problems) {
      // Both sides can report the same path, with equal or different messages.
      const key = `${path}\0${message}`;
      if (!this.#seen.has(key) && !now.has(key)) this.#log.event({ event: 'problem', path, code, message });
      now.add(key);
    }
    this.#seen = now;
  }

  /** Whether some path changed during a write and waits for its retry. */
  get isMoving(): boolean {
    return this.moving().next().done !== true;
  }

  /** The paths that changed during a write and wait for their retries. */
  *moving(): Generator<RelPath> {
    for (const [path, { problem, waiting }] of this.#byPath) if (problem === null && waiting) yield path;
  }

  /** Whether a directory above `path` has a problem. */
  hasProblemAbove(path: RelPath): boolean {
    for (let above = parentOf(path); above !== ''; above = parentOf(above)) {
      if ((this.#byPath.get(above)?.problem ?? null) !== null) return true;
    }
    return false;
  }

  hasProblem(path: RelPath): boolean {
    return (this.#byPath.get(path)?.problem ?? null) !== null;
  }

  isMovingAt(path: RelPath): boolean {
    const retry = this.#byPath.get(path);
    return retry?.problem === null && retry.waiting;
  }

  list(): Problem[] {
    return [...this.#byPath.values()].flatMap(({ problem }) => (problem === null ? [] : [problem]));
  }

  close(): void {
    for (const { cancel } of this.#byPath.values()) cancel();
    this.#byPath.clear();
  }
}
