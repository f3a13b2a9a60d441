// The targets of a request, in lines that a server takes.
import type { Target } from '../wire/client-api/methods.js';

/** A line sent to a server may have 64 KiB; the targets of one request take at most this much of it. */
const TARGET_BYTES = 48 * 1024;

/** Cuts targets into runs that each fit a line. */
export function* inLines(targets: readonly Target[]): Generator<readonly Target[]> {
  let run: Target[] = [];
  let bytes = 0;
  for (const target of targets) {
    const more = Buffer.byteLength(JSON.stringify(target)) + 1;
    if (run.length > 0 && bytes + more > TARGET_BYTES) {
      yield run;
      run = [];
      bytes = 0;
    }
    run.push(target);
    bytes += more;
  }
  if (run.length > 0) yield run;
}

/** @returns a path or a number as a target. */
export function asTarget(target: Target | string | number): Target {
  if (typeof target === 'number') return { index: target };
  return typeof target === 'string' ? { path: target } : target;
}
