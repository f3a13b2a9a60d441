// What is wrong with our own files in .lockstep, for people: said in the log at once, shown among the problems of the side.
import type { Problem, ProblemCode } from '../../core/errors.js';
import { STATE_DIR } from '../../core/path.js';
import type { Logger } from '../../log.js';

/** Long enough for the other server to ask. */
const MENDED_MS = 10_000;

/** The problems of one state directory. */
export class StateProblems {
  readonly #log: Logger;
  readonly #now: () => number;

  /** By the name in the state directory. */
  readonly #standing = new Map<string, Problem>();
  /** What was put right already, and is told for a moment all the same; and until when. */
  #mended: { readonly problem: Problem; readonly until: number }[] = [];
  /** Called when there is something new to tell, or something is over. */
  onChange: () => void = () => {};

  /** @param now milliseconds of any clock that only grows. */
  constructor(log: Logger, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** Something is wrong, from now until `clear` or the end of the server. */
  add(name: string, code: ProblemCode, message: string): void {
    if (this.#standing.get(name)?.message === message) return;
    this.#log.warn(message);
    this.#standing.set(name, problem(name, code, message));
    this.onChange();
  }

  /** Something was wrong and is put right. */
  note(name: string, code: ProblemCode, message: string): void {
    this.#log.warn(message);
    this.#standing.delete(name);
    this.#mended.push({ problem: problem(name, code, message), until: this.#now() + MENDED_MS });
    this.onChange();
  }

  clear(name: string): void {
    if (this.#standing.delete(name)) this.onChange();
  }

  /** @returns what is to be told now. */
  list(): Problem[] {
    const now = this.#now();
    this.#mended = this.#mended.filter(({ until }) => until > now);
    return [...this.#standing.values(), ...this.#mended.map((one) => one.problem)];
  }
}

const problem = (name: string, code: ProblemCode, message: string): Problem => ({
  path: name === '' ? STATE_DIR : `${STATE_DIR}/${name}`,
  code,
  message,
});
