// What a run has beside edits, mishaps and plain locks: each run only some of it, for all at once hide each other. What
// is drawn here is drawn apart from everything else, so that a run without any of it is the same as ever.
import { Random, subSeed } from './random.js';

export interface Features {
  /** Locks with an end. */
  readonly ttl: boolean;
  /** People stand in line, leave it, and hang up. */
  readonly lines: boolean;
  /** Locks are broken and stolen. */
  readonly breaking: boolean;
  /** Unlocks say what is to become of the held updates. */
  readonly ways: boolean;
  /** server-a runs with `--guard`, mostly. */
  readonly guard: boolean;
  /** Backups of side b are put back, and server-b comes with another directory. */
  readonly roots: boolean;
  /** Servers forget what they knew. */
  readonly memory: boolean;
  /** Side a's disk is not mounted for a while. */
  readonly mounts: boolean;
  /** The lock table is damaged. */
  readonly tables: boolean;
  /** What was kept of earlier contents is recorded, and the records get lost. */
  readonly records: boolean;
  /** There are so many files that a deletion of most has to be confirmed. */
  readonly many: boolean;
  /** Documents are open in programs, and locked by themselves. */
  readonly editors: boolean;
  /** Small contents are joined, mostly. */
  readonly joined: boolean;
}

/** Nothing of it: the world of the first regressions. */
const PLAIN: Features = {
  ...{ ttl: false, lines: false, breaking: false, ways: false, guard: false },
  ...{ roots: false, memory: false, mounts: false, tables: false, many: false, records: false },
  ...{ editors: false, joined: false },
};

/** How much of it there is: seeds mean what they meant when they were found. `wide` is without editors. */
export type Width = 'plain' | 'early' | 'wide' | 'all';

export function featuresOf(seed: number, width: Width): Features {
  if (width === 'plain') return PLAIN;
  const random = new Random(subSeed(seed, -3));
  const some = () => random.chance(0.45);
  const locks = { ttl: some(), lines: some(), breaking: some(), ways: some(), guard: some() };
  const early = { ...PLAIN, ...locks, roots: random.chance(0.3), memory: random.chance(0.25) };
  if (width === 'early') return early;
  const wide = { mounts: random.chance(0.1), tables: random.chance(0.15), many: random.chance(0.015) };
  const editors = width === 'all' && new Random(subSeed(seed, -4)).chance(0.3);
  const joined = width === 'all' && new Random(subSeed(seed, -5)).chance(0.5);
  return { ...early, ...wide, records: random.chance(0.1), editors, joined };
}
