// How much of what is long is done: a little in `npm test`, all of it with LOCKSTEP_TEST_FULL=1 (`npm run test:all`).

export const full = process.env.LOCKSTEP_TEST_FULL !== undefined;

/** @returns what belongs to the form that runs. */
export const sized = <T>(short: T, long: T): T => (full ? long : short);

/**
 * In `npm test` some cases of a kind stand for them all; LOCKSTEP_TEST_FULL=1 tries every one.
 *
 * @param picked the places of those that do, from 0.
 */
export const some = <T>(cases: readonly T[], ...picked: number[]): readonly T[] =>
  full ? cases : cases.filter((_, n) => picked.includes(n));
