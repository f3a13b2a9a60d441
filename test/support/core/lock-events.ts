// Events for the lock machine, and what it makes of them one after the other.
import type { Entry } from '../../../src/core/entry.js';
import { decide } from '../../../src/core/locks/decide.js';
import type { Decision, LockEvent, LockRequest } from '../../../src/core/locks/events.js';
import { LockTable } from '../../../src/core/locks/table.js';
import type { RelPath } from '../../../src/core/path.js';

/** A file whose content is `word`. */
export const file = (word: string, mode = 0o644, mtime = 1): Entry => ({
  ...{ type: 'file', size: word.length, mtime, mode },
  hash: word.padEnd(64, '0'),
});

/** @returns requests for the lock of `path`. */
export const lockOf =
  (path: RelPath) =>
  (owner: string, more: Partial<LockRequest> = {}): LockEvent => ({
    ...{ kind: 'lock', path, owner, side: 'a', message: '', now: 1000 },
    ...more,
  });

/** @returns the table after `events`, and the last decision. */
export function play(...events: LockEvent[]): { table: LockTable; last: Decision } {
  const table = new LockTable();
  let last: Decision = { rows: [], answer: { kind: 'noted' }, events: [] };
  for (const event of events) {
    last = decide(table, event);
    table.record(last.rows);
  }
  return { table, last };
}
