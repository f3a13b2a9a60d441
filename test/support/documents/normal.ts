// What differs from run to run is made the same always: moments near the present, durations, ports, temporary paths,
// process ids, ids of roots. Times that were set on purpose stay as they are.

const MOMENT = Date.parse('2026-11-21T14:03:22.118Z');
const MINUTE_MS = 60_000;
const ROOTS = { a: '5f8c2f0e-6a1d-4b7c-9d3e-2f1a0b9c8d7e', b: '91d2a4b6-3c5e-4f70-8a1b-c2d3e4f50617' };
/** What lies nearer to the present than this has to do with the test. */
const NEAR_MS = 3 * 24 * 60 * MINUTE_MS;
/** The present, and times counted from it, are told apart by this; no test takes half as long. */
const STEP_MS = 10 * MINUTE_MS;

/** @returns a time in ISO 8601 as it would be if the present were the fixed moment; null for one that was set on purpose. */
function moved(time: number): string | null {
  const away = time - Date.now();
  if (!(Math.abs(away) < NEAR_MS)) return null;
  return new Date(MOMENT + Math.round(away / STEP_MS) * STEP_MS).toISOString();
}

/** @param places real paths, and what a document shows instead; the longest first. */
export function normal(text: string, places: readonly (readonly [string, string])[]): string {
  let normalised = text;
  for (const [real, shown] of places) normalised = normalised.replaceAll(real, shown);
  return normalised
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, (time) => moved(Date.parse(time)) ?? time)
    .replace(/(\d{4}-\d\d-\d\d) (\d\d)([:-])(\d\d)(?:([:-])(\d\d))?/g, moment)
    .replace(/(\(b\)|\(a\)|away) since \d\d:\d\d\b/g, '$1 since 14:03')
    .replace(/^(.{0,12}?)\d\d:\d\d:\d\d\.\d{3}/gm, '$114:03:22.118')
    .replace(/\b\d+ ms\b/g, '4 ms')
    .replace(/"ms":[\d.]+/g, '"ms":4')
    .replace(/"from":"127\.0\.0\.1:\d+"/g, '"from":"127.0.0.1:54321"')
    .replace(/"run":"[0-9a-f]{12}"/g, '"run":"5c1e7d02a9b4"')
    .replace(/"([ab])":"[0-9a-f]{8}-[0-9a-f-]{27}"/g, (_, side) => `"${side}":"${ROOTS[side as 'a' | 'b']}"`)
    .replace(/"generation":\d+/g, '"generation":40')
    .replace('"version":"test"', '"version":"0.1.0"')
    .replace(/\bprocess \d+\b/g, 'process 4711')
    .replace(/[ \t]+$/gm, '');
}

/** A date and a time of day, with or without seconds, as people read them or as they stand in names of files. */
function moment(
  text: string,
  day: string,
  hour: string,
  mark: string,
  minute: string,
  _: unknown,
  second?: string,
): string {
  const time = moved(Date.parse(`${day}T${hour}:${minute}:${second ?? '00'}Z`));
  if (time === null) return text;
  const clock = time.slice(11, second === undefined ? 16 : 19).replaceAll(':', mark);
  return `${time.slice(0, 10)} ${clock}`;
}
