// What the watcher pointed to since the last look, and when it is time to look. Hints are gathered for a moment, so that
// one save is one look; a timer runs only while something is gathered or in motion: an idle tree costs nothing.
import type { RelPath } from '../../core/path.js';

const GATHER_MS = 3;
/** With more paths than this, looking at everything is cheaper than looking at each. */
const TOO_MANY = 20_000;

/** The hints that one look takes with it. */
interface Hinted {
  readonly everything: boolean;
  /** True: the names in this directory are to be read again. */
  readonly paths: Map<RelPath | '', boolean>;
}

export class Hints {
  #paths = new Map<RelPath | '', boolean>();
  #everything = false;
  #gathering: NodeJS.Timeout | null = null;
  #alarm: NodeJS.Timeout | null = null;
  #alarmDue = Number.POSITIVE_INFINITY;
  #closed = false;
  readonly #now: () => number;
  readonly #onGathered: () => void;

  /** @param onGathered called when there is something to go by, or when the alarm goes off. */
  constructor(now: () => number, onGathered: () => void) {
    this.#now = now;
    this.#onGathered = onGathered;
  }

  add(path: RelPath | '', relist = false): void {
    this.include(path, relist);
    this.#gather();
  }

  /** As `add`, for the next look, whenever that comes. */
  include(path: RelPath | '', relist = false): void {
    if (this.#everything) return;
    this.#paths.set(path, relist || this.#paths.get(path) === true);
    if (this.#paths.size > TOO_MANY) this.requireAll();
  }

  /** Anything may have changed. */
  addAll(): void {
    this.requireAll();
    this.#gather();
  }

  /** As `addAll`, for the next look, whenever that comes. */
  requireAll(): void {
    this.#everything = true;
    this.#paths.clear();
  }

  /** @returns the hints, and forgets them. */
  take(): Hinted {
    const taken = { everything: this.#everything, paths: this.#paths };
    this.#paths = new Map();
    this.#everything = false;
    return taken;
  }

  get everything(): boolean {
    return this.#everything;
  }

  /** The paths that were hinted; what is found to be no change may be deleted. */
  get paths(): Map<RelPath | '', boolean> {
    return this.#paths;
  }

  /** Sets the alarm to `due` unless it goes off sooner. */
  alarmBy(due: number): void {
    if (due < this.#alarmDue) this.setAlarm(due);
  }

  /** Sets the only alarm, milliseconds since 1970; Infinity for none. */
  setAlarm(due: number): void {
    if (this.#alarm !== null) clearTimeout(this.#alarm);
    this.#alarm = null;
    this.#alarmDue = due;
    if (this.#closed || due === Number.POSITIVE_INFINITY) return;
    // A clock that was set back must not put us to sleep for long.
    const ms = Math.min(Math.max(Math.ceil(due - this.#now()), 1), 10_000);
    this.#alarm = setTimeout(() => {
      this.#alarmDue = Number.POSITIVE_INFINITY;
      this.#onGathered();
    }, ms);
  }

  close(): void {
    this.#closed = true;
    if (this.#gathering !== null) clearTimeout(this.#gathering);
    this.setAlarm(Number.POSITIVE_INFINITY);
  }

  #gather(): void {
    if (this.#closed || this.#gathering !== null) return;
    this.#gathering = setTimeout(() => {
      this.#gathering = null;
      this.#onGathered();
    }, GATHER_MS);
  }
}
