// Virtual time: events wait in a heap and happen one at a time; between two of them every promise that can go on has
// gone on. Nothing here takes real time, and nothing depends on it.
import type { Clock } from '../../src/sync/clock.js';
import { Random } from './random.js';

/** 2026-11-21, in milliseconds since 1970. */
const BEGIN_MS = Date.UTC(2026, 10, 21);

/** What a run can be stopped by: it broke a promise. */
export class Fault extends Error {}

/** How rough the world is at present; each is the chance of one such thing at one occasion. */
export interface Weather {
  lostHint: number;
  failedRead: number;
  failedWrite: number;
  failedSave: number;
  failedSync: number;
  failedScan: number;
  /** That somebody edits a path at the very moment in which it is being written. */
  race: number;
  /** That bytes on their way are split. */
  split: number;
  /** Milliseconds that a step on a disk and a way over the wire take at most. */
  diskMs: number;
  wireMs: number;
}

export const CALM: Weather = {
  lostHint: 0,
  failedRead: 0,
  failedWrite: 0,
  failedSave: 0,
  failedSync: 0,
  failedScan: 0,
  race: 0,
  split: 0.1,
  diskMs: 0.5,
  wireMs: 1,
};

interface Due {
  readonly at: number;
  readonly order: number;
  act: (() => void) | null;
}

export class World {
  readonly random: Random;
  weather: Weather = CALM;
  /** Virtual milliseconds since the beginning. */
  time = 0;
  events = 0;
  fault: Fault | null = null;
  readonly lines: string[] = [];
  readonly #heap: Due[] = [];
  #order = 0;

  constructor(
    seed: number,
    readonly tracing: boolean,
  ) {
    this.random = new Random(seed);
  }

  /** Notes what happens, for people. */
  say(line: () => string): void {
    if (this.tracing) this.lines.push(`${this.time.toFixed(1).padStart(9)}  ${line()}`);
  }

  /** A promise was broken; the run ends after the present event. */
  broken(what: string): void {
    this.say(() => `BROKEN: ${what}`);
    this.fault ??= new Fault(what);
  }

  at(ms: number, act: () => void): () => void {
    const due: Due = { at: this.time + Math.max(ms, 0), order: this.#order++, act };
    push(this.#heap, due);
    return () => {
      due.act = null;
    };
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.at(ms, resolve));
  }

  /** Lets time go on until `isOver`, at most until `until` and for `events` events. @returns whether it was over. */
  run(isOver: () => boolean, until: number, events: number): Promise<boolean> {
    const most = this.events + events;
    return outsideOfPromises(() => {
      for (;;) {
        if (this.fault !== null || isOver()) return true;
        const next = pop(this.#heap);
        if (next === undefined) return false;
        if (next.act === null) continue;
        if (next.at > until || this.events >= most) {
          push(this.#heap, next);
          return false;
        }
        this.time = Math.max(this.time, next.at);
        this.events++;
        next.act();
        letPromisesGoOn();
      }
    });
  }
}

/** Every promise goes on as far as it can. Twice as quick as waiting for setImmediate, and of no use within a promise. */
const letPromisesGoOn = (process as unknown as { _tickCallback(): void })._tickCallback;

const outsideOfPromises = <T>(act: () => T): Promise<T> =>
  new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        resolve(act());
      } catch (error) {
        reject(error);
      }
    });
  });

/** What changes a disk as a whole comes before what people do on it in the same moment. */
export const beforeNow = ({ time }: World): number => time - 1e-6;

/** A process: what it waits for never comes once it is dead. */
export class Process {
  alive = true;
  /** Milliseconds by which its clock is off. */
  readonly clock: Clock;

  constructor(
    readonly world: World,
    offset: () => number,
  ) {
    this.clock = {
      now: () => Math.floor(BEGIN_MS + world.time + offset()),
      monotonic: () => Math.floor(world.time),
      after: (ms, act) => world.at(ms, () => this.alive && act()),
      soon: (act) => void world.at(0, () => this.alive && act()),
    };
  }

  /** Waits, and for ever if the process dies meanwhile. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.world.at(ms, () => this.alive && resolve()));
  }

  /** One step on the disk. */
  step(): Promise<void> {
    return this.sleep(this.world.random.between(0, this.world.weather.diskMs));
  }
}

const isBefore = (x: Due, y: Due): boolean => x.at < y.at || (x.at === y.at && x.order < y.order);

function push(heap: Due[], due: Due): void {
  let at = heap.length;
  heap.push(due);
  while (at > 0) {
    const above = (at - 1) >> 1;
    if (!isBefore(due, heap[above]!)) break;
    heap[at] = heap[above]!;
    at = above;
  }
  heap[at] = due;
}

function pop(heap: Due[]): Due | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let below = 2 * at + 1;
    if (below >= heap.length) break;
    if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++;
    if (!isBefore(heap[below]!, last)) break;
    heap[at] = heap[below]!;
    at = below;
  }
  heap[at] = last;
  return first;
}
