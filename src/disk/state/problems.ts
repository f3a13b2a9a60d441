// The problems with Lockstep's own files in .lockstep: written to the log at once and listed among the problems of the
// side.
import type { Problem, ProblemCode } from '../../core/errors.js';
import { STATE_DIR } from '../../core/path.js';
import type { Logger } from '../../log.js';

/** How long a repaired problem stays listed: long enough for the other server to see it. */
const REPAIRED_MS = 10_000;

/** The problems of one state directory. */
export class StateProblems {
  readonly #log: Logger;
  readonly #now: () => number;

  /** By the file name in the state directory. */
  readonly #present = new Map<string, Problem>();
  /** Problems that are repaired and still listed, until `until`. */
  #repaired: { readonly problem: Problem; readonly until: number }[] = [];
  /** Called when the list changes. */
  onChange: () => void = () => {};

  /** @param now milliseconds of a monotonic clock. */
  constructor(log: Logger, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** Adds a problem that lasts until `clear` or the end of the server. */
  add(name: string, code: ProblemCode, message: string): void {
    if (this.#present.get(name)?.message === message) return;
    this.#log.warn(message);
    this.#present.set(name, problem(name, code, message));
    this.onChange();
  }

  /** Adds a problem that is repaired already. */
  note(name: string, code: ProblemCode, message: string): void {
    this.#log.warn(message);
    this.#present.delete(name);
    this.#repaired.push({ problem: problem(name, code, message), until: this.#now() + REPAIRED_MS });
    this.onChange();
  }

  clear(name: string): void {
    if (this.#present.delete(name)) this.onChange();
  }

  /** @returns the present and the recently repaired problems. */
  list(): Problem[] {
    const now = this.#now();
    this.#repaired = this.#repaired.filter(({ until }) => until > now);
    return [...this.#present.values(), ...this.#repaired.map((one) => one.problem)];
  }
}

const problem = (name: string, code: ProblemCode, message: string): Problem => ({
  path: name === '' ? STATE_DIR : `${STATE_DIR}/${name}`,
  code,
  message,
});
