// Maps each kind of event to the part of the session that handles it.
import type { RelPath } from '../../core/path.js';
import type { Replica } from '../../replica.js';
import type { ClientWrites } from '../files/write-queue.js';
import type { HeldUpdates } from '../held/held-updates.js';
import type { AutoLocks } from '../locks/auto-locks.js';
import type { EpochEvent } from './epochs.js';
import type { SessionEvent, SessionHandlers } from './events.js';
import type { Flushes } from './flushes.js';
import type { InFlight } from './in-flight.js';
import type { PauseRequest } from './pausing.js';
import type { ProblemRetries } from './problems.js';
import type { Recorder } from './recorder.js';
import type { Sides } from './sides.js';

/** The parts of a session that events go to. */
interface SessionParts {
  readonly inFlight: InFlight;
  readonly sides: Sides;
  readonly flushes: Flushes;
  readonly recorder: Recorder;
  readonly heldUpdates: HeldUpdates;
  readonly writes: ClientWrites;
  readonly retries: ProblemRetries;
  readonly locks: AutoLocks;
}

/** The events that the session itself handles. */
interface WholeSession {
  peerCame(replica: Replica): void;
  peerLeft(reason: string): void;
  retry(path: RelPath): void;
  setPaused(request: PauseRequest): void;
  acknowledged(event: EpochEvent): void;
}

/** @returns a handler for each kind of event. */
export function sessionHandlers(parts: SessionParts, session: WholeSession): SessionHandlers {
  const { recorder, heldUpdates, writes, sides, inFlight, flushes, retries, locks } = parts;
  return {
    hint: ({ side }) => void sides.scanQueue(side)?.ask('hinted'),
    scanned: (event) => {
      sides.scanQueue(event.side)?.end();
      // What is new is told from what was known of the side before.
      locks.scanned(event.side, event.scan, (path) => inFlight.isOpen(event.side, path));
      recorder.scanned(event);
    },
    'scan-failed': (event) => {
      sides.scanQueue(event.side)?.fail();
      recorder.scanFailed(event);
    },
    applied: (event) => recorder.applied(event),
    'job-ended': (event) => recorder.jobEnded(event),
    stored: (event) => {
      recorder.owesInSync = true;
      heldUpdates.stored(event);
    },
    'not-stored': (event) => heldUpdates.notStored(event),
    'drain-step': (event) => {
      recorder.owesInSync = true;
      heldUpdates.stepped(event);
    },
    'client-step': (event) => {
      retries.reported(event.results.map(({ change }) => change));
      for (const { change } of event.results) {
        inFlight.release(event.side, change.path);
        if (change.from !== undefined) inFlight.release(event.side, change.from.path);
      }
      writes.stepped(event);
    },
    opened: ({ side, open }) => locks.told(side, open),
    peer: ({ replica }) => session.peerCame(replica),
    'peer-lost': ({ reason }) => session.peerLeft(reason),
    rescan: () => sides.rescan(),
    retry: ({ path }) => session.retry(path),
    flush: ({ flush }) => flushes.add(flush, sides.localScans, sides.peer?.scanQueue ?? null),
    pause: ({ request }) => session.setPaused(request),
    acknowledged: (event) => session.acknowledged(event),
  };
}

/** @returns a function that passes an event to its handler. */
export const handlingWith =
  (handlers: SessionHandlers) =>
  (event: SessionEvent): void =>
    (handlers[event.kind] as (event: SessionEvent) => void)(event);
