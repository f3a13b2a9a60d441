// How much of what is long is done: a little in `npm test`, all of it with LOCKSTEP_TEST_FULL=1 (`npm run test:all`).

export const full = process.env.LOCKSTEP_TEST_FULL !== undefined;

/** @returns what belongs to the form that runs. */
export const sized = <T>(short: T, long: T): T => (full ? long : short);
