// Hints: paths that may have changed since the last scan, and the alarm for the next one. Hints are gathered for a few
// milliseconds, so that one save is one scan. A timer runs only while hints are gathered or a path is unsettled: an
// idle tree costs nothing.
import type { RelPath } from '../../core/path.js';

const GATHER_MS = 3;
/** With more paths than this, scanning everything is cheaper than scanning each. */
const MAX_PATHS = 20_000;

/** The hints for one scan. */
interface Hinted {
  readonly everything: boolean;
  /** The value true: read the names of this directory again. */
  readonly paths: Map<RelPath | '', boolean>;
}

/** The hints of one root. */
export class Hints {
  #paths = new Map<RelPath | '', boolean>();
  #everything = false;
  #gathering: NodeJS.Timeout | null = null;
  #alarm: NodeJS.Timeout | null = null;
  #alarmDue = Number.POSITIVE_INFINITY;
  #closed = false;
  readonly #now: () => number;
  readonly #onGathered: () => void;

  /**
   * @param now milliseconds since 1970.
   * @param onGathered called when hints were gathered, or when the alarm goes off.
   */
  constructor(now: () => number, onGathered: () => void) {
    this.#now = now;
    this.#onGathered = onGathered;
  }

  /** Adds a hint. @param relist whether to read the names of the directory `path` again. */
  add(path: RelPath | '', relist = false): void {
    this.include(path, relist);
    this.#gather();
  }

  /** Adds a hint for the next scan, without calling for one. */
  include(path: RelPath | '', relist = false): void {
    if (this.#everything) return;
    this.#paths.set(path, relist || this.#paths.get(path) === true);
    if (this.#paths.size > MAX_PATHS) this.requireAll();
  }

  /** Hints that anything may have changed. */
  addAll(): void {
    this.requireAll();
    this.#gather();
  }

  /** As `addAll`, without calling for a scan. */
  requireAll(): void {
    this.#everything = true;
    this.#paths.clear();
  }

  /** @returns the hints and forgets them. */
  take(): Hinted {
    const taken = { everything: this.#everything, paths: this.#paths };
    this.#paths = new Map();
    this.#everything = false;
    return taken;
  }

  get everything(): boolean {
    return this.#everything;
  }

  /** The hinted paths; the caller may delete those that did not change. */
  get paths(): Map<RelPath | '', boolean> {
    return this.#paths;
  }

  /** Sets the alarm to `due`, unless it goes off earlier. */
  alarmBy(due: number): void {
    if (due < this.#alarmDue) this.setAlarm(due);
  }

  /** Sets the alarm, replacing the present one. @param due milliseconds since 1970; Infinity for none. */
  setAlarm(due: number): void {
    if (this.#alarm !== null) clearTimeout(this.#alarm);
    this.#alarm = null;
    this.#alarmDue = due;
    if (this.#closed || due === Number.POSITIVE_INFINITY) return;
    // If the clock is set back, the alarm must not be late by much.
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
