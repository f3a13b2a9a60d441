// The problems of the pair, by path: said once when they come, tried again with growing patience, gone when they are.
import type { Problem, ProblemCode } from '../../core/errors.js';
import { parentOf, type RelPath } from '../../core/path.js';
import type { Logger } from '../../log.js';
import { type Clock, realClock } from '../clock.js';

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;
/** A path that keeps changing under our hands is looked at again after this long, doubled each time. */
const FIRST_STALE_MS = 5;
const LAST_STALE_MS = 2_000;

interface Retry {
  readonly problem: Problem | null;
  readonly attempts: number;
  /** Keeps it from being tried again. */
  readonly cancel: () => void;
  /** Whether its timer is still running. */
  waiting: boolean;
}

/** Keeps the troubles of single paths; every other path goes on. */
export class ProblemRetries {
  readonly #log: Logger;
  readonly #retry: (path: RelPath) => void;
  readonly #clock: Pick<Clock, 'after'>;
  readonly #over: (path: RelPath) => void;

  readonly #byPath = new Map<RelPath, Retry>();
  #seen = new Set<string>();

  /**
   * @param retry called when a path may be tried again.
   * @param over called when a path is in trouble no more, and will not be tried again on account of it.
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

  /** `path` was not as expected; it is looked at again, later each time. */
  moved(path: RelPath): void {
    this.#put(path, null, this.#byPath.get(path), FIRST_STALE_MS, LAST_STALE_MS);
  }

  #put(path: RelPath, problem: Problem | null, before: Retry | undefined, first: number, last: number): void {
    before?.cancel();
    const attempts = before !== undefined && (before.problem === null) === (problem === null) ? before.attempts + 1 : 1;
    const delay = Math.min(first * 2 ** Math.min(attempts - 1, 20), last);
    const cancel = this.#clock.after(delay, () => this.#retry(path));
    this.#byPath.set(path, { problem, attempts, cancel, waiting: true });
  }

  /** The time to try `path` again has come: it is no longer in motion, but what it took so far is remembered. */
  due(path: RelPath): void {
    const trouble = this.#byPath.get(path);
    if (trouble !== undefined) trouble.waiting = false;
  }

  /** A step on `path` succeeded. @returns whether there was a problem with it. */
  gone(path: RelPath): boolean {
    const trouble = this.#byPath.get(path);
    if (trouble === undefined) return false;
    trouble.cancel();
    this.#byPath.delete(path);
    this.#over(path);
    return trouble.problem !== null;
  }

  /**
   * Forgets every trouble whose path needs nothing more.
   * @param isSettled whether both sides agree on a path.
   * @returns those that were problems: what waited for them below has to be compared now.
   */
  forget(isSettled: (path: RelPath) => boolean): RelPath[] {
    // What was not as expected is not known before it has been looked at again.
    const settled = [...this.#byPath.keys()].filter((path) => !this.isMovingAt(path) && isSettled(path));
    return settled.filter((path) => this.gone(path));
  }

  /** Says what the looks at both sides complain of and did not complain of before. */
  noteScans(problems: readonly Problem[]): void {
    const now = new Set<string>();
    for (const { path, code, message } of problems) {
      // Both sides may complain of one path, each in its own words or in the same.
      const key = `${path}\0${message}`;
      if (!this.#seen.has(key) && !now.has(key)) this.#log.event({ event: 'problem', path, code, message });
      now.add(key);
    }
    this.#seen = now;
  }

  /** Whether some path was not as expected a moment ago and will be tried again. */
  get isMoving(): boolean {
    for (const { problem, waiting } of this.#byPath.values()) if (problem === null && waiting) return true;
    return false;
  }

  /** Whether a directory above `path` is a problem. */
  hasProblemAbove(path: RelPath): boolean {
    for (let above = parentOf(path); above !== ''; above = parentOf(above)) {
      if ((this.#byPath.get(above)?.problem ?? null) !== null) return true;
    }
    return false;
  }

  isMovingAt(path: RelPath): boolean {
    const trouble = this.#byPath.get(path);
    return trouble?.problem === null && trouble.waiting;
  }

  list(): Problem[] {
    return [...this.#byPath.values()].flatMap(({ problem }) => (problem === null ? [] : [problem]));
  }

  close(): void {
    for (const { cancel } of this.#byPath.values()) cancel();
    this.#byPath.clear();
  }
}
