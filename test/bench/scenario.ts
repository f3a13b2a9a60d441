// What a benchmark is: work that is done by Lockstep and by its peers in turn, on fresh directories, and figures of it.
// A further one is a file of this shape and a line in `main.ts`.
import type { Place } from './place.js';

/** What one program needed. */
export interface Figure {
  readonly program: 'lockstep' | 'rsync';
  /** Such as `time`. */
  readonly measure: string;
  readonly value: number;
  readonly unit: 'ms' | 'bytes' | 'MiB';
}

/** What Lockstep is to reach. */
export interface Target {
  readonly measure: string;
  /** At most so many times the peer's figure; or, without a peer, so much. */
  readonly peer?: Figure['program'];
  readonly most: number;
}

export interface Scenario {
  readonly name: string;
  readonly what: string;
  readonly targets: readonly Target[];
  /** Does the work once with every program. @throws where what came out is not what went in. */
  run(place: Place): Promise<Figure[]>;
}
