// What a scenario is: work that each program does in turn, on directories of its own, and figures of it; and what Lockstep
// is to reach. A further one is a file of this shape in `scenarios/` and a line in `scenarios/all.ts`.
import type { Place } from './place.js';
import type { Program, ProgramName } from './programs/program.js';

export type Unit = 'ms' | 'bytes' | 'MiB' | '%' | '/s';

/** What one program needed once. */
export interface Figure {
  /** Such as `time`. */
  readonly measure: string;
  readonly value: number;
  readonly unit: Unit;
}

/** What Lockstep is to reach: an amount, or a multiple of another figure of the same scenario. */
export interface Goal {
  readonly measure: string;
  /** The other figure: of another program, or of Lockstep itself; without it the bound is an amount. */
  readonly of?: { readonly program: ProgramName; readonly measure?: string };
  /** At most so much. */
  readonly most?: number;
  /** At least so much. */
  readonly least?: number;
}

/** Where a scenario is run, and how large. */
export interface Bench {
  readonly place: Place;
  /** Makes an amount of work smaller where somebody only tries the bench. */
  scaled(amount: number): number;
}

export interface Scenario {
  readonly name: string;
  readonly what: string;
  readonly programs: readonly ProgramName[];
  readonly goals: readonly Goal[];
  /** Where it is run, whatever was asked for. */
  readonly where?: 'disk';
  /** Does the work once with one program. @throws where what came out is not what went in. */
  run(program: Program, bench: Bench): Promise<readonly Figure[]>;
}
