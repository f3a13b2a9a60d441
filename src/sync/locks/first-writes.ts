// Files in work: those whose rule says `first-write` count as in use from their first change until they have been quiet
// for the time of the rule. Programs that make no owner files are covered so.
import type { RelPath, Side } from '../../core/path.js';
import type { Clock } from '../clock.js';

/** The last change of one file. */
interface LastChange {
  readonly side: Side;
  /** Milliseconds by the monotonic clock. */
  readonly at: number;
  /** Whether a person has ended the lock of the file: it is not in use until it has been quiet. */
  readonly isDismissed: boolean;
}

/** The most files that are in work at one time: more are put there by a program. */
const MAX_IN_WORK = 5_000;

interface FirstWritesContext {
  readonly clock: Pick<Clock, 'monotonic' | 'after'>;
  readonly mailbox: { wake(): void };
  /** @returns how long a file has to be quiet, in milliseconds; null: its changes do not count. */
  readonly quietMs: (path: RelPath) => number | null;
}

/** The files that are in work. */
export class FirstWrites {
  readonly #context: FirstWritesContext;
  readonly #last = new Map<RelPath, LastChange>();
  #cancelAlarm: (() => void) | null = null;

  constructor(context: FirstWritesContext) {
    this.#context = context;
  }

  get isEmpty(): boolean {
    return this.#last.size === 0;
  }

  /** The file has changed on `side`, or was in work there when the last server ended. */
  changed(side: Side, path: RelPath): void {
    const former = this.#last.get(path);
    if (former === undefined && this.#last.size >= MAX_IN_WORK) return;
    const isDismissed = former?.side === side && former.isDismissed;
    this.#last.set(path, { side, at: this.#context.clock.monotonic(), isDismissed });
  }

  /** A person has ended the lock of the file. */
  dismiss(path: RelPath): void {
    const last = this.#last.get(path);
    if (last !== undefined) this.#last.set(path, { ...last, isDismissed: true });
  }

  /** @returns the side on which the file is in work; null where it is not. */
  sideOf(path: RelPath): Side | null {
    const last = this.#last.get(path);
    return last === undefined || last.isDismissed ? null : last.side;
  }

  /** @returns the files in work, without those that have become quiet. Sets an alarm for the next one that will. */
  inWork(): readonly (readonly [RelPath, Side])[] {
    let next = Number.POSITIVE_INFINITY;
    for (const [path, { at }] of this.#last) {
      const left = this.#leftMs(path, at);
      if (left <= 0) this.#last.delete(path);
      else next = Math.min(next, left);
    }
    this.#setAlarm(next);
    return [...this.#last].flatMap(([path, { side, isDismissed }]) => (isDismissed ? [] : [[path, side] as const]));
  }

  #leftMs(path: RelPath, at: number): number {
    const { quietMs, clock } = this.#context;
    const ms = quietMs(path);
    return ms === null ? 0 : at + ms - clock.monotonic();
  }

  #setAlarm(ms: number): void {
    this.#cancelAlarm?.();
    this.#cancelAlarm = null;
    const { clock, mailbox } = this.#context;
    if (ms < Number.POSITIVE_INFINITY)
      this.#cancelAlarm = clock.after(Math.min(ms + 1, 2 ** 31 - 1), () => mailbox.wake());
  }
}
