// Locks and held updates as one pure state machine: `decide` reads the table and answers with the rows to write, an
// answer for whoever asked, and what is to be said. `table.record(rows)` makes it so.
//
// Life of a path: free → locked (updates of the other side are held, in order) → draining (they take effect one by one)
// → free. Who waits in line is granted the lock when the path is free and not draining, by an event of its own: what is
// under way for the path is let in before. Nobody who comes later is granted a free path while somebody waits.

import { grantNext, takeLock } from './acquire.js';
import { type Decision, type LockEvent, noted } from './events.js';
import { drainHeld, holdUpdate } from './held.js';
import { moveLock } from './move.js';
import { endLock, expireLock } from './release.js';
import type { LockTable } from './table.js';

/** Decides what `event` does to `table`. Pure; `table.record(decision.rows)` makes it so. */
export function decide(table: LockTable, event: LockEvent): Decision {
  switch (event.kind) {
    case 'lock':
      return takeLock(table, event);
    case 'grant':
      return grantNext(table, event.path, event.now);
    case 'leave':
      return noted([{ table: 'waiter', key: String(event.line), value: null }]);
    case 'unlock':
      return endLock(table, event);
    case 'expire':
      return expireLock(table, event);
    case 'hold':
      return holdUpdate(table, event);
    case 'drained':
      return drainHeld(table, event.path, event.applied);
    case 'settled':
      return noted([{ table: 'preference', key: event.path, value: null }]);
    case 'moved':
      return moveLock(table, event.path, event.to);
  }
}
