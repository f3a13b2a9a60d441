// What each kind of event does: one line or two, and the rest is whose business it is.
import type { RelPath } from '../../core/path.js';
import type { Replica } from '../../replica.js';
import type { ClientWrites } from '../files/write-queue.js';
import type { Holding } from '../held/held-updates.js';
import type { EpochEvent } from './epochs.js';
import type { SessionEvent, SessionHandlers } from './events.js';
import type { Flushes } from './flushes.js';
import type { Hands } from './in-flight.js';
import type { Troubles } from './problems.js';
import type { Recorder } from './recorder.js';
import type { Sides } from './sides.js';

/** The parts of a session that events go to. */
export interface SessionParts {
  readonly hands: Hands;
  readonly sides: Sides;
  readonly flushes: Flushes;
  readonly recorder: Recorder;
  readonly holding: Holding;
  readonly writes: ClientWrites;
  readonly troubles: Troubles;
}

/** What concerns the session as a whole. */
export interface WholeSession {
  peerCame(replica: Replica): void;
  peerLeft(reason: string): void;
  retry(path: RelPath): void;
  setPaused(paused: boolean): void;
  acknowledged(event: EpochEvent): void;
}

/** @returns a handler for each kind of event. */
export function sessionHandlers(parts: SessionParts, session: WholeSession): SessionHandlers {
  const { recorder, holding, writes, sides, hands, flushes } = parts;
  return {
    hint: ({ side }) => void sides.lookout(side)?.ask('hinted'),
    looked: (event) => {
      sides.lookout(event.side)?.end();
      recorder.looked(event);
    },
    'look-failed': (event) => {
      sides.lookout(event.side)?.fail();
      recorder.lookFailed(event);
    },
    applied: (event) => recorder.applied(event),
    'job-ended': (event) => recorder.jobEnded(event),
    stored: (event) => {
      recorder.owesWord = true;
      holding.stored(event);
    },
    'not-stored': (event) => holding.notStored(event),
    'drain-step': (event) => {
      recorder.owesWord = true;
      holding.stepped(event);
    },
    'client-step': (event) => {
      for (const { change } of event.results) {
        hands.release(event.side, change.path);
        if (change.from !== undefined) hands.release(event.side, change.from.path);
      }
      writes.stepped(event);
    },
    peer: ({ replica }) => session.peerCame(replica),
    'peer-lost': ({ reason }) => session.peerLeft(reason),
    rescan: () => sides.rescan(),
    retry: ({ path }) => session.retry(path),
    flush: ({ flush }) => flushes.add(flush, sides.near, sides.far?.lookout ?? null),
    pause: ({ paused }) => session.setPaused(paused),
    acknowledged: (event) => session.acknowledged(event),
  };
}

/** @returns what handles any event. */
export const handlingWith =
  (handlers: SessionHandlers) =>
  (event: SessionEvent): void =>
    (handlers[event.kind] as (event: SessionEvent) => void)(event);
