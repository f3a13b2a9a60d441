// Locks and held updates as one pure state machine. `decide` reads the table and returns the rows to write, the answer
// to the caller and the events to report; `table.record(rows)` makes the decision take effect.
//
//   free     --lock-->    locked      the other side's updates are held, in order
//   locked   --unlock, expire, steal-->  draining, or free where nothing is held
//   draining --drained--> one held update takes effect; after the last one the path is free
//   free     --grant-->   locked      by the first waiter, once everything in transfer for the path has arrived
//
// While somebody waits, a free path is not granted to a later request.

import { grantNext, leaveLine, takeLock } from './acquire.js';
import { askHolder } from './ask.js';
import { type Decision, type LockEvent, noted } from './events.js';
import { drainHeld, holdUpdate } from './held.js';
import { moveLock } from './move.js';
import { closeLock, endLock, expireLock, leaveLock } from './release.js';
import { tellFree } from './remind.js';
import type { LockTable } from './table.js';

/** Decides what `event` does to `table`. Pure; `table.record(decision.rows)` makes it take effect. */
export function decide(table: LockTable, event: LockEvent): Decision {
  switch (event.kind) {
    case 'lock':
      return takeLock(table, event);
    case 'grant':
      return grantNext(table, event.path, event.now);
    case 'leave':
      return leaveLine(table, event.line);
    case 'unlock':
      return endLock(table, event);
    case 'expire':
      return expireLock(table, event);
    case 'close':
      return closeLock(table, event);
    case 'away':
      return leaveLock(table, event);
    case 'free':
      return tellFree(table, event);
    case 'ask':
      return askHolder(table, event);
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
