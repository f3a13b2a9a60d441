// The targets of a request, divided so that each line is within the server's limit.
import type { Target } from '../wire/client-api/methods.js';

/** The maximum size of the targets in one request, in bytes; the whole line may have 64 KiB. */
const TARGET_BYTES = 48 * 1024;

/** Divides targets into runs that each fit into a line. */
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

/** @returns a path or an index as a target. */
export function asTarget(target: Target | string | number): Target {
  if (typeof target === 'number') return { index: target };
  return typeof target === 'string' ? { path: target } : target;
}
