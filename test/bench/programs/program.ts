// What a program is that takes part in a bench: two directories are made for it, it keeps them equal or makes them equal
// when it is told, and it ends. A further program is a file of this shape and a line in `all.ts`.
import type { Place } from '../place.js';
import type { Running } from '../processes.js';

export type ProgramName =
  | 'lockstep'
  | 'lockstep --no-fsync'
  | 'rsync'
  | 'rsync --fsync'
  | 'lsyncd'
  | 'unison'
  | 'unison -repeat 1'
  | 'syncthing'
  | 'node';

export interface Program {
  readonly name: ProgramName;
  /** What it says of its version; null where it is not installed. */
  version(): string | null;
  /** How it is run, without paths and ports. */
  readonly flags: string;
  /** Whether a file is flushed to the disk before it counts as synchronised. */
  readonly durability: string;
  /** Whether it watches the directories; else it makes them equal when it is told. */
  readonly isLive: boolean;
  /** @param isCounted whether the bytes that cross are to be counted, which slows down what crosses much. */
  prepare(place: Place, isCounted?: boolean): Promise<Pair>;
}

/** Two directories and the program that makes them equal. */
export interface Pair {
  readonly a: string;
  readonly b: string;
  /**
   * Starts everything that runs until `stop`. Resolves with a live program when both directories are equal and changes
   * are waited for; with another one when its server listens.
   */
  start(): Promise<void>;
  /** Resolves when all changes of directory a are in directory b, as far as the program knows. */
  sync(): Promise<void>;
  /** Ends what `start` has started, which can be started again. */
  stop(): Promise<void>;
  /** The bytes that have crossed, either way, since `start`; NaN unless they are counted. */
  readonly carried: number;
  /** The processes that run. */
  readonly running: readonly Running[];
}
